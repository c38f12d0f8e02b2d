package demo_test

import (
	"bytes"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"modicum/internal/demo"
	"modicum/internal/testkit"
	"modicum/ledger/verify"
)

// visitor is a browser without a screen.
type visitor struct {
	t *testing.T
	*http.Client
	base string
}

func visit(t *testing.T, d directions) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &visitor{t, &http.Client{Jar: jar}, strings.TrimSuffix(d.Console, "/")}
}

func (v *visitor) send(method, address string) (int, string) {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.t.Context(), method, address, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	req.Header.Set("Origin", v.base)
	res, err := v.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	defer res.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(res.Body); err != nil {
		v.t.Fatal(err)
	}
	return res.StatusCode, body.String()
}

var inMenu = regexp.MustCompile(`href="(/[a-z-/]*)"`)

// TestEveryPersonComesInAndEveryPageOpens: the link of each person leads to a page that
// signs in, and every page that their menu and their lists name opens.
func TestEveryPersonComesInAndEveryPageOpens(t *testing.T) {
	d := stayUp(t, demo.Options{Dir: lived(t)})
	pages := 0
	for _, p := range d.People {
		if !strings.HasSuffix(p.Link, "/as/"+p.ID) {
			t.Fatalf("%s has the link %q", p.ID, p.Link)
		}
		v := visit(t, d)
		if status, body := v.send(http.MethodGet, p.Link); status != http.StatusOK || !strings.Contains(body, "Come in as") {
			t.Fatalf("%s: %d", p.Link, status)
		}
		status, home := v.send(http.MethodPost, p.Link)
		if status != http.StatusOK || !strings.Contains(home, "Sign out") {
			t.Fatalf("%s does not come in: %d", p.ID, status)
		}
		todo, seen := inMenu.FindAllStringSubmatch(home, -1), map[string]bool{"/": true}
		for len(todo) > 0 {
			path := todo[0][1]
			todo = todo[1:]
			if seen[path] || strings.HasPrefix(path, "/as/") || strings.HasPrefix(path, "/docs/") {
				continue
			}
			seen[path] = true
			pages++
			if status, _ := v.send(http.MethodGet, v.base+path); status != http.StatusOK {
				t.Errorf("%s of %s: %d", path, p.ID, status)
			}
		}
	}
	if pages < 150 {
		t.Errorf("only %d pages were opened", pages)
	}
}

// TestNobodyComesInElsewhere: before another server, and where other machines reach the
// demo, nobody has a link and no page signs in.
func TestNobodyComesInElsewhere(t *testing.T) {
	own := stayUp(t, demo.Options{Dir: lived(t)})
	for name, o := range map[string]demo.Options{
		"before another server": {Upstream: own.Upstream}, "open to other machines": {Listen: "0.0.0.0:0"},
	} {
		o.Dir = t.TempDir()
		d, story := hear(t, o)
		if slices.ContainsFunc(d.People, func(p struct {
			ID, Name, Role string
			Tasks          []string
			Token, Link    string
		}) bool {
			return p.Link != ""
		}) || !strings.Contains(story, "Nobody signs in by a link here") || strings.Contains(story, "/as/nina  ") {
			t.Errorf("%s: there are links", name)
		}
		v := visit(t, d)
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			if status, body := v.send(method, v.base+"/as/nina"); status != http.StatusNotFound && status != http.StatusMethodNotAllowed || strings.Contains(body, "Sign out") {
				t.Errorf("%s: %s answers %d", name, method, status)
			}
		}
	}
}

// TestAVisitorApprovesAsTheChargeNurse: by the links, in a real browser: the nurse's
// request waits, the charge nurse approves it, the nurse has it.
func TestAVisitorApprovesAsTheChargeNurse(t *testing.T) {
	testkit.Need(t, testkit.Browser)
	d, story := hear(t, demo.Options{Dir: t.TempDir()})
	v := testkit.NewVisitor(t, strings.TrimSuffix(d.Console, "/"))
	links := map[string]string{}
	for _, p := range d.People {
		links[p.ID] = p.Link
		if !strings.Contains(story, p.Link+"  "+p.Name+", ") {
			t.Errorf("the terminal prints no link for %s", p.ID)
		}
	}
	enter := func(id string) {
		t.Helper()
		v.Do(chromedp.Navigate(links[id]))
		v.Send("Come in")
	}
	enter("nina")
	v.Says("You asked for", "patient p14")
	enter("ines")
	v.Says("Nina Sample, RN asks for")
	v.Open("/inbox")
	v.Send("Approve")
	enter("nina")
	if v.Says("patient p14"); strings.Contains(v.Text(), "You asked for") {
		t.Errorf("the nurse's home afterwards:\n%s", v.Text())
	}
}

// TestAsPagesLookRight: the list of people and the page of one, in light, dark, on a
// phone and in print.
func TestAsPagesLookRight(t *testing.T) {
	ctx := testkit.Chromium(t)
	d := stayUp(t, demo.Options{Dir: lived(t)})
	for _, path := range []string{"as/", "as/ines"} {
		t.Run(strings.ReplaceAll(path, "/", "-"), func(t *testing.T) { testkit.Look(t, ctx, d.Console+path) })
	}
}

// TestAWeekIsLivedOnce: the first run fills the folder, the second goes on with it.
func TestAWeekIsLivedOnce(t *testing.T) {
	dir := t.TempDir()
	tellOnce(t, demo.Options{Dir: dir})
	lived, err := os.ReadFile(filepath.Join(dir, "lived"))
	if err != nil {
		t.Fatal(err)
	}
	size := func() int64 {
		d := read(t, dir)
		r, err := verify.Log(t.Context(), verify.Folder(d.Ledger.Folder), verify.Options{Keys: []string{d.Ledger.Key}})
		if err != nil || !r.OK {
			t.Fatalf("the record: %+v, %v", r, err)
		}
		return int64(r.Size)
	}
	first := size()
	tellOnce(t, demo.Options{Dir: dir})
	again, err := os.ReadFile(filepath.Join(dir, "lived"))
	if second := size() - first; err != nil || !bytes.Equal(lived, again) || first < 900 || second > 400 {
		t.Errorf("%d entries of a week, then %d more; %v", first, second, err)
	}
}
