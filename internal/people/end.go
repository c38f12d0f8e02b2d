package people

import (
	"context"
	"slices"
	"strconv"

	"modicum/internal/defect"
)

// Deactivate ends a person: in one change everything that they hold, the programs that
// they own, which go to heir where one is named, and whatever others keep of theirs on
// the same desk (G6). It is on record before it returns. Nobody is deleted: their page
// stays, and their id is never used for another.
func (d *Directory) Deactivate(ctx context.Context, by Actor, id, heir string) error {
	return d.change(ctx, by, "person-deactivated", about(id), func(t *turn) error {
		p, err := t.someone(id)
		if err != nil {
			return err
		}
		if err := t.mayEnd(p, heir); err != nil {
			return err
		}
		if p.Active {
			t.end(p, Local, heir)
		}
		return nil
	})
}

func (t *turn) mayEnd(p *Person, heir string) error {
	if err := t.mayRun(); err != nil {
		return err
	}
	if heir != "" && (heir == p.ID || !t.d.alive(heir)) {
		return refuse(ErrGone, "the new owner of their programs must be somebody else who is active")
	}
	if heir != "" && t.d.same(t.by.ID, heir) && len(t.others(t.by.ID, p.ID)) > 0 {
		return refuse(ErrSelf, "their programs would act for you; name somebody else, or let them stop")
	}
	return t.leavesSomebody(p.ID)
}

// leavesSomebody refuses what would leave nobody to run people.
func (t *turn) leavesSomebody(without string) error {
	if !t.d.holds(without, DutyKind, string(RunPeople), t.now, t.trusted) || len(t.others(without)) > 0 {
		return nil
	}
	return refuse(ErrLast, "give the duty %s to somebody else first", RunPeople)
}

// others are the people who run people now, without some human beings.
func (t *turn) others(without ...string) (out []string) {
	for id := range t.d.index.holders[holding(DutyKind, string(RunPeople))] {
		is := func(w string) bool { return t.d.same(id, w) }
		if t.d.holds(id, DutyKind, string(RunPeople), t.now, t.trusted) && !slices.ContainsFunc(without, is) {
			out = append(out, id)
		}
	}
	return out
}

// end takes everything from a person.
func (t *turn) end(p *Person, from Source, heir string) {
	n := len(p.Roles) + len(p.Positions) + len(p.Duties)
	p.Active, p.Ended, p.EndedFrom = false, t.now, from
	p.Roles, p.Positions, p.Duties = nil, nil, nil
	t.stays(p)
	programs := t.d.index.owned[p.ID].sorted()
	stopped := 0
	for _, id := range programs {
		q := t.program(id)
		switch {
		case !q.Active || defect.On(defect.LeaversPrograms):
		case heir != "":
			q.Owner, q.Keys = heir, nil // the leaver may still hold the private ones
			t.what("handed-on:" + id)
		default:
			t.stop(q)
			stopped++
		}
	}
	t.what("held:"+strconv.Itoa(n), "programs-stopped:"+strconv.Itoa(stopped))
	t.tellEnded(p.ID)
}

// stays leaves somebody who goes what was agreed on of who they are at an issuer. It gives
// nothing while they are away, nor afterwards; and were it gone, whoever else had their
// name there would be them when they come back (threat model T8).
func (t *turn) stays(p *Person) {
	p.Identities = drop(p.Identities, func(h Held) bool {
		return t.d.waits(p, IdentityKind, &h) || defect.On(defect.IdentityStripped)
	})
}

// stop ends a program with its keys.
func (t *turn) stop(q *Program) {
	q.Active, q.Keys = false, nil
	t.what("stopped:" + q.ID)
	t.tellEnded(q.ID)
}

func (t *turn) tellEnded(id string) {
	if defect.On(defect.LeaverKeeps) {
		return
	}
	t.d.mu.Lock()
	hooks := slices.Clone(t.d.ended)
	t.d.mu.Unlock()
	for _, f := range hooks {
		f(t.ctx, t.c, id)
	}
	if !defect.On(defect.LeaverUntold) {
		t.what(t.c.Noted()...)
	}
}

// Reactivate brings a person back, as who they were at an issuer and without anything that
// they held but what groups of provisioning give now. Whoever was deleted by provisioning
// is a local person from then on.
func (d *Directory) Reactivate(ctx context.Context, by Actor, id string) error {
	return d.change(ctx, by, "person-reactivated", about(id), func(t *turn) error {
		p, err := t.someone(id)
		if err != nil {
			return err
		}
		if err := t.mayGive(); err != nil {
			return err
		}
		if p.Active {
			return nil
		}
		if p.SCIM != nil && p.SCIM.Removed {
			p.From, p.SCIM = Local, nil
		}
		return t.comeBack(p)
	})
}

func (t *turn) comeBack(p *Person) error {
	if !t.trusted {
		return refuse(ErrTime, "try again when the clock is set")
	}
	p.Active = true
	t.regroup(p)
	return nil
}

// Remove is what a provisioning client means by deleting: they are deactivated, and it
// sees them no more. Only an administrator brings them back.
func (d *Directory) Remove(ctx context.Context, by Actor, id string, rev int64) error {
	return d.change(ctx, by, "person-deactivated", about(id), func(t *turn) error {
		p, err := t.editable(id, rev)
		if err != nil {
			return err
		}
		if !by.isProvisioner() {
			return refuse(ErrForbidden, "nobody is deleted; deactivate them")
		}
		if p.Active {
			t.end(p, SCIM, "")
		}
		p.SCIM.Removed, p.EndedFrom = true, Local
		for _, g := range t.d.index.member[id].sorted() {
			group := t.group(g)
			group.Members = slices.DeleteFunc(group.Members, func(m string) bool { return m == id })
		}
		return nil
	})
}

// Entrust gives a person whom an administrator added to provisioning, which finds them
// by user name. What they hold stays. Said of a page that is provisioning's already, it says
// that the page was written here: one that was left to it before pages said so themselves.
func (d *Directory) Entrust(ctx context.Context, by Actor, id string) error {
	return d.change(ctx, by, "person-entrusted", about(id), func(t *turn) error {
		p, err := t.someone(id)
		if err != nil {
			return err
		}
		if err := t.mayGive(); err != nil {
			return err
		}
		if p.From == SCIM {
			if p.SCIM != nil && (p.SCIM.Before != Issuer || defect.On(defect.EntrustedAnyway)) && !defect.On(defect.EntrustedUnsaid) {
				p.SCIM.Entrusted = true
			}
			return nil
		}
		handle, err := NewHandle()
		if err != nil {
			return err
		}
		written := p.From == Local // a page that its issuer made is the issuer's still
		p.From, p.SCIM = SCIM, &Provisioned{Handle: handle, Entrusted: written, Before: p.From, Display: p.Name, Department: p.Department, Organization: p.Facility}
		if p.Mail != "" {
			p.SCIM.Mails = []Mail{{Value: p.Mail, Type: "work", Primary: true}}
		}
		return nil
	})
}
