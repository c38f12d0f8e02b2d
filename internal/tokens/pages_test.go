package tokens_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"html"
	"html/template"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"modicum/internal/people"
	"modicum/internal/tokens"
)

// pages are those of the service before a browser in which somebody is signed in.
func (h *house) pages(who string) http.Handler {
	return h.Browser(tokens.Pages{
		Holder: func(context.Context) *tokens.Holder {
			if who == "" {
				return nil
			}
			return &tokens.Holder{Person: who, Session: "s1", How: []string{"hwk"}, Proved: h.now.Add(-h.proof).UnixMicro(), Proofless: h.proofless}
		},
		Show: func(w http.ResponseWriter, _ *http.Request, status int, _ string, body template.HTML) {
			w.WriteHeader(status)
			w.Write([]byte(body))
		},
	})
}

func (h *house) browse(who, method, path string, f url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(f.Encode()))
	r.RemoteAddr = "10.9.9.9:1"
	if method == "POST" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	} else {
		r.URL.RawQuery = f.Encode()
		r.RequestURI = path + "?" + f.Encode()
	}
	w := httptest.NewRecorder()
	h.pages(who).ServeHTTP(w, r)
	return w
}

const verifier = "a-verifier-that-is-as-long-as-the-standard-demands"

// authorization is what a command line on this machine asks for.
func authorization() url.Values {
	sum := sha256.Sum256([]byte(verifier))
	return url.Values{
		"response_type": {"code"}, "client_id": {tokens.CLI}, "redirect_uri": {"http://127.0.0.1:43210/callback"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
		"state": {rand.Text()}, "task": {"give-care"}, "for": {"1800"}, "machine": {"ward-pc-7"},
	}
}

func with(f url.Values, name, value string) url.Values {
	f.Set(name, value)
	return f
}

// code gives the code that the browser takes back to the command line.
func (h *house) code(f url.Values) string {
	h.Helper()
	w := h.browse("alice", "POST", "/sign-in/authorize", with(f, "answer", "yes"))
	to, err := url.Parse(strings.TrimPrefix(w.Header().Get("Refresh"), "0; url="))
	if err != nil || w.Code != 200 || to.Host != "127.0.0.1:43210" || to.Query().Get("state") != f.Get("state") || to.Query().Get("iss") != public {
		h.Fatalf("%d %v %s", w.Code, to, w.Body)
	}
	return to.Query().Get("code")
}

func redeem(code string) url.Values {
	return url.Values{
		"grant_type": {"authorization_code"}, "client_id": {tokens.CLI}, "code": {code},
		"redirect_uri": {"http://127.0.0.1:43210/callback"}, "code_verifier": {verifier},
	}
}

func TestACommandLineGetsATokenThroughTheBrowser(t *testing.T) {
	h := newHouse(t)
	f := authorization()
	w := h.browse("alice", "GET", "/sign-in/authorize", f)
	for _, want := range []string{"Alice Example", "nurse/give-care", "30 minutes", "ward-pc-7", "10.9.9.9"} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("the page does not say %s: %s", want, w.Body)
		}
	}
	if h.acts("token-issued") != 0 || w.Header().Get("Refresh") != "" {
		t.Error("looking at the page did something (C1)")
	}
	status, answer := h.post("/oauth/token", redeem(h.code(f)))
	if status != 200 || answer["expires_in"] != 1800.0 || answer["task"] != "nurse/give-care" || answer["who"] != "alice" {
		t.Fatalf("%d %v", status, answer)
	}
	c, err := h.ask(answer["access_token"].(string))
	if err != nil || c.ID != "alice" || c.Client != tokens.CLI || c.AMR[0] != "hwk" {
		t.Errorf("got %+v, %v", c, err)
	}
}

