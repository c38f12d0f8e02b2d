package notice_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"

	"modicum/internal/notice"
)

// smtpd is a mail server at the end of a pipe, so that it lives in a bubble of time.
// What a real one does is tried in real_test.go.
type smtpd struct {
	mu    sync.Mutex
	tries int
	ids   []string            // Message-Id of all that came whole, taken or not
	taken map[string]*message // by Message-Id, as a receiver keeps them that knows copies
	// does is asked at each step (rcpt, data, end) of the nth try, from 1.
	does func(step string, try int) reply
}

type message struct {
	to   string
	head mail.Header
	text string
}

// reply is what the server does at a step.
type reply struct {
	line string // "" goes on
	drop bool   // the connection breaks
	take bool   // with drop, at the end: it has the mail, and the answer is lost
}

func newSMTPD() *smtpd { return &smtpd{taken: map[string]*message{}} }

var errUnplugged = errors.New("no route")

func (s *smtpd) dial(context.Context, string, string) (net.Conn, error) {
	s.mu.Lock()
	s.tries++
	try := s.tries
	s.mu.Unlock()
	if s.at("connect", try).drop {
		return nil, errUnplugged
	}
	here, there := net.Pipe()
	go s.serve(there, try)
	return here, nil
}

func (s *smtpd) at(step string, try int) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.does == nil {
		return reply{}
	}
	return s.does(step, try)
}

func (s *smtpd) serve(conn net.Conn, try int) {
	defer conn.Close()
	r := bufio.NewReader(conn)
	say := func(line string) { fmt.Fprintf(conn, "%s\r\n", line) }
	say("220 mail.hospital.example ESMTP")
	var to string
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		verb, _, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(line)), " ")
		step := map[string]string{"RCPT": "rcpt", "DATA": "data"}[verb]
		if does := s.at(step, try); step != "" && (does.drop || does.line != "") {
			if does.drop {
				return
			}
			say(does.line)
			continue
		}
		switch verb {
		case "EHLO":
			say("250 mail.hospital.example")
		case "RCPT":
			to = strings.TrimSpace(line)
			say("250 ok")
		case "DATA":
			say("354 go on")
			if !s.data(r, to, try, say) {
				return
			}
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

// data reads a mail and answers it; false where the connection breaks.
func (s *smtpd) data(r *bufio.Reader, to string, try int, say func(string)) bool {
	var text strings.Builder
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			break
		}
		text.WriteString(strings.TrimPrefix(line, ".")) // RFC 5321 section 4.5.2
	}
	does := s.at("end", try)
	m, err := mail.ReadMessage(strings.NewReader(text.String()))
	if err != nil {
		say("554 not a mail")
		return true
	}
	id := m.Header.Get("Message-Id")
	s.mu.Lock()
	s.ids = append(s.ids, id)
	if does.line == "" && (!does.drop || does.take) {
		s.taken[id] = &message{to, m.Header, text.String()}
	}
	s.mu.Unlock()
	if does.drop {
		return false
	}
	say(or(does.line, "250 taken"))
	return true
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// came are the Message-Ids of all that came whole.
func (s *smtpd) came() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.ids...)
}

// mails are what was taken, copies left out.
func (s *smtpd) mails() (out []*message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.taken {
		out = append(out, m)
	}
	return out
}

func (s *smtpd) tried() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tries
}

// withMail gives the world a mail server.
func (w *world) withMail(t *testing.T) *smtpd {
	t.Helper()
	s := newSMTPD()
	w.cfg.Mail = &notice.Mail{Server: "localhost:25", Security: notice.Plain, From: "Modicum <modicum@hospital.example>"}
	w.cfg.Mail.Through(s.dial)
	return s
}
