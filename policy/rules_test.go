package policy_test

import (
	"testing"

	"modicum/catalog"
	"modicum/policy"
)

const nurse = `
tasks:
  care:
    title: Care
    purpose: treatment
    do: [read, search, create, update]
    while: [assigned]
    see: {keep: [demographics, clinical.lab, clinical.note]}
`

func TestRule01SilenceRefuses(t *testing.T) {
	s := world(t, role("nurse", nurse))
	for _, tt := range []struct {
		name string
		req  policy.Request
		want policy.Why
	}{
		{"nothing asked", policy.Request{}, policy.NoVerb},
		{"two verbs at once", policy.Request{Roles: []string{"nurse"}, Verb: policy.Read | policy.Search, Shows: everything}, policy.NoVerb},
		{"no role", policy.Request{Verb: policy.Read, Shows: everything}, policy.NoRole},
		{"a role nobody wrote", ask("surgeon", ""), policy.NoRole},
		{"a task nobody wrote", ask("nurse", "operate"), policy.UnknownTask},
		{"another role's task", ask("nurse", "clerk/care"), policy.UnknownTask},
		{"a disclosure nobody wrote", policy.Request{Disclosure: "sale", Verb: policy.Read, Shows: everything}, policy.UnknownTask},
		{"a program nobody wrote", policy.Request{Program: "ghost", Verb: policy.Read, Shows: everything}, policy.NoRole},
		{"a verb no line has", func() policy.Request { r := ask("nurse", "care"); r.Verb = policy.Export; return r }(), policy.NoVerb},
		{"nothing that can show", func() policy.Request { r := ask("nurse", "care"); r.Shows = classes(t, "financial.claim"); return r }(), policy.ShowsNothing},
		{"an empty question", func() policy.Request { r := ask("nurse", "care"); r.Shows = catalog.ClassSet{}; return r }(), policy.ShowsNothing},
	} {
		t.Run(tt.name, func(t *testing.T) { refused(t, s, tt.req, tt.want) })
	}
	p := admit(t, s, ask("nurse", "care"))
	v := view(p, policy.Atoms{Patients: []policy.PatientAtoms{{}}})
	if !v.View.Empty() || v.Lines != 0 {
		t.Errorf("facts nobody stated showed %+v", v.View)
	}
	var zero policy.Plan
	if v = view(&zero, policy.Atoms{}); !v.View.Empty() {
		t.Error("a plan that was never admitted shows something")
	}
}

func TestRule02WhichTasksSpeak(t *testing.T) {
	const clerk = `
tasks:
  care: {title: Bill care, purpose: payment, do: [read], while: [item], see: {keep: [coverage]}}
  claim: {title: Claim, purpose: payment, do: [read], while: [item], see: {keep: [financial.claim]}}
`
	const doctor = `
tasks:
  care: {title: Treat, purpose: COC, do: [read], while: [item], see: {keep: [clinical.order]}, break-glass: {for: 1 hour, review: 1 day}}
`
	s := world(t, role("nurse", nurse), role("clerk", clerk), role("doctor", doctor))
	req := func(task, purpose string, roles ...string) policy.Request {
		r := ask("", task)
		r.Roles, r.Purpose = roles, purpose
		return r
	}
	refused(t, s, req("care", "", "nurse", "clerk"), policy.PurposesDiffer)
	refused(t, s, req("", "", "nurse", "clerk"), policy.PurposeUnstated)
	refused(t, s, req("care", "payment", "nurse"), policy.UnknownPurpose)
	refused(t, s, req("", "curiosity", "nurse"), policy.UnknownPurpose)
	refused(t, s, req("", "payment", "nurse"), policy.UnknownPurpose)
	refused(t, s, req("", "BTG", "nurse", "clerk"), policy.UnknownPurpose)
	refused(t, s, req("care", "ETREAT", "nurse"), policy.UnknownPurpose)
	for _, tt := range []struct {
		name          string
		req           policy.Request
		lines         int
		purpose, code string
	}{
		{"one purpose need not be stated", req("", "", "nurse"), 1, "treatment", "TREAT"},
		{"role/task picks one", req("nurse/care", "", "nurse", "clerk"), 1, "treatment", "TREAT"},
		{"a task speaks in each role", req("care", "", "nurse", "doctor"), 2, "treatment", "TREAT"},
		{"all tasks of a purpose", req("", "payment", "nurse", "clerk"), 2, "payment", "HPAYMT"},
		{"a code picks its purpose, the first is recorded", req("", "REMITADV", "clerk"), 2, "payment", "HPAYMT"},
		{"a role twice counts once", req("", "payment", "clerk", "clerk"), 2, "payment", "HPAYMT"},
		{"BTG picks tasks with break-glass", req("", "BTG", "doctor", "nurse", "clerk"), 1, "treatment", "BTG"},
		{"ETREAT with the task named", req("care", "ETREAT", "nurse", "doctor"), 1, "treatment", "ETREAT"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := admit(t, s, tt.req)
			name, code := p.Purpose()
			if p.Lines() != tt.lines || name != tt.purpose || code != tt.code {
				t.Errorf("%d lines for %s (%s), want %d for %s (%s)", p.Lines(), name, code, tt.lines, tt.purpose, tt.code)
			}
		})
	}
}

