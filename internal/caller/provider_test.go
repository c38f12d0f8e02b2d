package caller_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"modicum/internal/caller"
	"modicum/internal/testkit"
)

// TestRealProviderSignsIn meets an OpenID provider that we did not write: its
// discovery, its keys, its tokens, and the rotation of its keys.
func TestRealProviderSignsIn(t *testing.T) {
	p := testkit.OIDC(t, testkit.OIDCOptions{
		People:   map[string]map[string]any{"alice": {"groups": []string{"nurse"}, "fhirUser": "Practitioner/dr1"}},
		Programs: map[string]map[string]any{"adt-feed": {}},
		Scopes:   []string{"user/*.rs", "system/*.rs"},
	})
	is := caller.Issuer{Issuer: p.URL, Audience: p.Audience, Algorithms: []string{"ES256"}, RolesClaim: "groups"}
	v, err := caller.New(caller.Config{Issuers: []caller.Issuer{is}, Now: func() (time.Time, bool) { return time.Now(), true }})
	if err != nil {
		t.Fatal(err)
	}
	user := p.UserToken(t, "alice", "user/*.rs")
	c, err := v.Verify(t.Context(), user)
	if err != nil {
		t.Fatalf("refused: %v", reason(err))
	}
	if c.ID != "alice" || c.Program || !slices.Equal(c.Roles, []string{"nurse"}) || !slices.Equal(c.Practitioners, []string{"Practitioner/dr1"}) {
		t.Errorf("got %+v", c)
	}
	program, err := v.Verify(t.Context(), p.ProgramToken(t, "adt-feed", "system/*.rs"))
	if err != nil || !program.Program || program.Subject != "adt-feed" {
		t.Errorf("program: got %+v, %v", program, reason(err))
	}
	other := is
	other.Audience = "another-service"
	w, err := caller.New(caller.Config{Issuers: []caller.Issuer{other}, Now: func() (time.Time, bool) { return time.Now(), true }})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Verify(t.Context(), user); reason(err) != caller.BadAudience {
		t.Errorf("a token for another service: %v", reason(err))
	}
	p.Rotate(t, false)
	if err := v.Refresh(context.Background()); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Verify(t.Context(), user); err == nil {
		t.Error("a token of a key that was taken away is accepted")
	}
	if _, err := v.Verify(t.Context(), p.UserToken(t, "alice")); err != nil {
		t.Errorf("a token of the new key: %v", reason(err))
	}
}

func reason(err error) caller.Reason {
	var r *caller.Refusal
	if errors.As(err, &r) {
		return r.Reason
	}
	return caller.NoReason
}
