package doc

import (
	"slices"
	"strings"
)

func (c *checker) conditions(where func(Condition, Fact) error) {
	for i := range c.f.Conditions.Sources {
		if s := &c.f.Conditions.Sources[i]; s.Name.Text == fhirSource {
			c.errorf(s.Name.At, "source", "leave it out and name fhir under from", "the source fhir is built in")
		}
	}
	for i := range c.f.Conditions.Facts {
		c.fact(&c.f.Conditions.Facts[i])
	}
	for i := range c.f.Conditions.Conditions {
		c.condition(&c.f.Conditions.Conditions[i], where)
	}
	c.circles()
}

func (c *checker) fact(f *Fact) {
	if Builtin(f.Name.Text) {
		c.errorf(f.Name.At, "fact", "call it differently", "the fact %s is built in", f.Name.Text)
	}
	for _, w := range f.From {
		switch {
		case w.Text != fhirSource:
			if known(c, w, "source", c.sources) {
				c.usedWord["source "+w.Text] = true
			}
		case !slices.Contains(fhirFacts, f.Name.Text):
			c.errorf(w.At, "source", "it states "+listed(fhirFacts), "the source fhir does not state %s", f.Name.Text)
		}
	}
	for _, v := range f.Values {
		if v.Key.Text == "classes" || v.Key.Text == "marked" {
			c.errorf(v.Key.At, "fact", "list it under carries, or call the value differently", "%s is something a fact carries", v.Key.Text)
		}
	}
}

func (c *checker) condition(cond *Condition, where func(Condition, Fact) error) {
	name := cond.Name
	if Builtin(name.Text) || c.facts[name.Text] != nil {
		c.errorf(name.At, "condition", "call it differently", "%s is a fact already", name.Text)
	}
	ways := 0
	for _, written := range []bool{cond.Any != nil, cond.All != nil, cond.Fact.Text != ""} {
		if written {
			ways++
		}
	}
	if ways > 1 {
		c.errorf(name.At, "condition", "make one condition of each", "%s has more than one of any, all and fact", name.Text)
	}
	for _, w := range slices.Concat(cond.Any, cond.All) {
		c.factWord(w)
	}
	c.whereOf(cond, where)
}

// whereOf: `fact` comes with `where` and the other way round, and the hook reads it.
func (c *checker) whereOf(cond *Condition, where func(Condition, Fact) error) {
	switch {
	case cond.Fact.Text == "" && cond.Where.Text == "":
		return
	case cond.Fact.Text == "":
		c.errorf(cond.Where.At, "condition", "write fact: and the name of the fact it reads", "where has no fact to read")
		return
	case c.facts[cond.Fact.Text] == nil && c.conds[cond.Fact.Text] != nil:
		c.errorf(cond.Fact.At, "condition", "name a fact; combine conditions by all", "%s is a condition", cond.Fact.Text)
		return
	case Builtin(cond.Fact.Text):
		c.errorf(cond.Fact.At, "condition", "name it directly, or by all", "%s is built in and has no values", cond.Fact.Text)
		return
	}
	if !known(c, cond.Fact, "fact", c.facts) {
		return
	}
	c.usedFact[cond.Fact.Text] = true
	if cond.Where.Text == "" {
		c.errorf(cond.Fact.At, "condition", "write where:, or name the fact itself", "fact without where is only another name")
		return
	}
	if where == nil {
		return
	}
	if err := where(*cond, *c.facts[cond.Fact.Text]); err != nil {
		c.errorf(cond.Where.At, "where", "", "%s", strings.TrimSpace(err.Error()))
	}
}

// circles: no condition rests on itself.
func (c *checker) circles() {
	const (
		entered = 1
		left    = 2
	)
	state := map[string]int{}
	var visit func(name string)
	visit = func(name string) {
		cond := c.conds[name]
		if cond == nil || state[name] != 0 {
			return
		}
		state[name] = entered
		for _, w := range slices.Concat(cond.Any, cond.All) {
			if state[w.Text] == entered {
				c.errorf(w.At, "circle", "leave one of them out", "%s rests on %s, which rests on it", name, w.Text)
			}
			visit(w.Text)
		}
		state[name] = left
	}
	for i := range c.f.Conditions.Conditions {
		visit(c.f.Conditions.Conditions[i].Name.Text)
	}
}

