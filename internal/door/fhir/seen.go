package fhir

import "hash/maphash"

// seen is a set of records: those that a page has given out. It is asked for every record
// of a page; a Go map of records took 2 us of each search.
type seen struct {
	seed  maphash.Seed
	list  []record
	slots []uint32 // place in list, plus 1; a power of two, at most half of them taken
}

func newSeen() *seen { return &seen{seed: maphash.MakeSeed(), slots: make([]uint32, 128)} }

// slot is where a record stands, or would.
func (s *seen) slot(r record) *uint32 {
	mask := uint64(len(s.slots) - 1)
	for i := maphash.String(s.seed, r.id) + uint64(r.typ); ; i++ {
		at := &s.slots[i&mask]
		if *at == 0 || s.list[*at-1] == r {
			return at
		}
	}
}

func (s *seen) has(r record) bool { return *s.slot(r) != 0 }

// add puts a record into the set and reports whether it was not there.
func (s *seen) add(r record) bool {
	at := s.slot(r)
	if *at != 0 {
		return false
	}
	s.list = append(s.list, r)
	*at = uint32(len(s.list))
	if 2*len(s.list) > len(s.slots) {
		s.slots = make([]uint32, 2*len(s.slots))
		for i, r := range s.list {
			*s.slot(r) = uint32(i) + 1
		}
	}
	return true
}

func (s *seen) empty() {
	clear(s.list)
	clear(s.slots)
	s.list = s.list[:0]
}

// seen lends a set of records.
func (d *Door) seen() *seen {
	if s, _ := d.sets.Get().(*seen); s != nil {
		return s
	}
	return newSeen()
}

// forget takes back a set that was lent, unless keeping it would cost more than making it
// again.
func (d *Door) forget(s *seen) {
	if len(s.list) <= 1024 {
		s.empty()
		d.sets.Put(s)
	}
}
