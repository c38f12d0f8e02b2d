package upstream

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

// answer is what we look at of an answer of the server, and its body. Nothing else of it
// is kept (FC42).
type answer struct {
	status   int
	length   int64  // of the body; -1 where the server does not say
	kind     string // Content-Type; "" where there is none, or more than one
	coded    bool   // its bytes are not the content's own (Content-Encoding)
	tag      string // ETag
	location string
	body     body
}

// body is what follows an answer's header. Only the time for which the server is waited
// for counts: pause stops the clock, allow sets it.
type body interface {
	io.ReadCloser
	allow(time.Duration)
	pause()
}

// fields of a header that may stand in it once.
const (
	contentType     = "Content-Type"
	contentEncoding = "Content-Encoding"
)

// answerOf is an answer that came by net/http.
func answerOf(res *http.Response, b body) *answer {
	a := &answer{status: res.StatusCode, length: res.ContentLength, tag: res.Header.Get("ETag"), location: res.Header.Get("Location"), body: b}
	if v := res.Header.Values(contentType); len(v) == 1 {
		a.kind = v[0]
	}
	for i, v := range res.Header.Values(contentEncoding) {
		a.coded = a.coded || i > 0 || !strings.EqualFold(v, "identity")
	}
	return a
}

// timed is a body of net/http, whose connection breaks when its time is over.
type timed struct {
	io.ReadCloser
	ctx    context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer
}

// roundTrip sends a request by net/http: a write, a form, or anything to a server that
// speaks TLS. The transport, not a Client: no redirect, no cookie, no Referer.
func (c *Client) roundTrip(req *http.Request) (*answer, error) {
	return c.send(req.Context(), func() (*answer, error) {
		t := &timed{}
		t.ctx, t.cancel = context.WithCancelCause(req.Context())
		t.timer = time.AfterFunc(c.whole, func() { t.cancel(context.DeadlineExceeded) })
		res, err := c.http.RoundTrip(req.WithContext(t.ctx))
		if err != nil {
			err = c.failure(t.ctx, err)
			t.stop()
			return nil, err
		}
		t.ReadCloser = res.Body
		return answerOf(res, t), nil
	})
}

func (t *timed) Read(p []byte) (int, error) {
	n, err := t.ReadCloser.Read(p)
	if err != nil && err != io.EOF && t.ctx.Err() != nil {
		err = context.Cause(t.ctx)
	}
	return n, err
}

func (t *timed) allow(d time.Duration) { t.timer.Reset(d) }
func (t *timed) pause()                { t.timer.Stop() }

func (t *timed) stop() {
	t.timer.Stop()
	t.cancel(context.Canceled)
}

// Close lets go of the connection: what was not read of the answer is not wanted.
func (t *timed) Close() error {
	err := t.ReadCloser.Close()
	t.stop()
	return err
}

// failure is what a broken connection or a passed deadline becomes. The error of
// net/http quotes the URL, which holds values of the search (D14).
func (c *Client) failure(ctx context.Context, broken error) error {
	if err := context.Cause(ctx); err != nil {
		return errors.Join(connecting(err), err)
	}
	if errors.Is(broken, context.DeadlineExceeded) {
		return errors.Join(connecting(broken), context.DeadlineExceeded)
	}
	return connecting(broken)
}
