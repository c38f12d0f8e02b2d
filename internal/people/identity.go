package people

import (
	"slices"
	"strings"

	"modicum/internal/defect"
)

// Word is what an issuer's word is worth that somebody whom it calls by a name of ours is
// them. Zero is nothing.
type Word uint8

// The worths.
const (
	Others Word = iota // it is somebody else: their identity at an issuer is another one
	Unsaid             // nobody here said which identity is theirs: the name alone tells
	Theirs             // two of this installation said that it is them
)

// Identity names somebody as an issuer does, by the claims iss and sub, which it never
// gives to another (OpenID Connect Core 1.0 section 2). It is what is given by
// [IdentityKind]. An issuer has no fragment, so that the first # parts the two.
func Identity(issuer, subject string) string { return issuer + "#" + subject }

// Word says what an issuer's word is worth that its subject is this person, or somebody
// whom nobody knows yet. Once an identity is given and agreed to no other one is theirs,
// and it is nobody else's, also when its time is over or they have left: whoever chooses
// names at the issuer would choose who they are here else (threat model T8).
func (d *Directory) Word(id, issuer, subject string) (w Word) {
	now, trusted := d.now()
	d.view(func() {
		if w = Unsaid; !defect.On(defect.IdentityIgnored) {
			w = d.word(id, Identity(issuer, subject), now, trusted)
		}
	})
	return w
}

func (d *Directory) word(id, identity string, now int64, trusted bool) Word {
	p, w := d.persons.At(id), Unsaid
	for i := 0; p != nil && i < len(p.Identities); i++ {
		h := &p.Identities[i]
		switch {
		case d.waits(p, IdentityKind, h):
		case h.Name == identity && d.counts(p, IdentityKind, h, now, trusted):
			w = Theirs
		case w == Unsaid:
			w = Others
		}
	}
	if d.barred(id, identity, w) {
		return Others
	}
	return w
}

// barred reports whether an identity of other pages keeps it from being this one's.
func (d *Directory) barred(id, identity string, w Word) bool {
	for other := range d.index.holders[holding(IdentityKind, identity)] {
		if other != id && d.bars(d.persons.At(other), id, identity, w) {
			return true
		}
	}
	return false
}

// ofTwo reports whether an identity that a page bears stands on that of another human
// being, too, as nobody can say any more: it is neither's then.
func (d *Directory) ofTwo(p *Person, h *Held) bool {
	return h.Taken == "" && !d.waits(p, IdentityKind, h) && d.barred(p.ID, h.Name, Theirs)
}

// OfTwo counts the identities that stand on the pages of two human beings, since before
// that was refused.
func (d *Directory) OfTwo() (n int) {
	d.view(func() { n = d.countOfTwo() })
	return n
}

func (d *Directory) countOfTwo() (n int) {
	for held, ids := range d.index.holders {
		name, is := strings.CutPrefix(held, holding(IdentityKind, ""))
		if is && len(ids) > 1 && slices.ContainsFunc(ids.sorted(), func(id string) bool {
			p := d.persons.At(id)
			return slices.ContainsFunc(p.Identities, func(h Held) bool { return h.Name == name && d.ofTwo(p, &h) })
		}) {
			n++
		}
	}
	return n
}

// bars reports whether an identity of one page keeps it from being another's: always where
// that one does not bear it, and where both do unless they are one human being.
func (d *Directory) bars(p *Person, id, identity string, w Word) bool {
	return slices.ContainsFunc(p.Identities, func(h Held) bool {
		if h.Name != identity || d.waits(p, IdentityKind, &h) || defect.On(defect.IdentityElsewhere) {
			return false
		}
		return w != Theirs || h.Taken == "" && !d.same(p.ID, id) && !defect.On(defect.IdentityOfBoth)
	})
}

// identityProblem says what is wrong with an identity that is to be given.
func (d *Directory) identityProblem(name string) string {
	issuer, subject, both := strings.Cut(name, "#")
	switch {
	case !both || subject == "":
		return "must be ISSUER#SUBJECT: the claims iss and sub of their tokens"
	case len(name) > mostText || !plain(name):
		return "is longer than 500 bytes, or holds control characters"
	case len(d.cfg.Issuers) == 0:
		return "names an identity provider, and the configuration lists none under `issuers`"
	case !slices.Contains(d.cfg.Issuers, issuer):
		return "names an identity provider that the configuration does not list: " + strings.Join(d.cfg.Issuers, ", ") + " it does"
	}
	return ""
}

