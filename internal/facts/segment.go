package facts

import (
	"hash/maphash"
	"math"
	"slices"
	"time"

	"modicum/policy"
)

// row is one fact, 44 bytes. Times are whole seconds since 1970 UTC: enough until
// 2106, and half the size.
type row struct {
	who, patient uint32 // numbers in segment.whos and segment.patients; noPatient
	from, until  uint32 // rounded inwards, see roundFrom and roundUntil; 0 and noEnd: not bounded
	learned      uint32 // rounded down; 0 where the origin says it for all its rows
	object       uint32 // number in segment.objects, none
	id           uint32 // place in segment.texts, none
	by           uint32 // number in segment.objects (of who recorded it), none
	carried      uint32 // index in segment.carried, none
	origin       uint16
	fact         policy.FactID
	flags        flag
}

const (
	none      = math.MaxUint32
	noPatient = math.MaxUint32
	noEnd     = math.MaxUint32
)

type flag uint8

const (
	fromRounded  flag = 1 << iota // from was rounded up
	untilRounded                  // until was rounded down
	shadowed                      // a later statement of the same source replaces it
	superseded                    // the same, of the same origin: it never comes back
	shadows                       // it replaces an earlier one
	selfAsserted                  // recorded by whom it is about
)

// carry is what a row carries beyond its object; equal ones are kept once.
type carry struct {
	Carried
	values []Value
	byName map[string]any // the same, made once, as `where` reads it
}

// span is where the rows of one who and patient lie: 16 bytes, so that a probe
// touches one cache line.
type span struct {
	key   uint64 // who<<32 | patient, plus one in who so that zero is free
	start uint32
	count uint32 // may be zero in a delta: what the base says is no longer true
}

// segment is an immutable set of rows with its own texts.
type segment struct {
	seed     maphash.Seed
	whos     *names
	patients *names
	objects  *names
	texts    []byte // ids, each with its length before it
	carried  []carry
	carryOf  map[string]uint32 // while it is filled
	rows     []row             // sorted by who, patient, fact; of equal ones the later stated is later
	slots    []span
	keys     int
	byWho    []uint32 // who → its first row; one more than there are whos
	kinds    uint32   // bit of each WhoKind present, see kindBit
}

func newSegment(seed maphash.Seed) *segment {
	return &segment{seed: seed, whos: newNames(seed), patients: newNames(seed), objects: newNames(seed), carryOf: map[string]uint32{}}
}

func kindBit(k WhoKind) uint32 { return 1 << (uint32(k) & 31) }

func (s *segment) hash(key uint64) uint64 {
	// A finalizer of splitmix64; the names were hashed with a seed before.
	key ^= key >> 30
	key *= 0xbf58476d1ce4e5b9
	key ^= key >> 27
	key *= 0x94d049bb133111eb
	return key ^ key>>31
}

func packed(who, patient uint32) uint64 { return uint64(who+1)<<32 | uint64(patient) }

// find returns the rows of a who and a patient. known tells "no rows any more"
// from "not mentioned here".
func (s *segment) find(who, patient uint32) (rows []row, known bool) {
	if len(s.slots) == 0 {
		return nil, false
	}
	key := packed(who, patient)
	for i := at(s.hash(key), len(s.slots)); ; {
		sp := &s.slots[i]
		if sp.key == key {
			return s.rows[sp.start : sp.start+sp.count], true
		}
		if sp.key == 0 {
			return nil, false
		}
		if i++; i == len(s.slots) {
			i = 0
		}
	}
}

func (s *segment) place(sp span) {
	i := at(s.hash(sp.key), len(s.slots))
	for s.slots[i].key != 0 {
		if i++; i == len(s.slots) {
			i = 0
		}
	}
	s.slots[i] = sp
}

// add appends one statement while the segment is filled.
func (s *segment) add(st *Statement, origin uint16, learned uint32) {
	r := row{
		who: s.who(st.Who), patient: noPatient, origin: origin, fact: st.Fact, learned: learned,
		object: none, by: none, carried: s.carry(carry{Carried: st.Carried, values: st.Values}),
	}
	if st.Patient != "" {
		r.patient = s.patients.add('P', st.Patient)
	}
	if st.Object != "" {
		r.object = s.objects.add('o', st.Object)
	}
	if st.RecordedBy != "" {
		r.by = s.objects.add('b', st.RecordedBy)
	}
	r.id = s.text(st.ID)
	r.from, r.until = roundFrom(st.From, &r.flags), roundUntil(st.Until, &r.flags)
	if st.Who.Kind == Person && st.RecordedBy == st.Who.Name {
		r.flags |= selfAsserted
	}
	s.rows = append(s.rows, r)
}

// copy appends a row of another segment, with its texts.
func (s *segment) copy(from *segment, r *row, origin uint16) {
	c := *r
	c.origin, c.flags = origin, r.flags&^(shadowed|superseded|shadows)
	k, name := from.whos.text(r.who)
	c.who = s.who(Who{WhoKind(k), name})
	if r.patient != noPatient {
		_, p := from.patients.text(r.patient)
		c.patient = s.patients.add('P', p)
	}
	if r.object != none {
		k, o := from.objects.text(r.object)
		c.object = s.objects.add(k, o)
	}
	if r.by != none {
		k, b := from.objects.text(r.by)
		c.by = s.objects.add(k, b)
	}
	c.id = s.text(string(from.idBytes(r.id)))
	if r.carried != none {
		c.carried = s.carry(from.carried[r.carried])
	}
	s.rows = append(s.rows, c)
}

