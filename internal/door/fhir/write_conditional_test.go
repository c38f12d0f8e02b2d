package fhir_test

import (
	"slices"
	"strings"
	"testing"

	"modicum/ledger"
)

// FC12: a conditional create makes what a search does not show, answers with the one
// record that it shows, and does nothing where it shows several. What fits and is hidden
// is none: it changes nothing of the answer.
func TestFC12_AConditionalCreateSeesWhatASearchShows(t *testing.T) {
	a := newArchive(t)
	chart(a)
	a.inner.PutJSON([]byte(condition("c5", "p1", "J20.9")))
	a.inner.PutJSON([]byte(condition("c6", "p1", "J20.9")))
	c := writing(t, a, nil)
	body := func(code string) string {
		return strings.Replace(strings.Replace(condition("x", "p1", code), `"id":"x",`, "", 1), `"meta":{"versionId":"5"},`, "", 1)
	}
	one := c.post(t, "nina", "Condition", body("J45.0"), "If-None-Exist", "patient=p1&code=J45.0")
	read := c.get(t, "nina", "/Condition/c1")
	if one.status != 200 || one.body != read.body || one.header.Get("ETag") != read.header.Get("ETag") || one.header.Get("Location") != c.URL+"/fhir/Condition/c1" {
		t.Errorf("one fits: %d %s", one.status, one.plain())
	}
	// Some clients name the search whole; what is not the search of this type here is none.
	for _, address := range []string{"Condition?", c.URL + "/fhir/Condition?"} {
		if r := c.post(t, "nina", "Condition", body("J45.0"), "If-None-Exist", address+"patient=p1&code=J45.0"); r.status != 200 || r.body != read.body {
			t.Errorf("%s: %d %s", address, r.status, r.body)
		}
	}
	for _, address := range []string{"Observation?", "/Condition?", "http://elsewhere.example/fhir/Condition?", c.URL + "/Condition?", "Condition?Condition?"} {
		a.refused(t, c.post(t, "nina", "Condition", body("J45.0"), "If-None-Exist", address+"patient=p1&code=J45.0"), 400, "malformed")
	}
	a.refused(t, c.post(t, "nina", "Condition", body("J20.9"), "If-None-Exist", "patient=p1&code=J20.9"), 412, "several")
	// B20 fits c2, which is hidden from nina by its mark: the answer is that to nothing.
	none := c.post(t, "nina", "Condition", body("J30.0"), "If-None-Exist", "patient=p1&code=B20")
	c.post(t, "nina", "Condition", body("J30.1"), "If-None-Exist", "patient=p1&code=J98.0").id(t)
	none.id(t)
	if n := len(a.of("Condition")); n != 7 {
		t.Errorf("%d conditions", n)
	}
	a.writes()
	for criteria, slug := range map[string]string{
		"patient=p1&maritalstatus=x": "parameter", "patient=p1&_count=1": "parameter", "patient=p1&code:missing=true": "parameter",
		"": "malformed", "patient=%zz": "malformed",
	} {
		a.refused(t, c.post(t, "nina", "Condition", body("J31.0"), "If-None-Exist", criteria), 400, slug)
	}
	// Somebody else's patients are nobody's.
	c.post(t, "nina", "Condition", body("J32.0"), "If-None-Exist", "patient=p9&code=J45.0").id(t)
	// Who may create and not search does not learn by creating.
	a.writes()
	a.refused(t, c.post(t, "rob", "Condition", body("J33.0"), "If-None-Exist", "patient=p1&code=J45.0"), 403, "not-for-task")
}

// The parts of a conditional create are on record: the write, the read of it, the search.
func TestL2_TheSearchOfAConditionalCreateIsRecorded(t *testing.T) {
	a := newArchive(t)
	chart(a)
	c := writing(t, a, nil)
	body := strings.Replace(strings.Replace(condition("x", "p1", "J45.0"), `"id":"x",`, "", 1), `"meta":{"versionId":"5"},`, "", 1)
	r := c.post(t, "nina", "Condition", body, "If-None-Exist", "patient=p1&code=J45.0")
	c.gate.Wait()
	d, o, parts := c.book.of(r.header.Get("Modicum-Decision"))
	if d == nil || d.Interaction != "create" || o == nil || o.Written != "" || len(parts) != 2 {
		t.Errorf("%+v %+v %+v", d, o, parts)
	}
	if _, o, _ := c.book.of(searchOf(t, parts)); o == nil || o.Counts != (ledger.Counts{Shown: 1}) {
		t.Errorf("the search ended as %+v", o)
	}
}

// searchOf is the search among the parts of a create, which come to the record in any order.
func searchOf(t *testing.T, parts []*ledger.Decision) (id string) {
	t.Helper()
	i := slices.IndexFunc(parts, func(d *ledger.Decision) bool { return d.Interaction == "search-type" })
	if i < 0 {
		t.Fatalf("no search: %+v", parts)
	}
	return parts[i].ID
}

// A refusal because several records fit tells that two do, as a count would (FC32): both
// are on record as told, and the status says that nothing of them left.
func TestL2_ThatSeveralRecordsFitIsRecordedAsTold(t *testing.T) {
	a := newArchive(t)
	chart(a)
	a.inner.PutJSON([]byte(condition("c5", "p1", "J20.9")))
	a.inner.PutJSON([]byte(condition("c6", "p1", "J20.9")))
	c := writing(t, a, nil)
	body := strings.Replace(strings.Replace(condition("x", "p1", "J20.9"), `"id":"x",`, "", 1), `"meta":{"versionId":"5"},`, "", 1)
	r := c.post(t, "nina", "Condition", body, "If-None-Exist", "patient=p1&code=J20.9")
	c.gate.Wait()
	_, _, parts := c.book.of(r.header.Get("Modicum-Decision"))
	if _, o, _ := c.book.of(searchOf(t, parts)); o == nil || o.Counts != (ledger.Counts{Shown: 2}) || o.Bytes != 0 || o.Status != 412 {
		t.Errorf("the search ended as %+v", o)
	}
}
