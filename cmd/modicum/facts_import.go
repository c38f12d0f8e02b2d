package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"modicum/internal/config"
	"modicum/internal/durable"
	"modicum/internal/facts"
)

// maxImport is the largest file that import takes, in bytes: it is held in memory
// until it is known to be in order.
const maxImport = 1 << 30

type factsImport struct {
	File   string `arg:"" help:"File of facts (NDJSON); - is standard input."`
	Name   string `help:"Name that it gets in the folder of facts; the file's own otherwise." placeholder:"NAME"`
	Check  bool   `help:"Only say whether it is in order."`
	Config string `default:"modicum.yaml" env:"MODICUM_CONFIG" help:"Configuration file."`
	JSON   bool   `help:"Print one JSON object."`
}

// Help teaches by example.
func (c *factsImport) Help() string {
	return `Checks every line against the policy in force. A file with problems is refused whole, and
the facts in force stay. Otherwise it is put into the folder that facts.files names, in
one step; a file of the same name there is replaced. A running server reads it within
two seconds.

Examples:
  modicum facts import --check adt.ndjson        every problem, with its line
  modicum facts import adt.ndjson
  extract-roster | modicum facts import - --name roster.ndjson

Exit status: 0 taken (or in order), 1 it has problems and nothing was done.`
}

// imported is the result for programs.
type imported struct {
	OK       bool            `json:"ok"`
	Facts    int             `json:"facts"`
	Sources  []sourceCount   `json:"sources,omitempty"`
	File     string          `json:"file,omitempty"` // where it lies now
	Replaced bool            `json:"replaced,omitzero"`
	Problems []facts.Problem `json:"problems,omitempty"`
}

type sourceCount struct {
	Source string `json:"source"`
	Facts  int    `json:"facts"`
	Whole  bool   `json:"whole"`
	Holds  int    `json:"holds"` // now
}

// Run takes the file whole or not at all.
func (c *factsImport) Run(t *terminal) error {
	cfg, err := configured(t, c.Config)
	if err != nil {
		return err
	}
	voc, _, err := vocabularyOf(cfg)
	if err != nil {
		return err
	}
	body, name, err := c.body(t)
	if err != nil {
		return err
	}
	out := c.judge(voc, name, body)
	if out.OK && !c.Check {
		if err := c.put(cfg, body, out); err != nil {
			return err
		}
	}
	if c.JSON {
		err = printJSON(t, out)
	} else {
		c.say(t, out)
	}
	if err == nil && !out.OK {
		return &exitError{exitNo, fmt.Errorf("%s: %s; %w", name, plural(len(out.Problems), "problem"), errProblems)}
	}
	return err
}

// body reads what is to be imported, and how it is called.
func (c *factsImport) body(t *terminal) ([]byte, string, error) {
	if c.Name == "" {
		c.Name = filepath.Base(c.File)
	}
	if c.File == "-" {
		if c.Name == "-" && !c.Check {
			return nil, "", usage("standard input has no name: give one with --name, such as --name roster.ndjson")
		}
		body, err := io.ReadAll(io.LimitReader(t.in, maxImport+1))
		if err != nil {
			return nil, "", unavailable("standard input could not be read to its end")
		}
		return sized(body, "standard input")
	}
	f, err := os.Open(c.File)
	if err != nil {
		return nil, "", usage("%w", err)
	}
	defer f.Close()
	body, err := io.ReadAll(io.LimitReader(f, maxImport+1))
	if err != nil {
		return nil, "", usage("%w", err)
	}
	return sized(body, c.File)
}

func sized(body []byte, name string) ([]byte, string, error) {
	if len(body) > maxImport {
		return nil, "", usage("%s is larger than %d bytes: split it by source, or have a program post it", name, maxImport)
	}
	return body, name, nil
}

