package gate

import (
	"context"
	"slices"
	"strings"
	"time"

	"modicum/catalog"
	"modicum/internal/defect"
	"modicum/internal/facts"
	"modicum/internal/fhirjson"
	"modicum/policy"
)

// person is what was looked up about one patient for this request.
type person struct {
	alone     []string // the id, for records that name nobody else
	truth     policy.Truth
	instances []facts.Instance
	plain     []policy.PatientAtoms // of a record that names nobody else, where nothing narrows

	id    [1]string // what alone is
	atoms [1]policy.PatientAtoms
}

// Judge decides each record by itself and appends to out, in order. Visits and
// the objects of work items are looked up first, once for the whole batch. An
// error means that the upstream could not say: nothing of the batch may leave.
func (s *Session) Judge(ctx context.Context, recs []*fhirjson.Record, out []Judgement) ([]Judgement, error) {
	from := len(out)
	out, err := s.judgeByPolicy(ctx, recs, out)
	if err == nil && s.observes() {
		for i, r := range recs {
			s.letThrough(r, &out[from+i])
		}
	}
	return out, err
}

// judgeByPolicy is Judge as if the door enforced.
func (s *Session) judgeByPolicy(ctx context.Context, recs []*fhirjson.Record, out []Judgement) ([]Judgement, error) {
	for _, r := range recs {
		for _, p := range r.Patients {
			s.person(p.ID)
		}
	}
	if err := s.resolveCriteria(ctx); err != nil {
		return out, err
	}
	if err := s.lookUp(ctx, recs); err != nil {
		return out, err
	}
	out, ids := slices.Grow(out, len(recs)), idsTogether(recs)
	for _, r := range recs {
		out = append(out, Judgement{})
		s.judge(r, ids[:len(r.ID)], &out[len(out)-1])
		ids = ids[len(r.ID):]
	}
	return out, s.carry(ctx, recs, out[len(out)-len(recs):])
}

// idsTogether are the ids of records, one behind the other: a page of them costs one piece
// of memory.
func idsTogether(recs []*fhirjson.Record) string {
	n := 0
	for _, r := range recs {
		n += len(r.ID)
	}
	var b strings.Builder
	b.Grow(n)
	for _, r := range recs {
		b.Write(r.ID)
	}
	return b.String()
}

// judge decides one record into j, which is empty. What it needs was looked up.
func (s *Session) judge(r *fhirjson.Record, id string, j *Judgement) {
	j.Type, j.ID, j.class, j.labelled, j.coded = r.Type, id, r.Class, r.Labelled, r.Coded
	b, proven := s.bearerOf(r)
	if proven {
		r = b.lend(r)
	}
	j.Patients = s.namedBy(r)
	s.fillAtoms(r, b, &j.atoms)
	if !s.admissible(r, proven) {
		j.Because = "record"
		return
	}
	s.view(&j.atoms, &j.Verdict)
	if defect.On(defect.ScopesOpen) && len(s.ask.Caller.Scopes) > 0 && s.Covered(r, &j.Verdict.View) {
		j.Verdict.View = policy.View{Keep: s.cat.Content()}
	}
	if len(s.finding) > 0 && !defect.On(defect.FindShowsAll) {
		j.Verdict.View = narrower(&j.Verdict.View, &s.finding[0].Show)
	}
	switch {
	case !s.there(r, j):
		j.Because = "view"
	case !s.matches(r, j):
		j.Because = "criteria"
	case !s.Covered(r, &j.Verdict.View):
		j.Because = "scope"
	default:
		j.There = true
		s.bears(r, j)
	}
}

// view is Plan.View, asked once for records that follow each other with the same
// atoms: most records of a page do.
func (s *Session) view(a *policy.Atoms, v *policy.Verdict) {
	l := &s.last
	if len(a.Patients) == 1 && l.of == &a.Patients[0] && l.overlays == a.Overlays && l.lasting == a.Lasting && l.within == a.Within {
		*v = l.verdict
		return
	}
	s.plan.View(a, v)
	if len(a.Patients) == 1 {
		*l = lastView{&a.Patients[0], a.Overlays, a.Lasting, a.Within, *v}
	}
}

