package reference

import (
	"modicum/policy"
	"modicum/policy/doc"
)

// Lines returns the ids of the lines that may count.
func (d *Decision) Lines() []string {
	var out []string
	for _, l := range d.lines {
		out = append(out, l.id)
	}
	return out
}

// Tasks returns the ids of the tasks that may count.
func (d *Decision) Tasks() []string {
	var out []string
	for _, k := range d.counts {
		out = append(out, k.id)
	}
	return out
}

// Obligations returns those of the tasks that may count.
func (d *Decision) Obligations() map[string]bool {
	out := map[string]bool{}
	for _, k := range d.counts {
		for _, o := range k.obligations {
			out[o] = true
		}
	}
	return out
}

// Limits is rule 17: of several tasks that speak, the narrowest of each kind holds.
func (d *Decision) Limits() policy.Limits {
	out := policy.Limits{}
	for i, k := range d.speaks {
		l := &k.limits
		out.Results, out.Rows = narrow(out.Results, l.Results), narrow(out.Rows, l.Rows)
		for _, rate := range []struct {
			to      *policy.Rates
			written *doc.Rate
		}{{&out.Patients, l.Patients}, {&out.Asks, l.Asks}, {&out.Requests, l.Requests}} {
			narrowRate(rate.to, rate.written)
		}
		place := l.Export.Text
		if place == "" {
			place = "none"
		}
		if i > 0 && out.Export != place {
			place = "none" // a place that one task does not allow is none
		}
		out.Export = place
	}
	return out
}

// narrow returns the smaller of two counts; 0 is no limit.
func narrow(a, b int) int {
	if a == 0 || b > 0 && b < a {
		return b
	}
	return a
}

// narrowRate: counts in different units do not compare, so both hold.
func narrowRate(to *policy.Rates, written *doc.Rate) {
	switch {
	case written == nil:
	case written.Unit == "minute":
		to.Minute = narrow(to.Minute, written.Count)
	case written.Unit == "hour":
		to.Hour = narrow(to.Hour, written.Count)
	default:
		to.Day = narrow(to.Day, written.Count)
	}
}

// Look is a way to look for a patient whom the task does not yet count for (rule 13).
type Look struct {
	Task    string
	By      []string
	AtLeast int
	Show    map[string]policy.Treatment // by class name
	Results int
}

// Looks returns how the tasks that may count look for patients, under the facts about
// the caller in their `while`.
func (d *Decision) Looks() []Look {
	var out []Look
	for _, k := range d.counts {
		if k.find == nil || !d.callerSuffices(k.lines[0]) {
			continue
		}
		look := Look{Task: k.id, By: texts(k.find.By), AtLeast: k.find.AtLeast, Show: map[string]policy.Treatment{}, Results: k.limits.Results}
		show := line{Line: doc.Line{See: k.doc.Resolve(&k.find.Show)}, task: k}
		for c := range d.model.content {
			if t, ask := d.model.sees(&show, c); t > policy.Omit && !ask && d.underCeiling(c) {
				look.Show[d.model.cat.Name(c)] = t
			}
		}
		out = append(out, look)
	}
	return out
}
