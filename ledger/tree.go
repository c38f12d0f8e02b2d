package ledger

import (
	"fmt"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// TileHeight is the height of tiles: each holds up to 256 hashes.
const (
	TileHeight = 8
	TileWidth  = 1 << TileHeight
)

// LeafHash is the hash of an entry as a leaf.
func LeafHash(entry []byte) Hash { return tlog.RecordHash(entry) }

// Node is a hash that a tile above level 0 holds.
type Node struct {
	Level int   // of the tile: 1, 2, ...
	Index int64 // among the hashes of that level, from 0
	Hash  Hash
}

// Edge is the right edge of a growing tree: the roots of its full subtrees,
// largest first. The zero Edge is the empty tree. Copies made by Clone are
// independent.
type Edge struct {
	size  int64
	roots []Hash
}

// Size is the number of leaves.
func (e *Edge) Size() int64 { return e.size }

// Clone returns an independent copy.
func (e *Edge) Clone() Edge { return Edge{e.size, append([]Hash(nil), e.roots...)} }

// Append adds a leaf and appends the tile nodes that this completes to nodes.
func (e *Edge) Append(leaf Hash, nodes []Node) []Node {
	h, n := leaf, e.size
	for level := 0; ; level++ {
		if level > 0 && level%TileHeight == 0 {
			nodes = append(nodes, Node{level / TileHeight, n, h})
		}
		if n&1 == 0 {
			break
		}
		h = tlog.NodeHash(e.roots[len(e.roots)-1], h)
		e.roots = e.roots[:len(e.roots)-1]
		n >>= 1
	}
	e.roots = append(e.roots, h)
	e.size++
	return nodes
}

// Root is the hash of the tree.
func (e *Edge) Root() Hash {
	if e.size == 0 {
		h, _ := tlog.TreeHash(0, nil)
		return h
	}
	root := e.roots[len(e.roots)-1]
	for i := len(e.roots) - 2; i >= 0; i-- {
		root = tlog.NodeHash(e.roots[i], root)
	}
	return root
}

// EdgeOf rebuilds the edge of a tree of the given size from its tiles. It does
// not tell whether the tiles are right: compare the root.
func EdgeOf(size int64, tile func(level int, n int64, width int) ([]byte, error)) (Edge, error) {
	e := Edge{size: size}
	at := int64(0)
	for b := bits.Len64(uint64(size)) - 1; b >= 0; b-- {
		if size&(1<<b) == 0 {
			continue
		}
		h, err := subtree(b, at>>b, tile, size)
		if err != nil {
			return Edge{}, err
		}
		e.roots = append(e.roots, h)
		at += 1 << b
	}
	return e, nil
}

// subtree returns the hash of the nth full subtree of 2^height leaves.
func subtree(height int, n int64, tile func(int, int64, int) ([]byte, error), size int64) (Hash, error) {
	level := height / TileHeight
	t := tlog.Tile{H: TileHeight, L: level, N: n << (height % TileHeight) / TileWidth}
	t.W = tileWidth(level, t.N, size)
	data, err := tile(level, t.N, t.W)
	if err != nil {
		return Hash{}, err
	}
	if len(data) != t.W*tlog.HashSize {
		return Hash{}, fmt.Errorf("tile %s: %d bytes, want %d", TilePath(level, t.N, t.W), len(data), t.W*tlog.HashSize)
	}
	return tlog.HashFromTile(t, data, tlog.StoredHashIndex(height, n))
}

// tileWidth is how many hashes the tile holds in a tree of the given size;
// 0 or less where there is no such tile.
func tileWidth(level int, n, size int64) int {
	w := size>>(TileHeight*level) - n*TileWidth
	return int(min(w, TileWidth))
}

// TilePath is the name of a tile of hashes, C2SP tlog-tiles.
func TilePath(level int, n int64, width int) string {
	return "tile/" + fmt.Sprint(level) + "/" + tileIndex(n) + partial(width)
}

// BundlePath is the name of a bundle of entries, C2SP tlog-tiles.
func BundlePath(n int64, width int) string {
	return "tile/entries/" + tileIndex(n) + partial(width)
}

// tileIndex writes n in groups of three digits, all but the last with an x.
func tileIndex(n int64) string {
	s := fmt.Sprintf("%03d", n%1000)
	for n /= 1000; n > 0; n /= 1000 {
		s = fmt.Sprintf("x%03d/", n%1000) + s
	}
	return s
}

func partial(width int) string {
	if width >= TileWidth {
		return ""
	}
	return fmt.Sprintf(".p/%d", width)
}
