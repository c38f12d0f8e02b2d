package reference

import (
	"fmt"

	"modicum/catalog"
	"modicum/policy"
	"modicum/policy/doc"
)

// task is a task of a role, or a disclosure, as it is read.
type task struct {
	role        string // "" for a disclosure
	name, id    string // "nurse/give-care", "disclosures/referral-packet"
	purpose     string
	to          []string
	exempt      string
	obligations []string
	never       doc.Words
	glass       bool
	limits      doc.Limits
	find        *doc.Find
	lines       []*line
	doc         *doc.Role
}

// line is one line with what it takes from its task (section 2).
type line struct {
	doc.Line
	id        string
	task      *task
	verbs     []string
	exception bool // one more field that was lent (rule 14)
}

// tasksOf returns the tasks of a role.
func (m *Model) tasksOf(r *doc.Role) []*task {
	var out []*task
	for i := range r.Tasks {
		t := &r.Tasks[i]
		k := &task{
			role: r.Name.Text, name: t.Name.Text, id: r.Name.Text + "/" + t.Name.Text, purpose: m.purposeName(t.Purpose.Text),
			to: texts(t.To), exempt: t.Exempt.Text, obligations: texts(t.Obligations), never: r.Never,
			glass: t.BreakGlass != nil, limits: t.Limits, find: t.Find, doc: r,
		}
		k.add(r.Lines(t))
		out = append(out, k)
	}
	return out
}

// disclosure returns a disclosure as a task: its lines have no verbs, being what
// leaves at the desk, which reads and exports (rule 16).
func (m *Model) disclosure(name string) *task {
	for i := range m.folder.Disclosures {
		d := &m.folder.Disclosures[i]
		if d.Name.Text != name {
			continue
		}
		k := &task{
			name: name, id: "disclosures/" + name, purpose: m.purposeName(d.Purpose.Text), to: texts(d.To),
			exempt: d.Exempt.Text, obligations: texts(d.Obligations), never: d.Never,
		}
		k.add(d.Lines())
		for _, l := range k.lines {
			l.verbs = []string{"read", "export"}
		}
		return k
	}
	return nil
}

func (k *task) add(lines []doc.Line) {
	for i, l := range lines {
		id := k.id
		if i > 0 {
			id = fmt.Sprintf("%s#%d", k.id, i+1)
		}
		k.lines = append(k.lines, &line{Line: l, id: id, task: k, verbs: texts(l.Do)})
	}
}

// exceptionLine is the line that an exception adds to a task (rule 14): a silent
// line of `also`, which takes the task's facts and `within`, reads, and lifts
// nothing by itself.
func (k *task) exceptionLine() *line {
	first := *k.lines[0]
	first.id, first.verbs, first.Marked, first.exception = k.id+"#exception", []string{"read"}, nil, true
	return &first
}

// lent reports whether the line counts only by a grant (rule 14).
func (l *line) lent() bool { return l.exception || l.Lend != nil }

// narrowed reports whether the line asks for a date or a place (rule 7).
func (l *line) narrowed() bool {
	return l.Within != nil && (!l.Within.Back.Zero() || l.Within.Place.Text != "")
}

func (l *line) of() doc.Words {
	if l.Within == nil {
		return nil
	}
	return l.Within.Of
}

// sees says how a line shows a class: the longest name decides (rule 6), and what
// its role never sees is taken away, a mask aside, which shows no part of a value
// (rule 10). ask is masked until asked.
func (m *Model) sees(l *line, class catalog.Class) (t policy.Treatment, ask bool) {
	if l.See == nil {
		return policy.Omit, false
	}
	t, ask = m.see(l.See, class)
	if t != policy.Mask && m.anyCovers(l.task.never, class) || ask && m.anyCovers(l.task.never, class) {
		return policy.Omit, false
	}
	return t, ask
}

func (m *Model) see(s *doc.See, class catalog.Class) (t policy.Treatment, ask bool) {
	longest := ""
	for _, list := range []struct {
		words doc.Words
		t     policy.Treatment
		ask   bool
	}{
		{s.Keep, policy.Keep, false}, {s.Last4, policy.Last4, false}, {s.Coarse, policy.Coarse, false},
		{s.Token, policy.Token, false}, {s.Mask, policy.Mask, false}, {s.Ask, policy.Mask, true}, {s.Omit, policy.Omit, false},
	} {
		for _, w := range list.words {
			if len(w.Text) > len(longest) && m.covers(w.Text, class) {
				longest, t, ask = w.Text, list.t, list.ask
			}
		}
	}
	return t, ask
}

// hides reports whether an overlay hides a record from a line unless it lifts it:
// every one that is not watched, and a watched one that its role, or the ceiling of
// the caller's partner, never sees (section 5).
func (d *Decision) hides(l *line, o catalog.Overlay) bool {
	m := d.model
	if !m.watched(o) || m.namesOverlay(l.task.never, o) {
		return true
	}
	for _, p := range d.ceilings {
		if p != nil && m.namesOverlay(p.Never, o) {
			return true
		}
	}
	return false
}

// lifts reports whether a list of overlays lifts one for a line: never what its
// role never sees (rule 10), nor what the ceiling of the caller's partner does not
// lift (rule 11).
func (d *Decision) lifts(l *line, o catalog.Overlay, listed bool) bool {
	m := d.model
	if !listed || m.cat.OverlayClass(o) == catalog.Unknown || m.namesOverlay(l.task.never, o) {
		return false
	}
	for _, p := range d.ceilings {
		if p == nil || !m.namesOverlay(p.Marked, o) || m.namesOverlay(p.Never, o) {
			return false
		}
	}
	return true
}
