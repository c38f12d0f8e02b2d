package store_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"modicum/internal/testkit"
	"modicum/ledger/ledgertest"
)

// BenchmarkPair is the record's share of a search: a decision and its outcome, 16 callers at
// once, processor time of the whole process until all lies in database and folder. Two
// binaries are compared by running them in turns.
//
//	go test -run '^$' -bench Pair -benchtime 20000x ./internal/store
func BenchmarkPair(b *testing.B) {
	o := options(b)
	o.Interval = 0 // as in service: a second
	s := open(b, o)
	var next atomic.Int64
	before, _ := testkit.Processor()
	b.ResetTimer()
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for n := int(next.Add(1)); n <= b.N; n = int(next.Add(1)) {
				if _, err := s.Append(bg, ledgertest.Decision(n), nil); err != nil {
					b.Error(err)
				}
				if _, err := s.Append(bg, ledgertest.Outcome(n), nil); err != nil {
					b.Error(err)
				}
			}
		})
	}
	all.Wait()
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	if used, known := testkit.Processor(); known {
		b.ReportMetric(float64((used-before).Microseconds())/float64(b.N), "cpu-µs/op")
	}
}
