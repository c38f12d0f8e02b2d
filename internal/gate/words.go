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

	mu      sync.RWMutex
	views   map[policy.View]ledger.View
	classes map[catalog.ClassSet][]string
}

// mostWords bounds what is remembered of each kind; beyond, it is spelt anew.
const mostWords = 4096

// wordsOf returns the words of the policy in force.
func (g *Gate) wordsOf(set *policy.Set) *words {
	if w := g.spelt.Load(); w != nil && w.set == set {
		return w
	}
	w := &words{
		set: set, generation: set.Hash() + "." + set.Catalog().Hash(), attached: attachedIn(set.Catalog()),
		views: make(map[policy.View]ledger.View), classes: make(map[catalog.ClassSet][]string),
	}
	g.spelt.Store(w)
	return w
}

func (w *words) view(v *policy.View) ledger.View {
	w.mu.RLock()
	out, known := w.views[*v]
	w.mu.RUnlock()
	if known {
		return out
	}
	out = viewOf(w.set.Catalog(), v)
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.views) < mostWords {
		w.views[*v] = out
	}
	return out
}

func (w *words) classNames(s catalog.ClassSet) []string {
	if s.Empty() {
		return nil
	}
	w.mu.RLock()
	out, known := w.classes[s]
	w.mu.RUnlock()
	if known {
		return out
	}
	out = classNames(w.set.Catalog(), s)
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.classes) < mostWords {
		w.classes[s] = out
	}
	return out
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
