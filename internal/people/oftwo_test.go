package people_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"modicum/internal/book"
	"modicum/internal/people"
	"modicum/ledger"
	"modicum/ledger/ledgertest"
)

// earlier writes an identity onto a page as if two had agreed on it, as could be before it
// was refused that it is somebody else's, and reads the directory again.
func (o *office) earlier(id, identity string) {
	o.t.Helper()
	page, err := o.shelf.Page(o.t.Context(), "person", id)
	o.must(err)
	var p people.Person
	o.must(json.Unmarshal(page.Body, &p))
	p.Identities = append(p.Identities, people.Held{Name: identity, From: people.Local, By: "ann", Agreed: "ben", Since: o.now()})
	page.Revision++
	page.Body, err = json.Marshal(&p)
	o.must(err)
	o.must(o.shelf.Keep(o.t.Context(), &ledger.Act{Act: "identity-agreed", At: o.now(), ID: ledgertest.ID(1), Who: "ben", Behalf: id}, []book.Page{page}))
	o.open()
}

// TestT8_AnIdentityOfTwoIsNobodys: one that stands on two pages since before that was
// refused lets nobody in, is told, and is somebody's again once it is said whose.
func TestT8_AnIdentityOfTwoIsNobodys(t *testing.T) {
	o := newOffice(t)
	o.add("cyd", "Cyd Ray")
	o.add("dee", "Dee Fox")
	account := people.Identity(staffIssuer, "f81d")
	o.earlier("cyd", account)
	if o.OfTwo() != 0 || slices.Contains(o.lacks(), "identity-of-two") || len(o.Proposals(o.now())) != 0 {
		t.Error("an identity of one person is said to be two people's")
	}
	o.earlier("dee", account)
	o.must(o.Deactivate(t.Context(), ann, "dee", "")) // who has left has it still
	for _, id := range []string{"cyd", "dee", "nobody-yet"} {
		if got := o.Word(id, staffIssuer, "f81d"); got != people.Others {
			t.Errorf("it comes in as %s: %d", id, got)
		}
	}
	if o.OfTwo() != 1 || !slices.Contains(o.lacks(), "identity-of-two") {
		t.Errorf("%d are said to be two people's, and the installation lacks %v", o.OfTwo(), o.lacks())
	}
	var said []string
	for _, s := range o.Proposals(o.now()) {
		said = append(said, s.Person)
		if !s.OfTwo || s.Counts || s.Because == "" {
			t.Errorf("it is listed as %+v", s)
		}
	}
	if slices.Sort(said); !slices.Equal(said, []string{"cyd", "dee"}) {
		t.Errorf("what waits is that of %v", said)
	}
	taken := people.Which{Person: "dee", Kind: people.IdentityKind, Name: account}
	o.must(o.Take(t.Context(), ann, taken))
	if got := o.Word("cyd", staffIssuer, "f81d"); got != people.Theirs || o.OfTwo() != 0 {
		t.Errorf("once it is said whose it is, it tells %d", got)
	}
	if list := o.Proposals(o.now()); len(list) != 1 || list[0].Person != "dee" || list[0].Taken != "ann" {
		t.Errorf("the second taking does not wait for anybody: %+v", list)
	}
	o.must(o.Take(t.Context(), ben, taken))
	if list := o.Proposals(o.now()); len(list) != 0 {
		t.Errorf("still waits: %+v", list)
	}
}

// TestWhatIsTakenAwayNeedsNobodysYes: an identity that was given alone is lacked until
// somebody agrees to it, or begins to take it away.
func TestWhatIsTakenAwayNeedsNobodysYes(t *testing.T) {
	o := emptyOffice(t)
	_, err := o.First(t.Context(), &people.Person{UserName: "ann", Name: "Ann Frost"})
	o.must(err)
	account := people.Identity(staffIssuer, "f81d")
	for _, id := range []string{"ben", "cyd"} {
		o.add(id, id)
	}
	o.must(o.give(ann, "cyd", people.IdentityKind, account))
	o.must(o.give(ann, "ben", people.DutyKind, "run-people"))
	alone := func() string {
		list := o.Lacks(o.now())
		return list[slices.IndexFunc(list, func(l people.Lack) bool { return l.What == "given-alone" })].Say
	}
	if got := alone(); !strings.HasPrefix(got, "4 rights") {
		t.Fatalf("got %q", got)
	}
	o.must(o.Take(t.Context(), ann, people.Which{Person: "cyd", Kind: people.IdentityKind, Name: account}))
	if got := alone(); !strings.HasPrefix(got, "3 rights") {
		t.Errorf("an agreement is asked for to what is being taken away: %q", got)
	}
}
