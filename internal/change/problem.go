package change

import "errors"

var (
	// ErrNone: there is no such change.
	ErrNone = errors.New("there is no such change of policy")
	// ErrUnavailable: the time is not trusted, or what was done cannot be kept now.
	// Nothing was done; trying again later may do.
	ErrUnavailable = errors.New("not available now: it cannot be recorded, or the time is not certain")
)

// Refusal is why something was not done: a code of a closed list, which stands in the
// record, and what to say and do.
type Refusal struct{ Code, Say string }

func (r *Refusal) Error() string { return r.Say }

func no(code, say string) error { return &Refusal{code, say} }
