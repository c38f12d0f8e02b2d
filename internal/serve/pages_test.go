package serve_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"testing"

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
	} {
		t.Run(name, func(t *testing.T) {
			testkit.Visit(t, nina.Ctx, s.config.Public+path)
			testkit.Scriptless(t, nina.Ctx, s.config.Public+path)
		})
	}
	s.closes()
}