func (s *segment) who(w Who) uint32 {
	s.kinds |= kindBit(w.Kind)
	return s.whos.add(byte(w.Kind), w.Name)
}

func (s *segment) text(t string) uint32 {
	if t == "" {
		return none
	}
	at := uint32(len(s.texts))
	s.texts = append(append(s.texts, byte(len(t))), t...) // ids are at most 255 bytes
	return at
}

func (s *segment) idBytes(id uint32) []byte {
	if id == none {
		return nil
	}
	n := uint32(s.texts[id])
	return s.texts[id+1 : id+1+n]
}

// seal sorts and indexes. pending are keys of which the segment must say that
// nothing is left, as far as it has no rows of them.
func (s *segment) seal(pending []Key, sourceOf func(origin uint16) int, learnedOf func(*row) uint32) {
	for _, k := range pending {
		s.who(k.Who)
		if k.Patient != "" {
			s.patients.add('P', k.Patient)
		}
	}
	slices.SortStableFunc(s.rows, func(a, b row) int {
		ka, kb := packed(a.who, a.patient), packed(b.who, b.patient)
		switch {
		case ka != kb:
			if ka < kb {
				return -1
			}
			return 1
		default:
			return int(a.fact) - int(b.fact)
		}
	})
	s.index(pending)
	s.shadow(sourceOf, learnedOf)
	s.carryOf = nil
	s.whos.clip()
	s.patients.clip()
	s.objects.clip()
	s.rows, s.texts = slices.Clip(s.rows), slices.Clip(s.texts)
}

func (s *segment) index(pending []Key) {
	s.keys = 0
	for i := range s.rows {
		if i == 0 || packed(s.rows[i].who, s.rows[i].patient) != packed(s.rows[i-1].who, s.rows[i-1].patient) {
			s.keys++
		}
	}
	s.slots = make([]span, (s.keys+len(pending))*10/7+2)
	s.byWho = make([]uint32, s.whos.len()+1)
	for start := 0; start < len(s.rows); {
		r := &s.rows[start]
		end := start + 1
		for end < len(s.rows) && s.rows[end].who == r.who && s.rows[end].patient == r.patient {
			end++
		}
		s.place(span{packed(r.who, r.patient), uint32(start), uint32(end - start)})
		start = end
	}
	at := 0
	for who := range s.byWho {
		for at < len(s.rows) && s.rows[at].who < uint32(who) {
			at++
		}
		s.byWho[who] = uint32(at)
	}
	for _, k := range pending {
		who, patient := s.key(k)
		if _, known := s.find(who, patient); !known {
			s.place(span{key: packed(who, patient)})
		}
	}
}

func (s *segment) key(k Key) (who, patient uint32) {
	who, _ = s.whos.find(byte(k.Who.Kind), k.Who.Name)
	patient = noPatient
	if k.Patient != "" {
		patient, _ = s.patients.find('P', k.Patient)
	}
	return who, patient
}

// shadow marks rows that a later statement of the same source replaces: the same
// fact, who, patient, object and id.
func (s *segment) shadow(sourceOf func(uint16) int, learnedOf func(*row) uint32) {
	for start := 0; start < len(s.rows); {
		r := &s.rows[start]
		end := start + 1
		for end < len(s.rows) && s.rows[end].who == r.who && s.rows[end].patient == r.patient && s.rows[end].fact == r.fact {
			end++
		}
		if end-start > 1 {
			s.shadowGroup(s.rows[start:end], sourceOf, learnedOf)
		}
		start = end
	}
}

type identity struct {
	source int
	object uint32
	id     string
}

func (s *segment) shadowGroup(rows []row, sourceOf func(uint16) int, learnedOf func(*row) uint32) {
	latest := make(map[identity]int, len(rows))
	for i := range rows {
		r := &rows[i]
		id := identity{sourceOf(r.origin), r.object, string(s.idBytes(r.id))}
		before, seen := latest[id]
		switch {
		case !seen:
			latest[id] = i
		case learnedOf(r) >= learnedOf(&rows[before]):
			replace(r, &rows[before])
			latest[id] = i
		default:
			replace(&rows[before], r)
		}
	}
}

// replace marks two statements of one identity.
func replace(later, earlier *row) {
	later.flags |= shadows
	earlier.flags |= shadowed
	if later.origin == earlier.origin {
		earlier.flags |= superseded
	}
}

// Key is a who and a patient, "" for facts about the caller.
type Key struct {
	Who     Who
	Patient string
}

// keyOf is of a row.
func (s *segment) keyOf(r *row) Key {
	kind, name := s.whos.text(r.who)
	k := Key{Who: Who{WhoKind(kind), name}}
	if r.patient != noPatient {
		_, k.Patient = s.patients.text(r.patient)
	}
	return k
}

// roundFrom and roundUntil round to seconds inwards, so that nothing permits for
// longer than stated; restrictions take the flag back and are rounded outwards.
func roundFrom(t time.Time, f *flag) uint32 {
	if t.IsZero() || t.Unix() < 0 {
		return 0
	}
	sec := t.Unix()
	if t.Nanosecond() != 0 {
		sec++
		*f |= fromRounded
	}
	return uint32(min(sec, noEnd-2))
}

func roundUntil(t time.Time, f *flag) uint32 {
	if t.IsZero() {
		return noEnd
	}
	if t.Nanosecond() != 0 {
		*f |= untilRounded
	}
	sec := t.Unix()
	if sec > noEnd-1 {
		return noEnd // after 2106: not bounded
	}
	return uint32(max(sec, 0))
}
