// Package line is the connection of a client, as whoever answers on it sees it.
//
// What was written to a connection is out of our hands: the system goes on sending it.
// So a [Listener] bounds how much that is, and [Break] has the system drop it. Each write
// wakes the other side, so [Together] makes one of those of a short answer.
package line

import (
	"context"
	"net"
	"net/http"
	"time"
)

// Held is how many bytes the system is asked to hold of what was written to a connection
// and not taken by the other side. Linux holds about twice as many. More would be faster
// only where both the way is long and the line is wide: 20 Mbit/s at 50 ms.
const Held = 128 << 10

// Listener returns ln with the connections that it accepts bounded by Held.
func Listener(ln net.Listener) net.Listener { return bounded{ln} }

type bounded struct{ net.Listener }

// Accept returns the connection, with all that can be done with it.
func (b bounded) Accept() (net.Conn, error) {
	c, err := b.Listener.Accept()
	if w, can := c.(interface{ SetWriteBuffer(bytes int) error }); err == nil && can {
		_ = w.SetWriteBuffer(Held)
	}
	if tcp, is := c.(*net.TCPConn); err == nil && is {
		return &Conn{TCPConn: tcp}, nil
	}
	return c, err
}

type key struct{}

// Know has a server's requests know their connection, for Break.
func Know(s *http.Server) {
	s.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		if t, over := c.(interface{ NetConn() net.Conn }); over { // TLS
			c = t.NetConn()
		}
		return context.WithValue(ctx, key{}, c)
	}
}

// Break breaks off the connection of a request that has it for itself (HTTP/1): what was
// written and not sent is dropped, and the other side is told that it was broken off. It
// waits for nothing, and reports whether it knew the connection.
func Break(r *http.Request) bool {
	c, known := r.Context().Value(key{}).(net.Conn)
	if !known || r.ProtoMajor != 1 {
		return false
	}
	if t, can := c.(interface{ SetLinger(seconds int) error }); can {
		_ = t.SetLinger(0)
	}
	_ = c.SetWriteDeadline(time.Unix(1, 0)) // no other write begins
	go c.Close()                            // which waits for the one that was under way
	return true
}
