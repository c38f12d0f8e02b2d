package api_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"modicum/catalog"
	"modicum/internal/access"
	"modicum/internal/api"
	"modicum/internal/book"
	"modicum/internal/book/booktest"
	"modicum/internal/caller"
	"modicum/internal/change"
	"modicum/internal/facts"
	"modicum/internal/notice"
	"modicum/internal/people"
	"modicum/internal/testkit"
	"modicum/ledger"
	"modicum/policy"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// clinic is the API with a real directory, real lent access and the sample policy.
type clinic struct {
	t      testing.TB
	web    *httptest.Server
	shelf  *booktest.Shelf
	desk   *book.Desk
	people *people.Directory
	lent   *access.Book
	now    time.Time
	proved time.Duration        // how long ago everybody proved their presence
	weak   bool                 // they signed in then, and nothing proved them present
	token  func(*caller.Caller) // what else their tokens say; nil: nothing
	tried  []string             // who tried what in vain, and why
	untold bool                 // that cannot be recorded

	reading // what looks into the record and at records, and how people come in

	changes *change.Book
	force   *policy.Set            // in force
	folder  *policy.Set            // what the policy's folder holds
	archive map[string]*policy.Set // by hash
}

// reaching is for notices.
type reaching struct{}

func (reaching) Reach(string) notice.Reach { return notice.Reach{} }

