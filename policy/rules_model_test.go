package policy_test

import (
	"testing"

	"modicum/catalog"
	"modicum/policy"
)

// What the reference model (N8) found the engine to read otherwise than the text.

func TestRule11ObligationsOnlyOnWhatShows(t *testing.T) {
	s := world(t, role("nurse", `
tasks:
  a: {title: A, purpose: treatment, do: [read], while: [assigned], see: {keep: [clinical.lab, clinical.problem]}}
`), `
-- restrictions.yaml --
restrictions:
  notice: {title: Notice, cite: a law, hide: [clinical.lab], unless: [consent], obligations: [part2-notice], say: No.}
  agreed: {title: Agreed, cite: a law, hide: [clinical.lab], while: [is-patient], say: No.}
`)
	p := admit(t, s, ask("nurse", "a"))
	for _, tt := range []struct {
		name  string
		facts []string
		want  policy.Obligations
	}{
		{"shows by consent, so the notice goes with it", []string{"assigned", "consent"}, policy.Part2Notice},
		{"another restriction hides what consent let go", []string{"assigned", "consent", "is-patient"}, 0},
	} {
		v := view(p, policy.Atoms{Patients: []policy.PatientAtoms{patient(t, s, p, tt.facts...)}})
		want(t, &v, "clinical.problem", "keep")
		if v.Obligations != tt.want {
			t.Errorf("%s: obligations %v, want %v", tt.name, v.Obligations.Names(), tt.want.Names())
		}
	}
}

func TestRule14AnExceptionLiftsNoUnnamedOverlay(t *testing.T) {
	s := world(t, role("nurse", `
tasks:
  a: {title: A, purpose: treatment, do: [read], while: [assigned], see: {keep: [clinical.lab]}}
`))
	r := ask("nurse", "a")
	r.Exception = true
	p := admit(t, s, r)
	for _, o := range []catalog.Overlay{catalog.Restricted, catalog.Unrecognized} {
		pa := patient(t, s, p, "assigned")
		pa.Lent, pa.LentOverlays = ^uint64(0), ^catalog.OverlaySet(0)
		v := view(p, policy.Atoms{Overlays: catalog.OverlaySet(0).With(o), Patients: []policy.PatientAtoms{pa}})
		if !v.View.Empty() {
			t.Errorf("overlay %d, which has no name, was lifted", o)
		}
	}
}

func TestRule17LimitsOfEveryTaskThatSpeaks(t *testing.T) {
	s := world(t, role("nurse", `
tasks:
  a: {title: A, purpose: treatment, do: [read], while: [assigned], see: {keep: [clinical.lab]}, limits: {results: 50}}
  b: {title: B, purpose: treatment, do: [read], while: [assigned, shift], see: {keep: [clinical.lab]}, limits: {results: 20}}
`))
	r := ask("nurse", "")
	off := admit(t, s, r).Limits()
	r.Caller = holding(t, s, "shift")
	on := admit(t, s, r).Limits()
	if off.Results != 20 || off != on {
		t.Errorf("off shift %+v, on shift %+v: one more fact must not narrow what a task allows", off, on)
	}
	release := policy.Request{Disclosure: "payer-record-request", Verb: policy.Read, Shows: everything, Meets: ^policy.Obligations(0)}
	if place := admit(t, loadHospital(t), release).Limits().Export; place != "none" {
		t.Errorf("a disclosure names the place of export %q; the releasing task names it", place)
	}
}

func TestD7ARecipientOfUnknownNameMayBeThePartner(t *testing.T) {
	const partner = `
-- partners/acme.yaml --
partner: acme
title: Acme
kind: health-plan
owner: boss
contract: {id: C-1, from: 2026-01-01, until: 2027-12-31, review: 12 months}
purposes: [payment]
may-see: [clinical]
say: No more.
-- partners/other.yaml --
partner: other
title: Other
kind: health-plan
owner: boss
contract: {id: C-2, from: 2026-01-01, until: 2027-12-31, review: 12 months}
purposes: [payment]
may-see: [clinical]
say: No more.
-- restrictions.yaml --
restrictions:
  agreed: {title: Agreed, cite: a law, hide: everything, to: [acme], say: No.}
`
	for _, tt := range []struct {
		to    string
		bites bool
	}{{"acme", true}, {"other", false}, {"health-plan", true}, {"provider", false}} {
		s := world(t, partner, role("biller", `
tasks:
  a: {title: A, purpose: payment, do: [read], while: [assigned], see: {keep: [clinical.lab]}, to: [`+tt.to+`]}
`))
		p := admit(t, s, ask("biller", "a"))
		v := view(p, policy.Atoms{Patients: []policy.PatientAtoms{patient(t, s, p, "assigned")}})
		if v.View.Empty() != tt.bites {
			t.Errorf("to %s: hidden is %v, want %v", tt.to, v.View.Empty(), tt.bites)
		}
	}
}
