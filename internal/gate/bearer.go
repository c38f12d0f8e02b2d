package gate

import (
	"bytes"
	"slices"
	"time"

	"modicum/internal/fhirjson"
)

// bearer is what a record that shows only by proof (Medication, Substance) has
// from the visible record that refers to it: it names nobody itself, so it is
// judged as of the same patients, visit and date (policy-language rule 7).
type bearer struct {
	record   string // Type/id of the one that refers to it
	patients []fhirjson.Ref
	visit    fhirjson.Ref
	accounts []fhirjson.Ref
	authors  []fhirjson.Ref
	places   []fhirjson.Ref
	date     fhirjson.Span
}

// bearerOf is the proof of a record that shows by one alone.
func (s *Session) bearerOf(r *fhirjson.Record) (b *bearer, proven bool) {
	if !s.cat.ByProof(r.Type) || len(r.Patients) > 0 {
		return nil, false
	}
	b, proven = s.gate.borne.get(proofKey{s.sight, r.Type, string(r.ID)}, s.now)
	return b, proven
}

// lend is the record as its bearer's.
func (b *bearer) lend(r *fhirjson.Record) *fhirjson.Record {
	as := *r
	as.Patients, as.Visit, as.Accounts = b.patients, b.visit, b.accounts
	as.Authors, as.Places, as.Date = b.authors, b.places, b.date
	return &as
}

// bears notes the records that show only by proof to which a record refers by an
// element that its view keeps.
func (s *Session) bears(r *fhirjson.Record, j *Judgement) {
	s.handles(r, j)
	var b *bearer
	for i := range r.References {
		ref := &r.References[i]
		if ref.Type == 0 || !s.cat.ByProof(ref.Type) || !j.Verdict.View.Keep.Has(r.ClassOf(ref)) {
			continue
		}
		if b == nil {
			b = s.newBearer(r)
		}
		j.implies = append(j.implies, implied{proofKey{s.sight, ref.Type, string(ref.ID)}, b})
	}
}

func (s *Session) newBearer(r *fhirjson.Record) *bearer {
	return &bearer{
		record: s.cat.TypeName(r.Type) + "/" + string(r.ID), patients: kept(r.Patients), visit: keptRef(r.Visit),
		accounts: kept(r.Accounts), authors: kept(r.Authors), places: kept(r.Places), date: r.Date,
	}
}

// kept copies references out of the memory of a scanner.
func kept(refs []fhirjson.Ref) []fhirjson.Ref {
	out := slices.Clone(refs)
	for i := range out {
		out[i] = keptRef(out[i])
	}
	return out
}

func keptRef(r fhirjson.Ref) fhirjson.Ref { return fhirjson.Ref{Type: r.Type, ID: bytes.Clone(r.ID)} }

// implied is a record that a shown one proves beside itself.
type implied struct {
	proofKey
	by *bearer
}

// proofFor is how long a shown record proves itself as the target of a reference.
const proofFor = 5 * time.Minute
