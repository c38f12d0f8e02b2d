package people_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"modicum/internal/book"
	"modicum/internal/people"
	"modicum/policy"
)

func TestAFileOfPeopleIsTakenWholeOrNotAtAll(t *testing.T) {
	o := newOffice(t)
	file := "user_name,name,department,manager,roles\n" +
		"eve,Eve Ash,ward-3,boss,nurse\n" +
		"ben,Ben Ode,,,\n" +
		"boss,\"The, Boss\",ward-3,,nurse department-manager\n"
	got, err := o.Import(t.Context(), ann, strings.NewReader(file), "csv", true)
	if err != nil || got.Added != 2 || got.Proposed != 1 || !slices.Equal(got.There, []string{"ben"}) || o.Person("eve") != nil ||
		len(got.New) != 2 || got.New[0].UserName != "eve" || got.New[1].Name != "The, Boss" {
		t.Fatalf("only tried: %+v, %v", got, err)
	}
	before := len(o.acts())
	if _, err = o.Import(t.Context(), ann, strings.NewReader(file), "csv", false); err != nil {
		t.Fatal(err)
	}
	if acts := o.acts()[before:]; !slices.Equal(acts, []string{"people-imported"}) {
		t.Errorf("the record says %v", acts)
	}
	if p := o.Person("eve"); p.Manager != "boss" || p.Name != "Eve Ash" {
		t.Errorf("eve: %+v", p)
	}
	if got := o.Roles("boss", o.now()); !slices.Equal(got, []string{"nurse"}) {
		t.Errorf("boss holds %v: a right over others waits", got)
	}
	_, err = o.Import(t.Context(), people.Actor{ID: "eve"}, strings.NewReader(`{"user_name":"x","name":"X"}`), "ndjson", false)
	refusedAs(t, err, people.ErrForbidden)
}

