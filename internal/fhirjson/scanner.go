// Package fhirjson reads FHIR R4 JSON and writes the part of it that a view shows.
//
// A [Scanner] checks every byte of what an upstream sent and keeps an index of
// it: what each element is, which patients the record names, which overlays lie on
// it (the index pass). [Scanner.Project] then copies the runs of bytes that a
// policy.View shows (the copy pass). What shows passes unchanged: number text,
// string text, order (threat-model N7). What the catalog does not know is not
// there (FC17, FC20), and a gap never tells what it hides (F7).
//
// The package decides nothing: which records a caller may see, the gate says.
package fhirjson

import (
	"strings"
	"time"

	"modicum/catalog"
)

// Limits bound what one text may ask of a Scanner (threat-model FC51).
type Limits struct {
	MaxBytes   int // of one text; 0 means 16 MiB; at most 1 GiB
	MaxDepth   int // of nested objects and arrays; 0 means 64
	MaxValues  int // JSON values in one text; 0 means 2,000,000
	MaxMembers int // of one object; 0 means 256
	MaxEntries int // of one Bundle; 0 means 10,000

	// Base is the upstream's address: an absolute reference below it names a
	// record of ours. Empty: every absolute reference is foreign.
	Base string
	// Zone is the calendar of dates without a time zone; nil means UTC.
	Zone *time.Location
}

func (l Limits) filled() Limits {
	set := func(v *int, def, most int) {
		if *v <= 0 || *v > most {
			*v = def
		}
	}
	set(&l.MaxBytes, 16<<20, 1<<30)
	set(&l.MaxDepth, 64, 1000)
	set(&l.MaxValues, 2_000_000, 1<<28)
	set(&l.MaxMembers, 256, 1<<16)
	set(&l.MaxEntries, 10_000, 1<<20)
	l.Base = strings.TrimRight(l.Base, "/")
	if l.Zone == nil {
		l.Zone = time.UTC
	}
	return l
}

// Scanner reads texts and projects records. It belongs to one goroutine. What it
// read stays until Reset; after a few pages it allocates nothing. How records of a type
// are built, without what is in them, it keeps for those that it reads next.
type Scanner struct {
	cat    *catalog.Catalog
	limits Limits
	know   *knowledge

	tape     []cell
	stack    []frame          // of objects and arrays that are open; the first stands for none
	marks    []uint64         // of the text being read
	events   []event          // in the order of their cells
	bound    int              // the event after the record bound last
	guess    []catalog.NodeID // by twice an element the member seen last as its first, and beside that the one behind it
	traces   [traces]trace
	inGo     bool   // retrace does without assembly: tests read both ways on one processor
	texts    uint32 // read so far, for traces
	moulds   [moulds]mould
	compact  []byte     // texts that had white space between tokens, without it
	spare    []byte     // what a dry run writes to
	implied  []byte     // the system of a label that is a code
	scratch  []byte     // strings that had escapes, without them
	codings  [64]judged // by element and text, the one judged last
	named    [64]named  // likewise
	refs     []Reference
	patients []Ref
	accounts []Ref
	authors  []Ref
	places   []Ref
	inner    []contained
	records  []*Record
	used     int      // of records
	copies   []copied // cells of records that were retraced, in their order
	passed   int      // of copies, those before the record bound last
	models   []model

	p projector
}

// New returns a Scanner. Many Scanners of one catalog come cheaper from a Pool.
func New(cat *catalog.Catalog, l Limits) *Scanner { return newScanner(knowledgeOf(cat), l) }

func newScanner(k *knowledge, l Limits) *Scanner {
	s := &Scanner{cat: k.cat, limits: l.filled(), know: k, guess: make([]catalog.NodeID, 2*len(k.nodes))}
	s.stack = make([]frame, s.limits.MaxDepth+1)
	s.Reset()
	return s
}

// Catalog returns the catalog by which s reads.
func (s *Scanner) Catalog() *catalog.Catalog { return s.cat }

// Reset forgets all records and keeps the memory.
func (s *Scanner) Reset() {
	s.tape = append(s.tape[:0], cell{}) // cell 0 stands for none
	s.events, s.bound = s.events[:0], 0
	s.compact, s.scratch = s.compact[:0], s.scratch[:0]
	s.refs, s.patients, s.accounts = s.refs[:0], s.patients[:0], s.accounts[:0]
	s.authors, s.places, s.inner = s.authors[:0], s.places[:0], s.inner[:0]
	for _, r := range s.records[:s.used] {
		*r = Record{}
	}
	s.used = 0
	s.copies, s.passed, s.models = s.copies[:0], 0, s.models[:0]
	clear(s.codings[:])
	clear(s.named[:])
	s.p.forget()
}

