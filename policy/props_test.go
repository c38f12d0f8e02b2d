package policy_test

import (
	"fmt"
	"maps"
	"math/rand"
	"os"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"modicum/catalog"
	"modicum/policy"
	"modicum/policy/doc"
)

// situation is a request and a record told in names, so that it means the same
// under Sets that number facts and lines differently.
type situation struct {
	roles    []string
	task     string
	purpose  string
	verb     policy.Verb
	to       string
	meets    policy.Obligations
	caller   map[string]string // fact → holds, bites, unknown
	overlays catalog.OverlaySet
	patients []person
	seed     int64 // of what facts name, and which lines are within and lent
	lasting  bool
}

type person struct {
	truth map[string]string
	asked catalog.ClassSet
	glass bool
}

func (w *situation) request(s *policy.Set) policy.Request {
	to, _ := s.Recipients(slices.DeleteFunc([]string{w.to}, func(n string) bool { return n == "" })...)
	return policy.Request{
		Roles: w.roles, Task: w.task, Purpose: w.purpose, Verb: w.verb, Shows: everything, Meets: w.meets,
		Caller: truthOf(s, w.caller), To: to,
	}
}

func truthOf(s *policy.Set, names map[string]string) policy.Truth {
	var t policy.Truth
	for name, how := range names {
		id, ok := s.Fact(name)
		if !ok {
			continue
		}
		switch how {
		case "holds":
			t.Holds.Add(id)
			t.Bites.Add(id)
		case "bites":
			t.Bites.Add(id)
		case "unknown":
			t.Unknown.Add(id)
		}
	}
	return t
}

// chance is a coin that falls the same way for the same words under one seed.
func (w *situation) chance(words ...any) *rand.Rand {
	h := int64(1469598103934665603)
	for _, b := range []byte(fmt.Sprint(words...)) {
		h = (h ^ int64(b)) * 1099511628211
	}
	return rand.New(rand.NewSource(h ^ w.seed))
}

func (w *situation) atoms(s *policy.Set, p *policy.Plan) policy.Atoms {
	a := policy.Atoms{Overlays: w.overlays, Lasting: w.lasting}
	for i := range p.Lines() {
		if w.lasting || w.chance("within", p.LineID(i)).Intn(4) > 0 {
			a.Within |= 1 << i
		}
	}
	for n, who := range w.patients {
		pa := policy.PatientAtoms{Truth: truthOf(s, who.truth), Asked: who.asked, Glass: who.glass}
		for i := range p.Lines() {
			if w.chance("lent", n, p.LineID(i)).Intn(2) == 0 {
				pa.Lent |= 1 << i
			}
		}
		for _, of := range p.Ofs() {
			coin := w.chance("of", n, s.FactName(of.Fact), of.Restricting)
			var c catalog.ClassSet
			if coin.Intn(3) > 0 {
				c = catalog.ClassSet{coin.Uint64(), coin.Uint64()}
			}
			if coin.Intn(3) == 0 {
				c = everything
			}
			pa.Of = append(pa.Of, c)
		}
		a.Patients = append(a.Patients, pa)
	}
	return a
}

// decide answers a situation: the outcome of Admit, the view, and the reasons by name.
func (w *situation) decide(s *policy.Set) (policy.Why, policy.Verdict, []string) {
	r := w.request(s)
	var p policy.Plan
	why := s.Admit(&r, &p)
	a := w.atoms(s, &p)
	var v policy.Verdict
	p.View(&a, &v)
	var reasons []string
	for i := range p.Lines() {
		if v.Lines&(1<<i) != 0 {
			reasons = append(reasons, p.LineID(i))
		}
	}
	for i := range s.Restrictions() {
		if v.Restrictions&(1<<i) != 0 {
			reasons = append(reasons, "restriction "+s.RestrictionName(i))
		}
	}
	slices.Sort(reasons)
	return why, v, reasons
}

