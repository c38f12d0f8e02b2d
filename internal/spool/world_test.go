package spool_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"modicum/internal/spool"
	"modicum/internal/store"
	"modicum/ledger"
)

// mode is what the record does with an entry.
type mode int

const (
	well    mode = iota
	refuses      // nothing is kept, and it says that nobody knows
	blind        // everything is kept, and it says that nobody knows
	broken       // it takes nothing more
	badSQL       // an error that is about the entry alone
)

// record is a real store that fails where it is told to.
type record struct {
	*store.Store
	mu   sync.Mutex
	mode mode
	next func() mode // asked for each entry, where it is set
	step func()      // called before each entry
}

func (r *record) set(m mode) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.mode = m
}

func (r *record) now() mode {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.step != nil {
		r.step()
	}
	if r.next != nil {
		return r.next()
	}
	return r.mode
}

var errEntry = errors.New("this entry alone")

func (r *record) Append(ctx context.Context, e ledger.Entry, act func(ledger.Tx) error) (ledger.Receipt, error) {
	switch r.now() {
	case refuses:
		return ledger.Receipt{}, fmt.Errorf("disk full: %w", ledger.ErrNotDurable)
	case broken:
		return ledger.Receipt{}, fmt.Errorf("commit: %w", ledger.ErrBroken)
	case badSQL:
		return ledger.Receipt{}, errEntry
	case blind:
		if _, err := r.Store.Append(ctx, e, act); err != nil {
			return ledger.Receipt{}, err
		}
		return ledger.Receipt{}, ledger.ErrNotDurable
	}
	return r.Store.Append(ctx, e, act)
}

func (r *record) find(ctx context.Context, id string) (out [][]byte, err error) {
	records, err := r.ByID(ctx, id)
	for _, rec := range records {
		out = append(out, rec.Body)
	}
	return out, err
}

// world is a data folder whose record and spool are opened again and again.
type world struct {
	dir string
	key *ledger.Key
	cfg spool.Config
	rec *record
}

func newWorld(t testing.TB) *world {
	t.Helper()
	return worldIn(t, t.TempDir(), true)
}

func worldIn(t testing.TB, dir string, fresh bool) *world {
	t.Helper()
	w := &world{dir: dir}
	file := filepath.Join(dir, "ledger.key")
	if fresh {
		secret, _, err := ledger.NewKey("spool.example/main")
		if err == nil {
			err = ledger.WriteKey(file, secret)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var err error
	if w.key, err = ledger.ReadKey(file); err != nil {
		t.Fatal(err)
	}
	w.start(t)
	return w
}

// start opens the record.
func (w *world) start(t testing.TB) {
	t.Helper()
	st, err := store.Open(t.Context(), store.Options{Dir: filepath.Join(w.dir, "data"), Key: w.key})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	w.rec = &record{Store: st}
	w.cfg = spool.Config{
		Dir: filepath.Join(w.dir, "spool"), Bytes: spool.Least, Key: []byte("0123456789abcdef0123456789abcdef"), Main: w.rec,
		Find: w.rec.find, Checkpoint: st.Checkpoint,
	}
}

// open opens the spool, as a start does.
func (w *world) open(t testing.TB) *spool.Spool {
	t.Helper()
	s, err := spool.Open(t.Context(), w.cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// again closes the spool and opens it again.
func (w *world) again(t testing.TB, s *spool.Spool) *spool.Spool {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return w.open(t)
}

func newID() string { return uuid.Must(uuid.NewV7FromReader(rand.Reader)).String() }

func decision(id string, glass bool) *ledger.Decision {
	return &ledger.Decision{
		At: time.Now().UnixMicro(), ID: id, Who: "hosp/carol", TimeTrusted: true, Roles: []string{"physician"}, Role: "physician", Task: "give-care",
		Purpose: "emergency", PurposeCode: "ETREAT", Door: "fhir", Interaction: "read", Effect: ledger.Admit, Request: ledger.Request{Glass: glass, Verb: "read"},
		Patients: []string{"r1:000000000000000000000001"},
	}
}

func opened(id string, seq int64) *ledger.Opened {
	return &ledger.Opened{At: time.Now().UnixMicro(), ID: id, Seq: seq, Patients: []string{"r1:000000000000000000000001"}}
}

func outcome(id string) *ledger.Outcome {
	return &ledger.Outcome{At: time.Now().UnixMicro(), ID: id, End: ledger.Completed, Status: 200}
}

func glassBroken() *ledger.Act {
	return &ledger.Act{Act: spool.Broken, At: time.Now().UnixMicro(), ID: newID(), Who: "hosp/carol", Patients: []string{"r1:000000000000000000000001"}}
}

// session is a whole request of a broken glass.
func session(glass bool, opens int64) []ledger.Entry {
	id := newID()
	out := []ledger.Entry{decision(id, glass)}
	for seq := range opens {
		out = append(out, opened(id, seq+1))
	}
	return append(out, outcome(id))
}

func put(t testing.TB, s *spool.Spool, entries ...ledger.Entry) {
	t.Helper()
	for _, e := range entries {
		if _, err := s.Append(t.Context(), e, nil); err != nil {
			t.Fatalf("%s: %v", e.Header().Kind, err)
		}
	}
}

func drain(t testing.TB, s *spool.Spool) {
	t.Helper()
	if err := s.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// holds compares the record, but for what a store and a spool write there, with entries.
func (w *world) holds(t testing.TB, want ...ledger.Entry) {
	t.Helper()
	var got, wanted []string
	for _, e := range w.entries(t) {
		if a, ok := e.(*ledger.Act); !ok || a.Act != spool.Drained {
			got = append(got, text(t, e))
		}
	}
	for _, e := range want {
		wanted = append(wanted, text(t, e))
	}
	if !slices.Equal(got, wanted) {
		t.Errorf("the record holds %d entries, want %d\n%s\nwant\n%s", len(got), len(wanted), got, wanted)
	}
}

func text(t testing.TB, e ledger.Entry) string {
	t.Helper()
	b, err := ledger.Encode(e)
	if err != nil {
		t.Fatal(err)
	}
	return string(b) + "\n"
}

func (w *world) entries(t testing.TB) (out []ledger.Entry) {
	t.Helper()
	records, err := w.rec.Range(t.Context(), 0, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		e, err := r.Entry()
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, e)
	}
	return out
}

// drained are the acts that told what a spool held.
func (w *world) drained(t testing.TB) (out []*ledger.Act) {
	t.Helper()
	for _, e := range w.entries(t) {
		if a, ok := e.(*ledger.Act); ok && a.Act == spool.Drained {
			out = append(out, a)
		}
	}
	return out
}
