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

// Word says what an issuer's word is worth that its subject is this person. Once an
// identity is given and agreed to no other one is theirs, also when its time is over:
// whoever chooses names at the issuer would be them else (threat model T8).
func (d *Directory) Word(id, issuer, subject string) (w Word) {
	now, trusted := d.now()
	d.view(func() {
		p := d.persons.At(id)
		if p == nil || defect.On(defect.IdentityIgnored) {
			w = Unsaid
			return
		}
		w = d.wordOn(p, Identity(issuer, subject), now, trusted)
	})
	return w
}

func (d *Directory) wordOn(p *Person, identity string, now int64, trusted bool) Word {
	w := Unsaid
	for i := range p.Identities {
		h := &p.Identities[i]
		switch {
		case d.waits(p, IdentityKind, h):
		case h.Name == identity && d.counts(p, IdentityKind, h, now, trusted):
			return Theirs
		default:
			w = Others
		}
	}
	return w
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
	for id := range t.d.index.holders[holding(IdentityKind, name)] {
		if id != p.ID && !t.d.same(id, p.ID) && !defect.On(defect.IdentityOfTwo) {
			return refuse(ErrTaken, "it is somebody else's, or was when they left; link the two pages if they are one human being")
		}
	}
	for i := range p.Identities {
		if h := &p.Identities[i]; h.Name == name && !t.d.waits(p, IdentityKind, h) {
			return refuse(ErrTaken, "it is theirs already; whoever may takes it away first")
		}
	}
	return nil
}

// mayPart refuses to take an identity from a page that is one's own: the name alone
// would tell again who is them.
func (t *turn) mayPart(p *Person, h *Held) error {
	if err := t.mayGive(); err != nil {
		return err
	}
	if t.d.waits(p, IdentityKind, h) || !t.d.same(t.by.ID, p.ID) || len(t.others(t.by.ID)) == 0 {
		return nil
	}
	return refuse(ErrSelf, "somebody else who runs people takes your identity away")
}
