package client

import (
	"context"
	"net/http"

	"modicum/internal/api/wire"
)

// The objects of those who read the record.
type (
	RecordSearch = wire.RecordSearch
	RecordPage   = wire.RecordPage
	RecordEntry  = wire.RecordEntry
	Deed         = wire.Deed
)

// SearchRecord is one page of decisions and acts, newest first: the next begins at its Next.
func (c *Client) SearchRecord(ctx context.Context, s RecordSearch) (p RecordPage, err error) {
	err = c.ask(ctx, http.MethodPost, "/record", s, &p)
	return p, err
}

// RecordEntry is a decision or act whole, and a decision derived again.
func (c *Client) RecordEntry(ctx context.Context, id string) (e RecordEntry, err error) {
	err = c.get(ctx, "/record/", id, "", &e)
	return e, err
}

// ProveRecord is the file that proves an entry.
func (c *Client) ProveRecord(ctx context.Context, id string) (p wire.Proof, err error) {
	err = c.get(ctx, "/record/", id, "/proof", &p)
	return p, err
}
