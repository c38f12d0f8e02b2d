package facts

import (
	"bytes"
	"hash/maphash"
	"time"
)

// Rebuilding a million facts takes about a second, so that a few changes go into
// a small second segment first, which speaks for the keys it knows.
const (
	deltaMin   = 1024 // keys that always fit into a delta
	deltaShare = 16   // beyond, at most one row in so many of the base
	purgeAfter = 3600 // seconds after its end at which a statement is forgotten
)

// merge makes the segments of a new Index.
type merge struct {
	old, next *Index
	now       uint32
	seed      maphash.Seed
	work      []todo
}

type todo struct {
	origin uint16
	*change
}

// enter finds or makes the origin of c and sets what is said of it.
func (m *merge) enter(c *change) {
	at := -1
	for i := range m.next.origins {
		if m.next.origins[i].name == c.name && m.next.origins[i].source == c.source {
			at = i
		}
	}
	if at < 0 {
		at = len(m.next.origins)
		m.next.origins = append(m.next.origins, origin{name: c.name, source: c.source})
	}
	o := &m.next.origins[at]
	o.broken, o.gone = c.broken, c.gone
	if c.broken != "" {
		return
	}
	o.learned = c.learned
	m.next.sources[c.source].changed = max(m.next.sources[c.source].changed, c.learned)
	if c.replace {
		o.whole, o.wholeAt = c.whole != 0, c.whole
	} else if c.whole != 0 {
		o.whole, o.wholeAt = true, c.whole
	}
	if c.replace || len(c.drop) > 0 || c.add != nil {
		m.work = append(m.work, todo{uint16(at), c})
	}
}

func (m *merge) run() {
	if len(m.work) == 0 {
		return
	}
	keys := m.affected()
	if rows := len(m.old.base.rows); keys == nil || len(keys) > max(deltaMin, rows/deltaShare) {
		m.rebuild()
	} else {
		m.narrow(keys)
	}
}

// affected collects the keys that a delta would have to speak for; nil when
// there are too many.
func (m *merge) affected() map[Key]bool {
	keys, most := map[Key]bool{}, max(deltaMin, len(m.old.base.rows)/deltaShare)
	if d := m.old.delta; d != nil {
		d.eachKey(func(k Key) { keys[k] = true })
	}
	for _, w := range m.work {
		if w.add == nil {
			continue
		}
		if len(w.add.rows) > most {
			return nil
		}
		for i := range w.add.rows {
			keys[w.add.keyOf(&w.add.rows[i])] = true
		}
	}
	if !m.takes() {
		return keys
	}
	m.old.eachRow(func(s *segment, r *row) bool {
		if m.goes(s, r) {
			keys[s.keyOf(r)] = true
		}
		return len(keys) <= most
	})
	if len(keys) > most {
		return nil
	}
	return keys
}

// takes reports whether any change takes rows away.
func (m *merge) takes() bool {
	for i := range m.work {
		if m.work[i].replace || len(m.work[i].drop) > 0 {
			return true
		}
	}
	return false
}

// goes reports whether a change takes r away.
func (m *merge) goes(s *segment, r *row) bool {
	for i := range m.work {
		w := &m.work[i]
		if w.origin == r.origin && (w.replace || len(w.drop) > 0 && w.drop[string(recordOf(s.idBytes(r.id)))]) {
			return true
		}
	}
	return false
}

// recordOf cuts the number that the feed gives to several statements of one record.
func recordOf(id []byte) []byte {
	id, _, _ = bytes.Cut(id, []byte("#"))
	return id
}

// spent reports whether r can be forgotten: replaced by a later statement of the
// same origin, or long over and in nobody's way.
func (m *merge) spent(r *row) bool {
	if r.flags&superseded != 0 {
		return true
	}
	return r.until != noEnd && r.flags&shadows == 0 && r.until+purgeAfter < m.now && m.old.origins[r.origin].perRow
}

func (m *merge) rebuild() {
	s := newSegment(m.seed)
	m.old.eachRow(func(from *segment, r *row) bool {
		if !m.goes(from, r) && !m.spent(r) {
			s.copy(from, r, r.origin)
		}
		return true
	})
	m.join(s)
	m.next.base, m.next.delta = s, nil
	s.seal(nil, m.sourceOf, m.next.learned)
}

