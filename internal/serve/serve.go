// Package serve puts the parts of one installation together: policy, facts,
// record, gate, doors, and what watches them.
package serve

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"modicum/catalog"
	"modicum/internal/api"
	"modicum/internal/caller"
	"modicum/internal/change"
	"modicum/internal/config"
	"modicum/internal/defect"
	"modicum/internal/door/fhir"
	"modicum/internal/facts"
	"modicum/internal/gate"
	"modicum/internal/spool"
	"modicum/internal/store"
	"modicum/internal/upstream"
	"modicum/ledger"
	"modicum/policy"
)

// Options say what a Server is made of. Config and Policy must be set.
type Options struct {
	Config *config.Config
	Policy fs.FS // the policy's folder, read again when it changes
	Docs   fs.FS // documents to read at /docs/; nil: none
	// Front is what those see at / who are not signed in, with the files that it asks
	// for; nil is the start page of an installation.
	Front      http.Handler
	FrontFiles []string // paths
	Stage      *Stage   // what the demo alone has; nil: people prove who they are
	Version    string
	Public     *url.URL // address of the FHIR door as clients write it; nil takes each request's own host
	Now        func() (now time.Time, trusted bool)
	Diary      *slog.Logger // nil discards
	Keys       []string     // verification keys of earlier ledger keys

	before func(ledger.Log) ledger.Log // tests put a record that fails before the store
}

// Server is a running installation, listeners aside: Handler and Admin are
// mounted by whoever owns the addresses.
type Server struct {
	opts  Options
	diary *slog.Logger
	store *store.Store
	vkey  string // verification key of the record
	spool *spool.Spool
	facts *facts.Store
	up    *upstream.Client
	check *caller.Verifier
	gate  *gate.Gate
	door  *fhir.Door
	reads *gate.Route // of the record over HTTP
	log   readers
	meter *meter

	generation  atomic.Pointer[gate.Generation]
	started     time.Time
	inForce     atomic.Pointer[inForce]
	ends        *gate.Ends // what cuts off answers under way
	org         *organization
	change      *change.Book
	browser     *browser
	speaks      sync.Map               // *facts.Vocabulary → *policy.Set
	policyState atomic.Pointer[string] // what is wrong with the policy's folder; nil: nothing
	reload      sync.Mutex
	tasks       sync.WaitGroup
}

// New opens the record and reads the policy. It refuses to start where anything
// would not be durable, verified or in force (threat-model 9). It starts no
// listener; Run starts what watches.
func New(ctx context.Context, o Options) (*Server, error) {
	if o.Diary == nil {
		o.Diary = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = func() (time.Time, bool) { return time.Now(), true }
	}
	if err := o.Stage.check(o.Config); err != nil {
		return nil, err
	}
	s := &Server{opts: o, diary: o.Diary, meter: newMeter(o.Version)}
	s.started, _ = o.Now()
	set, wrong := s.readFolder()
	if wrong != nil && !s.began() {
		return nil, wrong // all of it, before a record is begun
	}
	if err := s.openRecord(ctx); err != nil {
		return nil, err
	}
	set, err := s.startWith(ctx, set, wrong)
	if err != nil {
		return nil, errors.Join(err, s.store.Close())
	}
	if err := s.build(ctx, set); err != nil {
		return nil, errors.Join(err, s.closeRecord())
	}
	s.meter.state(s.health)
	return s, nil
}

// readFolder reads the policy's folder, and says all that speaks against it here.
func (s *Server) readFolder() (*policy.Set, error) {
	set, probs := policy.Load(s.opts.Policy, catalog.R4())
	if err := probs.Errors().Err(); err != nil || set == nil {
		return nil, errors.Join(errors.New("the policy has errors; run: modicum policy check"), err)
	}
	return set, Check(s.opts.Config, set)
}

// began reports whether this installation has had a policy in force.
func (s *Server) began() bool {
	_, err := os.Stat(filepath.Join(s.opts.Config.Data, "policies"))
	return err == nil
}

// startWith is the policy that a start takes up: the one that was last in force. The
// folder's is the first of an installation, and whatever lies there where the
// configuration says so; otherwise it waits, with its errors if it has any.
func (s *Server) startWith(ctx context.Context, folder *policy.Set, wrong error) (*policy.Set, error) {
	last, err := change.Last(ctx, s.store.Shelf(s.store))
	switch {
	case err != nil:
		return nil, err
	case last == "" || s.byFolder() || wrong == nil && (last == folder.Hash() || defect.On(defect.RestartAdopts)):
		return folder, wrong
	}
	set, err := s.archived(last)
	if err != nil {
		return nil, fmt.Errorf("the policy that was last in force cannot be taken up: %w", err)
	}
	return set, Check(s.opts.Config, set)
}

