package serve_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"modicum/internal/config"
	"modicum/internal/line"
	"modicum/internal/people"
	"modicum/internal/sandbox"
	"modicum/internal/tokens"
)

// rig is an installation before a server whose list of conditions takes long to come to
// its end, with a listener that notes what is written when.
type rig struct {
	*site
	tap   *tap
	web   *http.Server
	ann   people.Actor
	given map[int]string // what was given to a holder: a grant, a token, a key
}

// endless answers a list of conditions with records of 1 MB each, all of which show, until
// nobody wants more; everything else is the sandbox's.
func endless() http.Handler {
	rest := sandbox.NewServer()
	sandbox.Fill(rest, time.Now())
	text := strings.Repeat(" as before", 100_000)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/Condition") {
			rest.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/fhir+json")
		io.WriteString(w, `{"resourceType":"Bundle","type":"searchset","entry":[`)
		for i := range 200 {
			comma := map[bool]string{true: "", false: ","}[i == 0]
			if _, err := fmt.Fprintf(w, `%s{"resource":{"resourceType":"Condition","id":"c%d","code":{"text":"asthma%s"},"subject":{"reference":"Patient/p1"}}}`, comma, i, text); err != nil {
				return
			}
		}
		io.WriteString(w, `]}`)
	})
}

// tap is a listener whose connections note what is written.
type tap struct {
	net.Listener
	mu    sync.Mutex
	conns map[string]*tapped // by the other side's address
}

type tapped struct {
	*line.Conn
	mu      sync.Mutex
	writes  []amount // the last of them
	breaks  bool     // whoever closes it now drops what the system holds
	hurried bool     // a write failed, or was about to, while it did not
}

// amount is how many bytes went by, and when they had.
type amount struct {
	At int64 // nanoseconds since 1970
	N  int
}

func (t *tap) Accept() (net.Conn, error) {
	c, err := t.Listener.Accept()
	if err != nil {
		return nil, err
	}
	conn := &tapped{Conn: c.(*line.Conn)}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.conns[c.RemoteAddr().String()] = conn
	return conn, nil
}

func (t *tapped) Write(b []byte) (int, error) {
	n, err := t.Conn.Write(b)
	if n > 0 {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.writes = append(t.writes, amount{time.Now().UnixNano(), n})
		t.writes = t.writes[max(0, len(t.writes)-256):]
	}
	return n, err
}

func (t *tapped) SetLinger(seconds int) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.breaks = seconds == 0
	return t.Conn.SetLinger(seconds)
}

func (t *tapped) SetWriteDeadline(at time.Time) error {
	t.mu.Lock()
	t.hurried = t.hurried || !at.IsZero() && at.Before(time.Now()) && !t.breaks
	t.mu.Unlock()
	return t.Conn.SetWriteDeadline(at)
}

func (t *tapped) wasHurried() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.hurried
}

// ReadFrom would pass Write by.
func (t *tapped) ReadFrom(r io.Reader) (int64, error) { return io.Copy(struct{ io.Writer }{t}, r) }

// after is what went by since a moment, and when the last of it did.
func after(all []amount, at int64) (last int64, bytes int) {
	for _, a := range all {
		if a.At > at {
			last, bytes = a.At, bytes+a.N
		}
	}
	return last, bytes
}

// of is the connection of another side.
func (t *tap) of(address string) *tapped {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.conns[address]
}

func (t *tap) after(address string, at int64) (last int64, bytes int) {
	c := t.of(address)
	c.mu.Lock()
	defer c.mu.Unlock()
	return after(c.writes, at)
}

