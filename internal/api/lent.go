package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"modicum/internal/access"
	"modicum/internal/api/wire"
	"modicum/internal/people"
	"modicum/internal/problem"
)

// Lent is the book of what is lent. *access.Book is one.
type Lent interface {
	Ask(ctx context.Context, by people.Actor, w access.Want) (access.Answered, error)
	Approve(ctx context.Context, by people.Actor, id, digest, word string) (*access.Grant, error)
	Refuse(ctx context.Context, by people.Actor, id, digest, word string) error
	Withdraw(ctx context.Context, by people.Actor, id string) error
	GiveBack(ctx context.Context, by people.Actor, id string) error
	Revoke(ctx context.Context, by people.Actor, id, word string) error
	BreakGlass(ctx context.Context, by people.Actor, w access.GlassWant) (*access.Grant, error)
	Attest(ctx context.Context, by people.Actor, id, word string) error
	Review(ctx context.Context, by people.Actor, id string, v access.Verdict, word string) error
	Opened(ctx context.Context, by people.Actor, id string) (*access.Trail, error)
	Requests(person string) []*access.Request
	Waiting(person string) []*access.Request
	Grants(person string) []*access.Grant
	Reviews(person string) []*access.Grant
	Get(ctx context.Context, id string) (*access.Request, error)
	Grant(ctx context.Context, id string) (*access.Grant, error)
	History(ctx context.Context, person, before string, limit int) ([]*access.Grant, error)
	Decided(ctx context.Context, person, before string, limit int) ([]*access.Request, error)
	Digest(r *access.Request) string
	State(g *access.Grant) access.State
}

// wanted is what is asked for, as the book of what is lent has it.
func wanted(w *want) access.Want {
	out := access.Want{
		Kind: access.Kind(w.Kind), Role: w.Role, Task: w.Task, Patients: w.Patients, Record: w.Record,
		Classes: w.Classes, Overlays: w.Overlays, Reason: access.Reason(w.Reason), For: int64(w.Minutes) * time.Minute.Microseconds(),
	}
	if w.From != nil {
		out.From = w.From.UnixMicro()
	}
	return out
}

func (c *call) request(r *access.Request) request {
	out := request{
		ID: r.ID, Asker: r.Asker, State: string(r.State), Want: wantOf(&r.Want), Made: at(r.Made), Digest: c.Lent.Digest(r),
		Needs: orNone(r.Needs), Answered: []string{}, InARow: r.InARow, Ended: maybe(r.Ended), Word: r.Word, Grant: r.Grant,
	}
	for _, a := range r.Answers {
		out.Answered = append(out.Answered, a.By)
	}
	return out
}

func wantOf(w *access.Want) want {
	return want{
		Kind: string(w.Kind), Role: w.Role, Task: w.Task, Patients: orNone(w.Patients), Record: w.Record, Classes: w.Classes,
		Overlays: w.Overlays, Reason: reason(w.Reason), From: maybe(w.From), Minutes: int(w.For / time.Minute.Microseconds()),
	}
}

func (c *call) grant(g *access.Grant) grant {
	out := grant{
		ID: g.ID, Person: g.Person, Request: g.Request, State: string(c.Lent.State(g)), Want: wantOf(&g.Want),
		From: at(g.From), Until: at(g.Until), Ended: maybe(g.Ended), By: orNone(g.Approvers),
	}
	if b := g.Glass; b != nil {
		out.Glass = &glass{Purpose: b.Purpose, Drill: b.Drill, OverCap: b.OverCap, Attested: maybe(b.Attested)}
	}
	if r := g.Review; r != nil {
		out.Review = &review{Due: at(r.By), Who: r.Who, At: maybe(r.At), Verdict: string(r.Verdict)}
	}
	return out
}

// The objects that clients read and write as well.
type (
	reason    = wire.Reason
	want      = wire.Want
	request   = wire.Request
	grant     = wire.Grant
	glass     = wire.Glass
	review    = wire.Review
	asked     = wire.Asked
	approved  = wire.Approved
	decision  = wire.Decision
	word      = wire.Word
	glassWant = wire.GlassWant
	opened    = wire.Opened
	message   = wire.Notice
	person    = wire.Person
	held      = wire.Held
	newPerson = wire.NewPerson
	gift      = wire.Gift
	leaving   = wire.Leaving
	key       = wire.Key
	program   = wire.Program
)

// list is a page of things, and where the next begins.
type list[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty" jsonschema:"send it as before for the next page; without it this is the last"`
}

func (c *call) requests(rs []*access.Request) list[request] {
	out := list[request]{Items: []request{}}
	for _, r := range rs {
		out.Items = append(out.Items, c.request(r))
	}
	return out
}

func (c *call) grants(gs []*access.Grant) list[grant] {
	out := list[grant]{Items: []grant{}}
	for _, g := range gs {
		out.Items = append(out.Items, c.grant(g))
	}
	return out
}

type verdict struct {
	Verdict string `json:"verdict" jsonschema:"justified, unjustified or unclear"`
	Word    string `json:"word" jsonschema:"what was found, at most 500 letters"`
}

