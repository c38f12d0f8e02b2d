package api

import (
	"modicum/internal/access"
	"modicum/internal/api/wire"
	"modicum/internal/book"
	"modicum/internal/change"
	"modicum/internal/people"
)

// The answers of operations, made of what their changes are about to keep.

func wroteAsked(c *call, w *book.Change) any {
	out := asked{}
	if r := book.Wrote[access.Request](w); r != nil {
		it := c.request(r)
		out.Request = &it
	}
	out.Grant = c.wroteGrant(w)
	return out
}

func wroteApproved(c *call, w *book.Change) any { return approved{Grant: c.wroteGrant(w)} }

func wroteGrant(c *call, w *book.Change) any {
	if g := c.wroteGrant(w); g != nil {
		return g
	}
	return nil
}

func (c *call) wroteGrant(w *book.Change) *grant {
	g := book.Wrote[access.Grant](w)
	if g == nil {
		return nil
	}
	out := c.grant(g)
	return &out
}

// wrotePerson is the person of the path, beside whom others may be written; without one in
// it whoever was added.
func wrotePerson(c *call, w *book.Change) any {
	p := book.Wrote[people.Person](w)
	if id := c.id(); id != "" {
		p = book.WroteOf[people.Person](w, id)
	}
	if p != nil {
		return personOf(p)
	}
	return nil
}

func wroteProgram(c *call, w *book.Change) any {
	if p := book.Wrote[people.Program](w); p != nil {
		return c.programOf(p, c.People.FindingsOf(p, c.now))
	}
	return nil
}

// wroteKey is the key that a program was given last.
func wroteKey(_ *call, w *book.Change) any {
	if p := book.Wrote[people.Program](w); p != nil && len(p.Keys) > 0 {
		return keyOf(p.Keys[len(p.Keys)-1])
	}
	return nil
}

func wroteYes(_ *call, w *book.Change) any {
	return wire.PolicyYes{InForce: book.Wrote[change.Now](w) != nil}
}

func wroteChange(c *call, w *book.Change) any {
	if x := book.Wrote[change.Change](w); x != nil {
		return c.policyChange(x)
	}
	return nil
}
