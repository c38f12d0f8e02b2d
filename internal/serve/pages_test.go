package serve_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
	"time"

	"modicum/internal/testkit"
	"modicum/internal/tokens"
)

// TestPagesThatGiveTokensAreForEverybody: the pages of the command line's sign-in, in the
// frame of the console, in every way in which a page is met.
func TestPagesThatGiveTokensAreForEverybody(t *testing.T) {
	s := newTown(t)
	nina := s.adds("nina", "Nina Okafor", "nurse")
	sum := sha256.Sum256([]byte("a-verifier-that-is-as-long-as-the-standard-demands"))
	ask := url.Values{
		"response_type": {"code"}, "client_id": {tokens.CLI}, "redirect_uri": {"http://127.0.0.1:43210/callback"}, "state": {"state-of-the-command-line"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"}, "task": {"nurse/care"}, "for": {"1800"}, "machine": {"ward-pc-7"},
	}
	for name, path := range map[string]string{
		"device": "/sign-in/device", "authorize": "/sign-in/authorize?" + ask.Encode(), "wrong": "/sign-in/authorize?client_id=another",
		"tasks": "/sign-in/authorize?" + strings.Replace(ask.Encode(), "nurse%2Fcare", "another", 1),
	} {
		t.Run(name, func(t *testing.T) { testkit.Scriptless(t, nina.Ctx, s.config.Public+path) })
	}

	types := func(code string) {
		nina.Open("/sign-in/device")
		nina.Fill("user_code", code)
		nina.Send("Go on")
	}
	waits := func(more ...string) string {
		form := url.Values{"client_id": {tokens.CLI}, "task": {"nurse/care"}, "for": {"900"}, "machine": {"ward-pc-7"}}
		for i := 0; i < len(more); i += 2 {
			form.Set(more[i], more[i+1])
		}
		_, asked := s.form("/oauth/device", form)
		code, _ := asked["user_code"].(string)
		return code
	}
	posted := func(name, heading string) {
		nina.Until(heading)
		t.Run(name, func(t *testing.T) { testkit.Visit(t, nina.Ctx, "") })
	}
	types(waits())
	posted("asked", "Give the command line a token?")
	nina.Send("Give it")
	posted("given", "Connected")
	types(waits())
	nina.Send("Do not give it")
	posted("denied", "Nothing was given")
	types("BCDF-GHJK")
	nina.Sees("Nobody waits with this code")
	posted("mistyped", "Connect a command line")
	s.later(time.Minute)
	types(waits("max_age", "1"))
	posted("prove", "Prove who you are first")
	s.closes()
}
