package book

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"

	"github.com/go-json-experiment/json"
)

// Book is the open pages of one kind, as values of T. A value that was put must not
// be changed any more: it is shared between readers. Use Get, change a copy, Put.
type Book[T any] struct {
	desk  *Desk
	kind  string
	pages map[string]bound[T]
	// turned hears each page that is turned, under the lock: indexes are kept so.
	turned func(id string, old, now *T)
}

type bound[T any] struct {
	value    *T
	revision int64
}

// Open reads a book from the desk's shelf. turned, if not nil, is called for each
// page read and for each that turns later, before readers see it; it must be quick,
// must not call the desk, and gets nil where a page was not there or is closed.
func Open[T any](ctx context.Context, d *Desk, kind string, turned func(id string, old, now *T)) (*Book[T], error) {
	b := &Book[T]{desk: d, kind: kind, turned: turned}
	show, err := b.load(ctx)
	if err != nil {
		return nil, err
	}
	d.changing.Lock()
	defer d.changing.Unlock()
	d.show([]func(){show})
	d.books = append(d.books, b)
	return b, nil
}

// load reads the book and returns what shows it.
func (b *Book[T]) load(ctx context.Context) (func(), error) {
	pages, err := b.desk.shelf.Pages(ctx, b.kind)
	if err != nil {
		return nil, fmt.Errorf("read the book of kind %s: %w", b.kind, err)
	}
	read := make(map[string]bound[T], len(pages))
	for _, p := range pages {
		v, err := decode[T](p)
		if err != nil {
			return nil, err
		}
		read[p.ID] = bound[T]{v, p.Revision}
	}
	return func() {
		old := b.pages
		b.pages = read
		for id, o := range old {
			if _, still := read[id]; !still {
				b.tell(id, o.value, nil)
			}
		}
		for id, n := range read {
			b.tell(id, old[id].value, n.value)
		}
	}, nil
}

func decode[T any](p Page) (*T, error) {
	v := new(T)
	if err := json.Unmarshal(p.Body, v, json.RejectUnknownMembers(true)); err != nil {
		return nil, fmt.Errorf("a page of kind %s cannot be read: %w", p.Kind, errors.New("it is not of this version"))
	}
	return v, nil
}

func (b *Book[T]) tell(id string, old, now *T) {
	if b.turned != nil {
		b.turned(id, old, now)
	}
}

// Get returns a page; nil when there is none that is open.
func (b *Book[T]) Get(id string) *T {
	b.desk.reading.RLock()
	defer b.desk.reading.RUnlock()
	return b.pages[id].value
}

// At is Get for Desk.View.
func (b *Book[T]) At(id string) *T { return b.pages[id].value }

// Revision is how often an open page was written, 0 when there is none that is open. It
// may be asked within Desk.View and within a change.
func (b *Book[T]) Revision(id string) int64 { return b.pages[id].revision }

// Len is how many pages are open.
func (b *Book[T]) Len() int {
	b.desk.reading.RLock()
	defer b.desk.reading.RUnlock()
	return len(b.pages)
}

// All yields the open pages of one moment, in no order.
func (b *Book[T]) All() iter.Seq2[string, *T] {
	b.desk.reading.RLock()
	at := maps.Clone(b.pages)
	b.desk.reading.RUnlock()
	return func(yield func(string, *T) bool) {
		for id, p := range at {
			if !yield(id, p.value) {
				return
			}
		}
	}
}

// Put writes a page within a change. v must not be changed afterwards. Of a page that is
// written twice the last counts: two parts of a change may both end something.
func (b *Book[T]) Put(c *Change, id string, v *T) { b.write(c, id, "", v, false) }

// Close writes a page for the last time: it is history of owner from now on.
func (b *Book[T]) Close(c *Change, id, owner string, v *T) { b.write(c, id, owner, v, true) }

func (b *Book[T]) write(c *Change, id, owner string, v *T, closed bool) {
	body, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		c.err = errors.Join(c.err, fmt.Errorf("write a page of kind %s: %w", b.kind, err))
		return
	}
	old := b.pages[id] // only changes write it, and this is the one under way
	page := Page{Kind: b.kind, ID: id, Revision: old.revision + 1, Closed: closed, Owner: owner, Body: body}
	c.put(page, v, func() {
		if closed {
			delete(b.pages, id)
			b.tell(id, old.value, nil)
			return
		}
		b.pages[id] = bound[T]{v, page.Revision}
		b.tell(id, old.value, v)
	})
}

// History returns closed pages, newest first, those before the page named before.
// owner "" means anybody's. It reads the shelf.
func (b *Book[T]) History(ctx context.Context, owner, before string, limit int) ([]*T, error) {
	pages, err := b.desk.shelf.Closed(ctx, b.kind, owner, before, limit)
	if err != nil {
		return nil, fmt.Errorf("read the history of kind %s: %w", b.kind, err)
	}
	out := make([]*T, 0, len(pages))
	for _, p := range pages {
		v, err := decode[T](p)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// Find returns a page whether it is open or closed; ErrNoPage when there is none.
func (b *Book[T]) Find(ctx context.Context, id string) (*T, error) {
	if v := b.Get(id); v != nil {
		return v, nil
	}
	p, err := b.desk.shelf.Page(ctx, b.kind, id)
	if err != nil {
		return nil, fmt.Errorf("find a page of kind %s: %w", b.kind, err)
	}
	return decode[T](p)
}
