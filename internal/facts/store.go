package facts

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"modicum/policy"
)

// Store keeps the facts in force and swaps them whole. Reading is free of locks;
// changes are made one after another.
type Store struct {
	now  func() (time.Time, bool)
	seed maphash.Seed
	idx  atomic.Pointer[Index]

	mu       sync.Mutex // guards what follows, and the making of a new Index
	changed  func(*Index)
	files    map[string]*file
	linkings map[string][]string
}

// NewStore returns an empty Store: until sources are read, nothing permits and
// every fact is unknown. now gives the time and whether it can be trusted.
// changed, when not nil, is told of every new Index, in order, before the change
// that made it returns; it must not call the Store.
func NewStore(voc *Vocabulary, now func() (time.Time, bool), changed func(*Index)) *Store {
	s := &Store{now: now, seed: maphash.MakeSeed(), changed: changed, files: map[string]*file{}}
	base := newSegment(s.seed)
	base.seal(nil, nil, nil)
	s.publish(&Index{voc: voc, base: base, sources: make([]sourceState, len(voc.Sources))})
	return s
}

// Index returns the facts in force.
func (s *Store) Index() *Index { return s.idx.Load() }

// publish completes ix and puts it in force. The caller holds mu, or nobody else
// knows s yet.
func (s *Store) publish(ix *Index) {
	ix.links = s.linkings
	ix.complete()
	s.idx.Store(ix)
	if s.changed != nil {
		s.changed(ix)
	}
}

// complete computes what follows from origins and vocabulary.
func (ix *Index) complete() {
	ix.conds = ix.voc.conditions()
	for i := range ix.sources {
		ix.sources[i].wholeAt, ix.sources[i].broken = 0, ""
	}
	for i := range ix.origins {
		o := &ix.origins[i]
		src := &ix.sources[o.source]
		if o.whole {
			src.wholeAt = max(src.wholeAt, o.wholeAt)
		}
		if o.broken != "" {
			src.broken = o.broken
		}
	}
	ix.unknown, ix.about = policy.FactSet{}, [2]policy.FactSet{}
	for i := range ix.voc.Kinds {
		k := &ix.voc.Kinds[i]
		if k.Builtin {
			continue
		}
		about := 0
		if k.Patient {
			about = 1
		}
		ix.about[about].Add(policy.FactID(i))
		for _, src := range k.Sources {
			if ix.sources[src].wholeAt == 0 {
				ix.unknown.Add(policy.FactID(i))
			}
		}
	}
}

// change is what one origin has to say now.
type change struct {
	name    string
	source  int
	learned uint32          // of the whole origin; kept by rows that do not say it themselves
	replace bool            // its rows are replaced by add; otherwise add joins them
	drop    map[string]bool // ids of its rows that go
	add     *segment        // not sealed; nil: nothing
	perRow  bool            // rows of add keep learned for themselves
	whole   uint32          // since when it is the source's entire content; 0: it does not say
	broken  string          // why it could not be read; then the rest of change is empty
	gone    bool            // it cannot be read any more: its facts age at once, restrictions stay
}

// apply makes one new Index out of all changes, and puts it in force.
func (s *Store) apply(changes []change) {
	old := s.idx.Load()
	now, _ := s.now()
	next := &Index{voc: old.voc, base: old.base, delta: old.delta,
		origins: append([]origin(nil), old.origins...), sources: append([]sourceState(nil), old.sources...)}
	m := merge{old: old, next: next, now: uint32(max(0, now.Unix())), seed: s.seed}
	for i := range changes {
		m.enter(&changes[i])
	}
	m.run()
	s.publish(next)
}

// SetLinks gives the pairs of Patient.link, both ids; it replaces all before.
// Restrictions on one of a cluster count for all of it.
func (s *Store) SetLinks(pairs [][2]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.linkings = clusters(pairs)
	s.apply(nil)
}

// clusters gives for each patient the others reachable over links.
func clusters(pairs [][2]string) map[string][]string {
	parent := map[string]string{}
	var root func(string) string
	root = func(p string) string {
		if parent[p] == "" || parent[p] == p {
			parent[p] = p
			return p
		}
		r := root(parent[p])
		parent[p] = r
		return r
	}
	for _, pair := range pairs {
		parent[root(pair[0])] = root(pair[1])
	}
	members := map[string][]string{}
	for p := range parent {
		r := root(p)
		members[r] = append(members[r], p)
	}
	out := map[string][]string{}
	for p := range parent {
		for _, q := range members[root(p)] {
			if q != p {
				out[p] = append(out[p], q)
			}
		}
	}
	return out
}

// SourceState says how one source is doing.
type SourceState struct {
	Name       string        `json:"source"`
	Fresh      time.Duration `json:"-"`
	LastWhole  time.Time     `json:"last_whole,omitzero"`  // zero: never read whole, its facts are unknown to restrictions
	LastChange time.Time     `json:"last_change,omitzero"` // when anything was last learned from it
	Facts      int           `json:"facts"`
	Stale      bool          `json:"stale"` // nothing it said is fresh: none of its facts permits
	NeverWhole bool          `json:"never_whole"`
	Broken     string        `json:"broken,omitempty"` // why it could not be read the last time; never a value
}

// Sources says how each source is doing at now, in the order of the vocabulary.
func (ix *Index) Sources(now time.Time) []SourceState {
	ix.counted.Do(ix.count)
	out := make([]SourceState, len(ix.voc.Sources))
	for i := range ix.voc.Sources {
		src, v := &ix.sources[i], &ix.voc.Sources[i]
		st := SourceState{Name: v.Name, Fresh: v.Fresh, Facts: ix.counts[i], NeverWhole: src.wholeAt == 0, Broken: src.broken}
		if src.wholeAt != 0 {
			st.LastWhole = time.Unix(int64(src.wholeAt), 0).UTC()
		}
		if src.changed != 0 {
			st.LastChange = time.Unix(int64(src.changed), 0).UTC()
		}
		st.Stale = src.changed == 0 || now.Sub(st.LastChange) > v.Fresh
		out[i] = st
	}
	return out
}

func (ix *Index) count() {
	ix.counts = make([]int, len(ix.sources))
	ix.eachRow(func(_ *segment, r *row) bool {
		if ix.live(r) {
			ix.counts[ix.origins[r.origin].source]++
		}
		return true
	})
}

// Whole reports whether a source ever stated all that it knows.
func (ix *Index) Whole(source string) bool {
	for i := range ix.voc.Sources {
		if ix.voc.Sources[i].Name == source {
			return ix.sources[i].wholeAt != 0
		}
	}
	return false
}

// Unknown are the facts of which a source was never read whole.
func (ix *Index) Unknown() policy.FactSet { return ix.unknown }
