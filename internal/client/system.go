package client

import (
	"context"
	"net/http"

	"modicum/internal/api/wire"
)

// The objects of those who run the system.
type (
	Health       = wire.Health
	Installation = wire.Installation
)

// Health is how the parts of the installation do.
func (c *Client) Health(ctx context.Context) (out Health, err error) {
	err = c.ask(ctx, http.MethodGet, "/health", nil, &out)
	return out, err
}

// Installation is the configuration in force.
func (c *Client) Installation(ctx context.Context) (out Installation, err error) {
	err = c.ask(ctx, http.MethodGet, "/installation", nil, &out)
	return out, err
}

// EnableWebhook calls a webhook again that its receiver switched off.
func (c *Client) EnableWebhook(ctx context.Context, name string) error {
	return c.on(ctx, "/webhooks/", name, "/enable", nil, nil)
}
