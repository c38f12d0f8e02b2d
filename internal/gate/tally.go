package gate

import (
	"encoding/binary"
	"slices"

	"modicum/catalog"
	"modicum/ledger"
	"modicum/policy"
)

// tally joins judgements that are alike before they are spelt: a page of fifty
// records has few kinds, and spelling one costs more than judging it.
type tally struct {
	kinds []kind
	at    int            // of the kind counted last: most records of a page are like the one before
	index map[string]int // by key; nil while there is one kind
	key   []byte
}

// kind is how some records were judged.
type kind struct {
	judged Judgement // the first of them
	count  int64
}

// add counts a judgement.
func (t *tally) add(j *Judgement) {
	switch {
	case len(t.kinds) == 0:
		t.kinds = append(t.kinds, kind{judged: *j})
	case !alike(&t.kinds[t.at].judged, j):
		t.at = t.find(j)
	}
	t.kinds[t.at].count++
}

// find is the place of a judgement's kind, a new one where there is none.
func (t *tally) find(j *Judgement) int {
	for i := range t.kinds[:min(len(t.kinds), 4)] {
		if alike(&t.kinds[i].judged, j) {
			return i
		}
	}
	if t.index == nil {
		t.index, t.key = make(map[string]int), make([]byte, 0, keyRoom)
		t.index[string(appendKey(t.key, &t.kinds[0].judged))] = 0
	}
	t.key = appendKey(t.key[:0], j)
	at, known := t.index[string(t.key)]
	if !known {
		at = len(t.kinds)
		t.index[string(t.key)] = at
		t.kinds = append(t.kinds, kind{judged: *j})
	}
	return at
}

// alike reports for sure that two judgements have the same key: most that do are of one
// patient, whose atoms and name they share. False tells nothing.
func alike(a, b *Judgement) bool {
	return a.Type == b.Type && a.class == b.class && a.There == b.There && a.Because == b.Because &&
		a.labelled == b.labelled && a.coded == b.coded &&
		a.atoms.Overlays == b.atoms.Overlays && a.atoms.Within == b.atoms.Within && a.atoms.Lasting == b.atoms.Lasting &&
		len(a.atoms.Of)+len(b.atoms.Of)+len(a.carried)+len(b.carried) == 0 && a.instead == nil && b.instead == nil &&
		shared(a.Patients, b.Patients) && shared(a.atoms.Patients, b.atoms.Patients) && a.Verdict.View == b.Verdict.View
}

// shared reports whether two slices are one.
func shared[T any](a, b []T) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

// keyRoom is room for the key of a record of one patient.
const keyRoom = 512

// appendKey appends all of a judgement that its verdict in the record shows.
func appendKey(b []byte, j *Judgement) []byte {
	b = binary.LittleEndian.AppendUint16(b, uint16(j.Type))
	says := j.says()
	b = append(b, byte(j.class), bit(says.there), bit(j.atoms.Lasting), bit(j.instead != nil), bit(says.unclassed), byte(len(says.because)))
	b = append(b, says.because...)
	b = appendClasses(b, says.lost)
	v := &says.view
	b = appendClasses(b, v.Keep, v.Last4, v.Coarse, v.Token, v.Mask)
	b = appendWords(b, uint64(j.atoms.Overlays), j.atoms.Within, uint64(len(j.Patients)), uint64(len(j.atoms.Of)))
	b = appendClasses(b, j.atoms.Of...)
	for _, id := range j.Patients {
		b = append(append(b, id...), 0)
	}
	b = appendWords(b, uint64(j.labelled), uint64(j.coded), uint64(len(j.carried)))
	for _, c := range j.carried {
		b = appendWords(b, uint64(c.typ), uint64(c.overlays))
	}
	for i := range j.atoms.Patients {
		p := &j.atoms.Patients[i]
		b = appendWords(b, p.Holds[:]...)
		b = appendWords(b, p.Bites[:]...)
		b = appendWords(b, p.Unknown[:]...)
		b = appendWords(b, p.Lent, uint64(p.LentOverlays), uint64(len(p.Of)))
		b = append(appendClasses(b, p.Asked, p.LentClasses), bit(p.Glass))
		b = appendClasses(b, p.Of...)
	}
	return b
}

func appendWords(b []byte, words ...uint64) []byte {
	for _, w := range words {
		b = binary.LittleEndian.AppendUint64(b, w)
	}
	return b
}

func appendClasses(b []byte, sets ...catalog.ClassSet) []byte {
	for _, s := range sets {
		b = appendWords(b, s[:]...)
	}
	return b
}

func bit(v bool) byte {
	if v {
		return 1
	}
	return 0
}

// content is what judgements come to in an entry: views and patients each once.
type content struct {
	verdicts []ledger.Verdict
	views    []ledger.View
	patients []string
}

// spell turns the kinds into verdicts.
func (s *Session) spell(t *tally) content {
	var c content
	views, patients := make(map[policy.View]int, 2), make(map[string]int, 2)
	for i := range t.kinds {
		j := &t.kinds[i].judged
		says := j.says()
		v := ledger.Verdict{
			Type: s.cat.TypeName(j.Type), Class: s.cat.Name(j.class), Because: says.because, Count: t.kinds[i].count,
			Atoms: atomsOf(s.cat, &j.atoms), Marked: s.markedBy(j), View: ledger.Withheld, Observed: j.instead != nil, Lost: s.lostNames(&says),
		}
		if says.there && !says.view.Empty() {
			n, known := views[says.view]
			if !known {
				n = len(c.views)
				views[says.view] = n
				c.views = append(c.views, s.words.view(&says.view))
			}
			v.View = n
		}
		for _, id := range j.Patients {
			n, known := patients[id]
			if !known {
				n = len(c.patients)
				patients[id] = n
				c.patients = append(c.patients, s.ref(id))
			}
			v.Patients = append(v.Patients, n)
		}
		c.verdicts = append(c.verdicts, v)
	}
	return c
}

// ref is the keyed reference of a patient, made once a request.
func (s *Session) ref(patient string) string {
	r, known := s.refs[patient]
	if !known {
		r = s.gate.cfg.Refs.Ref("Patient/" + patient)
		s.refs[patient] = r
	}
	return r
}

// refsOf names patients by keyed references, at most as many as an entry holds;
// what is opened beyond has entries of its own.
func (s *Session) refsOf(ids []string) []string {
	ids = ids[:min(len(ids), ledger.MaxPatients)]
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = s.ref(id)
	}
	return out
}

// taskIDs names tasks, for what is told apart by them.
func taskIDs(infos []policy.TaskInfo) string {
	if len(infos) == 1 {
		return infos[0].ID
	}
	ids := make([]string, len(infos))
	for i := range infos {
		ids[i] = infos[i].ID
	}
	slices.Sort(ids)
	out := ""
	for i, id := range ids {
		if i > 0 {
			out += " "
		}
		out += id
	}
	return out
}
