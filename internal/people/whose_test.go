package people_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"modicum/internal/people"
)

// belonging is a walk of random acts over a few pages, and what it says of whose each
// identity, name and external id is: written down as acts succeed, by rules of its own.
type belonging struct {
	*office
	r     *rand.Rand
	log   []string
	said  map[[2]string]string // page and identity that two agreed on → who alone took it away since, ""
	named map[string]string    // of each id and user name that there ever was, folded, its page
}

func (b *belonging) some(of ...string) string { return of[b.r.IntN(len(of))] }

// page is the id of somebody, most often of a few.
func (b *belonging) page() string {
	var ids []string
	for p := range b.People() {
		if p.ID != "ann" && p.ID != "ben" && p.ID != "dot" {
			ids = append(ids, p.ID)
		}
	}
	slices.Sort(ids)
	return b.some(ids...)
}

func (b *belonging) runner() people.Actor { return people.Actor{ID: b.some("ann", "ben", "dot")} }
func (b *belonging) identity() string {
	return people.Identity(staffIssuer, b.some("s1", "s2", "s3"))
}
func (b *belonging) name() string { return b.some("n1", "n2", "N3", "n4", "n5", "n6", "cyd", "DEE") }

// does runs an act and says what became of it.
func (b *belonging) does(err error, what ...any) bool {
	var no *people.Refusal
	var wrong people.Problems
	var rows people.RowProblems
	if err != nil && !errors.As(err, &no) && !errors.As(err, &wrong) && !errors.As(err, &rows) {
		b.t.Fatal(what, err)
	}
	b.log = append(b.log, fmt.Sprint(what...)+map[bool]string{true: "", false: " (refused)"}[err == nil])
	return err == nil
}

func (b *belonging) give() {
	by, id, name := b.runner(), b.page(), b.identity()
	b.does(b.office.give(by, id, people.IdentityKind, name), by.ID, " gives ", id, " ", name)
}

func (b *belonging) agrees() {
	by, id, name := b.runner(), b.page(), b.identity()
	if b.does(b.agree(by, id, people.IdentityKind, name), by.ID, " agrees to ", id, " ", name) {
		b.said[[2]string{id, name}] = ""
	}
}

func (b *belonging) takes() {
	by, id, name := b.runner(), b.page(), b.identity()
	at := [2]string{id, name}
	if !b.does(b.Take(b.t.Context(), by, people.Which{Person: id, Kind: people.IdentityKind, Name: name}), by.ID, " takes ", name, " from ", id) {
		return
	}
	switch first, said := b.said[at]; {
	case said && first == "":
		b.said[at] = by.ID
	case said && first == by.ID:
		b.fail("%s takes it away alone", by.ID)
	default:
		delete(b.said, at)
	}
}

func (b *belonging) links() {
	by, x, y := b.runner(), b.page(), b.page()
	if b.r.IntN(2) == 0 {
		b.does(b.Link(b.t.Context(), by, x, y), "link ", x, " ", y)
		return
	}
	b.does(b.Unlink(b.t.Context(), by, x, y), "unlink ", x, " ", y)
}

func (b *belonging) comesOrGoes() {
	id := b.page()
	if b.r.IntN(2) == 0 {
		b.does(b.Deactivate(b.t.Context(), ann, id, ""), "deactivate ", id)
		return
	}
	b.does(b.Reactivate(b.t.Context(), ann, id), "reactivate ", id)
}

// edits changes mail, user name and external id, by an administrator or by provisioning.
func (b *belonging) edits() {
	by, id := people.Actor{ID: b.some("ann", "scim:hr")}, b.page()
	mail, name, external := b.some("", "a@x.example", "b@x.example"), b.name(), b.some("", "e1", "e2")
	active := b.r.IntN(3) > 0
	_, err := b.Change(b.t.Context(), by, id, 0, func(p *people.Person) error {
		p.Mail, p.External, p.Active = mail, external, active
		if b.r.IntN(2) == 0 {
			p.UserName = name
		}
		return nil
	})
	b.does(err, by.ID, " edits ", id, ": mail ", mail, ", name ", name, " or as it was, external ", external, ", active ", active)
}

