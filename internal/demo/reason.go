package demo

import (
	"cmp"
	"strings"

	"modicum/catalog"
	"modicum/internal/gate"
	"modicum/policy"
)

// explainer says in words why one record showed as it did.
type explainer struct {
	set      *policy.Set
	replayed *gate.Replayed
	verdict  *gate.ReplayedVerdict // nil where none was recorded
}

// absent says why a record is not there.
func (e *explainer) absent(class catalog.Class) string {
	v := e.verdict
	switch {
	case v == nil:
		return "nothing was found to decide about"
	case len(v.Bites) > 0:
		return e.restricted(v.Bites[0])
	case v.Recorded.Because == "record":
		return "a record that shows to nobody"
	}
	return cmp.Or(e.line(class), "nothing of it belongs to the task")
}

// restricted is a restriction in the words of the policy.
func (e *explainer) restricted(name string) string {
	for i := range e.set.Restrictions() {
		if e.set.RestrictionName(i) == name {
			r := e.set.Restriction(i)
			return "restriction “" + r.Title + "”: " + r.Say
		}
	}
	return "a restriction"
}

// lower writes a title in the middle of a sentence.
func lower(s string) string {
	if len(s) > 1 && s[1] >= 'A' && s[1] <= 'Z' {
		return s
	}
	return strings.ToLower(s[:min(1, len(s))]) + s[min(1, len(s)):]
}

// line says why no line shows a class of the record: a restriction that hides it,
// else what the line lacks that came nearest, which is one that covers the record.
func (e *explainer) line(class catalog.Class) string {
	far := ""
	for _, r := range e.replayed.Plan.Explain(&e.verdict.Atoms, class) {
		name, restricts := strings.CutPrefix(r.ID, "restriction ")
		switch {
		case restricts && strings.HasPrefix(r.Text, "hides it"):
			return e.restricted(name)
		case restricts, r.Text == "":
		case r.Text == "does not see the class":
			far = e.notInTask(class)
		case far == "":
			far = e.lacks(r.Text)
		}
	}
	return far
}

// lacks says in words what a line does not have.
func (e *explainer) lacks(text string) string {
	if names, ok := strings.CutPrefix(text, "does not lift "); ok {
		return "marked " + e.titles(names) + ", which the task does not open"
	}
	if names, ok := strings.CutPrefix(text, "lacks "); ok {
		return "nothing ties this person to this patient now: none of " + spoken(strings.ReplaceAll(names, ", or ", ", "))
	}
	if strings.HasPrefix(text, "the facts in its `of`") {
		return "outside what the " + spoken(e.named()) + " names"
	}
	return text
}

// spoken takes the hyphens out of names.
func spoken(names string) string { return strings.ReplaceAll(names, "-", " ") }

// named are the facts to which the policy binds the task.
func (e *explainer) named() string {
	var out []string
	for _, name := range e.replayed.Decision.Roles {
		role, ok := e.set.RoleOf(name)
		if !ok {
			continue
		}
		for i := range role.Tasks {
			if w := role.Tasks[i].First.Within; w != nil && role.Tasks[i].Name.Text == e.replayed.Decision.Task {
				for _, of := range w.Of {
					out = append(out, of.Text)
				}
			}
		}
	}
	return cmp.Or(strings.Join(out, " or "), "work at hand")
}

// titles spells class names as the catalog titles them.
func (e *explainer) titles(names string) string {
	var out []string
	for name := range strings.SplitSeq(names, ", ") {
		title := name
		if c, ok := e.set.Catalog().Class(name); ok {
			title = lower(e.set.Catalog().Info(c).Title)
		}
		out = append(out, title)
	}
	return strings.Join(out, ", ")
}

// notInTask tells what a role never sees from what the task merely does not need.
func (e *explainer) notInTask(class catalog.Class) string {
	for _, name := range e.replayed.Decision.Roles {
		role, ok := e.set.RoleOf(name)
		if !ok {
			continue
		}
		for _, never := range role.Never {
			if covered, ok := e.set.Catalog().Covered(never.Text); ok && covered.Has(class) {
				return "never for this role"
			}
		}
	}
	return "not part of the task"
}
