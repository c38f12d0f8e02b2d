package reference_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"modicum/catalog"
	"modicum/internal/reference"
	"modicum/policy"
	"modicum/policy/doc"
)

// TestN8_TheModelMeetsTheCasesOfTheSample: the given/expect cases that stand beside
// the sample policy were written by people who read the language; the model says what
// they expect.
func TestN8_TheModelMeetsTheCasesOfTheSample(t *testing.T) {
	h := sampleHospital(t)
	n := 0
	for _, file := range h.folder.Tests {
		for i := range file.Cases {
			c := &given{t: t, hospital: h, Case: &file.Cases[i], role: file.Role.Text}
			c.run()
			n++
		}
	}
	if n < 400 {
		t.Errorf("only %d cases were tried", n)
	}
}

// given is one case in the model's terms (policy-language 7).
type given struct {
	t *testing.T
	*hospital
	*doc.Case
	role   string
	caller map[string]reference.Truth
	truth  map[string]reference.Truth
	held   map[string][]doc.GivenFact // facts and conditions on them, with what they carry
}

// today is the moment at which all cases take place.
var today = time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC)

func (c *given) run() {
	c.facts()
	r := c.request()
	d := c.model.Admit(r)
	if c.Expect.Refused {
		if d.Why == policy.Admitted {
			c.t.Errorf("%s: %s: admitted, want refused", c.At.File, c.Name)
		}
		return
	}
	visit, lasting := d.View(c.atoms(r, d, false)), d.View(c.atoms(r, d, true))
	cat := c.set.Catalog()
	shows := func(class catalog.Class) policy.Treatment {
		if c.Given.Record.Lasting || cat.LastingOnly(class) {
			return lasting.View[class]
		}
		return visit.View[class]
	}
	if c.Expect.Nothing {
		for class := range cat.Content().All {
			if got := shows(class); got != policy.Omit {
				c.t.Errorf("%s: %s: %s: got %s, want nothing", c.At.File, c.Name, cat.Name(class), got)
			}
		}
	}
	for _, pair := range c.Expect.Treatment {
		class, _ := cat.Class(pair.Key.Text)
		if got := shows(class).String(); got != pair.Value.Text {
			c.t.Errorf("%s: %s: %s: got %s, want %s", c.At.File, c.Name, pair.Key.Text, got, pair.Value.Text)
		}
	}
}

func (c *given) request() *reference.Request {
	g := &c.Given
	r := &reference.Request{
		Task: g.Task.Text, Purpose: g.Purpose.Text, Disclosure: g.Disclosure.Text, Verb: policy.Read, Caller: c.caller,
		Shows: (&drawer{hospital: c.hospital}).everything(), Meets: obligations, Roles: []string{c.role}, To: words(g.To),
	}
	if len(g.As) > 0 {
		r.Roles = words(g.As)
	}
	if v, ok := policy.ParseVerb(g.Do.Text); ok {
		r.Verb = v
	}
	if len(g.LentClasses) > 0 {
		r.Exception = true
		r.Lent, _ = c.classes(g.LentClasses)
	}
	if len(r.Roles) == 1 {
		r.Program = c.program(r)
	}
	return r
}

// program: a role that programs hold is tried as the program that has the task.
func (c *given) program(r *reference.Request) string {
	for _, p := range c.folder.Organization.Programs {
		role, _ := c.set.RoleOf(p.Role.Text)
		for _, t := range role.Tasks {
			if p.Role.Text == r.Roles[0] && t.Name.Text == p.Task.Text && (r.Task == t.Name.Text || r.Task == "" && r.Purpose == t.Purpose.Text) {
				return p.Name.Text
			}
		}
	}
	return ""
}

func words(list doc.Words) (out []string) {
	for _, w := range list {
		out = append(out, w.Text)
	}
	return out
}

// facts notes what holds, with the conditions whose `where` says so, and what is
// unknown.
func (c *given) facts() {
	c.caller, c.truth, c.held = map[string]reference.Truth{}, map[string]reference.Truth{}, map[string][]doc.GivenFact{}
	for _, g := range c.Given.Facts {
		id, ok := c.set.Fact(g.Name.Text)
		if !ok {
			c.t.Fatalf("%s: no fact %s", c.At.File, g.Name.Text)
		}
		for _, f := range c.set.Facts() {
			if f.ID == id || f.Where != "" && f.Base == id && c.set.Where(f.ID, c.where(&g, c.set.Facts()[id].Values)) {
				c.state(f, reference.Truth{Holds: true, Last: true})
				c.held[f.Name] = append(c.held[f.Name], g)
			}
		}
	}
	for _, w := range c.Given.Unknown {
		id, _ := c.set.Fact(w.Text)
		for _, f := range c.set.Facts() {
			if f.ID == id || f.Base == id {
				c.state(f, reference.Truth{Unknown: true})
			}
		}
	}
}

func (c *given) state(f policy.FactInfo, t reference.Truth) {
	if f.About == policy.AboutCaller {
		c.caller[f.Name] = t
	} else {
		c.truth[f.Name] = t
	}
}

