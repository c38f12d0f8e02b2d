package demo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"modicum/internal/gate"
	"modicum/policy"
	"modicum/policy/doc"
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
	d.print("%s\n\n", d.colored("90", "not shown: left out of a record that is there. not there: just like a record that does not exist.\nrefused: the request, whatever the record holds."))
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

// oneAnswer shows one real answer beside what the hospital has, why it is so, and
// the record of it.
func (d *demo) oneAnswer(ctx context.Context, cover *record, s *seen) error {
	bob := d.person("bob")
	d.print("%s: %d bytes before, %d after\n", d.bold("GET /fhir/Patient/"+d.patient+" as "+bob.Name+", billing specialist"), len(cover.src), len(s.body))
	d.beforeAfter(s)
	r, err := d.replay(ctx, s.decision)
	if err != nil {
		return err
	}
	if len(r.Differences) > 0 {
		return fmt.Errorf("the recorded decision cannot be derived again: %s", strings.Join(r.Differences, "; "))
	}
	d.why(bob, r)
	return d.proof(ctx, s.decision)
}

// beforeAfter prints the elements that people look at. Of another server it prints
// what became of them and no value.
func (d *demo) beforeAfter(s *seen) {
	d.print("  %-24s%-26s%s\n", "", "the hospital has", "billing receives")
	groups := slices.DeleteFunc(grouped(s.parts), func(g []part) bool { return lookedAt(g) < 0 })
	slices.SortStableFunc(groups, func(a, b []part) int { return lookedAt(a) - lookedAt(b) })
	for _, group := range groups {
		top := group[0].top
		p := telling(group)
		was, now := gist(top), string(p.fate)
		if p.fate == kept {
			now = was
		}
		if d.Upstream != "" {
			was, now = "…", string(p.fate)
		}
		if why := s.reasonOf(group); p.fate != kept && why.why != "" {
			now += ", " + why.why
		}
		d.print("  %-24s%-26s%s\n", short(label(top, ""), 23), short(was, 25), d.colored(colors[p.fate], short(now, 48)))
	}
}

// lookedAt is the place of an element among those that people look at first; -1
// leaves it out.
func lookedAt(group []part) int {
	return slices.Index([]string{
		"Name", "Date of birth", "Address", "Phone", "E-mail", "Record number", "Account number", "Social security number",
	}, label(group[0].top, ""))
}

// grouped cuts parts into those of one element or item each.
func grouped(parts []part) [][]part {
	var out [][]part
	for i, p := range parts {
		if i == 0 || p.group != parts[i-1].group {
			out = append(out, nil)
		}
		out[len(out)-1] = append(out[len(out)-1], p)
	}
	return out
}

// reasonOf is the reason of the first part of a group that has one.
func (s *seen) reasonOf(group []part) reason {
	at := slices.IndexFunc(s.parts, func(p part) bool { return p.group == group[0].group })
	for i := range group {
		if s.classes[at+i] != (reason{}) {
			return s.classes[at+i]
		}
	}
	return reason{}
}

// why says in plain words what the decision rested on.
func (d *demo) why(p *staff, r *gate.Replayed) {
	first, _, _ := strings.Cut(p.Name, " ")
	d.print("  why: %s works on “%s” (%s), and this patient is part of it now:\n", first, d.taskTitle(p), r.Decision.Purpose)
	for _, means := range d.restsOn(p) {
		d.print("       - %s\n", short(means, 88))
	}
	if role, ok := d.set().RoleOf(p.Role); ok {
		d.print("%s\n", wrap("“"+role.Say+"”", 7, 96))
	}
}

func (d *demo) set() *policy.Set { return d.server.Generation().Set }

func (d *demo) taskTitle(p *staff) string {
	task, _ := d.set().Task(p.Role + "/" + p.Tasks[0])
	return cmp.Or(task.Title, p.Tasks[0])
}

// restsOn lists what the task asks for, in the words of the policy: all of it
// holds, or the answer would be empty.
func (d *demo) restsOn(p *staff) []string {
	role, ok := d.set().RoleOf(p.Role)
	if !ok {
		return nil
	}
	var out []string
	for i := range role.Tasks {
		if role.Tasks[i].Name.Text != p.Tasks[0] {
			continue
		}
		for _, term := range role.Tasks[i].First.While {
			out = append(out, d.means(term))
		}
	}
	return out
}

// means spells a term of a hold.
func (d *demo) means(term doc.Term) string {
	var words []string
	for _, any := range term.Any {
		words = append(words, d.means(any))
	}
	c := d.set().Folder().Conditions
	for _, f := range c.Facts {
		if f.Name.Text == term.Name.Text {
			words = append(words, f.Means)
		}
	}
	for _, f := range c.Conditions {
		if f.Name.Text == term.Name.Text {
			words = append(words, f.Means)
		}
	}
	return strings.Join(words, " Or: ")
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
	d.print("  Page: %s   Files: %s\n", d.bold(d.public+"/"), d.Dir)
	if !d.Once {
		d.print("  Stop with Ctrl-C.\n")
	}
	return nil
}