// factWord holds a word to be a fact or a condition, and notes its use.
func (c *checker) factWord(w Word) bool {
	c.usedFact[w.Text] = true
	if w.Text == "" || Builtin(w.Text) || c.facts[w.Text] != nil || c.conds[w.Text] != nil {
		return true
	}
	among := append(append(sorted(c.facts), sorted(c.conds)...), builtinFacts...)
	c.errorf(w.At, "unknown-fact", didYouMean(w.Text, among), "there is no fact or condition %s", quoted(w.Text))
	return false
}

// holdWords holds every word of a hold to be known. Rule 5: any holds names, or
// names and one all.
func (c *checker) holdWords(h Hold) {
	for _, t := range h {
		c.factWord(t.Name)
		inner := 0
		for _, a := range t.Any {
			c.factWord(a.Name)
			for _, w := range a.All {
				c.factWord(w)
			}
			if a.All == nil {
				continue
			}
			if inner++; inner > 1 {
				c.errorf(a.All[:1].at(), "rule-5", "give one of them a name in conditions.yaml", "any holds one all at most")
			}
		}
	}
}

func (ws Words) at() At {
	if len(ws) == 0 {
		return At{}
	}
	return ws[0].At
}

// names reports whether a hold names a fact anywhere, conditions not looked into.
func (h Hold) names(fact string) (at At, ok bool) {
	for _, t := range h {
		if t.Name.Text == fact {
			return t.Name.At, true
		}
		for _, a := range t.Any {
			if a.Name.Text == fact {
				return a.Name.At, true
			}
			for _, w := range a.All {
				if w.Text == fact {
					return w.At, true
				}
			}
		}
	}
	return At{}, false
}

// every reports whether a hold cannot hold without a fact for which is says yes:
// of a list one is enough, of alternatives each must.
func (c *checker) every(h Hold, is func(fact string) bool) bool {
	return slices.ContainsFunc(h, func(t Term) bool {
		if t.Name.Text != "" {
			return c.rests(t.Name.Text, is, 0)
		}
		for _, a := range t.Any {
			strong := a.Name.Text != "" && c.rests(a.Name.Text, is, 0) ||
				slices.ContainsFunc(a.All, func(w Word) bool { return c.rests(w.Text, is, 0) })
			if !strong {
				return false
			}
		}
		return len(t.Any) > 0
	})
}

// maxConditions bounds how deep conditions may rest on each other; circles are
// reported elsewhere.
const maxConditions = 32

// rests reports whether a fact or condition cannot hold without a fact for which
// is says yes. An unknown name was reported already, and is given the benefit of
// the doubt: one mistake, one problem.
func (c *checker) rests(name string, is func(fact string) bool, depth int) bool {
	cond := c.conds[name]
	if cond == nil || depth > maxConditions {
		return is(name) || c.facts[name] == nil && !Builtin(name)
	}
	inner := func(w Word) bool { return c.rests(w.Text, is, depth+1) }
	switch {
	case cond.Fact.Text != "":
		return is(cond.Fact.Text)
	case len(cond.All) > 0:
		return slices.ContainsFunc(cond.All, inner)
	}
	return len(cond.Any) > 0 && !slices.ContainsFunc(cond.Any, func(w Word) bool { return !inner(w) })
}

// aboutPatient reports whether a fact is about the patient; the built-in ones are.
func (c *checker) aboutPatient(fact string) bool {
	if f := c.facts[fact]; f != nil {
		return f.About.Text == "patient"
	}
	return Builtin(fact)
}

// carries returns what a fact, or the facts a condition may rest on, carry.
func (c *checker) carries(name string, depth int) (out []string) {
	if f := c.facts[name]; f != nil {
		for _, w := range f.Carries {
			out = append(out, w.Text)
		}
		return out
	}
	cond := c.conds[name]
	if cond == nil || depth > maxConditions {
		return nil
	}
	if cond.Fact.Text != "" {
		return c.carries(cond.Fact.Text, depth+1)
	}
	for _, w := range slices.Concat(cond.Any, cond.All) {
		out = append(out, c.carries(w.Text, depth+1)...)
	}
	return out
}
