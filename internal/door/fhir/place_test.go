package fhir_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"modicum/internal/door/fhir"
)

// held is an upstream that keeps those who ask for Patient/p2 waiting, and a door before it.
type held struct {
	*clinic
	entered chan struct{} // one for each who waits
	inside  atomic.Int64
	letGo   chan struct{}
	done    chan reply
}

func newHeld(t *testing.T, inFlight int) *held {
	t.Helper()
	h := &held{entered: make(chan struct{}, 100), letGo: make(chan struct{}), done: make(chan reply, 100)}
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/p2") {
			h.inside.Add(1)
			h.entered <- struct{}{}
			select {
			case <-h.letGo:
			case <-r.Context().Done(): // of a test that failed
			}
		}
		w.Header().Set("Content-Type", "application/fhir+json")
		_, _ = io.WriteString(w, goodPat)
	}))
	t.Cleanup(up.Close)
	h.clinic = openClinicAt(t, up.URL+"/fhir", loadPolicy(t, "testdata/policy"), map[string]string{"adt": assigned, "roster": shifts, "people": people},
		func(_ *clinic, cfg *fhir.Config) { cfg.InFlight = inFlight })
	return h
}

// hog asks n times at once.
func (h *held) hog(t *testing.T, n int) {
	for range n {
		go func() { h.done <- h.get(t, "alice", "/Patient/p2") }()
	}
}

// enter waits until n of them wait.
func (h *held) enter(t *testing.T, n int) {
	t.Helper()
	for i := range n {
		select {
		case <-h.entered:
		case <-time.After(time.Minute):
			t.Fatalf("%d of hers are let in, and no more", i)
		}
	}
}

// TestFC51_OneCallersRequestsLeavePlacesForOthers: who asks much is told so while others are
// answered as if nobody were there, and asks again when one of theirs is done with.
func TestFC51_OneCallersRequestsLeavePlacesForOthers(t *testing.T) {
	h := newHeld(t, 10)
	h.hog(t, 9)
	h.enter(t, 9)
	h.hog(t, 1)
	select {
	case r := <-h.done:
		if r.status != 429 || r.header.Get("Modicum-Decision") != "" || r.header.Get("Retry-After") == "" {
			t.Errorf("one more of hers: %d %v", r.status, r.header)
		}
	case <-h.entered:
		t.Error("she has every place")
	}
	if r := h.get(t, "bob", "/Patient/p1"); r.status != 200 {
		t.Errorf("somebody else: %d", r.status)
	}
	close(h.letGo)
	for range 9 {
		<-h.done
	}
	if r := h.get(t, "alice", "/Patient/p1"); r.status != 200 {
		t.Errorf("afterwards: %d", r.status)
	}
}

// TestFC51_OneCallersAnswersLeaveSeatsForOthers: of what the upstream is asked at once, one
// caller has so much that others need not wait for it.
func TestFC51_OneCallersAnswersLeaveSeatsForOthers(t *testing.T) {
	h := newHeld(t, 0)
	h.hog(t, 64)
	h.enter(t, 57) // of 64 places
	for range 40 {
		if r := h.get(t, "bob", "/Patient/p1"); r.status != 200 {
			t.Fatalf("somebody else: %d", r.status)
		}
	}
	if n := h.inside.Load(); n != 57 {
		t.Errorf("%d of hers are asked at once", n)
	}
	close(h.letGo)
	for range 64 {
		if r := <-h.done; r.status != 502 { // it is another patient's
			t.Errorf("one of hers: %d", r.status)
		}
	}
}

