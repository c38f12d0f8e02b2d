package gate_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"modicum/catalog"
	"modicum/internal/gate"
	"modicum/internal/problem"
	"modicum/ledger"
)

func TestL2_EveryRefusalIsRecordedBeforeItIsTold(t *testing.T) {
	for _, tt := range []struct {
		name, who, task, typ string
		want                 problem.Problem
		reason               string
	}{
		{"a role that the policy does not know", "norma", "", "Patient", problem.NoRole, "no-role"},
		{"a task that is not the caller's", "alice", "bill", "Patient", problem.TaskUnknown, "unknown-task"},
		{"a type that the task never shows", "alice", "chart", "Claim", problem.NotForTask, "shows-nothing"},
		{"facts about the caller that do not hold", "ned", "", "Patient", problem.NotNow, "caller-facts"},
		{"an actor who acts for the caller", "delegate", "", "Patient", problem.NotForTask, "delegation"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHouse(t)
			h.hire()
			_, err := h.reads.Open(t.Context(), &gate.Ask{Caller: h.staff[tt.who], Task: tt.task, Type: h.typ(tt.typ), ID: "p1"})
			d := h.refused(err, tt.want, tt.reason)
			if d.Who != h.staff[tt.who].ID || d.Interaction != "read" || d.Status != int64(tt.want.Status()) {
				t.Errorf("recorded %s %s %d", d.Who, d.Interaction, d.Status)
			}
		})
	}
}

func TestL2_ARefusalThatCannotBeRecordedSaysUnavailableAndNothingElse(t *testing.T) {
	h := newHouse(t)
	h.book.fail = errors.New("disk full")
	_, err := h.read("norma", "Patient/p1")
	var refusal *gate.Refusal
	if !errors.As(err, &refusal) || refusal.ID != "" || !errors.Is(err, problem.Unavailable) {
		t.Errorf("got %v", err)
	}
	if _, err := h.reads.Refuse(t.Context(), nil, "token", 401); err == nil {
		t.Error("a refusal before the ask was told without a record")
	}
}

func TestL2_RefusalsBeforeAnAskNameWhoIsKnown(t *testing.T) {
	h := newHouse(t)
	for _, who := range []string{"", "alice"} {
		id, err := h.reads.Refuse(t.Context(), h.staff[who], "malformed", 400)
		if err != nil {
			t.Fatal(err)
		}
		d := h.book.of(id)[0].(*ledger.Decision)
		want := who
		if who == "" {
			want = "unknown"
		}
		if d.Who != want || d.Effect != ledger.Refuse || d.Status != 400 || !slices.Equal(d.Reasons, []string{"malformed"}) {
			t.Errorf("recorded %+v", d)
		}
	}
}

func TestL1_CommitWaitsUntilTheDecisionIsDurable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.book.hold = make(chan struct{})
		s := must(h.read("alice", "Patient/p1"))(t)
		js := h.judge(s, patient("p1"))
		committed := make(chan error, 1)
		go func() { committed <- s.Commit(context.Background(), js) }()
		synctest.Wait()
		select {
		case err := <-committed:
			t.Fatalf("committed before the record was durable: %v", err)
		default:
		}
		close(h.book.hold)
		if err := <-committed; err != nil {
			t.Fatal(err)
		}
		if len(h.book.of(s.ID())) == 0 {
			t.Error("committed and not recorded")
		}
		s.Close(context.Background(), gate.Outcome{Status: 200, Completed: true})
		h.gate.Wait()
	})
}

func TestL1_ALogThatHangsLetsNothingLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		h.book.hold = make(chan struct{}) // never closed
		s := must(h.read("alice", "Patient/p1"))(t)
		js := h.judge(s, patient("p1"))
		began := time.Now()
		if err := s.Commit(context.Background(), js); !errors.Is(err, ledger.ErrNotDurable) {
			t.Errorf("got %v, want not durable", err)
		}
		if waited := time.Since(began); waited != time.Second {
			t.Errorf("waited %v, want LogWait", waited)
		}
		s.Close(context.Background(), gate.Outcome{Status: 503})
		h.gate.Wait()
	})
}

