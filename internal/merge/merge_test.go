package merge_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"modicum/catalog"
	"modicum/internal/fhirjson"
	"modicum/internal/merge"
	"modicum/policy"
)

// sees keeps and writes every class but those named: hide:CLASS is not shown,
// read:CLASS shows and is not written, mask:, last4: and coarse: show so.
func sees(tb testing.TB, but ...string) merge.Rules {
	tb.Helper()
	sh := &fhirjson.Shape{
		PatientInScope: func(id []byte) bool { return string(id) == "p1" },
		Visible:        func(_ catalog.Type, id []byte) bool { return !strings.HasPrefix(string(id), "hidden") },
		Year:           2026,
	}
	r := merge.Rules{Shown: sh, Write: policy.View{Keep: catalog.R4().Content()}}
	for c := range catalog.R4().Content().All {
		sh.View.Put(c, policy.Keep)
	}
	for _, b := range but {
		how, name, _ := strings.Cut(b, ":")
		c, ok := catalog.R4().Class(name)
		if !ok {
			tb.Fatalf("no class %s", name)
		}
		only := catalog.ClassSet{}.With(c)
		if how != "read" {
			sh.View.Keep = sh.View.Keep.Minus(only)
		}
		switch how {
		case "read":
			r.Write.Keep = r.Write.Keep.Minus(only)
		case "mask":
			sh.View.Mask = sh.View.Mask.With(c)
		case "last4":
			sh.View.Last4 = sh.View.Last4.With(c)
		case "coarse":
			sh.View.Coarse = sh.View.Coarse.With(c)
		}
	}
	return r
}

// change applies a JSON Patch to what is shown of a record and merges the result.
func change(tb testing.TB, record, patch string, r merge.Rules) (string, error) {
	tb.Helper()
	sent, err := merge.JSONPatch(project(tb, []byte(record), r), []byte(patch))
	if err != nil {
		tb.Fatalf("%v of %s", err, project(tb, []byte(record), r))
	}
	out, err := merged([]byte(record), sent, r)
	return string(out), err
}

const (
	ext  = `"extension":[{"url":"http://vendor.example/a","valueString":"hidden"}]`
	ext2 = `"extension":[{"url":"http://vendor.example/b","valueString":"hidden too"}]`
)

