package upstream

import (
	"bytes"
	"io"

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
	data   int64
	around int64
}

const aroundChunks = 64 << 10

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
			return framing(err)
		}
	}
	line, err := c.link.line()
	if err != nil {
		return framing(err)
	}
	c.around += int64(len(line)) + 4
	size, _, _ := bytes.Cut(line, []byte{';'}) // extensions are not looked at (FC42)
	n, ok := hexOf(bytes.TrimRight(size, " \t"))
	switch {
	case !ok, c.around > aroundChunks+c.data && !defect.On(defect.ChunksWithoutEnd):
		return errFraming
	case n == 0:
		return io.EOF
	}
	c.left, c.within = n, true
	return nil
}

// broken tells an end in the middle from one of the body.
func broken(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

func framing(err error) error {
	if err == nil {
		return errFraming
	}
	return err
}

func hexOf(s []byte) (n int64, ok bool) {
	for _, c := range s {
		var digit byte
		switch {
		case c >= '0' && c <= '9':
			digit = c - '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			digit = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		n = n<<4 | int64(digit)
	}
	return n, len(s) > 0 && len(s) < 16
}
