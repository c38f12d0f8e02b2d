package api

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"modicum/internal/api/wire"
	"modicum/internal/people"
	"modicum/internal/problem"
)

// me is whoever asks, as they stand now.
type me struct {
	ID        string    `json:"id"`
	Program   bool      `json:"program"`
	Roles     []string  `json:"roles"`
	Positions []string  `json:"positions"`
	Duties    []string  `json:"duties"`
	Lacks     []lack    `json:"lacks" jsonschema:"what the installation lacks"`
	Expires   time.Time `json:"expires" jsonschema:"of the token"`
}

type lack struct {
	What string `json:"what" jsonschema:"one word"`
	Say  string `json:"say"`
	Do   string `json:"do" jsonschema:"what to do about it"`
}

// program is a program of the directory.
type program struct {
	ID       string     `json:"id"`
	Title    string     `json:"title"`
	Owner    string     `json:"owner"`
	Why      string     `json:"why"`
	Role     string     `json:"role"`
	Task     string     `json:"task"`
	Purpose  string     `json:"purpose"`
	Scopes   []string   `json:"scopes"`
	Networks []string   `json:"networks" jsonschema:"address ranges it may come from (CIDR); none: any"`
	Keys     []key      `json:"keys"`
	Active   bool       `json:"active"`
	Until    time.Time  `json:"until"`
	LastUse  *time.Time `json:"last_use,omitempty"`
}

// newKey is a public key to be registered.
type newKey struct {
	JWK  map[string]any `json:"jwk" jsonschema:"the public key (RFC 7517): EC P-256 or P-384, or RSA of 2048 bits and more"`
	Days int            `json:"days" jsonschema:"how long it is good"`
}

func (a *api) peopleOperations() []operation {
	refusals := []problem.Problem{problem.Refused, problem.ChangedMeanwhile, problem.NotYours}
	search := append([]param{{name: "q", text: "Part of a name or user name."}}, pageOf...)
	return []operation{
		{method: "GET", path: "/me", name: "me", about: "people", summary: "Who you are here, and what you hold.", answer: as[me]("Me"), do: (*call).me},
		{method: "GET", path: "/people", name: "listPeople", about: "people", summary: "People, by name.", person: true, query: search,
			answer: as[list[person]]("People"), may: refusals, do: (*call).listPeople},
		{method: "POST", path: "/people", name: "addPerson", about: "people", summary: "Add a person, who holds nothing yet.", person: true, proof: true,
			body: as[newPerson]("NewPerson"), answer: as[person]("Person"), status: http.StatusCreated, may: refusals, with: typed((*call).addPerson)},
		{method: "GET", path: "/people/{id}", name: "getPerson", about: "people", summary: "One person, and what they hold, why, since when, last used when.", person: true,
			answer: as[person]("Person"), may: refusals, do: (*call).getPerson},
		{method: "POST", path: "/people/{id}/give", name: "give", about: "people", summary: "Give a role, position or duty. A right over others waits for a second person.", person: true, proof: true,
			body: as[gift]("Gift"), may: refusals, with: typed((*call).give)},
		{method: "POST", path: "/people/{id}/agree", name: "agree", about: "people", summary: "The second person's yes.", person: true, proof: true,
			body: as[gift]("Gift"), may: refusals, with: typed((*call).agree)},
		{method: "POST", path: "/people/{id}/take", name: "take", about: "people", summary: "Take away, at once.", person: true, proof: true,
			body: as[gift]("Gift"), may: refusals, with: typed((*call).take)},
		{method: "POST", path: "/people/{id}/deactivate", name: "deactivate", about: "people", summary: "End a person: sessions, tokens, keys, grants and what waits, in one step.", person: true, proof: true,
			body: as[leaving]("Leaving"), may: refusals, with: typed((*call).deactivate)},
		{method: "POST", path: "/people/{id}/link", name: "link", about: "people", summary: "Say that two ids are one human being: nobody approves for themselves under another.", person: true, proof: true,
			body: as[wire.Other]("Other"), may: refusals, with: typed((*call).link)},
		{method: "POST", path: "/people/{id}/unlink", name: "unlink", about: "people", summary: "Take that back: somebody else than they does.", person: true, proof: true,
			body: as[wire.Other]("Other"), may: refusals, with: typed((*call).unlink)},
		{method: "GET", path: "/programs", name: "listPrograms", about: "programs", summary: "Programs: yours, or all where you run people.", person: true,
			answer: as[list[program]]("Programs"), do: (*call).listPrograms},
		{method: "GET", path: "/programs/{id}", name: "getProgram", about: "programs", summary: "One program.", person: true,
			answer: as[program]("Program"), do: (*call).getProgram},
		{method: "POST", path: "/programs/{id}/keys", name: "addKey", about: "programs", summary: "Register a public key: its owner does.", person: true, proof: true,
			body: as[newKey]("NewKey"), answer: as[key]("Key"), status: http.StatusCreated, may: refusals, with: typed((*call).addKey)},
		{method: "DELETE", path: "/programs/{id}/keys/{key}", name: "takeKey", about: "programs", summary: "End a key; what it signed in dies with it.", person: true, proof: true,
			may: refusals, do: (*call).takeKey},
		{method: "POST", path: "/programs/{id}/stop", name: "stopProgram", about: "programs", summary: "Stop a program for ever.", person: true, proof: true, may: refusals, do: (*call).stopProgram},
	}
}