// judge checks every line, and counts what would hold now.
func (c *factsImport) judge(voc *facts.Vocabulary, name string, body []byte) *imported {
	now := time.Now()
	n, problems := facts.CheckFile(voc, name, bytes.NewReader(body), now)
	out := &imported{OK: len(problems) == 0, Facts: n, Problems: problems}
	if !out.OK {
		return out
	}
	ix := tried(voc, body, now)
	if ix == nil {
		return out // in order; not counted by source
	}
	counts := map[int]*sourceCount{}
	ix.List(now, true, func(l facts.Listed) bool {
		if counts[l.Source] == nil {
			counts[l.Source] = &sourceCount{}
		}
		counts[l.Source].Facts++
		if l.Permits {
			counts[l.Source].Holds++
		}
		return true
	})
	for i, s := range ix.Sources(now) {
		if one := counts[i]; one != nil || !s.NeverWhole {
			if one == nil {
				one = &sourceCount{}
			}
			one.Source, one.Whole = s.Name, !s.NeverWhole
			out.Sources = append(out.Sources, *one)
		}
	}
	return out
}

// tried takes the body as if it had just been learned, in memory; nil where it is
// larger than what is tried.
func tried(voc *facts.Vocabulary, body []byte, now time.Time) *facts.Index {
	if len(body) > facts.MaxBody {
		return nil
	}
	const me = "import"
	mine := *voc
	mine.Sources = slices.Clone(voc.Sources)
	for i := range mine.Sources {
		mine.Sources[i].Programs = []string{me}
	}
	s := facts.NewStore(&mine, func() (time.Time, bool) { return now, true }, nil)
	if _, _, err := s.State(me, true, body, func(facts.Act) error { return nil }); err != nil {
		return nil
	}
	return s.Index()
}

// put writes the file into the folder of facts in one step.
func (c *factsImport) put(cfg *config.Config, body []byte, out *imported) error {
	dir, err := c.place(cfg)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, c.Name)
	_, err = os.Lstat(path)
	out.Replaced = err == nil
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return unavailable("%w", err)
	}
	if err := durable.Replace(path, body, 0o600); err != nil { // facts name patients
		return unavailable("%w", err)
	}
	out.File = path
	return nil
}

// place is the folder of the first pattern of facts.files that the name fits.
func (c *factsImport) place(cfg *config.Config) (string, error) {
	if c.Name != filepath.Base(c.Name) || strings.HasPrefix(c.Name, ".") {
		return "", usage("--name must be the name of a file, without a folder or a dot before it")
	}
	for _, pattern := range cfg.Facts.Files {
		fits, _ := filepath.Match(filepath.Base(pattern), c.Name)
		if !fits {
			continue
		}
		dirs, _ := filepath.Glob(filepath.Dir(pattern))
		if len(dirs) == 1 {
			return dirs[0], nil
		}
	}
	if len(cfg.Facts.Files) == 0 {
		return "", usage("%s names no files of facts: write facts: {files: [facts/*.ndjson]}", c.Config)
	}
	return "", usage("%s fits no pattern of facts.files in %s, or its folder is not there: %s; rename it with --name", c.Name, c.Config, strings.Join(cfg.Facts.Files, ", "))
}

func (c *factsImport) say(t *terminal, out *imported) {
	for _, p := range out.Problems {
		fmt.Fprintln(t.out, p.Error())
	}
	if !out.OK {
		return
	}
	for _, s := range out.Sources {
		whole := ""
		if s.Whole {
			whole = ", its entire content"
		}
		fmt.Fprintf(t.out, "%s: %s%s; %d hold now\n", s.Source, plural(s.Facts, "fact"), whole, s.Holds)
	}
	switch {
	case out.File == "":
		fmt.Fprintf(t.out, "%s in order; nothing was done\n", plural(out.Facts, "fact"))
	case out.Replaced:
		fmt.Fprintf(t.out, "%s replaced; a running server reads it within two seconds\n", short(out.File))
	default:
		fmt.Fprintf(t.out, "%s written; a running server reads it within two seconds\n", short(out.File))
	}
}
