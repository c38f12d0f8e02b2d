// Package signin knows who sits at a browser: how people sign in without an identity
// provider of the organization (passkeys first, one-time codes as the second way),
// the sessions that begin so, and how a session proves its person once more before
// something grave is done.
//
// A session is a page of the desk. What opens it is a random token that only the
// browser's cookie holds; the page has its hash (threat model K1). The token changes
// whenever the session gains something: at signing in and at each new proof (C1).
// Whoever leaves loses every session in the change that makes them inactive (G6).
package signin

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"

	"modicum/internal/book"
	"modicum/internal/people"
)

// People is the part of the directory that signing in needs. It answers from memory
// and is safe for concurrent use.
type People interface {
	Person(id string) *people.Person // nil: there is none
	ByUserName(name string) *people.Person
	Active(id string) bool
	Holds(id string, d people.Duty, now int64) bool
	// OverOthers reports whether what has this name is a right over others.
	OverOthers(k people.Kind, name string) bool
	// Same reports whether two ids are the same human being.
	Same(a, b string) bool
	People() iter.Seq[*people.Person]
	// First makes the first person of an installation; it refuses while anybody runs people,
	// and a name that is somebody's.
	First(ctx context.Context, p *people.Person) (*people.Person, error)
}

// Config is what a Service is made of. Desk, People, Public, Key, Teller and Render must
// be set.
type Config struct {
	Desk   *book.Desk
	People People
	// Public is the address under which browsers reach the console. Passkeys belong to
	// its host, and work nowhere else.
	Public *url.URL
	// Key wraps what must be readable again, the secrets of one-time codes: 32 bytes.
	Key    []byte
	Teller Teller
	// Render answers a page in the frame of the console.
	Render func(http.ResponseWriter, *http.Request, Page)
	Others []Other // ways of signing in that lie elsewhere
	// Stage lets whoever sits at this machine come in as anybody: the demo alone sets it.
	Stage   bool
	Zone    *time.Location // of people who have none of their own; nil is UTC
	Idle    time.Duration  // a session ends after so long without a request; 0 is 30 minutes
	Longest time.Duration  // and after so long in any case; 0 is 12 hours
	Now     func() (now time.Time, trusted bool)
	Random  io.Reader // nil is crypto/rand
	// Hash is the hash of passphrases; nil is argon2id with 19 MiB and two passes.
	Hash  func(phrase, salt []byte) []byte
	Diary *slog.Logger // nil discards
}

// Service keeps sessions and ways of signing in. It is safe for concurrent use and
// starts no goroutine.
type Service struct {
	cfg      Config
	secure   bool // the address is https, and so cookies are Secure
	sessions *book.Book[Session]
	ways     *book.Book[Ways]
	invites  *book.Book[Invitation]
	tries    *book.Book[Tries]
	index    *index
	ended    []func(*book.Change, *Session)
	leaves   func(*Session) func(context.Context) string // of the provider; nil: there is none
	// speaks reports whether an issuer's subject is still the person of a session; nil: there
	// is no issuer.
	speaks  func(person, issuer, subject string) bool
	web     *webauthn.WebAuthn // nil: the address is a number, so there are no passkeys
	wrap    seal               // of what lies on the shelf
	handed  seal               // of what is handed out and must come back
	used    once
	guesses *limit
	junk    *limit // answers that no passkey signed
	decoy   Codes  // what guesses at nobody are compared with
	slowly  slowly
	owner   atomic.Pointer[string]
	same    *http.CrossOriginProtection
}

// New reads what was kept.
func New(ctx context.Context, cfg Config) (*Service, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	s := &Service{
		cfg: cfg, secure: cfg.Public.Scheme == "https", index: newIndex(), slowly: newSlowly(cfg.Hash), same: http.NewCrossOriginProtection(),
	}
	if err := s.secrets(); err != nil {
		return nil, fmt.Errorf("sign-in: %w", err)
	}
	var err1, err2, err3, err4 error
	s.sessions, err1 = book.Open(ctx, cfg.Desk, "session", s.index.turned)
	s.ways, err2 = book.Open(ctx, cfg.Desk, "ways", s.index.waysTurned)
	s.invites, err3 = book.Open(ctx, cfg.Desk, "invitation", s.index.inviteTurned)
	s.tries, err4 = book.Open[Tries](ctx, cfg.Desk, "sign-in-tries", nil)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return nil, fmt.Errorf("sign-in: %w", err)
	}
	for _, kept := range s.tries.All() {
		s.guesses.restore(kept, s.now())
	}
	return s, nil
}

// secrets makes what is not kept.
func (s *Service) secrets() (err error) {
	if s.web, err = newWeb(s.cfg.Public); err != nil {
		return err
	}
	if s.wrap, err = newSeal(s.cfg.Key); err != nil {
		return err
	}
	if s.guesses, err = newLimit(s.cfg.Key); err != nil {
		return err
	}
	key, err := s.bytes(32)
	if err != nil {
		return err
	}
	if s.junk, err = newLimit(key); err != nil {
		return err
	}
	if s.handed, err = newSeal(key); err != nil {
		return err
	}
	s.decoy, err = s.newDecoy()
	return err
}

func (c *Config) complete() error {
	if c.Desk == nil || c.People == nil || c.Public == nil || c.Teller == nil || c.Render == nil || len(c.Key) != 32 {
		return errors.New("sign-in: Desk, People, Public, Teller and Render must be set, and Key must be 32 bytes")
	}
	if c.Idle == 0 {
		c.Idle = 30 * time.Minute
	}
	if c.Longest == 0 {
		c.Longest = 12 * time.Hour
	}
	if c.Now == nil {
		c.Now = func() (time.Time, bool) { return time.Now(), true }
	}
	if c.Random == nil {
		c.Random = rand.Reader
	}
	if c.Diary == nil {
		c.Diary = slog.New(slog.DiscardHandler)
	}
	return nil
}
