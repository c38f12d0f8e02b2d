package serve_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"modicum/internal/access"
	"modicum/internal/people"
	"modicum/internal/store"
	"modicum/internal/tokens"
	"modicum/ledger"
)

// TestTheStoryOfALeaver: provisioning says that somebody is gone while the door answers
// them. The answer breaks off, and nothing of theirs is left: session, token, page after
// page, what was lent, what they had asked for.
func TestTheStoryOfALeaver(t *testing.T) {
	s := newTown(t)
	user := s.provides(http.MethodPost, "/Users", `{"userName":"lena","displayName":"Lena Park"}`)["id"].(string)
	s.provides(http.MethodPost, "/Groups", `{"displayName":"ward nurses","members":[{"value":"`+user+`"}]}`)
	lena := s.signsIn("lena")
	carla := s.adds("carla", "Carla Diaz", "nurse", "charge-nurse")
	s.states(s.whole("adt"), s.whole("roster"), onShift("lena"), onShift("carla"), about("assigned-patient", "lena", "p1", "adt"), about("assigned-patient", "lena", "p5", "adt"))
	token := s.device(lena, "nurse/care")
	lent := s.lends(lena, carla, "p2")
	waiting := s.covers(lena, "p3")
	first := s.shows(token, "/fhir/Condition?_count=1")
	cursor := nextIn(t, first)

	stream := s.flows(token)
	s.provides(http.MethodPatch, "/Users/"+user, `{"Operations":[{"op":"replace","path":"active","value":false}]}`)
	if n, err := io.Copy(io.Discard, stream.Body); err == nil {
		t.Errorf("the answer went on for %d bytes, to a neat end", n)
	}
	s.up.flow.Store(false)

	for _, path := range []string{"/fhir/Patient/p1", cursor, "/api/me"} {
		res := s.shows(token, path)
		res.Body.Close()
		if res.StatusCode != http.StatusUnauthorized {
			t.Errorf("%.20s with her token: %d", path, res.StatusCode)
		}
	}
	if status, _, _ := s.asks("lena", "/fhir/Patient/p1"); status != http.StatusUnauthorized {
		t.Errorf("with a token of her provider: %d", status)
	}
	lena.Open("/grants")
	lena.Until("Sign in")
	if n := len(s.server.Sessions().Sessions("lena")) + len(s.server.Lent().Grants("lena")) + len(s.server.Lent().Requests("lena")); n != 0 {
		t.Errorf("%d sessions, grants and requests are left", n)
	}
	if g, err := s.server.Lent().Grant(t.Context(), lent); err != nil || g.State != access.NoLonger {
		t.Errorf("what was lent: %+v, %v", g, err)
	}
	if r, err := s.server.Lent().Get(t.Context(), waiting); err != nil || r.State != access.Lapsed {
		t.Errorf("what she had asked for: %+v, %v", r, err)
	}
	carla.Open("/inbox")
	carla.Says("Nobody waits for you")

	if d := s.decision(stream.Header.Get("Modicum-Decision")); d.Who != "lena" || !s.aborted(d.ID) {
		t.Errorf("the answer that broke off is on record as %+v", d)
	}
	gone := s.act("person-deactivated")
	for _, want := range []string{"sessions-ended:1", "tokens-ended:1", "grant-ended:" + lent, "request-lapsed:" + waiting} {
		if gone.Who != "scim:provisioning" || gone.Behalf != "lena" || !slices.Contains(gone.What, want) {
			t.Errorf("the entry of her leaving does not say %s: %+v", want, gone)
		}
	}
	s.provides(http.MethodPatch, "/Users/"+user, `{"Operations":[{"op":"replace","path":"active","value":true}]}`)
	for _, path := range []string{"/fhir/Patient/p1", cursor} {
		res := s.shows(token, path)
		res.Body.Close()
		if res.StatusCode != http.StatusUnauthorized {
			t.Errorf("%.20s with her old token, when she is back: %d", path, res.StatusCode)
		}
	}
	lena.Open("/grants") // with the cookie of before
	lena.Until("Sign in")
	// The same task of the same person, when she is back and has signed in anew.
	res := s.shows(s.device(s.signsIn("lena"), "nurse/care"), cursor)
	res.Body.Close()
	if res.StatusCode != http.StatusGone {
		t.Errorf("the place in her old search, when she is back: %d", res.StatusCode)
	}
	s.closes()
}

