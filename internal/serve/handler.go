package serve

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"modicum/internal/caller"
	"modicum/internal/defect"
	"modicum/internal/facts"
	"modicum/internal/gate"
	"modicum/internal/problem"
	"modicum/internal/signin"
	"modicum/internal/store"
	"modicum/ledger"
)

// Handler answers everything under the one address: FHIR door, record, facts,
// console. What is not listed is not there.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	base := s.opts.Config.FHIR.Base
	mux.Handle("GET /ledger/", s.meter.count("ledger", http.HandlerFunc(s.serveRecord)))
	mux.Handle("POST /api/facts", s.meter.count("facts", http.HandlerFunc(s.postFacts)))
	mux.Handle("/api/", s.meter.count("api", s.org.api))
	mux.Handle("/oauth/", s.meter.count("oauth", s.org.tokens.Handler()))
	mux.Handle("/.well-known/oauth-authorization-server", s.org.tokens.Handler())
	if s.org.scim != nil {
		mux.Handle("/scim/v2/", s.meter.count("scim", s.org.scim))
	}
	if s.browser.oidc != nil {
		mux.Handle(signin.LogoutPath, s.browser.oidc.BackChannel())
	}
	for _, file := range s.opts.FrontFiles {
		mux.Handle("GET "+file, s.opts.Front)
	}
	mux.Handle("/", s.browser.pages)
	door := s.meter.count("fhir", s.door)
	if defect.On(defect.PathMended) {
		mux.Handle(base+"/", door)
		return mux
	}
	return except(base, door, mux)
}

// except hands what lies below base to the door as it came. The mux would clean the
// path of a request and redirect to what it made of it, and a path outside the door's
// grammar is refused, not mended (FC48).
func except(base string, door, mux http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.EscapedPath()
		if rest, below := strings.CutPrefix(path, base); below && (rest == "" || rest[0] == '/') {
			door.ServeHTTP(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// postFacts takes facts from a program (interfaces 4). The answer to a refused
// body lists lines and keys, never values.
func (s *Server) postFacts(w http.ResponseWriter, r *http.Request) {
	c, err := s.org.tokens.Authenticate(r)
	if err != nil {
		problem.Write(w, problem.JSON, problem.Token)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, facts.MaxBody))
	if err != nil {
		problem.Write(w, problem.JSON, problem.TooLarge)
		return
	}
	act, problems, err := s.facts.State(c.Subject, c.Program, body, func(a facts.Act) error {
		return s.recordFacts(r.Context(), c, a)
	})
	if err != nil {
		s.refuseFacts(w, problems, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	json.NewEncoder(w).Encode(map[string]any{"sources": act.Sources, "facts": act.Facts, "whole": act.Whole})
}

func (s *Server) recordFacts(ctx context.Context, c *caller.Caller, a facts.Act) error {
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	now, _ := s.opts.Now()
	kept := make([]store.Posted, len(a.Kept))
	for i, k := range a.Kept {
		kept[i] = store.Posted{Source: k.Source, Whole: k.Whole, At: k.At.UnixMicro()}
		for _, l := range k.Lines {
			kept[i].Lines = append(kept[i].Lines, store.PostedLine(l))
		}
	}
	// A program that goes away does not break it off: the facts would be kept and not be in
	// force until the next start. The store bounds the wait.
	_, err = s.store.Append(context.WithoutCancel(ctx), &ledger.Act{
		Act: ledger.ActFactsLoaded, At: now.UnixMicro(), ID: id.String(), Who: c.ID, What: a.Sources,
	}, func(tx ledger.Tx) error { return store.KeepPosted(context.Background(), tx, kept) })
	if err != nil {
		return errors.Join(problem.Unavailable, err)
	}
	return nil
}

func (s *Server) refuseFacts(w http.ResponseWriter, problems facts.Problems, err error) {
	p := problem.From(err)
	if len(problems) == 0 {
		problem.Write(w, problem.JSON, p)
		return
	}
	lines := make([]string, len(problems))
	for i, line := range problems {
		lines[i] = line.Error()
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status())
	json.NewEncoder(w).Encode(map[string]any{"type": p.Slug(), "status": p.Status(), "title": p.Error(), "problems": lines})
}

// registered is the caller as its application is registered: where scopes are required,
// a token without any reads no record either.
func (s *Server) registered(c *caller.Caller) *caller.Caller {
	for _, client := range s.opts.Config.Clients {
		if client.ID == c.Client && client.ScopesRequired {
			return c.Required()
		}
	}
	return c
}

// readers remembers for a minute who reads the record, so that a verifier that
// fetches a thousand tiles is one entry and not a thousand.
type readers struct {
	mu    sync.Mutex
	until map[string]time.Time
}

func (l *readers) open(person string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return now.Before(l.until[person])
}

func (l *readers) admit(person string, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.until == nil || len(l.until) > 10_000 {
		l.until = make(map[string]time.Time)
	}
	l.until[person] = now.Add(time.Minute)
}

// serveRecord gives the record's files to callers whose task sees security.audit
// (interfaces 5). Reading is a decision like any other and is recorded first.
func (s *Server) serveRecord(w http.ResponseWriter, r *http.Request) {
	c, err := s.org.tokens.Authenticate(r)
	if err != nil {
		problem.Write(w, problem.JSON, problem.Token)
		return
	}
	stated, err := caller.ReadHeaders(r.Header)
	if err != nil {
		problem.Write(w, problem.JSON, problem.From(err))
		return
	}
	c = s.registered(c)
	now, _ := s.opts.Now()
	// Whatever the gate decides by is in it: another token of the person is asked about anew.
	reader := fmt.Sprintf("%q", []string{c.ID, c.Issuer, c.Client, c.Task, stated.Task, stated.Purpose, fmt.Sprint(c.Roles, c.Scopes)})
	if c.Actor != nil || !s.log.open(reader, now) {
		if err := s.admitReader(r.Context(), w, c, &stated); err != nil {
			problem.Write(w, problem.JSON, problem.From(err))
			return
		}
		s.log.admit(reader, now)
	}
	http.StripPrefix("/ledger", s.store.Handler()).ServeHTTP(w, r)
}

func (s *Server) admitReader(ctx context.Context, w http.ResponseWriter, c *caller.Caller, stated *caller.Stated) error {
	audit, _ := s.set().Catalog().Type("AuditEvent")
	session, err := s.reads.Open(ctx, &gate.Ask{Caller: c, Task: stated.Task, Purpose: stated.Purpose, Type: audit, ID: "ledger"})
	if err != nil {
		var refused *gate.Refusal
		if errors.As(err, &refused) && refused.ID != "" {
			w.Header().Set("Modicum-Decision", refused.ID)
		}
		if errors.Is(err, problem.Parameter) {
			return problem.NotForTask // it asked for no parameter: the whole record is what it may not read
		}
		return err
	}
	w.Header().Set("Modicum-Decision", session.ID())
	err = session.Commit(ctx, nil)
	session.Close(ctx, gate.Outcome{Status: http.StatusOK, Completed: err == nil})
	if err != nil {
		s.diary.LogAttrs(ctx, slog.LevelError, "reading the record was not recorded", slog.String("decision", session.ID()))
		return problem.Unavailable
	}
	return nil
}
