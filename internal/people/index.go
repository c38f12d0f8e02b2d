package people

import (
	"maps"
	"slices"
	"strings"
)

// set is a set of ids.
type set map[string]struct{}

// sets are sets by a name; those that are empty are not there.
type sets map[string]set

func (s sets) add(name, id string) {
	if name == "" {
		return
	}
	if s[name] == nil {
		s[name] = set{}
	}
	s[name][id] = struct{}{}
}

func (s sets) drop(name, id string) {
	delete(s[name], id)
	if len(s[name]) == 0 {
		delete(s, name)
	}
}

// index finds people by what they are looked for. It is turned with the pages.
type index struct {
	ids      map[string]string // key of an id of anybody, person or program, to the id
	names    map[string]string // key of a user name to the person
	former   map[string]string // key of a user name of before to the person
	handles  map[string]string
	mails    sets              // lower-case address to people
	external sets              // external id of provisioning to people
	holders  sets              // kind and name of what is held to people
	owned    sets              // person to programs
	member   sets              // person to groups
	keys     map[string]string // thumbprint to program
	groups   map[string]string // key of a group's name to the group
	people   int               // active ones
}

func newIndex() index {
	return index{
		ids: map[string]string{}, names: map[string]string{}, former: map[string]string{}, handles: map[string]string{},
		mails: sets{}, external: sets{}, holders: sets{}, owned: sets{}, member: sets{},
		keys: map[string]string{}, groups: map[string]string{},
	}
}

func holding(k Kind, name string) string { return string(k) + " " + name }

// everything a person holds, by kind.
func (p *Person) each(f func(Kind, *Held)) {
	for _, k := range [...]Kind{Role, Position, DutyKind, IdentityKind} {
		list := *p.held(k)
		for i := range list {
			f(k, &list[i])
		}
	}
}

// held is the list of a kind.
func (p *Person) held(k Kind) *[]Held {
	switch k {
	case Role:
		return &p.Roles
	case Position:
		return &p.Positions
	case DutyKind:
		return &p.Duties
	case IdentityKind:
		return &p.Identities
	}
	return nil
}

func (x *index) person(id string, old, now *Person) {
	if old != nil {
		x.forget(id, old)
	}
	if now == nil {
		return
	}
	x.ids[key(id)], x.names[key(now.UserName)] = id, id
	for _, name := range now.Former {
		x.former[key(name)] = id
	}
	if now.SCIM != nil {
		x.handles[now.SCIM.Handle] = id
	}
	if now.Active {
		x.people++
		x.mails.add(strings.ToLower(now.Mail), id)
	}
	x.external.add(now.External, id)
	now.each(func(k Kind, h *Held) { x.holders.add(holding(k, h.Name), id) })
}

func (x *index) forget(id string, old *Person) {
	delete(x.ids, key(id))
	delete(x.names, key(old.UserName))
	for _, name := range old.Former {
		delete(x.former, key(name))
	}
	if old.SCIM != nil {
		delete(x.handles, old.SCIM.Handle)
	}
	if old.Active {
		x.people--
	}
	x.mails.drop(strings.ToLower(old.Mail), id)
	x.external.drop(old.External, id)
	old.each(func(k Kind, h *Held) { x.holders.drop(holding(k, h.Name), id) })
}

func (x *index) program(id string, old, now *Program) {
	if old != nil {
		x.owned.drop(old.Owner, id)
		for _, k := range old.Keys {
			delete(x.keys, k.ID)
		}
	}
	if now == nil {
		delete(x.ids, key(id))
		return
	}
	x.ids[key(id)] = id
	x.owned.add(now.Owner, id)
	for _, k := range now.Keys {
		x.keys[k.ID] = id
	}
}

func (x *index) group(id string, old, now *Group) {
	if old != nil {
		delete(x.groups, key(old.Name))
		for _, m := range old.Members {
			x.member.drop(m, id)
		}
	}
	if now != nil {
		x.groups[key(now.Name)] = id
		for _, m := range now.Members {
			x.member.add(m, id)
		}
	}
}

// sortedKeys of a set.
func (s set) sorted() []string { return slices.Sorted(maps.Keys(s)) }
