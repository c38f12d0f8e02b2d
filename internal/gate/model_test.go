package gate_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"modicum/catalog"
	"modicum/internal/caller"
	"modicum/internal/fhirjson"
	"modicum/internal/gate"
	"modicum/internal/reference"
	"modicum/policy"
)

// modelPolicy tries what the gate works out for a record: objects, dates, marks,
// place, author, several patients, restrictions that narrow.
const modelPolicy = `
-- conditions.yaml --
sources:
  adt: {title: Admissions, fresh: 1 hour, programs: [adt-feed]}
  roster: {title: Roster, fresh: 1 day, programs: [roster-feed]}
  people: {title: Personnel, fresh: 7 days, programs: [people-feed]}
  old: {title: Has not spoken for long, fresh: 15 minutes, programs: [old-feed]}
  mute: {title: Never read whole, fresh: 1 hour, programs: [mute-feed]}
facts:
  assigned: {means: Looks after., about: patient, from: [adt, old]}
  item: {means: A work item., about: patient, from: [adt, old], carries: [object]}
  permit: {means: A permit., about: patient, from: [adt], carries: [classes, marked]}
  period: {means: Some dates., about: patient, from: [adt], carries: [dates]}
  agreed: {means: We agreed., about: patient, from: [people, old], carries: [classes, marked]}
  unheard: {means: Nobody knows., about: patient, from: [mute]}
  shift: {means: On shift., about: caller, from: [roster]}
  contract: {means: In force., about: caller, from: [roster], carries: [classes, marked]}
  is-patient: {means: The caller is the patient., about: patient, from: [people]}
-- restrictions.yaml --
restrictions:
  own-record: {title: Own chart, cite: organization policy, hide: everything, while: [is-patient], say: No.}
  agreed: {title: Agreed, cite: a law, hide: everything, of: agreed, unless: [period], say: No.}
  unheard: {title: Unheard, cite: a law, hide: [clinical.medication], while: [unheard], say: No.}
  notes: {title: Notes, cite: a law, hide: [clinical.note.psychotherapy], unless: [author], say: No.}
-- roles/walker.yaml --
role: walker
title: Walker
owner: boss
review: 12 months
say: What the record is about.
tasks:
  walk:
    title: Walk
    purpose: treatment
    do: [read, search]
    while: [assigned]
    see: {keep: [demographics.name, clinical.problem, clinical.medication, clinical.procedure, clinical.list], mask: [clinical.lab]}
    within: {of: item}
    also:
      - {see: {keep: [admin.encounter, clinical.lab, clinical.procedure, clinical.list, clinical.note.psychotherapy, financial.claim]}, marked: [sensitive.hiv, sensitive.mental-health], within: {of: permit}}
      - {see: {keep: [clinical.problem, clinical.lab, clinical.procedure, clinical.list, clinical.note.psychotherapy]}, within: {back: 30 days}}
      - {see: {keep: [clinical.problem, clinical.procedure, clinical.list, admin.encounter]}, marked: [sensitive.hiv], within: {place: department}}
      - {see: {keep: [clinical.lab, financial.claim]}, within: {place: facility, of: [period]}}
      - {while: [author], see: {keep: [clinical.note.psychotherapy]}, within: whole-record}
      - {see: {keep: [clinical.note-index], coarse: [financial.claim], mask: [clinical.note.psychotherapy]}, marked: [sensitive.hiv, sensitive.mental-health], within: {of: permit}}
never: [identifiers.ssn]
`

// TestFC30_AnEventIsThereForTheLineThatNamesIt: another line that shows something of
// the event, an address here, does not bring it forth.
func TestFC30_AnEventIsThereForTheLineThatNamesIt(t *testing.T) {
	h := newHouse(t, `
-- roles/auditor.yaml --
role: auditor
title: Auditor
owner: boss
review: 12 months
say: Events of a case.
tasks:
  look:
    title: Look at events
    purpose: it
    do: [read, search]
    while: [shift]
    see: {keep: [identifiers.ip-address]}
    justify: Addresses of machines.
    also:
      - {while: [assigned], see: {keep: [security.audit]}}
`)
	h.feed(map[string]string{"roster": `{"source":"roster","whole":"2026-11-23T11:59:00Z"}
{"fact":"shift","who":"bob","source":"roster","recorded_by":"roster"}
{"fact":"shift","who":"alice","source":"roster","recorded_by":"roster"}
`})
	event := `{"resourceType":"AuditEvent","id":"v1","type":{"code":"rest"},"recorded":"2026-11-01T00:00:00Z","agent":[{"requestor":true,"network":{"address":"10.1.2.3"}}],` +
		`"source":{"observer":{"reference":"Device/1"}},"entity":[{"what":{"reference":"Patient/p1"}}]}`
	for who, there := range map[string]bool{"bob": false, "alice": true} { // alice looks after p1
		h.staff[who].Roles = []string{"auditor"}
		s := must(h.list(who, "AuditEvent", "p1"))(t)
		if got := h.judge(s, event)[0].There; got != there {
			t.Errorf("%s: the event is there: %v, want %v", who, got, there)
		}
	}
	h.gate.Wait()
}

