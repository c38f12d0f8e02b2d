package scim

import (
	"strings"
	"time"

	"modicum/catalog"
	"modicum/internal/defect"
	"modicum/internal/people"
)

// users is the type of people.
func users(cfg *Config) *resource {
	r := &resource{name: "User", path: "Users", core: userSchema, extensions: []schema{enterpriseSchema}, mutable: map[string]string{}}
	switch cfg.Person {
	case ByUserName:
		r.mutable["userName"] = "immutable"
	case ByExternalID:
		r.mutable["externalId"] = "immutable"
	}
	return r
}

// visible reports whether provisioning may know of a person.
func visible(p *people.Person) bool {
	if p != nil && p.SCIM != nil && defect.On(defect.ClientSeesAll) {
		return true
	}
	return p != nil && p.From == people.SCIM && p.SCIM != nil && !p.SCIM.Removed
}

// userOf writes a person as the resource that a client sees.
func (s *Server) userOf(p *people.Person, revision int64) object {
	o := object{"id": p.SCIM.Handle, "userName": p.UserName, "active": p.Active}
	set(o, "externalId", p.External)
	set(o, "displayName", p.SCIM.Display)
	set(o, "title", p.Title)
	name := object{}
	set(name, "familyName", p.SCIM.Family)
	set(name, "givenName", p.SCIM.Given)
	setObject(o, "name", name)
	if mails := mailsOf(p.SCIM.Mails); mails != nil {
		o["emails"] = mails
	}
	e := object{}
	set(e, "organization", p.SCIM.Organization)
	set(e, "department", p.SCIM.Department)
	if p.SCIM.Manager != "" {
		e["manager"] = object{"value": p.SCIM.Manager, "$ref": s.location(s.users, p.SCIM.Manager)}
	}
	setObject(o, enterpriseURN, e)
	o["schemas"] = []any{userURN}
	if len(e) > 0 {
		o["schemas"] = []any{userURN, enterpriseURN}
	}
	s.meta(o, s.users, p.SCIM.Handle, p.Created, p.Changed, revision)
	return o
}

func (s *Server) meta(o object, r *resource, id string, created, changed, revision int64) {
	o["meta"] = object{
		"resourceType": r.name, "location": s.location(r, id), "version": version(revision),
		"created": stamp(created), "lastModified": stamp(changed),
	}
}

func stamp(micro int64) string { return time.UnixMicro(micro).UTC().Format(time.RFC3339Nano) }

func set(o object, name, v string) {
	if v != "" {
		o[name] = v
	}
}

func setObject(o object, name string, v object) {
	if len(v) > 0 {
		o[name] = v
	}
}

func mailsOf(list []people.Mail) (out []any) {
	for _, m := range list {
		o := object{"value": m.Value, "primary": m.Primary}
		set(o, "type", m.Type)
		out = append(out, o)
	}
	return out
}

// toPerson writes a resource into a person. What the resource has not is emptied, but
// for active: who says nothing of it changes nothing of it.
func (s *Server) toPerson(o object, p *people.Person) error {
	if p.SCIM == nil {
		p.SCIM = &people.Provisioned{}
	}
	p.UserName, p.External, p.Title = str(o, "userName"), str(o, "externalId"), str(o, "title")
	p.SCIM.Display = str(o, "displayName")
	p.SCIM.Given, p.SCIM.Family = str(sub(o, "name"), "givenName"), str(sub(o, "name"), "familyName")
	p.Name = nameOf(p)
	if active, said := o["active"].(bool); said {
		p.Active = active
	}
	var err error
	if p.SCIM.Mails, err = toMails(list(o, "emails")); err != nil {
		return err
	}
	p.Mail = chosen(p.SCIM.Mails)
	e := sub(o, enterpriseURN)
	p.SCIM.Organization, p.SCIM.Department = str(e, "organization"), str(e, "department")
	p.Facility, p.Department = place(p.SCIM.Organization), place(p.SCIM.Department)
	s.toManager(sub(e, "manager"), p)
	return nil
}

// place is where somebody works, as the policy and facts know it: what is no id as FHIR
// has them names no place.
func place(said string) string {
	if !catalog.IsID(said) {
		return ""
	}
	return said
}

// nameOf is what others see.
func nameOf(p *people.Person) string {
	if p.SCIM.Display != "" {
		return p.SCIM.Display
	}
	if both := strings.TrimSpace(p.SCIM.Given + " " + p.SCIM.Family); both != "" {
		return both
	}
	return p.UserName
}

func toMails(in []object) (out []people.Mail, err error) {
	primaries := 0
	for _, m := range in {
		one := people.Mail{Value: str(m, "value"), Type: str(m, "type"), Primary: m["primary"] == true}
		if one.Primary {
			primaries++
		}
		if one.Value != "" {
			out = append(out, one)
		}
	}
	if primaries > 1 {
		return nil, bad(invalidValue, "At most one of emails is primary.")
	}
	return out, nil
}

// chosen is the address that notices go to: the primary one, else one for work, else the first.
func chosen(list []people.Mail) string {
	for _, want := range []func(people.Mail) bool{
		func(m people.Mail) bool { return m.Primary },
		func(m people.Mail) bool { return m.Type == "work" },
		func(people.Mail) bool { return true },
	} {
		for _, m := range list {
			if want(m) {
				return m.Value
			}
		}
	}
	return ""
}

// toManager finds the manager by what clients send: our id or its address, a user name
// (Okta), or the client's own id. Whoever is not found is remembered as said and is
// nobody's manager.
func (s *Server) toManager(m object, p *people.Person) {
	said := str(m, "value")
	if said == "" {
		said = str(m, "$ref")
	}
	if i := strings.LastIndexByte(said, '/'); i >= 0 {
		said = said[i+1:]
	}
	p.SCIM.Manager, p.Manager = said, ""
	if said == "" {
		return
	}
	if found := s.person(said); found != nil && found.ID != p.ID {
		p.Manager = found.ID
		if visible(found) {
			p.SCIM.Manager = found.SCIM.Handle
		}
	}
}

func (s *Server) person(said string) *people.Person {
	d := s.cfg.People
	if p := d.ByHandle(said); p != nil {
		return p
	}
	if p := d.ByUserName(said); p != nil {
		return p
	}
	if some := d.ByExternal(said); len(some) == 1 {
		return some[0]
	}
	return nil
}
