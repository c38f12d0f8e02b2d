package fhirjson

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"modicum/catalog"
	"modicum/internal/testkit"
	"modicum/policy"
)

// FC47: what a Scanner remembers of the records before, it takes for no other's: a record
// of a page is bound and shows as if it stood alone.
func TestFC47_ARecordOfAPageIsReadAsAlone(t *testing.T) {
	rng := rand.New(rand.NewPCG(77, 5))
	cat := catalog.R4()
	views := []policy.View{{Keep: cat.Content()}, mixed(cat, rng), mixed(cat, rng)}
	page, spare, know := New(cat, Limits{}), New(cat, Limits{}), knowledgeOf(cat)
	examples, alike := testkit.Examples(t), 0
	for i, r := range examples {
		if len(r) > 20_000 || i%10 > 0 {
			continue
		}
		texts := [][]byte{r, changed(rng, spare, r), r, changed(rng, spare, r), changed(rng, spare, r), examples[rng.IntN(len(examples))], r}
		page.Reset()
		page.eagerly()
		var of []*Record
		if _, err := page.Bundle(pageOf(texts...), func(e Entry) error { of = append(of, e.Record); return nil }); err != nil || len(of) != len(texts) {
			continue // one of them is no record
		}
		for k := range texts {
			s := newScanner(know, Limits{})
			alone, err := s.Resource(texts[k])
			if err != nil {
				t.Fatalf("%v: %s", err, texts[k])
			}
			if got, want := told(page, of[k], views), told(s, alone, views); got != want {
				t.Fatalf("record %d of a page of %s: %s\nalone: %s", k, of[k].TypeName(), got, want)
			}
			alike++
		}
	}
	if alike < 100 {
		t.Errorf("only %d records were compared", alike)
	}
}

// mixed treats each class in a way of its own.
func mixed(cat *catalog.Catalog, rng *rand.Rand) (v policy.View) {
	for c := range cat.Content().All {
		v.Put(c, policy.Treatment(rng.IntN(int(policy.Keep)+1)))
	}
	return v
}

// told is all that a Scanner tells of a record, and what shows of it.
func told(s *Scanner, r *Record, views []policy.View) string {
	var b strings.Builder
	fmt.Fprint(&b, r.Type, string(r.ID), r.Class, r.Overlays, r.Labelled, r.Coded, r.Lasting, r.UnknownPatient, r.Withheld, r.Date, string(r.VersionID))
	for _, list := range [][]Ref{r.Patients, r.Accounts, r.Authors, r.Places, {r.Visit}} {
		fmt.Fprintf(&b, " %q", list)
	}
	for i := range r.References {
		f := r.References[i]
		fmt.Fprintf(&b, " %q class %d", f.ID, r.ClassOf(&f))
		f.cell, f.ID = 0, nil
		fmt.Fprint(&b, f)
	}
	for _, v := range views {
		out, o, err := s.Project(nil, r, &Shape{
			View: v, Year: 2026, PatientInScope: func(id []byte) bool { return len(id)%2 == 0 }, Visible: func(_ catalog.Type, id []byte) bool { return len(id)%3 == 0 },
			Token: func(dst []byte, _ catalog.Class, value []byte) []byte { return append(append(dst, "t-"...), value...) },
		})
		fmt.Fprintf(&b, "\n%s %v %v", out, o, err)
	}
	return b.String()
}
