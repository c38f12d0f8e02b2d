package api

import (
	"context"
	"strings"
	"time"

	"modicum/internal/access"
	"modicum/internal/caller"
	"modicum/internal/defect"
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
	role, name, err := may(c, task)
	if err != nil {
		return err
	}
	_, err = l.Lent.Ask(ctx, actorOf(c), access.Want{
		Kind: access.Asked, Role: role, Task: name, Record: record, Classes: []string{class}, Reason: access.Reason{Text: reason},
	})
	return inWords(err)
}

// Break breaks the glass for one patient.
func (l *Lender) Break(ctx context.Context, c *caller.Caller, task, purpose, patient, reason string) error {
	role, name, err := may(c, task)
	if err != nil {
		return err
	}
	if now, _ := l.Now(); !lately(c.AuthTime, now, l.Shift) {
		return problem.ProveAgain
	}
	_, err = l.Lent.BreakGlass(ctx, actorOf(c), access.GlassWant{
		Patient: patient, Role: role, Task: name, Purpose: purpose, Reason: access.Reason{Text: reason}, How: c.AMR,
	})
	return inWords(err)
}

// may says for which task something may be lent with this token at a door: to a person,
// in their own name, whose token opens records (G8).
func may(c *caller.Caller, task string) (role, name string, err error) {
	switch {
	case defect.On(defect.LentPastToken):
	case c.Program || c.Actor != nil:
		return "", "", problem.PersonAlone
	case c.Task == caller.NoTask:
		return "", "", problem.NotForTask
	}
	role, name, both := strings.Cut(task, "/")
	if !both {
		role, name = "", task
	}
	return within(c, role, name)
}

// within is the task that is meant, role and name, either of which may be left out: that
// to which the token is bound, where it is, and no other.
func within(c *caller.Caller, role, name string) (string, string, error) {
	if !bound(c) || defect.On(defect.LentPastToken) {
		return role, name, nil
	}
	ofRole, of, _ := strings.Cut(c.Task, "/")
	if role != "" && role != ofRole || name != "" && name != of {
		return "", "", problem.NotForTask
	}
	return ofRole, of, nil
}

// within is that of the caller's token; a task that it was not given out for is tried in vain.
func (c *call) within(role, name string) (string, string, error) {
	role, name, err := within(c.caller, role, name)
	if err != nil && !defect.On(defect.OtherTaskUnsaid) {
		err = c.inVain(err)
	}
	return role, name, err
}

// bound reports whether a token was given out for one task.
func bound(c *caller.Caller) bool { return c.Task != "" && c.Task != caller.NoTask }
