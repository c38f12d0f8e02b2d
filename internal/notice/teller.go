package notice

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"time"

	"github.com/google/uuid"

	"modicum/internal/book"
	"modicum/internal/defect"
	"modicum/ledger"
)

// Reach is how a person is reached. The zero value is somebody without mail.
type Reach struct {
	Name string // as colleagues know them; "" where only the id is known
	Mail string // "" where there is none
	Zone string // IANA name; "" is the organization's
	Gone bool   // they left: nothing is sent to them any more
}

// Directory knows people. It is asked again at each sending, must answer from memory
// and be safe for concurrent use. Whom it does not know has the zero Reach.
type Directory interface {
	Reach(person string) Reach
}

// Config is what a Teller is made of. Desk and Directory must be set; Public, where
// there is mail or a webhook.
type Config struct {
	Desk      *book.Desk
	Directory Directory
	Public    *url.URL         // the address under which people reach the console
	Mail      *Mail            // nil: no mail leaves
	Hooks     []Hook           // none: no webhook leaves
	Zone      *time.Location   // the organization's; nil means UTC
	Now       func() time.Time // nil means time.Now
	Rand      io.Reader        // for ids of entries; nil means crypto/rand
	Log       *slog.Logger     // nil discards
}

// Teller tells people. It is safe for concurrent use.
type Teller struct {
	cfg     Config
	desk    *book.Desk
	notices *book.Book[page]
	calls   *book.Book[call]
	hooks   *book.Book[hookPage]
	wishes  *book.Book[Wishes]
	index   index
	outlets []*outlet // one for each way out
	wake    map[string]chan struct{}
}

// page is a notice as it is kept, under its id. It is open until it is seen.
type page struct {
	Notice
	Told    int64    `json:"told"`
	Letter  *sending `json:"letter,omitempty"` // nil: no mail
	Seen    int64    `json:"seen,omitempty"`
	Settled int64    `json:"settled,omitempty"` // it no longer waits for anybody
	Dropped int64    `json:"dropped,omitempty"` // nobody looked at it for keepUnseen
}

// sending is one way out. Notices of one letter leave as one mail.
type sending struct {
	ID    string `json:"id"`  // of the letter; its Message-Id is made of it
	Due   int64  `json:"due"` // not before
	State State  `json:"state,omitempty"`
	At    int64  `json:"at,omitempty"` // of the state
}

// State is what became of a sending. The zero State is: it waits.
type State string

// The states.
const (
	Waiting State = ""
	Sent    State = "sent"    // the server has it
	Failed  State = "failed"  // it was refused, or nobody took it for a whole day
	Skipped State = "skipped" // there is no longer anybody to send it to
)

// call is one event for one webhook. It is open until it left.
type call struct {
	Notice          // without To
	Hook    string  `json:"hook"`
	Sending sending `json:"sending"`
}

// hookPage is a webhook that was disabled.
type hookPage struct {
	URL string `json:"url"` // digest: another address is another webhook
	At  int64  `json:"at"`
}

// Open reads what was told so far. It sends nothing: Run does.
func Open(ctx context.Context, cfg Config) (*Teller, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	t := &Teller{cfg: cfg, desk: cfg.Desk, index: newIndex(), wake: map[string]chan struct{}{}}
	if err := t.makeOutlets(); err != nil {
		return nil, err
	}
	var err1, err2, err3, err4 error
	t.wishes, err1 = book.Open[Wishes](ctx, t.desk, "notice-wishes", nil)
	t.hooks, err2 = book.Open[hookPage](ctx, t.desk, "notice-hook", nil)
	t.notices, err3 = book.Open(ctx, t.desk, "notice", t.turned)
	t.calls, err4 = book.Open(ctx, t.desk, "notice-call", t.called)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return nil, fmt.Errorf("notice: %w", err)
	}
	return t, nil
}

