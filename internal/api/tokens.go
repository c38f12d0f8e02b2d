package api

import (
	"context"
	"errors"
	"slices"

	"modicum/internal/api/wire"
	"modicum/internal/defect"
	"modicum/internal/people"
	"modicum/internal/problem"
	"modicum/internal/signin"
	"modicum/internal/tokens"
)

// Tokens are those of people for the doors and this API. *tokens.Service is one.
type Tokens interface {
	Tokens(person string) []*tokens.Token // the newest first
	LastUse(id string) int64
	// RevokeOf ends a token of a person, and whatever is under way with it, before it
	// returns; tokens.ErrNone where they have none of this id.
	RevokeOf(ctx context.Context, by, person, id string) error
}

// SignIn is the part of signing in that programs use. *signin.Service is one.
type SignIn interface {
	Invite(ctx context.Context, by people.Actor, person string) (link string, v *signin.Invitation, err error)
	AgreeInvite(ctx context.Context, by people.Actor, id string) error
	Withdraw(ctx context.Context, by people.Actor, id string) error
	Invitations() []*signin.Invitation
	Sessions(person string) []*signin.Session
	End(ctx context.Context, by people.Actor, id string) error
}

func keepers() []people.Duty { return []people.Duty{people.RunPeople} }

// tokenOperations are those of tokens and sessions: one's own, which their person ends
// without further proof, and those of others for who runs people.
func (a *api) tokenOperations() []operation {
	tokenList, sessionList := as[list[wire.Token]]("Tokens"), as[list[wire.Session]]("Sessions")
	return []operation{
		{method: "GET", path: "/tokens", name: "listTokens", about: "tokens", summary: "Your tokens that go on.", person: true, answer: tokenList, do: func(c *call) (any, error) { return c.tokens(c.by.ID) }},
		{method: "POST", path: "/tokens/{id}/end", name: "endToken", about: "tokens", summary: "End a token of yours, and whatever is under way with it.", person: true, do: func(c *call) (any, error) { return c.endToken(c.by.ID, c.id()) }},
		{method: "POST", path: "/tokens/end", name: "endTokens", about: "tokens", summary: "End all tokens of yours, this one too.", person: true, apart: true, answer: as[wire.Ended]("Ended"), do: (*call).endTokens},
		{method: "GET", path: "/sessions", name: "listSessions", about: "tokens", summary: "Where you are signed in to the console.", person: true, answer: sessionList, do: func(c *call) (any, error) { return c.sessions(c.by.ID) }},
		{method: "POST", path: "/sessions/{id}/end", name: "endSession", about: "tokens", summary: "End a session of yours, and the tokens that it gave out.", person: true, do: func(c *call) (any, error) { return c.endSession(c.by.ID, c.id()) }},

		{method: "GET", path: "/people/{id}/tokens", name: "listTokensOf", about: "people", summary: "Somebody's tokens that go on.", duties: keepers, answer: tokenList, do: (*call).tokensOf},
		{method: "POST", path: "/people/{id}/tokens/{token}/end", name: "endTokenOf", about: "people", summary: "End a token of somebody.", duties: keepers, proof: true,
			do: func(c *call) (any, error) { return c.endToken(c.id(), c.r.PathValue("token")) }},
		{method: "GET", path: "/people/{id}/sessions", name: "listSessionsOf", about: "people", summary: "Where somebody is signed in.", duties: keepers, answer: sessionList, do: (*call).sessionsOf},
		{method: "POST", path: "/people/{id}/sessions/{session}/end", name: "endSessionOf", about: "people", summary: "End a session of somebody.", duties: keepers, proof: true,
			do: func(c *call) (any, error) { return c.endSession(c.id(), c.r.PathValue("session")) }},
	}
}

func (c *call) tokens(person string) (any, error) {
	out := list[wire.Token]{Items: []wire.Token{}}
	for _, t := range c.Tokens.Tokens(person) {
		out.Items = append(out.Items, wire.Token{
			ID: t.ID, Task: t.Task, Client: t.Client, Agent: t.Agent, Network: t.Network, Since: at(t.Issued), Until: at(t.Until), LastUse: maybe(c.Tokens.LastUse(t.ID)),
		})
	}
	return out, nil
}

func (c *call) endToken(person, id string) (any, error) {
	err := c.Tokens.RevokeOf(c.r.Context(), c.by.ID, person, id)
	if errors.Is(err, tokens.ErrNone) {
		return nil, problem.NoSuchThing
	}
	return nil, err
}

func (c *call) endTokens() (any, error) {
	out := wire.Ended{}
	for _, t := range c.Tokens.Tokens(c.by.ID) {
		switch err := c.Tokens.RevokeOf(c.r.Context(), c.by.ID, c.by.ID, t.ID); {
		case errors.Is(err, tokens.ErrNone): // it ended meanwhile
		case err != nil:
			return nil, err
		default:
			out.Ended++
		}
	}
	return out, nil
}

func (c *call) sessions(person string) (any, error) {
	out := list[wire.Session]{Items: []wire.Session{}}
	for _, x := range c.SignIn.Sessions(person) {
		out.Items = append(out.Items, wire.Session{ID: x.ID, Agent: x.Agent, Network: x.Network, Issuer: x.Issuer, Began: at(x.Began), Seen: at(x.Seen), Until: at(x.Until)})
	}
	return out, nil
}

// endSession ends a session of a person: one that is not theirs is not there, also for who
// could end it on that person's page, where a fresh proof is asked for.
func (c *call) endSession(person, id string) (any, error) {
	theirs := func(x *signin.Session) bool { return x.ID == id }
	if !slices.ContainsFunc(c.SignIn.Sessions(person), theirs) && !defect.On(defect.SessionOfOthers) {
		return nil, problem.NoSuchThing
	}
	return nil, c.SignIn.End(c.r.Context(), c.by, id)
}

func (c *call) tokensOf() (any, error) {
	if c.People.Person(c.id()) == nil {
		return nil, people.ErrNobody
	}
	return c.tokens(c.id())
}

func (c *call) sessionsOf() (any, error) {
	if c.People.Person(c.id()) == nil {
		return nil, people.ErrNobody
	}
	return c.sessions(c.id())
}

// aboutSignIn is inWords of signing in; nil: it is something else.
func aboutSignIn(err error) error {
	switch {
	case errors.Is(err, signin.ErrMayNot):
		return notYours(people.RunPeople)
	case errors.Is(err, signin.ErrNoInvitation), errors.Is(err, signin.ErrNoSession):
		return problem.NoSuchThing
	case errors.Is(err, signin.ErrInactive):
		return problem.Refused.With(problem.Hint{Wrong: []problem.Wrong{{Code: "gone", Say: "They are gone. Bring them back first."}}})
	case errors.Is(err, signin.ErrTime):
		return problem.Unavailable
	}
	return nil
}
