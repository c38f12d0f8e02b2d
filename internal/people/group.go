package people

import (
	"context"
	"maps"
	"slices"

	"github.com/google/uuid"

	"modicum/internal/defect"
	"modicum/policy/doc"
)

type word = doc.Word

// MostMembers is how many people a group may have.
const MostMembers = 10_000

// mapped is the role that a group gives, "" for none: as the configuration says, and
// only where the policy in force has it for people.
func (d *Directory) mapped(g *Group) string {
	if g == nil {
		return ""
	}
	for _, name := range []string{g.Name, g.External, g.ID} {
		role, ok := d.cfg.Groups[name]
		if r, has := d.cfg.Policy().RoleOf(role); ok && name != "" && has && r.HeldBy.Text != "programs" {
			return role
		}
	}
	return ""
}

// regroup makes what groups give to a person what they give now: roles of groups that
// they are in, and none of those that they left. What is new and a right over others
// waits for local agreement (G9).
func (t *turn) regroup(p *Person) {
	want := map[string]string{} // group → role
	if p.Active {
		for id := range t.in(p.ID) {
			if role := t.d.mapped(t.lookGroup(id)); role != "" {
				want[id] = role
			}
		}
	}
	stale := func(h Held) bool { return h.From == SCIM && want[h.Group] != h.Name }
	for _, h := range p.Roles {
		if stale(h) {
			t.what("taken:" + h.Name)
		}
	}
	p.Roles = drop(p.Roles, stale)
	for _, id := range slices.Sorted(maps.Keys(want)) {
		role := want[id]
		if slices.ContainsFunc(p.Roles, func(h Held) bool { return h.From == SCIM && h.Group == id }) {
			continue
		}
		h := Held{Name: role, From: SCIM, By: t.by.ID, Since: t.now, Group: id}
		if defect.On(defect.GroupGivesAll) {
			h.Agreed = t.by.ID
		}
		t.hold(p, Role, h)
		if t.d.OverOthers(Role, role) {
			t.what("proposed:" + role)
		} else {
			t.what("given:" + role)
		}
	}
}

// in is the set of groups that somebody is in once this change is kept.
func (t *turn) in(person string) set {
	out := set{}
	for id := range t.d.index.member[person] {
		if t.groups[id] == nil {
			out[id] = struct{}{}
		}
	}
	for id, g := range t.groups {
		if _, has := slices.BinarySearch(g.Members, person); has && !t.dropped[id] {
			out[id] = struct{}{}
		}
	}
	return out
}

// lookGroup reads a group as this change leaves it.
func (t *turn) lookGroup(id string) *Group {
	if g := t.groups[id]; g != nil {
		return g
	}
	return t.d.groups.At(id)
}

// AddGroup adds a group of provisioning. Its members get what it is mapped to.
func (d *Directory) AddGroup(ctx context.Context, by Actor, given *Group) (*Group, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return nil, err
	}
	g := &Group{ID: id.String(), Name: given.Name, External: given.External, Members: given.Members}
	err = d.change(ctx, by, "group-added", "", func(t *turn) error {
		if !by.isProvisioner() {
			return refuse(ErrForbidden, "groups are provisioning's; give the role to the person")
		}
		g.Created = t.now
		t.groups[g.ID] = g
		return t.members(g, nil)
	})
	if err != nil {
		return nil, err
	}
	return d.Group(g.ID), nil
}

// ChangeGroup changes a group: f changes a copy. Who leaves it loses its role at once.
func (d *Directory) ChangeGroup(ctx context.Context, by Actor, id string, rev int64, f func(*Group) error) (*Group, error) {
	err := d.change(ctx, by, "group-changed", "", func(t *turn) error {
		g, err := t.groupFor(id, rev)
		if err != nil {
			return err
		}
		before := *g
		if err := f(g); err != nil {
			return err
		}
		g.ID, g.Created = id, before.Created
		return t.members(g, t.d.groups.At(id))
	})
	if err != nil {
		return nil, err
	}
	return d.Group(id), nil
}

