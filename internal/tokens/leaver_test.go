package tokens_test

import (
	"context"
	"errors"
	"net/url"
	"testing"
	"time"

	"modicum/internal/book"
	"modicum/internal/book/booktest"
	"modicum/internal/caller"
	"modicum/internal/people"
	"modicum/internal/tokens"
)

func TestG6_WhoComesBackDoesNotFindTheirTokensAgain(t *testing.T) {
	h := &house{T: t, now: time.Date(2026, 11, 27, 9, 0, 0, 0, time.UTC)}
	desk, now := book.NewDesk(&booktest.Shelf{}), func() (time.Time, bool) { return h.now, true }
	dir, err := people.Open(t.Context(), people.Config{Desk: desk, Policy: sample, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	at, _ := url.Parse(public)
	if h.Service, err = tokens.Open(t.Context(), tokens.Config{Desk: desk, People: dir, Policy: sample, Now: now, Public: at}); err != nil {
		t.Fatal(err)
	}
	dir.OnGone(func(_ context.Context, c *book.Change, id string) { h.EndPerson(c, id) })
	ann := people.Actor{ID: "ann"}
	_, err = dir.First(t.Context(), &people.Person{ID: "ann", UserName: "ann", Name: "Ann Example"})
	_, err2 := dir.Add(t.Context(), ann, &people.Person{UserName: "bob", Name: "Bob Example"})
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	token := h.issue(tokens.Want{Person: "bob"})
	if _, err := h.ask(token); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(dir.Deactivate(t.Context(), ann, "bob", ""), dir.Reactivate(t.Context(), ann, "bob")); err != nil {
		t.Fatal(err)
	}
	h.refused(token, caller.Revoked)
}
