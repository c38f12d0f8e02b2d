package policy

import (
	"fmt"
	"strings"

	"modicum/catalog"
	"modicum/internal/defect"
	"modicum/policy/doc"
)

func (c *compiler) compileRole(d *doc.Role) {
	r := role{
		name: d.Name.Text, programs: d.HeldBy.Text == "programs",
		byName: map[string]int{}, byPurpose: make([][]int, len(c.set.purposes)), doc: d,
	}
	r.neverClasses, r.neverOverlays = c.classesAndOverlays(d.Never)
	if defect.On(defect.NeverIgnored) {
		r.neverClasses, r.neverOverlays = catalog.ClassSet{}, 0
	}
	for i := range d.Tasks {
		t := &d.Tasks[i]
		p := c.purposeAt(t.Purpose)
		if p < 0 {
			continue
		}
		n := len(c.set.tasks)
		c.set.tasks = append(c.set.tasks, task{
			role: len(c.set.roles), name: t.Name.Text, id: d.Name.Text + "/" + t.Name.Text, title: t.Title, purpose: p,
			exempt: t.Exempt.Text, obligations: obligationsOf(t.Obligations), glass: t.BreakGlass != nil,
			limits: limitsOf(t.Limits), resolve: t.References.Text == "resolve", say: orElse(t.Say, d.Say), justify: t.Justify, doc: t,
		})
		c.recipients(&c.set.tasks[n], t.To)
		c.compileLines(n, &t.First, t.Also, d.Views, r.neverClasses, r.neverOverlays, 0)
		c.compileFind(n, t.Find, d.Views, r.neverClasses)
		r.tasks = append(r.tasks, n)
		r.byName[t.Name.Text] = n
		r.byPurpose[p] = append(r.byPurpose[p], n)
	}
	c.set.roleOf[r.name] = len(c.set.roles)
	c.set.roles = append(c.set.roles, r)
}

// compileDisclosure makes a disclosure a task without a role, whose lines read
// and export: it is the second cover of what leaves at the desk (rule 16).
func (c *compiler) compileDisclosure(d *doc.Disclosure) {
	p := c.purposeAt(d.Purpose)
	if p < 0 {
		return
	}
	n := len(c.set.tasks)
	c.set.tasks = append(c.set.tasks, task{
		role: -1, name: d.Name.Text, id: "disclosures/" + d.Name.Text, title: d.Title, purpose: p, exempt: d.Exempt.Text,
		obligations: obligationsOf(d.Obligations), limits: limitsOf(doc.Limits{}), say: d.Say, justify: d.Justify, disclosure: d,
	})
	c.recipients(&c.set.tasks[n], d.To)
	classes, overlays := c.classesAndOverlays(d.Never)
	c.compileLines(n, &d.First, d.Also, nil, classes, overlays, Read|Export)
	c.set.disclosures[d.Name.Text] = n
}

// compileLines compiles the first line of a task and those of also; what a line
// of also is silent about is the task's, policy-language 2. verbs, if not zero,
// are those of every line.
func (c *compiler) compileLines(n int, first *doc.Line, also []doc.Line, views []doc.View, never catalog.ClassSet, neverO catalog.OverlaySet, verbs Verb) {
	t := &c.set.tasks[n]
	t.first = len(c.set.lines)
	own := c.hold(first.At, first.While)
	for i := -1; i < len(also); i++ {
		d, whiles := first, own
		if i >= 0 {
			d = &also[i]
			whiles = c.product(d.At, own, c.hold(d.At, d.While))
		}
		l := line{id: t.id, task: n, nth: i + 2, verbs: verbs, glass: t.glass, exempt: t.exempt != "", doc: d, lend: first.Lend}
		if i >= 0 {
			l.id = fmt.Sprintf("%s#%d", t.id, l.nth)
			if d.Lend != nil {
				l.lend = d.Lend
			}
		}
		if verbs == 0 {
			l.verbs = verbsOf(d.Do)
			if len(d.Do) == 0 {
				l.verbs = Read
			}
		}
		c.compileSee(&l, views, d.See, first.See)
		c.within(&l, whiles, d, first)
		l.lifts = c.overlays(d.Marked, c.cat.Overlays()&c.set.hiding) &^ neverO
		l.hides = c.set.hiding | neverO
		l.see = View{
			Keep: l.see.Keep.Minus(never), Last4: l.see.Last4.Minus(never), Coarse: l.see.Coarse.Minus(never),
			Token: l.see.Token.Minus(never), Mask: l.see.Mask, // mask shows no part of a value, rule 10
		}
		l.ask = l.ask.Minus(never)
		l.shown = l.see.Shown().Union(l.ask)
		l.masks, l.asks, l.all = masksOf(&l.see), maskOf(&l.ask), maskOf(&l.shown)
		c.set.lines = append(c.set.lines, l)
	}
	t.end = len(c.set.lines)
}

