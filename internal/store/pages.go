package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"modicum/internal/book"
	"modicum/ledger"
)

// Shelf is where the pages of books lie: in the store, each change in the
// transaction of its entry.
type Shelf struct {
	store *Store
	log   ledger.Log
}

// Shelf returns the store's shelf, whose entries go to log, which must end in this
// store; nil means the store itself.
func (s *Store) Shelf(log ledger.Log) *Shelf {
	if log == nil {
		log = s
	}
	return &Shelf{s, log}
}

// Keep implements book.Shelf.
func (s *Shelf) Keep(ctx context.Context, e ledger.Entry, pages []book.Page) error {
	_, err := s.log.Append(ctx, e, func(tx ledger.Tx) error {
		for i := range pages {
			if err := keepPage(ctx, tx, &pages[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return err
}

func keepPage(ctx context.Context, tx ledger.Tx, p *book.Page) error {
	query := "update book_page set revision = $3, closed = $4, owner = $5, body = $6 where kind = $1 and id = $2 and revision = $3 - 1 and closed = 0"
	if p.Revision == 1 {
		query = "insert into book_page (kind, id, revision, closed, owner, body) values ($1, $2, $3, $4, $5, $6) on conflict (kind, id) do nothing"
	}
	closed := 0
	if p.Closed {
		closed = 1
	}
	n, err := tx.Exec(ctx, query, p.Kind, p.ID, p.Revision, closed, p.Owner, p.Body)
	switch {
	case err != nil:
		return fmt.Errorf("store: keep a page of kind %s: %w", p.Kind, err)
	case n != 1:
		return book.ErrStale
	}
	return nil
}

const pageColumns = "select kind, id, revision, closed, owner, body from book_page "

// Pages implements book.Shelf.
func (s *Shelf) Pages(ctx context.Context, kind string) ([]book.Page, error) {
	return s.pages(ctx, pageColumns+"where kind = $1 and closed = 0 order by id", kind)
}

// Closed implements book.Shelf. Ids of pages that close are UUIDv7, so that their
// order is that of time.
func (s *Shelf) Closed(ctx context.Context, kind, owner, before string, limit int) ([]book.Page, error) {
	const newest = " and ($2 = '' or id < $2) order by id desc limit $3"
	if owner == "" {
		return s.pages(ctx, pageColumns+"where kind = $1 and closed = 1"+newest, kind, before, limit)
	}
	return s.pages(ctx, pageColumns+"where kind = $1 and closed = 1 and owner = $4"+newest, kind, before, limit, owner)
}

// Page implements book.Shelf.
func (s *Shelf) Page(ctx context.Context, kind, id string) (book.Page, error) {
	p, err := scanPage(s.store.read.QueryRowContext(ctx, pageColumns+"where kind = $1 and id = $2", kind, id))
	if errors.Is(err, sql.ErrNoRows) {
		return book.Page{}, book.ErrNoPage
	}
	return p, err
}

func (s *Shelf) pages(ctx context.Context, query string, args ...any) ([]book.Page, error) {
	rows, err := s.store.read.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("store: read pages: %w", err)
	}
	defer rows.Close()
	var out []book.Page
	for rows.Next() {
		p, err := scanPage(rows)
		if err != nil {
			return nil, fmt.Errorf("store: read pages: %w", err)
		}
		out = append(out, p)
	}
	return out, rows.Err()
}

func scanPage(row interface{ Scan(...any) error }) (p book.Page, err error) {
	err = row.Scan(&p.Kind, &p.ID, &p.Revision, &p.Closed, &p.Owner, &p.Body)
	return p, err
}
