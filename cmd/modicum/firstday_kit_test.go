package main

import (
	"bufio"
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
	link, _ := hears(out, signInLink)
	if link == nil {
		d.t.Fatalf("serve prints no link for the first owner\n%s", logs.String())
	}
	return link[0]
}

// signInLink is what an owner and an invited person follow.
var signInLink = regexp.MustCompile(`http://localhost:\d+/sign-in/\S+`)

// hears reads what a command prints until it fits, and lets it print on; nil where it ends
// before.
func hears(out io.Reader, fits *regexp.Regexp) (found []string, said string) {
	for lines := bufio.NewScanner(out); lines.Scan(); {
		said += lines.Text() + "\n"
		if found = fits.FindStringSubmatch(said); found != nil {
			go io.Copy(io.Discard, out)
			return found, said
		}
	}
	return nil, said
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

func (p *someone) menu(name, heading string) {
	p.TB.Helper()
	p.Click(fmt.Sprintf(`//nav[contains(@class, "side")]//a[contains(., %q)]`, name))
	p.Until(heading)
}

func (p *someone) link(name, heading string) {
	p.TB.Helper()
	p.Follow(name)
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
	p.Follow("Go on")
}
