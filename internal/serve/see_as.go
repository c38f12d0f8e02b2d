package serve

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"modicum/internal/caller"
	"modicum/internal/defect"
	"modicum/internal/door/fhir"
	"modicum/internal/preview"
	"modicum/internal/sandbox"
	"modicum/ledger"
)

// openDesk opens where the privacy officer and those who write policy see records as a
// task would show them.
func (s *Server) openDesk(refs *ledger.Refs) (*preview.Desk, error) {
	return preview.NewDesk(preview.DeskConfig{Policy: s.set, Log: s.record(), Refs: refs, Now: s.opts.Now, Random: rand.Reader, Samples: s.samples(), Own: s.ownView})
}

// samples are the made-up patients of the sandbox that have something to tell. Their
// records are made when somebody looks.
func (s *Server) samples() (out []preview.Sample) {
	for _, p := range sandbox.Patients()[:9] {
		out = append(out, preview.Sample{ID: p.ID, Name: p.Name, Note: p.Note, Records: func() []byte {
			now, _ := s.opts.Now()
			return sandbox.Chart(p.ID, now)
		}})
	}
	return out
}

// inside is a caller whom this process speaks for at its own door. The key is of this
// package alone, so no request from outside has one.
type inside struct{}

// atDoor is who asks at the door: a person of the console for whom this process asks, or
// whoever a token names.
type atDoor struct{ tokens fhir.Authenticator }

// Authenticate implements fhir.Authenticator.
func (a atDoor) Authenticate(r *http.Request) (*caller.Caller, error) {
	if c, ok := r.Context().Value(inside{}).(*caller.Caller); ok {
		return c, nil
	}
	return a.tokens.Authenticate(r)
}

// ownWithin is how long a request may take that is made for a page.
const ownWithin = 20 * time.Second

// ownView asks the door for a patient's chart as the looker, for one of their own tasks:
// one more request of theirs, decided and recorded like any other, which shows what they
// would see. Whatever it does not show looks alike.
func (s *Server) ownView(ctx context.Context, by preview.Asker, task, patient string) ([]byte, error) {
	if defect.On(defect.SeeAsUpstream) {
		body, _, err := s.up.Read(ctx, "Patient", patient)
		return body, err
	}
	ctx, cancel := context.WithTimeout(ctx, ownWithin)
	defer cancel()
	own := s.asCaller(by, task)
	to := &url.URL{Path: s.opts.Config.FHIR.Base + "/Patient/" + patient + "/$everything", RawQuery: "_count=200"}
	r, err := http.NewRequestWithContext(context.WithValue(ctx, inside{}, own), http.MethodGet, to.String(), nil)
	if err != nil {
		return nil, err
	}
	r.Host = s.public().Host
	r.Header.Set("Modicum-Task", task)
	return shown(s.door, r)
}

// asCaller is the looker as one who asks at the door: with what page or token knew of them that
// they hold still. What ends after this is asked ends the answer (G3).
func (s *Server) asCaller(by preview.Asker, task string) *caller.Caller {
	asOf := s.ends.Turn()
	now, _ := s.opts.Now()
	until, expires, away := time.Time{}, now.Add(ownWithin), int64(0)
	if !by.Until.IsZero() && by.Until.Before(expires) && !defect.On(defect.SeenPastToken) {
		expires = by.Until
	}
	if known := s.org.people.Person(by.ID); known != nil && !defect.On(defect.SeeAsOfBefore) {
		held := s.org.people.Roles(by.ID, now.UnixMicro())
		by.Roles = slices.DeleteFunc(slices.Clone(by.Roles), func(role string) bool { return !slices.Contains(held, role) })
		by.Dept, by.Facility, by.Practitioners, away = known.Department, known.Facility, known.Practitioners, known.Ended
		if first := s.org.people.RolesUntil(by.ID, now.UnixMicro()); first != 0 {
			until = time.UnixMicro(first)
		}
	}
	return &caller.Caller{
		ID: by.ID, Subject: by.ID, Roles: by.Roles, Dept: by.Dept, Facility: by.Facility, Practitioners: by.Practitioners, Task: task, Until: until, Away: away,
		Client: by.Client, AMR: by.How, Network: by.Network, PurposeOfUse: by.Purposes, Tokens: by.Tokens, Issuer: s.public().String(), Issued: now, Expires: expires, AsOf: asOf,
	}
}

// shown is what the door answers to a request of ours.
func shown(door http.Handler, r *http.Request) ([]byte, error) {
	w := &answered{header: http.Header{}}
	whole := answer(door, w, r)
	switch {
	case w.tooLong:
		return nil, preview.ErrTooMany
	case !whole:
		return nil, preview.ErrUnavailable
	case w.status == http.StatusOK:
		return chart(w.body.Bytes())
	case w.status == http.StatusForbidden, w.status == http.StatusNotFound, w.status == http.StatusGone:
		return nil, preview.ErrOwn
	}
	return nil, fmt.Errorf("the door answers %d: %w", w.status, preview.ErrUnavailable)
}

// answer asks a door, and reports whether its answer is whole: a door breaks the connection
// of an answer that it cannot end, and here there is a page to be answered still.
func answer(door http.Handler, w http.ResponseWriter, r *http.Request) (whole bool) {
	defer func() {
		if p := recover(); p != nil && p != http.ErrAbortHandler {
			panic(p)
		}
	}()
	door.ServeHTTP(w, r)
	return true
}

// chart is a chart that shows something.
func chart(bundle []byte) ([]byte, error) {
	var b struct {
		Entry []json.RawMessage `json:"entry"`
	}
	if err := json.Unmarshal(bundle, &b); err != nil {
		return nil, preview.ErrUnavailable
	}
	if len(b.Entry) == 0 {
		return nil, preview.ErrOwn
	}
	return bundle, nil
}

// answered is an answer within this process.
type answered struct {
	header  http.Header
	status  int
	body    bytes.Buffer
	tooLong bool
}

// Header implements http.ResponseWriter.
func (a *answered) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter. What is only informational is passed over.
func (a *answered) WriteHeader(status int) {
	if a.status == 0 && status >= http.StatusOK {
		a.status = status
	}
}

// Write implements io.Writer.
func (a *answered) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	if a.body.Len()+len(b) > preview.MostBytes {
		a.tooLong = true
		return 0, errTooLong
	}
	return a.body.Write(b)
}

var errTooLong = errors.New("the answer is longer than one look shows")
