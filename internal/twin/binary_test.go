package twin

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"modicum/policy"
)

// file gives some documents and reports of a world their text as a Binary. Two may name
// one, of some nobody knows who names them, and some say themselves whose they are. What
// has little to do with documents goes, so that more of the session is about them.
func (w *world) file(rng *rand.Rand) {
	w.remove(func(e *entry) bool {
		return slices.Contains([]string{"Observation", "MedicationRequest", "Appointment", "Coverage", "AllergyIntolerance", "Procedure", "Medication", "Immunization", "RelatedPerson"}, e.typ)
	})
	g := &grower{Rand: rng, w: w, ids: map[string]bool{}}
	for _, e := range w.entries {
		g.ids[e.id] = true
	}
	var made []string
	binary := func(context string) string {
		id := g.id("b")
		made = append(made, g.put(`{"resourceType":"Binary","id":"%s","meta":{"versionId":"%d"},"contentType":"text/plain",%s"data":"%s"}`,
			id, 1+g.IntN(9), context, base64.StdEncoding.EncodeToString([]byte(g.word()))))
		return id
	}
	for _, e := range slices.Clone(w.entries) {
		if e.typ != "DocumentReference" && e.typ != "DiagnosticReport" || g.chance(5) {
			continue
		}
		id := ""
		if id = pick(rng, append(made, "")); id == "" || !g.chance(6) {
			id = binary(g.belonging(e))
		}
		attachment := fmt.Sprintf(`{"contentType":"text/plain","url":"Binary/%s","title":"%s"}`, id, g.word())
		body := e.body.clone()
		if e.typ == "DocumentReference" {
			body.set("content", parse(`[{"attachment":`+attachment+`}]`))
		} else {
			body.set("presentedForm", parse(`[`+attachment+`]`))
		}
		e.become(body)
	}
	for range 4 {
		binary(g.belonging(pick(rng, w.entries)))
	}
	g.Shuffle(len(w.entries), func(i, j int) { w.entries[i], w.entries[j] = w.entries[j], w.entries[i] })
}

// belonging is what a Binary says of whose rights it follows: mostly nothing, else the
// record that names it, its patient, or another one.
func (g *grower) belonging(e *entry) string {
	to := ""
	switch g.IntN(5) {
	case 0:
		to = e.ref()
	case 1:
		to = orElse(e.body.at("subject", "reference").text(), "Patient/"+g.w.patients[0])
	case 2:
		to = "Patient/" + pick(g.Rand, g.w.patients)
	default:
		return ""
	}
	return fmt.Sprintf(`"securityContext":{"reference":"%s"},`, to)
}

// content is what the caller may see of a Binary: all of it, where a record of which
// something shows names it in what shows, whatever else would hide it; nothing where no
// such record does, or where it says that it belongs to a patient whom none of them names.
func (j *judge) content(w *world, e *entry) string {
	belongs := e.body.at("securityContext", "reference").text()
	for _, o := range w.entries {
		if o.typ == "Binary" || !strings.Contains(o.text, `"`+e.ref()+`"`) || strings.HasPrefix(belongs, "Patient/") && !strings.Contains(o.text, `"`+belongs+`"`) {
			continue
		}
		if strings.Contains(j.shown(w, o), `"`+e.ref()+`"`) {
			return e.text
		}
	}
	return ""
}

// newFiledRun is a pair of worlds with documents whose text is elsewhere.
func newFiledRun(seed uint64, set *policy.Set) *run {
	r := newRunOf(seed, set, func(w *world) { w.file(rand.New(rand.NewPCG(seed, 7))) })
	r.hider.rewrite()
	return r
}

// rewrite gives every hidden Binary another text.
func (h *hider) rewrite() {
	for _, e := range h.w.entries {
		if e.typ != "Binary" || h.text[e.ref()] != "" {
			continue
		}
		old, body := *e, e.body.clone()
		body.set("data", scalar(base64.StdEncoding.EncodeToString([]byte(h.word()))))
		if e.become(body); !h.stands(e, old.names) {
			*e = old
		}
	}
}

