package people_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"modicum/internal/people"
)

// arrive is what an issuer says of somebody, for an hour.
func (o *office) arrive(id string, roles ...string) (*people.Person, error) {
	return o.Arrive(o.t.Context(), people.Arrival{
		ID: id, Name: "Fay Example", Mail: "fay@hospital.example", Roles: roles, Until: o.at.Add(time.Hour).UnixMicro(),
	})
}

func TestG9_AnIssuersWordGivesOrdinaryRolesAndProposesTheOthers(t *testing.T) {
	o := newOffice(t)
	p, err := o.arrive("fay", "nurse", "privacy-officer", "no-such-role")
	o.must(err)
	if p.From != people.Issuer || p.UserName != "fay" || !p.Active || len(p.Duties)+len(p.Positions) != 0 {
		t.Errorf("the page is %+v", p)
	}
	if got := o.Roles("fay", o.now()); !slices.Equal(got, []string{"nurse"}) {
		t.Errorf("she holds %v, want nurse alone", got)
	}
	o.must(o.agree(ben, "fay", people.Role, "privacy-officer"))
	_, err = o.arrive("fay", "nurse", "privacy-officer")
	o.must(err)
	if got := o.Roles("fay", o.now()); !slices.Equal(got, []string{"nurse", "privacy-officer"}) {
		t.Errorf("what was agreed to is lost at the next log-in: %v", got)
	}
	_, err = o.arrive("fay", "privacy-officer")
	o.must(err)
	_, err = o.arrive("fay")
	o.must(err)
	_, err = o.arrive("fay", "privacy-officer")
	o.must(err)
	if got := o.Roles("fay", o.now()); len(got) != 0 {
		t.Errorf("what the issuer took away came back without a second person: %v", got)
	}
}

func TestAnIssuersWordCountsForAWhile(t *testing.T) {
	o := newOffice(t)
	_, err := o.arrive("fay", "nurse")
	o.must(err)
	o.at = o.at.Add(time.Hour)
	if got := o.Roles("fay", o.now()); len(got) != 0 {
		t.Errorf("an hour later she holds %v", got)
	}
}

func TestG6_AnIssuersWordBringsNobodyBack(t *testing.T) {
	o := newOffice(t)
	_, err := o.arrive("fay", "nurse")
	o.must(err)
	o.must(o.Deactivate(t.Context(), ann, "fay", ""))
	_, err = o.arrive("fay", "nurse")
	refusedAs(t, err, people.ErrGone)
	if len(o.Roles("fay", o.now())) != 0 || o.Active("fay") {
		t.Error("she is back")
	}
}

func TestAnIssuersWordLeavesWhatOthersWrote(t *testing.T) {
	o := newOffice(t)
	o.add("cyd", "Cyd Ray")
	o.must(o.give(ann, "cyd", people.Role, "nurse"))
	_, err := o.arrive("cyd", "physician")
	o.must(err)
	_, err = o.arrive("cyd")
	o.must(err)
	if p := o.Person("cyd"); p.Name != "Cyd Ray" || p.From != people.Local {
		t.Errorf("her page became %+v", p)
	}
	if got := o.Roles("cyd", o.now()); !slices.Equal(got, []string{"nurse"}) {
		t.Errorf("she holds %v", got)
	}
	o.trusted = false
	_, err = o.arrive("gus")
	refusedAs(t, err, people.ErrTime)
}

// TestT8_NoIssuerSpeaksForWhoHoldsRightsOverOthersHere: by our own word, whatever became of
// the agreement; a page of the issuer's, or of provisioning, is theirs.
func TestT8_NoIssuerSpeaksForWhoHoldsRightsOverOthersHere(t *testing.T) {
	o := newOffice(t)
	o.add("cyd", "Cyd Ray")
	o.must(o.give(ann, "cyd", people.Role, "nurse"))
	if !o.Ours("ann") || o.Ours("cyd") || o.Ours("nobody") {
		t.Errorf("ann %t, a nurse %t", o.Ours("ann"), o.Ours("cyd"))
	}
	o.must(o.give(ann, "cyd", people.Role, "privacy-officer"))
	if !o.Ours("cyd") {
		t.Error("an approver by our word is somebody's at the issuer")
	}
	_, err := o.arrive("fay", "nurse")
	o.must(err)
	o.must(o.give(ann, "fay", people.DutyKind, "read-record"))
	if o.Ours("fay") {
		t.Error("who arrived from the issuer cannot come back from it")
	}
}

