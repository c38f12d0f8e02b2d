package api

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"modicum/internal/api/wire"
	"modicum/internal/defect"
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

// newKey is a public key to be registered.
type newKey struct {
	JWK  map[string]any `json:"jwk" jsonschema:"the public key (RFC 7517): EC P-256 or P-384, or RSA of 2048 bits and more"`
	Days int            `json:"days" jsonschema:"how long it is good"`
}

func (a *api) peopleOperations() []operation {
	refusals := []problem.Problem{problem.Refused, problem.ChangedMeanwhile, problem.NotYours}
	lists := append([]problem.Problem{problem.NotForTask}, refusals...)
	search := append([]param{{name: "q", text: "Part of a name or user name."}}, pageOf...)
	return []operation{
		{method: "GET", path: "/me", name: "me", about: "people", summary: "Who you are here, and what you hold.", answer: as[me]("Me"), do: (*call).me},
		{method: "GET", path: "/people", name: "listPeople", about: "people", summary: "People, by name.", person: true, query: search,
			answer: as[list[person]]("People"), may: lists, do: (*call).listPeople},
		{method: "POST", path: "/people", name: "addPerson", about: "people", summary: "Add a person, who holds nothing yet.", person: true, proof: true,
			body: as[newPerson]("NewPerson"), answer: as[person]("Person"), status: http.StatusCreated, may: refusals, with: typed((*call).addPerson), wrote: wrotePerson},
		{method: "GET", path: "/people/{id}", name: "getPerson", about: "people", summary: "One person, and what they hold, why, since when, last used when.", person: true,
			answer: as[person]("Person"), may: lists, do: (*call).getPerson},
		{method: "POST", path: "/people/{id}/give", name: "give", about: "people", summary: "Give a role, position, duty, or identity at an issuer. A right over others, or an identity, waits for a second person.", person: true, proof: true,
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
		{method: "POST", path: "/people/{id}/entrust", name: "entrust", about: "people", summary: "Leave a person who was added here to provisioning, which finds them by user name.", person: true, proof: true,
			may: refusals, do: (*call).entrust},
		{method: "POST", path: "/import/people", name: "importPeople", about: "people", summary: "Add the people of a file, all of them or none; every problem comes with its line.", person: true, proof: true, most: mostImport,
			body: as[wire.File]("PeopleFile"), answer: as[wire.Imported]("Imported"), may: refusals, with: typed((*call).importPeople)},
		{method: "GET", path: "/programs", name: "listPrograms", about: "programs", summary: "Programs: yours, or all where you run people.", person: true,
			answer: as[list[program]]("Programs"), do: (*call).listPrograms},
		{method: "GET", path: "/programs/{id}", name: "getProgram", about: "programs", summary: "One program.", person: true,
			answer: as[program]("Program"), do: (*call).getProgram},
		{method: "POST", path: "/programs/{id}/keys", name: "addKey", about: "programs", summary: "Register a public key: its owner does.", person: true, proof: true,
			body: as[newKey]("NewKey"), answer: as[key]("Key"), status: http.StatusCreated, may: refusals, with: typed((*call).addKey), wrote: wroteKey},
		{method: "DELETE", path: "/programs/{id}/keys/{key}", name: "takeKey", about: "programs", summary: "End a key; what it signed in dies with it.", person: true, proof: true,
			may: refusals, do: (*call).takeKey},
		{method: "POST", path: "/programs/{id}/change", name: "changeProgram", about: "programs", summary: "Change a program: its owner narrows it, who runs people widens it too.", person: true, proof: true,
			body: as[wire.ProgramChange]("ProgramChange"), answer: as[program]("Program"), may: refusals, with: typed((*call).changeProgram), wrote: wroteProgram},
		{method: "POST", path: "/programs/{id}/hand-over", name: "handOver", about: "programs", summary: "Give a program to a new owner; its keys end.", person: true, proof: true,
			body: as[wire.NewOwner]("NewOwner"), may: refusals, with: typed((*call).handOver)},
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

// runsPeople guards what is for those who run people or review what they do, whose token is
// for no one task.
func (c *call) runsPeople() error {
	if err := c.mayRun(); err != nil {
		return c.looked(err)
	}
	return nil
}

func (c *call) mayRun() error {
	if bound(c.caller) && !defect.On(defect.LentPastToken) {
		return problem.NotForTask
	}
	if c.People.Holds(c.by.ID, people.RunPeople, c.now) || c.People.Holds(c.by.ID, people.ReviewAccess, c.now) {
		return nil
	}
	return notYours(people.RunPeople, people.ReviewAccess)
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
	rev := c.People.Revision(c.id()) // before the person is read: what changes between is not written over
	p := c.People.Person(c.id())
	if p == nil {
		return nil, people.ErrNobody
	}
	out := personOf(p)
	out.Same, out.Zone, out.Practitioners, out.Revision = p.Same, p.Zone, p.Practitioners, strconv.FormatInt(rev, 10)
	for _, g := range c.People.GroupsOf(p.ID) {
		out.Groups = append(out.Groups, g.Name)
	}
	for _, s := range c.People.Standings(p.ID, c.now) {
		out.Holds = append(out.Holds, held{
			Kind: string(s.Kind), Name: s.Name, Dept: s.Dept, Why: s.Why, From: string(s.From), Group: c.groupName(s.Group), By: s.By, Agreed: s.Agreed, Since: at(s.Since), Until: maybe(s.Until),
			LastUse: maybe(s.LastUse), Counts: s.Counts, Waits: s.Waits, Because: s.Because,
		})
	}
	return out, nil
}

// groupName is what people call a group of provisioning.
func (c *call) groupName(id string) string {
	if g := c.People.Group(id); g != nil {
		return g.Name
	}
	return id
}

func (c *call) entrust() (any, error) { return nil, c.People.Entrust(c.r.Context(), c.by, c.id()) }

// importPeople tells what it does within the change that does it, for what is kept with it.
func (c *call) importPeople(f *wire.File) (any, error) {
	done, err := c.People.Import(c.r.Context(), c.by, strings.NewReader(f.Text), people.FormatOf([]byte(f.Text)), f.Check, func(done people.Imported) {
		c.told = importedOf(done)
	})
	if err != nil {
		return nil, err
	}
	return importedOf(done), nil
}

func importedOf(done people.Imported) wire.Imported {
	out := wire.Imported{Added: done.Added, There: orNone(done.There), Proposed: done.Proposed, People: []string{}}
	for i := range done.New {
		out.People = append(out.People, done.New[i].UserName)
	}
	return out
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
	return people.Which{Person: c.id(), Kind: people.Kind(g.Kind), Name: g.Name, Dept: g.Dept, Group: g.Group}
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
func (c *call) sees(p *people.Program) bool { return p.Owner == c.by.ID || c.mayRun() == nil }

// programOf is a program with what stands out about it.
func (c *call) programOf(p *people.Program, found []people.Finding) program {
	out := program{
		ID: p.ID, Title: p.Title, Owner: p.Owner, Why: p.Why, Role: p.Role, Task: p.Task, Purpose: p.Purpose, Scopes: orNone(p.Scopes),
		Networks: orNone(p.Networks), Keys: []key{}, Active: p.Active, Until: at(p.Until), LastUse: maybe(p.LastUse), StandsOut: []string{},
	}
	for _, f := range found {
		if f.Program == p.ID && !slices.Contains(out.StandsOut, f.What) {
			out.StandsOut = append(out.StandsOut, f.What)
		}
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
	found := c.People.Findings(c.now)
	for _, p := range c.People.Programs() {
		if c.sees(p) {
			out.Items = append(out.Items, c.programOf(p, found))
		}
	}
	return out, nil
}

func (c *call) getProgram() (any, error) {
	p, err := c.ownProgram()
	if err != nil {
		return nil, err
	}
	return c.programOf(p, c.People.Findings(c.now)), nil
}

// ownProgram is a program that the caller may look at; others look like none.
func (c *call) ownProgram() (*people.Program, error) {
	p := c.People.Program(c.id())
	if p == nil || !c.sees(p) && !defect.On(defect.ProgramGuessed) {
		return nil, people.ErrNobody
	}
	return p, nil
}

func (c *call) changeProgram(w *wire.ProgramChange) (any, error) {
	p, err := c.ownProgram()
	if err != nil {
		return nil, err
	}
	p, err = c.People.ChangeProgram(c.r.Context(), c.by, p.ID, func(p *people.Program) error {
		set(&p.Title, w.Title)
		set(&p.Why, w.Why)
		set(&p.Scopes, w.Scopes)
		set(&p.Networks, w.Networks)
		if w.Until != nil {
			p.Until = w.Until.UnixMicro()
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return c.programOf(p, c.People.FindingsOf(p, c.now)), nil
}

// set takes over what was said.
func set[T any](to, said *T) {
	if said != nil {
		*to = *said
	}
}

func (c *call) handOver(w *wire.NewOwner) (any, error) {
	p, err := c.ownProgram()
	if err != nil {
		return nil, err
	}
	return nil, c.People.HandOver(c.r.Context(), c.by, p.ID, w.Owner)
}

func (c *call) addKey(n *newKey) (any, error) {
	jwk, err := publicKey(n.JWK)
	if err != nil {
		return nil, err
	}
	p, err := c.ownProgram()
	if err != nil {
		return nil, err
	}
	k, err := c.People.AddKey(c.r.Context(), c.by, p.ID, jwk, c.now+int64(n.Days)*24*time.Hour.Microseconds())
	return keyOf(k), err
}

func (c *call) takeKey() (any, error) {
	p, err := c.ownProgram()
	if err != nil {
		return nil, err
	}
	id := c.r.PathValue("key")
	if !slices.ContainsFunc(p.Keys, func(k people.Key) bool { return k.ID == id }) {
		return nil, people.ErrNobody
	}
	return nil, c.People.TakeKey(c.r.Context(), c.by, p.ID, id)
}

func (c *call) stopProgram() (any, error) {
	p, err := c.ownProgram()
	if err != nil {
		return nil, err
	}
	return nil, c.People.StopProgram(c.r.Context(), c.by, p.ID)
}
