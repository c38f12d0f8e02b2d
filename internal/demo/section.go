package demo

// section is one record on the page, both views of it side by side.
type section struct {
	Title, Gist string
	Marks       []string // what the record is marked as
	ID          string
	A, B        *absence // nil where the record is there
	Rows        []rowView
	Count       int // rows before any were left out
}

// absence stands for all values of a record that is not there.
type absence struct {
	Fate fate
	Why  string
}

// rowView is one element, as both see it.
type rowView struct {
	Label  string
	A, B   cellView
	Differ bool
}

// cellView is what became of an element for one person.
type cellView struct {
	Fate       fate
	Text       string // what arrived
	Class, Why string // of what did not
}

// sectionTitles are the types in words.
var sectionTitles = map[string]string{
	"Patient": "Cover sheet", "Encounter": "Visit", "Condition": "Diagnosis", "Observation": "Result", "MedicationRequest": "Medication order",
	"AllergyIntolerance": "Allergy", "DocumentReference": "Note", "Coverage": "Insurance", "Claim": "Claim", "Appointment": "Appointment",
	"CareTeam": "Care team", "Task": "Work item",
}

func sectionOf(r *record, a, b *seen) section {
	s := section{Title: sectionTitles[r.typ], Gist: headline(r), Marks: r.marks, ID: r.typ + "/" + r.id, A: absent(a), B: absent(b)}
	if s.A != nil && s.B != nil {
		return s
	}
	from := 0
	for _, group := range grouped(a.parts) {
		s.add(a, b, from, from+len(group))
		from += len(group)
	}
	s.Count = len(s.Rows)
	return s
}

// headline says what a record is about.
func headline(r *record) string {
	for _, element := range []string{"name", "code", "type", "medication", "reasonCode", "class", "subscriberId", "description"} {
		if n := r.tree.choice(element); n != nil && (element != "type" || r.typ == "DocumentReference") {
			return gist(n)
		}
	}
	return ""
}

func absent(s *seen) *absence {
	if s.fate == kept {
		return nil
	}
	return &absence{s.fate, s.why}
}

// add writes the rows of one element: one where each saw it whole or not at all,
// else one for each of its values.
func (s *section) add(a, b *seen, from, to int) {
	if a.whole(from, to) && b.whole(from, to) {
		top := a.parts[from].top
		s.row(label(top, ""), a.cell(from, to, gist(top)), b.cell(from, to, gist(top)))
		return
	}
	for i := from; i < to; i++ {
		p := &a.parts[i]
		text := short(p.leaf.text, 64)
		s.row(label(p.top, p.path), a.cell(i, i+1, text), b.cell(i, i+1, text))
	}
}

func (s *section) row(label string, a, b cellView) {
	differ := s.A == nil && s.B == nil && (a.Fate != b.Fate || a.Text != b.Text)
	s.Rows = append(s.Rows, rowView{label, a, b, differ})
}

// onlyDifferences leaves out the rows in which both see the same, and counts them.
func (s *section) onlyDifferences() (same int) {
	if s.A != nil || s.B != nil {
		return 0
	}
	var rows []rowView
	for _, r := range s.Rows {
		if r.Differ {
			rows = append(rows, r)
		}
	}
	same = len(s.Rows) - len(rows)
	s.Rows = rows
	return same
}

// whole reports whether some values can stand in one row: all have one fate, or
// one of them tells for all.
func (s *seen) whole(from, to int) bool {
	return telling(s.parts[from:to]).fate != inPart
}

// cell says what became of some values; text is how they look when they arrive.
func (s *seen) cell(from, to int, text string) cellView {
	p := telling(s.parts[from:to])
	c := cellView{Fate: p.fate}
	switch p.fate {
	case kept:
		c.Text = text
	case last4, coarser:
		c.Text = p.now
	}
	if p.fate == kept {
		return c
	}
	for i := from; i < to; i++ {
		if s.parts[i].fate == p.fate && s.classes[i] != (reason{}) {
			c.Class, c.Why = s.classes[i].class, s.classes[i].why
			return c
		}
	}
	c.Why = "left out with what it belongs to"
	return c
}
