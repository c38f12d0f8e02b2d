package reference_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"modicum/catalog"
	"modicum/internal/fhirjson"
	"modicum/internal/reference"
	"modicum/internal/testkit"
	"modicum/policy"
)

const base = "https://up.example/fhir"

// randomView draws a view, each class under a treatment of its own, with a bias to one.
func randomView(rng *rand.Rand) (v policy.View) {
	bias := policy.Treatment(rng.IntN(6))
	for c := range catalog.R4().Content().All {
		t := policy.Treatment(rng.IntN(6))
		if rng.IntN(2) == 0 {
			t = bias
		}
		v.Put(c, t)
	}
	return v
}

// viewMap tells a view in the model's terms.
func viewMap(v *policy.View) map[catalog.Class]policy.Treatment {
	out := map[catalog.Class]policy.Treatment{}
	for c := range v.Shown().All {
		out[c] = v.Of(c)
	}
	return out
}

// both returns one shape in the terms of the projector and of the model: patients
// whose id has an even length are in scope, other records whose id does not end in an
// odd digit are visible.
func both(t testing.TB, v policy.View) (*fhirjson.Shape, *reference.Shape) {
	inScope := func(id string) bool { return len(id)%2 == 0 || id == "example" }
	visible := func(id string) bool { return !strings.Contains("13579", id[len(id)-1:]) }
	token := func(v string) string { return fmt.Sprintf("tok-%d", len(v)) }
	fast := &fhirjson.Shape{
		View:           v,
		PatientInScope: func(id []byte) bool { return inScope(string(id)) },
		Visible:        func(_ catalog.Type, id []byte) bool { return visible(string(id)) },
		Token: func(dst []byte, _ catalog.Class, v []byte) []byte {
			return append(dst, token(string(v))...)
		},
		Year: 2026,
	}
	slow := &reference.Shape{
		View: viewMap(&v), InScope: inScope,
		Visible:  func(_ catalog.Type, id string) bool { return visible(id) },
		Token:    func(_ catalog.Class, v string) string { return token(v) },
		Year:     2026,
		Populous: func(area string) bool { return populous(t, area) },
	}
	return fast, slow
}