func TestL1_AFailingLogLetsNothingLeave(t *testing.T) {
	h := newHouse(t)
	h.book.fail = errors.New("disk full")
	s := must(h.read("alice", "Condition/c1"))(t)
	if _, err := h.show(s, condition("c1", "p1", "")); err == nil {
		t.Error("committed with a log that takes nothing")
	}
	if len(h.book.entries) != 0 {
		t.Errorf("%d entries", len(h.book.entries))
	}
}

// The decision names no patient of an open search, so what it opens is recorded
// by entries of its own, and those too come before data.
func TestL1_CommitWaitsForWhatTheDecisionDoesNotName(t *testing.T) {
	h := newHouse(t)
	s := must(h.list("alice", "Condition"))(t)
	js := h.judge(s, condition("c1", "p1", ""), condition("c2", "p2", ""))
	if err := s.Commit(t.Context(), nil); err != nil { // the decision itself
		t.Fatal(err)
	}
	h.book.mu.Lock()
	h.book.fail = errors.New("disk full")
	h.book.mu.Unlock()
	if err := s.Commit(t.Context(), js); err == nil {
		t.Fatal("opened without a record")
	}
	h.book.mu.Lock()
	h.book.fail = nil
	h.book.mu.Unlock()
	if err := s.Commit(t.Context(), js); err != nil {
		t.Fatal(err)
	}
	entries := h.book.of(s.ID())
	opened, ok := entries[len(entries)-1].(*ledger.Opened)
	if !ok || opened.Seq != 1 || len(opened.Patients) != 2 {
		t.Errorf("recorded %+v", entries[len(entries)-1])
	}
	s.Close(t.Context(), gate.Outcome{Status: 200, Completed: true})
}

func TestDesign7_TheOutcomeSaysHowItEndedAndWhatWasWithheld(t *testing.T) {
	for _, completed := range []bool{true, false} {
		h := newHouse(t)
		s := must(h.list("alice", "Condition", "p1"))(t)
		js := h.judge(s, condition("c1", "p1", ""), condition("c2", "p1", ""), condition("c3", "p9", ""))
		s.Withhold(&js[2])
		if err := s.Commit(t.Context(), js[:2]); err != nil {
			t.Fatal(err)
		}
		s.Close(t.Context(), gate.Outcome{Status: 200, Bytes: 77, Completed: completed})
		s.Close(t.Context(), gate.Outcome{Status: 500}) // once is enough
		h.gate.Wait()
		entries := h.book.of(s.ID())
		o, ok := entries[len(entries)-1].(*ledger.Outcome)
		if !ok || len(entries) != 2 {
			t.Fatalf("%d entries, the last %T", len(entries), entries[len(entries)-1])
		}
		want := ledger.Aborted
		if completed {
			want = ledger.Completed
		}
		if o.End != want || o.Bytes != 77 || o.Status != 200 || o.Counts != (ledger.Counts{Shown: 2, Withheld: 1}) {
			t.Errorf("recorded %s %d %d %+v", o.End, o.Bytes, o.Status, o.Counts)
		}
		// Two records judged alike are one verdict; the withheld one has no view.
		if len(o.Verdicts) != 2 || len(o.Views) != 1 {
			t.Fatalf("%d verdicts and %d views", len(o.Verdicts), len(o.Views))
		}
		for _, v := range o.Verdicts {
			if v.View == ledger.Withheld != (v.Because == "view") || v.View != ledger.Withheld && v.Count != 2 {
				t.Errorf("verdict %+v", v)
			}
		}
	}
}

func TestL4_TheRecordNamesPatientsByKeyedReferenceOnly(t *testing.T) {
	h := newHouse(t)
	s := must(h.list("alice", "Condition"))(t)
	if _, err := h.show(s, condition("c1", "p1", ""), condition("c2", "p2", "")); err != nil {
		t.Fatal(err)
	}
	for _, e := range h.book.of(s.ID()) {
		b, err := ledger.Encode(e)
		if err != nil {
			t.Fatal(err)
		}
		for _, plain := range []string{"Patient/p1", `"p1"`, "Familyp1", "J45", `"c1"`} {
			if strings.Contains(string(b), plain) {
				t.Errorf("%s stands in %s", plain, b)
			}
		}
	}
}

