package verify

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io/fs"
	"strconv"
)

// Log checks a whole log: signature, origin, every entry and its form, every
// leaf and node, the root, the order of entries, and that the log continues the
// earlier checkpoint. The error is for what kept it from looking (I/O, ctx,
// wrong options); what is wrong with the log stands in the result.
func Log(ctx context.Context, src Source, o Options) (*Result, error) {
	keys, err := parseKeys(o.Keys)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	v := &verifier{src: src, opts: o, res: &Result{Kinds: map[string]int64{}}, order: order{map[[16]byte]*progress{}}}
	if err := v.start(ctx, keys); err != nil {
		return v.end(err)
	}
	if err := v.bundles(ctx); err != nil {
		return v.end(err)
	}
	return v.end(v.finish(ctx))
}

// verifier is one run. Its fields belong to the goroutine that called Log.
type verifier struct {
	src      Source
	opts     Options
	res      *Result
	cp       *checkpoint
	since    *checkpoint
	front    frontier
	order    order
	levels   [][]hash // levels[l-1]: hashes of the tile of level l that is not full yet
	counts   []int64  // hashes of each level so far
	badTile  *Problem // first tile above the leaves that differs
	badNode  int64    // first entry under that difference
	badLevel int
}

// end turns a Problem into a result and leaves other errors as they are.
func (v *verifier) end(err error) (*Result, error) {
	var p *Problem
	v.res.Unfinished = int64(len(v.order.open))
	switch {
	case err == nil:
		v.res.OK = true
		return v.res, nil
	case errors.As(err, &p):
		return v.res.fail(p), nil
	}
	return nil, err
}

// start reads both checkpoints.
func (v *verifier) start(ctx context.Context, keys []key) error {
	b, err := v.src.Read(ctx, "checkpoint", maxCheckpoint)
	if errors.Is(err, fs.ErrNotExist) {
		return problem(Missing, -1, "checkpoint", "there is no checkpoint here")
	}
	if err != nil {
		return err
	}
	var p *Problem
	if v.cp, p = openCheckpoint(b, keys, "checkpoint"); p != nil {
		return p
	}
	v.res.Origin, v.res.Size, v.res.Key = v.cp.origin, v.cp.size, v.cp.signer.String()
	v.res.Root = base64.StdEncoding.EncodeToString(v.cp.root[:])
	if v.opts.Since == nil {
		return nil
	}
	if v.since, p = openCheckpoint(v.opts.Since, keys, "earlier checkpoint"); p != nil {
		return p
	}
	v.res.Since = v.since.size
	if v.since.origin != v.cp.origin {
		return problem(WrongOrigin, -1, "earlier checkpoint", "it is of %q, the log is %q", clip(v.since.origin), clip(v.cp.origin))
	}
	if v.since.size > v.cp.size {
		return problem(CutTail, v.cp.size, "checkpoint", "it covers %d entries, the earlier checkpoint %d: the newest were cut off, or the log was restored from a backup and went on", v.cp.size, v.since.size)
	}
	return nil
}

// bundle is one bundle with its tile of leaves, as a worker found it.
type bundle struct {
	n     int64
	width int
	raw   []byte // of the bundle
	tile  []byte
	// tileExact: tile is a file of exactly this width, so nothing may follow.
	tileExact bool
	leaves    []hash
	entries   []entry
	form      []error // why an entry is not canonical; nil slice when all are
	cut       bool    // the bundle's framing is broken after leaves
	missing   string  // name of a file that is not there
	root      hash    // of a full bundle
	err       error
	ready     chan struct{}
}

// bundles has workers look at bundles and takes them in order.
func (v *verifier) bundles(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	total := (v.cp.size + tileWidth - 1) / tileWidth
	workers := v.opts.workers()
	todo := make(chan *bundle)
	inOrder := make(chan *bundle, 2*workers) // bounds what is held in memory
	go func() {
		defer close(todo)
		defer close(inOrder)
		for n := int64(0); n < total; n++ {
			b := &bundle{n: n, width: widthOf(0, n, v.cp.size), ready: make(chan struct{})}
			select {
			case inOrder <- b:
			case <-ctx.Done():
				return
			}
			select {
			case todo <- b:
			case <-ctx.Done():
				b.err = ctx.Err()
				close(b.ready)
				return
			}
		}
	}()
	for range workers {
		go func() {
			for b := range todo {
				b.read(ctx, v.src)
				close(b.ready)
			}
		}()
	}
	err := v.takeAll(ctx, inOrder)
	cancel()
	for b := range inOrder { // so that no worker is left behind
		<-b.ready
	}
	return err
}

