package observe_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"modicum/catalog"
	"modicum/internal/fhirjson"
	"modicum/internal/gate"
	"modicum/internal/observe"
	"modicum/internal/sandbox"
	"modicum/ledger"
	"modicum/policy"
)

// asked is what both installations are asked, as everybody on the staff.
var asked = []string{
	"Patient/p1", "Patient/p3", "Condition/c1", "Condition?patient=p1", "Observation?patient=p1", "MedicationRequest?patient=p1", "Encounter?patient=p1",
	"AllergyIntolerance?patient=p2", "Coverage?patient=p1", "Claim?patient=p1", "Patient?birthdate=ge1900-01-01", "Observation?code=2160-0&patient=p1",
	"DocumentReference?patient=p1", "Condition?patient=p1,p2,p3", "Organization", "Practitioner/alice", "Patient/nobody",
	"Patient/p1/_history/1", "Observation/o1/_history", "Observation/o1-hiv/_history/1",
}

// gap is what was found to differ between the two answers, in the words of the report.
type gap struct {
	refused, refusedRecords, withheld, partly int64
	classes                                   map[string]int64 // task and class → records
}

// TestObserveReportIsTheDifference: the report of an installation that observes equals
// what differs between its answers and those of one that enforces, over the same
// hospital and the same requests. The difference is taken from the answers alone.
func TestObserveReportIsTheDifference(t *testing.T) {
	up, address := newHospital(t)
	plain, enforced := open(t, address, "observe"), open(t, address, "enforce")
	want := gap{classes: map[string]int64{}}
	data := 0
	for _, p := range sandbox.Staff {
		for _, path := range asked {
			a, b := plain.get(p, p.Tasks[0], path), enforced.get(p, p.Tasks[0], path)
			if a.mode != "observe" || b.mode != "" {
				t.Fatalf("%s %s: modes %q and %q", p.ID, path, a.mode, b.mode)
			}
			all, seen := a.records(t), b.records(t)
			data += len(all)
			for id, r := range all {
				if sent := raw(up, id); !alike(sent, r) {
					t.Errorf("%s %s: %s did not leave whole: %v, upstream %v", p.ID, path, id, r, sent)
				}
			}
			want.add(t, p, b, all, seen)
		}
	}
	if data < 500 || want.refused < 10 || want.withheld < 10 || want.partly < 10 {
		t.Fatalf("too little to compare: %d records, %+v", data, want)
	}
	got := plain.report()
	var is gap
	is.classes = map[string]int64{}
	for _, r := range got.Refused {
		is.refused += r.Requests
		is.refusedRecords += r.Records
		if len(r.Examples) == 0 {
			t.Errorf("%+v names no example", r)
		}
	}
	for _, k := range got.Tasks {
		is.withheld += k.Withheld
		is.partly += k.Partly
		for _, c := range k.Classes {
			is.classes[k.Role+" "+c.Class] += c.Records
		}
	}
	if is.refused != want.refused || is.refusedRecords != want.refusedRecords || is.withheld != want.withheld || is.partly != want.partly {
		t.Errorf("the report says %d refused (%d records), %d withheld, %d in part; the answers differ by %d (%d), %d, %d",
			is.refused, is.refusedRecords, is.withheld, is.partly, want.refused, want.refusedRecords, want.withheld, want.partly)
	}
	for _, k := range slices.Sorted(maps.Keys(join(is.classes, want.classes))) {
		if is.classes[k] != want.classes[k] {
			t.Errorf("%s: the report says %d records, the answers %d", k, is.classes[k], want.classes[k])
		}
	}
	if len(got.Unread) != 0 {
		t.Errorf("refused though observed: %+v", got.Unread)
	}
}

func join(a, b map[string]int64) map[string]int64 {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}

// add compares one pair of answers.
func (g *gap) add(t *testing.T, p sandbox.Person, enforced answer, all, seen map[string]map[string]any) {
	t.Helper()
	if enforced.status != http.StatusOK && enforced.status != http.StatusNotFound {
		g.refused++
		g.refusedRecords += int64(len(all))
		return
	}
	for id, r := range all {
		s := seen[id]
		if s == nil {
			g.withheld++
			continue
		}
		lost := minus(leaves(r), leaves(s))
		if len(lost) == 0 {
			continue
		}
		g.partly++
		for class := range classesOf(t, r, lost) {
			g.classes[p.Role+" "+class]++
		}
	}
}

