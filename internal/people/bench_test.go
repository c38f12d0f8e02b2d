package people_test

import (
	"fmt"
	"strings"
	"testing"

	"modicum/internal/people"
)

// hospital is a directory of 10,000 people with a role each.
func hospital(b *testing.B) *office {
	b.Helper()
	o := newOffice(b)
	var file strings.Builder
	for n := range 10_000 {
		fmt.Fprintf(&file, `{"user_name":"p%d","name":"Person %d","mail":"p%d@clinic.test","department":"ward-%d","roles":["nurse"]}`+"\n", n, n, n, n%40)
	}
	_, err := o.Import(b.Context(), ann, strings.NewReader(file.String()), "ndjson", false)
	o.must(err)
	for _, id := range []string{"p1", "p2", "p3"} {
		o.must(o.give(ann, id, people.Role, "privacy-officer"))
		o.must(o.agree(ben, id, people.Role, "privacy-officer"))
	}
	b.ResetTimer()
	return o
}

func BenchmarkDirectory(b *testing.B) {
	o := hospital(b)
	asker := o.Person("p77")
	for _, bb := range []struct {
		name string
		f    func()
	}{
		{"ByUserName", func() { o.ByUserName("P4711") }},
		{"Active", func() { o.Active("p4711") }},
		{"Roles", func() { o.Roles("p4711", o.now()) }},
		{"Approvers", func() { o.Approvers("privacy-officer", asker, o.now()) }},
		{"Lacks", func() { o.Lacks(o.now()) }},
		{"Proposals", func() { o.Proposals(o.now()) }},
		{"People", func() {
			for range o.People() {
				break
			}
		}},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				bb.f()
			}
		})
	}
	b.Run("Deactivate", func(b *testing.B) {
		n := 100
		for b.Loop() {
			n++
			o.must(o.Deactivate(b.Context(), ann, fmt.Sprintf("p%d", n%9000+100), ""))
		}
	})
}