// TestF2_APerformerIsReadThoughAPatient: by patient and subject a request says whose
// records it wants; any other reference to a patient is read like anything else.
func TestF2_APerformerIsReadThoughAPatient(t *testing.T) {
	h := newHouse(t, `
-- roles/clinician.yaml --
role: clinician
title: Clinician
owner: boss
review: 12 months
say: That there is a result.
tasks:
  chart:
    title: Know of results
    purpose: treatment
    do: [read, search]
    while: [assigned]
    see: {mask: [clinical.lab], keep: [clinical.note-index, clinical.problem]}
    also:
      - {do: [read, search], see: {mask: [clinical.note.psychotherapy], keep: [clinical.note]}, marked: [sensitive.mental-health]}
`)
	p1 := []gate.Ref{{Type: h.typ("Patient"), ID: "p1"}}
	ask := func(typ string, k ...gate.Criterion) (*gate.Session, error) {
		return h.searches.Open(t.Context(), &gate.Ask{Caller: h.staff["alice"], Type: h.typ(typ), Patients: []string{"p1"}, Criteria: k})
	}
	result := `{"resourceType":"Observation","id":"o1","status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}],` +
		`"code":{"text":"x"},"subject":{"reference":"Patient/p1"},"performer":[{"reference":"Patient/p1"}]}`
	if s := must(ask("Observation"))(t); !h.judge(s, result)[0].There {
		t.Fatal("a masked result is not there: the test tries nothing")
	}
	if s := must(ask("Observation", gate.Criterion{Param: h.param("Observation", "subject"), Refs: p1}))(t); !h.judge(s, result)[0].There {
		t.Error("a result of the patient who is asked for is not there")
	}
	if s, err := ask("Observation", gate.Criterion{Param: h.param("Observation", "performer"), Refs: p1}); err == nil && h.judge(s, result)[0].There {
		t.Error("who performed is hidden, and was matched on")
	}
	note := `{"resourceType":"DocumentReference","id":"d1","meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"PSYTHPN"}]},"status":"current",` +
		`"type":{"coding":[{"system":"http://loinc.org","code":"34748-4"}]},"description":"x","subject":{"reference":"Patient/p1"},"content":[{"attachment":{"title":"x"}}]}`
	if s := must(ask("DocumentReference"))(t); !h.judge(s, note)[0].There {
		t.Fatal("a masked note is not there: the test tries nothing")
	}
	if s := must(ask("DocumentReference", gate.Criterion{Param: h.param("DocumentReference", "description")}))(t); h.judge(s, note)[0].There {
		t.Error("the description of a note that is masked as a whole was matched on")
	}
	h.gate.Wait()
}

// said is one statement of a fact, as a line of NDJSON and as the model has it.
type said struct {
	line    map[string]any
	patient string
	in      reference.Instance
}

// modelWorld is a drawn clinic, told to the gate and to the model.
type modelWorld struct {
	*rand.Rand
	h     *house
	scan  *fhirjson.Scanner
	facts []said
}

func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

func (w *modelWorld) classes() ([]string, reference.Classes) {
	var names []string
	set := reference.Classes{}
	for _, name := range []string{"clinical.problem", "clinical.lab", "clinical.medication", "admin.encounter", "clinical.note.psychotherapy", "financial.claim"} {
		if w.IntN(3) > 0 {
			names = append(names, name)
			covered, _ := catalog.R4().Covered(name)
			for c := range covered.All {
				set[c] = true
			}
		}
	}
	return names, set
}

func (w *modelWorld) marks() ([]string, reference.Overlays) {
	var names []string
	set := reference.Overlays{}
	for _, name := range []string{"sensitive.hiv", "sensitive.mental-health", "sensitive.sud"} {
		if w.IntN(2) == 0 {
			c, _ := catalog.R4().Class(name)
			o, _ := catalog.R4().OverlayOf(c)
			names, set[o] = append(names, name), true
		}
	}
	return names, set
}

