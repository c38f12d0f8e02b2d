package serve

import (
	"context"
	"time"

	"modicum/internal/notice"
	"modicum/internal/people"
)

// heedEvery is how often it is looked for what nobody did.
const heedEvery = time.Hour

// heed tells of what comes by itself: a program's key that ends, a program that nobody
// uses, roles in conflict. Each is told once, however often it is found: its moment is
// that of what was found.
func (s *Server) heed(ctx context.Context) error {
	now, trusted := s.opts.Now()
	if !trusted {
		return nil // nobody knows what has ended
	}
	micros := now.UnixMicro()
	told := s.heedPrograms(micros)
	for p := range s.org.people.People() {
		told = append(told, s.heedConflict(p, micros)...)
	}
	return s.org.notices.Tell(ctx, told...)
}

// heedPrograms is what owners hear of their programs.
func (s *Server) heedPrograms(now int64) (told []notice.Notice) {
	for _, f := range s.org.people.Findings(now) {
		p := s.org.people.Program(f.Program)
		if p == nil || !s.org.people.Active(p.Owner) {
			continue
		}
		n := notice.Notice{To: p.Owner, About: notice.About{Thing: notice.Program, ID: p.ID}, By: p.ID}
		switch f.What {
		case "key-ends":
			n.Kind, n.At = notice.KeyExpires, f.Until
		case "unused":
			n.Kind, n.At = notice.ProgramUnused, max(p.LastUse, p.Created)
		default:
			continue
		}
		told = append(told, n)
	}
	return told
}

// heedConflict is what somebody whose roles are in conflict hears, and the privacy
// officers at once (design 4).
func (s *Server) heedConflict(p *people.Person, now int64) []notice.Notice {
	set := s.set()
	if !p.Active || len(set.Conflicts(s.org.people.Roles(p.ID, now))) == 0 {
		return nil
	}
	n := notice.Notice{Kind: notice.RolesConflict, To: p.ID, About: notice.About{Thing: notice.Person, ID: p.ID}, At: newestRole(p), By: p.ID}
	told := []notice.Notice{n}
	for _, position := range set.Folder().Organization.BreakGlass.Tell {
		for _, officer := range s.org.people.Approvers(position.Text, p, now) {
			n.To, n.Urgent = officer, true
			told = append(told, n)
		}
	}
	return told
}

// newestRole is when somebody was given their newest role: the conflict is of that moment.
func newestRole(p *people.Person) int64 {
	at := p.Created
	for _, h := range p.Roles {
		at = max(at, h.Since)
	}
	return at
}
