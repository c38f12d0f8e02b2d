package gate_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"modicum/internal/gate"
)

func ended(ctx context.Context) bool { return errors.Is(context.Cause(ctx), gate.ErrEnded) }

// TestG3_WhatEndsCutsOffWhatIsUnderWay: whoever acknowledges an end has told all that
// rests on it, and nothing else.
func TestG3_WhatEndsCutsOffWhatIsUnderWay(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(*gate.Ends)
		want map[string]bool // by watch: whether it ends
	}{
		{"a person", func(e *gate.Ends) { e.Person("alice") }, map[string]bool{"alice": true, "alice lent": true}},
		{"what a person holds", func(e *gate.Ends) { e.Cut("alice"); e.Cut("carl") }, map[string]bool{"alice": true, "alice lent": true}},
		{"a grant", func(e *gate.Ends) { e.Grant("g1") }, map[string]bool{"alice lent": true, "bob lent": true}},
		{"the policy", func(e *gate.Ends) { e.Policy() }, map[string]bool{"alice": true, "alice lent": true, "bob": true, "bob lent": true}},
		{"nobody that is known", func(e *gate.Ends) { e.Person("carl"); e.Grant("g9") }, nil},
		{"time, of some", func(*gate.Ends) { time.Sleep(2 * time.Minute) }, map[string]bool{"bob": true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := gate.NewEnds(func() (time.Time, bool) { return time.Now(), true })
				watches := map[string]context.Context{}
				watch := func(name, who string, until time.Time, grants ...string) {
					ctx, stop := e.Watch(t.Context(), who, grants, until)
					defer t.Cleanup(stop)
					watches[name] = ctx
				}
				watch("alice", "alice", time.Time{})
				watch("alice lent", "alice", time.Now().Add(time.Hour), "g1", "g2")
				watch("bob", "bob", time.Now().Add(time.Minute))
				watch("bob lent", "bob", time.Time{}, "g1")
				tt.end(e)
				synctest.Wait()
				for name, ctx := range watches {
					if ended(ctx) != tt.want[name] {
						t.Errorf("%s: ended is %v", name, ended(ctx))
					}
				}
			})
		})
	}
}

// TestG3_WhatHasEndedIsNotWatched: between the decision and the watch something may end.
func TestG3_WhatHasEndedIsNotWatched(t *testing.T) {
	e := gate.NewEnds(func() (time.Time, bool) { return noon, true })
	e.Person("alice")
	e.Grant("g1")
	for name, tt := range map[string]struct {
		who    string
		grants []string
		want   bool
	}{
		"a person who is gone": {"alice", nil, true}, "a grant that is over": {"bob", []string{"g0", "g1"}, true}, "neither": {"bob", []string{"g0"}, false},
	} {
		ctx, stop := e.Watch(t.Context(), tt.who, tt.grants, time.Time{})
		if ended(ctx) != tt.want {
			t.Errorf("%s: ended is %v", name, ended(ctx))
		}
		stop()
	}
	e.Returns("alice")
	ctx, stop := e.Watch(t.Context(), "alice", nil, time.Time{})
	defer stop()
	if ended(ctx) {
		t.Error("who returned is still away")
	}
}

// A grant that ended never lends again, so that nothing begins to rest on it later: it
// need not be known for ever.
func TestG3_AGrantThatEndedIsForgottenAfterAnHourWhereNobodyWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := gate.NewEnds(func() (time.Time, bool) { return time.Now(), true })
		over := func(grant string) bool {
			ctx, stop := e.Watch(t.Context(), "alice", []string{grant}, time.Time{})
			defer stop()
			return ended(ctx)
		}
		_, stop := e.Watch(t.Context(), "bob", []string{"waited for"}, time.Time{})
		e.Grant("waited for")
		e.Grant("g1")
		time.Sleep(59 * time.Minute)
		e.Grant("g2")
		if !over("g1") || !over("waited for") {
			t.Error("forgotten within the hour")
		}
		time.Sleep(2 * time.Minute)
		e.Grant("g3")
		if over("g1") {
			t.Error("known for ever")
		}
		if !over("g2") || !over("g3") || !over("waited for") {
			t.Error("what ended lately, or is waited for, is forgotten")
		}
		stop()
		time.Sleep(2 * time.Hour)
		e.Grant("g4")
		if over("waited for") {
			t.Error("known for ever, though nobody waits any more")
		}
	})
}

// TestG3_AnotherPolicyBeforeTheWatch: the session was opened under the one before.
func TestG3_AnotherPolicyBeforeTheWatch(t *testing.T) {
	h := newHouse(t)
	s := must(h.read("alice", "Condition/c1"))(t)
	defer s.Close(t.Context(), gate.Outcome{Status: 200})
	h.set = compile(t)
	ctx, stop := s.Watch(t.Context())
	defer stop()
	if !ended(ctx) {
		t.Error("the policy changed and the answer goes on")
	}
}

// TestD9_ALongAnswerIsDecidedAgain: by the policy, the time and the facts of now.
func TestD9_ALongAnswerIsDecidedAgain(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*house)
		want   error
	}{
		"nothing":                     {func(*house) {}, nil},
		"the token is over":           {func(h *house) { h.now = noon.Add(time.Hour) }, gate.ErrEnded},
		"the policy":                  {func(h *house) { h.set = compile(t) }, gate.ErrEnded},
		"the clock cannot be trusted": {func(h *house) { h.trusted = false }, gate.ErrEnded},
		"what is known of the patients": {func(h *house) {
			h.feed(map[string]string{"adt": "{\"source\":\"adt\",\"whole\":\"2026-11-23T11:59:00Z\"}\n"})
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			h.staff["alice"].Expires = noon.Add(time.Hour)
			s := must(h.list("alice", "Condition", "p1"))(t)
			defer s.Close(t.Context(), gate.Outcome{Status: 200})
			if js := h.judge(s, condition("c1", "p1", "")); !js[0].There {
				t.Fatal("not there to begin with")
			}
			tt.change(h)
			if err := s.Renew(); !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			there := h.judge(s, condition("c2", "p1", ""))[0].There
			if gone := name == "what is known of the patients"; tt.want == nil && there == gone {
				t.Errorf("after the change a record is there: %v", there)
			}
		})
	}
}

// TestD9_ALongAnswerEndsWithTheShift: what is known of the caller is part of the decision.
func TestD9_ALongAnswerEndsWithTheShift(t *testing.T) {
	h := newHouse(t)
	s := must(h.list("bob", "Encounter", "p1"))(t)
	defer s.Close(t.Context(), gate.Outcome{Status: 200})
	if err := s.Renew(); err != nil {
		t.Fatal(err)
	}
	h.feed(map[string]string{"roster": "{\"source\":\"roster\",\"whole\":\"2026-11-23T11:59:00Z\"}\n"})
	if err := s.Renew(); !errors.Is(err, gate.ErrEnded) {
		t.Errorf("got %v after the shift", err)
	}
}
