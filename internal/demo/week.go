package demo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"modicum/internal/sandbox"
	"modicum/ledger"
)

// Who the week is about beside those who work in it.
const (
	joiner = "amara"
	mover  = "lucia"
	torn   = "paul" // gets a second role that may not be held beside the first
)

// founded and began are how long before now the organization was founded, and the week
// begins.
const (
	founded = 100 * day
	began   = 7 * day
)

// scene is something that happens at one moment.
type scene struct {
	at time.Time
	do func(context.Context) error
}

// week is the life of the hospital up to now, lived through people, lent access and door
// with a clock that runs from a week ago: what is on record of it was decided as every
// other thing is.
type week struct {
	*demo
	now     time.Time // at which it ends
	door    http.Handler
	scenes  []scene
	fed     time.Time         // when the feeds last said something
	tokens  map[string]string // of the day, by person
	tokened time.Time
	asked   map[string]string // ids of requests, by the name that the script gives them
	grants  map[string]string // ids of grants, likewise
}

// live founds the organization and lives the week.
func (d *demo) live(ctx context.Context, now time.Time) error {
	w := &week{demo: d, now: now, door: d.server.Handler(), asked: map[string]string{}, grants: map[string]string{}}
	d.clock.set(now.Add(-founded))
	if err := d.note(ctx, "demo-began", "times up to "+now.UTC().Format(time.RFC3339)+" are made up"); err != nil {
		return err
	}
	if err := d.found(ctx); err != nil {
		return fmt.Errorf("found the hospital: %w", err)
	}
	w.plan()
	slices.SortStableFunc(w.scenes, func(a, b scene) int { return a.at.Compare(b.at) })
	for i := range w.scenes {
		if err := w.play(ctx, &w.scenes[i]); err != nil {
			return fmt.Errorf("%s: %w", w.scenes[i].at.Format("Mon 15:04"), err)
		}
	}
	d.clock.set(now)
	if err := d.server.Lent().Sweep(ctx); err != nil {
		return err
	}
	if err := errors.Join(d.server.People().Note(ctx), d.note(ctx, "demo-arrived")); err != nil {
		return err
	}
	d.signers = nil
	d.clock.arrive()
	return nil
}

// note writes into the record what the demo itself did: that times are made up.
func (d *demo) note(ctx context.Context, act string, what ...string) error {
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	_, err = d.server.Store().Append(ctx, &ledger.Act{Act: act, At: d.micros(), ID: id.String(), Who: "modicum", What: what}, nil)
	return err
}

// play moves the clock, lets what time has ended end, and does what happens then.
func (w *week) play(ctx context.Context, s *scene) error {
	w.clock.set(s.at)
	if err := w.feeds(ctx, s.at); err != nil {
		return err
	}
	err := s.do(ctx)
	w.server.Gate().Wait() // what became of an answer is on record before the clock moves on
	return err
}

// feeds say what is true at a moment, as often as the hospital's would: at least every
// ten minutes while somebody looks.
func (w *week) feeds(ctx context.Context, at time.Time) error {
	if at.Sub(w.fed) < 10*time.Minute {
		return nil
	}
	last := w.fed
	w.fed = at
	dir := filepath.Join(w.Dir, "facts")
	if err := sandbox.WriteFactsAt(dir, sandbox.Moment{Now: at, Since: last, OnShift: w.onShift(at), Admitted: w.admitted(at)}); err != nil {
		return err
	}
	if ps := w.server.Facts().ReadFiles([]string{filepath.Join(dir, "*.ndjson")}, true); len(ps) > 0 {
		return ps
	}
	return w.server.Lent().Sweep(ctx)
}

// zone is the hospital's: its shifts begin at seven there.
func (w *week) zone() *time.Location { return w.server.Generation().Set.Zone() }

// nights work from the evening to the morning; everybody else who has a shift by day.
var nights = map[string]bool{"joan": true, "amara": true}

// called may come at any hour.
var called = map[string]bool{"alice": true, "dan": true, "ravi": true, "miriam": true, "ivan": true, "omar": true}

func (w *week) onShift(at time.Time) func(string) bool {
	hour := at.In(w.zone()).Hour()
	byDay, byNight := hour >= 7 && hour < 19, hour >= 19 || hour < 7
	return func(person string) bool {
		switch {
		case called[person]:
			return true
		case nights[person]:
			return byNight
		}
		return byDay
	}
}

// admitted: the last eight patients came one by one during the week.
func (w *week) admitted(at time.Time) func(string) bool {
	return func(patient string) bool {
		n := 0
		fmt.Sscanf(patient, "p%d", &n)
		return n <= 12 || patient == drill || !at.Before(w.now.Add(-began+time.Duration(n-12)*17*time.Hour))
	}
}

// bearer is somebody's token of the day.
func (w *week) bearer(person string) (string, error) {
	at, _ := w.clock.now()
	if at.Sub(w.tokened) > 8*time.Hour {
		w.tokens, w.tokened = map[string]string{}, at
		if err := w.server.Verifier().Refresh(context.Background()); err != nil {
			return "", err
		}
	}
	if t := w.tokens[person]; t != "" {
		return t, nil
	}
	p := w.person(person)
	if p == nil {
		return "", errors.New("nobody of the hospital: " + person)
	}
	t, err := w.issuer.Token(p.Person, w.place, at)
	w.tokens[person] = t
	return t, err
}

// request is one that somebody makes at the door.
type request struct{ who, task, path, purpose string }

// doorAll asks side by side, as wards do.
func (w *week) doorAll(ctx context.Context, all []request) error {
	errs := make([]error, len(all))
	var asking sync.WaitGroup
	for i, q := range all {
		token, err := w.bearer(q.who)
		if err != nil {
			errs[i] = err
			continue // those that were begun are waited for
		}
		asking.Go(func() { errs[i] = w.send(ctx, token, q) })
	}
	asking.Wait()
	return errors.Join(errs...)
}

// send sends one request through the door; only that it was answered matters here.
func (w *week) send(ctx context.Context, token string, q request) error {
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1/fhir/"+q.path, nil)
	r.RemoteAddr = "127.0.0.1:4000"
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Modicum-Task", q.task)
	if q.purpose != "" {
		r.Header.Set("Modicum-Purpose", q.purpose)
	}
	answer := httptest.NewRecorder()
	w.door.ServeHTTP(answer, r)
	if answer.Code >= http.StatusInternalServerError || answer.Code == http.StatusUnauthorized {
		return fmt.Errorf("%s asks for %s: %d %s", q.who, q.path, answer.Code, answer.Body)
	}
	return nil
}
