package policy_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"modicum/catalog"
	"modicum/policy"
)

// base is a small organization for tests of single rules; a test replaces the
// files it is about.
const base = `
-- organization.yaml --
organization: small
title: Small Clinic
time-zone: UTC
positions: [boss, deputy]
purposes: {treatment: [TREAT, COC], payment: [HPAYMT, REMITADV], records: [RECORDMGT]}
watch: [sensitive.vip, sensitive.restricted]
exceptions: {for: 8 hours, patients: 1, approve: [boss]}
-- conditions.yaml --
sources:
  adt: {title: Feed, fresh: 15 minutes, programs: [feed]}
facts:
  assigned: {means: Assigned., about: patient, from: [adt]}
  item: {means: An item., about: patient, from: [adt], carries: [object], values: {kind: text, closed: time, count: number, urgent: yes-no}}
  permit: {means: A permit., about: patient, from: [adt], carries: [classes, marked, dates]}
  shift: {means: On shift., about: caller, from: [adt]}
  contract: {means: In force., about: caller, from: [adt], carries: [classes, marked]}
  is-patient: {means: The caller is the patient., about: patient, from: [adt]}
  agreed: {means: We agreed., about: patient, from: [adt], carries: [classes]}
  consent: {means: Consent., about: patient, from: [adt], carries: [dates]}
conditions:
  related: {means: Either., any: [assigned, item]}
  claim-item: {means: A claim., fact: item, where: fact.kind == 'claim'}
  open-item: {means: Open., fact: item, where: "!has(fact.closed) || now < fact.closed + duration('72h')"}
`

// world compiles a small policy: base, with the files of texts in txtar form over it.
func world(t testing.TB, files ...string) *policy.Set {
	t.Helper()
	s, probs := compile(files...)
	if s == nil {
		t.Fatalf("the policy of this test does not compile:\n%s", probs)
	}
	return s
}

func compile(files ...string) (*policy.Set, string) {
	fsys := fstest.MapFS{}
	for _, text := range append([]string{base}, files...) {
		for _, part := range strings.Split("\n"+text, "\n-- ")[1:] {
			name, data, _ := strings.Cut(part, " --\n")
			fsys[name] = &fstest.MapFile{Data: []byte(data + "\n")}
		}
	}
	s, probs := policy.Load(fsys, catalog.R4())
	var b strings.Builder
	for _, p := range probs.Errors() {
		b.WriteString(p.String() + "\n")
	}
	return s, b.String()
}

// role writes a role file. The body is the tasks and further keys, from column 0.
func role(name, body string) string {
	return "-- roles/" + name + ".yaml --\nrole: " + name + "\ntitle: Role " + name +
		"\nowner: boss\nreview: 12 months\nsay: What the task needs.\n" + strings.TrimLeft(body, "\n") + "\n"
}

// cases runs given/expect cases of a role and fails on each that fails.
func cases(t *testing.T, body string, files ...string) {
	t.Helper()
	s := world(t, append(files, "-- tests/all.yaml --\n"+strings.TrimLeft(body, "\n"))...)
	results := policy.RunTests(s.Folder(), s)
	if len(results) == 0 {
		t.Fatal("no case ran")
	}
	for _, r := range results {
		for _, f := range r.Failures {
			t.Errorf("%s: %s", r.Name, f)
		}
	}
}

// class returns a class by name.
func class(t testing.TB, name string) catalog.Class {
	t.Helper()
	c, ok := catalog.R4().Class(name)
	if !ok {
		t.Fatalf("no class %s", name)
	}
	return c
}

// classes returns the set of exactly the named classes.
func classes(t testing.TB, names ...string) catalog.ClassSet {
	t.Helper()
	var s catalog.ClassSet
	for _, n := range names {
		s = s.With(class(t, n))
	}
	return s
}

// overlay returns the set of the named overlays.
func overlays(t testing.TB, names ...string) catalog.OverlaySet {
	t.Helper()
	var s catalog.OverlaySet
	for _, n := range names {
		o, ok := catalog.R4().OverlayOf(class(t, n))
		if !ok {
			t.Fatalf("%s is no overlay", n)
		}
		s = s.With(o)
	}
	return s
}

// facts returns the set of the named facts.
func facts(t testing.TB, s *policy.Set, names ...string) policy.FactSet {
	t.Helper()
	var out policy.FactSet
	for _, n := range names {
		id, ok := s.Fact(n)
		if !ok {
			t.Fatalf("no fact %s", n)
		}
		out.Add(id)
	}
	return out
}

// holding is the truth in which the named facts hold.
func holding(t testing.TB, s *policy.Set, names ...string) policy.Truth {
	f := facts(t, s, names...)
	return policy.Truth{Holds: f, Bites: f}
}

// everything is all classes: what a fact names that narrows nothing.
var everything = catalog.ClassSet{^uint64(0), ^uint64(0)}

// ask is a request of one role that reads anything.
func ask(roleName, task string) policy.Request {
	return policy.Request{Roles: []string{roleName}, Task: task, Verb: policy.Read, Shows: everything, Meets: ^policy.Obligations(0)}
}

// admit admits or fails.
func admit(t testing.TB, s *policy.Set, r policy.Request) *policy.Plan {
	t.Helper()
	var p policy.Plan
	if why := s.Admit(&r, &p); why != policy.Admitted {
		t.Fatalf("not admitted: %v", why)
	}
	return &p
}

// refused expects Admit to refuse for the given reason.
func refused(t testing.TB, s *policy.Set, r policy.Request, want policy.Why) {
	t.Helper()
	var p policy.Plan
	if why := s.Admit(&r, &p); why != want {
		t.Errorf("Admit says %v, want %v", why, want)
	}
	if p.Lines() != 0 {
		t.Error("a refused plan has lines")
	}
}

// view decides about one record.
func view(p *policy.Plan, a policy.Atoms) policy.Verdict {
	var v policy.Verdict
	p.View(&a, &v)
	return v
}

// want checks how classes show: pairs of class and treatment.
func want(t *testing.T, v *policy.Verdict, pairs ...string) {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if got := v.View.Of(class(t, pairs[i])); got.String() != pairs[i+1] {
			t.Errorf("%s: got %v, want %s", pairs[i], got, pairs[i+1])
		}
	}
}

// patient is one patient for whom the named facts hold, naming everything.
func patient(t testing.TB, s *policy.Set, p *policy.Plan, names ...string) policy.PatientAtoms {
	pa := policy.PatientAtoms{Truth: holding(t, s, names...)}
	for range p.Ofs() {
		pa.Of = append(pa.Of, everything)
	}
	return pa
}
