package facts

import (
	"hash/maphash"
	"math/bits"
	"unicode"
)

// names gives small numbers to texts. Its texts lie in one arena, so that a
// million of them are one object to the garbage collector. It is filled once and
// then read by any number of goroutines.
type names struct {
	seed  maphash.Seed
	arena []byte   // each text with its kind before it
	start []uint32 // number → start in arena; one more than there are texts
	slots []slot   // open addressing
}

// slot says by a part of the hash and the length whether a look at the text, which
// is a cache miss, is worth it, and where the text is, which would be another.
type slot struct {
	tag   uint16
	len   uint16 // of kind and text
	id    uint32 // number+1; 0 is free
	start uint32 // in arena
}

func newNames(seed maphash.Seed) *names { return &names{seed: seed, start: []uint32{0}} }

func (n *names) len() int { return len(n.start) - 1 }

func (n *names) hash(kind byte, s string) uint64 {
	return maphash.String(n.seed, s) ^ uint64(kind)*0x9E3779B97F4A7C15
}

// at maps a hash to a slot without a division.
func at(h uint64, slots int) int {
	hi, _ := bits.Mul64(h, uint64(slots))
	return int(hi)
}

// find does not allocate.
func (n *names) find(kind byte, s string) (uint32, bool) {
	if len(n.slots) == 0 {
		return 0, false
	}
	h := n.hash(kind, s)
	for i := at(h, len(n.slots)); ; {
		sl := &n.slots[i]
		if sl.id == 0 {
			return 0, false
		}
		if sl.tag == uint16(h) && int(sl.len) == len(s)+1 {
			if t := n.arena[sl.start : sl.start+uint32(sl.len)]; t[0] == kind && string(t[1:]) == s {
				return sl.id - 1, true
			}
		}
		if i++; i == len(n.slots) {
			i = 0
		}
	}
}

// add returns the number of s, a new one if need be.
func (n *names) add(kind byte, s string) uint32 {
	if id, ok := n.find(kind, s); ok {
		return id
	}
	if (n.len()+1)*10 > len(n.slots)*7 {
		n.resize(max(16, n.len()*2))
	}
	id := uint32(n.len())
	n.arena = append(append(n.arena, kind), s...)
	n.start = append(n.start, uint32(len(n.arena)))
	n.place(id, n.hash(kind, s))
	return id
}

func (n *names) place(id uint32, h uint64) {
	i := at(h, len(n.slots))
	for n.slots[i].id != 0 {
		if i++; i == len(n.slots) {
			i = 0
		}
	}
	start := n.start[id]
	n.slots[i] = slot{tag: uint16(h), len: uint16(n.start[id+1] - start), id: id + 1, start: start} // names are at most 256 bytes
}

// resize makes room for want texts at seven tenths full.
func (n *names) resize(want int) {
	n.slots = make([]slot, want*10/7+2)
	for id := range uint32(n.len()) {
		t := n.bytes(id)
		n.place(id, n.hash(t[0], string(t[1:])))
	}
}

// clip gives back what growing left over.
func (n *names) clip() {
	n.arena = append(make([]byte, 0, len(n.arena)), n.arena...)
	n.start = append(make([]uint32, 0, len(n.start)), n.start...)
	n.resize(n.len())
}

func (n *names) bytes(id uint32) []byte { return n.arena[n.start[id]:n.start[id+1]] }

// text allocates; kind and text as they were added.
func (n *names) text(id uint32) (kind byte, s string) {
	t := n.bytes(id)
	return t[0], string(t[1:])
}

// invisible characters could make one name look like another (T8).
func invisible(r rune) bool { return !unicode.IsGraphic(r) || r == unicode.ReplacementChar }
