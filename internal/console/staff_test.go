package console_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"modicum/catalog"
	"modicum/internal/access"
	"modicum/internal/book"
	"modicum/internal/book/booktest"
	"modicum/internal/console"
	"modicum/internal/facts"
	"modicum/internal/notice"
	"modicum/internal/oversight"
	"modicum/internal/people"
	"modicum/internal/reach"
	"modicum/internal/tokens"
	"modicum/ledger"
	"modicum/policy"
)

// crew is who works here, as the directory would say. Everybody is made up.
type crew struct {
	of    map[string]*people.Person
	roles map[string][]string
	duty  map[string][]people.Duty
}

func (c *crew) Person(id string) *people.Person { return c.of[id] }
func (c *crew) Program(string) *people.Program  { return nil }
func (c *crew) ByUserName(name string) *people.Person {
	for _, p := range c.of {
		if p.UserName == name {
			return p
		}
	}
	return nil
}
func (c *crew) Active(id string) bool                              { return c.of[id] != nil && c.of[id].Active }
func (c *crew) Roles(id string, _ int64) []string                  { return c.roles[id] }
func (c *crew) Positions(string, int64) []string                   { return nil }
func (c *crew) Same(a, b string) bool                              { return a == b }
func (c *crew) OnGone(func(context.Context, *book.Change, string)) {}
func (c *crew) Holds(id string, d people.Duty, _ int64) bool       { return slices.Contains(c.duty[id], d) }
func (c *crew) RolesUntil(string, int64) int64                     { return 0 }
func (c *crew) Used(_, _, _ string, _ int64)                       {}
func (c *crew) Like(id string) string {
	if c.of[id] == nil {
		return ""
	}
	return id
}
func (c *crew) People() iter.Seq[*people.Person] {
	return func(yield func(*people.Person) bool) {
		for _, p := range c.of {
			if !yield(p) {
				return
			}
		}
	}
}
func (c *crew) Approvers(name string, asker *people.Person, _ int64) (out []string) {
	for _, p := range staff { // an index, as the directory has one
		if slices.Contains(c.roles[p.id], name) && p.id != asker.ID {
			out = append(out, p.id)
		}
	}
	slices.Sort(out)
	return out
}

// entries are what was recorded.
type entries []ledger.Entry

func (l *entries) Append(_ context.Context, e ledger.Entry, _ func(ledger.Tx) error) (ledger.Receipt, error) {
	*l = append(*l, e)
	return ledger.Receipt{}, nil
}

// hospital is a console over a real book of access, a real teller and the sample policy.
type hospital struct {
	waits map[string]int // beside pages of the menu, by their path
	*world
	crew  *crew
	lent  *access.Book
	bell  *notice.Teller
	desk  *book.Desk
	shelf *booktest.Shelf
	set   *policy.Set
	facts *facts.Store
	log   entries
	staff *console.Staff

	record *shelf   // what the pages of the record show
	reads  *keptLog // who read it
	given  *tokens.Service
}

var staff = []struct {
	id, name, title string
	roles           []string
	duties          []people.Duty
}{
	{"nina", "Nina Okafor", "Nurse, 4 West", []string{"nurse"}, nil},
	{"bob", "Bob Lindqvist", "Denials specialist", []string{"denials-specialist"}, nil},
	{"petra", "Petra Alvarez", "Privacy officer", []string{"privacy-officer"}, []people.Duty{people.ReviewAccess, people.ReadRecord}},
	{"paul", "Paul Ihejirika", "Deputy privacy officer", []string{"privacy-officer"}, []people.Duty{people.ReviewAccess}},
	{"dora", "Dora Weiss, MD", "Hospitalist", []string{"physician"}, nil},
	{"olga", "Olga Brandt", "Runs the systems", nil, []people.Duty{people.RunSystem}},
}

