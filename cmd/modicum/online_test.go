package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"modicum"
	"modicum/catalog"
	"modicum/internal/access"
	"modicum/internal/api"
	"modicum/internal/api/wire"
	"modicum/internal/book"
	"modicum/internal/book/booktest"
	"modicum/internal/caller"
	"modicum/internal/change"
	"modicum/internal/client"
	"modicum/internal/facts"
	"modicum/internal/notice"
	"modicum/internal/people"
	"modicum/internal/pocket"
	"modicum/ledger"
	"modicum/policy"
)

// ward is the real API with a directory, lent access and the sample policy: olga who
// owns it, rita who runs people with her, nina who nurses, cara who leads the ward.
type ward struct {
	t      *testing.T
	people *people.Directory
	web    *httptest.Server
	proved time.Duration // how long ago everybody proved their presence
	seen   []string      // addresses that were asked

	changes       *change.Book
	force, folder *policy.Set
	archive       map[string]*policy.Set
}

type unreachable struct{}

func (unreachable) Reach(string) notice.Reach { return notice.Reach{} }

func newWard(t *testing.T) *ward {
	t.Helper()
	set, probs := policy.Load(modicum.SamplePolicy(), catalog.R4())
	if set == nil {
		t.Fatal(probs.Errors().Err())
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	w := &ward{t: t}
	clock := func() (time.Time, bool) { return time.Now(), true }
	w.force, w.folder, w.archive = set, set, map[string]*policy.Set{set.Hash(): set}
	in := func() *policy.Set { return w.force }
	desk := book.NewDesk(&booktest.Shelf{})
	var err error
	w.people, err = people.Open(t.Context(), people.Config{Desk: desk, Policy: in, Now: clock})
	must(err)
	told, err := notice.Open(t.Context(), notice.Config{Desk: desk, Directory: unreachable{}, Now: time.Now})
	must(err)
	refs, err := ledger.NewRefs("t1", bytes.Repeat([]byte{1}, 32))
	must(err)
	known := facts.NewStore(facts.FromPolicy(set, set.Folder(), nil), clock, nil)
	file, now := filepath.Join(t.TempDir(), "shift.ndjson"), time.Now().UTC()
	must(os.WriteFile(file, fmt.Appendf(nil, `{"source":"roster","whole":%q}
{"fact":"during-shift","who":"nina","from":%q,"until":%q,"source":"roster","recorded_by":"roster"}
`, stamp(now.Add(-time.Minute)), stamp(now.Add(-time.Hour)), stamp(now.Add(8*time.Hour))), 0o600))
	if ps := known.ReadFiles([]string{file}, true); len(ps) > 0 {
		t.Fatal(ps)
	}
	lent, err := access.Open(t.Context(), access.Config{Desk: desk, People: w.people, Policy: in, Facts: known.Index, Refs: refs, Tell: told, Now: clock, Random: rand.Reader})
	must(err)
	w.changes, err = change.Open(t.Context(), change.Config{
		Desk: desk, People: w.people, Tell: told, Now: clock, InForce: in, Folder: func() string { return w.folder.Hash() }, Lent: lent.RolesLent,
		Archived: func(hash string) (*policy.Set, error) {
			if s := w.archive[hash]; s != nil {
				return s, nil
			}
			return nil, errors.New("not in the archive")
		},
		Put: func(_ context.Context, s *policy.Set) error { w.force = s; return nil },
	})
	must(err)
	must(w.changes.Begin(t.Context(), set, false))
	w.staff(must)
	door := api.Handler(api.Config{Authenticate: w.authenticate, Lent: lent, People: w.people, Inbox: told, Changes: w.changes, Shift: 12 * time.Hour, Now: clock})
	w.web = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.seen = append(w.seen, r.URL.String())
		door.ServeHTTP(rw, r)
	}))
	t.Cleanup(w.web.Close)
	return w
}

