package gate_test

import (
	"context"
	"errors"
	"strings"
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
		{"their application", func(e *gate.Ends) { e.Person("app") }, map[string]bool{"bob": true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := gate.NewEnds(func() (time.Time, bool) { return time.Now(), true })
				watches := map[string]context.Context{}
				cut := map[string]bool{}
				watch := func(name, who string, until time.Time, grants ...string) {
					g := gate.Ground{Who: []string{who}, On: grants, Until: until}
					if name == "bob" {
						g.Who = append(g.Who, "app")
					}
					ctx, stop := e.Watch(t.Context(), g, func() { cut[name] = true })
					defer t.Cleanup(stop)
					watches[name] = ctx
				}
				watch("alice", "alice", time.Time{})
				watch("alice lent", "alice", time.Now().Add(time.Hour), "g1", "g2")
				watch("bob", "bob", time.Now().Add(time.Minute))
				watch("bob lent", "bob", time.Time{}, "g1")
				tt.end(e)
				if tt.name == "time, of some" { // which nobody acknowledges
					synctest.Wait()
				}
				for name, ctx := range watches {
					if ended(ctx) != tt.want[name] || cut[name] != tt.want[name] {
						t.Errorf("%s: ended is %v, cut is %v", name, ended(ctx), cut[name])
					}
				}
			})
		})
	}
}

// TestG3_WhatHasEndedIsNotWatched: between the decision and the watch something may end.
func TestG3_WhatHasEndedIsNotWatched(t *testing.T) {
	e := gate.NewEnds(func() (time.Time, bool) { return noon, true })
	before := e.Turn()
	e.Person("alice")
	e.Grant("g1")
	e.Cut("carl")
	for name, tt := range map[string]struct {
		who    string
		grants []string
		want   bool
	}{
		"a person who is gone": {"alice", nil, true}, "a grant that is over": {"bob", []string{"g0", "g1"}, true}, "neither": {"bob", []string{"g0"}, false},
	} {
		ctx, stop := e.Watch(t.Context(), gate.Ground{Who: []string{tt.who}, On: tt.grants}, nil)
		if ended(ctx) != tt.want {
			t.Errorf("%s: ended is %v", name, ended(ctx))
		}
		stop()
	}
	e.Returns("alice")
	for _, who := range []string{"alice", "carl"} {
		for asOf, want := range map[uint64]bool{e.Turn(): false, before: true} {
			ctx, stop := e.Watch(t.Context(), gate.Ground{Who: []string{who}, AsOf: asOf}, nil)
			if ended(ctx) != want {
				t.Errorf("%s, asked about at turn %d: ended is %v", who, asOf, ended(ctx))
			}
			stop()
		}
	}
}

// TestG3_WhatWasCutIsForgottenAfterAnHour, as whoever asks then is asked about anew.
func TestG3_WhatWasCutIsForgottenAfterAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := gate.NewEnds(func() (time.Time, bool) { return time.Now(), true })
		e.Cut("carl")
		e.Person("gone")
		over := func(who string) bool {
			ctx, stop := e.Watch(t.Context(), gate.Ground{Who: []string{who}}, nil)
			defer stop()
			return ended(ctx)
		}
		time.Sleep(59 * time.Minute)
		e.Cut("dora")
		if !over("carl") {
			t.Error("forgotten within the hour")
		}
		time.Sleep(2 * time.Minute)
		e.Cut("dora")
		if over("carl") {
			t.Error("known for ever")
		}
		if !over("gone") {
			t.Error("who is away may ask again after an hour")
		}
	})
}

// TestG3_WhoIsCutAgainIsNotForgottenWithTheFirstTime: what is forgotten after an hour is
// that time, and not a later one.
func TestG3_WhoIsCutAgainIsNotForgottenWithTheFirstTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := gate.NewEnds(func() (time.Time, bool) { return time.Now(), true })
		over := func(asOf uint64) bool {
			ctx, stop := e.Watch(t.Context(), gate.Ground{Who: []string{"carl"}, AsOf: asOf}, nil)
			defer stop()
			return ended(ctx)
		}
		e.Cut("carl")
		time.Sleep(2 * time.Hour)
		before := e.Turn()
		e.Cut("carl")
		if !over(before) {
			t.Error("forgotten as it was told")
		}
		time.Sleep(2 * time.Hour)
		e.Cut("dora")
		if over(before) {
			t.Error("known for ever")
		}
	})
}

// A grant that ended never lends again, so that nothing begins to rest on it later: it
// need not be known for ever.
func TestG3_AGrantThatEndedIsForgottenAfterAnHourWhereNobodyWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := gate.NewEnds(func() (time.Time, bool) { return time.Now(), true })
		over := func(grant string) bool {
			ctx, stop := e.Watch(t.Context(), gate.Ground{Who: []string{"alice"}, On: []string{grant}}, nil)
			defer stop()
			return ended(ctx)
		}
		_, stop := e.Watch(t.Context(), gate.Ground{Who: []string{"bob"}, On: []string{"waited for"}}, nil)
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
	ctx, stop := s.Watch(t.Context(), nil)
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

const (
	roster  = "{\"source\":\"roster\",\"whole\":\"2026-11-23T11:59:00Z\"}\n"
	nobody  = "{\"source\":\"adt\",\"whole\":\"2026-11-23T11:59:00Z\"}\n"
	onShift = `{"fact":"shift","who":"bob","source":"roster","recorded_by":"roster"}` + "\n"
)

