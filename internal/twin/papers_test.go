package twin

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// link makes the records of some patients name others: who is seen links to who is not,
// and to somebody who is not there.
func (g *grower) link() {
	for _, p := range g.w.patients {
		if g.chance(2) {
			continue
		}
		var links []string
		for range 1 + g.IntN(2) {
			other := "Patient/" + pick(g.Rand, append([]string{"nobody"}, g.w.patients...))
			if related := g.of(p, "RelatedPerson"); len(related) > 0 && g.chance(5) {
				other = pick(g.Rand, related)
			}
			links = append(links, fmt.Sprintf(`{"other":{"reference":"%s","display":"%s"},"type":"%s"}`, other, g.word(), pick(g.Rand, []string{"seealso", "replaces", "refer", "replaced-by"})))
		}
		e := g.w.find("Patient/" + p)
		e.body.set("link", parse("["+strings.Join(links, ",")+"]"))
		e.become(e.body)
	}
}

// unlink takes the links of patients away: the door shows a link once whom it names was
// shown, in this session or on this page, whatever the task says of references.
func (w *world) unlink() {
	for _, e := range w.entries {
		if e.typ == "Patient" {
			e.body.drop("link")
			e.become(e.body)
		}
	}
}

// papers are what is written about others of a patient's records: plans, orders, lists,
// answers, compositions. Their references go astray now and then.
func (g *grower) papers(p string) {
	for _, write := range []func(string){g.order, g.plan, g.answers, g.list, g.composition} {
		if g.chance(2) {
			write(p)
		}
	}
}

// of lists the records of a patient of some types.
func (g *grower) of(p string, types ...string) (refs []string) {
	for _, e := range g.w.entries {
		for _, typ := range types {
			if e.typ == typ && e.refersTo("Patient/"+p) {
				refs = append(refs, e.ref())
			}
		}
	}
	return refs
}

// ref refers to a record of the patient of these types; once in a while to another's, or
// to one that is not there.
func (g *grower) ref(p string, types ...string) string {
	to, of := types[0]+"/nobody", p
	if g.chance(8) {
		of = pick(g.Rand, g.w.patients)
	}
	if some := g.of(of, types...); len(some) > 0 && !g.chance(20) {
		to = pick(g.Rand, some)
	}
	return fmt.Sprintf(`{"reference":"%s","display":"%s"}`, to, g.word())
}

// refs are one to three.
func (g *grower) refs(p string, types ...string) string {
	var out []string
	for range 1 + g.IntN(3) {
		out = append(out, g.ref(p, types...))
	}
	return strings.Join(out, ",")
}

func (g *grower) order(p string) {
	g.put(`{"resourceType":"ServiceRequest","id":"%s","requisition":{"system":"urn:order","value":"%s"},"status":"%s","intent":"order","code":{"coding":[{"system":"%s","code":"%s"}],"text":"%s"},`+
		`"subject":{"reference":"Patient/%s"},%s"authoredOn":"%s","requester":{"reference":"Practitioner/%s","display":"%s"},%s"supportingInfo":[%s],"patientInstruction":"%s"}`,
		g.id("s"), g.word(), pick(g.Rand, []string{"active", "completed"}), loinc, pick(g.Rand, tests), g.word(),
		p, g.encounter(p), g.day(), pick(g.Rand, []string{"doc1", "doc2"}), g.word(), g.reason(p), g.ref(p, "Observation", "Condition"), g.word())
}

func (g *grower) plan(p string) {
	g.put(`{"resourceType":"CarePlan","id":"%s","basedOn":[%s],"status":"active","intent":"plan","category":[{"coding":[{"system":"http://snomed.info/sct","code":"734163000"}],"text":"%s"}],"title":"%s","description":"%s",`+
		`"subject":{"reference":"Patient/%s"},%s"period":{"start":"%s"},"created":"%s","author":{"reference":"Practitioner/%s"},"addresses":[%s],"supportingInfo":[%s],`+
		`"activity":[{"reference":%s},{"detail":{"kind":"ServiceRequest","code":{"text":"%s"},"status":"scheduled","reasonReference":[%s],"description":"%s"}}]}`,
		g.id("l"), g.ref(p, "CarePlan"), g.word(), g.word(), g.word(), p, g.encounter(p), g.day(), g.day(), pick(g.Rand, []string{"doc1", "doc3"}),
		g.refs(p, "Condition"), g.ref(p, "Observation", "DocumentReference"), g.ref(p, "ServiceRequest", "MedicationRequest", "Appointment"), g.word(), g.ref(p, "Condition"), g.word())
}

func (g *grower) answers(p string) {
	source := pick(g.Rand, []string{"Patient/" + p, "Practitioner/doc2", "Patient/" + pick(g.Rand, g.w.patients)})
	g.put(`{"resourceType":"QuestionnaireResponse","id":"%s","identifier":{"system":"urn:form","value":"%s"},"basedOn":[%s],"questionnaire":"http://forms.example/%s","status":"completed","subject":{"reference":"Patient/%s"},%s`+
		`"authored":"%sT09:00:00Z","author":{"reference":"Practitioner/%s"},"source":{"reference":"%s"},`+
		`"item":[{"linkId":"1","text":"%s","answer":[{"valueString":"%s"}]},{"linkId":"2","item":[{"linkId":"2.1","answer":[{"valueReference":%s}]}]}]}`,
		g.id("q"), g.word(), g.ref(p, "ServiceRequest", "CarePlan"), g.word()[len(canary):], p, g.encounter(p), g.day(), pick(g.Rand, []string{"doc1", "doc2"}), source,
		g.word(), g.word(), g.ref(p, "Condition", "Observation"))
}