func TestEveryProblemOfAFileIsToldAtOnce(t *testing.T) {
	o := newOffice(t)
	o.add("old", "Old")
	o.must(o.Deactivate(t.Context(), ann, "old", ""))
	file := `{"user_name":"a","name":"A"}
{"user_name":"A","name":"Again"}
{"user_name":"role:x","name":""}

{"user_name":"b","name":"B","mail":"no mail","roles":["surgeon"]}
{"user_name":"old","name":"Another"}
{"user_name":"c","name":"C","manager":"nobody","roles":["records-clerk","billing-specialist"]}`
	_, err := o.Import(t.Context(), ann, strings.NewReader(file), "ndjson", false)
	var wrong people.RowProblems
	if !errors.As(err, &wrong) {
		t.Fatal(err)
	}
	var at []string
	for _, p := range wrong {
		at = append(at, fmt.Sprint(p.Line, " ", p.Field))
	}
	want := []string{"2 id", "3 id", "3 user_name", "3 name", "5 mail", "6 is refused:", "7 manager", "7 is refused:"}
	if !slices.Equal(at, want) {
		t.Errorf("got %q, want %q", at, want)
	}
	if o.Person("a") != nil {
		t.Error("half of a file was kept")
	}
	for _, bad := range []string{"", "user_name,surname\n", "user_name,name,name\n", "user_name,name\na\n", "user_name,name\n\"a,b\n"} {
		if _, err := o.Import(t.Context(), ann, strings.NewReader(bad), "csv", false); !errors.As(err, &wrong) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestTheFormatOfAFileOfPeopleIsToldByItsBeginning(t *testing.T) {
	for file, want := range map[string]string{
		"user_name,name\n": "csv", "\ufeffuser_name,name\n": "csv", "": "csv", "\n {\"user_name\":\"a\"}": "ndjson", "\ufeff{}": "ndjson",
	} {
		if got := people.FormatOf([]byte(file)); got != want {
			t.Errorf("%q: %s", file, got)
		}
	}
	o := newOffice(t)
	if got, err := o.Import(t.Context(), ann, strings.NewReader("\ufeff{\"user_name\":\"eve\",\"name\":\"Eve\"}\n"), "ndjson", true); err != nil || got.Added != 1 {
		t.Errorf("with a mark of UTF-8: %v", err)
	}
}

func TestWhatStandsOutAboutPrograms(t *testing.T) {
	o := newOffice(t)
	for _, id := range []string{"quiet", "wide", "fine", "orphan"} {
		o.program(id, "ben")
	}
	key := func(program string, days int) {
		public, _ := jwk(t)
		_, err := o.AddKey(t.Context(), ben, program, public, o.at.Add(time.Duration(days)*24*time.Hour).UnixMicro())
		o.must(err)
	}
	for _, id := range []string{"quiet", "wide", "fine"} {
		key(id, 130)
	}
	key("wide", 110)
	p := o.made("broad", "ben")
	p.Scopes = []string{"system/*.cruds"}
	_, err := o.AddProgram(t.Context(), ann, p)
	o.must(err)
	key("broad", 130)
	o.at = o.at.Add(100 * 24 * time.Hour)
	for _, id := range []string{"wide", "fine", "broad"} {
		o.Used(id, "service-integration", "", o.now())
	}
	before := len(o.acts())
	o.must(o.Note(t.Context()))
	o.must(o.Note(t.Context()))
	if got := o.acts()[before:]; !slices.Equal(got, []string{"uses-noted"}) {
		t.Errorf("uses were noted %v", got)
	}
	var got []string
	for _, f := range o.Findings(o.now()) {
		got = append(got, f.Program+" "+f.What)
	}
	want := []string{"broad wide", "orphan no-key", "orphan unused", "quiet unused", "wide key-ends"}
	slices.Sort(got)
	// The task reads and creates and does not search: the usual scope of the test is wider.
	got = slices.DeleteFunc(got, func(s string) bool { return strings.HasSuffix(s, " wide") && s != "broad wide" })
	got = slices.DeleteFunc(got, func(s string) bool { return strings.HasSuffix(s, " unlisted") }) // a test of their own
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	o.open()
	if o.Program("fine").LastUse == 0 {
		t.Error("the last use is forgotten at a start")
	}
}

// TestAProgramThatThePolicyDoesNotListStandsOut: it gets tokens, and no door answers it.
func TestAProgramThatThePolicyDoesNotListStandsOut(t *testing.T) {
	o := newOffice(t)
	o.program("lab-orders", "ben")
	o.program("another", "ben")
	p := o.made("claims-out", "ben") // listed, with another task
	_, err := o.AddProgram(t.Context(), ann, p)
	o.must(err)
	var got []string
	for _, f := range o.Findings(o.now()) {
		if f.What == "unlisted" {
			got = append(got, f.Program)
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, []string{"another", "claims-out"}) {
		t.Errorf("got %v", got)
	}
}

func TestKeysOfPrograms(t *testing.T) {
	o := newOffice(t)
	o.program("lab", "ben")
	o.program("lab2", "ben")
	public, private := jwk(t)
	until := o.at.Add(24 * time.Hour).UnixMicro()
	add := func(by people.Actor, program string, jwk []byte, until int64) error {
		_, err := o.AddKey(t.Context(), by, program, jwk, until)
		return err
	}
	refusedAs(t, add(ann, "lab", public, until), people.ErrForbidden)
	for name, bad := range map[string][]byte{
		"private": private, "none": []byte(`{}`), "a shared secret": []byte(`{"kty":"oct","k":"AAAA"}`), "no JSON": []byte("x"),
		"a short RSA key": []byte(`{"kty":"RSA","n":"sXch4vZ1BVR3NcbhqL0","e":"AQAB"}`),
		"Ed25519":         []byte(`{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`),
	} {
		var wrong people.Problems
		if err := add(ben, "lab", bad, until); !errors.As(err, &wrong) || wrong[0].Field != "jwk" {
			t.Errorf("%s: %v", name, err)
		}
	}
	k, err := o.AddKey(t.Context(), ben, "lab", public, until)
	o.must(err)
	refusedAs(t, add(ben, "lab2", public, until), people.ErrTaken)
	if _, ok := o.Key("lab", k.ID); !ok {
		t.Error("the key does not count")
	}
	if _, ok := o.Key("lab2", k.ID); ok {
		t.Error("the key counts for another program")
	}
	o.at = o.at.Add(24 * time.Hour)
	if _, ok := o.Key("lab", k.ID); ok {
		t.Error("the key counts after its end")
	}
	// A new owner registers keys of their own.
	o.must(o.HandOver(t.Context(), ben, "lab", "ann"))
	if p := o.Program("lab"); len(p.Keys) != 0 || p.Owner != "ann" {
		t.Errorf("handed over: %+v", p)
	}
	refusedAs(t, o.HandOver(t.Context(), ben, "lab", "ben"), people.ErrSelf)
}

func TestALeaversProgramsGoToTheirHeir(t *testing.T) {
	o := newOffice(t)
	o.add("cyd", "Cyd")
	o.program("lab", "cyd")
	o.must(o.Deactivate(t.Context(), ann, "cyd", "ben"))
	if p := o.Program("lab"); !p.Active || p.Owner != "ben" || !o.Active("lab") {
		t.Errorf("%+v", p)
	}
}

// TestG6_ALeaversKeysOpenNothingForTheHeir: whoever left may still hold the private ones.
func TestG6_ALeaversKeysOpenNothingForTheHeir(t *testing.T) {
	o := newOffice(t)
	o.add("cyd", "Cyd")
	o.program("lab", "cyd")
	public, _ := jwk(t)
	if _, err := o.AddKey(t.Context(), people.Actor{ID: "cyd"}, "lab", public, o.Program("lab").Until); err != nil {
		t.Fatal(err)
	}
	o.must(o.Deactivate(t.Context(), ann, "cyd", "ben"))
	if p := o.Program("lab"); p.Owner != "ben" || len(p.Keys) != 0 {
		t.Errorf("handed on with %d keys", len(p.Keys))
	}
}

// TestG9_NobodyInheritsByTheirOwnWord: whoever ends a person does not come by what acts
// for them, while somebody else could decide it.
func TestG9_NobodyInheritsByTheirOwnWord(t *testing.T) {
	o := newOffice(t)
	o.add("cyd", "Cyd")
	o.program("lab", "cyd")
	if err := o.Deactivate(t.Context(), ann, "cyd", ann.ID); !errors.Is(err, people.ErrSelf) {
		t.Errorf("ann inherits: %v", err)
	}
}

// TestG1_WhoWereOneHumanBeingStaySoWhenAnAddressChanges: otherwise a change of one's own
// mail would undo what only another may undo.
func TestG1_WhoWereOneHumanBeingStaySoWhenAnAddressChanges(t *testing.T) {
	o := newOffice(t)
	o.add("cyd", "Cyd")
	o.add("cyd2", "Cyd")
	for _, id := range []string{"cyd", "cyd2"} {
		if _, err := o.Change(t.Context(), ann, id, 0, func(p *people.Person) error { p.Mail = "cyd@hospital.example"; return nil }); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := o.Change(t.Context(), people.Actor{ID: "cyd"}, "cyd", 0, func(p *people.Person) error { p.Mail = "other@hospital.example"; return nil }); err != nil {
		if _, err = o.Change(t.Context(), ann, "cyd", 0, func(p *people.Person) error { p.Mail = "other@hospital.example"; return nil }); err != nil {
			t.Fatal(err)
		}
	}
	if !o.Same("cyd", "cyd2") {
		t.Error("they are two now")
	}
	o.must(o.Unlink(t.Context(), ann, "cyd", "cyd2"))
	if o.Same("cyd", "cyd2") {
		t.Error("another who runs people cannot part them")
	}
}

func TestNobodyPlacesThemselves(t *testing.T) {
	o := newOffice(t)
	for name, f := range map[string]func(*people.Person){
		"department":    func(p *people.Person) { p.Department = "ward-9" },
		"facility":      func(p *people.Person) { p.Facility = "north" },
		"practitioners": func(p *people.Person) { p.Practitioners = []string{"Practitioner/a"} },
		"partner":       func(p *people.Person) { p.Partner = "lakeside-reference-lab" },
	} {
		change := func(by people.Actor) error {
			_, err := o.Change(t.Context(), by, "ben", 0, func(p *people.Person) error { f(p); return nil })
			return err
		}
		if err := change(ben); !errors.Is(err, people.ErrSelf) {
			t.Errorf("%s: ben changed his own: %v", name, err)
		}
		o.must(change(ann))
	}
}

func TestTheLastUseOfARoleIsKnownAfterAStart(t *testing.T) {
	o := newOffice(t)
	o.add("cyd", "Cyd")
	o.must(o.give(ann, "cyd", people.Role, "nurse"))
	at := o.at.Add(90 * time.Minute).UnixMicro()
	o.Used("cyd", "nurse", "", at)
	o.Used("nobody", "nurse", "", at)
	last := func() int64 { return o.Standings("cyd", o.now())[0].LastUse }
	want := o.at.Add(time.Hour).UnixMicro()
	if last() != want {
		t.Errorf("last use %d, want %d: to the hour", last(), want)
	}
	rev := o.Revision("cyd")
	o.must(o.Note(t.Context()))
	o.open()
	if last() != want || o.Revision("cyd") != rev {
		t.Errorf("after a start: %d, want %d, and no new revision of the page", last(), want)
	}
}

func TestWhatAnInstallationLacksFollowsEveryChangeAndTheClock(t *testing.T) {
	o := newOffice(t)
	o.add("cyd", "Cyd")
	o.must(o.Give(t.Context(), ann, people.Gift{Person: "cyd", Kind: people.DutyKind, Name: "read-record", Until: o.at.Add(time.Hour).UnixMicro()}))
	has := func(what string) bool { return slices.Contains(o.lacks(), what) }
	if !has("no-read-record") || !has("waits-for-agreement") {
		t.Error("what waits counts")
	}
	o.must(o.agree(ben, "cyd", people.DutyKind, "read-record"))
	if has("no-read-record") || has("waits-for-agreement") {
		t.Error("what was agreed to still lacks")
	}
	o.at = o.at.Add(time.Hour)
	if !has("no-read-record") {
		t.Error("what ended does not lack")
	}
}

// cuts notes for whom what is under way ended.
type cuts []string

func (c *cuts) Person(string)  {}
func (c *cuts) Returns(string) {}
func (c *cuts) Cut(id string)  { *c = append(*c, id) }

// TestG3_WhoLosesARoleLosesWhatIsUnderWay, before whoever took it hears that it is done;
// who gets one loses nothing.
func TestG3_WhoLosesARoleLosesWhatIsUnderWay(t *testing.T) {
	var told cuts
	o := newOffice(t)
	d, err := people.Open(t.Context(), people.Config{Desk: book.NewDesk(o.shelf), Policy: func() *policy.Set { return policySet }, Now: func() (time.Time, bool) { return o.at, true }, Ends: &told})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Give(t.Context(), ann, people.Gift{Person: "ben", Kind: people.Role, Name: "nurse", Why: "ward"}); err != nil || len(told) != 0 {
		t.Fatalf("%v, %v", err, told)
	}
	if err := d.Take(t.Context(), ann, people.Which{Person: "ben", Kind: people.Role, Name: "nurse"}); err != nil || !slices.Equal(told, cuts{"ben"}) {
		t.Errorf("%v, %v", err, told)
	}
}

// TestG3_WhatTakesAwayFromPeopleAndProgramsCutsOff what is under way: a move, a key, less
// time, fewer scopes; what gives does not.
func TestG3_WhatTakesAwayFromPeopleAndProgramsCutsOff(t *testing.T) {
	var told cuts
	o := newOffice(t)
	d, err := people.Open(t.Context(), people.Config{Desk: book.NewDesk(o.shelf), Policy: func() *policy.Set { return policySet }, Now: func() (time.Time, bool) { return o.at, true }, Ends: &told})
	if err != nil {
		t.Fatal(err)
	}
	first, _ := jwk(t)
	second, _ := jwk(t)
	var key people.Key
	program := func(change func(*people.Program)) error {
		_, err := d.ChangeProgram(t.Context(), ann, "labs", func(p *people.Program) error { change(p); return nil })
		return err
	}
	for _, tt := range []struct {
		name string
		do   func() error
		want cuts
	}{
		{"a program is made", func() error { _, err := d.AddProgram(t.Context(), ann, o.made("labs", "ben")); return err }, nil},
		{"a key", func() (err error) {
			key, err = d.AddKey(t.Context(), people.Actor{ID: "ben"}, "labs", first, o.at.Add(24*time.Hour).UnixMicro())
			return err
		}, nil},
		{"another", func() error {
			_, err := d.AddKey(t.Context(), people.Actor{ID: "ben"}, "labs", second, o.at.Add(24*time.Hour).UnixMicro())
			return err
		}, nil},
		{"one is taken", func() error { return d.TakeKey(t.Context(), ann, "labs", key.ID) }, cuts{"labs"}},
		{"less time", func() error { return program(func(p *people.Program) { p.Until -= 1_000_000 }) }, cuts{"labs"}},
		{"nothing", func() error { return program(func(p *people.Program) { p.Title = "Orders" }) }, nil},
		{"a record of their own", func() error {
			_, err := d.Change(t.Context(), ann, "ben", 0, func(p *people.Person) error {
				p.Practitioners = []string{"Practitioner/7"}
				return nil
			})
			return err
		}, nil},
		{"it is another's", func() error {
			_, err := d.Change(t.Context(), ann, "ben", 0, func(p *people.Person) error { p.Practitioners = nil; return nil })
			return err
		}, cuts{"ben"}},
		{"a move", func() error {
			_, err := d.Change(t.Context(), ann, "ben", 0, func(p *people.Person) error { p.Department = "ward-9"; return nil })
			return err
		}, cuts{"ben"}},
	} {
		told = nil
		if err := tt.do(); err != nil || !slices.Equal(told, tt.want) {
			t.Errorf("%s: %v, told %v, want %v", tt.name, err, told, tt.want)
		}
	}
}
