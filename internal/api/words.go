package api

import (
	"encoding/json"
	"errors"
	"time"

	"modicum/internal/access"
	"modicum/internal/book"
	"modicum/internal/notice"
	"modicum/internal/people"
	"modicum/internal/problem"
)

// typed lets a method with a body of its own type stand in the table.
func typed[T any](f func(*call, *T) (any, error)) func(*call, any) (any, error) {
	return func(c *call, body any) (any, error) { return f(c, body.(*T)) }
}

// at is a time of a document, microseconds, as people and programs read it.
func at(micro int64) time.Time { return time.UnixMicro(micro).UTC() }

// maybe is at, nil for none.
func maybe(micro int64) *time.Time {
	if micro == 0 {
		return nil
	}
	t := at(micro)
	return &t
}

func orNone[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// inWords is the problem of an error of those who decide.
func inWords(err error) error {
	var refused *access.Refusal
	switch {
	case errors.As(err, &refused):
		hint := problem.Hint{}
		for _, p := range refused.Problems {
			hint.Wrong = append(hint.Wrong, problem.Wrong(p))
		}
		return problem.Refused.With(hint)
	case errors.Is(err, access.ErrNone), errors.Is(err, people.ErrNobody), errors.Is(err, notice.ErrNoNotice), errors.Is(err, book.ErrNoPage):
		return problem.NoSuchThing
	case errors.Is(err, access.ErrUnavailable), errors.Is(err, people.ErrTime), errors.Is(err, book.ErrUncertain):
		return problem.Unavailable
	case errors.Is(err, people.ErrForbidden):
		return problem.NotYours
	case errors.Is(err, people.ErrChanged), errors.Is(err, book.ErrStale):
		return problem.ChangedMeanwhile
	}
	for _, known := range []struct {
		err       error
		code, say string
	}{
		{people.ErrTaken, "taken", "This name belongs to somebody: choose another."},
		{people.ErrGone, "gone", "They are gone: bring them back first."},
		{people.ErrSelf, "self", "Nobody decides what benefits themselves: somebody else must."},
		{people.ErrApart, "apart", "One person may not hold both: take the other away first."},
		{people.ErrLast, "last", "Nobody else could do it afterwards: give it to somebody first."},
		{notice.ErrWishes, "wishes", "These wishes cannot be kept: a pace of at-once, hourly, daily or never, hours as HH:MM."},
	} {
		if errors.Is(err, known.err) {
			return problem.Refused.With(problem.Hint{Wrong: []problem.Wrong{{Code: known.code, Say: known.say}}})
		}
	}
	return err
}

// publicKey is a key as it was sent, as bytes.
func publicKey(jwk map[string]any) ([]byte, error) {
	b, err := json.Marshal(jwk)
	if err != nil {
		return nil, problem.Malformed
	}
	return b, nil
}