func (b *belonging) adds() {
	id, name := b.some("", b.name(), b.name()), b.name()
	var err error
	switch b.r.IntN(4) {
	case 0:
		_, err = b.Add(b.t.Context(), ann, &people.Person{ID: id, UserName: name, Name: "X", Mail: b.some("", "a@x.example")})
	case 1:
		_, err = b.Add(b.t.Context(), scim, &people.Person{ID: id, UserName: name, Name: "X", External: b.some("", "e1", "e2", "e3"), Active: true, SCIM: &people.Provisioned{}})
	case 2:
		_, err = b.Import(b.t.Context(), ann, strings.NewReader(fmt.Sprintf("id,user_name,name\n%s,%s,X\n%s,%s,Y\n", id, name, b.name(), b.name())), "csv", false)
	default:
		_, err = b.Arrive(b.t.Context(), people.Arrival{ID: name, Name: "X"})
	}
	b.does(err, "add ", id, " ", name)
}

func (b *belonging) entrusts() {
	id := b.page()
	if b.r.IntN(2) == 0 {
		b.does(b.Entrust(b.t.Context(), ann, id), "entrust ", id)
		return
	}
	b.does(b.Remove(b.t.Context(), scim, id, 0), "provisioning deletes ", id)
}

func (b *belonging) fail(format string, args ...any) {
	b.t.Helper()
	b.t.Fatalf(format+"\n%s", append(args, strings.Join(b.log, "\n"))...)
}

// want is what an issuer's word is worth that its subject is somebody.
func (b *belonging) want(id, name string) people.Word {
	first, said := b.said[[2]string{id, name}]
	if said && first == "" && b.Active(id) {
		return people.Theirs
	}
	for at := range b.said {
		if at[0] == id || at[1] == name {
			return people.Others
		}
	}
	return people.Unsaid
}

// holds looks at everything that must be one person's.
func (b *belonging) holds() {
	b.t.Helper()
	ids, outer := []string{"a-stranger"}, map[string]string{}
	for p := range b.People() {
		ids = append(ids, p.ID)
		for _, name := range []string{p.ID, p.UserName} {
			if own := b.named[people.Fold(name)]; own != "" && own != p.ID {
				b.fail("the name %q was %s's and is %s's", name, own, p.ID)
			}
			b.named[people.Fold(name)] = p.ID
		}
		if own := outer[p.External]; p.External != "" && own != "" {
			b.fail("the external id %q is %s's and %s's", p.External, own, p.ID)
		}
		outer[p.External] = p.ID
	}
	for at, first := range b.said {
		for other, too := range b.said {
			if at[1] == other[1] && first == "" && too == "" && !b.Same(at[0], other[0]) {
				b.fail("%s is %s's and %s's, who are two", at[1], at[0], other[0])
			}
		}
	}
	for _, id := range ids {
		for _, subject := range []string{"s1", "s2", "s3"} {
			if got, want := b.Word(id, staffIssuer, subject), b.want(id, people.Identity(staffIssuer, subject)); got != want {
				b.fail("the issuer's %s is %s: %d, want %d", subject, id, got, want)
			}
		}
	}
}

// TestT8_AnIdentityIsOnePersons, for ever, unless two agreed otherwise. So are a user name and
// an id, which nobody changes; an external id is one's at a time, also of those who left.
// Whatever is done in whatever order, also over restarts.
func TestT8_AnIdentityIsOnePersons(t *testing.T) {
	for seed := range uint64(60) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			b := &belonging{office: newOffice(t), r: rand.New(rand.NewPCG(seed, 8)), said: map[[2]string]string{}, named: map[string]string{}}
			b.add("dot", "Dot Lane")
			b.must(b.office.give(ann, "dot", people.DutyKind, "run-people"))
			b.must(b.agree(ben, "dot", people.DutyKind, "run-people"))
			for _, id := range []string{"cyd", "dee"} {
				b.add(id, id)
			}
			acts := []func(){b.give, b.give, b.give, b.agrees, b.agrees, b.agrees, b.agrees, b.agrees, b.takes, b.takes, b.links, b.links, b.comesOrGoes, b.edits, b.edits, b.adds, b.entrusts}
			for step := range 400 {
				acts[b.r.IntN(len(acts))]()
				if step%50 == 49 {
					b.open()
				}
				b.holds()
			}
		})
	}
}

// TestT8_AnAccountUnderAnotherNameIsNobodyElse: whom two said it is it stays, whatever name
// its provider calls it by, and also when they have left.
func TestT8_AnAccountUnderAnotherNameIsNobodyElse(t *testing.T) {
	o := newOffice(t)
	o.add("cyd", "Cyd Ray")
	o.add("dee", "Dee Fox")
	hers := people.Identity(staffIssuer, "f81d")
	o.must(o.give(ann, "cyd", people.IdentityKind, hers))
	if o.Word("dee", staffIssuer, "f81d") != people.Unsaid {
		t.Error("one person's word counts")
	}
	o.must(o.agree(ben, "cyd", people.IdentityKind, hers))
	for _, when := range []string{"while she is here", "when she has left"} {
		for _, id := range []string{"dee", "nobody-yet"} {
			if o.Word(id, staffIssuer, "f81d") != people.Others {
				t.Errorf("%s her account comes in as %s", when, id)
			}
		}
		o.must(o.Deactivate(t.Context(), ann, "cyd", ""))
	}
}

