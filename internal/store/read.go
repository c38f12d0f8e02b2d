package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"modicum/ledger"
)

// Record is an entry as it is stored.
type Record struct {
	Pos    int64  // over all origins of this store, from 0
	Origin string // the log that it is in
	Index  int64  // in the tree of that log, from 0
	Body   []byte // canonical JSON, the hashed bytes
}

// Entry decodes the record.
func (r Record) Entry() (ledger.Entry, error) { return ledger.Decode(r.Body) }

// Query says which entries are wanted; what is empty does not restrict. Who,
// role, task and effect are those of an entry's decision, so that they find what
// was opened as well.
type Query struct {
	Who, Role, Task string
	Tasks           []string // decisions of any of these tasks, alone or beside others
	Patient         string   // keyed reference
	Grant           string   // decisions under which it might count
	Kind            ledger.Kind
	Effect          ledger.Effect
	From, To        int64 // microseconds since 1970, UTC; To is exclusive, 0 is open
	Newest          bool  // newest first
	After           int64 // go on after this position, as counted by a Record's Pos + 1; 0 starts
	Limit           int   // 0 means 100, at most 10,000
}

// Search returns entries in the order they were taken, or newest first.
func (s *Store) Search(ctx context.Context, q Query) ([]Record, error) {
	if err := s.settledWhole(ctx); err != nil { // before the newest are looked for in memory
		return nil, err
	}
	x := searching{s: s, q: q, l: s.leafing(s.read), limit: 100}
	if q.Limit > 0 {
		x.limit = min(q.Limit, 10000)
	}
	var err error
	switch {
	case q.Patient != "" || q.Grant != "":
		err = x.named(ctx)
	case q.Who != "":
		err = x.ofPerson(ctx)
	default:
		err = x.through(ctx)
	}
	if err != nil {
		return nil, err
	}
	return x.l.records(ctx, x.found)
}

// having returns the positions of all entries that have a name.
func (s *Store) having(ctx context.Context, name string) ([]int64, error) {
	at := s.terms.find(name) // before the index: what leaves memory is there by then
	rows, err := s.read.QueryContext(ctx, "select seg, terms from ledger_run where bucket = $1", bucketOf(name))
	if err != nil {
		return nil, fmt.Errorf("store: read the index: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var seg int64
		var row sql.RawBytes
		if err := rows.Scan(&seg, &row); err != nil {
			return nil, fmt.Errorf("store: read the index: %w", err)
		}
		if at, err = positions(at, seg, row, name); err != nil {
			return nil, err
		}
	}
	slices.Sort(at)
	return slices.Compact(at), rows.Err()
}

// ByID returns the entries of one decision, or the one act, in order;
// ledger.ErrNotFound when there are none.
func (s *Store) ByID(ctx context.Context, id string) ([]Record, error) {
	if err := s.settledWhole(ctx); err != nil {
		return nil, err
	}
	l := s.leafing(s.read)
	all, err := l.group(ctx, id)
	if err == nil && len(all) == 0 {
		err = ledger.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return l.records(ctx, positionsOf(all))
}

func positionsOf(all []member) []int64 {
	at := make([]int64, len(all))
	for i, m := range all {
		at[i] = m.pos
	}
	return at
}

// Range returns up to limit entries from a position on.
func (s *Store) Range(ctx context.Context, from int64, limit int) ([]Record, error) {
	if err := s.settledWhole(ctx); err != nil {
		return nil, err
	}
	l := s.leafing(s.read)
	var at []int64
	err := l.each(ctx, max(from, 0), max(from, 0)+int64(limit), false, func(pos int64, _ *head) (bool, error) {
		at = append(at, pos)
		return false, nil
	})
	if err != nil {
		return nil, err
	}
	return l.records(ctx, at)
}

// Prove makes the proof of the entry that records the decision or act id. Only
// entries of the origin in force can be proved from here; those of an earlier
// one from the folder that was kept.
func (s *Store) Prove(ctx context.Context, id string) (*ledger.Proof, error) {
	if err := s.settledWhole(ctx); err != nil {
		return nil, err
	}
	pos, there, err := s.leafing(s.read).decision(ctx, id)
	if err == nil && (!there || pos < s.origin.first) {
		err = ledger.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("prove: %w", err)
	}
	return ledger.Prove(ctx, s, pos-s.origin.first, s.opts.Keys...)
}