// leaves lists the values of a record with their paths, places in lists left aside.
func leaves(v any) map[string]int {
	out := map[string]int{}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, x := range v {
				walk(path+"."+k, x)
			}
		case []any:
			for _, x := range v {
				walk(path, x)
			}
		default:
			out[fmt.Sprintf("%s=%v", path, v)]++
		}
	}
	walk("", v)
	return out
}

func minus(a, b map[string]int) map[string]int {
	out := map[string]int{}
	for k, n := range a {
		if n > b[k] {
			out[k] = n - b[k]
		}
	}
	return out
}

// classesOf finds the classes of lost values without asking what enforces: a value is
// of a class when it goes with that class alone left out of everything and shows with
// none beside it but the record's own, and of none when it goes with nothing left out.
func classesOf(t *testing.T, r map[string]any, lost map[string]int) map[string]bool {
	t.Helper()
	body, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	cat := catalog.R4()
	whole, own := shown(t, body, cat.Content()), classOf(t, body)
	out := map[string]bool{}
	for k, n := range lost {
		switch {
		case whole[k] < n:
			out["-"] = true
		case whole[k] == n: // else another value of the same text shows: this one tells nothing
			for c := range cat.Content().All {
				only := catalog.ClassSet{}.With(c)
				if shown(t, body, cat.Content().Minus(only))[k] == 0 && shown(t, body, only.With(own))[k] > 0 {
					out[cat.Name(c)] = true
				}
			}
		}
	}
	return out
}

// classOf is the class of a record.
func classOf(t *testing.T, body []byte) catalog.Class {
	t.Helper()
	s := scanners.Get()
	defer scanners.Put(s)
	rec, err := s.Resource(body)
	if err != nil {
		t.Fatal(err)
	}
	return rec.Class
}

// made are projections that were made before: the staff sees the same few records.
var made = map[string]map[string]int{}

var scanners = fhirjson.NewPool(catalog.R4(), fhirjson.Limits{})

// shown are the values of a record of which these classes are kept, whatever it refers
// to.
func shown(t *testing.T, body []byte, keep catalog.ClassSet) map[string]int {
	t.Helper()
	key := fmt.Sprintf("%s %x", body, keep)
	if known, ok := made[key]; ok {
		return known
	}
	s := scanners.Get()
	defer scanners.Put(s)
	rec, err := s.Resource(body)
	if err != nil {
		t.Fatal(err)
	}
	out, _, err := s.Project(nil, rec, &fhirjson.Shape{
		View: policy.View{Keep: keep}, Year: 2026,
		PatientInScope: func([]byte) bool { return true }, Visible: func(catalog.Type, []byte) bool { return true },
	})
	if err != nil {
		t.Fatal(err)
	}
	made[key] = map[string]int{}
	if len(out) > 0 {
		a := answer{status: http.StatusOK, body: out}
		for _, r := range a.records(t) {
			made[key] = leaves(r)
		}
	}
	return made[key]
}

// raw is the record as the upstream has it.
func raw(up *sandbox.Server, id string) map[string]any {
	var out map[string]any
	up.All(func(name string, body []byte) bool {
		if name == id {
			_ = json.Unmarshal(body, &out)
		}
		return out == nil
	})
	return out
}

func alike(a, b map[string]any) bool {
	return a != nil && maps.Equal(leaves(a), leaves(b))
}

