package doc

import (
	"slices"
)

// purposeOfUse are the codes of the value set v3-PurposeOfUse, version 4.0.0
// (terminology.hl7.org/ValueSet/v3-PurposeOfUse).
var purposeOfUse = []string{
	"TREAT", "CLINTRL", "COC", "ETREAT", "BTG", "ERTREAT", "POPHLTH", "TREATDS",
	"HPAYMT", "CLMATTCH", "COVAUTH", "COVERAGE", "ELIGDTRM", "ELIGVER", "ENROLLM", "MILDCRG", "REMITADV", "PMTDS",
	"HOPERAT", "CAREMGT", "DONAT", "FRAUD", "GOV", "HACCRED", "HCOMPL", "HDECD", "HDIRECT", "HDM", "HLEGAL",
	"HOUTCOMS", "HPRGRP", "HQUALIMP", "HSYSADMIN", "LABELING", "METAMGT", "MEMADMIN", "MILCDM", "PATADMIN",
	"PATSFTY", "PERFMSR", "RECORDMGT", "SYSDEV", "HTEST", "TRAIN", "MLTRAINING",
	"HRESCH", "BIORCH", "CLINTRCH", "CLINTRCHNPC", "CLINTRCHPC", "PRECLINTRCH", "DSRCH", "POARCH", "TRANSRCH",
	"PUBHLTH", "DISASTER", "THREAT", "PATRQT", "FAMRQT", "PWATRNY", "SUPNWK", "HMARKT",
}

func (c *checker) organization() {
	o := &c.f.Organization
	c.watched = c.overlaysOf(o.Watch, false)
	c.codes()
	for _, p := range o.Positions {
		if c.roles[p.Text] != nil {
			c.errorf(p.At, "position", "call the position or the role differently", "%s is a position and a role: who approves as %s?", p.Text, p.Text)
		}
	}
	if o.SmallCells < defaultSmallCells {
		c.errorf(o.At, "small-cells", "write 11 or more", "small-cells is %d: counts of 1 to 10 would leave", o.SmallCells)
	}
	c.hears(o.BreakGlass.Tell)
	c.held(&o.BreakGlass)
	if o.Exceptions != nil {
		c.approvers(o.Exceptions.Approve)
	}
	c.approver(o.Approvals.EscalateTo)
	c.substitutes()
	for i := range o.Conflicts {
		conflict := &o.Conflicts[i]
		if len(conflict.Roles) < 2 {
			c.errorf(conflict.At, "conflict", "name two roles", "a conflict is between two roles")
		}
		for _, w := range conflict.Roles {
			known(c, w, "role", c.roles)
		}
	}
}

// CareTeam under `tell` stands for the people whom the fact assigned-patient names with
// the patient.
const CareTeam = "care-team"

// hears: who hears of a broken glass holds a position, or looks after the patient.
func (c *checker) hears(tell Words) {
	for _, w := range tell {
		if w.Text != CareTeam {
			c.approver(w)
		}
	}
	for _, p := range c.f.Organization.Positions {
		if p.Text == CareTeam {
			c.errorf(p.At, "position", "call the position differently", "%s is nobody's position: it stands for whoever looks after a patient", CareTeam)
		}
	}
}

// held: who is held back by an overdue review holds a role that can break a glass.
func (c *checker) held(g *GlassCeiling) {
	if len(g.Hold) > 0 && g.Overdue.Text != "hold" {
		c.errorf(g.Hold[0].At, "hold", "write overdue: hold, or leave hold out", "hold names who is held back, but an overdue review is only reported")
	}
	for _, w := range g.Hold {
		if r := c.roles[w.Text]; known(c, w, "role", c.roles) && !slices.ContainsFunc(r.Tasks, func(t Task) bool { return t.BreakGlass != nil }) {
			c.errorf(w.At, "hold", "leave it out, or write break-glass in a task of the role", "%s breaks no glass: no task of it has break-glass", w.Text)
		}
	}
}

