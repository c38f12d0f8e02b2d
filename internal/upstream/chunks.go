package upstream

import (
	"bytes"
	"cmp"
	"io"
	"strconv"

	"modicum/internal/defect"
)

// chunks is a body in chunks (RFC 9112 section 7.1), up to the last one. What is around
// them may be as much as what is in them, and 64 KiB more: a server that sends a body byte
// by byte makes us work for each, and would hold a processor for as long as it is waited
// for (FC51).
type chunks struct {
	link   *link
	left   int64 // bytes of the chunk that were not read
	within bool  // a chunk has begun, and its end is to be read
	data   int64 // bytes read of chunks
	around int64 // bytes read that are not data: sizes, extensions, line ends
}

const (
	aroundChunks = 64 << 10 // bytes
	mostDigits   = 15       // of a chunk's size, zeros before it included
)

func (c *chunks) Read(p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		switch {
		case c.left > 0:
			var some int
			some, err = c.link.in.Read(p[n:min(int64(len(p)), int64(n)+c.left)])
			n, c.left, c.data = n+some, c.left-int64(some), c.data+int64(some)
			err = broken(err)
		case n > 0 && !c.ahead():
			return n, nil // what has come is not held back
		default:
			err = c.next()
		}
		if n > 0 && c.link.in.Buffered() == 0 {
			break
		}
	}
	return n, err
}

// ahead reports whether what stands before the next chunk has come.
func (c *chunks) ahead() bool {
	b, _ := c.link.in.Peek(c.link.in.Buffered())
	if c.within {
		b = b[min(2, len(b)):]
	}
	return bytes.IndexByte(b, '\n') >= 0
}

// next reads what stands before a chunk; io.EOF: it was the last.
func (c *chunks) next() error {
	if c.within {
		if line, err := c.link.line(); err != nil || len(line) > 0 {
			return cmp.Or(err, errFraming)
		}
	}
	line, err := c.link.line()
	if err != nil {
		return err
	}
	c.around += int64(len(line)) + 4
	size, _, _ := bytes.Cut(line, []byte{';'}) // extensions are not looked at (FC42)
	size = bytes.TrimRight(size, " \t")
	n, err := strconv.ParseUint(string(size), 16, 63)
	switch {
	case err != nil, len(size) > mostDigits, c.around > aroundChunks+c.data && !defect.On(defect.ChunksWithoutEnd):
		return errFraming
	case n == 0:
		return io.EOF
	}
	c.left, c.within = int64(n), true
	return nil
}

// broken tells an end in the middle from one of the body.
func broken(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
