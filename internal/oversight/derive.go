package oversight

import (
	"context"
	"errors"
	"fmt"

	"modicum/internal/gate"
	"modicum/ledger"
	"modicum/policy"
)

// Derived is a decision derived anew, now.
type Derived struct {
	Agrees      bool
	Differences []string
	Cannot      string // why it cannot be derived; "" where it was
	Verdicts    []gate.ReplayedVerdict
}

// Derive derives a decision again, from what is recorded with it and the policy of then. Of
// an act it is nil.
func (r *Record) Derive(ctx context.Context, x *Recorded) (*Derived, error) {
	d, ok := x.Entries[0].(*ledger.Decision)
	if !ok {
		return nil, nil
	}
	if d.Generation.Semantics != policy.Semantics {
		return &Derived{Cannot: fmt.Sprintf("It was made under version %d of the reading rules, and this program knows version %d alone. What it would say is not guessed.", d.Generation.Semantics, policy.Semantics)}, nil
	}
	p, err := r.Archive.Replay(ctx, x)
	switch {
	case errors.Is(err, ErrNoPolicy):
		return &Derived{Cannot: "The policy that decided it is not among the archived ones, so nothing can be derived."}, nil
	case errors.Is(err, gate.ErrOtherGeneration):
		return &Derived{Cannot: "It was made under another catalog, or by another version of the program, so nothing can be derived here."}, nil
	case err != nil:
		return nil, err
	}
	return &Derived{Agrees: len(p.Differences) == 0, Differences: p.Differences, Verdicts: p.Verdicts}, nil
}
