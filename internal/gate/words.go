package gate

import (
	"slices"
	"sync"

	"modicum/catalog"
	"modicum/ledger"
	"modicum/policy"
)

// words spells sets of one policy for the record, each once: requests of the same
// tasks spell the same few over and over. What it gives out is shared and never
// changed.
type words struct {
	set        *policy.Set
	generation string
	attached   attached
	types      types

	views   spelt[policy.View, ledger.View]
	facts   spelt[policy.FactSet, []string]
	classes spelt[catalog.ClassSet, []string]
	owed    spelt[policy.Obligations, []string]
}

// mostWords bounds what is remembered of each kind; beyond, it is spelt anew.
const mostWords = 4096

// spelt remembers how sets of a kind are spelt.
type spelt[K comparable, V any] struct {
	mu sync.RWMutex
	as map[K]V
}

// of is how a set is spelt, by spell where it is not known yet.
func (s *spelt[K, V]) of(set *K, spell func() V) V {
	s.mu.RLock()
	out, known := s.as[*set]
	s.mu.RUnlock()
	if known {
		return out
	}
	out = spell()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.as == nil {
		s.as = make(map[K]V)
	}
	if len(s.as) < mostWords {
		s.as[*set] = out
	}
	return out
}

// wordsOf returns the words of the policy in force.
func (g *Gate) wordsOf(set *policy.Set) *words {
	if w := g.spelt.Load(); w != nil && w.set == set {
		return w
	}
	w := &words{set: set, generation: set.Hash() + "." + set.Catalog().Hash(), attached: attachedIn(set.Catalog()), types: typesIn(set.Catalog())}
	g.spelt.Store(w)
	return w
}

func (w *words) view(v *policy.View) ledger.View {
	return w.views.of(v, func() ledger.View { return viewOf(w.set.Catalog(), v) })
}

// factNames lists the facts of a set in order of their names.
func (w *words) factNames(of *policy.FactSet) []string {
	if of.Empty() {
		return nil
	}
	return w.facts.of(of, func() (out []string) {
		for _, f := range w.set.Facts() {
			if of.Has(f.ID) {
				out = append(out, f.Name)
			}
		}
		slices.Sort(out)
		return out
	})
}

// obligations are the names of a set, as policies write them.
func (w *words) obligations(o policy.Obligations) []string {
	return w.owed.of(&o, func() []string { return o.Names() })
}

// types are those that the gate asks for by name, for every record.
type types struct{ patient, encounter, binary catalog.Type }

func typesIn(cat *catalog.Catalog) (t types) {
	t.patient, _ = cat.Type("Patient")
	t.encounter, _ = cat.Type("Encounter")
	t.binary, _ = cat.Type("Binary")
	return t
}

func (w *words) classNames(s catalog.ClassSet) []string {
	if s.Empty() {
		return nil
	}
	return w.classes.of(&s, func() []string { return classNames(w.set.Catalog(), s) })
}

// viewOf spells a view with the words of the policy.
func viewOf(cat *catalog.Catalog, v *policy.View) ledger.View {
	out := make(ledger.View)
	for name, set := range map[string]catalog.ClassSet{
		"keep": v.Keep, "last4": v.Last4, "coarse": v.Coarse, "token": v.Token, "mask": v.Mask,
	} {
		if !set.Empty() {
			out[name] = classNames(cat, set)
		}
	}
	return out
}

func classNames(cat *catalog.Catalog, s catalog.ClassSet) []string {
	var out []string
	for c := range s.All {
		out = append(out, cat.Name(c))
	}
	slices.Sort(out)
	return out
}
