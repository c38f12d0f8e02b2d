package signin

import (
	"context"
	"errors"
	"slices"
	"time"

	"modicum/internal/book"
	"modicum/internal/defect"
)

// recoveryCodes is how many a person gets.
const recoveryCodes = 10

// MakeRecovery makes a person's recovery codes anew and returns them, to be shown once.
// Those of before are good for nothing any more. Each is 128 random bits: its hash
// needs no salt and no slowness.
func (s *Service) MakeRecovery(ctx context.Context, person string) (codes []string, err error) {
	kept := make([]Spare, 0, recoveryCodes)
	for range recoveryCodes {
		raw, err := s.bytes(16)
		if err != nil {
			return nil, err
		}
		code := letters.EncodeToString(raw)
		codes, kept = append(codes, grouped(code)), append(kept, Spare{Hash: hashOf(code)})
	}
	err = s.cfg.Desk.Change(ctx, func(c *book.Change) error {
		w := s.ways.Get(person)
		if w == nil {
			return ErrNoWay
		}
		w = w.copy()
		w.Recovery, w.Printed = kept, s.now().UnixMicro()
		s.ways.Put(c, person, w)
		return s.record(c, "recovery-codes-made", person, "")
	})
	if err != nil {
		return nil, err
	}
	return codes, nil
}

// recover takes a recovery code. It opens no session: it lets its person register a
// new passkey, within a quarter of an hour, and tells them and those who run people. Like
// a good passkey, a good code never waits: nobody guesses 128 bits, and whoever is kept
// out by others' wrong tries has it left.
func (s *Service) recover(ctx context.Context, g guess, code string) (sealed string, err error) {
	person, w := s.named(g.name)
	hash := hashOf(typed(code))
	err = errGuess
	if w != nil && s.cfg.People.Active(person) && slices.ContainsFunc(w.Recovery, func(c Spare) bool { return c.is(hash) }) && !defect.On(defect.SpareWaits) {
		err = s.cfg.Desk.Change(ctx, func(c *book.Change) error { return s.spendSpare(ctx, c, g, person, hash) })
	}
	switch {
	case err == nil:
		return s.hand(stepEnrol, ticket{Person: person, Code: true}, 15*time.Minute)
	case !errors.Is(err, errGuess):
		return "", err
	}
	t := s.guesses.try(g, s.now())
	if t.wait > 0 {
		return "", tooSoon(t.wait)
	}
	return "", s.refuseGuess(ctx, g, person, t, "recovery-code")
}

// is reports whether it is the code of a hash, and not used.
func (c Spare) is(hash string) bool {
	return c.Hash == hash && (c.Used == 0 || defect.On(defect.SpareTwice))
}

func (s *Service) spendSpare(ctx context.Context, c *book.Change, g guess, person, hash string) error {
	w := s.ways.Get(person)
	if w == nil {
		return errGuess
	}
	w = w.copy()
	i := slices.IndexFunc(w.Recovery, func(c Spare) bool { return c.is(hash) })
	if i < 0 {
		return errGuess
	}
	w.Recovery[i].Used = s.now().UnixMicro()
	s.ways.Put(c, person, w)
	s.forgetTries(c, g)
	if err := s.notify(ctx, c, CodeUsed, person); err != nil {
		return err
	}
	return s.record(c, "recovery-code-used", person, "")
}
