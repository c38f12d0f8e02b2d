package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"modicum"
	"modicum/internal/config"
	"modicum/internal/durable"
	"modicum/internal/serve"
	"modicum/ledger"
)

type initCommand struct {
	Dir      string `arg:"" help:"Folder to make; it must be empty or not there."`
	Origin   string `help:"Name of the log of its record; it stays for as long as the record does." default:"modicum.hospital.example/main" placeholder:"NAME"`
	Passkeys bool   `help:"Leave identity providers out: people sign in with passkeys of the console."`
	Upstream string `help:"Base address of your FHIR R4 server, for fhir.upstream." placeholder:"URL"`
	JSON     bool   `help:"Print one JSON object."`
}

// Help shows how it goes on.
func (c *initCommand) Help() string {
	return `Makes modicum.yaml with a comment for every key, a sample policy, and keys (mode 0600). It
makes all of it or nothing, and refuses a folder that is not empty.

Examples:
  modicum init hospital
  modicum init hospital --passkeys --upstream http://127.0.0.1:8090/fhir
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
	if u, err := url.Parse(c.Upstream); c.Upstream != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.ContainsAny(c.Upstream, " #\n")) {
		return usage("--upstream wants the base address of a FHIR R4 server, such as http://127.0.0.1:8090/fhir")
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
  modicum.yaml   every key with a comment%[3]s
  policy/        a sample policy to start from, not legal advice
  facts/         files of facts, read again when they change
  data/          record, store and keys (mode 0700): back it up as one
  ledger.vkey    what auditors verify the record with:
                 %[2]s

Next:
  cd %[1]s
  %[4]s serve --check
  %[4]s serve
`, c.Dir, public, c.left(), calledFrom(os.Args[0], c.Dir))
}

// calledFrom is how the person who typed arg0 types it again within dir: what was found
// on the path still is, what lies beside them does not lie there.
func calledFrom(arg0, dir string) string {
	if filepath.IsAbs(arg0) || !strings.ContainsRune(filepath.ToSlash(arg0), '/') || filepath.IsAbs(dir) {
		return "modicum"
	}
	back, err := filepath.Rel(dir, arg0)
	if err != nil {
		return "modicum"
	}
	return filepath.ToSlash(back)
}

// left is what of the configuration must be written before it serves.
func (c *initCommand) left() string {
	var todo []string
	if !c.Passkeys {
		todo = append(todo, "issuers")
	}
	if c.Upstream == "" {
		todo = append(todo, "fhir.upstream")
	}
	if len(todo) == 0 {
		return ""
	}
	return ": set " + strings.Join(todo, " and ") + " first"
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
	tmp, err := c.filled(parent, secret, public)
	if err != nil {
		return err
	}
	if err := os.Rename(tmp, dir); err != nil {
		return errors.Join(err, os.RemoveAll(tmp))
	}
	return durable.Folder(parent)
}

// into fills an empty folder that is there, which may be a mounted volume or the
// folder that the person stands in: it stays what it is.
func (c *initCommand) into(dir, secret, public string) error {
	tmp, err := c.filled(dir, secret, public)
	if err != nil {
		return err
	}
	entries, err := os.ReadDir(tmp)
	for _, e := range entries {
		err = errors.Join(err, os.Rename(filepath.Join(tmp, e.Name()), filepath.Join(dir, e.Name())))
	}
	return errors.Join(err, os.Remove(tmp), durable.Folder(dir))
}

// filled returns a new folder below parent with all of an installation.
func (c *initCommand) filled(parent, secret, public string) (string, error) {
	tmp, err := os.MkdirTemp(parent, ".modicum-init-")
	if err != nil {
		return "", err
	}
	if err := c.fill(tmp, secret, public); err != nil {
		return "", errors.Join(err, os.RemoveAll(tmp))
	}
	return tmp, nil
}

// configuration is the example, with what was said on the command line.
func (c *initCommand) configuration() []byte {
	text := bytes.Replace(config.Example(), []byte("modicum.hospital.example/main"), []byte(c.Origin), 1)
	if c.Upstream != "" {
		text = bytes.Replace(text, []byte("upstream: http://127.0.0.1:8090/fhir"), []byte("upstream: "+c.Upstream), 1)
	}
	if !c.Passkeys {
		return text
	}
	lines := strings.SplitAfter(string(text), "\n")
	from := slices.Index(lines, "issuers:\n")
	for i := from; i >= 0 && i < len(lines) && strings.TrimSpace(lines[i]) != ""; i++ {
		if !strings.HasPrefix(strings.TrimSpace(lines[i]), "#") {
			lines[i] = "# " + lines[i]
		}
	}
	return []byte(strings.Join(lines, ""))
}

func (c *initCommand) fill(dir, secret, public string) error {
	for _, sub := range []string{"policy", "facts", "data"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "modicum.yaml"), c.configuration(), 0o644); err != nil {
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
