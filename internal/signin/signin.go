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
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"modicum/internal/book"
	"modicum/internal/people"
)

// People is the part of the directory that signing in needs. It answers from memory
// and is safe for concurrent use.
type People interface {
	Person(id string) *people.Person // nil: there is none
	ByUserName(name string) *people.Person
	Active(id string) bool
	Holds(id string, d people.Duty, now time.Time) bool
}

// Config is what a Service is made of. Desk, People, Public, Key and Render must be set.
type Config struct {
	Desk   *book.Desk
	People People
	// Public is the address under which browsers reach the console. Passkeys belong to
	// its host, and work nowhere else.
	Public *url.URL
	// Key wraps what must be readable again, the secrets of one-time codes: 32 bytes.
	Key []byte
	// Render answers a page in the frame of the console.
	Render  func(http.ResponseWriter, *http.Request, Page)
	Idle    time.Duration // a session ends after so long without a request; 0 is 30 minutes
	Longest time.Duration // and after so long in any case; 0 is 12 hours
	Now     func() (now time.Time, trusted bool)
	Random  io.Reader    // nil is crypto/rand
	Diary   *slog.Logger // nil discards
}

// Service keeps sessions and ways of signing in. It is safe for concurrent use and
// starts no goroutine.
type Service struct {
	cfg      Config
	secure   bool // the address is https, and so cookies are Secure
	sessions *book.Book[Session]
	index    *index
	ended    []func(*book.Change, *Session)
}

// New reads what was kept.
func New(ctx context.Context, cfg Config) (*Service, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	s := &Service{cfg: cfg, secure: cfg.Public.Scheme == "https", index: newIndex()}
	var err error
	if s.sessions, err = book.Open(ctx, cfg.Desk, "session", s.index.turned); err != nil {
		return nil, fmt.Errorf("sign-in: %w", err)
	}
	return s, nil
}

func (c *Config) complete() error {
	if c.Desk == nil || c.People == nil || c.Public == nil || c.Render == nil || len(c.Key) < 32 {
		return errors.New("sign-in: Desk, People, Public, Key and Render must be set")
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
