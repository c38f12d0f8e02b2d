package policy_test

import (
	"testing"

	"modicum/catalog"
	"modicum/policy"
)

func TestRule10NeverTakesFromItsRoleOnly(t *testing.T) {
	body := `
tasks:
  care: {title: Care, purpose: treatment, do: [read], while: [assigned], see: {keep: [clinical.lab, clinical.note], ask: [clinical.order], mask: [contact.phone]}, marked: [sensitive], break-glass: {for: 1 hour, review: 1 day}}
never: [clinical.note, clinical.order, contact, sensitive.hiv, sensitive.vip]
`
	cases(t, `
cases:
  - {name: "Never takes what is kept and asked, mask stands", given: {as: [nurse], task: care, facts: [assigned], asked: [clinical.order]}, expect: {clinical.note: omit, clinical.order: omit, contact.phone: mask, clinical.lab: keep}}
  - {name: Never takes from a broken glass, given: {as: [nurse], task: care, broken-glass: yes}, expect: {clinical.note: omit, clinical.lab: keep}}
  - {name: Never takes from an exception, given: {as: [nurse], task: care, facts: [assigned], lent: [clinical.note, coverage.plan]}, expect: {clinical.note: omit, coverage.plan: keep}}
  - {name: An overlay in never is not lifted by the word sensitive, given: {as: [nurse], task: care, facts: [assigned], marked: [sensitive.hiv]}, expect: nothing}
  - {name: Nor by an exception, given: {as: [nurse], task: care, facts: [assigned], lent: [sensitive.hiv], marked: [sensitive.hiv]}, expect: nothing}
  - {name: A watched overlay in never hides for that role, given: {as: [nurse], task: care, facts: [assigned], marked: [sensitive.vip]}, expect: nothing}
  - {name: It does not for another, given: {as: [doctor], task: care, facts: [assigned], marked: [sensitive.vip]}, expect: {clinical.note: keep}}
  - {name: Another role of the same person is not bound, given: {as: [nurse, doctor], task: care, facts: [assigned]}, expect: {clinical.note: keep}}
`, role("nurse", body), role("doctor", `
tasks:
  care: {title: Care, purpose: treatment, do: [read], while: [assigned], see: {keep: [clinical.note]}}
`))
}

func TestRule11CeilingOfAPartner(t *testing.T) {
	s := world(t, role("vendor", `
tasks:
  fix: {title: Fix, purpose: treatment, do: [read], while: [assigned], see: {keep: [clinical.lab, clinical.note, demographics.name], mask: [contact.phone]}, marked: [sensitive.hiv, sensitive.std]}
  bill: {title: Bill, purpose: payment, do: [read], while: [assigned], see: {keep: [coverage]}}
`), `
-- partners/acme.yaml --
partner: acme
title: Acme
kind: business-associate
owner: boss
contract: {id: A-1, from: 2026-01-01, until: 2027-01-01, review: 12 months}
purposes: [treatment]
may-see: [clinical]
marked: [sensitive.hiv]
never: [clinical.note, sensitive.vip]
roles: [vendor]
at-end: {close-access: 1 day, return-or-destroy: 30 days}
say: Their own.
`)
	r := ask("vendor", "fix")
	r.Partner = "acme"
	p := admit(t, s, r)
	pa := patient(t, s, p, "assigned")
	show := func(o ...string) policy.Verdict {
		return view(p, policy.Atoms{Overlays: overlays(t, o...), Patients: []policy.PatientAtoms{pa}})
	}
	v := show()
	want(t, &v, "clinical.lab", "keep", "clinical.note", "omit", "demographics.name", "omit", "contact.phone", "omit")
	v = show("sensitive.hiv")
	want(t, &v, "clinical.lab", "keep")
	for _, o := range []string{"sensitive.std", "sensitive.vip"} {
		if v = show(o); !v.View.Empty() {
			t.Errorf("%s is shown beyond the ceiling", o)
		}
	}
	if w := p.Widest(); w.Shown().Meets(classes(t, "demographics.name", "clinical.note")) {
		t.Error("the widest view passes the ceiling")
	}
	r.Task = "bill"
	refused(t, s, r, policy.UnknownPurpose)
	r.Task, r.Partner = "fix", "nobody"
	refused(t, s, r, policy.ShowsNothing)
}

