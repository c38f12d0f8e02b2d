package policy

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"modicum/catalog"
	"modicum/policy/doc"
)

// Result is the outcome of one given/expect case of a policy's tests.
type Result struct {
	At       doc.At
	File     string
	Name     string
	Why      Why      // what Admit said
	Failures []string // empty: passed
	Broken   bool     // the case cannot be run as it is written
}

// OK reports whether the case passed.
func (r *Result) OK() bool { return len(r.Failures) == 0 }

// caseNow is the moment at which cases are judged: ages in cases are relative,
// so any fixed time does, and a fixed one makes results repeatable.
var caseNow = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

// RunTests runs every case of f.Tests against s, in order. Facts, record and
// grants of a case become a Request and Atoms, and go the way that every door
// goes: Admit, then View.
func RunTests(f *doc.Folder, s *Set) []Result {
	var out []Result
	for i := range f.Tests {
		file := &f.Tests[i]
		for j := range file.Cases {
			out = append(out, runCase(s, file, &file.Cases[j]))
		}
	}
	return out
}

// caseRun is a case on its way to a verdict.
type caseRun struct {
	set    *Set
	given  *doc.Given
	req    Request
	plan   Plan
	held   map[FactID][]instance
	marked catalog.OverlaySet
	truth  Truth // about patient and record
	errs   []string
}

// instance is what one given fact carries.
type instance struct {
	classes catalog.ClassSet
	marked  catalog.OverlaySet
}

func runCase(s *Set, file *doc.TestFile, c *doc.Case) Result {
	r := Result{At: c.At, File: c.At.File, Name: c.Name}
	run := &caseRun{set: s, given: &c.Given, held: map[FactID][]instance{}}
	run.request(file)
	run.facts()
	run.marked = run.overlays(c.Given.Marked)
	if len(run.errs) > 0 {
		r.Failures, r.Broken = run.errs, true
		return r
	}
	r.Why = s.Admit(&run.req, &run.plan)
	r.Failures = run.judge(&c.Expect)
	return r
}

func (c *caseRun) errorf(format string, args ...any) {
	c.errs = append(c.errs, fmt.Sprintf(format, args...))
}

func (c *caseRun) request(file *doc.TestFile) {
	g := c.given
	c.req = Request{
		Task: g.Task.Text, Purpose: g.Purpose.Text, Disclosure: g.Disclosure.Text, Verb: Read,
		Shows: c.set.cat.Content(), Meets: ^Obligations(0), Glass: g.BrokenGlass,
	}
	for _, w := range g.As {
		c.req.Roles = append(c.req.Roles, w.Text)
	}
	if len(g.As) == 0 && file.Role.Text != "" {
		c.req.Roles = []string{file.Role.Text}
	}
	if g.Do.Text != "" {
		v, ok := ParseVerb(g.Do.Text)
		if !ok {
			c.errorf("nothing is done by %q", g.Do.Text)
		}
		c.req.Verb = v
	}
	for _, w := range g.To {
		to, ok := c.set.Recipients(w.Text)
		if !ok {
			c.errorf("no recipient is called %q", w.Text)
		}
		c.req.To |= to
	}
	if len(g.LentClasses) > 0 {
		classes, _ := c.lentClasses()
		c.req.Exception, c.req.Lent = true, classes
	}
	c.asProgram()
}

// asProgram: a role that only programs hold is tried as the program that has the
// task, with its partner's ceiling, as at the door.
func (c *caseRun) asProgram() {
	if len(c.req.Roles) != 1 {
		return
	}
	i, ok := c.set.roleOf[c.req.Roles[0]]
	if !ok || !c.set.roles[i].programs {
		return
	}
	for _, d := range c.set.folder.Organization.Programs {
		t := &c.set.tasks[c.set.programs[d.Name.Text].task]
		if t.role == i && (c.req.Task == t.name || c.req.Task == t.id || c.req.Task == "" && c.set.purposeOf[c.req.Purpose] == t.purpose) {
			c.req.Program = d.Name.Text
			return
		}
	}
	c.errorf("role %s is held by programs, and no program of the organization has this task", c.req.Roles[0])
}

func (c *caseRun) facts() {
	for i := range c.given.Facts {
		c.fact(&c.given.Facts[i])
	}
	for _, w := range c.given.Unknown {
		id, ok := c.set.Fact(w.Text)
		if !ok {
			c.errorf("no fact is called %q", w.Text)
			continue
		}
		for f := range c.set.facts {
			if FactID(f) == id || c.set.facts[f].Base == id {
				c.put(FactID(f), func(t *Truth) *FactSet { return &t.Unknown })
			}
		}
	}
}

