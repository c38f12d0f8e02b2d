package serve

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"modicum/internal/book"
	"modicum/internal/console"
	"modicum/internal/signin"
	"modicum/internal/tokens"
	"modicum/ledger"
)

// browser is what a person reaches with a session: the console and the pages of signing
// in, and what an identity provider tells us of log-outs, which no browser sends.
type browser struct {
	sessions *signin.Service
	oidc     *signin.OIDC // nil: no identity provider signs people in to the console
	site     *console.Site
	pages    http.Handler
}

// openConsole opens sessions and the console. What pages show was opened before.
func (s *Server) openConsole(ctx context.Context, keys *Keys) (err error) {
	b := &browser{}
	s.browser = b
	b.sessions, err = signin.New(ctx, signin.Config{
		Desk: s.org.desk, People: s.org.people, Public: s.public(), Key: keys.Wrap[:32], Teller: s.org.notices, Others: s.others(),
		Render: func(w http.ResponseWriter, r *http.Request, p signin.Page) { b.site.Render(w, r, p) },
		Zone:   s.set().Zone(), Idle: s.opts.Config.SignIn.Idle, Longest: s.opts.Config.SignIn.Longest, Now: s.opts.Now, Diary: s.diary,
		Stage: s.opts.Stage != nil,
	})
	if err != nil {
		return err
	}
	b.sessions.OnEnd(func(c *book.Change, x *signin.Session) { s.org.tokens.EndSession(c, x.ID) })
	if err := s.openOIDC(); err != nil {
		return err
	}
	s.tellIdentities(ctx)
	if err := s.openSite(); err != nil {
		return err
	}
	b.pages = b.sessions.Wrap(s.pagesOf(b))
	return nil
}

// others are the identity providers, as the page of signing in names them.
func (s *Server) others() (out []signin.Other) {
	for _, l := range s.logins() {
		to := "/sign-in/oidc/start?" + url.Values{"issuer": {l.Issuer}}.Encode()
		o := signin.Other{Name: l.Name, Issuer: l.Issuer, Path: to}
		if len(l.Strong) > 0 {
			o.Prove = to + "&prove=yes"
		}
		out = append(out, o)
	}
	return append(out, s.opts.Stage.other()...)
}

// logins are the identity providers that sign people in to the console.
func (s *Server) logins() (out []signin.Login) {
	c := s.opts.Config
	for _, l := range c.Logins {
		is := c.Issuers[l.Issuer]
		name := is.Issuer
		if u, err := url.Parse(is.Issuer); err == nil {
			name = u.Host
		}
		out = append(out, signin.Login{
			Issuer: is.Issuer, Name: name, Client: l.Client, Audience: is.Audience, SecretFile: l.SecretFile, Algorithms: is.Algorithms, Strong: l.Strong,
		})
	}
	return out
}

func (s *Server) openOIDC() (err error) {
	logins := s.logins()
	if len(logins) == 0 {
		return nil
	}
	s.browser.oidc, err = signin.NewOIDC(s.browser.sessions, signin.OIDCConfig{Logins: logins, Issuers: s.check, Arrive: s.org.people.Arrive, Ours: s.org.people.Ours, Word: s.org.people.Word})
	return err
}

