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