// newClinic has olga who owns it, rita who runs people with her, nina who nurses in
// ward, and cara who is its charge nurse.
func newClinic(t testing.TB) *clinic {
	t.Helper()
	shelf := &booktest.Shelf{}
	k := openClinic(t, shelf, time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
	k.shelf = shelf
	return k
}

// openClinic opens it over what lies on a shelf: a second time as after a restart.
func openClinic(t testing.TB, shelf book.Shelf, now time.Time) *clinic {
	t.Helper()
	set, probs := policy.Load(os.DirFS("../../policy-sample"), catalog.R4())
	if set == nil {
		t.Fatal(probs.Errors())
	}
	k := &clinic{t: t, now: now}
	began := time.Now() // what lends compares the clock with one that nobody sets
	clock := func() (time.Time, bool) { return k.now.Add(time.Since(began)), true }
	desk := book.NewDesk(shelf)
	k.desk = desk
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var err error
	k.force, k.folder, k.archive = set, set, map[string]*policy.Set{set.Hash(): set}
	in := func() *policy.Set { return k.force }
	k.people, err = people.Open(t.Context(), people.Config{Desk: desk, Policy: in, Now: clock, Issuers: []string{staffIssuer}})
	must(err)
	told, err := notice.Open(t.Context(), notice.Config{Desk: desk, Directory: reaching{}, Now: func() time.Time { return k.now }})
	must(err)
	refs, err := ledger.NewRefs("t1", bytes.Repeat([]byte{1}, 32))
	must(err)
	known := facts.NewStore(facts.FromPolicy(set, set.Folder(), nil), clock, nil)
	file := filepath.Join(t.TempDir(), "f.ndjson")
	must(os.WriteFile(file, []byte(`{"source":"roster","whole":"2026-11-23T11:59:00Z"}
{"fact":"during-shift","who":"nina","from":"2026-11-23T07:00:00Z","until":"2026-11-23T19:30:00Z","source":"roster","recorded_by":"roster"}
`), 0o600))
	if ps := known.ReadFiles([]string{file}, true); len(ps) > 0 {
		t.Fatal(ps)
	}
	k.lent, err = access.Open(t.Context(), access.Config{
		Desk: desk, People: k.people, Policy: in, Facts: known.Index, Refs: refs, Tell: told, Now: clock, Random: rand.Reader, Drills: []string{"drill-1"},
	})
	must(err)
	k.changes, err = change.Open(t.Context(), change.Config{
		Desk: desk, People: k.people, Tell: told, Now: clock, InForce: in, Archived: k.archived, Folder: func() string { return k.folder.Hash() },
		Lent: k.lent.RolesLent, Put: func(_ context.Context, s *policy.Set) error { k.force = s; return nil },
	})
	must(err)
	if k.changes.InForce() == nil {
		must(k.changes.Begin(t.Context(), set, false))
	}
	if k.people.Person("olga") == nil {
		k.staff(must)
	}
	k.books(t, desk, in, known, refs, clock, told)
	again, err := api.Remember(t.Context(), desk)
	must(err)
	k.web = httptest.NewServer(api.Handler(api.Config{
		Record: k.record, Desk: k.sight, Reach: k.reach, Tokens: k.tokens, SignIn: k.signin, System: k.system(told),
		Authenticate: k.authenticate, Lent: k.lent, People: k.people, Inbox: told, Changes: k.changes, Shift: 12 * time.Hour, Now: clock, Version: "1.2.3", Tried: k.hear, Again: again,
	}))
	t.Cleanup(k.web.Close)
	return k
}

func (k *clinic) staff(must func(error)) {
	ctx, owner := context.Background(), people.Actor{ID: "olga"}
	_, err := k.people.First(ctx, &people.Person{ID: "olga", UserName: "olga", Name: "Olga Owner"})
	must(err)
	for _, id := range []string{"rita", "nina", "cara", "iris"} {
		_, err := k.people.Add(ctx, owner, &people.Person{UserName: id, Name: strings.ToUpper(id[:1]) + id[1:], Department: "ward"})
		must(err)
	}
	must(k.people.Give(ctx, owner, people.Gift{Person: "rita", Kind: people.DutyKind, Name: string(people.RunPeople), Why: "two run it"}))
	must(k.people.Give(ctx, owner, people.Gift{Person: "nina", Kind: people.Role, Name: "nurse", Why: "ward"}))
	must(k.people.Give(ctx, owner, people.Gift{Person: "cara", Kind: people.Position, Name: "charge-nurse", Dept: "ward", Why: "ward"}))
	must(k.people.Agree(ctx, people.Actor{ID: "rita"}, people.Which{Person: "cara", Kind: people.Position, Name: "charge-nurse", Dept: "ward"}))
	_, err = k.people.AddProgram(ctx, owner, &people.Program{
		ID: "robot", Title: "Robot", Owner: "rita", Why: "claims", Role: "service-integration", Task: "send-claims", Purpose: "payment", Until: k.now.Add(24 * 90 * time.Hour).UnixMicro(),
	})
	must(err)
}

// authenticate takes a name for a token.
func (k *clinic) authenticate(r *http.Request) (*caller.Caller, error) {
	id, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || !k.people.Active(id) {
		return nil, errors.New("nobody")
	}
	at := k.now.Add(-k.proved)
	strong := at
	if k.weak {
		strong = time.Time{}
	}
	c := &caller.Caller{
		ID: id, Program: id == "robot", AMR: []string{"hwk", "user"}, AuthTime: at, Proved: strong, Network: "127.0.0.1",
		Roles: k.people.Roles(id, k.now.UnixMicro()), Expires: k.now.Add(time.Hour),
	}
	if k.token != nil {
		k.token(c)
	}
	return c, nil
}

// hear hears what was tried in vain.
func (k *clinic) hear(_ context.Context, by people.Actor, op, code string) error {
	if k.untold {
		return errors.New("the disk is full")
	}
	k.tried = append(k.tried, by.ID+" "+op+" "+code)
	return nil
}

// call asks as somebody and returns the status and the answer.
func (k *clinic) call(as, method, path, body string, headers ...string) (int, map[string]any) {
	k.t.Helper()
	r, err := http.NewRequestWithContext(k.t.Context(), method, k.web.URL+"/api"+path, strings.NewReader(body))
	if err != nil {
		k.t.Fatal(err)
	}
	if as != "" {
		r.Header.Set("Authorization", "Bearer "+as)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w, err := http.DefaultClient.Do(r)
	if err != nil {
		k.t.Fatal(err)
	}
	defer w.Body.Close()
	text, err := io.ReadAll(w.Body)
	if err != nil {
		k.t.Fatal(err)
	}
	var v map[string]any
	if len(text) > 0 {
		if err := json.Unmarshal(text, &v); err != nil {
			k.t.Fatalf("%s %s: %d is no JSON object: %s", method, path, w.StatusCode, text)
		}
	}
	return w.StatusCode, v
}

const cover = `{"kind":"lend","task":"cover","patients":["p1"],"reason":{"kind":"covering for a colleague","text":"Ada is at lunch and bed four rings"}}`

func TestANurseAsksAndTheChargeNurseApproves(t *testing.T) {
	k := newClinic(t)
	status, v := k.call("nina", "POST", "/requests", cover)
	if status != http.StatusCreated {
		t.Fatalf("ask: %d %v", status, v)
	}
	request := v["request"].(map[string]any)
	id, digest := request["id"].(string), request["digest"].(string)
	if status, v = k.call("cara", "GET", "/inbox", ""); status != 200 || len(v["items"].([]any)) != 1 {
		t.Fatalf("inbox: %d %v", status, v)
	}
	if status, v = k.call("nina", "POST", "/requests/"+id+"/approve", `{"digest":"`+digest+`"}`); status == 200 {
		t.Errorf("she approved for herself: %v", v)
	}
	if status, v = k.call("iris", "GET", "/requests/"+id, ""); status != http.StatusNotFound {
		t.Errorf("a stranger reads it: %d %v", status, v)
	}
	status, v = k.call("cara", "POST", "/requests/"+id+"/approve", `{"digest":"`+digest+`","word":"go"}`)
	if status != 200 || v["grant"] == nil {
		t.Fatalf("approve: %d %v", status, v)
	}
	grant := v["grant"].(map[string]any)["id"].(string)
	if status, v = k.call("nina", "GET", "/grants", ""); status != 200 || v["items"].([]any)[0].(map[string]any)["state"] != "live" {
		t.Errorf("grants: %d %v", status, v)
	}
	if status, v = k.call("nina", "POST", "/grants/"+grant+"/give-back", ""); status != http.StatusNoContent {
		t.Errorf("give back: %d %v", status, v)
	}
	if status, v = k.call("nina", "GET", "/grants?state=ended", ""); status != 200 {
		t.Errorf("history: %d %v", status, v)
	}
	if status, v = k.call("cara", "GET", "/notices", ""); status != 200 || v["unread"] == nil {
		t.Errorf("notices: %d %v", status, v)
	}
}

func TestEverythingThatStandsInTheWayIsSaidAtOnce(t *testing.T) {
	k := newClinic(t)
	status, v := k.call("nina", "POST", "/requests", `{"kind":"lend","task":"cover","patients":["p1"],"minutes":100000,"reason":{"kind":"nosiness","text":"."}}`)
	wrong, _ := v["wrong"].([]any)
	if status != http.StatusUnprocessableEntity || len(wrong) < 2 {
		t.Errorf("%d %v", status, v)
	}
}

func TestWhatIsGraveAsksForAFreshProof(t *testing.T) {
	k := newClinic(t)
	k.proved = time.Hour
	for _, path := range []string{"/requests/x/approve", "/requests/x/refuse"} {
		if status, v := k.call("cara", "POST", path, `{"digest":"x"}`); status != http.StatusUnauthorized || v["type"] != "urn:modicum:problem:prove-again" {
			t.Errorf("%s: %d %v", path, status, v)
		}
	}
	k.proved, k.weak = 0, true // signed in just now, by a password
	if status, v := k.call("cara", "POST", "/requests/x/approve", `{"digest":"x"}`); status != http.StatusUnauthorized {
		t.Errorf("a password approves: %d %v", status, v)
	}
	k.proved = time.Hour
	glass := `{"patient":"p9","task":"give-care","reason":{"text":"found unconscious in the corridor"}}`
	if status, v := k.call("nina", "POST", "/break-glass", glass); status != http.StatusCreated {
		t.Errorf("a proof of this shift does not break the glass: %d %v", status, v)
	}
	k.proved = 13 * time.Hour
	if status, _ := k.call("nina", "POST", "/break-glass", glass); status != http.StatusUnauthorized {
		t.Errorf("a proof of yesterday breaks the glass: %d", status)
	}
}

func TestG8_AProgramAsksForNothingAndApprovesNothing(t *testing.T) {
	k := newClinic(t)
	for path, body := range map[string]string{"/requests": cover, "/break-glass": `{"patient":"p1","reason":{"text":"x"}}`, "/requests/x/approve": `{"digest":"x"}`} {
		if status, v := k.call("robot", "POST", path, body); status != http.StatusForbidden {
			t.Errorf("%s: %d %v", path, status, v)
		}
	}
	if status, v := k.call("robot", "GET", "/me", ""); status == 200 && v["program"] != true {
		t.Errorf("me: %v", v)
	}
}

func TestTheSameKeyIsDoneOnce(t *testing.T) {
	k := newClinic(t)
	before := len(k.shelf.Entries())
	_, first := k.call("nina", "POST", "/requests", cover, "Idempotency-Key", "k1")
	made := len(k.shelf.Entries())
	status, again := k.call("nina", "POST", "/requests", cover, "Idempotency-Key", "k1")
	if status != http.StatusCreated || made == before || len(k.shelf.Entries()) != made {
		t.Errorf("%d: %d entries, then %d, then %d", status, before, made, len(k.shelf.Entries()))
	}
	if a, b := first["request"].(map[string]any)["id"], again["request"].(map[string]any)["id"]; a != b {
		t.Errorf("two answers: %v and %v", a, b)
	}
	if status, v := k.call("nina", "POST", "/requests", strings.Replace(cover, "p1", "p2", 1), "Idempotency-Key", "k1"); status != http.StatusUnprocessableEntity {
		t.Errorf("another request under the key: %d %v", status, v)
	}
	if status, v := k.call("cara", "POST", "/notices/seen", `{"ids":[]}`, "Idempotency-Key", "k1"); status != http.StatusNoContent {
		t.Errorf("somebody else's key of that name: %d %v", status, v)
	}
}

func TestBadInputIsRefusedBeforeAnythingIsDone(t *testing.T) {
	k := newClinic(t)
	for name, tt := range map[string]struct {
		as, method, path, body, media string
		want                          int
	}{
		"no token":          {"", "GET", "/me", "", "", 401},
		"a token of nobody": {"nobody", "GET", "/me", "", "", 401},
		"unknown member":    {"nina", "POST", "/requests", `{"kind":"lend","tsak":"cover"}`, "application/json", 400},
		"not JSON":          {"nina", "POST", "/requests", `{`, "application/json", 400},
		"twice":             {"nina", "POST", "/requests", `{"kind":"lend","kind":"ask"}`, "application/json", 400},
		"a form":            {"nina", "POST", "/requests", `kind=lend`, "application/x-www-form-urlencoded", 415},
		"too large":         {"nina", "POST", "/requests", `{"kind":"` + strings.Repeat("x", 70_000) + `"}`, "application/json", 413},
		"unknown parameter": {"nina", "GET", "/grants?sort=x", "", "", 400},
		"a limit too large": {"nina", "GET", "/grants?limit=1000", "", "", 400},
		"no such page":      {"nina", "GET", "/nothing", "", "", 404},
		"another method":    {"nina", "PUT", "/requests", "", "", 405},
		"HEAD":              {"nina", "DELETE", "/me", "", "", 405},
		"a guessed id":      {"nina", "GET", "/requests/0190", "", "", 404},
		"others' people":    {"nina", "GET", "/people", "", "", 403},
		"a body on a GET":   {"nina", "GET", "/me", `{}`, "application/json", 400},
	} {
		t.Run(name, func(t *testing.T) {
			before := len(k.shelf.Entries())
			status, v := k.call(tt.as, tt.method, tt.path, tt.body, "Content-Type", tt.media)
			if status != tt.want || v["type"] == nil {
				t.Errorf("%d, want %d: %v", status, tt.want, v)
			}
			if len(k.shelf.Entries()) != before {
				t.Error("it left an entry")
			}
		})
	}
}

func TestPeopleAreRunThroughIt(t *testing.T) {
	k := newClinic(t)
	status, v := k.call("olga", "POST", "/people", `{"user_name":"bob","name":"Bob Biller"}`)
	if status != http.StatusCreated {
		t.Fatalf("add: %d %v", status, v)
	}
	if status, v = k.call("olga", "POST", "/people/bob/give", `{"kind":"role","name":"billing-specialist","why":"claims"}`); status != 204 {
		t.Fatalf("give: %d %v", status, v)
	}
	status, v = k.call("rita", "GET", "/people/bob", "")
	if holds, _ := v["holds"].([]any); status != 200 || len(holds) != 1 || holds[0].(map[string]any)["counts"] != true {
		t.Errorf("bob: %d %v", status, v)
	}
	if status, v = k.call("olga", "GET", "/people?q=bob", ""); status != 200 || len(v["items"].([]any)) != 1 {
		t.Errorf("search: %d %v", status, v)
	}
	if status, v = k.call("olga", "POST", "/people/bob/link", `{"other":"nina"}`); status != 204 || !k.people.Same("bob", "nina") {
		t.Errorf("link: %d %v", status, v)
	}
	if status, v = k.call("rita", "POST", "/people/bob/unlink", `{"other":"nina"}`); status != 204 || k.people.Same("bob", "nina") {
		t.Errorf("unlink: %d %v", status, v)
	}
	if status, v = k.call("olga", "POST", "/people/bob/deactivate", `{}`); status != 204 {
		t.Errorf("deactivate: %d %v", status, v)
	}
	if status, _ = k.call("bob", "GET", "/me", ""); status != 401 {
		t.Errorf("bob is gone and is told %d", status)
	}
	first, v := k.call("olga", "GET", "/people?limit=2", "")
	if first != 200 || v["next"] == nil {
		t.Fatalf("a page: %v", v)
	}
	if _, rest := k.call("olga", "GET", "/people?limit=100&before="+v["next"].(string), ""); len(rest["items"].([]any)) != 4 {
		t.Errorf("the rest: %v", rest)
	}
}

func TestEveryOperationIsDescribedAndAnswers(t *testing.T) {
	k := newClinic(t)
	status, doc := k.call("", "GET", "/openapi.json", "")
	if status != 200 {
		t.Fatal(status)
	}
	n := 0
	for path, methods := range doc["paths"].(map[string]any) {
		for method, op := range methods.(map[string]any) {
			n++
			path := strings.NewReplacer("{id}", "x", "{key}", "y", "/api", "").Replace(path)
			status, v := k.call("olga", strings.ToUpper(method), path, "")
			if op.(map[string]any)["responses"].(map[string]any)[itoa(status)] == nil {
				t.Errorf("%s %s answers %d, which is not described: %v", method, path, status, v)
			}
		}
	}
	if n < 30 {
		t.Errorf("%d operations", n)
	}
}

func itoa(n int) string { b, _ := json.Marshal(n); return string(b) }
