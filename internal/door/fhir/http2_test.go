package fhir_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"modicum/internal/line"
)

// TestAnswersShareAConnectionOfHTTP2: reads, searches and batches that leave side by side
// on one connection are the answers that each is alone.
func TestAnswersShareAConnectionOfHTTP2(t *testing.T) {
	a := newArchive(t)
	chart(a)
	c := writing(t, a, nil)
	client, address := http2(t, c)
	ask := func(method, path, body string) string {
		req, err := http.NewRequest(method, address+path, strings.NewReader(body))
		if err != nil {
			t.Error(err)
			return ""
		}
		req.Header = http.Header{"Authorization": {"Bearer nina"}, "Content-Type": {"application/fhir+json"}}
		res, err := client.Do(req)
		if err != nil {
			t.Error(err)
			return ""
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusOK || res.ProtoMajor != 2 {
			t.Errorf("%s %s: %d by %s, %v", method, path, res.StatusCode, res.Proto, err)
		}
		return string(b)
	}
	requests := [][3]string{
		{"GET", "/Patient/p1", ""}, {"GET", "/Condition?patient=p1", ""}, {"GET", "/Observation?patient=p1", ""},
		{"POST", "", `{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"Condition?patient=p1"}},{"request":{"method":"GET","url":"Patient/p1"}}]}`},
	}
	var all sync.WaitGroup
	for _, r := range requests {
		want := ask(r[0], r[1], r[2])
		for range 3 {
			all.Go(func() {
				for range 20 {
					if got := ask(r[0], r[1], r[2]); got != want {
						t.Errorf("%s %s beside others: %s\nalone: %s", r[0], r[1], got, want)
					}
				}
			})
		}
	}
	all.Wait()
}

// http2 opens the door of a clinic by TLS, as the command does, for a client that has one
// connection.
func http2(t *testing.T, c *clinic) (client *http.Client, address string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(c.Config.Handler)
	s.Listener.Close()
	s.Listener, s.EnableHTTP2 = line.Listener(ln), true
	line.Know(s.Config)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.Client(), s.URL + "/fhir"
}
