package store

import (
	"bytes"
	"context"
	"database/sql"
	"strings"
	"testing"
	"time"

	"modicum/ledger"
	"modicum/ledger/ledgertest"
)

// TestWhatIsPublishedFromMemoryIsWhatLiesInTheDatabase: at every width, in a process that
// goes on in the middle of a tile, and after what was published was forgotten.
func TestWhatIsPublishedFromMemoryIsWhatLiesInTheDatabase(t *testing.T) {
	s, o := opened(t, time.Minute, (*sql.Tx).Commit)
	appended(t, s, decisions(0, 300)...)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	o.Interval = time.Hour // so that nothing more is published, and forgotten
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	appended(t, s, decisions(300, 1200)...)
	if err := s.settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	held := 0
	for n := range s.edge.Size() / ledger.TileWidth {
		for _, width := range []int{1, 2, 100, 255, 256} {
			if leaves, _ := s.recent.tile(n, width); leaves != nil {
				held++
			}
			sameTile(t, s, n, width)
		}
	}
	if held == 0 || held == int(s.edge.Size()/ledger.TileWidth)*5 {
		t.Errorf("memory held %d of them: only one of the two ways was seen", held)
	}
	if leaves, _ := s.recent.tile(s.edge.Size()/ledger.TileWidth, 256); leaves != nil {
		t.Error("a tile is there that is not full")
	}
}

func decisions(from, to int) (out []ledger.Entry) {
	for n := from; n < to; n++ {
		out = append(out, ledgertest.Decision(n))
	}
	return out
}

func sameTile(t *testing.T, s *Store, n int64, width int) {
	t.Helper()
	ctx := context.Background()
	for name, way := range map[string][2]func(context.Context, int64, int) ([]byte, error){
		"leaves":  {func(ctx context.Context, n int64, w int) ([]byte, error) { return s.Tile(ctx, 0, n, w) }, s.storedLeaves},
		"entries": {s.Bundle, s.storedBundle},
	} {
		got, err := way[0](ctx, n, width)
		if err != nil {
			t.Fatal(err)
		}
		want, err := way[1](ctx, n, width)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s of tile %d, %d wide: not those of the database", name, n, width)
		}
	}
}

// TestMemoryOfWhatIsPublishedIsBounded: where the publisher does not follow, what it would
// need is forgotten, and read from the database.
func TestMemoryOfWhatIsPublishedIsBounded(t *testing.T) {
	var r recent
	body := []byte(strings.Repeat("x", ledger.MaxEntry))
	for n := range int64(20 * ledger.TileWidth) {
		r.note([]*pending{{pos: 5 + n, body: body}}, 5, 0)
		if most := mostRecent + 2*ledger.TileWidth*(ledger.MaxEntry+2); r.bytes > most {
			t.Fatalf("after %d entries %d bytes are held, at most %d", n, r.bytes, most)
		}
	}
	r.note(nil, 5, 0)
	if r.bytes > mostRecent && len(r.tiles) > 1 {
		t.Errorf("%d bytes in %d tiles", r.bytes, len(r.tiles))
	}
}