func TestRule12Verbs(t *testing.T) {
	cases(t, `
role: nurse
cases:
  - {name: A silent line of also reads only, given: {task: a, do: update, facts: [assigned], marked: [sensitive.hiv]}, expect: nothing}
  - {name: It reads, given: {task: a, facts: [assigned], marked: [sensitive.hiv]}, expect: {clinical.lab: keep}}
  - {name: Search is not read, given: {task: b, do: search, facts: [assigned]}, expect: refused}
  - {name: Overlays do not stop create, given: {task: a, do: create, facts: [assigned], marked: [sensitive.hiv]}, expect: {clinical.lab: keep}}
  - {name: They stop update, given: {task: a, do: update, facts: [assigned], marked: [sensitive.std]}, expect: nothing}
  - {name: What is under ask may be written, given: {task: a, do: update, facts: [assigned]}, expect: {clinical.order: keep, clinical.lab: keep, contact.phone: omit}}
  - {name: A restriction on classes stops create, given: {task: a, do: create, facts: [assigned]}, expect: {clinical.note: omit, clinical.lab: keep}}
  - {name: It lets the author write, given: {task: a, do: create, facts: [assigned, author]}, expect: {clinical.note: keep}}
  - {name: A whole restriction stops create, given: {task: a, do: create, facts: [assigned, is-patient]}, expect: nothing}
`, role("nurse", `
tasks:
  a:
    title: A
    purpose: treatment
    do: [read, create, update]
    while: [assigned]
    see: {keep: [clinical.lab, clinical.note], ask: [clinical.order], mask: [contact.phone]}
    also:
      - {marked: [sensitive.hiv]}
  b: {title: B, purpose: treatment, do: [read], while: [assigned], see: {keep: [clinical.lab]}}
`), `
-- restrictions.yaml --
restrictions:
  own: {title: Own chart, cite: policy, hide: everything, while: [is-patient], say: No.}
  notes: {title: Notes, cite: policy, hide: [clinical.note], unless: [author], say: No.}
`)
}

func TestRule12CriteriaReadWhatEveryCountingLineKeeps(t *testing.T) {
	s := world(t, role("nurse", `
tasks:
  a:
    title: A
    purpose: treatment
    do: [read, search]
    while: [assigned]
    see: {keep: [clinical.lab], mask: [demographics.name]}
    also:
      - {do: [search], see: {keep: [demographics.name, demographics.birth-date]}}
  b: {title: B, purpose: treatment, do: [search], while: [assigned], see: {keep: [demographics.name]}}
`))
	r := ask("nurse", "a")
	r.Verb = policy.Search
	if n := admit(t, s, r).Lines(); n != 2 {
		t.Fatalf("%d lines", n)
	}
	r.Reads = classes(t, "demographics.name")
	if p := admit(t, s, r); p.Lines() != 1 || p.LineID(0) != "nurse/a#2" {
		t.Error("the line that masks the name counts for a search by name")
	}
	r.Reads = classes(t, "demographics.name", "clinical.lab")
	refused(t, s, r, policy.NeverKept) // no single line keeps both
	r.Reads, r.Sorts = catalog.ClassSet{}, classes(t, "demographics.birth-date")
	admit(t, s, r)
	r.Task, r.Purpose = "", "treatment"
	refused(t, s, r, policy.NeverKept) // task b does not keep the sort key
	r.Sorts = classes(t, "demographics.name")
	admit(t, s, r)
}

func TestRule13Find(t *testing.T) {
	s := loadHospital(t)
	r := ask("registration", "register")
	r.Verb, r.Caller = policy.Search, holding(t, s, "during-shift")
	p := admit(t, s, r)
	f := p.Find()
	if len(f) != 1 || f[0].AtLeast != 2 || f[0].Results != 20 || len(f[0].By) != 5 || f[0].Role != "registration" {
		t.Fatalf("find %+v", f)
	}
	if f[0].Show.Of(class(t, "identifiers.mrn")) != policy.Keep || f[0].Show.Of(class(t, "contact.phone")) != policy.Omit {
		t.Error("a found patient shows in `show` only")
	}
	if f[0].For.Clock.Minutes() != 30 {
		t.Errorf("found for %v", f[0].For)
	}
	r.Caller = policy.Truth{}
	refused(t, s, r, policy.CallerFacts)
}

