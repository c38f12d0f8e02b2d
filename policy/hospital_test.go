package policy_test

import (
	"os"
	"sync"
	"testing"

	"modicum/catalog"
	"modicum/policy"
	"modicum/policy/doc"
)

// hospital loads the sample hospital of testdata once: 22 roles tried on every
// line of the role matrix, with their given/expect cases.
var hospital = sync.OnceValues(func() (*policy.Set, doc.Problems) {
	return policy.Load(os.DirFS("testdata/hospital"), catalog.R4())
})

func loadHospital(t testing.TB) *policy.Set {
	t.Helper()
	s, probs := hospital()
	if s == nil {
		for _, p := range probs.Errors() {
			t.Log(p)
		}
		t.Fatal("the sample hospital does not compile")
	}
	return s
}

// TestSample runs every given/expect case of the sample hospital.
func TestSample(t *testing.T) {
	s := loadHospital(t)
	results := policy.RunTests(s.Folder(), s)
	if len(results) < 80 {
		t.Errorf("ran %d cases, want all of the sample: 80 or more", len(results))
	}
	for _, r := range results {
		t.Run(r.File+"/"+r.Name, func(t *testing.T) {
			for _, f := range r.Failures {
				t.Errorf("%s:%d: %s", r.File, r.At.Line, f)
			}
		})
	}
}