// fact makes a given fact hold, and every condition on it whose where says so.
func (c *caseRun) fact(g *doc.GivenFact) {
	id, ok := c.set.Fact(g.Name.Text)
	if !ok {
		c.errorf("no fact is called %q", g.Name.Text)
		return
	}
	if id == c.set.glass {
		c.errorf("write broken-glass: yes instead of the fact")
		return
	}
	in := instance{classes: allClasses, marked: ^catalog.OverlaySet(0)}
	if g.HasSet["classes"] {
		in.classes = c.classes(g.Classes)
	}
	if g.HasSet["marked"] {
		in.marked = c.overlays(g.Marked)
	}
	c.hold(id, in)
	values := c.values(g, id)
	for f := range c.set.facts {
		info := &c.set.facts[f]
		if info.Where == "" || info.Base != id {
			continue
		}
		if c.set.Where(info.ID, WhereInput{Values: values, Department: "own", Facility: "own", Assurance: "own", Now: caseNow}) {
			c.hold(info.ID, in)
		}
	}
}

func (c *caseRun) hold(id FactID, in instance) {
	c.held[id] = append(c.held[id], in)
	c.put(id, func(t *Truth) *FactSet { return &t.Holds })
	c.put(id, func(t *Truth) *FactSet { return &t.Bites })
}

func (c *caseRun) put(id FactID, which func(*Truth) *FactSet) {
	t := &c.truth
	if c.set.about[AboutCaller].Has(id) {
		t = &c.req.Caller
	}
	which(t).Add(id)
}

func (c *caseRun) values(g *doc.GivenFact, id FactID) map[string]any {
	out := map[string]any{}
	for _, v := range g.Values {
		kind := c.set.facts[id].Values[v.Key.Text]
		val, err := caseValue(kind, v.Value.Text)
		if err != nil {
			c.errorf("%s of %s: %v", v.Key.Text, g.Name.Text, err)
			continue
		}
		out[v.Key.Text] = val
	}
	return out
}

// caseValue reads a value as its declared kind. A time is relative: "31 days ago".
func caseValue(kind, text string) (any, error) {
	switch kind {
	case "text":
		return text, nil
	case "number":
		return strconv.ParseFloat(text, 64)
	case "yes-no":
		return text == "yes" || text == "true", nil
	case "time":
		return caseTime(text)
	}
	return nil, fmt.Errorf("the fact declares no such value")
}

func caseTime(text string) (time.Time, error) {
	f := strings.Fields(text)
	sign := -1
	if len(f) == 3 && f[2] == "ago" {
		f = f[:2]
	} else if len(f) == 3 && f[0] == "in" {
		f, sign = f[1:], 1
	}
	if len(f) == 2 {
		n, err := strconv.Atoi(f[0])
		if err == nil {
			if t, ok := shift(caseNow, sign*n, strings.TrimSuffix(f[1], "s")); ok {
				return t, nil
			}
		}
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t, err = time.Parse(time.DateOnly, text)
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is no time: write 31 days ago", text)
	}
	return t, nil
}

func shift(t time.Time, n int, unit string) (time.Time, bool) {
	switch unit {
	case "minute":
		return t.Add(time.Duration(n) * time.Minute), true
	case "hour":
		return t.Add(time.Duration(n) * time.Hour), true
	case "day":
		return t.AddDate(0, 0, n), true
	case "week":
		return t.AddDate(0, 0, 7*n), true
	case "month":
		return t.AddDate(0, n, 0), true
	case "year":
		return t.AddDate(n, 0, 0), true
	}
	return t, false
}

func (c *caseRun) classes(words doc.Words) catalog.ClassSet {
	var out catalog.ClassSet
	for _, w := range words {
		covered, ok := c.set.cat.Covered(w.Text)
		if !ok {
			c.errorf("no class is called %q", w.Text)
		}
		out = out.Union(covered.Intersect(c.set.cat.Content()))
	}
	return out
}

func (c *caseRun) overlays(words doc.Words) catalog.OverlaySet {
	var out catalog.OverlaySet
	for _, w := range words {
		if w.Text == "sensitive" {
			out |= c.set.cat.Overlays() & c.set.hiding
			continue
		}
		class, ok := c.set.cat.Class(w.Text)
		over, isOver := c.set.cat.OverlayOf(class)
		if !ok || !isOver {
			c.errorf("no overlay is called %q", w.Text)
			continue
		}
		out = out.With(over)
	}
	return out
}

// lentClasses splits what an exception lends.
func (c *caseRun) lentClasses() (catalog.ClassSet, catalog.OverlaySet) {
	var classes, marks doc.Words
	for _, w := range c.given.LentClasses {
		if strings.HasPrefix(w.Text, "sensitive") {
			marks = append(marks, w)
		} else {
			classes = append(classes, w)
		}
	}
	return c.classes(classes), c.overlays(marks)
}
