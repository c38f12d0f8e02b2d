package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"modicum/internal/client"
)

// mostPeople is the largest file of people, in bytes.
const mostPeople = 8 << 20

type peopleImport struct {
	File   string `arg:"" help:"File of people, CSV or NDJSON; - is standard input." type:"path"`
	Check  bool   `help:"Only say what it would do."`
	Yes    bool   `help:"Do not ask; for scripts."`
	online `embed:""`
}

// Help teaches by example.
func (c *peopleImport) Help() string {
	return `CSV names its columns first: user_name,name,mail,title,department,facility,manager,roles,
roles separated by blanks; NDJSON has the same names, roles as a list. The file is taken
whole or not at all, every problem comes with its line, and who is there already stays as
they are. Roles that are rights over others wait for a second person.

Examples:
  modicum people import staff.csv --check
  modicum people import staff.csv
  modicum people import staff.ndjson --yes` + fresh
}

// Run shows what the file would do, asks, and does it.
func (c *peopleImport) Run(t *terminal) error {
	text, err := t.wholeFile(c.File, mostPeople)
	if err != nil {
		return err
	}
	api, err := c.open(t)
	if err != nil {
		return err
	}
	would, err := api.Import(t.ctx, text, true)
	if err != nil || c.Check {
		return c.told(t, would, "Would add", err)
	}
	if !c.Yes {
		fmt.Fprintf(t.err, "%s\n", importWords(would, "Would add"))
	}
	if err := t.confirm(c.Yes, "Add them?"); err != nil {
		return err
	}
	done, err := api.Import(t.ctx, text, false)
	return c.told(t, done, "Added", err)
}

func (c *peopleImport) told(t *terminal, done client.Imported, word string, err error) error {
	if err != nil {
		return over(err)
	}
	return c.say(t, done, "%s", importWords(done, word))
}

func importWords(d client.Imported, word string) string {
	out := word + " " + persons(d.Added)
	if len(d.People) > 0 {
		out += ": " + shown(d.People[:min(len(d.People), 10)])
		if len(d.People) > 10 {
			out += ", ..."
		}
	}
	if len(d.There) > 0 {
		out += fmt.Sprintf("; %d there already", len(d.There))
	}
	if d.Proposed > 0 {
		out += "; " + plural(d.Proposed, "role") + " for a second person to agree to"
	}
	return out
}

func persons(n int) string {
	if n == 1 {
		return "1 person"
	}
	return fmt.Sprintf("%d people", n)
}

// wholeFile reads a file, or standard input for "-".
func (t *terminal) wholeFile(name string, most int64) (string, error) {
	in := t.in
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return "", usage("%w", err)
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, most+1))
	switch {
	case err != nil:
		return "", usage("%s cannot be read", short(name))
	case int64(len(text)) > most:
		return "", usage("%s is larger than %d MiB", short(name), most>>20)
	}
	return string(text), nil
}

// twoIDs names two ids.
type twoIDs struct {
	ID    string `arg:"" help:"Id of a person."`
	Other string `arg:"" help:"Another id of the same human being."`
}

type peopleLink struct {
	twoIDs `embed:""`
	online `embed:""`
}

// Help teaches by example.
func (c *peopleLink) Help() string {
	return `Nobody approves for themselves under another of their ids. A shared mail address links too.

Examples:
  modicum people link bob clinic/bob` + fresh
}

// Run links.
func (c *peopleLink) Run(t *terminal) error {
	api, err := c.open(t)
	if err != nil {
		return err
	}
	if err := api.Link(t.ctx, c.ID, c.Other); err != nil {
		return over(err)
	}
	return c.say(t, map[string]string{"person": c.ID, "same": c.Other}, "They are one human being now.")
}

type peopleUnlink struct {
	twoIDs `embed:""`
	online `embed:""`
}

// Help teaches by example.
func (c *peopleUnlink) Help() string {
	return `Not for oneself: somebody else who runs people does it.

Examples:
  modicum people unlink bob clinic/bob` + fresh
}

// Run parts.
func (c *peopleUnlink) Run(t *terminal) error {
	api, err := c.open(t)
	if err != nil {
		return err
	}
	if err := api.Unlink(t.ctx, c.ID, c.Other); err != nil {
		return over(err)
	}
	return c.say(t, map[string]string{"person": c.ID, "other": c.Other}, "They are two people again, unless they share a mail address.")
}

type peopleEntrust struct {
	ID     string `arg:"" help:"Id of the person."`
	online `embed:""`
}

// Help teaches by example.
func (c *peopleEntrust) Help() string {
	return `Provisioning (SCIM) finds them by user name from then on, and changes and ends them. What
they hold stays. Said of somebody whom it looks after already, it says that their page was
written here: their name alone then opens no right over others (docs/sign-in.md).

Examples:
  modicum people entrust bob` + fresh
}

// Run entrusts.
func (c *peopleEntrust) Run(t *terminal) error {
	api, err := c.open(t)
	if err != nil {
		return err
	}
	if err := api.Entrust(t.ctx, c.ID); err != nil {
		return over(err)
	}
	return c.say(t, map[string]string{"entrusted": c.ID}, "Provisioning looks after them now.")
}

type peoplePrograms struct {
	online `embed:""`
}

// Help teaches by example.
func (c *peoplePrograms) Help() string {
	return `Yours, or all where you run people. What stands out: unused (for 90 days), wide (scopes
wider than the task), no-key, key-ends and ends (within 14 days), owner-gone.

Examples:
  modicum people programs
  modicum people programs --json` + reading
}

// Run lists programs.
func (c *peoplePrograms) Run(t *terminal) error {
	api, err := c.open(t)
	if err != nil {
		return err
	}
	found, err := api.Programs(t.ctx)
	if err != nil {
		return over(err)
	}
	if c.JSON {
		return printJSON(t, map[string]any{"programs": found})
	}
	rows := [][]string{}
	for _, p := range found {
		state, used := "runs", "never used"
		if !p.Active {
			state = "stopped"
		}
		if p.LastUse != nil {
			used = "used " + stamp(*p.LastUse)
		}
		rows = append(rows, []string{client.Plain(p.ID), client.Plain(p.Title), client.Plain(p.Owner), state, used, strings.Join(p.StandsOut, " ")})
	}
	return tableOr(t.out, rows, "There is no program yet: modicum people add-program --help")
}

type peopleHandOver struct {
	Program string `arg:"" help:"Id of the program."`
	To      string `required:"" help:"Id of its new owner." placeholder:"ID"`
	online  `embed:""`
}

// Help teaches by example.
func (c *peopleHandOver) Help() string {
	return `Its keys end: the new owner registers theirs. Of a leaver, modicum people deactivate
--heir hands all of them over at once.

Examples:
  modicum people hand-over nightly-claims --to rita` + fresh
}

// Run hands over.
func (c *peopleHandOver) Run(t *terminal) error {
	api, err := c.open(t)
	if err != nil {
		return err
	}
	if err := api.HandOver(t.ctx, c.Program, c.To); err != nil {
		return over(err)
	}
	return c.say(t, map[string]string{"program": c.Program, "owner": c.To}, "Handed over. Its keys have ended; the new owner registers theirs: modicum keys add")
}
