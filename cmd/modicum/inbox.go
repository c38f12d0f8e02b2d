package main

import (
	"fmt"
	"strings"

	"modicum/internal/client"
)

// inboxCommand shows what waits for an answer, and what its person was told.
type inboxCommand struct {
	Read   bool `help:"What it shows of what you were told is read: the next time it is not shown."`
	online `embed:""`
}

// Help teaches by example.
func (c *inboxCommand) Help() string {
	return `Requests that wait for your yes or no, and what you were told and have not read.

Examples:
  modicum inbox
  modicum inbox --read
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
		err = printJSON(t, in)
	} else {
		err = in.print(t)
	}
	if err != nil || !c.Read || len(in.Notices) == 0 {
		return err
	}
	ids := []string{}
	for _, n := range in.Notices {
		ids = append(ids, n.ID)
	}
	return over(api.Seen(t.ctx, ids...))
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
	if err := table(t.out, rows); err != nil {
		return err
	}
	if len(in.Requests) > 0 {
		fmt.Fprintf(t.out, "%s for your answer: modicum approve ID, or refuse ID, shows one whole.\n", waits(len(in.Requests)))
	}
	rows = rows[:0]
	for _, n := range in.Notices {
		rows = append(rows, []string{stamp(n.At), client.Plain(n.Title), client.Plain(n.Text), leadsTo(n.Path)})
	}
	return table(t.out, rows)
}

// leadsTo is the command for what the page of a notice shows; "" where there is none.
func leadsTo(path string) string {
	for _, to := range [][2]string{{"/requests/", "grants"}, {"/grants/", "grants"}, {"/reviews/", "reviews show"}, {"/policy/", "policy changes"}, {"/people/", "people show"}} {
		if id, ok := strings.CutPrefix(path, to[0]); ok && id != "" && !strings.ContainsAny(id, "/?#") {
			return "modicum " + to[1] + " " + client.Plain(id)
		}
	}
	return ""
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
	rows := append([][]string{{"asked by", client.Plain(r.Asker) + ", " + stamp(r.Made)}}, wanted(&r.Want)...)
	said := ""
	if r.Ended != nil {
		said = outcome(r)
	}
	for _, one := range [][2]string{{"who must say yes", shown(r.Needs)}, {"who said yes", shown(r.Answered)}, {"what became of it", said}} {
		if one[1] != "" {
			rows = append(rows, one[:])
		}
	}
	if r.InARow > 1 {
		rows = append(rows, []string{"in a row", fmt.Sprintf("%d of this task, end to end", r.InARow)})
	}
	return table(t.out, rows)
}

// wanted are the rows of what is asked for, or lent.
func wanted(w *client.Want) [][]string {
	rows := [][]string{{"what", client.Plain(w.Kind) + " of " + taskOf(w)}}
	for _, one := range [][2]string{
		{"patients", shown(w.Patients)}, {"record", client.Plain(w.Record)}, {"classes", shown(w.Classes)}, {"overlays", shown(w.Overlays)},
		{"reason", reasonGiven(&w.Reason)}, {"how long", howLong(w)},
	} {
		if one[1] != "" {
			rows = append(rows, one[:])
		}
	}
	return rows
}

// outcome is what became of a request that is decided.
func outcome(r *client.Request) string {
	out := "it was " + client.Plain(r.State)
	if r.State == "lapsed" {
		out = "it lapsed"
	}
	if r.Ended != nil {
		out += " " + stamp(*r.Ended)
	}
	out += quoted(r.Word)
	if r.Grant != "" {
		out += ", and lent: modicum grants " + client.Plain(r.Grant)
	}
	return out
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
		out = lasts(w.Minutes) + " from its start"
	}
	if w.From != nil {
		out += ", which is " + stamp(*w.From)
	}
	return out
}

// lasts is a number of minutes, as people say it.
func lasts(minutes int) string {
	hours, rest := minutes/60, minutes%60
	switch {
	case hours == 0:
		return fmt.Sprintf("%dm", rest)
	case rest == 0:
		return fmt.Sprintf("%dh", hours)
	}
	return fmt.Sprintf("%dh%02dm", hours, rest)
}
