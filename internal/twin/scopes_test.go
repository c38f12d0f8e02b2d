package twin

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"modicum/internal/caller"
	"modicum/policy"
)

// TestRule11_ScopesNeverOpen: whatever is asked, by whom and with which scopes, every
// record of the answer stands in the answer without them, as it does there.
func TestRule11_ScopesNeverOpen(t *testing.T) {
	set := loadPolicy(t)
	var asked, less, some int
	for seed := uint64(1); seed <= 11; seed++ {
		r := oneWorld(seed, set)
		free, bound := *r.person, *r.person
		free.caller.Scopes, free.caller.Patient, free.scopes = nil, "", ""
		rng := rand.New(rand.NewPCG(seed, 5))
		bound.scopes = pick(rng, scopeTexts)
		bound.caller.Scopes, _ = caller.ParseScopes(bound.scopes)
		bound.caller.Patient = pick(rng, r.a.patients)
		p := &pair{a: openClinic(t, r.a, &free, set), b: openClinic(t, r.a, &bound, set), seen: r.seen, count: newTally()}
		q := newAsker(rng, r)
		q.p = &free
		for range 100 {
			a := q.draw()
			if a.kind == "statement" || strings.Contains(a.path, "_count") || a.kind == "count" {
				continue
			}
			all, ok := p.a.whole(t, a)
			left, _ := p.b.whole(t, a)
			if !ok {
				continue // too much for one answer: it was cut short
			}
			if len(all) > 0 {
				asked++
			}
			for _, record := range left {
				if !slices.ContainsFunc(all, func(other string) bool { return within(record, other) }) {
					t.Fatalf("seed %d, %v: %s %s with %q for %s shows what it does not without:\n%s", seed, free.tasks, a.method, a.path, bound.scopes, bound.caller.Patient, record)
				}
			}
			if len(left) > 0 {
				some++
			}
			if len(left) < len(all) {
				less++
			}
		}
		p.b.close()
		p.a.close()
	}
	t.Logf("%d requests with data; scopes took away in %d and left something in %d", asked, less, some)
	if asked < 100 || less < asked/3 || some < asked/3 {
		t.Errorf("of %d requests scopes took away in %d and left something in %d: too few to tell", asked, less, some)
	}
}

var scopeTexts = []string{
	"user/*.rs", "patient/*.rs", "patient/*.read user/Patient.rs", "user/Condition.rs user/Observation.s user/Patient.r", "patient/Condition.rs user/Encounter.rs user/Observation.rs?category=" + obsCat + "|laboratory",
	"user/Observation.rs?code=718-7 user/Condition.rs?clinical-status=active user/Patient.rs?gender=female user/*.r", "patient/*.rs?status=final user/Condition.rs?code=" + icd + "|J45.0,I10",
	"user/MedicationRequest.rs?status=active&intent=order user/Claim.rs?use=claim user/Encounter.rs?status=finished user/DiagnosticReport.rs?category=LAB user/Patient.rs", "openid", "user/Condition.xyz user/*.rs",
}

// within reports whether all that one record says stands in another, at the same
// place. A reference whose target was proven in the one session and not in the other
// leaves a mark of absence.
func within(record, other string) bool {
	has := map[string]int{}
	said(parse(other), "", func(leaf string) { has[leaf]++ })
	ok := true
	said(parse(record), "", func(leaf string) { has[leaf]--; ok = ok && has[leaf] >= 0 })
	return ok
}

func said(t *tree, path string, yield func(leaf string)) {
	if t.kind == 's' {
		yield(path + " " + t.raw)
	}
	for _, m := range t.members {
		if m.name == "extension" && strings.Contains(m.value.String(), `"masked"`) {
			continue
		}
		said(m.value, path+"."+m.name, yield)
	}
	for _, item := range t.items {
		said(item, path+"[]", yield)
	}
}

// oneWorld is a run whose twin is the world itself.
func oneWorld(seed uint64, set *policy.Set) *run {
	r := &run{seed: seed, set: set, a: grow(rand.New(rand.NewPCG(seed, 1)))}
	r.person, r.b, r.seen = hire(rand.New(rand.NewPCG(seed, 2)), seed, r.a), r.a, [2]sight{{}, {}}
	j := newJudge(set, r.person)
	for _, e := range r.a.entries {
		r.seen[0][e.ref()] = j.shown(r.a, e) != ""
	}
	return r
}

// whole asks and follows the pages to the end: the records of the answer. False where
// there were more than a session follows, or the answer was cut short.
func (c *clinic) whole(t testing.TB, a ask) (records []string, ended bool) {
	for range 60 {
		r := c.send(t, &a)
		if r.status != 200 {
			return records, true
		}
		body := parse(r.body)
		if body.get("resourceType").text() != "Bundle" {
			return append(records, r.body), true
		}
		if list := body.get("entry"); list != nil {
			for _, e := range list.items {
				if e.at("search", "mode").text() != "match" {
					return records, false
				}
				records = append(records, e.get("resource").String())
			}
		}
		if r.next == "" {
			return records, true
		}
		a = ask{method: "GET", path: r.next, headers: a.headers}
	}
	return records, false
}
