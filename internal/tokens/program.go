package tokens

import (
	"context"
	"crypto/sha256"
	"net/http"
	"slices"
	"strings"
	"time"

	"modicum/internal/book"
	"modicum/internal/caller"
	"modicum/internal/people"
)

// programToken is a token of a program. It is in memory only: a program signs in again
// after a restart, as it does every five minutes.
type programToken struct {
	id, program, key string
	scopes           caller.Scopes
	issued, until    time.Time
}

// issueToProgram gives a program a token for the assertion that one of its keys signed.
func (s *Service) issueToProgram(ctx context.Context, c *claim, p *people.Program, k *people.Key, scopes []string, now time.Time) (string, time.Duration, error) {
	secret, sum, err := s.secret()
	if err != nil {
		return "", 0, err
	}
	id, err := s.newID()
	if err != nil {
		return "", 0, err
	}
	parsed, _ := caller.ParseScopes(strings.Join(scopes, " "))
	t := &programToken{id: id, program: p.ID, key: k.ID, scopes: parsed, issued: now, until: now.Add(ofProgram)}
	for _, end := range []int64{k.Until, p.Until} { // nothing outlives what it rests on
		if at := time.UnixMicro(end); at.Before(t.until) {
			t.until = at
		}
	}
	err = s.cfg.Desk.Change(ctx, func(b *book.Change) error {
		s.used.Close(b, id, p.ID, &assertion{
			ID: id, Program: p.ID, Key: k.ID, Used: c.used(), At: now.UnixMicro(), Until: c.expires.Add(leeway).UnixMicro(),
		})
		return s.record(b, "token-issued", p.ID, p.Owner, append([]string{"program", p.Role + "/" + p.Task, "key " + k.ID, id}, scopes...)...)
	})
	if err != nil {
		return "", 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweepPrograms(now)
	if len(s.programs) >= mostOfPrograms {
		return "", 0, ErrMany
	}
	s.programs[sum] = t
	return secret, t.until.Sub(now), nil
}

// sweepPrograms forgets tokens that are over when there are many. s.mu is held.
func (s *Service) sweepPrograms(now time.Time) {
	if len(s.programs) < s.sweepAt {
		return
	}
	for sum, t := range s.programs {
		if !now.Before(t.until) {
			delete(s.programs, sum)
		}
	}
	s.sweepAt = max(1024, 2*len(s.programs))
}

func (s *Service) programByToken(sum [sha256.Size]byte) *programToken {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.programs[sum]
}

// program is the caller of a program's token, as the directory has the program now.
func (s *Service) program(r *http.Request, t *programToken, now time.Time) (*caller.Caller, error) {
	if !now.Before(t.until) {
		return nil, s.refuse(r, caller.BadTimes)
	}
	p := s.cfg.People.Program(t.program)
	if p == nil || !s.runs(p, now) {
		return nil, s.refuse(r, caller.Gone)
	}
	// A key that was taken away or is over takes its tokens with it.
	at := slices.IndexFunc(p.Keys, func(k people.Key) bool { return k.ID == t.key })
	if at < 0 || !good(&p.Keys[at], now) {
		return nil, s.refuse(r, caller.Revoked)
	}
	s.cfg.People.Used(p.ID, p.Role, t.key, now.UnixMicro())
	return &caller.Caller{
		ID: p.ID, Program: true, Subject: p.ID, Roles: []string{p.Role}, Client: p.ID, Task: p.Role + "/" + p.Task,
		Scopes: t.scopes, Network: address(r), Issuer: s.issuer, Issued: t.issued, Expires: t.until, Tokens: []string{t.id},
	}, nil
}

// revokeOfProgram ends a token that a program holds, for that program alone.
func (s *Service) revokeOfProgram(sum [sha256.Size]byte, program string) bool {
	s.mu.Lock()
	t := s.programs[sum]
	held := t != nil && t.program == program
	if held {
		delete(s.programs, sum)
	}
	s.mu.Unlock()
	if held {
		s.tellEnd(t.id)
	}
	return held
}
