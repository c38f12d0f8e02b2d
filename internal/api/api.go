// Package api is what people do in the console, for programs: JSON over HTTP below
// /api/, with an OpenAPI description of exactly what is served.
//
// One table lists the operations ([Handler]); routes and description are made from it,
// so that neither can say what the other does not do. Every operation is asked by
// somebody who was authenticated, is read strictly (no unknown member, parameter or
// media type), and answers JSON or a problem (RFC 9457). What changes something may
// carry an Idempotency-Key; what is grave needs a fresh proof of presence (RFC 9470).
//
// The package decides nothing: access, people and notices know who may do what.
package api

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"modicum/internal/book"
	"modicum/internal/caller"
	"modicum/internal/change"
	"modicum/internal/defect"
	"modicum/internal/oversight"
	"modicum/internal/people"
	"modicum/internal/preview"
	"modicum/internal/problem"
	"modicum/internal/reach"
)

// Config is what an API is made of. All but Version must be set.
type Config struct {
	// Authenticate tells whose request it is; any error is a token that is not accepted.
	Authenticate func(*http.Request) (*caller.Caller, error)
	Lent         Lent
	People       *people.Directory
	Inbox        Inbox
	Changes      *change.Book
	Record       *oversight.Record
	Desk         *preview.Desk
	Reach        *reach.Reader
	Tokens       Tokens
	SignIn       SignIn
	System       System
	// Shift is how long one proof of presence is good for breaking the glass.
	Shift time.Duration
	// Tried records that somebody who is known tried what changes something in vain: op is
	// the operationId, code the last part of the problem's type (L2). Where it cannot be
	// recorded the answer is 503. nil records nothing, which no server may do.
	Tried   func(ctx context.Context, by people.Actor, op, code string) error
	Now     func() (now time.Time, trusted bool)
	Version string
	// Again is what was done under which Idempotency-Key; nil forgets it at a restart,
	// which no server may do.
	Again *Memory
}

// proofForRights is how fresh a proof of presence must be to approve and to change rights.
const proofForRights = 5 * time.Minute

// maxBody is the largest body that is read, in bytes.
const maxBody = 64 << 10

// mostImport is maxBody of a file of people.
const mostImport = 16 << 20 // of 8 MiB, whose quotes and ends of lines are written as two letters

// api is the parts of a Config at work.
type api struct {
	Config
	again *Memory
}

// call is one request of an operation.
type call struct {
	*api
	op     *operation
	r      *http.Request
	caller *caller.Caller
	by     people.Actor
	now    int64
	told   any // what it will answer, where its change does not say
}

// id is the {id} of the path.
func (c *call) id() string { return c.r.PathValue("id") }

// operation is one row of the table.
type operation struct {
	method, path string // path below /api
	name         string // operationId
	about        string // tag
	summary      string
	proof        bool                          // needs a fresh proof of presence
	person       bool                          // programs may not
	duties       func() []people.Duty          // a person who holds one of these may, in their own name; nil asks for none
	looks        bool                          // changes nothing: it is no GET for what must stand in no address
	tasked       bool                          // a token of one task may as well: the operation says for what
	query        []param                       // what may stand in the address
	body         shape                         // nil: none
	most         int64                         // bytes of the body; 0 is maxBody
	answer       shape                         // nil: 204
	status       int                           // 0 is 200, or 204 without an answer
	may          []problem.Problem             // beside those that every operation may give
	do           func(*call) (any, error)      // for those without a body
	with         func(*call, any) (any, error) // for those with one
	// wrote is the answer as the operation's change has it before it is kept, so that it is
	// kept with it: of each operation that changes something and has an answer. nil there
	// where the operation sets call.told.
	wrote func(*call, *book.Change) any
	// apart is true where it changes things one after another: sent again it does what is
	// left, so that no change of its is kept with its key.
	apart bool
}

// Handler serves everything below /api/ that this package does.
func Handler(cfg Config) http.Handler {
	a := &api{Config: cfg, again: cmp.Or(cfg.Again, newMemory())}
	table := a.operations()
	mux := http.NewServeMux()
	methods := map[string][]string{}
	for _, op := range table {
		mux.Handle(op.method+" /api"+op.path, a.serve(&op))
		methods[op.path] = append(methods[op.path], op.method)
	}
	described := describe(table, cfg.Version)
	mux.HandleFunc("GET /api/openapi.json", func(w http.ResponseWriter, _ *http.Request) { send(w, http.StatusOK, described) })
	methods["/openapi.json"] = []string{"GET"}
	for path, m := range methods {
		mux.Handle("/api"+path, notAllowed(m))
	}
	mux.HandleFunc("/api/", func(w http.ResponseWriter, _ *http.Request) { problem.Write(w, problem.JSON, problem.NoAddress) })
	return mux
}

func notAllowed(methods []string) http.Handler {
	slices.Sort(methods)
	allow := strings.Join(slices.Compact(methods), ", ")
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Allow", allow)
		problem.Write(w, problem.JSON, problem.Method)
	})
}