func TestK2_ACodeIsGoodOnceForWhoeverAskedAndSoon(t *testing.T) {
	for _, tt := range []struct {
		name string
		edit func(h *house, f url.Values)
	}{
		{"a second time", func(h *house, f url.Values) { h.post("/oauth/token", f) }},
		{"by somebody without the verifier", func(_ *house, f url.Values) { f.Set("code_verifier", strings.Repeat("x", 43)) }},
		{"with no verifier", func(_ *house, f url.Values) { f.Del("code_verifier") }},
		{"for another port", func(_ *house, f url.Values) { f.Set("redirect_uri", "http://127.0.0.1:43211/callback") }},
		{"after a minute", func(h *house, _ url.Values) { h.now = h.now.Add(time.Minute) }},
		{"by another program", func(_ *house, f url.Values) { f.Set("client_id", "claims") }},
		{"when the session is over", func(h *house, _ url.Values) { h.ended["s1"] = true }},
		{"when the person has left", func(h *house, _ url.Values) { h.dir.persons["alice"] = &people.Person{ID: "alice"} }},
		{"when the role is gone", func(h *house, _ url.Values) {
			h.dir.persons["alice"] = &people.Person{ID: "alice", Active: true}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHouse(t)
			f := redeem(h.code(authorization()))
			tt.edit(h, f)
			if status, answer := h.post("/oauth/token", f); status != 400 || answer["access_token"] != nil {
				t.Errorf("got %d %v", status, answer)
			}
			if tt.name != "a second time" {
				if status, _ := h.post("/oauth/token", f); status == 200 {
					t.Error("a code that was shown wrongly is good afterwards")
				}
			}
		})
	}
}

func TestAWrongAddressSendsNobodyAnywhere(t *testing.T) {
	for name, f := range map[string]url.Values{
		"another machine":       with(authorization(), "redirect_uri", "http://198.51.100.7:43210/callback"),
		"a name of it":          with(authorization(), "redirect_uri", "http://localhost.example:43210/callback"),
		"a page of ours":        with(authorization(), "redirect_uri", public+"/callback"),
		"another path":          with(authorization(), "redirect_uri", "http://127.0.0.1:43210/elsewhere"),
		"somebody before it":    with(authorization(), "redirect_uri", "http://127.0.0.1:43210@evil.example/callback"),
		"a port of a system":    with(authorization(), "redirect_uri", "http://127.0.0.1:80/callback"),
		"another program":       with(authorization(), "client_id", "claims"),
		"a plain challenge":     with(authorization(), "code_challenge_method", "plain"),
		"no challenge":          with(authorization(), "code_challenge", ""),
		"no state":              with(authorization(), "state", ""),
		"a token at once":       with(authorization(), "response_type", "token"),
		"a proof of no age":     with(authorization(), "max_age", "0"),
		"an age that is none":   with(authorization(), "max_age", "soon"),
		"for a week":            with(authorization(), "for", "604800"),
		"a task of another":     with(authorization(), "task", "work-denial"),
		"a task that is a page": with(authorization(), "task", "<script>"),
	} {
		for _, method := range []string{"GET", "POST"} {
			h := newHouse(t)
			w := h.browse("alice", method, "/sign-in/authorize", with(f, "answer", "yes"))
			if method == "POST" && name == "a task of another" {
				continue // said when the code is redeemed
			}
			f.Del("answer")
			if w.Code != 400 || w.Header().Get("Refresh") != "" || w.Header().Get("Location") != "" || strings.Contains(w.Body.String(), "<script>") {
				t.Errorf("%s %s: %d %v %s", method, name, w.Code, w.Header(), w.Body)
			}
		}
	}
}

func TestNoIsToldToTheCommandLine(t *testing.T) {
	h := newHouse(t)
	w := h.browse("alice", "POST", "/sign-in/authorize", with(authorization(), "answer", "no"))
	if to := w.Header().Get("Refresh"); !strings.Contains(to, "error=access_denied") || strings.Contains(to, "code=") {
		t.Errorf("got %s", to)
	}
}

func TestWhoeverIsNotSignedInComesBackAfterwards(t *testing.T) {
	h := newHouse(t)
	f := authorization()
	w := h.browse("", "GET", "/sign-in/authorize", f)
	to, _ := url.Parse(w.Header().Get("Location"))
	if w.Code != http.StatusSeeOther || to.Path != "/sign-in" || to.Query().Get("to") != "/sign-in/authorize?"+f.Encode() {
		t.Errorf("got %d %v", w.Code, to)
	}
}

// begin is a command line without a browser.
func (h *house) begin() (code, user string) {
	h.Helper()
	return h.beginWith("give-care", "")
}

func (h *house) beginWith(task, maxAge string) (code, user string) {
	h.Helper()
	f := url.Values{"client_id": {tokens.CLI}, "task": {task}, "for": {"900"}, "machine": {"server-room"}}
	if maxAge != "" {
		f.Set("max_age", maxAge)
	}
	status, answer := h.post("/oauth/device", f)
	if status != 200 || answer["verification_uri"] != public+"/sign-in/device" || answer["verification_uri_complete"] != nil {
		h.Fatalf("%d %v", status, answer)
	}
	return answer["device_code"].(string), answer["user_code"].(string)
}

