package fhir

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"modicum/internal/caller"
	"modicum/internal/problem"
)

// Endpoints says where applications sign people in and fetch tokens.
type Endpoints interface {
	Endpoints(ctx context.Context) (*caller.Endpoints, error)
}

// smartConfiguration is the discovery document of SMART App Launch 2.2.0, "conformance".
type smartConfiguration struct {
	Issuer        string   `json:"issuer"`
	JWKS          string   `json:"jwks_uri,omitempty"`
	Authorization string   `json:"authorization_endpoint,omitempty"`
	Grants        []string `json:"grant_types_supported"`
	Token         string   `json:"token_endpoint"`
	TokenAuth     []string `json:"token_endpoint_auth_methods_supported,omitempty"`
	Registration  string   `json:"registration_endpoint,omitempty"`
	Scopes        []string `json:"scopes_supported,omitempty"`
	Responses     []string `json:"response_types_supported"`
	Introspection string   `json:"introspection_endpoint,omitempty"`
	Revocation    string   `json:"revocation_endpoint,omitempty"`
	Capabilities  []string `json:"capabilities"`
	Challenges    []string `json:"code_challenge_methods_supported"`
}

// smart answers [base]/.well-known/smart-configuration: public, the same for everybody,
// and for every web page (SMART App Launch 2.2.0, "CORS"). It points to the
// organization's identity provider; nobody signs in here.
func (x *exchange) smart(at place) error {
	if at.typ != "smart-configuration" || x.door.cfg.Endpoints == nil {
		return problem.NotFound
	}
	e, err := x.door.cfg.Endpoints.Endpoints(x.r.Context())
	if err != nil {
		return problem.Unavailable
	}
	body, err := json.Marshal(smartOf(e))
	if err != nil {
		return err
	}
	x.headers("", len(body))
	h := x.w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Access-Control-Allow-Origin", "*")
	x.status, x.sent = http.StatusOK, true
	x.w.WriteHeader(http.StatusOK)
	return x.send(body)
}

// endpoints are those that the statement names; nil while nobody can say them.
func (x *exchange) endpoints() *caller.Endpoints {
	if x.door.cfg.Endpoints == nil {
		return nil
	}
	e, err := x.door.cfg.Endpoints.Endpoints(x.r.Context())
	if err != nil {
		return nil
	}
	return e
}

func smartOf(e *caller.Endpoints) *smartConfiguration {
	c := &smartConfiguration{
		Issuer: e.Issuer, JWKS: e.JWKS, Authorization: e.Authorization, Token: e.Token, TokenAuth: e.TokenAuth,
		Registration: e.Registration, Scopes: e.Scopes, Introspection: e.Introspection, Revocation: e.Revocation,
		Responses: []string{"code"}, Challenges: []string{"S256"}, // plain is no challenge
		Capabilities: []string{"permission-v1", "permission-v2", "permission-patient", "permission-user", "context-standalone-patient", "launch-standalone", "client-public", "sso-openid-connect"},
	}
	for _, g := range []string{"authorization_code", "client_credentials", "refresh_token"} {
		if len(e.Grants) == 0 && g != "refresh_token" || slices.Contains(e.Grants, g) {
			c.Grants = append(c.Grants, g)
		}
	}
	if slices.Contains(e.TokenAuth, "private_key_jwt") {
		c.Capabilities = append(c.Capabilities, "client-confidential-asymmetric")
	}
	if slices.Contains(e.TokenAuth, "client_secret_basic") {
		c.Capabilities = append(c.Capabilities, "client-confidential-symmetric")
	}
	return c
}

// allowed are the headers that a page of a registered application may send and read.
const (
	mayDo   = "GET, HEAD, POST, PUT, PATCH"
	maySend = "Authorization, Content-Type, Accept, Prefer, If-Match, If-None-Match, If-None-Exist, Idempotency-Key, Modicum-Task, Modicum-Purpose"
	mayRead = "ETag, Location, Modicum-Decision, Modicum-Obligation"
)

// crossOrigin lets pages of registered applications read the answer (Fetch standard,
// CORS): those whose origin an operator listed, and no other. It looks at the request
// alone. It reports whether the request was a preflight, which asks for no data.
func (x *exchange) crossOrigin() (preflight bool) {
	origins := x.r.Header.Values("Origin")
	if len(x.door.origins) == 0 || len(origins) != 1 || !x.door.origins[origins[0]] {
		return false
	}
	h := x.w.Header()
	h.Set("Access-Control-Allow-Origin", origins[0])
	h.Set("Vary", "Origin")
	if x.r.Method != http.MethodOptions || x.r.Header.Get("Access-Control-Request-Method") == "" {
		h.Set("Access-Control-Expose-Headers", mayRead)
		return false
	}
	h.Set("Access-Control-Allow-Methods", mayDo)
	h.Set("Access-Control-Allow-Headers", maySend)
	h.Set("Access-Control-Max-Age", "600")
	return true
}

// originsOf collects the origins of registered applications.
func originsOf(clients map[string]Client) map[string]bool {
	out := make(map[string]bool)
	for _, c := range clients {
		for _, o := range c.Origins {
			out[o] = true
		}
	}
	return out
}

// oauthURIs is the extension by which applications of SMART 1 find the same endpoints
// in the capability statement.
func oauthURIs(e *caller.Endpoints) []extension {
	parts := []extension{{URL: "token", ValueURI: e.Token}}
	if e.Authorization != "" {
		parts = append(parts, extension{URL: "authorize", ValueURI: e.Authorization})
	}
	return []extension{{URL: "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris", Extension: parts}}
}

type extension struct {
	Extension []extension `json:"extension,omitempty"`
	URL       string      `json:"url"`
	ValueURI  string      `json:"valueUri,omitempty"`
}
