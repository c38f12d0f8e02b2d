package access

import (
	"context"
	"errors"
	"slices"

	"modicum/internal/book"
	"modicum/internal/defect"
	"modicum/internal/notice"
	"modicum/internal/people"
	"modicum/policy"
)

// system is who acts where nobody does: time, facts, a change of policy.
var system = people.Actor{ID: "modicum"}

// GiveBack ends one's own grant before its time.
func (b *Book) GiveBack(ctx context.Context, by people.Actor, id string) error {
	return b.end(ctx, by, OnGiveBack, id, "", func(g *Grant) error {
		if g.Person != by.ID || by.For != "" {
			return no("not-yours", "Only who holds it gives it back.")
		}
		return nil
	})
}

// Revoke takes a grant away, at once. When it returns nil no later use succeeds (G3).
func (b *Book) Revoke(ctx context.Context, by people.Actor, id, word string) error {
	return b.end(ctx, by, OnRevoke, id, word, func(g *Grant) error {
		if !b.mayRevoke(by, g) {
			return no("not-yours", "This is not yours to take away: whoever approved it, the privacy officer, or who runs the directory may.")
		}
		if len([]rune(word)) > mostText {
			return no("word", "The word is longer than 500 letters. Say it shorter.")
		}
		return nil
	})
}

// mayRevoke: taking away is wide, as giving is narrow.
func (b *Book) mayRevoke(by people.Actor, g *Grant) bool {
	now := b.moment()
	switch {
	case by.For != "" || b.cfg.People.Program(by.ID) != nil || !b.cfg.People.Active(by.ID):
		return false
	case by.ID == g.Person, slices.Contains(g.Approvers, by.ID):
		return true
	case b.cfg.People.Holds(by.ID, people.ReviewAccess, now), b.cfg.People.Holds(by.ID, people.RunPeople, now):
		return true
	}
	return slices.Contains(b.privacy(g, now), by.ID)
}