// TestObserveIsRecordedAndDerivedAgain: whatever was observed is explained from its
// record to the bit, and its entries say that it was only observed.
func TestObserveIsRecordedAndDerivedAgain(t *testing.T) {
	_, address := newHospital(t)
	h := open(t, address, "observe")
	for _, p := range sandbox.Staff {
		for _, path := range asked {
			h.get(p, p.Tasks[0], path)
		}
		h.get(p, "no-such-task", "Patient/p1")
	}
	of := map[string][]ledger.Entry{}
	var ids []string
	for _, e := range h.entries() {
		if e.Header().Kind == ledger.KindAct {
			continue
		}
		id := e.Header().ID
		if of[id] == nil {
			ids = append(ids, id)
		}
		of[id] = append(of[id], e)
	}
	would := 0
	for _, id := range ids {
		d := of[id][0].(*ledger.Decision)
		if d.Mode != ledger.Observe || d.Effect != ledger.Admit {
			t.Errorf("a decision is recorded as %q, %s", d.Mode, d.Effect)
		}
		if d.Would == ledger.Refuse {
			would++
		}
		r, err := gate.Replay(h.server.Generation().Set, of[id])
		if err != nil || len(r.Differences) > 0 {
			t.Fatalf("%s %v: %v %v", d.Who, d.Asked, err, r.Differences)
		}
	}
	if len(ids) < 200 || would < 20 {
		t.Errorf("only %d decisions, %d of them refused by the policy", len(ids), would)
	}
}

// TestObserveKeepsEnforcedRoles: whoever holds a role that is enforced gets what the
// policy gives, whatever else is observed; and everybody is told which of both it is.
func TestObserveKeepsEnforcedRoles(t *testing.T) {
	_, address := newHospital(t)
	h, strict := open(t, address, "observe", "billing-specialist"), open(t, address, "enforce")
	bob, dan := sandbox.Staff[4], sandbox.Staff[13]
	for _, path := range asked {
		a, b := h.get(bob, bob.Tasks[0], path), strict.get(bob, bob.Tasks[0], path)
		if a.mode != "enforce" || a.status != b.status || strings.ReplaceAll(string(a.body), h.web.URL, strict.web.URL) != string(b.body) {
			t.Errorf("%s: an enforced role got %d in mode %q, enforcing gives %d", path, a.status, a.mode, b.status)
		}
	}
	if a := h.get(dan, dan.Tasks[0], "Patient/p1"); a.mode != "observe" || a.status != http.StatusOK {
		t.Errorf("another role: %d, mode %q", a.status, a.mode)
	}
	if a := h.get(sandbox.Person{}, "", "Patient/p1"); a.status != http.StatusUnauthorized || a.mode != "observe" {
		t.Errorf("nobody: %d, mode %q", a.status, a.mode)
	}
	if a := h.get(dan, dan.Tasks[0], "Patient/p1/$everything?_filter=x"); a.status < 400 {
		t.Errorf("what nothing reads was passed on: %d", a.status)
	}
	r := h.report()
	if len(r.Unread) != 2 || r.Observed != 1 {
		t.Errorf("the report counts %d observed and %+v refused", r.Observed, r.Unread)
	}
}

// TestObserveNamesExamples: at most so many decisions, each of them once.
func TestObserveNamesExamples(t *testing.T) {
	c := observe.New()
	for i := range 9 {
		id := fmt.Sprintf("01a20b3b-b8f1-75e7-8843-7fe0e435acc%d", i)
		c.Add(&ledger.Decision{ID: id, Mode: ledger.Observe, Effect: ledger.Admit, Role: "nurse", Task: "give-care"})
		c.Add(&ledger.Outcome{ID: id, Views: []ledger.View{{"mask": {"identifiers.ssn"}}}, Verdicts: []ledger.Verdict{
			{Type: "Patient", Count: 2, Observed: true, Lost: []string{"identifiers.ssn", "clinical.problem"}},
			{Type: "Condition", View: ledger.Withheld, Because: "view", Observed: true},
			{Type: "Condition", View: ledger.Withheld, Because: "page"},
		}})
	}
	r := c.Report()
	k := r.Tasks[0]
	if r.Observed != 9 || r.Alike != 0 || k.Records != 27 || k.Partly != 18 || k.Withheld != 9 || len(k.Absent) != 1 || len(k.Absent[0].Examples) != observe.Examples {
		t.Errorf("got %+v", r)
	}
	want := []observe.Class{{Class: "clinical.problem", How: "omit", Records: 18}, {Class: "identifiers.ssn", How: "mask", Records: 18}}
	for i, c := range k.Classes {
		if c.Class != want[i].Class || c.How != want[i].How || c.Records != want[i].Records || len(c.Examples) != observe.Examples {
			t.Errorf("got %+v, want %+v", c, want[i])
		}
	}
}
