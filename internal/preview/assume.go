package preview

import (
	"modicum/internal/facts"
	"modicum/policy"
)

// Assume makes a fact of the policy hold, as Hold does, or a condition with `where`: its
// fact holds then, and the condition is met whatever it asks of the fact's values.
func (p *Preview) Assume(name string) error {
	id, ok := p.set.Fact(name)
	if !ok {
		_, err := p.kind(name) // says what it is instead
		return err
	}
	info := p.set.Facts()[id]
	if info.Where == "" {
		return p.Hold(name)
	}
	p.assumed[id] = true
	return p.Hold(p.set.Facts()[info.Base].Name)
}

// Fact is something that a look can assume.
type Fact struct{ Name, Means string }

// Facts lists what can be assumed of a task: what its lines ask for, and apart from that
// what restrictions on its purpose look at.
func Facts(set *policy.Set, task policy.TaskInfo) (asks, restricts []Fact) {
	seen := policy.FactSet{}
	add := func(to *[]Fact, some policy.FactSet) {
		for f := range some.All {
			info := set.Facts()[f]
			if seen.Has(f) || info.Builtin || len(info.Sources) == 0 && len(set.Facts()[info.Base].Sources) == 0 {
				continue // nobody states it
			}
			seen.Add(f)
			*to = append(*to, Fact{info.Name, info.Means})
		}
	}
	add(&asks, set.TaskRestsOn(task.ID))
	for i := range set.Restrictions() {
		if concerns(set, i, task.Purpose) {
			add(&restricts, set.RestrictionRestsOn(i))
		}
	}
	return asks, restricts
}

// concerns reports whether a restriction is about a purpose.
func concerns(set *policy.Set, i int, purpose string) bool {
	of := set.Restriction(i).Purposes
	for _, w := range of {
		if w.Text == purpose {
			return true
		}
	}
	return len(of) == 0
}

// meeting is a vocabulary's Where, by which what is assumed is met.
func (p *Preview) meeting(v *facts.Vocabulary) *facts.Vocabulary {
	where := v.Where
	v.Where = func(id policy.FactID, in facts.WhereInput) bool { return p.assumed[id] || where(id, in) }
	return v
}
