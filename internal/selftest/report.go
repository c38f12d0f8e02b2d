package selftest

import "slices"

// Report is a graded run.
type Report struct {
	Base string `json:"base"`
	Role string `json:"role"`
	Task string `json:"task"`
	Mode string `json:"mode,omitempty"` // observe, where the gate only observes the caller
	// Elements: the caller sees the planted patients, so that hidden elements and
	// hidden records of theirs were probed; otherwise that they exist at all.
	Elements bool     `json:"elements"`
	Rows     []Row    `json:"rows"`
	Results  []Result `json:"probes"`
	Passed   int      `json:"passed"`
	Failed   int      `json:"failed"`
	Skipped  int      `json:"skipped"`
}

// Row is the grade of a row of the threat model: that of its worst probe.
type Row struct {
	Row   string `json:"row"`
	Grade Grade  `json:"grade"`
}

// OK reports whether no probe failed and not all were left out.
func (r *Report) OK() bool { return r.Failed == 0 && r.Passed > 0 }

func (r *Report) grade() {
	for _, p := range r.Results {
		i := slices.IndexFunc(r.Rows, func(row Row) bool { return row.Row == p.Row })
		if i < 0 {
			i = len(r.Rows)
			r.Rows = append(r.Rows, Row{p.Row, Skipped})
		}
		switch p.Grade {
		case Fail:
			r.Failed++
			r.Rows[i].Grade = Fail
		case Pass:
			r.Passed++
			if r.Rows[i].Grade == Skipped {
				r.Rows[i].Grade = Pass
			}
		case Skipped:
			r.Skipped++
		}
	}
}
