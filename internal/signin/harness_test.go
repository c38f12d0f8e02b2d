package signin_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"modicum/internal/book"
	"modicum/internal/book/booktest"
	"modicum/internal/console"
	"modicum/internal/notice"
	"modicum/internal/people"
	"modicum/internal/signin"
	"modicum/ledger"
)

// staff is a directory of a few people.
type staff struct {
	mu     sync.Mutex
	people map[string]*people.Person
}

func (s *staff) Person(id string) *people.Person {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.people[id]
}

func (s *staff) ByUserName(name string) *people.Person {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.people {
		if people.Fold(p.UserName) == people.Fold(name) {
			return p
		}
	}
	return nil
}

func (s *staff) Active(id string) bool {
	p := s.Person(id)
	return p != nil && p.Active
}

func (s *staff) Holds(id string, d people.Duty, _ int64) bool {
	p := s.Person(id)
	for i := 0; p != nil && i < len(p.Duties); i++ {
		if p.Duties[i].Name == string(d) {
			return true
		}
	}
	return false
}

// OverOthers: of roles only that of approvers is one.
func (s *staff) OverOthers(k people.Kind, name string) bool {
	return k != people.Role || name == "approver"
}

// Same: whose ids differ by what stands behind a hyphen alone are one human being.
func (s *staff) Same(a, b string) bool {
	a, _, _ = strings.Cut(a, "-")
	b, _, _ = strings.Cut(b, "-")
	return a == b
}

func (s *staff) People() iter.Seq[*people.Person] {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Values(slices.Collect(maps.Values(s.people)))
}

func (s *staff) First(_ context.Context, p *people.Person) (*people.Person, error) {
	for q := range s.People() {
		if q.ID == p.ID || q.Active && s.Holds(q.ID, people.RunPeople, 0) {
			return nil, people.ErrTaken
		}
	}
	p.From, p.Duties = people.Local, []people.Held{{Name: string(people.RunPeople), Alone: true}}
	s.set(p)
	return p, nil
}

func (s *staff) set(p *people.Person) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.people[p.ID] = p
}

func (s *staff) leave(id string) { s.edit(id, func(p *people.Person) { p.Active = false }) }

func (s *staff) edit(id string, f func(*people.Person)) {
	p := *s.Person(id)
	f(&p)
	s.set(&p)
}

// told keeps what people are told.
type told struct {
	mu  sync.Mutex
	all []notice.Notice
}

func (t *told) Within(_ context.Context, _ *book.Change, n ...notice.Notice) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all = append(t.all, n...)
	return nil
}

// who lists who was told of a kind, sorted.
func (t *told) who(kind notice.Kind) (out []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, n := range t.all {
		if n.Kind == kind {
			out = append(out, n.To)
		}
	}
	slices.Sort(out)
	return out
}

// site is a console with a service, a clock that tests move, and one page that changes
// something.
type site struct {
	t       *testing.T
	shelf   *booktest.Shelf
	desk    *book.Desk
	staff   *staff
	svc     *signin.Service
	web     *httptest.Server
	told    told
	console *console.Site
	log     strings.Builder

	mu      sync.Mutex
	at      time.Time
	sure    bool
	changes int
	stage   bool                             // the demo's way in is open
	hash    func(phrase, salt []byte) []byte // nil is that of an installation, which takes a while
}

func (s *site) now() (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at, s.sure
}

func (s *site) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = s.at.Add(d)
}

func (s *site) uncertain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sure = false
}

func (s *site) changed() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changes
}

// acts are the names of the governed acts on record so far.
func (s *site) acts() (out []string) {
	for _, e := range s.shelf.Entries() {
		out = append(out, e.(*ledger.Act).Act)
	}
	return out
}

func (s *site) last() *ledger.Act {
	all := s.shelf.Entries()
	return all[len(all)-1].(*ledger.Act)
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, shelf: &booktest.Shelf{}, at: time.Date(2026, 11, 27, 7, 0, 0, 0, time.UTC), sure: true, hash: quickHash}
	s.staff = &staff{people: map[string]*people.Person{}}
	for _, id := range []string{"alice", "bob", "gone"} {
		s.staff.set(&people.Person{ID: id, UserName: id, Name: strings.ToUpper(id[:1]) + id[1:] + " Example", Active: true, From: people.Local})
	}
	s.staff.set(&people.Person{ID: "olga", UserName: "olga", Name: "Olga Example", Active: true, From: people.Local, Duties: []people.Held{{Name: string(people.RunPeople)}}})
	s.web = httptest.NewUnstartedServer(nil)
	s.web.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.handler().ServeHTTP(w, r) })
	s.web.Start()
	t.Cleanup(s.web.Close)
	s.start()
	return s
}

// quickHash lets a test try hundreds of passphrases.
func quickHash(phrase, salt []byte) []byte {
	sum := sha256.Sum256(slices.Concat(salt, phrase))
	return sum[:]
}

