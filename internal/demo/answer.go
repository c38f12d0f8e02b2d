package demo

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"modicum/internal/gate"
	"modicum/policy"
	"modicum/policy/doc"
)

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
