package main

import (
	"fmt"
	"time"

	"modicum/internal/observe"
	"modicum/internal/store"
)

type observeCommands struct {
	Report observeReport `cmd:"" help:"What enforcing would have refused and withheld, from the record."`
}

type observeReport struct {
	Since string `help:"From then on: an age (24h, 7d), a date or a time." placeholder:"TIME"`
	Until string `help:"Before then." placeholder:"TIME"`
	JSON  bool   `help:"Print one JSON object."`
	recorded
}

// Help teaches by example.
func (c *observeReport) Help() string {
	return `Reads what the record says of requests that were only observed (fhir.mode: observe): which
of them enforcing would have refused and why, and what it would have taken away, per task
and class, each with decisions as examples. The server may run beside.

Examples:
  modicum observe report --since 7d
  modicum explain --class identifiers.ssn ID      why would it not be there?
  modicum observe report --folder copy --json | jq '.tasks[].classes[]'

Exit status: 0 when something was observed, 1 when nothing was.`
}

// Run counts and prints.
func (c *observeReport) Run(t *terminal) error {
	o, err := c.open(t)
	if err != nil {
		return err
	}
	defer o.Close()
	q := store.Query{Limit: 2000}
	if q.From, err = momentOf("since", c.Since, time.Now()); err != nil {
		return err
	}
	if q.To, err = momentOf("until", c.Until, time.Now()); err != nil {
		return err
	}
	r, err := c.count(t, o, q)
	if err != nil {
		return unavailable("%w", err)
	}
	if c.JSON {
		err = printJSON(t, r)
	} else {
		sayObserved(t, &r)
	}
	if err == nil && r.Observed == 0 && len(r.Unread) == 0 {
		t.note("nothing was observed in that time; fhir.mode: observe makes a door observe")
		return &exitError{exitNo, nil}
	}
	return err
}

func (c *observeReport) count(t *terminal, o *opened, q store.Query) (observe.Report, error) {
	count := observe.New()
	if o.cfg == nil {
		q.Limit = 0 // a folder is read from its first entry to its last anyway
	}
	for {
		records, err := o.Search(t.ctx, q)
		if err != nil {
			return observe.Report{}, err
		}
		for i := range records {
			e, err := records[i].Entry()
			if err != nil {
				return observe.Report{}, fmt.Errorf("entry %d of %s: %w; run: modicum ledger verify", records[i].Index, records[i].Origin, err)
			}
			count.Add(e)
		}
		if q.Limit == 0 || len(records) < q.Limit {
			break
		}
		q.After = records[len(records)-1].Pos + 1
	}
	r := count.Report()
	r.Since, r.Until = timeOf(q.From), timeOf(q.To)
	return r, nil
}

func timeOf(micro int64) time.Time {
	if micro == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micro).UTC()
}

func sayObserved(t *terminal, r *observe.Report) {
	fmt.Fprintf(t.out, "%s observed; enforcing would have answered %d of them alike\n", plural(int(r.Observed), "request"), r.Alike)
	sayRefused(t, "enforcing would have refused", r.Refused)
	for i := range r.Tasks {
		sayTask(t, &r.Tasks[i])
	}
	sayRefused(t, "refused all the same, since nothing here reads them", r.Unread)
}

func sayRefused(t *terminal, title string, list []observe.Refusal) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(t.out, "\n%s\n", t.paint(bold, title))
	rows := [][]string{{"  REQUESTS", "RECORDS", "ROLES", "TASK STATED", "BECAUSE", "SUCH AS"}}
	for _, f := range list {
		rows = append(rows, []string{fmt.Sprintf("  %d", f.Requests), fmt.Sprint(f.Records), dash(f.Roles), dash(f.Task), reasonOf(f.Reason), such(f.Examples)})
	}
	_ = table(t.out, rows)
}

func sayTask(t *terminal, k *observe.Task) {
	fmt.Fprintf(t.out, "\n%s: %s, %s: %d as they are, %d in part, %d not at all\n", t.paint(bold, k.Role+"/"+k.Task),
		plural(int(k.Requests), "request"), plural(int(k.Records), "record"), k.Records-k.Partly-k.Withheld, k.Partly, k.Withheld)
	if len(k.Absent) > 0 {
		rows := [][]string{{"  RECORDS", "NOT THERE", "BECAUSE", "SUCH AS"}}
		for _, a := range k.Absent {
			rows = append(rows, []string{fmt.Sprintf("  %d", a.Records), a.Type, observe.Because(a.Because), such(a.Examples)})
		}
		_ = table(t.out, rows)
	}
	if len(k.Classes) > 0 {
		rows := [][]string{{"  RECORDS", "CLASS", "WOULD SHOW", "SUCH AS"}}
		for _, c := range k.Classes {
			rows = append(rows, []string{fmt.Sprintf("  %d", c.Records), observe.ClassName(c.Class), shownHow[c.How], such(c.Examples)})
		}
		_ = table(t.out, rows)
	}
}

// such is one example; --json has more.
func such(examples []string) string {
	if len(examples) == 0 {
		return ""
	}
	return examples[0]
}

// shownHow spells treatments for the report.
var shownHow = map[string]string{
	"omit": "not at all", "mask": "as a mark", "token": "as a pseudonym", "coarse": "coarser", "last4": "by its last four",
	"keep": "without what leads elsewhere",
}
