package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"modicum/internal/store"
	"modicum/ledger"
	"modicum/ledger/verify"
)

// entries waits for the record of a decision to be complete.
func (d *demo) entries(ctx context.Context, id string) ([]ledger.Entry, error) {
	for range 200 {
		records, err := d.server.Store().ByID(ctx, id)
		if err != nil && !errors.Is(err, ledger.ErrNotFound) {
			return nil, err
		}
		entries, err := decode(records)
		if err != nil || complete(entries) {
			return entries, err
		}
		if err := pause(ctx, 5*time.Millisecond); err != nil {
			return nil, err
		}
	}
	return nil, errors.New("the record of the answer is not complete after a second")
}

// complete reports whether a decision's record has its end: an outcome, or a
// refusal, which has none.
func complete(entries []ledger.Entry) bool {
	if len(entries) == 0 {
		return false
	}
	if d, ok := entries[0].(*ledger.Decision); ok && d.Effect == ledger.Refuse {
		return true
	}
	last := entries[len(entries)-1].Header()
	return last.Kind == ledger.KindOutcome && !last.More
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

func decode(records []store.Record) ([]ledger.Entry, error) {
	var out []ledger.Entry
	for _, r := range records {
		e, err := r.Entry()
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

// proof verifies the published record with the verifier that shares no code with
// its writer, then finds a changed byte in a copy.
func (d *demo) proof(ctx context.Context, id string) error {
	good, err := d.verified(ctx, id)
	if err != nil {
		return err
	}
	d.print("%s\n", d.bold("The record of it"))
	d.print("  decision %s derived again from its record: the same to the bit\n", id)
	d.print("  verified without the server: %d entries, %d decisions, signed by %s\n", good.Entries, good.Kinds["decision"], good.Key)
	copied, err := os.MkdirTemp("", "modicum-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(copied)
	if err := os.CopyFS(copied, os.DirFS(d.server.Store().Folder())); err != nil {
		return err
	}
	path, err := flipByte(copied)
	if err != nil {
		return err
	}
	bad, err := verify.Log(ctx, verify.Folder(copied), verify.Options{Keys: []string{d.key.Public()}})
	if err != nil {
		return err
	}
	if bad.OK {
		return errors.New("a changed byte was not found")
	}
	d.print("  one byte changed in a copy: %s\n\n", d.colored("32", fmt.Sprintf("found, entry %d %s (%s)", bad.Problem.Entry, bad.Problem.What, path)))
	return nil
}

// verified waits until the published folder holds the decision and is in order.
func (d *demo) verified(ctx context.Context, id string) (*verify.Result, error) {
	head, err := d.server.Store().Head(ctx)
	if err != nil {
		return nil, err
	}
	var last *verify.Result
	for range 60 {
		last, err = verify.Log(ctx, verify.Folder(d.server.Store().Folder()), verify.Options{Keys: []string{d.key.Public()}})
		if err == nil && last.OK && last.Size >= head.Size {
			return last, nil
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return nil, err
		}
	}
	if last != nil && last.Problem != nil {
		return nil, fmt.Errorf("the record of %s does not verify: %s", id, last.Problem.What)
	}
	return nil, errors.New("the record was not published within six seconds")
}

// flipByte changes a letter in the newest bundle of entries of a copy.
func flipByte(folder string) (string, error) {
	var bundle string
	var largest int64
	err := filepath.Walk(filepath.Join(folder, "tile", "entries"), func(path string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() && info.Size() > largest {
			bundle, largest = path, info.Size()
		}
		return err
	})
	if err != nil || bundle == "" {
		return "", errors.Join(errors.New("no entries to change"), err)
	}
	b, err := os.ReadFile(bundle)
	if err != nil {
		return "", err
	}
	at := len(b)/2 + bytes.IndexAny(b[len(b)/2:], "bcdefgh")
	b[at] ^= 1
	rel, _ := filepath.Rel(folder, bundle)
	return rel, os.WriteFile(bundle, b, 0o600)
}