func (c *given) where(g *doc.GivenFact, kinds map[string]string) policy.WhereInput {
	in := policy.WhereInput{Values: map[string]any{}, Department: "own", Facility: "own", Assurance: "own", Now: today}
	for _, v := range g.Values {
		switch text := v.Value.Text; kinds[v.Key.Text] {
		case "text":
			in.Values[v.Key.Text] = text
		case "number":
			in.Values[v.Key.Text], _ = strconv.ParseFloat(text, 64)
		case "yes-no":
			in.Values[v.Key.Text] = text == "yes"
		case "time":
			in.Values[v.Key.Text] = c.moment(text)
		}
	}
	return in
}

// moment reads "31 days ago" and "in 2 hours".
func (c *given) moment(text string) time.Time {
	f := strings.Fields(strings.TrimSuffix(strings.TrimPrefix(text, "in "), " ago"))
	n, err := strconv.Atoi(f[0])
	if err != nil || len(f) != 2 {
		c.t.Fatalf("%s: a time of a case reads %q", c.At.File, text)
	}
	if strings.HasSuffix(text, "ago") {
		n = -n
	}
	switch strings.TrimSuffix(f[1], "s") {
	case "hour":
		return today.Add(time.Duration(n) * time.Hour)
	case "day":
		return today.AddDate(0, 0, n)
	case "month":
		return today.AddDate(0, n, 0)
	}
	c.t.Fatalf("%s: a time of a case reads %q", c.At.File, text)
	return today
}

// classes splits a list into classes and overlays.
func (c *given) classes(list doc.Words) (reference.Classes, reference.Overlays) {
	cat, classes, marks := c.set.Catalog(), reference.Classes{}, reference.Overlays{}
	for _, w := range list {
		covered, ok := cat.Covered(w.Text)
		if !ok {
			c.t.Fatalf("%s: no class %s", c.At.File, w.Text)
		}
		for class := range covered.All {
			if o, is := cat.OverlayOf(class); !is {
				classes[class] = true
			} else if w.Text != "sensitive" || !c.set.Watch().Has(o) {
				marks[o] = true
			}
		}
	}
	return classes, marks
}

// atoms describes the record of the case.
func (c *given) atoms(r *reference.Request, d *reference.Decision, lasting bool) *reference.Atoms {
	lasting = lasting || c.Given.Record.Lasting
	p := reference.Patient{Facts: c.truth, Glass: c.Given.BrokenGlass, Lent: map[string]bool{}, Names: c.names(lasting)}
	p.Asked, _ = c.classes(c.Given.Asked)
	p.LentClasses, p.LentOverlays = c.classes(c.Given.LentClasses)
	a := &reference.Atoms{Lasting: lasting, Within: map[string]bool{}}
	_, a.Overlays = c.classes(c.Given.Marked)
	var plan policy.Plan // only to learn what the lines ask of date and place
	c.set.Admit(c.engineRequest(r), &plan)
	for i := range plan.Lines() {
		back, place := plan.LineWithin(i)
		a.Within[plan.LineID(i)] = c.recent(back) && c.placed(place)
		p.Lent[plan.LineID(i)] = plan.LineException(i) && r.Exception || !plan.LineException(i) && c.Given.Lent
	}
	a.Patients = []reference.Patient{p}
	return a
}

func (c *given) recent(back doc.Span) bool {
	return back.Zero() || c.Given.Record.Age.Zero() || !c.Given.Record.Age.Before(today).Before(back.Before(today))
}

func (c *given) placed(place policy.Place) bool {
	switch c.Given.Record.Place.Text {
	case "facility":
		return place != policy.OwnDepartment
	case "elsewhere":
		return place == policy.Anywhere
	}
	return true
}

// names says what the given facts name of the record; a bare fact carries everything.
func (c *given) names(lasting bool) map[reference.Use]reference.Classes {
	out := map[reference.Use]reference.Classes{}
	_, marked := c.classes(c.Given.Marked)
	for name, all := range c.held {
		for _, g := range all {
			classes, marks := (&drawer{hospital: c.hospital}).everything(), marked
			if g.HasSet["classes"] {
				classes, _ = c.classes(g.Classes)
			}
			if g.HasSet["marked"] {
				_, marks = c.classes(g.Marked)
			}
			for _, restricting := range []bool{false, true} {
				use := reference.Use{Fact: name, Restricting: restricting}
				if out[use] == nil {
					out[use] = reference.Classes{}
				}
				if c.takes(marked, marks, restricting) && (lasting || c.belongs(name)) {
					for class := range classes {
						out[use][class] = true
					}
				}
			}
		}
	}
	return out
}

func (c *given) takes(marked, names reference.Overlays, restricting bool) bool {
	hiding, named := 0, 0
	for o := range marked {
		if !c.set.Watch().Has(o) {
			hiding++
			if names[o] {
				named++
			}
		}
	}
	return hiding == named || restricting && named > 0
}

// belongs: by default a record belongs to everything; where `of` is written, to the
// objects and dates of those facts only.
func (c *given) belongs(name string) bool {
	id, _ := c.set.Fact(name)
	info := c.set.Facts()[id]
	if !c.Given.Record.OfGiven || info.Carries&(policy.CarriesObject|policy.CarriesDates) == 0 {
		return true
	}
	return slices.ContainsFunc(c.Given.Record.Of, func(w doc.Word) bool {
		return w.Text == name || w.Text == c.set.FactName(info.Base)
	})
}