// serve runs an operation. HEAD is not offered: nothing here is for caches.
func (a *api) serve(op *operation) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != op.method {
			notAllowed([]string{op.method}).ServeHTTP(w, r)
			return
		}
		c, err := a.open(r, op)
		if err == nil {
			err = op.reads(r)
		} else if c != nil {
			err = c.refused(err)
		}
		if err != nil {
			refuse(w, err)
			return
		}
		body, given, err := op.read(r)
		if err != nil {
			refuse(w, err)
			return
		}
		a.once(w, c, op, given, func() (any, error) {
			if op.with != nil {
				return op.with(c, body)
			}
			return op.do(c)
		})
	})
}

// open says who asks, and whether they may do this kind of thing at all: with a call and
// an error both, who asks is known and may not.
func (a *api) open(r *http.Request, op *operation) (*call, error) {
	who, err := a.Authenticate(r)
	if err != nil {
		return nil, problem.Token
	}
	now, trusted := a.Now()
	c := &call{api: a, op: op, r: r, caller: who, by: actorOf(who), now: now.UnixMicro()}
	switch {
	case who.Actor != nil:
		return c, problem.PersonAlone
	case (op.person || op.duties != nil) && (who.Program || len(who.Scopes) > 0 && !defect.On(defect.ApplicationActs)):
		return c, problem.PersonAlone // an application's token reads records, and does nothing in its person's name
	case op.duties != nil && !c.on(op.duties()) && !defect.On(defect.DutyUnasked):
		return c, notYours(op.duties()...)
	case (op.proof || op.duties != nil) && bound(who) && !op.tasked && !defect.On(defect.LentPastToken):
		return c, problem.NotForTask
	case op.proof && (!trusted || !lately(who.Proved, now, proofForRights)):
		return c, problem.ProveAgain
	}
	return c, nil
}

// notYours says whose an operation is.
func notYours(duties ...people.Duty) error {
	words := make([]string, len(duties))
	for i, d := range duties {
		words[i] = string(d)
	}
	say := "It is for who holds one of the duties " + strings.Join(words, ", ") + "; who runs people gives them."
	if len(words) == 1 {
		say = "It is for who holds the duty " + words[0] + "; who runs people gives it."
	}
	return problem.NotYours.With(problem.Hint{Wrong: []problem.Wrong{{Code: "duty", Say: say}}})
}

// on reports whether the caller holds one of some duties now.
func (c *call) on(duties []people.Duty) bool {
	return slices.ContainsFunc(duties, func(d people.Duty) bool { return c.People.Holds(c.by.ID, d, c.now) })
}

// refused is inVain of whoever may not do this kind of thing at all. What is no duty's to
// guard and changes nothing is refused to applications and programs as such, and not for
// what they look at.
func (c *call) refused(why error) error {
	switch {
	case c.op.method != http.MethodGet:
		return c.inVain(why)
	case c.op.duties != nil:
		return c.looked(why)
	}
	return why
}

// looked is inVain of what a duty guards and nobody changes.
func (c *call) looked(why error) error {
	if defect.On(defect.LookedUnsaid) {
		return why
	}
	return c.inVain(why)
}

// inVain records that somebody tried what they may not, for which they get why; where that
// cannot be recorded nothing more is said (L2).
func (c *call) inVain(why error) error {
	if c.Tried == nil || defect.On(defect.TriedUnsaid) {
		return why
	}
	if err := c.Tried(c.r.Context(), c.by, c.op.name, problem.From(inWords(why)).Slug()); err != nil {
		return problem.Unavailable
	}
	return why
}

// lately reports whether a moment lies within so long before now, and not ahead of it but
// for the difference of two clocks.
func lately(at, now time.Time, within time.Duration) bool {
	return !at.IsZero() && !now.Before(at.Add(-time.Minute)) && now.Before(at.Add(within))
}

// refuse answers an error.
func refuse(w http.ResponseWriter, err error) {
	problem.Write(w, problem.JSON, err)
}

// send answers JSON. What is sent belongs to whoever asked.
func send(w http.ResponseWriter, status int, body []byte) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if body != nil {
		h.Set("Content-Type", "application/json")
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client went away: there is nobody to tell
}

// answered is an operation's answer as bytes.
func (op *operation) answered(v any) (int, []byte, error) {
	if op.answer == nil {
		return http.StatusNoContent, nil, nil
	}
	body, err := json.Marshal(v)
	if op.status != 0 {
		return op.status, body, err
	}
	return http.StatusOK, body, err
}

// operations are all of them.
func (a *api) operations() []operation {
	return slices.Concat(
		a.lentOperations(), a.inboxOperations(), a.peopleOperations(), a.policyOperations(), a.officeOperations(), a.tokenOperations(), a.recordOperations(), a.seeOperations(), a.systemOperations(),
	)
}
