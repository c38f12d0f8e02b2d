package client

import (
	"context"
	"net/http"

	"modicum/internal/api/wire"
)

// The objects of those who look at what a task shows.
type (
	SeeAs        = wire.SeeAs
	Seen         = wire.Seen
	SeeAsChoices = wire.SeeAsChoices
	SeeAsTask    = wire.SeeAsTask
	Reach        = wire.Reach
)

// SeeAsChoices are the tasks, made-up patients and own tasks of a look.
func (c *Client) SeeAsChoices(ctx context.Context) (out SeeAsChoices, err error) {
	err = c.ask(ctx, http.MethodGet, "/see-as", nil, &out)
	return out, err
}

// SeeAs shows records as a task of somebody else would.
func (c *Client) SeeAs(ctx context.Context, s SeeAs) (out Seen, err error) {
	if s.Assume == nil {
		s.Assume = []string{}
	}
	err = c.ask(ctx, http.MethodPost, "/see-as", s, &out)
	return out, err
}

// Look is what a task of one's own shows of a patient.
func (c *Client) Look(ctx context.Context, role, task, patient string) (out Reach, err error) {
	err = c.ask(ctx, http.MethodPost, "/look", wire.Look{Patient: patient, Role: role, Task: task}, &out)
	return out, err
}
