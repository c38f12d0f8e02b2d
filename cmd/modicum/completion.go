package main

import (
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"modicum/catalog"
)

var (
	//go:embed completion/modicum.bash
	bashScript string
	//go:embed completion/modicum.zsh
	zshScript string
	//go:embed completion/modicum.fish
	fishScript string
)

type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Help says where the script goes.
func (c *completionCommand) Help() string {
	return `Examples:
  source <(modicum completion bash)                                    this shell
  modicum completion bash > /etc/bash_completion.d/modicum             every shell
  modicum completion zsh > "${fpath[1]}/_modicum"
  modicum completion fish > ~/.config/fish/completions/modicum.fish`
}

// Run prints the script of the shell. It asks this binary for the words, so
// that it knows every command that the binary knows.
func (c *completionCommand) Run(t *terminal) error {
	_, err := fmt.Fprint(t.out, map[string]string{"bash": bashScript, "zsh": zshScript, "fish": fishScript}[c.Shell])
	return err
}

// completeCommand is what the scripts call.
type completeCommand struct {
	Words []string `arg:"" optional:"" passthrough:"all" help:"The words of the line so far; the last is the one to complete."`
}

// Run prints the words that may stand where the last one stands.
func (c *completeCommand) Run(t *terminal, app *kong.Kong) error {
	words := c.Words
	if len(words) > 0 && words[0] == "--" {
		words = words[1:]
	}
	last := ""
	if len(words) > 0 {
		last, words = words[len(words)-1], words[:len(words)-1]
	}
	for _, w := range candidates(app.Model.Node, words, last) {
		if strings.HasPrefix(w, last) {
			fmt.Fprintln(t.out, w)
		}
	}
	return nil
}

// candidates follows the words before down the tree of commands.
func candidates(n *kong.Node, before []string, last string) []string {
	var value *kong.Flag // whose value comes next
	args := 0
	for _, w := range before {
		switch child := childOf(n, w); {
		case value != nil:
			value = nil
		case strings.HasPrefix(w, "-"):
			value = flagOf(n, w)
		case child != nil:
			n, args = child, 0
		default:
			args++
		}
	}
	switch {
	case value != nil:
		return valuesOf(value.Value)
	case strings.HasPrefix(last, "-"):
		return flagsOf(n)
	case len(n.Children) > 0:
		return childrenOf(n)
	case args < len(n.Positional):
		return valuesOf(n.Positional[args])
	case n.Name == "help" || len(n.Positional) > 0 && n.Positional[len(n.Positional)-1].IsCumulative():
		return valuesOf(n.Positional[len(n.Positional)-1])
	}
	return nil
}

func childOf(n *kong.Node, word string) *kong.Node {
	for _, c := range n.Children {
		if c.Name == word && c.Type == kong.CommandNode {
			return c
		}
	}
	return nil
}

func childrenOf(n *kong.Node) []string {
	var out []string
	for _, c := range n.Children {
		if c.Type == kong.CommandNode && !c.Hidden {
			out = append(out, c.Name)
		}
	}
	return out
}

// flagOf returns the flag whose value is the next word, nil where it has none.
func flagOf(n *kong.Node, word string) *kong.Flag {
	for _, group := range n.AllFlags(false) {
		for _, f := range group {
			if "--"+f.Name == word && !f.IsBool() {
				return f
			}
		}
	}
	return nil
}

func flagsOf(n *kong.Node) []string {
	var out []string
	for _, group := range n.AllFlags(true) {
		for _, f := range group {
			out = append(out, "--"+f.Name)
		}
	}
	return out
}

// valuesOf lists what a value may be, as far as that can be told without a
// configuration; the shell adds names of files where nothing is listed.
func valuesOf(v *kong.Value) []string {
	if v.Enum != "" {
		return strings.Split(v.Enum, ",")
	}
	switch v.Name {
	case "word":
		return catalogWords()
	case "as", "role":
		return rolesIn("policy")
	case "what":
		return topicOrder
	}
	return nil
}

func catalogWords() []string {
	cat := catalog.R4()
	var out []string
	for _, c := range cat.Classes() {
		out = append(out, c.Name)
	}
	for _, t := range cat.Types() {
		out = append(out, cat.TypeName(t))
	}
	slices.Sort(out)
	return out
}

// rolesIn lists the roles of the policy in a folder: each file is named after its role.
func rolesIn(dir string) []string {
	files, err := os.ReadDir(filepath.Join(dir, "roles"))
	if err != nil {
		return nil
	}
	var out []string
	for _, f := range files {
		if name, ok := strings.CutSuffix(f.Name(), ".yaml"); ok {
			out = append(out, name)
		}
	}
	return out
}
