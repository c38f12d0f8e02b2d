package ledger

import (
	"bytes"
	"errors"
	"fmt"
	"sync"

	"github.com/go-json-experiment/json"
)

// ErrNotCanonical: the bytes are not an entry in the one form that is allowed.
var ErrNotCanonical = errors.New("not a canonical entry")

// Encode returns the canonical JSON of e (RFC 8785). It fails, naming keys and
// never values, when e may not stand in a log. Schema and kind are filled in
// where they are zero.
func Encode(e Entry) ([]byte, error) {
	stamp(e)
	if err := e.check(); err != nil {
		return nil, fmt.Errorf("%s entry: %w", e.Header().Kind, err)
	}
	w := drafts.Get().(*canonical)
	defer w.done()
	e.write(w)
	if w.bad {
		return nil, fmt.Errorf("%s entry: not valid UTF-8", e.Header().Kind)
	}
	if len(w.b) > MaxEntry {
		return nil, fmt.Errorf("%s entry: %w: %d bytes, at most %d", e.Header().Kind, ErrTooLarge, len(w.b), MaxEntry)
	}
	return bytes.Clone(w.b), nil
}

// drafts are where entries are spelled. How long one becomes is not known before, and what a
// log keeps of it shall be no longer than it is.
var drafts = sync.Pool{New: func() any { return new(canonical) }}

// mostDraft is how many bytes of a draft are kept for the next entry; few are longer.
const mostDraft = 16 << 10

func (w *canonical) done() {
	if cap(w.b) <= mostDraft {
		*w = canonical{b: w.b[:0]}
		drafts.Put(w)
	}
}

// stamp fills in what follows from the type.
func stamp(e Entry) {
	var schema *int
	var kind *Kind
	switch e := e.(type) {
	case *Decision:
		schema, kind = &e.Schema, &e.Kind
	case *Opened:
		schema, kind = &e.Schema, &e.Kind
	case *Outcome:
		schema, kind = &e.Schema, &e.Kind
	case *Act:
		schema, kind = &e.Schema, &e.Kind
	}
	if *schema == 0 {
		*schema = Schema
	}
	if *kind == "" {
		*kind = e.Header().Kind
	}
}

// Decode reads one entry. Anything but the canonical form of a known kind is
// refused: unknown or repeated keys, other spellings, other orders. The error
// tells what is wrong and repeats nothing of the content.
func Decode(b []byte) (Entry, error) {
	if len(b) > MaxEntry {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, len(b), MaxEntry)
	}
	var peek struct {
		Kind   Kind `json:"kind"`
		Schema int  `json:"schema"`
	}
	if err := json.Unmarshal(b, &peek); err != nil {
		return nil, fmt.Errorf("%w: not JSON with a kind and a schema", ErrNotCanonical)
	}
	if peek.Schema != Schema {
		return nil, fmt.Errorf("%w: schema %d, known is %d", ErrNotCanonical, peek.Schema, Schema)
	}
	var e Entry
	switch peek.Kind {
	case KindDecision:
		e = new(Decision)
	case KindOpened:
		e = new(Opened)
	case KindOutcome:
		e = new(Outcome)
	case KindAct:
		e = new(Act)
	default:
		return nil, fmt.Errorf("%w: unknown kind", ErrNotCanonical)
	}
	if err := json.Unmarshal(b, e, json.RejectUnknownMembers(true)); err != nil {
		return nil, fmt.Errorf("%w: a %s has an unknown key or a value of the wrong type", ErrNotCanonical, peek.Kind)
	}
	again, err := Encode(e)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotCanonical, err)
	}
	if !bytes.Equal(again, b) {
		return nil, fmt.Errorf("%w: a %s spelled in another way", ErrNotCanonical, peek.Kind)
	}
	return e, nil
}
