package ledger

import (
	"context"
	"errors"
	"fmt"
)

var (
	// ErrBehind: a checkpoint is known that covers more than the log holds, as
	// after a restore from a backup. Going on silently would fork the log.
	ErrBehind = errors.New("the log is behind a checkpoint that it has signed")
	// ErrForked: a checkpoint is known whose tree this log never had.
	ErrForked = errors.New("the log does not contain a tree that was signed for it")
)

// CheckGrowth tells whether now, the newest tree of src, grew from then.
func CheckGrowth(ctx context.Context, src Source, now, then Head) error {
	if then.Origin != now.Origin {
		return fmt.Errorf("checkpoint of %s against the log %s: %w", then.Origin, now.Origin, ErrForked)
	}
	if then.Size > now.Size {
		return fmt.Errorf("the checkpoint covers %d entries, the log holds %d: %w", then.Size, now.Size, ErrBehind)
	}
	root, err := RootAt(ctx, src, now, then.Size)
	if err != nil {
		return err
	}
	if root != then.Root {
		return fmt.Errorf("at %d entries the roots differ: %w", then.Size, ErrForked)
	}
	return nil
}
