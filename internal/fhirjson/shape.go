package fhirjson

import (
	"modicum/catalog"
	"modicum/policy"
)

// Shape says how a record shows to one caller.
type Shape struct {
	View policy.View
	// PatientInScope reports whether the caller may know of the patient; a
	// reference to such a patient is kept. Nil: no patient.
	PatientInScope func(id []byte) bool
	// Visible reports whether another record is proven visible to the caller, so
	// that references to it are kept (design 6). Nil: none is. References to what
	// is of no patient (directory, definitions, drugs) follow their class alone.
	Visible func(t catalog.Type, id []byte) bool
	// Elements are the root's children that were asked for (_elements, _summary,
	// FC35); mandatory ones come along. Nil asks for all; empty but not nil for the
	// mandatory ones alone.
	Elements []catalog.NodeID
	// Token appends the keyed pseudonym of a value to dst: letters, digits, dot,
	// hyphen and underscore only. Nil: values under policy.Token are left out.
	Token func(dst []byte, class catalog.Class, value []byte) []byte
	// Year is the year of the request, for ages over 89 (45 CFR
	// 164.514(b)(2)(i)(C)). Zero shows no year of birth.
	Year int
	// Trace is told of everything that does not pass unchanged, for explanations;
	// it slows the projection. Nil: nothing is told.
	Trace func(Gap)
	// Runs, where not nil, receives where the bytes of the answer came from, in their
	// order. It is for those who write the answer back changed; nil costs nothing.
	Runs *[]Run
	// Observe is told what the rest of the Shape would take away of a record that is
	// written whole all the same: only the gate sets it, of a door that observes. Nil:
	// what does not show is not written.
	Observe func(Observed)
}

// Gap is something that does not pass unchanged. It holds no values.
type Gap struct {
	Path   string        // of the element, or of what holds it where the catalog does not know it
	Class  catalog.Class // Unknown where it has none
	Reason Reason
	// From and To are where the value stands, in bytes of the record without
	// space between its tokens.
	From, To int
}

// Reason says why something does not pass unchanged.
type Reason uint8

// The reasons.
const (
	NotKnown    Reason = iota // the catalog does not know the element or extension
	NotShown                  // the view omits its class
	IsMasked                  // the view masks its class
	Reduced                   // shown coarser, as a token, or by its last four
	DoesNotFit                // the treatment does not fit the value: left out
	NotVisible                // a reference to what the caller may not know of
	Generated                 // narrative, which repeats what the record holds
	NotAsked                  // left out by _elements or _summary
	Unreachable               // a contained resource that nothing shown refers to, or of another patient
)

var reasons = [...]string{"unknown element", "class not shown", "masked", "reduced", "treatment does not fit",
	"reference to what is not visible", "narrative", "not asked for", "contained resource not reachable"}

// String returns the reason in words.
func (r Reason) String() string { return reasons[r] }

// Outcome says what became of a record.
type Outcome struct {
	// There is false where nothing but structure would show: the record is not
	// there (policy-language rule 18), and nothing was appended.
	There bool
}

// noteBelow tells of the values of an object that would show, and go because the
// object cannot be valid without others.
func (p *projector) noteBelow(i uint32, c *cell) {
	if p.sh.Trace == nil || p.dry {
		return
	}
	for j := i + 1; j < c.next; j++ {
		if m := &p.tape[j]; m.shape > array && m.node != 0 && p.t[m.class] > policy.Mask {
			p.note(m, DoesNotFit)
		}
	}
}

func (p *projector) note(c *cell, why Reason) {
	if p.sh.Trace != nil && !p.dry {
		p.tell(c, why)
	}
}

func (p *projector) tell(c *cell, why Reason) {
	node := c.node
	for i := c.parent; node == 0 && i != 0; i = p.tape[i].parent {
		node = p.tape[i].node
	}
	class := c.class
	if c.node == 0 {
		class = catalog.Unknown
	}
	p.sh.Trace(Gap{Path: p.info[node].node.Path, Class: p.real(class), Reason: why, From: int(c.start), To: int(c.end)})
}
