package api

import (
	"context"
	"errors"
	"time"

	"modicum/internal/api/wire"
	"modicum/internal/facts"
	"modicum/internal/health"
	"modicum/internal/notice"
	"modicum/internal/people"
	"modicum/internal/problem"
)

// System is what those see and do who run the system. It holds nothing of patients, and no
// secret.
type System struct {
	Health       func(context.Context) *health.State
	EnableHook   func(ctx context.Context, name, who string) error
	Installation func() wire.Installation
}

func runners() []people.Duty { return []people.Duty{people.RunSystem} }

func (a *api) systemOperations() []operation {
	return []operation{
		{method: "GET", path: "/health", name: "health", about: "system", summary: "How each part does, and what to do where one does not.", duties: runners, answer: as[wire.Health]("Health"), do: (*call).health},
		{method: "GET", path: "/installation", name: "installation", about: "system", summary: "The configuration in force, and where each key is written. It holds no secret.", duties: runners,
			answer: as[wire.Installation]("Installation"), do: (*call).installation},
		{method: "POST", path: "/webhooks/{id}/enable", name: "enableWebhook", about: "system", summary: "Call a webhook again that its receiver switched off.", duties: runners, proof: true, do: (*call).enableWebhook},
	}
}

func (c *call) installation() (any, error) { return c.System.Installation(), nil }

func (c *call) enableWebhook() (any, error) {
	err := c.System.EnableHook(c.r.Context(), c.id(), c.by.ID)
	if errors.Is(err, notice.ErrNoHook) {
		return nil, problem.NoSuchThing
	}
	return nil, err
}

// when is a moment, nil for the zero time.
func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func (c *call) health() (any, error) {
	st := c.System.Health(c.r.Context())
	out := wire.Health{
		Level: st.Level().String(), At: st.Now.UTC(), Trusted: st.Trusted, Version: st.Version, Started: st.Started.UTC(), Failed: st.Failed,
		Troubles: []wire.Trouble{}, Doors: []wire.DoorMode{}, Sources: []wire.Source{}, Issuers: []wire.Issuer{}, Outlets: []wire.Outlet{},
		Policy:   wire.InForce{Digest: st.Policy.Digest, Since: when(st.Policy.Since), Trouble: st.Policy.Trouble},
		Record:   wire.Records{Log: st.Record.Origin, Takes: !st.Record.Refusing, Entries: st.Record.Entries, Published: st.Record.Published, Last: when(st.Record.Last)},
		Spool:    wire.Spool{InUse: st.Spool.InUse, Since: when(st.Spool.Since), Entries: st.Spool.Entries, Bytes: st.Spool.Bytes, Most: st.Spool.Most, Takes: st.Spool.Takes},
		Upstream: wire.Upstream{Address: st.Upstream.Address, Answered: when(st.Upstream.Answered), Failed: when(st.Upstream.Failed), Why: st.Upstream.Why},
	}
	for _, t := range st.Troubles() {
		out.Troubles = append(out.Troubles, wire.Trouble{Part: t.Part, Level: t.Level.String(), Say: t.Say, Do: t.Do, Since: when(t.Since)})
	}
	for _, d := range st.Doors {
		out.Doors = append(out.Doors, wire.DoorMode{Name: d.Name, At: d.At, Observe: d.Observe, Enforced: orNone(d.Enforced)})
	}
	for i := range st.Sources {
		out.Sources = append(out.Sources, sourceOf(&st.Sources[i]))
	}
	for i := range st.Issuers {
		is := &st.Issuers[i]
		out.Issuers = append(out.Issuers, wire.Issuer{Issuer: is.Issuer, Keys: is.Keys, Known: health.Known(is, st.Now), Loaded: when(is.Loaded), Error: is.Error})
	}
	for _, o := range st.Outlets {
		out.Outlets = append(out.Outlets, wire.Outlet{Name: o.Name, Hook: o.Hook, Waiting: o.Waiting, Sent: when(o.Sent), Failing: when(o.Failing), Why: o.Why, GivenUp: o.GivenUp, Disabled: o.Disabled})
	}
	return out, nil
}

func sourceOf(s *health.Source) wire.Source {
	return wire.Source{
		Name: s.Name, Title: s.Title, State: stateOf(&s.SourceState), Feeds: orNone(s.Feeds), Facts: int64(s.Facts), LastChange: when(s.LastChange), LastWhole: when(s.LastWhole),
		Seconds: int64(s.Fresh / time.Second), Broken: s.Broken,
	}
}

// stateOf is in one word how a source does: what is broken, of which nothing is known.
func stateOf(s *facts.SourceState) string {
	switch {
	case s.Broken != "":
		return "broken"
	case s.NeverWhole:
		return "never-whole"
	case s.Stale:
		return "stale"
	}
	return "fresh"
}
