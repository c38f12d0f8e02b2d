package upstream_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"modicum/internal/upstream"
)

// server is an upstream that answers as told and remembers what it was asked.
type server struct {
	*httptest.Server
	asked []string
	seen  []http.Header
}

func serve(t *testing.T, answer http.HandlerFunc) *server {
	t.Helper()
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked = append(s.asked, r.Method+" "+r.URL.RequestURI())
		s.seen = append(s.seen, r.Header.Clone())
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func client(t *testing.T, s *server, change func(*upstream.Config)) *upstream.Client {
	t.Helper()
	base, err := url.Parse(s.URL + "/fhir")
	if err != nil {
		t.Fatal(err)
	}
	cfg := upstream.Config{Base: base, Whole: 5 * time.Second, PageSize: 2}
	if change != nil {
		change(&cfg)
	}
	c, err := upstream.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func fhir(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/fhir+json;charset=UTF-8")
		io.WriteString(w, body)
	}
}

func TestO1_AsksItsOriginOnlyWithItsOwnHeaders(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1") // would break every request if it were used
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("first\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := serve(t, fhir(`{"resourceType":"Patient","id":"p1"}`))
	c := client(t, s, func(cfg *upstream.Config) { cfg.BearerFile = token })
	if _, found, err := c.Read(t.Context(), "Patient", "p1"); err != nil || !found {
		t.Fatalf("found %v, %v", found, err)
	}
	h := s.seen[0]
	want := map[string]string{"Accept": "application/fhir+json", "Accept-Encoding": "identity", "Authorization": "Bearer first", "User-Agent": "modicum"}
	for k, v := range want {
		if h.Get(k) != v {
			t.Errorf("%s: got %q, want %q", k, h.Get(k), v)
		}
	}
	if len(h) != len(want) {
		t.Errorf("headers sent: %v", h)
	}
	if err := os.WriteFile(token, []byte("second-token\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Read(t.Context(), "Patient", "p1"); err != nil {
		t.Fatal(err)
	}
	if got := s.seen[1].Get("Authorization"); got != "Bearer second-token" {
		t.Errorf("after the file changed: %q", got)
	}
}

func TestK1_ABearerFileThatOthersReadIsRefused(t *testing.T) {
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("sesame"), 0o644); err != nil {
		t.Fatal(err)
	}
	base, _ := url.Parse("http://127.0.0.1:1/fhir")
	_, err := upstream.New(upstream.Config{Base: base, BearerFile: token})
	if err == nil || strings.Contains(err.Error(), "sesame") {
		t.Fatalf("got %v", err)
	}
}

func TestNewRefusesAddressesWithSeveralReadings(t *testing.T) {
	for _, a := range []string{"ftp://h/fhir", "http:///fhir", "http://u:p@h/fhir", "http://h/fhir?x=1", "http://h/fhir#x", "http://h/a/../fhir", "http://h//fhir", "http://h/%66hir", "/fhir"} {
		u, err := url.Parse(a)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := upstream.New(upstream.Config{Base: u}); err == nil {
			t.Errorf("%s was accepted", a)
		}
	}
}

func TestF1_NothingOutsideTheGrammarIsSent(t *testing.T) {
	s := serve(t, fhir(`{}`))
	c := client(t, s, nil)
	ctx := t.Context()
	for _, id := range []string{"", ".", "..", "a/b", "a b", "a?b", "a%2Fb", "ä", strings.Repeat("x", 65), "$everything"} {
		if _, err := c.Fetch(ctx, "Patient", id, ""); !errors.Is(err, upstream.ErrGrammar) {
			t.Errorf("id %q: %v", id, err)
		}
		if id != "" {
			if _, err := c.Fetch(ctx, "Patient", "p", id); !errors.Is(err, upstream.ErrGrammar) {
				t.Errorf("version %q: %v", id, err)
			}
		}
	}
	for _, typ := range []string{"", "patient", "Patient/..", "P", "Pa tient", "Patient;x"} {
		if _, err := c.Search(ctx, typ, nil, false); !errors.Is(err, upstream.ErrGrammar) {
			t.Errorf("type %q: %v", typ, err)
		}
	}
	for _, name := range []string{"", "a&b", "a=b", "a b", "_has:x.y"} {
		if _, err := c.Search(ctx, "Patient", []upstream.Param{{Name: name, Value: "x"}}, false); !errors.Is(err, upstream.ErrGrammar) {
			t.Errorf("name %q: %v", name, err)
		}
	}
	for _, ref := range []string{"", "?", "/../x?y=1", "//evil.example/?x=1", "/Patient", "/Patient/1?x=1", "?x=1#y", "?x=1 2"} {
		if _, err := c.Page(ctx, ref); !errors.Is(err, upstream.ErrGrammar) {
			t.Errorf("page %q: %v", ref, err)
		}
	}
	if len(s.asked) != 0 {
		t.Errorf("sent: %v", s.asked)
	}
}

func TestSearchRebuildsTheQuery(t *testing.T) {
	var form string
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		form = string(b)
		fhir(`{"resourceType":"Bundle","type":"searchset"}`)(w, r)
	})
	c := client(t, s, nil)
	q := []upstream.Param{{"code", "http://loinc.org|1-8,a&b=c"}, {"family:exact", "Müller #1"}}
	for _, post := range []bool{false, true} {
		b, err := c.Search(t.Context(), "Observation", q, post)
		if err != nil {
			t.Fatal(err)
		}
		b.Release()
		b.Release() // harmless
	}
	const text = "code=http%3A%2F%2Floinc.org%7C1-8%2Ca%26b%3Dc&family%3Aexact=M%C3%BCller+%231"
	if s.asked[0] != "GET /fhir/Observation?"+text {
		t.Errorf("GET: %s", s.asked[0])
	}
	if s.asked[1] != "POST /fhir/Observation/_search" || form != text {
		t.Errorf("POST: %s with %s", s.asked[1], form)
	}
	if ct := s.seen[1].Get("Content-Type"); ct != "application/x-www-form-urlencoded; charset=utf-8" {
		t.Errorf("content type %q", ct)
	}
}