// privacy are the people who hear of a broken glass: the policy's `tell`.
func (b *Book) privacy(g *Grant, now int64) []string {
	asker := b.cfg.People.Person(g.Person)
	if asker == nil {
		asker = &people.Person{ID: g.Person}
	}
	var out []string
	for _, position := range b.cfg.Policy().Folder().Organization.BreakGlass.Tell {
		out = append(out, b.holders(position.Text, asker, now)...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// end ends a grant by what somebody did. may says why they may not.
func (b *Book) end(ctx context.Context, by people.Actor, on Event, id, word string, may func(*Grant) error) error {
	if g := b.looseOf(id); g != nil {
		return b.endLoose(ctx, by, on, g, word, may)
	}
	if _, err := b.Grant(ctx, id); err != nil {
		return err
	}
	allowed := false
	err := b.change(ctx, by, on, id, func(c *book.Change) error {
		g := b.grants.Get(id)
		if g == nil || g.over(b.moment()) {
			return no("ended", "It has ended already.")
		}
		if err := may(g); err != nil {
			return err
		}
		allowed = true
		return b.ending(ctx, c, by, g, on, b.moment(), word)
	})
	if g := b.grants.Get(id); errors.Is(err, ErrUnavailable) && g != nil && (allowed || may(g) == nil) {
		b.cutOff(id, cut{by, on, word})
	}
	return err
}

// cut is an end that could not be recorded yet.
type cut struct {
	by   people.Actor
	on   Event
	word string
}

// cutOff takes a grant away though it cannot be recorded now: whoever takes away does
// not wait for a disk. Its entry follows.
func (b *Book) cutOff(id string, c cut) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cut[id] = c
	b.hearEnd(id)
}

func (b *Book) isCut(id string) (cut, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	c, is := b.cut[id]
	return c, is
}

// ending writes the end of a grant, with the entry that tells of it.
func (b *Book) ending(ctx context.Context, c *book.Change, by people.Actor, g *Grant, on Event, now int64, word string) error {
	s, err := step(g.State, on)
	if err != nil {
		return err
	}
	a, err := b.act(s.Act, by, g.Person, &g.Want, g.ID)
	if err != nil {
		return err
	}
	c.Record(a)
	b.shutGrant(c, g, s.To, by.ID, now, word)
	return b.tell(ctx, c, b.endNotices(by, g, on, now)...)
}

// shutGrant writes a grant that lends no more. It stays open for its review, if one is
// owed; else it is history.
func (b *Book) shutGrant(c *book.Change, g *Grant, to State, by string, now int64, word string) {
	shut := *g
	shut.State, shut.Ended, shut.EndedBy, shut.Word = to, now, by, word
	if shut.owed() {
		b.grants.Put(c, g.ID, &shut)
		return
	}
	b.grants.Close(c, g.ID, g.Person, &shut)
}

func (b *Book) endNotices(by people.Actor, g *Grant, on Event, now int64) []notice.Notice {
	at := notice.About{Thing: notice.Grant, ID: g.ID}
	var out []notice.Notice
	if on == OnRevoke && by.ID != g.Person {
		out = append(out, notice.Notice{Kind: notice.Revoked, To: g.Person, About: at, At: now, By: by.ID})
	}
	if g.owed() && g.Glass == nil { // of a glass they were told when it broke
		for _, id := range b.reviewers(g, now) {
			out = append(out, notice.Notice{Kind: notice.ReviewWaits, To: id, About: notice.About{Thing: notice.Review, ID: g.ID}, At: now, By: g.Person})
		}
	}
	return out
}

// gone closes what somebody who leaves has asked for and holds, in the change that
// deactivates them: its entry tells of it (G6).
func (b *Book) gone(_ context.Context, c *book.Change, id string) {
	if defect.On(defect.LentToLeavers) {
		return
	}
	now := b.moment()
	for _, r := range b.Requests(id) {
		if s, err := step(r.State, OnLeave); err == nil {
			b.shutRequest(c, r, s, system.ID, now, "")
			c.Note("request-lapsed:" + r.ID)
		}
	}
	b.mu.Lock()
	held := slices.Clone(b.held[id])
	for loose, g := range b.loose {
		if g.Person == id {
			shut := *g
			shut.State, shut.Ended, shut.EndedBy = NoLonger, now, system.ID
			b.loose[loose] = &shut
			b.hearEnd(loose)
		}
	}
	b.mu.Unlock()
	for _, g := range held {
		if s, err := step(g.State, OnLeave); err == nil {
			b.shutGrant(c, g, s.To, system.ID, now, "")
			c.Note("grant-ended:" + g.ID)
		}
	}
}

// Sweep writes down what time, facts and policy have ended, escalates what nobody
// answered, and takes into the book what could not be kept before. Nothing lends for
// longer when it is late. Errors are those of single pages; the others were swept.
func (b *Book) Sweep(ctx context.Context) error {
	var errs []error
	if !b.cfg.Desk.Certain() {
		errs = append(errs, b.cfg.Desk.Reload(ctx))
	}
	errs = append(errs, b.keepLoose(ctx))
	for _, r := range b.requests.All() {
		errs = append(errs, b.sweepRequest(ctx, r))
	}
	for _, g := range b.grants.All() {
		errs = append(errs, b.sweepGrant(ctx, g), b.remind(ctx, g))
	}
	return errors.Join(errs...)
}

func (b *Book) sweepRequest(ctx context.Context, r *Request) error {
	now, err := b.now()
	if err != nil {
		return nil // nobody can say whose time is up
	}
	set := b.cfg.Policy()
	stage := b.stage(set, r, now)
	_, impossible := b.asNow(r, now)
	var refused *Refusal
	if stage < lapsed && stage == r.Stage && !errors.As(impossible, &refused) {
		return nil
	}
	return b.cfg.Desk.Change(ctx, func(c *book.Change) error {
		r := b.requests.Get(r.ID)
		switch {
		case r == nil || stage == r.Stage && refused == nil:
			return nil
		case stage == lapsed || refused != nil:
			told := notice.Notice{Kind: notice.Decided, To: r.Asker, About: notice.About{Thing: notice.Request, ID: r.ID}, At: now}
			return b.closeRequest(ctx, c, system, r, OnLapse, now, "", told)
		}
		return b.escalate(ctx, c, r, stage, now)
	})
}

// escalate tells the next circle.
func (b *Book) escalate(ctx context.Context, c *book.Change, r *Request, stage int, now int64) error {
	set := b.cfg.Policy()
	before := everyone(b.answerers(set, r, r.Made))
	next := *r
	next.Stage = stage
	a, err := b.act("access-escalated", system, r.Asker, &r.Want, r.ID)
	if err != nil {
		return err
	}
	c.Record(a)
	b.requests.Put(c, r.ID, &next)
	told := without(b.waits(&next, b.answerers(set, &next, now), notice.Escalated, now), func(n notice.Notice) bool {
		return slices.Contains(before, n.To)
	})
	return b.tell(ctx, c, told...)
}

func (b *Book) sweepGrant(ctx context.Context, g *Grant) error {
	as, is := b.isCut(g.ID)
	if g.State != Live || b.endsBy(g) == "" && !is {
		return nil
	}
	return b.cfg.Desk.Change(ctx, func(c *book.Change) error {
		g := b.grants.Get(g.ID)
		switch {
		case g == nil || g.State != Live:
			return nil
		case is:
			return b.ending(ctx, c, as.by, g, as.on, b.moment(), as.word)
		}
		if on := b.endsBy(g); on != "" {
			return b.ending(ctx, c, system, g, on, b.moment(), "")
		}
		return nil
	})
}

// endsBy is what has ended a grant, "" while nothing has.
func (b *Book) endsBy(g *Grant) Event {
	switch latest := b.moment(); {
	case latest >= g.Until:
		return OnTime
	case !b.lends(g):
		return OnPolicy
	case b.lost(g):
		return OnFact
	}
	return ""
}

// lends reports whether the policy has still what the grant lends, and its holder a role
// with that task. While nobody knows what the directory says, nothing ends by it.
func (b *Book) lends(g *Grant) bool {
	set := b.cfg.Policy()
	t, ok := set.Task(g.Want.task())
	has := slices.ContainsFunc(set.TasksOf(b.rolesOf(g, b.moment())), func(of policy.TaskInfo) bool { return of.ID == t.ID })
	switch {
	case !b.cfg.Desk.Certain():
		return true
	case !ok || !has:
		return false
	case g.Want.Kind == Lend:
		return t.Lend != nil
	case g.Want.Kind == Exception:
		return set.Folder().Organization.Exceptions != nil
	case g.Want.Kind == Glass:
		return t.BreakGlass != nil
	}
	return true
}
