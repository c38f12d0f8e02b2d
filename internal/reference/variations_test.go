package reference_test

import (
	"maps"
	"slices"
	"strings"

	"modicum/internal/reference"
	"modicum/policy"
	"modicum/policy/doc"
)

// count notes what a verdict had in it.
func (k *comparison) count(v *reference.Verdict, a *reference.Atoms, r *reference.Request) {
	note := func(what string, is bool) {
		if is {
			k.seen[what]++
		}
	}
	note("shows something", len(v.View) > 0)
	note("shows something: "+r.Verb.String(), len(v.View) > 0)
	for _, t := range []policy.Treatment{policy.Mask, policy.Token, policy.Coarse, policy.Last4, policy.Keep} {
		note("treatment "+t.String(), slices.Contains(slices.Collect(maps.Values(v.View)), t))
	}
	for l := range v.Lines {
		note("line of an exception", strings.HasSuffix(l, "#exception"))
		note("line of also", strings.Contains(l, "#") && !strings.HasSuffix(l, "#exception"))
		note("line of a disclosure", strings.HasPrefix(l, "disclosures/"))
	}
	note("restriction bit", len(v.Restrictions) > 0)
	note("restriction bit, something shows", len(v.Restrictions) > 0 && len(v.View) > 0)
	note("exempt", len(v.Exempt) > 0)
	note("watched", len(v.Watched) > 0 && len(v.View) > 0)
	note("obliged", len(v.Obligations) > 0)
	note("several patients", len(v.View) > 0 && len(a.Patients) > 1)
	note("names nobody", len(v.View) > 0 && len(a.Patients) == 0)
	note("program", len(v.View) > 0 && r.Program != "")
}

// A variation is the same situation but for one thing. How often the model's verdict
// changes says how often that thing was what counted, so that no rule goes untried.
type variation struct {
	name    string
	atoms   func(a *reference.Atoms)
	request func(r *reference.Request)
	folder  func(f *doc.Folder)
}

func everyPatient(change func(p *reference.Patient)) func(a *reference.Atoms) {
	return func(a *reference.Atoms) {
		for i := range a.Patients {
			change(&a.Patients[i])
		}
	}
}

func everyFact(change func(name string, t *reference.Truth)) func(a *reference.Atoms) {
	return everyPatient(func(p *reference.Patient) {
		facts := map[string]reference.Truth{}
		for name, t := range p.Facts {
			change(name, &t)
			facts[name] = t
		}
		p.Facts = facts
	})
}

func everyRole(change func(r *doc.Role)) func(f *doc.Folder) {
	return func(f *doc.Folder) {
		f.Roles = slices.Clone(f.Roles)
		for i := range f.Roles {
			change(&f.Roles[i])
		}
	}
}

func everyRestriction(change func(r *doc.Restriction)) func(f *doc.Folder) {
	return func(f *doc.Folder) {
		f.Restrictions = slices.Clone(f.Restrictions)
		for i := range f.Restrictions {
			change(&f.Restrictions[i])
		}
	}
}

