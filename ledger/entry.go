package ledger

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	// Schema is the number that entries written by this package carry.
	Schema = 1
	// MaxEntry is the largest entry, in bytes of canonical JSON: entry bundles
	// (C2SP tlog-tiles) have two bytes for a length.
	MaxEntry = 65535
	// MaxPatients is the largest number of patients one entry names.
	MaxPatients = 256
	// maxInteger is the largest integer that every JSON reader keeps exactly,
	// RFC 8785 section 3.2.2.3 and RFC 7493 section 2.2.
	maxInteger = 1<<53 - 1
	// maxString bounds one string, in bytes, so that one odd name cannot push
	// an entry over MaxEntry.
	maxString = 4096
)

// Kind tells entries apart.
type Kind string

// The kinds of entry.
const (
	KindDecision Kind = "decision" // admitted or refused
	KindOpened   Kind = "opened"   // before each flush that discloses more than was named so far
	KindOutcome  Kind = "outcome"  // how it ended
	KindAct      Kind = "act"      // a governed act: policy, keys, facts, the log itself
)

// Entry is one of *Decision, *Opened, *Outcome and *Act.
type Entry interface {
	// Header returns what logs order and search by.
	Header() Header
	// check reports everything that keeps the entry out of a log.
	check() error
	// write writes the entry in canonical form.
	write(w *canonical)
}

// Header is the part of an entry that a log orders and searches by.
type Header struct {
	Kind     Kind
	ID       string // id of the decision or act, UUIDv7
	Seq      int64  // 0 for decision and act; opened counts from 1, outcome from 0
	More     bool   // another part of the same outcome follows
	At       int64  // microseconds since 1970, UTC
	Who      string // decision and act only
	Role     string // decision only
	Task     string // decision only
	Effect   Effect // decision only
	Patients []string
	Grants   []string // decision only
}

// Effect is the outcome of Admit. The zero value is no effect and does not
// encode.
type Effect string

// Effects.
const (
	Admit  Effect = "admit"
	Refuse Effect = "refuse"
)

// Mode says whether a door does what the policy says, or only records it. The
// zero Mode enforces.
type Mode string

// Observe: what the policy would withhold was let through, and is recorded.
const Observe Mode = "observe"

// View tells for each treatment (keep, mask, ...) the data classes it applies
// to. A treatment without classes is left out.
type View map[string][]string

// Verdict says how records of one type were judged, for the patients named by
// index. The zero View index is the first view; use Withheld where nothing of
// the record was shown.
type Verdict struct {
	Atoms   Atoms  `json:"atoms"`
	Because string `json:"because,omitempty"` // of a withheld record: why, in one word
	Class   string `json:"class,omitempty"`   // of the record itself, which decides whether a view shows it at all
	Count   int64  `json:"count,omitzero"`    // records judged alike; 0 stands for 1
	// Lost and Observed are of a record that left whole because its door only
	// observes: the classes of which the view above would have taken something away.
	Lost []string `json:"lost,omitempty"`
	// Marked says why each overlay of the atoms lies on the record: its name and label,
	// code, the type of another record, or unknown; sorted.
	Marked   []string `json:"marked,omitempty"`
	Observed bool     `json:"observed,omitzero"`
	Patients []int    `json:"patients,omitempty"`
	Type     string   `json:"type"`
	View     int      `json:"view"`
}

// Withheld as a Verdict's View: nothing of the record was shown.
const Withheld = -1

// Atoms are what a verdict was computed from, three-valued where facts are:
// enough to derive it again with the policy of the decision, and nothing else.
// Strings marked hex are bit sets, lower-case, most significant digit first
// without leading zeros, bit n standing for the nth fact, class or line of the
// generation; an empty set is left out.
type Atoms struct {
	Lasting  bool           `json:"lasting,omitzero"`
	Of       []string       `json:"of,omitempty"`       // hex: classes that `of` facts about the caller name, of a record about nobody
	Overlays []string       `json:"overlays,omitempty"` // of the record, watched ones included
	Patients []PatientAtoms `json:"patients,omitempty"` // one for each patient that the record names, in the verdict's order
	Within   string         `json:"within,omitempty"`   // hex: lines within whose scope the record lies
}

// PatientAtoms are what was true about one patient of a record.
type PatientAtoms struct {
	Asked        string   `json:"asked,omitempty"` // hex: classes
	Bites        string   `json:"bites,omitempty"` // hex: restricting facts that bite
	Glass        bool     `json:"glass,omitzero"`  // the glass is broken
	Holds        string   `json:"holds,omitempty"` // hex: facts that hold
	Lent         string   `json:"lent,omitempty"`  // hex: lines that a grant lends
	LentClasses  string   `json:"lent_classes,omitempty"`
	LentOverlays string   `json:"lent_overlays,omitempty"`
	Of           []string `json:"of,omitempty"`      // hex: classes that `of` facts name, in the plan's order
	Unknown      string   `json:"unknown,omitempty"` // hex: facts that are neither
}

// Equal reports whether a and b are the same.
func (a *Atoms) Equal(b *Atoms) bool {
	return a.Lasting == b.Lasting && a.Within == b.Within && slices.Equal(a.Overlays, b.Overlays) && slices.Equal(a.Of, b.Of) &&
		slices.EqualFunc(a.Patients, b.Patients, func(p, q PatientAtoms) bool {
			return slices.Equal(p.Of, q.Of) && p.same(q)
		})
}

func (p PatientAtoms) same(q PatientAtoms) bool {
	return p.Asked == q.Asked && p.Bites == q.Bites && p.Glass == q.Glass && p.Holds == q.Holds && p.Lent == q.Lent &&
		p.LentClasses == q.LentClasses && p.LentOverlays == q.LentOverlays && p.Unknown == q.Unknown
}

