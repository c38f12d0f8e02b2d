package verify

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"strconv"
	"strings"
)

// extras looks through a folder for partial files of older checkpoints, which
// must say the same as the newest ones, and for files that are no part of a log.
func (v *verifier) extras(ctx context.Context) error {
	f, ok := v.src.(folder)
	if !ok {
		return nil
	}
	return fs.WalkDir(f.fs, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() || path == "checkpoint" {
			return ctx.Err()
		}
		level, n, width, ok := parsePath(path)
		if !ok {
			v.res.Ignored++
			return nil
		}
		return v.extra(ctx, path, level, n, width)
	})
}

// extra checks one file that has the name of a tile or bundle.
func (v *verifier) extra(ctx context.Context, path, level string, n int64, width int) error {
	l, _ := strconv.Atoi(level) // entries: 0
	now := widthOf(l, n, v.cp.size)
	if width == now {
		return nil // checked already
	}
	if now <= 0 {
		// Newer than the checkpoint, as in a copy of a log that was growing.
		v.res.Ignored++
		return nil
	}
	max := int64(tileWidth * hashSize)
	if level == "entries" {
		max = tileWidth * (2 + maxEntry)
	}
	want, _, err := readWide(ctx, v.src, level, n, now)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	got, err := v.src.Read(ctx, path, max)
	if err != nil {
		return err
	}
	v.res.Partials++
	small, wide := width, now
	if small > wide {
		small, wide = wide, small
		got, want = want, got
	}
	if len(got) == sizeOf(level, got, small) && bytes.HasPrefix(want, got) {
		return nil
	}
	return problem(BadTile, -1, path, "it does not agree with %s", tilePath(level, n, now))
}

// sizeOf is how many bytes width hashes or entries of b take; -1 when there are
// fewer.
func sizeOf(level string, b []byte, width int) int {
	if level != "entries" {
		return width * hashSize
	}
	at := 0
	for range width {
		if len(b) < at+2 {
			return -1
		}
		at += 2 + int(b[at])<<8 + int(b[at+1])
	}
	return at
}

// parsePath reads the name of a tile or bundle, in the one spelling it has.
func parsePath(path string) (level string, n int64, width int, ok bool) {
	parts := strings.Split(path, "/")
	if len(parts) < 3 || parts[0] != "tile" {
		return "", 0, 0, false
	}
	level, width = parts[1], tileWidth
	if l, err := strconv.Atoi(level); level != "entries" && (err != nil || l < 0 || l > 7) {
		return "", 0, 0, false
	}
	groups := parts[2:]
	if g, isPartial := strings.CutSuffix(groups[max(0, len(groups)-2)], ".p"); isPartial && len(groups) > 1 {
		w, err := strconv.Atoi(groups[len(groups)-1])
		if err != nil || w < 1 || w >= tileWidth {
			return "", 0, 0, false
		}
		width = w
		groups = append(groups[:len(groups)-2:len(groups)-2], g)
	}
	if len(groups) > 5 {
		return "", 0, 0, false
	}
	for _, g := range groups {
		d, err := strconv.ParseUint(strings.TrimPrefix(g, "x"), 10, 16)
		if err != nil || d > 999 {
			return "", 0, 0, false
		}
		n = n*1000 + int64(d)
	}
	return level, n, width, tilePath(level, n, width) == path
}
