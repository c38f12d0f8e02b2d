package caller

import (
	"time"

	"modicum/internal/jws"
	"modicum/internal/problem"
)

// Reason says, in our log only, why a token was not accepted. It is one of a
// closed list and holds nothing of the token.
type Reason uint8

// The reasons.
const (
	NoReason     Reason = iota
	Absent              // no Authorization header
	NotBearer           // another scheme, or several headers
	Huge                // over 16 kB
	Garbled             // not three parts of base64url, or not JSON objects, or a name twice
	BadHeader           // an embedded key or address of one, crit, zip, nested
	BadType             // typ is neither JWT nor at+jwt
	BadAlgorithm        // not one that the issuer is allowed
	BadIssuer           // not a listed one
	NoKey               // none of the issuer's keys fits
	BadSignature        //
	BadAudience         // not for us
	BadTimes            // missing, expired, not yet valid, or strange
	BadClaims           // a claim has the wrong form
	BadActor            // act without roles of its own, or of another issuer
	Bound               // bound to a key (cnf) that a bearer cannot show
	Revoked             //
	ClockUnsure         // the time is not known for sure
	Gone                // the directory says that its holder has left, or a program stopped
	BadNetwork          // a program asks from where it may not
)

var reasons = [...]string{"none", "absent", "not bearer", "huge", "garbled", "header", "type", "algorithm", "issuer", "no key",
	"signature", "audience", "times", "claims", "actor", "bound to a key", "revoked", "clock unsure", "gone", "network"}

// String is a short constant word.
func (r Reason) String() string {
	if int(r) < len(reasons) {
		return reasons[r]
	}
	return "unknown"
}

// Refusal is a token that is not accepted. To the client all are problem.Token.
type Refusal struct{ Reason Reason }

// Error is the same for all reasons, so that no log line that prints an error
// can differ by the token; Reason is logged as an attribute.
func (*Refusal) Error() string { return "the token was not accepted" }

// Unwrap gives what the client learns.
func (*Refusal) Unwrap() error { return problem.Token }

func refuse(r Reason) *Refusal { return &Refusal{r} }

// Bounds of a token.
const (
	maxToken = jws.MaxToken
	maxRoles = 256
	leeway   = 10 * time.Second // between our clock and the issuer's
)

// claims are those of a token, read strictly.
type claims = jws.Claims

// parse takes an access token apart. Nothing is verified.
func parse(token string) (jws.Token, Reason) {
	t, fault := jws.Parse(token, "jwt", "at+jwt", "application/at+jwt")
	return t, [...]Reason{NoReason, Huge, Garbled, BadHeader, BadType, BadAlgorithm}[fault]
}
