package upstream

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"

	"modicum/internal/defect"
)

// errFraming: the header does not say in one way where the answer ends.
var errFraming = errors.New("upstream: an answer that RFC 9112 does not allow")

// header reads the header of the answer, after any interim ones, into a and r.
func (l *link) header(a *answer, r *reply) error {
	if _, err := l.in.Peek(1); err != nil {
		if err == io.EOF || isReset(err) {
			return errors.Join(errStale, err)
		}
		return err
	}
	bytes := 0
	for range interims + 1 {
		f := fields{}
		if err := l.fields(&f, a, &bytes); err != nil {
			return err
		}
		switch {
		case a.status >= 200:
			return f.frame(l, a, r)
		case a.status == http.StatusSwitchingProtocols, f.length >= 0 || f.chunked || f.otherwise:
			return errFraming
		}
		*a = answer{length: -1, body: r}
	}
	return errFraming
}

// fields are what a header says of the connection.
type fields struct {
	length    int64 // -1: nothing
	lengths   int
	chunked   bool
	otherwise bool // framed in a way that we do not know
	close     bool
	old       bool // HTTP/1.0, which has no chunks
	kinds     int
	codings   int
}

// fields reads one header.
func (l *link) fields(f *fields, a *answer, read *int) error {
	f.length = -1
	line, err := l.line()
	if err != nil {
		return err
	}
	*read += len(line)
	// HTTP/1.1 200 OK
	if len(line) < 12 || string(line[:7]) != "HTTP/1." || line[7] != '1' && line[7] != '0' || line[8] != ' ' || len(line) > 12 && line[12] != ' ' {
		return errFraming
	}
	f.old = line[7] == '0'
	f.close = f.old
	status, ok := atoi(line[9:12])
	if !ok || status < 100 {
		return errFraming
	}
	a.status = int(status)
	for {
		if line, err = l.line(); err != nil || len(line) == 0 {
			return err
		}
		if *read += len(line) + 2; *read > headerBytes {
			return errFraming
		}
		colon := bytes.IndexByte(line, ':')
		if colon <= 0 || !isToken(line[:colon]) || !isValue(line[colon+1:]) {
			return errFraming // a folded line among them
		}
		f.field(a, line[:colon], bytes.Trim(line[colon+1:], " \t"))
	}
}

// line reads one line, without its end. It stays valid until the next one.
func (l *link) line() ([]byte, error) {
	line, err := l.in.ReadSlice('\n')
	switch {
	case err == io.EOF:
		return nil, io.ErrUnexpectedEOF
	case err != nil:
		return nil, err // longer than any line has to be, among them
	case len(line) < 2 || line[len(line)-2] != '\r':
		return nil, errFraming
	}
	return line[:len(line)-2], nil
}

// field takes what we look at.
func (f *fields) field(a *answer, name, value []byte) {
	switch {
	case is(name, "content-length"):
		n, ok := atoi(value)
		f.lengths++
		if f.length = n; !ok || f.lengths > 1 {
			f.otherwise = true
		}
	case is(name, "transfer-encoding"):
		f.otherwise = f.otherwise || f.chunked || !is(value, "chunked")
		f.chunked = true
	case is(name, "connection"):
		for option := range bytes.SplitSeq(value, []byte{','}) {
			f.close = f.close || is(bytes.Trim(option, " \t"), "close")
		}
	case is(name, "content-type"):
		if f.kinds++; f.kinds == 1 {
			a.kind = kindOf(value)
		} else {
			a.kind = ""
		}
	case is(name, "content-encoding"):
		f.codings++
		a.coded = a.coded || f.codings > 1 || !is(value, "identity")
	case is(name, "etag"):
		if a.tag == "" {
			a.tag = string(value)
		}
	}
}

// frame works out where the body ends (RFC 9112 section 6.3).
func (f *fields) frame(l *link, a *answer, r *reply) error {
	r.ends = f.close
	switch {
	case (f.otherwise || f.chunked && (f.lengths > 0 || f.old)) && !defect.On(defect.FramedTwice):
		return errFraming
	case a.status == http.StatusNoContent, a.status == http.StatusNotModified:
		r.done = true
		r.ends = r.ends || (f.chunked || f.length > 0) && !defect.On(defect.BodyAfterNone) // the body that it tells of may come all the same
	case f.chunked:
		r.from, r.left = &chunks{link: l}, -1
	case f.lengths > 0:
		r.left, a.length = f.length, f.length
	default:
		r.left, r.ends = -1, true
	}
	return nil
}

// kindOf is a media type, without memory of its own for those that servers send.
func kindOf(v []byte) string {
	for _, known := range [...]string{"application/fhir+json;charset=UTF-8", "application/fhir+json;charset=utf-8", "application/fhir+json; charset=utf-8", "application/fhir+json"} {
		if string(v) == known {
			return known
		}
	}
	return string(v)
}

// is compares a name of the header, or one of its words, without regard to case.
func is(b []byte, lower string) bool {
	return len(b) == len(lower) && strings.EqualFold(string(b), lower)
}

func isToken(b []byte) bool {
	for _, c := range b {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0:
		default:
			return false
		}
	}
	return true
}

func isValue(b []byte) bool {
	for _, c := range b {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}
