package facts

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"modicum/policy"
)

// Searcher asks the upstream FHIR server.
type Searcher interface {
	// EachOf calls each with every record of typ that the query finds, of all
	// pages; a search that is not complete is an error. The bytes are valid only
	// during the call. An error of each ends the search and is returned.
	EachOf(ctx context.Context, typ string, query url.Values, each func(resource []byte) error) error
	// Deleted lists the ids of the records of typ that were deleted since then; told
	// is false where the server does not say, or not all: a sweep finds them.
	Deleted(ctx context.Context, typ string, since time.Time) (ids []string, told bool)
}

// Feed is the built-in source `fhir`: it polls the upstream server.
type Feed struct {
	cfg  FeedConfig
	voc  *Vocabulary     // of the last poll
	full time.Time       // start of the last complete sweep
	last time.Time       // start of the last complete poll
	mute map[string]bool // types of which the server did not tell deletions since the last sweep
}

// FeedConfig is what a Feed is made of. Search and Store must be set.
type FeedConfig struct {
	Search Searcher
	Store  *Store
	Base   string         // of the upstream: an absolute reference to it is a local one
	Every  time.Duration  // between polls for changes; 0 means 15 s
	Sweep  time.Duration  // between full sweeps, which find deletions; 0 means 15 minutes
	Zone   *time.Location // in which dates without time are read; nil means UTC
}

// NewFeed starts no goroutine; call Run, or Poll in tests.
func NewFeed(cfg FeedConfig) *Feed {
	if cfg.Every <= 0 {
		cfg.Every = 15 * time.Second
	}
	if cfg.Sweep <= 0 {
		cfg.Sweep = 15 * time.Minute
	}
	if cfg.Zone == nil {
		cfg.Zone = time.UTC
	}
	return &Feed{cfg: cfg}
}

// overlap is by how much a poll reaches back before the last one: the upstream's
// clock is not ours, and an answer may be older than its arrival. What is missed
// all the same, the sweep finds.
const overlap = 2 * time.Minute

