package upstream_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"modicum/internal/upstream"
)

// desk takes writes and answers as it is told.
type desk struct {
	mu     sync.Mutex
	asked  []*http.Request
	bodies []string
	answer http.HandlerFunc
}

func (d *desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	d.mu.Lock()
	d.asked, d.bodies = append(d.asked, r), append(d.bodies, string(body))
	answer := d.answer
	d.mu.Unlock()
	answer(w, r)
}

// sent is how many came.
func (d *desk) sent() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.asked)
}

// turn has it answer otherwise: that a connection broke off says nothing of its handler.
func (d *desk) turn(answer http.HandlerFunc) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.answer = answer
}

func newDesk(t *testing.T, answer http.HandlerFunc) (*desk, *upstream.Client) {
	t.Helper()
	d := &desk{answer: answer}
	web := httptest.NewServer(d)
	t.Cleanup(web.Close)
	base, err := url.Parse(web.URL + "/fhir")
	if err != nil {
		t.Fatal(err)
	}
	c, err := upstream.New(upstream.Config{Base: base, Whole: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return d, c
}

const note = `{"resourceType":"Basic","id":"b1"}`

func says(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/fhir+json")
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

func TestF1_WritesGoToOneRecordUnderItsVersion(t *testing.T) {
	d, c := newDesk(t, says(200, note, "ETag", `W/"8"`))
	w, err := c.Replace(t.Context(), "Basic", "b1", "7", []byte(note))
	if err != nil || w.ID != "b1" || w.Version != "8" || w.New || string(w.Body.Bytes) != note {
		t.Fatalf("%+v, %v", w, err)
	}
	w.Release()
	r := d.asked[0]
	if r.Method != "PUT" || r.RequestURI != "/fhir/Basic/b1" || r.Header.Get("If-Match") != `W/"7"` || r.Header.Get("If-None-Match") != "" || d.bodies[0] != note {
		t.Errorf("sent %s %s %v", r.Method, r.RequestURI, r.Header)
	}
	d.turn(says(201, note, "ETag", `W/"1"`))
	if w, err = c.Put(t.Context(), "Basic", "b1", []byte(note)); err != nil || !w.New {
		t.Errorf("%+v, %v", w, err)
	}
	if r := d.asked[1]; r.Header.Get("If-None-Match") != "*" || r.Header.Get("If-Match") != "" {
		t.Errorf("sent %v", r.Header)
	}
	for _, bad := range []struct{ typ, id, version string }{{"Basic", "../x", "1"}, {"basic", "b", "1"}, {"Basic", "b", "1\"\r\nX: y"}, {"Basic", "b", ""}} {
		if _, err := c.Replace(t.Context(), bad.typ, bad.id, bad.version, []byte(note)); !errors.Is(err, upstream.ErrGrammar) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	if n := d.sent(); n != 2 {
		t.Errorf("%d requests were sent", n)
	}
}

func TestPostReadsWhereTheRecordIs(t *testing.T) {
	for at, want := range map[string]string{
		"/fhir/Basic/x1":                         "x1",
		"/fhir/Basic/x1/_history/4":              "x1",
		"http://elsewhere.example/fhir/Basic/x1": "x1", // only the id counts
		"/fhir/Patient/x1":                       "",
		"/fhir/Basic/%2e%2e":                     "",
		"":                                       "",
		"http://[::1":                            "",
		"/fhir/Basic/" + strings.Repeat("x", 65): "",
		"/fhir/Basic/x1?q=\u00e4":                "x1",
		"http://elsewhere.example/x/fhir/Basic/x1/y/z/": "",
	} {
		_, c := newDesk(t, says(201, note, "Location", at))
		w, err := c.Post(t.Context(), "Basic", []byte(note))
		switch {
		case want == "" && !errors.Is(err, upstream.ErrUnknown):
			t.Errorf("%q: %+v, %v", at, w, err)
		case want != "" && (err != nil || w.ID != want):
			t.Errorf("%q: %+v, %v", at, w, err)
		}
	}
}

func TestWhatBecameOfAWriteIsToldApart(t *testing.T) {
	for status, want := range map[int]error{
		404: upstream.ErrNotFound, 410: upstream.ErrNotFound, 409: upstream.ErrConflict, 412: upstream.ErrConflict,
		400: upstream.ErrRefused, 405: upstream.ErrRefused, 413: upstream.ErrRefused, 422: upstream.ErrRefused,
		401: upstream.ErrUpstream, 403: upstream.ErrUpstream, 429: upstream.ErrUpstream,
		500: upstream.ErrUnknown, 503: upstream.ErrUnknown, 302: upstream.ErrUnknown, 202: upstream.ErrUnknown,
	} {
		d, c := newDesk(t, says(status, `{"resourceType":"OperationOutcome","issue":[{"diagnostics":"SECRET"}]}`, "Location", "/fhir/Basic/b1"))
		_, err := c.Replace(t.Context(), "Basic", "b1", "7", []byte(note))
		if !errors.Is(err, want) || errors.Is(err, upstream.ErrUnknown) != (want == upstream.ErrUnknown) {
			t.Errorf("%d: %v, want %v", status, err, want)
		}
		if strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%d: %v", status, err)
		}
		if n := d.sent(); n != 1 {
			t.Errorf("%d: sent %d times", status, n)
		}
	}
}

func TestAWriteIsSentOnce(t *testing.T) {
	d, c := newDesk(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	if _, err := c.Replace(t.Context(), "Basic", "b1", "7", []byte(note)); !errors.Is(err, upstream.ErrUnknown) {
		t.Errorf("a broken answer: %v", err)
	}
	if n := d.sent(); n != 1 {
		t.Errorf("sent %d times", n)
	}
	d.turn(says(200, `<html>`, "Content-Type", "text/html"))
	if w, err := c.Replace(t.Context(), "Basic", "b1", "7", []byte(note)); err != nil || w.Body != nil {
		t.Errorf("done, and answered with what is no record: %+v, %v", w, err)
	}
}

func TestAWriteThatWasNotSentIsNotUnknown(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	base := &url.URL{Scheme: "http", Host: l.Addr().String(), Path: "/fhir"}
	l.Close()
	c, err := upstream.New(upstream.Config{Base: base})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Replace(t.Context(), "Basic", "b1", "7", []byte(note))
	if !errors.Is(err, upstream.ErrUpstream) || errors.Is(err, upstream.ErrUnknown) {
		t.Errorf("nobody listens: %v", err)
	}
}