// openSite makes the console and its pages.
func (s *Server) openSite() error {
	c := s.opts.Config
	staff := &console.Staff{
		Lent: s.org.lent, People: s.org.people, Policy: s.set, Now: func() time.Time { now, _ := s.opts.Now(); return now },
		Bell: s.org.notices, Tokens: s.org.tokens, Drills: c.Drills,
	}
	laws := &console.Legislature{Changes: s.change, People: s.org.people, Policy: s.set, Trouble: s.folderTrouble, ByFolder: s.byFolder()}
	staff.Policies = func(v *console.Viewer) int { return laws.Counts(context.Background(), v, "/policy") }
	office := &console.Office{People: s.org.people, Policy: s.set, SignIn: s.browser.sessions, Tokens: s.org.tokens, Provisioned: c.SCIM != nil, Issuers: s.issuerNames()}
	staff.Steps = func(v *console.Viewer) []console.Step { return office.Steps(v, staff.Now().UnixMicro()) }
	counts := func(ctx context.Context, v *console.Viewer, path string) int {
		now, _ := s.opts.Now()
		return staff.Counts(ctx, v, path) + office.Waiting(v, path, now.UnixMicro()) + laws.Counts(ctx, v, path)
	}
	var err error
	staff.Reach = s.org.reach
	s.browser.site, err = console.New(console.Config{
		Options: console.Options{Version: s.opts.Version, Observe: c.FHIR.Mode == string(ledger.Observe), Base: c.FHIR.Base, Docs: s.opts.Docs},
		Front:   s.opts.Front, Who: console.Signed(s.org.people, s.opts.Now), Proved: console.Proved, Now: s.opts.Now, Zone: s.set().Zone(),
		Title: s.set().Folder().Organization.Title, Lacks: s.lacks, Diary: s.diary, Counts: counts,
		Bell: func(_ context.Context, person string) int { return s.org.notices.Unread(person) },
	})
	if err != nil {
		return err
	}
	s.browser.site.Add(staff.Pages(s.browser.site)...)
	s.browser.site.Add((&console.Overseer{Policy: s.set, Desk: s.org.sight}).Pages()...)
	s.browser.site.Add((&console.Record{Record: s.org.reading}).Pages()...)
	s.browser.site.Add(laws.Pages()...)
	s.browser.site.Add(office.Pages()...)
	s.browser.site.Add((&console.System{Health: s.Health, EnableHook: s.org.notices.EnableHook, Installation: s.installation}).Pages()...)
	s.browser.site.Add(s.opts.Stage.pages()...)
	return nil
}

// folderTrouble says what is wrong with the policy's folder.
func (s *Server) folderTrouble() string {
	if wrong := s.policyState.Load(); wrong != nil {
		return upper(*wrong) + "."
	}
	return ""
}

func upper(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// lacks are the sentences about what the installation does without.
func (s *Server) lacks() (out []string) {
	now, _ := s.opts.Now()
	if s.byFolder() {
		out = append(out, "Changes of the policy are put in force by one person: whoever can write its folder. Set policy_changes: two-persons.")
	}
	for _, l := range s.org.people.Lacks(now.UnixMicro()) {
		out = append(out, l.Say+" "+l.Do)
	}
	return out
}

// pagesOf is everything that stands behind a session.
func (s *Server) pagesOf(b *browser) http.Handler {
	mux := http.NewServeMux()
	signing := b.sessions.Handler()
	for _, path := range []string{"/sign-in", "/sign-in/", "/settings/sign-in", "/settings/sign-in/"} {
		mux.Handle(path, signing)
	}
	if b.oidc != nil {
		provider := console.Scripted(b.oidc.Handler())
		mux.Handle("/sign-in/oidc", provider)
		mux.Handle("/sign-in/oidc/", provider)
	}
	giving := console.Scripted(s.org.tokens.Browser(tokens.Pages{Holder: b.holder, Show: b.site.Framed}))
	mux.Handle("/sign-in/authorize", giving)
	mux.Handle("/sign-in/device", giving)
	mux.Handle("/", b.site.Handler())
	return mux
}

// holder is whose session a request belongs to.
func (b *browser) holder(ctx context.Context) *tokens.Holder {
	x := signin.From(ctx)
	if x == nil {
		return nil
	}
	return &tokens.Holder{Person: x.Person, Session: x.ID, How: x.How, ACR: x.ACR, Proved: x.Proved, Proofless: !b.sessions.CanProve(x)}
}

// OwnerLink is the link by which the first owner of an installation comes in; false
// once there is one.
func (s *Server) OwnerLink() (link string, ok bool, err error) { return s.browser.sessions.OwnerLink() }

// Sessions are those of the console.
func (s *Server) Sessions() *signin.Service { return s.browser.sessions }
