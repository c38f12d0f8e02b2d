package main

import (
	"errors"
	"fmt"
	"strings"

	"modicum/internal/client"
	"modicum/policy"
)

// showsChange reads a change and shows it whole. What is answered is what was shown: its
// digest goes with the answer (G7).
func showsChange(t *terminal, o *online, id, digest string, yes bool) (*client.Client, client.PolicyChange, error) {
	api, err := o.open(t)
	if err != nil {
		return nil, client.PolicyChange{}, err
	}
	p, err := api.PolicyChange(t.ctx, id)
	switch {
	case err != nil:
		return nil, p, over(err)
	case p.Effect == nil:
		return nil, p, &exitError{exitNo, errors.New("what it does cannot be told: its policy is not in the archive any more, or does not compile with the server's version")}
	case digest != "" && digest != p.Effect.Digest:
		return nil, p, &exitError{exitNo, errors.New("the change is not what that digest was of; nothing was done: read it again")}
	}
	if !o.JSON || !yes {
		err = printChange(o.shows(t), &p)
	}
	return api, p, err
}

// stateWords is where a change stands.
func stateWords(p *client.PolicyChange) string {
	switch {
	case p.Current:
		return "in force"
	case p.State == "found":
		return "to be proposed"
	case p.State == "proposed":
		return "waits for a yes"
	case p.State == "in-force":
		return "was in force"
	}
	return client.Plain(p.State)
}

func shortHash(hash string) string { return client.Plain(hash[:min(len(hash), 12)]) }

// printChange shows a change whole: nothing that its digest covers is left out.
func printChange(t *terminal, p *client.PolicyChange) error {
	rows := [][]string{{"state", stateWords(p)}, {"policy", client.Plain(p.Policy)}, {"instead of", client.Plain(p.Replaces)}}
	if p.Proposed != nil {
		rows = append(rows, []string{"proposed by", client.Plain(p.Proposer) + ", " + stamp(*p.Proposed) + quoted(p.Reason)})
	}
	for _, a := range p.Answers {
		rows = append(rows, []string{"said yes", client.Plain(a.By) + ", " + stamp(a.At) + quoted(a.Word)})
	}
	if p.Ended != nil {
		rows = append(rows, []string{"decided by", client.Plain(p.EndedBy) + ", " + stamp(*p.Ended) + quoted(p.Word)})
	}
	if e := p.Effect; e != nil {
		rows = append(rows, effectRows(e)...)
	}
	if err := table(t.out, rows); err != nil || p.Effect == nil {
		return err
	}
	return printEffect(t, p.Effect)
}

func effectRows(e *client.PolicyEffect) [][]string {
	var rows [][]string
	for _, b := range e.Before {
		rows = append(rows, []string{"before", client.Plain(b.State) + " by " + client.Plain(b.EndedBy) + ", " + stamp(b.Ended) + quoted(b.Word)})
	}
	for _, one := range [][2]string{{"lacks", client.Plain(e.Lacks)}, {"may say yes", shown(e.Approvers)}, {"you", client.Plain(e.MayNot)}, {"opens to", shown(e.Gains)}, {"of yours", shown(e.Yours)}} {
		if one[1] != "" {
			rows = append(rows, one[:])
		}
	}
	if e.Unnamed {
		rows = append(rows, []string{"opens to", "a program, a partner or a recipient too: who gains by that cannot be told"})
	}
	return append(rows, []string{"effect", fmt.Sprintf("%d open, %d close", e.Opens, e.Closes)})
}

// effectTitles are the parts of an effect, what opens first, as policy.Difference has them.
var effectTitles = []struct {
	title      string
	directions []string
}{{"Opens", []string{"opens", "both"}}, {"Closes", []string{"closes"}}, {"Changes no decision", []string{"words"}}}

func printEffect(t *terminal, e *client.PolicyEffect) error {
	var b strings.Builder
	left := len(e.Changes)
	for _, part := range effectTitles {
		title := part.title + "\n"
		for i := range e.Changes {
			if d := &e.Changes[i]; d.Direction == part.directions[0] || d.Direction == part.directions[len(part.directions)-1] {
				b.WriteString(title + oneThing(d))
				title, left = "", left-1
			}
		}
	}
	if left > 0 {
		return unavailable("the server tells of %s in a way that this command does not know", plural(left, "change"))
	}
	_, err := fmt.Fprint(t.out, b.String())
	return err
}

// oneThing is one thing that differs, in the words of modicum policy diff, and for whom.
func oneThing(d *client.PolicyOneThing) string {
	c := policy.Change{
		Kind: d.Kind, Verbs: client.Plain(d.Verbs), While: client.Plain(d.While), Within: client.Plain(d.Within), MarkedOnly: d.MarkedOnly,
		Lent: client.Plain(d.Lent), What: client.Plain(d.What), Was: client.Plain(d.Was), Now: client.Plain(d.Now),
	}
	for _, n := range d.Disclosures {
		c.Disclosures = append(c.Disclosures, client.Plain(n))
	}
	for _, m := range d.Marked {
		c.Marked = append(c.Marked, client.Plain(m))
	}
	for _, k := range d.Classes {
		c.Classes = append(c.Classes, policy.ClassChange{Classes: []string{shown(k.Classes)}, Was: client.Plain(k.Was), Now: client.Plain(k.Now)})
	}
	head := "  " + client.Plain(d.Where)
	if d.Purpose != "" || d.Flow != "" {
		head += " (" + strings.Trim(client.Plain(d.Purpose)+", "+client.Plain(d.Flow), ", ") + ")"
	}
	if len(d.Roles) > 0 {
		head += ", for " + shown(d.Roles)
	}
	said := c.String()
	if d.Glass {
		said += "; with a broken glass too"
	}
	if d.Direction == "both" {
		said += "; which way cannot be told from the policy alone"
	}
	return head + "\n    " + said + "\n"
}