func TestRule14Grants(t *testing.T) {
	cases(t, `
role: nurse
cases:
  - {name: A lent line without a grant, given: {task: a, facts: [assigned]}, expect: nothing}
  - {name: With one, given: {task: a, facts: [assigned], lent: yes}, expect: {clinical.lab: keep}}
  - {name: Its facts hold all the while, given: {task: a, lent: yes}, expect: nothing}
  - {name: The glass is no grant, given: {task: a, facts: [assigned], broken-glass: yes}, expect: nothing}
  - {name: Ask is masked, given: {task: b, facts: [assigned, shift]}, expect: {clinical.order: mask, clinical.lab: keep}}
  - {name: Asked for, given: {task: b, facts: [assigned, shift], asked: [clinical.order]}, expect: {clinical.order: keep}}
  - {name: Asking opens only what is under ask, given: {task: b, facts: [assigned, shift], asked: [clinical.note]}, expect: {clinical.note: omit, clinical.order: mask}}
  - {name: The glass stands in for the patient, given: {task: b, facts: [shift], broken-glass: yes}, expect: {clinical.lab: keep}}
  - {name: Not for the caller, given: {task: b, facts: [assigned], broken-glass: yes}, expect: nothing}
  - {name: In all lines and their of, given: {task: b, facts: [shift], broken-glass: yes, record: {of: []}}, expect: {clinical.procedure: keep}}
  - {name: Not for date or place, given: {task: b, facts: [shift], broken-glass: yes, record: {age: 2 months}}, expect: {clinical.vital-sign: omit, clinical.lab: keep}}
  - {name: Not for what the record says, given: {task: b, facts: [shift], broken-glass: yes}, expect: {clinical.assessment: omit}}
  - {name: A task without break-glass knows no glass, given: {task: c, broken-glass: yes}, expect: nothing}
  - {name: An exception is one more line, given: {task: b, facts: [assigned, shift], lent: [coverage.plan]}, expect: {coverage.plan: keep, clinical.lab: keep, clinical.note: omit}}
  - {name: Under the task's facts, given: {task: b, facts: [shift], lent: [coverage.plan]}, expect: nothing}
  - {name: An overlay lent shows what the task shows, given: {task: b, facts: [assigned, shift], lent: [sensitive.hiv], marked: [sensitive.hiv]}, expect: {clinical.lab: keep, clinical.order: mask, coverage.plan: omit}}
  - {name: Only that overlay, given: {task: b, facts: [assigned, shift], lent: [sensitive.hiv], marked: [sensitive.hiv, sensitive.std]}, expect: nothing}
  - {name: An exception reads, given: {task: b, do: update, facts: [assigned, shift], lent: [coverage.plan]}, expect: {coverage.plan: omit}}
`, role("nurse", `
tasks:
  a: {title: A, purpose: treatment, do: [read], while: [assigned], see: {keep: [clinical.lab]}, lend: {for: 1 hour, approve: [boss]}}
  b:
    title: B
    purpose: treatment
    do: [read, update]
    while: [assigned, shift]
    see: {keep: [clinical.lab], ask: [clinical.order]}
    break-glass: {for: 1 hour, review: 1 day}
    also:
      - {see: {keep: [clinical.procedure]}, within: {of: item}}
      - {see: {keep: [clinical.vital-sign]}, within: {back: 1 month}}
      - {while: [author], see: {keep: [clinical.assessment]}}
  c: {title: C, purpose: treatment, do: [read], while: [assigned], see: {keep: [clinical.lab]}}
`))
}

func TestRule14TheGlassIsOfItsTask(t *testing.T) {
	s := world(t, role("nurse", `
tasks:
  with: {title: W, purpose: treatment, do: [read], while: [assigned], see: {keep: [clinical.lab]}, marked: [sensitive.sud-part2], break-glass: {for: 1 hour, review: 1 day}}
  without: {title: O, purpose: treatment, do: [read], while: [assigned], see: {keep: [clinical.note]}, marked: [sensitive.sud-part2]}
`), restrictions)
	r := ask("nurse", "")
	r.Purpose = "treatment"
	p := admit(t, s, r)
	pa := patient(t, s, p, "assigned")
	pa.Glass = true
	v := view(p, policy.Atoms{Overlays: overlays(t, "sensitive.sud-part2"), Patients: []policy.PatientAtoms{pa}})
	want(t, &v, "clinical.lab", "keep", "clinical.note", "omit")
	if v.Obligations&policy.Part2Notice == 0 {
		t.Error("what shows because `unless` holds carries the obligation")
	}
}

