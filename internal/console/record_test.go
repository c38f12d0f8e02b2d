package console_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"modicum/internal/gate"
	"modicum/internal/oversight"
	"modicum/internal/testkit"
	"modicum/ledger"
	"modicum/ledger/ledgertest"
	"modicum/policy"
)

// shelf is a record in memory. It remembers what was asked of it, and in which order with
// what was recorded.
type shelf struct {
	found  []*oversight.Recorded
	asked  []oversight.Query
	next   int64
	until  int64
	differ []string
	replay error
	reads  int // of anything
	ends   int // after how many reads nothing is older; 0: next stays what it is
	// look, where it is set, is what the nth look waits for, or fails with.
	look func(ctx context.Context, n int) error
}

func (s *shelf) Find(ctx context.Context, q oversight.Query) (p oversight.Page, err error) {
	s.reads++
	if s.look != nil {
		if err := s.look(ctx, s.reads); err != nil {
			return p, err
		}
	}
	s.asked = append(s.asked, q)
	for _, r := range s.found {
		p.Found = append(p.Found, *r)
	}
	if s.ends == 0 || s.reads < s.ends {
		p.Next, p.Until = s.next, s.until
	}
	return p, nil
}

func (s *shelf) Entry(_ context.Context, id string) (*oversight.Recorded, error) {
	s.reads++
	for i, r := range s.found {
		if r.Entries[0].Header().ID != id {
			continue
		}
		if i > 0 {
			r.Newer = s.found[i-1].Entries[0].Header().ID
		}
		return r, nil
	}
	return nil, oversight.ErrNone
}

func (s *shelf) Replay(context.Context, *oversight.Recorded) (*gate.Replayed, error) {
	return &gate.Replayed{Differences: s.differ}, s.replay
}

func (s *shelf) Prove(_ context.Context, id string) ([]byte, error) {
	s.reads++
	if _, err := s.Entry(context.Background(), id); err != nil {
		return nil, err
	}
	return []byte("c2sp.org/tlog-proof@v1\n"), nil
}

// kept is a log that may be full.
type keptLog struct {
	mu   sync.Mutex
	acts []*ledger.Act
	full bool
}

func (l *keptLog) Append(_ context.Context, e ledger.Entry, _ func(ledger.Tx) error) (ledger.Receipt, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.full {
		return ledger.Receipt{}, errors.New("disk full at SECRET")
	}
	if _, err := ledger.Encode(e); err != nil { // what the record would not take
		return ledger.Receipt{}, err
	}
	l.acts = append(l.acts, e.(*ledger.Act))
	return ledger.Receipt{}, nil
}

func (l *keptLog) last(t testing.TB) *ledger.Act {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.acts) == 0 {
		t.Fatal("nobody is on record")
	}
	return l.acts[len(l.acts)-1]
}

// library is a console with the pages of the record, some of it filled.
type library struct {
	*hospital
	shelf *shelf
	log   *keptLog
}

func recorded(t testing.TB, entries ...ledger.Entry) *oversight.Recorded {
	t.Helper()
	r := &oversight.Recorded{Origin: "modicum.hospital.example/main"}
	for i, e := range entries {
		b, err := ledger.Encode(e)
		if err != nil {
			t.Fatal(err)
		}
		r.Entries, r.Bodies, r.Index = append(r.Entries, e), append(r.Bodies, b), append(r.Index, int64(4711+i))
	}
	return r
}

func newLibrary(t testing.TB) *library {
	t.Helper()
	h := newHospital(t).as("petra")
	h.record.found = happenings(t)
	return &library{h, h.record, h.reads}
}

