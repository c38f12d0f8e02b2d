package gate

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"modicum/internal/fhirjson"
	"modicum/ledger"
	"modicum/policy"
)

// Resolver looks records up at the upstream, for visits and the objects of work
// items. It must not return text of the upstream in an error.
type Resolver interface {
	// Read returns one record; found is false where the upstream has none.
	Read(ctx context.Context, typ, id string) (body []byte, found bool, err error)
	// Many yields the records of a type among ids, in any order.
	Many(ctx context.Context, typ string, ids []string, each func(body []byte) error) error
}

// Config is what a Gate is made of. Generation, Log, Refs, Resolver, Now and
// Random must be set.
type Config struct {
	Generation func() *Generation // in force; asked once per request
	Log        ledger.Log         // durable before data
	Refs       *ledger.Refs       // keyed references to patients
	Resolver   Resolver
	Upstream   string // base address of the upstream: an absolute reference below it names a record of ours
	Now        func() (now time.Time, trusted bool)
	Random     io.Reader
	TokenKey   []byte         // keys pseudonyms, at least 32 bytes
	Zone       *time.Location // calendar of limits; nil means UTC
	LogWait    time.Duration  // longest wait for the record; 0 means 5 s
	Diary      *slog.Logger   // nil discards
	// Observe names the doors that only observe; a door that is not here enforces.
	Observe map[string]Observed
	// Lent says what is lent to people (rule 14); nil: nothing.
	Lent Lent
	// Rights cuts off answers under way; nil means that nothing but the token's end does,
	// and whatever changes the policy is told to nobody.
	Rights Rights
	// Patients is the most patients of whom a request that names none may ask; 0 means 1,000.
	Patients int
}

// Gate is the pipeline. It is safe for concurrent use, and starts no goroutine that
// outlives its sessions but one, until their outcomes are in the record.
type Gate struct {
	cfg    Config
	found  *memory[foundKey, string] // to the id; "" where only the reference is known
	listed *memory[foundKey, struct{}]
	proofs *memory[proofKey, struct{}]
	borne  *memory[proofKey, *bearer] // records that show only by proof
	usage  *usage
	spelt  atomic.Pointer[words]
	scans  atomic.Pointer[scans]
	rooms  sync.Pool // of sessions that are empty

	ends    sync.WaitGroup // outcomes on their way into the record
	endings endings

	mu     sync.Mutex
	routes map[string]bool
}

// New checks cfg and returns a Gate.
func New(cfg Config) (*Gate, error) {
	switch {
	case cfg.Generation == nil, cfg.Log == nil, cfg.Refs == nil, cfg.Resolver == nil, cfg.Now == nil, cfg.Random == nil:
		return nil, errors.New("gate: Generation, Log, Refs, Resolver, Now and Random must be set")
	case len(cfg.TokenKey) < 32:
		return nil, errors.New("gate: TokenKey must have at least 32 bytes")
	}
	if cfg.LogWait == 0 {
		cfg.LogWait = 5 * time.Second
	}
	if cfg.Zone == nil {
		cfg.Zone = time.UTC
	}
	if cfg.Patients == 0 {
		cfg.Patients = 1000
	}
	if cfg.Rights == nil {
		cfg.Rights = NewEnds(cfg.Now)
	}
	if cfg.Diary == nil {
		cfg.Diary = slog.New(slog.DiscardHandler)
	}
	return &Gate{
		cfg:    cfg,
		found:  newMemory[foundKey, string](1_000_000),
		listed: newMemory[foundKey, struct{}](1_000_000),
		proofs: newMemory[proofKey, struct{}](1_000_000),
		borne:  newMemory[proofKey, *bearer](1_000_000),
		usage:  newUsage(cfg.Zone),
		routes: make(map[string]bool),
	}, nil
}

// Register returns the Route of an interaction. It panics where the interaction
// says nothing or was registered before: that is a fault of the door's code.
func (g *Gate) Register(i Interaction) *Route {
	if i.Door == "" || i.Name == "" || i.Verbs == 0 {
		panic("gate: an interaction must say its door, name and verbs")
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	key := i.Door + " " + i.Name
	if g.routes[key] {
		panic("gate: " + key + " is registered twice")
	}
	g.routes[key] = true
	return &Route{interaction: i, gate: g}
}

// scans are the scanners of one policy: of its catalog and its calendar, so that
// what was looked up is read as the door reads it.
type scans struct {
	set  *policy.Set
	pool *fhirjson.Pool
}

// scanners returns the pool of the policy in force; a new policy gets a new one.
func (g *Gate) scanners(set *policy.Set) *fhirjson.Pool {
	if s := g.scans.Load(); s != nil && s.set == set {
		return s.pool
	}
	s := &scans{set, fhirjson.NewPool(set.Catalog(), fhirjson.Limits{Base: g.cfg.Upstream, Zone: set.Zone()})}
	g.scans.Store(s)
	return s.pool
}