func TestO1_LinksToOtherPlacesAreNotFollowed(t *testing.T) {
	s := serve(t, fhir(`{}`))
	c := client(t, s, nil)
	for _, link := range []string{
		"http://evil.example/fhir?x=1", "https" + strings.TrimPrefix(s.URL, "http") + "/fhir?x=1", s.URL + "/other?x=1",
		s.URL + "/fhirx?x=1", s.URL + "/fhir/../admin?x=1", s.URL + "/fhir/Patient/1?x=1", s.URL + "/fhir/Patient/1/_history/2?x=1", s.URL + "/fhir/Patient/_history?x=1", s.URL + "/fhir/Patient/1/x/_history?x=1", s.URL + "/fhir/_history?x=1", s.URL + "/fhir", s.URL + "/fhir/%2e%2e?x=1",
		strings.Replace(s.URL, "http://", "http://u:p@", 1) + "/fhir?x=1", s.URL + "/fhir?x=1#f", "//evil.example/fhir?x=1", "javascript:alert(1)", "",
	} {
		if ref, err := c.Ref(link); err == nil {
			t.Errorf("%s became %s", link, ref)
		}
	}
	for link, want := range map[string]string{
		s.URL + "/fhir?_getpages=1&x=2":                      "?_getpages=1&x=2",
		s.URL + "/fhir/?_getpages=1":                         "?_getpages=1",
		s.URL + "/fhir/Patient?page=2":                       "/Patient?page=2",
		strings.ToUpper(s.URL[:4]) + s.URL[4:] + "/fhir?x=1": "?x=1",
		"/fhir/Patient?page=3":                               "/Patient?page=3",
		s.URL + "/fhir/Patient/p1/_history?_offset=5":        "/Patient/p1/_history?_offset=5",
	} {
		if ref, err := c.Ref(link); err != nil || ref != want {
			t.Errorf("%s: got %q, %v; want %q", link, ref, err, want)
		}
	}
}

