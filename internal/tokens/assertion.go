package tokens

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"modicum/internal/defect"
	"modicum/internal/jws"
	"modicum/internal/people"
)

// Bounds of an assertion (SMART App Launch 2.2.0, "client authentication: asymmetric").
const (
	assertionLives = 5 * time.Minute  // "no more than five minutes in the future"
	leeway         = 10 * time.Second // between our clock and the program's
)

// algorithms that a program may sign with.
var algorithms = map[string]bool{"RS384": true, "ES384": true, "ES256": true}

// claim is an assertion taken apart; nothing of it is believed before its signature is.
type claim struct {
	text    string
	token   jws.Token
	program string
	jti     string
	expires time.Time
}

// parseAssertion reads a client assertion (RFC 7523 section 3) for our token endpoint.
// The fault is a word for our log.
func parseAssertion(text, endpoint string, now time.Time) (c claim, fault string) {
	t, wrong := jws.Parse(text, "", "jwt", "client-authentication+jwt")
	if wrong != jws.NoFault {
		return c, "garbled"
	}
	if !algorithms[t.Alg] || t.Kid == "" {
		return c, "algorithm"
	}
	iss, ok1 := t.Claims.Text("iss")
	sub, ok2 := t.Claims.Text("sub")
	if !ok1 || !ok2 || iss == "" || iss != sub || len(iss) > 256 {
		return c, "issuer"
	}
	// Exactly one audience: an assertion that is good elsewhere, too, could be carried here.
	aud, ok := t.Claims.Texts("aud")
	if (!ok || len(aud) != 1 || aud[0] != endpoint) && !defect.On(defect.AudienceIgnored) {
		return c, "audience"
	}
	expires, ok := lives(t.Claims, now)
	if !ok {
		return c, "times"
	}
	jti, ok := t.Claims.Text("jti")
	if !ok || jti == "" || len(jti) > 512 {
		return c, "jti"
	}
	return claim{text: text, token: t, program: iss, jti: jti, expires: expires}, ""
}

// lives reads exp, iat and nbf: exp must be there and near, the others may be left out.
func lives(c jws.Claims, now time.Time) (time.Time, bool) {
	exp, ok1 := c.Instant("exp")
	iat, ok2 := c.Instant("iat")
	nbf, ok3 := c.Instant("nbf")
	ahead := now.Add(leeway)
	ok := ok1 && ok2 && ok3 && !exp.IsZero() && now.Before(exp.Add(leeway)) &&
		!exp.After(ahead.Add(assertionLives)) && !iat.After(ahead) && !nbf.After(ahead)
	return exp, ok
}

// signer finds the program's key that signed the assertion; nil when none did that is
// still good.
func (c *claim) signer(p *people.Program, now time.Time) *people.Key {
	for i := range p.Keys {
		k := &p.Keys[i]
		if !good(k, now) {
			continue
		}
		jwk, ok := jws.PublicKey(k.JWK)
		if !ok || c.token.Kid != k.ID && c.token.Kid != jwk.KeyID || jwk.Algorithm != "" && jwk.Algorithm != c.token.Alg {
			continue
		}
		if jws.Verify(c.text, &c.token, jwk.Key) == nil {
			return k
		}
	}
	return nil
}

// good reports whether a key may be used now.
func good(k *people.Key, now time.Time) bool {
	at := now.UnixMicro()
	return at >= k.Since && at < k.Until || defect.On(defect.KeyForEver)
}

// used is how an assertion is remembered: the hash of who and which.
func (c *claim) used() string {
	sum := sha256.Sum256([]byte(c.program + "\x00" + c.jti))
	return hex.EncodeToString(sum[:])
}
