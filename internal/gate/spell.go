package gate

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"modicum/catalog"
	"modicum/ledger"
	"modicum/policy"
)

// atomsOf spells what a verdict was computed from.
func atomsOf(cat *catalog.Catalog, a *policy.Atoms) ledger.Atoms {
	out := ledger.Atoms{Within: hexWord(a.Within), Lasting: a.Lasting, Of: hexMasks(a.Of)}
	for o := range a.Overlays.All {
		out.Overlays = append(out.Overlays, overlayName(cat, o))
	}
	for i := range a.Patients {
		out.Patients = append(out.Patients, patientAtoms(&a.Patients[i]))
	}
	return out
}

func patientAtoms(p *policy.PatientAtoms) ledger.PatientAtoms {
	out := ledger.PatientAtoms{
		Holds: hexFacts(&p.Holds), Bites: hexFacts(&p.Bites), Unknown: hexFacts(&p.Unknown),
		Asked: hexClasses(p.Asked), Lent: hexWord(p.Lent),
		LentClasses: hexClasses(p.LentClasses), LentOverlays: hexWord(uint64(p.LentOverlays)), Glass: p.Glass,
		Of: hexMasks(p.Of),
	}
	return out
}

func hexMasks(masks []catalog.ClassSet) []string {
	var out []string
	for _, m := range masks {
		out = append(out, hexClasses(m))
	}
	return out
}

func overlayName(cat *catalog.Catalog, o catalog.Overlay) string {
	if c := cat.OverlayClass(o); c != catalog.Unknown {
		return cat.Name(c)
	}
	return "overlay-" + strconv.Itoa(int(o)) // a label that the catalog does not know
}

// Bit sets are spelt in lower-case hex, most significant digit first, without
// leading zeros; the empty set is the empty string.

func hexWord(w uint64) string { return hexWords(w) }

func hexClasses(s catalog.ClassSet) string { return hexWords(s[0], s[1]) }

func hexFacts(s *policy.FactSet) string { return hexWords(s[:]...) }

func hexWords(words ...uint64) string {
	var room [64]byte
	b := room[:0]
	for _, w := range slices.Backward(words) {
		for shift := 60; shift >= 0; shift -= 4 {
			if d := w >> shift & 15; d != 0 || len(b) > 0 {
				b = append(b, "0123456789abcdef"[d])
			}
		}
	}
	return string(b)
}

// parseWords is the inverse of hexWords.
func parseWords(s string, words []uint64) error {
	if len(s) > 16*len(words) {
		return fmt.Errorf("a set of %d digits, at most %d", len(s), 16*len(words))
	}
	s = strings.Repeat("0", 16*len(words)-len(s)) + s
	b, err := hex.DecodeString(s)
	if err != nil {
		return fmt.Errorf("not hex: %w", err)
	}
	for i := range words {
		words[len(words)-1-i] = 0
		for _, c := range b[8*i : 8*i+8] {
			words[len(words)-1-i] = words[len(words)-1-i]<<8 | uint64(c)
		}
	}
	return nil
}