// codes: a code stands under one purpose only, and an emergency under none (rule 2).
func (c *checker) codes() {
	first := map[string]string{}
	for _, p := range c.f.Organization.Purposes {
		for _, code := range p.Codes {
			if glassCode(code.Text) {
				c.errorf(code.At, "rule-2", "leave it out", "%s states an emergency: it picks the tasks that have break-glass, whatever their purpose", code.Text)
				continue
			}
			if before, twice := first[code.Text]; twice {
				c.errorf(code.At, "rule-2", "leave it under one of them", "%s stands under %s too: a stated code must pick one purpose", code.Text, before)
			}
			first[code.Text] = p.Name.Text
			if !slices.Contains(purposeOfUse, code.Text) {
				c.warnf(code.At, "code", didYouMean(code.Text, purposeOfUse), "HL7 has no PurposeOfUse code %s", code.Text)
			}
		}
	}
}

// substitutes: position to position, and never back to the first.
func (c *checker) substitutes() {
	next := map[string]string{}
	for _, p := range c.f.Organization.Approvals.Substitutes {
		c.approver(p.Key)
		c.approver(p.Value)
		next[p.Key.Text] = p.Value.Text
	}
	for _, p := range c.f.Organization.Approvals.Substitutes {
		at := p.Value.Text
		for range next {
			if at == p.Key.Text {
				c.errorf(p.Key.At, "substitute", "let one of them stand in for nobody", "%s would stand in for itself", p.Key.Text)
				break
			}
			at = next[at]
		}
	}
}

// programs: one program, one role held by programs, one task, and a partner that knows it.
func (c *checker) programs() {
	for i := range c.f.Organization.Programs {
		p := &c.f.Organization.Programs[i]
		c.owner(p.Owner)
		c.programTask(p)
		if p.Partner.Text == "" || !known(c, p.Partner, "partner", c.partners) {
			continue
		}
		partner := c.partners[p.Partner.Text]
		if !slices.ContainsFunc(partner.Programs, func(w Word) bool { return w.Text == p.Name.Text }) {
			c.errorf(p.Partner.At, "program", "list it under programs of the partner", "the partner %s does not know the program %s", p.Partner.Text, p.Name.Text)
		}
	}
	for _, s := range c.f.Conditions.Sources {
		for _, w := range s.Programs {
			if slices.ContainsFunc(c.f.Organization.Programs, func(p Program) bool { return p.Name.Text == w.Text }) {
				c.errorf(w.At, "source", "give the feed a token of its own", "%s reads data by organization.yaml: what states facts may not", w.Text)
			}
		}
	}
}

func (c *checker) programTask(p *Program) {
	if !known(c, p.Role, "role", c.roles) {
		return
	}
	r := c.roles[p.Role.Text]
	if r.HeldBy.Text != "programs" {
		c.errorf(p.Role.At, "program", "write held-by: programs in the role, or give the program another", "the role %s is held by %s", r.Name.Text, r.HeldBy.Text)
	}
	t := r.task(p.Task.Text)
	if t == nil {
		if p.Task.Text != "" {
			c.errorf(p.Task.At, "unknown-task", didYouMean(p.Task.Text, r.taskNames()), "the role %s has no task %s", r.Name.Text, quoted(p.Task.Text))
		}
		return
	}
	if partner := c.partners[p.Partner.Text]; partner != nil && t.Purpose.Text != "" && !hasWord(partner.Purposes, t.Purpose.Text) {
		c.errorf(p.Task.At, "program", "change the partner's purposes or the task", "the task is for %s, for which %s has no contract", t.Purpose.Text, partner.Name.Text)
	}
}

func (r *Role) task(name string) *Task {
	for i := range r.Tasks {
		if r.Tasks[i].Name.Text == name {
			return &r.Tasks[i]
		}
	}
	return nil
}

func (r *Role) taskNames() (out []string) {
	for i := range r.Tasks {
		out = append(out, r.Tasks[i].Name.Text)
	}
	return out
}

func hasWord(words Words, text string) bool {
	return slices.ContainsFunc(words, func(w Word) bool { return w.Text == text })
}