func TestRule15ExemptOpensNothing(t *testing.T) {
	s := loadHospital(t)
	r := ask("individual", "see-own-record")
	r.Caller = holding(t, s, "portal-session")
	p := admit(t, s, r)
	pa := patient(t, s, p, "is-patient")
	v := view(p, policy.Atoms{Within: ^uint64(0), Patients: []policy.PatientAtoms{pa}})
	want(t, &v, "clinical.note", "keep", "clinical.note.psychotherapy", "omit")
	if v.Exempt != v.Lines || v.Lines == 0 {
		t.Errorf("lines %b, exempt %b", v.Lines, v.Exempt)
	}
	if e := p.Exempt(); len(e) != 1 || e[0] != "individual" {
		t.Errorf("exempt %v", e)
	}
}

func TestRule16Disclosures(t *testing.T) {
	s := loadHospital(t)
	r := policy.Request{Disclosure: "payer-record-request", Verb: policy.Export, Shows: everything, Meets: ^policy.Obligations(0)}
	p := admit(t, s, r)
	if p.LineID(0) != "disclosures/payer-record-request" {
		t.Errorf("line %s", p.LineID(0))
	}
	pa := patient(t, s, p, "claim-request")
	v := view(p, policy.Atoms{Overlays: overlays(t, "sensitive.restricted"), Patients: []policy.PatientAtoms{pa}})
	if !v.View.Empty() {
		t.Error("the disclosure's own recipient does not count for a restriction")
	}
	r.Purpose = "treatment"
	refused(t, s, r, policy.UnknownPurpose)
	r.Purpose, r.Verb = "", policy.Create
	refused(t, s, r, policy.NoVerb)
}

func TestRule17NarrowestLimit(t *testing.T) {
	s := world(t, role("nurse", `
tasks:
  a: {title: A, purpose: treatment, do: [read], while: [assigned], see: {keep: [clinical.lab]}, limits: {results: 50, patients: 120 per day, asks: 10 per minute}}
  b: {title: B, purpose: treatment, do: [read], while: [assigned], see: {keep: [clinical.lab]}, limits: {results: 20, patients: 500 per day, asks: 90 per day}}
`))
	r := ask("nurse", "")
	l := admit(t, s, r).Limits()
	if l.Results != 20 || l.Patients.Day != 120 || l.Asks != (policy.Rates{Minute: 10, Day: 90}) || l.Export != "none" {
		t.Errorf("limits %+v", l)
	}
}

func TestRule18MaskKeepsARecordThere(t *testing.T) {
	s := world(t, role("nurse", `
tasks:
  a: {title: A, purpose: treatment, do: [read], while: [assigned], see: {mask: [clinical.lab]}}
`))
	p := admit(t, s, ask("nurse", "a"))
	v := view(p, policy.Atoms{Patients: []policy.PatientAtoms{patient(t, s, p, "assigned")}})
	if v.View.Empty() || v.View.Of(class(t, "clinical.lab")) != policy.Mask {
		t.Error("a masked record is there")
	}
}

func TestObligations(t *testing.T) {
	s := loadHospital(t)
	r := ask("it-support", "look-into-ticket")
	r.Caller, r.Meets = holding(t, s, "managed-device"), 0
	refused(t, s, r, policy.CannotMeet)
	r.Meets = policy.RecordSession
	if o := admit(t, s, r).Obligations(); o != policy.RecordSession {
		t.Errorf("obligations %v", o.Names())
	}
	// An `unless` whose obligation the door cannot meet does not let go.
	r = ask("physician", "treat")
	for _, meets := range []policy.Obligations{0, policy.Part2Notice} {
		r.Meets = meets
		p := admit(t, s, r)
		pa := patient(t, s, p, "assigned-patient", "part2-consent")
		v := view(p, policy.Atoms{Overlays: overlays(t, "sensitive.sud-part2"), Patients: []policy.PatientAtoms{pa}})
		if v.View.Empty() != (meets == 0) {
			t.Errorf("meets %v: empty is %v", meets.Names(), v.View.Empty())
		}
	}
}

