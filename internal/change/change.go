// Package change is how a policy comes in force: what lies in the policy's folder waits
// until one person says that it is theirs and why, and another has seen its effect and
// says yes to exactly that (threat model G7).
//
// A [Change] is found in the folder, or is an earlier policy that somebody proposes
// again: a rollback is a change. It is proposed by who may write policy, approved by who
// may put it in force and is another human being; where it opens anything to roles that
// one of them holds, a third who gains nothing has said yes as well; and a third too where
// it opens something to a program, a partner or a recipient, since who gains by that is not
// told. Each step is an entry
// of the record, kept together with the page that it writes. There is no way past it: not
// in an emergency, not by a restart, which takes up the policy that was last in force.
package change

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"modicum/internal/book"
	"modicum/internal/notice"
	"modicum/internal/people"
	"modicum/ledger"
	"modicum/policy"
)

// State is where a change stands. docs/policy-changes.md has the table.
type State string

// The states. None is before there is anything.
const (
	None      State = ""
	Found     State = "found"     // in the folder; nobody stands behind it yet
	Proposed  State = "proposed"  // somebody says that it is theirs: it waits for a yes
	InForce   State = "in-force"  // it was approved and put in force
	Refused   State = "refused"   // somebody said no
	Withdrawn State = "withdrawn" // who proposed an earlier policy took that back, or left
	Lapsed    State = "lapsed"    // nobody answered in time
	Void      State = "void"      // the folder holds something else now, or another policy came in force
)

// Change is one policy on its way into force, or its history.
type Change struct {
	ID       string   `json:"id"`
	Policy   string   `json:"policy"` // hash of what would come in force
	Base     string   `json:"base"`   // hash of what was in force when it was found or proposed
	State    State    `json:"state"`
	Earlier  bool     `json:"earlier,omitempty"` // from the archive, not from the folder
	First    bool     `json:"first,omitempty"`   // what the installation began with
	Folder   bool     `json:"folder,omitempty"`  // put in force by who can write the folder, as policy_changes says
	Found    int64    `json:"found"`             // microseconds since 1970, UTC, as all times here
	Proposer string   `json:"proposer,omitempty"`
	Proposed int64    `json:"proposed,omitempty"`
	Reason   string   `json:"reason,omitempty"` // never in the record
	Answers  []Answer `json:"answers,omitempty"`
	Ended    int64    `json:"ended,omitempty"`
	EndedBy  string   `json:"ended_by,omitempty"`
	Word     string   `json:"word,omitempty"` // of who refused; never in the record
}

// Answer is one yes, to exactly what had this digest.
type Answer struct {
	By     string `json:"by"`
	At     int64  `json:"at"`
	Digest string `json:"digest"`
	Word   string `json:"word,omitempty"`
}

// Now is the page that says what is in force: a restart takes up exactly that.
type Now struct {
	Policy string `json:"policy"`
	Since  int64  `json:"since"`
	Change string `json:"change"` // by which it came
}

// nowID is the id of the one page of kind policy-now.
const nowID = "in-force"

// People is what is asked of the directory.
type People interface {
	Person(id string) *people.Person
	Program(id string) *people.Program
	Programs() []*people.Program
	People() iter.Seq[*people.Person]
	Active(id string) bool
	Holds(id string, duty people.Duty, now int64) bool
	Same(a, b string) bool
	OnGone(f func(ctx context.Context, c *book.Change, id string))
}

// Teller tells people, within the change that it is about.
type Teller interface {
	Within(ctx context.Context, c *book.Change, notices ...notice.Notice) error
	Settle(c *book.Change, about notice.About)
}

// Config is what a Book is made of. All but Tell, Folder and Fits must be set.
type Config struct {
	Desk   *book.Desk
	People People
	Tell   Teller // nil tells nobody
	Now    func() (time.Time, bool)
	// InForce is the policy in force; nil before the first.
	InForce func() *policy.Set
	// Archived returns a policy by its hash, compiled anew: an error where the archive
	// does not hold it, or holds something else under that name.
	Archived func(hash string) (*policy.Set, error)
	// Folder returns the hash of what the folder holds now; "" where it cannot be read.
	Folder func() string
	// Put puts in force what was approved, once that is on record.
	Put func(ctx context.Context, set *policy.Set) error
	// ByFolder: what lies in the folder is in force, and nobody is asked: nothing is
	// proposed here, and nothing approved.
	ByFolder bool
	// Lent returns the roles of whose tasks something is lent to somebody, or is about to be:
	// they may hold the role by their issuer's word alone, which the directory does not know.
	Lent func(person string) []string
	// Fits says why a policy cannot come in force here: a task that the configuration
	// names and it has not. nil: everything fits.
	Fits func(*policy.Set) error
}

