// Package notice tells people what concerns them: in the inbox of the console, by
// mail, and programs of the organization by webhooks.
//
// A notice is kept together with what it tells of ([Teller.Within]), so that neither
// is there without the other, and it is told once: telling the same again, after a
// retry or a restart, does nothing. Mail and webhooks leave later, at least once and
// always under the same Message-Id or webhook-id, by which a receiver knows a copy.
//
// A notice says that there is something to look at, who it comes from, and where it
// stands. It has no field for a patient or a class of data (threat model D14), and
// its link leads to a page: nothing is approved by following one (C1).
package notice

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"
)

// Kind says what a notice tells.
type Kind string

// The kinds. words has what they say.
const (
	Waits         Kind = "waits"          // to an approver: a request waits for an answer
	Decided       Kind = "decided"        // to who asked: it was answered
	Escalated     Kind = "escalated"      // to who is next: nobody answered in time
	GlassBroken   Kind = "glass-broken"   // to the privacy officer and the care team
	AttestWaits   Kind = "attest-waits"   // to who broke the glass: say what for
	ReviewWaits   Kind = "review-waits"   // to who reviews
	ReviewOverdue Kind = "review-overdue" // to who reviews, and who is above them
	Revoked       Kind = "revoked"        // to who held it: somebody took it away
	LentTooOften  Kind = "lent-too-often" // to the owner of a role: what is lent again and again belongs into the role, or nowhere
	RolesConflict Kind = "roles-conflict" // to who holds them, and the privacy officer
	KeyExpires    Kind = "key-expires"    // to the owner of a program
	ProgramUnused Kind = "program-unused" // to the owner of a program
	PasskeyCopied Kind = "passkey-copied" // to the person, and to those who run people
	CodeUsed      Kind = "code-used"      // likewise: a recovery code was used
	SignInLocked  Kind = "sign-in-locked" // likewise: too many failed
	WayInAdded    Kind = "way-in-added"   // likewise: a passkey or codes were registered
	InviteMade    Kind = "invite-made"    // likewise: a link was made that registers one
	PolicyWaits   Kind = "policy-waits"   // to who may put policy in force: a change waits for an answer
	PolicyDecided Kind = "policy-decided" // to who proposed it: it was answered
)

// Thing is a kind of thing that has a page of ours.
type Thing string

// The things.
const (
	Request Thing = "request"
	Grant   Thing = "grant"
	Review  Thing = "review"
	Program Thing = "program"
	Person  Thing = "person"
	SignIn  Thing = "sign-in" // a person's own ways of signing in
	// PolicyChange is a change of policy.
	PolicyChange Thing = "policy-change"
)

// paths are where the pages of things lie in the console.
var paths = map[Thing]string{
	Request: "/requests/", Grant: "/grants/", Review: "/reviews/", Program: "/programs/", Person: "/people/", SignIn: "/settings/sign-in?of=",
	PolicyChange: "/policy/changes/",
}

// About names the thing that a notice leads to.
type About struct {
	Thing Thing  `json:"thing"`
	ID    string `json:"id"` // of a request, grant or review a UUID; of a program or person its id
}

// Path is where the console shows it.
func (a About) Path() string { return paths[a.Thing] + url.PathEscape(a.ID) }

// Notice tells one person of one event. Telling the same person the same kind of
// thing about the same thing at the same moment is telling it again.
type Notice struct {
	Kind  Kind   `json:"kind"`
	To    string `json:"to"` // id of a person
	About About  `json:"about"`
	// At is when it happened, microseconds since 1970, UTC: the same moment whenever it
	// is told. It is part of what makes an event this one and no other.
	At int64  `json:"at"`
	By string `json:"by,omitempty"` // id of the person or program it comes from
	// Urgent mail waits neither for a digest nor for the end of quiet hours: a broken
	// glass or a conflict of roles, to the privacy officer.
	Urgent bool `json:"urgent,omitempty"`
}

// ErrMalformed: a notice that cannot be told.
var ErrMalformed = errors.New("a notice that cannot be told")

// longest id of a person or program, in bytes.
const longest = 255

// check says everything that is wrong. It names keys and never values.
func (n *Notice) check() error {
	var errs []error
	bad := func(what string) { errs = append(errs, fmt.Errorf("%w: %s", ErrMalformed, what)) }
	if _, ok := words[n.Kind]; !ok {
		bad("its kind has no words")
	}
	if !plain(n.To) || n.To == "" {
		bad("to must be the id of a person")
	}
	if !plain(n.By) {
		bad("by must be the id of a person or program")
	}
	if n.At <= 0 {
		bad("at must be microseconds since 1970, above 0")
	}
	if n.Urgent && n.Kind != GlassBroken && n.Kind != RolesConflict {
		bad("only a broken glass and a conflict of roles are urgent")
	}
	if err := n.About.check(); err != "" {
		bad(err)
	}
	return errors.Join(errs...)
}

// check holds that what stands in links is a name that we gave: never a patient's id.
func (a About) check() string {
	switch a.Thing {
	case Request, Grant, Review, PolicyChange:
		if uuid.Validate(a.ID) != nil || len(a.ID) != 36 {
			return "about must be the UUID of the thing"
		}
	case Program, Person, SignIn:
		if !plain(a.ID) || a.ID == "" || a.ID == "." || a.ID == ".." {
			return "about must be the id of the program or person"
		}
	default:
		return "about must be a thing that has a page"
	}
	return ""
}

// plain reports whether s can stand on one line anywhere.
func plain(s string) bool {
	return len(s) <= longest && strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar }) < 0
}

// id is the notice's page: a UUIDv7 of its moment, whose other bits are a digest of
// what makes the notice this one, so that the same notice is the same page.
func (n *Notice) id() string {
	return idOf(n.At, "to", string(n.Kind), string(n.About.Thing), n.About.ID, n.To)
}

// event is id of the event, whoever hears of it; one for each webhook.
func (n *Notice) event(hook string) string {
	return idOf(n.At, "hook", string(n.Kind), string(n.About.Thing), n.About.ID, hook)
}

func idOf(at int64, parts ...string) string {
	h := sha256.New()
	fmt.Fprintf(h, "%d", at)
	for _, p := range parts {
		fmt.Fprintf(h, "\x00%d:%s", len(p), p)
	}
	var u uuid.UUID
	copy(u[:], h.Sum(nil))
	for i, ms := 5, at/1000; i >= 0; i, ms = i-1, ms>>8 {
		u[i] = byte(ms)
	}
	u[6], u[8] = 0x70|u[6]&0x0f, 0x80|u[8]&0x3f // RFC 9562 section 5.7
	return u.String()
}

func at(micros int64) time.Time { return time.UnixMicro(micros).UTC() }
