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
	m := &More{client: c, allowed: c.whole}
	m.ctx, m.cancel = context.WithCancelCause(ctx)
	m.timer = time.AfterFunc(c.whole, func() { m.cancel(context.DeadlineExceeded) })
	b, err := m.begin(method, path, form)
	if b == nil || b.More == nil {
		m.close()
	}
	return b, err
}

// begin asks, and reads the answer to its end or the first 4 MiB of it.
func (m *More) begin(method, path, form string) (*Body, error) {
	began := time.Now()
	res, err := m.client.ask(m.ctx, method, path, form)
	if err != nil {
		return nil, err
	}
	m.from = res.Body
	if err := status(res); err != nil {
		return nil, err
	}
	if err := acceptable(res, m.client.maxPage); err != nil {
		return nil, err
	}
	c := m.client
	buf := c.buffer()
	b, err := readAll((*buf)[:0], res.Body, res.ContentLength, min(headBytes, c.maxPage))
	body := &Body{Bytes: b, Version: versionOf(res.Header), buf: buf, release: c.keep}
	switch err {
	case nil:
		return body, nil
	case ErrTooLarge:
		m.timer.Stop()
		m.spend(time.Since(began), int64(len(b)))
		if m.read > c.maxPage {
			body.Release()
			return nil, ErrTooLarge
		}
		if err := c.stay(res); err != nil {
			body.Release()
			return nil, err
		}
		body.More = m
		return body, nil
	}
	body.Release()
	return nil, c.failure(m.ctx, err)
}

// More is the rest of a long answer. It belongs to one goroutine.
type More struct {
	client  *Client
	ctx     context.Context // of the request; it ends when the server lets us wait too long
	cancel  context.CancelCauseFunc
	from    io.ReadCloser
	timer   *time.Timer
	allowed time.Duration // for which we still wait
	since   int64         // bytes when it was last filled up
	read    int64         // bytes so far
}

// Read reads on. Its errors are those of this package, and io.EOF at the end.
func (m *More) Read(p []byte) (int, error) {
	began := time.Now()
	m.timer.Reset(m.allowed)
	n, err := m.from.Read(p)
	m.timer.Stop()
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
	m.timer.Stop()
	if m.from != nil {
		_ = m.from.Close()
		m.from = nil
	}
	m.cancel(context.Canceled)
}
