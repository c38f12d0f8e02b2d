package ledger

import (
	"context"
	"encoding/binary"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// Source is where a log's tiles are read from: a store, which is the authority,
// or a folder. It is safe for concurrent use. A tile or bundle may be asked for
// at any width up to what the newest checkpoint allows.
type Source interface {
	// Checkpoint returns the newest signed checkpoint.
	Checkpoint(ctx context.Context) ([]byte, error)
	// Tile returns width hashes, 32 bytes each, of tile n of a level.
	Tile(ctx context.Context, level int, n int64, width int) ([]byte, error)
	// Bundle returns width entries of bundle n, each with its length before it
	// in two bytes, big-endian.
	Bundle(ctx context.Context, n int64, width int) ([]byte, error)
}

// HashReader reads hashes of h's tree from src and checks every tile against
// h's root, so that what it returns may be trusted as far as h is.
func HashReader(ctx context.Context, src Source, h Head) tlog.HashReader {
	return tlog.TileHashReader(tlog.Tree{N: h.Size, Hash: h.Root}, tileReader{ctx, src})
}

// RootAt returns the root that h's tree had when it held size entries.
func RootAt(ctx context.Context, src Source, h Head, size int64) (Hash, error) {
	if size > h.Size {
		return Hash{}, fmt.Errorf("root at %d of a tree of %d: %w", size, h.Size, ErrNotFound)
	}
	return tlog.TreeHash(size, HashReader(ctx, src, h))
}

// tileReader lives for one call of HashReader, which is why it may hold a ctx.
type tileReader struct {
	ctx context.Context
	src Source
}

func (tileReader) Height() int { return TileHeight }

func (tileReader) SaveTiles([]tlog.Tile, [][]byte) {}

func (r tileReader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, len(tiles))
	for i, t := range tiles {
		b, err := r.src.Tile(r.ctx, t.L, t.N, t.W)
		if err != nil {
			return nil, err
		}
		if len(b) != t.W*tlog.HashSize {
			return nil, fmt.Errorf("tile %s is short", TilePath(t.L, t.N, t.W))
		}
		out[i] = b
	}
	return out, nil
}

// AppendBundle appends one entry to a bundle.
func AppendBundle(bundle, entry []byte) []byte {
	bundle = binary.BigEndian.AppendUint16(bundle, uint16(len(entry)))
	return append(bundle, entry...)
}

// SplitBundle returns the entries of a bundle, which share its memory.
func SplitBundle(b []byte) ([][]byte, error) {
	var out [][]byte
	for len(b) > 0 {
		if len(b) < 2 || len(b)-2 < int(binary.BigEndian.Uint16(b)) {
			return nil, fmt.Errorf("bundle: entry %d is cut off", len(out))
		}
		n := 2 + int(binary.BigEndian.Uint16(b))
		out = append(out, b[2:n:n])
		b = b[n:]
	}
	return out, nil
}
