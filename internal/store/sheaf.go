package store

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"

	"modicum/ledger"
)

// A sheaf is a row of the database that holds some entries which follow each other: their
// bytes as one bundle, and before these what searches want to know of each. A row for each
// entry costs more than the entry.
const (
	sheafBits = 7
	mostBound = 1 << sheafBits // entries of a sheaf; none goes over a multiple of it
)

// near is how far behind its decision an entry may lie that is found by looking on from
// there. What lies farther has a row of its own, in ledger_far.
const near = segmentSize

// idBytes is the id of a decision or act: a UUIDv7, of which the order of the bytes is that
// of the text.
type idBytes [16]byte

// bytesOf reads an id as entries spell it. What is none is found nowhere.
func bytesOf(id string) (b idBytes, ok bool) {
	if len(id) != 36 {
		return b, false
	}
	for at, i := 0, 0; i < len(b); at, i = at+2, i+1 {
		if at == 8 || at == 13 || at == 18 || at == 23 {
			if id[at] != '-' {
				return b, false
			}
			at++
		}
		high, low := strings.IndexByte(digits, id[at]), strings.IndexByte(digits, id[at+1])
		if high < 0 || low < 0 {
			return b, false
		}
		b[i] = byte(high<<4 | low)
	}
	return b, true
}

const digits = "0123456789abcdef"

func (b idBytes) String() string {
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

func (b idBytes) after(a idBytes) bool { return string(b[:]) > string(a[:]) }

// head is what is known of an entry that was not read.
type head struct {
	id   idBytes
	part int64
	at   int64
	ends bool // nothing of its decision comes after it
	sort *sort
}

// sort is what many entries have in common.
type sort struct {
	who string
	traits
}

// headOf is that of an entry on its way. Entries without an id that could be found do not
// encode.
func headOf(p *pending) head {
	id, _ := bytesOf(p.head.ID)
	h := head{id: id, part: part(p.head), at: p.head.At, sort: &p.sort}
	h.ends = h.part < 0 && !p.head.More || h.part == 0 && p.head.Effect != ledger.Admit
	return h
}

func (s *sort) fields() []*string {
	return []*string{&s.who, &s.role, &s.task, &s.purpose, &s.door, &s.act, &s.kind, &s.effect, &s.end}
}

// appendHeads appends heads: how many sorts there are and these, each string with its
// length before it; then each head: its id, the number of its sort, its part and time,
// counted from the one before, and whether it ends its decision. Numbers are varints.
func appendHeads(b []byte, heads []head) []byte {
	sorts, numbers := []*sort{}, make([]int, len(heads))
	known := map[sort]int{}
	for i := range heads {
		if n := len(sorts); n > 0 && *sorts[numbers[i-1]] == *heads[i].sort {
			numbers[i] = numbers[i-1] // most are like the one before
			continue
		}
		n, there := known[*heads[i].sort]
		if !there {
			n = len(sorts)
			known[*heads[i].sort], sorts = n, append(sorts, heads[i].sort)
		}
		numbers[i] = n
	}
	b = binary.AppendUvarint(b, uint64(len(sorts)))
	for _, s := range sorts {
		for _, f := range s.fields() {
			b = append(binary.AppendUvarint(b, uint64(len(*f))), *f...)
		}
	}
	before := int64(0)
	for i, h := range heads {
		b = binary.AppendUvarint(append(b, h.id[:]...), uint64(numbers[i]))
		b = binary.AppendVarint(binary.AppendVarint(b, h.part), h.at-before)
		before = h.at
		if h.ends {
			b = append(b, 1)
		} else {
			b = append(b, 0)
		}
	}
	return b
}

// errSheaf: a row cannot be read.
var errSheaf = fmt.Errorf("%w: a row of entries cannot be read", ErrDamaged)

// readHeads reads n heads.
func readHeads(b []byte, n int) ([]head, error) {
	r, text := headReader{b: b}, string(b) // of which the strings are pieces
	sorts := make([]sort, r.uint(uint64(len(b))))
	for i := range sorts {
		for _, f := range sorts[i].fields() {
			n := int(r.uint(uint64(len(b))))
			at := len(b) - len(r.b)
			if r.bytes(n) != nil {
				*f = text[at : at+n]
			}
		}
	}
	out, before := make([]head, n), int64(0)
	for i := range out {
		h := &out[i]
		copy(h.id[:], r.bytes(len(h.id)))
		if k := r.uint(uint64(len(b))); k < uint64(len(sorts)) {
			h.sort = &sorts[k]
		} else {
			r.bad = true
		}
		h.part, h.at = r.int(), before+r.int()
		before = h.at
		if ends := r.bytes(1); len(ends) == 1 {
			h.ends = ends[0] == 1
		}
	}
	if r.bad || len(r.b) > 0 {
		return nil, errSheaf
	}
	return out, nil
}

// headReader reads on until it finds something wrong.
type headReader struct {
	b   []byte
	bad bool
}

func (r *headReader) uint(most uint64) uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 || v > most {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *headReader) int() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *headReader) bytes(n int) []byte {
	if n > len(r.b) {
		r.bad, r.b = true, nil
		return nil
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}
