package serve

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"modicum/internal/facts"
	"modicum/internal/store"
	"modicum/policy"
)

// remember takes up what the last run knew: posted facts, and what of limits and
// look-ups the record says was used. It is done before a door opens.
func (s *Server) remember(ctx context.Context, set *policy.Set) error {
	if err := s.restoreFacts(ctx); err != nil {
		return err
	}
	return s.recount(ctx, set)
}

func (s *Server) restoreFacts(ctx context.Context) error {
	posted, err := s.store.Posted(ctx)
	if err != nil || len(posted) == 0 {
		return err
	}
	kept := make([]facts.Posted, len(posted))
	for i, p := range posted {
		kept[i] = facts.Posted{Source: p.Source, Whole: p.Whole, At: time.UnixMicro(p.At).UTC()}
		for _, l := range p.Lines {
			kept[i].Lines = append(kept[i].Lines, facts.Line(l))
		}
	}
	if dropped := s.facts.Restore(kept); dropped > 0 {
		s.diary.LogAttrs(ctx, slog.LevelWarn, "posted facts that the policy does not know any more are left out", slog.Int("lines", dropped))
	}
	return nil
}

// recount reads the entries that limits and look-ups follow from.
func (s *Server) recount(ctx context.Context, set *policy.Set) error {
	since, tasks := s.gate.Remembers(set)
	if len(tasks) == 0 {
		return nil
	}
	r := s.gate.Recount(set)
	q := store.Query{Tasks: tasks, From: since.UnixMicro(), Limit: 2000}
	for {
		records, err := s.store.Search(ctx, q)
		if err != nil {
			return fmt.Errorf("count the use of limits again: %w", err)
		}
		for _, rec := range records {
			e, err := rec.Entry()
			if err == nil {
				err = r.Add(e)
			}
			if err != nil {
				return fmt.Errorf("count the use of limits again: entry at position %d: %w", rec.Pos, err)
			}
		}
		if len(records) < q.Limit {
			break
		}
		q.After = records[len(records)-1].Pos + 1
	}
	r.Done()
	return nil
}
