package serve

import (
	"context"
	"errors"
	"io/fs"
	"sync"

	"modicum/internal/door/fhir"
	"modicum/internal/gate"
	"modicum/internal/oversight"
	"modicum/internal/store"
	"modicum/ledger"
	"modicum/policy"
)

// archive is the record as it lies in store and archive.
type archive struct {
	store    *store.Store
	origin   string // of the log in force
	policies string // folder of the archived ones
	set      func() *policy.Set

	mu   sync.Mutex
	sets map[string]*policy.Set // compiled again, by hash
}

// mostSets bounds how many old policies stay compiled.
const mostSets = 8

var _ oversight.Archive = (*archive)(nil)

// openReading opens the record as people and programs read it.
func (s *Server) openReading(refs *ledger.Refs) *oversight.Record {
	return &oversight.Record{
		Archive: s.openArchive(), Log: s.record(), Refs: refs, People: s.org.people, Policy: s.set, Key: s.vkey, Doors: []string{fhir.Name, "ledger"},
	}
}

func (s *Server) openArchive() *archive {
	return &archive{store: s.store, origin: s.opts.Config.Ledger.Origin, policies: s.policies(), set: s.set, sets: map[string]*policy.Set{}}
}

// Find implements oversight.Archive.
func (a *archive) Find(ctx context.Context, q oversight.Query) (oversight.Page, error) {
	w := store.Wanted{
		Who: q.Who, Role: q.Role, Task: q.Task, Purpose: q.Purpose, Door: q.Door, Patient: q.Patient, Grant: q.Grant, Kind: q.Kind,
		Effect: q.Effect, Shown: q.Shown, From: q.From, To: q.To, Before: q.Before, Limit: q.Limit,
	}
	switch {
	case q.OnlyReads:
		w.Act = ledger.ActLogRead
	case !q.Reads:
		w.But = ledger.ActLogRead
	}
	if q.CutOff {
		w.End = ledger.Aborted
	}
	found, err := a.store.Find(ctx, w)
	if err != nil {
		return oversight.Page{}, err
	}
	page := oversight.Page{Next: found.Next, Until: found.Until}
	for _, g := range found.Groups {
		page.Found = append(page.Found, *a.recorded(&g))
	}
	return page, nil
}

// recorded is one decision or act as pages know it.
func (a *archive) recorded(g *store.Group) *oversight.Recorded {
	first := &g.Records[0]
	r := &oversight.Recorded{Entries: g.Entries, Origin: first.Origin, Earlier: first.Origin != a.origin}
	for i := range g.Records {
		r.Bodies, r.Index = append(r.Bodies, g.Records[i].Body), append(r.Index, g.Records[i].Index)
	}
	return r
}

// Entry implements oversight.Archive.
func (a *archive) Entry(ctx context.Context, id string) (*oversight.Recorded, error) {
	records, err := a.store.ByID(ctx, id)
	if errors.Is(err, ledger.ErrNotFound) {
		return nil, oversight.ErrNone
	}
	if err != nil {
		return nil, err
	}
	g := store.Group{Records: records}
	for i := range records {
		e, err := records[i].Entry()
		if err != nil {
			return nil, err
		}
		g.Entries = append(g.Entries, e)
	}
	r := a.recorded(&g)
	r.Older, r.Newer, err = a.store.Beside(ctx, records[0].Pos)
	return r, err
}

// Replay implements oversight.Archive.
func (a *archive) Replay(_ context.Context, r *oversight.Recorded) (*gate.Replayed, error) {
	d, ok := r.Entries[0].(*ledger.Decision)
	if !ok {
		return nil, oversight.ErrNone
	}
	set, err := a.policy(d.Generation.Policy)
	if err != nil {
		return nil, err
	}
	return gate.Replay(set, r.Entries)
}

// policy is the one of a hash: in force, compiled before, or from the archive.
func (a *archive) policy(hash string) (*policy.Set, error) {
	if set := a.set(); set.Hash() == hash {
		return set, nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if set := a.sets[hash]; set != nil {
		return set, nil
	}
	set, err := Archived(a.policies, hash)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, oversight.ErrNoPolicy
	}
	if err != nil {
		return nil, err
	}
	if len(a.sets) >= mostSets {
		clear(a.sets)
	}
	a.sets[hash] = set
	return set, nil
}

// Prove implements oversight.Archive.
func (a *archive) Prove(ctx context.Context, id string) ([]byte, error) {
	p, err := a.store.Prove(ctx, id)
	if errors.Is(err, ledger.ErrNotFound) {
		return nil, oversight.ErrNone
	}
	if err != nil {
		return nil, err
	}
	return p.Format(), nil
}
