package twin

import (
	"crypto/sha256"
	"math/rand/v2"
	"regexp"
	"slices"
	"testing"

	"modicum/internal/testkit"
	"modicum/policy"
)

// TestAnswersAreValidR4: a validator that we did not write finds no error in what the
// door answers, pages, refusals and statements among it, of 2,000 sampled requests, as
// many of each kind.
func TestAnswersAreValidR4(t *testing.T) {
	check := testkit.Validator(t)
	set := loadPolicy(t)
	const wanted, most = 2000, 40 // requests, and answers of a kind that are looked at
	seen := make(map[[32]byte]bool)
	kinds := make(map[string]int)
	n := 0
	for seed := uint64(1); n < wanted; seed++ {
		r := sampled(seed, set)
		c := openClinic(t, r.a, r.person, set)
		originals := &flaws{check: check, of: map[string][]testkit.Issue{}}
		asks := newAsker(rand.New(rand.NewPCG(seed, 4)), r)
		for range 200 {
			a := asks.evenly()
			got := c.send(t, &a)
			n++
			if got.tag != "" {
				asks.tags[a.path] = got.tag
			}
			sum := sha256.Sum256([]byte(got.body))
			if got.body == "" || seen[sum] || kinds[a.kind] == most {
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
	if t.Failed() {
		return
	}
	if len(seen) < 500 {
		t.Errorf("of %d requests %d answers are distinct, want 500: most were refused", n, len(seen))
	}
	for _, kind := range newAsker(rand.New(rand.NewPCG(1, 5)), sampled(1, set)).kinds() {
		if want := 10; kinds[kind.kind] < want && kind.kind != "statement" && kind.kind != "read of nothing" && kind.kind != "odd" {
			t.Errorf("%d distinct answers of the kind %q, want %d", kinds[kind.kind], kind.kind, want)
		}
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
	if m := recordAt.FindAllStringSubmatch(issue.At, -1); m != nil {
		ref = m[len(m)-1][1] // of a bundle in a bundle, the record and not what holds it
	} else if m := topType.FindStringSubmatch(answer); m != nil {
		ref = m[1] + "/" + m[2]
	}
	e := w.find(ref)
	if e == nil {
		return false
	}
	if _, known := f.of[ref]; !known {
		for _, version := range append([]*entry{e}, w.past[ref]...) {
			f.of[ref] = append(f.of[ref], f.check.Check(t, []byte(version.text))[0]...)
		}
	}
	return slices.ContainsFunc(f.of[ref], func(i testkit.Issue) bool { return i.Text == issue.Text })
}

// sampled is a world with a past and a caller.
func sampled(seed uint64, set *policy.Set) *run {
	r := oneWorld(seed, set)
	r.a.age(rand.New(rand.NewPCG(seed, 5)))
	return r
}
