package serve

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"modicum/internal/access"
	"modicum/internal/api"
	"modicum/internal/api/wire"
	"modicum/internal/book"
	"modicum/internal/caller"
	"modicum/internal/change"
	"modicum/internal/config"
	"modicum/internal/defect"
	"modicum/internal/facts"
	"modicum/internal/notice"
	"modicum/internal/oversight"
	"modicum/internal/people"
	"modicum/internal/preview"
	"modicum/internal/reach"
	"modicum/internal/scim"
	"modicum/internal/store"
	"modicum/internal/tokens"
	"modicum/ledger"
	"modicum/policy"
)

// organization is the people, and what is lent to them, over one desk: a leaver's end
// is one change.
type organization struct {
	desk    *book.Desk
	people  *people.Directory
	tokens  *tokens.Service
	notices *notice.Teller
	lent    *access.Book
	scim    http.Handler // nil: nobody provisions
	again   *api.Memory  // what was done under which key
	api     http.Handler
	reading *oversight.Record
	sight   *preview.Desk
	reach   *reach.Reader
}

// organize opens the organization. The policy in force and its facts are there already.
func (s *Server) organize(ctx context.Context, refs *ledger.Refs) error {
	c := s.opts.Config
	o := &organization{desk: book.NewDesk(s.store.Shelf(s.record()))}
	s.org = o
	groups := map[string]string(nil)
	if c.SCIM != nil {
		groups = c.SCIM.Groups
	}
	var err error
	if o.people, err = people.Open(ctx, people.Config{Desk: o.desk, Policy: s.set, Now: s.opts.Now, Groups: groups, Issuers: s.issuerNames(), Ends: s.ends}); err != nil {
		return err
	}
	if o.tokens, err = tokens.Open(ctx, tokens.Config{
		Desk: o.desk, People: o.people, Issuers: s.issuers(), Policy: s.set, Now: s.opts.Now, Public: s.public(), Diary: s.diary, Strong: s.strong,
		Session: func(id string) bool { return s.browser.sessions.Live(id) }, Rests: func(id string) bool { return s.browser.sessions.Rests(id) }, Ours: o.people.Ours, Word: s.word,
		Turn: s.ends.Turn, OnEnd: s.ends.Grant,
	}); err != nil {
		return err
	}
	// A leaver's tokens, sessions and ways in end in the change that makes them inactive:
	// who comes back later does not find them again (G6).
	o.people.OnGone(func(_ context.Context, c *book.Change, id string) {
		s.browser.sessions.Gone(c, id)
		if n := o.tokens.EndPerson(c, id); n > 0 {
			c.Note("tokens-ended:" + strconv.Itoa(n))
		}
	})
	if o.notices, err = s.openNotices(ctx); err != nil {
		return err
	}
	floor, err := s.newest(ctx)
	if err != nil {
		return err
	}
	if o.lent, err = access.Open(ctx, access.Config{
		Desk: o.desk, People: o.people, Policy: s.set, Facts: func() *facts.Index { return s.generation.Load().Facts }, Refs: refs,
		Record: record{s.store}, Tell: o.notices, Spool: s.spool, Now: s.opts.Now, Random: rand.Reader, OnEnd: s.ends.Grant,
		Floor: floor, Drills: c.Drills,
	}); err != nil {
		return err
	}
	if err := s.openChanges(ctx); err != nil {
		return err
	}
	if o.again, err = api.Remember(ctx, o.desk); err != nil {
		return err
	}
	if err := s.openSight(refs); err != nil {
		return err
	}
	return s.openSCIM()
}

// openSight opens what looks into the record, at records as others see them, and at what a
// task reaches.
func (s *Server) openSight(refs *ledger.Refs) (err error) {
	s.org.reading = s.openReading(refs)
	if s.org.sight, err = s.openDesk(refs); err != nil {
		return err
	}
	s.org.reach, err = reach.New(reach.Config{
		Policy: func() (*policy.Set, *facts.Index) { g := s.generation.Load(); return g.Set, g.Facts }, Log: s.record(), Refs: refs, Now: s.opts.Now, Random: rand.Reader,
	})
	return err
}

// openAPI makes what programs ask: the sessions of the console are there already.
func (s *Server) openAPI() {
	o := s.org
	o.api = api.Handler(api.Config{
		Authenticate: s.actor, Lent: o.lent, People: o.people, Inbox: o.notices, Changes: s.change, Record: o.reading, Desk: o.sight, Reach: o.reach,
		Tokens: o.tokens, SignIn: s.browser.sessions, System: api.System{Health: s.Health, EnableHook: o.notices.EnableHook, Installation: s.settings},
		Shift: s.opts.Config.SignIn.Shift, Now: s.opts.Now, Version: s.opts.Version, Tried: s.tried, Again: o.again,
	})
}

