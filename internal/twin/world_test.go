package twin

import (
	"fmt"
	"hash/maphash"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"modicum/internal/reference"
)

// noon is the moment at which every session takes place.
var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// canary begins every invented name, number and text of a world, so that a log
// that repeats one is found by searching for it.
const canary = "Zq~"

// entry is one record of a world.
type entry struct {
	typ, id string
	name    string // Type/id
	body    *tree
	text    string   // of body
	names   []string // what the text refers to: Type/id
	sum     uint64   // of the text
	tree    *reference.Tree
}

func (e *entry) ref() string { return e.name }

func newEntry(body *tree) *entry {
	e := &entry{typ: body.get("resourceType").text(), id: body.get("id").text()}
	e.name = e.typ + "/" + e.id
	e.become(body)
	return e
}

// seed of the sums by which texts are told apart.
var seed = maphash.MakeSeed()

// become gives a record another body. A body that is in a world is not changed in
// place.
func (e *entry) become(body *tree) {
	e.body, e.text, e.tree, e.names = body, body.String(), nil, nil
	e.sum = maphash.String(seed, e.text)
	for part := range strings.SplitSeq(e.text, `"`) {
		if strings.Contains(part, "/") && !strings.Contains(part, "//") && !slices.Contains(e.names, part) {
			e.names = append(e.names, part)
		}
	}
}

// refersTo reports whether the record names another.
func (e *entry) refersTo(ref string) bool { return slices.Contains(e.names, ref) }

// world is a hospital: its records in the order in which its server holds them.
type world struct {
	entries  []*entry
	byRef    map[string]*entry // of entries
	patients []string
	past     map[string][]*entry // earlier versions, oldest first
	habits   habits
}

func (w *world) clone() *world {
	out := &world{byRef: map[string]*entry{}, patients: w.patients, past: maps.Clone(w.past), habits: w.habits}
	for i, e := range w.entries {
		same := *e
		out.insert(i, &same)
	}
	return out
}

// find returns a record, nil where the world has none.
func (w *world) find(ref string) *entry { return w.byRef[ref] }

// insert puts a record at a place among the others.
func (w *world) insert(i int, e *entry) {
	w.entries = slices.Insert(w.entries, i, e)
	w.byRef[e.ref()] = e
}

// remove takes records away.
func (w *world) remove(those func(*entry) bool) {
	w.entries = slices.DeleteFunc(w.entries, func(e *entry) bool {
		if those(e) {
			delete(w.byRef, e.ref())
			return true
		}
		return false
	})
}

// grower makes a world from a random source.
type grower struct {
	*rand.Rand
	w       *world
	ids     map[string]bool
	visits  map[string][]string // ids of a patient's encounters
	coverID map[string]string
	drugs   []string
}

const (
	icd          = "http://hl7.org/fhir/sid/icd-10-cm"
	loinc        = "http://loinc.org"
	rxnorm       = "http://www.nlm.nih.gov/research/umls/rxnorm"
	v2           = "http://terminology.hl7.org/CodeSystem/v2-0203"
	act          = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
	confidential = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
	obsCat       = "http://terminology.hl7.org/CodeSystem/observation-category"
	status       = "http://terminology.hl7.org/CodeSystem/condition-clinical"
	raceEx       = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race"
)

// problems are diagnoses of which some mark their record: HIV, mental health,
// substance use, sexually transmitted.
var problems = []string{"J45.0", "I10", "E11.9", "J45.0", "I10", "M54.5", "B20", "F20.0", "F11.20", "A54.0"}

var tests = []string{"718-7", "2160-0", "718-7", "20447-9", "2106-3"} // the fourth is an HIV viral load

// labels are security labels: three overlays, two that hide nothing, one that no
// catalog knows, and one that answers "restricted".
var labels = []string{
	label(act, "HIV"), label(act, "42CFRPart2"), label(act, "PSYTHPN"), label(act, "VIP"), label(confidential, "N"), label(confidential, "R"),
	label(act, "UNHEARD"), label(confidential, "R") + "," + label(act, "HIV"),
}

