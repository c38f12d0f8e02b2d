package merge

import (
	"slices"
	"strings"

	"modicum/catalog"
	"modicum/internal/defect"
)

// takeAway writes what is left of a value that did not come back: what no line can
// show of it. n is what held it, as sent.
func (m *merger) takeAway(o, s, n int) bool {
	v := &m.original.vals[o]
	node := m.cat.Node(v.Node)
	if node.Mandatory && !v.Sibling && v.Name != "" && !m.variant(node, n) {
		m.refuseShown(s, Mandatory)
	}
	m.removable(o, s)
	return m.rest(o)
}

// variant reports whether a choice has another type in what was sent.
func (m *merger) variant(node *catalog.Node, n int) bool {
	if node.ChoiceOf == 0 {
		return false
	}
	return slices.ContainsFunc(m.sent.inside(n), func(k int) bool {
		id := m.sent.vals[k].Node
		return id != 0 && m.cat.Node(id).ChoiceOf == node.ChoiceOf
	})
}

// removable refuses the removal of what does not show as it is, may not be written, or
// may hold what another line could show.
func (m *merger) removable(o, s int) {
	if m.source[s] != o {
		m.refuseShown(s, Reduced)
		return
	}
	v := &m.original.vals[o]
	if m.frozen(v.Node) {
		m.refuseShown(s, Decides)
		return
	}
	if v.Kind == '{' && m.cat.Node(v.Node).Kind != catalog.Extension {
		if why, ok := m.allowed(v.Class); !ok && !v.Sibling {
			m.refuseShown(s, why)
			return
		}
	}
	// What names a contained resource would lose it, or find what is left of it.
	inner := m.cat.Node(v.Node).Kind == catalog.ResourceRoot
	if v.Kind == '{' && !defect.On(defect.RemovalUnchecked) && (inner || !m.below(v.Node, v.Class, m.typeClass(o))) {
		m.refuseShown(s, HoldsHidden)
		return
	}
	all := m.shown.inside(s)
	for _, k := range all {
		if o := m.source[k]; o != none {
			m.removable(o, k)
		} else if m.shown.kind(k) != 'n' {
			m.refuseShown(k, Reduced)
		}
	}
	if len(all) > 0 {
		return
	}
	if why, ok := m.allowed(v.Class); !ok {
		m.refuseShown(s, why)
	} else if !m.exact[s] && !m.address(o) {
		m.refuseShown(s, Reduced)
	}
}

// typeClass is the class of the resource that a value stands in.
func (m *merger) typeClass(o int) catalog.Class {
	for m.original.vals[o].Parent != none && m.cat.Node(m.original.vals[o].Node).Kind != catalog.ResourceRoot {
		o = m.original.vals[o].Parent
	}
	return m.original.vals[o].Class
}

// below is a question of an element: whether all that could stand in it shows and may
// be written, in a value of a class in a resource of a class.
type below struct {
	node          catalog.NodeID
	class, record catalog.Class
}

func (m *merger) below(n catalog.NodeID, class, record catalog.Class) bool {
	if m.open == nil {
		m.open = map[below]bool{}
	}
	key := below{n, class, record}
	if open, asked := m.open[key]; asked {
		return open
	}
	m.open[key] = true // elements hold one another in circles
	open := true
	node := m.cat.Node(n)
	for _, id := range m.cat.Children(n) {
		open = open && m.openChild(node, id, class, record)
	}
	m.open[key] = open
	return open
}

// openChild is below for one child. What no line can show is no reason.
func (m *merger) openChild(node *catalog.Node, id catalog.NodeID, class, record catalog.Class) bool {
	k := m.cat.Node(id)
	switch {
	case k.Kind == catalog.Extension, k.Kind == catalog.Narrative, k.Kind == catalog.Meta, k.Class == catalog.Unknown, k.Withholds, k.Structure, k.Name == "id":
		return true
	case k.ByValue:
		for c := range m.scanner.MayBe(id).All {
			if _, ok := m.allowed(c); !ok {
				return false
			}
		}
	}
	switch c := k.Class; {
	case c == catalog.OfRecord:
		class = record
	case c != node.Class && c != catalog.OfExtension:
		class = c
	}
	if _, overlay := m.cat.OverlayOf(class); overlay {
		return true // no view shows it
	}
	_, ok := m.allowed(class)
	return ok && m.below(id, class, record)
}

// rest writes what is left of a removed value: nothing, or what no line can show.
func (m *merger) rest(o int) bool {
	v := &m.original.vals[o]
	if m.shows[o] == none {
		return !m.original.blank(o) && m.copy(o)
	}
	if v.Kind != '{' && v.Kind != '[' {
		return false
	}
	at := len(m.dst)
	m.dst = append(m.dst, v.Kind)
	left := map[string]bool{}
	kind := m.cat.Node(v.Node).Kind
	for _, j := range m.original.inside(o) {
		name := m.original.vals[j].Name
		switch {
		case kind == catalog.Reference && labels[name]:
		case v.Kind == '[' && m.item(func() bool { return m.rest(j) }),
			v.Kind == '{' && m.member(name, func() bool { return m.rest(j) }):
			left[strings.TrimPrefix(name, "_")] = true
		}
	}
	if len(left) == 0 {
		m.dst = m.dst[:at]
		return false
	}
	if v.Kind == '{' {
		m.standIn(o, left)
	}
	m.dst = append(m.dst, v.Kind+2) // } and ] stand two after { and [
	return true
}

// standIn writes what makes the rest of a removed value valid, where it is not left.
func (m *merger) standIn(o int, left map[string]bool) {
	v := &m.original.vals[o]
	if v.Sibling {
		return
	}
	for _, id := range m.cat.MandatoryChildren(v.Node) {
		if mark := m.cat.Node(id).Absent; mark != "" && !m.stands(v.Node, id, left) {
			m.separate()
			m.dst = append(m.dst, mark...)
		}
	}
}

// stands reports whether a child, or another type of it, is left by name.
func (m *merger) stands(holder, id catalog.NodeID, left map[string]bool) bool {
	of := m.cat.Node(id).ChoiceOf
	for name := range left {
		k, _ := m.cat.Child(holder, []byte(name))
		if k == id || of != 0 && m.cat.Node(k).ChoiceOf == of {
			return true
		}
	}
	return false
}
