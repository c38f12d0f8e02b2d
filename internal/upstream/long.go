package upstream

import (
	"context"
	"io"
	"time"
)

// headBytes is how much of a long answer is read before it is known to be long.
const headBytes = 4 << 20

// refill is how much more of a long answer may come in the time that Whole allows.
const refill = 16 << 20

// SearchLong is Search for an answer of up to MaxPage bytes: what lies beyond the first
// 4 MiB comes by Body.More.
func (c *Client) SearchLong(ctx context.Context, typ string, query []Param, post bool) (*Body, error) {
	return c.search(ctx, typ, query, post, c.doLong)
}

// PageLong is Page for an answer of up to MaxPage bytes: what lies beyond the first
// 4 MiB comes by Body.More.
func (c *Client) PageLong(ctx context.Context, ref string) (*Body, error) {
	return c.pageAt(ctx, ref, c.doLong)
}

// doLong is do for an answer that may be long. Only the time for which the server is
// waited for counts, so that whoever reads slowly on our other side fails nothing here:
// Whole for each 16 MiB.
func (c *Client) doLong(ctx context.Context, method, path, form string) (*Body, error) {
	began := time.Now()
	a, err := c.ask(ctx, method, path, form)
	if err != nil {
		return nil, err
	}
	var b *Body
	defer func() {
		if b == nil || b.More == nil { // also where reading it panicked
			_ = a.body.Close()
		}
	}()
	b, err = c.begin(ctx, a, began)
	return b, err
}

// begin reads an answer to its end or the first 4 MiB of it.
func (c *Client) begin(ctx context.Context, a *answer, began time.Time) (*Body, error) {
	if err := a.success(); err != nil {
		return nil, err
	}
	if err := a.acceptable(c.maxPage); err != nil {
		return nil, err
	}
	if b := c.asItCame(a); b != nil {
		return b, nil
	}
	buf := c.buffer()
	b, err := readHead((*buf)[:0], a.body, a.length, min(headBytes, c.maxPage))
	body := &Body{Bytes: b, Version: versionOf(a.tag), client: c, buf: buf}
	switch err {
	case nil:
		return body, nil
	case ErrTooLarge:
		a.body.pause()
		m := &More{client: c, ctx: ctx, from: a.body, allowed: c.whole}
		m.spend(time.Since(began), int64(len(b)))
		if m.read > c.maxPage {
			body.Release()
			return nil, ErrTooLarge
		}
		if err := c.stay(a); err != nil {
			body.Release()
			return nil, err
		}
		body.More = m
		return body, nil
	}
	body.Release()
	return nil, c.failure(ctx, err)
}

// More is the rest of a long answer. It belongs to one goroutine.
type More struct {
	client  *Client
	ctx     context.Context // of whoever asked
	from    body
	allowed time.Duration // for which we still wait
	since   int64         // bytes when it was last filled up
	read    int64         // bytes so far
}

// Read reads on. Its errors are those of this package, and io.EOF at the end.
func (m *More) Read(p []byte) (int, error) {
	began := time.Now()
	m.from.allow(m.allowed)
	n, err := m.from.Read(p)
	m.from.pause()
	m.spend(time.Since(began), int64(n))
	switch {
	case m.read > m.client.maxPage:
		return 0, ErrTooLarge
	case err != nil && err != io.EOF:
		return n, m.client.failure(m.ctx, err)
	}
	return n, err
}

// spend counts what was waited for and what came.
func (m *More) spend(waited time.Duration, n int64) {
	m.read += n
	if m.allowed -= waited; m.read-m.since >= refill {
		m.allowed, m.since = m.client.whole, m.read
	}
	m.allowed = max(m.allowed, 0)
}

// close lets go of the connection: what was not read of the answer is not wanted.
func (m *More) close() {
	if m == nil {
		return
	}
	if m.from != nil {
		_ = m.from.Close()
		m.from = nil
	}
}