func newRig(t testing.TB, up *url.URL) *rig {
	t.Helper()
	r := &rig{site: newSite(t), ann: people.Actor{ID: "ann"}, given: map[int]string{}}
	r.stop()
	r.policy.put(law)
	r.config.SignIn.Shift = 12 * time.Hour
	if up != nil {
		r.config.FHIR.Upstream = up
	}
	secret := filepath.Join(r.dir, "scim.token")
	writeFile(t, secret, provisioning+"\n")
	r.config.SCIM = &config.SCIM{TokenFiles: []string{secret}, Person: "userName"}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.config.Public = "http://" + ln.Addr().String()
	r.start()
	r.main.Close()
	r.tap = &tap{Listener: line.Listener(ln), conns: map[string]*tapped{}}
	var serving sync.WaitGroup
	handler := r.server.Handler()
	r.web = &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		serving.Add(1)
		defer serving.Done()
		handler.ServeHTTP(w, req)
	})}
	line.Know(r.web)
	go r.web.Serve(r.tap)
	r.main = &httptest.Server{URL: r.config.Public, Listener: ln, Config: r.web}
	t.Cleanup(func() { r.web.Close(); serving.Wait() })
	if _, err := r.server.People().First(t.Context(), &people.Person{UserName: "ann", Name: "Ann"}); err != nil {
		t.Fatal(err)
	}
	return r
}

// law is the policy: a hospital with two hundred programs.
var law = strings.Replace(emergencies, "ask: {for", programs()+"ask: {for", 1) + robots

func programs() string {
	out := "programs:\n"
	for i := range most {
		out += fmt.Sprintf("  %s: {title: Laboratory interface, owner: boss, role: robot, task: results, key: private-key-jwt, rotate: 90 days}\n", holder(i))
	}
	return out
}

// most is how many streams there are at once.
const most = 200

const provisioning = "a-token-of-the-tests-provisioning-client-0123456789"

func holder(i int) string { return fmt.Sprintf("w%d", i) }

// looksAfter says that holders look after p1, in one body.
func (r *rig) looksAfter(n int) {
	var lines strings.Builder
	for i := range n {
		lines.WriteString(assignment(holder(i), false, 0))
		fmt.Fprintf(&lines, `{"fact":"shift","who":"%s","source":"roster","recorded_by":"roster"}`+"\n", holder(i))
	}
	r.must(r.posted(lines.String()))
}

func (r *rig) posted(body string) error {
	if status, text := r.post(body); status != http.StatusOK {
		return fmt.Errorf("facts: %d %s", status, text)
	}
	return nil
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// issued is a token of the organization's issuer, as of a moment.
func (r *rig) issued(i int, role string, at time.Time) string {
	token, err := r.issuer.Token(sandbox.Person{ID: holder(i), Role: role}, sandbox.Ward, at)
	r.must(err)
	return token
}

// member is a holder in the directory, with the role of a clinician.
func (r *rig) member(i int) {
	d := r.server.People()
	_, err := d.Add(r.t.Context(), r.ann, &people.Person{UserName: holder(i), Name: holder(i), Active: true})
	r.must(err)
	r.must(d.Give(r.t.Context(), r.ann, people.Gift{Person: holder(i), Kind: people.Role, Name: "clinician", Why: "works here"}))
}

// glass is broken by a holder who does not look after p1.
func (r *rig) glass(i int) {
	status, _, body := r.get(holder(i), "/fhir/Patient/p1", "Modicum-Purpose", "ETREAT", "Modicum-Reason", "lobby%20arrest")
	if status != http.StatusOK {
		r.t.Fatalf("glass: %d %s", status, body)
	}
	r.given[i] = r.server.Lent().Grants(holder(i))[0].ID
}

// provision sends what a provisioning client does.
func (r *rig) provision(method, path, body string) (out struct{ ID string }) {
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.main.URL+"/scim/v2"+path, strings.NewReader(body))
	r.must(err)
	req.Header.Set("Authorization", "Bearer "+provisioning)
	req.Header.Set("Content-Type", "application/scim+json")
	res, err := http.DefaultClient.Do(req)
	r.must(err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if r.must(err); res.StatusCode >= 300 {
		r.t.Fatalf("provisioning: %d %s", res.StatusCode, text)
	}
	_ = json.Unmarshal(text, &out)
	return out
}

// form posts a form without a token.
func (r *rig) form(path string, f url.Values) []byte {
	res, err := http.PostForm(r.main.URL+path, f)
	r.must(err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if r.must(err); res.StatusCode != http.StatusOK {
		r.t.Fatalf("%s: %d %s", path, res.StatusCode, text)
	}
	return text
}

// program is a holder that is a program; it signs in with its key.
func (r *rig) program(i int) string {
	d, now := r.server.People(), time.Now()
	_, err := d.AddProgram(r.t.Context(), r.ann, &people.Program{
		ID: holder(i), Title: "Laboratory", Owner: "ann", Why: "orders", Role: "robot", Task: "results", Scopes: []string{"system/Condition.rs"}, Until: now.Add(300 * 24 * time.Hour).UnixMicro(),
	})
	r.must(err)
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	r.must(err)
	public, err := jose.JSONWebKey{Key: key.Public()}.MarshalJSON()
	r.must(err)
	k, err := d.AddKey(r.t.Context(), r.ann, holder(i), public, now.Add(100*24*time.Hour).UnixMicro())
	r.must(err)
	r.given[i] = k.ID
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES384, Key: key}, (&jose.SignerOptions{}).WithType("JWT").WithHeader("kid", k.ID))
	r.must(err)
	assertion, err := jwt.Signed(signer).Claims(map[string]any{
		"iss": holder(i), "sub": holder(i), "aud": r.config.Public + "/oauth/token", "jti": rand.Text(), "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(),
	}).Serialize()
	r.must(err)
	var out struct {
		Token string `json:"access_token"`
	}
	r.must(json.Unmarshal(r.form("/oauth/token", url.Values{
		"grant_type": {"client_credentials"}, "scope": {"system/Condition.rs"}, "client_assertion": {assertion},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
	}), &out))
	return out.Token
}

