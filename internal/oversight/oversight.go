// Package oversight reads the record as people and programs ask for it: who watches is
// watched as well, so every reading is an entry of the record itself, and durable before
// anything of what was asked is told. The console and the API both ask here.
package oversight

import (
	"context"
	"errors"

	"modicum/internal/gate"
	"modicum/internal/people"
	"modicum/ledger"
	"modicum/policy"
)

var (
	// ErrNone: there is no such decision or act, or nothing that proves it.
	ErrNone = errors.New("no such entry of the record")
	// ErrNoPolicy: the policy of a decision is not among the archived ones.
	ErrNoPolicy = errors.New("the policy of that decision is not archived")
	// ErrUnrecorded: nobody could be put on record as the reader, so nothing is told.
	ErrUnrecorded = errors.New("reading the record cannot be recorded")
)

// Readers are the duties of which one lets somebody read the record.
func Readers() []people.Duty { return []people.Duty{people.ReadRecord} }

// Seers are the duties of which one lets somebody see records as a task of somebody else
// would show them: who writes policy, puts it in force, or reviews what was done under it.
func Seers() []people.Duty {
	return []people.Duty{people.WritePolicy, people.AgreePolicy, people.ReviewAccess}
}

// Query says which decisions and acts are looked for. What is empty does not restrict.
type Query struct {
	Who, Role, Task, Purpose, Door string
	Patient                        string // keyed reference
	Grant                          string // under which it might count
	Kind                           ledger.Kind
	Reads                          bool // also who read the record
	OnlyReads                      bool
	Effect                         ledger.Effect
	Shown                          bool // something was shown
	CutOff                         bool // the answer ended before it was whole
	From, To                       int64
	Before                         int64 // go on before this position
	Limit                          int
}

// Page is what was found, newest first.
type Page struct {
	Found []Recorded
	Next  int64 // Query.Before of what is older; 0: there is nothing
	Until int64 // the time to which was looked, where looking paused; 0 where it did not
}

// Recorded is a decision with all that came of it, or an act.
type Recorded struct {
	Entries      []ledger.Entry
	Bodies       [][]byte // as they were hashed
	Index        []int64  // in the tree
	Origin       string   // the log that they are in
	Earlier      bool     // a log before the one in force: proved from its folder
	Older, Newer string   // ids of what lies beside it; set by Archive.Entry
}

// Archive is the record as it lies. It is safe for concurrent use.
type Archive interface {
	Find(ctx context.Context, q Query) (Page, error)
	// Entry finds a decision or act; ErrNone where there is none.
	Entry(ctx context.Context, id string) (*Recorded, error)
	// Replay derives a decision again: gate.ErrOtherGeneration or ErrNoPolicy where that is
	// not possible.
	Replay(ctx context.Context, r *Recorded) (*gate.Replayed, error)
	// Prove makes the file that proves the first entry; ErrNone where none can be made.
	Prove(ctx context.Context, id string) ([]byte, error)
}

// Named is who people and programs are. It answers from memory.
type Named interface {
	Person(id string) *people.Person
	Program(id string) *people.Program
	ByUserName(name string) *people.Person
}

// Record is what is read. All of it must be set.
type Record struct {
	Archive Archive
	Log     ledger.Log // takes the entry that says who reads
	Refs    *ledger.Refs
	People  Named
	Policy  func() *policy.Set
	Key     string   // verification key of the log
	Doors   []string // by name
}

// Patients are the keyed references of whom it names, each once.
func (x *Recorded) Patients() map[string]bool {
	out := map[string]bool{}
	for _, e := range x.Entries {
		for _, p := range e.Header().Patients {
			out[p] = true
		}
	}
	return out
}

// End is how the answer to a decision ended; nil: it goes on, or nobody knows.
func (x *Recorded) End() (end *ledger.Outcome) {
	for _, e := range x.Entries {
		if o, ok := e.(*ledger.Outcome); ok {
			end = o
		}
	}
	return end
}