// TestTheStoryOfAProgram: its key ends. Its answer under way breaks off at that moment,
// and no token is given for the key any more.
func TestTheStoryOfAProgram(t *testing.T) {
	s := unbrowsed(t)
	d := s.server.People()
	now := time.Now()
	if _, err := d.Add(t.Context(), olga, &people.Person{ID: "ben", UserName: "ben", Name: "Ben Ode", Active: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.AddProgram(t.Context(), olga, &people.Program{
		ID: "lab", Title: "Laboratory", Owner: "ben", Why: "results", Role: "laboratory", Task: "results", Scopes: []string{"system/Condition.rs"}, Until: now.Add(300 * 24 * time.Hour).UnixMicro(),
	}); err != nil {
		t.Fatal(err)
	}
	s.states(s.whole("adt"), about("assigned-patient", "lab", "p1", "adt"))
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, err := jose.JSONWebKey{Key: key.Public()}.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	ends := now.Add(4 * time.Minute) // sooner than the token would end by itself
	k, err := d.AddKey(t.Context(), people.Actor{ID: "ben"}, "lab", public, ends.UnixMicro())
	if err != nil {
		t.Fatal(err)
	}
	status, answer := s.form("/oauth/token", s.assertion("lab", k.ID, key))
	token, _ := answer["access_token"].(string)
	if status != http.StatusOK || token == "" {
		t.Fatalf("a token: %d %v", status, answer)
	}
	s.later(time.Until(ends) - 6*time.Second) // in which a busy machine has to begin the answer
	stream := s.flows(token)
	if n, err := io.Copy(io.Discard, stream.Body); err == nil {
		t.Errorf("the answer went on for %d bytes, to a neat end", n)
	}
	if now, _ := s.now(); ends.Sub(now) > 100*time.Millisecond {
		t.Errorf("it broke off %v before the key ended, so of something else", ends.Sub(now))
	}
	s.up.flow.Store(false)
	res := s.shows(token, "/fhir/Condition?patient=p1")
	res.Body.Close()
	if res.StatusCode != http.StatusUnauthorized {
		t.Errorf("the same token: %d", res.StatusCode)
	}
	if status, answer := s.form("/oauth/token", s.assertion("lab", k.ID, key)); status != http.StatusUnauthorized || answer["error"] != "invalid_client" {
		t.Errorf("the next token: %d %v", status, answer)
	}
	if d := s.decision(stream.Header.Get("Modicum-Decision")); d.Who != "lab" || !s.aborted(d.ID) {
		t.Errorf("the answer that broke off is on record as %+v", d)
	}
	if got := s.acts("program"); !containsInOrder(got, []string{"lab token-issued"}) {
		t.Errorf("on record: %v", got)
	}
	s.closes()
}

// provides is what the organization's own directory sends.
func (s *town) provides(method, path, body string) (out map[string]any) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.main.URL+"/scim/v2"+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+scimToken)
	req.Header.Set("Content-Type", "application/scim+json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil || res.StatusCode >= 300 {
		s.t.Fatalf("%s %s: %d %v %v", method, path, res.StatusCode, out, err)
	}
	return out
}

// flows opens an answer that goes on for as long as somebody may read it, and sees it begin.
func (s *town) flows(token string) *http.Response {
	s.t.Helper()
	s.up.flow.Store(true)
	res := s.shows(token, "/fhir/Condition?patient=p1&_count=200")
	s.t.Cleanup(func() { res.Body.Close() })
	if res.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(res.Body)
		s.t.Fatalf("no answer: %d %s", res.StatusCode, text)
	}
	if _, err := io.CopyN(io.Discard, res.Body, 2<<20); err != nil {
		s.t.Fatalf("the answer does not begin: %v", err)
	}
	return res
}

// form posts a form and reads the JSON that comes of it.
func (s *town) form(path string, f url.Values) (status int, out map[string]any) {
	s.t.Helper()
	res, err := http.PostForm(s.main.URL+path, f)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
		s.t.Fatal(err)
	}
	return res.StatusCode, out
}