func (w *ward) staff(must func(error)) {
	ctx, owner := context.Background(), people.Actor{ID: "olga"}
	_, err := w.people.First(ctx, &people.Person{ID: "olga", UserName: "olga", Name: "Olga Owner"})
	must(err)
	for _, id := range []string{"rita", "nina", "cara", "iris"} {
		_, err := w.people.Add(ctx, owner, &people.Person{UserName: id, Name: "Name of " + id, Department: "ward"})
		must(err)
	}
	must(w.people.Give(ctx, owner, people.Gift{Person: "rita", Kind: people.DutyKind, Name: string(people.RunPeople), Why: "two run it"}))
	must(w.people.Give(ctx, owner, people.Gift{Person: "nina", Kind: people.Role, Name: "nurse", Why: "ward"}))
	must(w.people.Give(ctx, owner, people.Gift{Person: "cara", Kind: people.Position, Name: "charge-nurse", Dept: "ward", Why: "ward"}))
	must(w.people.Agree(ctx, people.Actor{ID: "rita"}, people.Which{Person: "cara", Kind: people.Position, Name: "charge-nurse", Dept: "ward"}))
	_, err = w.people.AddProgram(ctx, owner, &people.Program{
		ID: "robot", Title: "Robot", Owner: "rita", Why: "claims", Role: "service-integration", Task: "send-claims", Purpose: "payment", Until: time.Now().Add(24 * 90 * time.Hour).UnixMicro(),
	})
	must(err)
}

// authenticate takes a name for a token.
func (w *ward) authenticate(r *http.Request) (*caller.Caller, error) {
	id, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || !w.people.Active(id) {
		return nil, errors.New("nobody")
	}
	now := time.Now()
	return &caller.Caller{ID: id, AMR: []string{"hwk", "user"}, AuthTime: now.Add(-w.proved), Proved: now.Add(-w.proved), Network: "127.0.0.1", Roles: w.people.Roles(id, now.UnixMicro()), Expires: now.Add(time.Hour)}, nil
}

// as types a command of somebody who signed in.
func (w *ward) as(who string, args ...string) (status int, out, errs string) {
	w.t.Helper()
	dir := w.t.TempDir()
	if err := pocket.In(dir).Put(pocket.Token{Server: w.web.URL, Value: who, Who: who, Task: "none", Until: time.Now().Add(time.Hour).UnixMicro()}); err != nil {
		w.t.Fatal(err)
	}
	return typed(w.t, dir, args...)
}

// yes is as for a command that is to succeed.
func (w *ward) yes(who string, args ...string) string {
	w.t.Helper()
	status, out, errs := w.as(who, args...)
	if status != exitYes {
		w.t.Fatalf("%s: modicum %s: %d %s%s", who, strings.Join(args, " "), status, out, errs)
	}
	return out
}

// value reads a member of a result by its path.
func value(t *testing.T, text string, path ...string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	for _, name := range path {
		if list, ok := v.([]any); ok && len(list) > 0 {
			v = list[0]
		}
		m, _ := v.(map[string]any)
		v = m[name]
	}
	s, _ := v.(string)
	if s == "" {
		t.Fatalf("no %v in %s", path, text)
	}
	return s
}

var cover = []string{"ask", "cover", "--patient", "p1", "--reason-kind", "covering for a colleague", "--reason", "Ada is at lunch and bed four rings"}