func label(system, code string) string {
	return fmt.Sprintf(`{"system":"%s","code":"%s"}`, system, code)
}

func grow(rng *rand.Rand) *world {
	g := &grower{Rand: rng, w: &world{byRef: map[string]*entry{}}, ids: map[string]bool{}, visits: map[string][]string{}, coverID: map[string]string{}}
	g.directory()
	for range 4 + g.IntN(4) {
		g.patient()
	}
	for _, p := range g.w.patients {
		g.chart(p, 1)
	}
	g.chart(pick(rng, g.w.patients), 4) // a long chart: searches of several pages
	g.shared()
	g.link()
	g.Shuffle(len(g.w.entries), func(i, j int) { g.w.entries[i], g.w.entries[j] = g.w.entries[j], g.w.entries[i] })
	for _, e := range g.w.entries {
		g.adorn(e.body)
		e.become(e.body)
	}
	g.w.habits = newHabits(rng)
	return g.w
}

func pick[T any](rng *rand.Rand, from []T) T { return from[rng.IntN(len(from))] }

func (g *grower) put(format string, args ...any) string {
	e := newEntry(parse(fmt.Sprintf(format, args...)))
	g.w.insert(len(g.w.entries), e)
	return e.id
}

// id returns a fresh id; ids tell nothing of age or kind.
func (g *grower) id(prefix string) string {
	for {
		if id := fmt.Sprintf("%s%03x", prefix, g.IntN(0x1000)); !g.ids[id] {
			g.ids[id] = true
			return id
		}
	}
}

func (g *grower) word() string { return fmt.Sprintf("%s%04x", canary, g.IntN(0x10000)) }

func (g *grower) chance(in int) bool { return g.IntN(in) == 0 }

// day is a date within the last year or so, or some years back.
func (g *grower) day() string {
	return noon.AddDate(0, 0, -g.IntN(500)).Format(time.DateOnly)
}

func (g *grower) directory() {
	for _, id := range []string{"org1", "org2"} {
		g.put(`{"resourceType":"Organization","id":"%s","active":true,"name":"%s Hospital"}`, id, g.word())
	}
	for _, id := range []string{"ward1", "ward2", "lab1"} {
		g.put(`{"resourceType":"Location","id":"%s","status":"active","name":"%s Ward","managingOrganization":{"reference":"Organization/org1"}}`, id, g.word())
	}
	for _, id := range []string{"doc1", "doc2", "doc3"} {
		g.put(`{"resourceType":"Practitioner","id":"%s","active":true,"name":[{"family":"%s","given":["Test"]}],"telecom":[{"system":"phone","value":"%s-555"}],"birthDate":"%s"}`, id, g.word(), g.word(), g.day())
	}
	for range 5 {
		g.drugs = append(g.drugs, g.put(`{"resourceType":"Medication","id":"%s","code":{"coding":[{"system":"%s","code":"%s"}],"text":"%s"},"status":"active"}`,
			g.id("drug"), rxnorm, pick(g.Rand, []string{"29046", "8640", "195085"}), g.word()))
	}
}

