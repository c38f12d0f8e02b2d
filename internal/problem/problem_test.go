package problem_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"modicum/internal/problem"
)

func TestS6_NoTextOfOtherErrorsReachesAClient(t *testing.T) {
	secret := "PGRES: duplicate key (ssn)=(078-05-1120)"
	for _, tt := range []struct {
		name string
		err  error
		want problem.Problem
	}{
		{"unknown", errors.New(secret), problem.Internal},
		{"nil problem", problem.Problem{}, problem.Internal},
		{"wrapped", fmt.Errorf("%s: %w", secret, problem.NotFound), problem.NotFound},
		{"joined", errors.Join(errors.New(secret), problem.Upstream), problem.Upstream},
		{"too long a body", fmt.Errorf("%s: %w", secret, &http.MaxBytesError{Limit: 1}), problem.TooLarge},
		{"deadline", fmt.Errorf("%s: %w", secret, context.DeadlineExceeded), problem.Unavailable},
	} {
		for _, d := range []problem.Dialect{problem.JSON, problem.FHIR} {
			t.Run(tt.name, func(t *testing.T) {
				w := httptest.NewRecorder()
				problem.Write(w, d, tt.err)
				if w.Code != tt.want.Status() || !strings.Contains(w.Body.String(), tt.want.Error()) {
					t.Errorf("got %d %s", w.Code, w.Body)
				}
				for _, v := range append([]string{w.Body.String()}, flat(w.Header())...) {
					if strings.Contains(v, "ssn") || strings.Contains(v, "078") {
						t.Errorf("leaked: %s", v)
					}
				}
			})
		}
	}
}

// TestWhoMayAskAgainIsToldWhen: seconds, where time alone mends it (RFC 9110 section 10.2.3).
// A limit of a task is counted over hours or days.
func TestWhoMayAskAgainIsToldWhen(t *testing.T) {
	for _, p := range problem.All() {
		w := httptest.NewRecorder()
		problem.Write(w, problem.FHIR, p)
		want := ""
		if p.Is(problem.Busy) || p.Is(problem.Unavailable) {
			want = "5"
		}
		if got := w.Header().Get("Retry-After"); got != want {
			t.Errorf("%s: Retry-After %q, want %q", p.Slug(), got, want)
		}
	}
}

func flat(h http.Header) []string {
	var out []string
	for k, v := range h {
		out = append(out, k+": "+strings.Join(v, ","))
	}
	return out
}

func TestN4_AbsenceTakesNoHint(t *testing.T) {
	h := problem.Hint{Tasks: []problem.Task{{Name: "nurse/give-care"}}, Say: "x", Ask: true}
	for _, p := range problem.All() {
		plain, _ := p.Body(problem.FHIR)
		hinted, _ := p.With(h).Body(problem.FHIR)
		mayHint := p.Status() != 401 && p.Status() != 404 && p.Status() < 500
		if same := string(plain) == string(hinted); same == mayHint {
			t.Errorf("%s: same %v, may hint %v", p.Slug(), same, mayHint)
		}
	}
}

func TestHintsHoldNamesOfThePolicyOnly(t *testing.T) {
	p := problem.TaskUnstated.With(problem.Hint{Tasks: []problem.Task{{Name: "nurse/give-care", Title: "Care"}, {Name: "<script>"}, {Name: "a/b/c"}}})
	for _, d := range []problem.Dialect{problem.JSON, problem.FHIR} {
		b, _ := p.Body(d)
		if !strings.Contains(string(b), "nurse/give-care") || strings.Contains(string(b), "script") || strings.Contains(string(b), "a/b/c") {
			t.Errorf("got %s", b)
		}
	}
}

func TestProblemsAreWellFormedAndDistinct(t *testing.T) {
	slugs := map[string]bool{}
	for _, p := range problem.All() {
		if slugs[p.Slug()] {
			t.Errorf("%s is there twice", p.Slug())
		}
		slugs[p.Slug()] = true
		var outcome struct {
			ResourceType string
			Issue        []struct{ Severity, Code string }
		}
		b, media := p.Body(problem.FHIR)
		if err := json.Unmarshal(b, &outcome); err != nil || outcome.ResourceType != "OperationOutcome" || len(outcome.Issue) != 1 || outcome.Issue[0].Code == "" || !strings.HasPrefix(media, "application/fhir+json") {
			t.Errorf("%s: %s %v", p.Slug(), b, err)
		}
		if !errors.Is(p.With(problem.Hint{Say: "x"}), p) {
			t.Errorf("%s with a hint is another problem", p.Slug())
		}
	}
	w := httptest.NewRecorder()
	problem.Write(w, problem.FHIR, problem.Token)
	if w.Header().Get("WWW-Authenticate") == "" {
		t.Error("401 without WWW-Authenticate")
	}
}