func TestANurseAsksAtTheCommandLineAndTheChargeNurseApproves(t *testing.T) {
	w := newWard(t)
	out := w.yes("nina", cover...)
	if !strings.Contains(out, "Asked: ") || !strings.Contains(out, "charge-nurse") || !strings.Contains(out, `"Ada is at lunch`) {
		t.Errorf("ask: %s", out)
	}
	id := value(t, w.yes("nina", slices.Concat(cover, []string{"--json"})...), "request", "id")
	if out := w.yes("nina", cover...); !strings.Contains(out, "You had asked for this already: "+id) {
		t.Errorf("again: %s", out)
	}
	if out := w.yes("cara", "inbox"); !strings.Contains(out, id) || !strings.Contains(out, "1 request waits") {
		t.Errorf("inbox: %s", out)
	}
	if status, out, errs := w.as("cara", "approve", id); status != exitUsage || !strings.Contains(out, "p1") || !strings.Contains(errs, "--yes") {
		t.Errorf("nobody sits there: %d %s%s", status, out, errs)
	}
	if status, _, errs := w.as("nina", "approve", id, "--yes"); status != exitNo {
		t.Errorf("she approves for herself: %d %s", status, errs)
	}
	if status, _, errs := w.as("cara", "approve", id, "--yes", "--digest", "x"); status != exitNo || !strings.Contains(errs, "read it again") {
		t.Errorf("another digest: %d %s", status, errs)
	}
	out = w.yes("cara", "approve", id, "--yes", "--word", "go")
	if !strings.Contains(out, "lent until") || !strings.Contains(out, "modicum revoke ") {
		t.Errorf("approve: %s", out)
	}
	if status, _, errs := w.as("cara", "approve", id, "--yes"); status != exitNo || !strings.Contains(errs, "it was approved") || !strings.Contains(errs, "modicum grants "+id) {
		t.Errorf("what is decided: %d %s", status, errs)
	}
	if out := w.yes("nina", "grants"); !strings.Contains(out, " left") || !strings.Contains(out, "nurse/cover") {
		t.Errorf("grants: %s", out)
	}
	grant := value(t, w.yes("nina", "grants", "--json"), "grants", "id")
	for who, ids := range map[string][]string{"nina": {id, grant}, "cara": {id, grant}} {
		for _, one := range ids {
			if out := w.yes(who, "grants", one); !strings.Contains(out, "nurse/cover") || !strings.Contains(out, "Ada is at lunch") {
				t.Errorf("%s: one whole: %s", who, out)
			}
		}
	}
	if status, _, errs := w.as("iris", "grants", grant); status != exitNo {
		t.Errorf("a stranger: %d %s", status, errs)
	}
	if status, _, errs := w.as("cara", "revoke", grant); status != exitUsage || !strings.Contains(errs, "--word") {
		t.Errorf("revoke without a word: %d %s", status, errs)
	}
	if out := w.yes("cara", "revoke", grant, "--word", "Ada is back"); !strings.Contains(out, "Taken away") {
		t.Errorf("revoke: %s", out)
	}
	if out := w.yes("nina", "grants"); !strings.Contains(out, "Nothing is lent to you") {
		t.Errorf("grants after it: %s", out)
	}
	for _, address := range w.seen {
		if strings.Contains(address, "p1") {
			t.Errorf("a patient's id in an address: %s", address)
		}
	}
}

func TestARequestIsRefusedAndWithdrawnAndAGrantGivenBack(t *testing.T) {
	w := newWard(t)
	first := value(t, w.yes("nina", slices.Concat(cover, []string{"--json"})...), "request", "id")
	if status, _, errs := w.as("cara", "refuse", first, "--yes"); status != exitUsage || !strings.Contains(errs, "--word") {
		t.Errorf("no word: %d %s", status, errs)
	}
	w.yes("cara", "refuse", first, "--yes", "--word", "Ada is back")
	if out := w.yes("nina", "grants", first); !strings.Contains(out, "it was refused") || !strings.Contains(out, `"Ada is back"`) {
		t.Errorf("what became of it: %s", out)
	}
	if out := w.yes("nina", "inbox", "--read"); !strings.Contains(out, "cara has answered") || !strings.Contains(out, "modicum grants "+first) {
		t.Errorf("she was told: %s", out)
	}
	if out := w.yes("nina", "inbox"); out != "Nothing waits for you.\n" {
		t.Errorf("after she read it: %s", out)
	}
	again := func(reason string) string {
		args := append(slices.Clone(cover[:len(cover)-1]), reason, "--json")
		return value(t, w.yes("nina", args...), "request", "id")
	}
	second := again("Ada was called to the operating room")
	w.yes("nina", "withdraw", second)
	if status, _, errs := w.as("iris", "withdraw", second); status != exitNo {
		t.Errorf("a stranger: %d %s", status, errs)
	}
	third := again("Ada fell ill and went home at noon")
	done := w.yes("cara", "approve", third, "--yes", "--json")
	if got := value(t, done, "request", "state"); got != "approved" {
		t.Errorf("what a program is told of the request: %s", got)
	}
	grant := value(t, done, "grant", "id")
	if out := w.yes("nina", "revoke", grant); !strings.Contains(out, "Given back") {
		t.Error(out)
	}
}

