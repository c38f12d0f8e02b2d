package fhir_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"modicum/ledger"
)

// A create that is sent again after its answer was lost is not done twice (threat-model
// 9), whether or not the upstream had done it.
func TestACreateSentAgainIsNotDoneTwice(t *testing.T) {
	for _, key := range []string{"", "k-1"} {
		for _, reached := range []bool{true, false} {
			a := newArchive(t)
			chart(a)
			c := writing(t, a, nil)
			var lost atomic.Bool
			a.after = func(*http.Request) bool { return reached && !lost.Swap(true) }
			a.before = func(_ http.ResponseWriter, r *http.Request, _ []byte) bool {
				if r.Method == http.MethodPut && !reached && !lost.Swap(true) {
					panic(http.ErrAbortHandler)
				}
				return false
			}
			headers := []string{}
			if key != "" {
				headers = []string{"Idempotency-Key", key}
			}
			first := c.post(t, "nina", "Observation", vital("p1", ""), headers...)
			if slug, _ := first.problem(t); first.status != 504 || slug != "write-unknown" {
				t.Fatalf("the answer was lost: %d %s", first.status, first.body)
			}
			c.gate.Wait()
			if _, o, _ := c.book.of(first.header.Get("Modicum-Decision")); o == nil || o.Written != ledger.WriteUnknown {
				t.Errorf("outcome %+v", o)
			}
			second := c.post(t, "nina", "Observation", vital("p1", ""), headers...)
			third := c.post(t, "nina", "Observation", vital("p1", ""), headers...)
			if second.id(t) != third.id(t) || second.body != third.body || second.header.Get("ETag") != third.header.Get("ETag") {
				t.Errorf("two answers:\n%s\n%s", second.plain(), third.plain())
			}
			if made := a.of("Observation"); len(made) != 1 || made[0] != "Observation/"+second.id(t) {
				t.Errorf("key %q, reached %v: made %v", key, reached, made)
			}
		}
	}
}

// An earlier request of the same create that came through only now is found at a server
// that looks at If-None-Match.
func TestACreateThatCameThroughLateIsFound(t *testing.T) {
	a := newArchive(t)
	chart(a)
	c := writing(t, a, nil)
	a.before = func(w http.ResponseWriter, r *http.Request, body []byte) bool {
		if r.Method != http.MethodPut {
			return false
		}
		a.inner.ServeHTTP(httptest.NewRecorder(), r) // as the one before it did
		w.WriteHeader(http.StatusPreconditionFailed)
		return true
	}
	r := c.post(t, "nina", "Observation", vital("p1", ""))
	if r.id(t); len(a.of("Observation")) != 1 || !strings.Contains(r.body, "60.50") {
		t.Errorf("%v: %s", a.of("Observation"), r.body)
	}
}

// What is not the same request makes a record of its own.
func TestCreatesThatDifferAreNotTheSame(t *testing.T) {
	a := newArchive(t)
	chart(a)
	c := writing(t, a, nil)
	ids := map[string]bool{}
	for _, r := range []reply{
		c.post(t, "nina", "Observation", vital("p1", "")),
		c.post(t, "nina", "Observation", vital("p2", "")),
		c.post(t, "rob", "Observation", vital("p1", "")),
		c.post(t, "nina", "Observation", vital("p1", ""), "Modicum-Task", "care"),
		c.post(t, "nina", "Observation", vital("p1", ""), "Idempotency-Key", "a"),
		c.post(t, "nina", "Observation", vital("p1", ""), "Idempotency-Key", "b"),
	} {
		ids[r.id(t)] = true
	}
	start := c.now()
	c.now = func() time.Time { return start.Add(11 * time.Minute) } // long after
	ids[c.post(t, "nina", "Observation", vital("p1", "")).id(t)] = true
	if len(ids) != 7 || len(a.of("Observation")) != 7 {
		t.Errorf("%d ids, %d records", len(ids), len(a.of("Observation")))
	}
	a.writes()
	a.refused(t, c.post(t, "nina", "Observation", vital("p2", ""), "Idempotency-Key", "c", "Idempotency-Key", "d"), 400, "malformed")
	c.post(t, "nina", "Observation", vital("p1", ""), "Idempotency-Key", "e").id(t)
	a.writes()
	a.refused(t, c.post(t, "nina", "Observation", vital("p2", ""), "Idempotency-Key", "e"), 422, "key-reused")
}

// A key outlives our memory: after a new start the same request finds what it made.
func TestAKeyOutlivesARestart(t *testing.T) {
	a := newArchive(t)
	chart(a)
	first := writing(t, a, nil).post(t, "nina", "Observation", vital("p1", ""), "Idempotency-Key", "k")
	second := writing(t, a, nil).post(t, "nina", "Observation", vital("p1", ""), "Idempotency-Key", "k")
	if first.id(t) != second.id(t) || len(a.of("Observation")) != 1 {
		t.Errorf("%s, %s: %v", first.id(t), second.id(t), a.of("Observation"))
	}
}

// A refusal leaves nothing behind: what is mended and sent again under the key is done.
func TestARefusedCreateMayBeMended(t *testing.T) {
	a := newArchive(t)
	chart(a)
	c := writing(t, a, nil)
	c.post(t, "nina", "Observation", vital("p1", `"vendor":1,`), "Idempotency-Key", "k")
	c.post(t, "nina", "Observation", vital("p1", ""), "Idempotency-Key", "k").id(t)
}

func TestTwoOfTheSameAtOnceAreOne(t *testing.T) {
	a := newArchive(t)
	chart(a)
	c := writing(t, a, nil)
	in, out := make(chan struct{}), make(chan struct{})
	a.before = func(_ http.ResponseWriter, r *http.Request, _ []byte) bool {
		if r.Method == http.MethodPut {
			close(in)
			<-out
		}
		return false
	}
	done := make(chan reply)
	go func() { done <- c.post(t, "nina", "Observation", vital("p1", "")) }()
	<-in
	r := c.post(t, "nina", "Observation", vital("p1", ""))
	if slug, _ := r.problem(t); r.status != 409 || slug != "in-progress" {
		t.Errorf("%d %s", r.status, r.body)
	}
	close(out)
	first := <-done
	if first.id(t); len(a.of("Observation")) != 1 {
		t.Errorf("made %v", a.of("Observation"))
	}
}

// A server that gives ids itself is asked to; of a lost answer nobody knows the id, so
// that the request is not sent again.
func TestAServerThatGivesIdsItself(t *testing.T) {
	a := newArchive(t)
	chart(a)
	c := writing(t, a, nil)
	own := func(w http.ResponseWriter, r *http.Request, _ []byte) bool {
		if r.Method == http.MethodPut {
			w.WriteHeader(http.StatusNotFound)
			return true
		}
		return false
	}
	a.before = own
	r := c.post(t, "nina", "Observation", vital("p1", ""))
	id := r.id(t)
	if a.kept("Observation/"+id) == "" || !strings.Contains(r.body, `"id":"`+id+`"`) {
		t.Errorf("made %v: %s", a.of("Observation"), r.body)
	}
	if again := c.post(t, "nina", "Observation", vital("p1", "")); again.id(t) != id {
		t.Error("made twice")
	}
	a.after = func(r *http.Request) bool { return r.Method == http.MethodPost }
	for range 2 {
		if r := c.post(t, "nina", "Observation", vital("p2", "")); r.status != 504 {
			t.Errorf("%d %s", r.status, r.body)
		}
	}
	if made := a.of("Observation"); len(made) != 2 {
		t.Errorf("made %v", made)
	}
}