// Run polls until ctx ends. report, when not nil, is told the error of each poll.
func (f *Feed) Run(ctx context.Context, report func(error)) {
	tick := time.NewTicker(f.cfg.Every)
	defer tick.Stop()
	for {
		if err := f.Poll(ctx); err != nil && ctx.Err() == nil && report != nil {
			report(err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Poll asks for changes, or for everything when a sweep is due. Either all of it
// comes into force, or nothing and the source is broken: a record that cannot be
// read might be the one that takes a right away.
func (f *Feed) Poll(ctx context.Context) error {
	start, _ := f.cfg.Store.now()
	voc := f.cfg.Store.Index().Vocabulary()
	sweep := voc != f.voc || f.full.IsZero() || start.Sub(f.full) >= f.cfg.Sweep || start.Before(f.last)
	err := f.links(ctx, sweep)
	src, ok := voc.source(FHIRSource)
	if !ok { // No fact of this policy comes from the upstream; linked patients do.
		if err == nil && sweep {
			f.voc, f.full, f.last = voc, start, start
		}
		return err
	}
	r := f.reader(voc, src)
	if err == nil {
		err = f.read(ctx, r, start, sweep)
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		f.cfg.Store.fed(voc, change{name: "feed:" + FHIRSource, source: src, broken: err.Error()})
		return err
	}
	c := change{name: "feed:" + FHIRSource, source: src, learned: seconds(start), whole: seconds(start), replace: sweep, add: r.rows}
	if !sweep {
		c.drop = r.seen
		if len(r.seen) == 0 {
			c.add = nil
		}
	}
	if !f.cfg.Store.fed(voc, c) {
		return errors.New("the policy changed during the poll; it is done again")
	}
	if f.voc, f.last = voc, start; sweep {
		f.full, f.mute = start, map[string]bool{}
	}
	return nil
}

// fed applies a change of the feed; false when it was made for another policy.
func (s *Store) fed(voc *Vocabulary, c change) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.idx.Load().voc != voc {
		return false
	}
	s.apply([]change{c})
	return true
}

// reader collects statements of one poll.
type feedReader struct {
	base   string
	zone   *time.Location
	source int
	rows   *segment
	seen   map[string]bool // TYPE/ID of every record that came, whatever it says
	kinds  map[string]feedKind
}

type feedKind struct {
	id policy.FactID
	*Kind
}

// fed facts and the types of records that state them.
var fedBy = map[string][]string{
	"assigned-patient": {"CareTeam", "Encounter"},
	"episode":          {"Encounter"},
	"appointment":      {"Appointment"},
	"work-item":        {"Task"},
}

func (f *Feed) reader(voc *Vocabulary, src int) *feedReader {
	r := &feedReader{base: strings.TrimSuffix(f.cfg.Base, "/") + "/", zone: f.cfg.Zone, source: src,
		rows: newSegment(f.cfg.Store.seed), seen: map[string]bool{}, kinds: map[string]feedKind{}}
	for name := range fedBy {
		id, ok := voc.fact(name)
		if !ok {
			continue
		}
		k := &voc.Kinds[id]
		// What a record of the upstream cannot carry, it does not state: such a fact
		// would not hold (policy-language 3).
		if from := k.Sources; k.Patient && !k.Classes && !k.Marked && !k.Dates && contains(from, src) && !(name == "assigned-patient" && k.Object) {
			r.kinds[name] = feedKind{id, k}
		}
	}
	return r
}

func contains(list []int, n int) bool {
	for _, v := range list {
		if v == n {
			return true
		}
	}
	return false
}

// read asks for each type that states a fact of this policy.
func (f *Feed) read(ctx context.Context, r *feedReader, start time.Time, sweep bool) error {
	for _, typ := range []string{"CareTeam", "Encounter", "Appointment", "Task"} {
		if !r.needs(typ) {
			continue
		}
		queries := []url.Values{{"_lastUpdated": {"ge" + f.last.Add(-overlap).UTC().Format(time.RFC3339)}}}
		if sweep {
			queries = sweepOf(typ, start)
		} else {
			f.deletions(ctx, r, typ)
		}
		for _, q := range queries {
			if err := f.ask(ctx, typ, q, r.record); err != nil {
				return err
			}
		}
	}
	return nil
}

// deletions notes what was deleted as seen and saying nothing. A server that keeps no
// history of a type is asked again at the next sweep.
func (f *Feed) deletions(ctx context.Context, r *feedReader, typ string) {
	if f.mute[typ] {
		return
	}
	ids, told := f.cfg.Search.Deleted(ctx, typ, f.last.Add(-overlap))
	if !told && ctx.Err() == nil {
		f.mute[typ] = true
	}
	for _, id := range ids {
		r.seen[typ+"/"+id] = true
	}
}

func (r *feedReader) needs(typ string) bool {
	for name, types := range fedBy {
		if _, stated := r.kinds[name]; stated && strings.Contains(strings.Join(types, " "), typ) {
			return true
		}
	}
	return false
}

// sweepOf asks for what can state a fact now: open records, and encounters and
// appointments of the time that matters.
func sweepOf(typ string, start time.Time) []url.Values {
	day := func(d int) string { return start.AddDate(0, 0, d).UTC().Format("2006-01-02") }
	switch typ {
	case "CareTeam":
		return []url.Values{{"status": {"active"}}}
	case "Encounter":
		return []url.Values{
			{"status": {"arrived,triaged,in-progress,onleave"}},
			{"status": {"finished"}, "date": {"ge" + day(-closedFor)}},
		}
	case "Appointment":
		return []url.Values{{"date": {"ge" + day(-appointmentBack-1), "le" + day(appointmentAhead+1)}}}
	}
	return []url.Values{{"status": {"requested,received,accepted,ready,in-progress,on-hold"}}}
}

// errMalformed is a record that is not what its type says.
var errMalformed = errors.New("malformed")

// ask searches, and says of errors only what they are about: never a record.
func (f *Feed) ask(ctx context.Context, typ string, q url.Values, each func(string, []byte) error) error {
	err := f.cfg.Search.EachOf(ctx, typ, q, func(b []byte) error { return each(typ, b) })
	switch {
	case errors.Is(err, errMalformed):
		return fmt.Errorf("the upstream holds a %s that is malformed", typ)
	case err != nil:
		return fmt.Errorf("the upstream gave no complete answer for %s%s", typ, why(err))
	}
	return nil
}

// why is what the client of the upstream says about a failure, in words of a
// closed list.
func why(err error) string {
	var of interface{ Why() string }
	if errors.As(err, &of) && of.Why() != "" {
		return ": " + of.Why()
	}
	return ""
}

// links reads Patient.link of all patients at each sweep: there is no search for
// patients who have one that every server knows.
func (f *Feed) links(ctx context.Context, sweep bool) error {
	if !sweep {
		return nil
	}
	var pairs [][2]string
	err := f.ask(ctx, "Patient", url.Values{"_elements": {"link"}}, func(_ string, b []byte) error {
		more, err := patientLinks(b, strings.TrimSuffix(f.cfg.Base, "/")+"/")
		pairs = append(pairs, more...)
		return err
	})
	if err != nil {
		return err
	}
	f.cfg.Store.SetLinks(pairs)
	return nil
}
