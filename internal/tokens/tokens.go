// Package tokens gives out tokens for the doors, and says of every token, ours or an
// issuer's, whose it is and whether its holder is still there.
//
// A token of ours is 256 random bits. What is kept is its SHA-256, with what it is
// bound to: a person, one task, the session in which it was asked for, an end
// (threat model K1). What its holder may do is never in it: roles come from the
// directory at each use, so that a leaver is out at the next request, whichever issuer
// made their token (G3, G6).
//
// Programs sign in with a key of their own (SMART Backend Services, RFC 7523). Their
// tokens live five minutes at most, in memory, and die with the key, the program or
// its owner.
package tokens

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"modicum/internal/book"
	"modicum/internal/caller"
	"modicum/internal/defect"
	"modicum/internal/people"
	"modicum/ledger"
	"modicum/policy"
)

// Directory is what tokens ask of the directory. It is safe for concurrent use; what it
// returns is not changed.
type Directory interface {
	Person(id string) *people.Person // nil: the directory does not know them
	// Like is the id that is somebody's however a name is written; "" where it is nobody's.
	Like(id string) string
	Program(id string) *people.Program   // nil: it is not one of ours
	Roles(id string, now int64) []string // in effect; now in microseconds since 1970
	// RolesUntil is when the first of those ends by itself, 0 for never.
	RolesUntil(id string, now int64) int64
	// Used remembers that somebody acted, in a role or by a key; it must be quick.
	Used(id, role, key string, now int64)
}

// Authenticator says whose a token of an issuer is: *caller.Verifier. The Caller is of the
// request alone, and is completed by what the directory says.
type Authenticator interface {
	Authenticate(r *http.Request) (*caller.Caller, error)
}

// Config is what a Service is made of. Desk, People, Policy, Now and
// Public must be set.
type Config struct {
	Desk    *book.Desk
	People  Directory
	Issuers Authenticator // nil: no identity provider is configured
	// Strong reports whether an issuer's acr proves the person present by two factors; nil:
	// no issuer proves anybody present.
	Strong func(issuer, acr string) bool
	// Ours reports whether a name is that of a person for whom no issuer speaks; nil: none
	// is. It must be quick.
	Ours func(id string) bool
	// Word says what an issuer's word is worth that its subject, as caller.Caller.Subject has
	// it, is somebody of ours; nil: the name alone tells. It must be quick.
	Word   func(id, issuer, subject string) people.Word
	Policy func() *policy.Set
	Now    func() (now time.Time, trusted bool)
	// Session reports whether a session is under way; nil: tokens belong to none. It must
	// not change the desk.
	Session func(id string) bool
	// Rests reports whether a session that there is, idle or not, is its person's still; nil:
	// tokens belong to none. It must be quick.
	Rests func(id string) bool
	// Turn counts what ended of anybody's so far, for caller.Caller.AsOf; nil counts nothing.
	Turn func() uint64
	// OnEnd hears the id of each token that ended before its time, before whoever ended it
	// hears that it did: answers under way that rest on it end (G3). It must be quick and
	// must not call the service. nil: nobody hears.
	OnEnd  func(id string)
	Public *url.URL     // the address under which everything is reached, without path
	Random io.Reader    // nil: crypto/rand
	Diary  *slog.Logger // nil discards
}

// Bounds of what is given out.
const (
	longest        = time.Hour       // of a person's token
	longestOfCLI   = 8 * time.Hour   // of one that the command line asked for
	mostOfAPerson  = 32              // live tokens
	ofProgram      = 5 * time.Minute // SMART Backend Services: "SHOULD NOT exceed 300 seconds"
	mostOfPrograms = 100_000         // live tokens, in memory
	prefix         = "mdc_"
)

var (
	// ErrUnsure: the time is not known for sure, or the books are not; nothing is lent then.
	ErrUnsure = errors.New("the time, or what was written last, is not known for sure: no token is given out")
	// ErrGone: there is no such person or program, or they have left.
	ErrGone = errors.New("no such person, program or session is there any more")
	// ErrTask: the person has no such task.
	ErrTask = errors.New("the person has no such task")
	// ErrLong: longer than tokens live, or not at all.
	ErrLong = errors.New("a token lives from one minute to an hour, one of the command line to eight hours")
	// ErrMany: the person holds as many tokens as anybody may.
	ErrMany = fmt.Errorf("nobody holds more than %d tokens at once: end some", mostOfAPerson)
	// ErrNone: there is no such token, or it is somebody else's.
	ErrNone = errors.New("there is no such token")
)