func TestJudge_WhatHidesARecordIsSaidInOneWord(t *testing.T) {
	h := newHouse(t)
	s := must(h.list("alice", "Condition"))(t)
	js := h.judge(s,
		condition("c1", "p1", ""), // hers
		condition("c2", "p9", ""), // nobody's
		condition("c3", "p4", ""), // her own chart
		strings.Replace(condition("c4", "p1", ""), "J45.0", "B20", 1),
		strings.Replace(condition("c5", "p1", ""), `"Patient/p1"`, `"Patient?identifier=1"`, 1))
	want := []struct {
		there   bool
		because string
	}{{true, ""}, {false, "view"}, {false, "view"}, {false, "view"}, {false, "record"}}
	for i, w := range want {
		if js[i].There != w.there || js[i].Because != w.because {
			t.Errorf("%s: %v %q, want %v %q", js[i].ID, js[i].There, js[i].Because, w.there, w.because)
		}
	}
	s.Close(t.Context(), gate.Outcome{Status: 200})
}

func TestF2_ACriterionReadsOnlyWhatTheRecordsOwnViewKeeps(t *testing.T) {
	h := newHouse(t)
	ask := func(who, typ, param string, v gate.Value) (*gate.Session, error) {
		return h.searches.Open(t.Context(), &gate.Ask{
			Caller: h.staff[who], Task: "", Type: h.typ(typ),
			Criteria: []gate.Criterion{{Param: h.param(typ, param), Values: []gate.Value{v}}},
		})
	}
	_, err := ask("alice", "Patient", "gender", gate.Value{Code: "female"})
	h.refused(err, problem.Parameter, "never-kept")
	_, err = h.searches.Open(t.Context(), &gate.Ask{Caller: h.staff["bob"], Task: "bill", Type: h.typ("Patient"),
		Criteria: []gate.Criterion{{Param: h.param("Patient", "birthdate"), Values: []gate.Value{{Code: "1950"}}}}})
	h.refused(err, problem.Parameter, "never-kept") // coarse is not keep
	s, err := ask("alice", "Condition", "code", gate.Value{Code: "J45.0"})
	if err != nil {
		t.Fatal(err)
	}
	if ids, err := h.show(s, condition("c1", "p1", ""), condition("c2", "p9", "")); err != nil || !slices.Equal(ids, []string{"c1"}) {
		t.Errorf("shown %v, %v", ids, err)
	}
}

func TestF2_ASortKeyReadsToo(t *testing.T) {
	h := newHouse(t)
	_, err := h.searches.Open(t.Context(), &gate.Ask{Caller: h.staff["alice"], Type: h.typ("Patient"), Sorts: []*catalog.Param{h.param("Patient", "gender")}})
	h.refused(err, problem.Parameter, "never-kept")
}

func TestRule7_AnItemNarrowsToItsVisitAndTheRecordsOfIt(t *testing.T) {
	h := newHouse(t)
	s := must(h.searches.Open(t.Context(), &gate.Ask{Caller: h.staff["bob"], Task: "bill", Type: h.typ("Condition")}))(t)
	ids, err := h.show(s,
		condition("c1", "p1", "e1"), // the visit of the item
		condition("c2", "p1", ""),   // no visit
		condition("c3", "p1", "e9"), // a visit that the upstream does not have
		condition("c4", "p2", "e2"), // the visit that a claim's item names
		condition("c5", "p2", "e1")) // the visit of somebody else
	if err != nil || !slices.Equal(ids, []string{"c1", "c4"}) {
		t.Errorf("shown %v, %v", ids, err)
	}
}