func (g *grower) patient() {
	id := g.id("p")
	g.w.patients = append(g.w.patients, id)
	g.put(`{"resourceType":"Patient","id":"%s","active":true,"identifier":[`+
		`{"type":{"coding":[{"system":"`+v2+`","code":"MR"}]},"system":"urn:mrn","value":"%s"},`+
		`{"type":{"coding":[{"system":"`+v2+`","code":"SS"}]},"system":"http://hl7.org/fhir/sid/us-ssn","value":"%s"},`+
		`{"system":"urn:other","value":"%s"}],`+
		`"name":[{"use":"official","family":"%s","given":["%s"]},{"use":"old","family":"%s"}],`+
		`"telecom":[{"system":"phone","value":"%s"},{"system":"email","value":"%s@x.example"},{"value":"%s"}],`+
		`"gender":"%s","birthDate":"%s","address":[{"use":"home","line":["1 %s St"],"city":"%s","state":"IL","postalCode":"6060%d"}],`+
		`"maritalStatus":{"text":"%s"},"contact":[{"name":{"family":"%s"},"telecom":[{"system":"phone","value":"%s"}]}],`+
		`"generalPractitioner":[{"reference":"Practitioner/doc1","display":"%s"}]}`,
		id, g.word(), g.word(), g.word(), g.family(), g.word(), g.family(), g.word(), g.word(), g.word(),
		pick(g.Rand, []string{"female", "male", "unknown"}), noon.AddDate(-g.IntN(95), 0, -g.IntN(300)).Format(time.DateOnly),
		g.word(), g.word(), g.IntN(10), g.word(), g.word(), g.word(), g.word())
}

// family names repeat, so that a look-up may find several.
func (g *grower) family() string {
	return canary + pick(g.Rand, []string{"miller", "milford", "nowak", "nolan", "okafor"})
}

// chart gives a patient n times a small chart.
func (g *grower) chart(p string, n int) {
	for range n {
		for range 1 + g.IntN(2) {
			g.visit(p)
		}
		for range 3 + g.IntN(5) {
			g.condition(p)
		}
		for range 3 + g.IntN(6) {
			g.observation(p)
		}
		for range 1 + g.IntN(3) {
			g.prescription(p)
		}
		g.others(p)
		g.papers(p)
	}
}

func (g *grower) visit(p string) {
	id := g.id("e")
	g.visits[p] = append(g.visits[p], id)
	start := g.day()
	g.put(`{"resourceType":"Encounter","id":"%s","status":"%s","class":{"system":"%s","code":"AMB"},"subject":{"reference":"Patient/%s"},`+
		`"participant":[{"individual":{"reference":"Practitioner/%s"}}],"period":{"start":"%sT08:00:00Z","end":"%sT09:30:00Z"},`+
		`"reasonCode":[{"coding":[{"system":"%s","code":"%s"}],"text":"%s"}],"location":[{"location":{"reference":"Location/%s"}}],`+
		`"serviceProvider":{"reference":"Organization/%s"},"account":[{"reference":"Account/acc-%s"}]}`,
		id, pick(g.Rand, []string{"finished", "in-progress"}), act, p, pick(g.Rand, []string{"doc1", "doc2", "doc3"}), start, start,
		icd, pick(g.Rand, problems), g.word(), pick(g.Rand, []string{"ward1", "ward2"}), pick(g.Rand, []string{"org1", "org2"}), p)
}

// encounter is a member that names one of the patient's visits, or nothing.
func (g *grower) encounter(p string) string {
	if g.chance(4) || len(g.visits[p]) == 0 {
		return ""
	}
	return fmt.Sprintf(`"encounter":{"reference":"Encounter/%s"},`, pick(g.Rand, g.visits[p]))
}

func (g *grower) condition(p string) {
	g.put(`{"resourceType":"Condition","id":"%s","clinicalStatus":{"coding":[{"system":"%s","code":"%s"}]},`+
		`"category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-category","code":"%s"}]}],`+
		`"code":{"coding":[{"system":"%s","code":"%s","display":"%s"}],"text":"%s"},"subject":{"reference":"Patient/%s"},%s`+
		`"onsetDateTime":"%s","recordedDate":"%s","recorder":{"reference":"Practitioner/%s"}}`,
		g.id("c"), status, pick(g.Rand, []string{"active", "resolved"}), pick(g.Rand, []string{"problem-list-item", "encounter-diagnosis"}),
		icd, pick(g.Rand, problems), g.word(), g.word(), p, g.encounter(p), g.day(), g.day(), pick(g.Rand, []string{"doc1", "doc2"}))
}

