// Package oversighttest is a record in memory for tests of those who read it.
package oversighttest

import (
	"context"
	"slices"

	"modicum/internal/gate"
	"modicum/internal/oversight"
	"modicum/ledger"
	"modicum/policy"
)

// Shelf is an archive of decisions and acts, the newest first. Positions count from the
// oldest, from 1. Asked counts what was asked of it.
type Shelf struct {
	Found []*oversight.Recorded
	Asked int
}

// Add puts what was recorded in front.
func (s *Shelf) Add(entries ...ledger.Entry) error {
	x := &oversight.Recorded{Origin: "modicum.hospital.example/main"}
	for i, e := range entries {
		b, err := ledger.Encode(e)
		if err != nil {
			return err
		}
		x.Entries, x.Bodies, x.Index = append(x.Entries, e), append(x.Bodies, b), append(x.Index, int64(100*len(s.Found)+i))
	}
	s.Found = append([]*oversight.Recorded{x}, s.Found...)
	return nil
}

// Find implements oversight.Archive.
func (s *Shelf) Find(_ context.Context, q oversight.Query) (p oversight.Page, err error) {
	s.Asked++
	for i, x := range s.Found {
		switch at := int64(len(s.Found) - i); {
		case q.Before != 0 && at >= q.Before, !fits(&q, x):
		case len(p.Found) == q.Limit:
			p.Next = at + 1
			return p, nil
		default:
			p.Found = append(p.Found, *x)
		}
	}
	return p, nil
}

func fits(q *oversight.Query, x *oversight.Recorded) bool {
	h := x.Entries[0].Header()
	d, _ := x.Entries[0].(*ledger.Decision)
	a, _ := x.Entries[0].(*ledger.Act)
	read := a != nil && a.Act == ledger.ActLogRead
	switch {
	case q.Who != "" && q.Who != h.Who, q.Kind != "" && q.Kind != h.Kind, q.From != 0 && h.At < q.From, q.To != 0 && h.At >= q.To:
		return false
	case q.Patient != "" && !x.Patients()[q.Patient], q.Effect != "" && (d == nil || d.Effect != q.Effect), q.OnlyReads && !read, read && !q.Reads && !q.OnlyReads:
		return false
	}
	return true
}

// Entry implements oversight.Archive.
func (s *Shelf) Entry(_ context.Context, id string) (*oversight.Recorded, error) {
	s.Asked++
	i := slices.IndexFunc(s.Found, func(x *oversight.Recorded) bool { return x.Entries[0].Header().ID == id })
	if i < 0 {
		return nil, oversight.ErrNone
	}
	return s.Found[i], nil
}

// Replay implements oversight.Archive.
func (s *Shelf) Replay(_ context.Context, x *oversight.Recorded) (*gate.Replayed, error) {
	if x.Entries[0].(*ledger.Decision).Generation.Semantics != policy.Semantics {
		return nil, gate.ErrOtherGeneration
	}
	return &gate.Replayed{}, nil
}

// Prove implements oversight.Archive.
func (s *Shelf) Prove(ctx context.Context, id string) ([]byte, error) {
	if _, err := s.Entry(ctx, id); err != nil {
		return nil, err
	}
	return []byte("c2sp.org/tlog-proof@v1\n"), nil
}