// Token is what is kept of a token of a person. It is shared and never changed.
type Token struct {
	ID      string `json:"id"`   // UUIDv7: how lists and the record call it
	Hash    string `json:"hash"` // SHA-256 of the token, hex
	Person  string `json:"person"`
	Session string `json:"session,omitempty"` // with whose end it ends
	Task    string `json:"task,omitempty"`    // ROLE/TASK; "" opens no record
	Client  string `json:"client"`            // what asked for it: Console, or CLI
	// What is known of how the person signed in.
	How     []string `json:"how,omitempty"` // amr
	ACR     string   `json:"acr,omitempty"`
	Proved  int64    `json:"proved,omitempty"`
	Agent   string   `json:"agent,omitempty"`
	Network string   `json:"network,omitempty"`
	Issued  int64    `json:"issued"` // microseconds since 1970, UTC
	Until   int64    `json:"until"`  // exclusive
	Ended   int64    `json:"ended,omitempty"`
}

// Clients that ask for tokens of people.
const (
	Console = "modicum-console"
	CLI     = "modicum-cli"
)

// Service gives out tokens and knows whose they are. It is safe for concurrent use and
// starts no goroutine.
type Service struct {
	cfg    Config
	issuer string // how tokens of ours call where they came from
	tokens *book.Book[Token]
	byHash map[[sha256.Size]byte]string // id by hash; under the desk's lock

	lastUse sync.Map // id of a person's token → *atomic.Int64, microseconds since 1970

	mu       sync.Mutex
	programs map[[sha256.Size]byte]*programToken // under mu
	sweepAt  int                                 // number of programs' tokens at which those that are over are forgotten
	replay   replay
	used     *book.Book[assertion]
	asked    rates // of addresses, which anybody may have many of
	known    rates // of programs that showed their key, and people with a session
	codes    codes // of command lines that wait for their person
}

// Open reads the tokens that were given out.
func Open(ctx context.Context, cfg Config) (*Service, error) {
	switch {
	case cfg.Desk == nil, cfg.People == nil, cfg.Policy == nil, cfg.Now == nil, cfg.Public == nil:
		return nil, errors.New("tokens: Desk, People, Policy, Now and Public must be set")
	}
	if cfg.Random == nil {
		cfg.Random = rand.Reader
	}
	if cfg.Diary == nil {
		cfg.Diary = slog.New(slog.DiscardHandler)
	}
	s := &Service{cfg: cfg, issuer: strings.TrimSuffix(cfg.Public.String(), "/"), byHash: map[[sha256.Size]byte]string{}, programs: map[[sha256.Size]byte]*programToken{}}
	var err error
	if s.tokens, err = book.Open(ctx, cfg.Desk, "token", s.turned); err != nil {
		return nil, err
	}
	if s.used, err = book.Open[assertion](ctx, cfg.Desk, "assertion", nil); err != nil {
		return nil, err
	}
	return s, s.remember(ctx)
}

// turned keeps the index by hash, and says which tokens ended.
func (s *Service) turned(id string, old, now *Token) {
	if old != nil {
		delete(s.byHash, hashOf(old))
	}
	if now != nil {
		s.byHash[hashOf(now)] = id
	}
	if old != nil && now == nil {
		s.lastUse.Delete(id)
		s.tellEnd(id)
	}
}

func (s *Service) tellEnd(id string) {
	if s.cfg.OnEnd != nil && !defect.On(defect.TokenNotTold) {
		s.cfg.OnEnd(id)
	}
}

func hashOf(t *Token) (sum [sha256.Size]byte) {
	if b, err := hex.DecodeString(t.Hash); err == nil && len(b) == len(sum) {
		copy(sum[:], b)
	}
	return sum
}