// Book is the changes of the policy. It is safe for concurrent use.
type Book struct {
	cfg     Config
	now     *book.Book[Now]
	changes *book.Book[Change]

	turns atomic.Int64 // changes that ended, so that the folder is looked at again

	mu   sync.Mutex
	sets map[string]*policy.Set // those that wait, compiled
}

// Open reads the changes from the desk.
func Open(ctx context.Context, cfg Config) (*Book, error) {
	if cfg.Desk == nil || cfg.People == nil || cfg.Now == nil || cfg.InForce == nil || cfg.Archived == nil || cfg.Put == nil || cfg.Lent == nil {
		return nil, errors.New("change: Desk, People, Now, InForce, Archived, Put and Lent must be set")
	}
	b := &Book{cfg: cfg, sets: map[string]*policy.Set{}}
	var err error
	if b.now, err = book.Open[Now](ctx, cfg.Desk, "policy-now", nil); err != nil {
		return nil, err
	}
	if b.changes, err = book.Open[Change](ctx, cfg.Desk, "policy-change", func(_ string, _, now *Change) {
		if now == nil {
			b.turns.Add(1)
		}
	}); err != nil {
		return nil, err
	}
	cfg.People.OnGone(b.gone)
	return b, nil
}

// Turns counts what ended since the book was opened: what lay in the folder may wait anew.
func (b *Book) Turns() int64 { return b.turns.Load() }

// InForce is what the pages say is in force; nil where nothing was yet.
func (b *Book) InForce() *Now { return b.now.Get(nowID) }

// Last reads from a shelf what was last in force, before there is a desk: what a start
// takes up. "" where nothing was.
func Last(ctx context.Context, shelf book.Shelf) (string, error) {
	now, err := book.Open[Now](ctx, book.NewDesk(shelf), "policy-now", nil)
	if err != nil {
		return "", err
	}
	if p := now.Get(nowID); p != nil {
		return p.Policy, nil
	}
	return "", nil
}

// Waiting are the changes that are not decided, oldest first.
func (b *Book) Waiting() []*Change {
	var out []*Change
	for _, c := range b.changes.All() {
		out = append(out, c)
	}
	slices.SortFunc(out, func(x, y *Change) int { return strings.Compare(x.ID, y.ID) })
	return out
}

// Get returns a change, decided or not; ErrNone where there is none.
func (b *Book) Get(ctx context.Context, id string) (*Change, error) {
	c, err := b.changes.Find(ctx, id)
	if errors.Is(err, book.ErrNoPage) {
		return nil, ErrNone
	}
	return c, err
}

// History are decided changes, newest first, those before the one named before.
func (b *Book) History(ctx context.Context, before string, limit int) ([]*Change, error) {
	return b.changes.History(ctx, "", before, limit)
}

// Before are the decisions on the same policy that were taken before a change, newest
// first: whoever is asked again sees what was said the last time. It looks through the
// last hundred decisions.
func (b *Book) Before(ctx context.Context, x *Change) ([]*Change, error) {
	before := ""
	if x.Ended != 0 {
		before = x.ID
	}
	list, err := b.History(ctx, before, lookBack)
	return slices.DeleteFunc(list, func(c *Change) bool { return c.Policy != x.Policy || c.ID == x.ID }), err
}

// Readers are the duties whose holders read what is proposed and decided: those who write
// the policy, put it in force, and look after how it is followed.
func Readers() []people.Duty {
	return []people.Duty{people.WritePolicy, people.AgreePolicy, people.ReadRecord, people.ReviewAccess, people.RunSystem}
}

// moment is what the clock says.
func (b *Book) moment() (int64, bool) {
	t, trusted := b.cfg.Now()
	return t.UnixMicro(), trusted
}

// system is who does what nobody did.
var system = people.Actor{ID: "modicum"}

// entry is the entry of an event: names and hashes, never what people wrote (L4).
func (b *Book) entry(name string, by people.Actor, what ...string) (*ledger.Act, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return nil, err
	}
	now, _ := b.moment()
	return &ledger.Act{Act: name, At: now, ID: id.String(), Who: by.ID, What: what}, nil
}

func newID() (string, error) {
	id, err := uuid.NewV7()
	return id.String(), err
}
