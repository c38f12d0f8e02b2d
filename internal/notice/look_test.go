package notice_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"modicum/internal/notice"
	"modicum/internal/testkit"
)

// TestTheMailLooksRight: its HTML in a real browser, light, dark, on a phone and on paper,
// clean for the accessibility checker.
func TestTheMailLooksRight(t *testing.T) {
	testkit.Need(t, testkit.Browser)
	var html string
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		server := w.withMail(t)
		teller, _ := w.open(t)
		stop := running(t, teller)
		if err := teller.SetWishes(t.Context(), "hosp/paula", notice.Wishes{Pace: notice.Hourly}); err != nil {
			t.Fatal(err)
		}
		now := time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC).UnixMicro()
		glass := broken("hosp/paula", now)
		glass.Urgent = false // told by the hour, so that the mail has several
		tell(t, teller, waits("hosp/paula", now), glass, notice.Notice{Kind: notice.ReviewOverdue, To: "hosp/paula", By: "hosp/alice", At: now, About: notice.About{Thing: notice.Review, ID: request}})
		time.Sleep(2 * time.Hour)
		stop()
		_, rest, _ := strings.Cut(decoded(t, server.mails()[0]), "<!doctype html>")
		html = "<!doctype html>" + rest
	})
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Write([]byte(html))
	}))
	defer web.Close()
	testkit.Look(t, testkit.Chromium(t), web.URL)
}
