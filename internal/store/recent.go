package store

import (
	"sync"

	"modicum/internal/defect"
	"modicum/ledger"
)

// recent holds the newest tiles of leaves and bundles of entries as they are published, so
// that the publisher reads nothing back. What it does not hold lies in the database.
type recent struct {
	mu    sync.Mutex
	tiles []*tile // in order, without a gap
	bytes int
	usual int // bytes of the last bundle that became full
}

// tile is a tile of leaves and its bundle of entries.
type tile struct {
	n      int64
	leaves []byte
	bundle []byte
	ends   []int // of each entry in bundle
}

// mostRecent bounds the memory that recent takes, in bytes: where the publisher does not
// follow, the oldest are read from the database.
const mostRecent = 16 << 20

// note takes entries that lie in the database, in order; first is the position at which
// their tree begins. Tiles of which all is published are forgotten.
func (r *recent) note(entries []*pending, first, published int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.tiles) > 0 && ((r.tiles[0].n+1)*ledger.TileWidth <= published || r.bytes > mostRecent) {
		r.bytes -= r.tiles[0].size()
		r.tiles = r.tiles[1:]
	}
	for _, p := range entries {
		if t := r.growing(p.pos - first); t != nil {
			r.bytes -= t.size()
			t.add(p, r.usual)
			r.bytes += t.size()
			if len(t.ends) == ledger.TileWidth {
				r.usual = len(t.bundle)
			}
		}
	}
}

// growing is the tile that goes on with entry n of the tree; nil where it began before
// this process.
func (r *recent) growing(n int64) *tile {
	if n%ledger.TileWidth == 0 || len(r.tiles) == 0 && defect.On(defect.TileFromMiddle) {
		r.tiles = append(r.tiles, &tile{n: n / ledger.TileWidth})
	}
	if len(r.tiles) == 0 {
		return nil
	}
	if t := r.tiles[len(r.tiles)-1]; t.n*ledger.TileWidth+int64(len(t.ends)) == n || defect.On(defect.TileFromMiddle) {
		return t
	}
	return nil
}

func (t *tile) size() int { return cap(t.leaves) + cap(t.bundle) }

// add takes an entry. The bundle becomes about as long as usual.
func (t *tile) add(p *pending, usual int) {
	if t.ends == nil {
		if usual == 0 {
			usual = ledger.TileWidth * (len(p.body) + 2)
		}
		t.leaves = make([]byte, 0, ledger.TileWidth*len(p.leaf))
		t.bundle = make([]byte, 0, min(usual+usual/16, 1<<20))
		t.ends = make([]int, 0, ledger.TileWidth)
	}
	t.leaves = append(t.leaves, p.leaf[:]...)
	t.bundle = ledger.AppendBundle(t.bundle, p.body)
	t.ends = append(t.ends, len(t.bundle))
}

// tile returns the first leaves of tile n and the entries beneath them; nil where it holds
// fewer than width. What it returns never changes.
func (r *recent) tile(n int64, width int) (leaves, bundle []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if width <= 0 || len(r.tiles) == 0 || n < r.tiles[0].n || n > r.tiles[len(r.tiles)-1].n {
		return nil, nil
	}
	t := r.tiles[n-r.tiles[0].n]
	if t.n != n || len(t.ends) < width {
		return nil, nil
	}
	l, b := width*len(ledger.Hash{}), t.ends[width-1]
	return t.leaves[:l:l], t.bundle[:b:b]
}
