package notice_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"modicum/internal/book"
	"modicum/internal/book/booktest"
	"modicum/internal/notice"
)

// moment is now, as events have it. A bubble's clock begins in 2000.
func moment() int64 { return time.Now().UnixMicro() }

func TestMailArrivesOnceWhateverTheServerDoes(t *testing.T) {
	for name, does := range map[string]func(step string, try int) reply{
		"it is well":                        nil,
		"it is away three times":            func(s string, n int) reply { return reply{drop: s == "connect" && n < 4} },
		"it is busy":                        func(s string, n int) reply { return line(s == "rcpt" && n < 3, "450 busy") },
		"it is full":                        func(s string, n int) reply { return line(s == "data" && n < 3, "452 full") },
		"it breaks before the mail":         func(s string, n int) reply { return reply{drop: s == "data" && n < 3} },
		"it breaks after the mail":          func(s string, n int) reply { return reply{drop: s == "end" && n < 3} },
		"it has the mail and cannot say so": func(s string, n int) reply { return reply{drop: s == "end" && n < 3, take: true} },
		"it says later at the end":          func(s string, n int) reply { return line(s == "end" && n < 3, "451 later") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				server := w.withMail(t)
				server.does = does
				teller, _ := w.open(t)
				defer running(t, teller)()
				tell(t, teller, waits("hosp/alice", moment()))
				time.Sleep(2 * time.Hour)
				synctest.Wait()
				if got := server.mails(); len(got) != 1 || !strings.Contains(got[0].to, "alice@hospital.example") {
					t.Fatalf("%d mails arrived, want 1 to alice", len(got))
				}
				if ids := slices.Compact(server.came()); len(ids) != 1 {
					t.Errorf("copies have several Message-Ids: %v", ids)
				}
				if it := teller.Inbox("hosp/alice", "", 1)[0]; it.Mail != notice.Sent || w.count("notice-sent") != 1 {
					t.Errorf("the inbox says %q, on record %v", it.Mail, w.acts())
				}
				if s := teller.State(); s[0].Waiting != 0 || !s[0].Failing.IsZero() {
					t.Errorf("state %+v", s)
				}
			})
		})
	}
}

func line(when bool, text string) reply {
	if when {
		return reply{line: text}
	}
	return reply{}
}

func TestWhatTheServerTookIsNeverSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		server := w.withMail(t)
		teller, _ := w.open(t)
		tell(t, teller, waits("hosp/alice", moment()))
		fails := 5 // the disk is full when it is to be kept that the mail left
		w.shelf.Next = func() booktest.Fault {
			if fails--; fails >= 0 {
				return booktest.Refuses
			}
			return booktest.None
		}
		defer running(t, teller)()
		time.Sleep(3 * time.Hour)
		synctest.Wait()
		if got := server.came(); len(got) != 1 {
			t.Errorf("sent %d times", len(got))
		}
		if got := teller.Inbox("hosp/alice", "", 1)[0].Mail; got != notice.Sent {
			t.Errorf("it was never kept: %q", got)
		}
	})
}

func TestACopyAfterACrashHasTheSameMessageID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		server := w.withMail(t)
		teller, _ := w.open(t)
		tell(t, teller, waits("hosp/alice", moment()))
		w.shelf.Next = func() booktest.Fault { return booktest.Refuses }
		stop := running(t, teller)
		time.Sleep(time.Minute)
		stop() // it was sent, and nothing knows
		w.shelf.Next = nil
		again, _ := w.open(t)
		defer running(t, again)()
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := server.came(); len(got) != 2 || got[0] != got[1] {
			t.Errorf("Message-Ids %v, want one twice", got)
		}
		if len(server.mails()) != 1 {
			t.Error("a receiver that knows copies has it twice")
		}
	})
}

func TestNothingIsSentWhileNobodyKnowsWhatWasKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		server := w.withMail(t)
		teller, desk := w.open(t)
		tell(t, teller, waits("hosp/alice", moment()))
		w.shelf.Next = func() booktest.Fault { return booktest.KeptBlind }
		id := teller.Inbox("hosp/alice", "", 1)[0].ID
		if err := teller.Seen(t.Context(), "hosp/alice", id); err == nil || desk.Certain() {
			t.Fatal("the desk must be uncertain")
		}
		w.shelf.Next = nil
		defer running(t, teller)()
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := server.tried(); n != 0 {
			t.Errorf("mail of what was seen left %d times: memory was believed", n)
		}
	})
}

