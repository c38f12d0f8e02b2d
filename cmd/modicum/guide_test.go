package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var updateGuides = flag.Bool("update", false, "rewrite what commands print in the guides")

// TestGuides runs the guides: a fenced block `yaml file=NAME` is a file of the
// reader's folder, and each `$ modicum ...` of a fenced block `console` is typed
// there; what is printed must be what the guide shows.
func TestGuides(t *testing.T) {
	for _, name := range []string{"policy-guide.md", "cli.md"} {
		t.Run(name, func(t *testing.T) {
			path, err := filepath.Abs("../../docs/" + name)
			if err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			g := &guide{t: t}
			t.Chdir(t.TempDir())
			got := fence.ReplaceAllFunc(text, g.block)
			if g.typed == 0 || g.files == 0 {
				t.Errorf("%d files written, %d commands typed: the guide is not read", g.files, g.typed)
			}
			switch {
			case bytes.Equal(got, text):
			case *updateGuides:
				if err := os.WriteFile(path, got, 0o644); err != nil {
					t.Fatal(err)
				}
			default:
				t.Error("stale; look at what changed: go test ./cmd/modicum -run Guides -update && git diff docs")
			}
		})
	}
}

var fence = regexp.MustCompile("(?ms)^```(\\w+)([^\n]*)\n(.*?)^```$")

type guide struct {
	t            *testing.T
	files, typed int
}

// block writes or runs one fenced block and returns it as it should be.
func (g *guide) block(block []byte) []byte {
	m := fence.FindSubmatch(block)
	kind, info, text := string(m[1]), string(m[2]), string(m[3])
	if name, ok := strings.CutPrefix(strings.TrimSpace(info), "file="); ok {
		g.files++
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			g.t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			g.t.Fatal(err)
		}
		return block
	}
	if kind != "console" {
		return block
	}
	return fmt.Appendf(nil, "```console%s\n%s```", info, g.console(text))
}

// console types the commands of a block; the rest is what they print.
func (g *guide) console(text string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		if typed, ok := strings.CutPrefix(line, "$ modicum"); ok {
			out.WriteString(line)
			out.WriteString(g.run(strings.TrimSpace(typed)))
		}
	}
	return out.String()
}

// run types one command; `< FILE` is its standard input.
func (g *guide) run(typed string) string {
	g.typed++
	typed, input, _ := strings.Cut(typed, " < ")
	in := []byte{}
	if input != "" {
		var err error
		if in, err = os.ReadFile(strings.TrimSpace(input)); err != nil {
			g.t.Fatal(err)
		}
	}
	var b bytes.Buffer
	status := run(g.t.Context(), words(typed), nil, bytes.NewReader(in), &b, &b)
	if status != exitYes {
		fmt.Fprintf(&b, "[exit status %d]\n", status)
	}
	return b.String()
}

// words splits as a shell does, as far as the guides need it.
func words(s string) []string {
	var out []string
	for _, m := range regexp.MustCompile(`'([^']*)'|"([^"]*)"|(\S+)`).FindAllStringSubmatch(s, -1) {
		out = append(out, m[1]+m[2]+m[3])
	}
	return out
}

// TestReadmeIsTyped: every modicum that the README types names commands and flags
// that exist.
func TestReadmeIsTyped(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?:\\.{1,2}/|run \\./cmd/)modicum ([^\n`#]*)").FindAllStringSubmatch(string(text), -1)
	if len(found) < 8 {
		t.Errorf("only %d commands are found", len(found))
	}
	for _, m := range found {
		m[1], _, _ = strings.Cut(m[1], ")\"") // what follows is of the command around it
		if err := parses(t, words(m[1])); err != nil {
			t.Errorf("modicum %s: %v", m[1], err)
		}
	}
}

// TestEveryCommandIsDocumented: docs/cli.md has a row for each.
func TestEveryCommandIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range leaves(t) {
		if row := "| `modicum " + strings.Join(c, " "); !strings.Contains(string(text), row) {
			t.Errorf("docs/cli.md has no row for modicum %s", strings.Join(c, " "))
		}
	}
}

// TestExamplesAreTyped: every `modicum ...` of a topic or a command's help names
// commands and flags that exist.
func TestExamplesAreTyped(t *testing.T) {
	var help bytes.Buffer
	for _, topic := range topicOrder {
		run(t.Context(), []string{"help", topic}, nil, strings.NewReader(""), &help, &help)
	}
	for _, c := range leaves(t) {
		var b bytes.Buffer
		run(t.Context(), append(c, "--help"), nil, strings.NewReader(""), &b, &b)
		if !strings.Contains(b.String(), "Examples:") && strings.Join(c, " ") != "version" {
			t.Errorf("modicum %s --help teaches nothing by example", strings.Join(c, " "))
		}
		help.Write(b.Bytes())
	}
	examples := regexp.MustCompile(`(?m)(?:^ {2,}|\| |<\(|&& )(?:\w+=\S+ )*modicum ([^\n|>]*)`).FindAllStringSubmatch(help.String(), -1)
	if len(examples) < 60 {
		t.Errorf("only %d examples are found", len(examples))
	}
	for _, m := range examples {
		typed, _, _ := strings.Cut(m[1], "  ")
		typed, _, _ = strings.Cut(typed, " <")
		typed = strings.TrimRight(strings.TrimSpace(typed), ")")
		if err := parses(t, words(typed)); err != nil {
			t.Errorf("modicum %s: %v", typed, err)
		}
	}
}

func leaves(t *testing.T) [][]string {
	t.Helper()
	parser, err := newParser(&terminal{out: io.Discard, err: io.Discard}, func() {})
	if err != nil {
		t.Fatal(err)
	}
	var out [][]string
	for _, n := range parser.Model.Leaves(true) {
		out = append(out, strings.Fields(strings.TrimPrefix(n.Path(), "modicum ")))
	}
	return out
}

// parses reports what is wrong with a command line, files that are not there aside.
func parses(t *testing.T, args []string) error {
	t.Helper()
	helped := false
	parser, err := newParser(&terminal{out: io.Discard, err: io.Discard}, func() { helped = true })
	if err != nil {
		t.Fatal(err)
	}
	_, err = parser.Parse(args)
	if helped || err == nil || strings.Contains(err.Error(), "no such file or directory") {
		return nil
	}
	return err
}
