package change

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"modicum/internal/book"
	"modicum/policy"
)

// Begin says that a policy is in force without anybody's yes: the first of an
// installation, and whatever lies in the folder where the configuration says so. It does
// nothing where that policy is in force already.
func (b *Book) Begin(ctx context.Context, set *policy.Set, folder bool) error {
	id, err := newID()
	if err != nil {
		return err
	}
	err = b.cfg.Desk.Change(ctx, func(c *book.Change) error {
		was := b.now.Get(nowID)
		if was != nil && was.Policy == set.Hash() {
			return nil
		}
		if was != nil && !folder {
			return fmt.Errorf("another policy is in force: %s", was.Policy)
		}
		return b.begin(c, id, set, was)
	})
	if err != nil {
		return fmt.Errorf("record a policy in force: %w", err)
	}
	return nil
}

func (b *Book) begin(c *book.Change, id string, set *policy.Set, was *Now) error {
	on := OnFirst
	if was != nil {
		on = OnFolder
	}
	s, err := step(None, on)
	if err != nil {
		return err
	}
	a, err := b.entry(s.Act, system, "change "+id, string(on))
	if err != nil {
		return err
	}
	now, _ := b.moment()
	x := &Change{ID: id, Policy: set.Hash(), State: s.To, First: was == nil, Folder: was != nil, Found: now, Ended: now, EndedBy: system.ID}
	a.Hashes = map[string]string{"policy": set.Hash(), "catalog": set.Catalog().Hash()}
	if was != nil {
		x.Base, a.Hashes["replaces"] = was.Policy, was.Policy
	}
	c.Record(a)
	b.close(c, x)
	b.now.Put(c, nowID, &Now{Policy: x.Policy, Since: now, Change: id})
	return nil
}

// Look is told what the folder holds. What is not in force becomes a change that waits;
// what waited and is not there any more is void, with every yes to it. A policy that was
// refused, or that nobody answered for, does not wait again by lying there.
func (b *Book) Look(ctx context.Context, set *policy.Set) error {
	hash := set.Hash()
	there := hash == b.base()
	for _, x := range b.Waiting() {
		switch {
		case x.Earlier:
		case x.Policy == hash && !there:
			there = true
		default:
			if err := b.sweep(ctx, x.ID, OnVoid); err != nil {
				return err
			}
		}
	}
	if there {
		return nil
	}
	if turned, err := b.TurnedDown(ctx, hash); err != nil || turned != nil {
		return err
	}
	return b.found(ctx, hash)
}

// base is the hash of what is in force by the record.
func (b *Book) base() string {
	if now := b.now.Get(nowID); now != nil {
		return now.Policy
	}
	return b.cfg.InForce().Hash()
}

// lookBack is how many decisions are looked through for one on the same policy.
const lookBack = 100

// TurnedDown is the decision by which a policy was refused, or lapsed, when it was last
// decided; nil where it was not. Such a policy waits again when somebody proposes it again.
func (b *Book) TurnedDown(ctx context.Context, hash string) (*Change, error) {
	list, err := b.History(ctx, "", lookBack)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(list, func(x *Change) bool { return x.Policy == hash })
	if at < 0 || list[at].State != Refused && list[at].State != Lapsed {
		return nil, nil
	}
	return list[at], nil
}

// InFolder is the decision by which what lies in the folder was turned down; nil where it
// was not, where it waits again, and where nobody reads a folder.
func (b *Book) InFolder(ctx context.Context) (*Change, error) {
	if b.cfg.Folder == nil || b.cfg.ByFolder {
		return nil, nil
	}
	hash := b.cfg.Folder()
	if hash == "" || hash == b.base() || slices.ContainsFunc(b.Waiting(), func(x *Change) bool { return x.Policy == hash }) {
		return nil, nil
	}
	return b.TurnedDown(ctx, hash)
}

func (b *Book) found(ctx context.Context, hash string) error {
	id, err := newID()
	if err != nil {
		return err
	}
	s, err := step(None, OnFind)
	if err != nil {
		return err
	}
	return b.cfg.Desk.Change(ctx, func(c *book.Change) error {
		now, _ := b.moment()
		base := b.base()
		a, err := b.entry(s.Act, system, id)
		if err != nil {
			return err
		}
		a.Hashes = map[string]string{"policy": hash, "replaces": base}
		c.Record(a)
		b.changes.Put(c, id, &Change{ID: id, Policy: hash, Base: base, State: s.To, Found: now})
		return nil
	})
}

// sweep ends a change by an event that nobody did.
func (b *Book) sweep(ctx context.Context, id string, on Event) error {
	return b.cfg.Desk.Change(ctx, func(c *book.Change) error {
		x := b.changes.Get(id)
		if x == nil {
			return nil
		}
		now, _ := b.moment()
		return b.end(ctx, c, system, x, on, now, "")
	})
}

// Sweep writes down which proposals nobody answered in time. Nothing is approved for
// longer when it is late: Approve looks at the time itself.
func (b *Book) Sweep(ctx context.Context) error {
	now, trusted := b.moment()
	if !trusted {
		return nil
	}
	var errs []error
	for _, x := range b.Waiting() {
		if x.State == Proposed && now-x.Proposed >= answerIn.Microseconds() {
			errs = append(errs, b.sweep(ctx, x.ID, OnLapse))
		}
	}
	return errors.Join(errs...)
}

// gone takes back what somebody who leaves has proposed, in the change that deactivates
// them.
func (b *Book) gone(_ context.Context, c *book.Change, id string) {
	now, _ := b.moment()
	for _, x := range b.Waiting() {
		if x.Proposer != id || x.State != Proposed {
			continue
		}
		if s, err := step(x.State, OnLeave); err == nil {
			shut := *x
			shut.State, shut.Ended, shut.EndedBy = s.To, now, system.ID
			b.close(c, &shut)
		}
	}
}