// taking is one way in which a right ends. before makes ready for so many holders, open
// returns the token with which one asks, take ends the right of one (of all, where it is
// all) and returns when that is acknowledged; due is when it ends by itself.
type taking struct {
	name   string
	all    bool
	before func(r *rig, n int)
	open   func(r *rig, i int) string
	take   func(r *rig, i int)
	due    func(r *rig, now time.Time) time.Time // nil: somebody takes it
}

func looksAfter(r *rig, n int) { r.looksAfter(n) }

func clinician(r *rig, i int) string { return r.issued(i, "clinician", time.Now()) }

func member(r *rig, i int) string { r.member(i); return r.issued(i, "visitor", time.Now()) }

func glass(r *rig, i int) string { r.glass(i); return clinician(r, i) }

// soon is how long before its end a right is used that ends by itself.
var soon = 3 * time.Second

var takings = []taking{
	{name: "a grant is taken back", open: glass, take: func(r *rig, i int) {
		r.must(r.server.Lent().GiveBack(context.Background(), people.Actor{ID: holder(i)}, r.given[i]))
	}},
	{name: "a grant is over", all: true, open: glass, due: func(r *rig, now time.Time) time.Time { // it was broken for two hours
		r.site.mu.Lock()
		defer r.site.mu.Unlock()
		r.site.skew = 2*time.Hour - soon
		return now.Add(soon)
	}},
	{name: "a person leaves, by SCIM", before: looksAfter, open: func(r *rig, i int) string {
		r.given[i] = r.provision(http.MethodPost, "/Users", fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"%s","active":true}`, holder(i))).ID
		return clinician(r, i)
	}, take: func(r *rig, i int) {
		r.provision(http.MethodPatch, "/Users/"+r.given[i], `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"active","value":false}]}`)
	}},
	{name: "a person leaves, by the console", before: looksAfter, open: member, take: func(r *rig, i int) {
		r.must(r.server.People().Deactivate(context.Background(), r.ann, holder(i), ""))
	}},
	{name: "a role is taken", before: looksAfter, open: member, take: func(r *rig, i int) {
		r.must(r.server.People().Take(context.Background(), r.ann, people.Which{Person: holder(i), Kind: people.Role, Name: "clinician"}))
	}},
	{name: "a token is revoked", before: looksAfter, open: func(r *rig, i int) string {
		r.member(i)
		token, _, err := r.server.Tokens().Issue(context.Background(), tokens.Want{Person: holder(i), Task: "chart", For: time.Hour, Client: tokens.CLI})
		r.must(err)
		r.given[i] = token
		return token
	}, take: func(r *rig, i int) { r.form("/oauth/revoke", url.Values{"token": {r.given[i]}}) }},
	{name: "a token is over", all: true, before: looksAfter, open: clinician, due: func(r *rig, now time.Time) time.Time {
		r.site.mu.Lock()
		defer r.site.mu.Unlock()
		r.site.skew = 0
		return now.Add(soon)
	}},
	{name: "a fact is withdrawn", before: looksAfter, open: clinician, take: func(r *rig, i int) {
		past := time.Now().Add(-time.Minute).UTC().Format(time.RFC3339)
		r.must(r.posted(strings.Replace(assignment(holder(i), false, 0), `"source"`, `"until":"`+past+`","source"`, 1)))
	}},
	{name: "a program's key is taken", before: looksAfter, open: func(r *rig, i int) string { return r.program(i) }, take: func(r *rig, i int) {
		r.must(r.server.People().TakeKey(context.Background(), r.ann, holder(i), r.given[i]))
	}},
	{name: "another policy", all: true, before: looksAfter, open: clinician, take: func(r *rig, _ int) {
		r.policy.put(strings.Replace(law, "say: The chart.", "say: The chart, and nothing else.", 1))
		r.must(r.server.Reload(context.Background()))
	}},
}

// stream opens a long answer and reads so much of it.
func (r *rig) stream(token string, n int64) (net.Conn, error) {
	conn, err := small.Dial("tcp", r.tap.Addr().String())
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(conn, "GET /fhir/Condition?patient=p1&_count=100 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", token)
	head := make([]byte, 15)
	if _, err := io.ReadFull(conn, head); err != nil || string(head) != "HTTP/1.1 200 OK" {
		conn.SetReadDeadline(time.Now().Add(time.Second))
		rest, _ := io.ReadAll(conn)
		return conn, fmt.Errorf("%q, %v: %.900s", head, err, rest)
	}
	_, err = io.CopyN(io.Discard, conn, n)
	return conn, err
}

// TestG3_WhateverIsTakenAwayCutsItsStreamOffAndNoOther: through the whole server, each way
// in which a right ends. Whoever hears that it is done knows that nothing more is written,
// though the client reads on.
func TestG3_WhateverIsTakenAwayCutsItsStreamOffAndNoOther(t *testing.T) {
	up := httptest.NewServer(endless())
	defer up.Close()
	base, err := url.Parse(up.URL + "/fhir")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range takings {
		if tt.due != nil {
			continue // by the clock of the gate: internal/gate
		}
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, base)
			if tt.before != nil {
				tt.before(r, 2)
			}
			var conns []net.Conn
			for i := range 2 {
				conn, err := r.stream(tt.open(r, i), 64<<10)
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				conns = append(conns, conn)
			}
			tt.take(r, 0)
			at := time.Now().UnixNano()
			n, err := io.Copy(io.Discard, conns[0])
			if err == nil {
				t.Errorf("%d bytes more, and a neat end", n)
			}
			if r.tap.of(conns[0].LocalAddr().String()).wasHurried() { // net/http closes it then
				t.Error("its write was made to fail before what the system holds was dropped")
			}
			if _, more := r.tap.after(conns[0].LocalAddr().String(), at); more > 64<<10 { // a write that was under way
				t.Errorf("%d bytes were written after it was acknowledged", more)
			}
			_, err = io.CopyN(io.Discard, conns[1], 8<<20)
			if (err != nil) != tt.all {
				t.Errorf("the other stream: %v", err)
			}
		})
	}
}
