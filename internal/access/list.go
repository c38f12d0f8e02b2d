package access

import (
	"context"
	"errors"
	"iter"
	"slices"

	"modicum/internal/book"
)

// mostHistory is how far back one person's history is read for what is counted.
const mostHistory = 200

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

// History returns grants that are closed, newest first; person "" is anybody's.
func (b *Book) History(ctx context.Context, person, before string, limit int) ([]*Grant, error) {
	return b.grants.History(ctx, person, before, limit)
}

// Decided returns requests that are decided, newest first; person "" is anybody's.
func (b *Book) Decided(ctx context.Context, person, before string, limit int) ([]*Request, error) {
	return b.requests.History(ctx, person, before, limit)
}

// Open yields every grant that is not closed, ended ones among them.
func (b *Book) Open() iter.Seq2[string, *Grant] { return b.grants.All() }

// allRequests yields a person's requests: those that wait, then the closed ones.
func (b *Book) allRequests(ctx context.Context, person string) iter.Seq2[*Request, error] {
	return func(yield func(*Request, error) bool) {
		for _, r := range b.Requests(person) {
			if !yield(r, nil) {
				return
			}
		}
		closed, err := b.requests.History(ctx, person, "", mostHistory)
		if err != nil {
			yield(nil, err)
			return
		}
		for _, r := range closed {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// allGrants yields a person's grants: those not closed, then the closed ones.
func (b *Book) allGrants(ctx context.Context, person string) iter.Seq2[*Grant, error] {
	return func(yield func(*Grant, error) bool) {
		for _, g := range b.grants.All() {
			if g.Person == person && !yield(g, nil) {
				return
			}
		}
		closed, err := b.grants.History(ctx, person, "", mostHistory)
		if err != nil {
			yield(nil, err)
			return
		}
		for _, g := range closed {
			if !yield(g, nil) {
				return
			}
		}
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
