package health_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"modicum/internal/caller"
	"modicum/internal/facts"
	"modicum/internal/health"
	"modicum/internal/notice"
	"modicum/internal/spool"
	"modicum/internal/upstream"
)

var noon = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)

// well is an installation of which nothing is wrong.
func well() *health.State {
	return &health.State{
		Now: noon, Trusted: true, Certain: true, Spool: spool.State{Most: 16 << 20, Takes: true},
		Upstream: health.Upstream{State: upstream.State{Answered: noon, Failed: noon.Add(-time.Hour), Why: "the connection broke"}},
		Sources:  []health.Source{{SourceState: facts.SourceState{Name: "adt", Fresh: time.Hour, LastWhole: noon, LastChange: noon}}},
		Issuers:  []caller.IssuerState{{Issuer: "https://id.example", Keys: 2, Loaded: noon.Add(-time.Minute)}},
		Outlets:  []notice.OutletState{{Name: "mail", Sent: noon}, {Name: "webhook pager", Hook: "pager"}},
	}
}

func TestNothingIsWrongWhereNothingIs(t *testing.T) {
	if s := well(); s.Level() != health.Well || !s.Ready() || len(s.Troubles()) != 0 {
		t.Errorf("%s: %+v", s.Level(), s.Troubles())
	}
	if s := (&health.State{}); s.Level() == health.Well {
		t.Error("what nobody looked at is called well")
	}
}

// TestL1_AnEmergencyKeepsItsDoor: while the record is away and the spool takes broken
// glasses, requests belong here; when it takes none they do not.
func TestL1_AnEmergencyKeepsItsDoor(t *testing.T) {
	for name, tt := range map[string]struct {
		do    func(*health.State)
		level health.Level
	}{
		"the record refuses, the spool takes": {func(s *health.State) { s.Record.Refusing = true }, health.Emergency},
		"the spool is in use":                 {func(s *health.State) { s.Spool.InUse, s.Spool.Entries = true, 3 }, health.Emergency},
		"both refuse":                         {func(s *health.State) { s.Record.Refusing, s.Spool.Takes = true, false }, health.Down},
		"the spool alone takes nothing":       {func(s *health.State) { s.Spool.Takes = false }, health.Degraded},
		"glasses wait for the book":           {func(s *health.State) { s.Loose = 1 }, health.Degraded},
		"the folder lags":                     {func(s *health.State) { s.Record.Behind = true }, health.Degraded},
	} {
		s := well()
		tt.do(s)
		if s.Level() != tt.level || s.Ready() != (tt.level != health.Down) {
			t.Errorf("%s: %s, ready %t; want %s", name, s.Level(), s.Ready(), tt.level)
		}
	}
}

// TestEveryTroubleSaysWhatFollowsAndWhatToDo: each alone, and all of them together.
func TestEveryTroubleSaysWhatFollowsAndWhatToDo(t *testing.T) {
	all := well()
	for say, do := range map[string]func(*health.State){
		"the time is not trusted: nothing that ends is permitted":                 func(s *health.State) { s.Trusted = false },
		"the changed policy has errors":                                           func(s *health.State) { s.Policy.Trouble = "the changed policy has errors" },
		"the FHIR server gives no usable answer: its name is not known here":      func(s *health.State) { s.Upstream.Failed, s.Upstream.Why = noon.Add(1), "its name is not known here" },
		"issuer https://id.example: its keys could not be looked at again; those": func(s *health.State) { s.Issuers[0].Error = "the issuer cannot be reached" },
		"issuer https://old.example: its keys are not known, so its tokens are": func(s *health.State) {
			s.Issuers = append(s.Issuers, caller.IssuerState{Issuer: "https://old.example", Keys: 2, Loaded: noon.Add(-25 * time.Hour)})
		},
		"source adt cannot be read: what it said before permits until it is 1h0m0s o": func(s *health.State) { s.Sources[0].Broken = "line 3" },
		"source roster is broken: its facts do not permit":                            source("roster", func(f *facts.SourceState) { f.Broken, f.Stale = "line 3", true }),
		"source queue was never read whole: restrictions that rest on it bite":        source("queue", func(f *facts.SourceState) { f.NeverWhole = true }),
		"source desk is stale: its facts do not permit":                               source("desk", func(f *facts.SourceState) { f.Stale = true }),
		"webhook pager answered 410 and is called no more":                            func(s *health.State) { s.Outlets[1].Disabled = true },
		"mail does not get out: it cannot be reached":                                 func(s *health.State) { s.Outlets[0].Failing, s.Outlets[0].Why = noon, "it cannot be reached" },
		"notices that nobody has seen and no mail server took: 2":                     func(s *health.State) { s.Failed = 2 },
		"it is not known whether the last change of people or grants was kept":        func(s *health.State) { s.Certain = false },
		"entries of the record wait in its journal":                                   func(s *health.State) { s.Record.Unmoved = true },
	} {
		s := well()
		do(s)
		do(all)
		if got := s.Troubles(); len(got) != 1 || !strings.HasPrefix(got[0].Say, say) || got[0].Do == "" || got[0].Part == "" || s.Level() != health.Degraded {
			t.Errorf("%s, want %q: %+v", s.Level(), say, got)
		}
		if !slices.ContainsFunc(all.Troubles(), func(x health.Trouble) bool { return strings.HasPrefix(x.Say, say) }) {
			t.Errorf("%q is not told beside others", say)
		}
	}
	mail := all.Troubles()
	mail = slices.DeleteFunc(mail, func(x health.Trouble) bool { return x.Since.IsZero() })
	if len(mail) != 1 || !mail[0].Since.Equal(noon) || mail[0].String() != "mail does not get out: it cannot be reached, since 2026-11-27T12:00:00Z" {
		t.Errorf("what began at a time is told as %q", mail)
	}
	all.Record.Refusing = true
	if got := all.Troubles(); got[0].Level != health.Emergency {
		t.Errorf("the worst does not stand first: %+v", got[0])
	}
}

func source(name string, change func(*facts.SourceState)) func(*health.State) {
	return func(s *health.State) {
		f := facts.SourceState{Name: name, Fresh: time.Hour, LastWhole: noon, LastChange: noon}
		change(&f)
		s.Sources = append(s.Sources, health.Source{SourceState: f})
	}
}
