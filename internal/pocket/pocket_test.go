package pocket_test

import (
	"context"
	"errors"
	"html/template"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"modicum/catalog"
	"modicum/internal/book"
	"modicum/internal/book/booktest"
	"modicum/internal/people"
	"modicum/internal/pocket"
	"modicum/internal/tokens"
	"modicum/policy"
)

func TestK1_TheFileIsForItsPersonAlone(t *testing.T) {
	p := pocket.In(t.TempDir())
	now := time.Now()
	a := pocket.Token{Server: "https://a.example", Value: "mdc_a", Who: "alice", Until: now.Add(time.Hour).UnixMicro()}
	b := pocket.Token{Server: "https://b.example", Value: "mdc_b", Until: now.UnixMicro()}
	for _, x := range []pocket.Token{b, a} {
		if err := p.Put(x); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(p.Path())
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if dir, _ := os.Stat(filepath.Dir(p.Path())); dir.Mode().Perm() != 0o700 {
		t.Errorf("its folder has mode %v", dir.Mode())
	}
	if got, err := p.Get("", now); err != nil || got != a {
		t.Errorf("the last one: %+v, %v", got, err)
	}
	if _, err := p.Get("https://b.example", now); !errors.Is(err, pocket.ErrOver) {
		t.Errorf("one that is over: %v", err)
	}
	if _, err := p.Get("https://c.example", now); !errors.Is(err, pocket.ErrNone) {
		t.Errorf("none: %v", err)
	}
	if err := os.Chmod(p.Path(), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Get("", now); !errors.Is(err, pocket.ErrOpen) {
		t.Errorf("a file that others may read: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(p.Path()), "tokens-*")); len(left) != 0 {
		t.Errorf("%v is left behind", left)
	}
}

func TestAddressesAreHTTPSOrThisMachine(t *testing.T) {
	for s, ok := range map[string]bool{
		"https://modicum.example": true, "https://modicum.example:8443/": true, "http://127.0.0.1:8443": true, "http://localhost:1": true, "http://[::1]:1": true,
		"http://modicum.example": false, "modicum.example": false, "https://u:p@modicum.example": false, "https://modicum.example/fhir": false,
		"http://127.0.0.1.evil.example": false, "ftp://127.0.0.1": false, "https://modicum.example?x": false, "": false,
	} {
		if _, err := pocket.CheckAddress(s); (err == nil) != ok {
			t.Errorf("%q: %v", s, err)
		}
	}
}

// staff is a directory of one nurse.
type staff struct{}

func (staff) Person(id string) *people.Person {
	if id == "alice" {
		return &people.Person{ID: "alice", Name: "Alice Example", Active: true}
	}
	return nil
}
func (staff) Like(id string) string              { return id }
func (staff) Program(string) *people.Program     { return nil }
func (staff) RolesUntil(string, int64) int64     { return 0 }
func (staff) Roles(string, int64) []string       { return []string{"nurse"} }
func (staff) Used(string, string, string, int64) {}

// installation is a server with real tokens, before a browser in which alice is signed in.
func installation(t *testing.T) (*pocket.Server, *tokens.Service) {
	t.Helper()
	set, _ := policy.Load(os.DirFS("../../policy-sample"), catalog.R4())
	var all http.ServeMux
	web := httptest.NewServer(&all)
	t.Cleanup(web.Close)
	at, _ := url.Parse(web.URL)
	now := func() (time.Time, bool) { return time.Now(), true }
	svc, err := tokens.Open(t.Context(), tokens.Config{Desk: book.NewDesk(&booktest.Shelf{}), People: staff{}, Policy: func() *policy.Set { return set }, Now: now, Public: at})
	if err != nil {
		t.Fatal(err)
	}
	all.Handle("/oauth/", svc.Handler())
	all.Handle("/sign-in/", svc.Browser(tokens.Pages{
		Holder: func(context.Context) *tokens.Holder { return &tokens.Holder{Person: "alice", Session: "s"} },
		Show: func(w http.ResponseWriter, _ *http.Request, status int, _ string, body template.HTML) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, string(body))
		},
	}))
	return &pocket.Server{Address: web.URL, Client: web.Client(), Now: time.Now}, svc
}

var hidden = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`)

// say answers the page at an address as a person does.
func say(t *testing.T, address, answer string) string {
	t.Helper()
	res, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	page, _ := io.ReadAll(res.Body)
	f := url.Values{"answer": {answer}}
	for _, m := range hidden.FindAllStringSubmatch(string(page), -1) {
		f.Set(unescape(m[1]), unescape(m[2]))
	}
	u, _ := url.Parse(address)
	u.RawQuery = ""
	back, err := http.PostForm(u.String(), f)
	if err != nil {
		t.Fatal(err)
	}
	defer back.Body.Close()
	return strings.TrimPrefix(back.Header.Get("Refresh"), "0; url=")
}

func unescape(s string) string {
	return strings.NewReplacer("&#34;", `"`, "&#43;", "+", "&amp;", "&").Replace(s)
}

