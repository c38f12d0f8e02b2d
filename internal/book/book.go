// Package book keeps what the organization writes about itself (people, programs,
// sessions, requests, grants, notices) in memory, and makes every change of it
// durable together with the entry of the record that tells of it.
//
// A [Desk] holds a few books over one [Shelf]. Reading a [Book] is a look into
// memory and waits for no disk. A [Desk.Change] is one thought: it may turn pages
// of several books, and carries exactly one entry; pages and entry are kept both or
// neither, and readers see the change only after it was kept (threat model D11).
// Changes of one desk follow one another, so that a change may rest on what it read.
//
// When nobody can say whether a change was kept, or the shelf has a page that the books
// have not, the desk is uncertain: it takes no further change and [Desk.Certain] says no
// until [Desk.Reload] has read the shelf.
// Whoever opens doors by what a book says must ask first.
package book

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"modicum/ledger"
)

var (
	// ErrStale: a page was changed by somebody else since it was read.
	ErrStale = errors.New("the page was changed meanwhile")
	// ErrUncertain: an earlier change may or may not have been kept.
	ErrUncertain = errors.New("it is not known whether an earlier change was kept")
	// ErrNoEntry: a change that tells nothing to the record, or tells twice.
	ErrNoEntry = errors.New("a change carries exactly one entry of the record")
)

// Page is one document as a shelf keeps it.
type Page struct {
	Kind     string // of the book: person, grant, ...
	ID       string // unique within its kind
	Revision int64  // 1, 2, ...; a page that is kept follows the one that is there
	// Closed pages are history: they are kept for ever and not loaded with the others.
	Closed bool
	// Owner groups closed pages, for Shelf.Closed: the person whom it is about.
	Owner string
	Body  []byte // JSON
}

// Shelf is where pages lie. Keep returns nil only when the entry and all pages are
// durable; an error that is ledger.ErrNotDurable or ledger.ErrBroken leaves open
// whether they are, any other says that neither is. A page whose revision does not
// follow the one that is there gives ErrStale. It waits no longer than a bound of its
// own, and is safe for concurrent use.
type Shelf interface {
	// Pages returns every page of a kind that is not closed.
	Pages(ctx context.Context, kind string) ([]Page, error)
	// Closed returns closed pages of a kind, newest first, those before the page named
	// before ("" for the newest); owner "" means anybody's.
	Closed(ctx context.Context, kind, owner, before string, limit int) ([]Page, error)
	// Page returns one page, closed or not; ErrNoPage when there is none.
	Page(ctx context.Context, kind, id string) (Page, error)
	Keep(ctx context.Context, e ledger.Entry, pages []Page) error
}

// ErrNoPage: there is no page of that kind and id.
var ErrNoPage = errors.New("there is no such page")

// Desk is a few books that change together. It is safe for concurrent use.
type Desk struct {
	shelf     Shelf
	changing  sync.Mutex   // one change after another
	reading   sync.RWMutex // held to write only while a kept change is shown
	uncertain atomic.Bool
	books     []loader
}

// loader is a Book of any type.
type loader interface {
	load(ctx context.Context) (func(), error)
}

// NewDesk returns a desk without books.
func NewDesk(s Shelf) *Desk { return &Desk{shelf: s} }

// Certain reports whether what the books say is what was kept.
func (d *Desk) Certain() bool { return !d.uncertain.Load() }

// Reload reads every book again from the shelf. Where that works the desk is certain.
func (d *Desk) Reload(ctx context.Context) error {
	d.changing.Lock()
	defer d.changing.Unlock()
	return d.reload(ctx)
}

func (d *Desk) reload(ctx context.Context) error {
	var shows []func()
	for _, b := range d.books {
		show, err := b.load(ctx)
		if err != nil {
			return err
		}
		shows = append(shows, show)
	}
	d.show(shows)
	d.uncertain.Store(false)
	return nil
}

// show makes a kept change visible, all of it at once.
func (d *Desk) show(steps []func()) {
	d.reading.Lock()
	defer d.reading.Unlock()
	for _, step := range steps {
		step()
	}
}

// View runs f while no change is shown, so that it sees all books at one moment.
// f must neither wait nor read a book by its own methods: it is given to At.
func (d *Desk) View(f func()) {
	d.reading.RLock()
	defer d.reading.RUnlock()
	f()
}

