package gate

import (
	"context"
	"slices"
	"strings"

	"modicum/internal/fhirjson"
)

// visit is what the gate needs of an Encounter: whose it is, where it was, on
// which account.
type visit struct {
	patients []string
	places   []string // references such as Location/l1
	accounts []string // ids
}

// object is what a work item is about, as far as scope goes: the visits and
// accounts that it belongs to.
type object struct {
	patients []string
	visits   []string // ids of Encounters
	accounts []string
}

// lookUp fetches the visits of records and the objects of facts that a line may
// narrow by, each once a request.
func (s *Session) lookUp(ctx context.Context, recs []*fhirjson.Record) error {
	if !s.plan.NeedsVisit() {
		return nil
	}
	if err := s.lookUpVisits(ctx, recs); err != nil {
		return err
	}
	return s.lookUpObjects(ctx, recs)
}

func (s *Session) lookUpVisits(ctx context.Context, recs []*fhirjson.Record) error {
	var ids []string
	for _, r := range recs {
		id := string(r.Visit.ID)
		if s.visits == nil {
			s.visits = make(map[string]*visit)
		}
		if _, known := s.visits[id]; id == "" || known || s.cat.TypeName(r.Visit.Type) != "Encounter" {
			continue
		}
		s.visits[id] = nil // asked for; stays nil where the upstream has none
		ids = append(ids, id)
	}
	if len(ids) == 0 {
		return nil
	}
	return s.gate.cfg.Resolver.Many(ctx, "Encounter", ids, func(body []byte) error {
		s.scan(body, func(r *fhirjson.Record) {
			if _, asked := s.visits[string(r.ID)]; asked && s.cat.TypeName(r.Type) == "Encounter" {
				s.visits[string(r.ID)] = s.newVisit(r)
			}
		})
		return nil
	})
}

func (s *Session) lookUpObjects(ctx context.Context, recs []*fhirjson.Record) error {
	for _, r := range recs {
		for _, p := range r.Patients {
			who := s.person(p.ID)
			for i := range who.instances {
				in := &who.instances[i]
				if !in.HasObject {
					continue
				}
				if err := s.lookUpObject(ctx, in.Object); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// lookUpObject resolves what a claim, an order or another object belongs to. An
// Encounter and an Account stand for themselves.
func (s *Session) lookUpObject(ctx context.Context, ref string) error {
	if _, known := s.objects[ref]; known {
		return nil
	}
	typ, id, _ := strings.Cut(ref, "/")
	if s.objects == nil {
		s.objects = make(map[string]*object)
	}
	s.objects[ref] = nil
	switch typ {
	case "Encounter":
		s.objects[ref] = &object{visits: []string{id}}
		return nil
	case "Account":
		s.objects[ref] = &object{accounts: []string{id}}
		return nil
	}
	body, found, err := s.gate.cfg.Resolver.Read(ctx, typ, id)
	if err != nil || !found {
		return err
	}
	s.scan(body, func(r *fhirjson.Record) {
		if string(r.ID) != id || s.cat.TypeName(r.Type) != typ {
			return
		}
		o := &object{patients: patientIDs(r)}
		for _, to := range r.References {
			if s.cat.TypeName(to.Type) == "Encounter" {
				o.visits = append(o.visits, string(to.ID))
			}
		}
		o.accounts = idsOf(r.Accounts)
		s.objects[ref] = o
	})
	return nil
}

// scan reads one record that was looked up. What cannot be read belongs to
// nothing, as if it were not there: the caller need not see the visit, so that an
// error would tell of it (N1).
func (s *Session) scan(body []byte, use func(*fhirjson.Record)) {
	pool := s.gate.scanners(s.set)
	sc := pool.Get()
	defer pool.Put(sc)
	if r, err := sc.Resource(body); err == nil {
		use(r)
	}
}

func patientIDs(r *fhirjson.Record) []string { return idsOf(r.Patients) }

func samePatients(ids []string, r *fhirjson.Record) bool {
	return slices.EqualFunc(ids, r.Patients, func(id string, p fhirjson.Ref) bool { return id == string(p.ID) })
}

func idsOf(refs []fhirjson.Ref) []string {
	out := make([]string, len(refs))
	for i, r := range refs {
		out[i] = string(r.ID)
	}
	return out
}

// isRef reports whether ref is Type/id.
func isRef(ref, typ, id string) bool {
	return len(ref) == len(typ)+1+len(id) && ref[:len(typ)] == typ && ref[len(typ)] == '/' && ref[len(typ)+1:] == id
}

func (s *Session) newVisit(r *fhirjson.Record) *visit {
	v := &visit{patients: patientIDs(r), accounts: idsOf(r.Accounts)}
	for _, p := range r.Places {
		v.places = append(v.places, s.cat.TypeName(p.Type)+"/"+string(p.ID))
	}
	return v
}

// visitOf returns the visit of a record: itself, or the one it names when that
// one is of the same patients; nil where it has none.
func (s *Session) visitOf(r *fhirjson.Record) *visit {
	if r.Type == s.words.types.encounter {
		return s.newVisit(r)
	}
	v := s.visits[string(r.Visit.ID)]
	if v == nil || !samePatients(v.patients, r) {
		return nil
	}
	return v
}

// belongs reports whether a record is an object, or belongs to its visit or
// account (policy-language rule 7).
func (s *Session) belongs(r *fhirjson.Record, b *bearer, v *visit, ref string) bool {
	typ, id := s.cat.TypeName(r.Type), string(r.ID)
	if isRef(ref, typ, id) || b != nil && b.record == ref {
		return true
	}
	o := s.objects[ref]
	if o == nil || o.patients != nil && !samePatients(o.patients, r) {
		return false
	}
	visitID, accounts := string(r.Visit.ID), idsOf(r.Accounts)
	switch typ {
	case "Encounter":
		visitID = id
	case "Account":
		accounts = []string{id}
	}
	if v != nil {
		if slices.Contains(o.visits, visitID) {
			return true
		}
		accounts = append(accounts, v.accounts...)
	}
	return slices.ContainsFunc(accounts, func(a string) bool { return slices.Contains(o.accounts, a) })
}