// state draws one statement about walter and a patient.
func (w *modelWorld) state(fact, source, patient string, n int) {
	s := said{patient: patient, in: reference.Instance{Fact: fact, Permits: source != "old"}}
	s.line = map[string]any{
		"fact": fact, "who": "walter", "patient": "Patient/" + patient, "source": source, "recorded_by": "x", "id": fmt.Sprint("f", n),
	}
	switch fact {
	case "item":
		s.in.Object = pick(w.Rand, "Encounter/e1", "Encounter/e2", "Claim/k1", "Claim/k2", "Account/a1", "Observation/o1", "Claim/none")
		s.line["object"] = s.in.Object
	case "permit", "agreed":
		s.line["classes"], s.in.Classes = w.classes()
		s.line["marked"], s.in.Marked = w.marks()
		if s.line["classes"].([]string) == nil || s.line["marked"].([]string) == nil {
			return
		}
	case "period":
		s.in.Dated = true
		s.in.From, s.in.Until = noon.AddDate(0, 0, -w.IntN(60)), noon.AddDate(0, 0, -w.IntN(20))
		if !s.in.From.Before(s.in.Until) {
			return
		}
		s.line["dates"] = map[string]string{"from": s.in.From.Format(time.RFC3339), "until": s.in.Until.Format(time.RFC3339)}
	}
	w.facts = append(w.facts, s)
}

// feed draws all facts and gives them to the gate.
func (w *modelWorld) feed() {
	n := 0
	for _, patient := range []string{"p1", "p2"} {
		for _, may := range []struct {
			fact, source string
			percent      int
		}{
			{"assigned", "adt", 80}, {"item", "adt", 70}, {"item", "adt", 70}, {"item", "old", 70}, {"permit", "adt", 70},
			{"permit", "adt", 70}, {"period", "adt", 70}, {"agreed", "people", 15}, {"agreed", "old", 15}, {"is-patient", "people", 8},
		} {
			if n++; w.IntN(100) < may.percent {
				w.state(may.fact, may.source, patient, n)
			}
		}
	}
	lines := map[string]string{"adt": "", "roster": "", "people": "", "old": ""}
	for source := range lines {
		at := noon.Add(-time.Minute)
		if source == "old" {
			at = noon.Add(-24 * time.Hour)
		}
		lines[source] = fmt.Sprintf("{\"source\":%q,\"whole\":%q}\n", source, at.Format(time.RFC3339))
	}
	for _, s := range w.facts {
		b, err := json.Marshal(s.line)
		if err != nil {
			w.h.t.Fatal(err)
		}
		lines[s.line["source"].(string)] += string(b) + "\n"
	}
	w.h.feed(lines)
}

// about is what the model is told about a patient.
func (w *modelWorld) about(patient string) reference.About {
	a := reference.About{Facts: map[string]reference.Truth{"unheard": {Unknown: true}}}
	for _, s := range w.facts {
		if s.patient != patient {
			continue
		}
		t := a.Facts[s.in.Fact]
		t.Last, t.Holds = true, t.Holds || s.in.Permits
		a.Facts[s.in.Fact] = t
		a.Instances = append(a.Instances, s.in)
	}
	return a
}