// start begins a process on the pages that are there.
func (s *site) start() {
	s.t.Helper()
	public, err := url.Parse(strings.Replace(s.web.URL, "127.0.0.1", "localhost", 1))
	if err != nil {
		s.t.Fatal(err)
	}
	s.desk = book.NewDesk(s.shelf)
	s.console, err = console.New(console.Config{Who: s.viewer, Proved: func(ctx context.Context, d time.Duration) bool { return signin.Proved(ctx, d) == nil }, Now: s.now})
	if err != nil {
		s.t.Fatal(err)
	}
	s.console.Add(console.Page{Path: "/{$}", Get: func(v *console.Visit) error {
		return v.Show(console.View("home", `{{define "title"}}Home{{end}}{{define "main"}}<h1>Home</h1>{{end}}`), nil)
	}})
	s.svc, err = signin.New(s.t.Context(), signin.Config{
		Desk: s.desk, People: s.staff, Public: public, Key: make([]byte, 32), Now: s.now, Render: s.render, Teller: &s.told,
		Diary: slog.New(slog.NewTextHandler(s, nil)), Stage: s.stage, Hash: s.hash,
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) render(w http.ResponseWriter, r *http.Request, p signin.Page) {
	s.console.Framed(w, r, p.Status, p.Title, p.Body)
}

func (s *site) viewer(r *http.Request) *console.Viewer {
	x := signin.From(r.Context())
	if x == nil {
		return nil
	}
	return &console.Viewer{Person: s.staff.Person(x.Person), Session: x.ID}
}

// handler has, beside what the service serves, a page that signs somebody in as an
// issuer would, one that proves, one that says who it is, and one that changes something.
func (s *site) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /begin/{person}", func(w http.ResponseWriter, r *http.Request) {
		if err := s.svc.Begin(r.Context(), w, r, r.PathValue("person"), signin.Proof{How: []string{"hwk", "user"}}); err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
		}
	})
	mux.HandleFunc("POST /proof/{person}", func(w http.ResponseWriter, r *http.Request) {
		if err := s.svc.Prove(r.Context(), w, r, r.PathValue("person"), signin.Proof{How: []string{"hwk"}}); err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
		}
	})
	mux.HandleFunc("GET /who", func(w http.ResponseWriter, r *http.Request) {
		if x := signin.From(r.Context()); x != nil {
			fmt.Fprint(w, x.Person)
		}
	})
	mux.Handle("POST /change", s.svc.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := signin.Proved(r.Context(), 5*time.Minute); err != nil {
			signin.Again(w, r)
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.changes++
	})))
	h := s.svc.Handler()
	for _, path := range []string{"/sign-in", "/sign-in/", "/settings/sign-in", "/settings/sign-in/"} {
		mux.Handle(path, h)
	}
	mux.Handle("/", s.console.Handler())
	return from(s.svc.Wrap(mux))
}

// from lets a browser of a test sit at another address.
func from(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if at := r.Header.Get("Test-From"); at != "" {
			r.RemoteAddr = at + ":4000"
		}
		next.ServeHTTP(w, r)
	})
}

// browser sends what a browser does: its cookies, and where a request comes from.
type browser struct {
	s      *site
	cookie string
	device string // its other cookie
	at     string // its address; "" is this machine
}

func (b *browser) do(method, path string, header ...string) *http.Response {
	b.s.t.Helper()
	req, err := http.NewRequestWithContext(b.s.t.Context(), method, b.s.web.URL+path, nil)
	if err != nil {
		b.s.t.Fatal(err)
	}
	if len(header) == 0 {
		header = []string{"Sec-Fetch-Site", "same-origin"}
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	return b.send(req)
}

func (b *browser) send(req *http.Request) *http.Response {
	b.s.t.Helper()
	if b.cookie != "" {
		req.AddCookie(&http.Cookie{Name: "modicum", Value: b.cookie})
	}
	if b.device != "" {
		req.AddCookie(&http.Cookie{Name: "modicum-device", Value: b.device})
	}
	if b.at != "" {
		req.Header.Set("Test-From", b.at)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		b.s.t.Fatal(err)
	}
	b.s.t.Cleanup(func() { res.Body.Close() })
	for _, c := range res.Cookies() {
		switch c.Name {
		case "modicum":
			b.cookie = c.Value
		case "modicum-device":
			b.device = c.Value
		}
	}
	return res
}

func (b *browser) who() string {
	b.s.t.Helper()
	return body(b.s.t, b.do("GET", "/who"))
}

// entry records something within a change of a test.
func (s *site) entry(c *book.Change) error {
	id, err := newID()
	c.Record(&ledger.Act{Act: "person-deactivated", At: s.at.UnixMicro(), ID: id, Who: "olga", Behalf: "alice"})
	return err
}

func newID() (string, error) {
	id, err := uuid.NewV7()
	return id.String(), err
}

func record(h http.Handler, method, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, path, nil))
	return w
}

// noSecrets looks for what opens something in everything that was kept or written.
func (s *site) noSecrets(secrets ...string) {
	s.t.Helper()
	var kept strings.Builder
	for _, kind := range []string{"session", "ways", "invitation", "sign-in-tries"} {
		open, _ := s.shelf.Pages(s.t.Context(), kind)
		closed, _ := s.shelf.Closed(s.t.Context(), kind, "", "", 1000)
		for _, p := range slices.Concat(open, closed) {
			kept.WriteString(p.ID)
			kept.Write(p.Body)
		}
	}
	for _, e := range s.shelf.Entries() {
		text, err := ledger.Encode(e)
		if err != nil {
			s.t.Fatal(err)
		}
		kept.Write(text)
	}
	for where, text := range map[string]string{"what was kept": kept.String(), "the diary": s.diary()} {
		for _, secret := range secrets {
			if secret == "" {
				s.t.Error("there is no secret to look for")
			} else if strings.Contains(text, secret) {
				s.t.Errorf("%s holds a secret in clear", where)
			}
		}
	}
}

func (s *site) diary() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}

// Write makes the site the writer of its diary.
func (s *site) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.Write(b)
}
