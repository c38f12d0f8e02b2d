package client

import (
	"context"
	"net/http"
	"net/url"

	"modicum/internal/api/wire"
)

// The objects of those who run people, and of how one is told.
type (
	PersonChange  = wire.PersonChange
	Invitation    = wire.Invitation
	Waiting       = wire.Waiting
	NewProgram    = wire.NewProgram
	ProgramChange = wire.ProgramChange
	Wishes        = wire.Wishes
)

// ChangePerson changes what is said of a person.
func (c *Client) ChangePerson(ctx context.Context, id string, w PersonChange) (p Person, err error) {
	err = c.on(ctx, "/people/", id, "/change", w, &p)
	return p, err
}

// Reactivate brings somebody back.
func (c *Client) Reactivate(ctx context.Context, id string) error {
	return c.on(ctx, "/people/", id, "/reactivate", nil, nil)
}

// Invite makes a link by which a person signs in.
func (c *Client) Invite(ctx context.Context, id string) (v Invitation, err error) {
	err = c.on(ctx, "/people/", id, "/invite", nil, &v)
	return v, err
}

// AgreeInvitation is the second person's yes to an invitation.
func (c *Client) AgreeInvitation(ctx context.Context, id string) error {
	return c.on(ctx, "/invitations/", id, "/agree", nil, nil)
}

// WithdrawInvitation takes an invitation back.
func (c *Client) WithdrawInvitation(ctx context.Context, id string) error {
	return c.on(ctx, "/invitations/", id, "/withdraw", nil, nil)
}

// Proposals are what waits for a second person who runs people.
func (c *Client) Proposals(ctx context.Context) (w Waiting, err error) {
	err = c.ask(ctx, http.MethodGet, "/proposals", nil, &w)
	return w, err
}

// AddProgram adds a program, which has no key yet.
func (c *Client) AddProgram(ctx context.Context, n NewProgram) (p Program, err error) {
	err = c.ask(ctx, http.MethodPost, "/programs", n, &p)
	return p, err
}

// ChangeProgram changes a program.
func (c *Client) ChangeProgram(ctx context.Context, id string, w ProgramChange) (p Program, err error) {
	err = c.on(ctx, "/programs/", id, "/change", w, &p)
	return p, err
}

// StopProgram stops a program for ever.
func (c *Client) StopProgram(ctx context.Context, id string) error {
	return c.on(ctx, "/programs/", id, "/stop", nil, nil)
}

// Wishes are how one is told by mail.
func (c *Client) Wishes(ctx context.Context) (w Wishes, err error) {
	err = c.ask(ctx, http.MethodGet, "/notices/wishes", nil, &w)
	return w, err
}

// Wish says how one wants to be told by mail.
func (c *Client) Wish(ctx context.Context, w Wishes) error {
	return c.ask(ctx, http.MethodPost, "/notices/wishes", w, nil)
}

// OldNotices are what one was told and has put away.
func (c *Client) OldNotices(ctx context.Context) ([]Notice, error) {
	return all[Notice](ctx, c, "/notices", url.Values{"state": {"old"}})
}

// Seen says which notices one has read.
func (c *Client) Seen(ctx context.Context, ids ...string) error {
	return c.ask(ctx, http.MethodPost, "/notices/seen", map[string][]string{"ids": ids}, nil)
}

// Attest says afterwards what a glass was broken for.
func (c *Client) Attest(ctx context.Context, grant, word string) error {
	return c.on(ctx, "/grants/", grant, "/attest", wire.Word{Word: word}, nil)
}

// Reviews are those that wait for one's word.
func (c *Client) Reviews(ctx context.Context) ([]Grant, error) {
	return list[Grant](ctx, c, "/reviews")
}

// Review closes a review with a verdict and a word.
func (c *Client) Review(ctx context.Context, grant, verdict, word string) error {
	return c.on(ctx, "/grants/", grant, "/review", map[string]string{"verdict": verdict, "word": word}, nil)
}
