package access_test

import "testing"

// BenchmarkOf is what a request pays: where nothing is lent, and where something is.
func BenchmarkOf(b *testing.B) {
	h := newHouse(b)
	h.lend("nina", "cara", cover("p1"))
	for name, who := range map[string]string{"nothing lent": "nils", "a line lent": "nina"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				h.book.Of(who, h.now, true)
			}
		})
	}
}
