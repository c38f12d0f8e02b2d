package policy

import "modicum/catalog"

// RestsOn returns the facts on which access of who holds the roles, or of a program,
// can rest: those of every line of every task, of the look-ups and narrowings on
// them, and of all restrictions. What states such a fact its holder does not write
// (threat-model F10, D13).
func (s *Set) RestsOn(roles []string, program string) FactSet {
	var all FactSet
	if p, ok := s.programs[program]; ok {
		all = all.Union(s.taskRestsOn(p.task))
	}
	for _, name := range roles {
		r, ok := s.roleOf[name]
		if !ok {
			continue
		}
		for _, t := range s.roles[r].tasks {
			all = all.Union(s.taskRestsOn(t))
		}
	}
	for i := range s.restrictions {
		all = all.Union(s.restrictions[i].facts())
	}
	for f := range all.All {
		all.Add(s.facts[f].Base) // of a condition with `where`, the fact that it looks at
	}
	return all
}

func (s *Set) taskRestsOn(t int) FactSet {
	var all FactSet
	task := &s.tasks[t]
	for i := task.first; i < task.end; i++ {
		for _, k := range s.lines[i].conjs {
			all = all.Union(k.caller).Union(k.patient)
			for _, of := range k.ofs {
				all.Add(s.slots[of.slot].Fact)
			}
		}
	}
	return all
}

// MayWrite returns the classes that some task of the policy may write with the verb,
// Create or Update: what its lines have under keep or ask.
func (s *Set) MayWrite(verb Verb) catalog.ClassSet {
	var all catalog.ClassSet
	for i := range s.lines {
		if l := &s.lines[i]; l.verbs&verb != 0 {
			all = all.Union(l.see.Keep).Union(l.ask)
		}
	}
	return all
}

// TaskRestsOn returns the facts that the lines of a task ask for, by the task's id: a
// condition with `where` stands there itself, one of several names by these.
func (s *Set) TaskRestsOn(id string) FactSet {
	for n := range s.infos {
		if s.infos[n].ID == id {
			return s.taskRestsOn(n)
		}
	}
	return FactSet{}
}

// RestrictionRestsOn returns the facts by which restriction i bites, and those that lift
// it.
func (s *Set) RestrictionRestsOn(i int) FactSet { return s.restrictions[i].facts() }

// RestrictionBitesBy returns the facts by which restriction i bites, alone or with others.
func (s *Set) RestrictionBitesBy(i int) FactSet { return s.restrictions[i].bitesBy() }

// RestrictionBitesUnknowing returns the facts never learned by which alone restriction i
// bites for every patient: where it needs a known fact beside them, it bites for some.
func (s *Set) RestrictionBitesUnknowing(i int, unknown FactSet) (by FactSet) {
	r := &s.restrictions[i]
	for _, w := range r.while {
		if w.in(&unknown) {
			by = by.Union(w)
		}
	}
	if r.of == nil || r.while != nil && by.Empty() {
		return by
	}
	var named FactSet
	for j := range r.of {
		if all := factsOf(r.of[j : j+1]); all.in(&unknown) {
			named = named.Union(all)
		}
	}
	if named.Empty() {
		return FactSet{}
	}
	return by.Union(named)
}
