package fhir_test

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"modicum/internal/door/fhir"
	"modicum/internal/testkit"
)

// BenchmarkOthersBesideHostile measures what others notice of a hostile upstream and of
// hostile clients: reads on 4 connections, while eight other connections ask
//
//   - for records in order of a hundred bytes, as fast as they can (small);
//   - for records in order of such a length, at most 1 MiB, that the upstream writes about as
//     many bytes a second for them as for the hostile ones (heavy);
//   - for what the upstream answers without end, drop by drop, nested and huge, each kind
//     in turn, and eight clients more hold half a request each (hostile).
//
// The network between upstream and door takes a gigabit a second. The door is this process.
// The upstream and all that besiege it are a second one, those who are measured a third.
// The ratios are the p99 of hostile by that of the others, medians of all rounds. HOSTILE
// names kinds of answers alone, with a semicolon between.
//
//	make bench-hostile
func BenchmarkOthersBesideHostile(b *testing.B) {
	siege, others := startSiege(b), startOthers(b)
	c := openClinicAt(b, "http://"+siege.address+"/fhir", loadPolicy(b, "testdata/policy"),
		map[string]string{"adt": assigned, "roster": shifts, "people": people}, func(_ *clinic, cfg *fhir.Config) {
			cfg.Budget.Time, cfg.Diary = 2*time.Second, nil
		})
	c.book.forget = true
	door := c.Listener.Addr().String()
	hostile := siegeOrder{Door: door, Kinds: kinds(), Half: 8}
	beside := func(o siegeOrder) (time.Duration, sieged) {
		before, _ := testkit.Processor()
		siege.say(b, o)
		p99 := others.p99(b, door, 3000)
		did := siege.lift(b)
		used, _ := testkit.Processor()
		did.Door = used - before
		return p99, did
	}
	_, first := beside(hostile)
	small, heavy := siegeOrder{Door: door}, siegeOrder{Door: door}
	least := math.Inf(1)
	for size := 0; size <= 1<<20; size = max(4<<10, 4*size) {
		siege.say(b, siegeOrder{Door: door, Size: size})
		others.p99(b, door, 400)
		if d := math.Abs(math.Log(siege.lift(b).bytesPerSecond() / first.bytesPerSecond())); d < least {
			least, heavy.Size = d, size
		}
	}
	var p99s [3][]time.Duration
	for b.Loop() {
		for i, o := range []siegeOrder{small, heavy, hostile} {
			p99, did := beside(o)
			p99s[i] = append(p99s[i], p99)
			fmt.Printf("%-8s p99 %7.2f ms beside %7.0f answers/s of %8d bytes, %7.1f MB/s, door's processors %4.2f\n", [...]string{"small", "heavy", "hostile"}[i],
				float64(p99.Microseconds())/1000, float64(did.Answers)/did.Took.Seconds(), did.Bytes/max(1, did.Answers), did.bytesPerSecond()/1e6, did.Door.Seconds()/did.Took.Seconds())
		}
	}
	b.ReportMetric(0, "ns/op")
	at := func(i int) float64 { slices.Sort(p99s[i]); return float64(p99s[i][len(p99s[i])/2].Microseconds()) }
	b.ReportMetric(at(0), "small-p99-µs")
	b.ReportMetric(at(1), "heavy-p99-µs")
	b.ReportMetric(at(2), "hostile-p99-µs")
	b.ReportMetric(at(2)/at(0), "by-small")
	b.ReportMetric(at(2)/at(1), "by-heavy")
}

// BenchmarkOthersBesideLarge measures what others notice of eight connections on which records
// of 1 MiB in order are read as fast as they come, with no bound on the network: reads on
// 4 connections, beside short records (small) and beside those (large).
//
//	make bench-hostile
func BenchmarkOthersBesideLarge(b *testing.B) {
	siege, others := startSiege(b), startOthers(b)
	c := openClinicAt(b, "http://"+siege.address+"/fhir", loadPolicy(b, "testdata/policy"),
		map[string]string{"adt": assigned, "roster": shifts, "people": people}, func(_ *clinic, cfg *fhir.Config) { cfg.Diary = nil })
	c.book.forget = true
	door := c.Listener.Addr().String()
	var p99s [2][]time.Duration
	for b.Loop() {
		for i, o := range []siegeOrder{{Door: door, Free: true}, {Door: door, Size: 1 << 20, Free: true}} {
			before, _ := testkit.Processor()
			siege.say(b, o)
			p99 := others.p99(b, door, 3000)
			did := siege.lift(b)
			used, _ := testkit.Processor()
			p99s[i] = append(p99s[i], p99)
			fmt.Printf("%-8s p99 %7.2f ms beside %7.0f answers/s, %7.1f MB/s, door's processors %4.2f\n", [...]string{"small", "large"}[i],
				float64(p99.Microseconds())/1000, float64(did.Answers)/did.Took.Seconds(), did.bytesPerSecond()/1e6, (used-before).Seconds()/did.Took.Seconds())
		}
	}
	b.ReportMetric(0, "ns/op")
	at := func(i int) float64 { slices.Sort(p99s[i]); return float64(p99s[i][len(p99s[i])/2].Microseconds()) }
	b.ReportMetric(at(0), "small-p99-µs")
	b.ReportMetric(at(1), "large-p99-µs")
	b.ReportMetric(at(1)/at(0), "by-small")
}

func kinds() []string {
	if one := os.Getenv("HOSTILE"); one != "" {
		return strings.Split(one, ";")
	}
	return []string{"FC51 a body without end", "T7 drop by drop", "FC51 lists without end", "FC51 headers without end", "FC51 hints without end", "FC51 chunks without end", "FC51 nested without end", "FC47 UTF-16"}
}
