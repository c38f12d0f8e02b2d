// Package fhir is the FHIR R4 door, in front of any FHIR server: what it does stands
// in interactions.go, and in the capability statement.
//
// A request is parsed, decided on the tree and rebuilt: a client's bytes never
// reach the upstream, and the upstream's bytes never the client (threat-model
// D1). What is not listed here is refused, and a refused request sends nothing
// (F1). What is refused because of a record looks like a record that is not
// there, to the byte (N4).
package fhir

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"modicum/internal/caller"
	"modicum/internal/fhirjson"
	"modicum/internal/gate"
	"modicum/internal/share"
	"modicum/internal/upstream"
	"modicum/policy"
)

// Authenticator says who asks. An error is written as the problem it is.
type Authenticator interface {
	Authenticate(r *http.Request) (*caller.Caller, error)
}

// Client is what is registered of an application (interfaces 2, clients).
type Client struct {
	Task           string   // for requests that name neither task nor purpose
	ScopesRequired bool     // a token without SMART scopes reaches nothing
	Origins        []string // of its web pages, which may read answers (CORS)
}

// Config is what a Door is made of. Gate, Callers, Upstream, UpstreamBase, Policy,
// Now, Random, CursorKeys and ETagKey must be set.
type Config struct {
	Gate         *gate.Gate
	Callers      Authenticator
	Upstream     *upstream.Client
	UpstreamBase string             // address of the upstream: absolute references below it are its own
	Policy       func() *policy.Set // in force; for the capability statement and names of types
	Now          func() (now time.Time, trusted bool)
	Random       io.Reader
	CursorKeys   []CursorKey // the first seals
	ETagKey      []byte      // at least 32 bytes

	Lender Lender // nil: headers that ask to be lent something are refused

	Base      string            // path of the door; "" means /fhir
	Public    *url.URL          // the door's address as clients write it; nil takes each request's own host
	Clients   map[string]Client // by client id
	Endpoints Endpoints         // of the identity provider, for SMART discovery; nil: there is none
	Version   string            // of the software, for the capability statement
	PageSize  int               // records of a page when the client does not say; 0 means 50
	MaxPage   int               // most records of a page; 0 means 200
	Budget    Budget
	InFlight  int          // most requests at once, of one caller all but a ninth; 0 means 384: more than may be long, so that slow clients leave room for others
	Diary     *slog.Logger // nil discards
	Note      func(Event)  // counts; nil does not
}

// Event is something that an operator should see the number of.
type Event string

// The events. None of them depends on anything but the work that was done.
const (
	BudgetSpent Event = "budget-spent"      // a page was not answered because its upstream work was used up
	Unreadable  Event = "record-unreadable" // the upstream has something under an id that is not that record
	Panicked    Event = "panic"             // a request ended in a panic
	Shed        Event = "shed"              // too many requests at once, or of one caller
)

func (d *Door) note(e Event) {
	if d.cfg.Note != nil {
		d.cfg.Note(e)
	}
}

// Door is an http.Handler for everything below its base. It starts no goroutine.
type Door struct {
	cfg       Config
	base      string
	public    string // "" when the request's host is used
	sealer    *sealer
	rows      map[spelling]*interaction
	routes    map[string]*gate.Route // by name of the interaction
	origins   map[string]bool        // of registered web pages
	slots     chan struct{}          // of all requests, whoever asks
	places    *share.Places          // of the same, by who asks
	attempts  attempts
	buffers   sync.Pool
	slabs     sync.Pool // of judgements
	sets      sync.Pool // of records
	pages     sync.Pool // of records that were read
	leaves    sync.Pool // of projections
	windows   sync.Pool // of *[]byte with firstWindow
	scans     atomic.Pointer[scans]
	statement atomic.Pointer[statement]
}

// scans are the scanners of one policy: of its catalog and its calendar.
type scans struct {
	set  *policy.Set
	pool *fhirjson.Pool
}

// meets are the obligations that this door keeps: the record is the ledger's,
// the notices go in a header (policy-language 2).
const meets = policy.RecordSession | policy.Part2Notice | policy.NoReidentification

// New checks cfg, registers what the door does, and returns it.
func New(cfg Config) (*Door, error) {
	switch {
	case cfg.Gate == nil, cfg.Callers == nil, cfg.Upstream == nil, cfg.UpstreamBase == "", cfg.Policy == nil, cfg.Now == nil, cfg.Random == nil:
		return nil, errors.New("fhir: Gate, Callers, Upstream, UpstreamBase, Policy, Now and Random must be set")
	case len(cfg.ETagKey) < 32:
		return nil, errors.New("fhir: ETagKey must have at least 32 bytes")
	}
	sealer, err := newSealer(cfg.CursorKeys, cfg.Random)
	if err != nil {
		return nil, err
	}
	base := strings.TrimRight(orElse(cfg.Base, "/fhir"), "/")
	if at := parsePath(base + "/x"); base != "" && (base[0] != '/' || at.shape == operation || !plain(strings.ReplaceAll(base, "/", ""))) {
		return nil, errors.New("fhir: the base must be a plain path such as /fhir")
	}
	cfg.PageSize, cfg.MaxPage = orElse(cfg.PageSize, 50), orElse(cfg.MaxPage, 200)
	cfg.Budget.Pages = orElse(cfg.Budget.Pages, 50)
	cfg.Budget.Bytes = orElse(cfg.Budget.Bytes, 64<<20)
	cfg.Budget.Time = orElse(cfg.Budget.Time, 20*time.Second)
	if cfg.Diary == nil {
		cfg.Diary = slog.New(slog.DiscardHandler)
	}
	d := &Door{cfg: cfg, base: base, sealer: sealer, origins: originsOf(cfg.Clients), slots: make(chan struct{}, orElse(cfg.InFlight, 384))}
	d.places = share.New(cap(d.slots))
	if cfg.Public != nil {
		d.public = strings.TrimRight(cfg.Public.String(), "/")
	}
	d.rows, d.routes = rows(interactions), make(map[string]*gate.Route)
	d.register(refusal, policy.Read)
	for name, verbs := range besides {
		d.register(name, verbs)
	}
	for _, row := range interactions {
		if !row.public {
			d.register(row.name, row.verbs)
		}
	}
	return d, nil
}

// register makes the Route without which nothing can be opened (D4).
func (d *Door) register(name string, verbs policy.Verb) {
	d.routes[name] = d.cfg.Gate.Register(gate.Interaction{Door: Name, Name: name, Verbs: verbs, Meets: meets})
}

func orElse[T comparable](v, d T) T {
	var zero T
	if v == zero {
		return d
	}
	return v
}

// scanners returns the pool of the policy in force; a new policy gets a new one.
func (d *Door) scanners(set *policy.Set) *fhirjson.Pool {
	if s := d.scans.Load(); s != nil && s.set == set {
		return s.pool
	}
	limits := fhirjson.Limits{Base: d.cfg.UpstreamBase, Zone: set.Zone()}
	s := &scans{set, fhirjson.NewPool(set.Catalog(), limits)}
	d.scans.Store(s)
	return s.pool
}
