package notice_test

import (
	"crypto/x509"
	"strings"
	"testing"
	"time"

	"modicum/internal/notice"
	"modicum/internal/testkit"
)

// mailOf is how a real server is reached.
func mailOf(t *testing.T, s *testkit.MailServer, way notice.Security) *notice.Mail {
	m := &notice.Mail{Server: s.Address, Security: way, From: "modicum@hospital.example", Roots: s.Roots}
	if s.User != "" {
		m.User, m.PasswordFile = s.User, secretFile(t, s.Password)
	}
	return m
}

// until waits for what another process does; it fails after a minute.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	end, tick := time.After(time.Minute), time.NewTicker(20*time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-end:
			t.Fatalf("waited a minute for %s", what)
		case <-tick.C:
		}
	}
}

func TestARealMailServerGetsMail(t *testing.T) {
	for _, way := range []notice.Security{notice.STARTTLS, notice.Implicit, notice.Plain} {
		t.Run(string(way), func(t *testing.T) {
			server := testkit.StartMail(t, strings.Replace(string(way), "none", "plain", 1))
			w := newWorld(t)
			w.cfg.Mail = mailOf(t, server, way)
			teller, _ := w.open(t)
			defer running(t, teller)()
			tell(t, teller, waits("hosp/alice", moment()))
			until(t, "the mail", func() bool { return teller.Inbox("hosp/alice", "", 1)[0].Mail == notice.Sent })
			got := server.Mails(t)
			if len(got) != 1 || got[0].To[0] != "alice@hospital.example" || got[0].User != server.User || got[0].TLS != (way != notice.Plain) {
				t.Fatalf("it has %+v", got)
			}
			if id := got[0].Header(t, "Message-Id"); !strings.HasSuffix(id, "@modicum.hospital.example>") {
				t.Errorf("Message-Id %q", id)
			}
		})
	}
}

func TestARealMailServerThatFailsHasItOnce(t *testing.T) {
	server := testkit.StartMail(t, "starttls")
	w := newWorld(t)
	w.cfg.Mail = mailOf(t, server, notice.STARTTLS)
	for _, faults := range [][]string{
		{"rcpt 450 busy", "rcpt 451 again"}, {"data 452 full"}, {"data drop"}, {"end drop"}, {"end 451 later"}, {"end lost"},
	} {
		before := len(server.Mails(t))
		server.Fail(t, faults...)
		teller, _ := w.open(t)
		tell(t, teller, waits("hosp/alice", moment()))
		id := teller.Inbox("hosp/alice", "", 1)[0].ID
		for tries := 0; teller.Inbox("hosp/alice", "", 1)[0].Mail != notice.Sent; tries++ {
			if tries > len(faults) {
				t.Fatalf("%v: tried %d times: %+v", faults, tries, teller.State())
			}
			teller, _ = w.open(t) // a start tries again at once
			stop := running(t, teller)
			until(t, "the end of a try", func() bool {
				return teller.Inbox("hosp/alice", "", 1)[0].Mail == notice.Sent || !teller.State()[0].Failing.IsZero()
			})
			stop()
		}
		copies := map[string]int{}
		for _, m := range server.Mails(t)[before:] {
			copies[m.Header(t, "Message-Id")]++
		}
		if len(copies) != 1 || copies["<"+id+"@modicum.hospital.example>"] == 0 {
			t.Errorf("%v: it has %v, want copies of %s", faults, copies, id)
		}
		if faults[0] == "end lost" && copies["<"+id+"@modicum.hospital.example>"] != 2 {
			t.Errorf("an answer that was lost: %v copies, want 2 of one Message-Id", copies)
		}
	}
}

func TestARealMailServerThatIsNotSafeGetsNothing(t *testing.T) {
	starttls, plain := testkit.StartMail(t, "starttls"), testkit.StartMail(t, "plain")
	for name, m := range map[string]*notice.Mail{
		"its certificate is of nobody we trust": func() *notice.Mail { m := mailOf(t, starttls, notice.STARTTLS); m.Roots = x509.NewCertPool(); return m }(),
		"it offers no STARTTLS":                 mailOf(t, plain, notice.STARTTLS),
		"it speaks no TLS":                      mailOf(t, plain, notice.Implicit),
		"our password is wrong": func() *notice.Mail {
			m := mailOf(t, starttls, notice.STARTTLS)
			m.PasswordFile = secretFile(t, "PASSWORD-CANARY")
			return m
		}(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // a wrong password is answered after a while
			w := newWorld(t)
			w.cfg.Mail = m
			teller, _ := w.open(t)
			stop := running(t, teller)
			tell(t, teller, waits("hosp/alice", moment()))
			until(t, "a failure", func() bool { return !teller.State()[0].Failing.IsZero() })
			stop()
			if got := teller.Inbox("hosp/alice", "", 1)[0].Mail; got != notice.Waiting {
				t.Errorf("the inbox says %q", got)
			}
			if s := teller.State()[0]; strings.Contains(s.Why+w.log.String(), "CANARY") || s.Why == "" {
				t.Errorf("%q, %s", s.Why, w.log)
			}
			if n := len(starttls.Mails(t)) + len(plain.Mails(t)); n != 0 {
				t.Errorf("%d mails left all the same", n)
			}
		})
	}
}

func TestARealMailServerThatRefusesIsAskedOnce(t *testing.T) {
	server := testkit.StartMail(t, "implicit")
	server.Fail(t, "rcpt 550 no such box")
	w := newWorld(t)
	w.cfg.Mail = mailOf(t, server, notice.Implicit)
	teller, _ := w.open(t)
	defer running(t, teller)()
	tell(t, teller, waits("hosp/alice", moment()))
	until(t, "the failure", func() bool { return teller.Inbox("hosp/alice", "", 1)[0].Mail == notice.Failed })
	tell(t, teller, waits("hosp/bob", moment())) // and the next one goes
	until(t, "the mail", func() bool { return teller.Inbox("hosp/bob", "", 1)[0].Mail == notice.Sent })
	if got := server.Mails(t); len(got) != 1 || got[0].To[0] != "bob@hospital.example" {
		t.Errorf("it has %+v", got)
	}
}
