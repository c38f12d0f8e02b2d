package main

import (
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
	Dir string `arg:"" help:"Folder to make; it must be empty or not there." type:"path"`
}

// Help shows how it goes on.
func (c *initCommand) Help() string {
	return `Examples:
  modicum init ./hospital
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
	if err := c.fill(); err != nil {
		return unavailable("%w", err)
	}
	fmt.Fprintf(t.out, `%[1]s is ready:
  modicum.yaml   every key with a comment: set issuers and fhir.upstream first
  policy/        a sample policy to start from, not legal advice
  facts/         files of facts, read again when they change
  data/          record, store and keys (mode 0700)

Next:
  cd %[1]s
  modicum policy check policy
  modicum serve --check
  modicum serve
`, c.Dir)
	return nil
}

func (c *initCommand) fill() error {
	for _, dir := range []string{"", "policy", "facts", "data"} {
		if err := os.MkdirAll(filepath.Join(c.Dir, dir), 0o700); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(c.Dir, "modicum.yaml"), config.Example(), 0o644); err != nil {
		return err
	}
	if err := copyPolicy(filepath.Join(c.Dir, "policy")); err != nil {
		return err
	}
	if err := serve.CreateKeys(filepath.Join(c.Dir, "data", "keys")); err != nil {
		return err
	}
	secret, _, err := ledger.NewKey(exampleOrigin)
	if err != nil {
		return err
	}
	return ledger.WriteKey(filepath.Join(c.Dir, "data", "ledger.key"), secret)
}

// exampleOrigin is the origin that config.Example names.
const exampleOrigin = "modicum.hospital.example/main"

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