var variations = []variation{
	{name: "no glass", atoms: everyPatient(func(p *reference.Patient) { p.Glass = false })},
	{name: "nothing asked", atoms: everyPatient(func(p *reference.Patient) { p.Asked = nil })},
	{name: "nothing lent", atoms: everyPatient(func(p *reference.Patient) { p.Lent = nil })},
	{name: "an exception without classes", atoms: everyPatient(func(p *reference.Patient) { p.LentClasses = nil })},
	{name: "an exception without overlays", atoms: everyPatient(func(p *reference.Patient) { p.LentOverlays = nil })},
	{name: "nothing unknown", atoms: everyFact(func(_ string, t *reference.Truth) { t.Unknown = false })},
	{name: "no last value", atoms: everyFact(func(_ string, t *reference.Truth) { t.Last = t.Holds })},
	{name: "no fact holds", atoms: everyFact(func(_ string, t *reference.Truth) { t.Holds = false })},
	{name: "not the author", atoms: everyFact(func(n string, t *reference.Truth) { t.Holds = t.Holds && n != "author" })},
	{name: "not found", atoms: everyFact(func(n string, t *reference.Truth) { t.Holds = t.Holds && n != "found" })},
	{name: "facts name nothing", atoms: everyPatient(func(p *reference.Patient) { p.Names = nil })},
	{name: "nothing is within", atoms: func(a *reference.Atoms) { a.Within = nil }},
	{name: "lasting or not", atoms: func(a *reference.Atoms) { a.Lasting = !a.Lasting }},
	{name: "no overlays", atoms: func(a *reference.Atoms) { a.Overlays = nil }},
	{name: "the first patient only", atoms: func(a *reference.Atoms) { a.Patients = a.Patients[:min(1, len(a.Patients))] }},
	{name: "no new patient", atoms: func(a *reference.Atoms) { a.NewPatient = false }},
	{name: "no finding", atoms: func(a *reference.Atoms) { a.Finding = false }},

	{name: "for nobody else", request: func(r *reference.Request) { r.To = nil }},
	{name: "of no partner", request: func(r *reference.Request) { r.Partner = "" }},
	{name: "meets everything", request: func(r *reference.Request) { r.Meets = obligations }},
	{name: "no facts about the caller unknown", request: func(r *reference.Request) {
		r.Caller = maps.Clone(r.Caller)
		for name, t := range r.Caller {
			t.Unknown = false
			r.Caller[name] = t
		}
	}},

	{name: "no never", folder: everyRole(func(r *doc.Role) { r.Never = nil })},
	{name: "no watch", folder: func(f *doc.Folder) { f.Organization.Watch = nil }},
	{name: "no restrictions", folder: func(f *doc.Folder) { f.Restrictions = nil }},
	{name: "restrictions without while", folder: everyRestriction(func(r *doc.Restriction) { r.While = nil })},
	{name: "restrictions without unless", folder: everyRestriction(func(r *doc.Restriction) { r.Unless = nil })},
	{name: "restrictions without of", folder: everyRestriction(func(r *doc.Restriction) { r.Of = doc.Word{} })},
	{name: "restrictions without to", folder: everyRestriction(func(r *doc.Restriction) { r.To = nil })},
	{name: "restrictions without purposes", folder: everyRestriction(func(r *doc.Restriction) { r.Purposes = nil })},
	{name: "restrictions without obligations", folder: everyRestriction(func(r *doc.Restriction) { r.Obligations = nil })},
	{name: "partners of another kind", folder: func(f *doc.Folder) {
		f.Partners = slices.Clone(f.Partners)
		for i := range f.Partners {
			f.Partners[i].Kind.Text = "oversight"
		}
	}},
	{name: "ceilings without never", folder: func(f *doc.Folder) {
		f.Partners = slices.Clone(f.Partners)
		for i := range f.Partners {
			f.Partners[i].Never = nil
		}
	}},
	{name: "no ceilings", folder: func(f *doc.Folder) {
		f.Partners = slices.Clone(f.Partners)
		for i := range f.Partners {
			f.Partners[i].MaySee = doc.Words{{Text: "clinical"}, {Text: "demographics"}, {Text: "identifiers"}, {Text: "admin"}}
			f.Partners[i].Never = nil
		}
	}},
}

// vary tries one variation, drawn at random, and counts if it changed the verdict.
func (k *comparison) vary(d *drawer, r *reference.Request, decision *reference.Decision, a *reference.Atoms, v *reference.Verdict) {
	w := variations[d.IntN(len(variations))]
	b := *a
	b.Patients = slices.Clone(a.Patients)
	switch {
	case w.atoms != nil:
		w.atoms(&b)
	case w.request != nil:
		q := *r
		w.request(&q)
		decision = k.h.model.Admit(&q)
	case w.folder != nil:
		f := *k.h.folder
		w.folder(&f)
		decision = reference.New(&f, k.h.set.Catalog()).Admit(r)
	}
	cat := k.h.set.Catalog()
	if told(cat, decision.View(&b)) != told(cat, v) {
		k.seen["counts: "+w.name]++
		if r.Program != "" {
			k.seen["counts for a program: "+w.name]++
		}
	}
}

// everythingSeen fails where something was tried so seldom that agreement on it says
// little.
func (k *comparison) everythingSeen() {
	least := map[string]int{
		"policy": 300, "request": 20_000, "record": 30_000, "shows something": 10_000, "why too-many-lines": 20,
		"several patients": 500, "names nobody": 500, "program": 100, "line of an exception": 300, "line of also": 1000,
		"line of a disclosure": 100, "restriction bit": 3000, "restriction bit, something shows": 1500, "exempt": 500, "watched": 200, "obliged": 500,
	}
	for _, why := range []policy.Why{
		policy.Admitted, policy.NoRole, policy.RolesInConflict, policy.UnknownTask, policy.UnknownPurpose, policy.PurposeUnstated,
		policy.PurposesDiffer, policy.NoVerb, policy.CallerFacts, policy.ShowsNothing, policy.NeverKept, policy.CannotMeet,
	} {
		least["why "+why.String()] = 100
	}
	for _, t := range []policy.Treatment{policy.Mask, policy.Token, policy.Coarse, policy.Last4, policy.Keep} {
		least["treatment "+t.String()] = 500
	}
	for _, v := range []policy.Verb{policy.Read, policy.Search, policy.Create, policy.Update, policy.Export} {
		least["shows something: "+v.String()] = 300
	}
	for _, w := range variations {
		least["counts: "+w.name] = 10
	}
	least["counts for a program: partners of another kind"] = 5
	for name, n := range least {
		if k.seen[name] < n {
			k.t.Errorf("%s: seen %d times, want %d at least: the test says too little", name, k.seen[name], n)
		}
	}
}
