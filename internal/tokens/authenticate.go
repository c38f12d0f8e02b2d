package tokens

import (
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"modicum/internal/caller"
	"modicum/internal/defect"
	"modicum/internal/people"
	"modicum/internal/problem"
)

// Authenticate says who asks: by a token of ours, or else of an issuer, and then by what
// the directory says of its holder. An error is the problem that it is to the client.
func (s *Service) Authenticate(r *http.Request) (*caller.Caller, error) {
	var asOf uint64 // before anything is asked: what ends meanwhile has ended later
	if s.cfg.Turn != nil {
		asOf = s.cfg.Turn()
	}
	if err := s.certain(r.Context()); err != nil {
		return nil, err
	}
	now, sure := s.cfg.Now()
	c, err := s.whose(r, now)
	if err != nil {
		return nil, err
	}
	if !sure && c.Issuer == s.issuer {
		return nil, s.refuse(r, caller.ClockUnsure) // whether it is over yet cannot be said
	}
	if c.Issuer != s.issuer && (s.word(c) == people.Others || s.actorWord(c) == people.Others) {
		return nil, s.refuse(r, caller.BadIssuer)
	}
	if err := s.directory(r, c, now); err != nil {
		return nil, err
	}
	c.AsOf = asOf
	return c, nil
}

// AuthenticateActor is Authenticate for where somebody acts as a person of the directory,
// beyond reading records: there no issuer speaks for whom the directory calls ours, unless
// it is said that its subject is them (T8).
func (s *Service) AuthenticateActor(r *http.Request) (*caller.Caller, error) {
	c, err := s.Authenticate(r)
	if err != nil || c.Issuer == s.issuer {
		return c, err
	}
	if s.ours(c.ID) && s.word(c) != people.Theirs || c.Actor != nil && s.ours(c.Actor.ID) && s.actorWord(c) != people.Theirs {
		return nil, s.refuse(r, caller.BadIssuer)
	}
	return c, nil
}

// certain asks the books to be what was kept: whoever left since must not be let in.
func (s *Service) certain(ctx context.Context) error {
	if s.cfg.Desk.Certain() {
		return nil
	}
	if err := s.cfg.Desk.Reload(ctx); err != nil {
		return errors.Join(problem.Unavailable, err)
	}
	return nil
}

func (s *Service) whose(r *http.Request, now time.Time) (*caller.Caller, error) {
	token, ours := own(r)
	if !ours {
		if s.cfg.Issuers == nil {
			return nil, s.refuse(r, caller.BadIssuer)
		}
		return s.issued(r)
	}
	// A hash is looked up, so how long that takes tells nothing of any token.
	sum := sha256.Sum256([]byte(token))
	if t := s.byToken(sum); t != nil {
		return s.personal(r, t, now)
	}
	if p := s.programByToken(sum); p != nil {
		return s.program(r, p, now)
	}
	return nil, s.refuse(r, caller.Revoked)
}

// issued is the caller of an issuer's token. Signing in there proves them present only
// where the acr that came is strong: a password is no proof (design 9).
func (s *Service) issued(r *http.Request) (*caller.Caller, error) {
	c, err := s.cfg.Issuers.Authenticate(r)
	if err == nil && s.cfg.Strong != nil && s.cfg.Strong(c.Issuer, c.ACR) {
		c.Proved = c.AuthTime
	}
	return c, err
}

// ours reports whether a name is that of a person for whom no issuer speaks (T8).
func (s *Service) ours(id string) bool {
	return s.cfg.Ours != nil && s.cfg.Ours(id) && !defect.On(defect.LocalNameTaken)
}

// word says what an issuer's token is worth that its subject is the person of its name.
func (s *Service) word(c *caller.Caller) people.Word {
	if s.cfg.Word == nil {
		return people.Unsaid
	}
	return s.cfg.Word(c.ID, c.Issuer, c.Subject)
}

// actorWord is word for who acts, whom an issuer names by the subject alone.
func (s *Service) actorWord(c *caller.Caller) people.Word {
	if c.Actor == nil || s.cfg.Word == nil {
		return people.Unsaid
	}
	return s.cfg.Word(c.Actor.ID, c.Issuer, c.Actor.ID)
}

// own finds the one bearer token of a request, if it is one of ours.
func own(r *http.Request) (string, bool) {
	values := r.Header.Values("Authorization")
	if len(values) != 1 {
		return "", false
	}
	scheme, token, ok := strings.Cut(values[0], " ")
	return token, ok && strings.EqualFold(scheme, "Bearer") && strings.HasPrefix(token, prefix) && len(token) < 128
}