// actor is who acts at the API. An application that is registered so does nothing there
// with a token without scopes, as at the doors.
func (s *Server) actor(r *http.Request) (*caller.Caller, error) {
	c, err := s.org.tokens.AuthenticateActor(r)
	if err != nil || defect.On(defect.ScopesIgnored) {
		return c, err
	}
	return s.registered(c), nil
}

// settings are the configuration in force, for programs.
func (s *Server) settings() wire.Installation {
	in := s.installation()
	out := wire.Installation{File: in.File, Changed: in.Changed, Settings: []wire.Setting{}}
	for _, k := range in.Settings {
		out.Settings = append(out.Settings, wire.Setting{Key: k.Path, Value: k.Value, From: k.From, Text: k.Text})
	}
	return out
}

// openChanges opens the changes of policy, and says what is in force where nothing was.
func (s *Server) openChanges(ctx context.Context) (err error) {
	s.change, err = change.Open(ctx, change.Config{
		Desk: s.org.desk, People: s.org.people, Tell: s.org.notices, Now: s.opts.Now, InForce: s.set, Archived: s.archived,
		Folder: s.folderHash, ByFolder: s.byFolder(), Lent: s.org.lent.RolesLent, Fits: s.fits, Put: s.approved,
	})
	if err != nil {
		return err
	}
	return s.change.Begin(ctx, s.set(), s.byFolder() || defect.On(defect.RestartAdopts))
}

// fits says why a policy cannot come in force with this configuration.
func (s *Server) fits(set *policy.Set) error {
	if ps := s.opts.Config.Check(known{set}); len(ps) > 0 {
		return ps
	}
	return nil
}

// Changes are the changes of policy.
func (s *Server) Changes() *change.Book { return s.change }

// tried puts on record what somebody tried at the API and was refused before anybody else
// was asked (L2).
func (s *Server) tried(ctx context.Context, by people.Actor, op, code string) error {
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	now, _ := s.opts.Now()
	_, err = s.record().Append(context.WithoutCancel(ctx), &ledger.Act{
		Act: "act-refused", At: now.UnixMicro(), ID: id.String(), Who: by.ID, What: []string{op, code}, Reason: code,
	}, nil)
	return err
}

// strong reports whether an issuer's acr proves the person present, as the configuration
// says (issuers[].strong).
func (s *Server) strong(issuer, acr string) bool {
	c := s.opts.Config
	return acr != "" && slices.ContainsFunc(c.Logins, func(l config.Login) bool {
		return c.Issuers[l.Issuer].Issuer == issuer && slices.Contains(l.Strong, acr)
	})
}

// ours reports whether a page is of somebody who signs in here, or holds rights over others
// by our own word: whom a provider calls so it does not sign in to the console.
func (s *Server) ours(id string) bool {
	p := s.org.people.Person(id)
	return p != nil && (s.org.people.Ours(id) || p.From == people.Local && s.browser.sessions.Here(id))
}

// issuers verifies tokens of identity providers; nil where none is listed.
func (s *Server) issuers() tokens.Authenticator {
	if len(s.opts.Config.Issuers) == 0 {
		return nil
	}
	return s.check
}

// public is the address that people type: as configured, or this machine's.
func (s *Server) public() *url.URL { return PublicAddress(s.opts.Config) }

// PublicAddress is the address under which people reach an installation. Without
// `public` it is this machine by name, as passkeys know no numeric hosts.
func PublicAddress(c *config.Config) *url.URL {
	if c.Public != "" {
		if u, err := url.Parse(c.Public); err == nil {
			return u
		}
	}
	scheme := "http"
	if c.TLS != nil {
		scheme = "https"
	}
	_, port, _ := net.SplitHostPort(c.Listen)
	return &url.URL{Scheme: scheme, Host: net.JoinHostPort("localhost", port)}
}

