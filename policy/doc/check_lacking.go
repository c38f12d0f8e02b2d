package doc

import (
	"strings"

	"modicum/catalog"
)

// lacking warns of what a policy does not have and perhaps should: policy-language
// 8, last paragraph, and design.md 4.
func (c *checker) lacking() {
	c.unused()
	c.untested()
	c.unlifted()
	var unseen catalog.ClassSet
	for _, info := range c.cat.Classes() {
		if info.ExplicitOnly && !info.IsOverlay && !c.seen.Has(info.Class) {
			unseen = unseen.With(info.Class)
		}
	}
	if !unseen.Empty() && len(c.f.Roles) > 0 {
		c.warnf(c.f.Organization.At, "unseen-class", "a parent never covers these: name them where they are meant", "no role or disclosure sees %s", c.classNames(unseen, 20))
	}
	for i := range c.f.Disclosures {
		d := &c.f.Disclosures[i]
		if d.Script == "" {
			c.warnf(d.At, "script", "write script: what the clerk says", "%s has no script", d.Name.Text)
		}
		if len(d.Verify) == 0 {
			c.warnf(d.At, "verify", "write verify: what the clerk checks (45 CFR 164.514(h))", "%s verifies nothing", d.Name.Text)
		}
	}
	for i := range c.f.Roles {
		c.idleRole(&c.f.Roles[i])
	}
}

// idleRole warns of a role held by programs that no program has.
func (c *checker) idleRole(r *Role) {
	if r.HeldBy.Text != "programs" {
		return
	}
	used := map[string]bool{}
	for _, p := range c.f.Organization.Programs {
		if p.Role.Text == r.Name.Text {
			used[p.Task.Text] = true
		}
	}
	for i := range r.Tasks {
		if t := &r.Tasks[i]; !used[t.Name.Text] {
			c.warnf(t.At, "idle-task", "list a program in organization.yaml, or delete the task", "no program does %s/%s", r.Name.Text, t.Name.Text)
		}
	}
}

// unused warns of facts, conditions, sources and purposes that nothing names.
func (c *checker) unused() {
	for i := range c.f.Conditions.Conditions {
		if cond := &c.f.Conditions.Conditions[i]; !c.usedFact[cond.Name.Text] {
			c.warnf(cond.Name.At, "unused", "delete it", "nothing uses the condition %s", cond.Name.Text)
		}
	}
	for i := range c.f.Conditions.Facts {
		if f := &c.f.Conditions.Facts[i]; !c.usedFact[f.Name.Text] {
			c.warnf(f.Name.At, "unused", "delete it", "nothing uses the fact %s", f.Name.Text)
		}
	}
	for i := range c.f.Conditions.Sources {
		if s := &c.f.Conditions.Sources[i]; !c.usedWord["source "+s.Name.Text] {
			c.warnf(s.Name.At, "unused", "delete it", "no fact comes from the source %s", s.Name.Text)
		}
	}
	for _, p := range c.f.Organization.Purposes {
		if !c.usedWord["purpose "+p.Name.Text] {
			c.warnf(p.Name.At, "unused", "delete it", "nothing is done for the purpose %s", p.Name.Text)
		}
	}
}

// untested warns of roles, tasks and disclosures that no case tries.
func (c *checker) untested() {
	for i := range c.f.Roles {
		r := &c.f.Roles[i]
		if !c.tested[r.Name.Text] {
			c.warnf(r.At, "untested", "write tests/"+r.Name.Text+".yaml", "the role %s has no tests", r.Name.Text)
			continue
		}
		for j := range r.Tasks {
			if t := &r.Tasks[j]; !c.tested[r.Name.Text+"/"+t.Name.Text] {
				c.warnf(t.At, "untested", "add a case to tests/"+r.Name.Text+".yaml", "no case tries %s/%s", r.Name.Text, t.Name.Text)
			}
		}
	}
	for i := range c.f.Disclosures {
		if d := &c.f.Disclosures[i]; !c.tested["disclosures/"+d.Name.Text] {
			c.warnf(d.At, "untested", "add a case with disclosure: "+d.Name.Text, "no case tries the disclosure %s", d.Name.Text)
		}
	}
}

// unlifted warns of overlays that no role lifts for a purpose: a claim marked HIV
// that nobody may bill.
func (c *checker) unlifted() {
	for _, p := range c.f.Organization.Purposes {
		if !c.patients[p.Name.Text] {
			continue
		}
		hidden := c.cat.Overlays() &^ c.watched &^ c.lifted[p.Name.Text]
		var names []string
		for o := range hidden.All {
			names = append(names, c.cat.Name(c.cat.OverlayClass(o)))
		}
		if len(names) > 0 {
			c.warnf(p.Name.At, "unlifted", "is nobody to open these for this purpose?", "for %s no role opens records marked %s", p.Name.Text, strings.Join(names, ", "))
		}
	}
}