func TestO1_ARedirectIsNotFollowed(t *testing.T) {
	other := serve(t, fhir(`{"resourceType":"Patient","id":"p1"}`))
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL+"/fhir/Patient/p1", http.StatusTemporaryRedirect)
	})
	if _, _, err := client(t, s, nil).Read(t.Context(), "Patient", "p1"); !errors.Is(err, upstream.ErrUpstream) {
		t.Errorf("got %v", err)
	}
	if len(other.asked) != 0 {
		t.Error("the other server was asked")
	}
}

func TestF9_AnswersThatAreNotTheRecordAskedFor(t *testing.T) {
	long := `{"resourceType":"Patient","id":"p1","x":"` + strings.Repeat("a", 1<<20) + `"}`
	with := func(ct string, status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", ct)
			w.WriteHeader(status)
			io.WriteString(w, body)
		}
	}
	const fj = "application/fhir+json"
	for name, answer := range map[string]http.HandlerFunc{
		"other type":      fhir(`{"resourceType":"Group","id":"p1"}`),
		"other id":        fhir(`{"resourceType":"Patient","id":"p2"}`),
		"no id":           fhir(`{"resourceType":"Patient"}`),
		"outcome":         fhir(`{"resourceType":"OperationOutcome","id":"p1"}`),
		"html":            with("text/html", 200, "<html>p1</html>"),
		"xml":             with("application/fhir+xml", 200, "<Patient/>"),
		"xml called json": with(fj, 200, "<Patient/>"),
		"latin-1":         with(fj+"; charset=iso-8859-1", 200, `{"resourceType":"Patient","id":"p1"}`),
		"no media type":   with("", 200, `{"resourceType":"Patient","id":"p1"}`),
		"empty":           fhir(``),
		"cut":             fhir(`{"resourceType":"Patient","id":"p1"`),
		"trailing":        fhir(`{"resourceType":"Patient","id":"p1"} {}`),
		"duplicate":       fhir(`{"resourceType":"Patient","id":"p1","id":"p1"}`),
		"bad utf-8":       fhir("{\"resourceType\":\"Patient\",\"id\":\"p1\",\"x\":\"\xff\"}"),
		"array":           fhir(`[{"resourceType":"Patient","id":"p1"}]`),
		"too large":       fhir(long),
		"500":             with(fj, 500, `{"resourceType":"Patient","id":"p1"}`),
		"201":             with(fj, 201, `{"resourceType":"Patient","id":"p1"}`),
		"compressed": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			fhir(`{"resourceType":"Patient","id":"p1"}`)(w, nil)
		},
		"closed": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, answer)
			c := client(t, s, func(cfg *upstream.Config) { cfg.MaxBody = 64 << 10 })
			b, found, err := c.Read(t.Context(), "Patient", "p1")
			if !errors.Is(err, upstream.ErrUpstream) || found || b != nil {
				t.Fatalf("got %s, %v, %v", b, found, err)
			}
			if msg := err.Error(); strings.Contains(msg, "p1") || strings.Contains(msg, "127.0.0.1") {
				t.Errorf("the error tells: %s", msg)
			}
		})
	}
}

func TestFC43_GoneAndUnknownAreOne(t *testing.T) {
	for _, status := range []int{404, 410} {
		s := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		c := client(t, s, nil)
		if _, found, err := c.Read(t.Context(), "Patient", "p1"); found || err != nil {
			t.Errorf("%d: %v %v", status, found, err)
		}
		if _, err := c.Page(t.Context(), "?_getpages=1"); !errors.Is(err, upstream.ErrPageGone) {
			t.Errorf("page, %d: %v", status, err)
		}
		if _, err := c.Search(t.Context(), "Patient", nil, false); !errors.Is(err, upstream.ErrUpstream) {
			t.Errorf("search, %d: %v", status, err)
		}
	}
}

func TestFC51_AnEndlessBodyEnds(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/fhir+json")
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 8<<10)); err != nil {
				return
			}
		}
	})
	c := client(t, s, func(cfg *upstream.Config) { cfg.MaxBody = 1 << 20 })
	if _, err := c.Fetch(t.Context(), "Patient", "p1", ""); !errors.Is(err, upstream.ErrTooLarge) {
		t.Errorf("got %v", err)
	}
}

