package twin

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"modicum/internal/store"
	"modicum/internal/testkit"
	"modicum/ledger"
	"modicum/ledger/ledgertest"
)

// trouble is what goes wrong around a door: one thing at a time, for a while.
type trouble struct {
	server atomic.Int32 // of serverTroubles
	log    atomic.Int32 // of logTroubles
	clock  atomic.Int64 // how far it was stepped
	unsure atomic.Bool  // nobody trusts the clock
}

const (
	serverWell  = iota
	serverFails // answers 500
	serverDies  // breaks off in the middle of an answer
	serverDrags // takes a while
	serverHTML  // answers something else
	serverTroubles
)

const (
	logWell = iota
	logFull // takes nothing
	logHangs
	logTroubles
)

// next draws another trouble; half of the time there is none.
func (x *trouble) next(rng *rand.Rand) {
	x.server.Store(0)
	x.log.Store(0)
	x.clock.Store(0)
	x.unsure.Store(false)
	switch rng.IntN(8) {
	case 0, 1:
		x.server.Store(1 + rng.Int32N(serverTroubles-1))
	case 2:
		x.log.Store(1 + rng.Int32N(logTroubles-1))
	case 3:
		x.clock.Store(int64(time.Duration(rng.IntN(240)-120) * time.Minute))
		x.unsure.Store(rng.IntN(2) == 0)
	}
}

func (x *trouble) now() (time.Time, bool) {
	return noon.Add(time.Duration(x.clock.Load())), !x.unsure.Load()
}

func (x *trouble) front(inner http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch x.server.Load() {
		case serverFails:
			http.Error(w, canary+"failed", http.StatusInternalServerError)
			return
		case serverDies:
			rec := httptest.NewRecorder()
			inner.ServeHTTP(rec, r)
			w.Header().Set("Content-Type", "application/fhir+json")
			w.Write(rec.Body.Bytes()[:rec.Body.Len()/2])
			panic(http.ErrAbortHandler)
		case serverDrags:
			select {
			case <-time.After(50 * time.Millisecond):
			case <-r.Context().Done():
			}
		case serverHTML:
			w.Header().Set("Content-Type", "text/html")
			io.WriteString(w, "<p>"+canary+"</p>")
			return
		}
		inner.ServeHTTP(w, r)
	})
}

// shakyLog is the real store behind a disk that may be full or hang.
type shakyLog struct {
	*store.Store
	x *trouble
}

