// Package merge writes back what a caller was shown only in part, and loses nothing
// (threat-model F8, FC52; design 6, Writing).
//
//	out, err := merge.Merge(scanner, original, sent, merge.Rules{Shown: shape, Write: view, Frozen: frozen})
//
// Merge projects the original as the caller sees it, takes the difference between that
// and what was sent, and applies it to the original at the same places: [fhirjson.Run]
// tells them, so that nothing is guessed. Everything else keeps its bytes, its order and
// the spelling of its numbers; where nothing changed, the original itself comes back.
// An error is a *[Refusal], which lists every place and why; or the text could not be
// read, a *fhirjson.SyntaxError.
//
// [JSONPatch] and [FHIRPathPatch] apply a patch to what is shown, and so make the text
// that Merge takes.
//
// # What is matched with what
//
// Members by name. Items of a list: first those that are equal, then those with one
// identity (Element.id; system and value of identifiers and contact points; system and
// code; the reference; linkId; sequence; type and id of contained resources), and last,
// between two that are matched, by position, unless both have an identity and differ. A
// hidden item stays behind the shown item that it stood behind, at the start if none.
// The two lists of a repeating primitive, "name" and "_name", are one list of pairs.
//
// # What is refused
//
// A change is written where the class is kept by the view and by the line that writes.
// Whether it is refused depends on what was shown, sent and on the policy, never on what
// is hidden. So what a removed value holds beneath it that another line could show is a
// reason to refuse whether or not it is there ([HoldsHidden]); what no line can show (an
// unknown extension, a vendor's field) stays where it is. A single reference that is not
// shown is not added ([MayHide]): one may be there. The label of a reference (its display,
// identifier and type) is of its target, and goes with it; so does all that is hidden of
// a choice when it is sent with another type.
//
// Numbers that are equal are unchanged, however spelt: clients read 6.0 and write 6.
package merge

import (
	"cmp"
	"slices"
	"strings"

	"modicum/catalog"
	"modicum/internal/fhirjson"
	"modicum/policy"
)

// Rules say what the caller sees of the record and may write.
type Rules struct {
	// Shown is how the record shows to the caller as it is: the Shape by which the
	// answer was made that the caller changed. Its Elements are nil.
	Shown *fhirjson.Shape
	// Write is the view under update: what it keeps may be written (policy-language
	// rule 12), where it shows as it is.
	Write policy.View
	// Frozen are elements that nobody writes here, because access is decided by them
	// (F10), with all that is below them.
	Frozen map[catalog.NodeID]bool
}

// Reason says why a change is not written.
type Reason uint8

// The reasons, a closed list.
const (
	NotSame      Reason = iota + 1 // another record: resourceType or id
	NotKnown                       // FHIR R4 or the catalog does not know it, or it stands where it does not fit
	NotVisible                     // its class does not show as it is
	NotWritable                    // it shows, and no line writes it
	Reduced                        // a mark or a reduced value came back changed, or not at all
	Decides                        // access is decided by it
	ByServer                       // meta: the server writes it
	Narrative                      // text: it repeats what may be hidden
	Mandatory                      // FHIR demands it
	HoldsHidden                    // what was taken away may hold what is not shown
	MayHide                        // one may be there that is not shown
	WouldNotShow                   // the caller would not be shown what was sent
)

var reasons = [...]string{
	NotSame:      "another record than the one that was read",
	NotKnown:     "not an element that may stand there",
	NotVisible:   "this task does not see it as it is",
	NotWritable:  "this task sees it and may not write it",
	Reduced:      "it was shown masked or reduced, and must come back as it was shown",
	Decides:      "who may see the record is decided by it",
	ByServer:     "the server writes it; leave it as it was read, or leave it out",
	Narrative:    "it repeats what the record holds; leave it out",
	Mandatory:    "FHIR demands it; change it instead of taking it away",
	HoldsHidden:  "it may hold what this task does not see, and would be lost with it",
	MayHide:      "a value may be there that this task does not see",
	WouldNotShow: "this task would not be shown what was sent: a reference that is not proven, or a value that FHIR does not allow there",
}

// String returns the reason in words.
func (r Reason) String() string {
	if int(r) < len(reasons) {
		return reasons[r]
	}
	return ""
}

// Problem is one place that is not written. It holds no values: Path is of names that
// FHIR R4 defines, such as Patient.contact.telecom.
type Problem struct {
	Path   string
	Reason Reason
}

// Refusal lists every problem, each once, in the order of their paths.
type Refusal struct{ Problems []Problem }

func (r *Refusal) Error() string {
	var b strings.Builder
	for i, p := range r.Problems {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(p.Path + ": " + p.Reason.String())
	}
	return b.String()
}

// Merge returns the record that the upstream is to keep: the original with the
// difference between what rules show of it and what was sent. It reads texts with s,
// which it does not reset. A record that does not show, or is not the one sent, is
// NotSame.
func Merge(s *fhirjson.Scanner, original, sent []byte, rules Rules) ([]byte, error) {
	m := &merger{scanner: s, cat: s.Catalog(), rules: rules}
	if err := m.read(original, sent); err != nil {
		return nil, err
	}
	if m.shown.same(0, &m.sent, 0) {
		return original, nil
	}
	m.sameKind(0, 0)
	m.object(0, 0, 0)
	if !m.otherKind { // of another class, what is put depends on codes that may be hidden
		m.settle()
	}
	if len(m.problems) > 0 {
		// The original's order would tell where in it hidden things stand.
		slices.SortFunc(m.problems, func(a, b Problem) int {
			return cmp.Or(strings.Compare(a.Path, b.Path), cmp.Compare(a.Reason, b.Reason))
		})
		return nil, &Refusal{m.problems}
	}
	return m.dst, nil
}
