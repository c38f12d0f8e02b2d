package facts

import (
	"iter"
	"sync"
	"time"
	"unsafe"

	"modicum/catalog"
	"modicum/internal/defect"
	"modicum/policy"
)

// Index is what is true, as far as it is known, built for one [Vocabulary]. It
// never changes and may be shared by any number of goroutines; looking up does
// not allocate beyond the buffer it is given, and what a `where` needs.
type Index struct {
	voc     *Vocabulary
	base    *segment
	delta   *segment // keys that changed since base was built; nil when none. What it says of a key replaces base
	origins []origin
	sources []sourceState // by Vocabulary.Sources
	conds   [][]policy.FactID
	about   [2]policy.FactSet // of facts about the caller, about a patient
	unknown policy.FactSet
	links   map[string][]string // patient → the others of its cluster
	counted sync.Once
	counts  []int // facts by source; Sources makes them when first asked
}

// origin is where rows came from: one file, the programs of one source, one
// source's feed.
type origin struct {
	name    string // file:PATH, post:SOURCE, feed:SOURCE
	source  int
	learned uint32 // for rows that do not say it themselves
	whole   bool   // it is the source's entire content
	wholeAt uint32 // as of when
	perRow  bool   // rows say themselves when they were learned: programs add one at a time
	broken  string // why it could not be read the last time
	gone    bool   // it cannot be read any more: nothing of it permits, restrictions stay
}

// sourceState is about one source.
type sourceState struct {
	wholeAt uint32 // rows learned before are superseded; 0: never read whole
	changed uint32
	broken  string
}

// Subject is the caller as facts see it.
type Subject struct {
	Person         string
	Roles          []string
	Dept, Facility string
	Practitioners  []string // Practitioner/ID, PractitionerRole/ID
	Assurance      string   // acr, for `where`
}

// Instance is one statement that holds, or restricts.
type Instance struct {
	Fact policy.FactID // a fact, or a condition with `where` that this statement meets
	// Permits: fresh and within its time. Otherwise it only restricts, being the
	// last value known.
	Permits                                    bool
	HasObject, HasClasses, HasMarked, HasDates bool
	SelfAsserted                               bool   // recorded by whom it is about
	Source                                     int    // index into Vocabulary.Sources
	Object                                     string // Type/ID
	Classes                                    catalog.ClassSet
	Marked                                     catalog.OverlaySet
	From, Until                                time.Time // of dates; Until is exclusive

	of *segment
	id uint32
}

// ID is the statement's own at its source, "" where it has none. It is read when
// somebody asks, since where it lies is one more place in memory.
func (in *Instance) ID() string {
	if in.of == nil {
		return ""
	}
	return shared(in.of.idBytes(in.id))
}

// Vocabulary returns what the Index was built for.
func (ix *Index) Vocabulary() *Vocabulary { return ix.voc }

// moment is a time of asking, made once per look-up.
type moment struct {
	at      time.Time
	sec     uint32
	nano    int64
	trusted bool
}

func momentOf(now time.Time, trusted bool) moment {
	return moment{at: now, sec: uint32(max(0, min(now.Unix(), noEnd-1))), nano: now.UnixNano(), trusted: trusted}
}

// maxAhead is how far in the future a fact may have been learned: clocks differ.
const maxAhead = 5 * time.Second

// permits reports whether r is fresh and within its time, rounded inwards.
func (ix *Index) permits(r *row, m *moment) bool {
	if !m.trusted || m.sec < r.from || m.sec >= r.until || ix.origins[r.origin].gone {
		return false
	}
	if defect.On(defect.StaleHolds) {
		return true
	}
	age := time.Duration(m.nano - int64(ix.learned(r))*int64(time.Second))
	return age >= -maxAhead && age <= ix.voc.Sources[ix.origins[r.origin].source].Fresh
}

// restricts reports whether the last value of r holds, rounded outwards. When the
// time is not known for sure, no time ends a restriction.
func (ix *Index) restricts(r *row, m *moment) bool {
	if !m.trusted {
		return true
	}
	from, until := r.from, r.until
	if r.flags&fromRounded != 0 && from > 0 {
		from--
	}
	if r.flags&untilRounded != 0 && until != noEnd {
		until++
	}
	return m.sec >= from && (m.sec < until || until == noEnd)
}

func (ix *Index) learned(r *row) uint32 {
	if r.learned != 0 {
		return r.learned
	}
	return ix.origins[r.origin].learned
}

// live reports whether r is what its source says now.
func (ix *Index) live(r *row) bool {
	return r.flags&shadowed == 0 && ix.learned(r) >= ix.sources[ix.origins[r.origin].source].wholeAt
}

// Caller adds to t what is true about the caller alone. trusted says whether now
// can be trusted; nothing permits otherwise.
func (ix *Index) Caller(sub *Subject, now time.Time, trusted bool, t *policy.Truth) {
	ix.CallerInstances(sub, now, trusted, t, nil)
}

