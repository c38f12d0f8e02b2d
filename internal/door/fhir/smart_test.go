package fhir_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"modicum/internal/caller"
	"modicum/internal/door/fhir"
)

// provider says where applications sign in, or that it cannot.
type provider struct{ said *caller.Endpoints }

func (p *provider) Endpoints(context.Context) (*caller.Endpoints, error) {
	if p.said == nil {
		return nil, caller.ErrEndpoints
	}
	return p.said, nil
}

func withProvider(p *provider) func(*fhir.Config) {
	return func(cfg *fhir.Config) {
		cfg.Endpoints = p
		cfg.Clients = map[string]fhir.Client{"app": {Origins: []string{"https://app.example"}}}
	}
}

// SMART App Launch 2.2.0, conformance: what it demands stands there, it is public, the
// same for everybody and for every page, and asks the upstream nothing.
func TestFC45_SmartConfigurationIsTheSameForEverybody(t *testing.T) {
	p := &provider{&caller.Endpoints{
		Issuer: "https://id.example", JWKS: "https://id.example/keys", Authorization: "https://id.example/auth", Token: "https://id.example/token",
		Grants: []string{"implicit", "authorization_code", "client_credentials", "password"}, TokenAuth: []string{"private_key_jwt"}, Scopes: []string{"openid", "patient/*.rs"},
	}}
	c := openClinic(t, ward(t), "", withProvider(p))
	const path = "/.well-known/smart-configuration"
	first := c.get(t, "", path)
	if first.status != http.StatusOK || first.header.Get("Content-Type") != "application/json" || first.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Fatalf("%d %v %s", first.status, first.header, first.body)
	}
	for _, who := range []string{"alice", "rita", "mallory"} {
		same(t, first, c.get(t, who, path))
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(first.body), &got); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"issuer": "https://id.example", "jwks_uri": "https://id.example/keys", "authorization_endpoint": "https://id.example/auth", "token_endpoint": "https://id.example/token",
		"grant_types_supported": "authorization_code client_credentials", "code_challenge_methods_supported": "S256", "response_types_supported": "code",
		"token_endpoint_auth_methods_supported": "private_key_jwt", "scopes_supported": "openid patient/*.rs",
	} {
		if text := words(got[name]); text != want {
			t.Errorf("%s: %q, want %q", name, text, want)
		}
	}
	for _, capability := range []string{"permission-v1", "permission-v2", "permission-patient", "permission-user", "client-confidential-asymmetric", "sso-openid-connect"} {
		if !slices.Contains(strings.Fields(words(got["capabilities"])), capability) {
			t.Errorf("capabilities lack %s: %v", capability, got["capabilities"])
		}
	}
	contains(t, c.get(t, "", "/metadata").body, `"extension":[{"extension":[{"url":"token","valueUri":"https://id.example/token"},{"url":"authorize","valueUri":"https://id.example/auth"}],"url":"http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"}]`)
	if sent := c.up.sent(); len(sent) > 0 {
		t.Errorf("the upstream was asked: %v", sent)
	}
	for _, other := range []string{"/.well-known/openid-configuration", "/.well-known/smart-configuration/x", "/.well-known/"} {
		if r := c.get(t, "", other); r.status == http.StatusOK {
			t.Errorf("%s: %d", other, r.status)
		}
	}
	p.said = nil
	if r := c.get(t, "", path); r.status != http.StatusServiceUnavailable {
		t.Errorf("while nobody can say: %d", r.status)
	}
	if r := c.get(t, "", "/metadata"); r.status != http.StatusOK || strings.Contains(string(r.body), "oauth-uris") {
		t.Errorf("the statement then: %d", r.status)
	}
}

func words(v any) string {
	list, ok := v.([]any)
	if !ok {
		text, _ := v.(string)
		return text
	}
	var out []string
	for _, one := range list {
		out = append(out, one.(string))
	}
	return strings.Join(out, " ")
}

// Pages of registered applications, and no others, may read answers; a preflight asks
// for nothing.
func TestFC42_PagesOfRegisteredOrigins(t *testing.T) {
	c := openClinic(t, ward(t), "", withProvider(&provider{}))
	r := c.get(t, "alice", "/Patient/p1", "Origin", "https://app.example")
	if r.status != http.StatusOK || r.header.Get("Access-Control-Allow-Origin") != "https://app.example" || r.header.Get("Vary") != "Origin" || r.header.Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("a registered origin: %d %v", r.status, r.header)
	}
	for _, origin := range []string{"https://evil.example", "null", "https://app.example.evil", "HTTPS://APP.EXAMPLE", "https://app.example/"} {
		if h := c.get(t, "alice", "/Patient/p1", "Origin", origin).header; h.Get("Access-Control-Allow-Origin") != "" || h.Get("Vary") != "" {
			t.Errorf("%s: %v", origin, h)
		}
		r := c.ask(t, "", http.MethodOptions, "/Patient/p1", "Origin", origin, "Access-Control-Request-Method", "GET")
		if r.status < 400 || r.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("preflight of %s: %d %v", origin, r.status, r.header)
		}
	}
	c.up.sent()
	r = c.ask(t, "", http.MethodOptions, "/Patient/p1", "Origin", "https://app.example", "Access-Control-Request-Method", "GET", "Access-Control-Request-Headers", "authorization")
	if r.status != http.StatusNoContent || r.header.Get("Access-Control-Allow-Origin") != "https://app.example" || !strings.Contains(r.header.Get("Access-Control-Allow-Headers"), "Authorization") {
		t.Errorf("preflight: %d %v", r.status, r.header)
	}
	if sent := c.up.sent(); len(sent) > 0 || len(r.body) > 0 {
		t.Errorf("a preflight asks for data: %v %s", sent, r.body)
	}
	if r := c.get(t, "nobody", "/Patient/p1", "Origin", "https://app.example"); r.status != http.StatusUnauthorized {
		t.Errorf("without a token: %d", r.status)
	}
}