func (c *compiler) within(l *line, whiles []FactSet, d, first *doc.Line) {
	w := d.Within
	if w == nil {
		w = first.Within
	}
	if w == nil {
		w = &doc.Within{At: d.At}
	}
	l.whole, l.back = w.WholeRecord, w.Back
	switch w.Place.Text {
	case "department":
		l.place = OwnDepartment
	case "facility":
		l.place = OwnFacility
	case "":
	default:
		c.errorf(w.Place.At, "place", "place is department or facility, not %q", w.Place.Text)
	}
	l.narrowed = !l.back.Zero() || l.place != Anywhere
	l.conjs = c.lineConjs(d.At, whiles, w.Of)
	for i := range l.conjs {
		l.slots = l.slots || len(l.conjs[i].ofs) > 0
	}
}

func (c *compiler) compileSee(l *line, views []doc.View, see, first *doc.See) {
	if see == nil {
		see = first
	}
	if see == nil {
		return
	}
	l.see, l.ask = c.see(viewOf(views, see))
}

// viewOf follows the name of a view of the same file.
func viewOf(views []doc.View, see *doc.See) *doc.See {
	if see.View.Text == "" {
		return see
	}
	for i := range views {
		if views[i].Name.Text == see.View.Text {
			return &views[i].See
		}
	}
	return see
}

// see resolves a `see`: for each class the longest name that covers it decides
// (rule 6). Classes that no name covers, and those under omit, do not show.
func (c *compiler) see(d *doc.See) (View, catalog.ClassSet) {
	var v View
	var ask, omit catalog.ClassSet
	to := []struct {
		words doc.Words
		set   *catalog.ClassSet
	}{{d.Keep, &v.Keep}, {d.Last4, &v.Last4}, {d.Coarse, &v.Coarse}, {d.Token, &v.Token}, {d.Mask, &v.Mask}, {d.Ask, &ask}, {d.Omit, &omit}}
	longest := map[catalog.Class]int{}
	chosen := map[catalog.Class]*catalog.ClassSet{}
	for _, list := range to {
		for _, w := range list.words {
			covered, ok := c.cat.Covered(w.Text)
			if !ok {
				c.errorf(w.At, "unknown-class", "no class is called %q", w.Text)
				continue
			}
			for class := range covered.Intersect(c.cat.Content()).All {
				if n := strings.Count(w.Text, ".") + 1; n > longest[class] {
					longest[class], chosen[class] = n, list.set
				}
			}
		}
	}
	for class, set := range chosen {
		*set = set.With(class)
	}
	return v, ask
}

func (c *compiler) compileFind(n int, d *doc.Find, views []doc.View, never catalog.ClassSet) {
	if d == nil {
		return
	}
	f := &find{atLeast: d.AtLeast}
	for _, w := range d.By {
		class, ok := c.cat.Class(w.Text)
		if !ok {
			c.errorf(w.At, "unknown-class", "no class is called %q", w.Text)
		}
		f.by = append(f.by, class)
	}
	v, _ := c.see(viewOf(views, &d.Show))
	f.show = View{Keep: v.Keep.Minus(never), Last4: v.Last4.Minus(never), Coarse: v.Coarse.Minus(never), Token: v.Token.Minus(never), Mask: v.Mask}
	c.set.tasks[n].find = f
}

func verbsOf(words doc.Words) Verb {
	var v Verb
	for _, w := range words {
		v |= verbNames[w.Text]
	}
	return v
}

var verbNames = map[string]Verb{"read": Read, "search": Search, "create": Create, "update": Update, "export": Export}

func obligationsOf(words doc.Words) Obligations {
	var o Obligations
	for _, w := range words {
		o |= obligationNames[w.Text]
	}
	return o
}

func orElse(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
