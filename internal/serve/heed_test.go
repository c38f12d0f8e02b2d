package serve_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"slices"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"modicum/internal/config"
	"modicum/internal/notice"
	"modicum/internal/people"
)

const conflict = `
-- organization.yaml --
organization: serve-test
title: Serve Test Clinic
time-zone: UTC
positions: [boss, privacy]
purposes: {treatment: [TREAT], compliance: [HCOMPL]}
break-glass: {for: 4 hours, patients: 5 per day, review: 72 hours, tell: [privacy]}
conflicts:
  - {roles: [clinician, auditor], say: Who looks after patients does not audit who did.}
`

const robots = `
-- roles/robot.yaml --
role: robot
title: Laboratory interface
held-by: programs
owner: boss
review: 12 months
say: What it put there.
tasks:
  results:
    title: Read results
    purpose: treatment
    do: [read]
    while: [shift]
    see: {keep: [clinical.problem]}
    justify: It reads what it put there.
`

// staffed is a site with somebody who runs it, an owner of a program, and an officer.
func staffed(t *testing.T) (*site, people.Actor) {
	t.Helper()
	s := newSite(t)
	s.stop()
	s.config.Webhooks = []config.Webhook{{Name: "pager", URL: "http://127.0.0.1:1/", SecretFiles: []string{s.dir + "/none"}}}
	s.policy.put(emergencies + robots)
	s.start()
	d := s.server.People()
	if _, err := d.First(t.Context(), &people.Person{UserName: "ann", Name: "Ann"}); err != nil {
		t.Fatal(err)
	}
	ann := people.Actor{ID: "ann"}
	for _, name := range []string{"ben", "pia"} {
		if _, err := d.Add(t.Context(), ann, &people.Person{UserName: name, Name: name, Active: true}); err != nil {
			t.Fatal(err)
		}
	}
	for _, g := range []people.Gift{
		{Person: "ben", Kind: people.Role, Name: "clinician", Why: "works here"}, {Person: "ben", Kind: people.Role, Name: "auditor", Why: "for a while"},
		{Person: "pia", Kind: people.Position, Name: "privacy", Why: "officer"},
	} {
		if err := d.Give(t.Context(), ann, g); err != nil {
			t.Fatal(err)
		}
	}
	return s, ann
}

func kindsOf(items []notice.Item) (out []string) {
	for _, i := range items {
		out = append(out, string(i.Kind))
	}
	slices.Sort(out)
	return out
}

// TestWhatComesByItselfIsToldOnce: a key that ends, a program that nobody uses, roles in
// conflict, each to whom it concerns and to nobody else.
func TestWhatComesByItselfIsToldOnce(t *testing.T) {
	s, ann := staffed(t)
	d, bell := s.server.People(), s.server.Notices()
	now, _ := s.now()
	if _, err := d.AddProgram(t.Context(), ann, &people.Program{
		ID: "lab", Title: "Laboratory", Owner: "ben", Why: "orders", Role: "robot", Task: "results", Scopes: []string{"system/Condition.rs"}, Until: now.Add(300 * 24 * time.Hour).UnixMicro(),
	}); err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, err := jose.JSONWebKey{Key: key.Public()}.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.AddKey(t.Context(), people.Actor{ID: "ben"}, "lab", public, now.Add(100*24*time.Hour).UnixMicro()); err != nil {
		t.Fatal(err)
	}
	heed := func() {
		t.Helper()
		if err := s.server.Heed(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	heed()
	if n := bell.Unread("ben") + bell.Unread("pia") + bell.Unread("ann"); n != 0 {
		t.Fatalf("%d notices of nothing", n)
	}
	s.skew = 91 * 24 * time.Hour
	heed()
	heed()
	if got := kindsOf(bell.Inbox("ben", "", 9)); !slices.Equal(got, []string{"key-expires", "program-unused"}) {
		t.Errorf("the owner hears of %v", got)
	}
	// A policy that holds two roles apart makes a conflict of what was given before.
	s.stop()
	s.policy.put(conflict)
	s.start()
	bell = s.server.Notices()
	heed()
	heed()
	if got := kindsOf(bell.Inbox("pia", "", 9)); !slices.Equal(got, []string{"roles-conflict"}) || !bell.Inbox("pia", "", 1)[0].Urgent {
		t.Errorf("the privacy officer hears of %v", got)
	}
	if got := kindsOf(bell.Inbox("ben", "", 9)); !slices.Equal(got, []string{"key-expires", "program-unused", "roles-conflict"}) {
		t.Errorf("who holds both hears of %v", got)
	}
	if n := bell.Unread("ann"); n != 0 {
		t.Errorf("somebody whom it does not concern has %d notices", n)
	}
}

// TestHealthSaysThatNoticesDoNotGetOut: the webhook's secret is not there.
func TestHealthSaysThatNoticesDoNotGetOut(t *testing.T) {
	s, _ := staffed(t)
	about := notice.About{Thing: notice.Request, ID: "0192f0c1-7d10-7a3b-9c55-2f6d1a7b8c90"}
	if err := s.server.Notices().Tell(t.Context(), notice.Notice{Kind: notice.Waits, To: "pia", About: about, At: 1}); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); s.server.Run(ctx) }()
	defer func() { stop(); <-done }()
	tick, end := time.NewTicker(20*time.Millisecond), time.After(time.Minute)
	defer tick.Stop()
	for {
		if _, r := s.ready(); r.says("webhook pager does not get out: ") {
			return
		}
		select {
		case <-end:
			t.Fatal("health never says so")
		case <-tick.C:
		}
	}
}