// pageOf are the parameters of a list that goes back in time.
var pageOf = []param{
	{name: "before", text: "Id of the last item of the page before: older ones follow."},
	{name: "limit", text: "Most items of a page; without it 50.", number: true, most: 200},
}

// lentOperations are those of requests, grants and glasses.
func (a *api) lentOperations() []operation {
	refusals := []problem.Problem{problem.Refused, problem.ChangedMeanwhile}
	return []operation{
		{method: "GET", path: "/requests", name: "listRequests", about: "requests", summary: "What you asked for and is not decided, or with state=ended what was.", person: true,
			query: append([]param{{name: "state", text: "open (without it) or ended.", one: []string{"open", "ended"}}}, pageOf...), answer: as[list[request]]("Requests"), do: (*call).listRequests},
		{method: "POST", path: "/requests", name: "ask", about: "requests", summary: "Ask for more, for a while, with a reason.", person: true,
			body: as[want]("Want"), answer: as[asked]("Asked"), status: http.StatusCreated, may: append([]problem.Problem{problem.NotForTask}, refusals...), with: typed((*call).ask), wrote: wroteAsked},
		{method: "GET", path: "/requests/{id}", name: "getRequest", about: "requests", summary: "One request: yours, or one that waits for you.", person: true,
			answer: as[request]("Request"), do: (*call).getRequest},
		{method: "POST", path: "/requests/{id}/approve", name: "approve", about: "requests", summary: "Say yes to exactly what is asked.", person: true, proof: true,
			body: as[decision]("Decision"), answer: as[approved]("Approved"), may: refusals, with: typed((*call).approve), wrote: wroteApproved},
		{method: "POST", path: "/requests/{id}/refuse", name: "refuse", about: "requests", summary: "Say no, with a word.", person: true, proof: true,
			body: as[decision]("Decision"), may: refusals, with: typed((*call).refuse)},
		{method: "POST", path: "/requests/{id}/withdraw", name: "withdraw", about: "requests", summary: "Take back what you asked for.", person: true, may: refusals, do: (*call).withdraw},
		{method: "GET", path: "/inbox", name: "inbox", about: "requests", summary: "Requests that wait for your answer.", person: true, answer: as[list[request]]("Requests"), do: (*call).inbox},
		{method: "GET", path: "/grants", name: "listGrants", about: "grants", summary: "What you hold, or with state=ended what you held.", person: true,
			query: append([]param{{name: "state", text: "open (without it) or ended.", one: []string{"open", "ended"}}}, pageOf...), answer: as[list[grant]]("Grants"), do: (*call).listGrants},
		{method: "GET", path: "/grants/{id}", name: "getGrant", about: "grants", summary: "One grant.", person: true, answer: as[grant]("Grant"), do: (*call).getGrant},
		{method: "POST", path: "/grants/{id}/give-back", name: "giveBack", about: "grants", summary: "End a grant of yours.", person: true, may: refusals, do: (*call).giveBack},
		{method: "POST", path: "/grants/{id}/revoke", name: "revoke", about: "grants", summary: "Take a grant away from somebody, with a word.", person: true, proof: true,
			body: as[word]("Word"), may: refusals, with: typed((*call).revoke)},
		{method: "POST", path: "/ask", name: "askValue", about: "requests", summary: "The same as POST /requests: the short way to one masked value (kind ask).", person: true,
			body: as[want]("Want"), answer: as[asked]("Asked"), status: http.StatusCreated, may: refusals, with: typed((*call).ask), wrote: wroteAsked},
		{method: "POST", path: "/break-glass", name: "breakGlass", about: "glasses", summary: "Break the glass for one patient, in an emergency.", person: true,
			body: as[glassWant]("Glass"), answer: as[grant]("Grant"), status: http.StatusCreated, may: append([]problem.Problem{problem.ProveAgain, problem.NotForTask}, refusals...), with: typed((*call).breakGlass), wrote: wroteGrant},
		{method: "POST", path: "/grants/{id}/attest", name: "attest", about: "glasses", summary: "Say afterwards what the glass was broken for.", person: true,
			body: as[word]("Word"), may: refusals, with: typed((*call).attest)},
		{method: "GET", path: "/reviews", name: "listReviews", about: "glasses", summary: "Reviews that wait for you.", person: true, answer: as[list[grant]]("Grants"), do: (*call).listReviews},
		{method: "GET", path: "/grants/{id}/opened", name: "opened", about: "glasses", summary: "What was opened under a grant, for its reviewer.", person: true,
			answer: as[opened]("Opened"), may: refusals, do: (*call).opened},
		{method: "POST", path: "/grants/{id}/review", name: "review", about: "glasses", summary: "Close a review with a verdict and a word.", person: true, proof: true,
			body: as[verdict]("Verdict"), may: refusals, with: typed((*call).review)},
	}
}

func (c *call) listRequests() (any, error) {
	if c.word("state") != "ended" {
		return c.requests(c.Lent.Requests(c.by.ID)), nil
	}
	limit := c.count("limit", 50)
	found, err := c.Lent.Decided(c.r.Context(), c.by.ID, c.word("before"), limit+1)
	out := c.requests(found[:min(limit, len(found))])
	if len(found) > limit {
		out.Next = found[limit-1].ID
	}
	return out, err
}