func (g *grower) observation(p string) {
	category, code := "laboratory", pick(g.Rand, tests)
	if g.chance(3) {
		category, code = "vital-signs", "8480-6"
	}
	g.put(`{"resourceType":"Observation","id":"%s","status":"final","category":[{"coding":[{"system":"%s","code":"%s"}]}],`+
		`"code":{"coding":[{"system":"%s","code":"%s"}]},"subject":{"reference":"Patient/%s"},%s"effectiveDateTime":"%sT07:00:00Z",`+
		`"performer":[{"reference":"Practitioner/doc2","display":"%s"}],"valueQuantity":{"value":%d.%d0,"unit":"mg/dL","system":"http://unitsofmeasure.org","code":"mg/dL"}}`,
		g.id("o"), obsCat, category, loinc, code, p, g.encounter(p), g.day(), g.word(), g.IntN(200), g.IntN(10))
}

func (g *grower) prescription(p string) {
	drug := fmt.Sprintf(`"medicationCodeableConcept":{"coding":[{"system":"%s","code":"%s"}],"text":"%s"}`, rxnorm, pick(g.Rand, []string{"29046", "8640", "4493"}), g.word())
	switch g.IntN(4) {
	case 0, 1: // a drug shows by the proof of what refers to it
		drug = fmt.Sprintf(`"medicationReference":{"reference":"Medication/%s"}`, pick(g.Rand, g.drugs))
	case 2:
		drug = fmt.Sprintf(`"contained":[{"resourceType":"Medication","id":"med","code":{"text":"%s"},"manufacturer":{"display":"%s"}}],"medicationReference":{"reference":"#med"}`, g.word(), g.word())
	}
	g.put(`{"resourceType":"MedicationRequest","id":"%s","status":"%s","intent":"order",%s,"subject":{"reference":"Patient/%s"},%s%s`+
		`"authoredOn":"%s","requester":{"reference":"Practitioner/doc1"},"dosageInstruction":[{"text":"%s"}]}`,
		g.id("m"), pick(g.Rand, []string{"active", "stopped"}), drug, p, g.encounter(p), g.reason(p), g.day(), g.word())
}

// reason is why something was done: a condition, perhaps one that marks what is done
// for it, or nothing.
func (g *grower) reason(p string) string {
	if some := g.some(p, "Condition"); len(some) > 0 && g.chance(4) {
		return fmt.Sprintf(`"reasonReference":[%s],`, strings.Join(some[:1], ","))
	}
	return ""
}