// openRecord opens the store and its ledger.
func (s *Server) openRecord(ctx context.Context) error {
	c := s.opts.Config
	key, err := ledger.ReadKey(c.Ledger.Key)
	if err != nil {
		return err
	}
	if key.Origin() != c.Ledger.Origin {
		return fmt.Errorf("%s is the key of %s, and modicum.yaml says ledger.origin %s: write the key's name there", c.Ledger.Key, key.Origin(), c.Ledger.Origin)
	}
	s.vkey = key.Public()
	s.store, err = store.Open(ctx, store.Options{
		Dir: c.Data, Key: key, Keys: s.opts.Keys, Log: s.diary, Now: func() time.Time { now, _ := s.opts.Now(); return now },
	})
	return err
}

func (s *Server) build(ctx context.Context, set *policy.Set) error {
	c := s.opts.Config
	keys, err := ReadKeys(filepath.Join(c.Data, "keys"))
	if err != nil {
		return err
	}
	if keys.Wrap == nil || keys.Spool == nil {
		if err := CreateKeys(filepath.Join(c.Data, "keys")); err != nil {
			return err
		}
		if keys, err = ReadKeys(filepath.Join(c.Data, "keys")); err != nil {
			return err
		}
	}
	refs, err := ledger.NewRefs(RefsID, keys.Refs)
	if err != nil {
		return err
	}
	if s.up, err = upstream.New(upstream.Config{
		Base: c.FHIR.Upstream, BearerFile: c.FHIR.BearerFile, Conns: c.FHIR.Connections, Streams: c.FHIR.Streams, Now: func() time.Time { now, _ := s.opts.Now(); return now },
	}); err != nil {
		return err
	}
	if s.check, err = caller.New(caller.Config{Issuers: c.Issuers, FHIRBases: []string{c.FHIR.Upstream.String()}, Now: s.opts.Now}); err != nil {
		return err
	}
	if err := s.archive(set); err != nil {
		return err
	}
	s.ends = gate.NewEnds(s.opts.Now)
	s.facts = facts.NewStore(s.vocabulary(set), s.opts.Now, s.adopt)
	if err := s.openSpool(ctx, keys.Spool); err != nil {
		return err
	}
	if err := s.organize(ctx, refs); err != nil {
		return err
	}
	s.drain(ctx)
	if err := s.openConsole(ctx, keys); err != nil {
		return err
	}
	s.openAPI()
	if err := s.openDoor(keys, refs, set); err != nil {
		return err
	}
	if err := s.remember(ctx, set); err != nil {
		return err
	}
	audit, _ := set.Catalog().Class("security.audit") // interfaces 5: who may see it may read the record
	s.reads = s.gate.Register(gate.Interaction{
		Door: "ledger", Name: "read", Verbs: policy.Read, Reads: catalog.ClassSet{}.With(audit), Meets: policy.RecordSession,
	})
	return s.act(ctx, ledger.ActStarted, []string{s.opts.Version, "fhir " + c.FHIR.Mode}, map[string]string{"policy": set.Hash(), "catalog": set.Catalog().Hash()})
}

// openDoor makes the gate and the FHIR door before it.
func (s *Server) openDoor(keys *Keys, refs *ledger.Refs, set *policy.Set) (err error) {
	c := s.opts.Config
	s.gate, err = gate.New(gate.Config{
		Generation: s.generation.Load, Log: s.spool, Refs: refs, Resolver: s.up, Upstream: c.FHIR.Upstream.String(),
		Now: s.opts.Now, Random: rand.Reader, TokenKey: keys.Token, Zone: set.Zone(), Diary: s.diary, Observe: observed(c),
		Rights: s.ends, Lent: s.org.lent,
	})
	if err != nil {
		return err
	}
	s.door, err = fhir.New(fhir.Config{
		Gate: s.gate, Callers: atDoor{s.org.tokens}, Upstream: s.up, UpstreamBase: c.FHIR.Upstream.String(), Policy: s.set,
		Now: s.opts.Now, Random: rand.Reader, CursorKeys: []fhir.CursorKey{{ID: 1, Key: keys.Cursor[:32]}}, ETagKey: keys.ETag,
		InFlight: max(c.FHIR.Streams, 256) + 128, // clients that read slowly leave room for others
		Base:     c.FHIR.Base, Public: s.opts.Public, Clients: clients(c.Clients), Endpoints: s.endpoints(), Version: s.opts.Version, Diary: s.diary,
		Note:   func(e fhir.Event) { s.meter.events.WithLabelValues("fhir", string(e)).Inc() },
		Lender: &api.Lender{Lent: s.org.lent, Shift: c.SignIn.Shift, Now: s.opts.Now},
	})
	return err
}