func newHospital(t testing.TB) *hospital {
	t.Helper()
	h := &hospital{crew: &crew{map[string]*people.Person{}, map[string][]string{}, map[string][]people.Duty{}}}
	for _, p := range staff {
		h.crew.of[p.id] = &people.Person{ID: p.id, UserName: p.id + "@hospital.example", Name: p.name, Title: p.title, Active: true}
		h.crew.roles[p.id], h.crew.duty[p.id] = p.roles, p.duties
	}
	set, problems := policy.Load(os.DirFS("../../policy-sample"), catalog.R4())
	if set == nil {
		t.Fatal(problems)
	}
	h.set = set
	h.world = newWorld(t, func(c *console.Config) {
		c.Counts = func(ctx context.Context, v *console.Viewer, path string) int {
			return h.staff.Counts(ctx, v, path) + h.waits[path]
		}
		c.Bell = func(_ context.Context, person string) int { return h.bell.Unread(person) }
	})
	clock := func() (time.Time, bool) { return time.UnixMicro(h.now.Load()).UTC(), true }
	h.readFacts(t, clock)
	h.shelf = &booktest.Shelf{}
	h.desk = book.NewDesk(h.shelf)
	refs, err := ledger.NewRefs("t1", bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	if h.bell, err = notice.Open(t.Context(), notice.Config{Desk: h.desk, Directory: reaching{h.crew}, Now: func() time.Time { return time.UnixMicro(h.now.Load()) }}); err != nil {
		t.Fatal(err)
	}
	h.lent, err = access.Open(t.Context(), access.Config{
		Desk: h.desk, People: h.crew, Policy: func() *policy.Set { return set }, Facts: h.facts.Index, Refs: refs, Tell: h.bell, Spool: &h.log, Now: clock,
		Mono: func() time.Duration { return time.Duration(h.now.Load()-noon.UnixMicro()) * time.Microsecond }, Random: rand.Reader, Drills: []string{"drill-1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	sees, err := reach.New(reach.Config{Policy: func() (*policy.Set, *facts.Index) { return set, h.facts.Index() }, Log: &h.log, Refs: refs, Now: clock, Random: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	h.given = givesTokens(t, h.desk, h.crew, func() *policy.Set { return set }, clock)
	h.staff = &console.Staff{Tokens: h.given, Lent: h.lent, People: h.crew, Policy: func() *policy.Set { return set }, Reach: sees, Bell: h.bell, Drills: []string{"drill-1"}, Now: func() time.Time { return time.UnixMicro(h.now.Load()) }}
	h.record, h.reads = &shelf{}, &keptLog{}
	rebuild(t, h.world, slices.Concat(h.staff.Pages(h.site), ailingSystem().Pages(), (&console.Record{Record: &oversight.Record{
		Archive: h.record, Log: h.reads, Refs: refs, People: h.crew, Policy: func() *policy.Set { return set }, Doors: []string{"fhir", "ledger"},
		Key: "modicum.hospital.example/main+1f2e3d4c+AX5+abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ=",
	}}).Pages())...)
	h.proved.Store(true)
	return h
}

type reaching struct{ crew *crew }

func (r reaching) Reach(id string) notice.Reach {
	if p := r.crew.of[id]; p != nil {
		return notice.Reach{Name: p.Name}
	}
	return notice.Reach{}
}

// readFacts states that all sources were read, that Nina and Dora are on shift, and
// that p1 is Nina's.
func (h *hospital) readFacts(t testing.TB, clock func() (time.Time, bool)) {
	t.Helper()
	voc := facts.FromPolicy(h.set, h.set.Folder(), nil)
	voc.Sources = slices.Clone(voc.Sources)
	var whole bytes.Buffer
	for i := range voc.Sources {
		voc.Sources[i].Programs = []string{"feed"}
		fmt.Fprintf(&whole, "{\"source\":%q,\"whole\":%q}\n", voc.Sources[i].Name, noon.Format(time.RFC3339))
	}
	h.facts = facts.NewStore(voc, clock, nil)
	for _, text := range []string{whole.String(), `{"fact":"during-shift","who":"nina","from":"2026-11-27T12:00:00Z","until":"2026-11-28T06:00:00Z","source":"roster","recorded_by":"roster"}
{"fact":"assigned-patient","who":"nina","patient":"Patient/p1","from":"2026-11-27T12:00:00Z","until":"2026-11-28T06:00:00Z","source":"adt","recorded_by":"clerk"}
{"fact":"episode","who":"*","patient":"Patient/p1","object":"Encounter/e1","from":"2026-11-20T00:00:00Z","source":"adt","recorded_by":"clerk"}
`} {
		if _, problems, err := h.facts.State("feed", true, []byte(text), func(facts.Act) error { return nil }); err != nil || len(problems) > 0 {
			t.Fatal(err, problems)
		}
	}
}

// as puts somebody before the console.
func (h *hospital) as(id string) *hospital {
	h.viewer.Store(&console.Viewer{Person: h.crew.of[id], Roles: h.crew.roles[id], Duties: h.crew.duty[id], Session: "session-of-" + id, How: []string{"hwk", "user"}})
	return h
}

func (h *hospital) pass(d time.Duration) { h.now.Add(d.Microseconds()) }

// post sends a form and gives back status, place and page.
func (h *hospital) post(t testing.TB, path string, pairs ...string) (int, string) {
	t.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return h.send(t, "POST", path, form.Encode())
}

// asks makes a request of Nina's for one more class.
func (h *hospital) asks(t testing.TB, text string) string {
	t.Helper()
	h.as("nina")
	status, to := h.post(t, "/ask", "step", "send", "task", "nurse/give-care", "kind", "exception", "class", "coverage.member-id", "patient", "p1", "text", text, "for", "60")
	id, found := strings.CutPrefix(to, "/requests/")
	if status != 303 || !found {
		t.Fatalf("asking: %d %s", status, to)
	}
	return id
}

// breaks has Dora break the glass.
func (h *hospital) breaks(t testing.TB, patient string) string {
	t.Helper()
	h.as("dora")
	status, to := h.post(t, "/glass", "patient", patient, "text", "cardiac arrest", "task", "")
	id, found := strings.CutPrefix(to, "/grants/")
	if status != 303 || !found {
		t.Fatalf("breaking the glass: %d %s", status, to)
	}
	return id
}

// digest is the hidden field of a page.
func digest(t testing.TB, page string) string {
	t.Helper()
	_, rest, found := strings.Cut(page, `name="digest" value="`)
	if !found {
		t.Fatal("the page has no digest")
	}
	d, _, _ := strings.Cut(rest, `"`)
	return d
}

// posted makes the answers to posts pages that a browser can be led to: /posted?to=PATH
// with the form beside.
func (h *hospital) posted(t testing.TB) {
	t.Helper()
	h.web.Close()
	site := h.site.Handler()
	h.web = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/posted" {
			form := r.URL.Query()
			to := form.Get("to")
			form.Del("to")
			post := httptest.NewRequest(http.MethodPost, to, strings.NewReader(form.Encode()))
			post.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r = post
		}
		site.ServeHTTP(w, r)
	}))
	t.Cleanup(h.web.Close)
}
