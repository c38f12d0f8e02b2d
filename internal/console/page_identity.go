package console

import (
	"net/url"
	"strings"

	"modicum/internal/people"
)

// identityPage says who somebody is at an identity provider. Taking that back is a button
// on their page.
func (o *Office) identityPage() Page {
	return o.formPage("/people/{id}/identity", "Save", func(_ *Visit, p *people.Person) aboutPerson {
		lead := "From then on this account alone is " + p.Name + ", whatever name another account there carries. It counts when a second person who runs people has agreed."
		return aboutPerson{p.Name, p.Name + " at your identity provider", lead, &Form{Submit: "Save", Back: personAt(p.ID), Fields: []*Field{
			{Name: "issuer", Label: "Identity provider", Kind: Select, Need: true, Options: o.issuers()},
			{Name: "name", Label: "What it calls them", Hint: "The lasting id of their account there (the claim sub). Ask whoever runs the provider.", Kind: Line, Need: true, Max: 256},
			{Name: "why", Label: "Why you are sure", Hint: "Whoever agrees reads it.", Kind: Area, Need: true},
		}}}
	}, func(v *Visit, p *people.Person, f *Form) (string, error) {
		g := people.Gift{Person: p.ID, Kind: people.IdentityKind, Name: people.Identity(f.Get("issuer"), f.Get("name")), Why: f.Get("why")}
		if err := o.People.Give(v.Context(), v.Viewer.Actor(), g); err != nil {
			return "", err
		}
		return "Said. " + o.counts(v, g), nil
	})
}

func (o *Office) issuers() (out []Option) {
	for _, issuer := range o.Issuers {
		out = append(out, Option{Value: issuer, Label: issuer})
	}
	return out
}

// identityTitle is an identity as people read it.
func identityTitle(name string) string {
	issuer, subject, _ := strings.Cut(name, "#")
	if u, err := url.Parse(issuer); err == nil && u.Host != "" {
		issuer = u.Host
	}
	return subject + " at " + issuer
}