// TestT8_AnIssuersWordIsForTheIdentityThatWasAgreedTo: a name alone tells only while nobody
// said whose it is, and no end of time makes it tell again.
func TestT8_AnIssuersWordIsForTheIdentityThatWasAgreedTo(t *testing.T) {
	o := newOffice(t)
	o.add("cyd", "Cyd Ray")
	says := func(when, subject string, want people.Word) {
		t.Helper()
		if got := o.Word("cyd", staffIssuer, subject); got != want {
			t.Errorf("%s the issuer's %s: %d, want %d", when, subject, got, want)
		}
	}
	says("at first", "f81d", people.Unsaid)
	o.must(o.Give(t.Context(), ann, people.Gift{Person: "cyd", Kind: people.IdentityKind, Name: people.Identity(staffIssuer, "f81d"), Until: o.at.Add(time.Hour).UnixMicro()}))
	o.must(o.agree(ben, "cyd", people.IdentityKind, people.Identity(staffIssuer, "f81d")))
	says("agreed to,", "f81d", people.Theirs)
	says("agreed to,", "0000", people.Others)
	if o.Word("cyd", "https://other.example", "f81d") != people.Others {
		t.Error("another issuer's subject is taken for this one's")
	}
	o.trusted = false
	says("at an uncertain time", "f81d", people.Others)
	o.at, o.trusted = o.at.Add(2*time.Hour), true
	says("when its time is over", "f81d", people.Others)
	if o.Word("nobody", staffIssuer, "0000") != people.Unsaid {
		t.Error("somebody whom nobody knows cannot arrive")
	}
	o.add("dee", "Dee Fox")
	for _, id := range []string{"dee", "nobody"} {
		if o.Word(id, staffIssuer, "f81d") != people.Others {
			t.Errorf("under another name at the issuer she is %s", id)
		}
	}
	taken := people.Which{Person: "cyd", Kind: people.IdentityKind, Name: people.Identity(staffIssuer, "f81d")}
	o.must(o.Take(t.Context(), ann, taken))
	says("taken away by one,", "0000", people.Others)
	says("taken away by one,", "f81d", people.Others)
	refusedAs(t, o.Take(t.Context(), ann, taken), people.ErrSelf)
	refusedAs(t, o.give(ann, "dee", people.IdentityKind, taken.Name), people.ErrTaken)
	refusedAs(t, o.agree(ben, "cyd", people.IdentityKind, taken.Name), people.ErrChanged)
	o.must(o.Take(t.Context(), ben, taken))
	says("taken away,", "0000", people.Unsaid)
	o.must(o.give(ann, "dee", people.IdentityKind, taken.Name))
}

// TestG9_AnIdentityAtAnIssuerNeedsASecondPerson: who gives it says who may come in as
// somebody else.
func TestG9_AnIdentityAtAnIssuerNeedsASecondPerson(t *testing.T) {
	o := newOffice(t)
	o.add("dot", "Dot Lane")
	o.must(o.give(ann, "dot", people.DutyKind, "run-people"))
	o.must(o.agree(ben, "dot", people.DutyKind, "run-people"))
	name := people.Identity(staffIssuer, "f81d")
	o.must(o.give(ann, "ben", people.IdentityKind, name))
	if o.Word("ben", staffIssuer, "f81d") != people.Unsaid {
		t.Error("one person's word counts")
	}
	for _, by := range []people.Actor{ann, ben} {
		refusedAs(t, o.agree(by, "ben", people.IdentityKind, name), people.ErrSelf)
	}
	o.must(o.agree(people.Actor{ID: "dot"}, "ben", people.IdentityKind, name))
	if o.Word("ben", staffIssuer, "f81d") != people.Theirs {
		t.Error("the second person's yes does not count")
	}
	refusedAs(t, o.Take(t.Context(), ben, people.Which{Person: "ben", Kind: people.IdentityKind, Name: name}), people.ErrSelf)
	refusedAs(t, o.Take(t.Context(), people.Actor{ID: "ann"}, people.Which{Person: "ben", Kind: people.IdentityKind, Name: "x#y"}), people.ErrChanged)
	o.must(o.Deactivate(t.Context(), ann, "ben", ""))
	o.must(o.Reactivate(t.Context(), ann, "ben"))
	if o.Word("ben", staffIssuer, "f81d") != people.Theirs || o.Word("ben", staffIssuer, "0000") != people.Others || len(o.Person("ben").Identities) != 1 {
		t.Error("who comes back is somebody else at the issuer")
	}
}

