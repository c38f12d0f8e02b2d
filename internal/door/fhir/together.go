package fhir

import (
	"context"
	"strconv"

	"modicum/catalog"
	"modicum/internal/upstream"
)

// berth is the place of a part in a transaction that writes. What the part does runs as
// it would alone, up to where it would write: there it waits until all others have come
// as far, all is written together, and each goes on to its own answer.
type berth struct {
	id    string          // of the record that it makes; "" of any other part
	again bool            // the transaction was sent before: its records may be there
	made  map[string]bool // Type/id of all records that the transaction makes

	yield   func(*upstream.Change) bool // hands the change over; false: the whole is not done
	wrote   bool
	written *upstream.Written
	err     error
}

// put makes a record at the upstream, alone or with the others of a transaction.
func (x *exchange) put(ctx context.Context, at place, text []byte) (*upstream.Written, error) {
	if x.berth != nil {
		return x.berth.write(&upstream.Change{Type: at.typ, ID: at.id, Record: text})
	}
	return x.door.cfg.Upstream.Put(context.WithoutCancel(ctx), at.typ, at.id, text)
}

// write waits for the whole. A second write of one part has no place in it: the whole is
// judged before any of it is sent.
func (b *berth) write(c *upstream.Change) (*upstream.Written, error) {
	if b.wrote {
		return nil, upstream.ErrRefused
	}
	b.wrote = true
	if !b.yield(c) {
		return nil, upstream.ErrRefused
	}
	return b.written, b.err
}

// makes reports whether the transaction makes the record, so that a reference to it
// tells its writer nothing.
func (x *exchange) makes(t catalog.Type, id []byte) bool {
	return x.berth != nil && x.berth.made[x.catalog().TypeName(t)+"/"+string(id)]
}

// idOf is the id of what the nth entry of a transaction makes, from the transaction's own.
func (d *Door) idOf(transaction string, n int) string {
	return newID(d.sum("entry", transaction, strconv.Itoa(n)))
}