func TestEverythingThatStandsInTheWayIsSaidAtTheCommandLine(t *testing.T) {
	w := newWard(t)
	status, out, errs := w.as("nina", "ask", "cover", "--patient", "p1", "--reason-kind", "nosiness", "--reason", ".", "--for", "1000h")
	if status != exitNo || out != "" || strings.Count(errs, "\n  ") < 2 {
		t.Errorf("%d %q %q", status, out, errs)
	}
}

func TestWhatIsGraveSendsToLogin(t *testing.T) {
	w := newWard(t)
	id := value(t, w.yes("nina", slices.Concat(cover, []string{"--json"})...), "request", "id")
	w.proved = time.Hour
	for _, args := range [][]string{{"approve", id, "--yes"}, {"refuse", id, "--yes", "--word", "no"}} {
		if status, _, errs := w.as("cara", args...); status != exitNo || !strings.Contains(errs, "modicum login") {
			t.Errorf("%v: %d %s", args, status, errs)
		}
	}
	out := w.yes("nina", "break-glass", "p9", "--reason", "found unconscious in the corridor")
	if !strings.Contains(out, "The glass is broken for nurse/") || !strings.Contains(out, "modicum login --task nurse/") {
		t.Error(out)
	}
	_, what, _ := strings.Cut(out, "modicum reviews attest ")
	glass, _, _ := strings.Cut(what, " ")
	if out := w.yes("nina", "grants", glass); !strings.Contains(out, "owes a word") {
		t.Errorf("the glass: %s", out)
	}
	w.yes("nina", "reviews", "attest", glass, "--word", "no pulse")
	if out := w.yes("nina", "grants", glass); !strings.Contains(out, "said what for") {
		t.Errorf("after her word: %s", out)
	}
	w.proved = 13 * time.Hour
	if status, _, errs := w.as("nina", "break-glass", "p8", "--reason", "found unconscious in the corridor"); status != exitNo || !strings.Contains(errs, "modicum login") {
		t.Errorf("%d %s", status, errs)
	}
}

func TestPeopleAreRunFromTheCommandLine(t *testing.T) {
	w := newWard(t)
	id := value(t, w.yes("olga", "people", "add", "bob", "--name", "Bob Biller", "--json"), "id")
	w.yes("olga", "people", "give", id, "role", "billing-specialist", "--why", "claims", "--for", "720h")
	w.yes("olga", "people", "give", id, "position", "charge-nurse", "--dept", "ward", "--why", "leads")
	if out := w.yes("rita", "people", "show", id); !strings.Contains(out, "waits for a second person") || !strings.Contains(out, "billing-specialist") {
		t.Errorf("show: %s", out)
	}
	if status, _, errs := w.as("olga", "people", "agree", id, "position", "charge-nurse", "--dept", "ward"); status != exitNo {
		t.Errorf("she agrees with herself: %d %s", status, errs)
	}
	if out := w.yes("rita", "people", "agree", id, "position", "charge-nurse", "--dept", "ward"); out != "Agreed. It counts from now on.\n" {
		t.Errorf("agreed: %s", out)
	}
	for word, want := range map[string]string{"billing-specialst": "the nearest is billing-specialist", "x": "it knows "} {
		if status, _, errs := w.as("olga", "people", "give", id, "role", word, "--why", "claims"); status != exitNo || !strings.Contains(errs, "  name is no role") || !strings.Contains(errs, want) {
			t.Errorf("%s: %d %s", word, status, errs)
		}
	}
	if status, _, errs := w.as("olga", "people", "change", id); status != exitUsage || !strings.Contains(errs, "--department") {
		t.Errorf("nothing is to change: %d %s", status, errs)
	}
	w.yes("olga", "people", "take", id, "role", "billing-specialist")
	if out := w.yes("olga", "people", "list", "--query", "biller"); strings.Count(out, "\n") != 1 || !strings.Contains(out, "active") {
		t.Errorf("list: %s", out)
	}
	if status, _, errs := w.as("nina", "people", "list"); status != exitNo || !strings.Contains(errs, "run-people") {
		t.Errorf("a nurse lists people: %d %s", status, errs)
	}
	if status, _, errs := w.as("olga", "people", "deactivate", id); status != exitUsage || !strings.Contains(errs, "--yes") {
		t.Errorf("nobody said yes: %d %s", status, errs)
	}
	w.yes("olga", "people", "deactivate", id, "--yes")
	if out := w.yes("rita", "people", "show", id); !strings.Contains(out, "gone") {
		t.Errorf("after it: %s", out)
	}
}

