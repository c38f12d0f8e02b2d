package main

import (
	"errors"
	"time"

	"modicum/internal/config"
	"modicum/internal/facts"
	"modicum/internal/store"
	"modicum/internal/upstream"
)

// load reads facts as the server does at its start.
func (c *factsList) load(t *terminal, cfg *config.Config, voc *facts.Vocabulary, zone *time.Location, now time.Time) (*facts.Index, facts.Problems, error) {
	s := facts.NewStore(voc, func() (time.Time, bool) { return now, true }, nil)
	problems := s.ReadFiles(cfg.Facts.Files, true)
	if err := restore(t, cfg, s); err != nil {
		return nil, nil, err
	}
	if c.Upstream {
		if err := poll(t, cfg, s, zone); err != nil {
			return nil, nil, err
		}
	}
	return s.Index(), problems, nil
}

// poll asks the FHIR server once for all that it states.
func poll(t *terminal, cfg *config.Config, s *facts.Store, zone *time.Location) error {
	up, err := upstream.New(upstream.Config{Base: cfg.FHIR.Upstream, BearerFile: cfg.FHIR.BearerFile})
	if err != nil {
		return usage("%w", err)
	}
	defer up.Close()
	feed := facts.NewFeed(facts.FeedConfig{Search: up, Store: s, Base: cfg.FHIR.Upstream.String(), Zone: zone})
	if err := feed.Poll(t.ctx); err != nil {
		return unavailable("%w", err)
	}
	return nil
}

// restore takes up what programs posted, from the store.
func restore(t *terminal, cfg *config.Config, s *facts.Store) error {
	r, err := store.OpenReader(t.ctx, cfg.Data)
	if errors.Is(err, store.ErrNoRecord) {
		return nil // never started: nobody posted anything
	}
	if err != nil {
		return unavailable("%w", err)
	}
	defer r.Close()
	posted, err := r.Posted(t.ctx)
	if err != nil {
		return unavailable("%w", err)
	}
	var kept []facts.Posted
	for _, p := range posted {
		one := facts.Posted{Source: p.Source, Whole: p.Whole, At: time.UnixMicro(p.At).UTC()}
		for _, l := range p.Lines {
			one.Lines = append(one.Lines, facts.Line(l))
		}
		kept = append(kept, one)
	}
	if len(kept) > 0 {
		s.Restore(kept)
	}
	return nil
}
