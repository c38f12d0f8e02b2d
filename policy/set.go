package policy

import (
	"modicum/catalog"
	"modicum/policy/doc"
)

// Semantics numbers the reading rules as this engine reads them. It is recorded
// with every decision; a replay under another number is refused, not guessed.
const Semantics = 1

// Limits of what compiles. They keep a decision within a few cache lines and a
// hostile policy folder from costing more than its size.
const (
	maxConjunctions = 64  // of one `while` or `unless`, multiplied out
	maxRestrictions = 64  // one bit each in Verdict.Restrictions
	maxSlots        = 128 // facts that narrow, permitting and restricting counted apart
)

// Set is a compiled policy: immutable, safe for concurrent use.
type Set struct {
	cat    *catalog.Catalog
	folder *doc.Folder
	hash   string

	facts      []FactInfo
	factByName map[string]FactID
	about      [3]FactSet // by About
	found      FactID
	glass      FactID
	author     FactID
	wheres     []*where // by FactID; nil for what is not a condition with where

	watch  catalog.OverlaySet
	hiding catalog.OverlaySet // every overlay but the watched, Unrecognized included

	purposes  []purpose
	purposeOf map[string]int // name or HL7 code

	roles       []role
	roleOf      map[string]int
	tasks       []task // of roles in document order, then disclosures
	lines       []line
	disclosures map[string]int // index into tasks
	conflicts   [][]uint64     // sets of roles
	programs    map[string]program
	partners    []partner
	partnerOf   map[string]int

	restrictions []restriction
	bites        []uint64    // by purpose: restrictions that bite there
	withTo       uint64      // restrictions that look at recipients,
	withDuty     uint64      // have obligations,
	duties       Obligations // of all restrictions together
	withSlots    uint64      // or facts that narrow
	slots        []Of

	exceptions *doc.Exceptions
	infos      []TaskInfo      // by task, made once
	taskNames  map[string]bool // names and ids of all tasks, disclosures included
}

type purpose struct {
	name  string
	codes []string
	code  string // the first: the one that is recorded
}

// role is a role with its tasks as indexes into Set.tasks.
type role struct {
	name          string
	programs      bool // held by programs only
	tasks         []int
	byName        map[string]int
	byPurpose     [][]int
	neverClasses  catalog.ClassSet
	neverOverlays catalog.OverlaySet
	doc           *doc.Role
}

// task is a task of a role, or a disclosure (role is -1).
type task struct {
	role        int
	name        string
	id          string // "nurse/give-care", "disclosures/referral-packet"
	title       string
	purpose     int
	to          Recipients // kinds, those of its partners among them
	toKinds     Recipients // of these, what is said as a kind: it may be any partner of it
	toPartners  []int
	exempt      string
	obligations Obligations
	first, end  int // lines
	glass       bool
	limits      Limits
	resolve     bool
	say         string
	justify     string
	find        *find
	doc         *doc.Task
	disclosure  *doc.Disclosure
}

type find struct {
	by      []catalog.Class
	atLeast int
	show    View
}

// line is one line, compiled.
type line struct {
	id       string
	task     int
	nth      int // 1 is the task itself
	verbs    Verb
	see      View             // disjoint; after the role's never
	ask      catalog.ClassSet // masked until asked
	shown    catalog.ClassSet // every class that it can show in any way
	masks    masks            // see, ask and shown again, for View
	asks     mask
	all      mask
	lifts    catalog.OverlaySet
	hides    catalog.OverlaySet
	conjs    []conj
	back     doc.Span
	place    Place
	whole    bool
	lend     *doc.Lend
	glass    bool // its task has break-glass
	exempt   bool
	narrowed bool // asks for back or place
	slots    bool // some conjunction has facts that narrow
	doc      *doc.Line
}

// shows returns every class that the line can show in any way.
func (l *line) shows() catalog.ClassSet { return l.shown }

// conj is one way for a line to hold: all of its facts, and no more than what
// the facts of its slots name.
type conj struct {
	caller  FactSet // facts about the caller
	patient FactSet // facts about the patient or the record
	ofs     []ofSlot
}

type ofSlot struct {
	slot   uint8 // index into Set.slots
	caller bool  // of a fact about the caller: a broken glass does not stand in
}

// restriction is one restriction, compiled.
type restriction struct {
	name        string
	classes     catalog.ClassSet
	overlays    catalog.OverlaySet
	mask        mask      // classes, or all of everything
	of          []conjOf  // nil: not narrowed
	while       []FactSet // nil: always
	unless      []conjOf
	to          Recipients
	toPartners  []int
	anyTo       bool
	obligations Obligations
	slots       []uint8
	doc         *doc.Restriction
}

// conjOf is a conjunction of a restriction with the facts in it that narrow.
type conjOf struct {
	facts FactSet
	bare  FactSet // facts that carry nothing
	slots []uint8
	names []FactID // of each slot
}

type program struct {
	task    int
	partner int // -1: none
	doc     *doc.Program
}

// partner is a partner's ceiling.
type partner struct {
	name     string
	kind     Recipients
	purposes []bool
	classes  catalog.ClassSet
	lifts    catalog.OverlaySet
	hides    catalog.OverlaySet
	doc      *doc.Partner
}

// Hash returns the SHA-256 of the folder's files in hexadecimal: names and bytes
// as they were read, so that any change of a file changes it.
func (s *Set) Hash() string { return s.hash }

// Catalog returns the catalog that the Set was compiled with.
func (s *Set) Catalog() *catalog.Catalog { return s.cat }

// Folder returns the documents that the Set was compiled from. They are shared:
// do not change them.
func (s *Set) Folder() *doc.Folder { return s.folder }

// Watch returns the overlays that hide nothing but alert at each opening.
func (s *Set) Watch() catalog.OverlaySet { return s.watch }

// Hiding returns the overlays of o that hide a record unless a line lifts them:
// all but the watched ones. A role whose `never` names a watched overlay hides
// it all the same, which View sees to.
func (s *Set) Hiding(o catalog.OverlaySet) catalog.OverlaySet { return o & s.hiding }

// Restrictions returns how many restrictions the Set has, in document order.
func (s *Set) Restrictions() int { return len(s.restrictions) }

// RestrictionName returns the name of the i-th restriction.
func (s *Set) RestrictionName(i int) string { return s.restrictions[i].name }

// Restriction returns the i-th restriction as it was written: title, citation
// and what to say.
func (s *Set) Restriction(i int) *doc.Restriction { return s.restrictions[i].doc }

// Purposes returns the names of the organization's purposes with the codes
// accepted for each.
func (s *Set) Purposes() []doc.Purpose { return s.folder.Organization.Purposes }
