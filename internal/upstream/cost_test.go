//go:build !race

package upstream_test

import (
	"net/http"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
)

// TestAnAnswerOfAMegabyteLiesInMemoryThatIsKept: what is made anew for each large record
// has the collector run all the time, and others wait. It counts, and times nothing; the
// race detector has pools forget on purpose.
func TestAnAnswerOfAMegabyteLiesInMemoryThatIsKept(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))  // a pool keeps something apart for each processor
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // nothing that is kept is forgotten
	for name, said := range map[string]bool{"whose length is said": true, "whose length is not": false} {
		t.Run(name, func(t *testing.T) {
			record := []byte(`{"resourceType":"Patient","id":"p1","x":"` + strings.Repeat("x", 1<<20-100) + `"}`)
			s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/fhir+json")
				if !said && http.NewResponseController(w).Flush() != nil {
					return
				}
				if said {
					w.Header().Set("Content-Length", strconv.Itoa(len(record)))
				}
				_, _ = w.Write(record)
			})
			c := client(t, s, nil)
			ask := func() {
				b, err := c.Fetch(t.Context(), "Patient", "p1", "")
				if err != nil || len(b.Bytes) != len(record) {
					t.Fatalf("%d bytes of %d: %v", len(b.Bytes), len(record), err)
				}
				b.Release()
			}
			ask()
			ask()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for range 20 {
				ask()
			}
			runtime.ReadMemStats(&after)
			if each := (after.TotalAlloc - before.TotalAlloc) / 20; each > 256<<10 {
				t.Errorf("each takes %d bytes anew", each)
			}
		})
	}
}
