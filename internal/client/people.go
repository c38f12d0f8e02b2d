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
	part, err := segment(id)
	if err != nil {
		return p, err
	}
	err = c.ask(ctx, http.MethodGet, "/people/"+part, nil, &p)
	return p, err
}

// AddPerson adds a person, who holds nothing yet.
func (c *Client) AddPerson(ctx context.Context, n NewPerson) (p Person, err error) {
	err = c.ask(ctx, http.MethodPost, "/people", n, &p)
	return p, err
}

// Give gives a role, position or duty.
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

// Keys are those of a program.
func (c *Client) Keys(ctx context.Context, program string) ([]Key, error) {
	part, err := segment(program)
	if err != nil {
		return nil, err
	}
	var p struct {
		Keys []Key `json:"keys"`
	}
	err = c.ask(ctx, http.MethodGet, "/programs/"+part, nil, &p)
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
