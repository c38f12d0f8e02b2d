package access

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"modicum/internal/book"
	"modicum/internal/defect"
	"modicum/internal/people"
	"modicum/ledger"
)

// A glass that was broken while the desk could not keep its page is loose: it lends by
// memory and the monotonic clock, its entry lies in the spool, and it is taken into the
// book once the desk keeps again (threat model 9). A process that ends before forgets
// the grant, which ends it; the entry stays, and Adopt makes the review of it.

// breakLoose records the glass by the spool alone. Where that cannot be done either, no
// glass is broken.
func (b *Book) breakLoose(ctx context.Context, g *Grant, entry *ledger.Act, why error) (*Grant, error) {
	if b.cfg.Spool == nil {
		return nil, why
	}
	if _, err := b.cfg.Spool.Append(ctx, entry, nil); err != nil && !errors.Is(err, ledger.ErrOrder) { // kept before, and nobody knew
		return nil, errors.Join(why, err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.loose[g.ID] = g
	b.note(g)
	return g, nil
}

func (b *Book) looseOf(id string) *Grant {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.loose[id]
}

// Loose is how many broken glasses are not in the book yet: health shows it.
func (b *Book) Loose() int {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return len(b.loose)
}

func (b *Book) looseFor(person string) []*Grant {
	b.mu.RLock()
	defer b.mu.RUnlock()
	var out []*Grant
	for _, g := range b.loose {
		if g.Person == person {
			out = append(out, g)
		}
	}
	return out
}

// endLoose ends a loose glass in memory, at once. The entry of its end follows with the
// page; until then the answer says that it is not on record.
func (b *Book) endLoose(ctx context.Context, by people.Actor, on Event, g *Grant, word string, may func(*Grant) error) error {
	if g.over(b.moment()) {
		return b.refused(ctx, by, on, g.ID, no("ended", "It has ended already."))
	}
	if err := may(g); err != nil {
		return b.refused(ctx, by, on, g.ID, err)
	}
	s, err := step(g.State, on)
	if err != nil {
		return err
	}
	shut := *g
	shut.State, shut.Ended, shut.EndedBy, shut.Word = s.To, b.moment(), by.ID, word
	b.mu.Lock()
	b.loose[g.ID] = &shut
	b.hearEnd(g.ID)
	b.mu.Unlock()
	return b.keepLoose(ctx)
}

// keepLoose takes loose glasses into the book.
func (b *Book) keepLoose(ctx context.Context) error {
	b.mu.RLock()
	all := make([]string, 0, len(b.loose))
	for _, g := range b.loose {
		all = append(all, g.ID)
	}
	b.mu.RUnlock()
	var errs []error
	for _, id := range all {
		errs = append(errs, b.keepOne(ctx, id))
	}
	return errors.Join(errs...)
}

// keepOne writes the page of a loose glass, as it stands when it is its turn. Where the
// change that should have kept it was kept after all, that page is written again.
func (b *Book) keepOne(ctx context.Context, id string) error {
	var g *Grant
	err := b.cfg.Desk.Change(ctx, func(c *book.Change) error {
		if g = b.looseOf(id); g == nil {
			return nil // another sweep took it in
		}
		a, err := b.act("glass-kept", system, g.Person, &g.Want, g.ID, string(g.State))
		if err != nil {
			return err
		}
		if g.EndedBy != "" {
			a.What = append(a.What, "ended by "+g.EndedBy)
		}
		c.Record(a)
		b.grants.Put(c, g.ID, g)
		return b.tell(ctx, c, b.glassNotices(g)...)
	})
	if err != nil {
		return errors.Join(ErrUnavailable, err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.loose[id] == g || defect.On(defect.LooseForgotten) { // else it ended meanwhile, and that is to be kept still
		delete(b.loose, id)
	}
	return nil
}

// Adopt makes the review of a broken glass whose entry is on record and whose page is
// not: the process ended before it could be kept. Whoever drains the spool calls it for
// each entry; it does nothing for any other act, nor twice.
func (b *Book) Adopt(ctx context.Context, a *ledger.Act) error {
	if a.Act != "glass-broken" || len(a.What) < 3 || b.looseOf(a.What[0]) != nil {
		return nil
	}
	if _, err := b.grants.Find(ctx, a.What[0]); !errors.Is(err, book.ErrNoPage) {
		return err
	}
	role, task, _ := strings.Cut(a.What[2], "/")
	set := b.cfg.Policy()
	review := reviewHours.Microseconds()
	if t, ok := set.Task(a.What[2]); ok && t.BreakGlass != nil {
		review = reviewIn(set, a.At, t.BreakGlass.Review, set.Folder().Organization.BreakGlass.Review)
	}
	g := &Grant{
		ID: a.What[0], Person: a.Who, Want: Want{Kind: Glass, Role: role, Task: task, Patients: slices.Clone(a.Patients), Reason: Reason{Kind: a.Reason}, For: 1},
		State: NoLonger, Made: a.At, From: a.At, Until: a.At + 1, Ended: a.At + 1, EndedBy: system.ID,
		Glass: &Broken{Purpose: "ETREAT", Drill: slices.Contains(a.What, "drill"), OverCap: slices.Contains(a.What, "over-cap")}, Review: &Review{By: a.At + review},
	}
	return b.cfg.Desk.Change(ctx, func(c *book.Change) error {
		kept, err := b.act("glass-kept", system, g.Person, nil, g.ID, string(g.State))
		if err != nil {
			return err
		}
		c.Record(kept)
		b.grants.Put(c, g.ID, g)
		return b.tell(ctx, c, b.glassNotices(g)...)
	})
}

// Run sweeps until ctx ends: at once, then every so often.
func (b *Book) Run(ctx context.Context, every time.Duration, report func(error)) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := b.Sweep(ctx); err != nil && ctx.Err() == nil && report != nil {
			report(err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
