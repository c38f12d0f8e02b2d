package upstream_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"modicum/internal/upstream"
)

// TestAFaultSaysWhatToMend: an operator learns why the server gave no answer; the
// error's own text stays the one of all, and holds nothing of what was asked.
func TestAFaultSaysWhatToMend(t *testing.T) {
	answer := func(status int, kind, body string) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.Header().Set("Location", "http://elsewhere.example/")
			w.WriteHeader(status)
			io.WriteString(w, body)
		}))
		t.Cleanup(s.Close)
		return s.URL + "/fhir"
	}
	tls := httptest.NewTLSServer(http.NotFoundHandler())
	tls.Config.ErrorLog = log.New(io.Discard, "", 0)
	t.Cleanup(tls.Close)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free := "http://" + ln.Addr().String() + "/fhir"
	ln.Close()
	for _, tt := range []struct{ name, base, want string }{
		{"nobody there", free, "nothing listens at its address"},
		{"no such name", "http://modicum-test.invalid/fhir", "its name is not known here"},
		{"a certificate of nobody", tls.URL + "/fhir", "its certificate is not trusted here"},
		{"no TLS", strings.Replace(answer(200, "text/plain", ""), "http://", "https://", 1), "it does not speak TLS at this address"},
		{"another base", answer(404, "text/html", "SECRET"), "a search there is not found: is fhir.upstream its FHIR base?"},
		{"a page for people", answer(200, "text/html", "SECRET"), "its answer is not FHIR JSON: is fhir.upstream its FHIR base?"},
		{"no token", answer(401, "application/fhir+json", "SECRET"), "it refuses us, status 401: look at fhir.upstream_auth"},
		{"moved", answer(301, "text/html", "SECRET"), "it sends us elsewhere, status 301: write its real address into fhir.upstream"},
		{"broken", answer(500, "application/fhir+json", "SECRET"), "it answered with status 500"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			base, err := url.Parse(tt.base)
			if err != nil {
				t.Fatal(err)
			}
			c, err := upstream.New(upstream.Config{Base: base, Header: 5 * time.Second})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			_, err = c.Search(ctx, "Patient", []upstream.Param{{Name: "name", Value: "SECRET"}}, false)
			if !errors.Is(err, upstream.ErrUpstream) || upstream.Why(err) != tt.want {
				t.Errorf("%v: %q, want %q", err, upstream.Why(err), tt.want)
			}
			if st := c.State(); tt.name != "another base" && (!st.Failing() || st.Why != tt.want) {
				t.Errorf("the state is %+v, want %q", st, tt.want)
			}
			if err.Error() != upstream.ErrUpstream.Error() || strings.Contains(upstream.Why(err), "SECRET") {
				t.Errorf("said %q, %q", err, upstream.Why(err))
			}
		})
	}
	if upstream.Why(errors.New("another")) != "" || upstream.Why(nil) != "" {
		t.Error("a cause where there is none")
	}
}

// TestTheStateIsThatOfTheServerAlone: a refusal and a record that is not there are answers;
// that a caller went away says nothing of the server.
func TestTheStateIsThatOfTheServerAlone(t *testing.T) {
	answers := make(chan int, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case status := <-answers:
			w.Header().Set("Content-Type", "application/fhir+json")
			w.WriteHeader(status)
			io.WriteString(w, "{}")
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(s.Close)
	base, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1000, 0)
	c, err := upstream.New(upstream.Config{Base: base, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if st := c.State(); st.Failing() || !st.Answered.IsZero() {
		t.Errorf("before anything was asked: %+v", st)
	}
	for _, tt := range []struct {
		status  int
		failing bool
	}{{200, false}, {503, true}, {404, false}, {401, true}, {400, false}} {
		now = now.Add(time.Second)
		answers <- tt.status
		b, _ := c.Fetch(t.Context(), "Patient", "p1", "")
		b.Release()
		if st := c.State(); st.Failing() != tt.failing || !tt.failing && !st.Answered.Equal(now) {
			t.Errorf("after %d: %+v", tt.status, st)
		}
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := c.Fetch(gone, "Patient", "p1", ""); err == nil || c.State().Failing() {
		t.Errorf("a caller went away: %v, %+v", err, c.State())
	}
}
