package fhirjson_test

import (
	"bytes"
	"crypto/sha256"
	"math/rand/v2"
	"testing"
	"time"

	"modicum/catalog"
	"modicum/internal/fhirjson"
	"modicum/internal/testkit"
)

// copied is a projection and what it was made of.
type copied struct {
	name     string
	view     int
	original []byte
	out      []byte
}

// projections yields the distinct projections of the examples under 30 views, in a
// seeded order in which every type comes up early.
func projections(t *testing.T) func(yield func(copied) bool) {
	all, in := views(30), testkit.Examples(t)
	s := fhirjson.New(catalog.R4(), fhirjson.Limits{})
	pairs := rand.New(rand.NewPCG(4, 400)).Perm(len(in) * len(all))
	return func(yield func(copied) bool) {
		seen, ofType := map[[32]byte]bool{}, map[string]int{}
		for most := 4; most <= 1<<20; most *= 4 { // of one type in this round
			for _, p := range pairs {
				body, v := in[p/len(all)], p%len(all)
				s.Reset()
				r, err := s.Resource(body)
				if err != nil {
					t.Fatalf("an official example is refused: %v", err)
				}
				if ofType[r.TypeName()] >= most {
					continue
				}
				out, o, err := s.Project(nil, r, shape(all[v]))
				if err != nil {
					t.Fatal(err)
				}
				if sum := sha256.Sum256(out); o.There && !seen[sum] {
					seen[sum] = true
					ofType[r.TypeName()]++
					if !yield(copied{r.TypeName() + "/" + string(r.ID), v, bytes.Clone(body), out}) {
						return
					}
				}
			}
		}
	}
}

// TestProjectionsAreAsValidAsTheirOriginals: a validator that we did not write finds
// no error in a projection that the original has not: 400 distinct ones at least,
// and under make soak as many as fit the time.
func TestProjectionsAreAsValidAsTheirOriginals(t *testing.T) {
	check := testkit.Validator(t)
	const least = 400
	until := time.Now().Add(testkit.Soak(t, 0))
	originals := map[string][]testkit.Issue{}
	n := 0
	for c := range projections(t) {
		if n >= least && !time.Now().Before(until) || t.Context().Err() != nil {
			break
		}
		if _, known := originals[c.name]; !known {
			originals[c.name] = check.Check(t, c.original)[0]
		}
		for _, issue := range testkit.NewIssues(originals[c.name], check.Check(t, c.out)[0]) {
			t.Errorf("%s view %d: %s: %s\n%s", c.name, c.view, issue.At, issue.Text, c.out)
		}
		n++
	}
	t.Logf("%d distinct projections of %d examples", n, len(originals))
	if n < least {
		t.Errorf("only %d distinct projections: too few to tell", n)
	}
}

// TestTheValidatorSeesWhatAProjectionMustNotDo: it says no to the mistakes that a
// projector makes, so that its silence about ours means something.
func TestTheValidatorSeesWhatAProjectionMustNotDo(t *testing.T) {
	check := testkit.Validator(t)
	whole := `{"resourceType":"Observation","id":"o","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"1-8"}]},"valueString":"x"}`
	for name, out := range map[string]string{
		"a mandatory element is missing":  `{"resourceType":"Observation","id":"o","status":"final","valueString":"x"}`,
		"a bound code is absent":          `{"resourceType":"Observation","id":"o","_status":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"masked"}]},"code":{"text":"c"}}`,
		"an empty object":                 `{"resourceType":"Observation","id":"o","status":"final","code":{}}`,
		"an invariant of a group":         `{"resourceType":"Patient","id":"p","contact":[{"gender":"male"}]}`,
		"a date that is not one":          `{"resourceType":"Patient","id":"p","birthDate":"masked"}`,
		"an unknown element":              `{"resourceType":"Patient","id":"p","masked":true}`,
		"a reference and nothing in it":   `{"resourceType":"Observation","id":"o","status":"final","code":{"text":"c"},"subject":{"reference":""}}`,
		"a contained resource without id": `{"resourceType":"Observation","id":"o","status":"final","code":{"text":"c"},"contained":[{"resourceType":"Patient"}]}`,
	} {
		found := check.Check(t, []byte(whole), []byte(out))
		if len(testkit.NewIssues(found[0], found[1])) == 0 {
			t.Errorf("%s: nothing found in %s", name, out)
		}
	}
}
