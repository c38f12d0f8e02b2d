package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"modicum"
	"modicum/internal/config"
	"modicum/internal/serve"
	"modicum/ledger"
)

type initCommand struct {
	Dir    string `arg:"" help:"Folder to make; it must be empty or not there."`
	Origin string `help:"Name of the log of its record; it stays for as long as the record does." default:"modicum.hospital.example/main" placeholder:"NAME"`
	JSON   bool   `help:"Print one JSON object."`
}

// Help shows how it goes on.
func (c *initCommand) Help() string {
	return `Makes modicum.yaml with a comment for every key, a sample policy, and keys (mode 0600). It
makes all of it or nothing, and refuses a folder that is not empty.

Examples:
  modicum init hospital
  modicum init hospital --origin modicum.myhospital.org/main
  cd hospital && modicum serve --check`
}

// Run makes an installation and says which three commands come next.
func (c *initCommand) Run(t *terminal) error {
	entries, err := os.ReadDir(c.Dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return usage("%w", err)
	}
	if len(entries) > 0 {
		return usage("%s is not empty; name a new folder", c.Dir)
	}
	secret, public, err := ledger.NewKey(c.Origin)
	if err != nil {
		return usage("--origin: %w", err)
	}
	if err := c.make(secret, public); err != nil {
		return unavailable("%w", err)
	}
	if c.JSON {
		return printJSON(t, map[string]string{"dir": c.Dir, "origin": c.Origin, "verification_key": public})
	}
	c.say(t, public)
	return nil
}

func (c *initCommand) say(t *terminal, public string) {
	fmt.Fprintf(t.out, `%[1]s is ready:
  modicum.yaml   every key with a comment: set issuers and fhir.upstream first
  policy/        a sample policy to start from, not legal advice
  facts/         files of facts, read again when they change
  data/          record, store and keys (mode 0700): back it up as one
  ledger.vkey    what auditors verify the record with:
                 %[2]s

Next:
  cd %[1]s
  modicum serve --check
  modicum serve
`, c.Dir, public)
}

// make fills a folder of its own and moves it to its place when it is whole: who
// starts it finds all of it or nothing.
func (c *initCommand) make(secret, public string) error {
	dir := filepath.Clean(c.Dir)
	if _, err := os.Stat(dir); err == nil {
		return c.into(dir, secret, public)
	}
	parent := filepath.Dir(dir)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return err
	}
	tmp, err := filled(parent, c.Origin, secret, public)
	if err != nil {
		return err
	}
	if err := os.Rename(tmp, dir); err != nil {
		return errors.Join(err, os.RemoveAll(tmp))
	}
	return syncFolder(parent)
}

// into fills an empty folder that is there, which may be a mounted volume or the
// folder that the person stands in: it stays what it is.
func (c *initCommand) into(dir, secret, public string) error {
	tmp, err := filled(dir, c.Origin, secret, public)
	if err != nil {
		return err
	}
	entries, err := os.ReadDir(tmp)
	for _, e := range entries {
		err = errors.Join(err, os.Rename(filepath.Join(tmp, e.Name()), filepath.Join(dir, e.Name())))
	}
	return errors.Join(err, os.Remove(tmp), syncFolder(dir))
}

// filled returns a new folder below parent with all of an installation.
func filled(parent, origin, secret, public string) (string, error) {
	tmp, err := os.MkdirTemp(parent, ".modicum-init-")
	if err != nil {
		return "", err
	}
	if err := fill(tmp, origin, secret, public); err != nil {
		return "", errors.Join(err, os.RemoveAll(tmp))
	}
	return tmp, nil
}

func fill(dir, origin, secret, public string) error {
	for _, sub := range []string{"policy", "facts", "data"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return err
		}
	}
	text := bytes.Replace(config.Example(), []byte("modicum.hospital.example/main"), []byte(origin), 1)
	if err := os.WriteFile(filepath.Join(dir, "modicum.yaml"), text, 0o644); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "ledger.vkey"), []byte(public+"\n"), 0o644); err != nil {
		return err
	}
	if err := copyPolicy(filepath.Join(dir, "policy")); err != nil {
		return err
	}
	if err := serve.CreateKeys(filepath.Join(dir, "data", "keys")); err != nil {
		return err
	}
	return ledger.WriteKey(filepath.Join(dir, "data", "ledger.key"), secret)
}

func copyPolicy(to string) error {
	from := modicum.SamplePolicy()
	return fs.WalkDir(from, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := filepath.Join(to, filepath.FromSlash(path))
		if d.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		b, err := fs.ReadFile(from, path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, b, 0o644)
	})
}
