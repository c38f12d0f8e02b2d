package tokens_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"modicum/catalog"
	"modicum/internal/book"
	"modicum/internal/book/booktest"
	"modicum/internal/caller"
	"modicum/internal/people"
	"modicum/internal/problem"
	"modicum/internal/tokens"
	"modicum/ledger"
	"modicum/policy"
)

// sample is the policy of the tests.
var sample = sync.OnceValue(func() *policy.Set {
	set, problems := policy.Load(os.DirFS("../../policy-sample"), catalog.R4())
	if set == nil || problems.Errors().Err() != nil {
		panic("the sample policy does not load")
	}
	return set
})

// directory is a small one that tests change as they like.
type directory struct {
	persons  map[string]*people.Person
	programs map[string]*people.Program
	used     []string
	asked    func() // runs when a person is asked for
}

// The real directory is one.
var _ tokens.Directory = (*people.Directory)(nil)

func (d *directory) Used(id, role, key string, _ int64) {
	d.used = append(d.used, strings.TrimSpace(id+" "+role+" "+key))
}

func (d *directory) Person(id string) *people.Person {
	if d.asked != nil {
		d.asked()
	}
	return d.persons[id]
}

func (d *directory) Like(id string) string {
	for own := range d.persons {
		if strings.EqualFold(own, id) {
			return own
		}
	}
	return ""
}
func (d *directory) Program(id string) *people.Program { return d.programs[id] }
func (d *directory) RolesUntil(id string, _ int64) (first int64) {
	if p := d.persons[id]; p != nil {
		for _, h := range p.Roles {
			if h.Until != 0 && (first == 0 || h.Until < first) {
				first = h.Until
			}
		}
	}
	return first
}

func (d *directory) Roles(id string, now int64) (out []string) {
	for _, h := range d.persons[id].Roles {
		if h.Until == 0 || now < h.Until {
			out = append(out, h.Name)
		}
	}
	return out
}

// house is a service with its directory, shelf, clock and diary.
type house struct {
	*testing.T
	*tokens.Service
	dir    *directory
	shelf  *booktest.Shelf
	desk   *book.Desk
	now    time.Time
	unsure bool
	diary  strings.Builder
	keys   map[string]jose.SigningKey // by id
	ended  map[string]bool            // sessions
	parted map[string]bool            // sessions whose identity is their person's no more
	ours   map[string]bool            // people for whom no issuer speaks
	word   func(id, issuer, subject string) people.Word
	turn   uint64
	over   []string // tokens that ended before their time
	issuer issuers
}

// issuers accepts tokens that are the name of a person.
type issuers struct{ known map[string]*caller.Caller }

func (i *issuers) Authenticate(r *http.Request) (*caller.Caller, error) {
	_, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if c := i.known[token]; c != nil {
		return c, nil
	}
	return nil, &caller.Refusal{Reason: caller.BadIssuer}
}

const public = "https://modicum.example"

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{T: t, shelf: &booktest.Shelf{}, now: time.Date(2026, 11, 27, 9, 0, 0, 0, time.UTC), keys: map[string]jose.SigningKey{}, ended: map[string]bool{}}
	h.dir = &directory{
		persons: map[string]*people.Person{
			"alice": {ID: "alice", Name: "Alice Example", Active: true, Department: "ward-3", Roles: []people.Held{{Name: "nurse"}}, Practitioners: []string{"Practitioner/a1"}},
			"olga":  {ID: "olga", Name: "Olga Example", Active: true},
		},
		programs: map[string]*people.Program{},
	}
	for _, id := range []string{"claims", "labs"} {
		h.dir.programs[id] = &people.Program{
			ID: id, Owner: "olga", Role: "billing-specialist", Task: "work-denial", Active: true, Until: h.now.Add(90 * 24 * time.Hour).UnixMicro(),
			Scopes: []string{"system/Claim.rs", "system/Observation.rs?category=laboratory", "system/Patient.r"},
			Keys:   []people.Key{h.key(jose.ES384, elliptic.P384(), 0)},
		}
	}
	h.restart()
	return h
}