func TestRule02WhoHoldsRolesInConflictHoldsNeither(t *testing.T) {
	s := world(t, role("nurse", nurse), role("clerk", nurse), role("guest", nurse), `
-- organization.yaml --
organization: small
title: Small Clinic
time-zone: UTC
positions: [boss, deputy]
purposes: {treatment: [TREAT]}
conflicts: [{roles: [nurse, clerk], say: Not both.}]
`)
	r := ask("", "care")
	r.Roles = []string{"nurse", "clerk"}
	refused(t, s, r, policy.RolesInConflict)
	r.Roles = []string{"nurse", "clerk", "guest"}
	if p := admit(t, s, r); p.Lines() != 1 || p.LineID(0) != "guest/care" {
		t.Errorf("the third role counts alone, got %d lines", p.Lines())
	}
	r.Task = "nurse/care"
	refused(t, s, r, policy.RolesInConflict)
	if c := s.Conflicts(r.Roles); len(c) != 1 || c[0].Say != "Not both." {
		t.Errorf("conflicts %v", c)
	}
}

func TestRule02Programs(t *testing.T) {
	s := loadHospital(t)
	r := policy.Request{Roles: []string{"service-integration"}, Task: "send-claims", Verb: policy.Read, Shows: everything, Meets: ^policy.Obligations(0)}
	refused(t, s, r, policy.NoRole) // a person does not sign in as a program
	r = policy.Request{Program: "claims-out", Verb: policy.Read, Shows: everything, Caller: holding(t, s, "contract")}
	if p := admit(t, s, r); p.LineID(0) != "service-integration/send-claims" {
		t.Errorf("line %s", p.LineID(0))
	}
	r.Task = "exchange-lab"
	refused(t, s, r, policy.UnknownTask)
	r.Task, r.Purpose = "send-claims", "treatment"
	refused(t, s, r, policy.UnknownPurpose)
}

func TestRule03OneLineCoversOrNone(t *testing.T) {
	cases(t, `
role: pharmacist
cases:
  - name: A drug marked HIV
    given: {task: dispense, facts: [item], marked: [sensitive.hiv]}
    expect: {clinical.medication: keep, clinical.lab: omit}
  - name: One line must lift every overlay
    given: {task: dispense, facts: [item], marked: [sensitive.hiv, sensitive.sud]}
    expect: nothing
  - name: Two lines do not lift one overlay each
    given: {task: dispense, facts: [item, assigned], marked: [sensitive.hiv, sensitive.std]}
    expect: nothing
  - name: The most open treatment wins
    given: {task: dispense, facts: [item, assigned]}
    expect: {clinical.lab: keep, demographics.birth-date: keep, clinical.allergy: token, identifiers.mrn: last4}
  - name: Each treatment alone
    given: {task: dispense, facts: [item]}
    expect: {clinical.lab: keep, demographics.birth-date: coarse, clinical.allergy: mask, identifiers.mrn: token}
`, role("pharmacist", `
tasks:
  dispense:
    title: Dispense
    purpose: treatment
    do: [read]
    while: [item]
    see: {keep: [clinical.medication, clinical.lab], coarse: [demographics.birth-date], mask: [clinical.allergy], token: [identifiers.mrn]}
    also:
      - {see: {keep: [clinical.medication]}, marked: [sensitive.hiv]}
      - {while: [assigned], see: {keep: [clinical.medication]}, marked: [sensitive.std]}
      - {while: [assigned], see: {keep: [demographics.birth-date], token: [clinical.allergy], last4: [identifiers.mrn], coarse: [demographics.address]}}
`))
}

