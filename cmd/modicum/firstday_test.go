package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"modicum/internal/sandbox"
	"modicum/internal/testkit"
)

// firstDay is two people with a browser each, who follow the README word for word: its
// commands are typed as they stand there, but for the port and the address of the server
// behind. They go from page to page by what stands on the pages alone.
type firstDay struct {
	t      *testing.T
	dir    string // where a clone would be
	env    []string
	change *strings.Replacer
	blocks [][]string // the README's commands
	base   string
	words  int             // that are read
	seen   map[string]bool // lines of pages that were read
	taps   int             // that they press, choose or fill in
}

func newFirstDay(t *testing.T) *firstDay {
	t.Helper()
	testkit.Need(t, testkit.Browser)
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("SKIPPED: no curl, which the README types")
	}
	up := sandbox.NewServer()
	sandbox.Fill(up, time.Now())
	web := httptest.NewServer(up)
	t.Cleanup(web.Close)
	port := testkit.FreePort(t)
	d := &firstDay{t: t, dir: t.TempDir(), base: "http://localhost:" + port, seen: map[string]bool{}}
	d.env = append(os.Environ(), "MODICUM_LISTEN=127.0.0.1:"+port, "MODICUM_ADMIN=127.0.0.1:0", "XDG_CONFIG_HOME="+t.TempDir(), "NO_COLOR=1", "DISPLAY=")
	d.change = strings.NewReplacer("http://127.0.0.1:8090/fhir", web.URL+"/fhir", "localhost:8443", "localhost:"+port)
	d.read()
	return d
}

// read takes the commands of the README's first day, and counts its words.
func (d *firstDay) read() {
	d.t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		d.t.Fatal(err)
	}
	_, part, _ := strings.Cut(string(text), "\n## Ten minutes before a server of your own\n")
	part, _, _ = strings.Cut(part, "\nThen look through")
	commands := regexp.MustCompile("(?ms)^( *)```sh\n(.*?)^ *```$")
	for _, m := range commands.FindAllStringSubmatch(part, -1) {
		var lines []string
		for line := range strings.Lines(m[2]) {
			lines = append(lines, strings.TrimPrefix(strings.TrimSuffix(line, "\n"), m[1]))
		}
		d.blocks = append(d.blocks, lines)
	}
	if len(d.blocks) != 5 {
		d.t.Fatalf("%d blocks of commands in the README, want 5: %q", len(d.blocks), d.blocks)
	}
	d.words, d.taps = len(strings.Fields(commands.ReplaceAllString(part, ""))), 2*len(d.blocks) // copied and pasted
	d.t.Logf("%3d words of the README", d.words)
}

// types gives lines to a shell, in a folder below the clone's.
func (d *firstDay) types(folder string, lines ...string) string {
	d.t.Helper()
	sh := d.shell(folder, strings.Join(lines, "\n"))
	out, err := sh.CombinedOutput()
	if err != nil {
		d.t.Fatalf("%q: %v\n%s", lines, err, out)
	}
	return string(out)
}

func (d *firstDay) shell(folder, text string) *exec.Cmd {
	sh := exec.Command("sh", "-e", "-c", d.change.Replace(text))
	sh.Dir, sh.Env = filepath.Join(d.dir, folder), d.env
	return sh
}

// installs does what `go build` does, with the command that the test is of.
func (d *firstDay) installs() {
	d.t.Helper()
	if d.blocks[0][0] != "go build -o modicum ./cmd/modicum" {
		d.t.Errorf("the README builds by %q", d.blocks[0][0])
	}
	built, err := exec.LookPath("modicum")
	if err == nil {
		err = os.Symlink(built, filepath.Join(d.dir, "modicum"))
	}
	if err != nil {
		d.t.Fatal(err)
	}
	d.types(".", d.blocks[0][1:]...)
}

// TestWhatComesNextCanBeTyped: beside the folder that init made lies no modicum, unless it
// is on the path.
func TestWhatComesNextCanBeTyped(t *testing.T) {
	for _, tt := range []struct{ arg0, dir, want string }{
		{"modicum", "hospital", "modicum"},
		{"./modicum", "hospital", "../modicum"},
		{"./modicum", "./a/b/", "../../modicum"},
		{"bin/modicum", "hospital", "../bin/modicum"},
		{"../modicum", ".", "../modicum"},
		{"/usr/bin/modicum", "hospital", "modicum"},
		{"./modicum", "/srv/hospital", "modicum"},
	} {
		if got := calledFrom(tt.arg0, tt.dir); got != tt.want {
			t.Errorf("%s init %s: %q, want %q", tt.arg0, tt.dir, got, tt.want)
		}
	}
}