func (c *Config) complete() error {
	if c.Desk == nil || c.Directory == nil {
		return errors.New("notice: Desk and Directory must be set")
	}
	if c.Public == nil && (c.Mail != nil || len(c.Hooks) > 0) {
		return errors.New("notice: mail and webhooks lead to pages, so Public must be set")
	}
	if c.Zone == nil {
		c.Zone = time.UTC
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return nil
}

// system is who acts where no person does.
const system = "modicum"

// entry makes an entry of the record. It names people, kinds and ids, and nothing else.
func (t *Teller) entry(act, who string, what ...string) (*ledger.Act, error) {
	id, err := uuid.NewV7FromReader(t.cfg.Rand)
	if err != nil {
		return nil, fmt.Errorf("notice: %w", err)
	}
	return &ledger.Act{Act: act, At: t.cfg.Now().UnixMicro(), ID: id.String(), Kind: ledger.KindAct, Schema: ledger.Schema, Who: who, What: what}, nil
}

// change keeps what f writes with an entry of that name, where f writes something.
func (t *Teller) change(ctx context.Context, act, who string, f func(*book.Change) (what []string, err error)) error {
	return t.desk.Change(ctx, func(c *book.Change) error {
		what, err := f(c)
		if err != nil || len(what) == 0 {
			return err
		}
		e, err := t.entry(act, who, bounded(what)...)
		if err == nil {
			c.Record(e)
		}
		return err
	})
}

// mostNamed bounds what one entry names, so that it stays below ledger.MaxEntry.
const mostNamed = 200

func bounded(what []string) []string {
	if len(what) <= mostNamed {
		return what
	}
	return append(what[:mostNamed:mostNamed], fmt.Sprintf("and %d more", len(what)-mostNamed))
}

// Tell tells people. When it returns nil the notices are durable. What was told
// before is not told again.
func (t *Teller) Tell(ctx context.Context, notices ...Notice) error {
	return t.change(ctx, "notices-told", system, func(c *book.Change) ([]string, error) {
		return t.within(ctx, c, notices)
	})
}

// Within tells people as part of a change, whose entry tells what of: the notices are
// kept when the change is, or not at all. It may be called once in a change.
func (t *Teller) Within(ctx context.Context, c *book.Change, notices ...Notice) error {
	_, err := t.within(ctx, c, notices)
	return err
}

// within writes the pages of notices and returns what it wrote, in words.
func (t *Teller) within(ctx context.Context, c *book.Change, notices []Notice) ([]string, error) {
	var errs []error
	for i := range notices {
		errs = append(errs, notices[i].check())
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	now, again := t.cfg.Now(), map[string]bool{}
	var told []string
	for _, n := range notices {
		fresh, err := t.fresh(ctx, &n, again)
		if err != nil {
			return nil, err
		}
		if fresh {
			t.notices.Put(c, n.id(), &page{Notice: n, Told: now.UnixMicro(), Letter: t.letter(&n, now)})
			told = append(told, string(n.Kind)+" to "+n.To)
		}
		called, err := t.call(ctx, c, &n, now, again)
		if err != nil {
			return nil, err
		}
		told = append(told, called...)
	}
	return told, nil
}

// fresh reports whether nobody was told this yet; again are ids of the same change.
func (t *Teller) fresh(ctx context.Context, n *Notice, again map[string]bool) (bool, error) {
	id := n.id()
	if defect.On(defect.ToldTwice) {
		return !again[id] && t.notices.Get(id) == nil, nil // what was seen is told again
	}
	if again[id] {
		return false, nil
	}
	again[id] = true
	return missing(t.notices.Find(ctx, id))
}

// missing reads the answer of Book.Find.
func missing[T any](_ *T, err error) (bool, error) {
	if errors.Is(err, book.ErrNoPage) {
		return true, nil
	}
	return false, err
}

// call writes the calls of the webhooks that hear of such events, each event once.
func (t *Teller) call(ctx context.Context, c *book.Change, n *Notice, now time.Time, again map[string]bool) ([]string, error) {
	var called []string
	for i := range t.cfg.Hooks {
		h := &t.cfg.Hooks[i]
		id := n.event(h.Name)
		if !h.hears(n.Kind) || again[id] || t.disabled(h) {
			continue
		}
		again[id] = true
		fresh, err := missing(t.calls.Find(ctx, id))
		if err != nil {
			return nil, err
		}
		if !fresh {
			continue
		}
		event := *n
		event.To, event.Urgent = "", false
		t.calls.Put(c, id, &call{Notice: event, Hook: h.Name, Sending: sending{ID: id, Due: now.UnixMicro()}})
		called = append(called, string(n.Kind)+" to webhook "+h.Name)
	}
	return called, nil
}

// letter plans the mail of a notice; nil when none is to leave.
func (t *Teller) letter(n *Notice, now time.Time) *sending {
	if t.cfg.Mail == nil {
		return nil
	}
	w := t.Wishes(n.To)
	due, ok := w.due(now, n.Urgent && !defect.On(defect.UrgentWaits), t.zone(n.To, w))
	if !ok {
		return nil
	}
	if due.Equal(now) || due.UnixMicro() <= t.index.digest {
		// Alone; also where the clock was set back and the digest of that moment has left.
		return &sending{ID: n.id(), Due: due.UnixMicro()}
	}
	// Whatever waits for the same moment leaves as one letter. Its id is that of the
	// moment, so that it is the same after a restart.
	return &sending{ID: idOf(due.UnixMicro(), "digest", n.To), Due: due.UnixMicro()}
}

// zone is whose clock a person looks at.
func (t *Teller) zone(person string, w Wishes) *time.Location {
	for _, name := range []string{w.Zone, t.cfg.Directory.Reach(person).Zone} {
		if loc, err := zone(name); err == nil && name != "" {
			return loc
		}
	}
	return t.cfg.Zone
}

// Zone is whose clock the hours of a person's wishes are read by.
func (t *Teller) Zone(person string) *time.Location { return t.zone(person, t.Wishes(person)) }

// Wishes are how a person wants to be told.
func (t *Teller) Wishes(person string) Wishes {
	if w := t.wishes.Get(person); w != nil {
		return *w
	}
	return Wishes{}
}

// SetWishes keeps how a person wants to be told from the next notice on. What waits
// already leaves as it was planned.
func (t *Teller) SetWishes(ctx context.Context, person string, w Wishes) error {
	if err := w.Check(); err != nil {
		return err
	}
	return t.change(ctx, "notice-wishes-changed", person, func(c *book.Change) ([]string, error) {
		t.wishes.Put(c, person, &w)
		return []string{string(or(w.Pace, AtOnce))}, nil
	})
}

func or[T comparable](v, otherwise T) T {
	if v == *new(T) {
		return otherwise
	}
	return v
}
