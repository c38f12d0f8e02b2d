package serve_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"modicum/internal/config"
	"modicum/internal/people"
	"modicum/internal/sandbox"
	"modicum/internal/serve"
	"modicum/internal/signin"
	"modicum/internal/store"
	"modicum/ledger"
	"modicum/policy"
)

func TestPostedFactsComeIntoForceAndOutliveARestart(t *testing.T) {
	s := newSite(t)
	if got := s.read("alice"); got != http.StatusNotFound {
		t.Errorf("before the fact: %d", got)
	}
	if status, body := s.post(assignment("alice", true, time.Minute)); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	if got := s.read("alice"); got != http.StatusOK {
		t.Errorf("after the fact: %d", got)
	}
	s.stop()
	s.start()
	if got := s.read("alice"); got != http.StatusOK {
		t.Errorf("after a restart: %d", got)
	}
	// A fact is no younger for a restart.
	s.mu.Lock()
	s.skew = 61 * time.Minute
	s.mu.Unlock()
	if got := s.read("alice"); got != http.StatusNotFound {
		t.Errorf("a fact beyond its age: %d", got)
	}
}

func TestPostedFactsAreOnRecordWithoutWhatTheySay(t *testing.T) {
	s := newSite(t)
	s.post(assignment("alice", true, time.Minute))
	records, err := s.server.Store().Range(t.Context(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, r := range records {
		e, err := r.Entry()
		if err != nil {
			t.Fatal(err)
		}
		if a, ok := e.(*ledger.Act); ok && a.Act == ledger.ActFactsLoaded {
			found = a.Who == "sandbox" && slices.Equal(a.What, []string{"adt"})
		}
		if strings.Contains(string(r.Body), "Patient/p1") || strings.Contains(string(r.Body), "alice") {
			t.Errorf("the record says %s", r.Body)
		}
	}
	if !found {
		t.Error("nobody is on record for the facts")
	}
}

// leaver is a body whose sender goes away once it is sent.
type leaver struct {
	io.Reader
	leave func()
}

func (l leaver) Read(p []byte) (int, error) {
	n, err := l.Reader.Read(p)
	if err == io.EOF {
		l.leave()
	}
	return n, err
}

// TestFactsOfAProgramThatGoesAwayAreKeptAndInForceOrNeither: otherwise what is durable and
// what doors believe are two things until the next start.
func TestFactsOfAProgramThatGoesAwayAreKeptAndInForceOrNeither(t *testing.T) {
	s := newSite(t)
	s.post(assignment("bob", true, 2*time.Minute))
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	body := leaver{strings.NewReader(assignment("alice", true, time.Minute)), leave}
	req := httptest.NewRequestWithContext(ctx, http.MethodPost, "/api/facts", body)
	token, err := s.issuer.Token(sandbox.Person{ID: "sandbox"}, sandbox.Ward, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	answer := httptest.NewRecorder()
	s.main.Config.Handler.ServeHTTP(answer, req)
	if answer.Code != http.StatusOK || ctx.Err() == nil {
		t.Errorf("facts of a program that went away: %d %s", answer.Code, answer.Body)
	}
	if got := s.read("alice"); got != http.StatusOK {
		t.Errorf("with the facts that were sent: %d", got)
	}
}

func TestPostedFactsAreRefusedAsAWhole(t *testing.T) {
	s := newSite(t)
	for name, tt := range map[string]struct {
		who, body string
		want      int
	}{
		"a person":                {"alice", assignment("alice", true, 0), http.StatusForbidden},
		"nobody":                  {"", assignment("alice", true, 0), http.StatusUnauthorized},
		"a source of another":     {"sandbox", `{"fact":"checked","who":"alice","source":"desk","recorded_by":"r"}`, http.StatusForbidden},
		"one wrong line of two":   {"sandbox", assignment("alice", true, 0) + `{"fact":"assigned","who":"SECRET","source":"adt","recorded_by":"w"}`, http.StatusUnprocessableEntity},
		"a body without any line": {"sandbox", "", http.StatusUnprocessableEntity},
	} {
		status, _, body := s.send(tt.who, "", http.MethodPost, s.main.URL+"/api/facts", tt.body)
		if status != tt.want || strings.Contains(body, "SECRET") {
			t.Errorf("%s: %d %s, want %d", name, status, body, tt.want)
		}
	}
	if got := s.read("alice"); got != http.StatusNotFound {
		t.Errorf("something of a refused body is in force: %d", got)
	}
	if kept, err := s.server.Store().Posted(t.Context()); err != nil || len(kept) > 0 {
		t.Errorf("kept %d, %v", len(kept), err)
	}
}

func TestRule17_LimitsOutliveARestart(t *testing.T) {
	s := newSite(t)
	s.post(assignment("alice", true, time.Minute))
	for range 5 {
		if got := s.read("alice"); got != http.StatusOK {
			t.Fatalf("within the limit: %d", got)
		}
	}
	if got := s.read("alice"); got != http.StatusTooManyRequests {
		t.Errorf("beyond the limit: %d", got)
	}
	s.stop()
	s.start()
	if got := s.read("alice"); got != http.StatusTooManyRequests {
		t.Errorf("beyond the limit, after a restart: %d", got)
	}
}

// While policies are swapped, every request is judged by one of them whole, and
// says so by a record that derives again under it.
func TestDesign5_PolicyAndFactsAreSwappedAsOneGeneration(t *testing.T) {
	s := newSite(t)
	s.post(assignment("alice", true, time.Minute))
	other := "-- organization.yaml --\norganization: serve-test\ntitle: Serve Test Clinic\ntime-zone: UTC\npositions: [boss]\nwatch: [sensitive.vip]\npurposes: {treatment: [TREAT], compliance: [HCOMPL]}\n" +
		"-- conditions.yaml --\nsources:\n  roster: {title: Roster, fresh: 1 hour, programs: [sandbox]}\n  adt: {title: Admissions, fresh: 1 hour, programs: [sandbox]}\nfacts:\n  shift: {means: On shift., about: caller, from: [roster]}\n  other: {means: Another., about: patient, from: [adt]}\n  assigned: {means: Looks after the patient., about: patient, from: [adt]}\n"
	free := func(text string) string { return strings.ReplaceAll(text, "    limits: {requests: 5 per day}\n", "") }
	s.policy.put(free(files))
	if err := s.server.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				g := s.server.Generation()
				id, known := g.Set.Fact("assigned")
				if voc := g.Facts.Vocabulary(); !known || voc.Kinds[id].Name != "assigned" || len(voc.Kinds) != len(g.Set.Facts()) {
					t.Error("facts and policy of two generations")
					return
				}
			}
		})
	}
	for i := range 12 {
		s.policy.put([]string{other, free(files)}[i%2])
		if err := s.server.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
		// 503: the policy was swapped between reading and admitting; none here.
		if got := s.read("alice"); got != http.StatusOK {
			t.Errorf("after swap %d: %d", i, got)
		}
	}
	close(done)
	readers.Wait()
	s.server.Gate().Wait()
	changed := 0
	records, err := s.server.Store().Search(t.Context(), store.Query{Kind: ledger.KindAct})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if strings.Contains(string(r.Body), ledger.ActPolicyChanged) {
			changed++
		}
	}
	if changed != 13 {
		t.Errorf("%d changes on record, want 13", changed)
	}
}