func (s *Server) openNotices(ctx context.Context) (*notice.Teller, error) {
	c := s.opts.Config
	conf := notice.Config{
		Desk: s.org.desk, Directory: contacts{s.org.people}, Public: s.public(), Zone: s.set().Zone(),
		Now: func() time.Time { now, _ := s.opts.Now(); return now }, Log: s.diary,
	}
	if m := c.Mail; m != nil {
		conf.Mail = &notice.Mail{Server: m.Server, Security: notice.Security(m.TLS), From: m.From, User: m.User, PasswordFile: m.PasswordFile}
	}
	for _, w := range c.Webhooks {
		u, err := url.Parse(w.URL)
		if err != nil {
			return nil, err
		}
		conf.Hooks = append(conf.Hooks, notice.Hook{Name: w.Name, URL: u, SecretFiles: w.SecretFiles, Kinds: kinds(w.Events)})
	}
	return notice.Open(ctx, conf)
}

func kinds(events []string) []notice.Kind {
	out := make([]notice.Kind, len(events))
	for i, e := range events {
		out[i] = notice.Kind(e)
	}
	return out
}

func (s *Server) openSCIM() error {
	c := s.opts.Config.SCIM
	if c == nil {
		return nil
	}
	shown, err := scim.ReadTokens(c.TokenFiles...)
	if err != nil {
		return err
	}
	srv, err := scim.New(scim.Config{People: s.org.people, Tokens: shown, Base: s.public().String() + "/scim/v2", Name: "provisioning", Person: scim.PersonBy(c.Person), Prefix: c.Prefix})
	if err != nil {
		return err
	}
	s.org.scim = http.StripPrefix("/scim/v2", srv.Handler())
	return nil
}

// runOrganization keeps what nobody waits for: mail, overdue answers, last uses.
func (s *Server) runOrganization(ctx context.Context) {
	warn := func(what string) func(error) {
		return func(err error) {
			s.diary.LogAttrs(ctx, slog.LevelWarn, what, slog.String("error", err.Error()))
		}
	}
	s.watch(func() { s.org.notices.Run(ctx) })
	s.watch(func() { s.spool.Run(ctx) })
	s.watch(func() { s.org.lent.Run(ctx, 10*time.Second, warn("what is lent was not swept")) })
	for _, task := range []struct {
		period time.Duration
		start  bool
		do     func(context.Context) error
		failed string
	}{
		{heedEvery, true, s.heed, "what nobody did was not told"},
		{time.Minute, false, s.change.Sweep, "what of the policy nobody answered was not swept"},
		{time.Hour, false, s.org.people.Note, "last uses were not kept"},
	} {
		s.watch(func() {
			every(ctx, task.period, task.start, func() {
				if err := task.do(ctx); err != nil && ctx.Err() == nil {
					warn(task.failed)(err)
				}
			})
		})
	}
}

// every runs f each time that so much has passed, until ctx ends; with start also at once.
func every(ctx context.Context, period time.Duration, start bool, f func()) {
	tick := time.NewTicker(period)
	defer tick.Stop()
	if start {
		f()
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			f()
		}
	}
}

// contacts tells the notices how to reach people.
type contacts struct{ people *people.Directory }

// Reach implements notice.Directory.
func (r contacts) Reach(id string) notice.Reach {
	p := r.people.Person(id)
	if p == nil {
		return notice.Reach{}
	}
	return notice.Reach{Name: p.Name, Mail: p.Mail, Zone: p.Zone, Gone: !p.Active}
}

// record finds what was decided under a grant.
type record struct{ store *store.Store }

// Under implements access.Record.
func (r record) Under(ctx context.Context, grant string) ([]*ledger.Decision, error) {
	var out []*ledger.Decision
	q := store.Query{Grant: grant, Kind: ledger.KindDecision, Limit: 1000}
	for {
		found, err := r.store.Search(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, rec := range found {
			e, err := rec.Entry()
			if err != nil {
				return nil, err
			}
			if d, ok := e.(*ledger.Decision); ok {
				out = append(out, d)
			}
			q.After = rec.Pos + 1
		}
		if len(found) < q.Limit {
			return out, nil
		}
	}
}

// People is the directory.
func (s *Server) People() *people.Directory { return s.org.people }

// Lent is what is lent.
func (s *Server) Lent() *access.Book { return s.org.lent }

// newest is when the newest entry was made of those that the clock says are still to come:
// a clock that lies before what is on record is not right (threat model G4). The zero time
// where there is none.
func (s *Server) newest(ctx context.Context) (time.Time, error) {
	now, _ := s.opts.Now()
	found, err := s.store.Search(ctx, store.Query{From: now.UnixMicro(), Newest: true, Limit: 1})
	if err != nil || len(found) == 0 {
		return time.Time{}, err
	}
	e, err := found[0].Entry()
	if err != nil {
		return time.Time{}, err
	}
	return time.UnixMicro(e.Header().At), nil
}
