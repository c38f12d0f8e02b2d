package modicum_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"modicum/catalog"
	"modicum/policy"
	"modicum/policy/doc"
)

// mutant is the sample policy with one thing deleted.
type mutant struct {
	at    doc.At
	what  string
	tests string // the file of tests that must notice; empty: any
	apply func() (undo func())
}

// TestSampleHasNoSpareLine deletes everything that the sample policy says about
// who sees what, one thing at a time, and expects that a given/expect case fails:
// a line that no case needs is either wrong or not shown to anybody (R13). In
// short runs a fifth of the mutants is tried, always the same.
//
// Not tried, since cases say nothing about them: find, limits, obligations,
// lengths of time, titles, and the steps of the desk.
func TestSampleHasNoSpareLine(t *testing.T) {
	f, s := load(t)
	if noticed(f, s, f.Tests, "") {
		t.Fatal("a case fails with nothing deleted, so that every mutant would seem noticed")
	}
	mutants := mutantsOf(f)
	if testing.Short() {
		mutants = fifth(mutants)
	}
	tests := f.Tests
	f.Tests = nil // a case that names a deleted task must fail, not the check
	refused := 0
	for _, m := range mutants {
		undo := m.apply()
		s, probs := policy.Compile(f, catalog.R4())
		if s == nil {
			refused++
			if len(probs.Errors()) == 0 {
				t.Errorf("%s: no policy and no reason", m.what)
			}
		} else if !noticed(f, s, tests, m.tests) {
			t.Errorf("%s:%d:%d: no case notices that %s is deleted", m.at.File, m.at.Line, m.at.Col, m.what)
		}
		undo()
	}
	t.Logf("%d mutants, %d of them refused by the check", len(mutants), refused)
	if !testing.Short() && len(mutants) < 700 {
		t.Errorf("only %d mutants: is part of the policy not tried?", len(mutants))
	}
}

// noticed reports whether a case fails.
func noticed(f *doc.Folder, s *policy.Set, tests []doc.TestFile, only string) bool {
	copied := *f
	for _, file := range tests {
		if only != "" && file.At.File != only {
			continue
		}
		copied.Tests = []doc.TestFile{file}
		for _, r := range policy.RunTests(&copied, s) {
			if !r.OK() {
				return true
			}
		}
	}
	return false
}

func fifth(all []mutant) []mutant {
	r := rand.New(rand.NewPCG(164, 514))
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:len(all)/5]
}

// gather collects mutants of one file.
type gather struct {
	list  []mutant
	tests string
	where string // role/task, restriction, ...
}

func mutantsOf(f *doc.Folder) []mutant {
	g := &gather{}
	named := map[string]bool{} // recipients that some restriction names: the others change no decision
	for _, r := range f.Restrictions {
		for _, w := range r.To {
			named[w.Text] = true
		}
	}
	for i := range f.Roles {
		g.role(f, &f.Roles[i], named)
	}
	g.tests = "tests/disclosures.yaml"
	for i := range f.Disclosures {
		g.disclosure(f, &f.Disclosures[i])
	}
	g.tests = ""
	done := purposesDone(f)
	for i := range f.Restrictions {
		r := &f.Restrictions[i]
		g.where = "restriction " + r.Name.Text
		drop(g, r.At, "it", &f.Restrictions, i)
		g.words("hide", &r.Hide)
		g.words("to", &r.To)
		g.purposes(&r.Purposes, done)
		if r.Of.Text != "" {
			set(g, r.At, "of "+r.Of.Text, &r.Of, doc.Word{})
		}
		g.hold("while", &r.While, nil)
		g.hold("unless", &r.Unless, nil)
	}
	for i := range f.Conditions.Conditions {
		c := &f.Conditions.Conditions[i]
		g.where = "condition " + c.Name.Text
		g.words("any", &c.Any)
		g.words("all", &c.All)
		if c.Where.Text != "" {
			set(g, c.Where.At, "where", &c.Where, doc.Word{Text: "true", At: c.Where.At})
		}
	}
	for i := range f.Partners {
		p := &f.Partners[i]
		g.where = "partner " + p.Name.Text
		if len(p.Programs) > 0 { // people of a partner: no case says whose they are
			g.words("may-see", &p.MaySee)
			g.words("marked", &p.Marked)
			g.words("never", &p.Never)
		}
	}
	for i := range f.Organization.Conflicts {
		c := &f.Organization.Conflicts[i]
		g.where = "conflict " + c.Roles[0].Text + " and " + c.Roles[1].Text
		drop(g, c.At, "it", &f.Organization.Conflicts, i)
	}
	g.where = "organization"
	g.words("watch", &f.Organization.Watch)
	return g.list
}