// document draws a request of a session about documents.
func (q *asker) document() ask {
	a := q.one([]choice{
		{30, "binary", q.binary}, {12, "document", q.ofDocuments}, {14, "list of documents", q.listDocuments}, {8, "document and binary", q.documentAndBinary},
		{2, "no binary", q.noBinary}, {2, "whole chart", q.chart}, {2, "include", q.include},
	})
	a.headers = append(a.headers, "Modicum-Task", pick(q.Rand, q.p.tasks))
	return a
}

// filed draws a record of these types, more often one that shows.
func (q *asker) filed(types ...string) *entry {
	for range 60 {
		if e := q.entry(); slices.Contains(types, e.typ) {
			return e
		}
	}
	return q.of(types[0])
}

// binary reads one, in the ways in which that can be asked.
func (q *asker) binary() ask {
	path := "/" + q.filed("Binary").ref()
	a := ask{typ: "Binary", method: pick(q.Rand, []string{"GET", "GET", "GET", "HEAD"}), path: path + pick(q.Rand, []string{"", "", "", "?_pretty=true", "/_history", "/_history/1"})}
	switch q.IntN(6) {
	case 0:
		a.headers = []string{"Accept", pick(q.Rand, []string{"text/plain", "text/*", "image/png", "application/fhir+json, text/plain;q=0.5"})}
	case 1:
		a.headers = []string{pick(q.Rand, []string{"If-None-Match", "If-Match"}), orElse(q.tags[path], `W/"7"`)}
	case 2:
		a.headers = []string{"Range", "bytes=0-3"}
	}
	return a
}

func (q *asker) ofDocuments() ask {
	e := q.filed("DocumentReference", "DiagnosticReport")
	return ask{typ: e.typ, path: "/" + e.ref() + pick(q.Rand, []string{"", "", "?_elements=status", "/_history"})}
}

func (q *asker) listDocuments() ask {
	typ := pick(q.Rand, []string{"DocumentReference", "DocumentReference", "DiagnosticReport"})
	return ask{typ: typ, path: "/" + typ + "?" + q.named(typ) + q.page()}
}

// documentAndBinary asks for a document, and in the same batch for what it names.
func (q *asker) documentAndBinary() ask {
	e := q.filed("DocumentReference", "DiagnosticReport")
	_, id, named := strings.Cut(e.text, `"url":"Binary/`)
	if id, _, _ = strings.Cut(id, `"`); !named || q.IntN(4) == 0 {
		id = q.filed("Binary").id
	}
	entries := []string{`{"request":{"method":"GET","url":"` + e.ref() + `"}}`, `{"request":{"method":"GET","url":"Binary/` + id + `"}}`}
	if q.IntN(3) == 0 {
		slices.Reverse(entries)
	}
	return ask{method: "POST", headers: []string{"Content-Type", "application/fhir+json"},
		body: `{"resourceType":"Bundle","type":"batch","entry":[` + strings.Join(entries, ",") + `]}`}
}

func (q *asker) noBinary() ask {
	return ask{path: "/Binary" + pick(q.Rand, []string{"", "?_id=" + q.filed("Binary").id, "/nowhere", "/" + q.entry().id})}
}

// TestN1_TwinWorldsOfDocumentsAnswerAlike: sessions about documents and what they name
// (FC27) in two worlds that differ in hidden documents, in Binaries that nothing which
// shows names, and in what of a document does not show.
func TestN1_TwinWorldsOfDocumentsAnswerAlike(t *testing.T) {
	set, n := loadPolicy(t), newTally()
	some := []uint64{8, 13, 19, 10, 30, 1, 41, 52} // every other one is a therapist, who reads notes
	if testing.Short() {
		some = some[:2]
	}
	all, plain := seeds(t, some)
	for seed := range all {
		r := newFiledRun(seed, set)
		r.draw = (*asker).document
		if twins(t, r, n); t.Failed() {
			return
		}
	}
	t.Logf("%d pairs in %d worlds, %d with data, %d past hidden records; %d changes stood; kinds %v; types with data %v", n.pairs, n.worlds, n.data, n.straddling, n.changes, n.kinds, n.types)
	if !plain || testing.Short() {
		return
	}
	if n.types["Binary"] < 150 || n.straddling*5 < n.pairs || n.kinds["document and binary"] < 200 {
		t.Errorf("too little: %d Binaries came, %d of %d pairs pass hidden records", n.types["Binary"], n.straddling, n.pairs)
	}
}