// TestG9_TwoWhoBearOneIdentityAreNotParted: one account would be two people.
func TestG9_TwoWhoBearOneIdentityAreNotParted(t *testing.T) {
	o := newOffice(t)
	for _, id := range []string{"cyd", "dee", "eve"} {
		o.add(id, id)
	}
	hers := people.Identity(staffIssuer, "f81d")
	o.must(o.give(ann, "cyd", people.IdentityKind, hers))
	o.must(o.agree(ben, "cyd", people.IdentityKind, hers))
	o.must(o.Link(t.Context(), ann, "cyd", "eve"))
	o.must(o.Link(t.Context(), ann, "eve", "dee"))
	o.must(o.give(ann, "dee", people.IdentityKind, hers))
	for _, pair := range [][2]string{{"cyd", "eve"}, {"dee", "eve"}} {
		refusedAs(t, o.Unlink(t.Context(), ann, pair[0], pair[1]), people.ErrTaken)
	}
	o.must(o.agree(ben, "dee", people.IdentityKind, hers))
	refusedAs(t, o.Unlink(t.Context(), ben, "cyd", "eve"), people.ErrTaken)
	o.must(o.Take(t.Context(), ann, people.Which{Person: "dee", Kind: people.IdentityKind, Name: hers}))
	o.must(o.Unlink(t.Context(), ben, "cyd", "eve"))
	if o.Word("cyd", staffIssuer, "f81d") != people.Theirs || o.Word("dee", staffIssuer, "f81d") != people.Others {
		t.Error("the account is not hers alone")
	}
}

// TestG1_WhoSharedAnAddressStaysOneWhenTheyLeave: who comes back at another address is not
// somebody else, who could answer what they asked for.
func TestG1_WhoSharedAnAddressStaysOneWhenTheyLeave(t *testing.T) {
	o := newOffice(t)
	for _, id := range []string{"cyd", "dee"} {
		_, err := o.Add(t.Context(), scim, &people.Person{UserName: id, Name: id, Mail: "c@hospital.example", Active: true, SCIM: &people.Provisioned{}})
		o.must(err)
	}
	for _, step := range []struct {
		mail   string
		active bool
	}{{"c@hospital.example", false}, {"d@hospital.example", false}, {"d@hospital.example", true}} {
		_, err := o.Change(t.Context(), scim, "cyd", 0, func(p *people.Person) error { p.Mail, p.Active = step.mail, step.active; return nil })
		o.must(err)
		if !o.Same("cyd", "dee") {
			t.Errorf("two people, at %s and active %t", step.mail, step.active)
		}
	}
}

// TestG6_AWordCallsOnePerson, wherever it stands: an id is nobody else's user name, a user
// name nobody else's id, and one of before stays whose it was.
func TestG6_AWordCallsOnePerson(t *testing.T) {
	o := newOffice(t)
	add := func(id, name string) error {
		_, err := o.Add(t.Context(), ann, &people.Person{ID: id, UserName: name, Name: "Somebody"})
		return err
	}
	rename := func(id, name string) error {
		_, err := o.Change(t.Context(), ann, id, 0, func(p *people.Person) error { p.UserName = name; return nil })
		return err
	}
	o.must(add("p-1", "cyd"))
	refusedAs(t, add("Cyd", "dee"), people.ErrTaken)
	refusedAs(t, add("p-2", "P-1"), people.ErrTaken)
	o.must(rename("p-1", "cyd-ray"))
	refusedAs(t, add("p-2", "cyd"), people.ErrTaken)
	refusedAs(t, add("cyd", "p-2"), people.ErrTaken)
	o.must(add("p-2", "dee"))
	refusedAs(t, rename("p-2", "cyd"), people.ErrTaken)
	refusedAs(t, rename("p-2", "p-1"), people.ErrTaken)
	o.open()
	refusedAs(t, add("p-3", "cyd"), people.ErrTaken)
	if p := o.ByUserName("cyd"); p != nil {
		t.Errorf("a name of before finds %s", p.ID)
	}
	o.must(rename("p-1", "cyd"))
	if p := o.ByUserName("cyd"); p == nil || p.ID != "p-1" {
		t.Error("her own name of before is not hers")
	}
}
