package line

import (
	"io"
	"net"
	"net/http"
	"sync"
)

// front is the most that is held back for what follows it: net/http writes the header of
// an answer with the first 4 KiB of its body, and then the rest.
const front = 4 << 10

// Conn is a connection whose writes can be made one. An answer of HTTP/1 has it for itself,
// but not alone: TLS answers a change of keys (RFC 8446 section 4.6.3) on it, from the
// goroutine that reads.
type Conn struct {
	*net.TCPConn

	mu       sync.Mutex  // held while something is written
	together bool        // guarded by mu
	held     []byte      // guarded by mu: not written yet, while together
	both     [2][]byte   // guarded by mu: room for the two
	out      net.Buffers // guarded by mu: the two, on their way
}

// Together has what write writes to the connection of a request leave in one piece, where
// the request has it for itself (HTTP/1). It all is on its way when Together returns, but
// for what net/http keeps to write when the answer ends.
func Together(r *http.Request, write func() error) error {
	c, known := r.Context().Value(key{}).(*Conn)
	if !known || r.ProtoMajor != 1 {
		return write()
	}
	c.mu.Lock()
	c.together = true
	c.mu.Unlock()
	defer c.apart()
	err := write()
	if gone := c.apart(); err == nil {
		err = gone
	}
	return err
}

// Write holds the first write back and sends it with the one that follows.
func (c *Conn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case !c.together:
		return c.TCPConn.Write(p)
	case len(c.held) == 0 && len(p) <= front:
		c.held = append(c.held, p...)
		return len(p), nil
	case len(c.held) == 0:
		return c.TCPConn.Write(p)
	}
	n := int64(len(c.held))
	c.both = [2][]byte{c.held, p}
	c.out = c.both[:]
	c.held = c.held[:0]
	sent, err := c.out.WriteTo(c.TCPConn)
	return int(max(sent-n, 0)), err
}

// ReadFrom sends what is held first.
func (c *Conn) ReadFrom(r io.Reader) (int64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.flush(); err != nil {
		return 0, err
	}
	return c.TCPConn.ReadFrom(r)
}

// apart sends what is held and holds nothing more.
func (c *Conn) apart() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.together = false
	return c.flush()
}

// flush is for a caller who holds mu.
func (c *Conn) flush() error {
	if len(c.held) == 0 {
		return nil
	}
	_, err := c.TCPConn.Write(c.held)
	c.held = c.held[:0]
	return err
}