// situations draws what may happen under a policy.
func situations(s *policy.Set) *rapid.Generator[*situation] {
	var ids, roles, caller, patient []string
	for _, name := range s.Roles() {
		if r, _ := s.RoleOf(name); r.HeldBy.Text == "programs" {
			continue
		}
		roles = append(roles, name)
		for _, t := range s.TasksOf([]string{name}) {
			ids = append(ids, t.ID)
		}
	}
	for _, f := range s.Facts() {
		if f.About == policy.AboutCaller {
			caller = append(caller, f.Name)
		} else if f.Name != "broken-glass" {
			patient = append(patient, f.Name)
		}
	}
	return rapid.Custom(func(t *rapid.T) *situation {
		id := rapid.SampledFrom(ids).Draw(t, "task")
		info, _ := s.Task(id)
		w := &situation{
			roles:  append([]string{info.Role}, rapid.SliceOfN(rapid.SampledFrom(roles), 0, 2).Draw(t, "roles")...),
			verb:   policy.Verb(1 << rapid.SampledFrom([]int{0, 0, 0, 1, 2, 3, 4}).Draw(t, "verb")),
			to:     rapid.SampledFrom([]string{"", "", "health-plan", "provider"}).Draw(t, "to"),
			meets:  rapid.SampledFrom([]policy.Obligations{^policy.Obligations(0), 0}).Draw(t, "meets"),
			caller: truths(t, caller, "caller"), seed: rapid.Int64().Draw(t, "seed"), lasting: rapid.Bool().Draw(t, "lasting"),
		}
		if rapid.Bool().Draw(t, "named") {
			w.task = id
		} else {
			w.purpose = info.Purpose
		}
		if rapid.IntRange(0, 2).Draw(t, "marked") == 0 {
			w.overlays = catalog.OverlaySet(1 << rapid.IntRange(0, 15).Draw(t, "overlay"))
		}
		for range rapid.SampledFrom([]int{0, 1, 1, 1, 2}).Draw(t, "patients") {
			w.patients = append(w.patients, person{
				truth: truths(t, patient, "patient"), glass: rapid.IntRange(0, 3).Draw(t, "glass") == 0,
				asked: catalog.ClassSet{rapid.Uint64().Draw(t, "asked"), 0},
			})
		}
		return w
	})
}

// truths favours facts that hold, so that most situations show something.
func truths(t *rapid.T, names []string, label string) map[string]string {
	coin := rand.New(rand.NewSource(rapid.Int64().Draw(t, label)))
	out := map[string]string{}
	for _, n := range names {
		switch coin.Intn(20) {
		case 0, 1, 2, 3, 4:
		case 5:
			out[n] = "unknown"
		case 6:
			out[n] = "bites"
		default:
			out[n] = "holds"
		}
		// Own charts and refusals hide everything; most of the time they are not there.
		if n == "is-patient" || n == "relative-of" || n == "agreed-restriction" || n == "access-denial" {
			if coin.Intn(4) > 0 {
				delete(out, n)
			}
		}
	}
	return out
}

// reload reads the sample hospital anew, so that a test may change its documents.
func reload(t testing.TB) *doc.Folder {
	f, probs := doc.Load(os.DirFS("testdata/hospital"))
	if err := probs.Err(); err != nil {
		t.Fatal(err)
	}
	return f
}

func mustCompile(t testing.TB, f *doc.Folder) *policy.Set {
	t.Helper()
	s, probs := policy.Compile(f, catalog.R4())
	if err := probs.Err(); err != nil {
		t.Fatal(err)
	}
	return s
}

// opens reports the first class that b shows more openly than a.
func opens(a, b *policy.View) (catalog.Class, bool) {
	for c := range b.Shown().All {
		if b.Of(c) > a.Of(c) {
			return c, true
		}
	}
	return 0, false
}

