package fhirjson

import "modicum/catalog"

// shape is the JSON type of a cell.
type shape uint8

const (
	object shape = iota + 1
	array
	text // a string
	number
	boolean
	null
)

// cell is one JSON value on the tape. Cells stand in document order, so that the
// descendants of cell i are the cells i+1 up to, but not including, cells[i].next.
// Offsets count bytes of the compact source that the record keeps.
type cell struct {
	start, end uint32         // of the value, quotes and brackets included
	next       uint32         // the cell after this value's descendants
	parent     uint32         // the object or array that holds it
	name       uint32         // of the member name's first byte; 0 for an array item
	node       catalog.NodeID // 0: the catalog does not know it
	aux        uint32         // of a reference: its index in refs; of a contained resource: in inner; each + 1
	nameLen    uint8
	shape      shape
	class      catalog.Class // effective class: of the node, its type code, its url
	flags      flag
}

// flag is what the index pass learned about a cell.
type flag uint8

const (
	escaped  flag = 1 << iota // a string with a backslash
	rough                     // something below needs the walker: not copied whole
	sibling                   // the member "_name" of a primitive
	swaps                     // descendants of the node's class take the cell's: identifiers, contact points
	siblings                  // an object that has a sibling member
	blank                     // an empty object, array or string; null
	special                   // a root, contained, reference, extension, ...: see Node.Kind
)

// member returns the byte offset at which what holds c starts: its name's opening
// quote when it is a member, else the value.
func (c *cell) from() uint32 {
	if c.name != 0 {
		return c.name - 1
	}
	return c.start
}
