package scim

import (
	"strings"

	"modicum/internal/people"
)

// groups is the type of groups.
func groups() *resource {
	return &resource{name: "Group", path: "Groups", core: groupSchema}
}

// groupOf writes a group as a client sees it.
func (s *Server) groupOf(g *people.Group, revision int64) object {
	o := object{"id": g.ID, "displayName": g.Name, "schemas": []any{groupURN}}
	set(o, "externalId", g.External)
	var members []any
	for _, id := range g.Members {
		if p := s.cfg.People.Person(id); visible(p) {
			members = append(members, object{"value": p.SCIM.Handle, "$ref": s.location(s.users, p.SCIM.Handle), "type": "User"})
		}
	}
	if members != nil {
		o["members"] = members
	}
	s.meta(o, s.groups, g.ID, g.Created, g.Changed, revision)
	return o
}

// toGroup writes a resource into a group.
func (s *Server) toGroup(o object, g *people.Group) error {
	g.Name, g.External, g.Members = str(o, "displayName"), str(o, "externalId"), nil
	in := list(o, "members")
	if len(in) > people.MostMembers {
		return bad(tooMany, "A group has at most 10,000 members.")
	}
	for _, m := range in {
		handle := str(m, "value")
		if ref := str(m, "$ref"); handle == "" && ref != "" {
			handle = ref[strings.LastIndexByte(ref, '/')+1:]
		}
		p := s.cfg.People.ByHandle(handle)
		if !visible(p) || str(m, "type") != "" && !strings.EqualFold(str(m, "type"), "User") {
			return bad(invalidValue, "A member is none of the users that this client provides.")
		}
		g.Members = append(g.Members, p.ID)
	}
	return nil
}
