package notice

import (
	"context"
	"errors"
	"time"

	"modicum/internal/book"
	"modicum/internal/defect"
)

// Item is a notice as its person reads it.
type Item struct {
	ID string // of the notice, for Seen
	Notice
	Title, Text string // in words; Text names who it comes from
	Path        string // of the page it leads to
	Mail        State  // what became of the mail; only where Mailed
	Mailed      bool   // mail is or was to leave
	Seen        time.Time
	Settled     time.Time // somebody else has done what it waited for
}

// ErrNoNotice: there is no such notice for this person.
var ErrNoNotice = errors.New("there is no such notice")

func (t *Teller) item(id string, p *page) Item {
	it := Item{ID: id, Notice: p.Notice, Title: words[p.Kind].title, Text: words[p.Kind].sentence(t.name(p.By)), Path: p.About.Path()}
	if p.Letter != nil {
		it.Mail, it.Mailed = p.Letter.State, true
	}
	if p.Seen > 0 {
		it.Seen = at(p.Seen)
	}
	if p.Settled > 0 {
		it.Settled = at(p.Settled)
	}
	return it
}

// name is what people call each other; the id where the directory has no name.
func (t *Teller) name(id string) string {
	if id == "" {
		return ""
	}
	return or(t.cfg.Directory.Reach(id).Name, id)
}

// Unread is how many notices a person has not seen. It waits for no disk.
func (t *Teller) Unread(person string) (n int) {
	t.desk.View(func() { n = len(t.index.people[person]) })
	return n
}

// Inbox returns what a person has not seen, newest first, from before the notice of
// that id on; "" from the newest. It waits for no disk.
func (t *Teller) Inbox(person, before string, limit int) []Item {
	open := map[string]*page{}
	var ids []string
	t.desk.View(func() {
		ids = newest(t.index.people[person], before, limit)
		for _, id := range ids {
			open[id] = t.index.people[person][id]
		}
	})
	out := make([]Item, 0, len(ids))
	for _, id := range ids {
		out = append(out, t.item(id, open[id]))
	}
	return out
}

// History returns what a person has seen or what no longer waits, newest first, from
// before the notice of that id on.
func (t *Teller) History(ctx context.Context, person, before string, limit int) ([]Item, error) {
	if person == "" {
		return nil, nil // to the shelf, no owner means anybody's
	}
	closed, err := t.notices.History(ctx, person, before, limit)
	if err != nil {
		return nil, err
	}
	out := make([]Item, 0, len(closed))
	for _, p := range closed {
		out = append(out, t.item(p.id(), p))
	}
	return out, nil
}

// Seen marks notices as seen by their person, and takes back mail that waits. What
// was seen before stays as it is; the notice of somebody else is ErrNoNotice.
func (t *Teller) Seen(ctx context.Context, person string, ids ...string) error {
	return t.change(ctx, "notices-seen", person, func(c *book.Change) (what []string, err error) {
		done := map[string]bool{}
		for _, id := range ids {
			p, err := t.theirs(ctx, person, id)
			if err != nil {
				return nil, err
			}
			if p == nil || done[id] {
				continue
			}
			done[id] = true
			t.close(c, id, p, func(p *page) { p.Seen = t.cfg.Now().UnixMicro() })
			what = append(what, id)
		}
		return what, nil
	})
}

// theirs is an open notice of a person; nil when it is closed.
func (t *Teller) theirs(ctx context.Context, person, id string) (*page, error) {
	p, err := t.notices.Find(ctx, id)
	switch {
	case errors.Is(err, book.ErrNoPage):
		return nil, ErrNoNotice
	case err != nil:
		return nil, err
	case p.To != person && !defect.On(defect.NoticeOfAnybody):
		return nil, ErrNoNotice
	}
	return t.notices.Get(id), nil
}

// close makes a notice history. Mail that waits is not sent any more.
func (t *Teller) close(c *book.Change, id string, p *page, mark func(*page)) {
	now := *p
	if l := now.Letter; l != nil && l.State == Waiting {
		skipped := *l
		skipped.State, skipped.At = Skipped, t.cfg.Now().UnixMicro()
		now.Letter = &skipped
	}
	mark(&now)
	t.notices.Close(c, id, now.To, &now)
}

// settling are the kinds that wait for somebody to do something.
var settling = map[Kind]bool{Waits: true, Escalated: true, AttestWaits: true, ReviewWaits: true, ReviewOverdue: true}

// Settle says, within a change, that what a thing waited for was done: nobody is told
// of it any more who has not looked yet.
func (t *Teller) Settle(c *book.Change, about About) {
	for id, p := range t.index.things[about] {
		if settling[p.Kind] && !defect.On(defect.SettledMailed) {
			t.close(c, id, p, func(p *page) { p.Settled = t.cfg.Now().UnixMicro() })
		}
	}
}

// keepUnseen is how long a notice waits to be seen.
const keepUnseen = 90 * 24 * time.Hour

// putAway closes what nobody looked at for so long, a part at a time.
func (t *Teller) putAway(ctx context.Context) error {
	before := t.cfg.Now().Add(-keepUnseen).UnixMicro()
	return t.change(ctx, "notices-put-away", system, func(c *book.Change) (what []string, err error) {
		for id, p := range t.notices.All() {
			if p.Told < before && len(what) < mostNamed {
				t.close(c, id, p, func(p *page) { p.Dropped = t.cfg.Now().UnixMicro() })
				what = append(what, id)
			}
		}
		for id, k := range t.calls.All() {
			if t.hook(k.Hook) == nil && len(what) < mostNamed {
				t.end(c, id, k, Skipped) // its webhook is no longer configured
				what = append(what, id)
			}
		}
		return what, nil
	})
}
