package fhirjson

import (
	"bytes"
	"io"
)

// A piece is a Bundle of its own around some entries of a longer one.
const (
	pieceHead = `{"resourceType":"Bundle","type":"searchset","entry":[`
	pieceTail = `]}`
)

// Bounds of what Pieces holds besides entries.
const (
	maxFrame = 1 << 20  // bytes of a Bundle without its entries: links, total, meta
	readSize = 64 << 10 // bytes that are read at a time
)

// Pieces cuts a searchset that is too long to be held into searchsets of some of its
// entries each, as the text comes, and last the Bundle itself without entries, wherever
// its other members stand. It only finds where values end. Every byte is in one of the
// pieces, and none of it is checked but by the Scanner that reads the piece: an entry
// that is an object for it is the one that a Scanner of the whole text would have found,
// and what is not JSON around the entries is not JSON in the last piece.
type Pieces struct {
	from   io.Reader
	limits Limits
	buf    []byte // read and not looked at yet, from at on
	at     int
	err    error  // of the reading
	frame  []byte // the Bundle without its entries
	begun  bool
	inside bool // among the entries
	seen   bool // the list of entries
	after  bool // an entry was read, and no comma yet
	n      int  // entries
}

// NewPieces returns the Pieces of a text, each within the limits.
func NewPieces(from io.Reader, l Limits) *Pieces {
	return &Pieces{from: from, limits: l.filled(), buf: make([]byte, 0, readSize)}
}

// Next appends the next piece to dst: entries of about size bytes together, or one that
// is longer. Last is true for the Bundle without entries, after which nothing comes. An
// error of the reader comes back as it is.
func (p *Pieces) Next(dst []byte, size int) (piece []byte, last bool, err error) {
	if !p.begun {
		if err := p.begin(); err != nil {
			return nil, false, err
		}
	}
	for {
		if p.inside {
			from := len(dst)
			if dst, err = p.entries(dst, size); err != nil || len(dst) > from {
				return dst, false, err
			}
		}
		if last, err = p.member(); err != nil {
			return nil, false, err
		}
		if last {
			return append(dst, p.frame...), true, nil
		}
	}
}

func (p *Pieces) begin() error {
	p.begun = true
	c, err := p.token()
	if err != nil || c != '{' {
		return either(err, ErrNotSearchset)
	}
	return p.take(c)
}

// entries appends a piece, nothing where the list ends here.
func (p *Pieces) entries(dst []byte, size int) ([]byte, error) {
	from := len(dst)
	dst = append(dst, pieceHead...)
	head := len(dst)
	for len(dst)-head < size {
		c, err := p.token()
		switch {
		case err != nil:
			return nil, err
		case c == ']' && (p.after || p.n == 0):
			p.inside = false
			if err := p.take(c); err != nil || len(dst) == head {
				return dst[:from], err
			}
			return append(dst, pieceTail...), nil
		case c == ',' && p.after:
			p.at, p.after = p.at+1, false
		case c == '{' && !p.after:
			if len(dst) > head {
				dst = append(dst, ',')
			}
			if p.n++; p.n > p.limits.MaxEntries {
				return nil, ErrTooManyEntries
			}
			if dst, err = p.value(dst, from+p.limits.MaxBytes-len(pieceTail)); err != nil {
				return nil, err
			}
			p.after = true
		default:
			return nil, ErrNotSearchset
		}
	}
	return append(dst, pieceTail...), nil
}

