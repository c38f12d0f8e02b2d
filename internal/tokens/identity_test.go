package tokens_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"modicum/internal/caller"
	"modicum/internal/people"
	"modicum/internal/tokens"
)

// TestT8_ATokenIsOfTheIdentityThatWasGiven: at every door another subject of the same name
// is refused, as a person and as who acts for one; and it acts as whom it is.
func TestT8_ATokenIsOfTheIdentityThatWasGiven(t *testing.T) {
	h := newHouse(t)
	const issuer = "https://id.example"
	h.issuer.known = map[string]*caller.Caller{
		"hers": {ID: "alice", Subject: "f81d", Issuer: issuer}, "another": {ID: "alice", Subject: "0000", Issuer: issuer},
		"for": {ID: "bob", Subject: "b", Issuer: issuer, Actor: &caller.Delegation{ID: "alice", Roles: []string{"nurse"}}},
	}
	h.ours = map[string]bool{"alice": true}
	h.word = func(id, _, subject string) people.Word {
		switch {
		case id != "alice":
			return people.Unsaid
		case subject == "f81d":
			return people.Theirs
		}
		return people.Others
	}
	for token, want := range map[string]bool{"hers": true, "another": false, "for": false} {
		if _, err := h.ask(token); (err == nil) != want {
			t.Errorf("%s at a door: %v", token, err)
		}
		r := httptest.NewRequest(http.MethodGet, "/api/me", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		if _, err := h.AuthenticateActor(r); (err == nil) != want {
			t.Errorf("%s at /api/: %v", token, err)
		}
	}
}

// TestT8_ATokenGoesNoFurtherThanTheIdentityOfItsSession: not at a door, and not at /api/;
// that its session is idle ends it not.
func TestT8_ATokenGoesNoFurtherThanTheIdentityOfItsSession(t *testing.T) {
	h := newHouse(t)
	token, other := h.issue(tokens.Want{Person: "alice", Session: "s1"}), h.issue(tokens.Want{Person: "alice", Session: "s2"})
	h.ended["s1"], h.ended["s2"] = true, true // idle
	if _, err := h.ask(token); err != nil {
		t.Fatal(err)
	}
	h.parted = map[string]bool{"s1": true}
	h.refused(token, caller.Revoked)
	if _, err := h.ask(other); err != nil {
		t.Errorf("that of another session: %v", err)
	}
}

// TestT8_AnIssuersTokenDoesNotActAsSomebodyWhoIsKeptHere, nor for them; a token of ours
// does, and records are the issuer's to ask for.
func TestT8_AnIssuersTokenDoesNotActAsSomebodyWhoIsKeptHere(t *testing.T) {
	h := newHouse(t)
	h.issuer.known = map[string]*caller.Caller{
		"theirs": {ID: "alice", Issuer: "https://id.example"}, "for": {ID: "bob", Issuer: "https://id.example", Actor: &caller.Delegation{ID: "alice", Roles: []string{"nurse"}}},
	}
	acts := func(token string) (*caller.Caller, error) {
		r := httptest.NewRequest(http.MethodGet, "/api/me", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		return h.AuthenticateActor(r)
	}
	for token := range h.issuer.known {
		h.ours = nil
		if _, err := acts(token); err != nil {
			t.Errorf("%s, of a page that is the issuer's: %v", token, err)
		}
		h.ours = map[string]bool{"alice": true}
		var no *caller.Refusal
		if _, err := acts(token); !errors.As(err, &no) || no.Reason != caller.BadIssuer {
			t.Errorf("%s acts: %v", token, err)
		}
		if _, err := h.ask(token); err != nil {
			t.Errorf("%s reads no records: %v", token, err)
		}
	}
	if c, err := acts(h.issue(tokens.Want{Person: "alice"})); err != nil || c.ID != "alice" {
		t.Errorf("a token of ours: %v", err)
	}
}

func TestRolesOfTheDirectoryAreAddedToThoseOfTheIssuer(t *testing.T) {
	h := newHouse(t)
	h.issuer.known = map[string]*caller.Caller{"alice": {ID: "alice", Roles: []string{"physician", "nurse"}}}
	c, err := h.ask("alice")
	if err != nil || !slices.Equal(c.Roles, []string{"nurse", "physician"}) {
		t.Errorf("got %v, %v", c, err)
	}
	if got := h.issuer.known["alice"].Roles; len(got) != 2 || got[0] != "physician" {
		t.Error("the issuer's caller, which is shared, was changed")
	}
}

// TestG6_ANameThatLooksLikeALeaversIsNotLetIn: an issuer that writes a name in other
// letters means somebody whom the directory knows, or nobody.
func TestG6_ANameThatLooksLikeALeaversIsNotLetIn(t *testing.T) {
	h := newHouse(t)
	h.issuer.known = map[string]*caller.Caller{
		"1": {ID: "Alice", Issuer: "https://id.example"}, "2": {ID: "alice", Issuer: "https://id.example"}, "3": {ID: "zoe", Issuer: "https://id.example"},
	}
	for token, in := range map[string]bool{"1": false, "2": true, "3": true} {
		r := httptest.NewRequest(http.MethodGet, "/fhir/Patient/p1", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		if _, err := h.Authenticate(r); (err == nil) != in {
			t.Errorf("%s: %v", h.issuer.known[token].ID, err)
		}
	}
}

// TestAPasswordAtTheProviderProvesNobodyPresent: only what the configuration calls strong
// does, as in the console.
func TestAPasswordAtTheProviderProvesNobodyPresent(t *testing.T) {
	h := newHouse(t)
	h.issuer.known = map[string]*caller.Caller{
		"1": {ID: "zoe", Issuer: "https://id.example", ACR: "1", AuthTime: h.now}, "2": {ID: "zoe", Issuer: "https://id.example", ACR: "phr", AuthTime: h.now},
	}
	for token, proved := range map[string]bool{"1": false, "2": true} {
		r := httptest.NewRequest(http.MethodGet, "/api/me", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		c, err := h.Authenticate(r)
		if err != nil || c.Proved.IsZero() == proved {
			t.Errorf("acr %s: %v, %v", h.issuer.known[token].ACR, c, err)
		}
	}
}
