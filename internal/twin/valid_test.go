package twin

import (
	"crypto/sha256"
	"math/rand/v2"
	"regexp"
	"slices"
	"testing"

	"modicum/internal/testkit"
)

// TestAnswersAreValidR4: a validator that we did not write finds no error in what the
// door answers, pages, refusals and statements among it, of 2,000 sampled requests.
func TestAnswersAreValidR4(t *testing.T) {
	check := testkit.Validator(t)
	set := loadPolicy(t)
	const wanted = 2000
	seen := make(map[[32]byte]bool)
	kinds := make(map[string]int)
	n := 0
	for seed := uint64(1); n < wanted; seed++ {
		r := sampled(seed)
		r.set = set
		c := openClinic(t, r.a, r.person, set)
		originals := &flaws{check: check, of: map[string][]testkit.Issue{}}
		asks := newAsker(rand.New(rand.NewPCG(seed, 5)), r)
		for range 200 {
			a := asks.draw()
			got := c.send(t, &a)
			n++
			if got.tag != "" {
				asks.tags[a.path] = got.tag
			}
			sum := sha256.Sum256([]byte(got.body))
			if got.body == "" || seen[sum] {
				continue
			}
			seen[sum] = true
			kinds[a.kind]++
			for _, issue := range check.Check(t, []byte(got.body))[0] {
				if originals.has(t, r.a, got.body, issue) {
					continue
				}
				t.Errorf("seed %d: %s %s: %d: %s: %s\n%.3000s", seed, a.method, a.path, got.status, issue.At, issue.Text, got.body)
			}
		}
		c.close()
		if t.Failed() {
			break
		}
	}
	t.Logf("%d requests, %d distinct answers, by kind %v", n, len(seen), kinds)
	if !t.Failed() && len(seen) < 500 {
		t.Errorf("of %d requests %d answers are distinct, want 500: most were refused", n, len(seen))
	}
}

// flaws are what the validator finds in the records of a world, some of which are wrong
// on purpose.
type flaws struct {
	check *testkit.Checker
	of    map[string][]testkit.Issue
}

var recordAt = regexp.MustCompile(`/\*([A-Za-z]+/[^*]+)\*/`)

// has reports whether the record that an issue is about has it in the world as well.
func (f *flaws) has(t *testing.T, w *world, answer string, issue testkit.Issue) bool {
	ref := ""
	if m := recordAt.FindStringSubmatch(issue.At); m != nil {
		ref = m[1]
	} else if m := topType.FindStringSubmatch(answer); m != nil {
		ref = m[1] + "/" + m[2]
	}
	e := w.find(ref)
	if e == nil {
		return false
	}
	if _, known := f.of[ref]; !known {
		f.of[ref] = f.check.Check(t, []byte(e.text))[0]
	}
	return slices.ContainsFunc(f.of[ref], func(i testkit.Issue) bool { return i.Text == issue.Text })
}

// sampled is a world with a caller, of which everything may be asked about.
func sampled(seed uint64) *run {
	w := grow(rand.New(rand.NewPCG(seed, 1)))
	r := &run{seed: seed, a: w, b: w, person: hire(rand.New(rand.NewPCG(seed, 2)), seed, w), seen: [2]sight{{}, {}}}
	for _, e := range w.entries {
		r.seen[0][e.ref()] = true
	}
	return r
}
