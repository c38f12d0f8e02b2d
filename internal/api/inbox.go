package api

import (
	"context"

	"modicum/internal/notice"
	"modicum/internal/problem"
)

// Inbox is what tells people. *notice.Teller is one.
type Inbox interface {
	Inbox(person, before string, limit int) []notice.Item
	Seen(ctx context.Context, person string, ids ...string) error
	Unread(person string) int
	History(ctx context.Context, person, before string, limit int) ([]notice.Item, error)
	Wishes(person string) notice.Wishes
	SetWishes(ctx context.Context, person string, w notice.Wishes) error
}

type notices struct {
	Items  []message `json:"items"`
	Unread int       `json:"unread"`
	Next   string    `json:"next,omitempty"`
}

// seen are notices that were read.
type seen struct {
	IDs []string `json:"ids"`
}

func (a *api) inboxOperations() []operation {
	return []operation{
		{method: "GET", path: "/notices", name: "listNotices", about: "notices", summary: "What you were told, newest first; with state=old what was put away.", person: true,
			query: append([]param{{name: "state", text: "new (without it) or old.", one: []string{"new", "old"}}}, pageOf...), answer: as[notices]("Notices"), do: (*call).listNotices},
		{method: "POST", path: "/notices/seen", name: "seen", about: "notices", summary: "Say which you have read.", person: true,
			body: as[seen]("Seen"), may: []problem.Problem{problem.NoSuchThing}, with: typed((*call).seen)},
	}
}

// toldOf are notices of the inbox, or those that were put away.
func (c *call) toldOf(before string, limit int) ([]notice.Item, error) {
	if c.word("state") == "old" {
		return c.Inbox.History(c.r.Context(), c.by.ID, before, limit)
	}
	return c.Inbox.Inbox(c.by.ID, before, limit), nil
}

func (c *call) listNotices() (any, error) {
	limit := c.count("limit", 50)
	items, err := c.toldOf(c.word("before"), limit+1)
	if err != nil {
		return nil, err
	}
	out := notices{Items: []message{}, Unread: c.Inbox.Unread(c.by.ID)}
	for i, n := range items {
		if i == limit {
			out.Next = items[limit-1].ID
			break
		}
		one := message{ID: n.ID, Kind: string(n.Kind), At: at(n.At), Title: n.Title, Text: n.Text, Path: n.Path}
		if !n.Seen.IsZero() {
			t := n.Seen.UTC()
			one.Seen = &t
		}
		out.Items = append(out.Items, one)
	}
	return out, nil
}

func (c *call) seen(s *seen) (any, error) {
	return nil, c.Inbox.Seen(c.r.Context(), c.by.ID, s.IDs...)
}
