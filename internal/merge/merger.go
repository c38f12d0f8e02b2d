package merge

import (
	"slices"

	"modicum/catalog"
	"modicum/internal/defect"
	"modicum/internal/fhirjson"
)

// merger writes one record. Of the three texts, o stands for a value of the original,
// s for one of what is shown of it, n for one of what was sent.
type merger struct {
	scanner *fhirjson.Scanner
	cat     *catalog.Catalog
	rules   Rules

	original, shown, sent doc

	source []int  // by value of shown: the original's, none where it was made
	exact  []bool // by value of shown: every byte of it is the original's
	shows  []int  // by value of the original: the shown one, none where it is hidden

	dst       []byte
	put       []span // of dst: what was sent
	problems  []Problem
	otherKind bool // refused for it
	open      map[below]bool
}

type span struct{ from, to int }

func (m *merger) problem(path string, why Reason) {
	if p := (Problem{path, why}); !slices.Contains(m.problems, p) {
		m.problems = append(m.problems, p)
	}
}

func (m *merger) refuseSent(n int, why Reason)  { m.problem(m.sent.path(m.cat, n), why) }
func (m *merger) refuseShown(s int, why Reason) { m.problem(m.shown.path(m.cat, s), why) }

// read scans the texts and finds where what is shown stands in the original.
func (m *merger) read(original, sent []byte) error {
	o, err := m.scanner.Resource(original)
	if err != nil {
		return err
	}
	n, err := m.scanner.Resource(sent)
	if err != nil {
		return err
	}
	out, runs, err := m.project(o)
	if err != nil {
		return err
	}
	if out == nil || o.UnknownPatient || o.Type != n.Type || string(o.ID) != string(n.ID) {
		return &Refusal{[]Problem{{o.TypeName(), NotSame}}}
	}
	s, err := m.scanner.Resource(out)
	if err != nil {
		return err
	}
	m.original, m.shown, m.sent = newDoc(o), newDoc(s), newDoc(n)
	m.locate(runs)
	return nil
}

// project returns what shows of a record, nil where it is not there.
func (m *merger) project(r *fhirjson.Record) ([]byte, []fhirjson.Run, error) {
	var runs []fhirjson.Run
	sh := *m.rules.Shown
	sh.Runs, sh.Elements, sh.Trace = &runs, nil, nil
	out, o, err := m.scanner.Project(nil, r, &sh)
	if err != nil || !o.There {
		return nil, nil, err
	}
	return out, runs, nil
}

// locate pairs shown values with those of the original.
func (m *merger) locate(runs []fhirjson.Run) {
	at := make(map[int]int, len(m.original.vals))
	for i := range m.original.vals {
		at[m.original.vals[i].From] = i
	}
	m.source = make([]int, len(m.shown.vals))
	m.exact = make([]bool, len(m.shown.vals))
	m.shows = slices.Repeat([]int{none}, len(m.original.vals))
	for i := range m.shown.vals {
		v := &m.shown.vals[i]
		m.source[i] = none
		from := fhirjson.Source(runs, v.From)
		o, ok := at[from]
		if from < 0 || !ok {
			continue
		}
		m.source[i], m.shows[o] = o, i
		m.exact[i] = fhirjson.Source(runs, v.To-1) == from+v.To-1-v.From
	}
}

// allowed reports whether a class may be written, and why not.
func (m *merger) allowed(c catalog.Class) (Reason, bool) {
	switch {
	case defect.On(defect.UnwritableMerged):
	case !m.rules.Shown.View.Keep.Has(c):
		return NotVisible, false
	case !m.rules.Write.Keep.Has(c):
		return NotWritable, false
	}
	return 0, true
}

func (m *merger) frozen(n catalog.NodeID) bool {
	return m.rules.Frozen[n] && !defect.On(defect.FrozenMerged)
}

// copy writes a value of the original as it is.
func (m *merger) copy(o int) bool {
	m.dst = append(m.dst, m.original.bytes(o)...)
	return true
}

// insert writes a value as it was sent.
func (m *merger) insert(n int) bool {
	from := len(m.dst)
	m.dst = append(m.dst, m.sent.bytes(n)...)
	m.put = append(m.put, span{from, len(m.dst)})
	return true
}

// separate writes the comma before a member or item, unless it is the first.
func (m *merger) separate() {
	if last := m.dst[len(m.dst)-1]; last != '{' && last != '[' {
		m.dst = append(m.dst, ',')
	}
}

// item writes an item, or nothing where write has nothing.
func (m *merger) item(write func() bool) bool {
	at := len(m.dst)
	m.separate()
	if write() {
		return true
	}
	m.dst = m.dst[:at]
	return false
}

// member writes a member, or nothing where write has nothing.
func (m *merger) member(name string, write func() bool) bool {
	return m.item(func() bool {
		m.dst = append(append(append(m.dst, '"'), name...), '"', ':')
		return write()
	})
}
