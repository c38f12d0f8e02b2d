package upstream

import (
	"context"
	"net"
)

// DialBy lets the client read from what dial returns.
func (c *Client) DialBy(dial func() net.Conn) {
	c.wire.dialer = func(context.Context, string, string) (net.Conn, error) { return dial(), nil }
}

// Quiet reports whether nothing has come on the connections that are kept.
func (c *Client) Quiet() bool {
	c.wire.mu.Lock()
	defer c.wire.mu.Unlock()
	for _, l := range c.wire.idle {
		if !quiet(l.raw) {
			return false
		}
	}
	return true
}

// Kept counts the connections that are kept.
func (c *Client) Kept() int {
	c.wire.mu.Lock()
	defer c.wire.mu.Unlock()
	return len(c.wire.idle)
}

// SeatFree reports whether somebody who asks now has a seat at once.
func (c *Client) SeatFree() bool {
	free := c.seats.asking.Try("")
	if free {
		c.seats.asking.Give("")
	}
	return free
}
