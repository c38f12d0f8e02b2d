package console_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"modicum/internal/book"
	"modicum/internal/tokens"
	"modicum/policy"
)

func givesTokens(t testing.TB, desk *book.Desk, of tokens.Directory, set func() *policy.Set, clock func() (time.Time, bool)) *tokens.Service {
	t.Helper()
	s, err := tokens.Open(t.Context(), tokens.Config{Desk: desk, People: of, Policy: set, Now: clock, Public: &url.URL{Scheme: "https", Host: "modicum.hospital.example"}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// issues gives somebody a token of the command line.
func issues(t testing.TB, s *tokens.Service, person, task string) string {
	t.Helper()
	_, given, err := s.Issue(t.Context(), tokens.Want{Person: person, Task: task, For: 4 * time.Hour, Client: tokens.CLI, Agent: "workstation 12", Network: "192.0.2.17"})
	if err != nil {
		t.Fatal(err)
	}
	return given.ID
}

func live(s *tokens.Service, person string) (ids []string) {
	for _, t := range s.Tokens(person) {
		ids = append(ids, t.ID)
	}
	return ids
}

// TestG3_ATokenIsEndedByItsOwnPersonAlone: on their own page; somebody else who guesses its
// id finds nothing there, and ends nothing.
func TestG3_ATokenIsEndedByItsOwnPersonAlone(t *testing.T) {
	h := newHospital(t)
	first, second, third := issues(t, h.given, "nina", "nurse/give-care"), issues(t, h.given, "nina", ""), issues(t, h.given, "nina", "")
	if status, page := h.as("bob").get(t, "/settings/tokens"); status != 200 || strings.Contains(page, first) {
		t.Errorf("bob sees tokens of nina: %d", status)
	}
	guessed, page := h.post(t, "/settings/tokens", "do", "end-token", "item", first)
	none, empty := h.post(t, "/settings/tokens", "do", "end-token", "item", "0198f000-0000-7000-8000-000000000000")
	if guessed != 404 || none != 404 || page != empty || len(live(h.given, "nina")) != 3 {
		t.Errorf("a guessed id: %d, %d, nina has %d", guessed, none, len(live(h.given, "nina")))
	}
	if status, _ := h.post(t, "/settings/tokens", "do", "all"); status != 303 || len(live(h.given, "nina")) != 3 {
		t.Errorf("all of bob's: %d, nina has %d", status, len(live(h.given, "nina")))
	}
	status, page := h.as("nina").get(t, "/settings/tokens")
	for _, want := range []string{"for the command line, workstation 12, 192.0.2.17", "not used since", "No records: requests and notices", "End all of them", first, second} {
		if status != 200 || !strings.Contains(page, want) {
			t.Errorf("%d: the page does not say %q", status, want)
		}
	}
	if status, _ := h.post(t, "/settings/tokens", "do", "end-token", "item", first); status != 303 || slices.Contains(live(h.given, "nina"), first) || len(live(h.given, "nina")) != 2 {
		t.Errorf("ending one: %d, left are %v", status, live(h.given, "nina"))
	}
	if status, _ := h.post(t, "/settings/tokens", "do", "end-token", "item", first); status != 404 {
		t.Errorf("ending it again: %d", status)
	}
	if status, _ := h.post(t, "/settings/tokens", "do", "all"); status != 303 || len(live(h.given, "nina")) != 0 {
		t.Errorf("ending all, %s among them: %d", third, status)
	}
	if _, page := h.get(t, "/settings/tokens"); !strings.Contains(page, "None. The command line asks") {
		t.Error("the empty page does not say so")
	}
}

// TestG3_WhoRunsPeopleEndsTheTokensOfAPerson: on that person's page, theirs alone.
func TestG3_WhoRunsPeopleEndsTheTokensOfAPerson(t *testing.T) {
	b := newBureau(t)
	cleo, ben := issues(t, b.given, "cleo", ""), issues(t, b.given, "ben", "")
	if _, page := b.as("ann").get(t, "/people/cleo"); !strings.Contains(page, cleo) || strings.Contains(page, ben) {
		t.Error("the page of cleo does not list hers, or lists those of ben")
	}
	if status, _ := b.post(t, "/people/cleo", "do", "end-token", "item", ben); status != 404 || len(live(b.given, "ben")) != 1 {
		t.Errorf("a token of somebody else on this page: %d", status)
	}
	if status, _ := b.post(t, "/people/cleo", "do", "end-token", "item", cleo); status != 303 || len(live(b.given, "cleo")) != 0 {
		t.Errorf("ending it: %d", status)
	}
}