// Resource reads one resource: all of b, which must not change until Reset. An
// error means that nothing of it may be used. A record that FHIR cannot make sense
// of (no type, no id) comes back Withheld.
func (s *Scanner) Resource(b []byte) (*Record, error) {
	src, root, err := s.load(b, false)
	if err != nil {
		return nil, err
	}
	return s.record(src, root), nil
}

// load puts b on the tape, without white space between tokens: whether two members
// that show are neighbours must not depend on how the upstream indents.
func (s *Scanner) load(b []byte, page bool) (src []byte, root uint32, err error) {
	events, copies := len(s.events), len(s.copies)
	root, spaced, err := s.parse(b, page)
	if err != nil || !spaced {
		return b, root, err
	}
	s.tape, s.events, s.copies = s.tape[:root], s.events[:events], s.copies[:copies]
	from := len(s.compact)
	s.compact = compact(s.compact, b)
	src = s.compact[from:len(s.compact):len(s.compact)]
	root, _, err = s.parse(src, page)
	return src, root, err
}

// record returns a fresh Record for the object at cell root, bound to the catalog.
func (s *Scanner) record(src []byte, root uint32) *Record {
	if s.used == len(s.records) {
		s.records = append(s.records, new(Record))
	}
	r := s.records[s.used] // empty: Reset saw to it
	s.used++
	r.s, r.src, r.root = s, src, root
	b := binder{s: s, r: r, src: src}
	b.bind()
	r.model = s.modelOf(r)
	return r
}

// typeAhead returns the element of the resource whose object starts at b[i], 0 when its
// type is not known. Nearly always resourceType comes first; if not, all of the object
// is looked through. What is wrong there, parse refuses when it gets to it.
func (s *Scanner) typeAhead(b []byte, i int) catalog.NodeID {
	const first = `{"resourceType":"`
	if len(b)-i > len(first) && string(b[i:i+len(first)]) == first {
		i += len(first) - 1
	} else if i = seek(b, i, s.limits.MaxDepth); i == 0 {
		return 0
	}
	end, flags, w := str(b, i+1)
	if w != fine {
		return 0
	}
	var t catalog.Type
	if flags&escaped != 0 {
		s.spare = unescape(s.spare[:0], b[i+1:end-1])
		t, _ = s.know.typeAt(s.spare, 0, len(s.spare))
	} else {
		t, _ = s.know.typeAt(b, i+1, end-i-2)
	}
	return s.cat.Root(t)
}

// seek returns the offset of the text that is member resourceType of the object at
// b[i], 0 when it has none.
func seek(b []byte, i, deepest int) int {
	depth, named := 0, false // named: the text that ended last is "resourceType"
	for ; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
			end, _, w := str(b, i+1)
			if w != fine {
				return 0
			}
			named = depth == 1 && string(b[i:end]) == `"resourceType"`
			i = end - 1
		case c == '{' || c == '[':
			if depth++; depth > deepest {
				return 0 // parse refuses it there, and what comes behind need not be looked through
			}
		case c == '}' || c == ']':
			if depth--; depth == 0 {
				return 0
			}
		case c == ':' && named:
			for i++; i < len(b) && isSpace(b[i]); {
				i++
			}
			if i < len(b) && b[i] == '"' {
				return i
			}
			return 0
		}
	}
	return 0
}

// decoded returns the text of a string cell, escapes resolved.
func (s *Scanner) decoded(src []byte, c *cell) []byte {
	raw := src[c.start+1 : c.end-1]
	if c.flags&escaped == 0 {
		return raw
	}
	from := len(s.scratch)
	s.scratch = unescape(s.scratch, raw)
	return s.scratch[from:len(s.scratch):len(s.scratch)]
}

// find returns the cell of the member of an object by name, 0 when it has none.
func (s *Scanner) find(src []byte, obj uint32, name string) uint32 {
	if s.tape[obj].shape != object {
		return 0
	}
	end := s.tape[obj].next
	for i := obj + 1; i < end; i = s.tape[i].next {
		c := &s.tape[i]
		if int(c.nameLen) == len(name) && string(src[c.name:c.name+uint32(c.nameLen)]) == name {
			return i
		}
	}
	return 0
}

// text returns the decoded string member of an object, nil when it has none.
func (s *Scanner) text(src []byte, obj uint32, name string) []byte {
	if i := s.find(src, obj, name); i != 0 && s.tape[i].shape == text {
		return s.decoded(src, &s.tape[i])
	}
	return nil
}