func (g *grower) list(p string) {
	items := strings.ReplaceAll(g.refs(p, "Condition", "AllergyIntolerance", "MedicationRequest", "Observation"), `},{`, `}},{"item":{`)
	g.put(`{"resourceType":"List","id":"%s","status":"current","mode":"working","title":"%s","code":{"coding":[{"system":"%s","code":"%s"}]},"subject":{"reference":"Patient/%s"},%s`+
		`"date":"%s","source":{"reference":"Practitioner/%s"},"entry":[{"item":%s}]}`,
		g.id("j"), g.word(), loinc, pick(g.Rand, []string{"11450-4", "10160-0", "48765-2"}), p, g.encounter(p), g.day(), pick(g.Rand, []string{"doc1", "doc2"}), items)
}

func (g *grower) composition(p string) {
	kind := pick(g.Rand, []string{"11506-3", "34133-9", "18842-5"})
	g.put(`{"resourceType":"Composition","id":"%s","status":"final","type":{"coding":[{"system":"%s","code":"%s"}]},"subject":{"reference":"Patient/%s"},%s"date":"%sT11:00:00Z",`+
		`"author":[{"reference":"Practitioner/%s"}],"title":"%s","confidentiality":"%s",`+
		`"section":[{"title":"%s","text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">%s</div>"},"entry":[%s],"section":[{"title":"%s","entry":[%s]}]}]}`,
		g.id("z"), loinc, kind, p, g.encounter(p), g.day(), pick(g.Rand, []string{"doc1", "doc2", "doc3"}), g.word(), pick(g.Rand, []string{"N", "N", "N", "R"}),
		g.word(), g.word(), g.refs(p, "Condition", "Observation", "DocumentReference"), g.word(), g.ref(p, "AllergyIntolerance", "Procedure"))
}

// linked asks by which patients' records are linked, and for whom they name.
func (q *asker) linked() ask {
	p, other := q.someone(), q.someone()
	for range 8 { // most of the time one that has a link, and whom it names
		e := q.of("Patient")
		if to := e.body.at("link", "other", "reference").text(); to != "" && q.IntN(4) > 0 {
			_, other, _ = strings.Cut(to, "/")
			p = e.id
			break
		}
	}
	return ask{typ: "Patient", path: pick(q.Rand, []string{
		"/Patient?link=Patient/" + other, "/Patient?link=" + other, "/Patient?_id=" + p + "&link=Patient/" + other, "/Patient?link=Patient/" + other + ",Patient/" + p, "/Patient?link:missing=false&_id=" + p,
		"/Patient/" + other + "/Patient?_format=json", "/Patient?_id=" + p + "&_include=Patient:link", "/Patient?_id=" + other + "&_revinclude=Patient:link", "/Patient/" + p + "?_format=json", "/Patient/" + p + "?_format=json", "/Patient/" + other + "?_format=json", "/Patient?_id=" + p + "," + other,
		"/Patient?link:Patient." + q.criterion("Patient", pick(q.Rand, fitting["Patient"]))[1:], "/Patient?_has:Patient:link:" + q.criterion("Patient", pick(q.Rand, fitting["Patient"]))[1:],
		"/Patient?_id=" + p + "&_elements=link", "/Patient/" + p + "/$everything?_type=Patient", "/Condition?patient.link=Patient/" + other,
	}) + pick(q.Rand, []string{"", "", "&_summary=count", "&_count=1"})}
}

// papers are the types of what is written about other records, and the parameters that
// say about which.
var papers = map[string][]string{
	"CarePlan": {"condition", "activity-reference", "based-on", "performer", "encounter"}, "List": {"item", "source", "encounter"},
	"ServiceRequest": {"requester", "encounter", "based-on"}, "QuestionnaireResponse": {"source", "author", "based-on", "encounter"}, "Composition": {"entry", "author", "encounter"},
}

// about asks for papers by what they are about.
func (q *asker) about() ask {
	e := q.filed(slices.Sorted(maps.Keys(papers))...)
	typ, owner := e.typ, orElse(e.body.at("subject", "reference").text(), "Patient/nobody")
	by := pick(q.Rand, papers[typ])
	path := "/" + typ + "?patient=" + owner
	switch q.IntN(6) {
	case 0:
		path += "&_include=" + typ + ":" + by
	case 1:
		of := pick(q.Rand, []string{"Condition", "Observation", "MedicationRequest", "ServiceRequest"})
		return ask{typ: of, path: "/" + of + "?" + "patient=" + owner + "&_revinclude=" + typ + ":" + by + q.page()}
	case 2:
		return ask{typ: typ, path: "/" + e.ref()}
	default:
		t, _ := q.cat.Type(typ)
		if p, ok := q.cat.Param(t, by); ok {
			if vs := valuesAt(q.cat, p, e.body); len(vs) > 0 {
				path += "&" + by + "=" + url.QueryEscape(q.spell(p, pick(q.Rand, vs)))
			}
		}
	}
	return ask{typ: typ, path: path + q.page()}
}
