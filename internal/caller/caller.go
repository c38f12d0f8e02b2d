// Package caller says who asks: it verifies bearer tokens of the configured
// issuers and reads the headers by which a request names its task.
//
// A token that is not accepted gives one answer whatever is wrong with it, and
// makes us fetch nothing that it names (threat-model K2, T8). All input is
// bounded and read strictly: duplicates, trailing data and keys that travel with
// the token are refused.
package caller

import (
	"context"
	"time"
)

// Caller is a verified person or program. Requests share what it points to, which is never
// changed after it was made.
type Caller struct {
	// ID is the issuer's prefix and the configured claim: unique in the
	// organization. It is never "*" and never begins with "dept:" or "role:",
	// which are forms of a fact's `who`.
	ID string
	// Program is true when the token was issued to a program for itself: its
	// subject is its client.
	Program bool
	// Subject is the prefix and the claim sub: what conditions.yaml lists under
	// a source's programs.
	Subject string
	Roles   []string // names of the policy's roles, after the issuer's mapping; sorted, each once
	// Dept and Facility are the ids of the Location and the Organization where
	// the caller works; empty when not stated.
	Dept, Facility string
	// Practitioners are the caller's own references, Practitioner/ID or
	// PractitionerRole/ID, from the claim fhirUser.
	Practitioners []string
	// PatientOf are Patient/ID and RelatedPerson/ID of fhirUser: a portal user.
	PatientOf []string
	// Patient is the id of the patient in SMART launch context, "" when none.
	Patient string
	// Away is when the directory last took the caller away and brought them back, in
	// microseconds; 0 when never. What was begun before is not gone on with (G6).
	Away   int64
	Client string // client_id, else azp
	// Task is the only task, ROLE/TASK, for which the token was given out; NoTask where
	// it opens no record at all; "" where its issuer does not bind it.
	Task string
	// ACR and AMR say how the caller signed in, as the issuer states it; AuthTime
	// when, zero when not stated.
	ACR      string
	AMR      []string
	AuthTime time.Time
	// Proved is when the caller was last proved present by two factors, zero when never: by
	// us, or by an issuer whose acr the configuration calls strong. Issuers' tokens alone
	// never say so.
	Proved time.Time
	Scopes Scopes
	// Actor acts for the caller (RFC 8693 act); nil when the caller acts alone.
	// What both may see is the intersection.
	Actor *Delegation
	// PurposeOfUse are the codes of the IHE IUA claim. A code of a system that is
	// not HL7 v3 ActReason stands as SYSTEM|CODE, which no policy lists.
	PurposeOfUse []string
	// Network is the address from which the request came, without port. Only
	// Authenticate fills it.
	Network string
	Issuer  string
	Issued  time.Time // iat
	Expires time.Time // exp: what was decided for this token holds no longer
	// Until is when the first of their roles ends that the directory gives for a while;
	// zero: none does.
	Until time.Time
	// Tokens are the ids of what the token is, where it ends by them before its time.
	Tokens []string
	// AsOf counts what ended of anybody's before it was asked who asks: what ends later
	// ends what rests on this. 0 is before everything.
	AsOf uint64
}

// NoTask is a Caller's Task that no policy has: such a token is for the caller's own
// affairs in the console, and for nobody's record.
const NoTask = "none"

// Delegation is whoever acts for the caller.
type Delegation struct {
	ID             string
	Roles          []string // never empty: act without roles of its own refuses
	Dept, Facility string
	Practitioners  []string
	Client         string
}

type contextKey struct{}

// With returns a context that carries c.
func With(ctx context.Context, c *Caller) context.Context {
	return context.WithValue(ctx, contextKey{}, c)
}

// From returns the caller that ctx carries, nil when none: refuse then.
func From(ctx context.Context) *Caller {
	c, _ := ctx.Value(contextKey{}).(*Caller)
	return c
}