// TestG9_AnIdentityIsNotGivenTwice: it would wait for a second person anew, and meanwhile
// the name alone would tell, which nobody opens for themselves.
func TestG9_AnIdentityIsNotGivenTwice(t *testing.T) {
	o := newOffice(t)
	name := people.Identity(staffIssuer, "f81d")
	gift := people.Gift{Person: "ben", Kind: people.IdentityKind, Name: name, Until: o.at.Add(time.Hour).UnixMicro()}
	o.must(o.Give(t.Context(), ben, gift))
	gift.Until = o.at.Add(2 * time.Hour).UnixMicro()
	o.must(o.Give(t.Context(), ben, gift)) // what waits may be put right
	o.must(o.agree(ann, "ben", people.IdentityKind, name))
	for _, when := range []string{"while it counts", "when its time is over"} {
		for _, by := range []people.Actor{ben, ann} {
			gift.Until = o.at.Add(5 * time.Hour).UnixMicro()
			if err := o.Give(t.Context(), by, gift); !errors.Is(err, people.ErrTaken) || o.Word("ben", staffIssuer, "0000") != people.Others {
				t.Errorf("%s %s gives it again: %v, and another of the name is %d", when, by.ID, err, o.Word("ben", staffIssuer, "0000"))
			}
		}
		o.at = o.at.Add(3 * time.Hour)
	}
}

// TestG9_OfTwoWhoRunPeopleNeitherSaysWhoTheOtherIs: who says it alone could come in as them.
func TestG9_OfTwoWhoRunPeopleNeitherSaysWhoTheOtherIs(t *testing.T) {
	o := newOffice(t)
	name := people.Identity(staffIssuer, "f81d")
	o.must(o.give(ann, "ben", people.IdentityKind, name))
	if o.Word("ben", staffIssuer, "f81d") != people.Unsaid {
		t.Error("one person's word counts")
	}
	o.must(o.Take(t.Context(), ben, people.Which{Person: "ben", Kind: people.IdentityKind, Name: name}))
	o.must(o.give(ben, "ben", people.IdentityKind, name))
	o.must(o.agree(ann, "ben", people.IdentityKind, name))
	if o.Word("ben", staffIssuer, "f81d") != people.Theirs {
		t.Error("said by himself and agreed to it does not count")
	}
}

// TestAnOwnerAloneGivesThemselvesTheirIdentity: nobody is locked out for want of a second.
func TestAnOwnerAloneGivesThemselvesTheirIdentity(t *testing.T) {
	o := emptyOffice(t)
	_, err := o.First(t.Context(), &people.Person{UserName: "ann", Name: "Ann Frost"})
	o.must(err)
	o.must(o.give(ann, "ann", people.IdentityKind, people.Identity(staffIssuer, "ann")))
	if o.Word("ann", staffIssuer, "ann") != people.Theirs {
		t.Error("she waits for a second person whom there is not")
	}
}

func TestAnIdentityNamesAnIssuerThatIsListed(t *testing.T) {
	o := newOffice(t)
	for _, name := range []string{"f81d", staffIssuer, staffIssuer + "#", "https://id.example#f81d", staffIssuer + "#a\tb"} {
		var wrong people.Problems
		if err := o.give(ann, "ben", people.IdentityKind, name); !errors.As(err, &wrong) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// TestT8_WhoComesBackIsWhoTheyWere: nobody else of their name at the issuer is them while
// they are away and afterwards, and they come back with nothing but that.
func TestT8_WhoComesBackIsWhoTheyWere(t *testing.T) {
	for name, entrusted := range map[string]bool{"whom an administrator ended": false, "whom provisioning ended": true} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			o.add("cyd", "Cyd Ray")
			o.must(o.give(ann, "cyd", people.Role, "nurse"))
			hers, other := people.Identity(staffIssuer, "f81d"), people.Identity(staffIssuer, "9999")
			o.must(o.give(ann, "cyd", people.IdentityKind, hers))
			o.must(o.agree(ben, "cyd", people.IdentityKind, hers))
			o.must(o.give(ann, "cyd", people.IdentityKind, other)) // nobody agreed
			active := func(is bool) {
				switch {
				case entrusted:
					_, err := o.Change(t.Context(), scim, "cyd", 0, func(p *people.Person) error { p.Active = is; return nil })
					o.must(err)
				case is:
					o.must(o.Reactivate(t.Context(), ann, "cyd"))
				default:
					o.must(o.Deactivate(t.Context(), ann, "cyd", ""))
				}
			}
			if entrusted {
				o.must(o.Entrust(t.Context(), ann, "cyd"))
			}
			active(false)
			if o.Word("cyd", staffIssuer, "f81d") == people.Theirs {
				t.Error("the issuer speaks for who is away")
			}
			active(true)
			if o.Word("cyd", staffIssuer, "f81d") != people.Theirs {
				t.Error("she is somebody else now")
			}
			for _, subject := range []string{"0000", "9999"} {
				if o.Word("cyd", staffIssuer, subject) != people.Others {
					t.Errorf("whoever has her name at the issuer is her: %s", subject)
				}
			}
			if got := o.Roles("cyd", o.now()); len(got) != 0 {
				t.Errorf("she holds %v", got)
			}
		})
	}
}