// records draws a shelf of records that look each other up.
func (w *modelWorld) records() map[string]string {
	all := map[string]string{}
	add := func(typ, id, rest string) {
		all[typ+"/"+id] = fmt.Sprintf(`{"resourceType":%q,"id":%q,%s}`, typ, id, strings.Trim(rest, ","))
	}
	patient := func(name string) string {
		return fmt.Sprintf(`,%q:{"reference":"Patient/%s"}`, name, pick(w.Rand, "p1", "p1", "p2"))
	}
	maybe := func(text string) string {
		if w.IntN(2) == 0 {
			return ""
		}
		return "," + text
	}
	labels := func() string {
		return pick(w.Rand, "", "", "", `,"meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"HIV"}]}`,
			`,"meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"PSY"},{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"HIV"}]}`,
			`,"meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"CEL"}]}`,
			`,"meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"PSYTHPN"}]}`)
	}
	day := func() string { return noon.AddDate(0, 0, -w.IntN(60)).Format("2006-01-02") }
	visit := func(name string) string {
		return maybe(fmt.Sprintf(`%q:{"reference":"Encounter/%s"}`, name, pick(w.Rand, "e1", "e2", "gone")))
	}
	for _, id := range []string{"e1", "e2"} {
		add("Encounter", id, `"status":"finished","class":{"code":"AMB"},"type":[{"text":"x"}]`+patient("subject")+labels()+
			maybe(`"location":[{"location":{"reference":"Location/l1"}}]`)+maybe(`"serviceProvider":{"reference":"Organization/h1"}`)+
			maybe(`"account":[{"reference":"Account/a1"}]`)+maybe(`"period":{"start":"`+day()+`"}`))
	}
	for _, id := range []string{"o1", "o2"} {
		add("Observation", id, `"status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}],"code":{"text":"x"}`+
			patient("subject")+labels()+visit("encounter")+maybe(`"effectiveDateTime":"`+day()+`"`)+pick(w.Rand, "", `,"performer":[{"reference":"Patient/p2"}]`, `,"performer":[{"reference":"Patient/p1"},{"reference":"Patient/p2"}]`))
		add("Procedure", id, `"status":"completed","code":{"text":"x"}`+patient("subject")+labels()+maybe(fmt.Sprintf(`"reasonReference":[{"reference":"%s"}]`,
			pick(w.Rand, "Condition/o1", "Condition/o2", "Observation/o1", "Procedure/o1", "Procedure/o2", "Condition/gone", "https://elsewhere.example/Condition/1", "https://up.example/fhir/Condition/o1", "#x"))))
		add("List", id, `"status":"current","mode":"working"`+patient("subject")+maybe(fmt.Sprintf(`"entry":[{"item":{"reference":"%s"}},{"item":{"reference":"%s"}}]`,
			pick(w.Rand, "Procedure/o1", "List/o1", "List/o2", "Patient/p1"), pick(w.Rand, "Condition/o1", "Procedure/o2", "Claim/k1", "Practitioner/w"))))
		add("Condition", id, `"code":{"text":"x"}`+patient("subject")+labels()+visit("encounter")+maybe(`"recordedDate":"`+day()+`"`)+maybe(`"recorder":{"reference":"Practitioner/w"}`))
		add("Claim", strings.Replace(id, "o", "k", 1), `"status":"active","type":{"text":"x"},"use":"claim","provider":{"reference":"Practitioner/1"},"priority":{"text":"x"},"created":"`+day()+`"`+
			patient("patient")+labels()+maybe(`"item":[{"sequence":1,"productOrService":{"text":"x"},"encounter":[{"reference":"Encounter/`+pick(w.Rand, "e1", "e2")+`"}]}]`))
		add("DocumentReference", id, `"status":"current","type":{"coding":[{"system":"http://loinc.org","code":"34748-4"}]},"content":[{"attachment":{"title":"x"}}]`+
			patient("subject")+labels()+maybe(`"author":[{"reference":"Practitioner/w"}]`)+maybe(`"date":"`+day()+`T10:00:00Z"`))
	}
	for _, id := range []string{"p1", "p2"} {
		add("Patient", id, `"name":[{"family":"x"}]`+labels())
	}
	add("Account", "a1", `"status":"active","subject":[{"reference":"Patient/p1"}]`+labels())
	add("Practitioner", "w", `"name":[{"family":"x"}]`)
	return all
}

// TestN8_TheGateWorksOutRecordsAsTheModelDoes: drawn facts, visits, objects and
// records; the gate's verdict of each record is the model's (rule 7, design 5).
func TestN8_TheGateWorksOutRecordsAsTheModelDoes(t *testing.T) {
	seen := map[string]int{}
	h := newHouse(t, modelPolicy)
	h.staff["walter"] = &caller.Caller{
		ID: "walter", Roles: []string{"walker"}, Dept: "l1", Facility: "h1", Practitioners: []string{"Practitioner/w"},
	}
	scan := fhirjson.New(h.set.Catalog(), fhirjson.Limits{Base: "https://up.example/fhir"})
	for seed := range uint64(160) {
		w := &modelWorld{Rand: rand.New(rand.NewPCG(seed, 5)), h: h, scan: scan}
		w.feed()
		for range 3 {
			w.compare(t, seed, seen)
		}
	}
	t.Log(seen)
	for what, least := range map[string]int{"records": 4000, "there": 800, "by a line of also": 200, "restricted": 200, "several patients": 20, "dropped by a criterion": 8} {
		if seen[what] < least {
			t.Errorf("%s: %d, want %d at least", what, seen[what], least)
		}
	}
}

