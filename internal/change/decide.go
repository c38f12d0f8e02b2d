package change

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"modicum/internal/book"
	"modicum/internal/defect"
	"modicum/internal/notice"
	"modicum/internal/people"
	"modicum/ledger"
	"modicum/policy"
)

const (
	answerIn = 14 * 24 * time.Hour // after which a proposal lapses
	mostText = 500                 // letters of a reason or word
)

// Propose says that a change is by.ID's, and why.
func (b *Book) Propose(ctx context.Context, by people.Actor, id, digest, reason string) error {
	return b.decide(ctx, by, OnPropose, id, func(c *book.Change, x *Change, now int64) error {
		if x.State != Found {
			return no("proposed", "Somebody has proposed this already.")
		}
		return b.propose(ctx, c, by, *x, digest, reason, now)
	})
}

// ProposeEarlier proposes a policy of the archive again.
func (b *Book) ProposeEarlier(ctx context.Context, by people.Actor, hash, reason string) (*Change, error) {
	id, err := newID()
	if err != nil {
		return nil, err
	}
	x := Change{ID: id, Policy: hash, Earlier: true}
	err = b.change(ctx, by, OnPropose, id, func(c *book.Change, now int64) error {
		if hash == b.cfg.InForce().Hash() {
			return no("in-force", "This policy is in force.")
		}
		for _, w := range b.Waiting() {
			if w.Policy == hash {
				return no("waits", "This policy waits already: "+w.ID)
			}
		}
		if _, err := b.set(hash); err != nil {
			return no("not-archived", "This policy is not in the archive any more, or does not compile with this version.")
		}
		x.Found = now
		digest, err := b.Digest(&x)
		if err != nil {
			return err
		}
		return b.propose(ctx, c, by, x, digest, reason, now)
	})
	if err != nil {
		return nil, err
	}
	return &x, nil
}

func (b *Book) propose(ctx context.Context, c *book.Change, by people.Actor, x Change, digest, reason string, now int64) error {
	reason = strings.TrimSpace(reason)
	e, err := b.Effect(&x)
	switch {
	case err != nil:
		return err
	case b.cfg.ByFolder && !defect.On(defect.FolderProposes):
		return byFolder()
	case !b.may(by, people.WritePolicy, now):
		return no("not-yours", "Only who holds the duty write-policy proposes a policy.")
	case digest != x.digest(e):
		return no("changed", "It is not as you looked at it. Look at it again.")
	case reason == "":
		return no("reason", "Say why: whoever is asked for a yes reads it first.")
	case utf8.RuneCountInString(reason) > mostText:
		return no("reason", "The reason is longer than 500 letters. Say it shorter.")
	}
	if err := b.fits(e.Set); err != nil {
		return err
	}
	s, err := step(x.State, OnPropose)
	if err != nil {
		return err
	}
	x.State, x.Base, x.Proposer, x.Proposed, x.Reason, x.Answers = s.To, e.Old, by.ID, now, reason, nil
	a, err := b.entry(s.Act, by, x.ID)
	if err != nil {
		return err
	}
	a.Hashes = map[string]string{"policy": x.Policy, "replaces": e.Old, "effect": e.Hash}
	c.Record(a)
	b.changes.Put(c, x.ID, &x)
	return b.tell(ctx, c, b.waits(&x, now)...)
}

func byFolder() error {
	return no("by-folder", "Here whatever lies in the policy's folder is in force (policy_changes: folder). Change the folder.")
}

func (b *Book) fits(set *policy.Set) error {
	if b.cfg.Fits == nil {
		return nil
	}
	if err := b.cfg.Fits(set); err != nil {
		return no("does-not-fit", "The configuration names what this policy does not have. Who runs the system sees it with: modicum serve --check")
	}
	return nil
}

// may reports whether a person of the directory, as themselves, holds a duty now.
func (b *Book) may(by people.Actor, duty people.Duty, now int64) bool {
	return by.For == "" && b.cfg.People.Program(by.ID) == nil && b.cfg.People.Active(by.ID) && b.cfg.People.Holds(by.ID, duty, now)
}

