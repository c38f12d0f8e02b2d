package catalog

import (
	"strings"

	"modicum/catalog/internal/table"
)

// sensitive holds the codes and labels that mark a record.
type sensitive struct {
	systems map[string]uint8            // bare address to system, 1-based
	names   []string                    // of each system
	prefix  []bool                      // of each system: codes cover what starts with them
	exact   []map[string]OverlaySet     // of each system
	ranges  []map[uint16][]sensitiveRun // of each system with prefixes, by its first two characters
	labels  []map[string]OverlaySet     // of each system
	rules   []sensitiveRule
}

// sensitiveRun is the hot part of a range of codes.
type sensitiveRun struct {
	low, high string // of equal length, without dots, upper case
	except    []string
	overlay   Overlay
}

// sensitiveRule is one rule as its author wrote it, for reasons.
type sensitiveRule struct {
	system                       uint8
	low, high, meaning, strength string
	except                       []string
	overlay                      Overlay
}

func (v *sensitive) load(s *table.Snapshot) {
	n := len(s.Systems)
	v.systems = map[string]uint8{}
	v.names, v.prefix = make([]string, n), make([]bool, n)
	v.exact, v.labels = make([]map[string]OverlaySet, n), make([]map[string]OverlaySet, n)
	v.ranges = make([]map[uint16][]sensitiveRun, n)
	for i, sys := range s.Systems {
		v.names[i], v.prefix[i] = sys.Name, sys.Prefix
		for _, url := range sys.URLs {
			v.systems[bareString(url)] = uint8(i + 1)
		}
		v.exact[i], v.labels[i], v.ranges[i] = map[string]OverlaySet{}, map[string]OverlaySet{}, map[uint16][]sensitiveRun{}
	}
	for _, code := range s.Codes {
		i := code.System - 1
		o := Overlay(code.Overlay)
		v.rules = append(v.rules, sensitiveRule{
			uint8(code.System), code.Low, code.High, code.Meaning, code.Strong, code.Except, o,
		})
		if !v.prefix[i] {
			v.exact[i][code.Low] = v.exact[i][code.Low].With(o)
			continue
		}
		for two := int(pair(code.Low)); two <= int(pair(code.High)); two++ {
			v.ranges[i][uint16(two)] = append(v.ranges[i][uint16(two)], sensitiveRun{code.Low, code.High, code.Except, o})
		}
	}
	for _, l := range s.Labels {
		v.labels[l.System-1][l.Code] = OverlaySet(l.Overlays)
	}
}

// LabelOverlays returns the overlays that a security label puts on its record. Ask
// it for every coding whose node is Label. A label that the catalog does not know
// gives Unrecognized; U, L, M and N give none; R and V give Restricted, which
// InlineLabel reports whether an extension is a security label of the element that
// holds it (DS4P, extension-inline-sec-label). Its coding goes to LabelOverlays like
// any label: what marks a part marks the record, since other parts may repeat it.
func InlineLabel(url []byte) bool { return string(url) == inlineLabel }

const inlineLabel = "http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition/extension-inline-sec-label"

// Settle judges when all labels of the record have been read.
func (c *Catalog) LabelOverlays(system, code []byte) OverlaySet {
	s := c.sensitive.systems[string(bare(system))]
	if s == 0 || len(code) == 0 {
		return OverlaySet(0).With(Unrecognized)
	}
	set, ok := c.sensitive.labels[s-1][string(code)]
	if !ok {
		return OverlaySet(0).With(Unrecognized)
	}
	return set
}

// Settle judges the labels of a record together: "restricted" is answered by a
// label that says why, and is Unrecognized without one (threat-model D6). Pass what
// LabelOverlays gave for the labels of one record, not what its codes gave: a
// diagnosis need not be the reason.
func (c *Catalog) Settle(labels OverlaySet) OverlaySet {
	if !labels.Has(Restricted) {
		return labels
	}
	rest := labels &^ (1 << Restricted)
	if rest&c.overlays == 0 {
		rest = rest.With(Unrecognized)
	}
	return rest
}

// maxCode is the longest code, dots left out, of which a beginning can be told.
const maxCode = 16

// CodeOverlays returns the overlays that a coding anywhere in a record puts on it.
// In ICD-10-CM and HCPCS a code covers all that starts with it, dots and case
// ignored; in the other systems codes match whole. A sensitivity label in another
// place than a record's own (Consent.provision.securityLabel) marks as well.
func (c *Catalog) CodeOverlays(system, code []byte) OverlaySet {
	if len(system) == 0 || len(code) == 0 {
		return 0
	}
	v := &c.sensitive
	s := v.systems[string(bare(system))]
	if s == 0 {
		return 0
	}
	if !v.prefix[s-1] {
		set := v.exact[s-1][string(code)] | v.labels[s-1][string(code)]
		return set & c.overlays
	}
	var buf [maxCode]byte
	plain := normal(buf[:0], code)
	if len(plain) < 2 {
		return 0 // no bound is that short: the generator sees to it
	}
	var set OverlaySet
	runs := v.ranges[s-1][pair(plain)]
	for i := range runs {
		if runs[i].covers(plain) {
			set = set.With(runs[i].overlay)
		}
	}
	return set
}

// pair is the first two characters of a code as a number of the same order.
func pair[T string | []byte](code T) uint16 { return uint16(code[0])<<8 | uint16(code[1]) }

// normal appends a code without dots and spaces, in upper case, cut to maxCode.
func normal(dst, code []byte) []byte {
	for _, b := range code {
		if b == '.' || b == ' ' || len(dst) == maxCode {
			continue
		}
		if 'a' <= b && b <= 'z' {
			b -= 'a' - 'A'
		}
		dst = append(dst, b)
	}
	return dst
}

// covers reports whether the code's beginning, cut to the length of the bounds, lies
// between them and is no exception.
func (r *sensitiveRun) covers(code []byte) bool {
	n := len(r.low)
	if len(code) < n || string(code[:n]) < r.low || string(code[:n]) > r.high {
		return false
	}
	for _, e := range r.except {
		if len(code) >= len(e) && string(code[:len(e)]) == e {
			return false
		}
	}
	return true
}

// TypeOverlays returns the overlays that every record of a type bears.
func (c *Catalog) TypeOverlays(t Type) OverlaySet { return c.typ(t).overlays }

// CodeMeaning says why a code marks a record: what it means and whether it shows
// the category by itself (strong) or may be used otherwise (indicative); "" when it
// does not mark. Not for the hot path.
func (c *Catalog) CodeMeaning(system, code []byte) (meaning, strength string) {
	v := &c.sensitive
	s := v.systems[string(bare(system))]
	for i := range v.rules {
		if r := &v.rules[i]; r.system == s && r.covers(v.prefix[s-1], code) {
			return r.meaning, r.strength
		}
	}
	return "", ""
}

func (r *sensitiveRule) covers(prefix bool, code []byte) bool {
	if !prefix {
		return r.low == string(code)
	}
	run := sensitiveRun{r.low, r.high, r.except, r.overlay}
	return run.covers(normal(nil, code))
}

// code spells the rule's code or range.
func (r *sensitiveRule) code() string {
	s := r.low
	if r.high != r.low {
		s += "-" + r.high
	}
	if len(r.except) > 0 {
		s += " except " + strings.Join(r.except, ", ")
	}
	return s
}
