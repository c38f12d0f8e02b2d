package gate

import (
	"context"
	"slices"
	"strings"

	"modicum/catalog"
	"modicum/internal/fhirjson"
)

// mostTargets is how many targets of references one answer looks up. Only what shown
// records refer to counts, but those targets may be hidden: past it, which references
// are looked up depends on them (a residual, in docs/divergences.md).
const mostTargets = 500

// target is a record to which a reference points.
type target struct {
	typ catalog.Type
	id  string
}

// Resolves reports whether a task that speaks says `references: resolve`: then
// Resolve is asked before references are written.
func (s *Session) Resolves() bool {
	for i := range s.infos {
		if s.infos[i].Resolve {
			return true
		}
	}
	return false
}

// Resolve looks up what judged records refer to by elements that their views keep
// and that nothing proves yet, and judges it under the lines that count for this
// request. What it finds visible proves the reference (design 6); what it does not
// find, cannot read, or must not show does not, and nobody can tell which. An
// error means that the upstream could not say.
func (s *Session) Resolve(ctx context.Context, recs []*fhirjson.Record, js []Judgement) error {
	byType := make(map[catalog.Type][]string)
	for i, r := range recs {
		s.targets(r, &js[i], byType)
	}
	return s.resolveAll(ctx, byType)
}

func (s *Session) resolveAll(ctx context.Context, byType map[catalog.Type][]string) error {
	for _, t := range sortedTypes(byType) {
		if err := s.resolve(ctx, t, byType[t]); err != nil {
			return err
		}
	}
	return nil
}

// resolveCriteria looks up the records that the criteria name, once a request and
// before any record is judged by them: a reference that would be kept may also be
// searched by. What is looked up depends on the request alone.
func (s *Session) resolveCriteria(ctx context.Context) error {
	if s.sought || !s.Resolves() {
		return nil
	}
	s.sought = true
	byType := make(map[catalog.Type][]string)
	for i := range s.ask.Criteria {
		for _, r := range s.ask.Criteria[i].Refs {
			s.target(target{r.Type, r.ID}, byType)
		}
	}
	return s.resolveAll(ctx, byType)
}

// targets collects what is to be looked up for one record.
func (s *Session) targets(r *fhirjson.Record, j *Judgement, into map[catalog.Type][]string) {
	for i := range r.References {
		if ref := &r.References[i]; ref.Type != 0 && j.byPolicy().Keep.Has(r.ClassOf(ref)) {
			s.target(target{ref.Type, string(ref.ID)}, into)
		}
	}
}

// target notes one record as one to be looked up, unless it needs no proof, has it,
// or the look-ups of the answer are used up.
func (s *Session) target(to target, into map[catalog.Type][]string) {
	patient := s.words.types.patient
	if to.typ == patient || s.cat.PatientFree(to.typ) || s.cat.ByProof(to.typ) {
		return
	}
	if _, asked := s.resolved[to]; asked || s.proven(to.typ, to.id) || len(s.resolved) >= mostTargets {
		return
	}
	if s.resolved == nil {
		s.resolved = make(map[target]bool)
	}
	s.resolved[to] = false
	into[to.typ] = append(into[to.typ], to.id)
}

func sortedTypes(m map[catalog.Type][]string) []catalog.Type {
	out := make([]catalog.Type, 0, len(m))
	for t := range m {
		out = append(out, t)
	}
	slices.Sort(out)
	return out
}

func (s *Session) resolve(ctx context.Context, t catalog.Type, ids []string) error {
	pool := s.gate.scanners(s.set)
	sc := pool.Get() // its records live until they are judged
	defer pool.Put(sc)
	var recs []*fhirjson.Record
	err := s.gate.cfg.Resolver.Many(ctx, s.cat.TypeName(t), ids, func(body []byte) error {
		r, err := sc.Resource(slices.Clone(body))
		if err != nil || r.Type != t {
			return nil // what cannot be read looks like what is not there
		}
		if _, asked := s.resolved[target{t, string(r.ID)}]; asked {
			recs = append(recs, r)
		}
		return nil
	})
	if err != nil {
		return err
	}
	js, err := s.judgeByPolicy(ctx, recs, make([]Judgement, 0, len(recs)))
	if err != nil {
		return err
	}
	for i := range js {
		shows, err := s.shows(sc, recs[i], &js[i])
		if err != nil {
			return err
		}
		s.noteTarget(&js[i], shows)
	}
	return nil
}

// shows reports whether anything of a target shows by itself: one of which nothing but
// structure is left is not there, whatever its classes (policy-language rule 18).
func (s *Session) shows(sc *fhirjson.Scanner, r *fhirjson.Record, j *Judgement) (bool, error) {
	if !j.There && j.Because != "criteria" {
		return false, nil
	}
	_, out, err := sc.Project(nil, r, s.Shape(j, nil))
	return out.There, err
}

// noteTarget keeps what was decided about the target of a reference. The record
// says that it was judged; it is neither shown nor withheld.
func (s *Session) noteTarget(j *Judgement, shows bool) {
	if shows {
		s.resolved[target{j.Type, j.ID}] = true
		s.gate.proofs.put(proofKey{s.sight, j.Type, strings.Clone(j.ID)}, struct{}{}, s.now, s.now.Add(proofFor))
	}
	j.There, j.Because = false, "reference"
	s.judged.add(j)
}
