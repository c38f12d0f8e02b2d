package fhirjson_test

import (
	"bytes"
	"testing"

	"modicum/catalog"
	"modicum/internal/fhirjson"
	"modicum/internal/testkit"
)

// Runs say of every byte of a projection where it came from, or that it was made; and
// what shows unchanged has its first byte in one.
func TestRunsTellWhereEveryByteCameFrom(t *testing.T) {
	s, again := fhirjson.New(catalog.R4(), fhirjson.Limits{}), fhirjson.New(catalog.R4(), fhirjson.Limits{})
	copied, made := 0, 0
	for _, in := range testkit.Examples(t) {
		for _, view := range views(6) {
			s.Reset()
			r, err := s.Resource(in)
			if err != nil {
				t.Fatal(err)
			}
			sh := shape(view)
			plain, o, _ := s.Project(nil, r, sh)
			plain = bytes.Clone(plain)
			var runs []fhirjson.Run
			sh.Runs = &runs
			out, _, err := s.Project(nil, r, sh)
			if err != nil || !bytes.Equal(out, plain) {
				t.Fatalf("asking for runs changes the answer: %v", err)
			}
			if !o.There {
				if len(runs) > 0 {
					t.Fatal("runs of a record that is not there")
				}
				continue
			}
			end := 0
			for _, run := range runs {
				if run.Out < end || run.Len <= 0 || !bytes.Equal(out[run.Out:run.Out+run.Len], r.Text()[run.From:run.From+run.Len]) {
					t.Fatalf("run %+v is not of\n%s", run, out)
				}
				end = run.Out + run.Len
				copied += run.Len
			}
			made += len(out)
			mapped(t, again, r, out, runs)
		}
	}
	if made -= copied; copied < made {
		t.Errorf("%d bytes copied, %d made: the views test nothing", copied, made)
	}
}

// mapped checks that each value whose first byte was copied is the value that starts
// there in the record, and of its kind.
func mapped(t *testing.T, again *fhirjson.Scanner, r *fhirjson.Record, out []byte, runs []fhirjson.Run) {
	t.Helper()
	again.Reset()
	shown, err := again.Resource(out)
	if err != nil {
		t.Fatal(err)
	}
	at := map[int]fhirjson.Value{}
	for _, v := range r.Values(nil) {
		at[v.From] = v
	}
	for _, v := range shown.Values(nil) {
		from := fhirjson.Source(runs, v.From)
		if from < 0 {
			continue
		}
		if o, ok := at[from]; !ok || o.Kind != v.Kind || o.Name != v.Name {
			t.Fatalf("%c %q at %d comes from %c %q at %d of\n%s", v.Kind, v.Name, v.From, o.Kind, o.Name, from, r.Text())
		}
	}
}