func TestRule04UnknownPermitsNothingAndRestrictsAll(t *testing.T) {
	cases(t, `
role: doctor
cases:
  - name: A stale permitting fact does not hold
    given: {task: care, unknown: [assigned]}
    expect: nothing
  - name: A restricting fact never learned bites
    given: {task: care, facts: [assigned], unknown: [is-patient]}
    expect: nothing
  - name: It yields to a broken glass
    given: {task: care, broken-glass: yes, unknown: [is-patient]}
    expect: {clinical.lab: keep}
  - name: A known one does not
    given: {task: care, facts: [is-patient], broken-glass: yes}
    expect: nothing
  - name: An unknown unless does not let go
    given: {task: care, facts: [assigned], unknown: [consent], marked: [sensitive.sud-part2]}
    expect: nothing
  - name: One that holds does
    given: {task: care, facts: [assigned, consent], marked: [sensitive.sud-part2]}
    expect: {clinical.lab: keep}
  - name: A restriction that names the glass lets go with it
    given: {task: care, broken-glass: yes, marked: [sensitive.sud-part2]}
    expect: {clinical.lab: keep}
  - name: What an unknown fact of a restriction names is everything
    given: {task: care, facts: [assigned], unknown: [agreed]}
    expect: nothing
`, role("doctor", `
tasks:
  care:
    title: Care
    purpose: treatment
    do: [read]
    while: [assigned]
    see: {keep: [clinical.lab, clinical.note]}
    marked: [sensitive.sud-part2]
    break-glass: {for: 1 hour, review: 1 day}
`), restrictions)
}

const restrictions = `
-- restrictions.yaml --
restrictions:
  own: {title: Own chart, cite: policy, hide: everything, while: [is-patient], say: No.}
  part2: {title: Part 2, cite: 42 CFR 2.12, hide: [sensitive.sud-part2], unless: {any: [consent, broken-glass]}, obligations: [part2-notice], say: No.}
  promised: {title: Agreed, cite: 45 CFR 164.522, hide: everything, of: agreed, while: [agreed], say: No.}
`

func TestRule04LastKnownValueRestricts(t *testing.T) {
	s := world(t, role("nurse", nurse), restrictions)
	p := admit(t, s, ask("nurse", "care"))
	pa := patient(t, s, p, "assigned")
	pa.Bites = facts(t, s, "is-patient") // known once, stale now
	if v := view(p, policy.Atoms{Patients: []policy.PatientAtoms{pa}}); !v.View.Empty() {
		t.Error("a stale restricting fact stopped biting")
	}
	pa = patient(t, s, p)
	pa.Bites = facts(t, s, "assigned")
	if v := view(p, policy.Atoms{Patients: []policy.PatientAtoms{pa}}); !v.View.Empty() {
		t.Error("a stale permitting fact still permits")
	}
}

func TestRule05ListsAreAllAndAnyIsAny(t *testing.T) {
	cases(t, `
role: nurse
cases:
  - {name: All, given: {task: a, facts: [assigned, item]}, expect: {clinical.lab: keep}}
  - {name: One of two is not all, given: {task: a, facts: [assigned]}, expect: nothing}
  - {name: Any first, given: {task: b, facts: [assigned]}, expect: {clinical.lab: keep}}
  - {name: Any second, given: {task: b, facts: [item]}, expect: {clinical.lab: keep}}
  - {name: Neither, given: {task: b, facts: [permit]}, expect: nothing}
  - {name: One inner all, given: {task: c, facts: [item, permit]}, expect: {clinical.lab: keep}}
  - {name: Half of it, given: {task: c, facts: [item]}, expect: nothing}
  - {name: A named condition, given: {task: d, facts: [item]}, expect: {clinical.lab: keep}}
`, role("nurse", `
tasks:
  a: {title: A, purpose: treatment, do: [read], while: [assigned, item], see: {keep: [clinical.lab]}}
  b: {title: B, purpose: treatment, do: [read], while: [{any: [assigned, item]}], see: {keep: [clinical.lab]}}
  c: {title: C, purpose: treatment, do: [read], while: [{any: [{all: [item, permit]}]}], see: {keep: [clinical.lab]}}
  d: {title: D, purpose: treatment, do: [read], while: [related], see: {keep: [clinical.lab]}}
`))
}

