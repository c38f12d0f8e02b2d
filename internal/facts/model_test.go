package facts_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"modicum/internal/facts"
	"modicum/policy"
)

// TestADeltaSaysWhatARebuildWouldSay states facts one body at a time, so that
// most go into deltas, and compares each answer with a plain map.
func TestADeltaSaysWhatARebuildWouldSay(t *testing.T) {
	for seed := range uint64(8) {
		rng := rand.New(rand.NewPCG(seed, 1))
		s, c := store(t)
		model := map[string]bool{} // "who patient id" → in force
		var all strings.Builder
		for i := range 3000 { // more than a delta takes at once
			who, p := fmt.Sprintf("base%d", i%50), fmt.Sprintf("b%d", i)
			fmt.Fprintf(&all, `{"fact":"assigned-patient","who":%q,"patient":"Patient/%s","source":"adt","recorded_by":"x"}`+"\n", who, p)
			model[who+" "+p+" "] = true
		}
		state(t, s, "adt-feed", all.String())
		for range 60 {
			var body strings.Builder
			whole := rng.IntN(20) == 0
			if whole {
				c.t = c.t.Add(time.Second)
				clear(model)
				fmt.Fprintf(&body, `{"source":"adt","whole":%q}`+"\n", c.t.Format(time.RFC3339))
			}
			for range rng.IntN(6) + 1 {
				who, p, id := fmt.Sprintf("base%d", rng.IntN(50)), fmt.Sprintf("b%d", rng.IntN(60)), [...]string{"", "i1", "i2"}[rng.IntN(3)]
				gone := rng.IntN(3) == 0
				until := ""
				if gone {
					until = `"until":"2026-01-01T00:00:00Z",`
				}
				if id != "" {
					until += fmt.Sprintf(`"id":%q,`, id)
				}
				fmt.Fprintf(&body, `{"fact":"assigned-patient","who":%q,"patient":"Patient/%s",%s"source":"adt","recorded_by":"x"}`+"\n", who, p, until)
				model[who+" "+p+" "+id] = !gone
			}
			state(t, s, "adt-feed", body.String())
			compare(t, s, c, model, rng)
		}
	}
}

func compare(t *testing.T, s *facts.Store, c *clock, model map[string]bool, rng *rand.Rand) {
	t.Helper()
	for range 200 {
		who, p := fmt.Sprintf("base%d", rng.IntN(50)), fmt.Sprintf("b%d", rng.IntN(70))
		want := model[who+" "+p+" "] || model[who+" "+p+" i1"] || model[who+" "+p+" i2"]
		if truth, _ := about(s, &facts.Subject{Person: who}, p, c); truth.Holds.Has(assigned) != want {
			t.Fatalf("%s %s: got %v, want %v", who, p, truth.Holds.Has(assigned), want)
		}
	}
	who := fmt.Sprintf("base%d", rng.IntN(50))
	var want []string
	for k, holds := range model {
		if parts := strings.Split(k, " "); holds && parts[0] == who {
			want = append(want, parts[1])
		}
	}
	got := slices.Collect(s.Index().Patients(&facts.Subject{Person: who}, assigned, c.t, true))
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(slices.Compact(got), slices.Compact(want)) {
		t.Fatalf("patients of %s: got %v, want %v", who, got, want)
	}
}

// TestReloadIsAtomic reads while bodies replace each other: a reader sees one of
// them whole, never a mixture.
func TestReloadIsAtomic(t *testing.T) {
	s, c := store(t)
	body := func(n int) string {
		p := fmt.Sprintf("p%d", n)
		return `{"source":"adt","whole":"2026-11-23T12:00:00Z"}` + "\n" + strings.Replace(aliceP1, "p1", p, 1) + strings.NewReplacer("p1", p, "alice", "bob").Replace(aliceP1)
	}
	state(t, s, "adt-feed", body(0))
	now := c.t
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				ix := s.Index()
				a := slices.Collect(ix.Patients(alice, assigned, now, true))
				b := slices.Collect(ix.Patients(bob, assigned, now, true))
				if len(a) != 1 || !slices.Equal(a, b) {
					t.Errorf("a mixture: %v and %v", a, b)
					return
				}
			}
		})
	}
	for n := range 300 {
		state(t, s, "adt-feed", body(n))
		if n == 150 {
			s.Rebind(vocabulary())
		}
	}
	close(stop)
	wg.Wait()
}

// million fills a store with n facts: 5,000 people, n/4 patients.
func million(tb testing.TB, n int) (*facts.Store, *clock) {
	s, c := store(tb)
	var body strings.Builder
	body.WriteString(`{"source":"adt","whole":"2026-11-23T12:00:00Z"}` + "\n")
	flush := func() {
		state(tb, s, "adt-feed", body.String())
		body.Reset()
	}
	for i := range n {
		fmt.Fprintf(&body, `{"fact":"assigned-patient","who":"person-%d","patient":"Patient/%s","source":"adt","recorded_by":"adt"}`+"\n", i%5000, patientID(i/4))
		if body.Len() > 15<<20 {
			flush()
		}
	}
	flush()
	return s, c
}