// happenings are a nurse's search, a refusal, an answer that was cut off, and an act.
func happenings(t testing.TB) []*oversight.Recorded {
	at := noon.UnixMicro()
	d := ledgertest.Decision(1)
	d.At, d.Who, d.Roles, d.Role, d.Task = at, "nina", []string{"nurse"}, "nurse", "give-care"
	d.Purpose, d.PurposeCode, d.Interaction, d.Asked = "treatment", "TREAT", "search-type", []string{"Observation", "patient", "category"}
	d.Reasons, d.Grant, d.Obligations = []string{"nurse/give-care/1"}, ledgertest.ID(77), []string{"part-2-notice"}
	d.Generation.Semantics = policy.Semantics
	d.Facts = ledger.Facts{Holds: []string{"during-shift"}, Unknown: []string{"own-chart"}}
	d.Patients = []string{ledgertest.Patient(1)}
	o := ledgertest.Outcome(1)
	o.At, o.Counts = at+120_000, ledger.Counts{Shown: 12, Withheld: 3}
	o.Patients = d.Patients
	o.Views = []ledger.View{{"keep": {"demographics.name", "clinical.lab", "clinical.vital-sign"}, "mask": {"identifiers.ssn"}, "coarse": {"demographics.birth-date"}}}
	o.Verdicts = []ledger.Verdict{{Type: "Observation", Count: 12, Patients: []int{0}}, {Type: "Observation", Count: 3, View: ledger.Withheld, Because: "view", Marked: []string{"sensitive.hiv code"}, Patients: []int{0}}}
	no := ledgertest.Decision(2)
	no.At, no.Who, no.Roles, no.Role, no.Task, no.Effect = at-60e6, "bob", []string{"denials-specialist"}, "", "", ledger.Refuse
	no.Interaction, no.Asked, no.Purpose, no.Reasons, no.View = "read", []string{"DiagnosticReport"}, "", []string{"no-verb"}, nil
	no.Generation.Semantics = policy.Semantics
	cut := ledgertest.Decision(3)
	cut.At, cut.Who, cut.Roles, cut.Role, cut.Task, cut.Patients = at-3600e6, "dora", []string{"physician"}, "physician", "treat", nil
	cut.Interaction, cut.Asked, cut.Purpose = "everything", []string{"Patient"}, "treatment"
	cut.Generation.Semantics = policy.Semantics
	cutEnd := ledgertest.Outcome(3)
	cutEnd.At, cutEnd.End = at-3599e6, ledger.Aborted
	opened := ledgertest.Opened(3, 1)
	opened.At = at - 3600e6
	act := ledgertest.Act(4)
	act.At, act.Who, act.Act, act.What, act.Patients = at-86400e6, "dora", "glass-broken", []string{ledgertest.ID(78)}, []string{ledgertest.Patient(9)}
	return []*oversight.Recorded{recorded(t, d, o), recorded(t, no), recorded(t, cut, opened, cutEnd), recorded(t, act)}
}

// TestL2_WhoReadsTheRecordIsOnRecordFirst: a search, its file, an entry and its proof, each
// an act of its own before anything is looked up.
func TestL2_WhoReadsTheRecordIsOnRecordFirst(t *testing.T) {
	l := newLibrary(t)
	id := ledgertest.ID(1)
	for _, tt := range []struct{ path, what string }{
		{"/record", "search"}, {"/record?as=csv", "export"}, {"/record/" + id, "entry " + id}, {"/record/" + id + "/proof", "proof " + id},
		{"/record?who=nina%40hospital.example&effect=refuse", "search who=nina effect=refuse"}, {"/record?who=somebody+else", "search who"},
	} {
		status, _ := l.get(t, tt.path)
		if status != http.StatusOK {
			t.Fatalf("%s: %d", tt.path, status)
		}
		if a := l.log.last(t); a.Act != ledger.ActLogRead || a.Who != "petra" || strings.Join(a.What, " ") != tt.what {
			t.Errorf("%s: on record is %+v", tt.path, a)
		}
	}
	if n := len(l.log.acts); n != 6 {
		t.Errorf("%d acts for six readings", n)
	}
}

// TestL1_NothingOfTheRecordIsShownToWhoCannotBeRecorded: the page says so, and the record
// was not even asked.
func TestL1_NothingOfTheRecordIsShownToWhoCannotBeRecorded(t *testing.T) {
	l := newLibrary(t)
	l.log.full = true
	id := ledgertest.ID(1)
	for _, path := range []string{"/record", "/record?as=csv", "/record/" + id, "/record/" + id + "/proof"} {
		status, page := l.get(t, path)
		if status != http.StatusServiceUnavailable || !strings.Contains(page, "cannot be shown just now") || strings.Contains(page, "SECRET") {
			t.Errorf("%s: %d", path, status)
		}
	}
	status, page := l.post(t, "/record", "patient", "p1")
	if status != http.StatusServiceUnavailable || strings.Contains(page, "p1") {
		t.Errorf("a search for a patient: %d", status)
	}
	if l.shelf.reads != 0 {
		t.Errorf("the record was looked at %d times", l.shelf.reads)
	}
}

