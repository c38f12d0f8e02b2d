package main

import (
	"fmt"
	"strings"
	"time"

	"modicum/internal/client"
)

// inboxCommand shows what waits for an answer, and what its person was told.
type inboxCommand struct {
	online `embed:""`
}

// Help teaches by example.
func (c *inboxCommand) Help() string {
	return `Requests that wait for your yes or no, and what you were told and have not read.

Examples:
  modicum inbox
  modicum inbox --json

Exit status: 0 shown, 1 you are not signed in, 3 the server does not answer.`
}

// inboxed is the result for programs.
type inboxed struct {
	Requests []client.Request `json:"requests"`
	Notices  []client.Notice  `json:"notices"`
}

// Run shows the inbox.
func (c *inboxCommand) Run(t *terminal) error {
	api, err := c.open(t)
	if err != nil {
		return err
	}
	in := inboxed{Notices: []client.Notice{}}
	if in.Requests, err = api.Inbox(t.ctx); err != nil {
		return over(err)
	}
	told, err := api.Notices(t.ctx)
	if err != nil {
		return over(err)
	}
	for _, n := range told {
		if n.Seen == nil {
			in.Notices = append(in.Notices, n)
		}
	}
	if c.JSON {
		return printJSON(t, in)
	}
	return in.print(t)
}

func (in *inboxed) print(t *terminal) error {
	if len(in.Requests)+len(in.Notices) == 0 {
		_, err := fmt.Fprintln(t.out, "Nothing waits for you.")
		return err
	}
	rows := [][]string{}
	for i := range in.Requests {
		r := &in.Requests[i]
		rows = append(rows, []string{client.Plain(r.ID), client.Plain(r.Asker), taskOf(&r.Want), client.Plain(r.Want.Kind), "since " + stamp(r.Made)})
	}
	for _, n := range in.Notices {
		rows = append(rows, []string{stamp(n.At), client.Plain(n.Title)})
	}
	if err := table(t.out, rows); err != nil || len(in.Requests) == 0 {
		return err
	}
	_, err := fmt.Fprintf(t.out, "%s for your answer: modicum approve ID shows one whole.\n", waits(len(in.Requests)))
	return err
}

func waits(n int) string {
	if n == 1 {
		return "1 request waits"
	}
	return plural(n, "request") + " wait"
}

// taskOf names the task of what is asked.
func taskOf(w *client.Want) string {
	if w.Role == "" {
		return client.Plain(w.Task)
	}
	return client.Plain(w.Role + "/" + w.Task)
}

// printRequest shows a request whole: nothing that the digest covers is left out.
func printRequest(t *terminal, r *client.Request) error {
	w := &r.Want
	rows := [][]string{
		{"asked by", client.Plain(r.Asker) + ", " + stamp(r.Made)},
		{"what", client.Plain(w.Kind) + " of " + taskOf(w)},
	}
	for _, one := range [][2]string{
		{"patients", shown(w.Patients)}, {"record", client.Plain(w.Record)}, {"classes", shown(w.Classes)}, {"overlays", shown(w.Overlays)},
		{"reason", reasonGiven(&w.Reason)}, {"how long", howLong(w)}, {"who must say yes", shown(r.Needs)}, {"who said yes", shown(r.Answered)},
	} {
		if one[1] != "" {
			rows = append(rows, one[:])
		}
	}
	if r.InARow > 1 {
		rows = append(rows, []string{"in a row", fmt.Sprintf("%d of this task, end to end", r.InARow)})
	}
	return table(t.out, rows)
}

func reasonGiven(r *client.Reason) string {
	out := client.Plain(r.Kind)
	if r.Ref != "" {
		out += " [" + client.Plain(r.Ref) + "]"
	}
	return strings.TrimSpace(out + quoted(r.Text))
}

func howLong(w *client.Want) string {
	out := "as long as the policy allows"
	if w.Minutes > 0 {
		out = fmt.Sprintf("%s from its start", (time.Duration(w.Minutes) * time.Minute).String())
	}
	if w.From != nil {
		out += ", which is " + stamp(*w.From)
	}
	return out
}
