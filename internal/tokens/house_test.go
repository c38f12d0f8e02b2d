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

// house is a service with its directory, shelf, clock and diary.
type house struct {
	*testing.T
	*tokens.Service
	dir       *directory
	shelf     *booktest.Shelf
	desk      *book.Desk
	now       time.Time
	proof     time.Duration // how long ago whoever sits at the browser proved who they are
	proofless bool          // they have no way of proving it
	unsure    bool
	diary     strings.Builder
	keys      map[string]jose.SigningKey // by id
	ended     map[string]bool            // sessions
	parted    map[string]bool            // sessions whose identity is their person's no more
	ours      map[string]bool            // people for whom no issuer speaks
	word      func(id, issuer, subject string) people.Word
	turn      uint64
	over      []string // tokens that ended before their time
	issuer    issuers
}

// issuers accepts tokens that are the name of a person, and knows the same of each as long
// as it is there.
type issuers struct{ known map[string]*caller.Caller }

func (i *issuers) Authenticate(r *http.Request) (*caller.Caller, error) {
	_, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if c := i.known[token]; c != nil {
		own := *c
		return &own, nil
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
	return h.signAs(kid, h.keys[kid], claims)
}

// signAs makes an assertion with any key, under any id; "" names none.
func (h *house) signAs(kid string, key jose.SigningKey, claims map[string]any) string {
	h.Helper()
	o := (&jose.SignerOptions{}).WithType("JWT")
	if kid != "" {
		o = o.WithHeader("kid", kid)
	}
	signer, err := jose.NewSigner(key, o)
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

// sorted is what a map says, for comparing answers.
func sorted(m map[string]any) string {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(m)) {
		io.WriteString(&b, k+"="+strings.TrimSpace(strings.ReplaceAll(toJSON(m[k]), "\n", ""))+";")
	}
	return b.String()
}

func toJSON(v any) string { b, _ := json.Marshal(v); return string(b) }