func TestATokenComesThroughTheBrowserAndIsGivenBack(t *testing.T) {
	s, svc := installation(t)
	for _, answer := range []string{"yes", "no"} {
		got, err := s.Browser(t.Context(), pocket.Want{Task: "give-care", For: time.Hour, Machine: "desk 7"}, func(at string) {
			to, _ := url.Parse(say(t, at, answer))
			for name, edit := range map[string]func(url.Values){
				"another state": func(q url.Values) { q.Set("state", "x") }, "another server": func(q url.Values) { q.Set("iss", "https://evil.example") },
			} {
				q := to.Query()
				edit(q)
				if res, err := http.Get("http://" + to.Host + to.Path + "?" + q.Encode()); err != nil || res.StatusCode != http.StatusBadRequest {
					t.Errorf("%s is taken: %v", name, err)
				}
			}
			go func() { _, _ = http.Get(to.String()) }()
		})
		if answer == "no" {
			if !errors.Is(err, pocket.ErrNo) {
				t.Errorf("no: %v", err)
			}
			continue
		}
		if err != nil || got.Who != "alice" || got.Task != "nurse/give-care" || time.Until(time.UnixMicro(got.Until)) > time.Hour {
			t.Fatalf("%+v, %v", got, err)
		}
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Authorization", "Bearer "+got.Value)
		if _, err := svc.Authenticate(r); err != nil {
			t.Error(err)
		}
		if err := s.Revoke(t.Context(), got); err != nil {
			t.Error(err)
		}
		if _, err := svc.Authenticate(r); err == nil {
			t.Error("what was given back is taken")
		}
	}
}

func TestATokenComesByACodeThatIsTypedElsewhere(t *testing.T) {
	s, _ := installation(t)
	asked := 0
	got, err := s.Device(t.Context(), pocket.Want{For: time.Minute}, func(code, at string) {
		res, err := http.PostForm(at, url.Values{"user_code": {strings.ToLower(code)}, "answer": {"yes"}})
		if err != nil || res.StatusCode != http.StatusOK {
			t.Errorf("typed: %v", err)
		}
	}, func(context.Context, time.Duration) error { asked++; return nil })
	if err != nil || got.Who != "alice" || got.Task != "none" || asked != 1 {
		t.Errorf("%+v, %v after %d questions", got, err, asked)
	}
	_, err = s.Device(t.Context(), pocket.Want{For: time.Minute}, func(string, string) {}, func(context.Context, time.Duration) error { return context.Canceled })
	if !errors.Is(err, pocket.ErrNo) {
		t.Errorf("when nobody answers: %v", err)
	}
}

func TestAServerThatIsNoneIsSaidSo(t *testing.T) {
	web := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(web.Close)
	s := &pocket.Server{Address: web.URL, Client: web.Client(), Now: time.Now}
	_, err := s.Device(t.Context(), pocket.Want{For: time.Minute}, nil, nil)
	if !errors.Is(err, pocket.ErrServer) {
		t.Error(err)
	}
}