func (h *house) poll(code string) (int, map[string]any) {
	h.Helper()
	h.now = h.now.Add(5 * time.Second)
	return h.post("/oauth/token", url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "client_id": {tokens.CLI}, "device_code": {code}})
}

func TestACommandLineWithoutABrowserGetsATokenForATypedCode(t *testing.T) {
	h := newHouse(t)
	code, user := h.begin()
	if !regexp.MustCompile(`^[B-Z]{4}-[B-Z]{4}$`).MatchString(user) {
		t.Errorf("the code to type is %s", user)
	}
	if _, answer := h.poll(code); answer["error"] != "authorization_pending" {
		t.Errorf("got %v", answer)
	}
	typed := url.Values{"user_code": {strings.ToLower(strings.ReplaceAll(user, "-", " "))}}
	w := h.browse("alice", "POST", "/sign-in/device", typed)
	for _, want := range []string{"server-room", "10.1.2.3", "15 minutes", "Only if you started this yourself", user} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("the page does not say %q: %s", want, w.Body)
		}
	}
	if _, answer := h.poll(code); answer["error"] != "authorization_pending" {
		t.Errorf("typing the code alone gave %v", answer)
	}
	if w := h.browse("alice", "POST", "/sign-in/device", url.Values{"user_code": {user}, "answer": {"yes"}}); w.Code != 200 {
		t.Errorf("yes: %d %s", w.Code, w.Body)
	}
	status, answer := h.poll(code)
	if status != 200 || answer["who"] != "alice" {
		t.Fatalf("%d %v", status, answer)
	}
	if status, _ := h.poll(code); status == 200 {
		t.Error("the code is good twice")
	}
	if w := h.browse("alice", "POST", "/sign-in/device", url.Values{"user_code": {user}, "answer": {"yes"}}); w.Code != 400 {
		t.Errorf("a code that was answered: %d", w.Code)
	}
}

func TestADeviceThatWasRefusedOrForgottenIsTold(t *testing.T) {
	h := newHouse(t)
	code, user := h.begin()
	h.browse("alice", "POST", "/sign-in/device", url.Values{"user_code": {user}, "answer": {"no"}})
	if _, answer := h.poll(code); answer["error"] != "access_denied" {
		t.Errorf("no: %v", answer)
	}
	code, _ = h.begin()
	h.now = h.now.Add(10 * time.Minute)
	if _, answer := h.poll(code); answer["error"] != "expired_token" {
		t.Errorf("ten minutes: %v", answer)
	}
	code, _ = h.begin()
	h.poll(code)
	h.now = h.now.Add(-4 * time.Second)
	if _, answer := h.poll(code); answer["error"] != "slow_down" {
		t.Errorf("too often: %v", answer)
	}
}

func TestNobodyGuessesTheCodeOfAnother(t *testing.T) {
	h := newHouse(t)
	_, user := h.begin()
	for i := range 10 {
		h.browse("olga", "POST", "/sign-in/device", url.Values{"user_code": {"BBBB-BBB" + "BCDFGHJKLM"[i:i+1]}})
	}
	if w := h.browse("olga", "POST", "/sign-in/device", url.Values{"user_code": {user}}); w.Code != 400 || strings.Contains(w.Body.String(), "server-room") {
		t.Errorf("the eleventh code of a minute: %d %s", w.Code, w.Body)
	}
}

