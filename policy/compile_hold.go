package policy

import (
	"modicum/policy/doc"
)

// A hold, multiplied out, is a list of conjunctions: it holds when all facts of
// one of them do. An empty hold is one empty conjunction.

// expand returns the conjunctions of a fact or condition by name.
func (c *compiler) expand(w doc.Word) []FactSet {
	return c.expandWithin(w, 0)
}

func (c *compiler) expandWithin(w doc.Word, depth int) []FactSet {
	if id, ok := c.set.factByName[w.Text]; ok {
		var s FactSet
		s.Add(id)
		return []FactSet{s}
	}
	cond, ok := c.combos[w.Text]
	if !ok || depth > len(c.combos) {
		c.errorf(w.At, "unknown-fact", "no fact or condition is called %q", w.Text)
		return nil
	}
	if len(cond.Any) > 0 {
		return c.anyOf(w.At, cond.Any, depth+1)
	}
	return c.allOf(w.At, cond.All, depth+1)
}

func (c *compiler) anyOf(at doc.At, words doc.Words, depth int) []FactSet {
	var out []FactSet
	for _, w := range words {
		out = append(out, c.expandWithin(w, depth)...)
	}
	return c.capped(at, minimal(out))
}

func (c *compiler) allOf(at doc.At, words doc.Words, depth int) []FactSet {
	out := []FactSet{{}}
	for _, w := range words {
		out = c.product(at, out, c.expandWithin(w, depth))
	}
	return out
}

// hold multiplies out a `while` or `unless`.
func (c *compiler) hold(at doc.At, h doc.Hold) []FactSet {
	out := []FactSet{{}}
	for _, t := range h {
		out = c.product(at, out, c.term(at, t))
	}
	return out
}

func (c *compiler) term(at doc.At, t doc.Term) []FactSet {
	if t.Name.Text != "" {
		return c.expand(t.Name)
	}
	if len(t.All) > 0 {
		return c.allOf(at, t.All, 0)
	}
	var out []FactSet
	for _, inner := range t.Any {
		out = append(out, c.term(at, inner)...)
	}
	return c.capped(at, minimal(out))
}

func (c *compiler) product(at doc.At, a, b []FactSet) []FactSet {
	if len(a)*len(b) > maxConjunctions*maxConjunctions {
		return c.capped(at, make([]FactSet, len(a)*len(b)))
	}
	out := make([]FactSet, 0, len(a)*len(b))
	for _, x := range a {
		for _, y := range b {
			out = append(out, x.Union(y))
		}
	}
	return c.capped(at, minimal(out))
}

// capped refuses what would take too many comparisons for each record.
func (c *compiler) capped(at doc.At, list []FactSet) []FactSet {
	if len(list) <= maxConjunctions {
		return list
	}
	c.errorf(at, "too-many-combinations", "these conditions multiply out to %d combinations of facts, more than %d; split the line, or let the source state one fact for several", len(list), maxConjunctions)
	return nil
}

// minimal drops what another conjunction already covers with fewer facts.
func minimal(list []FactSet) []FactSet {
	if len(list) > maxConjunctions*maxConjunctions {
		return list
	}
	var out []FactSet
	for i := range list {
		covered := false
		for j := range list {
			if i == j || !list[j].in(&list[i]) {
				continue
			}
			if list[i] != list[j] || j < i {
				covered = true
				break
			}
		}
		if !covered {
			out = append(out, list[i])
		}
	}
	return out
}

// slot numbers a fact that narrows. The second result is false for a fact that
// carries nothing: it names everything, so there is nothing to compare.
func (c *compiler) slot(at doc.At, f FactID, restricting bool) (uint8, bool) {
	if c.set.facts[f].Carries == 0 {
		return 0, false
	}
	of := Of{Fact: f, Restricting: restricting}
	if n, ok := c.slotOf[of]; ok {
		return n, true
	}
	n := len(c.set.slots)
	if n == maxSlots {
		c.errorf(at, "too-many-facts", "more than %d facts narrow what lines and restrictions reach", maxSlots)
		return 0, false
	}
	c.set.slots = append(c.set.slots, of)
	c.slotOf[of] = uint8(n)
	return uint8(n), true
}

// lineConjs combines the hold of a line with the facts of its `of`, which must
// hold as well and narrow (rule 7).
func (c *compiler) lineConjs(at doc.At, whiles []FactSet, of doc.Words) []conj {
	ofs := []FactSet{{}}
	for _, w := range of {
		ofs = c.product(at, ofs, c.expand(w))
	}
	if len(whiles)*len(ofs) > maxConjunctions {
		c.capped(at, make([]FactSet, len(whiles)*len(ofs)))
		return nil
	}
	var out []conj
	for _, w := range whiles {
		for _, o := range ofs {
			out = append(out, c.conj(at, w.Union(o), o))
		}
	}
	return out
}

func (c *compiler) conj(at doc.At, need, of FactSet) conj {
	caller := c.set.about[AboutCaller]
	k := conj{caller: need.Intersect(caller), patient: need.Minus(caller)}
	for f := range of.All {
		if n, ok := c.slot(at, f, false); ok {
			k.ofs = append(k.ofs, ofSlot{slot: n, caller: caller.Has(f)})
		}
	}
	return k
}
