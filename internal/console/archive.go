package console

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"

	"github.com/google/uuid"

	"modicum/internal/defect"
	"modicum/internal/gate"
	"modicum/internal/people"
	"modicum/ledger"
	"modicum/policy"
)

// RecordQuery says which decisions and acts are looked for. What is empty does not
// restrict.
type RecordQuery struct {
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

// RecordPage is what was found, newest first.
type RecordPage struct {
	Found []Recorded
	Next  int64 // RecordQuery.Before of what is older; 0: there is nothing
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

// Archive is the record as its pages read it. It is safe for concurrent use.
type Archive interface {
	Find(ctx context.Context, q RecordQuery) (RecordPage, error)
	// Entry finds a decision or act; ErrNotHere where there is none.
	Entry(ctx context.Context, id string) (*Recorded, error)
	// Replay derives a decision again: gate.ErrOtherGeneration or ErrNoPolicy where that is
	// not possible.
	Replay(ctx context.Context, r *Recorded) (*gate.Replayed, error)
	// Prove makes the file that proves the first entry; ErrNotHere where none can be made.
	Prove(ctx context.Context, id string) ([]byte, error)
}

// ErrNoPolicy: the policy of a decision is not among the archived ones.
var ErrNoPolicy = errors.New("the policy of that decision is not archived")

// Named is who people and programs are. It answers from memory.
type Named interface {
	Person(id string) *people.Person
	Program(id string) *people.Program
	ByUserName(name string) *people.Person
}

// Record is what the pages of the record show. All of it must be set.
type Record struct {
	Archive Archive
	Log     ledger.Log // takes the entry that says who reads
	Refs    *ledger.Refs
	People  Named
	Policy  func() *policy.Set
	Key     string   // verification key of the log
	Doors   []string // by name
}

// Pages are the pages of the record, in the order of the menu.
func (r *Record) Pages() []Page {
	return []Page{r.searchPage(), r.entryPage(), r.proofPage()}
}

var mayRead = Duty(people.ReadRecord)

// errUnrecorded: nobody could be put on record as the reader, so nothing is shown.
var errUnrecorded = errors.New("reading the record cannot be recorded")

// read puts on record who reads what, before anything of it is shown: who watches is
// watched as well. patient is a keyed reference or "".
func (r *Record) read(v *Visit, patient string, what ...string) error {
	id, err := uuid.NewV7FromReader(rand.Reader)
	if err != nil {
		return errUnrecorded
	}
	a := &ledger.Act{Act: ledger.ActLogRead, At: v.Now.UnixMicro(), ID: id.String(), Who: v.Viewer.Person.ID, What: what}
	if patient != "" {
		a.Patients = []string{patient}
	}
	if defect.On(defect.ReadUnsaid) {
		return nil
	}
	if _, err := r.Log.Append(v.Context(), a, nil); err != nil && !defect.On(defect.ReadUnkept) {
		return errors.Join(errUnrecorded, err)
	}
	return nil
}

// name is what somebody is called on pages of the record: the record knows ids alone, also
// of people whom the directory never had.
func (r *Record) name(id string) string {
	if p := r.People.Person(id); p != nil && p.Name != "" {
		return p.Name
	}
	if p := r.People.Program(id); p != nil && p.Title != "" {
		return p.Title
	}
	if name := notPeople[id]; name != "" {
		return name
	}
	return id
}

// notPeople are names under which acts are recorded that are nobody's.
var notPeople = map[string]string{"modicum": "Modicum", "installation": "This installation", "nobody": "Somebody who was not signed in"}

// known is the id of whoever was typed: an id or a user name of the directory.
func (r *Record) known(typed string) (id string, known bool) {
	if typed == "modicum" || r.People.Person(typed) != nil || r.People.Program(typed) != nil {
		return typed, true
	}
	if p := r.People.ByUserName(typed); p != nil {
		return p.ID, true
	}
	return typed, false
}

// roleTitles names roles as the policy in force does; one that it no longer has by its name.
func (r *Record) roleTitles(roles []string) string {
	var out []string
	for _, name := range roles {
		title := words(name)
		if d, ok := r.Policy().RoleOf(name); ok && d.Title != "" {
			title = lowerFirst(d.Title)
		}
		out = append(out, title)
	}
	return strings.Join(out, " and ")
}
