package modicum_test

import (
	"io/fs"
	"strings"
	"testing"

	"modicum"
	"modicum/catalog"
	"modicum/policy"
	"modicum/policy/doc"
)

// load reads and compiles the sample policy as it is embedded.
func load(t *testing.T) (*doc.Folder, *policy.Set) {
	t.Helper()
	f, probs := doc.Load(modicum.SamplePolicy())
	if f == nil || len(probs.Errors()) > 0 {
		t.Fatalf("the sample policy does not load: %v", probs.Errors())
	}
	s, probs := policy.Compile(f, catalog.R4())
	if s == nil {
		t.Fatalf("the sample policy does not compile: %v", probs.Errors())
	}
	return f, s
}

// TestSampleCases runs the given/expect cases beside the sample policy.
func TestSampleCases(t *testing.T) {
	f, s := load(t)
	results := policy.RunTests(f, s)
	if len(results) == 0 {
		t.Error("the sample policy has no cases")
	}
	for i := range results {
		if r := &results[i]; !r.OK() {
			t.Errorf("%s:%d: %s: %s", r.File, r.At.Line, r.Name, strings.Join(r.Failures, "; "))
		}
	}
}

// TestSampleIsFormatted: every file is as `modicum policy fmt` writes it.
func TestSampleIsFormatted(t *testing.T) {
	f, _ := load(t)
	for name, src := range f.Sources {
		out, err := doc.Format(name, src, &f.Organization)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if string(out) != string(src) {
			t.Errorf("%s is not formatted: run modicum policy fmt", name)
		}
	}
}

// TestSampleStandsOnAPlainServer: the facts that a FHIR server can state list it
// as a source (policy-language 3), so that nothing else is needed to start.
func TestSampleStandsOnAPlainServer(t *testing.T) {
	f, _ := load(t)
	want := map[string]bool{"assigned-patient": true, "episode": true, "appointment": true, "work-item": true}
	for _, fact := range f.Conditions.Facts {
		if !want[fact.Name.Text] {
			continue
		}
		delete(want, fact.Name.Text)
		listed := false
		for _, w := range fact.From {
			listed = listed || w.Text == "fhir"
		}
		if !listed {
			t.Errorf("%s does not come from fhir", fact.Name.Text)
		}
	}
	for name := range want {
		t.Errorf("there is no fact %s", name)
	}
}

// TestSampleDecidesAsTheDesignSays holds design 4: nobody's never hides a visit
// from the desk that must handle it, and no line opens Part 2 or psychotherapy
// notes to desk, biller or clearinghouse.
func TestSampleDecidesAsTheDesignSays(t *testing.T) {
	f, _ := load(t)
	for _, p := range f.Organization.Purposes {
		if p.Name.Text == "emergency" {
			t.Error("the purpose emergency is back: ETREAT and BTG pick tasks with break-glass (rule 2)")
		}
	}
	desks := map[string]bool{"registration": true, "billing-specialist": true, "service-integration": true}
	for i := range f.Roles {
		r := &f.Roles[i]
		if !desks[r.Name.Text] {
			continue
		}
		never := map[string]bool{}
		for _, w := range r.Never {
			never[w.Text] = true
		}
		if never["sensitive"] || !never["sensitive.sud-part2"] || !never["clinical.note.psychotherapy"] {
			t.Errorf("%s: never must name classes, Part 2 and psychotherapy notes, not sensitive", r.Name.Text)
		}
	}
}

// TestSamplePolicyIsWhole: what is embedded holds every kind of file.
func TestSamplePolicyIsWhole(t *testing.T) {
	for _, name := range []string{"organization.yaml", "conditions.yaml", "restrictions.yaml", "roles", "disclosures", "partners", "tests"} {
		if _, err := fs.Stat(modicum.SamplePolicy(), name); err != nil {
			t.Error(err)
		}
	}
}
