package people

import (
	"modicum/internal/defect"
	"modicum/policy"
	"modicum/policy/doc"
)

// Manager is the position of whoever manages the asker. It counts for a person whom
// the asker's page names and who holds it here: so provisioning may say who manages
// whom, and never who may approve (G9).
const Manager = "manager"

// rights are the names that a policy lets approve, decide or hear for others.
type rights struct {
	of    *policy.Set
	names map[string]bool
}

// rightsNow returns those of the policy in force; made once for each policy.
func (d *Directory) rightsNow() *rights {
	set := d.cfg.Policy()
	if r := d.rights.Load(); r != nil && r.of == set {
		return r
	}
	r := &rights{set, map[string]bool{}}
	for _, w := range approving(set) {
		r.names[w.Text] = true
	}
	d.rights.Store(r)
	return r
}

// approving lists every word of a policy that names who says yes for others.
func approving(set *policy.Set) (out doc.Words) {
	folder := set.Folder()
	org := &folder.Organization
	if org.Exceptions != nil {
		out = append(out, org.Exceptions.Approve...)
	}
	for _, p := range org.Approvals.Substitutes {
		out = append(out, p.Key, p.Value)
	}
	out = append(out, org.Approvals.EscalateTo)
	for i := range folder.Roles {
		for _, t := range folder.Roles[i].Tasks {
			if t.First.Lend != nil {
				out = append(out, t.First.Lend.Approve...)
			}
			for _, l := range t.Also {
				if l.Lend != nil {
					out = append(out, l.Lend.Approve...)
				}
			}
		}
	}
	for i := range folder.Disclosures {
		out = append(out, folder.Disclosures[i].Approve...)
		out = append(out, folder.Disclosures[i].EscalateTo)
	}
	return out
}

// OverOthers reports whether holding this is a right over others: a duty, a position,
// or a role that the policy in force names in an `approve`. Giving it needs a second
// person, and neither provisioning nor a token of an issuer gives it (G9).
func (d *Directory) OverOthers(k Kind, name string) bool {
	return k != Role || d.rightsNow().names[name]
}

// waits reports whether what somebody holds waits for a second person.
func (d *Directory) waits(p *Person, k Kind, h *Held) bool {
	return h.Agreed == "" && !h.Alone && h.Taken == "" && d.needsSecond(p, k, h) && !defect.On(defect.RightsUnagreed)
}

// needsSecond: a right over others, and whatever somebody gives to themselves.
func (d *Directory) needsSecond(p *Person, k Kind, h *Held) bool {
	return d.OverOthers(k, h.Name) || d.same(h.By, p.ID) && !defect.On(defect.OwnGiftCounts)
}

// counts reports whether what an active person holds counts now.
func (d *Directory) counts(p *Person, k Kind, h *Held, now int64, trusted bool) bool {
	switch {
	case !p.Active || h.Taken != "" || h.Since > now || h.Until != 0 && (!trusted || now >= h.Until) && !defect.On(defect.HeldForEver):
		return false
	case h.Group != "" && !d.groupGives(h, p.ID):
		return false
	case k == DutyKind && d.apart(p, Duty(h.Name), now, trusted):
		return false
	}
	return !d.waits(p, k, h)
}

// groupGives: its group is there, has them, and is mapped to that role still.
func (d *Directory) groupGives(h *Held, person string) bool {
	if h.From != SCIM {
		return true
	}
	_, in := d.index.member[person][h.Group]
	return in && d.mapped(d.groups.At(h.Group)) == h.Name
}

// Roles returns the names of the roles that a person holds in the directory and that
// count now, sorted. Those in conflict are among them: the policy drops them and says
// why. A program has the one that it was made for.
func (d *Directory) Roles(id string, now int64) (out []string) {
	_, trusted := d.now()
	d.view(func() {
		if q := d.programs.At(id); q != nil && d.active(id, now, trusted) {
			out = []string{q.Role}
			return
		}
		out = d.names(d.persons.At(id), Role, now, trusted)
	})
	return out
}

// RolesUntil is when the first of those roles ends by itself, 0 for never: what was decided
// by them holds no longer.
func (d *Directory) RolesUntil(id string, now int64) (first int64) {
	_, trusted := d.now()
	d.view(func() {
		p := d.persons.At(id)
		if p == nil {
			return
		}
		for _, h := range p.Roles {
			if h.Until != 0 && (first == 0 || h.Until < first) && d.counts(p, Role, &h, now, trusted) {
				first = h.Until
			}
		}
	})
	return first
}

// Positions is Roles for positions, wherever they hold.
func (d *Directory) Positions(id string, now int64) (out []string) {
	_, trusted := d.now()
	d.view(func() { out = d.names(d.persons.At(id), Position, now, trusted) })
	return out
}

func (d *Directory) names(p *Person, k Kind, now int64, trusted bool) []string {
	if p == nil {
		return nil
	}
	s := set{}
	for _, h := range *p.held(k) {
		if d.counts(p, k, &h, now, trusted) {
			s[h.Name] = struct{}{}
		}
	}
	return s.sorted()
}

// Holds reports whether a person holds a duty now. A program holds none (G8).
func (d *Directory) Holds(id string, duty Duty, now int64) (yes bool) {
	_, trusted := d.now()
	d.view(func() { yes = d.holds(id, DutyKind, string(duty), now, trusted) })
	return yes
}

func (d *Directory) holds(id string, k Kind, name string, now int64, trusted bool) bool {
	p := d.persons.At(id)
	if p == nil {
		return false
	}
	for _, h := range *p.held(k) {
		if h.Name == name && d.counts(p, k, &h, now, trusted) {
			return true
		}
	}
	return false
}

// few is the number of active people from which duties that belong apart are apart.
const few = 4

// guarded goes from a duty that watches others to those that it watches.
var guarded = map[Duty][]Duty{
	ReviewAccess: {RunSystem, RunPeople},
	AgreePolicy:  {WritePolicy},
}

// watched is guarded read the other way.
func watched(a, b Duty) bool {
	for _, x := range guarded[a] {
		if x == b {
			return true
		}
	}
	return false
}

// apart reports whether a duty that watches others does not count, since the same human
// being, under whatever identity, holds what it watches. In an installation of fewer
// than four people it does, and Lacks says so.
func (d *Directory) apart(p *Person, duty Duty, now int64, trusted bool) bool {
	if d.index.people < few || guarded[duty] == nil {
		return false
	}
	for _, id := range d.identities(p.ID) {
		for _, other := range guarded[duty] {
			if d.holds(id, DutyKind, string(other), now, trusted) {
				return true
			}
		}
	}
	return false
}