// member takes a member of the Bundle, or the mark before it, into the frame. It stops
// where the list of entries begins, and reports the end of the text.
func (p *Pieces) member() (end bool, err error) {
	c, err := p.token()
	if err != nil {
		return false, err
	}
	switch c {
	case ',':
		return false, p.take(c)
	case '}':
		if err := p.take(c); err != nil {
			return false, err
		}
		return true, p.rest()
	case '"':
	default:
		return false, ErrNotSearchset
	}
	from := len(p.frame)
	if p.frame, err = p.value(p.frame, maxFrame); err != nil {
		return false, err
	}
	entry := string(p.frame[from:]) == `"entry"`
	if c, err = p.token(); err != nil || c != ':' {
		return false, either(err, ErrNotSearchset)
	}
	if err := p.take(c); err != nil {
		return false, err
	}
	if c, err = p.token(); err != nil {
		return false, err
	}
	if entry && c == '[' && !p.seen { // a second list is for the Scanner to refuse
		p.seen, p.inside = true, true
		return false, p.take(c)
	}
	p.frame, err = p.value(p.frame, maxFrame)
	return false, err
}

// rest takes what follows the Bundle, for the Scanner to refuse.
func (p *Pieces) rest() error {
	for {
		c, err := p.token()
		if err == io.ErrUnexpectedEOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := p.take(c); err != nil {
			return err
		}
	}
}

// take moves one byte into the frame.
func (p *Pieces) take(c byte) error {
	if len(p.frame) >= maxFrame {
		return refuse(maxFrame, whyBytes)
	}
	p.frame = append(p.frame, c)
	p.at++
	return nil
}

// token returns the next byte that is no white space, and stays on it.
func (p *Pieces) token() (byte, error) {
	for {
		for ; p.at < len(p.buf); p.at++ {
			if c := p.buf[p.at]; !isSpace(c) {
				return c, nil
			}
		}
		if err := p.fill(); err != nil {
			return 0, err
		}
	}
}

// fill reads on when everything was looked at. A text that ends here ends too early.
func (p *Pieces) fill() error {
	if p.err != nil {
		return p.err
	}
	n, err := 0, error(nil)
	for n == 0 && err == nil {
		n, err = p.from.Read(p.buf[:readSize])
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	p.buf, p.at, p.err = p.buf[:n], 0, err
	if n > 0 {
		return nil
	}
	return p.err
}

// value appends the value at hand to dst, which it may not make longer than most: an
// object or array to the bracket that closes it, a text to its quote, anything else to
// the mark after it.
func (p *Pieces) value(dst []byte, most int) ([]byte, error) {
	var e extent
	for {
		if p.at == len(p.buf) {
			if err := p.fill(); err != nil {
				return nil, err
			}
		}
		n, done := e.scan(p.buf[p.at:])
		if len(dst)+n > most {
			return nil, refuse(most, whyBytes)
		}
		dst = append(dst, p.buf[p.at:p.at+n]...)
		p.at += n
		if done {
			return dst, nil
		}
	}
}

// extent finds where a value ends, over any number of parts of it.
type extent struct {
	depth  int
	quoted bool // inside a text
	escape bool // behind a backslash in it
	plain  bool // a value that is neither text nor has brackets
}

// scan returns how much of b belongs to the value, and whether it ends there.
func (e *extent) scan(b []byte) (n int, done bool) {
	for n < len(b) {
		if e.quoted {
			if n += e.text(b[n:]); !e.quoted && e.depth == 0 {
				return n, true
			}
			continue
		}
		switch c := b[n]; {
		case e.plain && (c == ',' || c == '}' || c == ']' || isSpace(c)):
			return n, true
		case e.plain:
		case c == '"':
			e.quoted = true
		case c == '{' || c == '[':
			e.depth++
		case c == '}' || c == ']':
			if e.depth--; e.depth <= 0 {
				return n + 1, true
			}
		case e.depth == 0:
			e.plain = true
		}
		n++
	}
	return n, false
}

// text returns how much of b belongs to the text that is open.
func (e *extent) text(b []byte) int {
	for i := 0; i < len(b); i++ {
		if e.escape {
			e.escape = false
			continue
		}
		j := bytes.IndexAny(b[i:], `"\`)
		if j < 0 {
			return len(b)
		}
		i += j
		if e.escape = b[i] == '\\'; !e.escape {
			e.quoted = false
			return i + 1
		}
	}
	return len(b)
}

func either(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}