func patientID(i int) string { return fmt.Sprintf("synthetic-%08d", i) }

const (
	facts1M = 1_000_000
	asks    = 1 << 16 // different questions, so that caches hold no answers
)

func TestLookingUpDoesNotAllocate(t *testing.T) {
	s, c := million(t, 20_000)
	state(t, s, "adt-feed", aliceP1) // a delta beside the base
	ix, sub := s.Index(), &facts.Subject{Person: "person-7", Roles: []string{"nurse", "coder"}, Dept: "ward-3", Practitioners: []string{"Practitioner/1"}}
	buf := make([]facts.Instance, 0, 16)
	patient := patientID(7 / 4)
	if got := testing.AllocsPerRun(100, func() {
		var truth policy.Truth
		buf = ix.Patient(sub, patient, c.t, true, &truth, buf[:0])
		ix.Caller(sub, c.t, true, &truth)
		if !truth.Holds.Has(assigned) {
			t.Fatal("not found")
		}
	}); got != 0 {
		t.Errorf("%v allocations", got)
	}
}

// BenchmarkLookup asks for one caller and patient among a million facts. Its
// limit is a bare probe of a Go map of the same size with packed ids.
func BenchmarkLookup(b *testing.B) {
	s, c := million(b, facts1M)
	ix := s.Index()
	persons, who, patients := make([]string, 5000), make([]string, asks), make([]string, asks)
	keys, limit := make([]uint64, asks), make(map[uint64]uint32, facts1M)
	for i := range facts1M {
		limit[uint64(i%5000)<<32|uint64(i/4)] = uint32(i)
	}
	for i := range persons {
		persons[i] = fmt.Sprintf("person-%d", i)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range who {
		n := rng.IntN(facts1M)
		who[i] = persons[n%5000]
		patients[i], keys[i] = patientID(n/4), uint64(n%5000)<<32|uint64(n/4)
	}
	// One request's look-up cannot begin before the one before has ended: which
	// is asked next follows from the answer, on both sides, so that neither hides
	// its waiting for memory behind the next one.
	b.Run("limit", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); {
			n, known := limit[keys[i&(asks-1)]]
			if !known {
				b.Fatal("not found", n)
			}
			i += 1 + int(n>>31)
		}
	})
	b.Run("facts", func(b *testing.B) {
		b.ReportAllocs()
		buf := make([]facts.Instance, 0, 16)
		sub := facts.Subject{Roles: []string{"nurse"}, Dept: "ward-3"}
		for i := 0; b.Loop(); {
			var truth policy.Truth
			sub.Person = who[i&(asks-1)]
			buf = ix.Patient(&sub, patients[i&(asks-1)], c.t, true, &truth, buf[:0])
			if !truth.Holds.Has(assigned) {
				b.Fatal("not found")
			}
			i += int(truth.Holds[0] >> assigned & 1)
		}
	})
}

// BenchmarkMemory reports the bytes that a fact among a million takes.
func BenchmarkMemory(b *testing.B) {
	var s *facts.Store
	for b.Loop() {
		before := heap()
		s, _ = million(b, facts1M)
		b.ReportMetric(float64(heap()-before)/facts1M, "B/fact")
	}
	runtime.KeepAlive(s)
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// FuzzFacts: whatever the text, it is taken whole or refused with a line, and
// what was taken says nothing that was not stated.
func FuzzFacts(f *testing.F) {
	f.Add([]byte(aliceP1))
	f.Add([]byte(wholeADT + aliceP1 + bobItem))
	f.Add([]byte(releaseP1))
	f.Add([]byte(`{"fact":"assigned-patient"` + "\n"))
	f.Add([]byte("{}\n[]\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		n, ps := facts.CheckFile(vocabulary(), "f", strings.NewReader(string(text)), noon)
		for _, p := range ps {
			if p.Error() == "" || p.Line < 0 {
				t.Errorf("problem %+v", p)
			}
		}
		s, c := store(t)
		act, _, err := s.State("adt-feed", true, text, func(facts.Act) error { return nil })
		if err != nil {
			for range s.Index().All {
				t.Fatal("a refused body left a fact")
			}
			return
		}
		if len(ps) > 0 && text[len(text)-1] == '\n' {
			t.Errorf("taken as a body, refused as a file: %v", ps)
		}
		if act.Facts > n && len(ps) == 0 {
			t.Errorf("%d facts of %d lines", act.Facts, n)
		}
		for st := range s.Index().All {
			if st.Source != 0 {
				t.Errorf("a source that is not the program's: %+v", st)
			}
		}
		_ = s.Index().Earliest(alice, []string{"p1"}, c.t)
	})
}