// TestFC51_APlaceComesBackHoweverARequestEnds: of two places a caller has one, and whoever
// kept it would be answered 429 from then on.
func TestFC51_APlaceComesBackHoweverARequestEnds(t *testing.T) {
	endless := func(w io.Writer, r *http.Request) {
		for i := 0; r.Context().Err() == nil && entries(w, i, 1); i++ {
		}
	}
	begun := func(t *testing.T, c *clinic) io.Closer {
		res := c.start(t, "alice", "/Condition?patient=p1&_count=9000")
		if _, err := io.CopyN(io.Discard, res.Body, 4<<20); err != nil {
			t.Fatal(err)
		}
		return res.Body
	}
	shared := func(t *testing.T, c *clinic) io.Closer { // by HTTP/2
		client, address := http2(t, c)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address+"/Condition?patient=p1&_count=9000", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer alice")
		res, err := client.Do(req)
		if err != nil || res.ProtoMajor != 2 {
			t.Fatal(res, err)
		}
		if _, err := io.CopyN(io.Discard, res.Body, 4<<20); err != nil {
			t.Fatal(err)
		}
		return res.Body
	}
	for name, tt := range map[string]struct {
		up     func(t testing.TB) *sheet
		change func(cfg *fhir.Config)
		ask    func(t *testing.T, c *clinic)
	}{
		"answered": {ward, nil, func(t *testing.T, c *clinic) { c.get(t, "alice", "/Patient/p1") }},
		"refused":  {ward, nil, func(t *testing.T, c *clinic) { c.get(t, "alice", "/Claim?patient=p1") }},
		"a header twice": {ward, nil, func(t *testing.T, c *clinic) {
			c.get(t, "alice", "/Patient/p1", "Modicum-Task", "a", "Modicum-Task", "b")
		}},
		"an address of no kind": {ward, nil, func(t *testing.T, c *clinic) { c.get(t, "alice", "//Patient") }},
		"a panic": {ward, func(cfg *fhir.Config) { cfg.Random = readerFunc(func([]byte) (int, error) { panic("no luck") }) },
			func(t *testing.T, c *clinic) {
				if r := c.get(t, "alice", "/Condition?patient=p1&_count=1"); r.status != 500 {
					t.Errorf("nothing panics: %d", r.status)
				}
			}},
		"broken off": {fat, nil, func(t *testing.T, c *clinic) {
			inner := c.Config.Handler
			c.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { inner.ServeHTTP(&breaking{w, 5 << 20}, r) })
			if r := c.get(t, "alice", "/Observation?patient=p1&_count=200"); r.err == nil {
				t.Error("nothing breaks off")
			}
		}},
		"the client goes": {func(t testing.TB) *sheet { return flowing(t, endless) }, func(cfg *fhir.Config) { cfg.MaxPage = 9000 },
			func(t *testing.T, c *clinic) { begun(t, c).Close() }},
		"a stream of HTTP/2 is left": {func(t testing.TB) *sheet { return flowing(t, endless) }, func(cfg *fhir.Config) { cfg.MaxPage = 9000 },
			func(t *testing.T, c *clinic) { shared(t, c).Close() }},
		"the right to a stream of HTTP/2 ends": {func(t testing.TB) *sheet { return flowing(t, endless) }, func(cfg *fhir.Config) { cfg.MaxPage = 9000 },
			func(t *testing.T, c *clinic) {
				defer shared(t, c).Close()
				c.ends.Person("alice")
			}},
		"the right ends": {func(t testing.TB) *sheet { return flowing(t, endless) }, func(cfg *fhir.Config) { cfg.MaxPage = 9000 },
			func(t *testing.T, c *clinic) {
				defer begun(t, c).Close()
				c.ends.Person("alice")
			}},
	} {
		t.Run(name, func(t *testing.T) {
			c := openClinic(t, tt.up(t), "", func(cfg *fhir.Config) {
				cfg.InFlight = 2
				if tt.change != nil {
					tt.change(cfg)
				}
			})
			tt.ask(t, c)
			c.serving.Wait()
			if r := c.get(t, "alice", "/Claim?patient=p1"); r.err != nil || r.status == 429 {
				t.Errorf("the next: %d, %v", r.status, r.err)
			}
		})
	}
}
