package ledger

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// ProofHeader is the first line of a proof file.
const ProofHeader = "c2sp.org/tlog-proof@v1"

// Proof shows that an entry lies at an index of a signed tree: one file, no
// server (C2SP tlog-proof).
type Proof struct {
	Entry      []byte // canonical JSON; the format's extra data
	Index      int64
	Path       []Hash // from the leaf up
	Checkpoint []byte // signed
}

// Prove makes the proof of the entry at index in the newest tree of src, whose
// checkpoint one of the verification keys must have signed.
func Prove(ctx context.Context, src Source, index int64, keys ...string) (*Proof, error) {
	cp, err := src.Checkpoint(ctx)
	if err != nil {
		return nil, fmt.Errorf("prove: checkpoint: %w", err)
	}
	head, _, err := OpenCheckpoint(cp, keys...)
	if err != nil {
		return nil, fmt.Errorf("prove: %w", err)
	}
	if index < 0 || index >= head.Size {
		return nil, fmt.Errorf("prove: index %d, the tree has %d: %w", index, head.Size, ErrNotFound)
	}
	n := index / TileWidth
	bundle, err := src.Bundle(ctx, n, tileWidth(0, n, head.Size))
	if err != nil {
		return nil, fmt.Errorf("prove: entry: %w", err)
	}
	entries, err := SplitBundle(bundle)
	if err != nil || int64(len(entries)) <= index%TileWidth {
		return nil, fmt.Errorf("prove: bundle of entry %d is damaged", index)
	}
	path, err := tlog.ProveRecord(head.Size, index, HashReader(ctx, src, head))
	if err != nil {
		return nil, fmt.Errorf("prove: path: %w", err)
	}
	p := &Proof{Entry: entries[index%TileWidth], Index: index, Path: path, Checkpoint: cp}
	if err := tlog.CheckRecord(path, head.Size, head.Root, index, LeafHash(p.Entry)); err != nil {
		return nil, fmt.Errorf("prove: entry %d is not what was signed; run modicum ledger verify", index)
	}
	return p, nil
}

// Format writes the file.
func (p *Proof) Format() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\nextra %s\nindex %d\n", ProofHeader, base64.StdEncoding.EncodeToString(p.Entry), p.Index)
	for _, h := range p.Path {
		fmt.Fprintln(&b, base64.StdEncoding.EncodeToString(h[:]))
	}
	b.WriteByte('\n')
	b.Write(p.Checkpoint)
	return b.Bytes()
}

// ParseProof reads a file as Format writes it, and only so. It checks the form;
// package verify checks what it claims.
func ParseProof(b []byte) (*Proof, error) {
	bad := func(what string) (*Proof, error) { return nil, fmt.Errorf("proof file: %s", what) }
	head, cp, ok := strings.Cut(string(b), "\n\n")
	lines := strings.Split(head, "\n")
	if !ok || len(lines) < 3 || lines[0] != ProofHeader {
		return bad("does not begin with " + ProofHeader + ", extra and index")
	}
	p := &Proof{Checkpoint: []byte(cp)}
	var err error
	extra, ok := strings.CutPrefix(lines[1], "extra ")
	if p.Entry, err = base64.StdEncoding.Strict().DecodeString(extra); !ok || err != nil {
		return bad("second line is not extra and base64")
	}
	index, ok := strings.CutPrefix(lines[2], "index ")
	if p.Index, err = strconv.ParseInt(index, 10, 64); !ok || err != nil || p.Index < 0 {
		return bad("third line is not index and a number")
	}
	for _, l := range lines[3:] {
		h, err := base64.StdEncoding.Strict().DecodeString(l)
		if err != nil || len(h) != tlog.HashSize || len(p.Path) >= 64 {
			return bad("path is not up to 64 base64 hashes")
		}
		p.Path = append(p.Path, Hash(h))
	}
	if !slices.Equal(p.Format(), b) {
		return bad("spelled in another way")
	}
	return p, nil
}
