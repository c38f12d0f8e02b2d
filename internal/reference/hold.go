package reference

import (
	"modicum/catalog"
	"modicum/policy/doc"
)

// Truth is what is known about one fact. The zero Truth does not hold.
type Truth struct {
	Holds   bool // fresh and true: it permits
	Last    bool // true by its last value, however old: it restricts
	Unknown bool // its source was never read whole
}

// Use is a fact as something that narrows. A restricting use looks at the last
// known instances, however old (rule 4).
type Use struct {
	Fact        string
	Restricting bool
}

// answer has three values, as rule 4 has. They are ordered: a list of all is as true
// as the least of it, a list of any as the most.
type answer int

const (
	no answer = iota
	maybe
	yes
)

func answerOf(b bool) answer {
	if b {
		return yes
	}
	return no
}

// asks answers for one fact; carries is what it may narrow to.
type asks func(fact string, carries bool) answer

// hold answers a `while` or `unless`: a list is all of its terms, and a term may be
// one of several (rule 5).
func (m *Model) hold(h doc.Hold, ask asks) answer {
	out := yes
	for _, term := range h {
		out = min(out, m.term(term, ask))
	}
	return out
}

func (m *Model) term(t doc.Term, ask asks) answer {
	switch {
	case t.Name.Text != "":
		return m.named(t.Name.Text, ask)
	case len(t.All) > 0:
		return m.allOf(t.All, ask)
	}
	out := no
	for _, inner := range t.Any {
		out = max(out, m.term(inner, ask))
	}
	return out
}

func (m *Model) allOf(words doc.Words, ask asks) answer {
	out := yes
	for _, w := range words {
		out = min(out, m.named(w.Text, ask))
	}
	return out
}

// named answers for a fact or condition by name (section 3). A condition with
// `where` is asked like a fact: its source states whether it holds.
func (m *Model) named(name string, ask asks) answer {
	cond := m.condition(name)
	switch {
	case cond == nil || cond.Fact.Text != "":
		return ask(name, m.carries(name))
	case len(cond.All) > 0:
		return m.allOf(cond.All, ask)
	}
	out := no
	for _, w := range cond.Any {
		out = max(out, m.named(w.Text, ask))
	}
	return out
}

func (m *Model) condition(name string) *doc.Condition {
	for i := range m.folder.Conditions.Conditions {
		if c := &m.folder.Conditions.Conditions[i]; c.Name.Text == name {
			return c
		}
	}
	return nil
}

// fact returns the document of a fact, or of the fact that a condition with `where`
// looks at; nil for what is built in.
func (m *Model) fact(name string) *doc.Fact {
	if c := m.condition(name); c != nil {
		name = c.Fact.Text
	}
	for i := range m.folder.Conditions.Facts {
		if f := &m.folder.Conditions.Facts[i]; f.Name.Text == name {
			return f
		}
	}
	return nil
}

// carries reports whether a fact carries something that `of` may narrow to. One that
// carries nothing names everything.
func (m *Model) carries(name string) bool {
	f := m.fact(name)
	return f != nil && len(f.Carries) > 0
}

// aboutCaller tells facts about the caller, which hold for all patients, from those
// about the patient or the record. What is built in is about the patient (found,
// broken-glass) or the record (author).
func (m *Model) aboutCaller(name string) bool {
	f := m.fact(name)
	return f != nil && f.About.Text == "caller"
}

const (
	author = "author"       // the record names the caller as its author
	glass  = "broken-glass" // rule 14
)

// namesClass reports whether the instances of a fact name a class for this record.
// What nobody filled in names nothing.
func (p *Patient) namesClass(u Use, c catalog.Class) bool { return p.Names[u][c] }
