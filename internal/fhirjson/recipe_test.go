package fhirjson

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"modicum/catalog"
	"modicum/internal/testkit"
	"modicum/policy"
)

// values are texts by the name of the member that has them, of many records.
type values map[string][][]byte

// gather adds the texts of a record.
func (v values) gather(s *Scanner, r []byte) {
	s.Reset()
	root, _, err := s.parse(r, false)
	if err != nil {
		return
	}
	for i := root; i < s.tape[root].next; i++ {
		if c := &s.tape[i]; c.shape == text && len(v[s.name(r, c)]) < 400 {
			v[s.name(r, c)] = append(v[s.name(r, c)], bytes.Clone(r[c.start:c.end]))
		}
	}
}

// deciding are texts by which classes, references, overlays and treatments are decided.
var deciding = map[string][]string{
	"system":       {"http://hl7.org/fhir/sid/us-ssn", "phone", "email", "fax", "url", "http://hl7.org/fhir/sid/icd-10-cm", "http://snomed.info/sct", "urn:x"},
	"code":         {"SS", "MR", "DL", "R", "V", "HIV", "PSY", "SUBSETTED", "masked", "F20.1", "B20", "laboratory", "x"},
	"reference":    {"Patient/p1", "Patient/pp", "Patient/q", "Encounter/e2", "Encounter/e1", "Observation/o3", "Practitioner/d", "#c", "https://up.example/fhir/Patient/pp", "https://up.example/fhir/Observation/o2", "Observation/o4/_history/2", "urn:uuid:x"},
	"url":          {"http://hl7.org/fhir/StructureDefinition/patient-religion", "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race", catalog.DataAbsentReason, "ombCategory", "https://unknown.example/x"},
	"value":        {"999-62-5113", "555-341-7290", "a@b.example", "x", "****1234"},
	"birthDate":    {"1920-01-02", "1990", "2020-02-03", "never"},
	"postalCode":   {"02458", "03601", "99999", "024", "x"},
	"valueCode":    {"masked", "unknown"},
	"resourceType": {"Patient"},
}

// revalued is a record with some of its texts changed, and the rest as it was.
func (v values) revalued(rng *rand.Rand, s *Scanner, r []byte, often int) []byte {
	s.Reset()
	root, _, err := s.parse(r, false)
	if err != nil {
		return r
	}
	var out []byte
	from := uint32(0)
	for i := root; i < s.tape[root].next; i++ {
		c := &s.tape[i]
		name := s.name(r, c)
		if c.shape != text || rng.IntN(often) > 0 || name == "resourceType" && rng.IntN(50) > 0 {
			continue
		}
		with := []byte(fmt.Sprintf("%q", fmt.Sprint("other", rng.IntN(100))))
		if known := deciding[name]; len(known) > 0 && rng.IntN(3) > 0 {
			with = []byte(`"` + known[rng.IntN(len(known))] + `"`)
		} else if known := v[name]; len(known) > 0 && rng.IntN(4) > 0 {
			with = known[rng.IntN(len(known))]
		}
		out = append(append(out, r[from:c.start]...), with...)
		from = c.end
	}
	return append(out, r[from:]...)
}

func viewOf(rng *rand.Rand) (v policy.View) {
	bias := policy.Treatment(rng.IntN(6))
	if rng.IntN(3) > 0 {
		bias = policy.Keep
	}
	for c := range catalog.R4().Content().All {
		t := policy.Treatment(rng.IntN(6))
		if rng.IntN(4) > 0 {
			t = bias
		}
		v.Put(c, t)
	}
	return v
}

func shapeOf(v policy.View) *Shape {
	return &Shape{
		View:           v,
		Year:           2026,
		PatientInScope: func(id []byte) bool { return len(id)%2 == 0 },
		Visible:        func(_ catalog.Type, id []byte) bool { return !bytes.ContainsAny(id[len(id)-1:], "13579") },
		Token:          func(dst []byte, _ catalog.Class, v []byte) []byte { return fmt.Appendf(dst, "tok-%d", len(v)) },
	}
}

