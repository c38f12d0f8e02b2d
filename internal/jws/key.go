package jws

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"errors"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// PublicKey reads one JWK (RFC 7517); false where it is not a public key for signatures
// that is strong enough.
func PublicKey(text []byte) (*jose.JSONWebKey, bool) {
	var k jose.JSONWebKey
	if err := k.UnmarshalJSON(text); err != nil || !k.Valid() || !k.IsPublic() || k.Use != "" && k.Use != "sig" {
		return nil, false
	}
	if pub, ok := k.Key.(*rsa.PublicKey); ok && (pub.N.BitLen() < 2048 || pub.N.BitLen() > 8192) {
		return nil, false
	}
	return &k, true
}

// Fits reports whether a key may verify alg: its kind and its curve must be the
// algorithm's own, so that no key is ever used for what it was not made for.
func Fits(key any, alg string) bool {
	switch pub := key.(type) {
	case *rsa.PublicKey:
		return strings.HasPrefix(alg, "RS") || strings.HasPrefix(alg, "PS")
	case *ecdsa.PublicKey:
		return alg == map[int]string{256: "ES256", 384: "ES384", 521: "ES512"}[pub.Curve.Params().BitSize]
	case ed25519.PublicKey:
		return alg == "EdDSA"
	}
	return false
}

// ErrSignature: the key did not sign this.
var ErrSignature = errors.New("the signature does not fit")

// Verify checks the signature of token, which Parse took apart as t, by a public key.
func Verify(token string, t *Token, key any) error {
	if !Fits(key, t.Alg) {
		return ErrSignature
	}
	sig, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(t.Alg)})
	if err != nil {
		return ErrSignature
	}
	if _, err := sig.Verify(key); err != nil {
		return ErrSignature
	}
	return nil
}
