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
		{method: "GET", path: "/notices", name: "listNotices", about: "notices", summary: "What you were told, newest first.", person: true,
			query: pageOf, answer: as[notices]("Notices"), do: (*call).listNotices},
		{method: "POST", path: "/notices/seen", name: "seen", about: "notices", summary: "Say which you have read.", person: true,
			body: as[seen]("Seen"), may: []problem.Problem{problem.NoSuchThing}, with: typed((*call).seen)},
	}
}

func (c *call) listNotices() (any, error) {
	limit := c.count("limit", 50)
	items := c.Inbox.Inbox(c.by.ID, c.word("before"), limit+1)
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
