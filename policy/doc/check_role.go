package doc

import (
	"slices"

	"modicum/catalog"
)

func (c *checker) role(r *Role) {
	c.owner(r.Owner)
	c.review(r.Review)
	fr := frame{programs: r.HeldBy.Text == "programs"}
	fr.never, fr.neverO = c.either(r.Never, true)
	fr.find = slices.ContainsFunc(r.Tasks, func(t Task) bool { return t.Find != nil })
	for i := range r.Views {
		c.see(&r.Views[i].See, fr.never)
	}
	for i := range r.Tasks {
		c.task(r, &r.Tasks[i], fr)
	}
	c.views(r)
}

// views: none is unused, none is missing.
func (c *checker) views(r *Role) {
	used := map[string]bool{}
	views := map[string]bool{}
	for _, v := range r.Views {
		views[v.Name.Text] = true
	}
	check := func(s *See) {
		if s == nil || s.View.Text == "" {
			return
		}
		used[s.View.Text] = true
		if !views[s.View.Text] {
			hint := didYouMean(s.View.Text, sorted(views))
			if other := c.viewElsewhere(r, s.View.Text); other != "" {
				hint = "views are local to a file: repeat that of " + other
			}
			c.errorf(s.View.At, "unknown-view", hint, "this file has no view %s", quoted(s.View.Text))
		}
	}
	for i := range r.Tasks {
		check(r.Tasks[i].First.See)
		for j := range r.Tasks[i].Also {
			check(r.Tasks[i].Also[j].See)
		}
	}
	for _, v := range r.Views {
		if !used[v.Name.Text] {
			c.errorf(v.Name.At, "unused-view", "delete it", "no line sees the view %s", v.Name.Text)
		}
	}
}

func (c *checker) viewElsewhere(here *Role, view string) string {
	for i := range c.f.Roles {
		r := &c.f.Roles[i]
		if r != here && slices.ContainsFunc(r.Views, func(v View) bool { return v.Name.Text == view }) {
			return "roles/" + r.Name.Text + ".yaml"
		}
	}
	return ""
}

func (c *checker) task(r *Role, t *Task, fr frame) {
	fr.name = r.Name.Text + "/" + t.Name.Text
	fr.purpose = c.purpose(t.Purpose)
	fr.exempt, fr.justify, fr.glass = t.Exempt.Text != "", t.Justify != "", t.BreakGlass != nil
	c.recipientsOf(t.To)
	c.exempt(t.Exempt, t.To, fr.purpose)
	c.written(&t.First, &fr)
	for i := range t.Also {
		c.written(&t.Also[i], &fr)
	}
	var seen, open catalog.ClassSet
	lines := r.Lines(t)
	for i := range lines {
		if v := viewOf(t, i); v != nil && v.View.Text != "" && lines[i].See == nil {
			continue // said by views
		}
		s := c.filled(&lines[i], &fr)
		seen, open = seen.Union(s.all()), open.Union(s.open)
		c.note(&lines[i], s, &fr)
	}
	c.shownBy[fr.name] = seen
	c.byRoles = c.byRoles.Union(seen)
	c.find(t, seen, &fr)
	c.breakGlass(t, &fr)
	c.lends(t)
	c.exports(t)
}

// viewOf is the see of the i-th line as written, the task's where it is silent.
func viewOf(t *Task, i int) *See {
	if i > 0 && t.Also[i-1].See != nil {
		return t.Also[i-1].See
	}
	return t.First.See
}

// note remembers what a line shows, for what is lacking in the whole policy.
func (c *checker) note(l *Line, s shown, fr *frame) {
	c.seen = c.seen.Union(s.all())
	if fr.purpose == nil {
		return
	}
	name := fr.purpose.Name.Text
	c.lifted[name] |= c.liftedBy(l) &^ fr.neverO
	if !s.all().Minus(c.free).Empty() {
		c.patients[name] = true
	}
}