// populous asks the projector for its table of ZIP areas: which they are is data, what
// is done with them is what is compared.
func populous(t testing.TB, area string) bool {
	code, _ := catalog.R4().Class("demographics.address.postal-code")
	var v policy.View
	v.Put(code, policy.Coarse)
	s := fhirjson.New(catalog.R4(), fhirjson.Limits{})
	r, err := s.Resource([]byte(`{"resourceType":"Patient","id":"p","address":[{"postalCode":"` + area + `00"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	out, _, err := s.Project(nil, r, &fhirjson.Shape{View: v})
	if err != nil {
		t.Fatal(err)
	}
	return !bytes.Contains(out, []byte(`"000"`)) && len(out) > 0
}

// agree compares projector and model on one record under one view. It returns what
// shows, "" where the record is not there.
func agree(t testing.TB, s *fhirjson.Scanner, rd *reference.Reader, in []byte, v policy.View) string {
	t.Helper()
	s.Reset()
	r, err := s.Resource(in)
	if err != nil {
		t.Fatalf("the projector refuses %s: %v", in, err)
	}
	tree, err := reference.Parse(in)
	if err != nil {
		t.Fatal(err)
	}
	rec := rd.Read(tree)
	sameRecord(t, r, rec, in)
	fast, slow := both(t, v)
	if len(in)%4 == 0 { // one in four asks for some elements only (FC35)
		fast.Elements = []catalog.NodeID{}
		for _, n := range catalog.R4().Children(catalog.R4().Root(r.Type)) {
			first := n
			if c := catalog.R4().Node(n).ChoiceOf; c != 0 {
				first = c // a choice is asked for with all its types
			}
			if (int(first)+len(in)/4)%3 == 0 {
				fast.Elements = append(fast.Elements, n)
			}
		}
		slow.Elements = fast.Elements
	}
	out, _, err := s.Project(nil, r, fast)
	if err != nil {
		t.Fatal(err)
	}
	want := ""
	if got := rec.Project(slow); got != nil {
		want = got.String()
	}
	if string(out) != want {
		t.Errorf("projector and model differ on\n%s\nprojector %s\nmodel     %s", in, out, want)
	}
	return want
}

// sameRecord compares what both say that a record tells about itself.
func sameRecord(t testing.TB, r *fhirjson.Record, rec *reference.Record, in []byte) {
	t.Helper()
	var overlays catalog.OverlaySet
	for o := range rec.Overlays {
		overlays = overlays.With(o)
	}
	fast := fmt.Sprint(r.Type, string(r.ID), r.Class, r.Overlays, r.Lasting, r.UnknownPatient, r.Withheld, refs(r.Patients), refs(r.Authors), refs(r.Places), refs(r.Accounts))
	slow := fmt.Sprint(rec.Type, rec.ID, rec.Class, overlays, rec.Lasting, rec.UnknownPatient, rec.Withheld)
	if rec.Withheld && r.Withheld {
		return // nothing else counts
	}
	var patients, authors, places, accounts []string
	for _, p := range rec.Patients {
		patients = append(patients, "Patient/"+p)
	}
	name := func(all []reference.Ref) (out []string) {
		for _, p := range all {
			out = append(out, catalog.R4().TypeName(p.Type)+"/"+p.ID)
		}
		return out
	}
	authors, places = name(rec.Authors), name(rec.Places)
	for _, a := range rec.Accounts {
		accounts = append(accounts, "Account/"+a)
	}
	slow += " " + fmt.Sprint(patients, authors, places, accounts)
	if fast != slow {
		t.Errorf("what the record tells differs:\nprojector %s\nmodel     %s\n%s", fast, slow, in)
	}
	var visit []reference.Ref
	if r.Visit.Type != 0 {
		visit = append(visit, reference.Ref{Type: r.Visit.Type, ID: string(r.Visit.ID)})
	}
	if len(rec.Visits) == 1 && !slices.Equal(visit, rec.Visits) || len(rec.Visits) != 1 && visit != nil {
		t.Errorf("visits differ: projector %v, model %v\n%s", visit, rec.Visits, in)
	}
	if !r.Date.From.Equal(rec.From) || !r.Date.Until.Equal(rec.Until) {
		t.Errorf("dates differ: projector %v, model %v %v\n%s", r.Date, rec.From, rec.Until, in)
	}
}

func refs(all []fhirjson.Ref) (out []string) {
	for _, p := range all {
		out = append(out, catalog.R4().TypeName(p.Type)+"/"+string(p.ID))
	}
	return out
}

// TestN7_ProjectorAndModelAgreeOnOtherExamples: those of US Core, whose extensions and
// identifiers the official ones lack, and some of a synthetic population.
func TestN7_ProjectorAndModelAgreeOnOtherExamples(t *testing.T) {
	s := fhirjson.New(catalog.R4(), fhirjson.Limits{Base: base})
	rd := &reference.Reader{Catalog: catalog.R4(), Base: base}
	rng := rand.New(rand.NewPCG(7, 11))
	n := 0
	for _, set := range []struct {
		pattern []string
		every   int
	}{{[]string{"us-core-examples", "examples.ndjson.gz"}, 1}, {[]string{"synthea-uscore", "bulk", "*.ndjson.gz"}, 60}} {
		dir, ok := testkit.Shared(t, set.pattern[0])
		if !ok {
			t.Skipf("SKIPPED: ../shared/data/%s is not here", set.pattern[0])
		}
		files, err := filepath.Glob(filepath.Join(append([]string{dir}, set.pattern[1:]...)...))
		if err != nil || len(files) == 0 {
			t.Fatalf("no files %v: %v", set.pattern, err)
		}
		for _, file := range files {
			for i, in := range testkit.NDJSON(t, file) {
				if i%set.every == 0 && len(in) < 100_000 && !t.Failed() {
					agree(t, s, rd, in, randomView(rng))
					n++
				}
			}
		}
	}
	t.Logf("%d projections", n)
}

// TestN7_ProjectorAndModelAgreeOnTheExamples: every example under random views.
func TestN7_ProjectorAndModelAgreeOnTheExamples(t *testing.T) {
	s := fhirjson.New(catalog.R4(), fhirjson.Limits{Base: base})
	rd := &reference.Reader{Catalog: catalog.R4(), Base: base}
	rng := rand.New(rand.NewPCG(7, 7))
	n, there := 0, 0
	for _, in := range testkit.Examples(t) {
		for range 3 {
			if agree(t, s, rd, in, randomView(rng)) != "" {
				there++
			}
			n++
		}
		if t.Failed() {
			break
		}
	}
	t.Logf("%d projections, %d there", n, there)
	if there < n/3 {
		t.Errorf("only %d of %d projections show anything", there, n)
	}
}
