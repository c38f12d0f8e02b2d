package fhir

import (
	"context"
	"crypto/sha256"
	"io"
	"slices"

	"modicum/catalog"
	"modicum/internal/caller"
	"modicum/internal/defect"
	"modicum/internal/gate"
	"modicum/internal/problem"
)

// maxKey is the longest Idempotency-Key, in bytes.
const maxKey = 255

// birth is a record that is to be made.
type birth struct {
	at      place
	typ     catalog.Type
	doc     document
	text    []byte // as it goes to the upstream
	attempt *attempt
	earlier progress // of an earlier request that was the same
	unless  *query   // criteria of If-None-Exist
	keyed   bool     // the id follows from the client's key, so that it outlives our memory
}

// create answers POST [base]/Type: a record under an id that we give, which tells
// nothing, with what a line of the task lets its maker write, and nothing else.
func (x *exchange) create(at place) error {
	t, ok := x.catalog().Type(at.typ)
	switch {
	case !ok:
		return problem.NotFound
	case x.catalog().DenyByDefault(t):
		return problem.NotBuilt // containers, and what the record of access is made of (FC30, FC40)
	}
	if err := x.spelling(problem.Conditional); err != nil {
		return err
	}
	sent, err := x.resource(maxRecord)
	if err != nil {
		return err
	}
	b := &birth{at: at, typ: t}
	if b.unless, err = x.unless(b); err != nil {
		return err
	}
	key, err := x.mint(b, sent)
	if err != nil {
		return err
	}
	ended := progress(0)
	if b.attempt != nil {
		defer func() { x.door.attempts.end(key, b.attempt, ended) }()
	}
	ended, err = x.make(b, sent)
	return err
}

// freshID makes an id for what is made of a type: by the client's Idempotency-Key, if it
// gave one, and else at random.
func (x *exchange) freshID(typ string, id *string) (given string, err error) {
	keys := x.r.Header.Values("Idempotency-Key")
	if len(keys) > 1 || len(keys) == 1 && (keys[0] == "" || len(keys[0]) > maxKey) {
		return "", problem.Malformed
	}
	fresh := make([]byte, 16)
	if len(keys) == 1 {
		given = keys[0]
		copy(fresh, x.door.sum("id", x.caller.ID, x.caller.Client, x.task, x.purpose, typ, given))
	} else if _, err := io.ReadFull(x.door.cfg.Random, fresh); err != nil {
		return "", problem.Unavailable
	}
	*id = newID(fresh)
	return given, nil
}

// mint gives the record its id: the one that an earlier request of the same create
// had, if there was one.
func (x *exchange) mint(b *birth, sent []byte) (key [32]byte, err error) {
	if x.berth != nil { // its transaction is known again as a whole
		b.at.id, b.keyed = x.berth.id, x.berth.again
		return key, nil
	}
	given, err := x.freshID(b.at.typ, &b.at.id)
	if err != nil {
		return key, err
	}
	b.keyed = given != ""
	if defect.On(defect.WriteRepeated) {
		return key, nil
	}
	sent = append(slices.Clip(sent), x.r.Header.Get("If-None-Exist")...)
	key = x.attemptKey(b.at.typ, given, sent)
	now, _ := x.door.cfg.Now()
	b.attempt, b.earlier, err = x.door.attempts.begin(key, sha256.Sum256(sent), b.at.id, now)
	if err == nil {
		b.at.id = b.attempt.id
	}
	return key, err
}

// make judges the record and makes it. It returns how far it came.
func (x *exchange) make(b *birth, sent []byte) (progress, error) {
	kept := b.earlier // what a refusal now does not change
	pool := x.door.scanners(x.set)
	sc := pool.Get()
	defer pool.Put(sc)
	rec, err := x.draft(sc, b, sent)
	if err != nil {
		return kept, err
	}
	patients := idsOf(rec.Patients)
	limit, err := x.scopes(b.at.typ, caller.ScopeCreate)
	if err != nil {
		return kept, err
	}
	if limit != "" && !names(rec, limit) {
		return kept, problem.Scope
	}
	if err := x.open(&gate.Ask{Caller: x.caller, Task: x.task, Purpose: x.purpose, Type: b.typ, ID: b.at.id, Patients: patients}); err != nil {
		return kept, err
	}
	ctx, cancel := context.WithTimeout(x.r.Context(), x.door.cfg.Budget.Time)
	defer cancel()
	reads, err := x.reading(b.typ, b.at.id, patients)
	if err != nil {
		if !refusedBy(err) {
			return kept, err
		}
		reads = nil // who may write what they do not see gets no answer but that it was done
	}
	j, err := x.permit(ctx, sc, b, rec, reads)
	if err != nil {
		return kept, err
	}
	if exists, done, err := x.exists(ctx, b, reads); done {
		return exists, err
	}
	if b.unless != nil {
		if there, err := x.alreadyThere(ctx, b.unless); there {
			return kept, err
		}
	}
	if err := x.session.CommitWrite(ctx, j); err != nil {
		return kept, commitProblem(err)
	}
	return x.bear(ctx, b, reads)
}
