package api

import (
	"context"
	"strings"
	"time"

	"modicum/internal/access"
	"modicum/internal/caller"
	"modicum/internal/people"
	"modicum/internal/problem"
)

// actorOf is a caller as those who decide know them. Who acts for somebody else is named
// as who acts: nothing is lent to them.
func actorOf(c *caller.Caller) people.Actor {
	by := people.Actor{ID: c.ID, Network: c.Network, Roles: c.Roles}
	if c.Actor != nil {
		by.ID, by.For, by.Roles = c.Actor.ID, c.ID, c.Actor.Roles
	}
	return by
}

// Lender lends at a door, in the request that needs it, what the operations askValue and
// breakGlass lend before it.
type Lender struct {
	Lent  Lent
	Shift time.Duration // how long one proof of presence is good for breaking the glass
	Now   func() (now time.Time, trusted bool)
}

// Take opens a masked class of one record for the caller's own reason.
func (l *Lender) Take(ctx context.Context, c *caller.Caller, task, record, class, reason string) error {
	role, name := split(task, c)
	_, err := l.Lent.Ask(ctx, actorOf(c), access.Want{
		Kind: access.Asked, Role: role, Task: name, Record: record, Classes: []string{class}, Reason: access.Reason{Text: reason},
	})
	return inWords(err)
}

// Break breaks the glass for one patient.
func (l *Lender) Break(ctx context.Context, c *caller.Caller, task, purpose, patient, reason string) error {
	now, _ := l.Now()
	if !lately(c.AuthTime, now, l.Shift) {
		return problem.ProveAgain
	}
	role, name := split(task, c)
	_, err := l.Lent.BreakGlass(ctx, actorOf(c), access.GlassWant{
		Patient: patient, Role: role, Task: name, Purpose: purpose, Reason: access.Reason{Text: reason}, How: c.AMR,
	})
	return inWords(err)
}

// split takes ROLE/TASK apart; without a task that of the token counts, where it is bound
// to one.
func split(task string, c *caller.Caller) (role, name string) {
	if task == "" && c.Task != caller.NoTask {
		task = c.Task
	}
	role, name, both := strings.Cut(task, "/")
	if !both {
		return "", task
	}
	return role, name
}
