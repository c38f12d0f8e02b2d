package sandbox

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"os"
	"path/filepath"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// IssuerName and Audience stand in the sandbox's tokens.
const (
	IssuerName = "https://id.sandbox.example"
	Audience   = "modicum"
)

// Issuer signs tokens for the sandbox's staff. Its key lives as long as the process.
type Issuer struct{ signer jose.Signer }

// NewIssuer makes a key and writes its public half to dir/jwks.json.
func NewIssuer(dir string) (*Issuer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "sandbox", Algorithm: "ES256", Use: "sig"}}}
	text, err := json.Marshal(set)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "jwks.json"), text, 0o600); err != nil {
		return nil, err
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key},
		(&jose.SignerOptions{}).WithType("at+jwt").WithHeader("kid", "sandbox"))
	return &Issuer{signer}, err
}

// Place is where staff work: the ids of a Location and of an Organization.
type Place struct{ Dept, Facility string }

// Ward is where the sandbox's staff work.
var Ward = Place{ward, facility}

// Token returns a token for a member of staff, good for twelve hours.
func (i *Issuer) Token(p Person, at Place, now time.Time) (string, error) {
	claims := map[string]any{
		"iss": IssuerName, "sub": p.ID, "aud": Audience, "client_id": "sandbox",
		"iat": now.Unix(), "exp": now.Add(12 * time.Hour).Unix(),
		"roles":     []string{p.Role},
		"auth_time": now.Unix(), "amr": []string{"pwd", "otp"},
	}
	if at.Dept != "" {
		claims["dept"] = at.Dept
	}
	if at.Facility != "" {
		claims["facility"] = at.Facility
	}
	if p.Practitioner != "" {
		claims["fhirUser"] = p.Practitioner
	}
	return jwt.Signed(i.signer).Claims(claims).Serialize()
}