func (c *call) listGrants() (any, error) {
	if c.word("state") != "ended" {
		return c.grants(c.Lent.Grants(c.by.ID)), nil
	}
	limit := c.count("limit", 50)
	found, err := c.Lent.History(c.r.Context(), c.by.ID, c.word("before"), limit+1)
	out := c.grants(found[:min(limit, len(found))])
	if len(found) > limit {
		out.Next = found[limit-1].ID
	}
	return out, err
}

func (c *call) ask(w *want) (any, error) {
	if access.Kind(w.Kind) == access.Asked { // nobody else says yes to it
		var err error
		if w.Role, w.Task, err = c.within(w.Role, w.Task); err != nil {
			return nil, err
		}
	}
	done, err := c.Lent.Ask(c.r.Context(), c.by, wanted(w))
	if err != nil {
		return nil, err
	}
	out := asked{Again: done.Again}
	if done.Request != nil {
		r := c.request(done.Request)
		out.Request = &r
	}
	if done.Grant != nil {
		g := c.grant(done.Grant)
		out.Grant = &g
	}
	return out, nil
}

func (c *call) getRequest() (any, error) {
	r, err := c.Lent.Get(c.r.Context(), c.id())
	if err != nil {
		return nil, err
	}
	if !c.concerns(r) {
		return nil, access.ErrNone
	}
	return c.request(r), nil
}

// concerns reports whether a request is the caller's to read: their own, one that waits
// for them, or one that they answered.
func (c *call) concerns(r *access.Request) bool {
	return r.Asker == c.by.ID ||
		slices.ContainsFunc(c.Lent.Waiting(c.by.ID), func(w *access.Request) bool { return w.ID == r.ID }) ||
		slices.ContainsFunc(r.Answers, func(a access.Answer) bool { return a.By == c.by.ID })
}

func (c *call) getGrant() (any, error) {
	g, err := c.Lent.Grant(c.r.Context(), c.id())
	if err != nil {
		return nil, err
	}
	reviews := func(r *access.Grant) bool { return r.ID == g.ID }
	if g.Person != c.by.ID && !slices.Contains(g.Approvers, c.by.ID) && !slices.ContainsFunc(c.Lent.Reviews(c.by.ID), reviews) {
		return nil, access.ErrNone
	}
	return c.grant(g), nil
}

func (c *call) approve(d *decision) (any, error) {
	g, err := c.Lent.Approve(c.r.Context(), c.by, c.id(), d.Digest, d.Word)
	if err != nil || g == nil {
		return approved{}, err
	}
	out := c.grant(g)
	return approved{Grant: &out}, nil
}

func (c *call) refuse(d *decision) (any, error) {
	return nil, c.Lent.Refuse(c.r.Context(), c.by, c.id(), d.Digest, d.Word)
}

func (c *call) withdraw() (any, error) {
	return nil, c.Lent.Withdraw(c.r.Context(), c.by, c.id())
}

func (c *call) inbox() (any, error) { return c.requests(c.Lent.Waiting(c.by.ID)), nil }

func (c *call) giveBack() (any, error) {
	return nil, c.Lent.GiveBack(c.r.Context(), c.by, c.id())
}

func (c *call) revoke(w *word) (any, error) {
	return nil, c.Lent.Revoke(c.r.Context(), c.by, c.id(), w.Word)
}

func (c *call) breakGlass(w *glassWant) (any, error) {
	now, _ := c.Now()
	if !lately(c.caller.AuthTime, now, c.Shift) {
		return nil, c.inVain(problem.ProveAgain)
	}
	role, task, err := c.within(w.Role, w.Task)
	if err != nil {
		return nil, err
	}
	g, err := c.Lent.BreakGlass(c.r.Context(), c.by, access.GlassWant{
		Patient: w.Patient, Role: role, Task: task, Purpose: w.Purpose, Reason: access.Reason(w.Reason), How: c.caller.AMR,
	})
	if err != nil {
		return nil, err
	}
	return c.grant(g), nil
}

func (c *call) attest(w *word) (any, error) {
	return nil, c.Lent.Attest(c.r.Context(), c.by, c.id(), w.Word)
}

func (c *call) listReviews() (any, error) { return c.grants(c.Lent.Reviews(c.by.ID)), nil }

func (c *call) review(v *verdict) (any, error) {
	return nil, c.Lent.Review(c.r.Context(), c.by, c.id(), access.Verdict(v.Verdict), v.Word)
}

func (c *call) opened() (any, error) {
	trail, err := c.Lent.Opened(c.r.Context(), c.by, c.id())
	if err != nil {
		return nil, err
	}
	out := opened{Decisions: []wire.OpenedOne{}, Facts: orNone(trail.Facts)}
	for _, d := range trail.Decisions {
		out.Decisions = append(out.Decisions, wire.OpenedOne{ID: d.ID, At: at(d.At), Door: d.Door, What: append([]string{d.Interaction}, d.Asked...), Then: string(d.Effect)})
	}
	return out, nil
}
