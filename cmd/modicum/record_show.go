package main

import (
	"fmt"
	"strconv"
	"strings"

	"modicum/internal/client"
)

type recordShow struct {
	ID     string `arg:"" help:"Id of the decision or act."`
	online `embed:""`
}

// Help teaches by example.
func (c *recordShow) Help() string {
	return `Examples:
  modicum record show 01a20b3b-b8f1-75e7-8843-7fe0e435acc6
  modicum record show ID --json | jq .again` + watched
}

// Run shows an entry; 1 where a decision does not derive again as it is recorded.
func (c *recordShow) Run(t *terminal) error {
	api, err := c.open(t)
	if err != nil {
		return err
	}
	e, err := api.RecordEntry(t.ctx, c.ID)
	if err != nil {
		return over(err)
	}
	if c.JSON {
		err = printJSON(t, e)
	} else {
		err = printRecorded(t, &e)
	}
	if err == nil && e.Again != nil && !e.Again.Agrees && e.Again.Cannot == "" {
		return &exitError{exitNo, fmt.Errorf("what is derived again differs from what is recorded")}
	}
	return err
}

func printRecorded(t *terminal, e *client.RecordEntry) error {
	d := &e.Deed
	rows := [][]string{{"when", stamp(d.At)}, {"who", client.Plain(d.Who)}, {"what", deedWords(d)}, {"patients", strconv.Itoa(d.Patients)}, {"log", client.Plain(e.Log)}}
	for _, one := range [][2]string{{"purpose", d.Purpose}, {"door", d.Door}, {"because", strings.Join(d.Reasons, ", ")}, {"lent", d.Grant}, {"about", d.About}, {"reason", d.Reason}} {
		if one[1] != "" {
			rows = append(rows, []string{one[0], client.Plain(one[1])})
		}
	}
	if a := e.Again; a != nil {
		said := "agrees with what is recorded"
		switch {
		case a.Cannot != "":
			said = client.Plain(a.Cannot)
		case !a.Agrees:
			said = "DIFFERS: " + shown(a.Differences)
		}
		rows = append(rows, []string{"derived again", said})
		for _, v := range a.Verdicts {
			rows = append(rows, []string{"", fmt.Sprintf("%d × %s: lines %s; restrictions %s", v.Count, client.Plain(v.Type), dash(shown(v.Lines)), dash(shown(v.Bites)))})
		}
	}
	for _, l := range e.Entries {
		rows = append(rows, []string{fmt.Sprintf("entry %d", l.Index), client.Plain(l.Body)})
	}
	return table(t.out, rows)
}

type recordProof struct {
	ID     string `arg:"" help:"Id of the decision or act."`
	online `embed:""`
}

// Help teaches by example.
func (c *recordProof) Help() string {
	return `Prints the file, which whoever has the verification key checks without a server.

Examples:
  modicum record proof ID > ID.tlog-proof
  modicum ledger verify ID.tlog-proof --key VKEY` + watched
}

// Run prints the proof.
func (c *recordProof) Run(t *terminal) error {
	api, err := c.open(t)
	if err != nil {
		return err
	}
	p, err := api.ProveRecord(t.ctx, c.ID)
	if err != nil {
		return over(err)
	}
	if c.JSON {
		return printJSON(t, p)
	}
	if client.Plain(p.Proof) != strings.ReplaceAll(p.Proof, "\n", " ") { // a proof is lines of text, and goes to a terminal too
		return over(client.ErrServer)
	}
	_, err = fmt.Fprint(t.out, p.Proof)
	return err
}