func TestRule06LongestNameDecidesAndExplicitStandsAlone(t *testing.T) {
	cases(t, `
role: nurse
cases:
  - name: The longest name
    given: {task: a, facts: [assigned]}
    expect: {demographics.name: keep, demographics.address: mask, demographics.address.city: mask, demographics.address.state: keep, demographics.birth-date: omit}
  - name: A parent does not cover explicit-only classes
    given: {task: a, facts: [assigned]}
    expect: {demographics.sogi: omit, demographics.religion: omit}
  - name: Their name does
    given: {task: b, facts: [assigned]}
    expect: {demographics.sogi: keep, demographics.religion: omit, demographics.name: omit}
  - name: The one word sensitive lifts all that hide
    given: {task: c, facts: [assigned], marked: [sensitive.hiv, sensitive.minor, sensitive.sud-part2]}
    expect: {demographics.name: keep}
`, role("nurse", `
tasks:
  a: {title: A, purpose: treatment, do: [read], while: [assigned], see: {keep: [demographics, demographics.address.state], mask: [demographics.address], omit: [demographics.birth-date]}}
  b: {title: B, purpose: treatment, do: [read], while: [assigned], see: {keep: [demographics.sogi]}}
  c: {title: C, purpose: treatment, do: [read], while: [assigned], see: {keep: [demographics.name]}, marked: [sensitive]}
`))
}

func TestRule06UnrecognizedIsLiftedByNothing(t *testing.T) {
	s := world(t, role("nurse", `
tasks:
  c: {title: C, purpose: treatment, do: [read], while: [assigned], see: {keep: [demographics.name]}, marked: [sensitive], break-glass: {for: 1 hour, review: 1 day}}
`))
	r := ask("nurse", "c")
	r.Exception, r.Lent = true, everything
	p := admit(t, s, r)
	pa := patient(t, s, p, "assigned")
	pa.Glass, pa.Lent, pa.LentOverlays = true, ^uint64(0), ^catalog.OverlaySet(0)
	a := policy.Atoms{Overlays: 1 << catalog.Unrecognized, Within: ^uint64(0), Patients: []policy.PatientAtoms{pa}}
	if v := view(p, a); !v.View.Empty() {
		t.Errorf("a record with an unknown label shows %v", v.View.Shown().Len())
	}
	a.Overlays = overlays(t, "sensitive.hiv")
	if v := view(p, a); v.View.Empty() {
		t.Error("the test cannot fail: a known label hides too")
	}
}

func TestRule07OfNarrows(t *testing.T) {
	cases(t, `
role: clerk
cases:
  - {name: Inside, given: {task: a, facts: [item]}, expect: {clinical.lab: keep}}
  - {name: Outside the object, given: {task: a, facts: [item], record: {of: []}}, expect: {clinical.lab: omit, demographics.name: keep}}
  - {name: of needs the fact, given: {task: a, facts: [assigned]}, expect: nothing}
  - {name: Classes are intersected, given: {task: b, facts: [{permit: {classes: [clinical.lab], marked: []}}]}, expect: {clinical.lab: keep, clinical.note: omit}}
  - {name: Classes too for lasting records, given: {task: b, facts: [{permit: {classes: [clinical.lab], marked: []}}], record: {lasting: yes}}, expect: {clinical.lab: keep, demographics.name: omit}}
  - {name: Dates leave lasting records alone, given: {task: b, facts: [{permit: {classes: [demographics.name]}}], record: {of: []}}, expect: {demographics.name: keep}}
  - {name: An overlay the permit names, given: {task: b, facts: [{permit: {marked: [sensitive.hiv]}}], marked: [sensitive.hiv]}, expect: {clinical.lab: keep}}
  - {name: One it does not name, given: {task: b, facts: [{permit: {marked: [sensitive.std]}}], marked: [sensitive.hiv]}, expect: nothing}
  - {name: Any of several is judged whole, given: {task: b, facts: [{permit: {classes: [clinical.note], marked: [sensitive.hiv]}}, {permit: {classes: [clinical.lab], marked: []}}], marked: [sensitive.hiv]}, expect: {clinical.note: keep, clinical.lab: omit}}
  - {name: A list means all of them, given: {task: c, facts: [item, {permit: {classes: [clinical.lab]}}]}, expect: {clinical.lab: keep, clinical.note: omit}}
  - {name: One of the list is missing, given: {task: c, facts: [{permit: {classes: [clinical.lab]}}]}, expect: nothing}
  - {name: In time, given: {task: d, facts: [assigned], record: {age: 5 months}}, expect: {clinical.lab: keep}}
  - {name: Too old, given: {task: d, facts: [assigned], record: {age: 7 months}}, expect: {clinical.lab: omit, demographics.name: keep}}
  - {name: Own facility is not own department, given: {task: e, facts: [assigned], record: {place: facility}}, expect: {clinical.lab: omit}}
  - {name: Own department, given: {task: e, facts: [assigned], record: {place: department}}, expect: {clinical.lab: keep}}
`, role("clerk", `
tasks:
  a: {title: A, purpose: records, do: [read], while: [related], see: {keep: [clinical.lab, demographics.name]}, within: {of: item}}
  b: {title: B, purpose: records, do: [read], while: [permit], see: {keep: [clinical.lab, clinical.note, demographics.name]}, marked: [sensitive], within: {of: permit}}
  c: {title: C, purpose: records, do: [read], while: [related], see: {keep: [clinical.lab, clinical.note]}, within: {of: [item, permit]}}
  d: {title: D, purpose: records, do: [read], while: [assigned], see: {keep: [clinical.lab, demographics.name]}, within: {back: 6 months}}
  e: {title: E, purpose: records, do: [read], while: [assigned], see: {keep: [clinical.lab]}, within: {place: department}}
`))
}