// purposesDone are the purposes for which some role or disclosure does something.
// For the others a restriction is written ahead, and no case can show it.
func purposesDone(f *doc.Folder) map[string]bool {
	done := map[string]bool{}
	for _, r := range f.Roles {
		for _, t := range r.Tasks {
			done[t.Purpose.Text] = true
		}
	}
	for _, d := range f.Disclosures {
		done[d.Purpose.Text] = true
	}
	return done
}

// drop adds the mutant that lacks the i-th of a list.
func drop[T any, L ~[]T](g *gather, at doc.At, what string, list *L, i int) {
	g.add(at, what, func() func() { return without(list, i) })
}

// without takes the i-th out of a list and returns how to put it back.
func without[T any, L ~[]T](list *L, i int) func() {
	whole := *list
	var rest L
	rest = append(append(rest, whole[:i]...), whole[i+1:]...)
	*list = rest
	return func() { *list = whole }
}

// set adds the mutant in which something is another.
func set[T any](g *gather, at doc.At, what string, p *T, other T) {
	g.add(at, what, func() func() {
		whole := *p
		*p = other
		return func() { *p = whole }
	})
}

func (g *gather) add(at doc.At, what string, apply func() func()) {
	g.list = append(g.list, mutant{at, fmt.Sprintf("%s: %s", g.where, what), g.tests, apply})
}

func (g *gather) words(key string, list *doc.Words) {
	for i, w := range *list {
		drop(g, w.At, key+" "+w.Text, list, i)
	}
}

func (g *gather) purposes(list *doc.Words, done map[string]bool) {
	for i, w := range *list {
		if done[w.Text] {
			drop(g, w.At, "purposes "+w.Text, list, i)
		}
	}
}

func (g *gather) role(f *doc.Folder, r *doc.Role, named map[string]bool) {
	g.tests, g.where = "tests/"+r.Name.Text+".yaml", r.Name.Text
	g.never(f, r)
	for i := range r.Views {
		g.where = r.Name.Text + "/views/" + r.Views[i].Name.Text
		g.see(&r.Views[i].See)
	}
	for i := range r.Tasks {
		t := &r.Tasks[i]
		g.where = r.Name.Text + "/" + t.Name.Text
		drop(g, t.At, "the task", &r.Tasks, i)
		if t.BreakGlass != nil {
			set(g, t.BreakGlass.At, "break-glass", &t.BreakGlass, nil)
		}
		for j, w := range t.To {
			if named[w.Text] {
				drop(g, w.At, "to "+w.Text, &t.To, j)
			}
		}
		g.lines(&t.First, &t.Also)
	}
}

// never: of a role that people hold, an exception is lent over it by the cases.
func (g *gather) never(f *doc.Folder, r *doc.Role) {
	if r.HeldBy.Text != "programs" {
		g.words("never", &r.Never)
		return
	}
	var lines []*doc.Line
	for i := range r.Tasks {
		lines = append(lines, &r.Tasks[i].First)
	}
	for i := range r.Never {
		g.neverThere(f, &r.Never, i, lines)
	}
}

func (g *gather) disclosure(f *doc.Folder, d *doc.Disclosure) {
	g.where = "disclosures/" + d.Name.Text
	g.lines(&d.First, &d.Also)
	for i := range d.Never {
		g.neverThere(f, &d.Never, i, []*doc.Line{&d.First})
	}
}

// neverThere tries a never where nothing can be lent over it: of a disclosure, or
// of a role held by programs. Silence and ceilings stop the same, so that it is
// tried together with what it is there to stop: a line that shows the class, and
// a contract that allows it.
func (g *gather) neverThere(f *doc.Folder, never *doc.Words, i int, lines []*doc.Line) {
	w := (*never)[i]
	mark := strings.HasPrefix(w.Text, "sensitive")
	g.add(w.At, "never "+w.Text+", and a line shows it", func() func() {
		undo := []func(){without(never, i)}
		for _, l := range lines {
			if mark {
				undo = append(undo, with(&l.Marked, w))
			} else {
				undo = append(undo, with(&l.See.Keep, w))
			}
		}
		for i := range f.Partners {
			if mark {
				undo = append(undo, with(&f.Partners[i].Marked, w))
			} else {
				undo = append(undo, with(&f.Partners[i].MaySee, w))
			}
		}
		return func() {
			for _, u := range undo {
				u()
			}
		}
	})
}

