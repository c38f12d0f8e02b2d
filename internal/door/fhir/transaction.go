package fhir

import (
	"context"
	"crypto/sha256"
	"errors"
	"iter"
	"net/http"
	"slices"
	"strings"

	"modicum/internal/defect"
	"modicum/internal/fhirjson"
	"modicum/internal/problem"
	"modicum/internal/upstream"
)

// transaction answers a Bundle of requests of which all are done, or none (FC39). It
// reads or it writes: what is read after a write could be refused when the write is done.
func (x *exchange) transaction(ctx context.Context, sc *fhirjson.Scanner, body []byte, list []fhirjson.Request) error {
	reads := 0
	for i := range list {
		switch r := &list[i]; {
		case r.Method == http.MethodGet, r.Method == http.MethodHead:
			reads++
		case !writes(r):
			return problem.NotBuilt
		}
	}
	switch reads {
	case len(list):
		return x.readTogether(ctx, list)
	case 0:
		return x.writeTogether(ctx, sc, body, list)
	}
	return problem.Mixed
}

// writes reports whether an entry makes a record, or changes one.
func writes(r *fhirjson.Request) bool {
	switch r.Method {
	case http.MethodPost:
		return upstream.IsType(r.URL)
	case http.MethodPut, http.MethodPatch:
		typ, id, ok := strings.Cut(r.URL, "/")
		return ok && upstream.IsType(typ) && upstream.IsID(id)
	}
	return false
}

// readTogether judges the whole: where one entry is refused, the answer is that refusal
// and nothing of the others.
func (x *exchange) readTogether(ctx context.Context, list []fhirjson.Request) error {
	left := int64(maxAnswer)
	for i := range list {
		if p := x.take(ctx, &list[i], &left); p.status >= http.StatusBadRequest && !defect.On(defect.EntriesShown) {
			return x.refuseAll(p.refusal)
		}
	}
	return x.writeBatch("transaction-response")
}

// refuseAll answers a transaction with what refused one of its entries, or all of them.
// What the others would have shown stays here.
func (x *exchange) refuseAll(err error) error {
	for _, p := range x.parts {
		p.status, p.bytes = problem.From(err).Status(), 0
	}
	return err
}

// writeTogether makes and changes records, all or none. The same transaction sent again
// is the same: its records have the ids that they had.
func (x *exchange) writeTogether(ctx context.Context, sc *fhirjson.Scanner, body []byte, list []fhirjson.Request) error {
	var id string
	given, err := x.freshID("Bundle", &id)
	if err != nil {
		return err
	}
	key := x.attemptKey("Bundle", given, body)
	now, _ := x.door.cfg.Now()
	a, was, err := x.door.attempts.begin(key, sha256.Sum256(body), id, now)
	if err != nil {
		return err
	}
	ended := was
	defer func() { x.door.attempts.end(key, a, ended) }()
	for range mostTries {
		var again bool
		if again, ended, err = x.tryTogether(ctx, sc, list, a.id, was, given != ""); !again {
			break
		}
		x.forget()
	}
	if err != nil {
		return err
	}
	return x.writeBatch("transaction-response")
}

// tryTogether does the whole on the records as they are now. again: one of them changed
// meanwhile, which may be in what is hidden alone, and then tells nothing.
func (x *exchange) tryTogether(ctx context.Context, sc *fhirjson.Scanner, list []fhirjson.Request, id string, was progress, keyed bool) (again bool, ended progress, err error) {
	t := &together{x: x, left: maxAnswer}
	defer t.stop()
	if err := t.prepare(ctx, sc, list, id, was != 0 || keyed); err != nil {
		return false, was, err
	}
	return t.commit(ctx, was)
}

// forget ends the parts of a try that came to nothing.
func (x *exchange) forget() {
	for _, p := range x.parts {
		p.end(true)
	}
	x.parts = nil
}

// together runs the parts of a transaction that writes side by side: one at a time, each
// up to where it writes.
type together struct {
	x    *exchange
	left int64
	runs []run
}

// run is a part, what it would write, and how it goes on.
type run struct {
	*part
	change *upstream.Change // nil: it has its answer
	next   func() (*upstream.Change, bool)
	stop   func()
}