// RemoveGroup ends a group: its members lose what it gave.
func (d *Directory) RemoveGroup(ctx context.Context, by Actor, id string, rev int64) error {
	return d.change(ctx, by, "group-removed", "", func(t *turn) error {
		g, err := t.groupFor(id, rev)
		if err != nil {
			return err
		}
		t.dropped[id] = true
		t.what(id)
		for _, m := range g.Members {
			if p := t.person(m); p != nil {
				t.regroup(p)
			}
		}
		return nil
	})
}

func (t *turn) groupFor(id string, rev int64) (*Group, error) {
	g := t.group(id)
	switch {
	case !t.by.isProvisioner():
		return nil, refuse(ErrForbidden, "groups are provisioning's")
	case g == nil:
		return nil, refuse(ErrNobody, "the group is not there")
	case rev != 0 && rev != t.d.groups.Revision(id) && !defect.On(defect.VersionOfAnybody):
		return nil, refuse(ErrChanged, "look at it again")
	}
	return g, nil
}

// members checks a group as it is written and gives everybody who joined, left, or
// stays under another name what the group gives now.
func (t *turn) members(g, old *Group) error {
	slices.Sort(g.Members)
	if g.Members = slices.Compact(g.Members); len(g.Members) == 0 {
		g.Members = nil
	}
	if err := t.checkGroup(g); err != nil {
		return err
	}
	t.what(g.ID)
	touched := set{}
	for _, id := range g.Members {
		touched[id] = struct{}{}
	}
	if old != nil {
		same := t.d.mapped(old) == t.d.mapped(g)
		for _, id := range old.Members {
			if _, stays := touched[id]; stays && same {
				delete(touched, id)
				continue
			}
			touched[id] = struct{}{}
		}
	}
	for id := range touched {
		if p := t.person(id); p != nil {
			t.regroup(p)
		}
	}
	return nil
}

func (t *turn) checkGroup(g *Group) error {
	var out Problems
	if g.Name == "" || len(g.Name) > mostName || !plain(g.Name) {
		out.add("displayName", "must be given, in at most 256 bytes without control characters")
	}
	if len(g.External) > mostName || !plain(g.External) {
		out.add("externalId", "is longer than 256 bytes, or holds control characters")
	}
	if len(g.Members) > MostMembers {
		out.add("members", "are more than 10,000")
	}
	for _, id := range g.Members {
		if p := t.d.persons.At(id); p == nil || p.From != SCIM || p.SCIM == nil || p.SCIM.Removed {
			out.add("members", "name somebody whom provisioning does not provide")
			break
		}
	}
	if err := out.err(); err != nil {
		return err
	}
	if owner, has := t.d.index.groups[key(g.Name)]; has && owner != g.ID {
		return refuse(ErrTaken, "another group has this name, or one that looks like it")
	}
	return nil
}

// settleGroups makes what everybody holds by groups agree with the configuration, which
// may have changed while nothing ran.
func (d *Directory) settleGroups(ctx context.Context) error {
	return d.change(ctx, Actor{ID: "installation"}, "groups-settled", "", func(t *turn) error {
		for _, id := range d.index.ids {
			if p := d.persons.At(id); p != nil && d.unsettled(p) {
				t.regroup(t.person(id))
			}
		}
		return nil
	})
}

// unsettled reports whether groups give a person something else than their page says.
func (d *Directory) unsettled(p *Person) bool {
	given := map[string]bool{}
	for _, h := range p.Roles {
		if h.From == SCIM {
			given[h.Group] = true
			if !d.groupGives(&h, p.ID) {
				return true
			}
		}
	}
	for id := range d.index.member[p.ID] {
		if p.Active && !given[id] && d.mapped(d.groups.At(id)) != "" {
			return true
		}
	}
	return false
}