// Approve is a yes to exactly the change that has this digest. Where it was the last that
// is needed, the policy is in force when it returns true; false says that another must
// answer still.
func (b *Book) Approve(ctx context.Context, by people.Actor, id, digest, word string) (bool, error) {
	var put *policy.Set
	err := b.decide(ctx, by, OnApprove, id, func(c *book.Change, x *Change, now int64) (err error) {
		put, err = b.approve(ctx, c, by, *x, digest, word, now)
		return err
	})
	if err != nil || put == nil {
		return false, err
	}
	return true, b.cfg.Put(context.WithoutCancel(ctx), put)
}

func (b *Book) approve(ctx context.Context, c *book.Change, by people.Actor, x Change, digest, word string, now int64) (*policy.Set, error) {
	e, err := b.Effect(&x)
	if err != nil {
		return nil, err
	}
	if err := b.mayAnswer(by, &x, now); err != nil {
		return nil, err
	}
	current := x.digest(e)
	switch {
	case b.cfg.ByFolder && !defect.On(defect.FolderProposes):
		return nil, byFolder()
	case digest != current && !defect.On(defect.ChangeSwapped):
		return nil, no("changed", "It is not as you looked at it. Look at it again before you say yes.")
	case b.folderMoved(&x):
		return nil, no("folder-changed", "The policy's folder holds something else now. What is there is shown in a moment.")
	case !b.stands(&x, now):
		return nil, no("proposer", "Who proposed it does not hold the duty write-policy any more. They are given it again, or you refuse the change.")
	case utf8.RuneCountInString(word) > mostText:
		return nil, no("word", "The word is longer than 500 letters. Say it shorter.")
	}
	if err := b.fits(e.Set); err != nil {
		return nil, err
	}
	x.Answers = b.counting(&x, current, now)
	for _, a := range x.Answers {
		if b.same(a.By, by.ID) {
			return nil, no("answered", "You have said yes already. It waits for somebody else.")
		}
	}
	x.Answers = append(slices.Clone(x.Answers), Answer{by.ID, now, current, word})
	if lacks := b.Lacks(&x, e); lacks != "" {
		return nil, b.answered(c, by, &x, e)
	}
	return e.Set, b.putInForce(ctx, c, by, &x, e, now)
}

// stands reports whether who proposed a change may propose one still: by nobody who may
// not write policy does one come in force.
func (b *Book) stands(x *Change, now int64) bool {
	return b.may(people.Actor{ID: x.Proposer}, people.WritePolicy, now) || defect.On(defect.ProposerUnasked)
}

// folderMoved reports whether what was found in the folder is not there any more.
func (b *Book) folderMoved(x *Change) bool {
	return !x.Earlier && b.cfg.Folder != nil && b.cfg.Folder() != x.Policy && !defect.On(defect.ChangeSwapped)
}

// same reports whether two are one human being.
func (b *Book) same(a, c string) bool {
	if defect.On(defect.OtherIdentity) {
		return a == c
	}
	return a == c || b.cfg.People.Same(a, c)
}

// mayAnswer says why somebody may not answer a change.
func (b *Book) mayAnswer(by people.Actor, x *Change, now int64) error {
	switch {
	case x.State != Proposed:
		return no("not-proposed", "Nobody has proposed this yet.")
	case b.same(by.ID, x.Proposer) && !defect.On(defect.OwnChange):
		return no("self", "Nobody says yes to what they proposed themselves, under any of their identities.")
	case !b.may(by, people.AgreePolicy, now):
		return no("not-yours", "Only who holds the duty agree-policy puts a policy in force.")
	case now-x.Proposed >= answerIn.Microseconds():
		return no("lapsed", "The time for an answer is up. Whoever proposed it may propose it again.")
	}
	return nil
}

// MayNot is why somebody may not say yes to a change, for them to read; "" where they may.
func (b *Book) MayNot(by people.Actor, x *Change) string {
	now, trusted := b.moment()
	if !trusted {
		return "The time is not certain, so nothing is decided now."
	}
	if err := b.mayAnswer(by, x, now); err != nil {
		return err.Error()
	}
	for _, a := range x.Answers {
		if b.same(a.By, by.ID) {
			return "You have said yes already. It waits for somebody else."
		}
	}
	return ""
}

// counting are the answers that count still: to the change as it stands, by people who
// may put policy in force still, and who did not turn out to be who proposed it.
func (b *Book) counting(x *Change, digest string, now int64) []Answer {
	var out []Answer
	for _, a := range x.Answers {
		if a.Digest == digest && !b.same(a.By, x.Proposer) && b.may(people.Actor{ID: a.By}, people.AgreePolicy, now) {
			out = append(out, a)
		}
	}
	return out
}