func TestAPolicyWithErrorsChangesNothing(t *testing.T) {
	s := newSite(t)
	before := s.server.Generation().Set.Hash()
	s.policy.put("-- roles/clinician.yaml --\nrole: clinician\n")
	if err := s.server.Reload(t.Context()); err == nil {
		t.Error("taken")
	}
	status, r := s.ready()
	if s.server.Generation().Set.Hash() != before || r.Policy != before {
		t.Error("another policy is in force")
	}
	if status != http.StatusOK || !r.says("the changed policy has errors") {
		t.Errorf("%d %v", status, r.Wrong)
	}
	s.policy.put(files)
	if err := s.server.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, r := s.ready(); r.says("policy") {
		t.Errorf("mended, and still %v", r.Wrong)
	}
}

func TestReadyzNamesStaleBrokenAndMissingSources(t *testing.T) {
	s := newSite(t)
	if status, r := s.ready(); status != http.StatusOK || !r.Ready || !r.says("source adt was never read whole") {
		t.Errorf("at first: %d %v", status, r.Wrong)
	}
	s.post(assignment("alice", true, time.Minute))
	if _, r := s.ready(); r.says("adt") {
		t.Errorf("read whole: %v", r.Wrong)
	}
	s.mu.Lock()
	s.skew = 2 * time.Hour
	s.mu.Unlock()
	if _, r := s.ready(); !r.says("source adt is stale") {
		t.Errorf("stale: %v", r.Wrong)
	}
	path := filepath.Join(s.dir, "facts-roster.ndjson")
	writeFile(t, path, `{"fact":"shift","who":"alice","source":"roster","recorded_by":"r"}`+"\n")
	if ps := s.server.Facts().ReadFiles(s.config.Facts.Files, true); len(ps) > 0 {
		t.Fatal(ps)
	}
	writeFile(t, path, `{"fact":"SECRET"}`+"\n")
	if ps := s.server.Facts().ReadFiles(s.config.Facts.Files, true); len(ps) == 0 || strings.Contains(ps.Error(), "SECRET") {
		t.Errorf("a wrong file: %v", ps)
	}
	if _, r := s.ready(); !r.says("source roster is broken") {
		t.Errorf("broken: %v", r.Wrong)
	}
}