// recordsOf reads a page. A plain Scanner finds no models in it.
func recordsOf(s *Scanner, in []byte, plain bool) (records []*Record, err error) {
	s.Reset()
	if plain {
		s.plainly()
	} else {
		s.eagerly()
	}
	s.tape = slices.Grow(s.tape, len(in))
	_, err = s.Bundle(in, func(e Entry) error { records = append(records, e.Record); return nil })
	return records, err
}

// writtenAlike fails t where the records of a page are bound or written in two ways: by
// what was found about those before them, and each by itself. It returns how many have
// a model, and how many of these were written by a recipe.
func writtenAlike(t *testing.T, s, plain *Scanner, in []byte, shapes ...*Shape) (models, followed int) {
	t.Helper()
	records, err := recordsOf(s, in, false)
	others, err2 := recordsOf(plain, in, true)
	if fmt.Sprint(err) != fmt.Sprint(err2) || len(records) != len(others) {
		t.Fatalf("%d records, %v; each by itself %d, %v\n%s", len(records), err, len(others), err2, in)
	}
	for i, r := range records {
		o := others[i]
		if got, want := bound(r), bound(o); got != want {
			t.Fatalf("record %d: %s\neach by itself: %s\n%s", i, got, want, in)
		}
		for j := range s.tape[r.root].next - r.root {
			if c, d := s.tape[r.root+j], plain.tape[o.root+j]; c != d {
				t.Fatalf("record %d, cell %d: %+v; each by itself %+v\n%s", i, j, c, d, in)
			}
		}
		if r.model > 0 {
			models++
		}
	}
	for _, sh := range shapes {
		for i, r := range records {
			if c := r.model; c > 0 && s.models[c-1].recipe.is == usable && s.models[c-1].recipe.view == sh.View {
				if _, ok := s.p.follow(&s.models[c-1].recipe, nil, s, r, sh); ok {
					followed++
				}
				s.p.forget()
			}
			out, there, err := s.Project([]byte("before"), r, sh)
			want, there2, err2 := plain.Project([]byte("before"), others[i], sh)
			if string(out) != string(want) || there != there2 || err != nil || err2 != nil {
				t.Fatalf("record %d: %v %v\n%s\neach by itself: %v %v\n%s\nof %s", i, there, err, out, there2, err2, want, in)
			}
		}
	}
	return models, followed
}

// bound is what was bound of a record.
func bound(r *Record) string {
	c := *r
	c.s, c.src, c.model, c.event, c.inner = nil, nil, 0, 0, nil
	return fmt.Sprintf("%+v %d", c, len(r.inner))
}

// FC47, N1: of a record that is built as one before it, what is bound and what shows is
// what would be if it stood alone, whatever the values of the other one are.
func TestN1_BuiltAlikeIsWrittenAlike(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	s, plain, spare := New(catalog.R4(), Limits{Base: "https://up.example/fhir"}), New(catalog.R4(), Limits{Base: "https://up.example/fhir"}), New(catalog.R4(), Limits{})
	v := values{}
	examples := testkit.Examples(t)
	for _, r := range examples {
		v.gather(spare, r)
	}
	models, followed := 0, 0
	for i, r := range examples {
		if len(r) > 20_000 || testing.Short() && i%10 > 0 {
			continue
		}
		few, many := v.revalued(rng, spare, r, 30), v.revalued(rng, spare, r, 3)
		page := pageOf(r, few, r, v.revalued(rng, spare, few, 10), many, v.revalued(rng, spare, few, 30), r, v.revalued(rng, spare, many, 10))
		one, two := viewOf(rng), viewOf(rng)
		m, f := writtenAlike(t, s, plain, page, shapeOf(one), shapeOf(two), shapeOf(one), shapeOf(policy.View{Keep: catalog.R4().Content()}))
		models, followed = models+m, followed+f
	}
	if !testing.Short() && (models < 4000 || followed < 5000) {
		t.Errorf("%d records have a model, %d were written by a recipe", models, followed)
	}
}

