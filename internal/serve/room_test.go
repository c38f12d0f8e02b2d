package serve_test

import (
	"context"
	"runtime/debug"
	"testing"

	"modicum/internal/serve"
)

// TestRoomIsBounded: a heap may grow by four times, but for no more than the room where
// more is in use, and never by less than the runtime lets it.
func TestRoomIsBounded(t *testing.T) {
	for _, tt := range []struct {
		live uint64
		want int
	}{
		{0, 400}, {1 << 20, 400}, {16 << 20, 400}, {32 << 20, 200}, {64 << 20, 100}, {1 << 30, 100}, {1 << 40, 100},
	} {
		if got := serve.PercentFor(tt.live); got != tt.want {
			t.Errorf("%d bytes in use: %d %%, want %d", tt.live, got, tt.want)
		}
	}
}

// TestRoomIsGivenBack: what was set before is set again.
func TestRoomIsGivenBack(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(77))
	ctx, stop := context.WithCancel(t.Context())
	stop()
	serve.KeepRoom(ctx)
	if got := debug.SetGCPercent(77); got != 77 {
		t.Errorf("GOGC is %d after it", got)
	}
}