func (g *grower) others(p string) {
	subject := "Patient/" + p
	g.put(`{"resourceType":"AllergyIntolerance","id":"%s","code":{"text":"%s"},"patient":{"reference":"%s"},"recordedDate":"%s","reaction":[{"manifestation":[{"text":"%s"}]}]}`,
		g.id("a"), g.word(), subject, g.day(), g.word())
	g.put(`{"resourceType":"Procedure","id":"%s","status":"completed","code":{"coding":[{"system":"http://www.ama-assn.org/go/cpt","code":"99213"}],"text":"%s"},"subject":{"reference":"%s"},%s%s"performedDateTime":"%s"}`,
		g.id("x"), g.word(), subject, g.encounter(p), g.reason(p), g.day())
	obs := g.some(p, "Observation")
	g.put(`{"resourceType":"DiagnosticReport","id":"%s","status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0074","code":"LAB"}]}],`+
		`"code":{"coding":[{"system":"%s","code":"%s"}]},"subject":{"reference":"%s"},%s"effectiveDateTime":"%s","result":[%s],"conclusion":"%s"}`,
		g.id("r"), loinc, pick(g.Rand, tests), subject, g.encounter(p), g.day(), strings.Join(obs, ","), g.word())
	kind := pick(g.Rand, []string{"11506-3", "34788-0", "18842-5"})
	g.put(`{"resourceType":"DocumentReference","id":"%s","status":"current","type":{"coding":[{"system":"%s","code":"%s"}]},"subject":{"reference":"%s"},`+
		`"date":"%sT10:00:00Z","author":[{"reference":"Practitioner/%s"}],"description":"%s","content":[{"attachment":{"contentType":"text/plain","data":"WnFub3Rl","title":"%s"}}]%s}`,
		g.id("d"), loinc, kind, subject, g.day(), pick(g.Rand, []string{"doc1", "doc2", "doc3"}), g.word(), g.word(), g.contextOf(p))
	if g.coverID[p] == "" {
		g.coverID[p] = g.put(`{"resourceType":"Coverage","id":"%s","status":"active","subscriberId":"%s%06d","beneficiary":{"reference":"%s"},"subscriber":{"reference":"%s"},"payor":[{"reference":"Organization/org2"}],`+
			`"class":[{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/coverage-class","code":"plan"}]},"value":"%s"}]}`,
			g.id("v"), canary, g.IntN(1000000), subject, subject, g.word())
		g.put(`{"resourceType":"Account","id":"acc-%s","status":"active","name":"%s","subject":[{"reference":"%s"}]}`, p, g.word(), subject)
	}
	item := ""
	if len(g.visits[p]) > 0 {
		item = fmt.Sprintf(`"encounter":[{"reference":"Encounter/%s"}],`, pick(g.Rand, g.visits[p]))
	}
	g.put(`{"resourceType":"Claim","id":"%s","status":"active","type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/claim-type","code":"institutional"}]},"use":"claim","patient":{"reference":"%s"},`+
		`"created":"%s","provider":{"reference":"Organization/org1"},"priority":{"coding":[{"code":"normal"}]},"insurance":[{"sequence":1,"focal":true,"coverage":{"reference":"Coverage/%s"}}],`+
		`"diagnosis":[{"sequence":1,"diagnosisCodeableConcept":{"coding":[{"system":"%s","code":"%s"}]}}],"item":[{"sequence":1,"productOrService":{"text":"%s"},%s"unitPrice":{"value":%d.50,"currency":"USD"}}]}`,
		g.id("k"), subject, g.day(), g.coverID[p], icd, pick(g.Rand, problems), g.word(), item, g.IntN(900))
	g.put(`{"resourceType":"Appointment","id":"%s","status":"booked","start":"%sT13:00:00Z","end":"%sT13:30:00Z","comment":"%s","reasonCode":[{"text":"%s"}],`+
		`"participant":[{"actor":{"reference":"%s"},"status":"accepted"},{"actor":{"reference":"Practitioner/doc1"},"status":"accepted"},{"actor":{"reference":"Location/ward1"},"status":"accepted"}]}`,
		g.id("t"), g.day(), g.day(), g.word(), g.word(), subject)
	if g.chance(2) {
		g.put(`{"resourceType":"RelatedPerson","id":"%s","patient":{"reference":"%s"},"name":[{"family":"%s"}],"telecom":[{"system":"phone","value":"%s"}]}`, g.id("n"), subject, g.word(), g.word())
	}
	if g.chance(3) {
		g.put(`{"resourceType":"Immunization","id":"%s","status":"completed","vaccineCode":{"text":"%s"},"patient":{"reference":"%s"},"occurrenceDateTime":"%s"}`, g.id("i"), g.word(), subject, g.day())
	}
}

func (g *grower) contextOf(p string) string {
	if len(g.visits[p]) == 0 || g.chance(3) {
		return ""
	}
	return fmt.Sprintf(`,"context":{"encounter":[{"reference":"Encounter/%s"}]}`, pick(g.Rand, g.visits[p]))
}

// some returns references to records of a patient.
func (g *grower) some(p, typ string) []string {
	var out []string
	for _, e := range g.w.entries {
		if e.typ == typ && e.body.at("subject", "reference").text() == "Patient/"+p && g.chance(3) && len(out) < 4 {
			out = append(out, fmt.Sprintf(`{"reference":"%s","display":"%s"}`, e.ref(), g.word()))
		}
	}
	return out
}