func (p *PatientAtoms) isHexBits() bool {
	return isHexBits(p.Asked) && isHexBits(p.Bites) && isHexBits(p.Holds) && isHexBits(p.Lent) && isHexBits(p.LentClasses) &&
		isHexBits(p.LentOverlays) && isHexBits(p.Unknown) && areHexBits(p.Of)
}

func (a *Atoms) isHexBits() bool {
	for i := range a.Patients {
		if !a.Patients[i].isHexBits() {
			return false
		}
	}
	return isHexBits(a.Within) && areHexBits(a.Of)
}

// The forms below stand as regular expressions in their comments. They are tried
// for every entry, so they are written out.

// isUUIDv7: [0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}
func isUUIDv7(s string) bool {
	if len(s) != 36 || s[14] != '7' || strings.IndexByte("89ab", s[19]) < 0 {
		return false
	}
	for i := range len(s) {
		if dash := i == 8 || i == 13 || i == 18 || i == 23; dash && s[i] != '-' || !dash && !isHexDigit(s[i]) {
			return false
		}
	}
	return true
}

// isKeyedRef: [A-Za-z0-9._-]{1,16}:[A-Za-z0-9_-]{22,64}
func isKeyedRef(s string) bool {
	id, ref, ok := strings.Cut(s, ":")
	if !ok || len(id) < 1 || len(id) > 16 || len(ref) < 22 || len(ref) > 64 {
		return false
	}
	for i := range len(id) {
		if !isWord(id[i]) && id[i] != '.' {
			return false
		}
	}
	for i := range len(ref) {
		if !isWord(ref[i]) {
			return false
		}
	}
	return true
}

// isHexBits: [0-9a-f]*
func isHexBits(s string) bool {
	for i := range len(s) {
		if !isHexDigit(s[i]) {
			return false
		}
	}
	return true
}

func areHexBits(all []string) bool {
	return !slices.ContainsFunc(all, func(s string) bool { return !isHexBits(s) })
}

// isNameKey: [a-z0-9][a-z0-9._-]*
func isNameKey(s string) bool {
	for i := range len(s) {
		c := s[i]
		low := c >= 'a' && c <= 'z' || c >= '0' && c <= '9'
		if !low && (i == 0 || c != '.' && c != '_' && c != '-') {
			return false
		}
	}
	return s != ""
}

func isHexDigit(c byte) bool { return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' }

// isWord: [A-Za-z0-9_-]
func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-'
}

// checker collects problems, so that a caller learns all of them at once.
// Problems name keys and never values.
type checker struct{ errs []error }

func (c *checker) err() error { return errors.Join(c.errs...) }

func (c *checker) failf(format string, args ...any) {
	c.errs = append(c.errs, fmt.Errorf(format, args...))
}

func (c *checker) base(schema int, got, want Kind, id string, at int64) {
	if schema != Schema {
		c.failf("schema must be %d", Schema)
	}
	if got != want {
		c.failf("kind must be %q", want)
	}
	if !isUUIDv7(id) {
		c.failf("id must be a lower-case UUIDv7")
	}
	if at <= 0 {
		c.failf("at must be microseconds since 1970, above 0")
	}
	c.ints("at", at)
}

func (c *checker) ints(key string, values ...int64) {
	for _, v := range values {
		if v < 0 || v > maxInteger {
			c.failf("%s must be from 0 to %d", key, int64(maxInteger))
		}
	}
}

func (c *checker) strings(key string, values ...string) {
	for _, v := range values {
		if len(v) > maxString {
			c.failf("%s must be at most %d bytes", key, maxString)
		}
		if !utf8.ValidString(v) {
			c.failf("%s must be valid UTF-8", key)
		}
	}
}

func (c *checker) need(key, value string) {
	if value == "" {
		c.failf("%s must be set", key)
	}
	c.strings(key, value)
}

// patients holds threat model L4: what is not a keyed reference stays out.
func (c *checker) patients(refs []string) {
	if len(refs) > MaxPatients {
		c.errs = append(c.errs, fmt.Errorf("%w: %d patients, at most %d", ErrTooLarge, len(refs), MaxPatients))
	}
	for i, r := range refs {
		if !isKeyedRef(r) {
			c.failf("patients[%d] must be a keyed reference as Refs.Ref makes them", i)
		}
	}
}

func (c *checker) view(key string, v View) {
	for t, classes := range v {
		if !isNameKey(t) {
			c.failf("%s: treatments are lower-case names", key)
		}
		if len(classes) == 0 {
			c.failf("%s: a treatment without classes is left out", key)
		}
		c.strings(key, classes...)
	}
}

func (c *checker) verdicts(vs []Verdict, patients, views int) {
	for i := range vs {
		v := &vs[i]
		c.need("verdicts.type", v.Type)
		c.strings("verdicts.because, verdicts.class", v.Because, v.Class)
		c.strings("verdicts.marked", v.Marked...)
		c.ints("verdicts.count", v.Count)
		c.strings("verdicts.lost", v.Lost...)
		if len(v.Lost) > 0 && !v.Observed {
			c.failf("verdicts[%d].lost is of a record that was observed", i)
		}
		if v.View < Withheld || v.View >= views {
			c.failf("verdicts[%d].view must be an index of views, or %d", i, Withheld)
		}
		if slices.ContainsFunc(v.Patients, func(p int) bool { return p < 0 || p >= patients }) {
			c.failf("verdicts[%d].patients must be indexes of patients", i)
		}
		if !v.Atoms.isHexBits() {
			c.failf("verdicts[%d].atoms: bit sets are lower-case hex", i)
		}
		c.strings("verdicts.atoms.overlays", v.Atoms.Overlays...)
	}
}
