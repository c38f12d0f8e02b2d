package demo

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"modicum/internal/sandbox"
)

// cast is who stands in the story, and the head of their column.
var cast = []struct{ id, head string }{
	{"alice", "physician"}, {"nina", "nurse"}, {"bob", "billing"}, {"fay", "front desk"},
	{"ivan", "IT"}, {"rosa", "researcher"}, {"dan", "no relation"},
}

// tell tells the story on one screen.
func (d *demo) tell(ctx context.Context) error {
	chart, err := d.chart(ctx, d.patient)
	if err != nil {
		return err
	}
	chart = told(chart)
	d.print("%s\n", d.bold("Modicum: everybody gets the least patient data that the task in front of them needs"))
	d.print("%s, asked for by seven people through %s/fhir:\n", d.patientName(&chart[0]), d.public)
	views, err := d.table(ctx, chart)
	if err != nil {
		return err
	}
	if err := d.oneAnswer(ctx, &chart[0], &views["bob"][0]); err != nil {
		return err
	}
	return d.invite()
}

// told are the records of a chart that the story is about, the cover sheet first.
func told(chart []record) []record {
	about := []int{0}
	for i := range kinds {
		if at := kinds[i].of(chart); at >= 0 && !slices.Contains(about, at) {
			about = append(about, at)
		}
	}
	slices.Sort(about) // types together, as in the chart
	out := make([]record, len(about))
	for i, at := range about {
		out[i] = chart[at]
	}
	return out
}

// patientName names the patient of the story; one of another server by id alone.
func (d *demo) patientName(cover *record) string {
	if d.Upstream != "" {
		return "Patient " + d.patient + " of " + d.upstream
	}
	return gist(cover.tree.at("name")) + " (" + d.patient + ")"
}

func (d *demo) print(format string, args ...any) { fmt.Fprintf(d.Out, format, args...) }

func (d *demo) bold(s string) string { return d.colored("1", s) }

func (d *demo) colored(code, s string) string {
	if !d.Color {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// colors of the fates, as a terminal knows them.
var colors = map[fate]string{kept: "32", inPart: "32", masked: "33", last4: "33", coarser: "33", notShown: "90", notThere: "90", refused: "31"}

// table prints what each of the cast gets of each kind of data.
func (d *demo) table(ctx context.Context, chart []record) (map[string][]seen, error) {
	views, err := d.lookAll(ctx, chart)
	if err != nil {
		return nil, err
	}
	d.print("%-23s", "")
	for _, c := range cast {
		d.print("%-11s", c.head)
	}
	d.print("\n")
	for i := range kinds {
		k := &kinds[i]
		at := k.of(chart)
		if at < 0 {
			continue // another server's patient has none
		}
		d.print("%-23s", k.title)
		for _, c := range cast {
			f := k.fate(&views[c.id][at])
			d.print("%s", d.colored(colors[f], fmt.Sprintf("%-11s", f)))
		}
		d.print("\n")
	}
	d.print("%s\n\n", d.colored("90", "masked: a mark, whether or not there is a value. not shown: left out of a record that is there.\nnot there: just like a record that does not exist. refused: the request, whatever the record holds."))
	return views, nil
}

// lookAll asks as the whole cast, side by side.
func (d *demo) lookAll(ctx context.Context, chart []record) (map[string][]seen, error) {
	all, errs := make([][]seen, len(cast)), make([]error, len(cast))
	var asking sync.WaitGroup
	for i, c := range cast {
		asking.Go(func() { all[i], errs[i] = d.look(ctx, d.person(c.id), chart) })
	}
	asking.Wait()
	views := make(map[string][]seen, len(cast))
	for i, c := range cast {
		views[c.id] = all[i]
	}
	return views, errors.Join(errs...)
}

// wrap breaks a text into lines of at most width columns, each indented.
func wrap(text string, indent, width int) string {
	var b strings.Builder
	column := width
	for _, word := range strings.Fields(text) {
		if n := utf8.RuneCountInString(word); column+1+n > width {
			b.WriteString("\n" + strings.Repeat(" ", indent) + word)
			column = indent + n
		} else {
			b.WriteString(" " + word)
			column += 1 + n
		}
	}
	return strings.TrimPrefix(b.String(), "\n")
}

// invite says how to try it.
func (d *demo) invite() error {
	d.print("%s\n", d.bold("Try it"))
	for _, try := range []struct{ id, path string }{
		{"bob", "Patient/" + d.patient}, {"nina", "Observation?patient=" + d.patient}, {"dan", "Patient/" + d.patient},
	} {
		d.print("  curl -s -H @%s '%s/fhir/%s'\n", d.headerFile(try.id), d.public, try.path)
	}
	if d.staged && !d.Once {
		d.print("  modicum login --server %s   then modicum inbox, grants, ask, as whom the browser is\n", d.public)
	}
	d.print("  modicum ledger verify data/ledger --key ledger.vkey   in the folder of the files\n")
	d.print("  Page: %s   Files: %s\n", d.bold(d.public+"/"), d.Dir)
	if d.Upstream == "" && !d.Once {
		d.print("  A gate of your own before this hospital, while it runs: modicum init hospital --passkeys --upstream %s\n", d.upstream)
	}
	if d.Upstream != "" {
		d.print("  Whoever can read the files in %s may ask as these people: keep this to synthetic patients.\n", filepath.Join(d.Dir, "as"))
	}
	if !d.Once {
		d.welcome()
		d.print("  Stop with Ctrl-C.\n")
	}
	return nil
}

// welcome prints a link for each person of the hospital, or why there is none.
func (d *demo) welcome() {
	if !d.staged {
		d.print("  Nobody signs in by a link here: the demo opens that for its own hospital alone, and only where this machine alone reaches it.\n")
		return
	}
	d.print("\n%s\n", d.bold("Come in as somebody: open a link in a browser and press the button"))
	d.print("  %s/as/ lists them all. They have lived through a week; begin with Nina, then Ines.\n", d.public)
	members := sandbox.Members()
	slices.SortStableFunc(members, func(a, b sandbox.Member) int { return place(a.ID) - place(b.ID) })
	for _, m := range members {
		if link := d.link(m.ID); link != "" {
			d.print("  %s  %s, %s: %s\n", link, m.Name, withinSentence(m.Title), m.Shows)
		}
	}
}

// place is where somebody stands in the list: those to begin with, then the others.
func place(id string) int {
	if at := slices.Index(first, id); at >= 0 {
		return at
	}
	return len(first)
}

// withinSentence writes a title as it stands within a sentence.
func withinSentence(title string) string {
	if len(title) > 1 && title[1] >= 'A' && title[1] <= 'Z' {
		return title // IT support
	}
	return strings.ToLower(title[:1]) + title[1:]
}
