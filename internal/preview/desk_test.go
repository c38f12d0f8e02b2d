package preview_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"modicum/internal/preview"
	"modicum/internal/sandbox"
	"modicum/ledger"
	"modicum/policy"
)

// diary is a record that can fail.
type diary struct {
	entries []*ledger.Act
	err     error
}

func (d *diary) Append(_ context.Context, e ledger.Entry, _ func(ledger.Tx) error) (ledger.Receipt, error) {
	if d.err != nil {
		return ledger.Receipt{}, d.err
	}
	d.entries = append(d.entries, e.(*ledger.Act))
	return ledger.Receipt{}, nil
}

// at is a desk under the sample policy, at noon.
func at(t *testing.T, log *diary, sure bool) *preview.Desk {
	t.Helper()
	set := sample(t)
	refs, err := ledger.NewRefs("t1", bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	d, err := preview.NewDesk(preview.DeskConfig{
		Policy: func() *policy.Set { return set }, Log: log, Refs: refs, Now: func() (time.Time, bool) { return noon, sure }, Random: rand.Reader,
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func given(text string) func(context.Context) ([]byte, error) {
	return func(context.Context) ([]byte, error) { return []byte(text), nil }
}

var care = []string{"assigned-patient", "during-shift", "active-episode"}

// TestL1_ALookAsAnotherIsOnRecordBeforeAnythingShows: who, as what, at what, assuming
// what, without a word of the records; and where it cannot be, nothing is shown.
func TestL1_ALookAsAnotherIsOnRecordBeforeAnythingShows(t *testing.T) {
	log := &diary{}
	d := at(t, log, true)
	ask := preview.Question{Who: "petra", Task: "nurse/give-care", Assume: care, Kind: "own-view", Patient: "p1",
		Records: given(`{"resourceType":"Patient","id":"p1","name":[{"family":"Okafor"}]}`)}
	a, err := d.Look(t.Context(), ask)
	if err != nil || len(a.Shown) != 1 || !a.Shown[0].There {
		t.Fatalf("%v %+v", err, a)
	}
	if len(log.entries) != 1 {
		t.Fatalf("%d entries", len(log.entries))
	}
	act := log.entries[0]
	want := []string{"nurse/give-care", "records:own-view", "count:1", "assumed:assigned-patient", "assumed:during-shift", "assumed:active-episode"}
	if act.Act != "seen-as" || act.Who != "petra" || !slices.Equal(act.What, want) || len(act.Patients) != 1 {
		t.Errorf("recorded %+v", act)
	}
	body, err := ledger.Encode(act)
	if err != nil || bytes.Contains(body, []byte("Okafor")) || bytes.Contains(body, []byte(`"p1"`)) {
		t.Errorf("the entry: %v %s", err, body)
	}
	log.err = ledger.ErrNotDurable
	if a, err := d.Look(t.Context(), ask); a != nil || !errors.Is(err, preview.ErrUnavailable) {
		t.Errorf("without a record: %v, %v", a, err)
	}
	if a, err := at(t, &diary{}, false).Look(t.Context(), ask); a != nil || !errors.Is(err, preview.ErrUnavailable) {
		t.Errorf("at no certain time: %v, %v", a, err)
	}
}

// TestALookTellsEverythingThatIsWrongAtOnce, with its place, and shows nothing.
func TestALookTellsEverythingThatIsWrongAtOnce(t *testing.T) {
	log := &diary{}
	d := at(t, log, true)
	look := func(text string, assume ...string) error {
		_, err := d.Look(t.Context(), preview.Question{Who: "petra", Task: "nurse/give-care", Assume: assume, Records: given(text)})
		return err
	}
	deep := `{"resourceType":"Patient","id":"p1","name":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + "}"
	for name, tt := range map[string]struct {
		text   string
		assume []string
		lines  int
		says   string
	}{
		"two records":   {deep + "\n" + deep, nil, 2, "line 2, column"},
		"no JSON":       {"{", nil, 1, "line 1, column"},
		"no type":       {`{"id":"p1"}`, nil, 1, "resourceType"},
		"nothing":       {"", nil, 1, "no resource"},
		"unknown facts": {`{"resourceType":"Patient","id":"p1"}`, []string{"moonlight", "broken-glass"}, 2, "moonlight"},
	} {
		var wrong *preview.WrongError
		if err := look(tt.text, tt.assume...); !errors.As(err, &wrong) || len(wrong.Lines) < tt.lines || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := look(strings.Repeat(`{"resourceType":"Patient","id":"p1"}`, preview.MostRecords+1)); !errors.Is(err, preview.ErrTooMany) {
		t.Errorf("too many: %v", err)
	}
	if err := look(strings.Repeat(" ", preview.MostBytes+1)); !errors.Is(err, preview.ErrTooMany) {
		t.Errorf("too large: %v", err)
	}
	if _, err := d.Look(t.Context(), preview.Question{Who: "petra", Task: "nurse/none", Records: given("{}")}); !errors.Is(err, preview.ErrTask) {
		t.Errorf("no task: %v", err)
	}
	if len(log.entries) != 0 {
		t.Errorf("%d entries of what showed nothing", len(log.entries))
	}
}

// TestAConditionIsAssumedAsItIsCalled: an item of one kind, and of no other.
func TestAConditionIsAssumedAsItIsCalled(t *testing.T) {
	shows := func(task string, assume ...string) (n int) {
		d := at(t, &diary{}, true)
		a, err := d.Look(t.Context(), preview.Question{Who: "petra", Task: task, Assume: assume, Records: given(string(sandbox.Chart("p1", noon)))})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range a.Shown {
			if s.There {
				n++
			}
		}
		return n
	}
	if n := shows("pharmacist/dispense", "dispense-item"); n == 0 {
		t.Error("with the item nothing shows")
	}
	if n := shows("pharmacist/dispense", "claim-item"); n != 0 {
		t.Errorf("with an item of another kind %d show", n)
	}
}

// TestWhatATaskAsksForCanBeAssumed: of every task of the sample, every fact that is
// offered is taken, and no condition of several facts is left in one word.
func TestWhatATaskAsksForCanBeAssumed(t *testing.T) {
	set := sample(t)
	tasks, chart := 0, sandbox.Chart("p1", noon)
	for task := range set.Tasks {
		if task.Role == "" {
			continue
		}
		tasks++
		p, err := preview.New(set, preview.As{Roles: []string{task.Role}, Task: task.ID}, noon)
		if err != nil {
			t.Fatal(err)
		}
		records, err := preview.Records("in", bytes.NewReader(chart))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			if err := p.Add(r); err != nil {
				t.Fatal(err)
			}
		}
		asks, restricts := preview.Facts(set, task)
		for _, f := range append(asks, restricts...) {
			if err := p.Assume(f.Name); err != nil || f.Means == "" {
				t.Errorf("%s: %s: %v", task.ID, f.Name, err)
			}
		}
	}
	if tasks < 30 {
		t.Errorf("only %d tasks", tasks)
	}
}
