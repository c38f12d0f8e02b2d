package client

import (
	"context"
	"net/http"

	"modicum/internal/api/wire"
)

// The objects of those who read the record, look at records, and run the system.
type (
	RecordSearch = wire.RecordSearch
	RecordPage   = wire.RecordPage
	RecordEntry  = wire.RecordEntry
	Deed         = wire.Deed
	Health       = wire.Health
	Installation = wire.Installation
	Token        = wire.Token
	Session      = wire.Session
	SeeAs        = wire.SeeAs
	Seen         = wire.Seen
	SeeAsChoices = wire.SeeAsChoices
	SeeAsTask    = wire.SeeAsTask
	Reach        = wire.Reach
)

// SearchRecord is one page of decisions and acts, newest first: the next begins at its Next.
func (c *Client) SearchRecord(ctx context.Context, s RecordSearch) (p RecordPage, err error) {
	err = c.ask(ctx, http.MethodPost, "/record", s, &p)
	return p, err
}

// RecordEntry is a decision or act whole, and a decision derived again.
func (c *Client) RecordEntry(ctx context.Context, id string) (e RecordEntry, err error) {
	err = c.get(ctx, "/record/", id, "", &e)
	return e, err
}

// ProveRecord is the file that proves an entry.
func (c *Client) ProveRecord(ctx context.Context, id string) (p wire.Proof, err error) {
	err = c.get(ctx, "/record/", id, "/proof", &p)
	return p, err
}

// get reads the thing of an id: BEFORE/id/AFTER.
func (c *Client) get(ctx context.Context, before, id, after string, out any) error {
	part, err := segment(id)
	if err != nil {
		return err
	}
	return c.ask(ctx, http.MethodGet, before+part+after, nil, out)
}

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

// Health is how the parts of the installation do.
func (c *Client) Health(ctx context.Context) (out Health, err error) {
	err = c.ask(ctx, http.MethodGet, "/health", nil, &out)
	return out, err
}

// Installation is the configuration in force.
func (c *Client) Installation(ctx context.Context) (out Installation, err error) {
	err = c.ask(ctx, http.MethodGet, "/installation", nil, &out)
	return out, err
}

// EnableWebhook calls a webhook again that its receiver switched off.
func (c *Client) EnableWebhook(ctx context.Context, name string) error {
	return c.on(ctx, "/webhooks/", name, "/enable", nil, nil)
}
