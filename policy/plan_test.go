package policy_test

import (
	"slices"
	"strings"
	"testing"

	"modicum/catalog"
	"modicum/policy"
)

func TestPlanTellsTheGateWhatToLookUp(t *testing.T) {
	s := loadHospital(t)
	r := ask("coder", "code-encounter")
	p := admit(t, s, r)
	if !p.NeedsVisit() || p.Open() {
		t.Errorf("needs visit %v, open %v", p.NeedsVisit(), p.Open())
	}
	item, _ := s.Fact("work-item")
	if !slices.Contains(p.Ofs(), policy.Of{Fact: item}) {
		t.Errorf("slots %v lack the work item", p.Ofs())
	}
	scopes := p.ScopeFacts()
	if len(scopes) != 1 || !scopes[0].Facts.Has(item) || scopes[0].Facts.Len() != 1 || scopes[0].Lent || scopes[0].Glass {
		t.Errorf("scope %+v", scopes)
	}
	about := p.PatientFacts()
	for _, name := range []string{"work-item", "is-patient", "relative-of", "agreed-restriction", "part2-consent"} {
		if id, _ := s.Fact(name); !about.Has(id) {
			t.Errorf("%s is not among the facts to look up", name)
		}
	}
	for _, name := range []string{"appointment", "during-shift", "access-denial"} { // the last bites for other purposes
		if id, _ := s.Fact(name); about.Has(id) {
			t.Errorf("%s is looked up for nothing", name)
		}
	}
	if !p.Keepable().Has(class(t, "clinical.note")) || p.Keepable().Has(class(t, "contact.phone")) {
		t.Error("Keepable")
	}
}

func TestOpenScope(t *testing.T) {
	s := loadHospital(t)
	r := ask("security-analyst", "watch-systems")
	r.Caller = holding(t, s, "managed-device", "ticket", "during-shift")
	if !admit(t, s, r).Open() {
		t.Error("the trail of every patient is an open scope")
	}
	r.Roles, r.Task = []string{"it-support"}, "run-systems"
	p := admit(t, s, r)
	if w := p.Widest(); !w.Keep.Has(class(t, "system.definition")) {
		t.Error("run-systems shows definitions")
	}
	r.Roles, r.Task = []string{"department-manager"}, "look-into-case"
	if admit(t, s, r).Open() {
		t.Error("a lent line reaches the patients of its grant only")
	}
}

// TestSlotsFilledByNobodyNameNothing: atoms shorter than Ofs fail closed.
func TestSlotsFilledByNobodyNameNothing(t *testing.T) {
	s := loadHospital(t)
	p := admit(t, s, ask("coder", "code-encounter"))
	v := view(p, policy.Atoms{Within: ^uint64(0), Patients: []policy.PatientAtoms{{Truth: holding(t, s, "work-item")}}})
	if !v.View.Empty() {
		t.Error("a slot that was not filled names something")
	}
}

// TestFactsAboutTheCallerComeWithTheRequest: atoms cannot smuggle them in.
func TestFactsAboutTheCallerComeWithTheRequest(t *testing.T) {
	s := loadHospital(t)
	p := admit(t, s, ask("physician", "treat"))
	pa := patient(t, s, p, "assigned-patient", "part2-staff")
	v := view(p, policy.Atoms{Overlays: overlays(t, "sensitive.sud-part2"), Patients: []policy.PatientAtoms{pa}})
	if !v.View.Empty() {
		t.Error("a fact about the caller was taken from the atoms of a patient")
	}
}

// TestGlassHoldsByTheGlassAlone: nobody states broken-glass.
func TestGlassHoldsByTheGlassAlone(t *testing.T) {
	s := loadHospital(t)
	p := admit(t, s, ask("physician", "treat"))
	pa := patient(t, s, p, "assigned-patient", "broken-glass")
	v := view(p, policy.Atoms{Overlays: overlays(t, "sensitive.sud-part2"), Patients: []policy.PatientAtoms{pa}})
	if !v.View.Empty() {
		t.Error("a stated broken-glass lets a restriction go")
	}
	pa.Glass = true
	if v = view(p, policy.Atoms{Overlays: overlays(t, "sensitive.sud-part2"), Patients: []policy.PatientAtoms{pa}}); v.View.Empty() {
		t.Error("the glass does not")
	}
}

func TestExplainNamesWhatLacks(t *testing.T) {
	s := loadHospital(t)
	r := ask("nurse", "give-care")
	r.Caller = holding(t, s, "during-shift")
	p := admit(t, s, r)
	a := policy.Atoms{Patients: []policy.PatientAtoms{patient(t, s, p, "episode", "active-episode")}}
	var all []string
	for _, reason := range p.Explain(&a, class(t, "clinical.lab")) {
		all = append(all, reason.ID+" "+reason.Text)
	}
	text := strings.Join(all, "\n")
	if !strings.Contains(text, "lacks") || !strings.Contains(text, "assigned-patient") {
		t.Error(text)
	}
	a = policy.Atoms{Overlays: 1 << catalog.Unrecognized, Patients: []policy.PatientAtoms{patient(t, s, p, "assigned-patient", "active-episode")}}
	if got := p.Explain(&a, class(t, "clinical.lab"))[0].Text; !strings.Contains(got, "a label that the catalog does not know") {
		t.Error(got)
	}
}

func TestHashIsOfTheBytes(t *testing.T) {
	a := world(t, role("nurse", nurse))
	b := world(t, role("nurse", nurse))
	c := world(t, role("nurse", nurse+"# a comment\n"))
	if len(a.Hash()) != 64 || a.Hash() != b.Hash() || a.Hash() == c.Hash() {
		t.Error("the hash is not that of the bytes")
	}
}

func TestCompileRefusesWhatCannotBeDecided(t *testing.T) {
	var any strings.Builder
	any.WriteString("[")
	for range 7 {
		any.WriteString("{any: [assigned, item, permit]}, ")
	}
	facts := "-- conditions.yaml --\nsources:\n  adt: {title: Feed, fresh: 15 minutes, programs: [feed]}\nfacts:\n"
	var wide, while string
	for i := range 14 {
		n := string(rune('a' + i))
		wide += "  fact-" + n + ": {means: M., about: patient, from: [adt]}\n"
		if i%2 == 0 {
			while += "{any: [fact-" + n + ", "
		} else {
			while += "fact-" + n + "]}, "
		}
	}
	s, probs := compile(facts+wide+"\n", role("nurse", `
tasks:
  a: {title: A, purpose: treatment, do: [read], while: [`+strings.TrimSuffix(while, ", ")+`], see: {keep: [clinical.lab]}}
`))
	if s != nil || !strings.Contains(probs, "combinations") || !strings.Contains(probs, "roles/nurse.yaml") {
		t.Errorf("128 combinations compile: %s", probs)
	}
	var many strings.Builder
	for i := range 300 {
		many.WriteString("  fact-" + strings.Repeat("x", i%50) + string(rune('a'+i/50)) + ": {means: M., about: patient, from: [adt]}\n")
	}
	if s, probs = compile(facts+"  assigned: {means: M., about: patient, from: [adt]}\n"+many.String()+"\n", role("nurse", nurse)); s != nil || !strings.Contains(probs, "more than 256 facts") {
		t.Errorf("300 facts compile: %.300s", probs)
	}
}