func (c *call) me() (any, error) {
	out := me{ID: c.caller.ID, Program: c.caller.Program, Roles: orNone(c.caller.Roles), Positions: orNone(c.People.Positions(c.by.ID, c.now)),
		Duties: []string{}, Lacks: []lack{}, Expires: c.caller.Expires.UTC()}
	for _, d := range people.Duties() {
		if c.People.Holds(c.by.ID, d, c.now) {
			out.Duties = append(out.Duties, string(d))
		}
	}
	for _, l := range c.People.Lacks(c.now) {
		out.Lacks = append(out.Lacks, lack(l))
	}
	return out, nil
}

// runsPeople guards what is for those who run people or review what they do.
func (c *call) runsPeople() error {
	if c.People.Holds(c.by.ID, people.RunPeople, c.now) || c.People.Holds(c.by.ID, people.ReviewAccess, c.now) {
		return nil
	}
	return people.ErrForbidden
}

func personOf(p *people.Person) person {
	return person{
		ID: p.ID, UserName: p.UserName, Name: p.Name, Mail: p.Mail, Title: p.Title, Department: p.Department, Facility: p.Facility,
		Manager: p.Manager, From: string(p.From), Active: p.Active, Ended: maybe(p.Ended),
	}
}

func (c *call) listPeople() (any, error) {
	if err := c.runsPeople(); err != nil {
		return nil, err
	}
	limit, before, seen := c.count("limit", 50), c.word("before"), c.word("before") == ""
	out := list[person]{Items: []person{}}
	part := strings.ToLower(c.word("q"))
	for p := range c.People.People() {
		switch {
		case !strings.Contains(strings.ToLower(p.Name), part) && !strings.Contains(strings.ToLower(p.UserName), part):
		case !seen:
			seen = p.ID == before
		case len(out.Items) == limit:
			out.Next = out.Items[limit-1].ID
			return out, nil
		default:
			out.Items = append(out.Items, personOf(p))
		}
	}
	return out, nil
}

func (c *call) getPerson() (any, error) {
	if c.id() != c.by.ID {
		if err := c.runsPeople(); err != nil {
			return nil, err
		}
	}
	p := c.People.Person(c.id())
	if p == nil {
		return nil, people.ErrNobody
	}
	out := personOf(p)
	for _, s := range c.People.Standings(p.ID, c.now) {
		out.Holds = append(out.Holds, held{
			Kind: string(s.Kind), Name: s.Name, Dept: s.Dept, Why: s.Why, By: s.By, Agreed: s.Agreed, Since: at(s.Since), Until: maybe(s.Until),
			LastUse: maybe(s.LastUse), Counts: s.Counts, Waits: s.Waits, Because: s.Because,
		})
	}
	return out, nil
}

