package fhirjson_test

import (
	"fmt"
	"strings"
	"testing"

	"modicum/catalog"
	"modicum/internal/fhirjson"
	"modicum/policy"
)

// What the validator found in projections, each as the smallest case of it.

// Expressions and invariants of a definition name its other parts, so that one with
// marks or pseudonyms in it is wrong: it shows whole or not.
func TestDefinitionsShowWholeOrNot(t *testing.T) {
	const in = `{"resourceType":"SearchParameter","id":"s",` + tag + `,"url":"http://x.example/s","name":"s","status":"draft","description":"d","code":"s","base":["Account"],"type":"date","xpath":"f:x","xpathUsage":"normal"}`
	definition := classes(t, "system.definition")
	for name, v := range map[string]policy.View{
		"mask": {Mask: definition}, "token": {Token: definition}, "coarse": {Coarse: definition}, "last4": {Last4: definition},
	} {
		if got := projected(t, in, shape(v)); got != "" {
			t.Errorf("%s: %s", name, got)
		}
	}
	check(t, wide(t, "system.definition", "system.metadata"), []projection{{"keep", in, in}})
}

// A mandatory value that would show, and that the record never had, is not said to be
// masked; what is hidden is, whether or not it was there (F7), and so is a reference
// that may be missing or not visible.
func TestF7_NothingIsSaidToBeMaskedThatWouldShow(t *testing.T) {
	const definition = `{"resourceType":"Questionnaire","id":"q",` + tag + `,"status":"draft","item":[{"text":"x","type":"display"%s}]}`
	ours := strings.TrimSuffix(strings.TrimPrefix(darExt, "{"), "}")
	for _, sibling := range []string{"", `,"_linkId":{"extension":[{"url":"http://vendor.example/x","valueCode":"secret"}]}`, `,"linkId":{"a":1}`} {
		want := fmt.Sprintf(definition, "")
		if got := projected(t, fmt.Sprintf(definition, sibling), wide(t, "system.definition", "system.metadata")); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", sibling, got, want)
		}
	}
	masked := fmt.Sprintf(definition, `,"_linkId":{`+ours+`}`)
	check(t, wide(t, "system.definition", "system.metadata"), []projection{{"the record says so itself", masked, masked}})
	const problem = `{"resourceType":"Condition","id":"c",` + tag + `,"recordedDate":"2020-01-01"%s}`
	sh := wide(t, "clinical.problem", "system.metadata")
	sh.PatientInScope = func([]byte) bool { return false }
	for _, subject := range []string{"", `,"subject":{"reference":"Patient/secret"}`} {
		want := fmt.Sprintf(problem, `,"subject":`+darExt)
		if got := projected(t, fmt.Sprintf(problem, subject), sh); got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", subject, got, want)
		}
	}
}

// grp-1: members only of an actual group; where `actual` is hidden the record is not
// there, though a member who is in scope would show.
func TestAGroupWithHiddenActualIsNotThere(t *testing.T) {
	const in = `{"resourceType":"Group","id":"g","type":"person","actual":true,"member":[{"entity":{"reference":"Patient/p1"}}]}`
	for _, v := range views(30)[1:] {
		s := fhirjson.New(catalog.R4(), fhirjson.Limits{})
		r, err := s.Resource([]byte(in))
		if err != nil {
			t.Fatal(err)
		}
		if got := projected(t, in, shape(v)); (got != "") && !v.Keep.Has(r.Class) {
			t.Errorf("%s", got)
		}
	}
}

// con-4: an end needs the status that has no coarser form, so it has none either.
func TestAnEndIsNotShownWithoutTheStatusThatItNeeds(t *testing.T) {
	const head = `{"resourceType":"Condition","id":"c",` + tag
	const in = head + `,"clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"resolved"}]},"subject":{"reference":"Patient/p1"},"recordedDate":"2013-04-05",%s}`
	sh := shape(policy.View{Coarse: classes(t, "clinical.problem"), Keep: classes(t, "system.metadata")})
	for _, end := range []string{`"abatementDateTime":"2013-04-05"`, `"abatementPeriod":{"end":"2013-04-05"}`, `"abatementString":"spring"`} {
		if got, want := projected(t, fmt.Sprintf(in, end), sh), head+`,"subject":{"reference":"Patient/p1"},"recordedDate":"2013"}`; got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
}

// msq-6 and rqg-1: a part of which the one thing goes that it must have, goes.
func TestAPartWithoutItsOneThingGoes(t *testing.T) {
	all := &fhirjson.Shape{View: policy.View{Keep: catalog.R4().Content()}, PatientInScope: func([]byte) bool { return true }}
	check(t, all, []projection{
		{"msq-6: a sequence that is not visible",
			`{"resourceType":"MolecularSequence","id":"m",` + tag + `,"coordinateSystem":1,"referenceSeq":{"referenceSeqPointer":{"reference":"MolecularSequence/x"},"strand":"watson","windowStart":1}}`,
			`{"resourceType":"MolecularSequence","id":"m",` + tag + `,"coordinateSystem":1}`},
		{"rqg-1: a request that is not visible",
			`{"resourceType":"RequestGroup","id":"r",` + tag + `,"status":"draft","intent":"plan","action":[{"prefix":"1","resource":{"reference":"MedicationRequest/x"}},{"prefix":"2","action":[{"resource":{"reference":"MedicationRequest/y"}}]}]}`,
			`{"resourceType":"RequestGroup","id":"r",` + tag + `,"status":"draft","intent":"plan"}`},
	})
}