func (v *verifier) takeAll(ctx context.Context, inOrder <-chan *bundle) error {
	for b := range inOrder {
		<-b.ready
		if err := v.take(ctx, b); err != nil {
			return err
		}
		if v.opts.Progress != nil {
			v.opts.Progress(v.res.Entries, v.cp.size)
		}
	}
	return ctx.Err()
}

// read does what needs no knowledge of other bundles.
func (b *bundle) read(ctx context.Context, src Source) {
	path := tilePath("entries", b.n, b.width)
	var exact bool
	if b.raw, exact, b.err = readWide(ctx, src, "entries", b.n, b.width); b.absent(path) {
		return
	}
	path = tilePath("0", b.n, b.width)
	if b.tile, b.tileExact, b.err = readWide(ctx, src, "0", b.n, b.width); b.absent(path) {
		return
	}
	b.leaves = make([]hash, 0, b.width)
	b.entries = make([]entry, 0, b.width)
	rest := b.raw
	agree := true // with the tile so far; after a difference only hashes matter
	for i := 0; i < b.width; i++ {
		if len(rest) < 2 || len(rest)-2 < int(binary.BigEndian.Uint16(rest)) {
			b.cut = true
			return
		}
		n := 2 + int(binary.BigEndian.Uint16(rest))
		h := leafHash(rest[2:n])
		b.leaves = append(b.leaves, h)
		if agree = agree && len(b.tile) >= (i+1)*hashSize && h == hash(b.tile[i*hashSize:(i+1)*hashSize]); agree {
			b.parse(i, rest[2:n])
		}
		rest = rest[n:]
	}
	b.raw = b.raw[:len(b.raw)-len(rest)]
	if b.width == tileWidth {
		b.root = fold(append([]hash(nil), b.leaves...))
	}
	// A file with the exact name must end here; only a wider one goes on.
	b.cut = len(rest) > 0 && exact
}

func (b *bundle) parse(i int, raw []byte) {
	e, err := parseEntry(raw)
	b.entries = append(b.entries, e)
	if err == nil {
		return
	}
	if b.form == nil {
		b.form = make([]error, b.width)
	}
	b.form[i] = err
}

// absent notes a file that is not there; true when there is nothing to go on with.
func (b *bundle) absent(path string) bool {
	if errors.Is(b.err, fs.ErrNotExist) {
		b.err, b.missing = nil, path
	}
	return b.err != nil || b.missing != ""
}

// readWide reads a tile or bundle of width; where that file is gone, the full
// one does, which a copy of a growing log may hold instead.
// exact tells that it was the file of that width.
func readWide(ctx context.Context, src Source, level string, n int64, width int) (b []byte, exact bool, err error) {
	max := int64(tileWidth * hashSize)
	if level == "entries" {
		max = tileWidth * (2 + maxEntry)
	}
	b, err = src.Read(ctx, tilePath(level, n, width), max)
	if width < tileWidth && errors.Is(err, fs.ErrNotExist) {
		b, err = src.Read(ctx, tilePath(level, n, tileWidth), max)
		return b, false, err
	}
	return b, true, err
}

// take adds a bundle to the tree.
func (v *verifier) take(ctx context.Context, b *bundle) error {
	if b.err != nil {
		return b.err
	}
	if b.missing != "" {
		return v.whyMissing(ctx, b)
	}
	if p, err := v.leavesDiffer(ctx, b); p != nil || err != nil {
		if err != nil {
			return err
		}
		return p
	}
	first := b.n * tileWidth
	for i := range b.entries {
		if b.form != nil && b.form[i] != nil {
			return problem(NotCanonical, first+int64(i), tilePath("entries", b.n, b.width), "%v", b.form[i])
		}
		e := &b.entries[i]
		if wrong := v.order.next(e); wrong != "" {
			return problem(OutOfOrder, first+int64(i), tilePath("entries", b.n, b.width), "%s", wrong)
		}
		v.res.Kinds[e.kind]++
		if v.res.FirstAt == 0 {
			v.res.FirstAt = e.at
		}
		v.res.LastAt = e.at
	}
	if p := v.checkSince(first, b.leaves); p != nil {
		return p
	}
	v.res.Entries += int64(len(b.leaves))
	v.res.Bytes += int64(len(b.raw) - 2*len(b.leaves))
	v.res.Bundles++
	v.res.Tiles++
	if b.width == tileWidth {
		v.front.push(b.root, tileBits, func(height int, h hash) {
			if height%tileBits == 0 {
				v.node(height/tileBits, h)
			}
		})
	} else {
		for _, l := range b.leaves {
			v.front.push(l, 0, nil)
		}
	}
	return v.fullTiles(ctx)
}