func TestARefusedMailIsAVisibleFailure(t *testing.T) {
	for name, c := range map[string]struct {
		does  func(step string, try int) reply
		tries func(n int) bool
		why   string
	}{
		"there is no such box":  {func(s string, n int) reply { return line(s == "rcpt", "550 alice is PATIENT-TEXT") }, func(n int) bool { return n == 1 }, "550 to the address"},
		"it is taken for spam":  {func(s string, n int) reply { return line(s == "end", "554 PATIENT-TEXT") }, func(n int) bool { return n == 1 }, "554 to the mail"},
		"away for a whole day":  {func(s string, n int) reply { return reply{drop: s == "connect"} }, func(n int) bool { return n > 20 && n < 60 }, "whole day"},
		"later for a whole day": {func(s string, n int) reply { return line(s == "rcpt", "450 PATIENT-TEXT") }, func(n int) bool { return n > 20 && n < 60 }, "whole day"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				server := w.withMail(t)
				server.does = c.does
				teller, _ := w.open(t)
				stop := running(t, teller)
				tell(t, teller, waits("hosp/alice", moment()))
				time.Sleep(30 * time.Hour)
				stop()
				if n := server.tried(); !c.tries(n) {
					t.Errorf("tried %d times", n)
				}
				if it := teller.Inbox("hosp/alice", "", 1)[0]; it.Mail != notice.Failed || teller.Undelivered() != 1 || w.count("notice-failed") != 1 {
					t.Errorf("the inbox says %q, %d undelivered, on record %v", it.Mail, teller.Undelivered(), w.acts())
				}
				s := teller.State()[0]
				if s.Failing.IsZero() || !strings.Contains(w.log.String(), c.why) {
					t.Errorf("state %+v, log %s", s, w.log)
				}
				if strings.Contains(w.log.String()+s.Why, "PATIENT-TEXT") {
					t.Error("text of the server is told")
				}
			})
		})
	}
}

func TestOneBadAddressHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.staff.set("hosp/alice", notice.Reach{Mail: "not an address\r\nBcc: x@y"})
		server := w.withMail(t)
		teller, _ := w.open(t)
		defer running(t, teller)()
		tell(t, teller, waits("hosp/alice", moment()), waits("hosp/bob", moment()))
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := server.mails(); len(got) != 1 || !strings.Contains(got[0].to, "bob@") {
			t.Errorf("%d mails", len(got))
		}
		if it := teller.Inbox("hosp/alice", "", 1)[0]; it.Mail != notice.Failed {
			t.Errorf("the inbox says %q", it.Mail)
		}
	})
}

func TestNobodyIsMailedAboutWhatNoLongerConcernsThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		server := w.withMail(t)
		teller, desk := w.open(t)
		for _, person := range []string{"hosp/alice", "hosp/bob", "hosp/paula"} {
			if err := teller.SetWishes(t.Context(), person, notice.Wishes{Pace: notice.Hourly}); err != nil {
				t.Fatal(err)
			}
		}
		now := moment()
		other := waits("hosp/alice", now+1)
		other.About.ID = grant
		tell(t, teller, waits("hosp/alice", now), other, waits("hosp/bob", now), waits("hosp/paula", now))
		if err := teller.Seen(t.Context(), "hosp/bob", teller.Inbox("hosp/bob", "", 1)[0].ID); err != nil {
			t.Fatal(err)
		}
		w.staff.set("hosp/paula", notice.Reach{Mail: "paula@hospital.example", Gone: true})
		change(t, desk, func(c *book.Change) { teller.Settle(c, other.About) })
		defer running(t, teller)()
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		got := server.mails()
		if len(got) != 1 || !strings.Contains(got[0].to, "alice@") || strings.Contains(got[0].text, grant) || !strings.Contains(got[0].text, "/requests/") {
			t.Errorf("%d mails; want one to alice, of the request that still waits", len(got))
		}
		if got := teller.Inbox("hosp/paula", "", 1)[0].Mail; got != notice.Skipped {
			t.Errorf("of somebody who left: %q", got)
		}
	})
}

