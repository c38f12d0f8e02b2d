package upstream

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"

	"modicum/internal/defect"
)

// wire sends GETs by HTTP/1.1 (RFC 9112) over connections without TLS that it keeps. Whoever asks
// writes and reads on their own goroutine, where net/http has two more for each
// connection: with them, a read cost a third of what all else of it did.
//
// It takes less than net/http does. An answer whose end two headers tell, or tell in two
// ways, or whose header is spelt as RFC 9112 does not allow, is none (FC49).
type wire struct {
	address string // host:port
	dialer  func(ctx context.Context, network, address string) (net.Conn, error)
	header  time.Duration
	most    int // connections that are kept
	readers sync.Pool

	mu     sync.Mutex
	idle   []*link     // guarded by mu: the one used last at the end
	sweep  *time.Timer // guarded by mu: closes those that nobody needs; nil while there is none
	closed bool        // guarded by mu: nothing is kept any more
}

const (
	idleFor     = 90 * time.Second
	headerBytes = 64 << 10 // of all headers before a body
	interims    = 5        // answers before the answer, which are dropped (FC42)
)

// link is a connection. Whoever asks owns it, until it is idle.
type link struct {
	net.Conn
	raw   syscall.RawConn
	in    *bufio.Reader
	out   []byte
	since time.Time // idle since
}

// get sends a request, whose header write appends, and returns when the answer begins.
// Only where a kept connection broke before a byte came is it sent again.
func (w *wire) get(ctx context.Context, whole time.Duration, head func([]byte) []byte) (*answer, error) {
	began := time.Now()
	l := w.kept(began.Add(min(w.header, whole)))
	a, err := w.ask(ctx, l, began, whole, head)
	if l != nil && errors.Is(err, errStale) && ctx.Err() == nil {
		a, err = w.ask(ctx, nil, began, whole, head)
	}
	return a, err
}

// errStale: the connection ended before a byte of the answer came.
var errStale = errors.New("upstream: the connection was closed")

// ask uses a connection, a new one where l is nil.
func (w *wire) ask(ctx context.Context, l *link, began time.Time, whole time.Duration, head func([]byte) []byte) (_ *answer, err error) {
	if l == nil {
		if l, err = w.dial(ctx); err != nil {
			return nil, err
		}
	}
	r := &reply{wire: w, link: l, ctx: ctx}
	_ = l.SetDeadline(began.Add(min(w.header, whole)))
	r.stop = context.AfterFunc(ctx, l.abort)
	a := &answer{length: -1, body: r}
	l.out = head(l.out[:0])
	if _, err = l.Write(l.out); err != nil {
		err = errors.Join(errStale, err)
	} else {
		err = l.header(a, r)
	}
	if err == nil {
		_ = l.SetReadDeadline(began.Add(whole))
		if ctx.Err() != nil { // it may have ended before the deadline was moved
			err = context.Cause(ctx)
		}
	}
	if err != nil {
		r.stop()
		_ = l.Close()
		return nil, err
	}
	return a, nil
}

// abort ends whatever waits on the connection.
func (l *link) abort() { _ = l.SetDeadline(time.Unix(1, 0)) }

func (w *wire) dial(ctx context.Context) (*link, error) {
	conn, err := w.dialer(ctx, "tcp", w.address)
	if err != nil {
		return nil, err
	}
	l := &link{Conn: conn, in: w.reader(conn)}
	if tcp, ok := conn.(syscall.Conn); ok {
		l.raw, err = tcp.SyscallConn()
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return l, nil
}

// reader lends what reads a connection.
func (w *wire) reader(conn net.Conn) *bufio.Reader {
	if in, _ := w.readers.Get().(*bufio.Reader); in != nil {
		in.Reset(conn)
		return in
	}
	return bufio.NewReaderSize(conn, 32<<10)
}

// unused takes a reader back. Nothing may point into what it read.
func (w *wire) unused(in *bufio.Reader) {
	in.Reset(nil)
	w.readers.Put(in)
}

// kept takes the connection that was used last, nil where there is none. One that the
// server closed, or on which it speaks unasked, is no use: what it said would be taken for
// the answer.
func (w *wire) kept(until time.Time) *link {
	for {
		w.mu.Lock()
		n := len(w.idle)
		if n == 0 {
			w.mu.Unlock()
			return nil
		}
		l := w.idle[n-1]
		w.idle = w.idle[:n-1]
		w.mu.Unlock()
		_ = l.SetDeadline(until)
		if l.in.Buffered() == 0 && l.quiet() {
			return l
		}
		_ = l.Close()
	}
}

func (l *link) quiet() bool {
	return l.raw != nil && (quiet(l.raw) || defect.On(defect.AnswerOfAnother))
}

// keep puts a connection back, of which nothing is left to read.
func (w *wire) keep(l *link) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || len(w.idle) >= w.most {
		_ = l.Close()
		return
	}
	l.since = time.Now()
	w.idle = append(w.idle, l)
	if w.sweep == nil {
		w.sweep = time.AfterFunc(idleFor, w.old)
	}
}