// lastView is what View said last, and of what: the atoms of the patient are known
// by their place.
type lastView struct {
	of       *policy.PatientAtoms
	overlays catalog.OverlaySet
	lasting  bool
	within   uint64
	verdict  policy.Verdict
}

// admissible tells the records that are not there whatever a view says: of a
// patient who cannot be told, of nobody though its type is about somebody, with
// an extension that changes their meaning.
func (s *Session) admissible(r *fhirjson.Record, proven bool) bool {
	switch {
	case r.UnknownPatient && defect.On(defect.StrangerAdmitted):
		return true
	case r.Withheld, r.UnknownPatient, s.cat.DenyByDefault(r.Type) && !s.cat.DenyUnlessNamed(r.Type):
		return false
	case len(r.Patients) > 0, s.cat.PatientFree(r.Type):
		return true
	}
	return proven
}

// namedBy lists whom a record names.
func (s *Session) namedBy(r *fhirjson.Record) []string {
	if len(r.Patients) == 1 {
		return s.person(r.Patients[0].ID).alone
	}
	return patientIDs(r)
}

// there reports whether the view shows what makes the record a record: the
// class of the record or one that the catalog gives to its elements by name.
// Comments, identifiers of records and metadata alone do not bring it forth, so
// that a task which sees metadata does not see who has a chart. An AuditEvent or a
// Provenance is there for a line that shows its own class, and for no other (FC30).
func (s *Session) there(r *fhirjson.Record, j *Judgement) bool {
	if s.cat.DenyUnlessNamed(r.Type) {
		return j.Verdict.View.Of(s.cat.DefaultClass(r.Type)) > policy.Omit
	}
	own := s.cat.OwnClasses(r.Type).With(r.Class)
	return j.Verdict.View.Shown().Meets(own)
}

// matches reports whether the record's own view keeps all that the criteria
// read (F2), and whether identifiers and contact points match on what is kept.
func (s *Session) matches(r *fhirjson.Record, j *Judgement) bool {
	if defect.On(defect.CriteriaUnchecked) {
		return true
	}
	view := j.Verdict.View
	if len(s.finding) > 0 {
		view = policy.View{Keep: byOf(&s.finding[0])}
		if defect.On(defect.FindByHidden) {
			view.Keep = s.cat.Content()
		}
	}
	for i := range s.ask.Criteria {
		if !s.keeps(r, &s.ask.Criteria[i], &view) {
			return false
		}
	}
	for _, p := range s.ask.Sorts {
		if !view.Keep.Covers(r.Reads(p)) {
			return false
		}
	}
	return true
}

func (s *Session) keeps(r *fhirjson.Record, k *Criterion, view *policy.View) bool {
	if k.Param.ValueDependent {
		if defect.On(defect.HiddenNumberFits) {
			return true
		}
		return slices.ContainsFunc(k.Values, func(v Value) bool {
			return r.KeptMatch(k.Param, view, v.System, v.Code, v.HasSystem)
		})
	}
	if len(k.Refs) > 0 && !s.seesTargets(k.Refs) && !defect.On(defect.HiddenTargetFits) {
		return false
	}
	if s.namesPatients(k) {
		return true // a reference to the patient in scope is kept (design 6)
	}
	return view.Keep.Covers(r.Reads(k.Param)) && s.namesShown(r, k)
}

// namesShown reports whether a record names, by what a criterion reads, a patient whom
// the caller may know of. Patient.link alone names one for whom no task need count: a
// search by it would tell who is linked with whom (FC23). Those of a chain were found.
func (s *Session) namesShown(r *fhirjson.Record, k *Criterion) bool {
	known := func(to Ref) bool { return s.knows(r, to) }
	if k.Through != 0 || !slices.ContainsFunc(k.Refs, func(to Ref) bool { return !known(to) }) || defect.On(defect.LinkedFits) {
		return true
	}
	return slices.ContainsFunc(k.Refs, func(to Ref) bool {
		return known(to) && r.Refers(k.Param, nil, fhirjson.Ref{Type: to.Type, ID: []byte(to.ID)})
	})
}