// TestC1_TheRecordIsForWhoHoldsTheDuty: others have no such page in the menu, and get the
// answer of every page that is not theirs; nothing is recorded as read.
func TestC1_TheRecordIsForWhoHoldsTheDuty(t *testing.T) {
	l := newLibrary(t)
	for _, who := range []string{"nina", "paul", "olga", "dora"} {
		l.as(who)
		for _, path := range []string{"/record", "/record/" + ledgertest.ID(1), "/record/" + ledgertest.ID(1) + "/proof", "/record/" + ledgertest.ID(999)} {
			if status, page := l.get(t, path); status != http.StatusForbidden || strings.Contains(page, `href="/record"`) || strings.Contains(page, "Observation") {
				t.Errorf("%s of %s: %d", path, who, status)
			}
		}
		if status, _ := l.post(t, "/record", "patient", "p1"); status != http.StatusForbidden {
			t.Errorf("a post of %s: %d", who, status)
		}
	}
	if len(l.log.acts) != 0 || l.shelf.reads != 0 {
		t.Error("something was read")
	}
	if _, page := l.as("petra").get(t, "/"); !strings.Contains(page, `href="/record"`) {
		t.Error("who may read it has it not in the menu")
	}
}

// TestC1_NoPatientStandsInAnAddressOfTheRecord: a search for one is answered to the post,
// by a keyed reference; the next page and the file are posts as well. One without a patient
// has an address.
func TestC1_NoPatientStandsInAnAddressOfTheRecord(t *testing.T) {
	l := newLibrary(t)
	l.shelf.next = 4000
	status, page := l.post(t, "/record", "patient", "Patient/p-secret", "who", "nina", "kind", "shown")
	if status != http.StatusOK {
		t.Fatalf("%d", status)
	}
	q := l.shelf.asked[len(l.shelf.asked)-1]
	if q.Patient == "" || strings.Contains(q.Patient, "secret") || q.Who != "nina" || !q.Shown || q.Kind != ledger.KindDecision {
		t.Errorf("asked %+v", q)
	}
	for _, href := range hrefs(page) {
		if strings.Contains(href, "secret") || strings.Contains(href, q.Patient) {
			t.Errorf("an address says %s", href)
		}
	}
	if _, title, _ := strings.Cut(page, "<title>"); strings.Contains(title[:60], "secret") {
		t.Error("the title says it")
	}
	if a := l.log.last(t); len(a.Patients) != 1 || a.Patients[0] != q.Patient || strings.Contains(strings.Join(a.What, " "), "secret") {
		t.Errorf("on record: %+v", a)
	}
	if status, _ = l.post(t, "/record", "patient", "p-secret", "before", "4000"); status != http.StatusOK || l.shelf.asked[len(l.shelf.asked)-1].Before != 4000 {
		t.Errorf("the next page: %d", status)
	}
	status, file := l.post(t, "/record", "patient", "p-secret", "as", "csv")
	if status != http.StatusOK || !strings.Contains(file, "give-care") || strings.Contains(file, "secret") {
		t.Errorf("the file: %d %s", status, file)
	}
	status, to := l.post(t, "/record", "who", "nina", "effect", "refuse")
	if status != http.StatusSeeOther || !strings.HasPrefix(to, "/record?effect=refuse&who=nina") {
		t.Errorf("without a patient: %d %s", status, to)
	}
	if status, _ := l.post(t, "/record", "who", "Mrs Smith"); status != http.StatusOK {
		t.Errorf("a name that nobody knows has an address: %d", status)
	}
	l.get(t, "/record?patient=p-secret")
	if q := l.shelf.asked[len(l.shelf.asked)-1]; q.Patient != "" {
		t.Error("a patient is taken from an address")
	}
}

func hrefs(page string) (out []string) {
	for _, part := range strings.Split(page, ` href="`)[1:] {
		href, _, _ := strings.Cut(part, `"`)
		out = append(out, href)
	}
	return out
}

