// Package doc holds policy documents: what a hospital writes down about who sees
// what, for which task, when. It reads a folder of YAML strictly, reports every
// problem at once with its place, formats, and gives a JSON Schema. It decides
// nothing: package policy compiles a Folder and decides.
package doc

import (
	"slices"
	"time"
)

// At is a place in a policy file. Line and Col count from 1; Col counts
// characters, not bytes.
type At struct {
	File      string // relative to the folder, slash-separated
	Line, Col int
}

// Word is a name or text with the place where it stands.
type Word struct {
	Text string
	At   At
}

// Words is a list of words.
type Words []Word

// Span is a duration as written: calendar days and months are kept apart from
// hours, because a day is not always 24 hours in the organization's time zone.
type Span struct {
	Months, Days int
	Clock        time.Duration
	At           At
}

// Zero reports whether nothing was written.
func (s Span) Zero() bool { return s.Months == 0 && s.Days == 0 && s.Clock == 0 }

// Rate is a count in a unit of time: 120 per day. Unit is minute, hour or day.
type Rate struct {
	Count int
	Unit  string
	At    At
}

// Folder is a whole policy.
type Folder struct {
	Organization Organization
	Conditions   Conditions
	Restrictions []Restriction
	Roles        []Role       // sorted by name
	Disclosures  []Disclosure // sorted by name
	Partners     []Partner    // sorted by name
	Extensions   []Extension
	Databases    []Database
	Tests        []TestFile
	Sources      map[string][]byte // file → bytes as read, for carets and the hash
}

// Organization is organization.yaml.
type Organization struct {
	At           At
	Name         Word
	Title        string
	TimeZone     Word
	Positions    Words
	Purposes     []Purpose
	Watch        Words
	Ask          Span // how long an asked value stays open
	Find         Span // how long a found patient stays found
	BreakGlass   GlassCeiling
	Exceptions   *Exceptions // nil: no exceptions
	SmallCells   int
	Conflicts    []Conflict
	Approvals    Approvals
	Programs     []Program
	FindWritten  bool
	AskWritten   bool
	GlassWritten bool
}

// Purpose is a purpose of the organization and the HL7 v3 codes accepted for it; the first is recorded.
type Purpose struct {
	Name  Word
	Codes Words
}

// GlassCeiling bounds every role's break-glass.
type GlassCeiling struct {
	For      Span
	Patients Rate
	Review   Span
	Over     Word  // alarm or refuse
	Overdue  Word  // report or hold
	Hold     Words // roles that an overdue review holds back; none: every role, where Overdue is hold
	Tell     Words
}

// Holds reports whether an overdue review of a glass of theirs holds back who breaks
// another one in a role.
func (g *GlassCeiling) Holds(role string) bool {
	return g.Overdue.Text == "hold" && (len(g.Hold) == 0 || slices.ContainsFunc(g.Hold, func(w Word) bool { return w.Text == role }))
}

// Exceptions says how one more field is lent.
type Exceptions struct {
	At       At
	For      Span
	Patients int
	Approve  Words
}

// Conflict names roles that nobody may hold together.
type Conflict struct {
	At    At
	Roles Words
	Say   string
}

// Approvals says what happens when nobody answers.
type Approvals struct {
	Answer      Span
	Substitutes []Pair
	EscalateTo  Word
}

// Pair is a key and its value, both words.
type Pair struct{ Key, Value Word }

// Program is one program: one owner, one role, one task.
type Program struct {
	Name    Word
	Title   string
	Owner   Word
	Role    Word
	Task    Word
	Partner Word // empty when none
	Key     Word // private-key-jwt or mutual-tls
	Rotate  Span
}

// Conditions is conditions.yaml.
type Conditions struct {
	Sources    []Source
	Facts      []Fact
	Conditions []Condition
}

// Source is where facts come from.
type Source struct {
	Name     Word
	Title    string
	Fresh    Span
	Programs Words // token subjects that may state its facts
}

// Fact is one kind of fact.
type Fact struct {
	Name    Word
	Means   string
	About   Word  // caller or patient
	From    Words // sources
	Carries Words // object, classes, marked, dates
	Values  []Pair
}

// Condition is a named condition: one of Any, All, or Fact with Where.
type Condition struct {
	Name  Word
	Means string
	Any   Words
	All   Words
	Fact  Word
	Where Word
}

// Hold is a `while` or `unless`: all of its terms.
type Hold []Term

// Term is a fact or condition, or one of several names, or one of several with at most one inner all.
type Term struct {
	Name Word   // set, or
	Any  []Term // names, or one Term with All
	All  Words
}

// See says how each class shows. Each list holds class names.
type See struct {
	At                                          At
	View                                        Word // the name of a view, then the lists are empty until resolved
	Keep, Last4, Coarse, Token, Mask, Ask, Omit Words
}

// Within says which records.
type Within struct {
	At          At
	WholeRecord bool
	Of          Words
	Back        Span
	Place       Word // department or facility
}