// Want is a token that a person asks for.
type Want struct {
	Person  string
	Session string
	Task    string // ROLE/TASK, or TASK where only one of their roles has it; "" opens no record
	For     time.Duration
	Client  string // Console or CLI
	How     []string
	ACR     string
	Proved  int64
	Agent   string // of the browser, or the name of the machine, as it says itself
	Network string
}

// Issue gives a person a token. It is said once, here: what is kept is its hash.
func (s *Service) Issue(ctx context.Context, w Want) (string, *Token, error) {
	now, sure := s.cfg.Now()
	if !sure {
		return "", nil, ErrUnsure
	}
	if w.For < time.Minute || w.For > longest && (w.Client != CLI || w.For > longestOfCLI) {
		return "", nil, ErrLong
	}
	secret, sum, err := s.secret()
	if err != nil {
		return "", nil, err
	}
	id, err := s.newID()
	if err != nil {
		return "", nil, err
	}
	var given *Token
	err = s.cfg.Desk.Change(ctx, func(c *book.Change) error {
		if w.Session != "" && s.cfg.Session != nil && !s.cfg.Session(w.Session) {
			return ErrGone
		}
		task, err := s.taskOf(w.Person, w.Task, now)
		if err != nil {
			return err
		}
		if err := s.makeRoom(c, w.Person, now); err != nil {
			return err
		}
		given = &Token{
			ID: id, Hash: hex.EncodeToString(sum[:]), Person: w.Person, Session: w.Session, Task: task, Client: w.Client,
			How: w.How, ACR: w.ACR, Proved: w.Proved, Agent: bounded(w.Agent), Network: w.Network,
			Issued: now.UnixMicro(), Until: now.Add(w.For).UnixMicro(),
		}
		s.tokens.Put(c, id, given)
		return s.record(c, "token-issued", w.Person, w.Person, w.Client, nameOr(task, caller.NoTask), w.For.String(), id)
	})
	if err != nil {
		return "", nil, err
	}
	return secret, given, nil
}

// taskOf finds the task by the directory and the policy of now.
func (s *Service) taskOf(person, asked string, now time.Time) (string, error) {
	p := s.cfg.People.Person(person)
	if p == nil || !p.Active {
		return "", ErrGone
	}
	if asked == "" {
		return "", nil
	}
	found := ""
	for _, t := range s.tasksOf(person, now) {
		if t.ID != asked && t.Task != asked {
			continue
		}
		if found != "" {
			return "", fmt.Errorf("two roles have it, name one as ROLE/TASK: %w", ErrTask)
		}
		found = t.ID
	}
	if found == "" {
		return "", ErrTask
	}
	return found, nil
}

// tasksOf are the tasks of a person, by the directory and the policy of now.
func (s *Service) tasksOf(person string, now time.Time) []policy.TaskInfo {
	return s.cfg.Policy().TasksOf(s.cfg.People.Roles(person, now.UnixMicro()))
}

// makeRoom closes what of the person's is over, and refuses where the rest is too much.
func (s *Service) makeRoom(c *book.Change, person string, now time.Time) error {
	live := 0
	for id, t := range s.tokens.All() {
		switch {
		case t.Person != person:
		case t.Until <= now.UnixMicro():
			s.tokens.Close(c, id, person, t)
		default:
			live++
		}
	}
	if live >= mostOfAPerson {
		return ErrMany
	}
	return nil
}

// secret makes a token and its hash.
func (s *Service) secret() (string, [sha256.Size]byte, error) {
	text, err := s.random(32)
	if err != nil {
		return "", [sha256.Size]byte{}, err
	}
	text = prefix + text
	return text, sha256.Sum256([]byte(text)), nil
}

// record sets the entry of a change: names and ids only.
func (s *Service) record(c *book.Change, act, who, behalf string, what ...string) error {
	e, err := s.entry(act, who, behalf, what...)
	if err != nil {
		return err
	}
	c.Record(e)
	return nil
}

func (s *Service) entry(act, who, behalf string, what ...string) (*ledger.Act, error) {
	id, err := s.newID()
	if err != nil {
		return nil, err
	}
	now, _ := s.cfg.Now()
	return &ledger.Act{Act: act, At: now.UnixMicro(), ID: id, Who: who, Behalf: behalf, What: what}, nil
}

