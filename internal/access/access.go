package access

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"sync"
	"time"

	"modicum/internal/book"
	"modicum/internal/defect"
	"modicum/internal/facts"
	"modicum/internal/notice"
	"modicum/internal/people"
	"modicum/ledger"
	"modicum/policy"
)

// People is what is asked of the directory. What it says is never older than what was
// kept.
type People interface {
	Person(id string) *people.Person
	Program(id string) *people.Program
	People() iter.Seq[*people.Person]
	Active(id string) bool
	Roles(id string, now int64) []string
	Holds(id string, duty people.Duty, now int64) bool
	// Approvers are the people who may say yes as a role or position, to this asker.
	Approvers(name string, asker *people.Person, now int64) []string
	Same(a, b string) bool // one human being
	OnGone(f func(ctx context.Context, c *book.Change, id string))
}

// Teller tells people, within the change that it is about: notices are kept with it.
type Teller interface {
	Within(ctx context.Context, c *book.Change, notices ...notice.Notice) error
	// Settle takes back what a thing made wait: nobody is told of it any more.
	Settle(c *book.Change, about notice.About)
}

// Refs makes keyed references to patients, for the record.
type Refs interface{ Ref(patient string) string }

// Record finds the decisions under a grant, oldest first.
type Record interface {
	Under(ctx context.Context, grant string) ([]*ledger.Decision, error)
}

// Config is what a Book is made of. Desk, People, Policy, Refs, Now and Random must be
// set.
type Config struct {
	Desk   *book.Desk
	People People
	Policy func() *policy.Set  // in force
	Facts  func() *facts.Index // in force; nil: no reference can be checked
	Refs   Refs
	Record Record // nil: reviewers see no trail
	Tell   Teller // nil tells nobody
	// Spool takes the entry of a broken glass where the desk cannot keep it, and says nil
	// only when the entry is durable (threat model 9). nil: no glass is broken then.
	Spool ledger.Log
	Now   func() (time.Time, bool)
	// Mono is how long it has been since a moment in this process, by a clock that nobody
	// can set; nil means the operating system's.
	Mono   func() time.Duration
	Floor  time.Time // of the newest entry of the record: no trusted time lies before it
	Random io.Reader
	// OnEnd hears each grant that ended otherwise than by its time, before whoever ended
	// it hears that it did: answers under way that rest on it end (G3). It must be quick
	// and must not call the book. nil: nobody hears.
	OnEnd  func(grant string)
	Drills []string // ids of made-up patients: whoever breaks the glass for one of them drills
}

// Book is what is asked for and what is lent. It is safe for concurrent use.
type Book struct {
	cfg      Config
	clock    *clock
	requests *book.Book[Request]
	grants   *book.Book[Grant]

	breaking sync.Mutex // one glass after another

	mu    sync.RWMutex
	held  map[string][]*Grant // by person, those that may still lend; replaced, never changed
	asked map[string][]*Request
	noted map[string]bool   // grants that may lend; true: begun in trusted time, as this process saw
	loose map[string]*Grant // broken while the desk could not keep it
	cut   map[string]cut    // taken away while that could not be recorded
}

// Open reads what was asked and lent from the desk.
func Open(ctx context.Context, cfg Config) (*Book, error) {
	if cfg.Desk == nil || cfg.People == nil || cfg.Policy == nil || cfg.Refs == nil || cfg.Now == nil || cfg.Random == nil {
		return nil, errors.New("access: Desk, People, Policy, Refs, Now and Random must be set")
	}
	if cfg.Mono == nil {
		start := time.Now()
		cfg.Mono = func() time.Duration { return time.Since(start) }
	}
	b := &Book{
		cfg: cfg, clock: newClock(cfg.Mono, max(0, cfg.Floor.UnixMicro())),
		held: map[string][]*Grant{}, asked: map[string][]*Request{}, noted: map[string]bool{},
		loose: map[string]*Grant{}, cut: map[string]cut{},
	}
	var err error
	if b.requests, err = book.Open(ctx, cfg.Desk, "request", b.turnedRequest); err != nil {
		return nil, err
	}
	if b.grants, err = book.Open(ctx, cfg.Desk, "grant", b.turnedGrant); err != nil {
		return nil, err
	}
	cfg.People.OnGone(b.gone)
	return b, nil
}

// turnedRequest keeps the index of requests.
func (b *Book) turnedRequest(_ string, old, now *Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if old != nil {
		b.asked[old.Asker] = without(b.asked[old.Asker], func(r *Request) bool { return r.ID == old.ID })
	}
	if now != nil {
		b.asked[now.Asker] = append(slices.Clone(b.asked[now.Asker]), now)
	}
}

// turnedGrant keeps the index of grants, and says which ended.
func (b *Book) turnedGrant(id string, old, now *Grant) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if old != nil {
		b.held[old.Person] = without(b.held[old.Person], func(g *Grant) bool { return g.ID == id })
	}
	if now == nil || now.State != Live && !defect.On(defect.RevokedLends) {
		delete(b.noted, id)
		delete(b.cut, id)
		if old != nil && old.State == Live {
			b.hearEnd(id)
		}
		return
	}
	b.held[now.Person] = append(slices.Clone(b.held[now.Person]), now)
	b.note(now)
}