// prepare judges the whole before any of it is sent.
func (t *together) prepare(ctx context.Context, sc *fhirjson.Scanner, list []fhirjson.Request, id string, again bool) error {
	ids, made, urls, err := t.ids(list, id)
	if err != nil {
		return err
	}
	link := func(full string) string { return urls[full] }
	for i := range list {
		r := list[i]
		if r.Resource != nil {
			r.Resource = sc.Relinked(nil, &list[i], link)
		}
		p := t.x.newPart(ctx, &r, &t.left)
		p.berth = &berth{id: ids[i], again: again, made: made}
		next, stop := iter.Pull(func(yield func(*upstream.Change) bool) {
			p.berth.yield = yield
			p.run()
		})
		change, waits := next()
		t.runs = append(t.runs, run{p, change, next, stop})
		if t.x.join(p); !waits && p.status >= http.StatusBadRequest && !defect.On(defect.PartsWritten) {
			return t.x.refuseAll(p.refusal)
		}
	}
	return nil
}

// ids gives each record that is made its id, and says what the addresses of entries
// stand for. A condition is no part of a transaction: what it would find, the rest could
// not refer to.
func (t *together) ids(list []fhirjson.Request, id string) (ids []string, made map[string]bool, urls map[string]string, err error) {
	ids, made, urls = make([]string, len(list)), make(map[string]bool), make(map[string]string)
	for i := range list {
		r := &list[i]
		ref := r.URL
		if _, is := r.Conditions["If-None-Exist"]; is {
			return nil, nil, nil, problem.Conditional
		}
		if r.Method == http.MethodPost {
			ids[i] = t.x.door.idOf(id, i)
			ref += "/" + ids[i]
			made[ref] = true
		}
		if !strings.HasPrefix(r.FullURL, "urn:") {
			continue // the address of a record that is there already stands for itself
		}
		if urls[r.FullURL] != "" {
			return nil, nil, nil, problem.Malformed
		}
		urls[r.FullURL] = ref
	}
	return ids, made, urls, nil
}

// commit writes what all parts wait to write, as one, and lets each of them answer. It
// returns how far the transaction came, and whether it is worth another try.
func (t *together) commit(ctx context.Context, was progress) (again bool, ended progress, err error) {
	var changes []upstream.Change
	for i := range t.runs {
		if c := t.runs[i].change; c != nil {
			changes = append(changes, *c)
		}
	}
	switch {
	case len(changes) == 0:
		return false, made, nil // all of it was done before, or nothing of it changes anything
	case was == made && slices.ContainsFunc(changes, func(c upstream.Change) bool { return c.Version == "" }):
		return false, was, t.x.refuseAll(problem.NotFound) // it was done, and a part of it deleted since
	case twice(changes):
		return false, was, t.x.refuseAll(problem.Malformed)
	}
	// A client that goes away does not break off what was begun.
	written, err := t.x.door.cfg.Upstream.Transact(context.WithoutCancel(ctx), changes)
	t.resume(written, err)
	switch {
	case err == nil:
		return false, made, nil
	case errors.Is(err, upstream.ErrUnknown):
		return false, lost, t.x.refuseAll(errors.Join(problem.WriteUnknown, err))
	case errors.Is(err, upstream.ErrConflict):
		return true, 0, t.x.refuseAll(problem.Changed)
	case errors.Is(err, upstream.ErrRefused), errors.Is(err, upstream.ErrNotFound):
		return false, 0, t.x.refuseAll(problem.NotTaken)
	}
	return false, 0, t.x.refuseAll(t.x.problemOf(err))
}

// twice reports whether two changes are of one record.
func twice(changes []upstream.Change) bool {
	seen := make(map[string]bool)
	return slices.ContainsFunc(changes, func(c upstream.Change) bool {
		ref := c.Type + "/" + c.ID
		again := seen[ref]
		seen[ref] = true
		return again
	})
}

// resume lets each part go on with what became of its write.
func (t *together) resume(written []*upstream.Written, err error) {
	n := 0
	for i := range t.runs {
		r := &t.runs[i]
		if r.change == nil {
			continue
		}
		if r.berth.err = err; err == nil {
			r.berth.written = written[n]
		}
		n++
		r.next()
		r.stop()
		t.x.join(r.part)
	}
}

// stop ends the parts that still wait: what they would write is not written.
func (t *together) stop() {
	for i := range t.runs {
		t.runs[i].stop()
	}
}
