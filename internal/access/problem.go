package access

import (
	"errors"
	"strings"
)

var (
	// ErrNone: there is no such request or grant, or it is none of theirs.
	ErrNone = errors.New("there is no such request or grant")
	// ErrUnavailable: the time is not trusted, or what was done cannot be kept now.
	// Nothing was lent; asking again later may do.
	ErrUnavailable = errors.New("not available now: it cannot be recorded, or the time is not certain")
)

// Problem is one thing that stands in the way, for a person: what, and what to do.
type Problem struct {
	Field string `json:"field,omitempty"` // of the want, by its JSON name
	Code  string `json:"code"`            // of a closed list; it stands in the record
	Say   string `json:"say"`
}

// Refusal is why something was not done: everything at once. It is recorded.
type Refusal struct{ Problems []Problem }

func (r *Refusal) Error() string {
	var says []string
	for _, p := range r.Problems {
		says = append(says, p.Say)
	}
	return strings.Join(says, " ")
}

// Has reports whether a problem of that code is among them.
func (r *Refusal) Has(code string) bool {
	for _, p := range r.Problems {
		if p.Code == code {
			return true
		}
	}
	return false
}

// refusal is the error of problems; nil where there are none.
func refusal(problems []Problem) error {
	if len(problems) == 0 {
		return nil
	}
	return &Refusal{problems}
}

func no(code, say string) error { return &Refusal{[]Problem{{Code: code, Say: say}}} }

// problems gathers what is wrong.
type problems []Problem

func (p *problems) add(field, code, say string) { *p = append(*p, Problem{field, code, say}) }

// codes of a refusal, for its entry.
func codes(err error) []string {
	var r *Refusal
	var out []string
	if errors.As(err, &r) {
		for _, p := range r.Problems {
			out = append(out, p.Code)
		}
	}
	return out
}