// TestG9_AnIdentityIsOneHumanBeings, also of one who has left.
func TestG9_AnIdentityIsOneHumanBeings(t *testing.T) {
	o := newOffice(t)
	o.add("cyd", "Cyd Ray")
	o.add("dee", "Dee Fox")
	hers := people.Identity(staffIssuer, "f81d")
	o.must(o.give(ann, "cyd", people.IdentityKind, hers))
	o.must(o.agree(ben, "cyd", people.IdentityKind, hers))
	refusedAs(t, o.give(ann, "dee", people.IdentityKind, hers), people.ErrTaken)
	o.must(o.Deactivate(t.Context(), ann, "cyd", ""))
	refusedAs(t, o.give(ann, "dee", people.IdentityKind, hers), people.ErrTaken)
	o.must(o.Link(t.Context(), ann, "dee", "cyd"))
	o.must(o.give(ann, "dee", people.IdentityKind, hers))
}

// TestG9_WhoIsLeftToProvisioningIsNotOpenedToTheirName: one administrator does that, and a
// right over others needs two.
func TestG9_WhoIsLeftToProvisioningIsNotOpenedToTheirName(t *testing.T) {
	o := newOffice(t)
	o.add("cyd", "Cyd Ray")
	o.must(o.give(ann, "cyd", people.Role, "nurse"))
	for _, id := range []string{"ben", "cyd"} {
		o.must(o.Entrust(t.Context(), ann, id))
	}
	if !o.Ours("ben") || o.Ours("cyd") {
		t.Errorf("who runs people: %t, a nurse: %t", o.Ours("ben"), o.Ours("cyd"))
	}
	_, err := o.Change(t.Context(), scim, "ben", 0, func(p *people.Person) error {
		p.SCIM = &people.Provisioned{Display: "Ben Ode, Head"}
		return nil
	})
	o.must(err)
	if !o.Ours("ben") {
		t.Error("a change by provisioning opens him")
	}
}

// TestG9_APageLeftToProvisioningEarlierIsSaidToBeOurs: a page that came from elsewhere, or of
// which nobody knows any more, is the provider's until an administrator says it was ours.
func TestG9_APageLeftToProvisioningEarlierIsSaidToBeOurs(t *testing.T) {
	o := newOffice(t)
	o.provided("cyd")
	_, err := o.arrive("fay")
	o.must(err)
	for range 2 { // said again, it says nothing else
		o.must(o.Entrust(t.Context(), ann, "fay"))
	}
	for _, id := range []string{"cyd", "fay"} {
		o.must(o.give(ann, id, people.DutyKind, "read-record"))
		o.must(o.agree(ben, id, people.DutyKind, "read-record"))
		if o.Ours(id) {
			t.Errorf("%s, who came from elsewhere, cannot come from there any more", id)
		}
	}
	o.must(o.Entrust(t.Context(), ann, "cyd"))
	if !o.Ours("cyd") || o.acts()[len(o.acts())-1] != "person-entrusted" {
		t.Error("what an administrator says of the page does not count, or is not on record")
	}
}

// TestT8_WhereNobodyIsLeftToBeTheSecondOneTakesAnIdentityAway: at once, on record as what it
// is, and only while the time is certain, since the name alone tells from then on.
func TestT8_WhereNobodyIsLeftToBeTheSecondOneTakesAnIdentityAway(t *testing.T) {
	o := newOffice(t)
	bens := people.Identity(staffIssuer, "b3n")
	o.must(o.give(ben, "ben", people.IdentityKind, bens))
	o.must(o.agree(ann, "ben", people.IdentityKind, bens))
	o.trusted = false
	refusedAs(t, o.Take(t.Context(), ann, people.Which{Person: "ben", Kind: people.IdentityKind, Name: bens}), people.ErrTime)
	o.trusted = true
	o.must(o.Take(t.Context(), ann, people.Which{Person: "ben", Kind: people.IdentityKind, Name: bens}))
	if got := o.acts(); got[len(got)-1] != "identity-taken" {
		t.Errorf("on record as %s", got[len(got)-1])
	}
	if got := o.Word("ben", staffIssuer, "another"); got != people.Unsaid {
		t.Errorf("the name tells %d", got)
	}
}

// TestT8_APageIsClosedAtAnUncertainTimeToo: whose account is stolen need not wait for a clock.
func TestT8_APageIsClosedAtAnUncertainTimeToo(t *testing.T) {
	o := newOffice(t)
	o.add("cyd", "Cyd Ray")
	cyds := people.Identity(staffIssuer, "f81d")
	o.must(o.give(ann, "cyd", people.IdentityKind, cyds))
	o.must(o.agree(ben, "cyd", people.IdentityKind, cyds))
	o.trusted = false
	o.must(o.Take(t.Context(), ann, people.Which{Person: "cyd", Kind: people.IdentityKind, Name: cyds}))
	if got := o.Word("cyd", staffIssuer, "f81d"); got != people.Others {
		t.Errorf("the account that was taken away tells %d", got)
	}
}