func (s *Service) newID() (string, error) {
	var id uuid.UUID // version 7, RFC 9562 section 5.7, by the clock of the record
	if _, err := io.ReadFull(s.cfg.Random, id[6:]); err != nil {
		return "", fmt.Errorf("an id for a token: %w", err)
	}
	now, _ := s.cfg.Now()
	for i := range 6 {
		id[i] = byte(uint64(now.UnixMilli()) >> (40 - 8*i))
	}
	id[6], id[8] = id[6]&0x0f|0x70, id[8]&0x3f|0x80
	return id.String(), nil
}

// random is n bytes in base64url.
func (s *Service) random(n int) (string, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(s.cfg.Random, b); err != nil {
		return "", fmt.Errorf("random bytes: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

// Tokens lists the tokens of a person that are live, the newest first.
func (s *Service) Tokens(person string) (out []*Token) {
	now, _ := s.cfg.Now()
	for _, t := range s.tokens.All() {
		if t.Person == person && t.Until > now.UnixMicro() {
			out = append(out, t)
		}
	}
	slices.SortFunc(out, func(a, b *Token) int { return cmp.Or(cmp.Compare(b.Issued, a.Issued), strings.Compare(b.ID, a.ID)) })
	return out
}

// LastUse is when a token was last shown since this process began, in microseconds since
// 1970; 0 where it was not.
func (s *Service) LastUse(id string) int64 {
	if at, ok := s.lastUse.Load(id); ok {
		return at.(*atomic.Int64).Load()
	}
	return 0
}

// shown notes that a token was used. One that ended since it was found is forgotten again:
// whoever ended it forgot it before it was noted here.
func (s *Service) shown(id string, now time.Time) {
	if at, ok := s.lastUse.Load(id); ok {
		at.(*atomic.Int64).Store(now.UnixMicro())
		return
	}
	at := new(atomic.Int64)
	at.Store(now.UnixMicro())
	if s.lastUse.LoadOrStore(id, at); s.tokens.Get(id) == nil {
		s.lastUse.Delete(id)
	}
}

// RevokeOf ends a token of a person, and whatever is under way with it: one that is not
// theirs is not there.
func (s *Service) RevokeOf(ctx context.Context, by, person, id string) error {
	for _, t := range s.Tokens(person) {
		if t.ID == id {
			return s.Revoke(ctx, by, id)
		}
	}
	if defect.On(defect.TokenOfOthers) {
		return s.Revoke(ctx, by, id)
	}
	return ErrNone
}

// Revoke ends a token. Its person may, and whoever runs people: the caller of Revoke
// has asked the directory.
func (s *Service) Revoke(ctx context.Context, by, id string) error {
	return s.cfg.Desk.Change(ctx, func(c *book.Change) error {
		t := s.tokens.Get(id)
		if t == nil {
			return ErrNone
		}
		s.end(c, t)
		return s.record(c, "token-revoked", by, t.Person, id)
	})
}

// EndSession ends the tokens of a session within the change that ends it, and says how
// many there were.
func (s *Service) EndSession(c *book.Change, session string) int {
	return s.endWhere(c, func(t *Token) bool { return t.Session == session && session != "" })
}

// EndPerson ends all tokens of a person within the change that takes the person away.
func (s *Service) EndPerson(c *book.Change, person string) int {
	return s.endWhere(c, func(t *Token) bool { return t.Person == person })
}

func (s *Service) endWhere(c *book.Change, which func(*Token) bool) (n int) {
	now, _ := s.cfg.Now()
	for _, t := range s.tokens.All() {
		if !which(t) {
			continue
		}
		if t.Until > now.UnixMicro() {
			n++
		}
		s.end(c, t)
	}
	return n
}

func (s *Service) end(c *book.Change, t *Token) {
	now, _ := s.cfg.Now()
	ended := *t
	ended.Ended = now.UnixMicro()
	s.tokens.Close(c, t.ID, t.Person, &ended)
}

// bounded keeps what somebody says of themselves short and printable.
func bounded(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, s)
	return s[:min(len(s), 200)]
}

func nameOr(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
