package people_test

import (
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
