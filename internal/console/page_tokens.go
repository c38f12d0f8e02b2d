package console

import (
	"context"
	_ "embed"
	"errors"
	"slices"
	"strings"

	"modicum/internal/tokens"
	"modicum/policy"
)

//go:embed page_tokens.html
var tokensText string

var tokensView = View("tokens", tokensText)

// Tokens are those of people for the doors. It is *tokens.Service.
type Tokens interface {
	Tokens(person string) []*tokens.Token // the newest first
	LastUse(id string) int64
	// RevokeOf ends a token of a person, and whatever is under way with it, before it
	// returns; tokens.ErrNone where they have none of this id.
	RevokeOf(ctx context.Context, by, person, id string) error
}

// tokenShown is a token as a line of a page.
type tokenShown struct {
	ID, Task, By, Where string
	Since, Until, Used  When
}

// tokensOf lists somebody's tokens, the newest first.
func tokensOf(v *Visit, of Tokens, set *policy.Set, person string) (out []tokenShown) {
	if of == nil {
		return nil
	}
	for _, t := range of.Tokens(person) {
		x := tokenShown{ID: t.ID, Task: "No records: requests and notices, and what duties allow", By: clientTitle(t.Client), Since: v.When(t.Issued), Until: v.When(t.Until), Used: v.When(of.LastUse(t.ID))}
		if task, ok := set.Task(t.Task); ok {
			x.Task = task.Title
		} else if t.Task != "" {
			x.Task = t.Task
		}
		x.Where = strings.Join(slices.DeleteFunc([]string{t.Agent, t.Network}, func(s string) bool { return s == "" }), ", ")
		out = append(out, x)
	}
	return out
}

func clientTitle(client string) string {
	switch client {
	case tokens.CLI:
		return "the command line"
	case tokens.Console:
		return "the console"
	}
	return client
}

// endToken ends a token of a person: one that is not theirs is not there.
func endToken(v *Visit, of Tokens, person, id string) error {
	if of == nil {
		return ErrNotHere
	}
	err := of.RevokeOf(v.Context(), v.Viewer.Person.ID, person, id)
	if errors.Is(err, tokens.ErrNone) {
		return ErrNotHere
	}
	return err
}

// tokensPage lists the tokens of whoever looks, and ends them.
func (s *Staff) tokensPage() Page {
	return Page{Path: "/settings/tokens",
		Get: func(v *Visit) error {
			return v.Show(tokensView, struct{ List []tokenShown }{tokensOf(v, s.Tokens, s.Policy(), v.Viewer.Person.ID)})
		},
		Post: func(v *Visit) error { return s.endTokens(v) },
	}
}

func (s *Staff) endTokens(v *Visit) error {
	own := v.Viewer.Person.ID
	if v.R.PostForm.Get("do") != "all" {
		if err := endToken(v, s.Tokens, own, v.R.PostForm.Get("item")); err != nil {
			return err
		}
		return v.Go("/settings/tokens", "Ended. Whatever was under way with it is cut off.")
	}
	for _, t := range s.Tokens.Tokens(own) {
		if err := endToken(v, s.Tokens, own, t.ID); err != nil && !errors.Is(err, ErrNotHere) {
			return err
		}
	}
	return v.Go("/settings/tokens", "All ended. Whatever was under way with them is cut off.")
}
