package merge

import (
	"modicum/catalog"
	"modicum/internal/defect"
)

// list writes a list of the original with what was changed in it; s is none where
// nothing of it shows. It reports whether anything is left.
func (m *merger) list(o, s, n int) bool {
	was, is := m.shown.inside(s), m.sent.inside(n)
	from := m.match(was, is)
	at := len(m.dst)
	m.dst = append(m.dst, '[')
	head, behind := m.anchors(o, was, from)
	for _, write := range head {
		m.item(write)
	}
	last := none
	for k, i := range is {
		sm := from[k]
		switch {
		case sm == none && m.isMark(i):
			m.refuseSent(i, Reduced) // a second one: marks are ours, and are not written
			continue
		case sm == none:
			m.item(func() bool { return m.add(none, i, true) })
			continue
		case m.source[sm] == none: // it was made, and is not written
			if !m.shown.same(sm, &m.sent, i) {
				m.refuseShown(sm, Reduced)
			}
			continue
		case sm < last:
			m.moved(sm)
		}
		last = max(last, sm)
		m.item(func() bool { return m.value(m.source[sm], sm, i) })
		for _, write := range behind[sm] {
			m.item(write)
		}
	}
	if len(m.dst) == at+1 {
		m.dst = m.dst[:at]
		return false
	}
	m.dst = append(m.dst, ']')
	return true
}

// isMark reports whether an item is the constant that stands for masked ones.
func (m *merger) isMark(n int) bool {
	mark := m.cat.Node(m.sent.vals[n].Node).Masked
	return mark != "" && isItem(mark, string(m.sent.bytes(n)))
}

// moved refuses another order of what may not be written.
func (m *merger) moved(s int) {
	v := &m.original.vals[m.source[s]]
	if why, ok := m.allowed(v.Class); !ok {
		m.refuseShown(s, why)
	}
	if m.frozen(v.Node) {
		m.refuseShown(s, Decides)
	}
}

// anchors tells what stands behind each shown item that came back, and at the start:
// hidden items, and what is left of items that did not come back.
func (m *merger) anchors(o int, was, from []int) (head []func() bool, behind map[int][]func() bool) {
	back := map[int]bool{}
	for _, s := range from {
		back[s] = true
	}
	behind = map[int][]func() bool{}
	anchor := none
	for _, s := range was {
		if m.source[s] == none && !back[s] {
			m.refuseShown(s, Reduced)
		}
	}
	for _, j := range m.original.inside(o) {
		write := func() bool { return m.copy(j) }
		switch s := m.shows[j]; {
		case s != none && back[s]:
			anchor = s
			continue
		case s != none:
			m.removable(j, s)
			write = func() bool { return m.rest(j) }
		}
		if defect.On(defect.HiddenDropped) {
			continue
		}
		if defect.On(defect.AnchorsLost) && len(from) > 0 {
			behind[from[len(from)-1]] = append(behind[from[len(from)-1]], write)
			continue
		}
		if anchor == none {
			head = append(head, write)
		} else {
			behind[anchor] = append(behind[anchor], write)
		}
	}
	return head, behind
}

// match finds for each item that was sent the shown one that it is, none for a new one.
func (m *merger) match(was, is []int) []int {
	p := pairing{old: len(was), from: make([]int, len(is)), taken: make([]bool, len(was))}
	p.by(func(k int) string { return m.shown.canon(was[k]) }, func(k int) string { return m.sent.canon(is[k]) }, false)
	identity := func(d *doc, i int) string { return m.identity(d, i) }
	oldID := func(k int) string { return identity(&m.shown, was[k]) }
	newID := func(k int) string { return identity(&m.sent, is[k]) }
	p.by(oldID, newID, true)
	p.byPlace(func(o, n int) bool {
		a, b := oldID(o), newID(n)
		return (a == "" || b == "" || a == b) && m.shown.kind(was[o]) == m.sent.kind(is[n])
	})
	out := make([]int, len(is))
	for k, o := range p.from {
		out[k] = none
		if o > 0 {
			out[k] = was[o-1]
		}
	}
	return out
}

// identity is what tells an item from the others of its list, "" where nothing does.
func (m *merger) identity(d *doc, i int) string {
	if d.kind(i) != '{' {
		return ""
	}
	kind := m.cat.Node(d.vals[i].Node).Kind
	if kind == catalog.ResourceRoot {
		return "#" + d.str(i, "resourceType") + "/" + d.str(i, "id")
	}
	if id := d.str(i, "id"); id != "" {
		return "id " + id
	}
	two := func(a, b string) string {
		if x, y := d.str(i, a), d.str(i, b); x != "" || y != "" {
			return a + quote(x) + b + quote(y)
		}
		return ""
	}
	switch kind {
	case catalog.Identifier, catalog.ContactPoint:
		return two("system", "value")
	case catalog.Coding:
		return two("system", "code")
	case catalog.Reference:
		return two("reference", "")
	case catalog.Backbone:
		if j := d.member(i, "sequence"); d.kind(j) == '0' {
			return "sequence " + d.canon(j)
		}
		return two("linkId", "")
	}
	return ""
}
