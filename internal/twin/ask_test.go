package twin

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"

	"modicum/catalog"
)

// ask is one request of a session.
type ask struct {
	kind    string
	typ     string // of the records asked for, "" when none
	method  string
	path    string // below the base
	body    string // of a form
	headers []string
}

// asker draws requests about two worlds: what is asked comes from either, so
// that hidden values are guessed right. Half of it is about what shows.
type asker struct {
	*rand.Rand
	cat      *catalog.Catalog
	p        *person
	both     []*entry
	shown    []*entry
	types    []string
	patients []string
	tags     map[string]string // ETag of a path, as answered
}

func newAsker(rng *rand.Rand, r *run) *asker {
	q := &asker{Rand: rng, cat: r.set.Catalog(), p: r.person, tags: map[string]string{}, patients: r.a.patients}
	q.both = slices.Clone(r.a.entries)
	for _, e := range r.b.entries {
		if r.a.find(e.ref()) == nil || rng.IntN(3) == 0 {
			q.both = append(q.both, e)
		}
	}
	for _, e := range q.both {
		if r.seen[0][e.ref()] {
			q.shown = append(q.shown, e)
		}
	}
	q.types = append(r.a.types(), r.b.types()...)
	return q
}

// draw returns the next request.
func (q *asker) draw() ask {
	a := q.one(q.kinds())
	a.headers = append(a.headers, q.task()...)
	return a
}

// evenly is draw with every kind of request as often as any other, but what most tasks
// refuse oftener.
func (q *asker) evenly() ask {
	kinds := q.kinds()
	for i, k := range kinds {
		kinds[i].weight = max(1, map[string]int{"vread": 5, "history": 2, "include": 3}[k.kind])
	}
	a := q.one(kinds)
	a.headers = append(a.headers, "Modicum-Task", pick(q.Rand, q.p.tasks))
	return a
}

func (q *asker) kinds() []choice {
	return []choice{
		{28, "read", q.read}, {2, "vread", q.vread}, {2, "history", q.history}, {4, "batch", q.batch}, {2, "conditional read", q.conditional}, {1, "read of nothing", q.nowhere},
		{64, "list of a patient", q.list}, {4, "compartment", q.compartment}, {4, "include", q.include}, {4, "whole chart", q.chart}, {4, "latest", q.latest}, {4, "chain", q.chain},
		{7, "search", q.search}, {5, "search by POST", q.post}, {3, "count", q.count},
		{2, "link", q.linked}, {6, "about", q.about}, {10, "sorted", q.sorted}, {6, "parts", q.parts}, {3, "look-up", q.lookUp}, {1, "odd", q.odd}, {1, "statement", q.statement},
	}
}

// choice is a kind of request, and how often it is drawn among others.
type choice struct {
	weight int
	kind   string
	make   func() ask
}

// one draws a request of some kinds.
func (q *asker) one(of []choice) ask {
	sum := 0
	for _, c := range of {
		sum += c.weight
	}
	n := q.IntN(sum)
	for _, c := range of {
		if n -= c.weight; n < 0 {
			a := c.make()
			a.kind, a.method = c.kind, orElse(a.method, "GET")
			return a
		}
	}
	panic("no kind")
}

// purposes of the tasks in testdata/policy.
var purposes = map[string]string{
	"clinician/treat": "TREAT", "clinician/consult": "HQUALIMP", "biller/bill": "HPAYMT", "desk/register": "PATADMIN", "reviewer/survey": "HQUALIMP",
	"archivist/keep-archive": "RECORDMGT", "ward-nurse/ward-round": "TREAT", "researcher/run-study": "HRESCH", "therapist/counsel": "TREAT",
}

// task states one of the session's tasks, or its purpose, or something wrong.
func (q *asker) task() []string {
	t := pick(q.Rand, q.p.tasks)
	if q.p.holdsGlass() && q.IntN(4) == 0 {
		return []string{"Modicum-Purpose", pick(q.Rand, []string{"ETREAT", "BTG"})}
	}
	switch n := q.IntN(20); {
	case n < 12:
		return []string{"Modicum-Task", t}
	case n < 16:
		return []string{"Modicum-Purpose", purposes[t]}
	case n < 19:
		return nil
	}
	return pick(q.Rand, [][]string{{"Modicum-Task", "nonsense"}, {"Modicum-Task", "executive/steer"}, {"Modicum-Purpose", "HRESCH"}, {"Modicum-Tsak", t}, {"Modicum-Task", t, "Modicum-Task", t}})
}