// TestN6OrderDoesNotMatter: documents, lists and the caller's roles in any order
// give the same decision and the same reasons.
func TestN6OrderDoesNotMatter(t *testing.T) {
	s := loadHospital(t)
	var others []*policy.Set
	for seed := range int64(6) {
		f := reload(t)
		shuffleFolder(f, rand.New(rand.NewSource(seed)))
		others = append(others, mustCompile(t, f))
	}
	gen := situations(s)
	shows := 0
	rapid.Check(t, func(t *rapid.T) {
		w := gen.Draw(t, "situation")
		why, v, reasons := w.decide(s)
		if !v.View.Empty() {
			shows++
		}
		other := rapid.SampledFrom(others).Draw(t, "order")
		slices.Reverse(w.roles)
		why2, v2, reasons2 := w.decide(other)
		if why != why2 || v.View != v2.View || v.Obligations != v2.Obligations || !slices.Equal(reasons, reasons2) {
			t.Fatalf("%v %v %v\n%v %v %v", why, v, reasons, why2, v2, reasons2)
		}
	})
	if shows == 0 {
		t.Error("no situation showed anything: the property was not tried")
	}
}

func shuffleFolder(f *doc.Folder, r *rand.Rand) {
	shuffle(r, f.Roles)
	shuffle(r, f.Restrictions)
	shuffle(r, f.Disclosures)
	shuffle(r, f.Partners)
	shuffle(r, f.Conditions.Facts)
	shuffle(r, f.Conditions.Conditions)
	shuffle(r, f.Organization.Purposes)
	shuffle(r, f.Organization.Conflicts)
	for i := range f.Roles {
		shuffle(r, f.Roles[i].Tasks)
		shuffle(r, f.Roles[i].Never)
		for j := range f.Roles[i].Tasks {
			task := &f.Roles[i].Tasks[j]
			shuffle(r, task.First.While)
			if task.First.See != nil {
				shuffle(r, task.First.See.Keep)
			}
			for k := range task.Also {
				shuffle(r, task.Also[k].While)
				shuffle(r, task.Also[k].Marked)
			}
		}
	}
}

func shuffle[T any](r *rand.Rand, s []T) {
	r.Shuffle(len(s), func(i, j int) { s[i], s[j] = s[j], s[i] })
}

// TestN5_AddingARestrictionOpensNothing adds restrictions of every shape.
func TestN5_AddingARestrictionOpensNothing(t *testing.T) {
	s := loadHospital(t)
	at := doc.At{File: "restrictions.yaml", Line: 1, Col: 1}
	word := func(name string) doc.Word { return doc.Word{Text: name, At: at} }
	add := func(r doc.Restriction) *policy.Set {
		f := reload(t)
		r.At, r.Name, r.Title, r.Cite, r.Say = at, word("added"), "Added", "test", "No."
		f.Restrictions = append(f.Restrictions, r)
		return mustCompile(t, f)
	}
	stricter := []*policy.Set{
		add(doc.Restriction{Hide: doc.Words{word("everything")}, While: doc.Hold{{Name: word("during-shift")}}, Unless: doc.Hold{{Name: word("portal-session")}}}),
		add(doc.Restriction{Hide: doc.Words{word("clinical"), word("demographics.name")}, Unless: doc.Hold{{Name: word("assigned-patient")}}}),
		add(doc.Restriction{Hide: doc.Words{word("sensitive.hiv"), word("contact")}, While: doc.Hold{{Name: word("on-unit")}}}),
		add(doc.Restriction{Hide: doc.Words{word("everything")}, Of: word("agreed-restriction"), Unless: doc.Hold{{Any: []doc.Term{{Name: word("broken-glass")}, {Name: word("incident")}}}}}),
		add(doc.Restriction{Hide: doc.Words{word("clinical")}, To: doc.Words{word("health-plan")}, Purposes: doc.Words{word("payment")}}),
	}
	gen := situations(s)
	bit := 0
	rapid.Check(t, func(t *rapid.T) {
		w := gen.Draw(t, "situation")
		_, v, _ := w.decide(s)
		_, v2, reasons := w.decide(rapid.SampledFrom(stricter).Draw(t, "set"))
		if slices.Contains(reasons, "restriction added") {
			bit++
		}
		if c, more := opens(&v.View, &v2.View); more {
			t.Fatalf("a restriction opened %s", s.Catalog().Name(c))
		}
	})
	if bit == 0 && !testing.Short() { // the few draws of -short need not hit one
		t.Error("no added restriction ever bit: the property was not tried")
	}
}