// with adds a word to a list and returns how to take it away again.
func with(list *doc.Words, w doc.Word) func() {
	whole := *list
	*list = append(whole[:len(whole):len(whole)], w)
	return func() { *list = whole }
}

func (g *gather) lines(first *doc.Line, also *[]doc.Line) {
	where := g.where
	g.line(first)
	for i := range *also {
		g.where = fmt.Sprintf("%s#%d", where, i+2)
		drop(g, (*also)[i].At, "the line", also, i)
		g.line(&(*also)[i])
	}
}

func (g *gather) line(l *doc.Line) {
	if len(l.Do) > 1 { // a line without a verb is no line
		g.words("do", &l.Do)
	}
	g.hold("while", &l.While, l.Within)
	g.words("marked", &l.Marked)
	if l.Lend != nil {
		set(g, l.Lend.At, "lend", &l.Lend, nil)
	}
	if l.See != nil && l.See.View.Text == "" {
		g.see(l.See)
	}
	g.within(l)
}

func (g *gather) see(s *doc.See) {
	g.words("keep", &s.Keep)
	g.words("last4", &s.Last4)
	g.words("coarse", &s.Coarse)
	g.words("token", &s.Token)
	g.words("mask", &s.Mask)
	g.words("ask", &s.Ask)
	g.words("omit", &s.Omit)
}

// within: each of its words, and the span and place that narrow.
func (g *gather) within(l *doc.Line) {
	w := l.Within
	if w == nil || w.WholeRecord {
		return
	}
	g.words("within of", &w.Of)
	if !w.Back.Zero() {
		set(g, w.At, "within back", &w.Back, doc.Span{})
	}
	if w.Place.Text != "" {
		set(g, w.At, "within place", &w.Place, doc.Word{})
	}
}

// hold: each term, and each alternative of a term. `of: X` means that X holds
// (rule 7), so that X under while of the same line says it twice, for the reader:
// then both go.
func (g *gather) hold(key string, h *doc.Hold, within *doc.Within) {
	for i := range *h {
		term := &(*h)[i]
		if term.Name.Text == "" {
			g.alternatives(key, term)
			continue
		}
		g.add(term.Name.At, key+" "+term.Name.Text, func() func() {
			put := without(h, i)
			if within == nil {
				return put
			}
			of := within.Of
			within.Of = nil
			for _, w := range of {
				if w.Text != term.Name.Text {
					within.Of = append(within.Of, w)
				}
			}
			return func() { within.Of = of; put() }
		})
	}
}

func (g *gather) alternatives(key string, term *doc.Term) {
	for i := range term.Any {
		a := &term.Any[i]
		if a.Name.Text == "" {
			var all []string
			for _, w := range a.All {
				all = append(all, w.Text)
			}
			drop(g, a.All[0].At, key+" all of "+strings.Join(all, ", "), &term.Any, i)
			g.words(key+" all", &a.All)
			continue
		}
		drop(g, a.Name.At, key+" any "+a.Name.Text, &term.Any, i)
	}
}

// TestSampleHasCasesForEachRole: one file of tests a role, named after it, and
// one for the disclosures.
func TestSampleHasCasesForEachRole(t *testing.T) {
	f, _ := load(t)
	files := map[string]int{}
	for _, file := range f.Tests {
		files[file.At.File] = len(file.Cases)
	}
	if len(f.Roles) < 22 {
		t.Errorf("%d roles, want the 21 of the matrix and the individual", len(f.Roles))
	}
	for _, r := range f.Roles {
		if files["tests/"+r.Name.Text+".yaml"] < 3 {
			t.Errorf("tests/%s.yaml has %d cases, want 3 at least", r.Name.Text, files["tests/"+r.Name.Text+".yaml"])
		}
	}
	if files["tests/disclosures.yaml"] < 3*len(f.Disclosures) {
		t.Errorf("tests/disclosures.yaml has %d cases for %d disclosures", files["tests/disclosures.yaml"], len(f.Disclosures))
	}
}