// F8, FC52: what is hidden keeps its bytes and its place.
func TestF8_WhatIsHiddenStays(t *testing.T) {
	for _, tt := range []struct {
		name, record, patch, want string
		but                       []string
	}{
		{"beside a changed value", `{"resourceType":"Patient","id":"p1","birthDate":"1970-01-01","vendor":1.00,"gender":"male"}`,
			`[{"op":"replace","path":"/gender","value":"female"}]`, `{"resourceType":"Patient","id":"p1","birthDate":"1970-01-01","vendor":1.00,"gender":"female"}`, []string{"hide:demographics.birth-date"}},
		{"the spelling of numbers", `{"resourceType":"Observation","id":"o1","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p1"},"valueQuantity":{"value":1.00,"unit":"mg"}}`,
			`[{"op":"replace","path":"/valueQuantity","value":{"unit":"g","value":1}}]`, `"valueQuantity":{"value":1.00,"unit":"g"}`, nil},
		{"an identifier of another kind, behind the one before it", `{"resourceType":"Patient","id":"p1","identifier":[{"system":"http://hl7.org/fhir/sid/us-ssn","value":"1"},{"system":"urn:a","value":"A"},{"system":"http://hl7.org/fhir/sid/us-ssn","value":"2"},{"system":"urn:b","value":"B"},{"system":"http://hl7.org/fhir/sid/us-ssn","value":"3"}]}`,
			`[{"op":"move","from":"/identifier/1","path":"/identifier/0"},{"op":"add","path":"/identifier/-","value":{"system":"urn:c","value":"C"}}]`,
			`"identifier":[{"system":"http://hl7.org/fhir/sid/us-ssn","value":"1"},{"system":"urn:b","value":"B"},{"system":"http://hl7.org/fhir/sid/us-ssn","value":"3"},{"system":"urn:a","value":"A"},{"system":"http://hl7.org/fhir/sid/us-ssn","value":"2"},{"system":"urn:c","value":"C"}]`, []string{"hide:identifiers.ssn"}},
		{"behind an item that is taken away", `{"resourceType":"Patient","id":"p1","identifier":[{"system":"urn:a","value":"A"},{"system":"http://hl7.org/fhir/sid/us-ssn","value":"1"},{"system":"urn:b","value":"B"},{"system":"http://hl7.org/fhir/sid/us-ssn","value":"2"}]}`,
			`[{"op":"remove","path":"/identifier/1"}]`, `"identifier":[{"system":"urn:a","value":"A"},{"system":"http://hl7.org/fhir/sid/us-ssn","value":"1"},{"system":"http://hl7.org/fhir/sid/us-ssn","value":"2"}]`, []string{"hide:identifiers.ssn"}},
		{"what no line can show, of an item that is taken away", `{"resourceType":"Patient","id":"p1","name":[{"family":"A",` + ext + `},{"family":"B"}]}`,
			`[{"op":"remove","path":"/name/0"}]`, `"name":[{` + ext + `},{"family":"B"}]`, nil},
		{"of two names that show alike, each its own", `{"resourceType":"Patient","id":"p1","name":[{"family":"A",` + ext + `},{"family":"A",` + ext2 + `}]}`,
			`[{"op":"add","path":"/name/1/text","value":"second"}]`, `"name":[{"family":"A",` + ext + `},{"family":"A",` + ext2 + `,"text":"second"}]`, nil},
		{"extensions of a repeating primitive", `{"resourceType":"Patient","id":"p1","name":[{"given":["A","B","C"],"_given":[null,{` + ext + `},null]}]}`,
			`[{"op":"remove","path":"/name/0/given/0"},{"op":"add","path":"/name/0/given/-","value":"D"}]`, `"given":["B","C","D"],"_given":[{` + ext + `},null,null]`, nil},
		{"the extension of a primitive that is taken away", `{"resourceType":"Patient","id":"p1","active":true,"birthDate":"1970-01-01","_birthDate":{` + ext + `}}`,
			`[{"op":"remove","path":"/birthDate"}]`, `"active":true,"_birthDate":{` + ext + `}`, nil},
		{"a masked value beside a change", `{"resourceType":"Patient","id":"p1","birthDate":"1970-01-01","gender":"male"}`,
			`[{"op":"replace","path":"/gender","value":"other"}]`, `"birthDate":"1970-01-01","gender":"other"`, []string{"mask:demographics.birth-date"}},
		{"a reference that does not show", `{"resourceType":"Observation","id":"o1","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p1"},"hasMember":[{"reference":"Observation/hidden1"},{"reference":"Observation/a"}]}`,
			`[{"op":"add","path":"/hasMember/-","value":{"reference":"Observation/b"}}]`, `"hasMember":[{"reference":"Observation/hidden1"},{"reference":"Observation/a"},{"reference":"Observation/b"}]`, nil},
		{"the display of a reference that stays", `{"resourceType":"Observation","id":"o1","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p1","display":"Ann"},"note":[{"text":"n"}]}`,
			`[{"op":"replace","path":"/note/0/text","value":"m"}]`, `"subject":{"reference":"Patient/p1","display":"Ann"},"note":[{"text":"m"}]`, nil},
		{"and not of one that has another target", `{"resourceType":"Observation","id":"o1","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p1"},"device":{"reference":"Device/d1","display":"old",` + ext + `}}`,
			`[{"op":"replace","path":"/device","value":{"reference":"Device/d2"}}]`, `"device":{"reference":"Device/d2",` + ext + `}`, nil},
		{"a choice of another type", `{"resourceType":"Observation","id":"o1","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p1"},"valueString":"v","_valueString":{` + ext + `}}`,
			`[{"op":"remove","path":"/valueString"},{"op":"add","path":"/valueInteger","value":3}]`, `"subject":{"reference":"Patient/p1"},"valueInteger":3}`, nil},
		{"a reference beside the mark that stands for it", `{"resourceType":"Medication","id":"m1","ingredient":[{"itemReference":{"reference":"#hidden",` + ext + `},"isActive":true}]}`,
			`[{"op":"replace","path":"/ingredient/0/isActive","value":false}]`, `"itemReference":{"reference":"#hidden",` + ext + `},"isActive":false`, nil},
		{"of a choice that is taken away with its part", `{"resourceType":"Medication","id":"m1","ingredient":[{"itemCodeableConcept":{"text":"x",` + ext + `}},{"itemCodeableConcept":{"text":"y"}}]}`,
			`[{"op":"remove","path":"/ingredient/0"}]`, `"ingredient":[{"itemCodeableConcept":{` + ext + `}},{"itemCodeableConcept":{"text":"y"}}]`, nil},
		{"narrative and meta", `{"resourceType":"Patient","id":"p1","meta":{"versionId":"7"},"text":{"status":"generated","div":"<div>x</div>"},"active":true}`,
			`[{"op":"replace","path":"/active","value":false},{"op":"remove","path":"/meta"}]`, `{"resourceType":"Patient","id":"p1","meta":{"versionId":"7"},"text":{"status":"generated","div":"<div>x</div>"},"active":false}`, []string{"hide:system.metadata"}},
		{"a contained resource that does not show", `{"resourceType":"Observation","id":"o1","contained":[{"resourceType":"Specimen","id":"x"},{"resourceType":"Organization","id":"y","name":"Y"}],"status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p1"},"performer":[{"reference":"#y"}]}`,
			`[{"op":"replace","path":"/contained/0/name","value":"Z"}]`, `"contained":[{"resourceType":"Specimen","id":"x"},{"resourceType":"Organization","id":"y","name":"Z"}]`, []string{"hide:clinical.lab.specimen"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := change(t, tt.record, tt.patch, sees(t, tt.but...))
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(got, tt.want) {
				t.Errorf("got %s\nwant in it %s", got, tt.want)
			}
		})
	}
}

