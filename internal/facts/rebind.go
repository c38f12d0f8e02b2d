package facts

import "modicum/policy"

// Rebind puts the facts in force under another policy: a fact keeps its name and
// loses what the new policy no longer knows. Both change as one generation, so
// the new Index is returned, besides being told to changed.
//
// What files say is read again at the next look, since the new policy may read
// their words differently.
func (s *Store) Rebind(voc *Vocabulary) *Index {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.idx.Load()
	b := rebinding{old: old.voc, voc: voc}
	next := &Index{voc: voc, base: newSegment(s.seed), sources: make([]sourceState, len(voc.Sources))}
	origins := b.origins(old, next)
	facts := b.facts()
	old.eachRow(func(from *segment, r *row) bool {
		id, at := facts[r.fact], origins[r.origin]
		if id >= 0 && at >= 0 && b.fits(policy.FactID(id), from, r, next.origins[at].source) {
			c := *r
			c.fact = policy.FactID(id)
			next.base.copy(from, &c, uint16(at))
		}
		return true
	})
	next.base.seal(nil, func(o uint16) int { return next.origins[o].source }, next.learned)
	s.forget(voc)
	s.publish(next)
	return next
}

type rebinding struct{ old, voc *Vocabulary }

// origins maps old to new; -1 where the source is no more.
func (b *rebinding) origins(old, next *Index) []int {
	at := make([]int, len(old.origins))
	for i, o := range old.origins {
		at[i] = -1
		src, ok := b.voc.source(b.old.Sources[o.source].Name)
		if !ok {
			continue
		}
		next.sources[src].changed = max(next.sources[src].changed, old.sources[o.source].changed)
		o.source = src
		at[i] = len(next.origins)
		next.origins = append(next.origins, o)
	}
	return at
}

// facts maps old to new; -1 where the fact is no more.
func (b *rebinding) facts() []int {
	at := make([]int, len(b.old.Kinds))
	for i := range b.old.Kinds {
		at[i] = -1
		if id, ok := b.voc.fact(b.old.Kinds[i].Name); ok {
			at[i] = int(id)
		}
	}
	return at
}

// fits reports whether r is a statement that the new policy would take: from a
// source that may state it, carrying what it must and nothing else. Values are
// judged by `where` itself: one of another type is a fault, which does not hold.
func (b *rebinding) fits(id policy.FactID, s *segment, r *row, source int) bool {
	k := &b.voc.Kinds[id]
	from := false
	for _, src := range k.Sources {
		from = from || src == source
	}
	var c Carried
	if r.carried != none {
		c = s.carried[r.carried].Carried
	}
	return from && k.Patient == (r.patient != noPatient) && k.Object == (r.object != none) &&
		k.Classes == c.HasClasses && k.Marked == c.HasMarked && k.Dates == c.HasDates
}

// forget makes every file be read again. The caller holds mu.
func (s *Store) forget(voc *Vocabulary) {
	old := s.idx.Load().voc
	for _, f := range s.files {
		f.read = false
		var sources []int
		for _, src := range f.sources {
			if at, ok := voc.source(old.Sources[src].Name); ok {
				sources = append(sources, at)
			}
		}
		f.sources = sources
	}
}