// knows reports whether a reference from a record that shows may be one to a patient: to
// one whom the record is about, or who was shown. Of other targets seesTargets tells.
func (s *Session) knows(r *fhirjson.Record, to Ref) bool {
	return to.Type != s.words.types.patient || s.proven(to.Type, to.ID) ||
		slices.ContainsFunc(r.Patients, func(p fhirjson.Ref) bool { return string(p.ID) == to.ID })
}

// namesPatients reports whether a criterion says whose records are asked for: by
// patient or subject, with patients alone. A patient who performed or wrote is read
// like anything else.
func (s *Session) namesPatients(k *Criterion) bool {
	patient := s.words.types.patient
	return k.Param.NamesPatient && (len(k.Refs) > 0 || k.Through == patient) && !slices.ContainsFunc(k.Refs, func(r Ref) bool { return r.Type != patient })
}

// seesTargets reports whether each reference of a criterion is one that the
// caller would be shown: to a patient, to what is about no patient, or to a
// record that was proven visible.
func (s *Session) seesTargets(refs []Ref) bool {
	patient := s.words.types.patient
	return !slices.ContainsFunc(refs, func(r Ref) bool {
		return r.Type != patient && !s.cat.PatientFree(r.Type) && !s.resolved[target{r.Type, r.ID}] && !s.proven(r.Type, r.ID)
	})
}

// person looks up, once a request, what is true about caller and patient.
func (s *Session) person(of []byte) *person {
	if p := s.lately; p != nil && p.alone[0] == string(of) {
		return p // most pages are of one patient
	}
	if p := s.people[string(of)]; p != nil {
		s.lately = p
		return p
	}
	return s.personOf(string(of))
}

// personOf is person of an id that stays.
func (s *Session) personOf(id string) *person {
	if p := s.people[id]; p != nil {
		s.lately = p
		return p
	}
	p := &person{id: [1]string{id}, instances: slices.Clone(s.own)}
	p.alone, p.plain = p.id[:], p.atoms[:]
	p.instances = s.gen.Facts.Patient(&s.sub, id, s.now, s.trusted, &p.truth, p.instances)
	if s.isFound(id) {
		p.truth.Holds.Add(s.set.Found())
	}
	p.plain[0].Truth = p.truth
	s.lend(id, &p.plain[0])
	s.people[id], s.lately = p, p
	return p
}

// fillAtoms states what View may look at.
func (s *Session) fillAtoms(r *fhirjson.Record, b *bearer, a *policy.Atoms) {
	a.Overlays = r.Overlays
	a.Lasting = r.Lasting
	a.Finding = len(s.finding) > 0
	a.NewPatient = s.newPatient(r)
	v := s.visitOf(r)
	a.Within = s.within(r, v)
	hiding := s.set.Hiding(r.Overlays)
	if len(r.Patients) == 0 {
		a.Of = s.allCarried(r, b, v, s.own, hiding)
		return
	}
	values := s.lendsValues()
	if len(r.Patients) == 1 && len(s.plan.Ofs()) == 0 && !s.isAuthor(r) && !values {
		a.Patients = s.person(r.Patients[0].ID).plain // shared: nobody changes atoms
		return
	}
	a.Patients = s.patientAtoms(len(r.Patients))
	for _, p := range r.Patients {
		who := s.person(p.ID)
		pa := who.plain[0]
		pa.Of = s.allCarried(r, b, v, who.instances, hiding)
		if values {
			pa.Asked = s.valuesOf(r.Type, r.ID)
		}
		if s.isAuthor(r) {
			pa.Holds.Add(s.set.Author())
		}
		a.Patients = append(a.Patients, pa)
	}
}

// patientAtoms returns an empty slice with room for n, cut from a larger one: most
// records name one patient, and a page has many records.
func (s *Session) patientAtoms(n int) []policy.PatientAtoms {
	if len(s.atoms) < n {
		s.atoms = make([]policy.PatientAtoms, max(n, 32))
	}
	out := s.atoms[:0:n]
	s.atoms = s.atoms[n:]
	return out
}

// allCarried fills the slots of the plan.
func (s *Session) allCarried(r *fhirjson.Record, b *bearer, v *visit, instances []facts.Instance, hiding catalog.OverlaySet) []catalog.ClassSet {
	ofs := s.plan.Ofs()
	if len(ofs) == 0 {
		return nil
	}
	out := make([]catalog.ClassSet, len(ofs))
	for i, of := range ofs {
		out[i] = s.carried(r, b, v, instances, of, hiding)
	}
	return out
}

