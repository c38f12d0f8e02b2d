package main

import (
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
	"time"

	"modicum/internal/client"
	"modicum/internal/sheet"
)

type recordCommands struct {
	Search recordSearch `cmd:"" help:"Find decisions and acts, newest first."`
	Show   recordShow   `cmd:"" help:"A decision or act whole, and a decision derived again."`
	Proof  recordProof  `cmd:"" help:"The file that proves an entry."`
}

// watched ends the help of what reads the record.
const watched = `

That you read it, and what you looked for, is on record first; a patient by reference alone.

Exit status: 0 found, 1 nothing was, or it is not yours to read; 2 wrong use, 3 the server
does not answer, or cannot write down who reads. Without a server: modicum ledger.`

type recordSearch struct {
	Who     string `help:"Person or program: id or user name." placeholder:"ID"`
	Patient string `help:"Patient by id; - reads it from standard input, out of the shell's history." placeholder:"PATIENT"`
	Kind    string `enum:",decision,shown,cut-off,act,reads,everything" default:"" help:"decision, shown, cut-off, act, reads or everything; decisions and acts otherwise."`
	Effect  string `enum:",admit,refuse" default:"" help:"admit or refuse."`
	Role    string `help:"Role that decided." placeholder:"ROLE"`
	Task    string `help:"TASK or ROLE/TASK that decided." placeholder:"TASK"`
	Purpose string `help:"Purpose that it was for." placeholder:"PURPOSE"`
	Door    string `help:"Door that was asked." placeholder:"DOOR"`
	Grant   string `help:"What was lent, by id." placeholder:"ID"`
	Since   string `help:"From then on: an age (24h, 7d), a date or a time." placeholder:"TIME"`
	Until   string `help:"Before then." placeholder:"TIME"`
	Before  string `help:"Go on: what the search before said last." placeholder:"POSITION"`
	Limit   int    `default:"50" help:"At most so many."`
	CSV     bool   `help:"Print comma-separated values." xor:"form"`
	online  `embed:""`
}

// Help teaches by example.
func (c *recordSearch) Help() string {
	return `Asks the installation for decisions and acts, the newest first. A search looks through a
bounded part of the record at a time, and goes on until --limit are found or nothing is older.

Examples:
  modicum record search --since 24h --effect refuse
  echo p1 | modicum record search --patient - --kind shown
  modicum record search --kind reads --since 7d
  modicum record search --since 2026-11-01 --limit 5000 --csv > november.csv` + watched
}

// mostSearched bounds what one search prints.
const mostSearched = 100_000

// Run searches.
func (c *recordSearch) Run(t *terminal) error {
	s, err := c.search(t)
	if err != nil {
		return err
	}
	api, err := c.open(t)
	if err != nil {
		return err
	}
	found, next, err := c.collect(t, api, s)
	if err != nil {
		return over(err)
	}
	if err := c.print(t, found); err != nil {
		return err
	}
	if next != "" {
		t.note("there is more; go on with --before %s", client.Plain(next))
	}
	if len(found) == 0 {
		t.note("nothing fits")
		return &exitError{exitNo, nil}
	}
	return nil
}

// search reads the flags.
func (c *recordSearch) search(t *terminal) (s client.RecordSearch, err error) {
	if c.Limit < 1 || c.Limit > mostSearched {
		return s, usage("--limit must be from 1 to %d", mostSearched)
	}
	s = client.RecordSearch{Who: c.Who, Kind: c.Kind, Effect: c.Effect, Role: c.Role, Task: c.Task, Purpose: c.Purpose, Door: c.Door, Grant: c.Grant, Before: c.Before}
	if c.Patient != "" {
		if s.Patient, err = t.patient(c.Patient); err != nil {
			return s, err
		}
	}
	if s.From, err = sinceThen("since", c.Since); err != nil {
		return s, err
	}
	s.Until, err = sinceThen("until", c.Until)
	return s, err
}

// sinceThen is a moment that was typed, nil for none.
func sinceThen(flag, text string) (*time.Time, error) {
	micro, err := momentOf(flag, text, time.Now())
	if err != nil || micro == 0 {
		return nil, err
	}
	at := time.UnixMicro(micro).UTC()
	return &at, nil
}

// collect reads pages until there are enough, and says where to go on.
func (c *recordSearch) collect(t *terminal, api *client.Client, s client.RecordSearch) (found []client.Deed, next string, err error) {
	for {
		s.Limit = min(c.Limit-len(found), 500)
		page, err := api.SearchRecord(t.ctx, s)
		if err != nil {
			return nil, "", err
		}
		found = append(found, page.Items...)
		if page.Next == "" || len(found) >= c.Limit {
			return found, page.Next, nil
		}
		if page.Next == s.Before { // it would never end
			return nil, "", client.ErrServer
		}
		s.Before = page.Next
	}
}

func (c *recordSearch) print(t *terminal, found []client.Deed) error {
	if c.CSV {
		return deedsCSV(t, found)
	}
	rows := [][]string{}
	for i := range found {
		if c.JSON {
			if err := printJSON(t, found[i]); err != nil {
				return err
			}
			continue
		}
		d := &found[i]
		rows = append(rows, []string{stamp(d.At), client.Plain(d.ID), client.Plain(d.Who), deedWords(d)})
	}
	return table(t.out, rows)
}

// deedWords says in one line what was done.
func deedWords(d *client.Deed) string {
	if d.Kind == "act" {
		return strings.TrimSpace(client.Plain(d.Act) + " " + shown(d.What))
	}
	out := fmt.Sprintf("%s %s %s", client.Plain(d.Effect), client.Plain(d.Interaction), shown(d.Asked))
	if d.Task != "" {
		out += " as " + client.Plain(d.Role+"/"+d.Task)
	}
	if d.End != "" {
		out += fmt.Sprintf(", %d shown, %d withheld", d.Shown, d.Withheld)
	}
	if d.Effect == "refuse" {
		out += ": " + shown(d.Reasons)
	}
	return out
}

func deedsCSV(t *terminal, found []client.Deed) error {
	w := csv.NewWriter(t.out)
	rows := [][]string{{"when", "id", "who", "kind", "role", "task", "purpose", "door", "interaction", "asked", "answer", "because", "patients", "shown", "withheld", "act", "what"}}
	for i := range found {
		d := &found[i]
		rows = append(rows, []string{
			d.At.Format(time.RFC3339), d.ID, d.Who, d.Kind, d.Role, d.Task, d.Purpose, d.Door, d.Interaction, strings.Join(d.Asked, " "), d.Effect, strings.Join(d.Reasons, " "),
			strconv.Itoa(d.Patients), strconv.FormatInt(d.Shown, 10), strconv.FormatInt(d.Withheld, 10), d.Act, strings.Join(d.What, " "),
		})
	}
	for _, row := range rows {
		for i := range row {
			row[i] = sheet.Cell(client.Plain(row[i]))
		}
	}
	return w.WriteAll(rows)
}
