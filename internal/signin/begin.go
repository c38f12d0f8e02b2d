package signin

import (
	"context"
	"errors"
	"net"
	"net/http"
	"slices"

	"modicum/internal/book"
	"modicum/internal/defect"
)

// Proof is how a person proved who they are.
type Proof struct {
	How    []string // amr, RFC 8176
	ACR    string   // as the issuer returned it, never as it was asked for
	At     int64    // microseconds; 0 is now
	Issuer string   // "" is this installation
	Sid    string   // what the issuer calls its session
	// Subject is what the issuer calls the person, who is somebody by another claim here.
	Subject string
}

// Begin begins a session for a person who has just proved who they are, and puts its
// token into the cookie. A session of the same browser ends in the same change, so
// that nobody goes on with a token that was known before (session fixation, C1).
func (s *Service) Begin(ctx context.Context, w http.ResponseWriter, r *http.Request, person string, p Proof) error {
	return s.begin(ctx, w, r, person, p, "signed-in", nil)
}

// begin is Begin with more to write in the same change, under the name of an act.
func (s *Service) begin(ctx context.Context, w http.ResponseWriter, r *http.Request, person string, p Proof, act string, more func(*book.Change) error) error {
	now, trusted := s.cfg.Now()
	if !trusted {
		return ErrTime
	}
	token, hash, err := s.secret()
	if err != nil {
		return err
	}
	id, err := s.newID()
	if err != nil {
		return err
	}
	x := &Session{
		ID: id, Token: hash, Person: person, Began: now.UnixMicro(), Until: now.Add(s.cfg.Longest).UnixMicro(), Seen: now.UnixMicro(),
		How: p.How, ACR: p.ACR, Proved: p.at(now.UnixMicro()), Issuer: p.Issuer, Sid: p.Sid, Subject: p.Subject, Agent: agent(r.UserAgent()), Network: network(r),
	}
	err = s.cfg.Desk.Change(ctx, func(c *book.Change) error {
		if !s.cfg.People.Active(person) {
			return ErrInactive
		}
		if old := s.of(r); old != nil && !defect.On(defect.OldSessionStays) {
			s.close(c, old, SignedAgain)
		}
		s.sweep(c)
		s.sessions.Put(c, id, x)
		if more != nil {
			if err := more(c); err != nil {
				return err
			}
		}
		return s.record(c, act, person, "", slices.Concat([]string{id}, p.How)...)
	})
	if err != nil {
		return err
	}
	s.setCookie(w, token, s.cfg.Longest)
	s.know(w, r, person, p)
	return nil
}

func (p Proof) at(now int64) int64 {
	if p.At == 0 || p.At > now {
		return now
	}
	return p.At
}

var errOther = errors.New("somebody else's proof")

// Prove notes a new proof of the session's person, and gives the session a new token:
// the old one, which may have been seen, opens nothing more.
func (s *Service) Prove(ctx context.Context, w http.ResponseWriter, r *http.Request, person string, p Proof) error {
	return s.prove(ctx, w, r, person, p, nil)
}

func (s *Service) prove(ctx context.Context, w http.ResponseWriter, r *http.Request, person string, p Proof, more func(*book.Change) error) error {
	now, trusted := s.cfg.Now()
	if !trusted {
		return ErrTime
	}
	token, hash, err := s.secret()
	if err != nil {
		return err
	}
	until := now.UnixMicro()
	err = s.cfg.Desk.Change(ctx, func(c *book.Change) error {
		old := s.of(r) // as it is now: it may have ended since the request came
		switch {
		case old == nil:
			return ErrNoSession
		case old.Person != person:
			return errOther
		}
		x := *s.fresh(old)
		x.Proved, x.How, x.ACR, until = p.at(now.UnixMicro()), p.How, p.ACR, x.Until
		if !defect.On(defect.TokenKept) {
			x.Token = hash
		}
		s.sessions.Put(c, x.ID, &x)
		if more != nil {
			if err := more(c); err != nil {
				return err
			}
		}
		return s.record(c, "proved-again", person, "", slices.Concat([]string{x.ID}, p.How)...)
	})
	if err != nil {
		return err
	}
	s.setCookie(w, token, durationOf(until-now.UnixMicro()))
	s.know(w, r, person, p)
	return nil
}

// network is the address that a request comes from, without its port.
func network(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	return host
}