// Lend says that a line counts only by a grant.
type Lend struct {
	At       At
	For      Span
	Approve  Words
	Reasons  Words
	Patients int // 1 when not written
}

// Line says who may do what with what, when. A nil field was not written and
// takes what policy-language.md 2 says a silent line of `also` takes.
type Line struct {
	At     At
	While  Hold
	Do     Words
	See    *See
	Marked Words
	Within *Within
	Lend   *Lend
}

// Role is roles/NAME.yaml.
type Role struct {
	At     At
	Name   Word
	Title  string
	HeldBy Word // people (default), programs, individuals
	Owner  Word
	Review Span
	Views  []View
	Tasks  []Task
	Never  Words
	Say    string
}

// View is a named see, local to its file.
type View struct {
	Name Word
	See  See
}

// Task is a list of lines under one purpose. First is the task itself.
type Task struct {
	At          At
	Name        Word
	Title       string
	Purpose     Word
	To          Words
	Exempt      Word
	First       Line
	Also        []Line
	Find        *Find
	BreakGlass  *Glass
	Limits      Limits
	Obligations Words
	References  Word
	Justify     string
	Say         string
}

// Find looks for a patient the task does not yet count for.
type Find struct {
	At      At
	By      Words
	AtLeast int
	Show    See
}

// Glass is a task's break-glass.
type Glass struct {
	At          At
	For, Review Span
	Reasons     Words
}

// Limits of a task. A nil Rate and a zero count mean none was written.
type Limits struct {
	At                       At
	Results, Rows            int
	Patients, Asks, Requests *Rate
	Export                   Word // none, desk, workspace, portal, partner
}

// Restriction is a never: it beats every task and grant.
type Restriction struct {
	At          At
	Name        Word
	Title       string
	Cite        string
	Hide        Words // classes, overlays, or the one word everything
	Of          Word
	While       Hold
	Unless      Hold
	To          Words
	Purposes    Words
	Obligations Words
	Say         string
}

// Disclosure is disclosures/NAME.yaml: lines for what leaves at the desk, and
// the steps of the desk around them.
type Disclosure struct {
	At          At
	Name        Word
	Title       string
	Owner       Word
	Review      Span
	Permission  string
	Deliver     Words
	Accounting  Word // yes or no
	Flow        Word // disclosure (default) or request
	Reliance    Word
	Approve     Words
	ActWithin   Span
	Script      string
	Verify      Words
	Refuse      Words
	Pause       Words
	EscalateTo  Word
	To          Words
	Purpose     Word
	Exempt      Word
	Obligations Words
	Justify     string
	Say         string
	Never       Words
	First       Line // Do is empty
	Also        []Line
}

// Partner is partners/NAME.yaml.
type Partner struct {
	At             At
	Name           Word
	Title          string
	Kind           Word
	Owner          Word
	Contract       Contract
	Purposes       Words
	MaySee         Words
	Marked         Words
	Never          Words
	Roles          Words
	Programs       Words
	Subcontractors Words
	CloseAccess    Span
	ReturnDestroy  Span
	Say            string
}

// Contract is a partner's contract. From and Until are calendar days in the
// organization's time zone; Until is included.
type Contract struct {
	ID          Word
	From, Until Word // YYYY-MM-DD
	Review      Span
}

// Extension classifies one of the organization's own FHIR extensions.
type Extension struct{ URL, Class Word }

// Database is one database of catalog/*.yaml.
type Database struct {
	Name   Word
	Tables []Table
}

// Table is one table; Columns maps column to class. A column not listed is not there.
type Table struct {
	Name                                          Word // schema.table
	Patient, Encounter, Date, Department, Lasting Word
	Overlays                                      Word
	Columns                                       []Pair
}

// TestFile is tests/NAME.yaml.
type TestFile struct {
	At    At
	Role  Word // may be empty when each case says as or disclosure
	Cases []Case
}

// Case is one given and expect.
type Case struct {
	At     At
	Name   string
	Given  Given
	Expect Expect
}

// Given is what is true in a case. Facts not named do not hold.
type Given struct {
	As          Words
	Task        Word
	Purpose     Word
	Disclosure  Word
	Do          Word
	Facts       []GivenFact
	Unknown     Words
	Marked      Words
	Asked       Words
	Lent        bool
	LentClasses Words // of an exception: classes and overlays
	BrokenGlass bool
	To          Words
	Record      GivenRecord
}

// GivenFact is a fact that holds; bare means that it carries everything.
type GivenFact struct {
	Name    Word
	Bare    bool
	Classes Words
	Marked  Words
	HasSet  map[string]bool // which of classes, marked, object, dates were written
	Values  []Pair
}

// GivenRecord says how the record lies.
type GivenRecord struct {
	Of      Words
	OfGiven bool // `of` was written: the record belongs only to these facts' objects
	Age     Span
	Place   Word // department, facility, elsewhere; empty: within everything
	Lasting bool
}

// Expect is class → treatment, or Nothing, or Refused.
type Expect struct {
	At        At
	Nothing   bool
	Refused   bool
	Treatment []Pair // class, treatment
}