const observation = `{"resourceType":"Observation","id":"o1","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"1-1"}]},"subject":{"reference":"Patient/p1"},"effectiveDateTime":"2026-03-04","valueString":"v","note":[{"text":"n"}],"component":[{"code":{"text":"c"},"valueString":"w"}]}`

const visit = `{"resourceType":"Encounter","id":"e1","status":"finished","class":{"code":"IMP"},"subject":{"reference":"Patient/p1"},"hospitalization":{"reAdmission":{"text":"r"}}}`

const person = `{"resourceType":"Patient","id":"p1","identifier":[{"system":"urn:a","value":"A"},{"system":"http://hl7.org/fhir/sid/us-ssn","value":"123-45-6789"}],"name":[{"family":"A"}],"telecom":[{"system":"phone","value":"555"}],"birthDate":"1970-05-06","contact":[{"name":{"family":"C"},"telecom":[{"system":"phone","value":"556"}]}],"generalPractitioner":[{"reference":"Practitioner/x"}]}`

// F8: what the caller may not write is refused, with its place and why, whether or not
// something hidden is there.
func TestF8_WhatMayNotBeWrittenIsRefused(t *testing.T) {
	for _, tt := range []struct {
		name, record, patch, path string
		why                       merge.Reason
		but                       []string
	}{
		{"a class that shows only", person, `[{"op":"replace","path":"/name/0/family","value":"B"}]`, "Patient.name.family", merge.NotWritable, []string{"read:demographics.name"}},
		{"a class that does not show", person, `[{"op":"add","path":"/gender","value":"male"}]`, "Patient.gender", merge.NotVisible, []string{"hide:demographics.gender"}},
		{"a number of a kind that does not show", person, `[{"op":"add","path":"/identifier/-","value":{"system":"http://hl7.org/fhir/sid/us-ssn","value":"1"}}]`, "Patient.identifier.system", merge.NotVisible, []string{"hide:identifiers.ssn"}},
		{"a kind that does not show, of a number that does", person, `[{"op":"replace","path":"/identifier/0/system","value":"http://hl7.org/fhir/sid/us-ssn"}]`, "Patient.identifier.system", merge.NotVisible, []string{"hide:identifiers.ssn"}},
		{"the last four", person, `[{"op":"replace","path":"/identifier/1/value","value":"****9999"}]`, "Patient.identifier.value", merge.NotVisible, []string{"last4:identifiers.ssn"}},
		{"a year", person, `[{"op":"replace","path":"/birthDate","value":"1971"}]`, "Patient.birthDate", merge.NotVisible, []string{"coarse:demographics.birth-date"}},
		{"a mark", person, `[{"op":"remove","path":"/_birthDate"}]`, "Patient.birthDate", merge.Reduced, []string{"mask:demographics.birth-date"}},
		{"a mark once more", person, `[{"op":"copy","from":"/identifier/1","path":"/identifier/0"}]`, "Patient.identifier", merge.Reduced, []string{"mask:identifiers.ssn"}},
		{"a value beside its mark", person, `[{"op":"add","path":"/birthDate","value":"1971-01-01"}]`, "Patient.birthDate", merge.NotVisible, []string{"mask:demographics.birth-date"}},
		{"a group that may hold more", visit, `[{"op":"remove","path":"/hospitalization"}]`, "Encounter.hospitalization", merge.HoldsHidden, []string{"hide:admin.encounter.location"}},
		{"what FHIR demands", observation, `[{"op":"remove","path":"/code"}]`, "Observation.code", merge.Mandatory, nil},
		{"of a part, what FHIR demands", observation, `[{"op":"remove","path":"/component/0/code"}]`, "Observation.component.code", merge.Mandatory, nil},
		{"an element that nobody knows", person, `[{"op":"add","path":"/shoeSize","value":43}]`, "Patient", merge.NotKnown, nil},
		{"an extension that nobody knows", person, `[{"op":"add","path":"/extension","value":[{"url":"http://vendor.example/x","valueString":"x"}]}]`, "Patient.extension.url", merge.NotVisible, nil},
		{"another shape", person, `[{"op":"replace","path":"/name/0/family","value":["B"]}]`, "Patient.name", merge.NotKnown, nil},
		{"narrative", person, `[{"op":"add","path":"/text","value":{"status":"generated","div":"<div>x</div>"}}]`, "Patient.text", merge.Narrative, nil},
		{"a label", observation, `[{"op":"add","path":"/meta/security","value":[{"code":"R"}]}]`, "Observation.meta.security", merge.ByServer, nil},
		{"a reference to what is not proven", observation, `[{"op":"add","path":"/hasMember","value":[{"reference":"Observation/hidden1"}]}]`, "Observation.hasMember", merge.WouldNotShow, nil},
		{"a reference to another server", observation, `[{"op":"add","path":"/hasMember","value":[{"reference":"https://elsewhere.example/Observation/1"}]}]`, "Observation.hasMember", merge.WouldNotShow, nil},
		{"the display of a reference that stays", observation, `[{"op":"add","path":"/subject/display","value":"Ann"}]`, "Observation.subject.display", merge.NotVisible, nil},
		{"an unknown modifier", observation, `[{"op":"add","path":"/modifierExtension","value":[{"url":"http://vendor.example/not","valueBoolean":true}]}]`, "Observation", merge.NotKnown, nil},
		{"another record", person, `[{"op":"replace","path":"/id","value":"p2"}]`, "Patient", merge.NotSame, nil},
		{"an empty text", person, `[{"op":"add","path":"/gender","value":""}]`, "Patient.gender", merge.NotKnown, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := change(t, tt.record, tt.patch, sees(t, tt.but...))
			var r *merge.Refusal
			if !errors.As(err, &r) {
				t.Fatalf("got %s, %v", got, err)
			}
			if !slices.Contains(r.Problems, merge.Problem{Path: tt.path, Reason: tt.why}) {
				t.Errorf("got %v, want %s: %v", r, tt.path, tt.why)
			}
		})
	}
}

