package policy

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"modicum/catalog"
)

// Direction says which way a change goes. Zero is the worst, so that what nobody
// judged counts as opening.
type Direction uint8

// The directions. What goes both ways opens.
const (
	Opens  Direction = iota // some request is decided more openly, or is easier to get
	Closes                  // some request is decided more narrowly
	Both                    // opens here and closes there, or which of the two cannot be told
	Words                   // no decision changes: a title, a sentence, a test
)

var directionNames = [...]string{"opens", "closes", "both", "words"}

// String returns the word for a direction.
func (d Direction) String() string {
	if int(d) < len(directionNames) {
		return directionNames[d]
	}
	return "opens"
}

// MarshalText writes the word for a direction.
func (d Direction) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads the word for a direction; what it does not know opens.
func (d *Direction) UnmarshalText(b []byte) error {
	*d = Direction(max(0, slices.Index(directionNames[:], string(b))))
	return nil
}

// Change is one thing that differs between two policies, in the words of policies.
type Change struct {
	Direction Direction `json:"direction"`
	// Kind is what changes: access, never, restriction, terms, limits, facts, roles,
	// programs, partners, disclosures, catalog, organization, tests.
	Kind  string `json:"kind"`
	Where string `json:"where"` // "nurse/give-care", "restrictions/part2", "organization"
	// Roles are those whose holders gain or lose by it; a disclosure and a program
	// have none. What changes for every role names every role.
	Roles []string `json:"roles,omitempty"`
	// Disclosures are those by which more or less leaves at the desk, beside what the roles
	// gain or lose.
	Disclosures []string      `json:"disclosures,omitempty"`
	Purpose     string        `json:"purpose,omitempty"`
	Flow        string        `json:"flow,omitempty"` // of a disclosure: disclosure or request
	Verbs       string        `json:"verbs,omitempty"`
	Classes     []ClassChange `json:"classes,omitempty"`
	While       string        `json:"while,omitempty"`
	Within      string        `json:"within,omitempty"`
	// Marked are overlays: of access, those of records that are reached too, or the
	// only ones of which this is true; of a restriction, those that it hides.
	Marked     []string `json:"marked,omitempty"`
	MarkedOnly bool     `json:"marked_only,omitempty"`
	Lent       string   `json:"lent,omitempty"`
	Glass      bool     `json:"broken_glass,omitempty"`
	What       string   `json:"what,omitempty"` // the key that changed, or what happened
	Was        string   `json:"was,omitempty"`
	Now        string   `json:"now,omitempty"`
}

// ClassChange says how some classes showed and show.
type ClassChange struct {
	Classes []string `json:"classes"`
	Was     string   `json:"was"` // a Treatment, ask, or "omit"
	Now     string   `json:"now"`
}

// Opens reports whether something opens by the change.
func (c *Change) Opens() bool { return c.Direction == Opens || c.Direction == Both }

// Difference is the effect of replacing one policy by another.
type Difference struct {
	Old     string   `json:"old"` // hashes
	New     string   `json:"new"`
	Changes []Change `json:"changes"`
}

// Opens reports whether anything opens.
func (d *Difference) Opens() bool {
	return slices.ContainsFunc(d.Changes, func(c Change) bool { return c.Opens() })
}

// Count returns how many changes go in a direction.
func (d *Difference) Count(dir Direction) int {
	n := 0
	for i := range d.Changes {
		if d.Changes[i].Direction == dir {
			n++
		}
	}
	return n
}

// Gains returns the roles whose holders gain something, sorted.
func (d *Difference) Gains() []string {
	var out []string
	for i := range d.Changes {
		if d.Changes[i].Opens() {
			out = append(out, d.Changes[i].Roles...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Unnamed reports whether something opens of which not every gainer is named by a role: a
// program, a partner, whose people and programs are not all told by the roles that they may
// hold, what leaves at the disclosure desk.
func (d *Difference) Unnamed() bool {
	return slices.ContainsFunc(d.Changes, func(c Change) bool {
		return c.Opens() && (len(c.Roles) == 0 || len(c.Disclosures) > 0 || c.Kind == "partners")
	})
}

// Diff returns the effect of putting b in force instead of a. Nothing is tried or
// sampled: lines are compared as conjunctions of facts, so that a request that names
// its task and is decided more openly under b than under a always lies under a Change
// that opens. A request that a refuses only because it does not say which of several
// tasks is meant is no measure: whoever makes it may say so.
//
// Where the exact answer would hang on what a feed states or an expression computes,
// it is Both, for a person to read: a changed `where`, what a fact carries, several
// restrictions that together take the place of one.
func Diff(a, b *Set) Difference {
	d := &differ{old: a, new: b}
	d.roles()
	d.tasks()
	d.restrictions()
	d.facts()
	d.organization()
	d.partners()
	d.programs()
	d.catalog()
	d.words()
	slices.SortStableFunc(d.out, func(x, y Change) int {
		return cmp.Or(cmp.Compare(rank(x.Direction), rank(y.Direction)), cmp.Compare(kindRank(x.Kind), kindRank(y.Kind)), cmp.Compare(x.Where, y.Where))
	})
	return Difference{Old: a.hash, New: b.hash, Changes: d.out}
}

// differ gathers changes.
type differ struct {
	old, new *Set
	out      []Change
}

func (d *differ) add(c Change) { d.out = append(d.out, c) }

// rank puts what opens first, whichever else it does.
func rank(d Direction) int {
	if d == Both {
		return 0
	}
	return int(d) + 1
}

var kinds = [...]string{
	"access", "never", "restriction", "terms", "limits", "roles", "facts", "programs", "partners", "disclosures", "catalog", "organization", "tests", "words",
}

func kindRank(kind string) int { return slices.Index(kinds[:], kind) }

// classWords are the names by which a policy would write a set of classes: a parent
// where all that it covers is meant.
func (s *Set) classWords(set catalog.ClassSet) []string {
	set = set.Intersect(s.cat.Content())
	if set == s.cat.Content() {
		return []string{"everything"}
	}
	names := map[string]bool{}
	for c := range set.All {
		for name := s.cat.Name(c); name != ""; name, _, _ = cutLast(name) {
			names[name] = true
		}
	}
	var out []string
	for _, name := range slices.SortedFunc(maps.Keys(names), func(a, b string) int {
		return cmp.Or(cmp.Compare(strings.Count(a, "."), strings.Count(b, ".")), cmp.Compare(a, b))
	}) {
		covered, ok := s.cat.Covered(name)
		if covered = covered.Intersect(s.cat.Content()); ok && !covered.Empty() && set.Covers(covered) {
			out = append(out, name)
			set = set.Minus(covered)
		}
	}
	for c := range set.All { // without what its name covers too
		out = append(out, s.cat.Name(c)+" alone")
	}
	slices.Sort(out)
	return out
}

func cutLast(name string) (before, after string, found bool) {
	i := strings.LastIndexByte(name, '.')
	if i < 0 {
		return "", name, false
	}
	return name[:i], name[i+1:], true
}

// translation maps facts of one Set to those of another by name. The facts on which
// a condition with `where` rests hold wherever it does. Within one Set nothing changes.
type translation struct {
	from, to *Set
}

func (t translation) facts(s FactSet) FactSet {
	if t.from == t.to {
		return s
	}
	var out FactSet
	for f := range s.All {
		for _, g := range [...]FactID{f, t.from.facts[f].Base} {
			if id, ok := t.to.factByName[t.from.facts[g].Name]; ok {
				out.Add(id)
			}
		}
	}
	return out
}
