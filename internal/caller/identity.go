package caller

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"

	"modicum/internal/jws"
)

// Identity is what an issuer says, in an ID token (OpenID Connect Core 1.0 section 2), of
// a person whom it signed in.
type Identity struct {
	Caller
	Sub        string // the claim sub, by which log-out tokens name the person
	Name, Mail string // as people are shown; "" when not stated
}

// ErrIdentity: what an issuer signed is not what it should be; which, stands nowhere.
var ErrIdentity = errors.New("the identity provider's token was not accepted")

// Keys verifies what an issuer signed for a console rather than for a door: ID tokens and
// log-out tokens. It holds to the issuer's configured algorithms and keys.
type Keys struct{ from *trusted }

// Keys are those of an issuer; nil when it is not listed.
func (v *Verifier) Keys(issuer string) *Keys {
	if t := v.issuers[issuer]; t != nil {
		return &Keys{t}
	}
	return nil
}

// VerifySignature returns the payload of a token that the issuer signed. It makes a
// Keys a KeySet of go-oidc.
func (k *Keys) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	t, fault := jws.Parse(token, "", "jwt", "logout+jwt")
	if fault != jws.NoFault || !k.from.allows(t.Alg) {
		return nil, ErrIdentity
	}
	if k.from.signed(ctx, token, &t) != NoReason {
		return nil, ErrIdentity
	}
	_, rest, _ := strings.Cut(token, ".")
	payload, _, _ := strings.Cut(rest, ".")
	return base64.RawURLEncoding.DecodeString(payload)
}

// Identify reads an ID token of an issuer whose signature, audience and times were
// verified: who it is about, by the same rules as an access token.
func (v *Verifier) Identify(issuer, token string) (*Identity, error) {
	from := v.issuers[issuer]
	t, fault := jws.Parse(token, "", "jwt")
	if from == nil || fault != jws.NoFault {
		return nil, ErrIdentity
	}
	if kind, ok := t.Claims.Text("typ"); !ok || kind != "" && !strings.EqualFold(kind, "id") {
		return nil, ErrIdentity // Keycloak says what a token is for in a claim
	}
	r := reading{issuer: from.issuer, bases: v.cfg.FHIRBases, claims: t.Claims}
	id := &Identity{Caller: Caller{Issuer: issuer}}
	for _, step := range []func(*Caller) bool{r.who, r.roles, r.place, r.fhirUser, r.assurance} {
		if !step(&id.Caller) {
			return nil, ErrIdentity
		}
	}
	var ok1, ok2, ok3 bool
	id.Sub, ok1 = t.Claims.Text("sub")
	id.Name, ok2 = t.Claims.Text("name")
	id.Mail, ok3 = t.Claims.Text("email")
	if !ok1 || !ok2 || !ok3 || id.Program {
		return nil, ErrIdentity
	}
	return id, nil
}
