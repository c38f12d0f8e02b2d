package signin

import (
	"context"

	"modicum/internal/book"
	"modicum/internal/notice"
)

// What people are told of.
const (
	PasskeyCopied = notice.PasskeyCopied
	CodeUsed      = notice.CodeUsed
	Locked        = notice.SignInLocked
	WayAdded      = notice.WayInAdded
	InviteMade    = notice.InviteMade
)

// Teller keeps notices in the change that they tell of.
type Teller interface {
	Within(ctx context.Context, c *book.Change, n ...notice.Notice) error
}

// notify tells a person, and those who run people, of what happened to the person's
// ways of signing in.
func (s *Service) notify(ctx context.Context, c *book.Change, kind notice.Kind, person string) error {
	if person == "" {
		return nil
	}
	at := s.now().UnixMicro()
	all := []notice.Notice{{Kind: kind, To: person, About: notice.About{Thing: notice.SignIn, ID: person}, At: at, By: person}}
	for _, other := range s.others(person) {
		all = append(all, notice.Notice{Kind: kind, To: other, About: notice.About{Thing: notice.Person, ID: person}, At: at, By: person})
	}
	return s.cfg.Teller.Within(ctx, c, all...)
}
