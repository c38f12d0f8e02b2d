package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/jsonschema-go/jsonschema"
)

// TestDecideKeepsItsSchema: every request of the help and every decision fits the
// published schema, and what decide refuses does not.
func TestDecideKeepsItsSchema(t *testing.T) {
	var schema jsonschema.Schema
	if err := json.Unmarshal([]byte(decideSchema), &schema); err != nil {
		t.Fatal(err)
	}
	resolved, err := schema.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	fits := func(line string) bool {
		var v any
		return json.Unmarshal([]byte(line), &v) == nil && resolved.Validate(v) == nil
	}
	for request, good := range map[string]bool{
		`{"id":"1","given":{"as":["nurse"],"task":"give-care","facts":["assigned-patient","during-shift","episode"]}}`:                                                                              true,
		`{"type":"Observation","given":{"as":"pharmacist","task":"dispense","facts":[{"work-item":{"kind":"dispense"}}],"marked":["sensitive.hiv"],"record":{"age":"3 days","place":"elsewhere"}}}`: true,
		`{"given":{"as":["physician"],"task":"treat","broken-glass":true,"unknown":["is-patient"],"asked":["clinical.lab"]}}`:                                                                       true,
		`{"given":{"as":["billing-specialist","denials-specialist"],"purpose":"HPAYMT"}}`:                                                                                                           true,
		`{"given":{"as":["nurse"],"tsk":"give-care"}}`:        false,
		`{"givne":{"as":["nurse"]}}`:                          false,
		`{"id":7,"given":{"as":["nurse"]}}`:                   false,
		`{"given":{}}`:                                        false,
		`{"given":{"as":["nurse"],"facts":"during-shift"}}`:   false,
		`{"given":{"as":["nurse"],"broken-glass":"perhaps"}}`: false,
		`[1]`: false,
	} {
		var out bytes.Buffer
		status := run(t.Context(), []string{"decide"}, nil, strings.NewReader(request), &out, &out)
		if !fits(out.String()) {
			t.Errorf("%s\nthe answer does not fit: %s", request, out.String())
		}
		if fits(request) != good || (status != exitUsage) != good {
			t.Errorf("%s: fits %v, status %d, want good %v\n%s", request, fits(request), status, good, out.String())
		}
	}
}

// FuzzDecide: whatever a line is, it gets exactly one answer with its number:
// either an effect or errors, and errors decide nothing.
func FuzzDecide(f *testing.F) {
	f.Add(`{"given":{"as":["nurse"],"task":"give-care"}}`)
	f.Add(`{"id":"\u0000","type":"Observation","given":{"as":["nurse"],"facts":[{"work-item":{"kind":"x"}}],"record":{"age":"1 day"}}}`)
	f.Add("{\"given\":{\"as\":[\"nurse\"]} # x}")
	set, _, err := (&chosen{}).load()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, line string) {
		text := bytes.TrimSpace([]byte(line))
		if len(text) == 0 || bytes.ContainsAny(text, "\n") || len(text) > maxRequest {
			t.Skip()
		}
		d := decideOne(set, "in", 3, text)
		if (d.Effect == "") != (len(d.Errors) > 0) || d.Line != 3 {
			t.Fatalf("neither decided nor refused: %+v", d)
		}
		if len(d.Errors) > 0 && (d.View != nil || d.Tasks != nil) {
			t.Errorf("an error that decides: %+v", d)
		}
	})
}
