package testkit

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
)

// Front stands before a FHIR server, so that a test can take the server, or a part of it, away and bring it back.
type Front struct {
	Base   string // as the server's own, with the front's address
	server string
	fails  atomic.Pointer[func(*http.Request) bool]
}

// NewFront puts a front before the server at base. It ends with the test.
func NewFront(tb testing.TB, base string) *Front {
	tb.Helper()
	target, err := url.Parse(base)
	if err != nil {
		tb.Fatal(err)
	}
	f := &Front{server: base}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host = target.Scheme, target.Host
		r.Out.Host = r.In.Host // the server builds its links from it
	}}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if fails := f.fails.Load(); fails != nil && (*fails)(r) {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	tb.Cleanup(s.Close)
	f.Base = s.URL + target.Path
	return f
}

// Fail answers 502 to the requests for which fails says so; nil lets all through again.
func (f *Front) Fail(fails func(*http.Request) bool) {
	if fails == nil {
		f.fails.Store(nil)
		return
	}
	f.fails.Store(&fails)
}

// Put writes a record past the front, as the hospital's own systems do; the body names type and id.
func (f *Front) Put(tb testing.TB, key, body string) { f.write(tb, http.MethodPut, key, body) }

// Delete removes a record past the front.
func (f *Front) Delete(tb testing.TB, key string) { f.write(tb, http.MethodDelete, key, "") }

func (f *Front) write(tb testing.TB, method, key, body string) {
	tb.Helper()
	req, err := http.NewRequestWithContext(tb.Context(), method, f.server+"/"+key, strings.NewReader(body))
	if err != nil {
		tb.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/fhir+json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		tb.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode >= 300 {
		text, _ := io.ReadAll(io.LimitReader(res.Body, 500))
		tb.Fatalf("%s %s: %s %s", method, key, res.Status, bytes.TrimSpace(text))
	}
}
