// Package booktest has a shelf in memory for tests, which fails where it is told to.
package booktest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"modicum/internal/book"
	"modicum/ledger"
)

// Fault is what happens to the next Keep.
type Fault int

// The faults of a shelf.
const (
	None      Fault = iota
	Refuses         // nothing is kept, and it says so
	Lost            // nothing is kept, and nobody knows
	KeptBlind       // everything is kept, and nobody knows
)

// ErrFull is what a shelf says that refuses.
var ErrFull = errors.New("the disk is full")

// Shelf keeps pages and entries in memory. The zero value is empty.
type Shelf struct {
	// Next, if not nil, is asked before each Keep.
	Next func() Fault

	mu      sync.Mutex
	pages   map[[2]string]book.Page
	entries []ledger.Entry
}

// Keep implements book.Shelf. The entry must be one that a log would take.
func (s *Shelf) Keep(_ context.Context, e ledger.Entry, pages []book.Page) error {
	fault := None
	if s.Next != nil {
		fault = s.Next()
	}
	switch fault {
	case Refuses:
		return ErrFull
	case Lost:
		return ledger.ErrNotDurable
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := ledger.Encode(e); err != nil {
		return fmt.Errorf("an entry that no log takes: %w", err)
	}
	for _, p := range pages {
		old, there := s.pages[[2]string{p.Kind, p.ID}]
		if old.Revision != p.Revision-1 || there && old.Closed {
			return book.ErrStale
		}
	}
	if s.pages == nil {
		s.pages = map[[2]string]book.Page{}
	}
	for _, p := range pages {
		s.pages[[2]string{p.Kind, p.ID}] = p
	}
	s.entries = append(s.entries, e)
	if fault == KeptBlind {
		return ledger.ErrNotDurable
	}
	return nil
}

// Entries returns the entries kept so far, oldest first.
func (s *Shelf) Entries() []ledger.Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.entries)
}

// Pages implements book.Shelf.
func (s *Shelf) Pages(_ context.Context, kind string) ([]book.Page, error) {
	return s.some(func(p *book.Page) bool { return p.Kind == kind && !p.Closed }), nil
}

// Closed implements book.Shelf.
func (s *Shelf) Closed(_ context.Context, kind, owner, before string, limit int) ([]book.Page, error) {
	out := s.some(func(p *book.Page) bool {
		return p.Kind == kind && p.Closed && (owner == "" || p.Owner == owner) && (before == "" || p.ID < before)
	})
	slices.Reverse(out)
	return out[:min(limit, len(out))], nil
}

// Page implements book.Shelf.
func (s *Shelf) Page(_ context.Context, kind, id string) (book.Page, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.pages[[2]string{kind, id}]
	if !ok {
		return p, book.ErrNoPage
	}
	return p, nil
}

func (s *Shelf) some(want func(*book.Page) bool) []book.Page {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []book.Page
	for _, p := range s.pages {
		if want(&p) {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b book.Page) int { return cmp.Compare(a.ID, b.ID) })
	return out
}
