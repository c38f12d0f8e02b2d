package fhir

import (
	"errors"
	"net/http"

	"modicum/internal/problem"
)

// part is an entry of a batch: an exchange whose answer is kept back until all of them
// are there. How it ended is recorded when the whole answer has left.
type part struct {
	*exchange
	answer *kept
	spelt  bool // its address is one that this door reads
	broken bool // the answer did not fit, or broke off
}

// run answers the part. A panic in it is a refusal of it alone.
func (p *part) run() {
	defer p.unwatch()
	defer func() {
		if recover() != nil {
			p.panicked()
			p.refuse(problem.Internal)
		}
	}()
	if !p.spelt {
		p.fail(problem.Malformed)
		return
	}
	if err := p.serve(); err != nil {
		p.refuse(err)
	}
}

// refuse answers with a problem. Nothing has left yet, so that it replaces what was
// begun.
func (p *part) refuse(err error) {
	if !p.sent {
		p.fail(err)
		return
	}
	if errors.Is(err, errFull) {
		err = problem.Unavailable
	}
	p.broken, p.refusal = true, problem.From(err)
	p.why = whyOf(err, p.refusal)
	p.answer.refuse(p.refusal)
	p.status, p.bytes = p.refusal.Status(), 0
}

// kept is an answer that is held back. All parts of a batch share what is left of its
// room.
type kept struct {
	header http.Header
	status int
	body   []byte
	left   *int64
}

// errFull: the answers of a batch are larger than it may be.
var errFull = errors.New("fhir: the batch is full")

// Header is the answer's.
func (k *kept) Header() http.Header { return k.header }

// WriteHeader keeps the status.
func (k *kept) WriteHeader(status int) { k.status = status }

// Write keeps the bytes, or none of them where there is no room. A refusal always has
// room: it is short, and there are not many.
func (k *kept) Write(b []byte) (int, error) {
	if k.status < http.StatusBadRequest {
		if int64(len(b)) > *k.left {
			return 0, errFull
		}
		*k.left -= int64(len(b))
	}
	k.body = append(k.body, b...)
	return len(b), nil
}

// refuse replaces what is kept by a problem.
func (k *kept) refuse(p problem.Problem) {
	*k.left += int64(len(k.body))
	k.body = k.body[:0]
	for _, name := range []string{"ETag", "Location"} {
		k.header.Del(name)
	}
	k.status = p.Status()
	k.body, _ = p.Body(problem.FHIR)
}
