package main

import (
	"fmt"
	"strings"

	"modicum/catalog"
	"modicum/internal/gate"
	"modicum/ledger"
)

// explained is a replayed decision for programs.
type explained struct {
	Decision    *ledger.Decision   `json:"decision"`
	Agrees      bool               `json:"agrees"`
	Differences []string           `json:"differences,omitempty"`
	Verdicts    []explainedVerdict `json:"verdicts,omitempty"`
	Proof       proved             `json:"proof"`
}

type explainedVerdict struct {
	Type    string      `json:"type"`
	Count   int64       `json:"count"`
	Shown   bool        `json:"shown"`
	Because string      `json:"because,omitempty"`
	Marked  []string    `json:"marked,omitempty"` // why each overlay lies on it
	Lines   []string    `json:"lines,omitempty"`
	Bites   []string    `json:"restrictions,omitempty"`
	View    ledger.View `json:"view,omitempty"`
	Why     []lineSays  `json:"why,omitempty"` // of the class that was asked about
}

func printReplay(t *terminal, asJSON bool, r *gate.Replayed, class catalog.Class, p proved) error {
	agrees := len(r.Differences) == 0 && len(p.Wrong) == 0
	if asJSON {
		out := explained{Decision: r.Decision, Agrees: agrees, Differences: r.Differences, Proof: p}
		for i := range r.Verdicts {
			v := &r.Verdicts[i]
			out.Verdicts = append(out.Verdicts, explainedVerdict{v.Recorded.Type, max(1, v.Recorded.Count), v.There, v.Recorded.Because, v.Recorded.Marked, v.Lines, v.Bites, v.View, whyOf(r, v, class)})
		}
		if err := printJSON(t, out); err != nil {
			return err
		}
	} else {
		sayReplay(t, r, class)
		sayProof(t, p)
	}
	if !agrees {
		return &exitError{exitNo, nil}
	}
	return nil
}

// whyOf says line by line why a class of a verdict's records showed as it did.
func whyOf(r *gate.Replayed, v *gate.ReplayedVerdict, class catalog.Class) []lineSays {
	if class == catalog.Unknown || r.Plan == nil {
		return nil
	}
	var out []lineSays
	for _, reason := range r.Plan.Explain(&v.Atoms, class) {
		out = append(out, lineSays{reason.ID, reason.Gave.String(), reason.Text})
	}
	return out
}

// sayView counts what was kept and names what was reduced.
func sayView(t *terminal, v ledger.View) {
	var parts []string
	if n := len(v["keep"]); n > 0 {
		parts = append(parts, "keeps "+plural(n, "class"))
	}
	for _, how := range treatments[1:] {
		if len(v[how]) > 0 {
			parts = append(parts, how+": "+strings.Join(v[how], " "))
		}
	}
	if len(parts) > 0 {
		fmt.Fprintf(t.out, "    %s\n", strings.Join(parts, "; "))
	}
}

func sayReplay(t *terminal, r *gate.Replayed, class catalog.Class) {
	d := r.Decision
	fmt.Fprintf(t.out, "%s  %s\n", d.ID, summary(d))
	if d.Effect == ledger.Refuse || d.Would == ledger.Refuse {
		for _, code := range d.Reasons {
			fmt.Fprintf(t.out, "  %s\n", reasonOf(code))
		}
	}
	for i := range r.Verdicts {
		v := &r.Verdicts[i]
		state := "shown"
		if !v.There {
			state = "withheld (" + v.Recorded.Because + ")"
		}
		if v.Recorded.Observed {
			state = "left whole, only observed; enforced: " + enforced(&v.Recorded)
		}
		fmt.Fprintf(t.out, "  %d × %s %s", max(1, v.Recorded.Count), v.Recorded.Type, state)
		if len(v.Lines) > 0 {
			fmt.Fprintf(t.out, "; lines: %s", strings.Join(v.Lines, ", "))
		}
		if len(v.Recorded.Marked) > 0 {
			fmt.Fprintf(t.out, "; marked %s", strings.Join(v.Recorded.Marked, ", "))
		}
		if len(v.Bites) > 0 {
			fmt.Fprintf(t.out, "; restricted by %s", strings.Join(v.Bites, ", "))
		}
		fmt.Fprintln(t.out)
		if v.There {
			sayView(t, v.View)
		}
		for _, why := range whyOf(r, v, class) {
			fmt.Fprintf(t.out, "    %s: %s\n", why.Line, orGave(why))
		}
	}
	if len(r.Differences) > 0 {
		fmt.Fprintf(t.out, "derived again: %s\n  %s\n", t.paint(red, "DISAGREES"), strings.Join(r.Differences, "\n  "))
		return
	}
	fmt.Fprintln(t.out, "derived again: agrees to the bit")
}

func sayProof(t *terminal, p proved) {
	switch {
	case len(p.Wrong) > 0:
		fmt.Fprintf(t.out, "in the signed tree: %s\n  %s\n", t.paint(red, "NOT PROVED"), strings.Join(p.Wrong, "\n  "))
	case p.Because != "":
		fmt.Fprintf(t.out, "in the signed tree: not looked at; %s\n", p.Because)
	case p.Earlier > 0:
		fmt.Fprintf(t.out, "in the signed tree: not proved here; %s of an earlier log, whose folder was kept\n", plural(p.Earlier, "entry"))
	default:
		fmt.Fprintf(t.out, "in the signed tree: %s proved, of %d in %s\n", plural(p.Proved, "entry"), p.Size, p.Origin)
	}
}

// reasonOf spells a code of the record; a code that nobody spelt stands as it is.
func reasonOf(code string) string {
	if text, spelt := gate.Prose(code); spelt {
		return code + ": " + text
	}
	return code
}
