package signin

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"modicum/internal/book"
	"modicum/internal/defect"
	"modicum/internal/people"
)

// Session is one person at one browser, from signing in to the end. A Session is
// shared between readers and never changed after it was made.
type Session struct {
	ID      string   `json:"id"`    // UUIDv7; it opens nothing
	Token   string   `json:"token"` // hex of the hash of what opens it
	Person  string   `json:"person"`
	Began   int64    `json:"began"` // microseconds since 1970, UTC, as all times here
	Until   int64    `json:"until"`
	Seen    int64    `json:"seen"` // last request; in memory it is newer than on the page
	How     []string `json:"how"`  // RFC 8176: hwk, user, otp, pwd
	ACR     string   `json:"acr,omitempty"`
	Proved  int64    `json:"proved"`          // when the person last proved who they are
	Agent   string   `json:"agent,omitempty"` // Firefox on Windows
	Network string   `json:"network,omitempty"`
	Issuer  string   `json:"issuer,omitempty"`  // who signed them in; "" is this installation
	Sid     string   `json:"sid,omitempty"`     // what the issuer calls the session
	Subject string   `json:"subject,omitempty"` // what the issuer calls the person
	Ended   int64    `json:"ended,omitempty"`
	Why     Why      `json:"why,omitempty"`
}

// Why is why a session ended.
type Why string

// The reasons.
const (
	SignedOut   Why = "signed-out"
	SignedAgain Why = "signed-in-again" // another one began at the same browser
	TakenAway   Why = "ended-by-another"
	Deactivated Why = "person-deactivated"
	AtIssuer    Why = "ended-at-issuer"
	TooLong     Why = "too-long"
)

var (
	// ErrNoSession: there is no such session, or it is none of theirs.
	ErrNoSession = errors.New("there is no such session")
	// ErrStepUp: the person must prove again who they are.
	ErrStepUp = errors.New("prove again who you are")
	// ErrTime: the time is not certain, so nothing begins that has an end.
	ErrTime = errors.New("the time is not certain")
	// ErrInactive: somebody who is not active in the directory.
	ErrInactive = errors.New("not active in the directory")
)

// secretSize is the size of everything random that opens something: 256 bits.
const secretSize = 32

// secret makes a random token and the hash under which it is kept.
func (s *Service) secret() (token, hash string, err error) {
	var b [secretSize]byte
	if _, err := io.ReadFull(s.cfg.Random, b[:]); err != nil {
		return "", "", err
	}
	token = base64.RawURLEncoding.EncodeToString(b[:])
	return token, hashOf(token), nil
}

func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

func (s *Service) now() time.Time {
	now, _ := s.cfg.Now()
	return now
}

// by finds the session that a token opens; nil when it opens none.
func (s *Service) by(token string) *Session {
	if len(token) != base64.RawURLEncoding.EncodedLen(secretSize) {
		return nil
	}
	var found *Session
	hash := hashOf(token)
	s.cfg.Desk.View(func() { found = s.sessions.At(s.index.tokens[hash]) })
	if found == nil || !s.good(found) {
		return nil
	}
	return found
}

// good reports whether a session goes on: neither too old nor idle, and its person
// active. Both the wall's clock and the monotonic one must say so: a clock that was
// put back prolongs nothing.
func (s *Service) good(x *Session) bool {
	now := s.now()
	seen, end := s.index.clock(x, now)
	switch {
	case !s.rests(x):
		return false
	case defect.On(defect.SessionForEver):
		return s.cfg.People.Active(x.Person)
	case now.UnixMicro() >= x.Until, !now.Before(end):
		return false
	case !now.Before(seen.Add(s.cfg.Idle)), now.UnixMicro() >= seen.Add(s.cfg.Idle).UnixMicro():
		return false
	}
	return s.cfg.People.Active(x.Person)
}

// rests reports whether what a session began with is its person still: the identity at an
// issuer may have been taken away, or said to be another, and nobody may sign in at the
// issuer any more.
func (s *Service) rests(x *Session) bool {
	switch {
	case x.Issuer == "", defect.On(defect.IdentityAskedOnce):
		return true
	case x.Issuer == StageIssuer:
		return s.cfg.Stage || defect.On(defect.StageForAll)
	}
	return s.speaks != nil && s.speaks(x.Person, x.Issuer, cmp.Or(x.Subject, x.Person))
}

// Rests is that of the session of an id, idle or not: what was given out in a session
// outlives a browser that nobody touches, and not whose session it was.
func (s *Service) Rests(id string) bool {
	x := s.sessions.Get(id)
	return x != nil && s.rests(x)
}

// Live reports whether the session of an id goes on: for what is bound to it.
func (s *Service) Live(id string) bool {
	x := s.sessions.Get(id)
	return s.cfg.Desk.Certain() && x != nil && s.good(x)
}

// Sessions lists the sessions of a person that go on, newest first.
func (s *Service) Sessions(person string) []*Session {
	var out []*Session
	s.cfg.Desk.View(func() {
		for id := range s.index.persons[person] {
			out = append(out, s.sessions.At(id))
		}
	})
	out = slices.DeleteFunc(out, func(x *Session) bool { return !s.good(x) })
	for i, x := range out {
		out[i] = s.fresh(x)
	}
	slices.SortFunc(out, func(a, b *Session) int { return strings.Compare(b.ID, a.ID) }) // ids sort by time
	return out
}

