package access

import (
	"context"
	"errors"
	"slices"

	"modicum/internal/book"
	"modicum/internal/defect"
	"modicum/internal/notice"
	"modicum/internal/people"
)

// Approve is the yes of one approver to exactly the request that has this digest. Where
// it was the last that was needed, the grant comes back; nil says that others must
// answer still. An approval counts once: what is decided takes none (G2).
func (b *Book) Approve(ctx context.Context, by people.Actor, id, dig, word string) (*Grant, error) {
	var g *Grant
	err := b.decide(ctx, by, OnApprove, id, func(c *book.Change, r *Request, now int64) (err error) {
		g, err = b.approve(ctx, c, by, r, dig, word, now)
		return err
	})
	if err != nil {
		return nil, err
	}
	return g, nil
}

// decide runs f on a request that waits.
func (b *Book) decide(ctx context.Context, by people.Actor, on Event, id string, f func(*book.Change, *Request, int64) error) error {
	if _, err := b.Get(ctx, id); err != nil {
		return err
	}
	return b.change(ctx, by, on, id, func(c *book.Change) error {
		now, err := b.now()
		if on == OnWithdraw { // taking back waits for no clock
			now, err = b.moment(), nil
		}
		if err != nil {
			return err
		}
		r := b.requests.Get(id)
		if r == nil {
			return no("decided", "This was decided already, or taken back. Look at it again to see how.")
		}
		return f(c, r, now)
	})
}

func (b *Book) approve(ctx context.Context, c *book.Change, by people.Actor, r *Request, dig, word string, now int64) (*Grant, error) {
	t, err := b.asNow(r, now)
	if err != nil {
		return nil, err
	}
	want := *r
	want.Needs = t.approve
	current := digest(r, t.set.Hash())
	who := b.answerers(t.set, &want, now)
	if err := b.mayAnswer(by, &want, who, now); err != nil {
		return nil, err
	}
	if dig != current && !defect.On(defect.DigestUnread) {
		return nil, no("changed", "What is asked, or the policy, is not as you looked at it. Look at it again before you say yes.")
	}
	if len([]rune(word)) > mostText {
		return nil, no("word", "The word is longer than 500 letters. Say it shorter.")
	}
	want.Answers = b.counting(&want, who, current)
	before := len(b.unmet(want.Needs, who, ids(want.Answers)))
	if slices.ContainsFunc(want.Answers, func(a Answer) bool { return a.By == by.ID || b.cfg.People.Same(a.By, by.ID) }) && !defect.On(defect.OneApproverTwice) {
		return nil, no("answered", "You have said yes already. It waits for somebody else.")
	}
	want.Answers = append(slices.Clone(want.Answers), Answer{by.ID, now, current, word})
	lack := b.unmet(want.Needs, who, ids(want.Answers))
	if defect.On(defect.OneApproverTwice) {
		lack = lack[:max(0, len(want.Needs)-len(want.Answers))]
	}
	switch {
	case len(lack) == 0:
		return b.granted(ctx, c, by, &want, t, now)
	case len(lack) == before:
		return nil, no("not-needed", "Somebody has said yes in your place already. It waits for somebody else.")
	}
	return nil, b.answered(c, by, &want, now)
}

// asNow checks once more, as the policy and the asker's roles are now, what is asked.
func (b *Book) asNow(r *Request, now int64) (*terms, error) {
	w := r.Want
	if w.From < now {
		w.From = 0
	}
	t, err := b.terms(people.Actor{ID: r.Asker, Roles: r.Roles}, w, now)
	var refused *Refusal
	if errors.As(err, &refused) {
		return nil, &Refusal{append([]Problem{{Code: "impossible", Say: "This can be lent no more as it was asked. It ends by itself; whoever asked may ask anew."}}, refused.Problems...)}
	}
	return t, err
}

// mayAnswer says why somebody may not answer a request.
func (b *Book) mayAnswer(by people.Actor, r *Request, who map[string][]string, now int64) error {
	switch {
	case by.For != "":
		return no("acting-for", "Who acts for somebody else decides nothing. Answer it yourself, signed in as yourself.")
	case b.cfg.People.Program(by.ID) != nil && !defect.On(defect.ProgramsApprove):
		return no("program", "A program decides nothing.")
	case b.own(by.ID, r.Asker):
		return no("self", "Nobody says yes to what they asked for themselves, under any of their identities.")
	case b.stage(b.cfg.Policy(), r, now) == lapsed:
		return no("lapsed", "The time for an answer is up. Whoever asked may ask again.")
	case !slices.Contains(everyone(who), by.ID):
		return no("not-yours", "This is not yours to decide: the policy names others.")
	}
	return nil
}

// counting are the answers that count still: to what is asked as it stands, by people
// who may say so still.
func (b *Book) counting(r *Request, who map[string][]string, current string) []Answer {
	if defect.On(defect.AnswersKept) {
		return r.Answers
	}
	return without(r.Answers, func(a Answer) bool {
		return a.Digest != current || !slices.Contains(everyone(who), a.By)
	})
}

func ids(answers []Answer) []string {
	out := make([]string, len(answers))
	for i, a := range answers {
		out[i] = a.By
	}
	return out
}

