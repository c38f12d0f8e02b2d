package people_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"slices"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"

	"modicum/internal/people"
	"modicum/ledger"
)

func act(name string) *ledger.Act {
	id, err := uuid.NewV7()
	if err != nil {
		panic(err)
	}
	return &ledger.Act{Act: name, At: time.Now().UnixMicro(), ID: id.String(), Who: "test"}
}

func (o *office) made(id, owner string) *people.Program {
	return &people.Program{
		ID: id, Title: "Orders to the laboratory", Owner: owner, Why: "for the test", Role: "service-integration", Task: "exchange-lab",
		Scopes: []string{"system/ServiceRequest.rs"}, Networks: []string{"192.0.2.0/24"}, Until: o.at.Add(200 * 24 * time.Hour).UnixMicro(),
	}
}

func (o *office) program(id, owner string) {
	o.t.Helper()
	_, err := o.AddProgram(o.t.Context(), ann, o.made(id, owner))
	o.must(err)
}

func jwk(t *testing.T) (public, private []byte) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	private, err = jose.JSONWebKey{Key: k}.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	public, err = jose.JSONWebKey{Key: k.Public()}.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return public, private
}

func TestG8_AProgramChangesNothingThatProgramsMayDo(t *testing.T) {
	o := newOffice(t)
	o.program("lab", "ben")
	robot := people.Actor{ID: "lab"}
	public, _ := jwk(t)
	widen := func(p *people.Program) error { p.Scopes = append(p.Scopes, "system/*.rs"); return nil }
	_, change := o.ChangeProgram(t.Context(), robot, "lab", widen)
	_, added := o.AddProgram(t.Context(), robot, o.made("lab2", "ben"))
	_, key := o.AddKey(t.Context(), robot, "lab", public, o.at.Add(24*time.Hour).UnixMicro())
	for _, err := range []error{
		change, added, key,
		o.HandOver(t.Context(), robot, "lab", "ann"),
		o.give(robot, "ben", people.Role, "nurse"),
		o.agree(robot, "ben", people.DutyKind, "run-people"),
		o.Deactivate(t.Context(), robot, "ann", ""),
	} {
		refusedAs(t, err, people.ErrForbidden)
	}
	for _, duty := range people.Duties() {
		if o.Holds("lab", duty, o.now()) {
			t.Errorf("a program holds %s", duty)
		}
	}
	refusedAs(t, o.give(ann, "lab", people.DutyKind, "run-people"), people.ErrNobody)
	if got := o.Program("lab").Scopes; !slices.Equal(got, []string{"system/ServiceRequest.rs"}) {
		t.Errorf("its scopes are %v", got)
	}
}

func TestG8_AnOwnerNarrowsAndAnotherWidens(t *testing.T) {
	o := newOffice(t)
	o.program("lab", "ben")
	_, err := o.ChangeProgram(t.Context(), ben, "lab", func(p *people.Program) error {
		p.Until = o.at.Add(24 * time.Hour).UnixMicro()
		return nil
	})
	o.must(err)
	for name, f := range map[string]func(*people.Program) error{
		"scopes":   func(p *people.Program) error { p.Scopes = append(p.Scopes, "system/Observation.rs"); return nil },
		"no scope": func(p *people.Program) error { p.Scopes = nil; return nil },
		"networks": func(p *people.Program) error { p.Networks = nil; return nil },
		"until":    func(p *people.Program) error { p.Until += 60_000_000; return nil },
	} {
		// ben runs people, and still does not widen what acts for him.
		_, err := o.ChangeProgram(t.Context(), ben, "lab", f)
		if refusedAs(t, err, people.ErrSelf); t.Failed() {
			t.Fatal(name)
		}
	}
	_, err = o.ChangeProgram(t.Context(), ann, "lab", func(p *people.Program) error { p.Networks = nil; return nil })
	o.must(err)
	_, err = o.AddProgram(t.Context(), ann, o.made("own", "ann"))
	refusedAs(t, err, people.ErrSelf)
}

func ledgerText(e ledger.Entry) (string, error) {
	text, err := ledger.Encode(e)
	return string(text), err
}
