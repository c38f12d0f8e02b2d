package fhir

import (
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"modicum/internal/defect"
	"modicum/internal/gate"
	"modicum/internal/line"
)

// guarded is from how many bytes on an answer is cut off when the right to it ends.
// Fewer are on their way at once, in the buffers of both systems.
const guarded = 64 << 10

// mostWait is how long a client may take for each MiB of a long answer.
const mostWait = 30 * time.Second

// guard watches the rights on which an answer rests while it leaves (G3). What ends one
// of them breaks off the writing, even of somebody who does not read.
type guard struct {
	ctx     context.Context // ends when a right does, or the client is gone
	end     context.CancelCauseFunc
	stops   []func()
	watched int // sessions

	mu      sync.Mutex
	leaving bool // the answer may have begun: it cannot be refused any more, only broken off
	over    bool // the connection may carry another answer by now
}

// watch holds the rights of all decisions of the answer so far, from the first call on.
// It is gate.ErrEnded where one of them has ended.
func (x *exchange) watch() error {
	g := x.guard
	if g == nil {
		g = &guard{}
		g.ctx, g.end = context.WithCancelCause(x.r.Context())
		x.guard = g
		waits := x.allowed
		stop := context.AfterFunc(g.ctx, func() {
			g.breakOff(x)
			if waits != nil { // for the upstream
				waits.end(context.Cause(g.ctx))
			}
		})
		g.stops = append(g.stops, func() { stop() })
	}
	sessions := x.sessions()
	for _, s := range sessions[g.watched:] {
		ctx, stop := s.Watch(g.ctx, func() { g.cut(x) })
		unhook := context.AfterFunc(ctx, func() { g.end(context.Cause(ctx)) })
		g.stops = append(g.stops, func() { unhook(); stop() })
	}
	g.watched = len(sessions)
	g.mu.Lock()
	defer g.mu.Unlock()
	err := x.ended()
	g.leaving = g.leaving || err == nil
	return err
}

// sessions are the decisions of the answer and of its parts.
func (x *exchange) sessions() []*gate.Session {
	var out []*gate.Session
	if x.session != nil {
		out = append(out, x.session)
	}
	out = append(out, x.further...)
	for _, p := range x.parts {
		out = append(out, p.sessions()...)
	}
	return out
}

// cut is called by whoever ends a right, before it is acknowledged: when it returns
// nothing more is written.
func (g *guard) cut(x *exchange) {
	g.end(gate.ErrEnded)
	g.breakOff(x)
}

// breakOff ends a Write that waits for the client, and lets no other begin.
func (g *guard) breakOff(x *exchange) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.over || !g.leaving || defect.On(defect.CutLate) {
		return
	}
	// A write that fails has net/http close the connection, and the system send what it
	// holds: the connection must be broken before it is hurried.
	if errors.Is(context.Cause(g.ctx), gate.ErrEnded) && !x.entry && line.Break(x.r) {
		return
	}
	_ = http.NewResponseController(x.w).SetWriteDeadline(time.Unix(1, 0))
}

// ended is gate.ErrEnded where a right has ended, and nil where none did or nobody
// watches.
func (x *exchange) ended() error {
	if x.guard == nil {
		return nil
	}
	if err := context.Cause(x.guard.ctx); errors.Is(err, gate.ErrEnded) {
		return err
	}
	return nil
}

// unwatch lets go of the rights, and reports like ended. After it nothing breaks off what
// the connection carries next.
func (x *exchange) unwatch() error {
	g := x.guard
	if g == nil {
		return nil
	}
	g.mu.Lock()
	g.over = true
	g.mu.Unlock()
	err := x.ended()
	for _, stop := range slices.Backward(g.stops) {
		stop()
	}
	g.end(context.Canceled)
	x.guard = nil
	return err
}

// patient gives the client time for so many bytes of a long answer.
func (x *exchange) patient(bytes int) {
	wait := time.Duration(1+bytes>>20) * mostWait
	_ = http.NewResponseController(x.w).SetWriteDeadline(time.Now().Add(wait)) // an entry of a batch has none
}

// cut breaks the connection so that nothing more arrives: what waits in the system's
// buffer is dropped too. Where one connection carries many answers (HTTP/2), what follows
// resets this one alone.
func (x *exchange) cut() {
	conn, _, err := http.NewResponseController(x.w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	if t, over := conn.(interface{ NetConn() net.Conn }); over { // TLS
		conn = t.NetConn()
	}
	if t, can := conn.(interface{ SetLinger(seconds int) error }); can {
		_ = t.SetLinger(0)
	}
	_ = conn.Close()
}

// allowance is a context that ends when nothing of an answer was ready for so long. The
// time that the client takes does not count.
type allowance struct {
	context.Context
	end   context.CancelCauseFunc
	timer *time.Timer
	time  time.Duration
}

func allow(ctx context.Context, d time.Duration) *allowance {
	a := &allowance{time: d}
	a.Context, a.end = context.WithCancelCause(ctx)
	a.timer = time.AfterFunc(d, func() { a.end(context.DeadlineExceeded) })
	return a
}

func (a *allowance) pause()   { a.timer.Stop() }
func (a *allowance) goOn()    { a.timer.Reset(a.time) }
func (a *allowance) release() { a.timer.Stop(); a.end(context.Canceled) }
