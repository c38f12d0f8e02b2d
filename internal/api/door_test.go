package api_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"modicum/internal/access"
	"modicum/internal/api"
	"modicum/internal/caller"
	"modicum/internal/problem"
)

// Nothing is lent at a door but to a person, in their own name, for the task of which
// their token is.
func TestG8_ADoorLendsToAPersonForTheTaskOfTheirTokenAlone(t *testing.T) {
	k := newClinic(t)
	l := &api.Lender{Lent: k.lent, Shift: 12 * time.Hour, Now: func() (time.Time, bool) { return k.now, true }}
	nina := func(change func(*caller.Caller)) *caller.Caller {
		c := &caller.Caller{ID: "nina", Roles: []string{"nurse"}, AuthTime: k.now, AMR: []string{"pin"}}
		change(c)
		return c
	}
	for name, tt := range map[string]struct {
		who  *caller.Caller
		task string
		want error
	}{
		"a program that no directory knows":  {nina(func(c *caller.Caller) { c.Program = true }), "give-care", problem.PersonAlone},
		"who acts for her":                   {nina(func(c *caller.Caller) { c.Actor = &caller.Delegation{ID: "rita", Roles: []string{"nurse"}} }), "give-care", problem.PersonAlone},
		"a token for no record":              {nina(func(c *caller.Caller) { c.Task = caller.NoTask }), "give-care", problem.NotForTask},
		"a token for another task":           {nina(func(c *caller.Caller) { c.Task = "nurse/cover" }), "give-care", problem.NotForTask},
		"a token for a task of another role": {nina(func(c *caller.Caller) { c.Task = "nurse/give-care" }), "physician/give-care", problem.NotForTask},
	} {
		if err := l.Break(t.Context(), tt.who, tt.task, "ETREAT", "p1", "found unconscious"); !errors.Is(err, tt.want) {
			t.Errorf("%s breaks the glass: %v", name, err)
		}
		if err := l.Take(t.Context(), tt.who, tt.task, "Patient/p1", "identifiers.ssn", "two of one name"); !errors.Is(err, tt.want) {
			t.Errorf("%s takes a value: %v", name, err)
		}
	}
	if got := k.lent.Grants("nina"); len(got) > 0 {
		t.Fatalf("lent all the same: %+v", got)
	}
	for i, said := range []string{"", "give-care", "nurse/give-care"} {
		who := nina(func(c *caller.Caller) { c.Task = "nurse/give-care" })
		if err := l.Break(t.Context(), who, said, "ETREAT", "p"+string(rune('1'+i)), "found unconscious"); err != nil {
			t.Errorf("for its own task, said %q: %v", said, err)
		}
	}
	if got := k.lent.Grants("nina"); len(got) != 3 || slices.ContainsFunc(got, func(g *access.Grant) bool { return g.Want.Task != "give-care" }) {
		t.Errorf("lent: %+v", got)
	}
}
