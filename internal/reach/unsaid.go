package reach

import (
	"slices"

	"modicum/internal/defect"
	"modicum/internal/facts"
	"modicum/policy"
	"modicum/policy/doc"
)

// Unsaid is a source that never stated all that it knows. As long as nobody knows whether a
// restriction on a whole chart is missing, it hides every patient from everybody, in every
// role: whoever begins with an empty folder of facts meets nothing else.
type Unsaid struct {
	Source, Title string
	Hides         []string // titles of the restrictions, in the order of the policy
}

// Unsaid lists those sources. It is a matter of the installation, the same for every
// person and every patient.
func (r *Reader) Unsaid() (out []Unsaid) {
	set, ix := r.cfg.Policy()
	if defect.On(defect.SilenceUnsaid) {
		return nil
	}
	for i := range set.Restrictions() {
		d := set.Restriction(i)
		if !hidesAll(d) {
			continue
		}
		for _, source := range silent(set, ix, d) {
			at := slices.IndexFunc(out, func(u Unsaid) bool { return u.Source == source.Name.Text })
			if at < 0 {
				at, out = len(out), append(out, Unsaid{Source: source.Name.Text, Title: source.Title})
			}
			out[at].Hides = append(out[at].Hides, d.Title)
		}
	}
	return out
}

// hidesAll: the whole chart, to whomever and whatever for.
func hidesAll(d *doc.Restriction) bool {
	return len(d.Hide) == 1 && d.Hide[0].Text == "everything" && len(d.To) == 0 && len(d.Purposes) == 0
}

// silent are the sources of what a restriction rests on that never stated all they know.
func silent(set *policy.Set, ix *facts.Index, d *doc.Restriction) (out []*doc.Source) {
	conditions := &set.Folder().Conditions
	names := restsOn(conditions, d)
	for i := range conditions.Facts {
		f := &conditions.Facts[i]
		if !slices.Contains(names, f.Name.Text) {
			continue
		}
		for j := range conditions.Sources {
			s := &conditions.Sources[j]
			from := slices.ContainsFunc(f.From, func(w doc.Word) bool { return w.Text == s.Name.Text })
			if from && !ix.Whole(s.Name.Text) && !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	return out
}

// restsOn names the facts by which a restriction bites; conditions are taken apart.
func restsOn(c *doc.Conditions, d *doc.Restriction) (names []string) {
	add := func(words ...doc.Word) {
		for _, w := range words {
			if w.Text != "" && !slices.Contains(names, w.Text) {
				names = append(names, w.Text)
			}
		}
	}
	add(d.Of)
	for _, t := range d.While {
		add(t.Name)
		for _, one := range t.Any {
			add(one.Name)
			add(one.All...)
		}
	}
	for i := 0; i < len(names); i++ { // what a condition stands for is added behind it
		for j := range c.Conditions {
			if k := &c.Conditions[j]; k.Name.Text == names[i] {
				add(k.Any...)
				add(k.All...)
				add(k.Fact)
			}
		}
	}
	return names
}