func (w *modelWorld) compare(t *testing.T, seed uint64, seen map[string]int) {
	t.Helper()
	records := w.records()
	w.h.shelf.bodies = records
	model := reference.New(w.h.set.Folder(), w.h.set.Catalog())
	world := &reference.World{
		Reader: reference.Reader{Catalog: w.h.set.Catalog(), Base: "https://up.example/fhir"},
		Now:    noon, Department: "l1", Facility: "h1", Practitioners: []string{"Practitioner/w"}, About: w.about,
		Holds: func(ref string) *reference.Tree { return parsed(t, records[ref]) },
	}
	for _, ref := range slices.Sorted(maps.Keys(records)) {
		typ, _, _ := strings.Cut(ref, "/")
		ask := &gate.Ask{Caller: w.h.staff["walter"], Type: w.h.typ(typ), Patients: []string{"p1", "p2"}, Criteria: w.criteria(typ)}
		d := model.Admit(w.request(typ, ask.Criteria))
		s, err := w.h.searches.Open(t.Context(), ask)
		if err != nil || d.Why != policy.Admitted {
			if err == nil || d.Why != policy.Admitted && d.Why != policy.NeverKept && len(ask.Criteria) == 0 {
				t.Fatalf("seed %d, %s: the gate says %v, the model %v", seed, ref, err, d.Why)
			}
			continue // the gate refuses criteria that no line could keep of any record
		}
		got := w.judge(s, records[ref])
		want := world.Judge(d, parsed(t, records[ref]))
		for _, k := range ask.Criteria {
			if want.There && !want.Keeps(k.Param) {
				want.There = false
				seen["dropped by a criterion"]++
			}
		}
		if got.There != want.There || got.There && got.Verdict.View != want.Verdict.ViewOf() {
			t.Fatalf("seed %d, %s: the gate says there %v, %s, the model there %v, %s by lines %v\n%s\n%s", seed, ref, got.There,
				w.told(got.Verdict.View), want.There, w.told(want.Verdict.ViewOf()), want.Verdict.Lines, records[ref]+records["Encounter/e1"]+records["Encounter/e2"], w.facts)
		}
		count(seen, want)
		w.h.gate.Wait()
	}
}

// judge is what the gate says of one record.
func (w *modelWorld) judge(s *gate.Session, body string) gate.Judgement {
	w.scan.Reset()
	r, err := w.scan.Resource([]byte(body))
	if err != nil {
		w.h.t.Fatal(err)
	}
	js, err := s.Judge(w.h.t.Context(), []*fhirjson.Record{r}, nil)
	if err != nil {
		w.h.t.Fatal(err)
	}
	return js[0]
}

// told spells a view.
func (w *modelWorld) told(v policy.View) string {
	var out []string
	for c := range v.Shown().All {
		out = append(out, w.h.set.Catalog().Name(c)+": "+v.Of(c).String())
	}
	return strings.Join(out, ", ")
}

// String is the statement as it is fed.
func (s said) String() string { return fmt.Sprint(s.line) }

func count(seen map[string]int, j *reference.Judgement) {
	seen["records"]++
	if len(j.Verdict.Restrictions) > 0 {
		seen["restricted"]++
	}
	if !j.There {
		return
	}
	seen["there"]++
	if len(j.Patients) > 1 {
		seen["several patients"]++
	}
	for l := range j.Verdict.Lines {
		if strings.Contains(l, "#") {
			seen["by a line of also"]++
			break
		}
	}
}

func parsed(t *testing.T, text string) *reference.Tree {
	t.Helper()
	if text == "" {
		return nil
	}
	tree, err := reference.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// criteria draws what is asked for beside the patients: nothing, or a parameter that
// reads what a line may or may not keep.
func (w *modelWorld) criteria(typ string) []gate.Criterion {
	var all []*catalog.Param
	for _, p := range w.h.set.Catalog().Params(w.h.typ(typ)) {
		if p.Kind != catalog.ReferenceParam && p.Kind != catalog.CompositeParam && !p.Common && !p.ValueDependent && !p.ReadsUnknown() {
			all = append(all, p)
		}
	}
	if len(all) == 0 || w.IntN(2) == 0 {
		return nil
	}
	return []gate.Criterion{{Param: pick(w.Rand, all...)}}
}

// request is the same in the model's terms: what is read whatever the record is.
func (w *modelWorld) request(typ string, criteria []gate.Criterion) *reference.Request {
	r := &reference.Request{Roles: []string{"walker"}, Verb: policy.Read, Shows: w.shows(typ), Reads: reference.Classes{}}
	for _, k := range criteria {
		for c := range k.Param.Classes(catalog.OfRecord).All {
			r.Reads[c] = true
		}
		if !k.Param.Narrow {
			r.Verb = policy.Search
		}
	}
	return r
}

// shows are the classes that a record of the type can bear.
func (w *modelWorld) shows(typ string) reference.Classes {
	out := reference.Classes{}
	for c := range w.h.set.Catalog().ShowsOf(w.h.typ(typ)).All {
		out[c] = true
	}
	return out
}
