package main

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
)

// TestAFirstDayFromTheReadme: init, serve, the first owner by the link that it prints, a
// second person invited, a role and a position given, what is known stated; a request at
// the door that finds nothing, asked for from the page that its text names, approved,
// used, given back, and nothing again; and the owner finds it on record. Within ten
// minutes of a reader who reads every word.
func TestAFirstDayFromTheReadme(t *testing.T) {
	d := newFirstDay(t)
	d.installs()
	d.types("hospital", d.blocks[1][0])
	link := d.serves()

	olga := d.someone()
	olga.registers(link, func() {
		olga.Fill("your-name", "Olga Owner")
		olga.Fill("user-name", "olga")
	})
	olga.Until("What comes next")
	olga.Says("Say what is known of staff and patients")
	olga.reads("home of a new installation")
	invitation := olga.addsNina()
	olga.lends()

	d.types("hospital", d.blocks[2]...)
	nina := d.someone()
	nina.registers(invitation, func() {})
	nina.Until("Nothing waits for you")
	nina.reads("home of a nurse")
	nina.signsIn()
	curl := d.blocks[3][1]
	before := d.types("hospital", curl)
	page := regexp.MustCompile(`look at (/[a-z]+)`).FindStringSubmatch(before)
	if page == nil || page[1] != "/my" {
		t.Fatalf("the text of the refusal leads to no page: %s", before)
	}
	nina.asks()

	olga.menu("Home", "What waits for you")
	olga.Says("Nina Sample")
	if strings.Contains(olga.Page(), "Say what is known") {
		t.Error("what was stated is still asked for")
	}
	olga.reads("home of who decides")
	olga.link("Nina Sample", "Waits for your answer")
	olga.reads("the request")
	olga.Send("Approve")

	if got := d.until(curl, `"id":"p14"`); strings.Contains(got, "Nothing here") {
		t.Errorf("lent: %s", got)
	}
	nina.menu("Home", "Nothing waits for you")
	nina.reads("home with a loan")
	nina.link("Cover for a colleague", "open now")
	nina.reads("the loan")
	nina.Send("Give it back")
	if after := d.types("hospital", curl); after != before {
		t.Errorf("given back: %s\nbefore: %s", after, before)
	}
	d.fitsTenMinutes()
	found := d.types("hospital", d.blocks[4][0])
	for _, want := range []string{"nina: access-asked", "status 404", "status 200, 1 shown", "nina: grant-given-back"} {
		if !strings.Contains(found, want) {
			t.Errorf("the record does not name %q:\n%s", want, found)
		}
	}
	d.until(d.blocks[4][1], "all in order")
	olga.readsTheRecord()
}

// addsNina takes the steps that the home page names, and returns the invitation.
func (p *someone) addsNina() string {
	p.TB.Helper()
	p.link("Add the second person", "Add somebody")
	p.reads("adding somebody")
	p.Fill("user_name", "nina")
	p.Fill("name", "Nina Sample")
	p.Send("Add them")
	p.reads("added")
	p.link("Give a role or right", "Give a role or right")
	p.Choose("name", "role nurse")
	p.gives("our first day", "giving a role")
	p.Says("Nurse")
	p.Send("Make an invitation")
	p.reads("the invitation")
	link := signInLink.FindString(p.Text())
	if link == "" {
		p.TB.Fatalf("no invitation:\n%s", p.Text())
	}
	return link
}

// lends makes the owner who decides about what nurses ask for.
func (p *someone) lends() {
	p.TB.Helper()
	p.menu("Home", "What comes next")
	p.reads("home once more")
	p.link("Decide who lends", "Give a role or right")
	if got := p.Read(`document.getElementById("name").value`); got != "position charge-nurse" {
		p.TB.Errorf("the step leads to a form for %q", got)
	}
	p.gives("our first day", "giving a position")
	p.Sees("nobody else is there to agree")
}

// gives says why a role or right is given, and gives it.
func (p *someone) gives(why, step string) {
	p.TB.Helper()
	p.Fill("why", why)
	p.reads(step)
	p.Send("Give it")
}

// signsIn gets a token for the command line, by its code.
func (p *someone) signsIn() {
	p.TB.Helper()
	login := p.day.shell("hospital", "exec "+p.day.blocks[3][0])
	out, err := login.StderrPipe()
	var said bytes.Buffer
	login.Stdout = &said
	if err == nil {
		err = login.Start()
	}
	if err != nil {
		p.TB.Fatal(err)
	}
	code, text := hears(out, regexp.MustCompile(`(?s)open http://localhost:\d+(/\S+).*type the code: (\S+)`))
	if code != nil {
		p.confirms(code[1], code[2])
	}
	if err := login.Wait(); err != nil || !strings.Contains(said.String(), "as nina") {
		p.TB.Fatalf("login: %v\n%s%s", err, text, said.String())
	}
}

func (p *someone) confirms(path, code string) {
	p.TB.Helper()
	p.Open(path)
	p.Fill("user_code", code)
	p.reads("the code of the command line")
	p.Send("Go on")
	p.Says("Nina Sample", "Cover for a colleague")
	p.reads("what the token is for")
	p.Send("Give it")
}

// asks goes from the page that the refusal named to a request that waits.
func (p *someone) asks() {
	p.TB.Helper()
	p.Open("/")
	p.menu("My access", "What your tasks show") // where the refusal leads; its form is that of the home page
	p.menu("Home", "Nothing waits for you")
	p.Fill("patient", "p14")
	p.Choose("task", "nurse/cover")
	p.Press("Look")
	p.Until("Patient p14")
	p.reads("what shows of the patient")
	p.Press("Ask for this patient")
	p.Until("Ask for what is missing")
	p.Choose("reason", "help at the bedside")
	p.Fill("text", "two to turn the patient")
	p.reads("asking")
	p.Send("See who decides")
	p.Says("Olga Owner")
	p.reads("who decides")
	p.Send("Ask")
	p.Until("You asked")
	p.reads("asked")
}

// readsTheRecord gives the owner the duty that it takes, and finds what Nina did.
func (p *someone) readsTheRecord() {
	p.TB.Helper()
	p.menu("People", "People")
	p.link("Olga Owner", "Olga Owner")
	p.link("Give a role or right", "Give a role or right")
	p.Choose("name", "duty read-record")
	p.gives("nobody else is here yet", "giving a duty")
	p.menu("Record", "record")
	p.Says("Nina Sample")
	p.reads("the record")
}
