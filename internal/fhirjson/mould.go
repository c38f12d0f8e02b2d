package fhirjson

import (
	"modicum/catalog"
	"modicum/internal/defect"
)

// Servers write records of a type alike from one answer to the next. So a Scanner keeps
// how the last one of a type was built, as a mould: what stood between its values. In
// their place stands nothing that was in the record, but for true, false and null, which
// are compared as what is between values is. A record that fits is retraced from it.

// mould is a record of an earlier text without its values.
type mould struct {
	text   []byte  // without values, and with room behind it
	cells  []cell  // from 0 on, their offsets in text
	events []event // likewise
	depth  int     // at which it stood
	doubt  uint8   // records that did not fit since the last that did, as many as count
}

// Bounds of what a mould is made of, and of how many there are.
const (
	mouldCells = 256
	mouldBytes = 8 << 10
	moulds     = 64
	mouldRoom  = 64 // bytes that may be read behind the text
	mouldDoubt = 8  // records that do not fit, after which one of them takes its place
)

func (s *Scanner) mouldOf(node catalog.NodeID) *mould { return &s.moulds[uint32(node)%moulds] }

// cast reads the record at b[i], of which first is the first event, to the cells from n on
// if it fits the mould of its type. It returns the offset and the cell after it, 0 where
// it must be read member by member.
func (s *Scanner) cast(b []byte, i int, tape []cell, n int, first uint32, node catalog.NodeID, depth int) (end, next int) {
	m := s.mouldOf(node)
	if len(m.cells) == 0 || m.cells[0].node != node || m.depth != depth || n+len(m.cells) > len(tape) {
		return 0, 0
	}
	fresh := tape[n : n+len(m.cells)]
	if end = s.retrace(m.text, b, i, fresh, m.cells, uint32(n)); end == 0 || !s.noneAbsent(b, fresh) {
		m.doubt = min(m.doubt+1, mouldDoubt)
		return 0, 0
	}
	m.doubt = 0
	s.copyEvents(first, m.events, uint32(n))
	t := s.traceOf(node, object)
	t.text, t.cell, t.event, t.events, t.depth, t.stands = s.texts, uint32(n), first, uint32(len(m.events)), uint16(depth), notAsked
	return end, n + len(m.cells)
}

// learn makes a mould of the record whose cells these are, read member by member, where
// there is none yet for its type or the one there is fits no more. Nothing is learned of
// a record with what the catalog does not know, or with what stands for an absent element:
// their values count.
func (s *Scanner) learn(b []byte, cells []cell, events []event, depth int) {
	root := &cells[0]
	m := s.mouldOf(root.node)
	if len(m.cells) > 0 && m.doubt < mouldDoubt || len(cells) > mouldCells || root.end-root.start > mouldBytes ||
		!known(b, cells) || !s.noneAbsent(b, cells) {
		return
	}
	m.depth, m.doubt = depth, 0
	m.text = append(m.text[:0], b[root.start:root.end]...)
	m.text = append(m.text, make([]byte, mouldRoom)...)
	m.cells, m.events = append(m.cells[:0], cells...), append(m.events[:0], events...)
	base := root.next - uint32(len(cells))
	from := root.start
	for j := range m.cells {
		c := &m.cells[j]
		c.start, c.end, c.next, c.parent = c.start-from, c.end-from, c.next-base, c.parent-base
		if c.name != 0 {
			c.name -= from
		}
		if c.node != 0 && !defect.On(defect.MouldKeepsValues) {
			m.empty(c)
		}
	}
	for j := range m.events {
		m.events[j].cell -= base
	}
}

// empty takes the value of a string or number out of the text.
func (m *mould) empty(c *cell) {
	from, to, with := c.start, c.end, byte('0')
	switch c.shape {
	case text:
		from, to, with = from+1, to-1, 'x'
	case number:
	default:
		return
	}
	for k := from; k < to; k++ {
		m.text[k] = with
	}
}

// known reports whether the catalog knows all that stands in a record but its type.
func known(b []byte, cells []cell) bool {
	for j := range cells[1:] {
		c := &cells[1+j]
		if c.node == 0 && !(c.shape == text && c.flags&special != 0 && string(b[c.name:c.name+uint32(c.nameLen)]) == "resourceType") {
			return false
		}
	}
	return true
}

// noneAbsent reports whether none of the objects and arrays stands for an absent element.
func (s *Scanner) noneAbsent(b []byte, cells []cell) bool {
	for j := range cells {
		c := &cells[j]
		if f := &s.know.nodes[c.node]; c.shape <= array && f.is&standsIn != 0 && isAbsent(b, c, f.node) {
			return false
		}
	}
	return true
}