// Change runs f, then keeps what it wrote, with its entry, then shows it. Where f
// returns an error nothing happens and the error comes back.
func (d *Desk) Change(ctx context.Context, f func(*Change) error) error {
	d.changing.Lock()
	defer d.changing.Unlock()
	if d.uncertain.Load() {
		if err := d.reload(ctx); err != nil {
			return errors.Join(ErrUncertain, err)
		}
	}
	c := &Change{}
	if err := f(c); err != nil {
		return err
	}
	if c.err != nil {
		return c.err
	}
	if c.entry == nil && len(c.pages) == 0 {
		return nil // it found nothing to do
	}
	if c.entry == nil {
		return ErrNoEntry
	}
	if err := d.beside(ctx, c); err != nil {
		return err
	}
	// A caller who goes away does not break off what was begun: the change would be kept
	// after the books were read again, and nobody would see it. The shelf bounds the wait.
	if err := d.shelf.Keep(context.WithoutCancel(ctx), c.entry, c.pages); err != nil {
		if unseen(err) {
			d.uncertain.Store(true)
		}
		return fmt.Errorf("keep a change: %w", err)
	}
	d.show(c.shows)
	return nil
}

// unseen reports whether the shelf may hold what the books do not show: nobody knows
// whether this change was kept, or another was that nobody showed.
func unseen(err error) bool {
	return errors.Is(err, ledger.ErrNotDurable) || errors.Is(err, ledger.ErrBroken) || errors.Is(err, ErrStale)
}

// besideKey is where a context has what [Desk.Beside] was given.
type besideKey struct{}

type beside struct {
	desk *Desk
	f    func(*Change) error
}

// Beside returns a context under which each change of the desk that turns pages is given
// to f once it is whole, before it is kept: what f writes is kept with it or not at all.
// An error of f stops the change. So whoever asked for an act can keep that it was done,
// which the act itself knows nothing of; a change is f's to look into, and not to undo.
func (d *Desk) Beside(ctx context.Context, f func(*Change) error) context.Context {
	return context.WithValue(ctx, besideKey{}, &beside{d, f})
}

// beside gives a change to who waits for it.
func (d *Desk) beside(ctx context.Context, c *Change) error {
	b, _ := ctx.Value(besideKey{}).(*beside)
	if b == nil || b.desk != d || len(c.pages) == 0 {
		return nil
	}
	if err := b.f(c); err != nil {
		return err
	}
	return c.err
}

// Change is what one change has written so far.
type Change struct {
	entry ledger.Entry
	pages []Page
	shows []func()
	wrote []any // the values of pages, pointers
	err   error
	// written says where in pages the page of a kind and id is.
	written map[[2]string]int
	noted   []string
}

// Record sets the entry that tells of the change: once.
func (c *Change) Record(e ledger.Entry) {
	if c.entry != nil {
		c.err = errors.Join(c.err, ErrNoEntry)
	}
	c.entry = e
}

// Note keeps what the change ends besides, for whoever makes the change to tell in its
// entry: names of kinds, ids and numbers.
func (c *Change) Note(what ...string) { c.noted = append(c.noted, what...) }

// Noted is what was noted so far.
func (c *Change) Noted() []string { return c.noted }

// Wrote returns what the change wrote last of the pages whose values are Ts, nil for none.
// It must not be changed.
func Wrote[T any](c *Change) *T {
	for _, v := range slices.Backward(c.wrote) {
		if t, is := v.(*T); is {
			return t
		}
	}
	return nil
}

// WroteOf returns what the change wrote of the page of an id whose value is a T, nil for
// nothing: others may be written beside it, in any order.
func WroteOf[T any](c *Change, id string) *T {
	for i, v := range c.wrote {
		if t, is := v.(*T); is && c.pages[i].ID == id {
			return t
		}
	}
	return nil
}

// put adds a page, or replaces what the change wrote of it before.
func (c *Change) put(p Page, v any, show func()) {
	key := [2]string{p.Kind, p.ID}
	if i, there := c.written[key]; there {
		c.pages[i], c.shows[i], c.wrote[i] = p, show, v
		return
	}
	if c.written == nil {
		c.written = map[[2]string]int{}
	}
	c.written[key] = len(c.pages)
	c.pages, c.shows, c.wrote = append(c.pages, p), append(c.shows, show), append(c.wrote, v)
}