func TestReadyzSaysNoWhenTheRecordTakesNothing(t *testing.T) {
	s := newSite(t)
	if err := s.server.Store().Close(); err != nil {
		t.Fatal(err)
	}
	s.post(assignment("alice", true, time.Minute)) // not recorded, so not in force
	if got := s.read("alice"); got != http.StatusServiceUnavailable {
		t.Errorf("a read without a record: %d", got)
	}
}

func TestAdminShowsNoData(t *testing.T) {
	s := newSite(t)
	s.post(assignment("alice", true, time.Minute))
	s.read("alice")
	for path, want := range map[string]string{"/healthz": "ok", "/metrics": `modicum_answers_total{door="fhir",status="200"} 1`, "/metrics?": `modicum_door_events_total{door="fhir",event="budget-spent"} 0`, "/readyz": `"ready":true`} {
		status, _, body := s.send("", "", http.MethodGet, s.admin.URL+path, "")
		if status != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: %d, %q is missing", path, status, want)
		}
		for _, secret := range []string{"alice", "p1", "Patient"} {
			if strings.Contains(body, secret) {
				t.Errorf("%s says %s", path, secret)
			}
		}
	}
	if status, _, _ := s.send("", "", http.MethodGet, s.admin.URL+"/fhir/metadata", ""); status != http.StatusNotFound {
		t.Errorf("the door answers at the admin address: %d", status)
	}
	if status, _, _ := s.send("", "", http.MethodGet, s.main.URL+"/metrics", ""); status != http.StatusNotFound {
		t.Errorf("metrics at the main address: %d", status)
	}
}

