package api_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"modicum/internal/api"
	"modicum/internal/api/wire"
	"modicum/internal/book"
	"modicum/internal/facts"
	"modicum/internal/health"
	"modicum/internal/notice"
	"modicum/internal/oversight"
	"modicum/internal/oversight/oversighttest"
	"modicum/internal/people"
	"modicum/internal/preview"
	"modicum/internal/reach"
	"modicum/internal/sandbox"
	"modicum/internal/signin"
	"modicum/internal/tokens"
	"modicum/ledger"
	"modicum/ledger/ledgertest"
	"modicum/policy"
)

// reading is what looks into the record and at records, and how people come in.
type reading struct {
	record *oversight.Record
	lies   *oversighttest.Shelf
	log    *ledgertest.Log // who reads, and who looks
	sight  *preview.Desk
	reach  *reach.Reader
	tokens *tokens.Service
	signin *signin.Service
	own    []string // what was asked as somebody's own request
	hooks  []string // that were switched on again
}

// books opens all of it. The record holds a decision about p1 and an act.
func (k *clinic) books(t testing.TB, desk *book.Desk, in func() *policy.Set, known *facts.Store, refs *ledger.Refs, clock func() (time.Time, bool), told *notice.Teller) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	k.lies, k.log = &oversighttest.Shelf{}, ledgertest.New(t, "modicum.hospital.example/reads")
	d, a := ledgertest.Decision(1), ledgertest.Act(2)
	d.At, d.Who, d.Role, d.Task, d.Patients = k.now.UnixMicro(), "nina", "nurse", "give-care", []string{refs.Ref("Patient/p1")}
	a.At, a.Who = k.now.UnixMicro()+1, "olga"
	must(k.lies.Add(d, ledgertest.Outcome(1)))
	must(k.lies.Add(a))
	k.record = &oversight.Record{Archive: k.lies, Log: k.log, Refs: refs, People: k.people, Policy: in, Key: "modicum.hospital.example/main+1f2e3d4c+AX5", Doors: []string{"fhir", "ledger"}}
	var samples []preview.Sample
	for _, p := range sandbox.Patients()[:3] {
		samples = append(samples, preview.Sample{ID: p.ID, Name: p.Name, Note: p.Note, Records: func() []byte { return sandbox.Chart(p.ID, k.now) }})
	}
	var err error
	k.sight, err = preview.NewDesk(preview.DeskConfig{Policy: in, Log: k.log, Refs: refs, Now: clock, Random: rand.Reader, Samples: samples, Own: k.view})
	must(err)
	k.reach, err = reach.New(reach.Config{Policy: func() (*policy.Set, *facts.Index) { return in(), known.Index() }, Log: k.log, Refs: refs, Now: clock, Random: rand.Reader})
	must(err)
	public := &url.URL{Scheme: "https", Host: "modicum.hospital.example"}
	k.tokens, err = tokens.Open(t.Context(), tokens.Config{Desk: desk, People: k.people, Policy: in, Now: clock, Public: public})
	must(err)
	k.signin, err = signin.New(t.Context(), signin.Config{Desk: desk, People: k.people, Public: public, Key: make([]byte, 32), Teller: told, Now: clock, Render: func(http.ResponseWriter, *http.Request, signin.Page) {}})
	must(err)
}

// view is of patient p7 alone.
func (k *clinic) view(_ context.Context, by preview.Asker, task, patient string) ([]byte, error) {
	k.own = append(k.own, fmt.Sprint(by.ID, " ", task, " ", patient, " ", by.Purposes, " ", by.Tokens, " ", by.Until.Format(time.TimeOnly)))
	if patient != "p7" {
		return nil, preview.ErrOwn
	}
	return []byte(`{"resourceType":"Patient","id":"p7","name":[{"family":"Own"}]}`), nil
}

func (k *clinic) system(told *notice.Teller) api.System {
	return api.System{
		Health: func(context.Context) *health.State {
			return &health.State{Now: k.now, Trusted: true, Started: k.now, Outlets: told.State(), Record: health.Record{Refusing: true}}
		},
		EnableHook: func(_ context.Context, name, who string) error {
			if name != "pager" {
				return notice.ErrNoHook
			}
			k.hooks = append(k.hooks, who)
			return nil
		},
		Installation: func() wire.Installation {
			return wire.Installation{File: "modicum.yaml", Settings: []wire.Setting{{Key: "listen", Value: "127.0.0.1:8443", Text: "where it listens"}}}
		},
	}
}

// duty gives somebody a duty, and rita agrees.
func (k *clinic) duty(who string, d people.Duty) {
	k.t.Helper()
	if err := k.people.Give(k.t.Context(), people.Actor{ID: "olga"}, people.Gift{Person: who, Kind: people.DutyKind, Name: string(d), Why: "test"}); err != nil {
		k.t.Fatal(err)
	}
	if !k.people.Holds(who, d, k.now.UnixMicro()) {
		if err := k.people.Agree(k.t.Context(), people.Actor{ID: "rita"}, people.Which{Person: who, Kind: people.DutyKind, Name: string(d)}); err != nil {
			k.t.Fatal(err)
		}
	}
}

// session signs somebody in to the console.
func (k *clinic) session(who string) string {
	k.t.Helper()
	if err := k.signin.Begin(k.t.Context(), httptest.NewRecorder(), httptest.NewRequest("POST", "/sign-in", nil), who, signin.Proof{How: []string{"hwk"}}); err != nil {
		k.t.Fatal(err)
	}
	return k.signin.Sessions(who)[0].ID
}

// token gives somebody a token of the command line.
func (k *clinic) given(who string) string {
	k.t.Helper()
	_, t, err := k.tokens.Issue(k.t.Context(), tokens.Want{Person: who, For: time.Hour, Client: tokens.CLI})
	if err != nil {
		k.t.Fatal(err)
	}
	return t.ID
}
