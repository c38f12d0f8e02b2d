package fhirjson

import (
	"encoding/binary"
	"math/bits"

	"modicum/catalog"
	"modicum/internal/defect"
)

// Records of a page are built alike: what a server writes of one result it writes of the
// next, with other values. Where the text of an object or array has, between its values,
// just the bytes of the last one of its element (names, colons, commas, brackets), reading
// it member by member would give the same cells and events in other places. So the last
// one is retraced: what is between is compared, only the values are read. Nothing is
// believed: every byte is compared with one that was checked, or checked itself.

// trace is an object or array that parse has read to its end, the last of its element.
type trace struct {
	text   uint32 // the Scanner's count of texts; of another one nothing is known
	cell   uint32
	event  uint32 // the first event inside, or at it
	events uint32 // how many
	depth  uint16
	wait   uint16 // how many more are read without a try, since the last tries failed
	doubt  uint8
	stands uint8 // whether an object or array in it stands for an absent element
}

// What trace.stands says.
const (
	notAsked uint8 = iota
	none
	some
)

// traces is a power of two, large enough that the elements of a few types keep their
// places: those of one parent have numbers side by side.
const traces = 1024

func (s *Scanner) traceOf(node catalog.NodeID, kind shape) *trace {
	return &s.traces[(uint32(node)<<1|uint32(kind)&1)%traces]
}

// forgetTraces: they tell of another text.
func (s *Scanner) forgetTraces() {
	if s.texts++; s.texts == 0 {
		s.traces, s.texts = [traces]trace{}, 1
	}
}

// like reports whether t tells of an object or array of the element, class and depth.
func (t *trace) like(s *Scanner, tape []cell, node catalog.NodeID, class catalog.Class, kind shape, depth int) bool {
	if node == 0 || t.text != s.texts || int(t.depth) != depth {
		return false
	}
	c := &tape[t.cell]
	return c.node == node && c.class == class && c.shape == kind && c.flags&sibling == 0
}

// again reads the object or array at b[i] to the cells from n on if it is built as t
// tells; first is its first event. It returns the offset and the cell after it, 0 where
// it must be read member by member. A try that fails costs time: the more of them fail,
// the fewer are made.
func (s *Scanner) again(b []byte, i int, tape []cell, n int, first uint32, t *trace) (end, next int) {
	if t.wait > 0 {
		t.wait--
		return 0, 0
	}
	cells, move := int(tape[t.cell].next-t.cell), uint32(n)-t.cell
	if n+cells > len(tape) {
		return 0, 0 // no room now
	}
	end = s.retrace(b, b, i, tape[n:n+cells], tape[t.cell:int(t.cell)+cells], move)
	if end == 0 || !s.absentAlike(b, tape[n:n+cells], tape[t.cell:int(t.cell)+cells], t) {
		t.doubt = min(t.doubt<<1|1, 15)
		t.wait = uint16(t.doubt)
		return 0, 0
	}
	t.doubt = 0
	s.copyEvents(first, s.events[t.event:t.event+t.events], move)
	return end, n + cells
}

// copyEvents puts events from first on, move cells further on, in the place of what is there.
func (s *Scanner) copyEvents(first uint32, from []event, move uint32) {
	s.events = s.events[:first]
	for _, e := range from {
		e.cell += move
		s.events = append(s.events, e)
	}
}

