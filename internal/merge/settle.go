package merge

import (
	"slices"

	"modicum/catalog"
	"modicum/internal/defect"
	"modicum/internal/fhirjson"
)

// settle looks at the record as it would become: what was put into it must be of
// classes that show and may be written, and the caller must be shown what was sent.
func (m *merger) settle() {
	rec, err := m.scanner.Resource(m.dst)
	if err != nil {
		m.problem(m.sent.rec.TypeName(), NotKnown)
		return
	}
	if rec.Withheld {
		m.problem(rec.TypeName(), NotKnown)
		return
	}
	then := newDoc(rec)
	for _, p := range m.put {
		m.classes(&then, p)
	}
	if len(m.problems) > 0 {
		return
	}
	if rec.UnknownPatient {
		m.problem(rec.TypeName(), WouldNotShow)
		return
	}
	out, _, err := m.project(rec)
	if err != nil || out == nil {
		m.problem(rec.TypeName(), WouldNotShow)
		return
	}
	again, err := m.scanner.Resource(out)
	if err != nil {
		m.problem(rec.TypeName(), WouldNotShow)
		return
	}
	m.shown = newDoc(again)
	if !defect.On(defect.ResultUnlooked) {
		m.compare(0, 0)
	}
}

// classes refuses what was put where its class does not show or may not be written.
func (m *merger) classes(d *doc, p span) {
	first, _ := slices.BinarySearchFunc(d.vals, p.from, func(v fhirjson.Value, at int) int { return v.From - at })
	for i := first; i < len(d.vals) && d.vals[i].From < p.to; i++ {
		v := &d.vals[i]
		if v.Kind == '{' || v.Kind == '[' || v.Kind == 'n' {
			continue
		}
		holder := m.cat.Node(d.vals[v.Parent].Node).Kind
		inner := holder == catalog.ResourceRoot && v.Parent > 0
		switch {
		case inner && (v.Name == "resourceType" || v.Name == "id"):
		case holder == catalog.Reference && v.Name == "display":
		case v.Node == 0:
			m.problem(d.path(m.cat, i), NotKnown)
		default:
			if why, ok := m.allowed(v.Class); !ok {
				m.problem(d.path(m.cat, i), why)
			}
		}
	}
}

// compare refuses what was sent and would not be shown, or shown and was not sent.
func (m *merger) compare(s, n int) {
	if m.shown.same(s, &m.sent, n) {
		return
	}
	if m.shown.kind(s) != m.sent.kind(n) {
		m.refuseSent(n, WouldNotShow)
		return
	}
	switch m.sent.kind(n) {
	case '{':
		m.compareMembers(s, n)
	case '[':
		was, is := m.real(&m.shown, s), m.real(&m.sent, n)
		if len(was) != len(is) {
			m.refuseSent(n, WouldNotShow)
			return
		}
		for k := range was {
			m.compare(was[k], is[k])
		}
	default:
		m.refuseSent(n, WouldNotShow)
	}
}

func (m *merger) compareMembers(s, n int) {
	reference := m.cat.Node(m.sent.vals[n].Node).Kind == catalog.Reference
	for _, k := range m.sent.inside(n) {
		name := m.sent.vals[k].Name
		if n == 0 && aside[name] || reference && labels[name] {
			continue
		}
		if j := m.shown.member(s, name); j == none {
			m.refuseSent(k, WouldNotShow)
		} else {
			m.compare(j, k)
		}
	}
	for _, j := range m.shown.inside(s) {
		name := m.shown.vals[j].Name
		if m.sent.member(n, name) == none && !(n == 0 && aside[name]) && !(reference && labels[name]) {
			m.refuseSent(n, WouldNotShow) // what it is was not shown before
			return
		}
	}
}

// real returns the items of a list, the mark of a masked one aside: its place in the
// list says nothing.
func (m *merger) real(d *doc, i int) (out []int) {
	mark := m.cat.Node(d.vals[i].Node).Masked
	for _, j := range d.inside(i) {
		if text := string(d.bytes(j)); mark == "" || d.vals[j].Node == 0 || !isItem(mark, text) {
			out = append(out, j)
		}
	}
	return out
}

// isItem reports whether text is the item of the constant `"name":[item]`.
func isItem(constant, text string) bool {
	tail := ":[" + text + "]"
	return len(constant) > len(tail) && constant[len(constant)-len(tail):] == tail
}
