package doc

// Lines returns the lines of a task as they are read: what a line of also is
// silent about is taken from the task (policy-language 2), and the name of a
// view is replaced by what it shows. The facts of a line are those of the task
// and its own. A See is nil where neither says one, and where the view is not in
// this file.
func (r *Role) Lines(t *Task) []Line {
	lines := fill(t.First, t.Also)
	for i := range lines {
		lines[i].See = r.Resolve(lines[i].See)
	}
	return lines
}

// Resolve returns the see itself, or the view that it names; nil if there is no
// such view.
func (r *Role) Resolve(s *See) *See {
	if s == nil || s.View.Text == "" {
		return s
	}
	for i := range r.Views {
		if r.Views[i].Name.Text == s.View.Text {
			return &r.Views[i].See
		}
	}
	return nil
}

// Lines returns the lines of a disclosure as they are read.
func (d *Disclosure) Lines() []Line { return fill(d.First, d.Also) }

// fill gives every line of also what it is silent about.
func fill(first Line, also []Line) []Line {
	out := append(make([]Line, 0, 1+len(also)), first)
	for _, l := range also {
		l.While = append(append(Hold{}, first.While...), l.While...)
		if l.Do == nil && first.Do != nil {
			l.Do = Words{{"read", l.At}}
		}
		if l.See == nil {
			l.See = first.See
		}
		if l.Within == nil {
			l.Within = first.Within
		}
		if l.Lend == nil {
			l.Lend = first.Lend
		}
		out = append(out, l)
	}
	return out
}

// treatment is how a class shows, in the order from closed to open of
// policy-language rule 3; ask stands by itself.
type treatment uint8

const (
	silent treatment = iota
	omitted
	masked
	asked
	tokened
	coarse
	last4
	kept
)

// lists pairs each list of a see with its treatment.
func (s *See) lists() []struct {
	words Words
	as    treatment
} {
	return []struct {
		words Words
		as    treatment
	}{
		{s.Keep, kept}, {s.Last4, last4}, {s.Coarse, coarse}, {s.Token, tokened}, {s.Mask, masked}, {s.Ask, asked}, {s.Omit, omitted},
	}
}