// narrow makes a delta that speaks for keys; the base stays.
func (m *merge) narrow(keys map[Key]bool) {
	s := newSegment(m.seed)
	pending := make([]Key, 0, len(keys))
	for k := range keys {
		pending = append(pending, k)
		m.old.ofKey(k, func(from *segment, r *row) {
			if !m.goes(from, r) && !m.spent(r) {
				s.copy(from, r, r.origin)
			}
		})
	}
	m.join(s)
	s.seal(pending, m.sourceOf, m.next.learned)
	m.next.delta = s
}

// join appends what the changes add.
func (m *merge) join(s *segment) {
	for _, w := range m.work {
		if w.add == nil {
			continue
		}
		m.next.origins[w.origin].perRow = w.perRow
		for i := range w.add.rows {
			r := &w.add.rows[i]
			if r.learned = 0; w.perRow {
				r.learned = w.learned
			}
			s.copy(w.add, r, w.origin)
		}
	}
}

func (m *merge) sourceOf(o uint16) int { return m.next.origins[o].source }

// eachRow yields every row in force: those of the delta, and those of the base
// for which the delta does not speak.
func (ix *Index) eachRow(yield func(*segment, *row) bool) {
	if ix.delta != nil {
		if !yieldAll(ix.delta, ix.delta.rows, yield) {
			return
		}
	}
	b := ix.base
	for start := 0; start < len(b.rows); {
		r, end := &b.rows[start], start+1
		for end < len(b.rows) && b.rows[end].who == r.who && b.rows[end].patient == r.patient {
			end++
		}
		if (ix.delta == nil || !ix.delta.speaks(b, r)) && !yieldAll(b, b.rows[start:end], yield) {
			return
		}
		start = end
	}
}

// speaks reports whether the delta s knows the key of r, a row of base.
func (s *segment) speaks(base *segment, r *row) bool {
	w := base.whos.bytes(r.who)
	who, ok := s.whos.find(w[0], shared(w[1:]))
	if !ok {
		return false
	}
	patient := uint32(noPatient)
	if r.patient != noPatient {
		if patient, ok = s.patients.find('P', shared(base.patients.bytes(r.patient)[1:])); !ok {
			return false
		}
	}
	_, known := s.find(who, patient)
	return known
}

// ofKey yields the rows in force of one key.
func (ix *Index) ofKey(k Key, yield func(*segment, *row)) {
	l := looker{base: ix.base, delta: ix.delta, patient: k.Patient}
	l.prepare()
	l.rows(k.Who, func(s *segment, r *row) bool { yield(s, r); return true })
}

// eachKey yields every key that s speaks for.
func (s *segment) eachKey(yield func(Key)) {
	for _, sp := range s.slots {
		if sp.key == 0 {
			continue
		}
		kind, name := s.whos.text(uint32(sp.key>>32) - 1)
		k := Key{Who: Who{WhoKind(kind), name}}
		if p := uint32(sp.key); p != noPatient {
			_, k.Patient = s.patients.text(p)
		}
		yield(k)
	}
}

// All yields every statement in force with when it was learned, in no order:
// for `facts list`.
func (ix *Index) All(yield func(Statement, time.Time) bool) {
	ix.eachRow(func(s *segment, r *row) bool {
		if !ix.live(r) {
			return true
		}
		return yield(ix.statement(s, r), time.Unix(int64(ix.learned(r)), 0).UTC())
	})
}

func (ix *Index) statement(s *segment, r *row) Statement {
	k := s.keyOf(r)
	st := Statement{Fact: r.fact, Source: ix.origins[r.origin].source, Who: k.Who, Patient: k.Patient, ID: string(s.idBytes(r.id))}
	if r.from != 0 {
		st.From = time.Unix(int64(r.from), 0).UTC()
	}
	if r.until != noEnd {
		st.Until = time.Unix(int64(r.until), 0).UTC()
	}
	if r.object != none {
		_, st.Object = s.objects.text(r.object)
	}
	if r.by != none {
		_, st.RecordedBy = s.objects.text(r.by)
	}
	if r.carried != none {
		st.Carried, st.Values = s.carried[r.carried].Carried, s.carried[r.carried].values
	}
	return st
}
