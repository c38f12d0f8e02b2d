package api

import (
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"modicum/internal/access"
	"modicum/internal/book"
	"modicum/internal/change"
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
	for _, of := range []func(error) error{aboutRecord, aboutSignIn} {
		if said := of(err); said != nil {
			return said
		}
	}
	var refused *access.Refusal
	var unchanged *change.Refusal
	switch {
	case errors.As(err, &unchanged):
		return aboutPolicy(unchanged)
	case errors.As(err, &refused):
		hint := problem.Hint{}
		for _, p := range refused.Problems {
			hint.Wrong = append(hint.Wrong, problem.Wrong(p))
		}
		return problem.Refused.With(hint)
	case errors.Is(err, access.ErrNone), errors.Is(err, change.ErrNone), errors.Is(err, people.ErrNobody), errors.Is(err, notice.ErrNoNotice), errors.Is(err, book.ErrNoPage):
		return problem.NoSuchThing
	case errors.Is(err, access.ErrUnavailable), errors.Is(err, change.ErrUnavailable), errors.Is(err, people.ErrTime), errors.Is(err, book.ErrUncertain):
		return problem.Unavailable
	case errors.Is(err, people.ErrForbidden):
		return forbidden(err)
	case errors.Is(err, people.ErrChanged), errors.Is(err, book.ErrStale):
		return changed(err)
	}
	return aboutPeople(err)
}

// forbidden says whose it is, where the directory knows it.
func forbidden(err error) error {
	var refused *people.Refusal
	if !errors.As(err, &refused) {
		return problem.NotYours
	}
	return problem.NotYours.With(problem.Hint{Wrong: []problem.Wrong{{Code: "duty", Say: refused.Say}}})
}

// changed says what somebody else was first with, where the directory knows it.
func changed(err error) error {
	var refused *people.Refusal
	if !errors.As(err, &refused) {
		return problem.ChangedMeanwhile
	}
	return problem.ChangedMeanwhile.With(problem.Hint{Wrong: []problem.Wrong{{Code: "changed", Say: refused.Say}}})
}

// kinds are the codes of what a change of people is refused for.
var kinds = map[error]string{
	people.ErrTaken: "taken", people.ErrGone: "gone", people.ErrSelf: "self", people.ErrApart: "apart", people.ErrLast: "last",
}

// aboutPeople is inWords of the directory: its sentences are its own, and name nothing
// but what the policy and the directory call things.
func aboutPeople(err error) error {
	var wrong people.Problems
	if errors.As(err, &wrong) {
		hint := problem.Hint{}
		for _, p := range wrong {
			hint.Wrong = append(hint.Wrong, problem.Wrong{Field: p.Field, Code: "wrong", Say: p.Field + " " + p.Say + "."})
		}
		return problem.Refused.With(hint)
	}
	var lines people.RowProblems
	if errors.As(err, &lines) {
		return problem.Refused.With(problem.Hint{Wrong: rows(lines)})
	}
	var refused *people.Refusal
	if errors.As(err, &refused) && kinds[refused.Kind] != "" {
		return problem.Refused.With(problem.Hint{Wrong: []problem.Wrong{{Code: kinds[refused.Kind], Say: refused.Say}}})
	}
	return err
}

// mostRows is how many problems of a file are told at once.
const mostRows = 200

func rows(lines people.RowProblems) (out []problem.Wrong) {
	for _, p := range lines[:min(len(lines), mostRows)] {
		out = append(out, problem.Wrong{Field: "line " + strconv.Itoa(p.Line), Code: "wrong", Say: p.Field + " " + p.Say + "."})
	}
	return out
}

// publicKey is a key as it was sent, as bytes.
func publicKey(jwk map[string]any) ([]byte, error) {
	b, err := json.Marshal(jwk)
	if err != nil {
		return nil, problem.Malformed
	}
	return b, nil
}
