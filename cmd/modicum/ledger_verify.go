package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"strings"

	"modicum/internal/config"
	"modicum/ledger"
	"modicum/ledger/verify"
)

type ledgerVerify struct {
	Where  string   `arg:"" help:"Folder or URL of the record, or a file of ledger prove."`
	Key    []string `help:"Verification keys (name+id+key), or files of them; several after a rotation. Without one, that of the configuration here." placeholder:"VKEY"`
	Since  string   `help:"File with an earlier signed checkpoint: finds a tail that was cut off." type:"existingfile" placeholder:"FILE"`
	Config string   `default:"modicum.yaml" env:"MODICUM_CONFIG" help:"Configuration file, looked at only where no key is named."`
	Token  string   `help:"File with a token for the URL." type:"existingfile" placeholder:"FILE"`
	Task   string   `help:"Task for the URL; it must see security.audit." placeholder:"TASK"`
	JSON   bool     `help:"Print one JSON object."`
}

// Help teaches by example.
func (c *ledgerVerify) Help() string {
	return `Checks every entry, leaf, node and signature, and that the log continues an earlier
checkpoint. It needs no server, no store and, with --key, no configuration.

Examples:
  modicum ledger verify data/ledger --key ledger.vkey
  modicum ledger verify copy --key VKEY --since checkpoint.last-week
  modicum ledger verify proof --key VKEY
  modicum ledger verify https://modicum.hospital.example/ledger --key VKEY --token token --task review-record

Exit status: 0 in order, 1 not in order (the first entry that is wrong is named), 2 wrong use, 3 it could not be read.`
}

// Run exits 1 and names the first entry that is wrong.
func (c *ledgerVerify) Run(t *terminal) error {
	keys, err := c.keys(t)
	if err != nil {
		return err
	}
	if err := verify.CheckKeys(keys...); err != nil {
		return usage("%w", err)
	}
	info, err := os.Stat(c.Where)
	switch {
	case err == nil && info.Mode().IsRegular():
		return c.proof(t, keys)
	case errors.Is(err, fs.ErrNotExist) && !c.remote(): // a slip of the pen is no broken record
		return usage("%s: there is no such folder or file", c.Where)
	}
	src, err := c.source()
	if err != nil {
		return err
	}
	o := verify.Options{Keys: keys}
	if c.Since != "" {
		if o.Since, err = os.ReadFile(c.Since); err != nil {
			return usage("%w", err)
		}
	}
	r, err := verify.Log(t.ctx, src, o)
	if err != nil {
		return unavailable("%w", err)
	}
	return c.say(t, r, r.OK, r.Problem, fmt.Sprintf("%s: %d entries, all in order, signed by %s", r.Origin, r.Size, r.Key))
}

// proof verifies one proof file.
func (c *ledgerVerify) proof(t *terminal, keys []string) error {
	info, err := os.Stat(c.Where)
	if err != nil || info.Size() > verify.MaxProof {
		return usage("%s is no proof file: it is larger than one can be", c.Where)
	}
	b, err := os.ReadFile(c.Where)
	if err != nil {
		return usage("%w", err)
	}
	r, err := verify.Proof(b, keys...)
	if err != nil {
		return usage("%w", err)
	}
	return c.say(t, r, r.OK, r.Problem, fmt.Sprintf("%s: entry %d of %d, signed by %s\n%s", r.Origin, r.Index, r.Size, r.Key, r.Entry))
}

// say prints the result; it is the exit status as well.
func (c *ledgerVerify) say(t *terminal, result any, ok bool, wrong *verify.Problem, text string) error {
	switch {
	case c.JSON:
		if err := printJSON(t, result); err != nil {
			return err
		}
	case ok:
		fmt.Fprintln(t.out, text)
	default:
		fmt.Fprintf(t.out, "%s %s\n", t.paint(red, "not in order:"), wrong)
	}
	if !ok {
		return &exitError{exitNo, nil}
	}
	return nil
}

// keys are those named, or that of the configuration.
func (c *ledgerVerify) keys(t *terminal) ([]string, error) {
	if len(c.Key) > 0 {
		return keysOf(c.Key)
	}
	cfg, _ := config.Load(c.Config, t.environ)
	if cfg == nil {
		return nil, usage("name the verification key of the log: --key VKEY; modicum init wrote it to ledger.vkey, and whoever runs the log gives it to auditors")
	}
	key, err := ledger.ReadKey(cfg.Ledger.Key)
	if err != nil {
		return nil, usage("%w", err)
	}
	return []string{key.Public()}, nil
}

func (c *ledgerVerify) remote() bool {
	return strings.HasPrefix(c.Where, "http://") || strings.HasPrefix(c.Where, "https://")
}

// source is a folder, or an address with the token that it asks for.
func (c *ledgerVerify) source() (verify.Source, error) {
	if !c.remote() {
		return verify.Folder(c.Where), nil
	}
	h := http.Header{}
	if c.Token != "" {
		b, err := os.ReadFile(c.Token)
		if err != nil {
			return nil, usage("%w", err)
		}
		h.Set("Authorization", "Bearer "+strings.TrimSpace(string(b)))
	}
	if c.Task != "" {
		h.Set("Modicum-Task", c.Task)
	}
	src, err := verify.URL(c.Where, h, nil)
	if err != nil {
		return nil, usage("%w", err)
	}
	return src, nil
}