// answered keeps one yes of several.
func (b *Book) answered(c *book.Change, by people.Actor, r *Request, now int64) error {
	s, err := step(r.State, OnAnswer)
	if err != nil {
		return err
	}
	a, err := b.act(s.Act, by, r.Asker, &r.Want, r.ID)
	if err != nil {
		return err
	}
	a.Hashes = map[string]string{"asked": r.Answers[len(r.Answers)-1].Digest}
	c.Record(a)
	b.requests.Put(c, r.ID, r)
	return nil
}

// granted makes the grant, and the request history, in one change.
func (b *Book) granted(ctx context.Context, c *book.Change, by people.Actor, r *Request, t *terms, now int64) (*Grant, error) {
	to, err := step(r.State, OnApprove)
	if err != nil {
		return nil, err
	}
	g, err := b.newGrant(r, t, now)
	if err != nil {
		return nil, err
	}
	a, err := b.act(to.Act, by, r.Asker, &r.Want, g.ID, r.ID)
	if err != nil {
		return nil, err
	}
	a.Hashes = map[string]string{"asked": r.Answers[len(r.Answers)-1].Digest}
	c.Record(a)
	r.State, r.Ended, r.EndedBy, r.Grant = to.To, now, by.ID, g.ID
	b.requests.Close(c, r.ID, r.Asker, r)
	b.settle(c, notice.Request, r.ID)
	b.grants.Put(c, g.ID, g)
	told := []notice.Notice{{Kind: notice.Decided, To: r.Asker, About: notice.About{Thing: notice.Grant, ID: g.ID}, At: now, By: by.ID}}
	return g, b.tell(ctx, c, append(told, b.oftenNotices(r, now)...)...)
}

func (b *Book) newGrant(r *Request, t *terms, now int64) (*Grant, error) {
	id, err := b.newID(now)
	if err != nil {
		return nil, err
	}
	begun, err := step(None, OnApprove)
	if err != nil {
		return nil, err
	}
	from := max(now, r.Want.From)
	until := from + t.length
	return &Grant{
		ID: id, Person: r.Asker, Request: r.ID, Roles: r.Roles, Want: r.Want, State: begun.To, Made: now, From: from, Until: until,
		Approvers: ids(r.Answers), Bound: t.bound, InARow: r.InARow, Review: &Review{By: until + reviewIn(t.set, until, t.set.Folder().Organization.BreakGlass.Review)},
	}, nil
}

// oftenNotices proposes a change of the role where the same was lent three times in a row.
func (b *Book) oftenNotices(r *Request, now int64) []notice.Notice {
	role, ok := b.cfg.Policy().RoleOf(r.Want.Role)
	asker := b.cfg.People.Person(r.Asker)
	if r.InARow < tooOften || !ok || asker == nil {
		return nil
	}
	var out []notice.Notice
	for _, id := range b.holders(role.Owner.Text, asker, now) {
		out = append(out, notice.Notice{Kind: notice.LentTooOften, To: id, About: notice.About{Thing: notice.Request, ID: r.ID}, At: now, By: r.Asker})
	}
	return out
}

// Refuse is the no of one approver: it ends the request.
func (b *Book) Refuse(ctx context.Context, by people.Actor, id, dig, word string) error {
	return b.decide(ctx, by, OnRefuse, id, func(c *book.Change, r *Request, now int64) error {
		set := b.cfg.Policy()
		if err := b.mayAnswer(by, r, b.answerers(set, r, now), now); err != nil {
			return err
		}
		if dig != digest(r, set.Hash()) {
			return no("changed", "What is asked, or the policy, is not as you looked at it. Look at it again before you answer.")
		}
		if len([]rune(word)) > mostText {
			return no("word", "The word is longer than 500 letters. Say it shorter.")
		}
		told := notice.Notice{Kind: notice.Decided, To: r.Asker, About: notice.About{Thing: notice.Request, ID: r.ID}, At: now, By: by.ID}
		return b.closeRequest(ctx, c, by, r, OnRefuse, now, word, told)
	})
}

// Withdraw takes one's own request back.
func (b *Book) Withdraw(ctx context.Context, by people.Actor, id string) error {
	return b.decide(ctx, by, OnWithdraw, id, func(c *book.Change, r *Request, now int64) error {
		if by.ID != r.Asker || by.For != "" {
			return no("not-yours", "Only who asked takes it back.")
		}
		return b.closeRequest(ctx, c, by, r, OnWithdraw, now, "")
	})
}

// closeRequest ends a request without a grant.
func (b *Book) closeRequest(ctx context.Context, c *book.Change, by people.Actor, r *Request, on Event, now int64, word string, told ...notice.Notice) error {
	s, err := step(r.State, on)
	if err != nil {
		return err
	}
	a, err := b.act(s.Act, by, r.Asker, &r.Want, r.ID)
	if err != nil {
		return err
	}
	c.Record(a)
	b.shutRequest(c, r, s, by.ID, now, word)
	return b.tell(ctx, c, told...)
}

func (b *Book) shutRequest(c *book.Change, r *Request, s Step, by string, now int64, word string) {
	closed := *r
	closed.State, closed.Ended, closed.EndedBy, closed.Word = s.To, now, by, word
	b.requests.Close(c, r.ID, r.Asker, &closed)
	b.settle(c, notice.Request, r.ID)
}
