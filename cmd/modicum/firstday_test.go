package main

import (
	"bufio"
	"context"
	"io"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"modicum/internal/sandbox"
	"modicum/internal/testkit"
)

// newcomerAt is a visitor who can register a passkey.
func newcomerAt(t *testing.T, home string) *testkit.Visitor {
	t.Helper()
	v := testkit.NewVisitor(t, home)
	v.Passkeys()
	return v
}

// TestAFirstDayFromTheReadme: init, the first owner by the link that serve prints, a
// second person invited, one role given, one request lent and ended, as a small hospital
// without an identity provider does it.
func TestAFirstDayFromTheReadme(t *testing.T) {
	testkit.Need(t, testkit.Browser)
	up := sandbox.NewServer()
	sandbox.Fill(up, time.Now())
	web := httptest.NewServer(up)
	defer web.Close()
	n := &newcomer{t: t, dir: filepath.Join(t.TempDir(), "hospital")}
	n.must("init", n.dir, "--passkeys", "--upstream", web.URL+"/fhir")
	n.must("serve", "--check", "--config", n.config())
	port := testkit.FreePort(t)
	n.edit("modicum.yaml", "listen: 127.0.0.1:8443", "listen: 127.0.0.1:"+port)
	n.edit("modicum.yaml", "admin: 127.0.0.1:9090", "admin: 127.0.0.1:0")
	link := n.ownerLink()
	base := "http://localhost:" + port

	olga := newcomerAt(t, base)
	olga.Enrol(link, func(*testkit.Visitor) {
		olga.Fill("user-name", "olga")
		olga.Fill("your-name", "Olga Owner")
	})
	olga.Open("/people")
	olga.Follow("Add somebody")
	olga.Do(chromedp.WaitVisible("#user_name"))
	olga.Fill("user_name", "nina")
	olga.Fill("name", "Nina Sample")
	olga.Send("Add them")
	for _, gift := range [][2]string{{"nina", "role nurse"}, {"olga", "position charge-nurse"}} {
		olga.Open("/people/" + gift[0] + "/give")
		olga.Choose("name", gift[1])
		olga.Fill("why", "our first day")
		olga.Send("Give it")
	}
	olga.Open("/people/nina")
	olga.Send("Make an invitation")
	invitation := regexp.MustCompile(`http://localhost:\d+/sign-in/\S+`).FindString(olga.Text())
	if invitation == "" {
		t.Fatalf("no invitation:\n%s", olga.Text())
	}

	nina := newcomerAt(t, base)
	nina.Enrol(invitation, func(*testkit.Visitor) {})
	nina.Open("/ask?task=nurse/cover")
	nina.Click(`input[name=kind][value=lend]`)
	nina.Fill("patient", "p14")
	nina.Choose("reason", "help at the bedside")
	nina.Fill("text", "two to turn the patient")
	nina.Send("See who decides")
	nina.Says("Olga Owner")
	nina.Send("Ask")

	olga.Open("/inbox")
	olga.Says("Nina Sample", "two to turn the patient")
	olga.Send("Approve")
	nina.Open("/grants")
	nina.Click(`//main//td//a`)
	nina.Until("open now")
	nina.Send("Give it back")
	nina.Open("/grants")
	nina.Says("done")
}

// ownerLink starts the server and reads the link that it prints for the first owner.
func (n *newcomer) ownerLink() string {
	n.t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	out, in := io.Pipe()
	logs := &lockedBuffer{}
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, []string{"serve", "--config", n.config()}, nil, strings.NewReader(""), in, logs)
		in.Close()
	}()
	n.t.Cleanup(func() {
		stop()
		if status := <-done; status != exitYes {
			n.t.Errorf("serve ended with %d\n%s", status, logs)
		}
	})
	said := ""
	for lines := bufio.NewScanner(out); lines.Scan(); {
		said += lines.Text() + "\n"
		if link := regexp.MustCompile(`http://localhost:\d+/sign-in/\S+`).FindString(lines.Text()); link != "" {
			go io.Copy(io.Discard, out)
			return link
		}
	}
	n.t.Fatalf("serve prints no link for the first owner:\n%s%s", said, logs)
	return ""
}
