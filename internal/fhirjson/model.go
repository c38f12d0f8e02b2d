package fhirjson

import (
	"modicum/internal/defect"
)

// Records that were retraced whole differ from the one before them in values alone. What
// of such a record shows, and in which order, follows from how it is built, from the
// classes that its values gave it, and from whether what it refers to may be known. So
// the projector notes once what it wrote of one of them, as a recipe, and the others are
// written by it. Nothing of a value is taken from another record: those that decide are
// looked at in each, and where one decides otherwise the record is projected plainly.

// copied says that some cells were retraced, and how far before them the old ones stand.
type copied struct{ from, end, move uint32 }

// model is a record of which others of its text are copies in all but values.
type model struct {
	root   uint32  // its cell
	record *Record // nil: none is written by it
	recipe recipe
}

// mostModels bounds what is kept of a text, and looked through for each of its records. A
// page with more ways of building records gains nothing by those beyond.
const mostModels = 256

// modelOf returns the place of the record's model among the models, plus one; 0 where
// there is none or it cannot stand for the record. Nearly always records are bound in
// their order: of one that is not, nothing is found.
func (s *Scanner) modelOf(r *Record) uint32 {
	for s.passed < len(s.copies) && s.copies[s.passed].end <= r.root {
		s.passed++
	}
	if s.passed == len(s.copies) || s.copies[s.passed].from > r.root {
		return 0
	}
	root := r.root - s.copies[s.passed].move
	k := len(s.models) - 1
	for k >= 0 && s.models[k].root != root {
		k--
	}
	if k < 0 {
		if k = s.addModel(root); k < 0 {
			return 0
		}
	}
	if of := s.models[k].record; of == nil || !of.alike(r) {
		return 0
	}
	return uint32(k) + 1
}

// addModel makes the record at cell root a model, also where none is written by it, so
// that it is looked for once; -1 where there are too many.
func (s *Scanner) addModel(root uint32) int {
	k := len(s.models)
	if k == mostModels {
		return -1
	}
	if k < cap(s.models) {
		s.models = s.models[:k+1] // with the memory of its recipe
	} else {
		s.models = append(s.models, model{})
	}
	m := &s.models[k]
	m.root, m.record = root, s.pattern(root)
	m.recipe.forget()
	if m.record != nil {
		m.record.model = uint32(k) + 1
	}
	return k
}

// pattern returns the record at cell root; nil where it was not bound, or others may not
// be written by it.
func (s *Scanner) pattern(root uint32) *Record {
	i := s.used - 1
	for i >= 0 && s.records[i].root != root {
		i--
	}
	if i < 0 || s.records[i].Withheld || len(s.records[i].inner) > 0 {
		return nil
	}
	return s.records[i]
}

// alike reports whether what the values of o, which was retraced from r, gave it is what
// those of r gave r: the class of the record, and that of each cell which has it by value.
func (r *Record) alike(o *Record) bool {
	if o.Withheld || o.Type != r.Type || o.Class != r.Class || o.whole != r.whole ||
		o.deep != r.deep || len(o.References) != len(r.References) || len(o.inner) > 0 {
		return false
	}
	if !r.deep || defect.On(defect.ClassRetraced) {
		return true
	}
	s := r.s
	end := s.tape[r.root].next
	for i, j := r.event, o.event; i < len(s.events) && s.events[i].cell < end; i, j = i+1, j+1 {
		c, d := &s.tape[s.events[i].cell], &s.tape[s.events[j].cell]
		if c.class != d.class || (c.flags^d.flags)&^escaped != 0 {
			return false
		}
	}
	return true
}
