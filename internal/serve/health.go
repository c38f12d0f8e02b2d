package serve

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"modicum/internal/console"
	"modicum/internal/door/fhir"
	"modicum/internal/facts"
	"modicum/internal/health"
	"modicum/internal/store"
	"modicum/ledger"
	"modicum/policy"
)

// inForce is since when this process has the policy that is in force.
type inForce struct {
	since   time.Time
	atStart bool // it was there already when the process started
}

// health looks at all parts, from memory alone: it is asked often.
func (s *Server) health() *health.State {
	now, trusted := s.opts.Now()
	c, g, rec := s.opts.Config, s.generation.Load(), s.store.State()
	st := &health.State{
		Now: now, Trusted: trusted, Version: s.opts.Version, Started: s.started,
		Doors:  []health.Door{{Name: fhir.Name, At: c.FHIR.Base, Observe: c.FHIR.Mode == string(ledger.Observe), Enforced: c.FHIR.Enforce}},
		Record: health.Record{Refusing: rec.Refusing != nil, Unmoved: rec.Unmoved != nil, Behind: rec.Behind != nil, Origin: c.Ledger.Origin},
		Spool:  s.spool.State(), Loose: s.org.lent.Loose(), Certain: s.org.desk.Certain(),
		Upstream: health.Upstream{Address: c.FHIR.Upstream.String(), State: s.up.State()},
		Issuers:  s.check.States(), Outlets: s.org.notices.State(), Failed: s.org.notices.Undelivered(),
		Lacks: s.org.people.Lacks(now.UnixMicro()),
	}
	st.Policy = health.Policy{Digest: g.Set.Hash()}
	if f := s.inForce.Load(); f != nil {
		st.Policy.Since, st.Policy.AtStart = f.since, f.atStart
	}
	if wrong := s.policyState.Load(); wrong != nil {
		st.Policy.Trouble = *wrong
	}
	for _, src := range g.Facts.Sources(now) {
		st.Sources = append(st.Sources, describe(g.Set, src))
	}
	return st
}

// describe adds to a source what the policy says of it.
func describe(set *policy.Set, src facts.SourceState) health.Source {
	out := health.Source{SourceState: src}
	conditions := &set.Folder().Conditions
	for i := range conditions.Sources {
		if conditions.Sources[i].Name.Text == src.Name {
			out.Title = conditions.Sources[i].Title
		}
	}
	for i := range conditions.Facts {
		f := &conditions.Facts[i]
		for _, from := range f.From {
			if from.Text == src.Name {
				out.Feeds = append(out.Feeds, f.Name.Text)
			}
		}
	}
	return out
}

// Health is all of it for people, with what only the record's database tells.
func (s *Server) Health(ctx context.Context) *health.State {
	st := s.health()
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	r := &st.Record
	head, err := s.store.Head(ctx)
	newest, err2 := s.store.Search(ctx, store.Query{Newest: true, Limit: 1})
	r.Published = s.store.Published()
	if r.Unreadable = err != nil || err2 != nil; r.Unreadable {
		return st
	}
	r.Entries = head.Size
	if len(newest) == 1 {
		if e, err := newest[0].Entry(); err == nil {
			r.Last = time.UnixMicro(e.Header().At)
		}
	}
	return st
}

// installation is the configuration in force, for the page about it.
func (s *Server) installation() console.Installation {
	c := s.opts.Config
	out := console.Installation{File: c.File, Changed: c.Changed()}
	for _, k := range c.Settings() {
		out.Settings = append(out.Settings, console.Setting(k))
	}
	return out
}

// Ready is what /readyz says.
type Ready struct {
	Ready   bool     `json:"ready"`  // whether requests belong here
	State   string   `json:"state"`  // well, degraded, emergency, down
	Policy  string   `json:"policy"` // hash of the policy in force
	Mode    string   `json:"mode"`   // of the FHIR door: enforce or observe
	Wrong   []string `json:"wrong,omitempty"`
	Sources any      `json:"sources"`
	Issuers any      `json:"issuers"`
}

// readyz answers 503 while nothing protected can be answered at all. While broken glasses
// go on through the spool requests still belong here, since no other place would take
// them: then it is 200, and the state is emergency (threat model 9, A9).
func (s *Server) readyz(w http.ResponseWriter, _ *http.Request) {
	st := s.health()
	sources := make([]facts.SourceState, len(st.Sources))
	for i := range st.Sources {
		sources[i] = st.Sources[i].SourceState
	}
	out := Ready{Ready: st.Ready(), State: st.Level().String(), Policy: st.Policy.Digest, Mode: s.opts.Config.FHIR.Mode, Sources: sources, Issuers: st.Issuers}
	for _, t := range st.Troubles() {
		out.Wrong = append(out.Wrong, t.String())
	}
	status := http.StatusOK
	if !out.Ready {
		status = http.StatusServiceUnavailable
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(out)
}
