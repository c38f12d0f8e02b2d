package fhirjson

import (
	"slices"

	"modicum/catalog"
)

// Run is a run of bytes that a projection copied: n bytes of the answer from Out on
// are those of the record from From on. What stands in no Run was made: constants,
// marks, reduced values. A reduced string has its opening quote in a Run, and nothing
// else of it.
type Run struct{ Out, From, Len int }

// Source returns where in the record the byte at out came from, -1 where it was made.
// Runs are in the order of the answer.
func Source(runs []Run, out int) int {
	i, found := slices.BinarySearchFunc(runs, out, func(r Run, at int) int {
		switch {
		case at < r.Out:
			return 1
		case at >= r.Out+r.Len:
			return -1
		}
		return 0
	})
	if !found {
		return -1
	}
	return runs[i].From + out - runs[i].Out
}

// noteRun notes the pending run, which is about to be written.
func (p *projector) noteRun() {
	from := p.lo - p.tape[p.r.root].start
	*p.runs = append(*p.runs, Run{Out: len(p.dst), From: int(from), Len: int(p.hi - p.lo)})
}

// dropRuns forgets the runs that undo took back.
func (p *projector) dropRuns() {
	runs := *p.runs
	for len(runs) > 0 && runs[len(runs)-1].Out >= len(p.dst) {
		runs = runs[:len(runs)-1]
	}
	*p.runs = runs
}

// Value is one JSON value of a record.
type Value struct {
	From, To int            // the value's bytes in Text
	Name     string         // of the member that it is, "" of an item and of the record itself
	Kind     byte           // { [ " 0 t n: object, array, string, number, boolean, null
	Parent   int            // -1 of the record itself
	Next     int            // the value after all that is inside this one
	Node     catalog.NodeID // 0: nothing that the catalog knows stands here
	Class    catalog.Class  // its effective class; Unknown where Node is 0
	Sibling  bool           // a member "_name", or an item or the inside of one
}

// Text returns the record's bytes, without white space between tokens.
func (r *Record) Text() []byte {
	c := &r.s.tape[r.root]
	return r.src[c.start:c.end]
}

var kinds = [...]byte{object: '{', array: '[', text: '"', number: '0', boolean: 't', null: 'n'}

// Values appends every value of the record in the order of Text, each before what is
// inside it.
func (r *Record) Values(dst []Value) []Value {
	if r == nil || r.s == nil {
		return dst
	}
	s, base := r.s, len(dst)
	root := s.tape[r.root]
	for i := r.root; i < root.next; i++ {
		c := &s.tape[i]
		v := Value{
			From: int(c.start - root.start), To: int(c.end - root.start), Kind: kinds[c.shape],
			Parent: base + int(c.parent) - int(r.root), Next: base + int(c.next-r.root),
			Node: c.node, Class: r.effective(i), Sibling: c.flags&sibling != 0,
		}
		if i == r.root {
			v.Parent = -1
		} else if c.nameLen > 0 {
			v.Name = string(r.src[c.name : c.name+uint32(c.nameLen)])
		}
		dst = append(dst, v)
	}
	return dst
}

// effective returns the class of a cell as a projection judges it.
func (r *Record) effective(i uint32) catalog.Class {
	c := &r.s.tape[i]
	if c.node == 0 {
		return catalog.Unknown
	}
	if in := r.innerOf(i); in != nil {
		return in.real(c.class)
	}
	return r.real(c.class)
}

// MayBe returns the classes that a value of an element may have: of an identifier or
// contact point whose class follows its value, each of them.
func (s *Scanner) MayBe(n catalog.NodeID) catalog.ClassSet {
	node := s.cat.Node(n)
	only := catalog.ClassSet{}.With(node.Class)
	switch {
	case !node.ByValue:
		return only
	case node.Kind == catalog.Identifier:
		return only.Union(s.know.byType)
	}
	return only.Union(s.know.bySystem)
}