// exempt is rule 15: the exception that is named must be one that fits.
func (c *checker) exempt(w Word, to Words, purpose *Purpose) {
	only := func(allowed ...string) bool {
		return len(to) > 0 && !slices.ContainsFunc(to, func(w Word) bool { return !slices.Contains(allowed, c.kindOf(w.Text)) })
	}
	switch w.Text {
	case "provider-treatment":
		if purpose != nil && !purpose.treats() {
			c.errorf(w.At, "rule-15", "name another exemption, or leave it out", "provider-treatment is for treatment, not for %s (45 CFR 164.502(b)(2)(i))", purpose.Name.Text)
		}
		if !only("provider") {
			c.errorf(w.At, "rule-15", "write to: [provider], or leave the exemption out: uses inside are not exempt", "provider-treatment is for disclosures to a provider (45 CFR 164.502(b)(2)(i))")
		}
	case "individual":
		if !only("individual", "representative") {
			c.errorf(w.At, "rule-15", "write to: [individual] or [representative]", "individual is for what goes to the person (45 CFR 164.502(b)(2)(ii))")
		}
	case "hhs":
		if !only("hhs") {
			c.errorf(w.At, "rule-15", "write to: [hhs]", "hhs is for what goes to the Secretary (45 CFR 164.502(b)(2)(iv))")
		}
	}
}

// kindOf is the kind of a recipient: that of a partner, or itself.
func (c *checker) kindOf(recipient string) string {
	if p := c.partners[recipient]; p != nil {
		return p.Kind.Text
	}
	return recipient
}

func (c *checker) find(t *Task, seen catalog.ClassSet, fr *frame) {
	f := t.Find
	if f == nil {
		return
	}
	if fr.programs {
		c.errorf(f.At, "held-by", "leave it out", "a program's role has no find")
	}
	c.contentClasses(f.By)
	if f.AtLeast < 2 || f.AtLeast > len(f.By) {
		c.errorf(f.At, "rule-13", "ask for two at least, and no more than are listed", "at-least is %d of %d", f.AtLeast, len(f.By))
	}
	c.see(&f.Show, fr.never)
	for _, l := range f.Show.lists() {
		for _, w := range l.words {
			covered, ok := c.cat.Covered(w.Text)
			if ok && l.as != omitted && !seen.Covers(covered) {
				c.errorf(w.At, "rule-13", "show only what the task sees", "find shows %s, which the task does not see", w.Text)
			}
		}
	}
}

func (c *checker) breakGlass(t *Task, fr *frame) {
	g, most := t.BreakGlass, c.f.Organization.BreakGlass
	if g == nil {
		return
	}
	if fr.programs {
		c.errorf(g.At, "held-by", "leave it out", "a program's role has no break-glass")
	}
	if fr.purpose != nil && !fr.purpose.treats() {
		c.errorf(g.At, "rule-14", "leave it out", "the glass is broken for treatment, this task is for %s", fr.purpose.Name.Text)
	}
	if g.For.mayExceed(most.For) {
		c.errorf(g.For.At, "break-glass", "write "+most.For.String()+" or less", "%s is over the organization's ceiling of %s", g.For, most.For)
	}
	if g.Review.mayExceed(most.Review) {
		c.errorf(g.Review.At, "break-glass", "write "+most.Review.String()+" or less", "%s is over the organization's ceiling of %s", g.Review, most.Review)
	}
}

// lends: at most one lend a task, rule 14.
func (c *checker) lends(t *Task) {
	first := t.First.Lend
	for i := range t.Also {
		l := t.Also[i].Lend
		if l != nil && first != nil {
			c.errorf(l.At, "rule-14", "make it a task of its own", "a second lend in one task, first in line %d", first.At.Line)
		}
		if first == nil {
			first = l
		}
	}
}

// exports: the verb export goes with a place, and the place with the verb.
func (c *checker) exports(t *Task) {
	verb := t.First.verb("export")
	for i := range t.Also {
		if verb == nil {
			verb = t.Also[i].verb("export")
		}
	}
	place := t.Limits.Export
	switch {
	case verb != nil && place.Text == "none":
		c.errorf(verb.At, "rule-12", "write limits: {export: desk}, workspace, portal or partner", "the task exports, but says nowhere to what place")
	case verb == nil && place.Text != "none":
		c.errorf(place.At, "rule-12", "add export to do, or delete the place", "the task names a place of export, but no line exports")
	}
}

func (l *Line) verb(verb string) *Word {
	for i := range l.Do {
		if l.Do[i].Text == verb {
			return &l.Do[i]
		}
	}
	return nil
}
