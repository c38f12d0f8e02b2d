package merge

import (
	"slices"
	"strings"

	"modicum/catalog"
	"modicum/internal/defect"
)

// object writes an object of the original with what was changed in it. s is none where
// nothing of it shows.
func (m *merger) object(o, s, n int) bool {
	m.dst = append(m.dst, '{')
	relabel := m.retargets(o, s, n)
	lists := m.changedLists(o, s, n)
	later, done := map[string]int{}, map[string]bool{}
	for _, j := range m.original.inside(o) {
		name := m.original.vals[j].Name
		sm, nm := m.shown.member(s, name), m.sent.member(n, name)
		done[name] = true
		switch {
		case o == 0 && aside[name]:
			m.member(name, func() bool { return m.copy(j) })
		case relabel && labels[name] && sm == none:
			m.member(name, func() bool { return nm != none && m.relabel(nm) })
		case sm == none && nm != none: // at the end, as if nothing were there
			later[name], done[name] = j, false
		case nm == none && m.otherType(s, n, j):
			if sm != none {
				m.removable(j, sm)
			}
		case lists[name] != nil:
			m.written(name, lists[name])
		default:
			m.changed(j, sm, nm, n, name)
		}
	}
	for _, k := range m.sent.inside(n) {
		name := m.sent.vals[k].Name
		j, hidden := later[name]
		if !hidden {
			j = none
		}
		switch {
		case done[name] || n == 0 && aside[name]:
		case lists[name] != nil:
			m.written(name, lists[name])
		case relabel && labels[name]:
			m.member(name, func() bool { return m.relabel(k) })
		default:
			m.changed(j, m.shown.member(s, name), k, n, name)
		}
		done[name] = true
	}
	m.marks(s, n, done)
	if o == 0 {
		m.whole()
	}
	m.dst = append(m.dst, '}')
	return true
}

// aside are members of the record itself that are looked at as a whole.
var aside = map[string]bool{"resourceType": true, "id": true, "meta": true, "text": true}

// labels are what a reference says of its target beside its address.
var labels = map[string]bool{"display": true, "identifier": true, "type": true}

// retargets reports whether a reference names another target than it was shown.
func (m *merger) retargets(o, s, n int) bool {
	return m.cat.Node(m.original.vals[o].Node).Kind == catalog.Reference &&
		!m.shown.same(m.shown.member(s, "reference"), &m.sent, m.sent.member(n, "reference"))
}

// otherType reports whether a member is a choice that was sent with another type than
// was shown: that takes the place of all that is there, as FHIR allows one.
func (m *merger) otherType(s, n, j int) bool {
	v := &m.original.vals[j]
	of, plain := m.cat.Node(v.Node).ChoiceOf, strings.TrimPrefix(v.Name, "_")
	if of == 0 || m.sent.member(n, plain) != none || m.sent.member(n, "_"+plain) != none {
		return false
	}
	return slices.ContainsFunc(m.sent.inside(n), func(k int) bool {
		sent := &m.sent.vals[k]
		return m.cat.Node(sent.Node).ChoiceOf == of && !m.shown.same(m.shown.member(s, sent.Name), &m.sent, k)
	})
}

// changed writes one member: as it was, as it was sent, or not at all. n is what held
// it, as sent.
func (m *merger) changed(o, sm, nm, n int, name string) {
	m.member(name, func() bool {
		switch {
		case sm == none && nm == none:
			return m.copy(o)
		case m.shown.same(sm, &m.sent, nm):
			return o != none && m.copy(o)
		case sm != none && (o == none || m.source[sm] != o):
			m.refuseShown(sm, Reduced)
			return o != none && m.copy(o)
		case sm == none:
			if m.label(nm) {
				m.refuseSent(nm, NotVisible)
			}
			return m.add(o, nm, false)
		case nm == none:
			return m.takeAway(o, sm, n)
		}
		return m.value(o, sm, nm)
	})
}

