package doc

import (
	"modicum/catalog"
)

func (c *checker) restriction(r *Restriction) {
	everything := len(r.Hide) == 1 && r.Hide[0].Text == "everything"
	if !everything {
		for _, w := range r.Hide {
			if w.Text == "everything" {
				c.errorf(w.At, "restriction", "write hide: everything", "everything stands alone")
				continue
			}
			c.either(Words{w}, false)
		}
	}
	if everything && r.While == nil && r.Of.Text == "" && r.To == nil && r.Purposes == nil {
		c.errorf(r.At, "restriction", "add while, of, to or purposes", "%s hides everything from everybody", r.Name.Text)
	}
	if r.Of.Text != "" && known(c, r.Of, "fact", c.facts) {
		c.usedFact[r.Of.Text] = true
		if len(c.facts[r.Of.Text].Carries) == 0 {
			c.errorf(r.Of.At, "rule-7", "list under carries what its source states with it", "%s carries nothing that of could narrow to", r.Of.Text)
		}
	}
	c.holdWords(r.While)
	c.holdWords(r.Unless)
	c.recipientsOf(r.To)
	for _, w := range r.Purposes {
		c.purpose(w)
	}
	if len(r.Obligations) > 0 && r.Unless == nil {
		c.errorf(r.Obligations[0].At, "restriction", "write unless, or delete obligations", "obligations go with what unless shows, and there is no unless")
	}
}

func (c *checker) disclosure(d *Disclosure) {
	c.owner(d.Owner)
	c.review(d.Review)
	c.approvers(d.Approve)
	c.approver(d.EscalateTo)
	c.recipientsOf(d.To)
	if d.Reliance.Text != "" && d.Exempt.Text != "" {
		c.errorf(d.Reliance.At, "reliance", "delete one of them", "reliance is about the minimum, from which the disclosure is exempt")
	}
	if len(d.Pause) > 0 && d.EscalateTo.Text == "" {
		c.errorf(d.Pause[0].At, "pause", "write escalate-to: and who decides", "a release that pauses goes to nobody")
	}
	fr := frame{name: "disclosures/" + d.Name.Text, exempt: d.Exempt.Text != "", justify: d.Justify != ""}
	fr.purpose = c.purpose(d.Purpose)
	c.exempt(d.Exempt, d.To, fr.purpose)
	fr.never, fr.neverO = c.either(d.Never, true)
	c.written(&d.First, &fr)
	for i := range d.Also {
		c.written(&d.Also[i], &fr)
	}
	for _, l := range d.Lines() {
		s := c.filled(&l, &fr)
		c.seen = c.seen.Union(s.all())
	}
}

func (c *checker) partner(p *Partner) {
	c.owner(p.Owner)
	c.review(p.Contract.Review)
	for _, kind := range recipients {
		if p.Name.Text == kind {
			c.errorf(p.Name.At, "partner", "call it by its own name", "%s is a kind of recipient", kind)
		}
	}
	if from, until := p.Contract.From, p.Contract.Until; until.Text != "" && until.Text < from.Text {
		c.errorf(until.At, "contract", "", "the contract ends on %s, before it begins", until.Text)
	}
	for _, w := range p.Purposes {
		c.purpose(w)
	}
	ceiling := c.contentClasses(p.MaySee)
	c.overlaysOf(p.Marked, true)
	never, _ := c.either(p.Never, true)
	ceiling = ceiling.Minus(never)
	if ceiling.Empty() && len(p.MaySee) > 0 {
		c.errorf(p.MaySee[0].At, "rule-10", "shorten never", "never takes away everything the partner may see")
	}
	for _, w := range p.Roles {
		known(c, w, "role", c.roles)
	}
	for _, w := range p.Programs {
		c.partnerProgram(p, w, ceiling)
	}
	if len(p.Roles)+len(p.Programs) == 0 {
		c.warnf(p.At, "partner", "name its roles or programs, or delete the file", "the partner %s has neither people nor programs here", p.Name.Text)
	}
	if p.CloseAccess.Zero() {
		c.warnf(p.At, "partner", "write at-end: {close-access: ..., return-or-destroy: ...}", "what happens at the end of the contract is not said (45 CFR 164.504(e)(2)(ii)(J))")
	}
}

// partnerProgram: a program names its partner, and its ceiling is no wider than its task.
func (c *checker) partnerProgram(p *Partner, w Word, ceiling catalog.ClassSet) {
	programs := map[string]*Program{}
	for i := range c.f.Organization.Programs {
		programs[c.f.Organization.Programs[i].Name.Text] = &c.f.Organization.Programs[i]
	}
	if !known(c, w, "program", programs) {
		return
	}
	program := programs[w.Text]
	if program.Partner.Text != p.Name.Text {
		c.errorf(w.At, "program", "write partner: "+p.Name.Text+" with the program", "the program %s does not name this partner", w.Text)
	}
	task, ok := c.shownBy[program.Role.Text+"/"+program.Task.Text]
	if wider := ceiling.Minus(task); ok && !wider.Empty() {
		c.warnf(w.At, "wide-ceiling", "shorten may-see, or add to never", "the ceiling of %s is wider than its task: %s", w.Text, c.classNames(wider, 6))
	}
}

// catalogs: extensions and databases.
func (c *checker) catalogs() {
	urls := map[string]At{}
	for _, e := range c.f.Extensions {
		c.contentLeaf(e.Class)
		if first, twice := urls[e.URL.Text]; twice {
			c.errorf(e.URL.At, codeDuplicate, "keep one of them", "the extension is classified twice, first in %s:%d", first.File, first.Line)
		}
		urls[e.URL.Text] = e.URL.At
	}
	for i := range c.f.Databases {
		for j := range c.f.Databases[i].Tables {
			c.table(&c.f.Databases[i].Tables[j])
		}
	}
}

func (c *checker) table(t *Table) {
	var held catalog.ClassSet
	var unseen []Word
	for _, column := range t.Columns {
		class, ok := c.contentLeaf(column.Value)
		if !ok {
			continue
		}
		held = held.With(class)
		if !c.byRoles.Has(class) {
			unseen = append(unseen, column.Value)
		}
	}
	if data := held.Minus(c.free); t.Patient.Text == "" && !data.Empty() {
		c.errorf(t.Name.At, "table", "write patient: and the column that names the patient", "%s holds patient data (%s), but no column names the patient", t.Name.Text, c.classNames(data, 3))
	}
	for _, w := range unseen {
		c.warnf(w.At, "unseen-column", "leave the column out, or give it another class", "no role sees %s", w.Text)
	}
}

// contentLeaf holds a word to be one content class, not a beginning of several.
func (c *checker) contentLeaf(w Word) (catalog.Class, bool) {
	if w.Text == "" {
		return 0, false
	}
	class, ok := c.cat.Class(w.Text)
	if _, begins := c.cat.Covered(w.Text); !ok && begins {
		c.errorf(w.At, "unknown-class", "name the class itself", "%s is the beginning of several classes", w.Text)
		return 0, false
	}
	if !ok {
		c.unknownClass(w)
		return 0, false
	}
	if c.overlayWord(w) {
		c.errorf(w.At, "overlay-in-see", "an overlay lies on a whole record", "%s is an overlay", w.Text)
		return 0, false
	}
	return class, true
}
