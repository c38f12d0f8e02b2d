package caller

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"
)

// Endpoints are where applications send people to sign in and fetch tokens: those of
// the first issuer listed. They are public.
type Endpoints struct {
	Issuer, Authorization, Token                  string
	JWKS, Registration, Revocation, Introspection string // "" when the issuer has none, or does not say
	EndSession                                    string // where a browser signs out (OpenID Connect RP-Initiated Logout 1.0)
	// Says: every answer of the authorization endpoint says of whom it is (RFC 9207).
	Says                      bool
	Scopes, Grants, TokenAuth []string
}

const (
	endpointsFresh = time.Hour        // the issuer is asked again after
	mostSupported  = 256              // entries of one list
	endpointsRetry = 10 * time.Second // between two tries that fail
)

// ErrEndpoints: nobody can say now where applications sign people in.
var ErrEndpoints = errors.New("the issuer does not say where applications sign in")

// endpoints remembers what the issuer said.
type endpoints struct {
	known  atomic.Pointer[Endpoints]
	asking sync.Mutex // held by the one who asks the issuer
	asked  time.Time
}

// Endpoints returns those of the first issuer.
func (v *Verifier) Endpoints(ctx context.Context) (*Endpoints, error) {
	if len(v.cfg.Issuers) == 0 {
		return nil, ErrEndpoints
	}
	t := v.issuers[v.cfg.Issuers[0].Issuer]
	if t.endpoints.asking.TryLock() { // nobody waits for another's question: this is asked without a token
		t.askEndpoints(ctx, v.now())
		t.endpoints.asking.Unlock()
	}
	return t.said()
}

// EndpointsOf returns those of an issuer that signs people in: as configured, or else as
// it says itself (OpenID Connect Discovery 1.0 section 3). What it said stays while it
// cannot be reached. The result is shared and is not to be changed. It waits for the
// issuer, five seconds at most.
func (v *Verifier) EndpointsOf(ctx context.Context, issuer string) (*Endpoints, error) {
	t := v.issuers[issuer]
	if t == nil {
		return nil, ErrEndpoints
	}
	t.endpoints.asking.Lock()
	t.askEndpoints(ctx, v.now())
	t.endpoints.asking.Unlock()
	return t.said()
}

// said is what was configured, or what the issuer said last.
func (t *trusted) said() (*Endpoints, error) {
	if is := t.issuer; is.TokenEndpoint != "" {
		return &Endpoints{Issuer: is.Issuer, Authorization: is.AuthorizationEndpoint, Token: is.TokenEndpoint, JWKS: is.JWKSURL}, nil
	}
	if k := t.endpoints.known.Load(); k != nil {
		return k, nil
	}
	return nil, ErrEndpoints
}

// askEndpoints asks the issuer where it is time to. endpoints.asking is held.
func (t *trusted) askEndpoints(ctx context.Context, now time.Time) {
	e, wait := &t.endpoints, endpointsFresh
	if t.issuer.TokenEndpoint != "" {
		return
	}
	if e.known.Load() == nil {
		wait = endpointsRetry
	}
	if !e.asked.IsZero() && now.Sub(e.asked) < wait && !now.Before(e.asked) {
		return
	}
	e.asked = now
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTime)
	defer cancel()
	if said, err := t.ring.endpoints(ctx); err == nil {
		e.known.Store(said)
	}
}

func (v *Verifier) now() time.Time { t, _ := v.cfg.Now(); return t }

func (r *keyring) endpoints(ctx context.Context) (*Endpoints, error) {
	text, err := r.get(ctx, r.discovery())
	if err != nil {
		return nil, err
	}
	var doc struct {
		Issuer        string   `json:"issuer"`
		Authorization string   `json:"authorization_endpoint"`
		Token         string   `json:"token_endpoint"`
		JWKS          string   `json:"jwks_uri"`
		Registration  string   `json:"registration_endpoint"`
		Revocation    string   `json:"revocation_endpoint"`
		Introspection string   `json:"introspection_endpoint"`
		EndSession    string   `json:"end_session_endpoint"`
		Says          bool     `json:"authorization_response_iss_parameter_supported"`
		Scopes        []string `json:"scopes_supported"`
		Grants        []string `json:"grant_types_supported"`
		TokenAuth     []string `json:"token_endpoint_auth_methods_supported"`
	}
	if json.Unmarshal(text, &doc) != nil || doc.Issuer != r.issuer.Issuer {
		return nil, ErrEndpoints
	}
	e := &Endpoints{
		Issuer: doc.Issuer, Authorization: doc.Authorization, Token: doc.Token, JWKS: doc.JWKS,
		Registration: doc.Registration, Revocation: doc.Revocation, Introspection: doc.Introspection,
		EndSession: doc.EndSession, Says: doc.Says,
		Scopes: supported(doc.Scopes), Grants: supported(doc.Grants), TokenAuth: supported(doc.TokenAuth),
	}
	if CheckURL(e.Authorization) != nil || CheckURL(e.Token) != nil {
		return nil, ErrEndpoints
	}
	for _, address := range []*string{&e.JWKS, &e.Registration, &e.Revocation, &e.Introspection, &e.EndSession} {
		if CheckURL(*address) != nil {
			*address = ""
		}
	}
	return e, nil
}

// supported keeps of a list what is a word.
func supported(list []string) []string {
	list = slices.DeleteFunc(list, func(s string) bool { return s == "" || len(s) > maxScope || !scopeToken(s) })
	return list[:min(len(list), mostSupported)]
}

// discovery is the address of the issuer's own description.
func (r *keyring) discovery() string {
	return strings.TrimSuffix(r.issuer.Issuer, "/") + "/.well-known/openid-configuration"
}
