package facts_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"modicum/internal/facts"
	"modicum/policy"
)

// keeper keeps what a store's record would, as the store does: a whole body
// replaces all of its source, a line replaces the one of its key.
type keeper struct{ whole, lines []facts.Posted }

func (k *keeper) record(a facts.Act) error {
	for _, p := range a.Kept {
		of := func(q facts.Posted) bool { return q.Source == p.Source }
		if p.Whole {
			k.whole = append(slices.DeleteFunc(k.whole, of), p)
			k.lines = slices.DeleteFunc(k.lines, of)
			continue
		}
		for _, l := range p.Lines {
			k.lines = slices.DeleteFunc(k.lines, func(q facts.Posted) bool { return of(q) && q.Lines[0].Key == l.Key })
			k.lines = append(k.lines, facts.Posted{Source: p.Source, At: p.At, Lines: []facts.Line{l}})
		}
	}
	return nil
}

func (k *keeper) all() []facts.Posted { return slices.Concat(k.lines, k.whole) }

// listed writes what is in force as text, to compare.
func listed(s *facts.Store) []string {
	var out []string
	for st, at := range s.Index().All {
		out = append(out, strings.Join([]string{s.Index().Vocabulary().Kinds[st.Fact].Name, st.Who.String(), st.Patient, st.Object, st.ID, st.Until.String(), at.String()}, " "))
	}
	slices.Sort(out)
	return out
}

func TestPostedFactsAreTheSameAfterARestart(t *testing.T) {
	s, c := store(t)
	var k keeper
	post := func(body string) {
		t.Helper()
		c.t = c.t.Add(time.Minute)
		if _, problems, err := s.State("adt-feed", true, []byte(body), k.record); err != nil {
			t.Fatal(err, problems)
		}
	}
	check := func(when string, want int) {
		t.Helper()
		again, clock := store(t)
		clock.t = c.t
		if dropped := again.Restore(k.all()); dropped > 0 {
			t.Errorf("%s: %d lines dropped", when, dropped)
		}
		before, after := listed(s), listed(again)
		if !slices.Equal(before, after) || len(after) != want {
			t.Errorf("%s: before\n%s\nafter\n%s", when, strings.Join(before, "\n"), strings.Join(after, "\n"))
		}
		now := s.Index().Sources(c.t)
		for i, src := range again.Index().Sources(c.t) {
			if src.NeverWhole != now[i].NeverWhole || src.LastChange.After(now[i].LastChange) || src.Stale != now[i].Stale {
				t.Errorf("%s: source %+v, was %+v", when, src, now[i])
			}
		}
	}
	post(aliceP1)
	check("one line", 1)
	post(aliceP1)
	check("the line again, which is younger now", 1)
	post(strings.ReplaceAll(aliceP1, "/p1", "/p2"))
	check("another", 2)
	post(wholeADT + aliceP1)
	check("a whole body replaces all", 1)
	post(strings.ReplaceAll(aliceP1, "/p1", "/p2"))
	check("a line after it", 2)
}

func TestRestoreLeavesOutWhatThePolicyDoesNotKnowAnyMore(t *testing.T) {
	s, c := store(t)
	good := facts.Line{Key: "a", Text: []byte(strings.TrimSpace(aliceP1))}
	bad := facts.Line{Key: "b", Text: []byte(`{"fact":"forgotten","who":"alice","patient":"Patient/p1","source":"adt","recorded_by":"w"}`)}
	dropped := s.Restore([]facts.Posted{{Source: "adt", Whole: true, At: c.t, Lines: []facts.Line{bad, good}}, {Source: "gone", At: c.t, Lines: []facts.Line{good}}})
	if dropped != 2 || len(listed(s)) != 1 {
		t.Errorf("dropped %d, in force %v", dropped, listed(s))
	}
	var truth policy.Truth
	s.Index().Patient(alice, "p1", c.t, true, &truth, nil)
	if !truth.Holds.Has(assigned) {
		t.Error("what is understood does not hold")
	}
}
