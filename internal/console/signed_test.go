package console_test

import (
	"context"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"modicum/internal/book"
	"modicum/internal/book/booktest"
	"modicum/internal/console"
	"modicum/internal/notice"
	"modicum/internal/people"
	"modicum/internal/signin"
)

// signers is the crew as signing in asks it.
type signers struct{ *crew }

func (signers) ByUserName(string) *people.Person    { return nil }
func (signers) OverOthers(people.Kind, string) bool { return true }
func (signers) First(context.Context, *people.Person) (*people.Person, error) {
	return nil, people.ErrForbidden
}

// rolls is the crew as the console asks it: it may know of a leaver before signing in
// does.
type rolls struct {
	*crew
	gone string
}

func (r *rolls) Active(id string) bool { return id != r.gone }

// TestViewerIsWhatSessionAndDirectorySayNow: a session alone opens nothing: a role
// that was taken and a person who left count at the next page, and a page of another
// site posts nothing.
func TestViewerIsWhatSessionAndDirectorySayNow(t *testing.T) {
	h := newHospital(t)
	clock := func() (time.Time, bool) { return time.UnixMicro(h.now.Load()).UTC(), true }
	var site *console.Site
	directory := &rolls{crew: h.crew}
	web := httptest.NewUnstartedServer(nil)
	public, err := url.Parse("http://" + web.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	sessions, err := signin.New(t.Context(), signin.Config{
		Desk: book.NewDesk(&booktest.Shelf{}), People: signers{h.crew}, Teller: noBell{}, Public: public, Key: make([]byte, 32), Now: clock,
		Render: func(w http.ResponseWriter, r *http.Request, p signin.Page) { site.Render(w, r, p) },
	})
	if err != nil {
		t.Fatal(err)
	}
	site, err = console.New(console.Config{Who: console.Signed(directory, clock), Proved: console.Proved, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	site.Add(h.staff.Pages(site)...)
	var ends time.Time
	site.Add(console.Page{Path: "/ends", Get: func(v *console.Visit) error {
		ends = v.Viewer.Until
		return v.Go("/", "")
	}})
	late := false // whether nobody is there any more, once the session ended
	site.Add(console.Page{Path: "/late", Get: func(v *console.Visit) error {
		session := v.Viewer.Session
		if err := sessions.End(v.Context(), people.Actor{ID: "petra", Session: session}, session); err != nil {
			t.Error(err)
		}
		late = console.Signed(directory, clock)(v.R) == nil
		return v.Go("/", "")
	}})
	mux := http.NewServeMux()
	mux.HandleFunc("POST /sign-in/test", func(w http.ResponseWriter, r *http.Request) {
		if err := sessions.Begin(r.Context(), w, r, "petra", signin.Proof{How: []string{"hwk"}}); err != nil {
			t.Error(err)
		}
	})
	mux.Handle("/", site.Handler())
	web.Config.Handler = sessions.Wrap(mux)
	web.Start()
	defer web.Close()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, CheckRedirect: client.CheckRedirect}
	send := func(method, path, origin string) (int, string) {
		t.Helper()
		req, err := http.NewRequest(method, web.URL+path, strings.NewReader("x=y"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Origin", origin)
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		res, err := browser.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		return res.StatusCode, res.Header.Get("Location") + read(t, res)
	}
	if status, to := send("GET", "/reviews", public.String()); status != http.StatusSeeOther || !strings.HasPrefix(to, "/sign-in?to=%2Freviews") {
		t.Fatalf("not signed in: %d %s", status, to)
	}
	send("POST", "/sign-in/test", public.String())
	if status, page := send("GET", "/reviews", public.String()); status != http.StatusOK || !strings.Contains(page, "Petra Alvarez") {
		t.Fatalf("signed in: %d", status)
	}
	if send("GET", "/ends", public.String()); ends.UnixMicro() != sessions.Sessions("petra")[0].Until {
		t.Errorf("the viewer ends at %v, the session does not", ends)
	}
	if status, page := send("POST", "/my/patient", "https://elsewhere.example"); status != http.StatusForbidden || !strings.Contains(page, "came from another page") || !strings.Contains(page, "Enforcement is on") {
		t.Errorf("a post of another site: %d", status)
	}
	h.crew.duty["petra"], h.crew.roles["petra"] = nil, nil
	if status, _ := send("GET", "/reviews", public.String()); status != http.StatusForbidden {
		t.Errorf("after the duty was taken: %d", status)
	}
	directory.gone = "petra"
	if status, to := send("GET", "/my", public.String()); status != http.StatusSeeOther || !strings.HasPrefix(to, "/sign-in") {
		t.Errorf("after they left: %d %s", status, to)
	}
	directory.gone = ""
	if send("GET", "/late", public.String()); !late {
		t.Error("a session that ended goes on for a request that came before")
	}
}

// The directory is what the console asks.
var (
	_ console.Directory = (*people.Directory)(nil)
	_ console.Rolls     = (*people.Directory)(nil)
)

// noBell tells nobody.
type noBell struct{}

func (noBell) Within(context.Context, *book.Change, ...notice.Notice) error { return nil }
