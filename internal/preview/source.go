package preview

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"modicum/catalog"
	"modicum/policy"
)

// Where records of a look come from, as those who look and the record of a look call it.
const (
	MadeUp  = "made-up"
	Given   = "given"
	OwnView = "own-view"
)

// ErrOwn: the looker's own task shows nothing of the patient, or there is none.
var ErrOwn = errors.New("their own task shows nothing of this patient")

// Sample is a made-up patient.
type Sample struct {
	ID, Name, Note string
	Records        func() []byte // NDJSON
}

// Asker is who looks, as session or token and directory say.
type Asker struct {
	ID             string
	Roles, How     []string // How they signed in, as RFC 8176 calls it
	Network        string
	Dept, Facility string
	Practitioners  []string
	Client         string   // that asks in their name
	Purposes       []string // to which their token is bound; none: to no one
	Tokens         []string // ids of what they ask with: their end ends the answer
	// Until is when what they ask with ends by itself, and the answer with it; zero: it
	// does not.
	Until time.Time
}

// View reads a patient's records as the looker's own request for one of their own tasks:
// decided by the gate and on record like any other. [ErrOwn] says that it shows nothing,
// whatever the reason.
type View func(ctx context.Context, by Asker, task, patient string) ([]byte, error)

// Chosen is which records are looked at.
type Chosen struct {
	From    string // MadeUp, Given, OwnView
	Sample  string // of MadeUp: its id
	Text    string // of Given: JSON, a Bundle, or NDJSON
	Patient string // of OwnView: id of a Patient
	Own     string // of OwnView: ROLE/TASK of the looker's own
}

// Lack is one thing that a choice lacks.
type Lack struct{ Field, Say string }

// Samples are the made-up patients.
func (d *Desk) Samples() []Sample { return d.cfg.Samples }

// OwnTasks are those for which somebody may look at patients of ours: none where there is
// no upstream.
func (d *Desk) OwnTasks(by Asker) []policy.TaskInfo {
	if d.cfg.Own == nil {
		return nil
	}
	return d.cfg.Policy().TasksOf(by.Roles)
}

// Lacks says what a choice lacks; empty where it is whole.
func (d *Desk) Lacks(by Asker, c Chosen) (out []Lack) {
	lack := func(field, say string) { out = append(out, Lack{field, say}) }
	switch c.From {
	case MadeUp:
		if d.sample(c.Sample) < 0 {
			lack("sample", "Choose a made-up patient.")
		}
	case Given:
		if strings.TrimSpace(c.Text) == "" {
			lack("text", "Paste a resource, or choose a file.")
		}
	case OwnView:
		if !catalog.IsID(c.Patient) {
			lack("patient", "Name the patient by the id of the chart: letters, digits, - and . only.")
		}
		if !slices.ContainsFunc(d.OwnTasks(by), func(t policy.TaskInfo) bool { return t.ID == c.Own }) {
			lack("own", "Choose the task for which you may see this patient yourself.")
		}
	default:
		lack("from", "Records are made-up, given, or of your own view.")
	}
	return out
}

func (d *Desk) sample(id string) int {
	return slices.IndexFunc(d.cfg.Samples, func(s Sample) bool { return s.ID == id })
}

// See shows records of a choice that lacks nothing as a task of somebody else would.
func (d *Desk) See(ctx context.Context, by Asker, task string, c Chosen, assume []string) (*Answer, error) {
	q := Question{Who: by.ID, Task: task, Kind: c.From, Assume: assume}
	if c.From == OwnView {
		q.Patient = c.Patient
	}
	q.Records = func(ctx context.Context) ([]byte, error) { return d.chosen(ctx, by, c) }
	return d.Look(ctx, q)
}

// chosen are the records of a choice.
func (d *Desk) chosen(ctx context.Context, by Asker, c Chosen) ([]byte, error) {
	switch c.From {
	case Given:
		return []byte(c.Text), nil
	case OwnView:
		return d.cfg.Own(ctx, by, c.Own, c.Patient)
	}
	return d.cfg.Samples[d.sample(c.Sample)].Records(), nil
}