func (l *shakyLog) Append(ctx context.Context, e ledger.Entry, act func(ledger.Tx) error) (ledger.Receipt, error) {
	switch l.x.log.Load() {
	case logFull:
		return ledger.Receipt{}, errors.Join(ledger.ErrNotDurable, errors.New("no space left"))
	case logHangs:
		select {
		case <-ctx.Done():
			return ledger.Receipt{}, errors.Join(ledger.ErrNotDurable, ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
	return l.Store.Append(ctx, e, act)
}

// watcher is a log of which only mistakes are kept.
type watcher struct{ bad atomic.Pointer[string] }

func (w *watcher) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte(canary)) {
		line := string(b)
		w.bad.Store(&line)
	}
	return len(b), nil
}

// TestL1_SoakOfMixedLoadWithFaults: generated sessions of eight clients at once over the
// real store, while the server behind fails, dies, drags and talks nonsense, the record
// is full or hangs, and the clock is stepped. Every answer with data has a decision that
// is in the record when the answer arrives; no answer, log or record holds what does not
// show; neither memory nor goroutines grow. Some seconds in make test, as long as it is
// given in make soak.
func TestL1_SoakOfMixedLoadWithFaults(t *testing.T) {
	x, diary := &trouble{}, &watcher{}
	s, err := store.Open(t.Context(), store.Options{Dir: filepath.Join(t.TempDir(), "data"), Key: ledgertest.New(t, "modicum.test/soak").Key()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	set := loadPolicy(t)
	r := newRun(10, set) // a clinician who keeps the archive as well
	c := openClinicOf(t, r.a, r.person, set, parts{log: &shakyLog{s, x}, diary: diary, now: x.now, front: x.front})
	defer c.close()

	ctx, cancel := context.WithTimeout(t.Context(), testkit.Soak(t, 8*time.Second))
	defer cancel()
	n := &soaked{}
	warm := load(ctx, t, c, r, s, n, 2*time.Second)
	go func() {
		rng := rand.New(rand.NewPCG(10, 9))
		for ctx.Err() == nil {
			x.next(rng)
			select {
			case <-ctx.Done():
			case <-time.After(200 * time.Millisecond):
			}
		}
	}()
	load(ctx, t, c, r, s, n, 0)
	x.next(rand.New(rand.NewPCG(0, 0)))
	x.server.Store(0)
	x.log.Store(0)
	end := load(t.Context(), t, c, r, s, n, 2*time.Second) // and it is well again
	t.Logf("%d requests, %d with data, %d refused for want of the record or server; goroutines %d, then %d; heap %d kB, then %d kB",
		n.asked.Load(), n.data.Load(), n.unavailable.Load(), warm.goroutines, end.goroutines, warm.heap>>10, end.heap>>10)
	if bad := diary.bad.Load(); bad != nil {
		t.Errorf("the log holds a value: %s", *bad)
	}
	if n.data.Load() == 0 || n.unavailable.Load() == 0 {
		t.Error("nothing was tested: no answer had data, or nothing ever went wrong")
	}
	if end.goroutines > warm.goroutines+20 {
		t.Errorf("%d goroutines, %d at first", end.goroutines, warm.goroutines)
	}
	if end.heap > 2*warm.heap+(64<<20) {
		t.Errorf("a heap of %d kB, %d kB at first", end.heap>>10, warm.heap>>10)
	}
}

type soaked struct{ asked, data, unavailable atomic.Int64 }

// size is what a door holds once it rests.
type size struct {
	goroutines int
	heap       uint64
}

// load asks for a while, or until ctx ends, and says what is held afterwards.
func load(ctx context.Context, t *testing.T, c *clinic, r *run, s *store.Store, n *soaked, during time.Duration) size {
	if during > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, during)
		defer cancel()
	}
	var wait sync.WaitGroup
	for i := range uint64(8) {
		wait.Go(func() {
			q := newAsker(rand.New(rand.NewPCG(n.seed(), i)), r)
			for ctx.Err() == nil && !t.Failed() {
				a := q.draw()
				got := c.send(t, &a)
				n.note(t, s, r, &a, &got)
			}
		})
	}
	wait.Wait()
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	c.gate.Wait()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return size{runtime.NumGoroutine(), m.HeapAlloc}
}

func (n *soaked) seed() uint64 { return uint64(n.asked.Load()) }

var shownIn = regexp.MustCompile(`"resourceType":"([A-Za-z]+)","id":"([^"]+)"`)

// note holds an answer against what must be true of it whatever went wrong.
func (n *soaked) note(t *testing.T, s *store.Store, r *run, a *ask, got *reply) {
	n.asked.Add(1)
	if got.status == http.StatusServiceUnavailable || got.status == http.StatusBadGateway {
		n.unavailable.Add(1)
	}
	if !got.data() {
		return
	}
	n.data.Add(1)
	if recs, err := s.ByID(context.Background(), got.decision); err != nil || len(recs) == 0 {
		t.Errorf("%s %s: an answer with data under decision %q, which is not in the record: %v", a.method, a.path, got.decision, err)
	}
	for _, m := range shownIn.FindAllStringSubmatch(got.body, -1) {
		if ref := m[1] + "/" + m[2]; r.a.find(ref) != nil && !r.seen[0][ref] {
			t.Errorf("%s %s: answered with %s, which does not show", a.method, a.path, ref)
		}
	}
}