// key makes a key that is good for a while.
func (h *house) key(alg jose.SignatureAlgorithm, curve elliptic.Curve, until time.Duration) people.Key {
	var signer crypto.Signer
	var err error
	if curve != nil {
		signer, err = ecdsa.GenerateKey(curve, rand.Reader)
	} else {
		signer, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	if err != nil {
		h.Fatal(err)
	}
	jwk := jose.JSONWebKey{Key: signer.Public(), Algorithm: string(alg), Use: "sig"}
	sum, err := jwk.Thumbprint(crypto.SHA256)
	if err != nil {
		h.Fatal(err)
	}
	text, err := json.Marshal(jwk)
	if err != nil {
		h.Fatal(err)
	}
	id := base64.RawURLEncoding.EncodeToString(sum)
	h.keys[id] = jose.SigningKey{Algorithm: alg, Key: signer}
	if until == 0 {
		until = 30 * 24 * time.Hour
	}
	return people.Key{ID: id, JWK: text, Since: h.now.Add(-time.Hour).UnixMicro(), Until: h.now.Add(until).UnixMicro()}
}

// restart opens the service anew over the same shelf.
func (h *house) restart() {
	h.Helper()
	at, _ := url.Parse(public)
	h.desk = book.NewDesk(h.shelf)
	var err error
	h.Service, err = tokens.Open(h.Context(), tokens.Config{
		Desk: h.desk, People: h.dir, Issuers: &h.issuer, Policy: sample, Public: at, Strong: func(_, acr string) bool { return acr == "phr" },
		Now:     func() (time.Time, bool) { return h.now, !h.unsure },
		Session: func(id string) bool { return !h.ended[id] }, Rests: func(id string) bool { return !h.parted[id] }, Ours: func(id string) bool { return h.ours[id] },
		Word: func(id, issuer, subject string) people.Word {
			if h.word == nil {
				return people.Unsaid
			}
			return h.word(id, issuer, subject)
		},
		Diary: slog.New(slog.NewTextHandler(&h.diary, nil)),
		Turn:  func() uint64 { h.turn++; return h.turn },
		OnEnd: func(id string) { h.over = append(h.over, id) },
	})
	if err != nil {
		h.Fatal(err)
	}
}

func (h *house) issue(w tokens.Want) string {
	h.Helper()
	if w.For == 0 {
		w.For = 30 * time.Minute
	}
	if w.Client == "" {
		w.Client = tokens.Console
	}
	token, _, err := h.Issue(h.Context(), w)
	if err != nil {
		h.Fatal(err)
	}
	return token
}

// ask authenticates a request with a token, from an address.
func (h *house) ask(token string, from ...string) (*caller.Caller, error) {
	r := httptest.NewRequest("GET", "/fhir/Patient/p1", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	r.RemoteAddr = "10.1.2.3:4567"
	if len(from) > 0 {
		r.RemoteAddr = from[0] + ":4567"
	}
	return h.Authenticate(r)
}

// refused demands the one answer that every bad token gets, and a reason in the diary.
func (h *house) refused(token string, why caller.Reason, from ...string) {
	h.Helper()
	c, err := h.ask(token, from...)
	var refusal *caller.Refusal
	if !errors.As(err, &refusal) || refusal.Reason != why || !errors.Is(err, problem.Token) {
		h.Errorf("got %+v, %v, want a refusal for: %v", c, err, why)
	}
}

// post sends a form, and gives status and answer.
func (h *house) post(path string, f url.Values) (int, map[string]any) {
	h.Helper()
	r := httptest.NewRequest("POST", path, strings.NewReader(f.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.RemoteAddr = "10.1.2.3:4567"
	w := httptest.NewRecorder()
	h.Handler().ServeHTTP(w, r)
	var out map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		h.Fatalf("%d: %v", w.Code, err)
	}
	if w.Header().Get("Cache-Control") != "no-store" {
		h.Error("the answer may be cached")
	}
	return w.Code, out
}

// claims are those of a good assertion of a program.
func (h *house) claims(program string) map[string]any {
	return map[string]any{
		"iss": program, "sub": program, "aud": public + "/oauth/token", "jti": rand.Text(),
		"iat": h.now.Unix(), "exp": h.now.Add(time.Minute).Unix(),
	}
}

// sign makes an assertion with a key, by its id.
func (h *house) sign(kid string, claims map[string]any) string {
	h.Helper()
	signer, err := jose.NewSigner(h.keys[kid], (&jose.SignerOptions{}).WithType("JWT").WithHeader("kid", kid))
	if err != nil {
		h.Fatal(err)
	}
	text, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		h.Fatal(err)
	}
	return text
}

func (h *house) form(assertion, scope string) url.Values {
	return url.Values{
		"grant_type": {"client_credentials"}, "scope": {scope}, "client_assertion": {assertion},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
	}
}

// programToken signs a program in.
func (h *house) programToken(program string) string {
	h.Helper()
	p := h.dir.programs[program]
	status, answer := h.post("/oauth/token", h.form(h.sign(p.Keys[0].ID, h.claims(program)), ""))
	if status != http.StatusOK {
		h.Fatalf("%d %v", status, answer)
	}
	return answer["access_token"].(string)
}

func (h *house) acts(name string) (n int) {
	for _, e := range h.shelf.Entries() {
		if a, ok := e.(*ledger.Act); ok && a.Act == name {
			n++
		}
	}
	return n
}

func TestATokenSaysWhoseItIsAndForWhat(t *testing.T) {
	h := newHouse(t)
	token := h.issue(tokens.Want{Person: "alice", Session: "s1", Task: "give-care", How: []string{"hwk"}, ACR: "strong", Proved: h.now.UnixMicro()})
	c, err := h.ask(token)
	if err != nil {
		t.Fatal(err)
	}
	if c.ID != "alice" || c.Task != "nurse/give-care" || !slices.Equal(c.Roles, []string{"nurse"}) || c.Dept != "ward-3" ||
		!slices.Equal(c.Practitioners, []string{"Practitioner/a1"}) || c.Network != "10.1.2.3" || c.Program || c.ACR != "strong" {
		t.Errorf("got %+v", c)
	}
	if !slices.Equal(h.dir.used, []string{"alice nurse"}) {
		t.Errorf("the directory heard of the use as %v", h.dir.used)
	}
	h.restart()
	if _, err := h.ask(token); err != nil {
		t.Errorf("after a restart: %v", err)
	}
}

func TestK1_OnlyTheHashOfATokenIsKeptAndNothingSaysIt(t *testing.T) {
	h := newHouse(t)
	token := h.issue(tokens.Want{Person: "alice", Task: "give-care"})
	program := h.programToken("claims")
	h.refused(token+"x", caller.Revoked)
	for _, secret := range []string{token, program} {
		core := secret[len(secret)-20:]
		for _, kind := range []string{"token", "assertion"} {
			pages, _ := h.shelf.Pages(t.Context(), kind)
			closed, _ := h.shelf.Closed(t.Context(), kind, "", "", 100)
			for _, p := range slices.Concat(pages, closed) {
				if strings.Contains(string(p.Body), core) || strings.Contains(p.ID, core) {
					t.Errorf("a page of kind %s holds a token", kind)
				}
			}
		}
		for _, e := range h.shelf.Entries() {
			if text, _ := ledger.Encode(e); strings.Contains(string(text), core) {
				t.Error("the record holds a token")
			}
		}
		if strings.Contains(h.diary.String(), core) {
			t.Error("the diary holds a token")
		}
	}
}

func TestK2_ATokenEndsWithItsTimeAndNeverOutlivesIt(t *testing.T) {
	h := newHouse(t)
	token := h.issue(tokens.Want{Person: "alice", Task: "give-care", For: 10 * time.Minute})
	h.now = h.now.Add(10*time.Minute - time.Microsecond)
	if _, err := h.ask(token); err != nil {
		t.Errorf("before its end: %v", err)
	}
	h.now = h.now.Add(time.Microsecond)
	h.refused(token, caller.BadTimes)
	h.now, h.unsure = h.now.Add(-time.Minute), true
	h.refused(token, caller.ClockUnsure)
}

func TestK2_WhatIsNotGivenOut(t *testing.T) {
	h := newHouse(t)
	h.dir.persons["gone"] = &people.Person{ID: "gone"}
	for _, tt := range []struct {
		name string
		want tokens.Want
		err  error
	}{
		{"to nobody", tokens.Want{Person: "nobody", For: time.Minute}, tokens.ErrGone},
		{"to somebody who left", tokens.Want{Person: "gone", For: time.Minute}, tokens.ErrGone},
		{"for a task of another", tokens.Want{Person: "alice", Task: "work-denial", For: time.Minute}, tokens.ErrTask},
		{"for more than an hour", tokens.Want{Person: "alice", For: 61 * time.Minute, Client: tokens.Console}, tokens.ErrLong},
		{"to the command line for more than eight", tokens.Want{Person: "alice", For: 481 * time.Minute, Client: tokens.CLI}, tokens.ErrLong},
		{"for no time", tokens.Want{Person: "alice"}, tokens.ErrLong},
		{"in a session that ended", tokens.Want{Person: "alice", For: time.Minute, Session: "over"}, tokens.ErrGone},
	} {
		h.ended["over"] = true
		if _, _, err := h.Issue(t.Context(), tt.want); !errors.Is(err, tt.err) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	h.unsure = true
	if _, _, err := h.Issue(t.Context(), tokens.Want{Person: "alice", For: time.Minute}); !errors.Is(err, tokens.ErrUnsure) {
		t.Errorf("while the time is not certain: %v", err)
	}
	if n := h.acts("token-issued"); n != 0 {
		t.Errorf("%d were given out", n)
	}
}

// TestT8_ATokenIsOfTheIdentityThatWasGiven: at every door another subject of the same name
// is refused, as a person and as who acts for one; and it acts as whom it is.
func TestT8_ATokenIsOfTheIdentityThatWasGiven(t *testing.T) {
	h := newHouse(t)
	const issuer = "https://id.example"
	h.issuer.known = map[string]*caller.Caller{
		"hers": {ID: "alice", Subject: "f81d", Issuer: issuer}, "another": {ID: "alice", Subject: "0000", Issuer: issuer},
		"for": {ID: "bob", Subject: "b", Issuer: issuer, Actor: &caller.Delegation{ID: "alice", Roles: []string{"nurse"}}},
	}
	h.ours = map[string]bool{"alice": true}
	h.word = func(id, _, subject string) people.Word {
		switch {
		case id != "alice":
			return people.Unsaid
		case subject == "f81d":
			return people.Theirs
		}
		return people.Others
	}
	for token, want := range map[string]bool{"hers": true, "another": false, "for": false} {
		if _, err := h.ask(token); (err == nil) != want {
			t.Errorf("%s at a door: %v", token, err)
		}
		r := httptest.NewRequest(http.MethodGet, "/api/me", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		if _, err := h.AuthenticateActor(r); (err == nil) != want {
			t.Errorf("%s at /api/: %v", token, err)
		}
	}
}

// TestT8_ATokenGoesNoFurtherThanTheIdentityOfItsSession: not at a door, and not at /api/;
// that its session is idle ends it not.
func TestT8_ATokenGoesNoFurtherThanTheIdentityOfItsSession(t *testing.T) {
	h := newHouse(t)
	token, other := h.issue(tokens.Want{Person: "alice", Session: "s1"}), h.issue(tokens.Want{Person: "alice", Session: "s2"})
	h.ended["s1"], h.ended["s2"] = true, true // idle
	if _, err := h.ask(token); err != nil {
		t.Fatal(err)
	}
	h.parted = map[string]bool{"s1": true}
	h.refused(token, caller.Revoked)
	if _, err := h.ask(other); err != nil {
		t.Errorf("that of another session: %v", err)
	}
}

// TestT8_AnIssuersTokenDoesNotActAsSomebodyWhoIsKeptHere, nor for them; a token of ours
// does, and records are the issuer's to ask for.
func TestT8_AnIssuersTokenDoesNotActAsSomebodyWhoIsKeptHere(t *testing.T) {
	h := newHouse(t)
	h.issuer.known = map[string]*caller.Caller{
		"theirs": {ID: "alice", Issuer: "https://id.example"}, "for": {ID: "bob", Issuer: "https://id.example", Actor: &caller.Delegation{ID: "alice", Roles: []string{"nurse"}}},
	}
	acts := func(token string) (*caller.Caller, error) {
		r := httptest.NewRequest(http.MethodGet, "/api/me", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		return h.AuthenticateActor(r)
	}
	for token := range h.issuer.known {
		h.ours = nil
		if _, err := acts(token); err != nil {
			t.Errorf("%s, of a page that is the issuer's: %v", token, err)
		}
		h.ours = map[string]bool{"alice": true}
		var no *caller.Refusal
		if _, err := acts(token); !errors.As(err, &no) || no.Reason != caller.BadIssuer {
			t.Errorf("%s acts: %v", token, err)
		}
		if _, err := h.ask(token); err != nil {
			t.Errorf("%s reads no records: %v", token, err)
		}
	}
	if c, err := acts(h.issue(tokens.Want{Person: "alice"})); err != nil || c.ID != "alice" {
		t.Errorf("a token of ours: %v", err)
	}
}

// TestATokenThatEndsWhileItIsShownIsForgotten: its last use would lie in memory for ever.
func TestATokenThatEndsWhileItIsShownIsForgotten(t *testing.T) {
	h := newHouse(t)
	secret, token, err := h.Issue(t.Context(), tokens.Want{Person: "alice", For: time.Hour, Client: tokens.Console})
	if err != nil {
		t.Fatal(err)
	}
	h.dir.asked = func() {
		h.dir.asked = nil
		if err := h.Revoke(t.Context(), "olga", token.ID); err != nil {
			t.Error(err)
		}
	}
	h.ask(secret)
	if h.LastUse(token.ID) != 0 {
		t.Error("what is kept of an ended token stays")
	}
}

func TestG3_AnEndedTokenIsRefusedAtTheNextRequest(t *testing.T) {
	h := newHouse(t)
	mine := func(session string) string {
		return h.issue(tokens.Want{Person: "alice", Session: session, Task: "give-care"})
	}
	first, second, third := mine("s1"), mine("s2"), mine("s2")
	for x := range h.Tokens("alice") {
		if x.Session == "s1" {
			if err := h.Revoke(t.Context(), "alice", x.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	h.refused(first, caller.Revoked)
	if status, _ := h.post("/oauth/revoke", url.Values{"token": {second}}); status != 200 {
		t.Errorf("revocation: %d", status)
	}
	h.refused(second, caller.Revoked)
	err := h.desk.Change(t.Context(), func(c *book.Change) error {
		if n := h.EndSession(c, "s2"); n != 1 {
			t.Errorf("%d ended with the session", n)
		}
		c.Record(&ledger.Act{Act: "signed-out", At: h.now.UnixMicro(), ID: "01999999-0000-7000-8000-000000000000", Who: "alice"})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	h.refused(third, caller.Revoked)
	if len(h.over) != 3 {
		t.Errorf("what is under way with %d of three tokens ends", len(h.over))
	}
	h.restart()
	for _, token := range []string{first, second, third} {
		h.refused(token, caller.Revoked)
	}
}

func TestG6_WhoeverLeftIsRefusedAtTheNextRequestWhoeverMadeTheToken(t *testing.T) {
	h := newHouse(t)
	ours := h.issue(tokens.Want{Person: "alice", Task: "give-care"})
	program := h.programToken("claims")
	h.issuer.known = map[string]*caller.Caller{
		"alice": {ID: "alice", Roles: []string{"physician"}}, "stranger": {ID: "stranger", Roles: []string{"physician"}},
		"claims":    {ID: "claims", Client: "claims", Program: true, Roles: []string{"clearinghouse"}},
		"delegated": {ID: "stranger", Actor: &caller.Delegation{ID: "alice", Roles: []string{"nurse"}}},
	}
	all := []string{ours, program, "alice", "claims", "delegated"}
	for _, token := range append(all, "stranger") {
		if _, err := h.ask(token); err != nil {
			t.Errorf("while they are there: %v", err)
		}
	}
	for _, id := range []string{"alice", "olga"} {
		left := *h.dir.persons[id]
		left.Active = false
		h.dir.persons[id] = &left
	}
	for _, token := range all {
		h.refused(token, caller.Gone)
	}
	if _, err := h.ask("stranger"); err != nil {
		t.Errorf("whom the directory does not know: %v", err)
	}
}

func TestRolesOfTheDirectoryAreAddedToThoseOfTheIssuer(t *testing.T) {
	h := newHouse(t)
	h.issuer.known = map[string]*caller.Caller{"alice": {ID: "alice", Roles: []string{"physician", "nurse"}}}
	c, err := h.ask("alice")
	if err != nil || !slices.Equal(c.Roles, []string{"nurse", "physician"}) {
		t.Errorf("got %v, %v", c, err)
	}
	if got := h.issuer.known["alice"].Roles; len(got) != 2 || got[0] != "physician" {
		t.Error("the issuer's caller, which is shared, was changed")
	}
}

// TestG3_WhatACallerRestsOnIsSaid: the turn before anything was asked, the token, the end of
// the first role that is held for a while.
func TestG3_WhatACallerRestsOnIsSaid(t *testing.T) {
	h := newHouse(t)
	soon := h.now.Add(5 * time.Minute)
	h.dir.persons["alice"].Roles[0].Until = soon.UnixMicro()
	c, err := h.ask(h.issue(tokens.Want{Person: "alice", Task: "give-care"}))
	if err != nil || c.AsOf != h.turn || len(c.Tokens) != 1 || !c.Until.Equal(soon) || !c.Expires.After(soon) {
		t.Errorf("by our token: %+v, %v", c, err)
	}
	h.issuer.known = map[string]*caller.Caller{"alice": {ID: "alice", Roles: []string{"nurse"}}, "zoe": {ID: "zoe"}}
	for _, who := range []string{"alice", "zoe"} {
		if c, err = h.ask(who); err != nil || c.AsOf != h.turn || c.Until.Equal(soon) != (who == "alice") {
			t.Errorf("%s by their issuer's: %+v, %v", who, c, err)
		}
		if h.issuer.known[who].AsOf != 0 {
			t.Error("the issuer's caller, which is shared, was changed")
		}
	}
}

func TestD11_NothingIsAnsweredFromBooksThatMayNotBeWhatWasKept(t *testing.T) {
	h := newHouse(t)
	token := h.issue(tokens.Want{Person: "alice", Task: "give-care"})
	fault := booktest.Lost
	h.shelf.Next = func() booktest.Fault { return fault }
	if _, _, err := h.Issue(t.Context(), tokens.Want{Person: "alice", For: time.Minute}); err == nil {
		t.Fatal("a token that may not be kept was given out")
	}
	if h.desk.Certain() {
		t.Fatal("the desk is certain")
	}
	if _, err := h.ask(token); err != nil || !h.desk.Certain() {
		t.Errorf("after reading again: %v", err)
	}
}

func TestNobodyHoldsTokensWithoutBound(t *testing.T) {
	h := newHouse(t)
	for range 32 {
		h.issue(tokens.Want{Person: "alice"})
	}
	if _, _, err := h.Issue(t.Context(), tokens.Want{Person: "alice", For: time.Minute}); !errors.Is(err, tokens.ErrMany) {
		t.Errorf("got %v", err)
	}
	h.now = h.now.Add(time.Hour)
	h.issue(tokens.Want{Person: "alice"})
	if open, _ := h.shelf.Pages(t.Context(), "token"); len(open) != 1 {
		t.Errorf("%d pages are open, though one token is live", len(open))
	}
}

func TestATokenOfNoTaskOpensNoRecord(t *testing.T) {
	h := newHouse(t)
	c, err := h.ask(h.issue(tokens.Want{Person: "alice"}))
	if err != nil || c.Task != caller.NoTask {
		t.Errorf("got %+v, %v", c, err)
	}
}

// sorted is what a map says, for comparing answers.
func sorted(m map[string]any) string {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(m)) {
		io.WriteString(&b, k+"="+strings.TrimSpace(strings.ReplaceAll(toJSON(m[k]), "\n", ""))+";")
	}
	return b.String()
}

func toJSON(v any) string { b, _ := json.Marshal(v); return string(b) }

// TestG6_ANameThatLooksLikeALeaversIsNotLetIn: an issuer that writes a name in other
// letters means somebody whom the directory knows, or nobody.
func TestG6_ANameThatLooksLikeALeaversIsNotLetIn(t *testing.T) {
	h := newHouse(t)
	h.issuer.known = map[string]*caller.Caller{
		"1": {ID: "Alice", Issuer: "https://id.example"}, "2": {ID: "alice", Issuer: "https://id.example"}, "3": {ID: "zoe", Issuer: "https://id.example"},
	}
	for token, in := range map[string]bool{"1": false, "2": true, "3": true} {
		r := httptest.NewRequest(http.MethodGet, "/fhir/Patient/p1", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		if _, err := h.Authenticate(r); (err == nil) != in {
			t.Errorf("%s: %v", h.issuer.known[token].ID, err)
		}
	}
}

// TestAPasswordAtTheProviderProvesNobodyPresent: only what the configuration calls strong
// does, as in the console.
func TestAPasswordAtTheProviderProvesNobodyPresent(t *testing.T) {
	h := newHouse(t)
	h.issuer.known = map[string]*caller.Caller{
		"1": {ID: "zoe", Issuer: "https://id.example", ACR: "1", AuthTime: h.now}, "2": {ID: "zoe", Issuer: "https://id.example", ACR: "phr", AuthTime: h.now},
	}
	for token, proved := range map[string]bool{"1": false, "2": true} {
		r := httptest.NewRequest(http.MethodGet, "/api/me", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		c, err := h.Authenticate(r)
		if err != nil || c.Proved.IsZero() == proved {
			t.Errorf("acr %s: %v, %v", h.issuer.known[token].ACR, c, err)
		}
	}
}
