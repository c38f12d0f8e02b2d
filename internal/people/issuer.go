package people

import (
	"context"
	"slices"

	"modicum/internal/defect"
)

// Arrival is what an identity provider says of somebody whom it has just signed in.
type Arrival struct {
	ID, Name, Mail       string
	Department, Facility string
	Practitioners        []string
	Roles                []string // of the policy, after the issuer's mapping
	Until                int64    // how long its word on roles counts, microseconds
}

// issuer is who gives, where an identity provider's word does.
const issuer = "installation"

// Arrive takes an issuer's word for somebody whom it signed in. Who is not known gets a
// page; who has left is refused, whatever the issuer says. Its roles count until
// Until and no longer than it says them: each arrival says all of them anew. A role that
// is a right over others waits for local agreement, as everybody's does (G9), and keeps
// the agreement that it has while the issuer goes on giving it.
func (d *Directory) Arrive(ctx context.Context, a Arrival) (*Person, error) {
	err := d.change(ctx, Actor{ID: issuer}, "person-arrived", about(a.ID), func(t *turn) error {
		if !t.trusted {
			return refuse(ErrTime, "try again when the clock is set")
		}
		p := t.person(a.ID)
		switch {
		case p == nil:
			var err error
			if p, err = t.newcomer(&a); err != nil {
				return err
			}
		case !p.Active && !defect.On(defect.LeaverArrives):
			return refuse(ErrGone, "an administrator of this installation brings them back")
		case p.From == Issuer:
			a.describe(p)
		}
		if len(a.Practitioners) > 0 {
			p.Practitioners = slices.Clone(a.Practitioners)
		}
		t.says(p, &a)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return d.Person(a.ID), nil
}

// Ours reports whether somebody holds rights over others by our own word alone: no issuer
// speaks for them, however it calls somebody, unless [Directory.Word] says that it is them.
// A page that one of us left to provisioning is still ours in that: one person would open
// to a name elsewhere what two agreed to else (G9).
func (d *Directory) Ours(id string) bool {
	p := d.Person(id)
	if p == nil || p.From != Local && !p.entrusted() {
		return false
	}
	if len(p.Duties)+len(p.Positions) > 0 {
		return true
	}
	return slices.ContainsFunc(p.Roles, func(h Held) bool { return h.From == Local && d.OverOthers(Role, h.Name) })
}

// entrusted reports whether a page was written here and left to provisioning.
func (p *Person) entrusted() bool {
	return p.SCIM != nil && p.SCIM.Entrusted && !defect.On(defect.EntrustedOpens)
}

// newcomer makes a page for whom the directory does not know.
func (t *turn) newcomer(a *Arrival) (*Person, error) {
	p := &Person{ID: a.ID, UserName: a.ID, From: Issuer, Active: true, Created: t.now}
	a.describe(p)
	return p, t.admit(p)
}

func (a *Arrival) describe(p *Person) {
	p.Name, p.Mail, p.Department, p.Facility = a.Name, a.Mail, a.Department, a.Facility
	if p.Name == "" {
		p.Name = a.ID
	}
}

// says writes the roles that the issuer gives, in place of those that it gave.
func (t *turn) says(p *Person, a *Arrival) {
	var now []Held
	for _, name := range a.Roles {
		role, known := t.d.cfg.Policy().RoleOf(name)
		if !known || role.HeldBy.Text == "programs" {
			continue
		}
		h := Held{Name: name, From: Issuer, By: issuer, Since: t.now, Until: a.Until}
		if at := slices.IndexFunc(p.Roles, func(o Held) bool { return o.From == Issuer && o.Name == name }); at >= 0 {
			h.Agreed, h.Alone, h.Since = p.Roles[at].Agreed, p.Roles[at].Alone, p.Roles[at].Since
		}
		if defect.On(defect.IssuerGivesRights) {
			h.Agreed = issuer
		}
		now = append(now, h)
		t.what(name)
	}
	p.Roles = append(slices.DeleteFunc(p.Roles, func(h Held) bool { return h.From == Issuer }), now...)
	if len(p.Roles) == 0 {
		p.Roles = nil
	}
}