func TestADigestIsOneMail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		server := w.withMail(t)
		teller, _ := w.open(t)
		stop := running(t, teller)
		if err := teller.SetWishes(t.Context(), "hosp/alice", notice.Wishes{Pace: notice.Daily, Daily: "08:00"}); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			tell(t, teller, waits("hosp/alice", moment()))
			time.Sleep(time.Hour)
		}
		stop() // it is restarted in between
		again, _ := w.open(t)
		defer running(t, again)()
		tell(t, again, waits("hosp/alice", moment()))
		time.Sleep(20 * time.Hour)
		synctest.Wait()
		got := server.mails()
		if len(got) != 1 || got[0].head.Get("Subject") != "4 notices for you" || strings.Count(decoded(t, got[0]), "A request waits for") != 8 {
			t.Fatalf("%d mails, want one digest of 4 in text and HTML", len(got))
		}
		if w.count("notice-sent") != 1 {
			t.Errorf("on record %v", w.acts())
		}
		// The clock is set back before the digest left: what is told then is mailed all the same.
		back := w.cfg
		back.Now = func() time.Time { return time.Date(2000, 1, 1, 3, 0, 0, 0, time.UTC) }
		w.cfg = back
		third, _ := w.open(t)
		tell(t, third, waits("hosp/alice", moment()))
		w.cfg.Now = nil
		fourth, _ := w.open(t)
		defer running(t, fourth)()
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := server.mails(); len(got) != 2 {
			t.Errorf("%d mails: one was lost as a copy of the digest", len(got))
		}
	})
}

func TestUrgentMailWaitsForNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		server := w.withMail(t)
		teller, _ := w.open(t)
		defer running(t, teller)()
		quiet := notice.Wishes{Pace: notice.Daily, Quiet: &notice.Quiet{From: "17:00", To: "09:00"}}
		for person, wishes := range map[string]notice.Wishes{"hosp/paula": quiet, "hosp/alice": {Pace: notice.Never}, "hosp/bob": quiet} {
			if err := teller.SetWishes(t.Context(), person, wishes); err != nil {
				t.Fatal(err)
			}
		}
		ofTheTeam := broken("hosp/bob", moment())
		ofTheTeam.Urgent = false // the care team is told at an hour of its own
		tell(t, teller, broken("hosp/paula", moment()), broken("hosp/alice", moment()), ofTheTeam)
		time.Sleep(time.Second)
		synctest.Wait()
		if got := server.mails(); len(got) != 2 {
			t.Errorf("%d urgent mails left, want 2 at once", len(got))
		}
	})
}

func TestAMailIsPlainAndKind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		server := w.withMail(t)
		w.staff.set("hosp/bob", notice.Reach{Name: `Bob <script>alert(1)</script>`, Mail: "bob@hospital.example"})
		teller, _ := w.open(t)
		defer running(t, teller)()
		tell(t, teller, broken("hosp/paula", moment()))
		time.Sleep(time.Second)
		synctest.Wait()
		m := server.mails()[0]
		for key, want := range map[string]string{
			"Auto-Submitted": "auto-generated", "Subject": "A glass was broken", "From": `"Modicum" <modicum@hospital.example>`, "To": "<paula@hospital.example>",
		} {
			if got := m.head.Get(key); got != want {
				t.Errorf("%s: %q, want %q", key, got, want)
			}
		}
		if id := m.head.Get("Message-Id"); !strings.HasSuffix(id, "@modicum.hospital.example>") {
			t.Errorf("Message-Id %s", id)
		}
		if strings.Contains(m.head.Get("Subject"), "Bob") || m.head.Get("User-Agent")+m.head.Get("X-Mailer") != "" {
			t.Error("the head tells more than it must")
		}
		text := decoded(t, m)
		for _, want := range []string{"https://modicum.hospital.example/reviews/" + grant, "Hello Paula <Privacy>,", "Hello Paula &lt;Privacy&gt;,", "following one changes nothing"} {
			if !strings.Contains(text, want) {
				t.Errorf("does not say %q:\n%s", want, text)
			}
		}
		if _, html, _ := strings.Cut(text, "<!doctype html>"); strings.Contains(html, "<script>") {
			t.Error("a name runs as script")
		}
	})
}
