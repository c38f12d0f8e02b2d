package notice

import (
	"context"
	"net"
	"time"
)

type dialFunc = func(ctx context.Context, network, address string) (net.Conn, error)

// Through makes a mail server or webhook be reached by f, so that tests of time need no network.
func (m *Mail) Through(f dialFunc) { m.dial = f }

// Through is that of Mail.
func (h *Hook) Through(f dialFunc) { h.dial = f }

// Due is when mail told at now may leave.
func (w Wishes) Due(now time.Time, urgent bool, loc *time.Location) (time.Time, bool) {
	return w.due(now, urgent, loc)
}

// Sign is what a webhook's call is signed with.
var Sign = sign

// Dial connects as mail and webhooks do, to an address that is configured.
func Dial(ctx context.Context, configured string, near bool, address string) (net.Conn, error) {
	return dialer{configured, near}.dial(ctx, "tcp", address)
}