// Lacks is what a change needs still, "" when nothing: a proposer who may propose; one yes; and a third person's where
// it opens something to a role of who proposed it or of who said yes, one of whom gains
// nothing, or opens something of which nobody can tell who gains.
func (b *Book) Lacks(x *Change, e *Effect) string {
	now, _ := b.moment()
	switch {
	case !b.stands(x, now):
		return "the duty write-policy with who proposed it, who does not hold it any more"
	case len(x.Answers) == 0:
		return "a yes of another person"
	}
	unnamed := e.Unnamed() && !defect.On(defect.UnnamedGain)
	gains, free := unnamed || len(b.Gains(e, people.Actor{ID: x.Proposer})) > 0, false
	for _, a := range x.Answers {
		gaining := len(b.Gains(e, people.Actor{ID: a.By})) > 0
		gains, free = gains || gaining, free || !gaining
	}
	switch {
	case !gains:
		return ""
	case len(x.Answers) < 2 && !free:
		return "a third person's yes, of somebody who gains nothing by it"
	case len(x.Answers) < 2 && unnamed:
		return "a third person's yes: it opens something to a program, a partner or a recipient, and who gains by that cannot be told"
	case len(x.Answers) < 2:
		return "a third person's yes: it opens something to a role of who proposed it"
	case !free:
		return "the yes of somebody who gains nothing by it"
	}
	return ""
}

// answered keeps one yes of several.
func (b *Book) answered(c *book.Change, by people.Actor, x *Change, e *Effect) error {
	s, err := step(x.State, OnAnswer)
	if err != nil {
		return err
	}
	a, err := b.entry(s.Act, by, x.ID)
	if err != nil {
		return err
	}
	a.Behalf = x.Proposer
	a.Hashes = map[string]string{"policy": x.Policy, "effect": e.Hash, "approved": x.Answers[len(x.Answers)-1].Digest}
	c.Record(a)
	b.changes.Put(c, x.ID, x)
	return nil
}

// putInForce ends a change by its yes. The entry of the new generation names the change,
// who proposed it and who said yes.
func (b *Book) putInForce(ctx context.Context, c *book.Change, by people.Actor, x *Change, e *Effect, now int64) error {
	s, err := step(x.State, OnApprove)
	if err != nil {
		return err
	}
	what := []string{"change " + x.ID, "proposed by " + x.Proposer}
	for _, a := range x.Answers {
		what = append(what, "approved by "+a.By)
	}
	a, err := b.entry(s.Act, by, what...)
	if err != nil {
		return err
	}
	a.Behalf = x.Proposer
	a.Hashes = map[string]string{
		"policy": x.Policy, "replaces": e.Old, "effect": e.Hash, "catalog": e.Set.Catalog().Hash(), "approved": x.Answers[len(x.Answers)-1].Digest,
	}
	c.Record(a)
	x.State, x.Base, x.Ended, x.EndedBy = s.To, e.Old, now, by.ID
	b.close(c, x)
	b.now.Put(c, nowID, &Now{Policy: x.Policy, Since: now, Change: x.ID})
	for _, other := range b.Waiting() { // what they were compared with is no longer in force
		if other.ID != x.ID {
			void := *other
			void.State, void.Ended, void.EndedBy = Void, now, system.ID
			b.close(c, &void)
		}
	}
	return b.tell(ctx, c, b.decided(x, by.ID, now)...)
}

func (b *Book) close(c *book.Change, x *Change) {
	b.changes.Close(c, x.ID, "", x)
	if b.cfg.Tell != nil {
		b.cfg.Tell.Settle(c, about(x))
	}
}

// Refuse is a no: it ends the change.
func (b *Book) Refuse(ctx context.Context, by people.Actor, id, word string) error {
	return b.decide(ctx, by, OnRefuse, id, func(c *book.Change, x *Change, now int64) error {
		if err := b.mayAnswer(by, x, now); err != nil {
			return err
		}
		if word = strings.TrimSpace(word); word == "" || utf8.RuneCountInString(word) > mostText {
			return no("word", "Say in a word why not: whoever proposed it reads it. At most 500 letters.")
		}
		return b.end(ctx, c, by, x, OnRefuse, now, word)
	})
}