func TestReadingTheRecordIsADecision(t *testing.T) {
	s := newSite(t)
	if status, _, _ := s.send("", "", http.MethodGet, s.main.URL+"/ledger/checkpoint", ""); status != http.StatusUnauthorized {
		t.Errorf("without a token: %d", status)
	}
	status, header, _ := s.send("alice", "clinician", http.MethodGet, s.main.URL+"/ledger/checkpoint", "")
	if status != http.StatusForbidden || header.Get("Modicum-Decision") == "" {
		t.Errorf("without the task: %d, decision %q", status, header.Get("Modicum-Decision"))
	}
	s.post(`{"fact":"shift","who":"petra","source":"roster","recorded_by":"roster"}`)
	status, header, body := s.send("petra", "auditor", http.MethodGet, s.main.URL+"/ledger/checkpoint", "")
	if status != http.StatusOK || !strings.HasPrefix(body, origin+"\n") {
		t.Fatalf("with the task: %d %s", status, body)
	}
	if records, err := s.server.Store().ByID(t.Context(), header.Get("Modicum-Decision")); err != nil || len(records) == 0 {
		t.Errorf("not on record: %v", err)
	}
	if status, _, _ := s.send("petra", "clinician", http.MethodGet, s.main.URL+"/ledger/checkpoint", ""); status != http.StatusForbidden {
		t.Errorf("another token of hers, a moment later: %d", status)
	}
}

// TestL2_WhatIsTriedAtTheAPIInVainIsOnRecord, also where nobody had to be asked.
func TestL2_WhatIsTriedAtTheAPIInVainIsOnRecord(t *testing.T) {
	s := newSite(t)
	status, _, body := s.send("alice", "clinician", http.MethodPost, s.main.URL+"/api/requests/x/withdraw", "")
	if status != http.StatusNotFound {
		t.Fatalf("%d %s", status, body)
	}
	if status, _, body = s.send("alice", "clinician", http.MethodPost, s.main.URL+"/api/grants/x/revoke", `{"word":"no"}`); status != http.StatusUnauthorized {
		t.Fatalf("without a proof: %d %s", status, body)
	}
	found, err := s.server.Store().Search(t.Context(), store.Query{Who: "alice", Kind: ledger.KindAct})
	if err != nil {
		t.Fatal(err)
	}
	said := ""
	for _, rec := range found {
		said += string(rec.Body) + "\n"
	}
	if !strings.Contains(said, `"act":"act-refused"`) || !strings.Contains(said, `"revoke"`) {
		t.Errorf("on record: %s", said)
	}
}

// TestRule11_WhatNeedsScopesDoesNothingWithoutThem at the API either: it would act as its
// person there.
func TestRule11_WhatNeedsScopesDoesNothingWithoutThem(t *testing.T) {
	s := newSite(t)
	s.stop()
	s.config.Clients = append(s.config.Clients, config.Client{ID: "sandbox", ScopesRequired: true})
	s.start()
	for path, want := range map[string]int{"/api/notices": http.StatusForbidden, "/api/tokens": http.StatusForbidden, "/api/me": http.StatusOK} {
		if status, _, body := s.send("alice", "clinician", http.MethodGet, s.main.URL+path, ""); status != want {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
}

// TestC1_PagesThatGiveTokensAreNotFramedNorKept: another host of the same domain could
// otherwise have somebody press "yes" unseen.
func TestC1_PagesThatGiveTokensAreNotFramedNorKept(t *testing.T) {
	s := newSite(t)
	if _, err := s.server.People().First(t.Context(), &people.Person{ID: "olga", UserName: "olga", Name: "Olga Owner"}); err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	if err := s.server.Sessions().Begin(t.Context(), w, httptest.NewRequest(http.MethodGet, "/", nil), "olga", signin.Proof{How: []string{"hwk", "user"}}); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{"/sign-in/device": http.StatusOK, "/settings/sign-in": http.StatusOK, "/": http.StatusOK} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.main.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range w.Result().Cookies() {
			r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
		}
		res, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if csp := res.Header.Get("Content-Security-Policy"); res.StatusCode != want || !strings.Contains(csp, "frame-ancestors 'none'") || res.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d, %q, %q", path, res.StatusCode, csp, res.Header.Get("Cache-Control"))
		}
	}
}