func TestCommandLinesThatWaitAreBounded(t *testing.T) {
	h := newHouse(t)
	for i := range 1001 {
		if i%50 == 0 {
			h.now = h.now.Add(time.Second)
		}
		r := httptest.NewRequest("POST", "/oauth/device", strings.NewReader("client_id=modicum-cli&for=60"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.RemoteAddr = "10.0." + strconv.Itoa(i/200) + "." + strconv.Itoa(i%200) + ":1"
		w := httptest.NewRecorder()
		h.Handler().ServeHTTP(w, r)
		if want := map[bool]int{true: 200, false: 429}[i < 1000]; w.Code != want {
			t.Fatalf("number %d: %d", i, w.Code)
		}
	}
}

// A command line that is to approve needs a proof of presence that the session of the
// browser no longer has: signing in by it alone would lead in a circle.
func TestACommandLineMayAskForANewProof(t *testing.T) {
	h := newHouse(t)
	h.proof = 16 * time.Minute
	for age, want := range map[string]int{"": http.StatusOK, "60": http.StatusSeeOther, "3600": http.StatusOK} {
		f := authorization()
		if age != "" {
			f.Set("max_age", age)
		}
		w := h.browse("alice", "GET", "/sign-in/authorize", f)
		to, _ := url.Parse(w.Header().Get("Location"))
		if w.Code != want || want == http.StatusSeeOther && (to.Path != "/sign-in/prove" || to.Query().Get("to") != "/sign-in/authorize?"+f.Encode()) {
			t.Errorf("max_age %q: %d %v", age, w.Code, to)
		}
	}
	code, user := h.beginWith("give-care", "60")
	typed := url.Values{"user_code": {user}}
	if w := h.browse("alice", "POST", "/sign-in/device", typed); !strings.Contains(w.Body.String(), `href="/sign-in/prove?to=%2Fsign-in%2Fdevice"`) || !strings.Contains(w.Body.String(), user) {
		t.Errorf("an old proof: %s", w.Body)
	}
	if _, answer := h.poll(code); answer["error"] != "authorization_pending" {
		t.Errorf("the code is lost while they prove it: %v", answer)
	}
	h.proof = -time.Hour // the clock was put back: it counts nowhere
	if w := h.browse("alice", "GET", "/sign-in/authorize", with(authorization(), "max_age", "60")); w.Code != http.StatusSeeOther {
		t.Errorf("a proof of an hour to come: %d", w.Code)
	}
	h.proof = 0
	if w := h.browse("alice", "POST", "/sign-in/device", typed); !strings.Contains(w.Body.String(), "Give it") {
		t.Errorf("after the proof: %s", w.Body)
	}
}

// Who has no way of proving who they are is told so, and so is the command line, which would
// wait for ten minutes.
func TestACommandLineIsToldThatNobodyCanProveAnything(t *testing.T) {
	h := newHouse(t)
	h.proof, h.proofless = 16*time.Minute, true
	if w := h.browse("alice", "GET", "/sign-in/authorize", authorization()); !strings.Contains(w.Body.String(), "Give it") {
		t.Errorf("where no new proof is asked for: %s", w.Body)
	}
	f := with(authorization(), "max_age", "60")
	w := h.browse("alice", "GET", "/sign-in/authorize", f)
	back := regexp.MustCompile(`href="(http://127[^"]+)"`).FindStringSubmatch(w.Body.String())
	if w.Code != http.StatusOK || back == nil || !strings.Contains(w.Body.String(), "register a passkey") {
		t.Fatalf("in the browser of this machine: %d %s", w.Code, w.Body)
	}
	to, err := url.Parse(html.UnescapeString(back[1]))
	if err != nil || to.Host != "127.0.0.1:43210" || to.Query().Get("error") != "unmet_authentication_requirements" || to.Query().Get("state") != f.Get("state") || to.Query().Get("iss") != public {
		t.Errorf("the command line is told %v", to)
	}
	code, user := h.beginWith("give-care", "60")
	if w := h.browse("alice", "POST", "/sign-in/device", url.Values{"user_code": {user}}); !strings.Contains(w.Body.String(), "register a passkey") {
		t.Errorf("by a code: %s", w.Body)
	}
	if _, answer := h.poll(code); answer["error"] != "unmet_authentication_requirements" {
		t.Errorf("the command line waits: %v", answer)
	}
}

func TestATaskThatNobodyHasIsSaidAtOnceWithThoseThatTheyHave(t *testing.T) {
	h := newHouse(t)
	if w := h.browse("alice", "GET", "/sign-in/authorize", with(authorization(), "task", "give-car")); w.Code != 400 || !strings.Contains(w.Body.String(), "modicum login --task nurse/give-care") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	code, user := h.beginWith("give-car", "")
	if w := h.browse("alice", "POST", "/sign-in/device", url.Values{"user_code": {user}}); w.Code != 400 || !strings.Contains(w.Body.String(), "modicum login --task nurse/give-care") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if _, answer := h.poll(code); answer["error"] != "invalid_scope" {
		t.Errorf("the command line goes on waiting: %v", answer)
	}
}