// CallerInstances is Caller, and appends the instances to buf: what they carry
// narrows lines too (a data set, a partner's contract).
func (ix *Index) CallerInstances(sub *Subject, now time.Time, trusted bool, t *policy.Truth, buf []Instance) []Instance {
	m := momentOf(now, trusted)
	addUnknown(&t.Unknown, &ix.unknown, &ix.about[0])
	ix.each(sub, "", func(s *segment, r *row) bool {
		buf = ix.judge(s, r, sub, &m, true, t, buf)
		return true
	})
	return buf
}

// Patient adds to t what is true about the caller and the patient, and appends
// each statement that permits or restricts to buf; a condition with `where` that
// one meets gets its own bit and Instance. Of patients linked to this one only
// what restricts counts.
func (ix *Index) Patient(sub *Subject, patient string, now time.Time, trusted bool, t *policy.Truth, buf []Instance) []Instance {
	if patient == "" {
		return buf
	}
	m := momentOf(now, trusted)
	addUnknown(&t.Unknown, &ix.unknown, &ix.about[1])
	ix.each(sub, patient, func(s *segment, r *row) bool {
		buf = ix.judge(s, r, sub, &m, true, t, buf)
		return true
	})
	for _, other := range ix.links[patient] {
		ix.each(sub, other, func(s *segment, r *row) bool {
			buf = ix.judge(s, r, sub, &m, false, t, buf)
			return true
		})
	}
	return buf
}

// judge enters one row. named is false for a patient who is only linked.
func (ix *Index) judge(s *segment, r *row, sub *Subject, m *moment, named bool, t *policy.Truth, buf []Instance) []Instance {
	if !ix.live(r) || !ix.restricts(r, m) {
		return buf
	}
	permits := named && ix.permits(r, m)
	t.Bites.Add(r.fact)
	if permits {
		t.Holds.Add(r.fact)
	}
	buf = append(buf, ix.instance(s, r, r.fact, permits))
	for _, c := range ix.conds[r.fact] {
		if !ix.where(s, r, c, sub, m) {
			continue
		}
		t.Bites.Add(c)
		if permits {
			t.Holds.Add(c)
		}
		buf = append(buf, ix.instance(s, r, c, permits))
	}
	return buf
}

func (ix *Index) where(s *segment, r *row, c policy.FactID, sub *Subject, m *moment) bool {
	in := WhereInput{Department: sub.Dept, Facility: sub.Facility, Assurance: sub.Assurance, Now: m.at}
	if r.carried != none {
		in.Values = s.carried[r.carried].byName
	}
	return ix.voc.Where(c, in)
}

func (ix *Index) instance(s *segment, r *row, f policy.FactID, permits bool) Instance {
	in := Instance{
		Fact: f, Permits: permits, SelfAsserted: r.flags&selfAsserted != 0,
		Source: ix.origins[r.origin].source, of: s, id: r.id,
	}
	if r.object != none {
		in.HasObject, in.Object = true, shared(s.objects.bytes(r.object)[1:])
	}
	if r.carried != none {
		c := &s.carried[r.carried]
		in.HasClasses, in.Classes = c.HasClasses, c.Classes
		in.HasMarked, in.Marked = c.HasMarked, c.Marked
		in.HasDates, in.From, in.Until = c.HasDates, c.From, c.Until
	}
	return in
}