func TestASlowAnswerEndsAtTheDeadline(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/fhir+json")
		io.WriteString(w, "{")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	c := client(t, s, func(cfg *upstream.Config) { cfg.Whole = 50 * time.Millisecond })
	_, err := c.Fetch(t.Context(), "Patient", "p1", "")
	if !errors.Is(err, upstream.ErrUpstream) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// pages serves n patients, size at a time as _count asks; without links when bare.
func pages(n int, bare bool) func(*server) http.HandlerFunc {
	return func(s *server) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			q := r.URL.Query()
			var size, from int
			fmt.Sscan(q.Get("_count"), &size)
			fmt.Sscan(q.Get("from"), &from)
			var entries []string
			for i := from; i < min(n, from+size); i++ {
				entries = append(entries, fmt.Sprintf(`{"resource":{"resourceType":"Patient","id":"p%d"}}`, i))
			}
			link := ""
			if from+size < n && !bare {
				link = fmt.Sprintf(`"link":[{"relation":"self","url":"x"},{"relation":"next","url":"%s/fhir?from=%d&_count=%d"}],`, s.URL, from+size, size)
			}
			fhir(`{"resourceType":"Bundle","type":"searchset",`+link+`"entry":[`+strings.Join(entries, ",")+`]}`)(w, r)
		}
	}
}

func TestEachReadsAllPages(t *testing.T) {
	for _, bare := range []bool{false, true} {
		for _, n := range []int{0, 1, 2, 3, 7, 25} {
			var s *server
			s = serve(t, func(w http.ResponseWriter, r *http.Request) { pages(n, bare)(s)(w, r) })
			c := client(t, s, nil)
			var got []string
			if err := c.EachOf(t.Context(), "Patient", url.Values{"active": {"true"}}, func(b []byte) error {
				got = append(got, string(b))
				return nil
			}); err != nil {
				t.Fatalf("n %d, bare %v: %v", n, bare, err)
			}
			if len(got) != n {
				t.Errorf("n %d, bare %v: got %d", n, bare, len(got))
			}
		}
	}
}

func TestManyRefusesARecordThatWasNotAskedFor(t *testing.T) {
	s := serve(t, fhir(`{"resourceType":"Bundle","type":"searchset","entry":[{"resource":{"resourceType":"Encounter","id":"e2"}}]}`))
	err := client(t, s, func(cfg *upstream.Config) { cfg.PageSize = 0 }).Many(t.Context(), "Encounter", []string{"e1"}, func([]byte) error { return nil })
	if !errors.Is(err, upstream.ErrUpstream) {
		t.Errorf("got %v", err)
	}
}

// paged reports whether a path is a type or the history of a record.
func paged(path string) bool {
	parts := strings.Split(path, "/")
	return upstream.IsType(parts[0]) && (len(parts) == 1 || len(parts) == 3 && upstream.IsID(parts[1]) && parts[2] == "_history")
}

func FuzzRef(f *testing.F) {
	base, _ := url.Parse("http://up.example/fhir")
	c, err := upstream.New(upstream.Config{Base: base})
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{"http://up.example/fhir?x=1", "http://up.example:80/fhir/Patient?x=1", "//x/fhir?y", "?a=b", "http://up.example/fhir/../x?y=1", "http:/fhir?x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, link string) {
		ref, err := c.Ref(link)
		if err != nil {
			return
		}
		u, err := url.Parse("http://up.example/fhir" + ref)
		if err != nil || u.Host != "up.example" || u.Path != "/fhir" && !paged(strings.TrimPrefix(u.Path, "/fhir/")) {
			t.Fatalf("%q leads to %v, %v", link, u, err)
		}
		if again, err := c.Ref("http://up.example/fhir" + ref); err != nil || again != ref {
			t.Fatalf("%q: %q is read as %q, %v", link, ref, again, err)
		}
	})
}
