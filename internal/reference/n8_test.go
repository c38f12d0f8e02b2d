package reference_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"modicum/catalog"
	"modicum/internal/reference"
	"modicum/internal/testkit"
	"modicum/policy"
)

// comparison compares engine and model, and counts what it has seen.
type comparison struct {
	t    *testing.T
	seed uint64
	seen map[string]int
	h    *hospital
}

func (k *comparison) differ(what string, engine, model any, r *reference.Request, a *reference.Atoms) {
	k.t.Helper()
	var files strings.Builder
	for _, name := range slices.Sorted(maps.Keys(k.h.folder.Sources)) {
		if name != "conditions.yaml" {
			fmt.Fprintf(&files, "-- %s --\n%s", name, k.h.folder.Sources[name])
		}
	}
	k.t.Fatalf("seed %d: %s differs\nengine %v\nmodel  %v\nrequest %+v\natoms %+v\n%s", k.seed, what, engine, model, brief(r), briefAtoms(a), files.String())
}

// admit compares the outcome of Admit; the plan is nil where it refused.
func (k *comparison) admit(r *reference.Request) (*policy.Plan, *reference.Decision) {
	var p policy.Plan
	req := k.h.engineRequest(r)
	why := k.h.set.Admit(req, &p)
	d := k.h.model.Admit(r)
	k.seen["why "+d.Why.String()]++
	if why != d.Why {
		k.differ("why", why, d.Why, r, nil)
	}
	if why != policy.Admitted {
		return nil, nil
	}
	name, code := p.Purpose()
	k.same("purpose", name+" "+code, d.Purpose+" "+d.Code, r)
	var tasks []string
	for info := range p.Tasks {
		tasks = append(tasks, info.ID)
	}
	k.same("tasks", sorted(tasks), sorted(d.Tasks()), r)
	k.same("lines", sorted(k.h.planOf(&p).lines), sorted(d.Lines()), r)
	k.same("obligations of the plan", sorted(p.Obligations().Names()), keys(d.Obligations()), r)
	k.same("limits", fmt.Sprint(p.Limits()), fmt.Sprint(d.Limits()), r)
	k.same("finds", k.finds(&p), looks(d), r)
	return &p, d
}

func (k *comparison) same(what, engine, model string, r *reference.Request) {
	if engine != model {
		k.differ(what, engine, model, r, nil)
	}
}

// view compares one verdict.
func (k *comparison) view(p *policy.Plan, d *reference.Decision, names *plan, r *reference.Request, a *reference.Atoms) *reference.Verdict {
	var v policy.Verdict
	p.View(k.h.engineAtoms(a, names), &v)
	want := d.View(a)
	engine, model := k.verdict(&v, names), told(k.h.set.Catalog(), want)
	if engine != model {
		engine, model = apart(engine, model)
		k.differ("the verdict", engine, model, r, a)
	}
	if widest := p.Widest(); !widest.Shown().Covers(v.View.Shown()) && r.Verb&(policy.Create|policy.Update) == 0 && !r.Exception {
		k.t.Fatalf("seed %d: a record shows more than the widest view", k.seed)
	}
	k.inScope(p, r, a, want)
	return want
}

// inScope: a record of one patient that shows something lies in the scope by which
// the gate asks the upstream, or narrowing would lose it.
func (k *comparison) inScope(p *policy.Plan, r *reference.Request, a *reference.Atoms, v *reference.Verdict) {
	if len(v.View) == 0 || len(a.Patients) != 1 || p.Open() || a.NewPatient || a.Finding {
		return
	}
	if k.onlyFree(v) {
		return // of no patient: not searched by patient
	}
	holds := k.h.truth(a.Patients[0].Facts).Holds
	for _, s := range p.ScopeFacts() {
		missing := s.Facts.Minus(holds)
		if missing.Empty() || s.Glass && a.Patients[0].Glass || s.Lent && a.Patients[0].Lent[p.LineID(s.Line)] {
			return
		}
	}
	k.differ("scope", "leaves the patient out", v, r, a)
}

func (k *comparison) onlyFree(v *reference.Verdict) bool {
	for c := range v.View {
		name := k.h.set.Catalog().Name(c)
		if !strings.HasPrefix(name, "dataset.") && !strings.HasPrefix(name, "system.definition") && !strings.HasPrefix(name, "admin.") {
			return false
		}
	}
	return true
}

func (k *comparison) verdict(v *policy.Verdict, p *plan) string {
	cat := k.h.set.Catalog()
	lines, exempt, restrictions := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for i, l := range p.lines {
		if v.Lines&(1<<i) != 0 {
			lines[l] = true
		}
		if v.Exempt&(1<<i) != 0 {
			exempt[l] = true
		}
	}
	for i := range k.h.set.Restrictions() {
		if v.Restrictions&(1<<i) != 0 {
			restrictions[k.h.set.RestrictionName(i)] = true
		}
	}
	duties := map[string]bool{}
	for _, o := range v.Obligations.Names() {
		duties[o] = true
	}
	watched := reference.Overlays{}
	for o := range v.Watched.All {
		watched[o] = true
	}
	return told(cat, &reference.Verdict{
		View: viewMap(&v.View), Lines: lines, Exempt: exempt, Restrictions: restrictions, Obligations: duties, Watched: watched,
	})
}

