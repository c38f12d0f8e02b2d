package fhirjson

import (
	"math/bits"

	"modicum/catalog"
	"modicum/internal/defect"
)

// inPage is the depth at which the records of a page stand: in its entries' resource.
const inPage = 3

// frame is an object or array that is being read.
type frame struct {
	cell    uint32
	event   uint32 // the first event inside, or at it
	members uint32
	seen    uint64         // a bit for each member name's place or hash
	has     uint64         // bits of the mandatory members so far
	node    catalog.NodeID // 0: what is in it is unknown
	guess   uint32         // where Scanner.guess says what member is likely next
	class   catalog.Class
	shape   shape
	flags   flag
}

// event is a cell that the binder has to look at.
type event struct {
	cell uint32
	node catalog.NodeID
	tell bool // that the member is there tells something, whatever it holds
}

// parse reads one JSON value that is the whole of b, checks every byte of it
// (RFC 8259, UTF-8, no duplicate names, bounds), and appends it to the tape. It
// returns the cell of the value, and whether white space stands between tokens.
//
// Each value gets its element and class on the way, as far as what is around it tells;
// what is inside it may tell more, which the binder finds at the events. The record is
// the value itself, or of a page the resource of each entry.
//
// It is one function with labels for its parts, since each part reads and sets a dozen of
// the variables that say what value is next: they would have to be handed on, or lie in
// memory, for each value of a text.
func (s *Scanner) parse(b []byte, page bool) (root uint32, spaced bool, err error) {
	if len(b) > s.limits.MaxBytes {
		return 0, false, refuse(s.limits.MaxBytes, whyBytes)
	}
	if len(b) >= 3 && b[0] == 0xEF && b[1] == 0xBB && b[2] == 0xBF {
		return 0, false, refuse(0, whyBOM)
	}
	s.marks = mark(s.marks, b)
	s.forgetTraces()
	var (
		tape   = s.tape[:cap(s.tape)]
		n      = len(s.tape) // cells that are written
		room   = n + s.limits.MaxValues
		most   = uint32(s.limits.MaxMembers)
		events = len(s.events)
		copies = len(s.copies)
		marks  = s.marks
		nodes  = s.know.nodes
		depth  int
		top    = &s.stack[0] // the innermost open object or array; below depth 1 none
		record uint32        // the cell of the record that is being read
		i      int
		at     int
		then   int // the cell after what was retraced
		w      why
		c      byte

		// of the value that is next
		first uint32 // event at it or inside
		name  uint32
		nlen  uint8
		node  catalog.NodeID
		about = &nodes[0] // the node's
		class catalog.Class
		want  form // what the element must be, noForm where node is 0
		kind  shape
		flags flag
		bit   uint64 // for frame.seen
	)
	root = uint32(n)
	*top = frame{}

value:
	if i >= len(b) {
		at, w = i, whyEnd
		goto bad
	}
	c = b[i]
	if c <= ' ' {
		if i = space(b, i); i < 0 {
			at, w = -i-1, whyToken
			goto bad
		}
		spaced = true
		goto value
	}
	if n >= room {
		at, w = i, whyCells
		goto bad
	}
	if n == len(tape) {
		tape = append(tape, cell{})
		tape = tape[:cap(tape)]
	}
	switch {
	case c == '"':
		at = i + 1
		if stops := marks[at>>6]>>(at&63) | marks[at>>6+1]<<1<<(^at&63); stops != 0 {
			at += bits.TrailingZeros64(stops)
		} else {
			at = next(marks, at)
		}
		if at < len(b) && b[at] == '"' {
			at++
		} else {
			var escapes flag
			if at, escapes, w = strFrom(b, marks, i+1, at); w != fine {
				goto bad
			}
			flags |= escapes
		}
		if at == i+2 {
			flags |= blank
		}
		kind = text
		goto scalar
	case c == '{' || c == '[':
		if depth >= s.limits.MaxDepth {
			at, w = i, whyDepth
			goto bad
		}
		kind = object
		if c == '[' {
			kind = array
		}
		if kind == object && want == objects || kind == array && want == arrays {
			top.has |= about.bit
			if flags&sibling != 0 && top.shape == object {
				top.flags |= siblings
			}
			first = uint32(len(s.events))
			if kind == object && about.is&heeded != 0 {
				s.events = append(s.events, event{cell: uint32(n), node: node})
			}
			if kind == object && about.is&guarded != 0 || kind == array && about.is&byValue != 0 {
				flags |= special // in an array by value a mark may stand beside what shows
			}
		} else {
			node, about, class, flags = 0, &nodes[0], 0, rough
			first = uint32(len(s.events))
		}
		if kind == object && (depth == 0 || about.kind == catalog.Resource) {
			node, class, flags = 0, 0, special|rough
			inner := record != 0 && top.shape == array && s.stack[depth-1].cell == record
			if depth == 0 || depth == inPage && page || inner { // elsewhere a resource has no meaning
				node = s.typeAhead(b, i)
			}
			if node != 0 {
				class = catalog.OfRecord
			}
			if inner && node != 0 {
				s.events = append(s.events, event{cell: uint32(n), node: node})
			} else if depth == 0 && !page || depth == inPage && page {
				record = uint32(n)
			}
		}
		then = 0
		if t := s.traceOf(node, kind); flags&sibling == 0 && t.like(s, tape, node, class, kind, depth) {
			if at, then = s.again(b, i, tape[:min(len(tape), room)], n, first, t); at != 0 && page && depth <= inPage {
				s.copies = append(s.copies, copied{uint32(n), uint32(then), uint32(n) - t.cell})
			}
		} else if record == uint32(n) && node != 0 {
			at, then = s.cast(b, i, tape[:min(len(tape), room)], n, first, node, depth)
		}
		if then != 0 {
			open := &tape[n]
			open.parent, open.name, open.nameLen = top.cell, name, nlen
			if top.flags |= roughFor(open.flags, class, top.class); nodes[node].is&standsIn != 0 && isAbsent(b, open, nodes[node].node) {
				top.flags |= rough
			}
			i, n = at, then
			goto after
		}
		{
			open := &tape[n]
			open.start, open.parent, open.name, open.node = uint32(i), top.cell, name, node
			open.aux, open.nameLen, open.shape, open.class = 0, nlen, kind, class
		}
		depth++
		top = &s.stack[depth]
		top.cell, top.members, top.seen, top.has = uint32(n), 0, 0, 0 // not as a literal, which is copied
		top.event = first
		top.node, top.guess, top.class, top.shape, top.flags = node, uint32(node)<<1, class, kind, flags
		n++
		i++
		for i < len(b) && b[i] <= ' ' {
			if i = space(b, i); i < 0 {
				at, w = -i-1, whyToken
				goto bad
			}
			spaced = true
		}
		if i >= len(b) {
			at, w = i, whyEnd
			goto bad
		}
		if b[i] == c+2 { // } and ] stand two after { and [
			top.flags |= blank
			goto closing
		}
		if kind == object {
			goto member
		}
		goto item
	case c == '-' || c-'0' < 10:
		if at, w = num(b, i); w != fine {
			goto bad
		}
		kind = number
		goto scalar
	case c == 't' || c == 'f' || c == 'n':
		word := "true"
		kind = boolean
		if c == 'f' {
			word = "false"
		} else if c == 'n' {
			word, kind = "null", null
			if want = noForm; top.shape == array && about.kind == catalog.Primitive {
				want = scalars
			}
			flags |= blank
		}
		if at = i + len(word); at > len(b) || string(b[i:at]) != word {
			at, w = i, whyLiteral
			goto bad
		}
		goto scalar
	}
	at, w = i, whyToken
	goto bad

scalar: // a value without others in it stands from i to at
	if want != scalars {
		node, class, flags = 0, 0, flags&(special|escaped|blank)|rough
	} else if top.has |= about.bit; about.is&(dated|coded) != 0 && kind == text {
		s.events = append(s.events, event{cell: uint32(n), node: node})
	} // what stands for an absent element is an object or array: see closing
	top.flags |= roughFor(flags, class, top.class)
	{
		leaf := &tape[n]
		n++
		leaf.start, leaf.end, leaf.next, leaf.parent = uint32(i), uint32(at), uint32(n), top.cell
		leaf.name, leaf.node, leaf.aux = name, node, 0
		leaf.nameLen, leaf.shape, leaf.class, leaf.flags = nlen, kind, class, flags
	}
	i = at

after: // a value ended before i
	if i >= len(b) || depth == 0 {
		goto end
	}
	c = b[i]
	if c == ',' {
		i++
		if top.shape == object {
			goto member
		}
		goto item
	}
	if c == '}' || c == ']' {
		if (c == '}') != (top.shape == object) {
			at, w = i, whyComma
			goto bad
		}
		goto closing
	}
	if c <= ' ' {
		if i = space(b, i); i < 0 {
			at, w = -i-1, whyComma
			goto bad
		}
		spaced = true
		goto after
	}
	at, w = i, whyComma
	goto bad

closing: // b[i] closes top
	i++
	{
		c, up := &tape[top.cell], &s.stack[depth-1]
		f := &nodes[top.node]
		if top.shape == object && (f.must&^top.has != 0 || f.is&grouped != 0) {
			top.flags |= rough
		}
		c.end, c.next, c.flags = uint32(i), uint32(n), top.flags
		if up.flags |= roughFor(top.flags, top.class, up.class); f.is&standsIn != 0 && isAbsent(b, c, f.node) {
			up.flags |= rough
		}
		depth--
		if top.cell == record && c.node != 0 && !spaced {
			s.learn(b, tape[record:n], s.events[top.event:], depth)
		}
		if c.node != 0 {
			t := s.traceOf(c.node, c.shape) // not as a literal, which is copied
			t.text, t.cell, t.event, t.events, t.depth, t.stands = s.texts, top.cell, top.event, uint32(len(s.events))-top.event, uint16(depth), notAsked
		}
		top = up
	}
	goto after

item: // an item is next: it is what its array is
	name, nlen, node, class, flags = 0, 0, top.node, top.class, top.flags&sibling
	about = &nodes[node]
	if want = about.item; flags != 0 {
		want = objects
	}
	goto value

member: // a member name is next
	if i >= len(b) {
		at, w = i, whyEnd
		goto bad
	}
	c = b[i]
	if c != '"' {
		if c <= ' ' {
			if i = space(b, i); i < 0 {
				at, w = -i-1, whyName
				goto bad
			}
			spaced = true
			goto member
		}
		at, w = i, whyName
		goto bad
	}
	i++
	if node = s.guess[top.guess]; node != 0 && nodes[node].at(b, i) {
		about = &nodes[node]
		at = i + int(about.size) - 2
		bit, flags = 1<<(about.place&63), 0
		top.guess = uint32(node)<<1 | 1
	} else {
		if node, flags, bit, at, w = s.member(b, i, top); w != fine {
			goto bad
		}
		about = &nodes[node]
	}
	if top.members++; top.members > most {
		at, w = i, whyMembers
		goto bad
	}
	name, nlen = uint32(i), uint8(at-i)
	if top.seen&bit == 0 {
		top.seen |= bit
	} else if !defect.On(defect.DuplicatesAccepted) && repeats(b, tape[:n], top.cell, name, nlen) {
		at, w = i, whyDuplicate
		goto bad
	}
	if i = at + 1; i < len(b) && b[i] != ':' && isSpace(b[i]) {
		if i = space(b, i); i < 0 {
			at, w = -i-1, whyColon
			goto bad
		}
		spaced = true
	}
	if i >= len(b) || b[i] != ':' {
		at, w = i, whyColon
		if i >= len(b) {
			w = whyEnd
		}
		goto bad
	}
	i++
	if class = about.class; class == catalog.OfExtension {
		class = top.class
	}
	if want = about.item; about.is&isArray != 0 {
		want = arrays
	} else if flags&sibling != 0 {
		want = objects
	}
	if about.is&telling != 0 {
		s.events = append(s.events, event{cell: uint32(n), node: node, tell: true})
	}
	goto value

end: // the outermost value ended
	if depth > 0 {
		at, w = i, whyEnd
		goto bad
	}
	for i < len(b) {
		if !isSpace(b[i]) {
			at, w = i, whyTrailing
			goto bad
		}
		spaced = true
		i++
	}
	s.tape = tape[:n]
	return root, spaced, nil

bad:
	s.tape, s.events, s.copies = tape[:root], s.events[:events], s.copies[:copies] // nothing of a refused text is left
	return 0, false, refuse(at, w)
}

// roughFor is rough where something of these flags and class makes what is of class up need
// the walker, without a branch: whether it does changes from value to value.
func roughFor(f flag, class, up catalog.Class) flag {
	x := uint32(f&(rough|blank|special)) | uint32(class^up)
	return flag((x|-x)>>31) * rough
}