// TestG3_WhatFactsNoLongerAllowIsCutOff, in the change that says so: of the caller, of the
// patients of whom something leaves, of no other.
func TestG3_WhatFactsNoLongerAllowIsCutOff(t *testing.T) {
	for name, tt := range map[string]struct {
		who   string
		facts map[string]string
		want  bool
	}{
		"the patient is another's now": {"alice", map[string]string{"adt": nobody}, true},
		"nothing about them":           {"alice", map[string]string{"roster": roster}, false},
		"one more patient": {"alice", map[string]string{"adt": nobody + `{"fact":"assigned","who":"alice","patient":"Patient/p1","source":"adt","recorded_by":"ward"}
{"fact":"assigned","who":"alice","patient":"Patient/p7","source":"adt","recorded_by":"ward"}
`}, false},
		"another patient": {"alice", map[string]string{"adt": nobody + `{"fact":"assigned","who":"alice","patient":"Patient/p1","source":"adt","recorded_by":"ward"}` + "\n"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			s := must(h.list(tt.who, "Condition", "p1"))(t)
			defer s.Close(t.Context(), gate.Outcome{Status: 200})
			js := h.judge(s, condition("c1", "p1", ""))
			if !js[0].There || s.Commit(t.Context(), js) != nil {
				t.Fatal("not there to begin with")
			}
			cut := false
			ctx, stop := s.Watch(t.Context(), func() { cut = true })
			defer stop()
			h.feed(tt.facts)
			if err := s.Renew(); errors.Is(err, gate.ErrEnded) != tt.want { // whoever is first
				t.Errorf("decided again: %v", err)
			}
			h.ends.Facts()
			if ended(ctx) != tt.want || cut != tt.want {
				t.Errorf("ended is %v, cut is %v", ended(ctx), cut)
			}
		})
	}
}

// TestG3_WhatLeftBeforeIsNotAskedAboutAgain: the next part of an answer is of others.
func TestG3_WhatLeftBeforeIsNotAskedAboutAgain(t *testing.T) {
	h := newHouse(t)
	s := must(h.list("alice", "Condition", "p1"))(t)
	defer s.Close(t.Context(), gate.Outcome{Status: 200})
	ctx, stop := s.Watch(t.Context(), nil)
	defer stop()
	if err := s.Commit(t.Context(), h.judge(s, condition("c1", "p1", ""))); err != nil {
		t.Fatal(err)
	}
	h.feed(map[string]string{"adt": nobody})
	if h.ends.Facts(); !ended(ctx) {
		t.Error("what was committed after the watch began is not asked about")
	}
	h = newHouse(t)
	s = must(h.list("alice", "Condition", "p1"))(t)
	defer s.Close(t.Context(), gate.Outcome{Status: 200})
	ctx, stop = s.Watch(t.Context(), nil)
	defer stop()
	if err := errors.Join(s.Commit(t.Context(), h.judge(s, condition("c1", "p1", ""))), s.Commit(t.Context(), nil)); err != nil {
		t.Fatal(err)
	}
	h.feed(map[string]string{"adt": nobody})
	if h.ends.Facts(); ended(ctx) {
		t.Error("what left long ago is asked about")
	}
}

// TestG3_AFactThatEndsByItselfCutsOff: nobody says that the shift is over.
func TestG3_AFactThatEndsByItselfCutsOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		start := time.Now()
		h.clock = func() time.Time { return noon.Add(time.Since(start)) }
		h.feed(map[string]string{"roster": roster + strings.Replace(onShift, `"source"`, `"until":"2026-11-23T12:00:30Z","source"`, 1)})
		s := must(h.list("bob", "Encounter", "p1"))(t)
		defer s.Close(t.Context(), gate.Outcome{Status: 200})
		ctx, stop := s.Watch(t.Context(), nil)
		defer stop()
		time.Sleep(29 * time.Second)
		if synctest.Wait(); ended(ctx) {
			t.Fatal("it ended before the shift")
		}
		time.Sleep(time.Second + 100*time.Millisecond)
		if synctest.Wait(); !ended(ctx) {
			t.Error("it goes on after the shift")
		}
	})
}

// TestG3_WhatIsCommittedIsLookedAtFromThenOn: the watch began before anybody was known of
// whom something leaves, as that of a long answer does.
func TestG3_WhatIsCommittedIsLookedAtFromThenOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		start := time.Now()
		h.clock = func() time.Time { return noon.Add(time.Since(start)) }
		h.feed(map[string]string{"adt": nobody + `{"fact":"assigned","who":"alice","patient":"Patient/p1","until":"2026-11-23T12:00:30Z","source":"adt","recorded_by":"ward"}` + "\n"})
		s := must(h.list("alice", "Condition", "p1"))(t)
		defer s.Close(t.Context(), gate.Outcome{Status: 200})
		ctx, stop := s.Watch(t.Context(), nil)
		defer stop()
		if err := s.Commit(t.Context(), h.judge(s, condition("c1", "p1", ""))); err != nil || ended(ctx) {
			t.Fatal("not there to begin with", err)
		}
		time.Sleep(30*time.Second + 100*time.Millisecond)
		if synctest.Wait(); !ended(ctx) {
			t.Error("it goes on after its patient is somebody else's")
		}
	})
	h := newHouse(t)
	s := must(h.list("alice", "Condition", "p1"))(t)
	defer s.Close(t.Context(), gate.Outcome{Status: 200})
	ctx, stop := s.Watch(t.Context(), nil)
	defer stop()
	js := h.judge(s, condition("c1", "p1", ""))
	h.feed(map[string]string{"adt": nobody})
	h.ends.Facts() // nobody is known yet of whom something leaves
	if err := s.Commit(t.Context(), js); err != nil {
		t.Fatal(err)
	}
	if !ended(ctx) {
		t.Error("what changed between judging and leaving is forgotten")
	}
}
