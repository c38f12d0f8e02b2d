package access

import (
	"context"
	"slices"
	"strings"
	"time"

	"modicum/internal/book"
	"modicum/internal/notice"
	"modicum/internal/people"
	"modicum/policy"
	"modicum/policy/doc"
)

const (
	mostWaiting = 20                  // requests of one person that wait at once
	farAhead    = 30 * 24 * time.Hour // how far ahead a grant may begin
	inARow      = 30 * 24 * time.Hour // grants of a task that follow each other closer count as one row
	tooOften    = 3                   // from then on the role is what should change
)

// terms are what the policy says about one want, and what follows of it.
type terms struct {
	set     *policy.Set
	task    policy.TaskInfo
	person  *people.Person
	roles   []string
	approve []string // roles or positions, one person from each
	length  int64    // microseconds, from its start
	bound   *Bound
	want    Want // complete and in order
}

// Asked is what became of asking: a request that waits, or a grant at once.
type Answered struct {
	Request *Request
	Grant   *Grant
	Again   bool // it was there already; nothing new was made
}

// Ask asks for something. A lend and an exception wait for approvers; a masked value
// opens at once, for the asker's own reason (rule 14). The error is a *Refusal with
// everything that stands in the way, or ErrUnavailable.
func (b *Book) Ask(ctx context.Context, by people.Actor, w Want) (Answered, error) {
	earlier, err := b.earlier(ctx, by.ID, b.moment())
	if err != nil {
		return Answered{}, err
	}
	var out Answered
	err = b.change(ctx, by, OnAsk, string(w.Kind), func(c *book.Change) error {
		now, err := b.now()
		if err != nil {
			return err
		}
		t, err := b.terms(by, w, now)
		if err != nil {
			return err
		}
		if out = b.again(by.ID, &t.want, now); out.Again {
			return nil
		}
		if err := b.mayAsk(ctx, by.ID, t, earlier, now); err != nil {
			return err
		}
		if t.want.Kind == Asked {
			out.Grant, err = b.take(c, by, t, now)
			return err
		}
		out.Request, err = b.ask(ctx, c, by, t, now)
		return err
	})
	if err != nil {
		return Answered{}, err
	}
	return out, nil
}

// again finds the same thing where it waits or is lent already: asking twice is asking
// once.
func (b *Book) again(person string, w *Want, now int64) Answered {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for _, r := range b.asked[person] {
		if r.Want.same(w) {
			return Answered{Request: r, Again: true}
		}
	}
	for _, g := range b.held[person] {
		if w.Kind == Asked && g.Want.same(w) && !g.over(now) {
			return Answered{Grant: g, Again: true}
		}
	}
	return Answered{}
}

// mayAsk says what of the person's own past stands in the way.
func (b *Book) mayAsk(ctx context.Context, person string, t *terms, earlier []string, now int64) error {
	var p problems
	if t.bound == nil && t.want.Reason.Ref == "" && copied(t.want.Reason.Text, earlier) {
		p.add("reason.text", "reason-copied", "You gave this reason before. Say what is different this time: which letter, which call, which question.")
	}
	if len(b.Requests(person)) >= mostWaiting {
		p.add("", "too-many", "Twenty requests of yours wait already. Take one back, or ask who decides about them.")
	}
	if t.want.Kind == Asked {
		if err := b.underRate(ctx, person, t, now); err != nil {
			return err
		}
	}
	return refusal(p)
}

// ask makes a request.
func (b *Book) ask(ctx context.Context, c *book.Change, by people.Actor, t *terms, now int64) (*Request, error) {
	id, err := b.newID(now)
	if err != nil {
		return nil, err
	}
	s, err := step(None, OnAsk)
	if err != nil {
		return nil, err
	}
	r := &Request{ID: id, Asker: by.ID, Want: t.want, Roles: by.Roles, State: s.To, Made: now, Needs: t.approve}
	if r.InARow, err = b.row(ctx, by.ID, &t.want, now); err != nil {
		return nil, err
	}
	r.Digest = digest(r, t.set.Hash())
	r.Stage = b.stage(t.set, r, now)
	who := b.answerers(t.set, r, now)
	if lack := b.unmet(r.Needs, who, everyone(who)); len(lack) > 0 {
		return nil, no("nobody", "Nobody but you can say yes to this now as "+strings.Join(lack, ", ")+". Tell your privacy officer.")
	}
	a, err := b.act(s.Act, by, by.ID, &t.want, id)
	if err != nil {
		return nil, err
	}
	a.Hashes = map[string]string{"asked": r.Digest, "policy": t.set.Hash()}
	c.Record(a)
	b.requests.Put(c, id, r)
	return r, b.tell(ctx, c, b.waits(r, who, notice.Waits, now)...)
}

// take opens a masked value.
func (b *Book) take(c *book.Change, by people.Actor, t *terms, now int64) (*Grant, error) {
	id, err := b.newID(now)
	if err != nil {
		return nil, err
	}
	s, err := step(None, OnTake)
	if err != nil {
		return nil, err
	}
	g := &Grant{ID: id, Person: by.ID, Roles: by.Roles, Want: t.want, State: s.To, Made: now, From: now, Until: now + t.length, Bound: t.bound}
	a, err := b.act(s.Act, by, by.ID, &t.want, id)
	if err != nil {
		return nil, err
	}
	c.Record(a)
	b.grants.Put(c, id, g)
	return g, nil
}

// row counts the grants of a task that followed each other, the one asked for included.
func (b *Book) row(ctx context.Context, person string, w *Want, now int64) (int, error) {
	n, since := 1, now
	ends := map[int64]int64{}
	var froms []int64
	for g, err := range b.allGrants(ctx, person, now-2*inARow.Microseconds()) {
		if err != nil {
			return 0, err
		}
		if g.Want.Kind == w.Kind && g.Want.task() == w.task() {
			froms = append(froms, g.From)
			ends[g.From] = g.Until
		}
	}
	slices.Sort(froms)
	for _, from := range slices.Backward(froms) {
		if since-ends[from] > inARow.Microseconds() {
			break
		}
		n, since = n+1, from
	}
	return n, nil
}

// waits are the notices to those whose answer is waited for.
func (b *Book) waits(r *Request, who map[string][]string, kind notice.Kind, at int64) []notice.Notice {
	var out []notice.Notice
	for _, id := range everyone(who) {
		out = append(out, notice.Notice{Kind: kind, To: id, About: notice.About{Thing: notice.Request, ID: r.ID}, At: at, By: r.Asker})
	}
	return out
}

// span is how long a duration of the policy is from a moment on, in microseconds:
// days and months are those of the organization's calendar.
func span(set *policy.Set, s doc.Span, from int64) int64 {
	at := time.UnixMicro(from).In(set.Zone())
	return s.After(at).UnixMicro() - from
}