// told spells a verdict in words, in one order.
func told(cat *catalog.Catalog, v *reference.Verdict) string {
	var view []string
	for c, t := range v.View {
		if t > policy.Omit {
			view = append(view, cat.Name(c)+": "+t.String())
		}
	}
	var watched []string
	for o := range v.Watched {
		watched = append(watched, cat.Name(cat.OverlayClass(o)))
	}
	return fmt.Sprintf("%s\n  lines %s\n  restrictions %s\n  obligations %s\n  exempt %s\n  watched %s", sorted(view),
		keys(v.Lines), keys(v.Restrictions), keys(v.Obligations), keys(v.Exempt), sorted(watched))
}

// apart leaves the words in which two verdicts differ.
func apart(a, b string) (string, string) {
	cut := func(a, b string) string {
		words := strings.FieldsFunc(b, func(r rune) bool { return r == ',' || r == '\n' })
		var out []string
		for _, w := range strings.FieldsFunc(a, func(r rune) bool { return r == ',' || r == '\n' }) {
			if !slices.Contains(words, w) {
				out = append(out, w)
			}
		}
		return strings.Join(out, ";")
	}
	return cut(a, b), cut(b, a)
}

func (k *comparison) finds(p *policy.Plan) string {
	cat := k.h.set.Catalog()
	var out []string
	for _, f := range p.Find() {
		show := map[string]policy.Treatment{}
		for c, t := range viewMap(&f.Show) {
			show[cat.Name(c)] = t
		}
		var by []string
		for _, c := range f.By {
			by = append(by, cat.Name(c))
		}
		out = append(out, fmt.Sprint(f.Role+"/"+f.Task, by, f.AtLeast, show, f.Results))
	}
	return sorted(out)
}

func looks(d *reference.Decision) string {
	var out []string
	for _, l := range d.Looks() {
		out = append(out, fmt.Sprint(l.Task, l.By, l.AtLeast, l.Show, l.Results))
	}
	return sorted(out)
}

func sorted(words []string) string {
	words = slices.Clone(words)
	slices.Sort(words)
	return strings.Join(words, ", ")
}

func keys(m map[string]bool) string { return sorted(slices.Collect(maps.Keys(m))) }

// brief leaves out of a request what is everything.
func brief(r *reference.Request) string {
	q := *r
	if len(q.Shows) > 50 {
		q.Shows = nil
	}
	return fmt.Sprintf("%+v", q)
}

func briefAtoms(a *reference.Atoms) string {
	if a == nil {
		return ""
	}
	b := *a
	b.Patients = slices.Clone(a.Patients)
	short := func(names map[reference.Use]reference.Classes) map[reference.Use]reference.Classes {
		out := map[reference.Use]reference.Classes{}
		for u, c := range names {
			if out[u] = c; len(c) > 90 {
				out[u] = reference.Classes{0: true} // everything
			}
		}
		return out
	}
	b.Names = short(b.Names)
	for i := range b.Patients {
		b.Patients[i].Names = short(b.Patients[i].Names)
	}
	return fmt.Sprintf("%+v", b)
}

// TestN8_EngineAndModelAgree: random policies, read from their text, and the sample
// policy; random requests and records. What the model says, the engine says: why, the
// view, the lines that cover, the restrictions that bit, obligations, limits. Under
// make soak it goes on with further seeds.
func TestN8_EngineAndModelAgree(t *testing.T) {
	k := &comparison{t: t, seen: map[string]int{}}
	sample := sampleHospital(t)
	const enough = 640
	start, soak := time.Now(), testkit.Soak(t, 0)
	for seed := uint64(1); (seed <= enough || time.Since(start) < soak) && t.Context().Err() == nil; seed++ {
		k.policy(seed, sample)
	}
	for _, name := range slices.Sorted(maps.Keys(k.seen)) {
		t.Logf("%8d %s", k.seen[name], name)
	}
	k.everythingSeen()
}

func (k *comparison) policy(seed uint64, sample *hospital) {
	k.seed, k.h = seed, sample
	rng := rand.New(rand.NewPCG(seed, 8))
	if seed%4 != 0 {
		set, folder, wrong := compiled(randomPolicy(rng))
		if set == nil {
			k.seen["policy refused"]++
			return
		}
		if wrong != "" {
			k.t.Fatal(wrong)
		}
		k.h = newHospital(set, folder)
	}
	k.seen["policy"]++
	for range 80 {
		k.situation(&drawer{rng, k.h})
	}
}

func (k *comparison) situation(d *drawer) {
	r := d.request()
	p, decision := k.admit(r)
	k.seen["request"]++
	if p == nil {
		return
	}
	names := k.h.planOf(p)
	names.caller = r.Caller
	for range 4 {
		a := d.atoms(names)
		v := k.view(p, decision, names, r, a)
		k.seen["record"]++
		k.count(v, a, r)
		for range 4 {
			k.vary(d, r, decision, a, v)
		}
	}
}

// sampleHospital is the sample policy that Modicum ships.
func sampleHospital(t *testing.T) *hospital {
	t.Helper()
	set, probs := policy.Load(os.DirFS(filepath.Join(testkit.Root(t), "policy-sample")), catalog.R4())
	if set == nil {
		t.Fatal(probs.Err())
	}
	return newHospital(set, set.Folder())
}