func TestRule07SeveralPatients(t *testing.T) {
	s := world(t, role("nurse", `
tasks:
  care: {title: Care, purpose: treatment, do: [read], while: [permit], see: {keep: [clinical.lab, clinical.note]}, within: {of: permit}}
`), restrictions)
	p := admit(t, s, ask("nurse", "care"))
	mother, child := patient(t, s, p, "permit"), patient(t, s, p, "permit")
	child.Of[0] = classes(t, "clinical.lab")
	v := view(p, policy.Atoms{Patients: []policy.PatientAtoms{mother, child}})
	want(t, &v, "clinical.lab", "keep", "clinical.note", "omit")
	v = view(p, policy.Atoms{Patients: []policy.PatientAtoms{mother, patient(t, s, p)}})
	if !v.View.Empty() {
		t.Error("a line that holds for one patient of two covers the record")
	}
	own := patient(t, s, p, "permit", "is-patient")
	v = view(p, policy.Atoms{Patients: []policy.PatientAtoms{mother, own}})
	if !v.View.Empty() || v.Restrictions != 1 {
		t.Errorf("a restriction bites for any patient; got %b", v.Restrictions)
	}
}

func TestRule09RecordsOfNobodyAskCallerFactsOnly(t *testing.T) {
	s := loadHospital(t)
	r := ask("vendor-support", "support-system")
	r.Caller = holding(t, s, "contract", "ticket", "managed-device")
	p := admit(t, s, r)
	if len(p.Ofs()) == 0 {
		t.Fatal("the line narrows by the contract")
	}
	a := policy.Atoms{Within: ^uint64(0), Of: make([]catalog.ClassSet, len(p.Ofs()))}
	if v := view(p, a); !v.View.Empty() {
		t.Error("an empty contract shows something")
	}
	for i := range a.Of {
		a.Of[i] = classes(t, "system.definition")
	}
	v := view(p, a)
	want(t, &v, "system.definition", "keep", "system.metadata", "omit")
	p = admit(t, s, ask("physician", "treat"))
	if v := view(p, policy.Atoms{Within: ^uint64(0)}); !v.View.Empty() {
		t.Error("a line resting on the patient shows a record of nobody")
	}
}

func TestRule09NewPatientAsksTheCallerOnly(t *testing.T) {
	s := loadHospital(t)
	r := ask("registration", "register")
	r.Verb, r.Caller = policy.Create, holding(t, s, "during-shift")
	p := admit(t, s, r)
	v := view(p, policy.Atoms{Lasting: true, NewPatient: true})
	want(t, &v, "demographics.name", "keep", "clinical.lab", "omit")
	if v = view(p, policy.Atoms{Lasting: true}); !v.View.Empty() {
		t.Error("creating for an existing patient needs the facts about the patient")
	}
	r.Caller = policy.Truth{}
	refused(t, s, r, policy.CallerFacts)
}
