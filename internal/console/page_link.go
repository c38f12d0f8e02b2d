package console

import (
	"modicum/internal/people"
)

// linkPage says that somebody is the same human being as another id. Unlinking them is a
// button on their page.
func (o *Office) linkPage() Page {
	return o.formPage("/people/{id}/link", "Link the two accounts", func(_ *Visit, p *people.Person) aboutPerson {
		return aboutPerson{p.Name, "Link another account of " + p.Name, "Some people have two accounts, one from here and one from an identity provider. Linked, they count as one person: neither approves for the other, and duties that belong apart stay apart. Somebody else who runs people can unlink them again.",
			&Form{Submit: "Link the two accounts", Back: personAt(p.ID), Fields: []*Field{
				{Name: "other", Label: "Their other user name or id", Kind: Line, Need: true, Max: 256},
			}}}
	}, func(v *Visit, p *people.Person, f *Form) (string, error) {
		err := o.People.Link(v.Context(), v.Viewer.Actor(), p.ID, o.who(f.Get("other")))
		return "Linked. They count as one person now.", err
	})
}

// sameShown is another id of somebody.
type sameShown struct{ ID, Name, At string }

func (o *Office) same(p *people.Person) (out []sameShown) {
	for _, id := range p.Same {
		out = append(out, sameShown{id, o.name(id), personAt(id)})
	}
	return out
}

// groups names the groups of provisioning that somebody is in.
func (o *Office) groups(id string) (out []string) {
	for _, g := range o.People.GroupsOf(id) {
		out = append(out, g.Name)
	}
	return out
}

// given says from where somebody has something.
func (o *Office) given(s *people.Standing) string {
	switch s.Held.From {
	case people.SCIM:
		if g := o.People.Group(s.Group); g != nil {
			return "provisioning, group " + g.Name
		}
		return "provisioning"
	case people.Issuer:
		return "the identity provider, at each log-in"
	}
	return o.name(s.By)
}