// Withdraw takes back what one proposed.
func (b *Book) Withdraw(ctx context.Context, by people.Actor, id string) error {
	return b.decide(ctx, by, OnWithdraw, id, func(c *book.Change, x *Change, now int64) error {
		if x.State != Proposed || by.ID != x.Proposer || by.For != "" {
			return no("not-yours", "Only who proposed it takes it back.")
		}
		return b.end(ctx, c, by, x, OnWithdraw, now, "")
	})
}

// end closes a change that does not come in force.
func (b *Book) end(ctx context.Context, c *book.Change, by people.Actor, x *Change, on Event, now int64, word string) error {
	s, err := step(x.State, on)
	if err != nil {
		return err
	}
	a, err := b.entry(s.Act, by, x.ID)
	if err != nil {
		return err
	}
	a.Hashes = map[string]string{"policy": x.Policy}
	c.Record(a)
	closed := *x
	closed.State, closed.Ended, closed.EndedBy, closed.Word = s.To, now, by.ID, word
	b.close(c, &closed)
	if x.Proposer == "" || by.ID == x.Proposer {
		return nil
	}
	return b.tell(ctx, c, b.decided(&closed, by.ID, now)...)
}

// decide runs f on a change that waits.
func (b *Book) decide(ctx context.Context, by people.Actor, on Event, id string, f func(*book.Change, *Change, int64) error) error {
	if _, err := b.Get(ctx, id); err != nil {
		return err
	}
	return b.change(ctx, by, on, id, func(c *book.Change, now int64) error {
		x := b.changes.Get(id)
		if x == nil {
			return no("decided", "This was decided already. Look at it again to see how.")
		}
		return f(c, x, now)
	})
}

// change runs f within a change of the desk, in trusted time. What f refuses is recorded
// with its code (L2); what could not be kept is ErrUnavailable.
func (b *Book) change(ctx context.Context, by people.Actor, on Event, id string, f func(*book.Change, int64) error) error {
	now, trusted := b.moment()
	if !trusted && on != OnWithdraw {
		return ErrUnavailable
	}
	err := b.cfg.Desk.Change(ctx, func(c *book.Change) error { return f(c, now) })
	var refused *Refusal
	switch {
	case err == nil, errors.Is(err, ErrNone):
		return err
	case errors.As(err, &refused):
		return b.refused(ctx, by, on, id, refused)
	}
	return errors.Join(ErrUnavailable, err)
}

func (b *Book) refused(ctx context.Context, by people.Actor, on Event, id string, r *Refusal) error {
	a, err := b.entry("policy-not-done", by, string(on), id, r.Code)
	if err != nil {
		return errors.Join(ErrUnavailable, err)
	}
	a.Reason = r.Code
	if err := b.record(ctx, a); err != nil {
		return errors.Join(ErrUnavailable, err)
	}
	return r
}

func (b *Book) record(ctx context.Context, a *ledger.Act) error {
	return b.cfg.Desk.Change(ctx, func(c *book.Change) error { c.Record(a); return nil })
}

func about(x *Change) notice.About { return notice.About{Thing: notice.PolicyChange, ID: x.ID} }

// Approvers are the people who may say yes to a change as it stands.
func (b *Book) Approvers(x *Change) []string {
	now, _ := b.moment()
	var out []string
	for p := range b.cfg.People.People() {
		if p.Active && b.mayAnswer(people.Actor{ID: p.ID}, x, now) == nil && !slices.ContainsFunc(x.Answers, func(a Answer) bool { return b.same(a.By, p.ID) }) {
			out = append(out, p.ID)
		}
	}
	slices.Sort(out)
	return out
}

// waits are the notices to those who may say yes.
func (b *Book) waits(x *Change, now int64) []notice.Notice {
	var out []notice.Notice
	for _, id := range b.Approvers(x) {
		out = append(out, notice.Notice{Kind: notice.PolicyWaits, To: id, About: about(x), At: now, By: x.Proposer})
	}
	return out
}

func (b *Book) decided(x *Change, by string, now int64) []notice.Notice {
	if x.Proposer == "" {
		return nil
	}
	return []notice.Notice{{Kind: notice.PolicyDecided, To: x.Proposer, About: about(x), At: now, By: by}}
}

func (b *Book) tell(ctx context.Context, c *book.Change, notices ...notice.Notice) error {
	if b.cfg.Tell == nil || len(notices) == 0 {
		return nil
	}
	return b.cfg.Tell.Within(ctx, c, notices...)
}