// TestAFileOfPeopleIsShownAskedAndTaken: what it would do first, every problem with its
// line, and nothing without a yes.
func TestAFileOfPeopleIsShownAskedAndTaken(t *testing.T) {
	w := newWard(t)
	write := func(text string) string {
		file := filepath.Join(t.TempDir(), "staff.csv")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	good := write("user_name,name,department,roles\nzed,Zed Ode,ward,nurse\nnina,Nina,,\nyan,Yan Abt,ward,privacy-officer\n")
	if out := w.yes("olga", "people", "import", good, "--check"); !strings.Contains(out, "Would add 2 people: zed, yan; 1 there already; 1 role for a second person") || w.people.Person("zed") != nil {
		t.Errorf("what it would do: %s", out)
	}
	if status, _, errs := w.as("olga", "people", "import", good); status != exitUsage || !strings.Contains(errs, "--yes") || w.people.Person("zed") != nil {
		t.Errorf("nobody said yes: %d %s", status, errs)
	}
	if out := w.yes("olga", "people", "import", good, "--yes", "--json"); !strings.Contains(out, `"added":2`) || w.people.Person("yan") == nil {
		t.Errorf("done: %s", out)
	}
	bad := write("user_name,name,mail,roles\nann,,no mail,surgeon\nrole:x,X,,\n")
	status, _, errs := w.as("olga", "people", "import", bad, "--yes")
	for _, want := range []string{"line 2: name must be given", "line 2: mail", "line 3: user_name"} {
		if status != exitNo || !strings.Contains(errs, want) {
			t.Errorf("%d: does not say %q: %s", status, want, errs)
		}
	}
	if status, _, _ := w.as("nina", "people", "import", good, "--check"); status != exitNo {
		t.Errorf("a nurse imports: %d", status)
	}
	if status, _, _ := w.as("olga", "people", "import", filepath.Join(t.TempDir(), "none.csv")); status != exitUsage {
		t.Errorf("no file: %d", status)
	}
}

// TestG1_IdsAreLinkedAndPartedFromTheCommandLine: parted by somebody else than they are.
func TestG1_IdsAreLinkedAndPartedFromTheCommandLine(t *testing.T) {
	w := newWard(t)
	w.yes("olga", "people", "link", "nina", "iris")
	if out := w.yes("olga", "people", "show", "nina"); !strings.Contains(out, "the same human being as iris") || !w.people.Same("nina", "iris") {
		t.Errorf("linked: %s", out)
	}
	w.yes("olga", "people", "link", "olga", "cara")
	if status, _, errs := w.as("olga", "people", "unlink", "olga", "cara"); status != exitNo {
		t.Errorf("parted from herself: %d %s", status, errs)
	}
	w.yes("rita", "people", "unlink", "olga", "cara")
	if w.people.Same("olga", "cara") {
		t.Error("they are not parted")
	}
}

// TestAProgramIsHandedOverFromTheCommandLine, without its keys, and never to oneself
// where somebody else could; and a person is left to provisioning.
func TestAProgramIsHandedOverFromTheCommandLine(t *testing.T) {
	w := newWard(t)
	if out := w.yes("rita", "people", "programs"); !strings.Contains(out, "robot") || !strings.Contains(out, "no-key") || !strings.Contains(out, "wide") {
		t.Errorf("what stands out: %s", out)
	}
	if status, _, errs := w.as("olga", "people", "hand-over", "robot", "--to", "olga"); status != exitNo {
		t.Errorf("to herself: %d %s", status, errs)
	}
	w.yes("olga", "people", "hand-over", "robot", "--to", "cara")
	if p := w.people.Program("robot"); p.Owner != "cara" || len(p.Keys) != 0 {
		t.Errorf("owner %s, %d keys", p.Owner, len(p.Keys))
	}
	if status, _, _ := w.as("nina", "people", "hand-over", "robot", "--to", "nina"); status != exitNo || w.people.Program("robot").Owner != "cara" {
		t.Errorf("by somebody else: %d", status)
	}
	w.yes("olga", "people", "entrust", "iris")
	if p := w.people.Person("iris"); p.From != people.SCIM {
		t.Errorf("iris is from %s", p.From)
	}
}

const publicKey = `{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}` // RFC 7515 appendix A.3

func TestAPrivateKeyDoesNotLeaveTheMachine(t *testing.T) {
	w := newWard(t)
	dir := t.TempDir()
	public, private := filepath.Join(dir, "pub.jwk"), filepath.Join(dir, "key.jwk")
	for file, text := range map[string]string{public: publicKey, private: strings.Replace(publicKey, `"x"`, `"d":"AAAA","x"`, 1)} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if status, _, errs := w.as("rita", "keys", "add", "robot", private); status != exitUsage || !strings.Contains(errs, "not sent") || len(w.seen) != 0 {
		t.Errorf("%d %s, asked: %v", status, errs, w.seen)
	}
	key := value(t, w.yes("rita", "keys", "add", "robot", public, "--days", "30", "--json"), "id")
	if out := w.yes("rita", "keys", "list", "robot"); !strings.Contains(out, key) {
		t.Errorf("list: %s", out)
	}
	if status, _, errs := w.as("nina", "keys", "list", "robot"); status != exitNo {
		t.Errorf("a stranger: %d %s", status, errs)
	}
	w.yes("rita", "keys", "remove", "robot", key, "--yes")
	if out := w.yes("rita", "keys", "list", "robot"); strings.Contains(out, key) {
		t.Errorf("after it: %s", out)
	}
}

func TestWaitingEndsWithTheDecisionAndOutlastsAServerThatIsAway(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	tm := &terminal{ctx: ctx, err: &bytes.Buffer{}}
	answers := []error{nil, client.ErrServer, client.ErrServer, nil}
	states := []string{"waiting", "", "", "approved"}
	n := 0
	look := func() (client.Request, error) { n++; return client.Request{State: states[n-1]}, answers[n-1] }
	r, err := await(tm, look, func(context.Context, time.Duration) error { return nil })
	if err != nil || r.State != "approved" || n != 4 || strings.Count(tm.err.(*bytes.Buffer).String(), "\n") != 1 {
		t.Errorf("%v %v after %d", r.State, err, n)
	}
	stop()
	n = 0
	var exit *exitError
	if _, err := await(tm, look, pause); !errors.As(err, &exit) || exit.status != exitNo || !strings.Contains(err.Error(), "still waits") {
		t.Errorf("Ctrl-C: %v", err)
	}
	n = 0
	answers[0] = client.ErrSignIn
	tm.ctx = t.Context()
	if _, err := await(tm, look, pause); !errors.As(err, &exit) || exit.status != exitNo || n != 1 {
		t.Errorf("a sign-in that is over: %v", err)
	}
}

func TestOnlyAYesIsOne(t *testing.T) {
	for answer, want := range map[string]bool{"y\n": true, "YES\n": true, "n\n": false, "\n": false, "": false, "y": false, "yeah\n": false} {
		tm := &terminal{in: strings.NewReader(answer), err: &bytes.Buffer{}, asks: true}
		if err := tm.confirm(false, "Sure?"); (err == nil) != want {
			t.Errorf("%q: %v", answer, err)
		}
	}
}

func TestOnlineCommandsSayWhatIsWrongBeforeTheyAsk(t *testing.T) {
	for _, args := range [][]string{{"inbox"}, {"grants"}, {"people", "list"}, {"approve", "x"}, {"break-glass", "p1", "--reason", "x"}} {
		if status, _, errs := typed(t, t.TempDir(), args...); status != exitNo || !strings.Contains(errs, "modicum login") {
			t.Errorf("%v: %d %s", args, status, errs)
		}
	}
	for _, args := range [][]string{
		{"ask", "cover"}, {"ask", "cover", "--patient", "-"}, {"ask", "cover", "--patient", "p1", "--for", "30s"}, {"break-glass", "p1"},
		{"people", "give", "bob", "rank", "x", "--why", "y"}, {"keys", "add", "robot", "none.jwk"},
	} {
		if status, _, errs := typed(t, t.TempDir(), args...); status != exitUsage || errs == "" {
			t.Errorf("%v: %d %s", args, status, errs)
		}
	}
	dir := t.TempDir()
	if err := pocket.In(dir).Put(pocket.Token{Server: "http://127.0.0.1:1", Value: "mdc_x", Until: time.Now().Add(time.Hour).UnixMicro()}); err != nil {
		t.Fatal(err)
	}
	if status, _, errs := typed(t, dir, "inbox"); status != exitUnavailable || !strings.Contains(errs, "cannot be reached") || strings.Contains(errs, "mdc_x") {
		t.Errorf("%d %s", status, errs)
	}
}

// Whatever the digest covers stands on the screen, and nothing that its asker wrote
// moves the cursor there.
func TestG2_ARequestIsShownWhole(t *testing.T) {
	from := time.Date(2026, 11, 24, 7, 0, 0, 0, time.UTC)
	r := &client.Request{Asker: "nina", Needs: []string{"charge-nurse"}, Answered: []string{"cara"}, InARow: 3, Want: client.Want{
		Kind: "exception", Role: "nurse", Task: "cover", Patients: []string{"p1", "p2"}, Record: "Coverage/c1", Classes: []string{"clinical.note"},
		Overlays: []string{"sensitive.hiv"}, Reason: client.Reason{Kind: "handover", Ref: "T-7", Text: "now\x1b[2J\nasked by  olga"}, From: &from, Minutes: 90,
	}}
	var out bytes.Buffer
	if err := printRequest(&terminal{out: &out}, r); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"nina", "exception of nurse/cover", "p1, p2", "Coverage/c1", "clinical.note", "sensitive.hiv", "handover [T-7]", "1h30m", "2026-11-24T07:00:00Z", "charge-nurse", "cara", "3 of this task"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not shown:\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "\x1b") || strings.Contains(out.String(), "\nasked by  olga") {
		t.Errorf("its asker writes on the screen: %q", out.String())
	}
}

