package fhirjson

import (
	"fmt"
	"strings"
	"testing"

	"modicum/catalog"
)

// FC51, FC24: many patients whom a record names, and many contained resources, are found
// as few are: each patient once, in order; of two resources of one id the first.
func TestFC51_ManyAreFoundAsFewAre(t *testing.T) {
	for _, n := range []int{1, 2, few - 1, few, few + 1, 3 * few, 1000} {
		s := New(catalog.R4(), Limits{})
		r, err := s.Resource(crowd(n, 3))
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Patients) != n || len(r.References) != 6*n || len(r.inner) != 2*n || r.UnknownPatient {
			t.Fatalf("%d of each: %d patients, %d references, %d contained, unknown %v", n, len(r.Patients), len(r.References), len(r.inner), r.UnknownPatient)
		}
		for i, p := range r.Patients {
			if string(p.ID) != fmt.Sprintf("p%d", i) {
				t.Errorf("%d of each: patient %d is %s", n, i, p.ID)
			}
		}
		for i, ref := range r.References[3*n:] {
			if want := int32(i % n); ref.inside != want {
				t.Errorf("%d of each: reference %d names contained %d, want %d", n, i, ref.inside, want)
			}
		}
		for i := r.root; i < s.tape[r.root].next; i++ { // as they are found one by one
			var want *contained
			for k := range r.inner {
				if in := &r.inner[k]; i >= in.cell && i < s.tape[in.cell].next {
					want = in
				}
			}
			if got := r.innerOf(i); got != want {
				t.Fatalf("%d of each: cell %d is of %v, want %v", n, i, got, want)
			}
		}
		s.Reset()
		if r, err = s.Resource([]byte(strings.Replace(string(crowd(n, 1)), `"#i0"`, `"#other"`, 1))); err != nil || r.References[n].inside != -1 {
			t.Errorf("%d of each: what names none names contained %d, %v", n, r.References[n].inside, err)
		}
	}
}

// crowd is a List that names n patients and n contained resources so many times each; each
// of these is there twice.
func crowd(n, times int) []byte {
	var inner, items []string
	for range 2 {
		for i := range n {
			inner = append(inner, fmt.Sprintf(`{"resourceType":"Basic","id":"i%d"}`, i))
		}
	}
	for _, to := range []string{"Patient/p", "#i"} {
		for range times {
			for i := range n {
				items = append(items, fmt.Sprintf(`{"item":{"reference":"%s%d"}}`, to, i))
			}
		}
	}
	return fmt.Appendf(nil, `{"resourceType":"List","id":"l","contained":[%s],"entry":[%s]}`, strings.Join(inner, ","), strings.Join(items, ","))
}

// BenchmarkCrowd reads a record of 4 MiB that names as many patients as it can, and as many
// contained resources: the largest that a client may send.
func BenchmarkCrowd(b *testing.B) {
	s := New(catalog.R4(), Limits{})
	in := crowd(30_000, 1)
	b.SetBytes(int64(len(in)))
	for b.Loop() {
		s.Reset()
		if r, err := s.Resource(in); err != nil || len(r.Values(nil)) < 30_000 {
			b.Fatal(err)
		}
	}
}
