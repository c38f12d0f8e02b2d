package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"modicum/internal/store"
	"modicum/ledger"
	"modicum/ledger/verify"
)

// ledgerFolder is a copy of a ledger folder: it is searched from its first entry to its
// last, and believed as far as its checkpoint says. `ledger verify` is what checks
// it.
type ledgerFolder struct {
	src  verify.Source
	keys []string
}

var _ ledger.Source = (*ledgerFolder)(nil)

func newFolder(path string, keys []string) *ledgerFolder {
	return &ledgerFolder{verify.Folder(path), keys}
}

// Close lets go of nothing: files are opened one at a time.
func (f *ledgerFolder) Close() error { return nil }

// ByID returns the entries of one decision or act.
func (f *ledgerFolder) ByID(ctx context.Context, id string) ([]store.Record, error) {
	var out []store.Record
	err := f.each(ctx, func(r store.Record, e ledger.Entry) {
		if e.Header().ID == id {
			out = append(out, r)
		}
	})
	return out, err
}

// Search finds what q asks for, in order. Who, role, task and effect are those of
// an entry's decision, which stands before it.
func (f *ledgerFolder) Search(ctx context.Context, q store.Query) ([]store.Record, error) {
	var out []store.Record
	decided := map[string]bool{} // decisions that are what was asked
	limit := q.Limit
	err := f.each(ctx, func(r store.Record, e ledger.Entry) {
		h := e.Header()
		if h.Kind == ledger.KindDecision || h.Kind == ledger.KindAct {
			decided[h.ID] = matches(q.Who, h.Who) && matches(q.Role, h.Role) && matches(q.Task, h.Task) && matches(string(q.Effect), string(h.Effect))
		}
		if !decided[h.ID] || !within(&q, &h) {
			return
		}
		out = append(out, r)
		if q.Newest && limit > 0 && len(out) > 2*limit {
			out = append(out[:0], out[len(out)-limit:]...)
		}
	})
	if limit > 0 && len(out) > limit {
		if q.Newest {
			out = out[len(out)-limit:]
		} else {
			out = out[:limit]
		}
	}
	if q.Newest {
		slices.Reverse(out)
	}
	return out, err
}

func matches(want, have string) bool { return want == "" || want == have }

func within(q *store.Query, h *ledger.Header) bool {
	return matches(string(q.Kind), string(h.Kind)) && (q.Patient == "" || slices.Contains(h.Patients, q.Patient)) &&
		(q.From == 0 || h.At >= q.From) && (q.To == 0 || h.At < q.To)
}

// Prove makes the proof of an entry.
func (f *ledgerFolder) Prove(ctx context.Context, r *store.Record) (*ledger.Proof, error) {
	return ledger.Prove(ctx, f, r.Index, f.keys...)
}

// each yields every entry that the checkpoint covers.
func (f *ledgerFolder) each(ctx context.Context, yield func(store.Record, ledger.Entry)) error {
	origin, size, err := f.head(ctx)
	if err != nil {
		return err
	}
	for n := int64(0); n*ledger.TileWidth < size; n++ {
		b, err := f.Bundle(ctx, n, int(min(size-n*ledger.TileWidth, ledger.TileWidth)))
		if err != nil {
			return err
		}
		entries, err := ledger.SplitBundle(b)
		if err != nil {
			return fmt.Errorf("bundle %d: %w; run: modicum ledger verify", n, err)
		}
		for i, body := range entries {
			index := n*ledger.TileWidth + int64(i)
			e, err := ledger.Decode(body)
			if err != nil {
				return fmt.Errorf("entry %d: %w; run: modicum ledger verify", index, err)
			}
			yield(store.Record{Pos: index, Origin: origin, Index: index, Body: body}, e)
		}
	}
	return nil
}

// head reads name and size from the checkpoint, without its signature.
func (f *ledgerFolder) head(ctx context.Context) (string, int64, error) {
	cp, err := f.Checkpoint(ctx)
	if errors.Is(err, fs.ErrNotExist) {
		return "", 0, errors.New("there is no checkpoint here: name the folder that holds the file checkpoint, such as data/ledger")
	}
	if err != nil {
		return "", 0, err
	}
	parts := strings.SplitN(string(cp), "\n", 3)
	if len(parts) < 3 {
		return "", 0, errors.New("the checkpoint is damaged; run: modicum ledger verify")
	}
	size, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil || size < 0 {
		return "", 0, errors.New("the checkpoint is damaged; run: modicum ledger verify")
	}
	return parts[0], size, nil
}

// Checkpoint implements ledger.Source.
func (f *ledgerFolder) Checkpoint(ctx context.Context) ([]byte, error) {
	return f.src.Read(ctx, "checkpoint", 1<<20)
}

// Tile implements ledger.Source.
func (f *ledgerFolder) Tile(ctx context.Context, level int, n int64, width int) ([]byte, error) {
	b, err := f.wide(ctx, width, func(w int) string { return ledger.TilePath(level, n, w) })
	if err == nil && len(b) >= width*len(ledger.Hash{}) {
		b = b[:width*len(ledger.Hash{})]
	}
	return b, err
}

// Bundle implements ledger.Source.
func (f *ledgerFolder) Bundle(ctx context.Context, n int64, width int) ([]byte, error) {
	b, err := f.wide(ctx, width, func(w int) string { return ledger.BundlePath(n, w) })
	if err != nil {
		return nil, err
	}
	entries, err := ledger.SplitBundle(b)
	if err != nil {
		return nil, err
	}
	var out []byte
	for _, e := range entries[:min(width, len(entries))] {
		out = ledger.AppendBundle(out, e)
	}
	return out, nil
}

// wide reads a file of a width; where that one is gone, the full one holds it.
func (f *ledgerFolder) wide(ctx context.Context, width int, path func(int) string) ([]byte, error) {
	const most = ledger.TileWidth * (2 + ledger.MaxEntry)
	b, err := f.src.Read(ctx, path(width), most)
	if width < ledger.TileWidth && errors.Is(err, fs.ErrNotExist) {
		b, err = f.src.Read(ctx, path(ledger.TileWidth), most)
	}
	return b, err
}
