package store_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"modicum/internal/store"
	"modicum/internal/testkit"
	"modicum/ledger"
	"modicum/ledger/ledgertest"
)

// BenchmarkSearches is what searches of a page cost among 40,000 entries, where what they
// find lies in as many rows: processor time of the whole process.
//
//	go test -run '^$' -bench Searches -benchtime 30x ./internal/store
func BenchmarkSearches(b *testing.B) {
	s := open(b, options(b))
	var next atomic.Int64
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			for n := int(next.Add(1)); n <= 20_000; n = int(next.Add(1)) {
				fill(b, s, pair(n)...)
			}
		})
	}
	all.Wait()
	for _, of := range []struct {
		name string
		ask  func() (int, error)
	}{
		{"find by patient", found(s, store.Wanted{Patient: ledgertest.Patient(1000)})},
		{"find by person", found(s, store.Wanted{Who: "rare"})},
		{"find the newest", found(s, store.Wanted{})},
		{"search by person", func() (int, error) {
			r, err := s.Search(bg, store.Query{Who: "rare", Newest: true})
			return len(r), err
		}},
		{"search by a busy person", func() (int, error) {
			r, err := s.Search(bg, store.Query{Who: "hosp/staff-3", Newest: true})
			return len(r), err
		}},
	} {
		b.Run(of.name, func(b *testing.B) {
			before, _ := testkit.Processor()
			for range b.N {
				if n, err := of.ask(); err != nil || n < 50 {
					b.Fatal(n, err)
				}
			}
			if used, known := testkit.Processor(); known {
				b.ReportMetric(float64((used-before).Microseconds())/1000/float64(b.N), "cpu-ms/op")
			}
		})
	}
}

// pair is a decision and its outcome; every 300th is of a person and a patient of their own.
func pair(n int) []ledger.Entry {
	d := ledgertest.Decision(n)
	if n%300 == 7 {
		d.Who, d.Patients = "rare", []string{ledgertest.Patient(1000)}
	}
	return []ledger.Entry{d, ledgertest.Outcome(n)}
}

func found(s *store.Store, w store.Wanted) func() (int, error) {
	return func() (int, error) {
		f, err := s.Find(bg, w)
		return len(f.Groups), err
	}
}
