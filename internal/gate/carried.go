package gate

import (
	"context"
	"slices"

	"modicum/catalog"
	"modicum/internal/defect"
	"modicum/internal/facts"
	"modicum/internal/fhirjson"
	"modicum/policy"
)

// Bounds on what one request looks up to learn what other records put on a record by
// reference: how far it goes on (a dispense, its prescription, the condition), and how
// many records. What lies beyond may be anything (threat-model D6).
const (
	mostHops  = 3
	mostMarks = 2000
)

// marking is what a record that was looked up puts on those that refer to it: its
// own overlays, and what it refers to itself.
type marking struct {
	overlays catalog.OverlaySet
	to       []target
	read     bool
	unknown  bool // it refers to something that cannot be looked up, or cannot be read
}

// cause says from what kind of record overlays came; type 0: from what nobody can tell.
type cause struct {
	typ      catalog.Type
	overlays catalog.OverlaySet
}

// carry judges again the records on which others put overlays by reference: a
// prescription whose reason is a flagged condition, a report of flagged results, the
// claim for a flagged visit. What they refer to is looked up in batches, once a
// request, and only for what would be there otherwise. A record that the upstream does
// not have puts nothing on others: the answer is that of a server which never held it
// (N3).
func (s *Session) carry(ctx context.Context, recs []*fhirjson.Record, js []Judgement) error {
	if s.route.interaction.Verbs == policy.Create || defect.On(defect.CarriedIgnored) {
		return nil // creating shows nothing: no overlay stops it (policy-language rule 12)
	}
	var next []target
	some := false
	for i, r := range recs {
		if s.undecided(r, &js[i]) {
			to, unknown := s.refersTo(r)
			next, some = append(next, to...), some || unknown || len(to) > 0
		}
	}
	if !some {
		return nil
	}
	for range mostHops {
		var err error
		if next, err = s.lookUpMarks(ctx, next); err != nil {
			return err
		}
	}
	for i, r := range recs {
		if s.undecided(r, &js[i]) {
			s.carryTo(r, &js[i])
		}
	}
	return nil
}

// undecided reports whether overlays can still change what becomes of a record: it
// would be there, or be the target of a reference; or it is hidden by a restriction
// that names overlays, and so does not bite where others lie (rule 7).
func (s *Session) undecided(r *fhirjson.Record, j *Judgement) bool {
	if j.There || j.Because == "criteria" {
		return true
	}
	return j.Because == "view" && slices.ContainsFunc(r.Patients, func(p fhirjson.Ref) bool {
		return slices.ContainsFunc(s.person(p.ID).instances, func(in facts.Instance) bool {
			return in.HasMarked && slices.Contains(s.plan.Ofs(), policy.Of{Fact: in.Fact, Restricting: true})
		})
	})
}

func (s *Session) carryTo(r *fhirjson.Record, j *Judgement) {
	from := s.causes(r)
	if len(from) == 0 {
		return
	}
	as := *r
	for _, c := range from {
		as.Overlays |= c.overlays
	}
	id := j.ID
	*j = Judgement{}
	s.judge(&as, id, j)
	j.carried = from
}

// refersTo lists what may put overlays on a record, and whether something that may
// cannot be looked up.
func (s *Session) refersTo(r *fhirjson.Record) (to []target, unknown bool) {
	patient := s.words.types.patient
	for i := range r.References {
		ref := &r.References[i]
		switch {
		case !s.cat.Node(ref.Node).Carries:
		case ref.Elsewhere():
			unknown = true
		case ref.Type != 0 && ref.Type != patient && !s.cat.PatientFree(ref.Type):
			to = append(to, target{ref.Type, string(ref.ID)})
		}
	}
	return to, unknown
}

// lookUpMarks reads the targets that are not known yet and returns what they refer to.
func (s *Session) lookUpMarks(ctx context.Context, targets []target) (next []target, err error) {
	byType := make(map[catalog.Type][]string)
	for _, t := range targets {
		if _, known := s.marks[t]; known || len(s.marks) >= mostMarks {
			continue
		}
		if s.marks == nil {
			s.marks = make(map[target]*marking)
		}
		s.marks[t] = &marking{} // where the upstream has none, it stays so
		byType[t.typ] = append(byType[t.typ], t.id)
	}
	for _, t := range sortedTypes(byType) {
		err := s.gate.cfg.Resolver.Many(ctx, s.cat.TypeName(t), byType[t], func(body []byte) error {
			next = append(next, s.noteMarks(t, body)...)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return next, nil
}

// noteMarks keeps what one record puts on others. One that cannot be read may be
// anything; whose it is cannot be told either, so that each of its type which was asked
// for and not answered is taken to be it.
func (s *Session) noteMarks(t catalog.Type, body []byte) []target {
	pool := s.gate.scanners(s.set)
	sc := pool.Get()
	defer pool.Put(sc)
	r, err := sc.Resource(body)
	if err != nil || r.Type != t {
		s.unread = append(s.unread, t)
		return nil
	}
	m := s.marks[target{t, string(r.ID)}]
	if m == nil {
		return nil // nobody asked for it
	}
	m.read, m.overlays = true, r.Overlays
	m.to, m.unknown = s.refersTo(r)
	return m.to
}

// causes works out what other records put on r, by kind of record. How far it goes on
// is counted for each record by itself: what else stands on the page changes nothing.
func (s *Session) causes(r *fhirjson.Record) []cause {
	to, unknown := s.refersTo(r)
	var out []cause
	seen := make(map[target]bool)
	for hop := 0; ; hop++ {
		to = slices.DeleteFunc(to, func(t target) bool { return seen[t] })
		if len(to) == 0 {
			break
		}
		if hop == mostHops || hop == 1 && defect.On(defect.CarriedOneHop) {
			unknown = unknown || hop == mostHops
			break
		}
		var next []target
		for _, t := range to {
			if seen[t] {
				continue
			}
			seen[t] = true
			m := s.marks[t]
			if m == nil || m.unknown || !m.read && slices.Contains(s.unread, t.typ) {
				unknown = true
			}
			if m != nil {
				out, next = addCause(out, t.typ, m.overlays), append(next, m.to...)
			}
		}
		to = next
	}
	if unknown && !defect.On(defect.ElsewhereIsClean) {
		out = addCause(out, 0, s.cat.Overlays())
	}
	return out
}

func addCause(list []cause, t catalog.Type, o catalog.OverlaySet) []cause {
	if o == 0 {
		return list
	}
	at, known := slices.BinarySearchFunc(list, t, func(c cause, t catalog.Type) int { return int(c.typ) - int(t) })
	if known {
		list[at].overlays |= o
		return list
	}
	return slices.Insert(list, at, cause{t, o})
}

// markedBy says of each overlay of a record why it lies there, in words of a closed
// list: "sensitive.hiv label", "sensitive.hiv code" (a code, an element or the type of
// the record itself), or the kind of record that it refers to; "unknown" where that
// could not be looked up.
func (s *Session) markedBy(j *Judgement) []string {
	var out []string
	say := func(set catalog.OverlaySet, why string) {
		for o := range set.All {
			out = append(out, overlayName(s.cat, o)+" "+why)
		}
	}
	say(j.labelled, "label")
	say(j.coded, "code")
	for _, c := range j.carried {
		why := "unknown"
		if c.typ != 0 {
			why = s.cat.TypeName(c.typ)
		}
		say(c.overlays, why)
	}
	slices.Sort(out)
	return out
}
