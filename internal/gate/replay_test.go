package gate_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"modicum/internal/gate"
	"modicum/ledger"
)

// recorded makes one decision of each kind and returns their ids.
func recorded(h *house) map[string]string {
	h.t.Helper()
	h.hire()
	out := map[string]string{}
	keep := func(name string, s *gate.Session, err error, bodies ...string) {
		h.t.Helper()
		if err != nil {
			h.t.Fatalf("%s: %v", name, err)
		}
		if _, err := h.show(s, bodies...); err != nil {
			h.t.Fatalf("%s: %v", name, err)
		}
		out[name] = s.ID()
	}
	s, err := h.read("alice", "Patient/p1")
	keep("read", s, err, patient("p1"))
	s, err = h.list("alice", "Condition")
	keep("open search", s, err, condition("c1", "p1", ""), condition("c2", "p2", ""), condition("c3", "p4", ""), condition("c4", "p9", ""), strings.Replace(condition("c5", "p1", ""), "J45.0", "B20", 1))
	s, err = h.searches.Open(h.t.Context(), &gate.Ask{Caller: h.staff["bob"], Task: "bill", Type: h.typ("Condition")})
	keep("items", s, err, condition("c1", "p1", "e1"), condition("c2", "p1", ""))
	s, err = h.lookFor("dora", twoThings)
	keep("find", s, err, patient("p7"))
	s, err = h.read("claims", "Patient/p1")
	keep("partner", s, err, patient("p1"))
	_, err = h.read("norma", "Patient/p1")
	var refusal *gate.Refusal
	if errors.As(err, &refusal) {
		out["refusal"] = refusal.ID
	}
	return out
}

func TestR6_EveryRecordedDecisionIsDerivedAgainToTheBit(t *testing.T) {
	h := newHouse(t)
	for name, id := range recorded(h) {
		r := h.replay(id)
		if len(r.Differences) > 0 {
			t.Errorf("%s: %v", name, r.Differences)
		}
		if name == "open search" && len(r.Verdicts) < 4 {
			t.Errorf("%d verdicts derived", len(r.Verdicts))
		}
		for _, v := range r.Verdicts {
			if v.There && len(v.Lines) == 0 {
				t.Errorf("%s: a shown record without a line", name)
			}
		}
	}
}

func TestR6_OneAlteredAtomMakesTheDerivationDisagree(t *testing.T) {
	h := newHouse(t)
	ids := recorded(h)
	verdict := func(entries []ledger.Entry, shown bool) *ledger.Verdict {
		for _, e := range entries {
			var vs []ledger.Verdict
			switch e := e.(type) {
			case *ledger.Opened:
				vs = e.Verdicts
			case *ledger.Outcome:
				vs = e.Verdicts
			}
			for i := range vs {
				if (vs[i].View != ledger.Withheld) == shown && (shown || vs[i].Because == "view") {
					return &vs[i]
				}
			}
		}
		t.Fatal("no such verdict")
		return nil
	}
	for _, tt := range []struct {
		name, of string
		shown    bool
		alter    func(*ledger.Verdict)
	}{
		{"a fact that held is taken away", "read", true, func(v *ledger.Verdict) { v.Atoms.Patients[0].Holds = "" }},
		{"a restriction is made to bite", "read", true, func(v *ledger.Verdict) { v.Atoms.Patients[0].Bites = strings.Repeat("f", 64) }},
		{"an overlay is added", "read", true, func(v *ledger.Verdict) { v.Atoms.Overlays = []string{"sensitive.hiv"} }},
		{"what the item names is taken away", "items", true, func(v *ledger.Verdict) { v.Atoms.Patients[0].Of = []string{""} }},
		{"a patient is taken away", "open search", true, func(v *ledger.Verdict) { v.Atoms.Patients = nil; v.Patients = nil }},
		{"a fact is given to the withheld", "open search", false, func(v *ledger.Verdict) {
			v.Atoms.Overlays = nil
			v.Atoms.Patients[0].Bites, v.Atoms.Patients[0].Unknown = "", ""
			v.Atoms.Patients[0].Holds = verdict(h.book.of(ids["read"]), true).Atoms.Patients[0].Holds
		}},
	} {
		entries := copied(t, h.book.of(ids[tt.of]))
		tt.alter(verdict(entries, tt.shown))
		r, err := gate.Replay(h.set, entries)
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if len(r.Differences) == 0 {
			t.Errorf("%s: the derivation agrees", tt.name)
		}
	}
}

func TestR6_AnAlteredDecisionMakesTheDerivationDisagree(t *testing.T) {
	h := newHouse(t)
	ids := recorded(h)
	for name, alter := range map[string]func(*ledger.Decision){
		"effect":  func(d *ledger.Decision) { d.Effect = ledger.Refuse; d.Reasons = []string{"no-verb"} },
		"roles":   func(d *ledger.Decision) { d.Roles = []string{"desk"} },
		"purpose": func(d *ledger.Decision) { d.Purpose = "payment" },
		"view":    func(d *ledger.Decision) { d.View = ledger.View{"keep": {"clinical.lab"}} },
		"reads":   func(d *ledger.Decision) { d.Request.Reads = []string{"demographics.gender"} },
	} {
		entries := copied(t, h.book.of(ids["read"]))[:1]
		alter(entries[0].(*ledger.Decision))
		if r, err := gate.Replay(h.set, entries); err != nil || len(r.Differences) == 0 {
			t.Errorf("%s: %v, the derivation agrees", name, err)
		}
	}
	refusal := copied(t, h.book.of(ids["refusal"]))
	refusal[0].(*ledger.Decision).Reasons = []string{"no-verb"}
	if r, err := gate.Replay(h.set, refusal); err != nil || len(r.Differences) == 0 {
		t.Errorf("another reason of a refusal: %v, the derivation agrees", err)
	}
}

func TestR6_ADecisionOfAnotherPolicyIsNotGuessed(t *testing.T) {
	h := newHouse(t)
	id := recorded(h)["read"]
	other := compile(t, "-- roles/hosting.yaml --\nrole: hosting\ntitle: Hosts\nowner: boss\nreview: 12 months\nsay: Own.\ntasks:\n  look-at-hosts: {title: Look, purpose: it, do: [read], while: [contract, assigned], see: {keep: [clinical.lab]}}")
	if _, err := gate.Replay(other, h.book.of(id)); !errors.Is(err, gate.ErrOtherGeneration) {
		t.Errorf("got %v", err)
	}
	entries := copied(t, h.book.of(id))
	entries[0].(*ledger.Decision).Generation.Semantics++
	if _, err := gate.Replay(h.set, entries); !errors.Is(err, gate.ErrOtherGeneration) {
		t.Errorf("another version of the reading rules: %v", err)
	}
	if _, err := gate.Replay(h.set, nil); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("nothing: %v", err)
	}
	if _, err := gate.Replay(h.set, slices.Clone(entries[1:])); err == nil {
		t.Error("a decision without its decision entry was derived")
	}
}

// copied are the entries as they would be read from the record.
func copied(t testing.TB, entries []ledger.Entry) []ledger.Entry {
	t.Helper()
	var out []ledger.Entry
	for _, e := range entries {
		b, err := ledger.Encode(e)
		if err != nil {
			t.Fatal(err)
		}
		c, err := ledger.Decode(b)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, c)
	}
	return out
}