// A token is for the server that it was made for.
func TestK1_ATokenIsNotTakenElsewhere(t *testing.T) {
	w := newWard(t)
	var got []string
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = append(got, r.URL.Path) }))
	defer elsewhere.Close()
	w.web.Config.Handler = http.RedirectHandler(elsewhere.URL+"/api/inbox", http.StatusTemporaryRedirect)
	if status, _, errs := w.as("nina", "inbox"); status != exitUnavailable || len(got) != 0 {
		t.Errorf("%d %s, elsewhere: %v", status, errs, got)
	}
}

// TestG2_WhoIsAskedHasBeenShownWhatAlsoForAProgram: with --json the result alone goes to
// standard output, and what is answered is shown beside the question.
func TestG2_WhoIsAskedHasBeenShownWhatAlsoForAProgram(t *testing.T) {
	for _, command := range []string{"approve", "refuse", "policy"} {
		answer := any(client.Request{ID: "x", Digest: "d", Want: client.Want{Reason: client.Reason{Text: "Ada is at lunch"}}})
		run := func(tm *terminal) error {
			a := answers{ID: "x", Word: "no", online: online{JSON: true}}
			if command == "approve" {
				return (&approveCommand{a}).Run(tm)
			}
			return (&refuseCommand{a}).Run(tm)
		}
		if command == "policy" {
			answer = client.PolicyChange{ID: "x", Reason: "Ada is at lunch", Proposer: "iris", Proposed: new(time.Now()), Effect: &client.PolicyEffect{Digest: "d"}}
			run = func(tm *terminal) error { return (&policyApprove{ID: "x", online: online{JSON: true}}).Run(tm) }
		}
		var out, errs bytes.Buffer
		tm := &terminal{ctx: t.Context(), environ: []string{"XDG_CONFIG_HOME=" + signedInto(t, answer)}, in: strings.NewReader("n\n"), out: &out, err: &errs, asks: true}
		if err := run(tm); err == nil || !strings.Contains(errs.String(), "[y/N]") {
			t.Fatalf("%s: %v %s", command, err, errs.String())
		}
		if shown, _, _ := strings.Cut(errs.String(), "[y/N]"); !strings.Contains(shown, "Ada is at lunch") || out.Len() > 0 {
			t.Errorf("%s: a yes was asked for to what nobody saw: %s\n%s", command, shown, out.String())
		}
	}
}

