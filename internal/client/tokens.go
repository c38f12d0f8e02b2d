package client

import (
	"context"
	"net/http"

	"modicum/internal/api/wire"
)

// The objects of where somebody is signed in, and of what asks in their name.
type (
	Token   = wire.Token
	Session = wire.Session
)

// of is the path below a person's, or one's own where person is "".
func of(person, path string) (string, error) {
	if person == "" {
		return path, nil
	}
	part, err := segment(person)
	return "/people/" + part + path, err
}

func listOf[T any](ctx context.Context, c *Client, person, path string) ([]T, error) {
	path, err := of(person, path)
	if err != nil {
		return nil, err
	}
	return list[T](ctx, c, path)
}

func (c *Client) endOf(ctx context.Context, person, path, id string) error {
	path, err := of(person, path)
	if err != nil {
		return err
	}
	return c.on(ctx, path, id, "/end", nil, nil)
}

// Tokens are somebody's tokens that go on, one's own where person is "".
func (c *Client) Tokens(ctx context.Context, person string) ([]Token, error) {
	return listOf[Token](ctx, c, person, "/tokens")
}

// EndToken ends a token, of oneself where person is "".
func (c *Client) EndToken(ctx context.Context, person, id string) error {
	return c.endOf(ctx, person, "/tokens/", id)
}

// EndTokens ends all tokens of oneself.
func (c *Client) EndTokens(ctx context.Context) (out wire.Ended, err error) {
	err = c.ask(ctx, http.MethodPost, "/tokens/end", nil, &out)
	return out, err
}

// Sessions are where somebody is signed in, oneself where person is "".
func (c *Client) Sessions(ctx context.Context, person string) ([]Session, error) {
	return listOf[Session](ctx, c, person, "/sessions")
}

// EndSession ends a session, of oneself where person is "".
func (c *Client) EndSession(ctx context.Context, person, id string) error {
	return c.endOf(ctx, person, "/sessions/", id)
}
