package reference_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"modicum/catalog"
	"modicum/internal/fhirjson"
	"modicum/internal/reference"
	"modicum/internal/testkit"
	"modicum/policy"
)

// TestN1_WhatTheModelHidesChangesNothing: an example is scrambled in what the model
// says a random view hides; the projector must write the same bytes of both.
func TestN1_WhatTheModelHidesChangesNothing(t *testing.T) {
	s := fhirjson.New(catalog.R4(), fhirjson.Limits{Base: base})
	rd := &reference.Reader{Catalog: catalog.R4(), Base: base}
	var small [][]byte
	for _, in := range testkit.Examples(t) {
		if len(in) < 3000 {
			small = append(small, in)
		}
	}
	pairs, there, changed := 0, 0, 0
	for seed := range uint64(400) {
		rng := rand.New(rand.NewPCG(seed, 29))
		tree, err := reference.Parse(one(rng, small))
		if err != nil {
			t.Fatal(err)
		}
		view := randomView(rng)
		fast, slow := both(t, view)
		shows := func(t *reference.Tree) string {
			if out := rd.Read(t).Project(slow); out != nil {
				return out.String()
			}
			return ""
		}
		want := shows(tree)
		twin, n := reference.Scramble(rng, tree, 30, func(t *reference.Tree) bool { return shows(t) == want })
		pairs, changed = pairs+1, changed+n
		if want != "" {
			there++
		}
		if a, b := projection(t, s, tree, fast), projection(t, s, twin, fast); a != b {
			t.Fatalf("seed %d: what is hidden changes what shows\n%s\n%s\ngives\n%s\n%s", seed, tree, twin, a, b)
		}
	}
	if there < pairs/3 || changed < 5*pairs {
		t.Errorf("%d pairs, %d there, %d changes: the twins differ too little", pairs, there, changed)
	}
}

func projection(t *testing.T, s *fhirjson.Scanner, tree *reference.Tree, sh *fhirjson.Shape) string {
	t.Helper()
	s.Reset()
	r, err := s.Resource([]byte(tree.String()))
	if err != nil {
		t.Fatal(err)
	}
	out, _, err := s.Project(nil, r, sh)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// TestHiddenNamesEveryScalarThatDoesNotShow: paths as a person reads them.
func TestHiddenNamesEveryScalarThatDoesNotShow(t *testing.T) {
	rd := &reference.Reader{Catalog: catalog.R4(), Base: base}
	tree, err := reference.Parse([]byte(`{"resourceType":"Patient","id":"p1","shoeSize":44,"name":[{"family":"A","given":["B","C"]}],
		"birthDate":"1990-05-17","gender":"male","identifier":[{"system":"http://hl7.org/fhir/sid/us-ssn","value":"123-45-6789"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	view := policy.View{}
	view.Put(class(t, "demographics.name"), policy.Keep)
	view.Put(class(t, "demographics.birth-date"), policy.Coarse)
	view.Put(class(t, "identifiers.ssn"), policy.Last4)
	_, slow := both(t, view)
	rec := rd.Read(tree)
	got := strings.Join(rec.Hidden(rec.Project(slow)), " ")
	if want := "shoeSize gender"; got != want {
		t.Errorf("hidden: %s, want %s", got, want)
	}
	if n := len(rec.Hidden(nil)); n != 10 {
		t.Errorf("of a record that is not there %d scalars are hidden, want all 10", n)
	}
}

func class(t *testing.T, name string) catalog.Class {
	t.Helper()
	c, ok := catalog.R4().Class(name)
	if !ok {
		t.Fatalf("no class %s", name)
	}
	return c
}
