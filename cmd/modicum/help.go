package main

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"modicum/internal/config"
)

//go:embed help/*.txt
var topics embed.FS

// topicOrder is the order in which a newcomer reads them.
var topicOrder = []string{"tasks", "facts", "treatments", "doors", "record", "policy", "configuration"}

type helpCommand struct {
	What []string `arg:"" optional:"" help:"A topic (tasks, facts, treatments, doors, record, policy, configuration) or a command."`
}

// Help teaches by example.
func (c *helpCommand) Help() string {
	return `Examples:
  modicum help facts
  modicum help ledger search`
}

// Run prints a topic, or the help of a command.
func (c *helpCommand) Run(t *terminal) error {
	switch {
	case len(c.What) == 0:
		fmt.Fprintf(t.out, "Topics:\n%s\nmodicum help TOPIC explains one; modicum --help lists the commands.\n", topicList())
		return nil
	case len(c.What) == 1 && slices.Contains(topicOrder, c.What[0]):
		text, err := fs.ReadFile(topics, "help/"+c.What[0]+".txt")
		if err != nil {
			return err
		}
		// `policy` is a command as well; its topic says how that goes.
		if _, err = t.out.Write(text); err != nil || c.What[0] != "configuration" {
			return err
		}
		return table(t.out, keyRows())
	}
	if what := strings.Join(c.What, " "); slices.ContainsFunc(t.commands, func(k string) bool { return k == what || strings.HasPrefix(k, what+" ") }) {
		t.again(append(slices.Clone(c.What), "--help"))
		return nil
	}
	return usage("there is no topic or command %q%s", strings.Join(c.What, " "), meant(c.What[0], slices.Concat(topicOrder, t.commands)))
}

// keyRows lists every key with its variable, and its default or an example.
func keyRows() [][]string {
	var rows [][]string
	for _, k := range config.Keys() {
		value := k.Default
		switch {
		case k.Required:
			value = "required, such as " + k.Example
		case value == "":
			value = "none, such as " + k.Example
		}
		rows = append(rows, []string{"  " + k.Path, dash(k.Env()), value})
	}
	return rows
}

// topicList is a line for each topic: its name and its title.
func topicList() string {
	var b strings.Builder
	for _, name := range topicOrder {
		text, _ := fs.ReadFile(topics, "help/"+name+".txt") // embedded; a test reads each
		title, _, _ := strings.Cut(string(text), "\n")
		_, title, _ = strings.Cut(title, ": ")
		fmt.Fprintf(&b, "  %-14s %s\n", name, title)
	}
	return b.String()
}
