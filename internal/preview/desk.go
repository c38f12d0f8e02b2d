package preview

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"

	"modicum/internal/defect"
	"modicum/ledger"
	"modicum/policy"
)

// Bounds of one look at a Desk.
const (
	MostBytes   = 1 << 20
	MostRecords = 500
)

var (
	// ErrTask: the policy in force has no such task.
	ErrTask = errors.New("the policy has no such task")
	// ErrUnavailable: the look could not be recorded, or the time is not certain.
	ErrUnavailable = errors.New("a look cannot be recorded now")
	// ErrTooMany: there are more records than a look shows.
	ErrTooMany = errors.New("there are more records than one look shows")
)

// WrongError: what was given are no records, or cannot hold what is assumed. It is for
// whoever gave them, and for no log.
type WrongError struct{ Lines []string }

// Error is all lines.
func (e *WrongError) Error() string { return strings.Join(e.Lines, "\n") }

// DeskConfig is what a Desk is made of. All of it must be set but Samples and Own.
type DeskConfig struct {
	Samples []Sample // made-up patients to look at
	Own     View     // nil: there is no upstream to look at
	Policy  func() *policy.Set
	Log     ledger.Log
	Refs    interface{ Ref(patient string) string }
	Now     func() (time.Time, bool)
	Random  io.Reader
}

// Desk is where somebody sees records as a task of somebody else would show them. Each
// look is on record before anything of it is shown: who looked, as which task, at what
// kind of records, assuming what. The records themselves are kept nowhere.
type Desk struct{ cfg DeskConfig }

// NewDesk checks cfg and returns a Desk.
func NewDesk(cfg DeskConfig) (*Desk, error) {
	if cfg.Policy == nil || cfg.Log == nil || cfg.Refs == nil || cfg.Now == nil || cfg.Random == nil {
		return nil, errors.New("preview: Policy, Log, Refs, Now and Random must be set")
	}
	return &Desk{cfg}, nil
}

// Question is one look.
type Question struct {
	Who     string   // looks
	Task    string   // ROLE/TASK, as which they look
	Assume  []string // facts and conditions that are to hold
	Kind    string   // of the records, for the record of the look: made-up, given, own-view
	Patient string   // whom records of the upstream are about; "" of others
	// Records are what is looked at: JSON, a Bundle, or NDJSON. Whoever reads them from an
	// upstream must have them decided as the looker's own request: a Desk only takes away.
	Records func(context.Context) ([]byte, error)
}

// Answer is what a look shows.
type Answer struct {
	Set   *policy.Set
	Task  policy.TaskInfo
	Shown []Shown
}

// Look shows records as a task would. A [WrongError] says everything that is wrong with them.
func (d *Desk) Look(ctx context.Context, q Question) (*Answer, error) {
	set := d.cfg.Policy()
	task, ok := set.Task(q.Task)
	if !ok || task.Role == "" {
		return nil, ErrTask
	}
	now, sure := d.cfg.Now()
	if !sure {
		return nil, ErrUnavailable
	}
	text, err := q.Records(ctx)
	if err != nil {
		return nil, err
	}
	p, err := d.laid(set, &task, text, now)
	if err != nil {
		return nil, err
	}
	wrong := &WrongError{}
	for _, name := range q.Assume {
		wrong.add(p.Assume(name))
	}
	if len(wrong.Lines) > 0 {
		return nil, wrong
	}
	if err := d.record(ctx, &q, len(p.read), now); err != nil {
		return nil, err
	}
	shown, err := p.Show(ctx)
	return &Answer{set, task, shown}, err
}

// laid is a Preview with the records in it.
func (d *Desk) laid(set *policy.Set, task *policy.TaskInfo, text []byte, now time.Time) (*Preview, error) {
	if len(text) > MostBytes {
		return nil, ErrTooMany
	}
	records, err := Records("line", bytes.NewReader(text))
	wrong := &WrongError{}
	if wrong.add(err); err != nil {
		return nil, wrong
	}
	if len(records) > MostRecords {
		return nil, ErrTooMany
	}
	p, err := New(set, As{Roles: []string{task.Role}, Task: task.ID}, now)
	if err != nil {
		return nil, err
	}
	for _, r := range records {
		wrong.add(p.Add(r))
	}
	if len(wrong.Lines) > 0 {
		return nil, wrong
	}
	return p, nil
}

// mostLines is how many things that are wrong are told at once.
const mostLines = 20

func (e *WrongError) add(err error) {
	if err == nil || len(e.Lines) == mostLines {
		return
	}
	text := err.Error()
	var at *InputError
	if errors.As(err, &at) {
		text = fmt.Sprintf("line %d, column %d: %s", at.Line, at.Col, at.Text)
	}
	e.Lines = append(e.Lines, text)
}

// record puts the look on record.
func (d *Desk) record(ctx context.Context, q *Question, count int, now time.Time) error {
	if defect.On(defect.SeeAsUnrecorded) {
		return nil
	}
	id, err := uuid.NewV7FromReader(d.cfg.Random)
	if err != nil {
		return errors.Join(ErrUnavailable, err)
	}
	act := &ledger.Act{
		Act: "seen-as", At: now.UnixMicro(), ID: id.String(), Kind: ledger.KindAct, Schema: ledger.Schema, Who: q.Who,
		What: []string{q.Task, "records:" + q.Kind, fmt.Sprintf("count:%d", count)},
	}
	for _, name := range q.Assume {
		act.What = append(act.What, "assumed:"+name)
	}
	if q.Patient != "" {
		act.Patients = []string{d.cfg.Refs.Ref("Patient/" + q.Patient)}
	}
	if _, err := d.cfg.Log.Append(ctx, act, nil); err != nil {
		return errors.Join(ErrUnavailable, err)
	}
	return nil
}