// FuzzRecipe: of two records, one of them twice and changed, each is written as if it
// stood alone.
func FuzzRecipe(f *testing.F) {
	v, spare := values{}, New(catalog.R4(), Limits{})
	for i, r := range testkit.Examples(f) {
		if v.gather(spare, r); i%50 == 0 && len(r) < 3000 {
			f.Add(r, uint64(i))
		}
	}
	s, plain := New(catalog.R4(), Limits{Base: "https://up.example/fhir"}), New(catalog.R4(), Limits{Base: "https://up.example/fhir"})
	f.Fuzz(func(t *testing.T, r []byte, seed uint64) {
		if len(r) > 10_000 {
			return // what is plain for so many tries only
		}
		rng := rand.New(rand.NewPCG(seed, 1))
		page := pageOf(r, v.revalued(rng, spare, r, 10), r, v.revalued(rng, spare, r, 3), r)
		writtenAlike(t, s, plain, page, shapeOf(viewOf(rng)), shapeOf(policy.View{Keep: catalog.R4().Content()}))
	})
}

// F7: an item that is the mark of what is masked is not written twice, though the record
// before it, which is built alike, has another one in its place.
func TestF7_AMarkInARecordBuiltAlike(t *testing.T) {
	s, plain := New(catalog.R4(), Limits{}), New(catalog.R4(), Limits{})
	patient, _ := s.cat.Type("Patient")
	id, _ := s.cat.Child(s.cat.Root(patient), []byte("identifier"))
	mark := []byte(item(s.cat.Node(id).Masked))
	record := func(item []byte) []byte {
		return fmt.Appendf(nil, `{"resourceType":"Patient","id":"a","active":true,"identifier":[%s,{"system":"http://h.example","value":"1"}],"birthDate":"1970-01-01"}`, item)
	}
	other := bytes.Replace(mark, []byte("masked"), []byte("unknown"), 1)
	view := policy.View{Keep: catalog.R4().Content()}
	mrn, _ := s.cat.Class("identifiers.mrn")
	view.Mask, view.Keep = view.Mask.With(mrn), view.Keep.Minus(catalog.ClassSet{}.With(mrn))
	page := pageOf(record(other), record(other), record(other), record(mark), record(other))
	if _, followed := writtenAlike(t, s, plain, page, shapeOf(view)); followed < 2 {
		t.Errorf("%d records were written by a recipe", followed)
	}
}

// FC51: a record by which no other may be written is looked for once, however many are
// built as it is, and of a page that is built in many ways so many models are kept.
func TestFC51_ModelsAreFew(t *testing.T) {
	s, plain := New(catalog.R4(), Limits{}), New(catalog.R4(), Limits{})
	everything := shapeOf(policy.View{Keep: catalog.R4().Content()})
	withheld := []byte(`{"resourceType":"Basic","id":"a","implicitRules":"x"}`)
	writtenAlike(t, s, plain, pageOf(slices.Repeat([][]byte{withheld}, 300)...), everything)
	if len(s.models) != 1 || s.models[0].record != nil {
		t.Errorf("%d models of records that are not there", len(s.models))
	}
	var many [][]byte
	for n := range 300 {
		note := bytes.TrimSuffix(bytes.Repeat([]byte(`{"text":"x"},`), n+1), []byte(","))
		r := fmt.Appendf(nil, `{"resourceType":"Observation","id":"a","note":[%s]}`, note)
		many = append(many, r, r, r, r) // one that follows another kind is read without a try
	}
	if models, _ := writtenAlike(t, s, plain, pageOf(many...), everything); models == 0 || len(s.models) > 256 {
		t.Errorf("%d records of %d models", models, len(s.models))
	}
}