// endpoints are where applications sign people in: the identity provider's, or ours
// where there is none.
func (s *Server) endpoints() fhir.Endpoints {
	if len(s.opts.Config.Issuers) == 0 {
		return s.org.tokens
	}
	return s.check
}

// observed names the doors that only observe.
func observed(c *config.Config) map[string]gate.Observed {
	if c.FHIR.Mode != string(ledger.Observe) {
		return nil
	}
	return map[string]gate.Observed{fhir.Name: {Enforced: c.FHIR.Enforce}}
}

func clients(list []config.Client) map[string]fhir.Client {
	out := make(map[string]fhir.Client, len(list))
	for _, c := range list {
		out[c.ID] = fhir.Client{Task: c.Task, ScopesRequired: c.ScopesRequired, Origins: c.Origins}
	}
	return out
}

// act records a governed act of the server itself.
func (s *Server) act(ctx context.Context, name string, what []string, hashes map[string]string) error {
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	now, _ := s.opts.Now()
	_, err = s.store.Append(ctx, &ledger.Act{
		Act: name, At: now.UnixMicro(), ID: id.String(), Who: "modicum", What: what, Hashes: hashes,
	}, nil)
	return err
}

// Run watches policy, facts and keys until ctx ends.
func (s *Server) Run(ctx context.Context) {
	c := s.opts.Config
	s.watch(func() { s.watchPolicy(ctx) })
	s.watch(func() { s.check.Run(ctx) })
	s.watch(func() { s.watchIssuers(ctx) })
	s.runOrganization(ctx)
	if len(c.Facts.Files) > 0 {
		s.watch(func() { s.facts.WatchFiles(ctx, c.Facts.Files, s.report) })
	}
	if c.Facts.Every > 0 {
		feed := facts.NewFeed(facts.FeedConfig{
			Search: s.up, Store: s.facts, Base: c.FHIR.Upstream.String(), Every: c.Facts.Every, Zone: s.set().Zone(),
		})
		s.watch(func() {
			feed.Run(ctx, func(err error) {
				s.diary.LogAttrs(ctx, slog.LevelWarn, "facts of the upstream not read", slog.String("error", err.Error()))
			})
		})
	}
	s.tasks.Wait()
}

func (s *Server) watch(loop func()) {
	s.tasks.Add(1)
	go func() {
		defer s.tasks.Done()
		loop()
	}()
}

// report says which files of facts were refused: places and keys, never values.
func (s *Server) report(ps facts.Problems) {
	for _, p := range ps {
		s.diary.LogAttrs(context.Background(), slog.LevelError, "facts refused; those in force stay", slog.String("problem", p.Error()))
	}
}

// Facts are the facts in force, for a first reading before the doors open.
func (s *Server) Facts() *facts.Store { return s.facts }

// Store is the record.
func (s *Server) Store() *store.Store { return s.store }

// Gate is the pipeline, for doors that others mount.
func (s *Server) Gate() *gate.Gate { return s.gate }

// Generation is what is in force.
func (s *Server) Generation() *gate.Generation { return s.generation.Load() }

// Verifier tells whose a token is.
func (s *Server) Verifier() *caller.Verifier { return s.check }

// Close records that the server stops and closes the record. Run must have ended
// and no request be under way.
func (s *Server) Close(ctx context.Context) error {
	s.gate.Wait()
	s.up.Close()
	return errors.Join(s.browser.sessions.Keep(ctx), s.act(ctx, ledger.ActStopped, nil, nil), s.closeRecord())
}

// known lets the configuration ask the policy.
type known struct{ set *policy.Set }

func (k known) Task(name string) bool {
	if _, ok := k.set.Task(name); ok {
		return true
	}
	for _, role := range k.set.Roles() {
		if _, ok := k.set.Task(role + "/" + name); ok {
			return true
		}
	}
	return false
}

func (k known) Role(name string) bool { return slices.Contains(k.set.Roles(), name) }

func (k known) Source(name string) (time.Duration, bool) {
	for _, src := range facts.FromPolicy(k.set, k.set.Folder(), nil).Sources { // with fhir, which is built in
		if src.Name == name {
			return src.Fresh, true
		}
	}
	return 0, false
}