// old closes the connections that nobody needed for a while.
func (w *wire) old() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sweep = nil
	w.drop(time.Now().Add(-idleFor))
	if len(w.idle) > 0 {
		w.sweep = time.AfterFunc(idleFor, w.old)
	}
}

// drop closes what is idle since then or longer; the caller holds mu.
func (w *wire) drop(since time.Time) {
	n := 0
	for n < len(w.idle) && !w.idle[n].since.After(since) {
		_ = w.idle[n].Close()
		n++
	}
	w.idle = append(w.idle[:0], w.idle[n:]...)
}

func (w *wire) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	w.drop(time.Now())
	if w.sweep != nil {
		w.sweep.Stop()
		w.sweep = nil
	}
}

// reply is the body of an answer.
type reply struct {
	wire *wire
	link *link
	ctx  context.Context // whoever asked; when it ends, so does the reading
	stop func() bool
	from io.Reader // chunks; nil for a body whose length is known or that ends with the connection
	left int64     // bytes of the body; -1 until the connection ends
	ends bool      // the connection ends with it
	done bool      // nothing of it is left
}

func (r *reply) Read(p []byte) (n int, err error) {
	switch {
	case r.done || r.left == 0:
		r.done = true
		return 0, io.EOF
	case r.from != nil:
		if n, err = r.from.Read(p); err == io.EOF {
			err = r.trailers()
		}
	case r.left < 0:
		if n, err = r.link.in.Read(p); err == io.EOF {
			r.done = true
			return n, err
		}
	default:
		n, err = r.link.in.Read(p[:min(int64(len(p)), r.left)])
		if r.left -= int64(n); err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
	}
	if err != nil && err != io.EOF {
		err = r.link.failure(r.ctx, err)
	}
	return n, err
}

// trailers reads past what follows the last chunk; nothing of it is looked at (FC42).
func (r *reply) trailers() error {
	for bytes := 0; ; {
		line, err := r.link.line()
		switch bytes += len(line); {
		case err != nil:
			return err
		case len(line) == 0:
			r.done = true
			return io.EOF
		case bytes > 4<<10:
			return errFraming
		}
	}
}

func (r *reply) allow(d time.Duration) {
	_ = r.link.SetReadDeadline(time.Now().Add(d))
	if r.ctx.Err() != nil {
		r.link.abort()
	}
}

func (r *reply) pause() {} // nobody reads meanwhile

// take is a body that has all come, and what it lies in; the connection reads on by another.
// It is nil for any other body: one after which something follows, among them, which must
// be seen before the connection is used again.
func (r *reply) take() (*bufio.Reader, []byte) {
	in := r.link.in
	behind := int64(in.Buffered()) - r.left
	if r.done || r.from != nil || r.left <= 0 || behind != 0 && !(behind > 0 && defect.On(defect.BehindUnseen)) {
		return nil, nil
	}
	b, _ := in.Peek(int(r.left))
	r.link.in, r.left, r.done = r.wire.reader(r.link.Conn), 0, true
	return in, b
}

// Close lets go of the connection, and keeps it where all of the answer was read.
func (r *reply) Close() error {
	if r.link == nil {
		return nil
	}
	l := r.link
	r.link = nil
	untouched := r.stop() // false where the context has ended and broke the connection
	if untouched && !r.ends && (r.done || r.left == 0) {
		r.wire.keep(l)
		return nil
	}
	return l.Close()
}

// failure tells a deadline of ours apart from what else may go wrong.
func (l *link) failure(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return context.DeadlineExceeded
	}
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// requestLine appends the line and the headers that we send and no others.
func (c *Client) requestLine(b []byte, path, token string) []byte {
	b = append(append(b, "GET "...), c.path...)
	if c.path == "" && (path == "" || path[0] != '/') {
		b = append(b, '/')
	}
	b = append(append(b, path...), " HTTP/1.1\r\nHost: "...)
	b = append(append(b, c.host...), "\r\nUser-Agent: modicum\r\nAccept: application/fhir+json\r\nAccept-Encoding: identity\r\n"...)
	if token != "" {
		b = append(append(append(b, "Authorization: Bearer "...), token...), "\r\n"...)
	}
	return append(b, "\r\n"...)
}

// isTarget reports whether a path can stand in a request line.
func isTarget(path string) bool {
	for i := range len(path) {
		if path[i] <= ' ' || path[i] >= 0x7f {
			return false
		}
	}
	return true
}

func atoi(s []byte) (int64, bool) {
	if len(s) == 0 || len(s) > 18 {
		return 0, false
	}
	for _, c := range s {
		if c < '0' || c > '9' {
			return 0, false
		}
	}
	n, err := strconv.ParseInt(string(s), 10, 64)
	return n, err == nil
}
