package access

import (
	"context"
	"slices"
	"strings"

	"modicum/internal/book"
	"modicum/internal/defect"
	"modicum/internal/notice"
	"modicum/internal/people"
	"modicum/ledger"
)

// Attest is the word that whoever broke a glass owes afterwards: what it was for.
func (b *Book) Attest(ctx context.Context, by people.Actor, id, word string) error {
	return b.owing(ctx, by, OnAttest, id, func(c *book.Change, g *Grant, now int64) error {
		switch {
		case g.Person != by.ID || by.For != "":
			return no("not-yours", "Only who broke the glass says what it was for.")
		case g.Glass == nil:
			return no("no-glass", "Nothing was broken here.")
		case g.Glass.Attested != 0:
			return no("attested", "You have said what it was for already.")
		case !says(word) || len([]rune(word)) > mostText:
			return no("word", "Say in a few words what it was for, at most 500 letters.")
		}
		next, broken := *g, *g.Glass
		broken.Attested, broken.Attest = now, word
		next.Glass = &broken
		return b.closing(ctx, c, by, &next, OnAttest, now, "")
	})
}

// Review closes what was lent or broken with a verdict and a word: by somebody
// independent, never its holder, never an approver of it.
func (b *Book) Review(ctx context.Context, by people.Actor, id string, v Verdict, word string) error {
	return b.owing(ctx, by, OnReview, id, func(c *book.Change, g *Grant, now int64) error {
		switch {
		case !b.mayReview(by, g, now):
			return no("not-yours", "A review is done by somebody independent: who may review access, and neither held this nor approved it.")
		case !g.over(now):
			return no("live", "It lends still. Take it away, or wait for its end, and close the review then.")
		case !slices.Contains([]Verdict{Justified, Unjustified, Unclear}, v):
			return no("verdict", "Say what you found: justified, unjustified or unclear.")
		case !says(word) || len([]rune(word)) > mostText:
			return no("word", "Close it with a word: what you looked at and what you found, at most 500 letters.")
		}
		next := *g
		if g.State == Live { // its time is up and nobody swept yet
			next.State, next.Ended, next.EndedBy = Over, g.Until, system.ID
		}
		next.Review = &Review{By: g.Review.By, Who: by.ID, At: now, Verdict: v, Word: word}
		return b.closing(ctx, c, by, &next, OnReview, now, string(v))
	})
}

// owing runs f on a grant that is not history yet.
func (b *Book) owing(ctx context.Context, by people.Actor, on Event, id string, f func(*book.Change, *Grant, int64) error) error {
	if err := b.keepLoose(ctx); err != nil {
		return err
	}
	if _, err := b.Grant(ctx, id); err != nil {
		return err
	}
	return b.change(ctx, by, on, id, func(c *book.Change) error {
		g := b.grants.Get(id)
		if g == nil || !g.owed() {
			return no("closed", "Its review is closed, or none is owed.")
		}
		return f(c, g, b.moment())
	})
}

// closing writes what an attestation or a review made of a grant.
func (b *Book) closing(_ context.Context, c *book.Change, by people.Actor, g *Grant, on Event, now int64, what string) error {
	s, err := step(g.State, on)
	if err != nil {
		return err
	}
	a, err := b.act(s.Act, by, g.Person, &g.Want, g.ID)
	if err != nil {
		return err
	}
	if what != "" {
		a.What = append(a.What, what)
	}
	c.Record(a)
	if s.To == Closed {
		g.State = Closed
		b.grants.Close(c, g.ID, g.Person, g)
		b.settle(c, notice.Review, g.ID)
		return nil
	}
	b.grants.Put(c, g.ID, g)
	b.settle(c, notice.Grant, g.ID) // its user has said what it was for
	return nil
}

// mayReview: review-access or the policy's `tell`, and independent of it.
func (b *Book) mayReview(by people.Actor, g *Grant, now int64) bool {
	switch {
	case by.For != "", b.cfg.People.Program(by.ID) != nil, !b.cfg.People.Active(by.ID):
		return false
	case defect.On(defect.OwnReviewed):
		return true
	}
	return b.reviews(by.ID, g, now)
}