// checkSince compares the root at the size of the earlier checkpoint, when that
// lies at or after first and within leaves.
func (v *verifier) checkSince(first int64, leaves []hash) *Problem {
	if v.since == nil || v.since.size < first || v.since.size > first+int64(len(leaves)) {
		return nil
	}
	if v.since.size == first && first > 0 {
		return nil // was compared at the end of the bundle before
	}
	if v.front.rootWith(leaves[:v.since.size-first]) == v.since.root {
		return nil
	}
	return problem(Forked, -1, "checkpoint", "the first %d entries are not those of the earlier checkpoint: history before entry %d was rewritten and signed again", v.since.size, v.since.size)
}

// node notes a hash that belongs into a tile of level.
func (v *verifier) node(level int, h hash) {
	for len(v.levels) < level {
		v.levels, v.counts = append(v.levels, nil), append(v.counts, 0)
	}
	v.levels[level-1] = append(v.levels[level-1], h)
	v.counts[level-1]++
}

// fullTiles compares tiles above the leaves that have become full.
func (v *verifier) fullTiles(ctx context.Context) error {
	for i := range v.levels {
		if len(v.levels[i]) == tileWidth {
			if err := v.compareTile(ctx, i+1); err != nil {
				return err
			}
			v.levels[i] = v.levels[i][:0]
		}
	}
	return nil
}

// compareTile compares the newest tile of a level with the file. A difference
// is kept for the end: only the root tells which side is wrong.
func (v *verifier) compareTile(ctx context.Context, level int) error {
	want := v.levels[level-1]
	n := (v.counts[level-1] - 1) / tileWidth
	name := strconv.Itoa(level)
	path := tilePath(name, n, len(want))
	got, exact, err := readWide(ctx, v.src, name, n, len(want))
	if errors.Is(err, fs.ErrNotExist) {
		v.noteTile(problem(Missing, -1, path, "the tile is not there"), -1, level)
		return nil
	}
	if err != nil {
		return err
	}
	v.res.Tiles++
	for i, h := range want {
		if len(got) < (i+1)*hashSize || hash(got[i*hashSize:(i+1)*hashSize]) != h {
			under := (n*tileWidth + int64(i)) << (tileBits * level)
			v.noteTile(problem(BadTile, -1, path, "hash %d is not that of the entries from %d on", i, under), under, level)
			return nil
		}
	}
	if exact && len(got) != len(want)*hashSize {
		v.noteTile(problem(BadTile, -1, path, "longer than its hashes"), -1, level)
	}
	return nil
}

func (v *verifier) noteTile(p *Problem, under int64, level int) {
	// The lowest level tells most about where.
	if v.badTile == nil || level < v.badLevel && under >= 0 {
		v.badTile, v.badNode, v.badLevel = p, under, level
	}
}

// finish compares what is left: partial tiles, the root, older partial files.
func (v *verifier) finish(ctx context.Context) error {
	for i := range v.levels {
		if len(v.levels[i]) > 0 {
			if err := v.compareTile(ctx, i+1); err != nil {
				return err
			}
		}
	}
	if v.cp.size == 0 {
		if p := v.checkSince(0, nil); p != nil {
			return p
		}
	}
	if v.front.root() != v.cp.root {
		return v.whyRoot()
	}
	if v.badTile != nil {
		return v.badTile
	}
	return v.extras(ctx)
}

// whyRoot says where a tree whose leaves agree with themselves leaves the
// signed one.
func (v *verifier) whyRoot() *Problem {
	if v.badTile != nil && v.badNode >= 0 {
		last := min(v.badNode+1<<(tileBits*v.badLevel), v.cp.size) - 1
		return problem(Changed, v.badNode, v.badTile.Path, "an entry from %d to %d was changed and its leaf rewritten; this tile and the signature still hold the old one", v.badNode, last)
	}
	from := int64(0)
	if v.since != nil {
		from = v.since.size
	}
	return problem(Rewritten, -1, "checkpoint", "entries and tiles agree, but hash to another root than the signed one: entries from %d on were changed by someone without the signing key", from)
}
