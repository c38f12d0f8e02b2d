package api

import (
	"net/http"

	"modicum/internal/book"
	"modicum/internal/defect"
	"modicum/internal/problem"
)

// once runs an operation, or gives the answer that it gave before under the same key.
// What it changes is kept together with the key and the answer (Memory), so that it is
// done once though the process dies before it answers. A request that failed is not
// remembered: sent again it is tried again. Neither is a look, which would be answered
// again without an entry of its own.
func (a *api) once(w http.ResponseWriter, c *call, op *operation, body []byte, run func() (any, error)) {
	given := c.r.Header.Values("Idempotency-Key")
	if op.method == http.MethodGet || op.looks && !defect.On(defect.ReadTwiceUnsaid) || len(given) == 0 {
		a.answer(w, op, run)
		return
	}
	if len(given) > 1 || given[0] == "" || !printable(given[0]) {
		refuse(w, problem.Malformed)
		return
	}
	now, _ := a.Now()
	k := keyOfRequest(c.caller.ID, given[0])
	before, err := a.again.take(c.r.Context(), c.caller.ID, k, digestOf(c.r, body), now)
	switch {
	case err != nil:
		refuse(w, err)
	case before != nil && before.lost():
		refuse(w, problem.DoneBefore)
	case before != nil:
		send(w, before.Status, before.Body)
	default:
		a.first(w, c, op, k, run)
	}
}

// first runs an operation under a key that is new. Whatever comes of it, a panic too,
// leaves the key to what was kept under it.
func (a *api) first(w http.ResponseWriter, c *call, op *operation, k string, run func() (any, error)) {
	defer a.again.leave(k)
	if !op.apart {
		c.r = c.r.WithContext(a.again.beside(c.r.Context(), k, func(ch *book.Change) (int, []byte, error) { return op.promised(c, ch) }))
	}
	v, err := run()
	if err != nil {
		refuse(w, inWords(err))
		return
	}
	kept := a.again.done(k)
	if kept != nil && !kept.lost() {
		send(w, kept.Status, kept.Body)
		return
	}
	status, body, err := op.answered(v)
	if err != nil {
		refuse(w, problem.Internal)
		return
	}
	if kept == nil || kept.lost() {
		a.again.note(k, status, body)
	}
	send(w, status, body)
}

// promised is what a change is about to be answered with; status 0 where that is not known,
// or is a secret, which is told once.
func (op *operation) promised(c *call, ch *book.Change) (int, []byte, error) {
	answer := c.told
	if op.wrote != nil {
		answer = op.wrote(c, ch)
	}
	if answer == nil && op.answer != nil {
		return 0, nil, nil
	}
	return op.answered(answer)
}

func (a *api) answer(w http.ResponseWriter, op *operation, run func() (any, error)) {
	v, err := run()
	if err != nil {
		refuse(w, inWords(err))
		return
	}
	status, body, err := op.answered(v)
	if err != nil {
		refuse(w, problem.Internal)
		return
	}
	send(w, status, body)
}

// printable reports whether a key is of letters, digits and signs of ASCII.
func printable(key string) bool {
	for _, b := range []byte(key) {
		if b <= ' ' || b > '~' {
			return false
		}
	}
	return len(key) <= 200
}
