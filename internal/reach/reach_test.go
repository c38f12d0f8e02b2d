package reach_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"modicum/catalog"
	"modicum/internal/facts"
	"modicum/internal/reach"
	"modicum/ledger"
	"modicum/policy"
)

var now = time.Date(2026, 11, 27, 18, 0, 0, 0, time.UTC)

// log keeps entries, or cannot.
type log struct {
	entries []ledger.Entry
	err     error
}

func (l *log) Append(_ context.Context, e ledger.Entry, _ func(ledger.Tx) error) (ledger.Receipt, error) {
	if l.err != nil {
		return ledger.Receipt{}, l.err
	}
	l.entries = append(l.entries, e)
	return ledger.Receipt{}, nil
}

// refs are references that a test can read.
type refs struct{}

func (refs) Ref(patient string) string {
	return "r1:" + strings.Repeat("-", 24-len(patient)%24) + strings.ReplaceAll(patient, "/", "_")
}

type ward struct {
	*reach.Reader
	set   *policy.Set
	facts *facts.Store
	log   *log
}

// newWard reads every source whole, with these facts.
func newWard(t *testing.T, stated ...string) *ward {
	t.Helper()
	set, problems := policy.Load(os.DirFS("../../policy-sample"), catalog.R4())
	if set == nil {
		t.Fatal(problems)
	}
	voc := facts.FromPolicy(set, set.Folder(), nil)
	voc.Sources = slices.Clone(voc.Sources)
	var body bytes.Buffer
	for i := range voc.Sources {
		voc.Sources[i].Programs = []string{"feed"}
		fmt.Fprintf(&body, "{\"source\":%q,\"whole\":%q}\n", voc.Sources[i].Name, now.Format(time.RFC3339))
	}
	clock := func() (time.Time, bool) { return now, true }
	store := facts.NewStore(voc, clock, nil)
	for _, text := range append([]string{body.String()}, stated...) {
		if _, problems, err := store.State("feed", true, []byte(text), func(facts.Act) error { return nil }); err != nil || len(problems) > 0 {
			t.Fatal(err, problems)
		}
	}
	w := &ward{set: set, facts: store, log: &log{}}
	var err error
	w.Reader, err = reach.New(reach.Config{
		Policy: func() (*policy.Set, *facts.Index) { return set, store.Index() },
		Log:    w.log, Refs: refs{}, Now: clock, Random: rand.Reader,
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

var nina = reach.Asker{ID: "nina", Roles: []string{"nurse"}}

const (
	shift    = `{"fact":"during-shift","who":"nina","from":"2026-11-27T12:00:00Z","until":"2026-11-28T00:00:00Z","source":"roster","recorded_by":"roster"}`
	assigned = `{"fact":"assigned-patient","who":"nina","patient":"Patient/%s","from":"2026-11-27T12:00:00Z","until":"2026-11-28T00:00:00Z","source":"adt","recorded_by":"clerk"}`
	episode  = `{"fact":"episode","who":"*","patient":"Patient/%s","object":"Encounter/e-%[1]s","from":"2026-11-20T00:00:00Z","source":"adt","recorded_by":"clerk"}`
)

func (w *ward) look(t *testing.T, task, patient string) *reach.Answer {
	t.Helper()
	a, err := w.Look(t.Context(), nina, task, patient)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func class(t *testing.T, a *reach.Answer, name string) reach.Class {
	t.Helper()
	for _, c := range a.Classes {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("nothing is said of %s", name)
	return reach.Class{}
}

// TestLookSaysWhatATaskShows: what the lines keep, what the role never sees, and what
// nobody wrote down.
func TestLookSaysWhatATaskShows(t *testing.T) {
	w := newWard(t, shift, fmt.Sprintf(assigned, "p1"), fmt.Sprintf(episode, "p1"))
	a := w.look(t, "nurse/give-care", "p1")
	if !a.Reached || a.Refused != "" {
		t.Fatalf("not in reach: %+v", a)
	}
	if c := class(t, a, "clinical.lab"); c.Shows != policy.Keep || c.Never {
		t.Errorf("laboratory: %+v", c)
	}
	if c := class(t, a, "identifiers.ssn"); c.Shows != policy.Omit || !c.Never {
		t.Errorf("social security number: %+v", c)
	}
	if c := class(t, a, "coverage.member-id"); c.Shows != policy.Omit || c.Never {
		t.Errorf("member number: %+v", c)
	}
	shows := map[string]bool{}
	for _, m := range a.Marks {
		shows[m.Name] = m.Shows
	}
	if !shows["sensitive.hiv"] || shows["sensitive.sud-part2"] {
		t.Errorf("marked records: %v", shows)
	}
}

// TestN4_OutOfReachIsOneAnswer: a patient who is not there, one with a visit here,
// one of another nurse, oneself though assigned: one answer.
func TestN4_OutOfReachIsOneAnswer(t *testing.T) {
	w := newWard(t, shift, fmt.Sprintf(episode, "visits"),
		fmt.Sprintf(episode, "others"), strings.ReplaceAll(fmt.Sprintf(assigned, "others"), `"nina"`, `"otto"`),
		fmt.Sprintf(episode, "herself"), fmt.Sprintf(assigned, "herself"),
		`{"fact":"is-patient","who":"nina","patient":"Patient/herself","from":"2026-01-01T00:00:00Z","source":"people","recorded_by":"hr"}`,
		fmt.Sprintf(assigned, "closed"))
	want := w.look(t, "nurse/give-care", "nobody")
	if want.Reached || len(want.Classes) > 0 || len(want.Needs) < 2 {
		t.Fatalf("of nobody: %+v", want)
	}
	for _, patient := range []string{"visits", "others", "herself", "closed", "../x", ""} {
		if got := w.look(t, "nurse/give-care", patient); !reflect.DeepEqual(got, want) {
			t.Errorf("%s can be told from a patient who is not there", patient)
		}
	}
}

// TestN4_ALookTellsNothingOfRestrictions: of two patients in reach the one with an
// agreed restriction cannot be told.
func TestN4_ALookTellsNothingOfRestrictions(t *testing.T) {
	w := newWard(t, shift, fmt.Sprintf(assigned, "p1"), fmt.Sprintf(episode, "p1"), fmt.Sprintf(assigned, "p2"), fmt.Sprintf(episode, "p2"),
		`{"fact":"agreed-restriction","who":"*","patient":"Patient/p2","classes":["clinical.lab"],"from":"2026-01-01T00:00:00Z","source":"office","recorded_by":"office"}`)
	free, bound := w.look(t, "nurse/give-care", "p1"), w.look(t, "nurse/give-care", "p2")
	if !free.Reached || !reflect.DeepEqual(free, bound) {
		t.Errorf("a restriction is told of: %+v", class(t, bound, "clinical.lab"))
	}
}

// TestL1_ALookIsOnRecordBeforeItIsAnswered, by the reference of the patient alone, and
// where it cannot be, nothing is answered.
func TestL1_ALookIsOnRecordBeforeItIsAnswered(t *testing.T) {
	w := newWard(t, shift)
	w.look(t, "nurse/give-care", "p1")
	if len(w.log.entries) != 1 {
		t.Fatalf("%d entries", len(w.log.entries))
	}
	act := w.log.entries[0].(*ledger.Act)
	if act.Who != "nina" || !slices.Equal(act.What, []string{"nurse/give-care"}) || len(act.Patients) != 1 || !strings.HasSuffix(act.Patients[0], "-Patient_p1") {
		t.Errorf("recorded %+v", act)
	}
	if body, err := ledger.Encode(act); err != nil {
		t.Errorf("the entry may not stand in a log: %v %s", err, body)
	}
	w.log.err = ledger.ErrNotDurable
	if a, err := w.Look(t.Context(), nina, "nurse/give-care", "p1"); a != nil || !errors.Is(err, reach.ErrUnavailable) {
		t.Errorf("without a record: %v, %v", a, err)
	}
}

// TestLookIsForOnesOwnTasks: nobody asks what another role would see.
func TestLookIsForOnesOwnTasks(t *testing.T) {
	w := newWard(t)
	for _, task := range []string{"privacy-officer/investigate", "nurse/none", "give-care", ""} {
		if _, err := w.Look(t.Context(), nina, task, "p1"); !errors.Is(err, reach.ErrTask) || len(w.log.entries) > 0 {
			t.Errorf("%q: %v", task, err)
		}
	}
}

// TestLookSaysWhatStandsInTheWayOfEverybody: who is off shift is told so, whoever the
// patient is.
func TestLookSaysWhatStandsInTheWayOfEverybody(t *testing.T) {
	w := newWard(t, fmt.Sprintf(assigned, "p1"), fmt.Sprintf(episode, "p1"))
	a, b := w.look(t, "nurse/give-care", "p1"), w.look(t, "nurse/give-care", "nobody")
	if a.Refused == "" || !reflect.DeepEqual(a, b) {
		t.Errorf("off shift: %+v, of nobody %+v", a, b)
	}
}

// TestASourceThatNeverSaidAllHidesEverybody: which source, and what it hides, is told to
// whoever asks, since it is the same for every patient.
func TestASourceThatNeverSaidAllHidesEverybody(t *testing.T) {
	w := newWard(t, shift, fmt.Sprintf(assigned, "p1"), fmt.Sprintf(episode, "p1"))
	if got := w.Unsaid(); len(got) != 0 {
		t.Errorf("every source was read whole: %v", got)
	}
	voc := facts.FromPolicy(w.set, w.set.Folder(), nil)
	empty := facts.NewStore(voc, func() (time.Time, bool) { return now, true }, nil)
	r, err := reach.New(reach.Config{
		Policy: func() (*policy.Set, *facts.Index) { return w.set, empty.Index() },
		Log:    w.log, Refs: refs{}, Now: func() (time.Time, bool) { return now, true }, Random: rand.Reader,
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []reach.Unsaid{
		{Source: "people", Title: "Personnel file and patient portal", Hides: []string{"Own chart", "Family's chart"}},
		{Source: "office", Title: "Records, privacy and research offices", Hides: []string{"Restriction we agreed to"}},
	}
	if got := r.Unsaid(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

// TestASourceIsNotSaidToHideMoreThanItHides: a restriction that bites only beside a fact
// which is known hides those of whom that fact holds, and nobody else.
func TestASourceIsNotSaidToHideMoreThanItHides(t *testing.T) {
	sample := os.DirFS("../../policy-sample")
	folder := fstest.MapFS{}
	if err := fs.WalkDir(sample, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(sample, path)
		if path == "restrictions.yaml" {
			text = bytes.Replace(text, []byte("while: [relative-of]"), []byte("while: [relative-of, assigned-patient]"), 1)
			text = bytes.Replace(text, []byte("of: agreed-restriction"), []byte("of: agreed-restriction\n    while: [assigned-patient]"), 1)
		}
		folder[path] = &fstest.MapFile{Data: text}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	set, problems := policy.Load(folder, catalog.R4())
	if set == nil {
		t.Fatal(problems)
	}
	clock := func() (time.Time, bool) { return now, true }
	voc := facts.FromPolicy(set, set.Folder(), nil)
	voc.Sources = slices.Clone(voc.Sources)
	var body bytes.Buffer
	for i := range voc.Sources {
		voc.Sources[i].Programs = []string{"feed"}
		if name := voc.Sources[i].Name; name != "people" && name != "office" {
			fmt.Fprintf(&body, "{\"source\":%q,\"whole\":%q}\n", name, now.Format(time.RFC3339))
		}
	}
	store := facts.NewStore(voc, clock, nil)
	if _, problems, err := store.State("feed", true, body.Bytes(), func(facts.Act) error { return nil }); err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	r, err := reach.New(reach.Config{
		Policy: func() (*policy.Set, *facts.Index) { return set, store.Index() },
		Log:    &log{}, Refs: refs{}, Now: clock, Random: rand.Reader,
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []reach.Unsaid{{Source: "people", Title: "Personnel file and patient portal", Hides: []string{"Own chart"}}}
	if got := r.Unsaid(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}