// label reports whether a value is what a reference says of its target, and never shows.
func (m *merger) label(n int) bool {
	v := &m.sent.vals[n]
	return (v.Name == "display" || v.Name == "identifier") && m.cat.Node(m.sent.vals[v.Parent].Node).Kind == catalog.Reference
}

// relabel writes what a new target is called. Its identifier could be anybody's.
func (m *merger) relabel(n int) bool {
	if m.sent.vals[n].Name == "identifier" {
		m.refuseSent(n, NotVisible)
	}
	return m.insert(n)
}

// marks refuses the absence of what was made, and stands in no member of the original.
func (m *merger) marks(s, n int, done map[string]bool) {
	for _, j := range m.shown.inside(s) {
		if name := m.shown.vals[j].Name; !done[name] && (s != 0 || !aside[name]) && m.sent.member(n, name) == none && !defect.On(defect.MarksLost) {
			m.refuseShown(j, Reduced)
		}
	}
}

// whole looks at the members of the record that are not merged.
func (m *merger) whole() {
	if t := m.sent.member(0, "text"); t != none {
		m.refuseSent(t, Narrative)
	}
	meta, shown := m.sent.member(0, "meta"), m.shown.member(0, "meta")
	for _, k := range m.sent.inside(meta) {
		switch name := m.sent.vals[k].Name; name {
		case "versionId", "lastUpdated": // every server ignores them
		default:
			m.asShown(k, m.shown.member(shown, name))
		}
	}
}

// asShown refuses what meta does not hold as shown. What was left out of it stays.
func (m *merger) asShown(n, s int) {
	if m.shown.same(s, &m.sent, n) {
		return
	}
	for _, item := range m.sent.inside(n) {
		known := m.sent.kind(n) == '['
		if known {
			known = false
			for _, was := range m.shown.inside(s) {
				known = known || m.shown.same(was, &m.sent, item)
			}
		}
		if !known {
			m.refuseSent(n, ByServer)
			return
		}
	}
	if m.sent.kind(n) != '[' {
		m.refuseSent(n, ByServer)
	}
}

// value writes a value that was shown and came back, changed or not.
func (m *merger) value(o, s, n int) bool {
	v := &m.original.vals[o]
	if m.cat.Node(v.Node).Kind == catalog.ResourceRoot {
		m.sameKind(s, n)
	}
	switch {
	case m.shown.same(s, &m.sent, n):
		return m.copy(o)
	case m.source[s] != o:
		m.refuseShown(s, Reduced)
	case m.frozen(v.Node):
		m.refuseSent(n, Decides)
	case m.sent.vals[n].Node == 0:
		m.refuseSent(n, NotKnown)
	case v.Kind == '{' && m.sent.kind(n) == '{':
		return m.object(o, s, n)
	case v.Kind == '[' && m.sent.kind(n) == '[':
		return m.list(o, s, n)
	default:
		return m.scalar(o, s, n)
	}
	return m.copy(o)
}

// sameKind refuses another category or type that gives the record another class: what
// shows of all its other elements follows from it. Both are judged by what shows.
func (m *merger) sameKind(s, n int) {
	was, is := m.shown.rec.Class, m.sent.rec.Class
	if s > 0 {
		was, is = m.shown.vals[s].Class, m.sent.vals[n].Class
	}
	if was != is && !defect.On(defect.KindChanged) {
		m.refuseSent(n, Decides)
		m.otherKind = true
	}
}

func (m *merger) scalar(o, s, n int) bool {
	if why, ok := m.allowed(m.original.vals[o].Class); !ok {
		m.refuseSent(n, why)
		return m.copy(o)
	}
	if !m.exact[s] && !m.address(o) {
		m.refuseSent(n, Reduced)
		return m.copy(o)
	}
	return m.insert(n)
}

// address reports whether a value is that of a reference, which is shown as Type/id
// however it is written.
func (m *merger) address(o int) bool {
	v := &m.original.vals[o]
	return v.Name == "reference" && m.cat.Node(m.original.vals[v.Parent].Node).Kind == catalog.Reference
}