// serves starts the server as the README does, and returns the first owner's link.
func (d *firstDay) serves() string {
	d.t.Helper()
	line, _, _ := strings.Cut(d.blocks[1][1], "#")
	server := d.shell("hospital", "exec "+line)
	var logs lockedBuffer
	out, err := server.StdoutPipe()
	server.Stderr = &logs
	if err == nil {
		err = server.Start()
	}
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() {
		server.Process.Signal(os.Interrupt)
		if err := server.Wait(); err != nil {
			d.t.Errorf("serve ended with %v\n%s", err, logs.String())
		}
	})
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if link := regexp.MustCompile(`http://localhost:\d+/sign-in/\S+`).FindString(lines.Text()); link != "" {
			go io.Copy(io.Discard, out)
			return link
		}
	}
	d.t.Fatalf("serve prints no link for the first owner\n%s", logs.String())
	return ""
}

// someone is one of them at their browser.
type someone struct {
	*testkit.Visitor
	day *firstDay
}

func (d *firstDay) someone() *someone {
	v := testkit.NewVisitor(d.t, d.base)
	v.Passkeys()
	return &someone{v, d}
}

// reads counts the words that stand on the page and are new to whoever tries this alone,
// with two browsers: nobody reads a line twice, nor the whole of a list to choose from, nor
// about a field that may stay empty.
func (p *someone) reads(step string) {
	p.TB.Helper()
	text := p.Read(`(() => { const m = document.querySelector("main").cloneNode(true);
		for (const e of m.querySelectorAll("select, .vh, .field:has(label .soft), details:not([open]) > :not(summary)")) e.remove();
		document.body.append(m); const text = m.innerText; m.remove(); return text })()`)
	n := 0
	for line := range strings.Lines(text) {
		if !p.day.seen[line] {
			n += len(strings.Fields(line))
		}
		p.day.seen[line] = true
	}
	p.day.words += n
	p.day.taps += p.Taps
	p.TB.Logf("%3d words, %2d taps before: %s", n, p.Taps, step)
	p.Taps = 0
}

// goes follows the menu, or a link of the page.
func (p *someone) goes(where, name string) {
	p.TB.Helper()
	p.Taps++
	p.Do(chromedp.Click(fmt.Sprintf(`(//%s//a[contains(., %q)])[1]`, where, name)))
	p.Do(chromedp.WaitReady(`body`))
}

func (p *someone) menu(name, heading string) {
	p.TB.Helper()
	p.goes(`nav[contains(@class, "side")]`, name)
	p.Until(heading)
}

func (p *someone) link(name, heading string) {
	p.TB.Helper()
	p.goes("main", name)
	p.Until(heading)
}

// registers follows a link to the page that says that it is done, and goes on.
func (p *someone) registers(link string, more func()) {
	p.TB.Helper()
	_, path, _ := strings.Cut(link, "/sign-in/")
	p.Open("/sign-in/" + path)
	p.reads("the link")
	p.Press("Open the link")
	p.Until("Welcome")
	more()
	p.reads("registering")
	p.Press("Register a passkey")
	p.Until("You are in, ")
	p.reads("registered")
	p.goes("main", "Go on")
}

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

// fitsTenMinutes: of who reads 200 words a minute, and takes two seconds to find and press
// something.
func (d *firstDay) fitsTenMinutes() {
	d.t.Helper()
	took := time.Duration(d.words)*time.Minute/200 + time.Duration(d.taps)*2*time.Second
	d.t.Logf("%d words, %d taps: %v for who reads all of it", d.words, d.taps, took.Round(time.Second))
	if took > 10*time.Minute {
		d.t.Errorf("a first day takes a reader %v, more than ten minutes", took)
	}
}

// until types a command until it says what is wanted: what is in files is taken up within
// two seconds.
func (d *firstDay) until(line, want string) string {
	d.t.Helper()
	got := ""
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); {
		out, _ := d.shell("hospital", line).CombinedOutput()
		if got = string(out); strings.Contains(got, want) {
			return got
		}
	}
	d.t.Fatalf("%s never says %q, last:\n%s", line, want, got)
	return ""
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
	p.Fill("why", "our first day")
	p.reads("giving a role")
	p.Send("Give it")
	p.Says("Nurse")
	p.Send("Make an invitation")
	p.reads("the invitation")
	link := regexp.MustCompile(`http://localhost:\d+/sign-in/\S+`).FindString(p.Text())
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
	p.Fill("why", "our first day")
	p.reads("giving a position")
	p.Send("Give it")
	p.Sees("nobody else is there to agree")
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
	text := ""
	for lines := bufio.NewScanner(out); lines.Scan(); {
		text += lines.Text() + "\n"
		if code := regexp.MustCompile(`type the code: (\S+)`).FindStringSubmatch(text); code != nil {
			go io.Copy(io.Discard, out)
			p.confirms(regexp.MustCompile(`open http://localhost:\d+(/\S+)`).FindStringSubmatch(text)[1], code[1])
			break
		}
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
	p.Fill("why", "nobody else is here yet")
	p.Send("Give it")
	p.menu("Record", "record")
	p.Says("Nina Sample")
	p.reads("the record")
}