func TestK1_KeysThatOthersMayReadRefuseTheStart(t *testing.T) {
	s := newSite(t)
	s.stop()
	keys := filepath.Join(s.config.Data, "keys")
	path := filepath.Join(keys, "cursor.key")
	for _, tt := range []struct {
		name  string
		spoil func() error
		want  string
	}{
		{"open to others", func() error { return os.Chmod(path, 0o644) }, "chmod 600"},
		{"no key", func() error { return errors.Join(os.Chmod(path, 0o600), os.WriteFile(path, []byte("short\n"), 0o600)) }, "32 bytes"},
		{"missing", func() error { return os.Remove(path) }, "there is no such key"},
	} {
		if err := tt.spoil(); err != nil {
			t.Fatal(err)
		}
		_, err := serve.New(t.Context(), serve.Options{Config: s.config, Policy: s.policy, Now: s.now})
		if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "cursor.key") {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
	// Making keys again leaves those that are there alone.
	before, err := os.ReadFile(filepath.Join(keys, "refs.key"))
	if err != nil {
		t.Fatal(err)
	}
	if err := serve.CreateKeys(keys); err != nil {
		t.Fatal(err)
	}
	if after, _ := os.ReadFile(filepath.Join(keys, "refs.key")); string(after) != string(before) {
		t.Error("a key was replaced")
	}
	k, err := serve.ReadKeys(keys)
	if err != nil || len(k.Cursor) != 32 || string(k.Cursor) == string(k.Refs) {
		t.Errorf("%v", err)
	}
}

func TestAWrongConfigurationRefusesTheStartAndSaysEverything(t *testing.T) {
	s := newSite(t)
	s.stop()
	c := *s.config
	c.Clients = []config.Client{{ID: "app", Task: "chart-revue"}}
	c.Ledger.Origin = "another/log"
	set, _ := policy.Load(s.policy, s.server.Generation().Set.Catalog())
	err := serve.Check(&c, set)
	for _, want := range []string{"clients.0.task", "ledger.origin another/log"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in %v", want, err)
		}
	}
	if _, err := serve.New(t.Context(), serve.Options{Config: &c, Policy: s.policy}); err == nil {
		t.Error("started")
	}
	if err := serve.Check(s.config, set); err != nil {
		t.Errorf("the right one: %v", err)
	}
	s.policy.put("-- roles/clinician.yaml --\nrole: clinician\n")
	if _, err := serve.New(t.Context(), serve.Options{Config: s.config, Policy: s.policy}); err == nil || !strings.Contains(err.Error(), "policy check") {
		t.Errorf("a policy with errors: %v", err)
	}
}

// TestT8_TheFirstOwnersNameAtTheIssuerIsNotTheFirstOwner: nor is that of anybody who holds
// rights over others by our word; whoever was written down with a role alone may come from there.
func TestT8_TheFirstOwnersNameAtTheIssuerIsNotTheFirstOwner(t *testing.T) {
	s, ann := staffed(t)
	for who, want := range map[string]int{"ann": http.StatusUnauthorized, "pia": http.StatusUnauthorized, "ben": http.StatusOK} {
		if got, _, body := s.get(who, "/api/me"); got != want {
			t.Errorf("a token of the issuer for %s: %d %s, want %d", who, got, body, want)
		}
	}
	issuer := s.config.Issuers[0].Issuer
	for who, subject := range map[string]string{"ann": "ann", "ben": "f81d"} {
		err := s.server.People().Give(t.Context(), ann, people.Gift{Person: who, Kind: people.IdentityKind, Name: people.Identity(issuer, subject), Why: "asked"})
		if err != nil {
			t.Fatal(err)
		}
	}
	if got, _, body := s.get("ann", "/api/me"); got != http.StatusOK {
		t.Errorf("who was said to be ann at the issuer: %d %s", got, body)
	}
	for _, path := range []string{"/api/me", "/fhir/Patient/p1", "/ledger/checkpoint"} {
		if got, _, body := s.get("ben", path); got != http.StatusUnauthorized {
			t.Errorf("another of ben's name at %s: %d %s", path, got, body)
		}
	}
}