// retrace writes to fresh the cells of the object or array at b[i], of which old is the
// last, whose text is in from, and returns the offset after it; 0 where it is not built as
// that. Cells are move cells further on. From has sixteen bytes behind each place that
// comes before one of b which has.
func (s *Scanner) retrace(from, b []byte, i int, fresh, old []cell, move uint32) (end int) {
	fresh = fresh[:len(old)]          // for the compiler
	prev := old[0].start              // offset in the old text up to which the new one was compared
	delta := uint32(i) - old[0].start // from there to the same place in the new one
	for j := 0; j < len(old); j++ {
		if hasAssembly && !s.inGo {
			var fast int
			if fast, prev, delta = retraceFast(fresh[j:], old[j:], from, b, s.marks, prev, delta, move); fast > 0 {
				if j += fast; j == len(old) {
					break
				}
			}
		}
		c, d := &old[j], &fresh[j]
		*d = *c
		start := c.start + delta
		d.start, d.next, d.parent = start, c.next+move, c.parent+move
		if c.name != 0 {
			d.name = c.name + delta
		}
		if c.shape <= array {
			continue // its end is known later
		}
		gap := c.start + 1 - prev // with the first byte of the value, which tells a text
		if c.shape != text {
			gap--
		}
		// As same does, but by two words: what is between two values is nearly always short.
		if x, y := prev, prev+delta; gap > 16 || int(y)+16 > len(b) {
			if !same(from, b, x, y, gap) {
				return 0
			}
		} else {
			p, q, m := from[x:x+16:x+16], b[y:y+16:y+16], &gaps[gap]
			if (binary.LittleEndian.Uint64(p)^binary.LittleEndian.Uint64(q))&m[0]|
				(binary.LittleEndian.Uint64(p[8:])^binary.LittleEndian.Uint64(q[8:]))&m[1] != 0 {
				return 0
			}
		}
		at := int(start) + 1
		if c.shape == text {
			if stops := s.marks[at>>6]>>(at&63) | s.marks[at>>6+1]<<1<<(^at&63); stops != 0 {
				at += bits.TrailingZeros64(stops)
			} else {
				at = next(s.marks, at)
			}
			if at < len(b) && b[at] == '"' {
				at++
				d.flags &^= escaped
			} else {
				var escapes flag
				var w why
				if at, escapes, w = strFrom(b, s.marks, int(start)+1, at); w != fine {
					return 0
				}
				d.flags = d.flags&^escaped | escapes
			}
			if (at == int(start)+2) != (c.flags&blank != 0) {
				return 0
			}
		} else if at = s.retraceWord(from, b, int(start), c); at == 0 {
			return 0
		}
		d.end = uint32(at)
		if c.node == 0 && !(c.end-c.start == d.end-d.start && same(from, b, c.start, d.start, c.end-c.start)) && !defect.On(defect.TypeRetraced) {
			return 0 // parse asks what resourceType says, which is no element
		}
		prev, delta = c.end, uint32(at)-c.end
	}
	if !same(from, b, prev, prev+delta, old[0].end-prev) {
		return 0
	}
	s.closeRetraced(fresh, old)
	return int(old[0].end + delta)
}

// closeRetraced gives objects and arrays their end, the inner ones first: as far behind
// the end of the last value in them as in the old text.
func (s *Scanner) closeRetraced(fresh, old []cell) {
	base := fresh[0].next - uint32(len(old)) // the cell that fresh[0] is
	for j := len(old) - 1; j >= 0; j-- {
		c, d := &old[j], &fresh[j]
		if c.shape > array {
			continue
		}
		if last := int(d.next-base) - 1; last > j {
			d.end = fresh[last].end + (c.end - old[last].end)
		} else {
			d.end = d.start + (c.end - c.start) // it is empty
		}
	}
}

// absentAlike reports whether the same objects and arrays of both stand for an absent
// element, which counts for what holds them. Nearly always none may.
func (s *Scanner) absentAlike(b []byte, fresh, old []cell, t *trace) bool {
	if t.stands == none {
		return true
	}
	t.stands = none
	for j := range old {
		c, d := &old[j], &fresh[j]
		f := &s.know.nodes[c.node]
		if c.shape > array || f.is&standsIn == 0 {
			continue
		}
		if t.stands = some; isAbsent(b, c, f.node) != isAbsent(b, d, f.node) {
			return false
		}
	}
	return true
}

// retraceWord returns the end of a number at b[i], or of a word that is just that of c;
// 0 where there is none.
func (s *Scanner) retraceWord(from, b []byte, i int, c *cell) int {
	if c.shape != number {
		if !same(from, b, c.start, uint32(i), c.end-c.start) {
			return 0
		}
		return i + int(c.end-c.start)
	}
	if i >= len(b) || b[i] != '-' && b[i]-'0' >= 10 {
		return 0
	}
	end, w := num(b, i)
	if w != fine {
		return 0
	}
	return end
}

// gaps[n] covers the first n of 32 bytes.
var gaps = func() (m [33][4]uint64) {
	for n := range m {
		for k := range n {
			m[n][k>>3] |= 0xff << (k & 7 * 8)
		}
	}
	return m
}()

// same reports whether n bytes of b at y are those of a at x.
func same(a, b []byte, x, y, n uint32) bool {
	if n <= 32 && int(y)+32 <= len(b) && int(x)+32 <= len(a) {
		p, q, m := a[x:x+32:x+32], b[y:y+32:y+32], &gaps[n]
		return (binary.LittleEndian.Uint64(p)^binary.LittleEndian.Uint64(q))&m[0]|
			(binary.LittleEndian.Uint64(p[8:])^binary.LittleEndian.Uint64(q[8:]))&m[1]|
			(binary.LittleEndian.Uint64(p[16:])^binary.LittleEndian.Uint64(q[16:]))&m[2]|
			(binary.LittleEndian.Uint64(p[24:])^binary.LittleEndian.Uint64(q[24:]))&m[3] == 0
	}
	return int(y)+int(n) <= len(b) && string(a[x:x+n]) == string(b[y:y+n])
}