// unsaid refuses to give an identity again that was agreed to: it would wait anew, and
// meanwhile the name alone would tell. Nor is it given to another human being, not even
// when whose it was has left.
func (t *turn) unsaid(p *Person, name string) error {
	if err := t.ofOne(p, name); err != nil {
		return err
	}
	for i := range p.Identities {
		if h := &p.Identities[i]; h.Name == name && !t.d.waits(p, IdentityKind, h) {
			return refuse(ErrTaken, "it is theirs already, or is being taken away; whoever may takes it away first")
		}
	}
	return nil
}

// ofOne refuses an identity that another human being bears. Those who are one by their
// mail address alone are linked with it: addresses change.
func (t *turn) ofOne(p *Person, name string) error {
	for _, id := range t.d.index.holders[holding(IdentityKind, name)].sorted() {
		switch {
		case id == p.ID || defect.On(defect.IdentityOfTwo):
		case !t.d.same(id, p.ID):
			return refuse(ErrTaken, "it is somebody else's, or was when they left; link the two pages if they are one human being")
		case !slices.Contains(t.linked(p.ID), id):
			if err := t.both(p.ID, id, with); err != nil {
				return err
			}
		}
	}
	return nil
}

// linked lists whom links alone make one human being with somebody, once this change is
// kept.
func (t *turn) linked(id string) []string {
	out := []string{id}
	for i := 0; i < len(out); i++ {
		p := t.persons[out[i]]
		if p == nil {
			p = t.d.persons.At(out[i])
		}
		for _, other := range p.Same {
			if !slices.Contains(out, other) {
				out = append(out, other)
			}
		}
	}
	return out
}

// parted refuses to part pages that bear one identity: it would be two people's.
func (t *turn) parted(a, b string) error {
	left, right := t.linked(a), t.linked(b)
	if slices.Contains(left, b) || defect.On(defect.IdentityParted) {
		return nil
	}
	for _, id := range left {
		for _, h := range t.d.persons.At(id).Identities {
			for other := range t.d.index.holders[holding(IdentityKind, h.Name)] {
				if h.Taken == "" && slices.Contains(right, other) && t.d.bears(other, h.Name) {
					return refuse(ErrTaken, "one account at the identity provider is said to be both; take it away from one of the two pages first")
				}
			}
		}
	}
	return nil
}

// bears reports whether an identity stands on a page, waiting or not, and nobody is taking
// it away.
func (d *Directory) bears(id, identity string) bool {
	return slices.ContainsFunc(d.persons.At(id).Identities, func(h Held) bool { return h.Name == identity && h.Taken == "" })
}

// part takes an identity away. What two agreed on two take away: the first closes the page
// to whoever comes from the issuer, at once; the second lets the name alone tell again, and
// the identity be given to another. Neither is whose page it is; where nobody is left to be
// the second, the first is enough. wait: the second is to come.
func (t *turn) part(p *Person, h *Held) (wait bool, err error) {
	if err := t.mayRun(); err != nil {
		return false, err
	}
	second := len(t.others(t.by.ID, p.ID)) > 0 || defect.On(defect.PairWaits)
	switch {
	case t.d.waits(p, IdentityKind, h):
		return false, nil
	case t.d.same(t.by.ID, p.ID) && len(t.others(t.by.ID)) > 0:
		return false, refuse(ErrSelf, "somebody else who runs people takes your identity away")
	case second && h.Taken == "" && !defect.On(defect.IdentityTakenAlone):
		h.Taken, t.e.Act = t.by.ID, string(IdentityKind)+"-closed"
		return true, nil
	case second && h.Taken != "" && t.d.same(h.Taken, t.by.ID):
		return false, refuse(ErrSelf, "you took it away, and nobody comes in by it; a second person who runs people takes it away as well, and then the name alone tells again")
	}
	if defect.On(defect.PartUntimed) {
		return false, nil
	}
	return false, t.mayGive() // from here on the name alone tells, which waits for certain time
}