// A visit that cannot be read looks like one that the upstream does not have: it may
// be hidden, and an error would tell of it.
func TestN1_AVisitThatCannotBeReadBelongsToNothing(t *testing.T) {
	for name, visit := range map[string]string{"absent": "", "a member twice": `{"resourceType":"Encounter","id":"e1","status":"finished","status":"planned"}`} {
		h := newHouse(t)
		delete(h.shelf.bodies, "Encounter/e1")
		if visit != "" {
			h.shelf.bodies["Encounter/e1"] = visit
		}
		s := must(h.searches.Open(t.Context(), &gate.Ask{Caller: h.staff["bob"], Task: "bill", Type: h.typ("Condition")}))(t)
		ids, err := h.show(s, condition("c1", "p1", "e1"), condition("c4", "p2", "e2"))
		if err != nil || !slices.Equal(ids, []string{"c4"}) {
			t.Errorf("%s: shown %v, %v", name, ids, err)
		}
	}
}

func TestF9_AnUpstreamThatCannotSayLetsNothingOfTheBatchLeave(t *testing.T) {
	h := newHouse(t)
	s := must(h.searches.Open(t.Context(), &gate.Ask{Caller: h.staff["bob"], Task: "bill", Type: h.typ("Condition")}))(t)
	h.shelf.err = errors.New("upstream")
	if js, err := s.Judge(t.Context(), h.scan(condition("c1", "p1", "e1")), nil); err == nil {
		t.Errorf("judged %d without its visit", len(js))
	}
	s.Close(t.Context(), gate.Outcome{Status: 502})
}

func TestScope_AsksForThoseWhomAFactNames(t *testing.T) {
	h := newHouse(t)
	for _, tt := range []struct {
		name string
		s    *gate.Session
		want gate.Scope
	}{
		{"the caller's patients", must(h.list("alice", "Condition"))(t), gate.Scope{Patients: []string{"p1", "p2", "p4"}}},
		{"those named", must(h.list("alice", "Condition", "p9", "p1", "p9"))(t), gate.Scope{Patients: []string{"p1", "p9"}}},
		{"nobody", must(h.list("nemo", "Condition"))(t), gate.Scope{}},
		{"a record", must(h.read("alice", "Condition/c1"))(t), gate.Scope{Everyone: true}},
	} {
		if got := tt.s.Scope(); got.Everyone != tt.want.Everyone || !slices.Equal(got.Patients, tt.want.Patients) {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
		tt.s.Close(t.Context(), gate.Outcome{Status: 200})
	}
}

func TestRule4_UntrustedTimeAndStaleSourcesPermitNothing(t *testing.T) {
	for name, change := range map[string]func(*house){
		"untrusted": func(h *house) { h.trusted = false },
		"stale":     func(h *house) { h.now = noon.Add(2 * time.Hour) },
	} {
		h := newHouse(t)
		change(h)
		s := must(h.read("alice", "Condition/c1"))(t)
		if ids, err := h.show(s, condition("c1", "p1", "")); err != nil || len(ids) > 0 {
			t.Errorf("%s: shown %v, %v", name, ids, err)
		}
	}
}

func TestD4_WithoutADescribedInteractionThereIsNoRoute(t *testing.T) {
	h := newHouse(t)
	for name, i := range map[string]gate.Interaction{
		"says nothing": {Door: "test", Name: "x"},
		"twice":        {Door: "test", Name: "read", Verbs: 1},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: registered", name)
				}
			}()
			h.gate.Register(i)
		}()
	}
}

func TestL2_PartsOfAnAnswerNameItsFirstDecision(t *testing.T) {
	h := newHouse(t)
	h.hire()
	const first = "01a20b3b-b8f1-75e7-8843-7fe0e435acc6"
	s, err := h.reads.Open(t.Context(), &gate.Ask{Caller: h.staff["alice"], Type: h.typ("Patient"), ID: "p1", Patients: []string{"p1"}, PartOf: first})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Recorded(t.Context()); err != nil {
		t.Fatal(err)
	}
	refused, err := h.reads.RefusePart(t.Context(), first, h.staff["alice"], "malformed", 400)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{s.ID(), refused} {
		if d := h.book.of(id)[0].(*ledger.Decision); d.PartOf != first {
			t.Errorf("%s is recorded as part of %q", d.Effect, d.PartOf)
		}
	}
}
