package notice_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"modicum/internal/book"
	"modicum/internal/book/booktest"
	"modicum/internal/notice"
	"modicum/ledger"
)

// staff is a directory; synthetic.
type staff struct {
	mu sync.Mutex
	of map[string]notice.Reach
}

func (s *staff) Reach(person string) notice.Reach {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.of[person]
}

func (s *staff) set(person string, r notice.Reach) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.of[person] = r
}

// world is a shelf, people, and what a Teller is made of; tellers come and go.
type world struct {
	shelf *booktest.Shelf
	staff *staff
	cfg   notice.Config
	log   *bytes.Buffer
}

func newWorld(t *testing.T) *world {
	t.Helper()
	public, err := url.Parse("https://modicum.hospital.example")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{shelf: &booktest.Shelf{}, log: &bytes.Buffer{}, staff: &staff{of: map[string]notice.Reach{
		"hosp/alice": {Name: "Alice Adams", Mail: "alice@hospital.example"},
		"hosp/bob":   {Name: "Bob Baker", Mail: "bob@hospital.example"},
		"hosp/paula": {Name: "Paula <Privacy>", Mail: "paula@hospital.example", Zone: "America/New_York"},
	}}}
	w.cfg = notice.Config{Directory: w.staff, Public: public, Log: slog.New(slog.NewTextHandler(&locked{b: w.log}, nil))}
	return w
}

// locked is a buffer for several writers.
type locked struct {
	mu sync.Mutex
	b  *bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// desk is a new desk over the same shelf, as after a start.
func (w *world) open(t *testing.T) (*notice.Teller, *book.Desk) {
	t.Helper()
	cfg := w.cfg
	cfg.Desk = book.NewDesk(w.shelf)
	teller, err := notice.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return teller, cfg.Desk
}

// acts are the names of the acts on record.
func (w *world) acts() []string {
	var out []string
	for _, e := range w.shelf.Entries() {
		out = append(out, e.(*ledger.Act).Act)
	}
	return out
}

func (w *world) count(act string) (n int) {
	for _, a := range w.acts() {
		if a == act {
			n++
		}
	}
	return n
}

// running runs a teller until stop is called.
func running(t *testing.T, teller *notice.Teller) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); teller.Run(ctx) }()
	return sync.OnceFunc(func() { cancel(); <-done })
}

const (
	request = "0192f0c1-7d10-7a3b-9c55-2f6d1a7b8c90"
	grant   = "0192f0c1-7d10-7a3b-9c55-2f6d1a7b8c91"
	start   = 1795417200000000 // 2026-11-23T07:00:00Z
)

func waits(to string, at int64) notice.Notice {
	return notice.Notice{Kind: notice.Waits, To: to, By: "hosp/bob", About: notice.About{Thing: notice.Request, ID: request}, At: at}
}

func broken(to string, at int64) notice.Notice {
	return notice.Notice{Kind: notice.GlassBroken, To: to, By: "hosp/bob", About: notice.About{Thing: notice.Review, ID: grant}, At: at, Urgent: true}
}

// secretFile holds lines that others must not read.
func secretFile(t *testing.T, lines ...string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(name, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// change changes the desk as another part of the product does.
func change(t *testing.T, desk *book.Desk, f func(*book.Change)) {
	t.Helper()
	err := desk.Change(t.Context(), func(c *book.Change) error {
		c.Record(&ledger.Act{Act: "approved", At: start, ID: uuid.Must(uuid.NewV7()).String(), Kind: ledger.KindAct, Schema: ledger.Schema, Who: "hosp/alice"})
		f(c)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// decoded are the parts of a mail as a reader shows them.
func decoded(t *testing.T, m *message) string {
	t.Helper()
	_, params, err := mime.ParseMediaType(m.head.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(m.text, "\r\n\r\n")
	var out strings.Builder
	for parts := multipart.NewReader(strings.NewReader(body), params["boundary"]); ; {
		p, err := parts.NextPart() // quoted-printable is undone by it
		if errors.Is(err, io.EOF) {
			return out.String()
		}
		if err == nil {
			_, err = io.Copy(&out, p)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func newDesk(w *world) *book.Desk { return book.NewDesk(w.shelf) }