// carried returns the classes that the instances of a fact name for a record:
// each instance is judged whole, and what any one names counts (rule 7).
func (s *Session) carried(r *fhirjson.Record, b *bearer, v *visit, instances []facts.Instance, of policy.Of, hiding catalog.OverlaySet) catalog.ClassSet {
	var out catalog.ClassSet
	for i := range instances {
		in := &instances[i]
		if in.Fact != of.Fact || !of.Restricting && !in.Permits {
			continue
		}
		if in.HasMarked && hiding&^in.Marked != 0 && !(of.Restricting && hiding&in.Marked != 0) {
			continue // what permits names every overlay; what restricts, any
		}
		if !r.Lasting && !s.takesIn(r, b, v, in, of.Restricting) {
			continue
		}
		if !in.HasClasses {
			return s.cat.Content()
		}
		out = out.Union(in.Classes)
	}
	return out
}

// takesIn reports whether a record lies in what an instance names by its object and
// its dates. What permits must take it in for sure; what restricts takes in also what
// may lie there: a record without a date or one that reaches into the dates, any
// record where nobody can tell any more what the object belongs to (D6).
func (s *Session) takesIn(r *fhirjson.Record, b *bearer, v *visit, in *facts.Instance, restricting bool) bool {
	if !restricting {
		return (!in.HasObject || s.belongs(r, b, v, in.Object)) && (!in.HasDates || lies(r, in.From, in.Until))
	}
	return (!in.HasObject || s.objects[in.Object] == nil || s.belongs(r, b, v, in.Object)) &&
		(!in.HasDates || reaches(r, in.From, in.Until))
}

// reaches reports whether any part of the record's main date lies within the days, or
// may do so, as it has none.
func reaches(r *fhirjson.Record, from, until time.Time) bool {
	return r.Date.From.IsZero() ||
		(until.IsZero() || r.Date.From.Before(until)) && (from.IsZero() || from.Before(r.Date.Until))
}

// lies reports whether the record's main date, at the precision it is written
// with, lies wholly within the days from and until name.
func lies(r *fhirjson.Record, from, until time.Time) bool {
	if r.Date.From.IsZero() {
		return false
	}
	return (from.IsZero() || !r.Date.From.Before(from)) && (until.IsZero() || !r.Date.Until.After(until))
}

// within returns for each line of the plan whether the record satisfies its
// `back` and `place`; a lasting record satisfies every one (rule 7).
func (s *Session) within(r *fhirjson.Record, v *visit) uint64 {
	var bits uint64
	for i := range s.since {
		_, place := s.plan.LineWithin(i)
		if r.Lasting || s.recent(r, s.since[i]) && s.placed(r, v, place) {
			bits |= 1 << i
		}
	}
	return bits
}

// recent reports whether the record's main date is not before the moment; a
// zero moment asks for nothing. A record without a date is not recent.
func (s *Session) recent(r *fhirjson.Record, since time.Time) bool {
	if since.IsZero() {
		return true
	}
	return !r.Date.From.IsZero() && !r.Date.From.Before(since)
}

// placed compares the record's location or service provider with the caller's
// department or facility.
func (s *Session) placed(r *fhirjson.Record, v *visit, place policy.Place) bool {
	var typ, id string
	switch place {
	case policy.Anywhere:
		return true
	case policy.OwnDepartment:
		typ, id = "Location", s.sub.Dept
	case policy.OwnFacility:
		typ, id = "Organization", s.sub.Facility
	}
	if id == "" {
		return false
	}
	if slices.ContainsFunc(r.Places, func(p fhirjson.Ref) bool { return string(p.ID) == id && s.cat.TypeName(p.Type) == typ }) {
		return true
	}
	return v != nil && slices.Contains(v.places, typ+"/"+id)
}

// isAuthor reports whether the record names the caller as its author.
func (s *Session) isAuthor(r *fhirjson.Record) bool {
	return slices.ContainsFunc(r.Authors, func(a fhirjson.Ref) bool {
		return slices.Contains(s.sub.Practitioners, s.cat.TypeName(a.Type)+"/"+string(a.ID))
	})
}
