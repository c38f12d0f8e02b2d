package gate

import (
	"context"
	"fmt"
	"log/slog"

	"modicum/internal/caller"
	"modicum/internal/defect"
	"modicum/internal/problem"
	"modicum/ledger"
	"modicum/policy"
)

// Refusal is why a session was not opened, and the id of its record.
type Refusal struct {
	ID      string // value of Modicum-Decision; empty where nothing could be recorded
	Problem problem.Problem
}

// Error says what the client learns.
func (r *Refusal) Error() string { return r.Problem.Error() }

// Unwrap returns the Problem.
func (r *Refusal) Unwrap() error { return r.Problem }

// refuse records a refusal and returns what the client learns: a function of
// caller, facts about the caller, policy and request (N4).
func (s *Session) refuse(ctx context.Context, req *policy.Request, why policy.Why) error {
	return s.refuseWith(ctx, req, codes[why], s.problemOf(req, why))
}

func (s *Session) refuseWith(ctx context.Context, req *policy.Request, code string, p problem.Problem) error {
	e := s.decision(req, ledger.Refuse, []string{code})
	e.Status = int64(p.Status())
	if defect.On(defect.RefusalLeftOut) {
		return &Refusal{ID: s.id, Problem: p}
	}
	wait, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.gate.cfg.LogWait)
	defer cancel()
	if _, err := s.gate.cfg.Log.Append(wait, e, nil); err != nil {
		s.gate.cfg.Diary.LogAttrs(ctx, slog.LevelError, "refusal not recorded", slog.String("decision", s.id), slog.String("door", s.route.interaction.Door))
		return &Refusal{Problem: problem.Unavailable}
	}
	return &Refusal{ID: s.id, Problem: p}
}

// Refuse records a refusal that came before an Ask could be made: a token that
// was not accepted, a request outside the door's grammar. It returns the
// decision's id, and an error where the record is not durable.
func (r *Route) Refuse(ctx context.Context, c *caller.Caller, reason string, status int) (string, error) {
	return r.RefusePart(ctx, "", c, reason, status)
}

// RefusePart is Refuse for a part of an answer whose first decision has the id of;
// see [Ask.PartOf].
func (r *Route) RefusePart(ctx context.Context, of string, c *caller.Caller, reason string, status int) (string, error) {
	g := r.gate
	now, trusted := g.cfg.Now()
	id, err := newID(now, g.cfg.Random)
	if err != nil {
		return "", err
	}
	e := &ledger.Decision{
		ID: id, At: now.UnixMicro(), TimeTrusted: trusted, Door: r.interaction.Door,
		Interaction: r.interaction.Name, PartOf: of, Mode: g.mode(g.cfg.Generation().Set, r.interaction.Door, c), Effect: ledger.Refuse, Reasons: []string{reason},
		Status: int64(status), Who: "unknown", Generation: generationOf(g.cfg.Generation()),
	}
	if c != nil {
		e.Who, e.Roles, e.Client, e.Network, e.Behalf = c.ID, c.Roles, c.Client, c.Network, onBehalf(c)
	}
	wait, cancel := context.WithTimeout(context.WithoutCancel(ctx), g.cfg.LogWait)
	defer cancel()
	if _, err := g.cfg.Log.Append(wait, e, nil); err != nil {
		return id, fmt.Errorf("record a refusal: %w", err)
	}
	return id, nil
}
