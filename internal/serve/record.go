package serve

import (
	"context"
	"errors"
	"io/fs"
	"sync"

	"modicum/internal/console"
	"modicum/internal/gate"
	"modicum/internal/store"
	"modicum/ledger"
	"modicum/policy"
)

// archive is the record as the console's pages read it.
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

var _ console.Archive = (*archive)(nil)

func (s *Server) openArchive() *archive {
	return &archive{store: s.store, origin: s.opts.Config.Ledger.Origin, policies: s.policies(), set: s.set, sets: map[string]*policy.Set{}}
}

// Find implements console.Archive.
func (a *archive) Find(ctx context.Context, q console.RecordQuery) (console.RecordPage, error) {
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
		return console.RecordPage{}, err
	}
	page := console.RecordPage{Next: found.Next, Until: found.Until}
	for _, g := range found.Groups {
		page.Found = append(page.Found, *a.recorded(&g))
	}
	return page, nil
}

// recorded is one decision or act as pages know it.
func (a *archive) recorded(g *store.Group) *console.Recorded {
	first := &g.Records[0]
	r := &console.Recorded{Entries: g.Entries, Origin: first.Origin, Earlier: first.Origin != a.origin}
	for i := range g.Records {
		r.Bodies, r.Index = append(r.Bodies, g.Records[i].Body), append(r.Index, g.Records[i].Index)
	}
	return r
}

// Entry implements console.Archive.
func (a *archive) Entry(ctx context.Context, id string) (*console.Recorded, error) {
	records, err := a.store.ByID(ctx, id)
	if errors.Is(err, ledger.ErrNotFound) {
		return nil, console.ErrNotHere
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

// Replay implements console.Archive.
func (a *archive) Replay(_ context.Context, r *console.Recorded) (*gate.Replayed, error) {
	d, ok := r.Entries[0].(*ledger.Decision)
	if !ok {
		return nil, console.ErrNotHere
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
		return nil, console.ErrNoPolicy
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

// Prove implements console.Archive.
func (a *archive) Prove(ctx context.Context, id string) ([]byte, error) {
	p, err := a.store.Prove(ctx, id)
	if errors.Is(err, ledger.ErrNotFound) {
		return nil, console.ErrNotHere
	}
	if err != nil {
		return nil, err
	}
	return p.Format(), nil
}