// Every problem comes at once.
func TestEveryProblemComesAtOnce(t *testing.T) {
	_, err := change(t, person, `[{"op":"replace","path":"/name/0/family","value":"B"},{"op":"add","path":"/shoeSize","value":43},{"op":"remove","path":"/telecom"}]`,
		sees(t, "read:demographics.name", "read:contact.phone"))
	want := "Patient: not an element that may stand there; Patient.name.family: this task sees it and may not write it; Patient.telecom: this task sees it and may not write it"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// F10: what access is decided by is not written, whatever the classes say.
func TestF10_WhatAccessIsDecidedByIsNotMerged(t *testing.T) {
	r := sees(t)
	r.Frozen = map[catalog.NodeID]bool{}
	for _, path := range []string{"Observation.subject", "Observation.performer", "Patient.generalPractitioner"} {
		for _, n := range catalog.R4().Find(path) {
			r.Frozen[n] = true
		}
	}
	for _, tt := range []struct{ record, patch string }{
		{observation, `[{"op":"replace","path":"/subject/reference","value":"Patient/p2"}]`},
		{observation, `[{"op":"add","path":"/performer","value":[{"reference":"Practitioner/x"}]}]`},
		{person, `[{"op":"remove","path":"/generalPractitioner"}]`},
		{observation, `[{"op":"add","path":"/category","value":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"survey"}]}]}]`},
		{person, `[{"op":"replace","path":"/generalPractitioner/0/reference","value":"Practitioner/y"}]`},
	} {
		_, err := change(t, tt.record, tt.patch, r)
		var refusal *merge.Refusal
		if !errors.As(err, &refusal) || refusal.Problems[0].Reason != merge.Decides {
			t.Errorf("%s: got %v", tt.patch, err)
		}
	}
}

// FC52, N1: the same change gets the same verdict, and the same answer, whatever is
// hidden where it goes.
func TestFC52_TheVerdictTellsNothingHidden(t *testing.T) {
	base := `{"resourceType":"Condition","id":"c1","code":{"text":"x"},"subject":{"reference":"Patient/p1"}%s}`
	for _, tt := range []struct {
		name, patch string
		hidden      []string
		ok          bool
	}{
		{"a single reference", `[{"op":"add","path":"/recorder","value":{"reference":"Practitioner/x"}}]`,
			[]string{"", `,"recorder":{"display":"Somebody"}`}, false},
		{"what a single reference says of its target", `[{"op":"add","path":"/recorder","value":{"identifier":{"system":"urn:x","value":"1"}}}]`,
			[]string{"", `,"recorder":{"display":"Somebody"}`, `,"recorder":{}`}, false},
		{"a part of which another part is hidden", `[{"op":"add","path":"/severity","value":{"text":"mild"}}]`,
			[]string{"", `,"severity":{` + ext + `}`, `,"severity":{}`, `,"severity":""`}, true},
		{"a primitive with a hidden extension", `[{"op":"add","path":"/recordedDate","value":"2026-01-01"}]`,
			[]string{"", `,"_recordedDate":{` + ext + `}`, `,"recordedDate":null`, `,"recordedDate":""`}, true},
		{"a list of hidden items", `[{"op":"add","path":"/evidence","value":[{"code":[{"text":"e"}]}]}]`,
			[]string{"", `,"evidence":[{"detail":[{"reference":"Observation/hidden1"}]}]`, `,"evidence":[{` + ext + `}]`}, true},
		{"a choice", `[{"op":"add","path":"/onsetString","value":"young"}]`,
			[]string{"", `,"_onsetAge":null`, `,"_onsetDateTime":{` + ext + `}`, `,"onsetAge":{` + ext + `}`}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			first, verdict := "", ""
			for i, h := range tt.hidden {
				record := strings.Replace(base, "%s", h, 1)
				out, err := change(t, record, tt.patch, sees(t))
				if (err == nil) != tt.ok {
					t.Errorf("%s: got %v", h, err)
				}
				shown := ""
				if err == nil {
					shown = string(project(t, []byte(out), sees(t)))
				}
				if i == 0 {
					first, verdict = shown, errText(err)
				}
				if shown != first || errText(err) != verdict {
					t.Errorf("with %q hidden:\n%s %v\n%s %v", h, shown, err, first, verdict)
				}
			}
		})
	}
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// FC52: a copy that comes back as it was shown changes nothing, to the byte.
func TestFC52_ACopyThatComesBackChangesNothing(t *testing.T) {
	for _, record := range []string{person, observation, "{ \"resourceType\" : \"Patient\", \"id\": \"p1\",\n\"multipleBirthInteger\": 2.0, \"active\": true, \"birthDate\": \"1970-01-01\" }"} {
		for _, but := range [][]string{nil, {"mask:demographics.birth-date"}, {"coarse:demographics.birth-date", "last4:identifiers.ssn", "hide:demographics.name"}, {"hide:clinical.observation"}} {
			r := sees(t, but...)
			shown := project(t, []byte(record), r)
			if shown == nil {
				continue
			}
			respelt := strings.NewReplacer("2.0", "2", `"`, " \"").Replace(string(shown))
			for _, sent := range []string{string(shown), strings.ReplaceAll(respelt, " \"", `"`)} {
				out, err := merged([]byte(record), []byte(sent), r)
				if err != nil || string(out) != record {
					t.Errorf("%v: got %s, %v", but, out, err)
				}
			}
		}
	}
}

// FC15: a patch sees what is shown: test, copy and move reach nothing else.
func TestFC15_APatchSeesWhatIsShown(t *testing.T) {
	r := sees(t, "mask:demographics.birth-date", "hide:identifiers.ssn")
	shown := project(t, []byte(person), r)
	for _, patch := range []string{
		`[{"op":"test","path":"/birthDate","value":"1970-05-06"}]`,
		`[{"op":"copy","from":"/birthDate","path":"/name/0/text"}]`,
		`[{"op":"move","from":"/identifier/1/value","path":"/name/0/text"}]`,
		`[{"op":"remove","path":"/birthDate"}]`,
	} {
		_, err := merge.JSONPatch(shown, []byte(patch))
		var bad *merge.PatchError
		if !errors.As(err, &bad) || bad.Fault != merge.NothingHere {
			t.Errorf("%s: got %v", patch, err)
		}
	}
	_, err := merge.FHIRPathPatch(catalog.R4(), shown, params(typed("replace", "Patient.birthDate", part("value", `"valueDate":"1971-01-01"`))))
	if err == nil {
		if _, err = merged([]byte(person), shown, r); err != nil {
			t.Error(err)
		}
	}
	if _, err := change(t, person, `[{"op":"copy","from":"/name/0/family","path":"/contact/0/name/text"}]`, sees(t, "read:contact.related-person")); err == nil {
		t.Error("a copy into what may not be written is merged")
	}
}

// FuzzMerge: whatever is sent, what becomes of the record keeps what is hidden, and the
// caller is shown what was sent; or the refusal has a place and a reason.
func FuzzMerge(f *testing.F) {
	record := `{"resourceType":"Patient","id":"p1","identifier":[{"system":"http://hl7.org/fhir/sid/us-ssn","value":"123-45-6789"},{"system":"urn:a","value":"A",` + ext + `}],"name":[{"given":["B"],"_given":[{` + ext2 + `}]}],"active":true,"vendor":{"a":1.0}}`
	r := sees(f, "hide:identifiers.ssn")
	shown := project(f, []byte(record), r)
	f.Add(shown)
	for _, p := range []string{`[{"op":"remove","path":"/name"}]`, `[{"op":"add","path":"/name/0/given/0","value":"X"}]`, `[{"op":"replace","path":"/active","value":false}]`, `[{"op":"add","path":"/birthDate","value":"1970"}]`} {
		sent, err := merge.JSONPatch(shown, []byte(p))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(sent)
	}
	f.Fuzz(func(t *testing.T, sent []byte) {
		out, err := merged([]byte(record), sent, r)
		var refusal *merge.Refusal
		var syntax *fhirjson.SyntaxError
		switch {
		case errors.As(err, &syntax):
			return
		case errors.As(err, &refusal):
			if len(refusal.Problems) == 0 || refusal.Problems[0].Path == "" || refusal.Problems[0].Reason == 0 {
				t.Fatalf("an empty refusal: %v", refusal)
			}
			return
		case err != nil:
			t.Fatal(err)
		}
		for _, hidden := range []string{`{"system":"http://hl7.org/fhir/sid/us-ssn","value":"123-45-6789"}`, ext, ext2, `"vendor":{"a":1.0}`} {
			if !strings.Contains(string(out), hidden) {
				t.Fatalf("%s is lost in %s", hidden, out)
			}
		}
		if a, b := comparable(t, project(t, out, r)), comparable(t, sent); a != b && !strings.Contains(b, "display") && !strings.ContainsAny(b, "eE\\") {
			t.Fatalf("shows %s, sent %s", a, b)
		}
	})
}