func (s *Service) byToken(sum [sha256.Size]byte) (t *Token) {
	s.cfg.Desk.View(func() {
		if id, has := s.byHash[sum]; has {
			t = s.tokens.At(id)
		}
	})
	return t
}

// personal is the caller of a person's token: everything about them is of now.
func (s *Service) personal(r *http.Request, t *Token, now time.Time) (*caller.Caller, error) {
	if now.UnixMicro() >= t.Until && !defect.On(defect.TokenForEver) {
		return nil, s.refuse(r, caller.BadTimes)
	}
	if t.Session != "" && s.cfg.Rests != nil && !s.cfg.Rests(t.Session) {
		return nil, s.refuse(r, caller.Revoked) // who began it was somebody else
	}
	p := s.cfg.People.Person(t.Person)
	if p == nil {
		return nil, s.refuse(r, caller.Gone)
	}
	c := &caller.Caller{
		ID: p.ID, Subject: p.ID, Dept: p.Department, Facility: p.Facility, Practitioners: p.Practitioners,
		Client: t.Client, Task: nameOr(t.Task, caller.NoTask), ACR: t.ACR, AMR: t.How,
		Network: address(r), Issuer: s.issuer, Issued: time.UnixMicro(t.Issued), Expires: time.UnixMicro(t.Until),
		Tokens: []string{t.ID},
	}
	s.shown(t.ID, now)
	if t.Proved != 0 {
		c.AuthTime = time.UnixMicro(t.Proved)
		c.Proved = c.AuthTime
	}
	return c, nil
}

// directory asks the directory about whoever the token is of, and completes the caller.
// Whom it does not know is let in on the issuer's word alone.
func (s *Service) directory(r *http.Request, c *caller.Caller, now time.Time) error {
	if c.Actor != nil && !s.here(c.Actor.ID, now) || !s.here(c.ID, now) {
		return s.refuse(r, caller.Gone)
	}
	for _, name := range []string{c.Client, c.ID} {
		p := s.cfg.People.Program(name)
		if p == nil {
			continue
		}
		if !s.runs(p, now) {
			return s.refuse(r, caller.Gone)
		}
		if c.Program && !within(p.Networks, c.Network) {
			return s.refuse(r, caller.BadNetwork)
		}
	}
	person := s.cfg.People.Person(c.ID)
	if c.Program || person == nil {
		return nil
	}
	if role, _, bound := strings.Cut(c.Task, "/"); bound {
		s.cfg.People.Used(c.ID, role, "", now.UnixMicro())
	}
	c.Away = person.Ended
	c.Roles = slices.Concat(c.Roles, s.cfg.People.Roles(c.ID, now.UnixMicro())) // those of before are shared
	slices.Sort(c.Roles)
	c.Roles = slices.Compact(c.Roles)
	if until := s.cfg.People.RolesUntil(c.ID, now.UnixMicro()); until != 0 && !defect.On(defect.RoleNotTimed) {
		c.Until = time.UnixMicro(until)
	}
	return nil
}

// here reports whether somebody is active, as far as the directory knows them.
func (s *Service) here(id string, now time.Time) bool {
	if defect.On(defect.LeaverLetIn) {
		return true
	}
	if own := s.cfg.People.Like(id); own != "" && own != id {
		return false // a name that looks like somebody's is theirs, or nobody's
	}
	if p := s.cfg.People.Person(id); p != nil && !p.Active {
		return false
	}
	p := s.cfg.People.Program(id)
	return p == nil || s.runs(p, now)
}

// runs reports whether a program may do anything at all now: it is active, its time is
// not up, and its owner is there.
func (s *Service) runs(p *people.Program, now time.Time) bool {
	if !p.Active || now.UnixMicro() >= p.Until {
		return false
	}
	if defect.On(defect.OwnerUnasked) {
		return true
	}
	owner := s.cfg.People.Person(p.Owner)
	return owner != nil && owner.Active
}

// within reports whether an address lies in one of the ranges; none means any.
func within(ranges []string, address string) bool {
	if len(ranges) == 0 || defect.On(defect.NetworkIgnored) {
		return true
	}
	a, err := netip.ParseAddr(address)
	if err != nil {
		return false
	}
	for _, text := range ranges {
		if p, err := netip.ParsePrefix(text); err == nil && p.Contains(a.Unmap()) {
			return true
		}
	}
	return false
}

func address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	return host
}

// refuse is one answer for every token that is not accepted; why it was not stands in
// our log only.
func (s *Service) refuse(r *http.Request, why caller.Reason) error {
	s.cfg.Diary.LogAttrs(r.Context(), slog.LevelInfo, "a token was refused", slog.String("token", why.String()))
	return &caller.Refusal{Reason: why}
}
