package verify

import (
	"context"
	"errors"
	"io/fs"
	"slices"
)

// leavesDiffer compares a bundle with its tile of leaves and says what happened
// where they differ.
func (v *verifier) leavesDiffer(ctx context.Context, b *bundle) (*Problem, error) {
	tile := hashes(b.tile)
	long := b.tileExact && len(b.tile) != b.width*hashSize
	i := 0
	for i < len(b.leaves) && i < len(tile) && b.leaves[i] == tile[i] {
		i++
	}
	if i == b.width && !b.cut && !long {
		return nil, nil
	}
	path := tilePath("entries", b.n, b.width)
	if !b.cut && len(b.leaves) == b.width && v.entriesRight(ctx, b) {
		return problem(BadTile, -1, tilePath("0", b.n, b.width), "the entries are those that were signed, the tile of their hashes is not (from entry %d on)", b.n*tileWidth+int64(i)), nil
	}
	at := b.n*tileWidth + int64(i)
	if i == b.width {
		return problem(Changed, at, path, "bytes follow the last entry"), nil
	}
	if i >= len(tile) {
		return problem(BadTile, at, tilePath("0", b.n, b.width), "the tile ends before its leaf"), nil
	}
	if i >= len(b.leaves) {
		return v.whyShort(ctx, b, i, tile)
	}
	return v.whyLeaf(ctx, b, i, tile)
}

// entriesRight tells whether the entries of b hash to what the level above, or
// the signed root, says.
func (v *verifier) entriesRight(ctx context.Context, b *bundle) bool {
	if v.cp.size <= (b.n+1)*tileWidth {
		return v.front.rootWith(b.leaves) == v.cp.root
	}
	up, _, err := readWide(ctx, v.src, "1", b.n/tileWidth, widthOf(1, b.n/tileWidth, v.cp.size))
	at := int(b.n%tileWidth) * hashSize
	return err == nil && len(up) >= at+hashSize && hash(up[at:at+hashSize]) == b.root
}

// whyShort: the bundle ends, or its framing breaks, before entry i.
func (v *verifier) whyShort(ctx context.Context, b *bundle, i int, tile []hash) (*Problem, error) {
	at := b.n*tileWidth + int64(i)
	path := tilePath("entries", b.n, b.width)
	if at+1 >= v.cp.size || b.last(v) {
		return problem(CutTail, at, path, "the entries from %d on are missing or cut off; the checkpoint covers %d", at, v.cp.size), nil
	}
	return problem(Changed, at, path, "the lengths of entries no longer add up"), nil
}

func (b *bundle) last(v *verifier) bool { return (b.n+1)*tileWidth >= v.cp.size }

// whyLeaf: entry i is there, with another hash than leaf i.
func (v *verifier) whyLeaf(ctx context.Context, b *bundle, i int, tile []hash) (*Problem, error) {
	at := b.n*tileWidth + int64(i)
	path := tilePath("entries", b.n, b.width)
	here, err := v.findLeaf(ctx, b.leaves[i], at)
	if err != nil {
		return nil, err
	}
	if i+1 < len(b.leaves) && b.leaves[i+1] == tile[i] {
		if here == at+1 {
			return problem(Swapped, at, path, "it changed places with entry %d", here), nil
		}
		return problem(Inserted, at, path, "it was never logged; what follows is the entry that belongs here"), nil
	}
	if here == at+1 {
		return problem(Dropped, at, path, "it is missing, and what came after it moved up"), nil
	}
	if here < 0 {
		return problem(Changed, at, path, "its bytes are not those that were logged"), nil
	}
	there, err := v.entryHash(ctx, here)
	if err != nil {
		return nil, err
	}
	if there == tile[i] {
		return problem(Swapped, at, path, "it changed places with entry %d", here), nil
	}
	return problem(Changed, at, path, "a copy of entry %d stands in its place", here), nil
}

// findLeaf returns the index of a leaf other than not, -1 when there is none.
func (v *verifier) findLeaf(ctx context.Context, h hash, not int64) (int64, error) {
	for n := int64(0); n*tileWidth < v.cp.size; n++ {
		b, _, err := readWide(ctx, v.src, "0", n, widthOf(0, n, v.cp.size))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return 0, err
		}
		for i, l := range hashes(b) {
			if at := n*tileWidth + int64(i); l == h && at != not {
				return at, nil
			}
		}
	}
	return -1, nil
}

// entryHash returns the hash of the entry that now lies at an index.
func (v *verifier) entryHash(ctx context.Context, at int64) (hash, error) {
	b := &bundle{n: at / tileWidth, width: widthOf(0, at/tileWidth, v.cp.size)}
	b.read(ctx, v.src)
	if b.err != nil || at%tileWidth >= int64(len(b.leaves)) {
		return hash{}, b.err
	}
	return b.leaves[at%tileWidth], nil
}

// whyMissing: a file of b is not there. Without anything after it, the tail was
// cut.
func (v *verifier) whyMissing(ctx context.Context, b *bundle) error {
	at := b.n * tileWidth
	if b.missing != tilePath("entries", b.n, b.width) {
		return problem(Missing, at, b.missing, "the tile of leaves is not there")
	}
	last := (v.cp.size - 1) / tileWidth
	_, _, err := readWide(ctx, v.src, "entries", last, widthOf(0, last, v.cp.size))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err != nil {
		return problem(CutTail, at, b.missing, "the entries from %d on are not there; the checkpoint covers %d", at, v.cp.size)
	}
	return problem(Missing, at, b.missing, "the entries from %d to %d are not there", at, at+int64(b.width)-1)
}

func hashes(b []byte) []hash {
	out := make([]hash, 0, len(b)/hashSize)
	for c := range slices.Chunk(b[:len(b)-len(b)%hashSize], hashSize) {
		out = append(out, hash(c))
	}
	return out
}
