package upstream_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"modicum/internal/upstream"
)

// pool is a client of a server whose Patients never end and whose Conditions are short;
// what waits is answered when it may be.
func pool(t *testing.T, may chan struct{}, cfg upstream.Config) *upstream.Client {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/fhir+json")
		switch {
		case strings.Contains(r.URL.Path, "/Patient"):
			for chunk := strings.Repeat("x", 1<<16); r.Context().Err() == nil; {
				if _, err := io.WriteString(w, chunk); err != nil {
					return
				}
			}
		case strings.Contains(r.URL.Path, "/Encounter"):
			<-may // whoever sends knows that one is here
			<-may
		}
		io.WriteString(w, `{"resourceType":"Condition","id":"c1"}`)
	}))
	t.Cleanup(s.Close)
	base, err := url.Parse(s.URL + "/fhir")
	if err != nil {
		t.Fatal(err)
	}
	cfg.Base = base
	c, err := upstream.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// TestFC51_SlowReadersKeepNobodyElseFromAsking: two hundred long answers that nobody reads
// on leave every seat of those who ask; one more than may be is refused at once, and has a
// place when one of them is let go of.
func TestFC51_SlowReadersKeepNobodyElseFromAsking(t *testing.T) {
	slow := 200
	if testing.Short() {
		slow = 20 // of 4 MiB each, which the race detector sees byte by byte
	}
	ctx := t.Context() // how long all of them take together is no matter
	c := pool(t, nil, upstream.Config{Conns: 2, Streams: slow, Whole: time.Minute})
	var held []*upstream.Body
	for range slow {
		b, err := c.SearchLong(ctx, "Patient", nil, false)
		if err != nil {
			t.Fatalf("after %d: %v", len(held), err)
		}
		defer b.Release()
		b.Spent()
		held = append(held, b)
	}
	b, err := c.Fetch(ctx, "Condition", "c1", "")
	if err != nil {
		t.Fatalf("somebody else: %v", err)
	}
	b.Release()
	if b, err := c.SearchLong(ctx, "Patient", nil, false); !errors.Is(err, upstream.ErrBusy) {
		b.Release()
		t.Fatalf("one more: %v", err)
	}
	held[7].Release()
	if b, err = c.SearchLong(ctx, "Patient", nil, false); err != nil {
		t.Fatalf("after one was let go of: %v", err)
	}
	b.Release()
}

// TestFC51_OneCallersLongAnswersLeaveStreamsForOthers: who reads many long answers slowly has
// one more when one of theirs is over, and somebody else has one at once.
func TestFC51_OneCallersLongAnswersLeaveStreamsForOthers(t *testing.T) {
	c := pool(t, nil, upstream.Config{Conns: 2, Streams: 10, Whole: time.Minute})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	long := func(who string) (*upstream.Body, error) {
		return c.SearchLong(upstream.For(ctx, who), "Patient", nil, false)
	}
	var held []*upstream.Body
	for range 9 {
		b, err := long("hog")
		if err != nil {
			t.Fatalf("after %d: %v", len(held), err)
		}
		defer b.Release()
		held = append(held, b)
	}
	if b, err := long("hog"); !errors.Is(err, upstream.ErrBusy) {
		b.Release()
		t.Errorf("one more of theirs: %v", err)
	}
	b, err := long("other")
	if err != nil {
		t.Fatalf("somebody else: %v", err)
	}
	b.Release()
	held[3].Release()
	if b, err = long("hog"); err != nil {
		t.Fatalf("after one was let go of: %v", err)
	}
	b.Release()
}

// TestFC51_OneCallersQuestionsLeaveSeatsForOthers: while the server keeps all of theirs waiting,
// somebody else is answered.
func TestFC51_OneCallersQuestionsLeaveSeatsForOthers(t *testing.T) {
	may := make(chan struct{})
	c := pool(t, may, upstream.Config{Conns: 2, Whole: time.Minute})
	done := make(chan error)
	for range 3 {
		go func() {
			b, err := c.Fetch(upstream.For(t.Context(), "hog"), "Encounter", "e1", "")
			b.Release()
			done <- err
		}()
	}
	may <- struct{}{} // one of theirs has its seat
	b, err := c.Fetch(upstream.For(t.Context(), "other"), "Condition", "c1", "")
	if err != nil {
		t.Errorf("somebody else: %v", err)
	}
	b.Release()
	close(may)
	for range 3 {
		if err := <-done; err != nil {
			t.Errorf("one of theirs: %v", err)
		}
	}
}

// TestFC51_WhoFindsNoSeatWaitsAndIsRefused, and everybody gets theirs back.
func TestFC51_WhoFindsNoSeatWaitsAndIsRefused(t *testing.T) {
	may := make(chan struct{})
	c := pool(t, may, upstream.Config{Conns: 1, Whole: 300 * time.Millisecond})
	done := make(chan error)
	go func() {
		_, err := c.Fetch(t.Context(), "Encounter", "e1", "")
		done <- err
	}()
	if err := <-done; !errors.Is(err, upstream.ErrUpstream) { // it has had its time
		t.Errorf("who waits for the server: %v", err)
	}
	close(may)
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := c.Fetch(gone, "Condition", "c1", ""); !errors.Is(err, context.Canceled) {
		t.Errorf("who went away: %v", err)
	}
	for range 3 {
		b, err := c.Fetch(t.Context(), "Condition", "c1", "")
		if err != nil {
			t.Fatalf("a seat was not given back: %v", err)
		}
		b.Release()
	}
}

// falls is a connection on which an answer begins, and then our own reading panics.
type falls struct {
	net.Conn
	answer string
}

func (f *falls) Read(p []byte) (n int, err error) {
	if f.answer == "" {
		panic("in reading")
	}
	n = copy(p, f.answer)
	f.answer = f.answer[n:]
	return n, nil
}

func (f *falls) Write(p []byte) (int, error)     { return len(p), nil }
func (f *falls) Close() error                    { return nil }
func (f *falls) SetDeadline(time.Time) error     { return nil }
func (f *falls) SetReadDeadline(time.Time) error { return nil }

// TestFC51_APanicKeepsNoSeat: the process goes on serving others (threat-model 9), who need it.
func TestFC51_APanicKeepsNoSeat(t *testing.T) {
	for name, answer := range map[string]string{
		"before an answer begins":     "",
		"in its header":               "HTTP/1.1 200 OK\r\n" + kind,
		"in the middle of it":         "HTTP/1.1 200 OK\r\n" + kind + "Transfer-Encoding: chunked\r\n\r\n10\r\n{",
		"in what an error says":       "HTTP/1.1 500 No\r\nContent-Length: 100\r\n\r\n{",
		"of one whose length is said": "HTTP/1.1 200 OK\r\n" + kind + "Content-Length: 5000000\r\n\r\n{",
	} {
		c := pool(t, nil, upstream.Config{Conns: 1})
		c.DialBy(func() net.Conn { return &falls{answer: answer} })
		for way, ask := range map[string]func() (*upstream.Body, error){
			"a record":    func() (*upstream.Body, error) { return c.Fetch(t.Context(), "Condition", "c1", "") },
			"a long page": func() (*upstream.Body, error) { return c.SearchLong(t.Context(), "Condition", nil, false) },
		} {
			func() {
				defer func() {
					if recover() == nil {
						t.Errorf("%s, %s: nothing panics", way, name)
					}
				}()
				_, _ = ask()
			}()
			if !c.SeatFree() {
				t.Fatalf("%s, %s: its seat is gone", way, name)
			}
		}
	}
}