// TestRecordIsToldInWords: rows, and everything that an entry says.
func TestRecordIsToldInWords(t *testing.T) {
	l := newLibrary(t)
	_, page := l.get(t, "/record")
	for _, want := range []string{
		"Nina Okafor, nurse, searched Observation of one patient, for treatment", "12 records shown, 3 withheld",
		"Bob Lindqvist, denials and appeals specialist, asked to read DiagnosticReport of one patient", "refused", "cut off", "Dora Weiss, MD broke the glass, about one patient",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the list does not say %q", want)
		}
	}
	_, page = l.get(t, "/record/"+ledgertest.ID(1))
	for _, want := range []string{
		"treatment (TREAT)", "/grants/" + ledgertest.ID(77), "Part 2 notice", "12 × Observation", "3 × Observation", "no line of the task shows anything of it",
		"during shift", "own chart", "nurse/give-care/1", "The same answer follows from what is recorded", "/proof", "modicum ledger verify", "&#43;1f2e3d4c&#43;", "&#34;kind&#34;:&#34;decision&#34;", ledgertest.Patient(1),
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the entry does not say %q", want)
		}
	}
	if _, page := l.get(t, "/record/"+ledgertest.ID(4)); !strings.Contains(page, `href="/grants/`+ledgertest.ID(78)) {
		t.Error("an act does not lead to what it is about")
	}
	_, page = l.get(t, "/record/"+ledgertest.ID(2))
	if !strings.Contains(page, "No line of the task does this") || !strings.Contains(page, "/record/"+ledgertest.ID(1)) {
		t.Error("a refusal does not say why, or not what lies beside it")
	}
	for _, id := range []string{ledgertest.ID(999), "nothing", "..%2f..%2fetc"} {
		if status, _ := l.get(t, "/record/"+id); status != http.StatusNotFound {
			t.Errorf("%s: %d", id, status)
		}
	}
}

// TestDerivedAgainIsSaidAsItIs: agreement, difference, and what cannot be derived.
func TestDerivedAgainIsSaidAsItIs(t *testing.T) {
	l := newLibrary(t)
	path := "/record/" + ledgertest.ID(1)
	for _, tt := range []struct {
		name   string
		differ []string
		err    error
		says   string
	}{
		{"it agrees", nil, nil, "The same answer follows from what is recorded"},
		{"it differs", []string{"view of Observation: recorded and derived differ"}, nil, "It does not follow from what is recorded with it"},
		{"no policy", nil, oversight.ErrNoPolicy, "not among the archived ones"},
		{"another catalog", nil, gate.ErrOtherGeneration, "under another catalog"},
	} {
		l.shelf.differ, l.shelf.replay = tt.differ, tt.err
		_, page := l.get(t, path)
		if !strings.Contains(page, tt.says) || (tt.name != "it agrees") == strings.Contains(page, "The same answer follows from what is recorded") {
			t.Errorf("%s: not said", tt.name)
		}
	}
	l.shelf.differ, l.shelf.replay = nil, nil
	l.shelf.found[0].Entries[0].(*ledger.Decision).Generation.Semantics = policy.Semantics + 1
	if _, page := l.get(t, path); !strings.Contains(page, "of the reading rules") || strings.Contains(page, "The same answer follows from what is recorded") {
		t.Error("an unknown version of the reading rules is guessed")
	}
}

// TestC2_WhatStandsInTheRecordIsTextAlone: script in every text of an entry, on every page,
// and formulas in the file.
func TestC2_WhatStandsInTheRecordIsTextAlone(t *testing.T) {
	const bad = `=1+1"'><script>window.ran=1</script><img src=x onerror=window.ran=1>{{.}}`
	b := newBrowser(t)
	l := newLibrary(t)
	d, o := ledgertest.Decision(1), ledgertest.Opened(1, 1)
	for _, s := range []*string{&d.Who, &d.Behalf, &d.Client, &d.Door, &d.Exemption, &d.Flow, &d.Grant, &d.Interaction, &d.Network, &d.Purpose, &d.PurposeCode, &d.Role, &d.Scope, &d.Task, &d.Generation.Policy} {
		*s = bad
	}
	for _, s := range []*[]string{&d.Alerts, &d.Asked, &d.Obligations, &d.Reasons, &d.Roles, &d.Scopes, &d.Facts.Holds, &d.Facts.Bites, &d.Facts.Unknown} {
		*s = []string{bad}
	}
	d.View = ledger.View{"keep": {bad}}
	o.Views = []ledger.View{{"keep": {bad}, "mask": {bad}}}
	o.Verdicts = []ledger.Verdict{{Type: bad, Because: bad, Marked: []string{bad}}, {Type: bad, Because: bad, Marked: []string{bad}, View: ledger.Withheld}, {Type: bad, Observed: true, Lost: []string{bad}}}
	a := ledgertest.Act(2)
	a.Who, a.Behalf, a.Reason, a.What, a.Hashes = bad, bad, bad, []string{bad}, nil
	l.shelf.found = []*oversight.Recorded{recorded(t, d, o), recorded(t, a)}
	l.shelf.differ = []string{bad}
	l.posted(t)
	for _, path := range []string{"/record", "/record/" + d.ID, "/record/" + a.ID, "/posted?to=/record&patient=p1"} {
		b.open(l.web.URL + path)
		if eval[bool](b, `"ran" in window || document.querySelectorAll("main img, main script").length > 0`) {
			t.Errorf("%s: what stands in the record is more than text", path)
		}
		if !eval[bool](b, `document.body.textContent.includes("window.ran=1")`) {
			t.Errorf("%s does not show the text", path)
		}
	}
	b.quiet()
	_, file := l.get(t, "/record?as=csv")
	if strings.Contains(file, "\n=") || strings.Contains(file, ",=") || strings.Contains(file, `"=`) {
		t.Errorf("a formula leaves: %s", file)
	}
}

