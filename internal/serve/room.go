package serve

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// roomBytes is how much may be allocated between two collections of garbage, where what is
// in use is less: a server under load allocates some 50 kB for each search, so that by the
// runtime's own rule, which lets a heap double, a small one is collected twenty times a
// second, at a fifth of the processor time of all.
const roomBytes = 64 << 20

// mostPercent keeps a server that uses next to nothing from growing to that for nothing.
const mostPercent = 400

// KeepRoom gives the collector room until ctx ends: at most roomBytes of memory beyond what
// the runtime takes by itself. The limit GOMEMLIMIT still holds. It is for the one server of
// a process, and not for one whose operator has set GOGC.
func KeepRoom(ctx context.Context) {
	percent := percentFor(live())
	defer debug.SetGCPercent(debug.SetGCPercent(percent))
	every(ctx, time.Second, false, func() {
		// Setting it stops everything for a moment: only where it makes a difference.
		if next := percentFor(live()); next > percent+percent/4 || next < percent-percent/4 {
			percent = next
			debug.SetGCPercent(percent)
		}
	})
}

// live is how many bytes were in use when the last collection ended.
func live() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindUint64 {
		return roomBytes
	}
	return sample[0].Value.Uint64()
}

// percentFor is by how much a heap may grow of which so many bytes are in use.
func percentFor(live uint64) int {
	if live == 0 {
		return mostPercent
	}
	return int(min(mostPercent, max(100, 100*roomBytes/live)))
}
