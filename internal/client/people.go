package client

import (
	"context"
	"net/http"
	"net/url"

	"github.com/go-json-experiment/json/jsontext"

	"modicum/internal/api/wire"
)

// People are those whose name or user name has part in it, by name.
func (c *Client) People(ctx context.Context, part string) ([]Person, error) {
	q := url.Values{}
	if part != "" {
		q.Set("q", part)
	}
	return all[Person](ctx, c, "/people", q)
}

// Person is one person, with what they hold.
func (c *Client) Person(ctx context.Context, id string) (p Person, err error) {
	err = c.get(ctx, "/people/", id, "", &p)
	return p, err
}

// AddPerson adds a person, who holds nothing yet.
func (c *Client) AddPerson(ctx context.Context, n NewPerson) (p Person, err error) {
	err = c.ask(ctx, http.MethodPost, "/people", n, &p)
	return p, err
}

// Give gives a role, position, duty or identity.
func (c *Client) Give(ctx context.Context, id string, g Gift) error {
	return c.on(ctx, "/people/", id, "/give", g, nil)
}

// Agree is the second person's yes to what was given.
func (c *Client) Agree(ctx context.Context, id string, g Gift) error {
	return c.on(ctx, "/people/", id, "/agree", g, nil)
}

// Take takes away, at once.
func (c *Client) Take(ctx context.Context, id string, g Gift) error {
	return c.on(ctx, "/people/", id, "/take", g, nil)
}

// Deactivate ends a person, and all that they hold, in one step.
func (c *Client) Deactivate(ctx context.Context, id, heir string) error {
	return c.on(ctx, "/people/", id, "/deactivate", wire.Leaving{Heir: heir}, nil)
}

// Import adds the people of a file, or with check only says what it would do.
func (c *Client) Import(ctx context.Context, text string, check bool) (done Imported, err error) {
	err = c.ask(ctx, http.MethodPost, "/import/people", wire.File{Text: text, Check: check}, &done)
	return done, err
}

// Link says that two ids are one human being.
func (c *Client) Link(ctx context.Context, id, other string) error {
	return c.on(ctx, "/people/", id, "/link", wire.Other{Other: other}, nil)
}

// Unlink takes that back.
func (c *Client) Unlink(ctx context.Context, id, other string) error {
	return c.on(ctx, "/people/", id, "/unlink", wire.Other{Other: other}, nil)
}

// Entrust leaves a person who was added by hand to provisioning.
func (c *Client) Entrust(ctx context.Context, id string) error {
	return c.on(ctx, "/people/", id, "/entrust", nil, nil)
}

// Programs are the person's own, or all for who runs people.
func (c *Client) Programs(ctx context.Context) ([]Program, error) {
	return list[Program](ctx, c, "/programs")
}

// HandOver gives a program to a new owner; its keys end.
func (c *Client) HandOver(ctx context.Context, program, owner string) error {
	return c.on(ctx, "/programs/", program, "/hand-over", wire.NewOwner{Owner: owner}, nil)
}

// Keys are those of a program.
func (c *Client) Keys(ctx context.Context, program string) ([]Key, error) {
	var p struct {
		Keys []Key `json:"keys"`
	}
	err := c.get(ctx, "/programs/", program, "", &p)
	if p.Keys == nil {
		p.Keys = []Key{}
	}
	return p.Keys, err
}

// AddKey registers a public key (RFC 7517) for so many days.
func (c *Client) AddKey(ctx context.Context, program string, jwk jsontext.Value, days int) (k Key, err error) {
	err = c.on(ctx, "/programs/", program, "/keys", struct {
		JWK  jsontext.Value `json:"jwk"`
		Days int            `json:"days"`
	}{jwk, days}, &k)
	return k, err
}

// TakeKey ends a key; what it signed in dies with it.
func (c *Client) TakeKey(ctx context.Context, program, key string) error {
	p, err := segment(program)
	if err != nil {
		return err
	}
	k, err := segment(key)
	if err != nil {
		return err
	}
	return c.ask(ctx, http.MethodDelete, "/programs/"+p+"/keys/"+k, nil, nil)
}