// TestAFileOfTheRecordLooksABoundedWayBack: whatever fits, and its last line says how far.
func TestAFileOfTheRecordLooksABoundedWayBack(t *testing.T) {
	few := happenings(t)[:1]
	for name, tt := range map[string]struct {
		found []*oversight.Recorded
		ends  int
		said  bool
	}{
		"nothing fits":           {nil, 1000, true},
		"little fits":            {few, 1000, true},
		"more than a file holds": {slices.Repeat(few, 499), 1000, true},
		"it is looked through":   {nil, 15, false},
		"all that there is fits": {few, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLibrary(t)
			l.shelf.found, l.shelf.ends, l.shelf.next, l.shelf.until = tt.found, tt.ends, 4000, noon.Add(-time.Hour).UnixMicro()
			_, file := l.get(t, "/record?as=csv")
			lines := strings.Split(strings.TrimSpace(file), "\n")
			if l.shelf.reads > 40 || len(lines) > 5002 {
				t.Errorf("looked %d times, %d lines", l.shelf.reads, len(lines))
			}
			last := lines[len(lines)-1]
			if said := strings.Contains(last, "what is older was left out") && strings.Contains(last, "2026-"); said != tt.said {
				t.Errorf("the last line: %s", last)
			}
		})
	}
}

// TestRecordFormSaysWhatIsWrong: all of it at once, with what was filled in.
func TestRecordFormSaysWhatIsWrong(t *testing.T) {
	l := newLibrary(t)
	status, page := l.post(t, "/record", "patient", "Anna Berg", "from", "yesterday", "task", "nurse/give-care", "role", "physician", "grant", "p1")
	for _, want := range []string{"4 things need another look", "id of the chart", "Write a day and a time", "not one of the role", "It is a number like"} {
		if status != http.StatusUnprocessableEntity || !strings.Contains(page, want) {
			t.Errorf("%d: does not say %q", status, want)
		}
	}
	if len(l.log.acts) != 0 || l.shelf.reads != 0 {
		t.Error("something was read")
	}
}

// TestTheWordOfTheRecordIsTheHashedOne: the raw text is what was hashed, to the byte.
func TestTheWordOfTheRecordIsTheHashedOne(t *testing.T) {
	b := newBrowser(t)
	l := newLibrary(t)
	b.open(l.web.URL + "/record/" + ledgertest.ID(1))
	got := eval[string](b, `document.querySelector("pre.raw").textContent`)
	if got != string(l.shelf.found[0].Bodies[0]) || !json.Valid([]byte(got)) {
		t.Errorf("got %s", got)
	}
	b.quiet()
}

// TestAReadingThatCannotBeRecordedLooksRight: the page of what is refused for it.
func TestAReadingThatCannotBeRecordedLooksRight(t *testing.T) {
	l := newLibrary(t)
	l.log.full = true
	testkit.Look(t, testkit.Chromium(t), l.web.URL+"/record")
}

// TestL2_WhatWasToldWithoutBeingShownIsSaidSo: a conditional create that finds several
// tells that they fit, and none of them leaves.
func TestL2_WhatWasToldWithoutBeingShownIsSaidSo(t *testing.T) {
	l := newLibrary(t)
	d, o := ledgertest.Decision(1), ledgertest.Outcome(1)
	d.At, d.Who, d.Interaction, d.Asked, d.Generation.Semantics = noon.UnixMicro(), "nina", "search-type", []string{"Condition", "code"}, policy.Semantics
	o.At, o.Status, o.Counts = d.At, http.StatusPreconditionFailed, ledger.Counts{Shown: 2}
	l.record.found = []*oversight.Recorded{recorded(t, d, o)}
	if _, page := l.get(t, "/record"); !strings.Contains(page, "told that 2 records fit") || strings.Contains(page, "2 records shown") {
		t.Errorf("the record says: %s", page)
	}
}
