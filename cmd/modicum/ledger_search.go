package main

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"modicum/internal/store"
	"modicum/ledger"
)

type ledgerSearch struct {
	Since    string `help:"From then on: an age (24h, 7d), a date or a time." placeholder:"TIME"`
	Until    string `help:"Before then." placeholder:"TIME"`
	Who      string `help:"Person or program." placeholder:"ID"`
	Role     string `help:"Role that decided." placeholder:"ROLE"`
	Task     string `help:"Task that decided." placeholder:"TASK"`
	Patient  string `help:"Patient/ID; - reads it from standard input; or a reference of the record (r1:...)." placeholder:"PATIENT"`
	Decision string `help:"Id of a decision or act." placeholder:"ID"`
	Effect   string `help:"admit or refuse." enum:",admit,refuse" default:""`
	Kind     string `help:"decision, opened, outcome or act." enum:",decision,opened,outcome,act" default:""`
	Limit    int    `help:"At most so many, the newest." default:"100"`
	JSON     bool   `help:"Print one JSON object an entry."`
	recorded
}

// Help teaches by example.
func (c *ledgerSearch) Help() string {
	return `Prints the newest entries that fit, in the order in which they were taken. The server
may run beside. The record names patients by keyed references, so that a patient is
found only with the key of this installation.

Examples:
  modicum ledger search --since 24h --effect refuse          what was refused since yesterday
  modicum ledger search --who alice --since 2026-11-01
  echo Patient/p1 | modicum ledger search --patient -        keeps the id out of the shell's history
  modicum ledger search --folder copy --kind act --json      a copy of the ledger folder

Exit status: 0 when something was found, 1 when nothing was.`
}

// Run searches the record.
func (c *ledgerSearch) Run(t *terminal) error {
	o, err := c.open(t)
	if err != nil {
		return err
	}
	defer o.Close()
	q, err := c.query(t, o)
	if err != nil {
		return err
	}
	records, err := c.search(t, o, q)
	if err != nil {
		return unavailable("%w", err)
	}
	for i := range records {
		if c.JSON {
			err = printJSON(t, struct {
				Log   string         `json:"log"`
				Index int64          `json:"index"`
				Entry jsontext.Value `json:"entry"`
			}{records[i].Origin, records[i].Index, records[i].Body})
		} else {
			err = printEntry(t, &records[i])
		}
		if err != nil {
			return err
		}
	}
	switch {
	case len(records) == 0:
		t.note("nothing fits")
		return &exitError{exitNo, nil}
	case len(records) == c.Limit:
		t.note("the newest %d; --limit takes more", c.Limit)
	}
	return nil
}

func (c *ledgerSearch) search(t *terminal, o *opened, q store.Query) ([]store.Record, error) {
	if c.Decision == "" {
		records, err := o.Search(t.ctx, q)
		slices.Reverse(records)
		return records, err
	}
	records, err := o.ByID(t.ctx, c.Decision)
	if err != nil && len(records) == 0 {
		return nil, nil // there is none
	}
	return records, err
}

// query reads the flags.
func (c *ledgerSearch) query(t *terminal, o *opened) (store.Query, error) {
	q := store.Query{Who: c.Who, Role: c.Role, Task: c.Task, Effect: ledger.Effect(c.Effect), Kind: ledger.Kind(c.Kind), Newest: true, Limit: c.Limit}
	if c.Limit < 1 || c.Limit > 10_000 {
		return q, usage("--limit must be from 1 to 10000")
	}
	var err error
	if q.From, err = momentOf("since", c.Since, time.Now()); err != nil {
		return q, err
	}
	if q.To, err = momentOf("until", c.Until, time.Now()); err != nil {
		return q, err
	}
	q.Patient, err = c.patient(t, o)
	return q, err
}

// patient turns a patient's id into the reference by which the record names them.
func (c *ledgerSearch) patient(t *terminal, o *opened) (string, error) {
	patient := c.Patient
	if patient == "-" {
		line, err := bufio.NewReader(io.LimitReader(t.in, 1024)).ReadString('\n')
		if err != nil && line == "" {
			return "", usage("--patient -: nothing stands on standard input")
		}
		patient = strings.TrimSpace(line)
	}
	if patient == "" || strings.Contains(patient, ":") {
		return patient, nil
	}
	if !strings.HasPrefix(patient, "Patient/") {
		patient = "Patient/" + patient
	}
	refs, err := o.refs()
	if err != nil {
		return "", err
	}
	return refs.Ref(patient), nil
}

// momentOf reads an age before now, a date or a time, in microseconds UTC; 0 for "".
func momentOf(flag, text string, now time.Time) (int64, error) {
	if text == "" {
		return 0, nil
	}
	if n, err := strconv.Atoi(strings.TrimSuffix(text, "d")); err == nil && strings.HasSuffix(text, "d") {
		return now.AddDate(0, 0, -n).UnixMicro(), nil
	}
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return now.Add(-d).UnixMicro(), nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UnixMicro(), nil
		}
	}
	return 0, usage("--%s must be an age (24h, 7d), a date (2026-11-23) or a time (2026-11-23T07:00:00Z)", flag)
}

// printEntry prints one entry on one line.
func printEntry(t *terminal, r *store.Record) error {
	e, err := r.Entry()
	if err != nil {
		return &exitError{exitNo, fmt.Errorf("entry %d of %s: %w; run: modicum ledger verify", r.Index, r.Origin, err)}
	}
	h := e.Header()
	at := time.UnixMicro(h.At).UTC().Format("2006-01-02T15:04:05Z")
	fmt.Fprintf(t.out, "%s  %-8s  %s  %s\n", at, h.Kind, h.ID, summary(e))
	return nil
}

// summary says in one line what an entry says.
func summary(e ledger.Entry) string {
	switch e := e.(type) {
	case *ledger.Decision:
		text := fmt.Sprintf("%s: %s %s %s", e.Who, e.Effect, e.Door, e.Interaction)
		if len(e.Asked) > 0 {
			text += " " + strings.Join(e.Asked, " ")
		}
		if e.Would == ledger.Refuse {
			return text + "; only observed, else refused: " + strings.Join(e.Reasons, ", ")
		}
		if e.Mode == ledger.Observe {
			text = text + ", only observed,"
		}
		if e.Effect == ledger.Refuse {
			return text + "; " + strings.Join(e.Reasons, ", ")
		}
		return text + fmt.Sprintf(" as %s/%s (%s), %s", e.Role, e.Task, e.Purpose, e.Scope)
	case *ledger.Opened:
		return fmt.Sprintf("%s of %s", plural(countOf(e.Verdicts), "record"), plural(len(e.Patients), "patient"))
	case *ledger.Outcome:
		return fmt.Sprintf("%s, status %d, %d shown, %d withheld, %s", e.End, e.Status, e.Counts.Shown, e.Counts.Withheld, plural(int(e.Bytes), "byte"))
	case *ledger.Act:
		return strings.TrimSpace(fmt.Sprintf("%s: %s %s %s", e.Who, e.Act, strings.Join(e.What, " "), e.Reason))
	}
	return ""
}

func countOf(verdicts []ledger.Verdict) int {
	n := 0
	for i := range verdicts {
		n += int(max(1, verdicts[i].Count))
	}
	return n
}
