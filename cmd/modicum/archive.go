package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"modicum/internal/config"
	"modicum/internal/serve"
	"modicum/internal/store"
	"modicum/ledger"
)

// recorded says where the record is read: the store of an installation, which
// may be running, or a copy of its ledger folder.
type recorded struct {
	Config string   `default:"modicum.yaml" env:"MODICUM_CONFIG" help:"Configuration file."`
	Folder string   `help:"A copy of the ledger folder instead of an installation." type:"existingdir" placeholder:"DIR"`
	Key    []string `help:"Verification keys (name+id+key), or files of them; the installation's own otherwise." placeholder:"VKEY"`
}

// archive is a record that can be read.
type archive interface {
	ByID(ctx context.Context, id string) ([]store.Record, error)
	Search(ctx context.Context, q store.Query) ([]store.Record, error)
	Prove(ctx context.Context, r *store.Record) (*ledger.Proof, error)
	Close() error
}

// opened is an archive with what belongs to it.
type opened struct {
	archive
	keys []string       // verification keys
	cfg  *config.Config // nil for a folder
}

// open opens the record for reading. A server may run beside.
func (c *recorded) open(t *terminal) (*opened, error) {
	keys, err := keysOf(c.Key)
	if err != nil {
		return nil, err
	}
	if c.Folder != "" {
		return &opened{archive: newFolder(c.Folder, keys), keys: keys}, nil
	}
	cfg, problems := config.Load(c.Config, t.environ)
	if cfg == nil {
		return nil, usage("%s", problems.Error())
	}
	key, err := ledger.ReadKey(cfg.Ledger.Key)
	if err != nil {
		return nil, usage("%w", err)
	}
	keys = append(keys, key.Public())
	r, err := store.OpenReader(t.ctx, cfg.Data, keys...)
	switch {
	case errors.Is(err, store.ErrNoRecord):
		return nil, unavailable("%w; the record begins when the server is started for the first time", err)
	case err != nil:
		return nil, unavailable("%w", err)
	}
	return &opened{archive: r, keys: keys, cfg: cfg}, nil
}

// keysOf reads verification keys: as they are, or from files with one a line.
func keysOf(words []string) ([]string, error) {
	var out []string
	for _, w := range words {
		b, err := os.ReadFile(w)
		if errors.Is(err, fs.ErrNotExist) && !strings.Contains(w, "+") {
			return nil, usage("--key %s: there is no such file, and a verification key is name+id+key", w)
		}
		if errors.Is(err, fs.ErrNotExist) {
			out = append(out, w)
			continue
		}
		if err != nil {
			return nil, usage("%w", err)
		}
		out = append(out, lines(b)...)
	}
	return out, nil
}

// refs makes the keyed references by which the record of an installation names
// patients.
func (o *opened) refs() (*ledger.Refs, error) {
	if o.cfg == nil {
		return nil, usage("a folder holds no key of patient references: search an installation, or give the reference itself (r1:...)")
	}
	keys, err := serve.ReadKeys(filepath.Join(o.cfg.Data, "keys"))
	if err != nil {
		return nil, usage("%w", err)
	}
	return ledger.NewRefs(serve.RefsID, keys.Refs)
}

// found returns the entries of a decision or act, or says that there are none.
func (o *opened) found(ctx context.Context, id string) ([]store.Record, error) {
	records, err := o.ByID(ctx, id)
	if errors.Is(err, ledger.ErrNotFound) || err == nil && len(records) == 0 {
		return nil, &exitError{exitNo, errors.New("the record holds no such decision or act; an id is the value of the header Modicum-Decision")}
	}
	if err != nil {
		return nil, unavailable("%w", err)
	}
	return records, nil
}