// fresh is the session with the last request that is known of.
func (s *Service) fresh(x *Session) *Session {
	seen, _ := s.index.clock(x, s.now())
	y := *x
	y.Seen = max(x.Seen, seen.UnixMicro())
	return &y
}

// End ends a session: one's own, or anybody's for who runs people. Whoever may not is
// told the same as where there is none, and the attempt is recorded.
func (s *Service) End(ctx context.Context, by people.Actor, id string) error {
	err := s.cfg.Desk.Change(ctx, func(c *book.Change) error {
		x := s.sessions.Get(id)
		if x == nil {
			return ErrNoSession
		}
		if x.Person != by.ID && !s.runs(by.ID) && !defect.On(defect.AnySessionEnded) {
			return errMayNot
		}
		why, act := TakenAway, "session-ended"
		if by.Session == id {
			why, act = SignedOut, "signed-out"
		}
		s.close(c, x, why)
		return s.record(c, act, by.ID, x.Person, x.ID)
	})
	if errors.Is(err, errMayNot) {
		return errors.Join(ErrNoSession, s.tell(ctx, "session-end-refused", by.ID, "", id))
	}
	return err
}

var errMayNot = errors.New("somebody else's session")

// EndAll ends every session of a person within a change that somebody else records:
// the one that makes them inactive.
func (s *Service) EndAll(c *book.Change, person string, why Why) {
	if defect.On(defect.LeaverStays) {
		return
	}
	for _, x := range s.all(person) {
		s.close(c, x, why)
	}
}

// EndBy ends the sessions of an issuer's session, or all that it signed in for a subject
// of its own where sid is "": what a back-channel log-out asks for. It says how many
// there were.
func (s *Service) EndBy(ctx context.Context, issuer, sid, subject string) (n int, err error) {
	err = s.cfg.Desk.Change(ctx, func(c *book.Change) error {
		var ids []string
		for id, x := range s.sessions.All() {
			if x.Issuer != issuer || sid != "" && x.Sid != sid || subject != "" && cmp.Or(x.Subject, x.Person) != subject || sid == "" && subject == "" {
				continue
			}
			s.close(c, x, AtIssuer)
			ids = append(ids, id)
		}
		if n = len(ids); n == 0 {
			return nil
		}
		slices.Sort(ids)
		return s.record(c, "sessions-ended-at-issuer", "modicum", "", ids...)
	})
	return n, err
}

// sweep closes some of the sessions that are over, so that they do not pile up. Their
// end needs no entry: it stood in the page from the beginning.
func (s *Service) sweep(c *book.Change) {
	n := 0
	for _, x := range s.sessions.All() {
		why := s.over(x)
		if why == "" {
			continue
		}
		s.close(c, x, why)
		if n++; n == 64 {
			return
		}
	}
}

func (s *Service) all(person string) (out []*Session) {
	s.cfg.Desk.View(func() {
		for id := range s.index.persons[person] {
			out = append(out, s.sessions.At(id))
		}
	})
	slices.SortFunc(out, func(a, b *Session) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// OnEnd adds what ends with a session, in the same change: tokens that were given out in
// it. It is called before anything is served.
func (s *Service) OnEnd(f func(c *book.Change, x *Session)) { s.ended = append(s.ended, f) }

func (s *Service) close(c *book.Change, x *Session, why Why) {
	y := *s.fresh(x)
	y.Ended, y.Why, y.Token = s.now().UnixMicro(), why, ""
	s.sessions.Close(c, x.ID, x.Person, &y)
	for _, f := range s.ended {
		f(c, &y)
	}
}

// Keep writes down when each session was seen last, in one change: before the process
// stops, so that a restart signs nobody out who is at work. What is not kept so counts
// as last seen when its page was written, which may end it early and never late.
func (s *Service) Keep(ctx context.Context) error {
	return s.cfg.Desk.Change(ctx, func(c *book.Change) error {
		n := 0
		for id, x := range s.sessions.All() {
			switch y, why := s.fresh(x), s.over(x); {
			case why != "":
				s.close(c, x, why)
			case y.Seen > x.Seen:
				s.sessions.Put(c, id, y)
			default:
				continue
			}
			n++
		}
		if n == 0 {
			return nil
		}
		return s.record(c, "sessions-kept", "modicum", "")
	})
}

// over is why a session is over for good; "" where it goes on or is merely idle. An idle
// one opens nothing, and yet it stays in the book until its time is over: tokens of the
// command line outlive a browser that nobody touches, and whoever ends the session, as a
// back-channel log-out does, must find it to end them.
func (s *Service) over(x *Session) Why {
	now := s.now()
	_, end := s.index.clock(x, now)
	switch {
	case !s.cfg.People.Active(x.Person):
		return Deactivated
	case !s.rests(x):
		return TakenAway
	case now.UnixMicro() >= x.Until, !now.Before(end):
		return TooLong
	case defect.On(defect.IdleForgotten) && !s.good(x):
		return TooLong
	}
	return ""
}

// runs reports whether a person administers people.
func (s *Service) runs(person string) bool {
	return s.cfg.People.Active(person) && s.cfg.People.Holds(person, people.RunPeople, s.now().UnixMicro())
}

// others lists who administers people beside a person.
func (s *Service) others(person string) (out []string) {
	for p := range s.cfg.People.People() {
		if p.ID != person && s.runs(p.ID) {
			out = append(out, p.ID)
		}
	}
	return out
}

// newID is an id that sorts by time.
func (s *Service) newID() (string, error) {
	id, err := uuid.NewV7FromReader(s.cfg.Random)
	return id.String(), err
}