// entry draws a record, more often one that shows.
func (q *asker) entry() *entry {
	if len(q.shown) > 0 && q.IntN(4) > 0 {
		return pick(q.Rand, q.shown)
	}
	return pick(q.Rand, q.both)
}

// someone draws a patient, more often one of whom something shows.
func (q *asker) someone() string {
	if q.IntN(3) > 0 {
		if _, rest, ok := strings.Cut(q.entry().text, `"Patient/`); ok {
			id, _, _ := strings.Cut(rest, `"`)
			return id
		}
	}
	return pick(q.Rand, q.patients)
}

// of draws a record of the type.
func (q *asker) of(typ string) *entry {
	var all []*entry
	for _, e := range q.both {
		if e.typ == typ {
			all = append(all, e)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return pick(q.Rand, all)
}

func (q *asker) read() ask {
	e := q.entry()
	if q.IntN(10) == 0 {
		e = q.of("Medication") // which shows after a prescription that names it has shown
	}
	return ask{typ: e.typ, path: "/" + e.ref() + pick(q.Rand, []string{"", "", "", "?_pretty=true", "?_summary=text", "?_summary=data", "?_elements=code,identifier"})}
}

func (q *asker) vread() ask {
	e := q.entry()
	v := e.body.at("meta", "versionId").text()
	if v == "" || q.IntN(2) == 0 {
		v = pick(q.Rand, []string{fmt.Sprint(1 + q.IntN(9)), "h1", "h1", "h2", "h3", fmt.Sprintf("i%d", q.IntN(100))})
	}
	return ask{typ: e.typ, path: "/" + e.ref() + "/_history/" + v}
}

func (q *asker) history() ask {
	e := q.entry()
	return ask{typ: e.typ, path: "/" + e.ref() + "/_history" + pick(q.Rand, []string{"", "", "?_count=1", "?_since=2026-06-01T00:00:00Z", "?_pretty=true"})}
}

// batch puts several requests into one; a transaction now and then.
func (q *asker) batch() ask {
	var entries []string
	for range 1 + q.IntN(4) {
		a := pick(q.Rand, []func() ask{q.read, q.read, q.list, q.list, q.search, q.vread, q.history, q.nowhere, q.count, q.conditional, q.odd})()
		request := map[string]string{"method": orElse(a.method, "GET"), "url": orElse(strings.TrimPrefix(a.path, "/"), "x")}
		for i := 0; i+1 < len(a.headers); i += 2 {
			if member, ok := map[string]string{"If-None-Match": "ifNoneMatch", "If-Match": "ifMatch"}[a.headers[i]]; ok {
				request[member] = a.headers[i+1]
			}
		}
		b, err := json.Marshal(request)
		if err != nil {
			panic(err)
		}
		entries = append(entries, `{"request":`+string(b)+`}`)
	}
	kind := pick(q.Rand, []string{"batch", "batch", "batch", "transaction"})
	return ask{
		method: "POST", path: pick(q.Rand, []string{"", "/", "?_pretty=true"}), headers: []string{"Content-Type", "application/fhir+json"},
		body: `{"resourceType":"Bundle","type":"` + kind + `","entry":[` + strings.Join(entries, ",") + `]}`,
	}
}

func (q *asker) conditional() ask {
	e := q.entry()
	path := "/" + e.ref()
	tag := pick(q.Rand, []string{"*", `W/"1"`, `"1"`, q.tags[path], q.tags[path]})
	return ask{typ: e.typ, path: path, headers: []string{pick(q.Rand, []string{"If-None-Match", "If-None-Match", "If-Match"}), orElse(tag, `W/"7"`)}}
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// nowhere reads an id that is nobody's, or that another type has.
func (q *asker) nowhere() ask {
	e, other := q.entry(), q.entry()
	id := pick(q.Rand, []string{"nowhere", other.id, e.id + "0", strings.ToUpper(e.id)})
	return ask{typ: e.typ, path: "/" + e.typ + "/" + id}
}

// listable are types and the parameter that names their patient.
var listable = map[string]string{
	"Condition": "patient", "Observation": "patient", "MedicationRequest": "patient", "Encounter": "patient", "AllergyIntolerance": "patient",
	"DiagnosticReport": "subject", "DocumentReference": "subject", "Coverage": "beneficiary", "Claim": "patient", "Appointment": "patient",
	"Procedure": "patient", "RelatedPerson": "patient", "Immunization": "patient", "Patient": "_id", "Account": "subject",
	"CarePlan": "patient", "List": "patient", "ServiceRequest": "patient", "QuestionnaireResponse": "patient", "Composition": "patient",
}

var often = []string{"Condition", "Observation", "Condition", "Observation", "MedicationRequest", "Encounter", "Patient", "AllergyIntolerance", "DiagnosticReport", "DocumentReference", "Claim", "Coverage", "Appointment"}

func (q *asker) someType() string {
	switch q.IntN(12) {
	case 0:
		return pick(q.Rand, q.types)
	case 1, 2:
		return pick(q.Rand, often)
	}
	return q.entry().typ
}

// named is a parameter that names one patient, or two.
func (q *asker) named(typ string) string {
	param := orElse(listable[typ], "patient")
	id := func() string {
		id := q.someone()
		if param != "_id" && (param != "patient" || q.IntN(2) == 0) {
			return "Patient/" + id
		}
		return id
	}
	v := id()
	if q.IntN(5) == 0 {
		v += "," + id()
	}
	return param + "=" + v
}

// page is nothing or a page size.
func (q *asker) page() string {
	return pick(q.Rand, []string{"", "&_count=1", "&_count=1", "&_count=2", "&_count=3", "&_count=5", "&_count=30", "&_count=1000"})
}

func (q *asker) list() ask {
	t := q.someType()
	path := "/" + t + "?" + q.named(t)
	if q.IntN(4) == 0 {
		path += q.narrow(t)
	}
	return ask{typ: t, path: path + q.page() + pick(q.Rand, []string{"", "", "", "&_total=accurate", "&_total=none", "&_format=json"})}
}

// compartment lists what belongs to a patient or to a visit.
func (q *asker) compartment() ask {
	t, owner := q.someType(), "Patient/"+q.someone()
	if e := q.of("Encounter"); e != nil && q.IntN(3) == 0 {
		owner = e.ref()
	}
	path := "/" + owner + "/" + t + "?_format=json"
	if q.IntN(4) == 0 {
		path += q.narrow(t)
	}
	return ask{typ: t, path: path + q.page() + pick(q.Rand, []string{"", "", "&_sort=date", "&_summary=count"})}
}

// chart asks for all there is of a patient or a visit.
func (q *asker) chart() ask {
	owner := "Patient/" + q.someone()
	if e := q.of("Encounter"); e != nil && q.IntN(4) == 0 {
		owner = e.ref()
	}
	return ask{path: "/" + owner + pick(q.Rand, []string{"/$everything?", "/*?"}) + "_format=json" +
		pick(q.Rand, []string{"", "", "&_type=Condition,Observation", "&_type=Encounter", "&start=2026-03", "&end=2026-06-01", "&_since=2026-01-01"}) + q.page()}
}

// latest asks for the latest observations of a patient.
func (q *asker) latest() ask {
	return ask{typ: "Observation", path: "/Observation/$lastn?patient=" + q.someone() +
		pick(q.Rand, []string{"", "&max=2", "&max=9"}) + pick(q.Rand, []string{"", "", "&category=laboratory", q.criterion("Observation", "code")})}
}

// chain asks by what records of another type hold.
func (q *asker) chain() ask {
	typ, inner, on := q.someType(), "Patient", pick(q.Rand, []string{"patient.", "subject:Patient.", "encounter.", "patient.", "recorder:Practitioner.", "encounter.patient."})
	if strings.HasPrefix(on, "encounter") {
		typ, inner = pick(q.Rand, []string{"Condition", "Observation", "MedicationRequest"}), map[bool]string{true: "Encounter", false: "Patient"}[on == "encounter."]
	}
	if q.IntN(3) == 0 {
		inner = pick(q.Rand, []string{"Condition", "Observation", "Encounter", "MedicationRequest"})
		typ, on = "Patient", "_has:"+inner+":"+pick(q.Rand, []string{"patient:", "subject:"})
		if inner != "Encounter" && q.IntN(3) == 0 {
			typ, on = "Encounter", "_has:"+inner+":encounter:"
		}
	}
	name := pick(q.Rand, append(slices.Clone(fitting[inner]), "_id", "address-city", "identifier"))
	path := "/" + typ + "?" + on + q.criterion(inner, name)[1:]
	if q.IntN(3) == 0 {
		path += "&" + q.named(typ)
	}
	return ask{typ: typ, path: path + q.page() + pick(q.Rand, []string{"", "", "&_sort=_id", "&_summary=count"})}
}

// include asks for what records refer to, or for what refers to them.
func (q *asker) include() ask {
	a := pick(q.Rand, []func() ask{q.list, q.list, q.wide, q.sorted})()
	for range 1 + q.IntN(2) {
		if q.IntN(3) > 0 {
			a.path += "&_include=" + q.follow(a.typ)
		} else {
			of := pick(q.Rand, often)
			a.path += "&_revinclude=" + of + ":" + pick(q.Rand, []string{"patient", "subject", "encounter", "result", "patient"})
		}
	}
	return a
}

// follow spells a reference of a type, sometimes with the type of its target.
func (q *asker) follow(typ string) string {
	t, _ := q.cat.Type(typ)
	var refs []*catalog.Param
	for _, p := range q.cat.Params(t) {
		if p.Kind == catalog.ReferenceParam {
			refs = append(refs, p)
		}
	}
	if len(refs) == 0 {
		return typ + ":patient"
	}
	name := pick(q.Rand, refs).Name
	if q.IntN(2) == 0 {
		name = pick(q.Rand, []string{"encounter", "subject", "patient", "recorder", "medication", "result", "performer", "general-practitioner", "author"})
	}
	return typ + ":" + name + pick(q.Rand, []string{"", "", "", ":Patient", ":Encounter"})
}

// narrow is one of the parameters that listing may narrow by.
func (q *asker) narrow(t string) string {
	names := []string{"code", "status", "category", "clinical-status", "date", "type", "intent", "authoredon", "recorded-date", "encounter"}
	typ, _ := q.cat.Type(t)
	names = slices.DeleteFunc(names, func(n string) bool { _, ok := q.cat.Param(typ, n); return !ok })
	if len(names) == 0 {
		return "&_id=" + q.of(t).id
	}
	return q.criterion(t, pick(q.Rand, names))
}

// criterion spells a parameter with a value that some record has, or with none.
func (q *asker) criterion(typ, name string) string {
	t, ok := q.cat.Type(typ)
	if !ok {
		return "&" + name + "=x"
	}
	p, ok := q.cat.Param(t, name)
	if !ok {
		return "&" + name + "=x"
	}
	return "&" + name + "=" + url.QueryEscape(q.value(typ, p))
}

func (q *asker) value(typ string, p *catalog.Param) string {
	for range 8 {
		e := q.of(typ)
		if e == nil {
			break
		}
		if vs := valuesAt(q.cat, p, e.body); len(vs) > 0 {
			return q.spell(p, pick(q.Rand, vs))
		}
	}
	switch p.Kind {
	case catalog.DateParam:
		return pick(q.Rand, []string{"ge2026-03-01", "lt2026-06", "2026"})
	case catalog.ReferenceParam:
		return "Practitioner/doc1"
	case catalog.NumberParam, catalog.QuantityParam:
		return "gt5"
	}
	return canary + "none"
}

// valuesAt returns what a parameter reads in a record.
func valuesAt(cat *catalog.Catalog, p *catalog.Param, body *tree) []*tree {
	var out []*tree
	for _, n := range p.Nodes {
		at := []*tree{body}
		for _, name := range strings.Split(cat.Node(n).Path, ".")[1:] {
			at = step(at, name)
		}
		out = append(out, at...)
	}
	return out
}

func step(at []*tree, name string) []*tree {
	var out []*tree
	choice, isChoice := strings.CutSuffix(name, "[x]")
	for _, t := range at {
		for _, m := range t.members {
			if m.name != name && !(isChoice && strings.HasPrefix(m.name, choice)) {
				continue
			}
			if m.value.kind == '[' {
				out = append(out, m.value.items...)
			} else {
				out = append(out, m.value)
			}
		}
	}
	return out
}

// spell writes a value as a search would ask for it.
func (q *asker) spell(p *catalog.Param, v *tree) string {
	switch p.Kind {
	case catalog.TokenParam:
		if c := v.get("coding"); c != nil && len(c.items) > 0 {
			v = c.items[0]
		}
		code := orElse(v.get("code").text(), orElse(v.get("value").text(), orElse(v.text(), "x")))
		if s := v.get("system").text(); s != "" && q.IntN(2) == 0 {
			return s + "|" + code
		}
		return pick(q.Rand, []string{code, code, "|" + code, code + "," + canary})
	case catalog.DateParam:
		date := orElse(v.get("start").text(), orElse(v.text(), "2026"))
		return pick(q.Rand, []string{"", "ge", "lt", "eq", "ne"}) + date[:min(len(date), pick(q.Rand, []int{4, 7, 10}))]
	case catalog.ReferenceParam:
		return orElse(v.get("reference").text(), "Practitioner/doc1")
	case catalog.QuantityParam:
		return pick(q.Rand, []string{"gt", "lt", ""}) + orElse(v.get("value").text(), "5")
	case catalog.StringParam:
		s := v.text()
		for _, m := range v.members {
			if m.value.kind == 's' {
				s = m.value.text()
			}
		}
		return orElse(s[:min(len(s), pick(q.Rand, []int{3, 5, 40}))], "x")
	}
	return orElse(v.text(), "x")
}

// fitting are parameters that read what many tasks see.
var fitting = map[string][]string{
	"Patient": {"family", "given", "name", "birthdate", "gender", "phone", "identifier", "telecom", "address-city"}, "Encounter": {"status", "class", "date"},
	"Condition":   {"code", "clinical-status", "recorded-date", "onset-date", "category", "encounter"},
	"Observation": {"code", "date", "category", "value-quantity", "code-value-quantity", "encounter"}, "MedicationRequest": {"code", "status", "intent", "authoredon", "encounter"},
	"DiagnosticReport": {"code", "date", "category", "result"}, "AllergyIntolerance": {"code", "date"}, "Claim": {"status", "created", "use", "encounter"},
	"DocumentReference": {"type", "date", "status", "author"}, "Coverage": {"status", "payor"}, "Appointment": {"status", "date"}, "Procedure": {"code", "date", "status"},
	"CarePlan": {"category", "date", "status", "condition", "activity-reference"}, "List": {"code", "date", "item", "title"}, "ServiceRequest": {"code", "authored", "requester", "requisition"},
	"QuestionnaireResponse": {"authored", "questionnaire", "author", "source"}, "Composition": {"type", "date", "entry", "title", "section"},
}

// fit searches for a record by what it has.
func (q *asker) fit() ask {
	e := q.entry()
	t, _ := q.cat.Type(e.typ)
	path := "/" + e.typ + "?"
	if q.IntN(2) == 0 {
		path += q.named(e.typ) + "&"
	}
	for range 1 + q.IntN(2) {
		names := fitting[e.typ]
		if len(names) == 0 {
			break
		}
		p, ok := q.cat.Param(t, pick(q.Rand, names))
		if !ok {
			continue
		}
		if vs := valuesAt(q.cat, p, e.body); len(vs) > 0 {
			path += p.Name + "=" + url.QueryEscape(q.spell(p, pick(q.Rand, vs))) + "&"
		}
	}
	if q.IntN(3) == 0 || strings.HasSuffix(path, "?") {
		path += "_id=" + e.id + "&"
	}
	return ask{typ: e.typ, path: strings.TrimSuffix(path, "&") + q.page()}
}

// search asks with criteria, some of which the task may not read.
func (q *asker) search() ask {
	if q.IntN(2) == 0 {
		return q.fit()
	}
	t := q.someType()
	var b strings.Builder
	if q.IntN(2) == 0 {
		b.WriteString("&" + q.named(t))
	}
	for range 1 + q.IntN(2) {
		b.WriteString(q.anyCriterion(t))
	}
	return ask{typ: t, path: "/" + t + "?" + b.String()[1:] + q.page()}
}

func (q *asker) anyCriterion(typ string) string {
	t, ok := q.cat.Type(typ)
	if !ok || len(q.cat.Params(t)) == 0 {
		return "&_id=x"
	}
	name := pick(q.Rand, q.cat.Params(t)).Name
	if q.IntN(3) > 0 {
		name = pick(q.Rand, []string{"code", "identifier", "family", "name", "birthdate", "phone", "clinical-status", "date", "value-quantity", "encounter", "address-city", "telecom", "recorder", "gender"})
	}
	c := q.criterion(typ, name)
	if q.IntN(8) == 0 {
		c = strings.Replace(c, "=", pick(q.Rand, []string{":exact=", ":contains=", ":missing=", ":not=", ":text="}), 1)
	}
	return c
}

func (q *asker) post() ask {
	a := pick(q.Rand, []func() ask{q.list, q.search})()
	path, query, _ := strings.Cut(a.path, "?")
	a.method, a.path, a.body = "POST", path+"/_search", query
	a.headers = append(a.headers, "Content-Type", "application/x-www-form-urlencoded")
	return a
}

func (q *asker) count() ask {
	a := pick(q.Rand, []func() ask{q.list, q.search, q.wide})()
	path, _, _ := strings.Cut(a.path, "&_count")
	a.path = path + "&" + pick(q.Rand, []string{"_summary=count", "_count=0"})
	return a
}

// wide lists everybody whom the task counts for.
func (q *asker) wide() ask {
	t := q.someType()
	return ask{typ: t, path: "/" + t + "?_total=accurate"}
}

func (q *asker) sorted() ask {
	a := pick(q.Rand, []func() ask{q.list, q.wide})()
	keys := map[string][]string{
		"Patient": {"family", "-family", "birthdate", "address-city"}, "Condition": {"code", "recorded-date", "-recorded-date", "onset-date", "code,_id"},
		"Observation": {"date", "-date", "code", "value-quantity"}, "Encounter": {"date", "-date", "status"}, "MedicationRequest": {"authoredon", "status", "-code"},
	}
	key := pick(q.Rand, append(keys[a.typ], "_id", "-_id", "date"))
	a.path += "&_sort=" + key
	return a
}

func (q *asker) parts() ask {
	a := pick(q.Rand, []func() ask{q.list, q.wide})()
	a.path += "&" + pick(q.Rand, []string{"_elements=code", "_elements=name,birthDate", "_elements=subject,text", "_elements=address,telecom", "_elements=note,value", "_summary=text", "_summary=data", "_summary=true"})
	return a
}

// lookUp asks for a patient by what somebody at a desk says.
func (q *asker) lookUp() ask {
	e := q.of("Patient")
	name := func() string { n := e.body.at("name", "family").text(); return n[:min(len(n), 2+q.IntN(6))] }
	by := []string{
		"family=" + name(), "birthdate=" + e.body.get("birthDate").text(), "phone=" + e.body.at("telecom", "value").text(),
		"identifier=" + e.body.at("identifier", "value").text(), "given=" + e.body.at("name", "given").text(),
	}
	q.Shuffle(len(by), func(i, j int) { by[i], by[j] = by[j], by[i] })
	return ask{typ: "Patient", path: "/Patient?" + strings.Join(by[:1+q.IntN(2)], "&")}
}

// odd is a request that is refused, or nearly.
func (q *asker) odd() ask {
	e, p := q.entry(), q.someone()
	code := url.QueryEscape(orElse(e.body.at("code", "coding", "code").text(), "B20"))
	path := pick(q.Rand, []string{
		"/Group/" + p + "/$everything", "/Practitioner/doc1/Condition", "/Patient/" + p + "/_history", "/$meta", "/_history", "//Patient/" + p, "/Patient/" + p + "/",
		"/Condition?patient=" + p + "&_include=*", "/Patient?_has:Condition:patient=" + code, "/Condition?subject.family=" + canary,
		"/Condition?patient=" + p + "&_filter=code+eq+" + code, "/Condition?patient=" + p + "&_text=" + canary, "/Condition?patient=" + p + "&_tag=x", "/Condition?patient=" + p + "&_lastUpdated=gt2026",
		"/Condition?patient=" + p + "&code:below=" + code, "/Condition?patient=" + p + "&shoesize=4", "/Spaceship?patient=" + p, "/Spaceship/" + p, "/Binary/" + e.id, "/AuditEvent?patient=" + p,
		"/Condition?_cursor=AAAA", "/Condition?patient=" + p + "&_sort=--code", "/Condition?patient=" + p + "&_count=-1", "/Condition?patient=%zz", "/Condition?", "/Condition?patient=" + p + "&patient=" + p,
		"/Condition?patient=" + p + "&recorded-date=yesterday", "/" + e.typ + "/" + e.id + "?family=x", "/Patient?identifier=" + url.QueryEscape("http://hl7.org/fhir/sid/us-ssn|"+e.body.at("identifier", "value").text()),
	})
	a := ask{typ: "", path: path}
	switch q.IntN(8) {
	case 0:
		a.method = pick(q.Rand, []string{"HEAD", "DELETE", "PUT", "PATCH", "OPTIONS"})
	case 1:
		a.headers = []string{"Accept", pick(q.Rand, []string{"text/html", "application/fhir+xml", "*/*"})}
	case 2:
		a.headers = []string{"Authorization", "Bearer nobody"}
	}
	return a
}

func (q *asker) statement() ask { return ask{path: "/metadata"} }