// TestN5_RemovingARuleOpensNothing drops a line or a whole role.
func TestN5_RemovingARuleOpensNothing(t *testing.T) {
	s := loadHospital(t)
	var poorer []*policy.Set
	for i, role := range s.Folder().Roles {
		for j, task := range role.Tasks {
			for k := range task.Also {
				f := reload(t)
				tk := &f.Roles[i].Tasks[j]
				tk.Also = slices.Delete(tk.Also, k, k+1)
				if less, _ := policy.Compile(f, catalog.R4()); less != nil {
					poorer = append(poorer, less)
				}
			}
		}
	}
	if len(poorer) < 5 {
		t.Fatalf("only %d policies with a line less", len(poorer))
	}
	gen := situations(s)
	rapid.Check(t, func(t *rapid.T) {
		w := gen.Draw(t, "situation")
		_, v, _ := w.decide(s)
		_, v2, _ := w.decide(rapid.SampledFrom(poorer).Draw(t, "set"))
		if c, more := opens(&v.View, &v2.View); more {
			t.Fatalf("without a line %s opens", s.Catalog().Name(c))
		}
	})
}

// TestMoreFactsNeverShowLess, outside restrictions (rule 4): there is no *not*.
func TestMoreFactsNeverShowLess(t *testing.T) {
	f := reload(t)
	f.Restrictions = nil
	s := mustCompile(t, f)
	gen := situations(s)
	rapid.Check(t, func(t *rapid.T) {
		w := gen.Draw(t, "situation")
		_, v, _ := w.decide(s)
		more := *w
		more.patients = slices.Clone(w.patients)
		for i := range more.patients {
			more.patients[i].truth = maps.Clone(w.patients[i].truth)
			for _, fact := range s.Facts() {
				if rapid.Bool().Draw(t, "more") {
					more.patients[i].truth[fact.Name] = "holds"
				}
			}
		}
		_, v2, _ := more.decide(s)
		if c, less := opens(&v2.View, &v.View); less {
			t.Fatalf("more facts close %s", s.Catalog().Name(c))
		}
	})
}

// TestViewIsDisjointAndBounded: each class has one treatment, none shows that is
// not content, and nothing passes the plan's widest view.
func TestViewIsDisjointAndBounded(t *testing.T) {
	s := loadHospital(t)
	gen := situations(s)
	rapid.Check(t, func(t *rapid.T) {
		w := gen.Draw(t, "situation")
		r := w.request(s)
		var p policy.Plan
		s.Admit(&r, &p)
		a := w.atoms(s, &p)
		v := view(&p, a)
		n := v.View.Keep.Len() + v.View.Last4.Len() + v.View.Coarse.Len() + v.View.Token.Len() + v.View.Mask.Len()
		if n != v.View.Shown().Len() {
			t.Fatal("a class has two treatments")
		}
		if !s.Catalog().Content().Covers(v.View.Shown()) {
			t.Fatal("something shows that is no content class")
		}
		if v.View.Empty() != (v.Lines == 0) {
			t.Fatalf("lines %b for an empty view: %v", v.Lines, v.View.Empty())
		}
		widest := p.Widest()
		if w.verb&(policy.Create|policy.Update) == 0 {
			if c, more := opens(&widest, &v.View); more {
				t.Fatalf("%s is beyond the widest view", s.Catalog().Name(c))
			}
		}
	})
}

// TestPlanIsReusable: what a Plan was used for before does not matter.
func TestPlanIsReusable(t *testing.T) {
	s := loadHospital(t)
	gen := situations(s)
	var used policy.Plan
	rapid.Check(t, func(t *rapid.T) {
		w := gen.Draw(t, "situation")
		r := w.request(s)
		var fresh policy.Plan
		if a, b := s.Admit(&r, &fresh), s.Admit(&r, &used); a != b {
			t.Fatalf("fresh %v, used %v", a, b)
		}
		a, b := view(&fresh, w.atoms(s, &fresh)), view(&used, w.atoms(s, &used))
		if a != b {
			t.Fatalf("fresh %+v\nused %+v", a, b)
		}
	})
}