func TestUnlessLetsGoOnlyOfWhatItNames(t *testing.T) {
	s := loadHospital(t)
	p := admit(t, s, ask("physician", "treat"))
	pa := patient(t, s, p, "assigned-patient", "court-order-part2")
	order, _ := s.Fact("court-order-part2")
	for i, of := range p.Ofs() {
		if of.Fact == order {
			pa.Of[i] = classes(t, "clinical.medication")
		}
	}
	v := view(p, policy.Atoms{Overlays: overlays(t, "sensitive.sud-part2"), Patients: []policy.PatientAtoms{pa}})
	want(t, &v, "clinical.medication", "keep", "clinical.note", "omit")
}

func TestD7RestrictionsBiteByPurposeAndRecipient(t *testing.T) {
	s := loadHospital(t)
	r := ask("billing-specialist", "work-denial")
	r.Caller = holding(t, s, "during-shift")
	restricted := overlays(t, "sensitive.restricted")
	for _, tt := range []struct {
		name string
		to   string
		hide bool
	}{{"the biller works on it", "", false}, {"it does not go to the plan", "health-plan", true}, {"a court may have it", "court", false}} {
		r.To = 0
		if tt.to != "" {
			r.To, _ = s.Recipients(tt.to)
		}
		p := admit(t, s, r)
		v := view(p, policy.Atoms{Overlays: restricted, Patients: []policy.PatientAtoms{patient(t, s, p, "work-item")}})
		if v.View.Empty() != tt.hide {
			t.Errorf("%s: empty is %v", tt.name, v.View.Empty())
		}
		if v.Watched != restricted {
			t.Errorf("%s: a watched overlay does not alert", tt.name)
		}
	}
}

func TestWhere(t *testing.T) {
	cases(t, `
role: clerk
cases:
  - {name: The kind, given: {task: a, facts: [{item: {kind: claim}}]}, expect: {coverage.plan: keep}}
  - {name: Another, given: {task: a, facts: [{item: {kind: order}}]}, expect: nothing}
  - {name: Absent is a fault, given: {task: a, facts: [item]}, expect: nothing}
  - {name: Open, given: {task: b, facts: [item]}, expect: {coverage.plan: keep}}
  - {name: Closed yesterday, given: {task: b, facts: [{item: {closed: 1 day ago}}]}, expect: {coverage.plan: keep}}
  - {name: Closed last week, given: {task: b, facts: [{item: {closed: 7 days ago}}]}, expect: nothing}
  - {name: Unknown is unknown for its conditions, given: {task: a, unknown: [item]}, expect: nothing}
`, role("clerk", `
tasks:
  a: {title: A, purpose: payment, do: [read], while: [claim-item], see: {keep: [coverage]}}
  b: {title: B, purpose: payment, do: [read], while: [open-item], see: {keep: [coverage]}}
`))
	s := world(t, role("nurse", nurse))
	open, _ := s.Fact("open-item")
	claim, _ := s.Fact("claim-item")
	if !s.UsesNow(open) || s.UsesNow(claim) {
		t.Error("UsesNow")
	}
	if s.Where(claim, policy.WhereInput{Values: map[string]any{"kind": 7.0}}) {
		t.Error("a value of the wrong type is a fault")
	}
	if item, _ := s.Fact("item"); s.Where(item, policy.WhereInput{}) {
		t.Error("a fact without where holds by its where")
	}
}

func TestWhereIsChecked(t *testing.T) {
	for _, tt := range []struct{ name, where string }{
		{"a value the fact does not declare", "fact.sort == 'x'"},
		{"another type", "fact.kind == 3"},
		{"not yes or no", "fact.count + 1.0"},
		{"a regular expression", "fact.kind.matches('a+')"},
		{"a loop", "[1, 2].exists(i, i == 1)"},
		{"a name nobody knows", "patient.name == 'x'"},
		{"no expression", "fact.kind =="},
		{"an object", "fact{kind: 'x'}.kind == 'x'"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, probs := compile(role("nurse", nurse), `
-- conditions.yaml --
sources:
  adt: {title: Feed, fresh: 15 minutes, programs: [feed]}
facts:
  assigned: {means: A., about: patient, from: [adt], values: {kind: text, count: number}}
conditions:
  odd: {means: Odd., fact: assigned, where: "`+tt.where+`"}
`)
			if s != nil {
				t.Fatal("compiled")
			}
			if probs == "" {
				t.Error("refused without a word")
			}
		})
	}
}