// TestC2_AnObjectMovesNoCursor: what others wrote goes to a terminal as JSON too.
func TestC2_AnObjectMovesNoCursor(t *testing.T) {
	var out bytes.Buffer
	odd := "a\u009b2J\u202eb\u007fé\U000e0001\u00a0"
	if err := printJSON(&terminal{out: &out}, map[string]string{"x": odd}); err != nil {
		t.Fatal(err)
	}
	if line := strings.TrimSuffix(out.String(), "\n"); client.Plain(line) != line || !strings.Contains(line, "é") {
		t.Errorf("%q", line)
	}
	var back map[string]string
	if err := json.Unmarshal(out.Bytes(), &back); err != nil || back["x"] != odd {
		t.Errorf("%v %q", err, back["x"])
	}
}

// TestALookAssumesWhatThereIs: a fact that nobody knows is not left out of what holds, which
// would show the look the other way round.
func TestALookAssumesWhatThereIs(t *testing.T) {
	choices := &client.SeeAsChoices{
		Tasks:   []client.SeeAsTask{{Task: "nurse/give-care", Asks: []string{"during-shift", "on-unit"}, Restricts: []string{"paid-in-full"}}},
		Samples: []wire.Sample{{ID: "p1"}},
	}
	for want, c := range map[string]seeAsCommand{
		"did you mean during-shift?":    {Sample: "p1", Without: []string{"during-shif"}},
		"did you mean paid-in-full?":    {Sample: "p1", With: []string{"paid-in-ful"}},
		"--sample p7 is not":            {Sample: "p7"},
		"did you mean nurse/give-care?": {Task: "nurse/give-car", Sample: "p1"},
	} {
		c.Task = cmp.Or(c.Task, "nurse/give-care")
		_, err := c.look(&terminal{}, choices)
		var wrong *exitError
		if !errors.As(err, &wrong) || wrong.status != exitUsage || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", c, err, want)
		}
	}
	c := seeAsCommand{Task: "nurse/give-care", Sample: "p1", Without: []string{"on-unit"}}
	if s, err := c.look(&terminal{}, choices); err != nil || !slices.Equal(s.Assume, []string{"during-shift"}) {
		t.Errorf("%+v, %v", s, err)
	}
}

// TestNobodySitsAtNothing: a job whose input is /dev/null is asked nothing.
func TestNobodySitsAtNothing(t *testing.T) {
	stdin := filepath.Join(t.TempDir(), "stdin") // a shell's is called so, whatever it is
	if err := os.Symlink(os.DevNull, stdin); err != nil {
		t.Skip("SKIPPED: no links: ", err)
	}
	f, err := os.Open(stdin)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if someoneAt(f) {
		t.Error("somebody is asked there")
	}
}