func (b *Book) hearEnd(id string) {
	if b.cfg.OnEnd != nil {
		b.cfg.OnEnd(id)
	}
}

// note remembers, once, whether a grant is known in trusted time: only then does a
// broken glass go on when time is uncertain. The caller holds mu.
func (b *Book) note(g *Grant) {
	if _, noted := b.noted[g.ID]; noted {
		return
	}
	wall, trusted := b.cfg.Now()
	latest, sure := b.clock.judge(wall.UnixMicro(), trusted)
	b.noted[g.ID] = sure && latest < g.Until
}

// without returns a new list that lacks those.
func without[T any](list []T, gone func(T) bool) []T {
	out := make([]T, 0, len(list))
	for _, v := range list {
		if !gone(v) {
			out = append(out, v)
		}
	}
	return out
}

// now is the time by which things are lent: an error where it is not certain.
func (b *Book) now() (int64, error) {
	wall, trusted := b.cfg.Now()
	latest, sure := b.clock.judge(wall.UnixMicro(), trusted)
	if !sure {
		return latest, fmt.Errorf("the time is not certain: %w", ErrUnavailable)
	}
	return wall.UnixMicro(), nil
}

// moment is the latest that any clock says, for what takes away.
func (b *Book) moment() int64 {
	wall, trusted := b.cfg.Now()
	latest, _ := b.clock.judge(wall.UnixMicro(), trusted)
	return latest
}

// newID returns a UUIDv7 of a moment.
func (b *Book) newID(now int64) (string, error) {
	var u [16]byte
	if _, err := io.ReadFull(b.cfg.Random, u[6:]); err != nil {
		return "", err
	}
	for i, ms := 5, uint64(now/1000); i >= 0; i, ms = i-1, ms>>8 {
		u[i] = byte(ms)
	}
	u[6], u[8] = 0x70|u[6]&0x0f, 0x80|u[8]&0x3f // RFC 9562 section 5.7
	h := hex.EncodeToString(u[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:], nil
}

// act is the entry of an event: names only. Patients become keyed references, and what
// people wrote stays out (L4).
func (b *Book) act(name string, by people.Actor, about string, w *Want, what ...string) (*ledger.Act, error) {
	wall, _ := b.cfg.Now() // what the clock says, certain or not, as every entry
	now := wall.UnixMicro()
	id, err := b.newID(now)
	if err != nil {
		return nil, err
	}
	a := &ledger.Act{Act: name, At: now, ID: id, Who: by.ID, What: what}
	if about != by.ID {
		a.Behalf = about
	}
	if w == nil {
		return a, nil
	}
	a.What = append(a.What, string(w.Kind), w.task())
	a.What = append(append(a.What, w.Classes...), w.Overlays...)
	a.Reason = w.Reason.Kind
	for _, p := range w.Patients {
		if fhirID(p) { // otherwise a reference already: of a glass that was adopted
			p = b.cfg.Refs.Ref("Patient/" + p)
		}
		a.Patients = append(a.Patients, p)
	}
	return a, nil
}

// change runs f within a change of the desk. What f refuses is recorded with its codes
// (L2); what could not be kept is ErrUnavailable.
func (b *Book) change(ctx context.Context, by people.Actor, event Event, about string, f func(c *book.Change) error) error {
	err := b.cfg.Desk.Change(ctx, f)
	var refused *Refusal
	switch {
	case err == nil, errors.Is(err, ErrNone), errors.Is(err, ErrUnavailable):
		return err
	case errors.As(err, &refused):
		return b.refused(ctx, by, event, about, err)
	}
	return errors.Join(ErrUnavailable, err)
}

// refused records that somebody tried.
func (b *Book) refused(ctx context.Context, by people.Actor, event Event, about string, err error) error {
	a, idErr := b.act("access-not-done", by, by.ID, nil, append([]string{string(event), about}, codes(err)...)...)
	if idErr != nil {
		return errors.Join(ErrUnavailable, idErr)
	}
	kept := b.cfg.Desk.Change(ctx, func(c *book.Change) error { c.Record(a); return nil })
	if kept != nil {
		return errors.Join(ErrUnavailable, kept)
	}
	return err
}

// tell tells people within a change.
func (b *Book) tell(ctx context.Context, c *book.Change, notices ...notice.Notice) error {
	if b.cfg.Tell == nil || len(notices) == 0 {
		return nil
	}
	return b.cfg.Tell.Within(ctx, c, notices...)
}

// settle says that what a thing waited for was done.
func (b *Book) settle(c *book.Change, thing notice.Thing, id string) {
	if b.cfg.Tell != nil {
		b.cfg.Tell.Settle(c, notice.About{Thing: thing, ID: id})
	}
}
