package catalog

import (
	"encoding/binary"

	"modicum/catalog/internal/table"
)

// loadChildren builds the hash of each children table, at most half full.
func (c *Catalog) loadChildren(s *table.Snapshot) {
	c.kids = make([]children, len(s.Tables))
	total := 0
	for i := range s.Tables {
		total += slotsFor(len(s.Tables[i].Nodes))
	}
	c.slots = make([]NodeID, total)
	at := 0
	for i := range s.Tables {
		k := &c.kids[i]
		k.ids = nodeIDs(s.Tables[i].Nodes)
		size := slotsFor(len(k.ids))
		k.at, k.mask = uint32(at), uint32(size-1)
		at += size
		for _, id := range k.ids {
			n := &c.nodes[id]
			h := hashName([]byte(n.Name)) & k.mask
			for c.slots[k.at+h] != 0 {
				h = (h + 1) & k.mask
			}
			c.slots[k.at+h] = id
			if n.Mandatory && (n.ChoiceOf == 0 || n.ChoiceOf == id) {
				k.mandatory = append(k.mandatory, id)
			}
		}
	}
}

func slotsFor(n int) int {
	size := 1
	for size < 2*n {
		size *= 2
	}
	return size
}

// hashName mixes the length, the first and the last eight bytes of a member name.
// Names are short, and a table is small and fixed: there is nothing to flood.
func hashName(s []byte) uint32 {
	var a, b uint64
	switch n := len(s); {
	case n >= 8:
		a, b = binary.LittleEndian.Uint64(s), binary.LittleEndian.Uint64(s[n-8:])
	case n >= 4:
		a, b = uint64(binary.LittleEndian.Uint32(s)), uint64(binary.LittleEndian.Uint32(s[n-4:]))
	case n > 0:
		a, b = uint64(s[0]), uint64(s[n/2])<<8|uint64(s[n-1])
	}
	h := (a^uint64(len(s)))*0x9E3779B97F4A7C15 ^ (b+0xD6E8FEB86659FD93)*0xC2B2AE3D27D4EB4F
	return uint32(h>>32) ^ uint32(h>>17)
}