// shared gives bytes of a sealed segment as a string without copying: they are
// never written again.
func shared(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// each yields the rows of all that sub is called, for one patient or, for "",
// about the caller.
func (ix *Index) each(sub *Subject, patient string, yield func(*segment, *row) bool) {
	l := looker{base: ix.base, delta: ix.delta, patient: patient}
	l.prepare()
	eachWho(sub, func(w Who) bool { return l.rows(w, yield) })
}

// eachWho yields every Who that stands for sub.
func eachWho(sub *Subject, yield func(Who) bool) {
	if sub.Person != "" && !yield(Who{Person, sub.Person}) {
		return
	}
	for _, p := range sub.Practitioners {
		if !yield(Who{Practitioner, p}) {
			return
		}
	}
	if sub.Dept != "" && !yield(Who{Dept, sub.Dept}) {
		return
	}
	for _, role := range sub.Roles {
		if !yield(Who{Role, role}) {
			return
		}
	}
	yield(Who{Kind: Anyone})
}

// looker holds the patient's numbers in both segments, found once.
type looker struct {
	base, delta         *segment
	patient             string
	inBase, inDelta     uint32
	baseHas, deltaKnows bool
}

func (l *looker) prepare() {
	l.inBase, l.baseHas = noPatient, true
	l.inDelta, l.deltaKnows = noPatient, l.delta != nil
	if l.patient == "" {
		return
	}
	l.inBase, l.baseHas = l.base.patients.find('P', l.patient)
	if l.delta != nil {
		l.inDelta, l.deltaKnows = l.delta.patients.find('P', l.patient)
	}
}

func (l *looker) rows(w Who, yield func(*segment, *row) bool) bool {
	if l.deltaKnows && l.delta.kinds&kindBit(w.Kind) != 0 {
		if who, ok := l.delta.whos.find(byte(w.Kind), w.Name); ok {
			if rows, known := l.delta.find(who, l.inDelta); known {
				return yieldAll(l.delta, rows, yield)
			}
		}
	}
	if !l.baseHas || l.base.kinds&kindBit(w.Kind) == 0 {
		return true
	}
	who, ok := l.base.whos.find(byte(w.Kind), w.Name)
	if !ok {
		return true
	}
	rows, _ := l.base.find(who, l.inBase)
	return yieldAll(l.base, rows, yield)
}

func yieldAll(s *segment, rows []row, yield func(*segment, *row) bool) bool {
	for i := range rows {
		if !yield(s, &rows[i]) {
			return false
		}
	}
	return true
}

func addUnknown(into, unknown, about *policy.FactSet) {
	for i := range into {
		into[i] |= unknown[i] & about[i]
	}
}

// Patients yields the ids of the patients for whom the fact, or condition with
// `where`, permits now. A patient may come more than once.
func (ix *Index) Patients(sub *Subject, fact policy.FactID, now time.Time, trusted bool) iter.Seq[string] {
	return func(yield func(string) bool) {
		if int(fact) >= len(ix.voc.Kinds) {
			return
		}
		m := momentOf(now, trusted)
		base := fact
		if ix.voc.Kinds[fact].Condition {
			base = ix.voc.Kinds[fact].Base
		}
		accept := func(s *segment, r *row) bool {
			if r.fact != base || !ix.live(r) || !ix.permits(r, &m) || base != fact && !ix.where(s, r, fact, sub, &m) {
				return true
			}
			_, p := s.patients.text(r.patient)
			return yield(p)
		}
		eachWho(sub, func(w Who) bool { return ix.ofWho(w, accept) })
	}
}

// ofWho yields all rows of w that are about a patient.
func (ix *Index) ofWho(w Who, yield func(*segment, *row) bool) bool {
	changed, inDelta := uint32(0), false
	if ix.delta != nil {
		if changed, inDelta = ix.delta.whos.find(byte(w.Kind), w.Name); inDelta {
			for _, r := range ix.delta.ofWho(changed) {
				if r.patient != noPatient && !yield(ix.delta, &r) {
					return false
				}
			}
		}
	}
	who, ok := ix.base.whos.find(byte(w.Kind), w.Name)
	if !ok {
		return true
	}
	rows := ix.base.ofWho(who)
	for i := range rows {
		r := &rows[i]
		if r.patient == noPatient || inDelta && ix.replaced(changed, r.patient) {
			continue
		}
		if !yield(ix.base, r) {
			return false
		}
	}
	return true
}

// replaced reports whether the delta speaks for a who of its own and a patient of base.
func (ix *Index) replaced(who, patient uint32) bool {
	p, ok := ix.delta.patients.find('P', shared(ix.base.patients.bytes(patient)[1:]))
	if !ok {
		return false
	}
	_, known := ix.delta.find(who, p)
	return known
}

func (s *segment) ofWho(who uint32) []row {
	if int(who)+1 >= len(s.byWho) {
		return nil
	}
	return s.rows[s.byWho[who]:s.byWho[who+1]]
}

// Earliest returns the earliest moment after now at which what Caller and Patient
// say for these patients could change by the passing of time, zero when never.
func (ix *Index) Earliest(sub *Subject, patients []string, now time.Time) time.Time {
	m := momentOf(now, true)
	var first time.Time
	sooner := func(t time.Time) {
		if t.After(now) && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	look := func(_ *segment, r *row) bool {
		if ix.live(r) {
			ix.moments(r, &m, sooner)
		}
		return true
	}
	ix.each(sub, "", look)
	for _, p := range patients {
		ix.each(sub, p, look)
		for _, other := range ix.links[p] {
			ix.each(sub, other, look)
		}
	}
	return first
}

// moments yields when r begins, ends, and is too old, and the next minute where
// a condition on it reads the time.
func (ix *Index) moments(r *row, m *moment, sooner func(time.Time)) {
	sooner(time.Unix(int64(r.from), 0))
	if r.until != noEnd {
		sooner(time.Unix(int64(r.until), 0))
	}
	if !ix.permits(r, m) {
		return
	}
	fresh := ix.voc.Sources[ix.origins[r.origin].source].Fresh
	sooner(time.Unix(int64(ix.learned(r)), 0).Add(fresh))
	for _, c := range ix.conds[r.fact] {
		if ix.voc.Kinds[c].UsesNow {
			sooner(m.at.Add(time.Minute))
		}
	}
}
