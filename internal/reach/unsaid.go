package reach

import (
	"slices"

	"modicum/internal/defect"
	"modicum/internal/facts"
	"modicum/policy"
	"modicum/policy/doc"
)

// Unsaid is a source that never stated all that it knows. As long as nobody knows whether a
// restriction on a whole chart is missing, it hides every patient, in every role: whoever
// begins with an empty folder of facts meets nothing else. What the restriction itself lets
// go, a broken glass, and a door that only observes show all the same.
type Unsaid struct {
	Source, Title string
	Hides         []string // titles of the restrictions, in the order of the policy
}

// Unsaid lists those sources. It is a matter of the installation, the same for every
// person and every patient.
func (r *Reader) Unsaid() []Unsaid { return unsaid(r.cfg.Policy()) }

func unsaid(set *policy.Set, ix *facts.Index) (out []Unsaid) {
	if defect.On(defect.SilenceUnsaid) {
		return nil
	}
	for i := range set.Restrictions() {
		d := set.Restriction(i)
		if !hidesAll(d) {
			continue
		}
		for _, source := range silent(set, ix, i) {
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

// silent are the sources that never stated all they know, of the facts by which alone
// restriction i bites for every patient.
func silent(set *policy.Set, ix *facts.Index, i int) (out []*doc.Source) {
	var from []string
	by := set.RestrictionBitesUnknowing(i, ix.Unknown())
	if defect.On(defect.UnsaidOverclaims) {
		by = set.RestrictionBitesBy(i)
	}
	for f := range by.All {
		from = append(from, set.Facts()[set.Facts()[f].Base].Sources...)
	}
	sources := set.Folder().Conditions.Sources
	for j := range sources {
		if s := &sources[j]; slices.Contains(from, s.Name.Text) && !ix.Whole(s.Name.Text) {
			out = append(out, s)
		}
	}
	return out
}
