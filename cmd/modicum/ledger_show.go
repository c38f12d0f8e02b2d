package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"modicum/internal/store"
	"modicum/ledger"
)

type ledgerShow struct {
	ID   string `arg:"" help:"Id of the decision or act (Modicum-Decision)."`
	JSON bool   `help:"Print the entries as they were hashed, one a line."`
	recorded
}

// Help teaches by example.
func (c *ledgerShow) Help() string {
	return `The server may run beside.

Examples:
  modicum ledger show 01a20b3b-b8f1-75e7-8843-7fe0e435acc6
  modicum ledger show --json ID | jq .facts
  modicum ledger show --folder copy ID`
}

// Run prints the entries of one decision or act.
func (c *ledgerShow) Run(t *terminal) error {
	o, err := c.open(t)
	if err != nil {
		return err
	}
	defer o.Close()
	records, err := o.found(t.ctx, c.ID)
	if err != nil {
		return err
	}
	for i := range records {
		if c.JSON {
			fmt.Fprintf(t.out, "%s\n", records[i].Body)
			continue
		}
		if err := showEntry(t, &records[i]); err != nil {
			return err
		}
	}
	return nil
}

// showEntry prints what an entry says, a line for each thing.
func showEntry(t *terminal, r *store.Record) error {
	e, err := r.Entry()
	if err != nil {
		return &exitError{exitNo, fmt.Errorf("entry %d of %s: %w; run: modicum ledger verify", r.Index, r.Origin, err)}
	}
	h := e.Header()
	fmt.Fprintf(t.out, "%s  %s  entry %d of %s\n", t.paint(bold, string(h.Kind)), time.UnixMicro(h.At).UTC().Format(time.RFC3339Nano), r.Index, r.Origin)
	var rows [][]string
	row := func(name string, values ...string) {
		if text := strings.Join(values, " "); strings.TrimSpace(text) != "" {
			rows = append(rows, []string{"  " + name, text})
		}
	}
	switch e := e.(type) {
	case *ledger.Decision:
		showDecision(e, row)
	case *ledger.Opened:
		row("patients", e.Patients...)
		showVerdicts(e.Verdicts, e.Views, row)
	case *ledger.Outcome:
		row("ended", string(e.End)+", status "+strconv.FormatInt(e.Status, 10)+", "+plural(int(e.Bytes), "byte"))
		row("written", string(e.Written))
		row("counts", fmt.Sprintf("%d shown, %d withheld", e.Counts.Shown, e.Counts.Withheld))
		row("patients", e.Patients...)
		showVerdicts(e.Verdicts, e.Views, row)
	case *ledger.Act:
		row("act", e.Act)
		row("who", e.Who)
		row("what", e.What...)
		row("reason", e.Reason)
		for _, name := range slices.Sorted(maps.Keys(e.Hashes)) {
			row(name, e.Hashes[name])
		}
	}
	return table(t.out, rows)
}

func showDecision(e *ledger.Decision, row func(string, ...string)) {
	row("who", e.Who)
	row("for", e.Behalf)
	row("roles", e.Roles...)
	row("client", e.Client)
	row("network", e.Network)
	row("asked", append([]string{e.Door, e.Interaction}, e.Asked...)...)
	row("effect", string(e.Effect))
	row("mode", string(e.Mode))
	row("enforced", string(e.Would))
	row("because", e.Reasons...)
	row("task", strings.Trim(e.Role+"/"+e.Task, "/"))
	row("purpose", e.Purpose, e.PurposeCode)
	row("flow", e.Flow)
	row("scope", e.Scope)
	row("token", e.Scopes...)
	row("patients", e.Patients...)
	row("facts", e.Facts.Holds...)
	row("restrict", e.Facts.Bites...)
	row("unknown", e.Facts.Unknown...)
	showView("at most", e.View, row)
	row("duties", e.Obligations...)
	row("exempt", e.Exemption)
	row("grant", e.Grant)
	row("alerts", e.Alerts...)
	row("part of", e.PartOf)
	if !e.TimeTrusted {
		row("clock", "not trusted")
	}
	row("policy", e.Generation.Policy)
}

// order of treatments, the most open first.
var treatments = []string{"keep", "last4", "coarse", "token", "mask"}

func showView(name string, v ledger.View, row func(string, ...string)) {
	for _, how := range treatments {
		if len(v[how]) > 0 {
			row(name, how+":", strings.Join(v[how], " "))
		}
	}
}

func showVerdicts(verdicts []ledger.Verdict, views []ledger.View, row func(string, ...string)) {
	for i := range verdicts {
		v := &verdicts[i]
		what := fmt.Sprintf("%d × %s", max(1, v.Count), v.Type)
		if v.Observed {
			row("observed", what, "left whole; enforced: "+enforced(v))
			continue
		}
		if v.View == ledger.Withheld {
			row("withheld", what, "("+v.Because+")")
			row("marked", strings.Join(v.Marked, ", "))
			continue
		}
		row("shown", what, "view", strconv.Itoa(v.View+1))
	}
	for i, v := range views {
		showView("view "+strconv.Itoa(i+1), v, row)
	}
}

// enforced says what enforcing would have made of records that were only observed.
func enforced(v *ledger.Verdict) string {
	if v.View == ledger.Withheld {
		return "withheld (" + v.Because + ")"
	}
	if len(v.Lost) == 0 {
		return "the same"
	}
	return "view " + strconv.Itoa(v.View+1) + ", without all of " + strings.Join(v.Lost, " ")
}
