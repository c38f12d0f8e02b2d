// Package reach answers what one of a person's tasks shows of a patient, class by
// class, and why not more, without asking for any record.
//
// The answer is a function of the person, the policy, and the facts about this person
// and this patient that permit. What it must not tell (threat model N4):
//
//   - whether there is such a patient or any record of them: nothing is fetched;
//   - which fact is missing, where the task does not reach the patient: who has none,
//     who has some, a patient who is not there and one whom a restriction hides whole
//     all get the same answer, which says what the policy asks for in general;
//   - whether a restriction takes something of a patient who is in reach: what is told
//     is what the lines give at their widest. A door that leaves something out looks
//     just like a record that is not there, and so must this.
//
// Each look is on record before it is answered, with the keyed reference of the patient.
package reach

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/google/uuid"

	"modicum/catalog"
	"modicum/internal/defect"
	"modicum/internal/facts"
	"modicum/ledger"
	"modicum/policy"
)

// Asker is who wants to know, as session and directory say.
type Asker struct {
	ID             string
	Roles          []string
	Dept, Facility string
	Partner        string
}

// Config is what a Reader is made of. All of it must be set.
type Config struct {
	Policy func() (*policy.Set, *facts.Index) // of one generation
	Log    ledger.Log
	Refs   interface{ Ref(patient string) string }
	Now    func() (time.Time, bool)
	Random io.Reader
}

// Reader looks. It is safe for concurrent use.
type Reader struct{ cfg Config }

var (
	// ErrTask: none of the asker's tasks has this id.
	ErrTask = errors.New("none of their tasks")
	// ErrUnavailable: the look could not be recorded, or the time is not certain.
	ErrUnavailable = errors.New("a look cannot be recorded now")
)

// New checks cfg and returns a Reader.
func New(cfg Config) (*Reader, error) {
	if cfg.Policy == nil || cfg.Log == nil || cfg.Refs == nil || cfg.Now == nil || cfg.Random == nil {
		return nil, errors.New("reach: Policy, Log, Refs, Now and Random must be set")
	}
	return &Reader{cfg}, nil
}

// Answer is what a task shows of a patient, as far as it may be told.
type Answer struct {
	Task    policy.TaskInfo
	Refused string // why the task shows this person nothing of anybody: "" where it does
	Reached bool
	Classes []Class // in the order of the catalog; of a patient in reach
	Marks   []Mark
	Needs   []Need   // the lines of the task, and what each asks for
	Unsaid  []Unsaid // what nobody knows yet, so that no task shows any patient
}

// Class is one class of data.
type Class struct {
	Class       catalog.Class
	Name, Title string
	Shows       policy.Treatment
	Masked      bool // masked until asked for, one value at a time
	Never       bool // the role never sees it, by any way
	Lent        bool // a line of this task shows it, by a grant
	Explicit    bool // named nowhere but by itself
}

// Mark is a marking of records, and whether they show all the same.
type Mark struct {
	Name, Title string
	Shows       bool
	Never       bool
}

// Need is what one line of the task asks for, in the words of the policy.
type Need struct {
	Line, While, Within, Lent string
	Marked                    []string
	Glass                     bool
}

// Look answers for one task ("role/task") of the asker and one patient.
func (r *Reader) Look(ctx context.Context, by Asker, task, patient string) (*Answer, error) {
	set, ix := r.cfg.Policy()
	now, sure := r.cfg.Now()
	i := slices.IndexFunc(set.TasksOf(by.Roles), func(t policy.TaskInfo) bool { return t.ID == task })
	if i < 0 {
		return nil, ErrTask
	}
	a := &Answer{Task: set.TasksOf(by.Roles)[i]}
	if err := r.record(ctx, by, task, patient, now, sure); err != nil {
		return nil, err
	}
	l := look{set: set, ix: ix, now: now, sure: sure, answer: a, sub: facts.Subject{Person: by.ID, Roles: by.Roles, Dept: by.Dept, Facility: by.Facility}}
	l.needs()
	a.Unsaid = unsaid(set, ix)
	if l.admit(by) {
		l.patient(patient)
	}
	return a, nil
}

// record writes down who looked, before anything is told (D11).
func (r *Reader) record(ctx context.Context, by Asker, task, patient string, now time.Time, sure bool) error {
	if !sure {
		return ErrUnavailable
	}
	if defect.On(defect.LookUnrecorded) {
		return nil
	}
	id, err := uuid.NewV7FromReader(r.cfg.Random)
	if err != nil {
		return errors.Join(ErrUnavailable, err)
	}
	act := &ledger.Act{
		Act: "reach-looked-up", At: now.UnixMicro(), ID: id.String(), Kind: ledger.KindAct, Schema: ledger.Schema,
		Who: by.ID, Behalf: by.ID, What: []string{task}, Patients: []string{r.cfg.Refs.Ref("Patient/" + patient)},
	}
	if _, err := r.cfg.Log.Append(ctx, act, nil); err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return nil
}