// device has somebody give a machine without a browser a token, as `modicum login` does.
func (s *town) device(r *reader, task string) string {
	s.t.Helper()
	_, asked := s.form("/oauth/device", url.Values{"client_id": {tokens.CLI}, "task": {task}, "for": {"900"}, "machine": {"ward-pc"}})
	r.Open("/sign-in/device")
	r.Fill("user_code", asked["user_code"].(string))
	r.Press("Go on")
	r.Until("Give the command line a token?")
	r.Press("Give it")
	r.Until("Connected")
	status, given := s.form("/oauth/token", url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "client_id": {tokens.CLI}, "device_code": {asked["device_code"].(string)}})
	token, _ := given["access_token"].(string)
	if status != http.StatusOK || token == "" {
		s.t.Fatalf("a token for %s: %d %v", task, status, given)
	}
	return token
}

// covers has somebody ask at the page to cover for a patient, and gives the request.
func (s *town) covers(r *reader, patient string) (request string) {
	s.t.Helper()
	r.Open("/ask?task=nurse/cover")
	r.Fill("patient", patient)
	r.Choose("reason", "help at the bedside")
	r.Fill("text", "room of "+patient+" needs two of us")
	r.Press("See who decides")
	r.Until("Is this what you need?")
	r.Press("Ask")
	r.Until("You asked")
	_, id, _ := strings.Cut(r.path(), "/requests/")
	return id
}

// lends has one ask and another approve, and gives the grant.
func (s *town) lends(asker, approver *reader, patient string) (grant string) {
	s.t.Helper()
	s.covers(asker, patient)
	approver.Open("/inbox")
	approver.Press("Approve")
	approver.Sees("Approved.")
	grants := s.server.Lent().Grants(asker.who)
	if len(grants) != 1 {
		s.t.Fatalf("%d grants", len(grants))
	}
	return grants[0].ID
}

// nextIn is where the next page of a search is, below the server's address.
func nextIn(t *testing.T, res *http.Response) string {
	t.Helper()
	defer res.Body.Close()
	var page struct {
		Link []struct{ Relation, URL string }
	}
	if err := json.NewDecoder(res.Body).Decode(&page); err != nil {
		t.Fatal(err)
	}
	for _, l := range page.Link {
		if l.Relation == "next" {
			u, err := url.Parse(l.URL)
			if err != nil {
				t.Fatal(err)
			}
			return u.RequestURI()
		}
	}
	t.Fatalf("the search has one page: %d", res.StatusCode)
	return ""
}

// assertion is what a program shows for a token (RFC 7523).
func (s *town) assertion(program, kid string, key *ecdsa.PrivateKey) url.Values {
	s.t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES384, Key: key}, (&jose.SignerOptions{}).WithType("JWT").WithHeader("kid", kid))
	if err != nil {
		s.t.Fatal(err)
	}
	now, _ := s.now()
	text, err := jwt.Signed(signer).Claims(map[string]any{
		"iss": program, "sub": program, "aud": s.config.Public + "/oauth/token", "jti": rand.Text(), "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(),
	}).Serialize()
	if err != nil {
		s.t.Fatal(err)
	}
	return url.Values{
		"grant_type": {"client_credentials"}, "scope": {"system/Condition.rs"}, "client_assertion": {text},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
	}
}

// aborted reports whether a decision's answer is on record as broken off.
func (s *town) aborted(id string) bool {
	s.t.Helper()
	return slices.ContainsFunc(s.site.stored(s.t, id), func(e ledger.Entry) bool {
		o, ok := e.(*ledger.Outcome)
		return ok && o.End == ledger.Aborted
	})
}

// act is the newest of its name on record.
func (s *town) act(name string) *ledger.Act {
	s.t.Helper()
	found, err := s.server.Store().Search(s.t.Context(), store.Query{Kind: ledger.KindAct, Newest: true, Limit: 1000})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, rec := range found {
		e, err := rec.Entry()
		if err != nil {
			s.t.Fatal(err)
		}
		if a, ok := e.(*ledger.Act); ok && a.Act == name {
			return a
		}
	}
	s.t.Fatalf("there is no %s on record", name)
	return nil
}
