package people

import (
	"slices"
	"strings"

	"modicum/internal/defect"
)

// Same reports whether two ids are one human being: the same one, identities that were
// linked or share a mail address, or a program and its owner (G1).
func (d *Directory) Same(a, b string) (yes bool) {
	if !d.cfg.Desk.Certain() {
		return true // nobody decides for anybody while this is not known
	}
	d.view(func() { yes = d.same(a, b) })
	return yes
}

func (d *Directory) same(a, b string) bool {
	a, b = d.human(a), d.human(b)
	return a == b || !d.single(a) && slices.Contains(d.identities(a), b) && !defect.On(defect.LinksIgnored)
}

// single: nobody else is linked to them or shares their mail address, as nearly always.
// Links stand on both pages.
func (d *Directory) single(id string) bool {
	p := d.persons.At(id)
	return p == nil || len(p.Same) == 0 && (!p.Active || p.Mail == "" || len(d.index.mails[strings.ToLower(p.Mail)]) < 2)
}

// human is the person behind a program, else the id itself.
func (d *Directory) human(id string) string {
	if p := d.programs.At(id); p != nil {
		return p.Owner
	}
	return id
}

// identities lists every person who is this human being, themselves among them.
func (d *Directory) identities(id string) []string {
	out, seen := []string{id}, set{id: {}}
	for i := 0; i < len(out); i++ {
		for _, other := range d.alike(out[i]) {
			if _, has := seen[other]; !has {
				seen[other] = struct{}{}
				out = append(out, other)
			}
		}
	}
	return out
}

// alike are those whom a person's page is linked to, and who share its mail address.
func (d *Directory) alike(id string) []string {
	p := d.persons.At(id)
	switch {
	case p == nil:
		return nil
	case !p.Active || p.Mail == "":
		return p.Same
	}
	return slices.Concat(p.Same, d.index.mails[strings.ToLower(p.Mail)].sorted())
}

// Approvers returns who may say yes for a role or position to what the asker wants,
// sorted: whoever holds it now, is not in conflict over it, and is not the asker under
// any identity. A position that is held for a department counts for askers of that
// department; [Manager] is the asker's own manager.
func (d *Directory) Approvers(name string, asker *Person, now int64) (out []string) {
	if asker == nil {
		return nil
	}
	_, trusted := d.now()
	d.view(func() {
		found := set{}
		if name == Manager && defect.On(defect.ManagerNamed) && asker.Manager != "" {
			found[asker.Manager] = struct{}{}
		}
		for _, k := range []Kind{Role, Position} {
			if !trusted || !d.OverOthers(k, name) {
				continue // a role that is given like any other decides for nobody
			}
			for id := range d.index.holders[holding(k, name)] {
				if d.approves(id, k, name, asker, now, trusted) {
					found[id] = struct{}{}
				}
			}
		}
		out = found.sorted()
	})
	return out
}

func (d *Directory) approves(id string, k Kind, name string, asker *Person, now int64, trusted bool) bool {
	p := d.persons.At(id)
	if p == nil || d.same(id, asker.ID) || name == Manager && id != asker.Manager {
		return false
	}
	if k == Role && d.inConflict(p, name, now, trusted) {
		return false
	}
	for _, h := range *p.held(k) {
		if h.Name == name && (h.Dept == "" || h.Dept == asker.Department || defect.On(defect.DeptIgnored)) && d.counts(p, k, &h, now, trusted) {
			return true
		}
	}
	return false
}

// inConflict reports whether a role of theirs does not count beside another one.
func (d *Directory) inConflict(p *Person, role string, now int64, trusted bool) bool {
	roles := d.names(p, Role, now, trusted)
	for _, c := range d.cfg.Policy().Conflicts(roles) {
		for _, w := range c.Roles {
			if w.Text == role {
				return true
			}
		}
	}
	return false
}