// shared makes records that name two patients.
func (g *grower) shared() {
	for range 3 {
		a, b := pick(g.Rand, g.w.patients), pick(g.Rand, g.w.patients)
		g.put(`{"resourceType":"Appointment","id":"%s","status":"booked","start":"%sT15:00:00Z","participant":[{"actor":{"reference":"Patient/%s"},"status":"accepted"},{"actor":{"reference":"Patient/%s"},"status":"accepted"}]}`,
			g.id("t"), g.day(), a, b)
		g.put(`{"resourceType":"Observation","id":"%s","status":"final","category":[{"coding":[{"system":"%s","code":"laboratory"}]}],"code":{"coding":[{"system":"%s","code":"718-7"}]},`+
			`"subject":{"reference":"Patient/%s"},"focus":[{"reference":"Patient/%s"}],"effectiveDateTime":"%s","valueString":"%s"}`, g.id("o"), obsCat, loinc, a, b, g.day(), g.word())
	}
}

// adorn adds what real records carry besides: metadata, labels, narrative, notes,
// extensions known and unknown, siblings of primitives, contained resources.
func (g *grower) adorn(t *tree) {
	if !g.chance(3) {
		t.set("meta", parse(fmt.Sprintf(`{"versionId":"%d","lastUpdated":"2026-0%d-02T03:04:05Z"}`, 1+g.IntN(9), 1+g.IntN(9))))
	}
	if g.chance(8) {
		if t.get("meta") == nil {
			t.set("meta", parse(`{}`))
		}
		t.get("meta").set("security", parse(fmt.Sprintf(`[%s]`, pick(g.Rand, labels))))
	}
	for _, extra := range g.extras(t) {
		if g.chance(7) {
			extra()
		}
	}
}

func (g *grower) extras(t *tree) []func() {
	typ := t.get("resourceType").text()
	add := func(name, format string, args ...any) func() {
		return func() {
			if t.get(name) == nil {
				t.set(name, parse(fmt.Sprintf(format, args...)))
			}
		}
	}
	out := []func(){
		add("text", `{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">%s</div>"}`, g.word()),
		add("extension", `[{"url":"http://vendor.example/x","valueString":"%s"}]`, g.word()),
		add("xVendor", `{"a":"%s"}`, g.word()),
	}
	switch typ {
	case "Patient":
		out = append(out, add("_birthDate", `{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/patient-birthTime","valueDateTime":"1950-01-02T03:04:05Z"}]}`),
			add("extension", `[{"url":"%s","extension":[{"url":"text","valueString":"%s"}]}]`, raceEx, g.word()),
			add("photo", `[{"contentType":"image/png","data":"WnE=","title":"%s"}]`, g.word()), add("deceasedBoolean", `false`))
	case "Condition", "Observation", "MedicationRequest", "Procedure":
		out = append(out, add("note", `[{"authorString":"%s","text":"%s"}]`, g.word(), g.word()), add("identifier", `[{"system":"urn:row","value":"%s"}]`, g.word()))
	}
	if typ == "Condition" {
		out = append(out, func() {
			other := pick(g.Rand, g.w.patients)
			t.set("contained", parse(fmt.Sprintf(`[{"resourceType":"Observation","id":"in","status":"final","code":{"text":"%s"},"subject":{"reference":"Patient/%s"}}]`, g.word(), other)))
			t.set("evidence", parse(`[{"detail":[{"reference":"#in"}]}]`))
		}, add("evidence", `[{"detail":[{"reference":"%s"}]}]`, pick(g.Rand, g.w.entries).ref()))
	}
	if typ != "Patient" && g.chance(6) {
		out = append(out, add("modifierExtension", `[{"url":"http://vendor.example/not","valueBoolean":true}]`))
	}
	return out
}

// types lists the types of a world's records.
func (w *world) types() []string {
	var out []string
	for _, e := range w.entries {
		if !slices.Contains(out, e.typ) {
			out = append(out, e.typ)
		}
	}
	slices.Sort(out)
	return out
}
