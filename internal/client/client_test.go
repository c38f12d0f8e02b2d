package client_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"modicum/internal/client"
)

// answering is a server that answers everything in one way.
func answering(t *testing.T, status int, media, body string) *client.Client {
	t.Helper()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", media)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(web.Close)
	return &client.Client{Address: web.URL, Token: "mdc_secret", HTTP: web.Client()}
}

const problemJSON = "application/problem+json"

func problemOf(status int, kind, more string) string {
	return fmt.Sprintf(`{"type":"urn:modicum:problem:%s","title":"x","status":%d,"detail":"Said to people."%s}`, kind, status, more)
}

func TestAProblemIsSaidAndEverythingElseIsAServerThatIsNone(t *testing.T) {
	for name, tt := range map[string]struct {
		status      int
		media, body string
		is          error // nil: a Refusal
		says        string
	}{
		"prove again":          {401, problemJSON, problemOf(401, "prove-again", ""), client.ErrProve, "modicum login --prove"},
		"a token that is over": {401, problemJSON, problemOf(401, "token", ""), client.ErrSignIn, "modicum login"},
		"refused":              {422, problemJSON, problemOf(422, "refused", `,"wrong":[{"field":"minutes","code":"x","say":"Too long."},{"code":"y","say":"No shift."}]`), nil, "minutes: Too long.\n  No shift."},
		"not yours":            {403, problemJSON, problemOf(403, "not-yours", ""), nil, "Said to people."},
		"unavailable":          {503, problemJSON, problemOf(503, "unavailable", ""), client.ErrServer, "Said to people."},
		"another task":         {403, problemJSON, problemOf(403, "not-for-task", ""), client.ErrTask, "modicum login --task"},
		"another's problem":    {403, problemJSON, `{"type":"about:blank","status":403,"detail":"SECRET"}`, client.ErrServer, ""},
		"a status of its own":  {403, problemJSON, problemOf(422, "refused", ""), client.ErrServer, ""},
		"twice":                {403, problemJSON, problemOf(403, "not-yours", `,"detail":"SECRET"`), client.ErrServer, ""},
		"a page":               {403, "text/html", "SECRET", client.ErrServer, ""},
		"a page that is fine":  {200, "text/html", "SECRET", client.ErrServer, ""},
		"no JSON":              {200, "application/json", "SECRET", client.ErrServer, ""},
		"elsewhere":            {302, "application/json", `{"items":[]}`, client.ErrServer, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := answering(t, tt.status, tt.media, tt.body).Inbox(t.Context())
			var no *client.Refusal
			if tt.is == nil && !errors.As(err, &no) || tt.is != nil && !errors.Is(err, tt.is) {
				t.Fatalf("%v", err)
			}
			if !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "SECRET") || strings.Contains(err.Error(), "mdc_secret") {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestAnAnswerWithoutEndIsNotRead(t *testing.T) {
	body := `{"items":[],"next":"` + strings.Repeat("x", 5<<20) + `"}`
	if _, err := answering(t, 200, "application/json", body).Inbox(t.Context()); !errors.Is(err, client.ErrServer) {
		t.Error(err)
	}
	if _, err := answering(t, 200, "application/json", `{"items":[{"id":"a"}],"next":"a"}`).People(t.Context(), ""); !errors.Is(err, client.ErrServer) {
		t.Errorf("a list that goes round: %v", err)
	}
}

// What is said yes to must have been shown whole.
func TestG2_ARequestWithAMemberThatIsNotKnownIsNotRead(t *testing.T) {
	body := `{"id":"r1","asker":"nina","state":"waiting","want":{"kind":"lend","task":"cover","patients":["p1"],"reason":{}%s},"made":"2026-11-23T12:00:00Z","digest":"d","needs":[],"answered":[],"in_a_row":1}`
	if _, err := answering(t, 200, "application/json", fmt.Sprintf(body, "")).Request(t.Context(), "r1"); err != nil {
		t.Error(err)
	}
	if _, err := answering(t, 200, "application/json", fmt.Sprintf(body, `,"everything":true`)).Request(t.Context(), "r1"); !errors.Is(err, client.ErrServer) {
		t.Errorf("a member that nobody is shown: %v", err)
	}
	if _, err := answering(t, 200, "application/json", fmt.Sprintf(body, "")).Request(t.Context(), "r2"); !errors.Is(err, client.ErrServer) {
		t.Errorf("another request than was asked for: %v", err)
	}
}

func TestAnIDDoesNotClimb(t *testing.T) {
	var got []string
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.URL.EscapedPath())
		w.WriteHeader(http.StatusNoContent)
	}))
	defer web.Close()
	c := &client.Client{Address: web.URL, HTTP: web.Client()}
	for _, id := range []string{"", ".", "..", strings.Repeat("x", 201)} {
		if err := c.Withdraw(t.Context(), id); !errors.Is(err, client.ErrID) {
			t.Errorf("%q: %v", id, err)
		}
	}
	if len(got) != 0 {
		t.Fatalf("sent: %v", got)
	}
	if err := c.Withdraw(t.Context(), "../grants/g1?x=y#z"); err != nil || got[0] != "/api/requests/..%2Fgrants%2Fg1%3Fx=y%23z/withdraw" {
		t.Errorf("%v %v", got, err)
	}
}

func TestWhatOthersWroteCannotMoveTheCursor(t *testing.T) {
	for in, want := range map[string]string{
		"Ada ruht – ü": "Ada ruht – ü", "a\x1b[2Kb": "a\uFFFD[2Kb", "a\r\nwho must say yes: nobody": "a  who must say yes: nobody",
		"a\u202eb\u2066": "a\uFFFDb\uFFFD", "\x9b31m": "\uFFFD31m", "a\u2028b": "a b",
	} {
		if got := client.Plain(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
