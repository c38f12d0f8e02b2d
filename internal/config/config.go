// Package config reads modicum.yaml: strictly, with every problem at once and its
// place, and with an overlay of environment variables for containers.
//
// Every key may be set by a variable: MODICUM_ and the keys on the way to it in
// upper case, joined by _; items of a list by their number from 0. So
// MODICUM_FHIR_UPSTREAM is fhir.upstream, MODICUM_ISSUERS_0_JWKS_URL the jwks_url
// of the first issuer, MODICUM_FACTS_FRESH_QUEUE the bound on age of the source
// queue. A list of words is written with commas. The variable wins over the file;
// one that is no key is refused. Secrets are never values, only paths of files.
package config

import (
	"net/url"
	"time"

	"modicum/internal/caller"
)

// Config is modicum.yaml with defaults filled in and paths made absolute.
type Config struct {
	File   string // the path it was read from
	Data   string // folder of store, ledger and keys
	Policy string // folder of the policy
	// PolicyChanges says how a policy comes in force: TwoPersons, which "" means too, or
	// ByFolder.
	PolicyChanges string
	Listen        string // HOST:PORT of console, API and FHIR
	TLS           *TLS   // nil: plain, every listener is loopback
	Issuers       []caller.Issuer
	FHIR          FHIR
	Clients       []Client
	Facts         Facts
	Ledger        Ledger
	Admin         string // HOST:PORT of health and metrics; "" when none

	// Public is the address that people type, without a path; "" where it was not written:
	// then links in mail and passkeys need the address of the request.
	Public   string
	SignIn   SignIn
	Logins   []Login
	SCIM     *SCIM // nil: nobody provisions
	Mail     *Mail // nil: no mail goes out
	Webhooks []Webhook
	Spool    Spool
	Drills   []string // ids of made-up patients: whoever breaks the glass for one drills

	places map[string]At       // of values, for problems found later
	values map[string][]string // as they were written, by dotted path; for Settings
	sum    [32]byte            // of the file
}

// How a policy comes in force.
const (
	TwoPersons = "two-persons" // somebody proposes what lies in the folder, and somebody else says yes
	ByFolder   = "folder"      // by lying in the folder
)

// TLS names the certificate chain and its key, both PEM.
type TLS struct{ Cert, Key string }

// AdminSecured reports whether health and metrics are served with TLS: where
// other machines reach them. A probe on this machine needs none.
func (c *Config) AdminSecured() bool { return c.TLS != nil && !loopback(c.Admin) }

// FHIR is the FHIR door.
type FHIR struct {
	Base     string   // path under Listen, such as /fhir
	Upstream *url.URL // of the FHIR server behind; no query, no slash at the end
	// BearerFile holds the token for the upstream; "" when it asks for none. It is
	// read again for each use, so that it can be rotated.
	BearerFile string
	Mode       string // enforce, or observe: what the policy would withhold leaves and is recorded
	// Enforce are the roles whose holders get what the policy gives though the door
	// observes all others.
	Enforce []string
	// Connections is the most answers of the upstream that are waited for at once, Streams
	// the most long ones besides, whose clients may read slowly.
	Connections, Streams int
}

// Client is an application that cannot name a task itself.
type Client struct {
	ID             string
	Task           string   // TASK or ROLE/TASK; "" when it names tasks itself
	ScopesRequired bool     // a token without SMART scopes may do nothing
	Origins        []string // of its web pages, which may read answers
}

// Facts says where facts come from.
type Facts struct {
	Fresh map[string]time.Duration // smaller bounds on age, by source
	Files []string                 // patterns of file names
	// Every is how often the upstream is asked for changes; 0: never.
	Every time.Duration
}

// Ledger names the log.
type Ledger struct {
	Origin string // the log's name, C2SP tlog-checkpoint
	Key    string // path of its signing key
}

// Known answers what a configuration must agree on with the policy.
type Known interface {
	// Task reports whether the policy has a task TASK or ROLE/TASK.
	Task(name string) bool
	// Role reports whether the policy has a role of that name.
	Role(name string) bool
	// Source returns the bound on age that conditions.yaml sets; false when
	// there is no such source.
	Source(name string) (time.Duration, bool)
}

// Check returns what does not fit the policy.
func (c *Config) Check(known Known) Problems {
	var ps Problems
	for i, cl := range c.Clients {
		if cl.Task != "" && !known.Task(cl.Task) {
			ps = append(ps, Problem{At: c.places[key("clients", i, "task")], Key: key("clients", i, "task"), Text: "names a task that no role of the policy has"})
		}
	}
	for _, role := range c.FHIR.Enforce {
		if !known.Role(role) {
			ps = append(ps, Problem{At: c.places["fhir.enforce"], Key: "fhir.enforce", Text: "names what is no role of the policy: whom it means would be observed"})
		}
	}
	for name, d := range c.Facts.Fresh {
		at := c.places["facts.fresh."+name]
		bound, ok := known.Source(name)
		switch {
		case !ok:
			ps = append(ps, Problem{At: at, Key: "facts.fresh." + name, Text: "is not a source of conditions.yaml"})
		case d > bound:
			ps = append(ps, Problem{At: at, Key: "facts.fresh." + name, Text: "is longer than conditions.yaml allows (" + spell(bound) + "): it may only be shortened here"})
		}
	}
	return ps.sorted()
}