// reviews reports whether a person is one of a grant's reviewers, without listing all.
func (b *Book) reviews(id string, g *Grant, now int64) bool {
	return !b.partial(id, g) &&
		(b.cfg.People.Holds(id, people.ReviewAccess, now) || slices.Contains(b.privacy(g, now), id))
}

// reviewers are the people who may close a review.
func (b *Book) reviewers(g *Grant, now int64) []string {
	all := append(b.privacy(g, now), b.holdersOf(people.ReviewAccess, now)...)
	slices.Sort(all)
	return without(slices.Compact(all), func(id string) bool { return b.partial(id, g) })
}

// partial reports whether somebody held or approved a grant, under any identity.
func (b *Book) partial(id string, g *Grant) bool {
	return b.cfg.People.Same(id, g.Person) || id == g.Person ||
		slices.ContainsFunc(g.Approvers, func(a string) bool { return a == id || b.cfg.People.Same(a, id) })
}

// Reviews are what a person may close: what has ended and was not looked at, the most
// overdue first.
func (b *Book) Reviews(person string) []*Grant {
	now := b.moment()
	reviews := b.cfg.People.Active(person) && b.cfg.People.Holds(person, people.ReviewAccess, now) // asked once, not of everybody
	var out []*Grant
	for _, g := range b.grants.All() {
		if g.owed() && g.over(now) && (reviews || slices.Contains(b.privacy(g, now), person)) && !b.partial(person, g) {
			out = append(out, g)
		}
	}
	slices.SortFunc(out, func(x, y *Grant) int {
		if x.Review.By != y.Review.By {
			return int(min(1, max(-1, x.Review.By-y.Review.By)))
		}
		return strings.Compare(x.ID, y.ID)
	})
	return out
}

// remind tells reviewers, and whoever is above them, of a review that is overdue: once.
func (b *Book) remind(ctx context.Context, g *Grant) error {
	now := b.moment()
	if !g.owed() || g.Review.Late || now < g.Review.By || g.Want.Kind == Asked {
		return nil
	}
	return b.cfg.Desk.Change(ctx, func(c *book.Change) error {
		g := b.grants.Get(g.ID)
		if g == nil || !g.owed() || g.Review.Late {
			return nil
		}
		a, err := b.act("review-overdue", system, g.Person, &g.Want, g.ID)
		if err != nil {
			return err
		}
		c.Record(a)
		next, review := *g, *g.Review
		review.Late = true
		next.Review = &review
		b.grants.Put(c, g.ID, &next)
		hear := append(b.reviewers(g, now), b.holders(b.cfg.Policy().Folder().Organization.Approvals.EscalateTo.Text, b.whois(g.Person), now)...)
		slices.Sort(hear)
		var told []notice.Notice
		for _, id := range slices.Compact(hear) {
			told = append(told, notice.Notice{Kind: notice.ReviewOverdue, To: id, About: notice.About{Thing: notice.Review, ID: g.ID}, At: g.Review.By, By: g.Person})
		}
		return b.tell(ctx, c, told...)
	})
}

// Trail is the evidence beside a review.
type Trail struct {
	Decisions []*ledger.Decision // everything that was decided while the grant might count
	Facts     []string           // what is true now about its holder and the patient: what came later often explains it
}

// Opened is what was opened under a grant, for its reviewers and its holder. Looking is
// on record.
func (b *Book) Opened(ctx context.Context, by people.Actor, id string) (*Trail, error) {
	g, err := b.Grant(ctx, id)
	if err != nil {
		return nil, err
	}
	now := b.moment()
	if g.Person != by.ID && !b.mayReview(by, g, now) && !b.cfg.People.Holds(by.ID, people.ReadRecord, now) {
		return nil, b.refused(ctx, by, "look", id, no("not-yours", "What was opened is shown to its reviewers and to whoever opened it."))
	}
	a, err := b.act(ledger.ActLogRead, by, g.Person, nil, "grant", id)
	if err != nil {
		return nil, err
	}
	if err := b.cfg.Desk.Change(ctx, func(c *book.Change) error { c.Record(a); return nil }); err != nil {
		return nil, ErrUnavailable
	}
	t := &Trail{Facts: b.explains(g)}
	if b.cfg.Record != nil {
		if t.Decisions, err = b.cfg.Record.Under(ctx, id); err != nil {
			return nil, ErrUnavailable
		}
	}
	return t, nil
}
