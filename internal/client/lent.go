package client

import (
	"context"
	"net/http"

	"github.com/go-json-experiment/json"

	"modicum/internal/api/wire"
)

// The objects of the API.
type (
	Reason    = wire.Reason
	Want      = wire.Want
	Request   = wire.Request
	Grant     = wire.Grant
	Glass     = wire.Glass
	Review    = wire.Review
	Asked     = wire.Asked
	Notice    = wire.Notice
	GlassWant = wire.GlassWant
	Opened    = wire.Opened
	Person    = wire.Person
	Held      = wire.Held
	NewPerson = wire.NewPerson
	Gift      = wire.Gift
	Key       = wire.Key
	Program   = wire.Program
	Imported  = wire.Imported
)

// Ask asks for more, for a while.
func (c *Client) Ask(ctx context.Context, w Want) (a Asked, err error) {
	err = c.ask(ctx, http.MethodPost, "/requests", w, &a)
	if err == nil && (a.Request == nil) == (a.Grant == nil) {
		err = ErrServer
	}
	return a, err
}

// Request is one request. A member that is not known here is an error: what is said
// yes to must have been shown whole (G2).
func (c *Client) Request(ctx context.Context, id string) (r Request, err error) {
	err = c.get(ctx, "/requests/", id, "", &r, json.RejectUnknownMembers(true))
	if err == nil && (r.ID != id || r.Digest == "") {
		err = ErrServer
	}
	return r, err
}

// Requests are those of the person which are not decided.
func (c *Client) Requests(ctx context.Context) ([]Request, error) {
	return list[Request](ctx, c, "/requests")
}

// Inbox are the requests that wait for the person's answer.
func (c *Client) Inbox(ctx context.Context) ([]Request, error) {
	return list[Request](ctx, c, "/inbox")
}

// Grants are those of the person which have not ended.
func (c *Client) Grants(ctx context.Context) ([]Grant, error) { return list[Grant](ctx, c, "/grants") }

// Grant is one grant: the person's own, or one that they approved or review.
func (c *Client) Grant(ctx context.Context, id string) (g Grant, err error) {
	err = c.get(ctx, "/grants/", id, "", &g)
	if err == nil && g.ID != id {
		err = ErrServer
	}
	return g, err
}

// Opened is what was opened under a grant that the person reviews.
func (c *Client) Opened(ctx context.Context, id string) (o Opened, err error) {
	err = c.get(ctx, "/grants/", id, "/opened", &o)
	return o, err
}

// list reads a list that comes whole.
func list[T any](ctx context.Context, c *Client, path string) ([]T, error) {
	var p page[T]
	err := c.ask(ctx, http.MethodGet, path, nil, &p)
	if p.Items == nil {
		p.Items = []T{}
	}
	return p.Items, err
}

// Notices are the newest that the person was told.
func (c *Client) Notices(ctx context.Context) ([]Notice, error) {
	return list[Notice](ctx, c, "/notices")
}

// Approve says yes. The grant is nil while others must say yes too.
func (c *Client) Approve(ctx context.Context, id, digest, word string) (*Grant, error) {
	var out wire.Approved
	err := c.on(ctx, "/requests/", id, "/approve", wire.Decision{Digest: digest, Word: word}, &out)
	return out.Grant, err
}

// Refuse says no.
func (c *Client) Refuse(ctx context.Context, id, digest, word string) error {
	return c.on(ctx, "/requests/", id, "/refuse", wire.Decision{Digest: digest, Word: word}, nil)
}

// Withdraw takes a request of the person's own back.
func (c *Client) Withdraw(ctx context.Context, id string) error {
	return c.on(ctx, "/requests/", id, "/withdraw", nil, nil)
}

// GiveBack ends a grant of the person's own.
func (c *Client) GiveBack(ctx context.Context, id string) error {
	return c.on(ctx, "/grants/", id, "/give-back", nil, nil)
}

// Revoke takes a grant away from somebody.
func (c *Client) Revoke(ctx context.Context, id, word string) error {
	return c.on(ctx, "/grants/", id, "/revoke", wire.Word{Word: word}, nil)
}

// BreakGlass breaks the glass for one patient.
func (c *Client) BreakGlass(ctx context.Context, w GlassWant) (g Grant, err error) {
	err = c.ask(ctx, http.MethodPost, "/break-glass", w, &g)
	return g, err
}