func (c *call) addPerson(n *newPerson) (any, error) {
	p, err := c.People.Add(c.r.Context(), c.by, &people.Person{
		UserName: n.UserName, Name: n.Name, Mail: n.Mail, Title: n.Title, Department: n.Department, Facility: n.Facility, Manager: n.Manager,
	})
	if err != nil {
		return nil, err
	}
	return personOf(p), nil
}

func (c *call) give(g *gift) (any, error) {
	gift := people.Gift{Person: c.id(), Kind: people.Kind(g.Kind), Name: g.Name, Dept: g.Dept, Why: g.Why}
	if g.Minutes > 0 {
		gift.Until = c.now + int64(g.Minutes)*time.Minute.Microseconds()
	}
	return nil, c.People.Give(c.r.Context(), c.by, gift)
}

func (c *call) which(g *gift) people.Which {
	return people.Which{Person: c.id(), Kind: people.Kind(g.Kind), Name: g.Name, Dept: g.Dept}
}

func (c *call) agree(g *gift) (any, error) {
	return nil, c.People.Agree(c.r.Context(), c.by, c.which(g))
}

func (c *call) take(g *gift) (any, error) {
	return nil, c.People.Take(c.r.Context(), c.by, c.which(g))
}

func (c *call) deactivate(l *leaving) (any, error) {
	return nil, c.People.Deactivate(c.r.Context(), c.by, c.id(), l.Heir)
}

func (c *call) link(o *wire.Other) (any, error) {
	return nil, c.People.Link(c.r.Context(), c.by, c.id(), o.Other)
}

func (c *call) unlink(o *wire.Other) (any, error) {
	return nil, c.People.Unlink(c.r.Context(), c.by, c.id(), o.Other)
}

// sees reports whether a program is the caller's to look at.
func (c *call) sees(p *people.Program) bool { return p.Owner == c.by.ID || c.runsPeople() == nil }

func programOf(p *people.Program) program {
	out := program{
		ID: p.ID, Title: p.Title, Owner: p.Owner, Why: p.Why, Role: p.Role, Task: p.Task, Purpose: p.Purpose, Scopes: orNone(p.Scopes),
		Networks: orNone(p.Networks), Keys: []key{}, Active: p.Active, Until: at(p.Until), LastUse: maybe(p.LastUse),
	}
	for _, k := range p.Keys {
		out.Keys = append(out.Keys, keyOf(k))
	}
	return out
}

func keyOf(k people.Key) key {
	return key{ID: k.ID, By: k.By, Since: at(k.Since), Until: at(k.Until), LastUse: maybe(k.LastUse)}
}

func (c *call) listPrograms() (any, error) {
	out := list[program]{Items: []program{}}
	for _, p := range c.People.Programs() {
		if c.sees(p) {
			out.Items = append(out.Items, programOf(p))
		}
	}
	return out, nil
}

func (c *call) getProgram() (any, error) {
	p := c.People.Program(c.id())
	if p == nil || !c.sees(p) {
		return nil, people.ErrNobody
	}
	return programOf(p), nil
}

func (c *call) addKey(n *newKey) (any, error) {
	jwk, err := publicKey(n.JWK)
	if err != nil {
		return nil, err
	}
	k, err := c.People.AddKey(c.r.Context(), c.by, c.id(), jwk, c.now+int64(n.Days)*24*time.Hour.Microseconds())
	return keyOf(k), err
}

func (c *call) takeKey() (any, error) {
	p := c.People.Program(c.id())
	if p == nil || !c.sees(p) || !slices.ContainsFunc(p.Keys, func(k people.Key) bool { return k.ID == c.r.PathValue("key") }) {
		return nil, people.ErrNobody
	}
	return nil, c.People.TakeKey(c.r.Context(), c.by, c.id(), c.r.PathValue("key"))
}

func (c *call) stopProgram() (any, error) {
	p := c.People.Program(c.id())
	if p == nil || !c.sees(p) {
		return nil, people.ErrNobody
	}
	return nil, c.People.StopProgram(c.r.Context(), c.by, c.id())
}
