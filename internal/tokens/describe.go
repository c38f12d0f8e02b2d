package tokens

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"modicum/internal/book"
	"modicum/internal/caller"
)

// endpoint is the address of the token endpoint: the audience of every assertion.
func (s *Service) endpoint() string { return s.issuer + "/oauth/token" }

// Endpoints are those of this installation, for SMART discovery where no identity
// provider signs people in.
func (s *Service) Endpoints(context.Context) (*caller.Endpoints, error) {
	return &caller.Endpoints{
		Issuer: s.issuer, Token: s.endpoint(), Revocation: s.issuer + "/oauth/revoke",
		Grants: []string{"client_credentials"}, TokenAuth: []string{"private_key_jwt"},
	}, nil
}

// description is RFC 8414 section 2.
type description struct {
	Issuer        string   `json:"issuer"`
	Authorization string   `json:"authorization_endpoint"`
	Token         string   `json:"token_endpoint"`
	Device        string   `json:"device_authorization_endpoint"` // RFC 8628 section 4
	Revocation    string   `json:"revocation_endpoint"`
	Responses     []string `json:"response_types_supported"`
	Grants        []string `json:"grant_types_supported"`
	Auth          []string `json:"token_endpoint_auth_methods_supported"`
	AuthAlgs      []string `json:"token_endpoint_auth_signing_alg_values_supported"`
	RevokeAuth    []string `json:"revocation_endpoint_auth_methods_supported"`
	RevokeAlgs    []string `json:"revocation_endpoint_auth_signing_alg_values_supported"`
	Challenges    []string `json:"code_challenge_methods_supported"`
	Says          bool     `json:"authorization_response_iss_parameter_supported"` // RFC 9207
}

// describe answers /.well-known/oauth-authorization-server: public, the same for everybody.
func (s *Service) describe(w http.ResponseWriter, _ *http.Request) {
	auth, algs := []string{"private_key_jwt", "none"}, []string{"RS384", "ES384", "ES256"}
	at := s.issuer
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("X-Content-Type-Options", "nosniff")
	_ = json.NewEncoder(w).Encode(&description{
		Issuer: at, Authorization: at + authorizePath, Token: s.endpoint(), Device: at + "/oauth/device", Revocation: at + "/oauth/revoke",
		Responses: []string{"code"}, Grants: []string{"client_credentials", "authorization_code", deviceGrant},
		Auth: auth, AuthAlgs: algs, RevokeAuth: auth, RevokeAlgs: algs, Challenges: []string{"S256"}, Says: true,
	})
}

func joined(words []string) string { return strings.Join(words, " ") }

// keep records an act that turns no page.
func (s *Service) keep(ctx context.Context, act, who, behalf string, what ...string) error {
	return s.cfg.Desk.Change(ctx, func(c *book.Change) error { return s.record(c, act, who, behalf, what...) })
}
