package access

import (
	"context"
	"errors"
	"iter"
	"slices"

	"modicum/internal/book"
)

// pageOfHistory is how many closed things are read at once for what is counted.
const pageOfHistory = 200

// Get returns a request, open or closed; ErrNone when there is none.
func (b *Book) Get(ctx context.Context, id string) (*Request, error) {
	r, err := b.requests.Find(ctx, id)
	if errors.Is(err, book.ErrNoPage) {
		return nil, ErrNone
	}
	return r, err
}

// Grant returns a grant, live, ended or closed; ErrNone when there is none.
func (b *Book) Grant(ctx context.Context, id string) (*Grant, error) {
	if g := b.looseOf(id); g != nil {
		return g, nil
	}
	g, err := b.grants.Find(ctx, id)
	if errors.Is(err, book.ErrNoPage) {
		return nil, ErrNone
	}
	return g, err
}

// State is what a grant is called now.
func (b *Book) State(g *Grant) State { return g.stateAt(b.moment()) }

// Requests are those of a person that are not decided, oldest first.
func (b *Book) Requests(person string) []*Request {
	b.mu.RLock()
	defer b.mu.RUnlock()
	out := slices.Clone(b.asked[person])
	slices.SortFunc(out, func(x, y *Request) int { return compareIDs(x.ID, y.ID) })
	return out
}

// Grants are those of a person that lend or are about to, oldest first.
func (b *Book) Grants(person string) []*Grant {
	latest := b.moment()
	b.mu.RLock()
	defer b.mu.RUnlock()
	var out []*Grant
	for _, g := range b.held[person] {
		if _, loose := b.loose[g.ID]; !loose && !g.over(latest) {
			out = append(out, g)
		}
	}
	for _, g := range b.loose {
		if g.Person == person && !g.over(latest) {
			out = append(out, g)
		}
	}
	slices.SortFunc(out, func(x, y *Grant) int { return compareIDs(x.ID, y.ID) })
	return out
}

// RolesLent are the roles of whose tasks something is lent to a person, or is about to be.
func (b *Book) RolesLent(person string) []string {
	var out []string
	for _, g := range b.Grants(person) {
		out = append(out, g.Want.Role)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// History returns grants that are closed, newest first; person "" is anybody's.
func (b *Book) History(ctx context.Context, person, before string, limit int) ([]*Grant, error) {
	return b.grants.History(ctx, person, before, limit)
}

// Decided returns requests that are decided, newest first; person "" is anybody's.
func (b *Book) Decided(ctx context.Context, person, before string, limit int) ([]*Request, error) {
	return b.requests.History(ctx, person, before, limit)
}

// Open are the grants that are not closed, ended ones among them, oldest first: a page lists
// them, and must not move while it is read.
func (b *Book) Open() []*Grant {
	var out []*Grant
	for _, g := range b.grants.All() {
		out = append(out, g)
	}
	slices.SortFunc(out, func(x, y *Grant) int { return compareIDs(x.ID, y.ID) })
	return out
}

// allRequests yields a person's requests: those that wait, then the closed ones back to
// a moment, and perhaps older ones.
func (b *Book) allRequests(ctx context.Context, person string, since int64) iter.Seq2[*Request, error] {
	return func(yield func(*Request, error) bool) {
		for _, r := range b.Requests(person) {
			if !yield(r, nil) {
				return
			}
		}
		past(ctx, b.requests, person, func(r *Request) (string, bool) { return r.ID, r.Made < since }, yield)
	}
}

// allGrants yields a person's grants: those not closed, then the closed ones back to a
// moment, and perhaps older ones.
func (b *Book) allGrants(ctx context.Context, person string, since int64) iter.Seq2[*Grant, error] {
	return func(yield func(*Grant, error) bool) {
		for _, g := range b.grants.All() {
			if g.Person == person && !yield(g, nil) {
				return
			}
		}
		past(ctx, b.grants, person, func(g *Grant) (string, bool) { return g.ID, g.Made < since }, yield)
	}
}

// past yields a person's closed things, newest first, page by page until one ends with
// something old.
func past[T any](ctx context.Context, of *book.Book[T], person string, what func(*T) (id string, old bool), yield func(*T, error) bool) {
	for before, old := "", false; !old; {
		page, err := of.History(ctx, person, before, pageOfHistory)
		if err != nil {
			yield(nil, err)
			return
		}
		for _, v := range page {
			if !yield(v, nil) {
				return
			}
			before, old = what(v)
		}
		old = old || len(page) < pageOfHistory
	}
}

// compareIDs orders by time: the ids are UUIDv7.
func compareIDs(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
