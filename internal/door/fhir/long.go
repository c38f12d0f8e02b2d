package fhir

import (
	"context"
	"errors"
	"io"

	"modicum/internal/fhirjson"
	"modicum/internal/upstream"
)

// pieceSize is how many bytes of a long page are read and judged together, or one record
// that is larger.
const pieceSize = 256 << 10

// long is an upstream page that is read as it comes.
type long struct {
	body    *upstream.Body
	pieces  *fhirjson.Pieces
	records int // in the pieces so far
}

func newLong(body *upstream.Body) *long {
	return &long{body: body, pieces: fhirjson.NewPieces(io.MultiReader(&first{body.Bytes, body}, body.More), fhirjson.Limits{})}
}

// first reads what a long answer began with. Clients may take long for the rest: its
// memory goes back before.
type first struct {
	left []byte
	of   *upstream.Body
}

func (f *first) Read(p []byte) (n int, err error) {
	if n = copy(p, f.left); n == 0 && len(p) > 0 {
		f.left = nil
		f.of.Spent()
		return 0, io.EOF
	}
	f.left = f.left[n:]
	return n, nil
}

// close lets go of the upstream, whatever it still had to say.
func (l *long) close() {
	if l != nil {
		l.body.Release()
	}
}

// piece reads and judges the next piece of the long page.
func (r *reader) piece(ctx context.Context) error {
	p := r.newPage()
	p.text, p.first = r.door.buffer(), r.long.records
	err := r.readPiece(p)
	if err == nil {
		r.long.records += len(p.records)
		p.pos = min(max(r.at.Offset-p.first, 0), len(p.records))
		if r.leaving && p.pos < len(p.records) { // the upstream may have taken its time
			err = r.session.Renew()
		}
		if err == nil && p.pos < len(p.records) {
			err = r.judge(ctx, p)
		}
	}
	if err == nil && p.last {
		err = r.endLong(p)
	}
	if err != nil {
		r.release(p)
		return err
	}
	r.pages = append(r.pages, p)
	return nil
}

func (r *reader) readPiece(p *page) (err error) {
	text, last, err := r.long.pieces.Next(*p.text, pieceSize)
	if err != nil {
		return errors.Join(upstream.ErrUpstream, err)
	}
	*p.text, p.last = text, last
	r.tab.bytes += int64(len(text))
	if r.tab.held += int64(len(text)); r.tab.held > r.door.cfg.Budget.Bytes {
		return errBudget
	}
	return r.scan(p, text)
}

// endLong comes to the end of the long page. A full first page that names no next one is
// asked for again, larger, and read from where this one ended: see fetch.
func (r *reader) endLong(p *page) error {
	read := r.long.records
	r.long.close()
	r.long = nil
	if p.next != "" || r.at.Link != "" || read < r.at.Size {
		return nil
	}
	p.last, r.at.Offset = false, read
	return r.widen()
}
