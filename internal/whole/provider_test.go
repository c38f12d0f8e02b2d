package whole_test

import (
	"context"
	"encoding/base32"
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/pquerna/otp/totp"

	"modicum/internal/testkit"
)

// portOf is an address on which nothing listens: who sends a browser back to us must
// know where that is before we listen.
func portOf(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	return port
}

// visitor is somebody at a real browser.
type visitor struct {
	t    *testing.T
	ctx  context.Context
	home string
}

func newVisitor(t *testing.T, home string) *visitor {
	v := &visitor{t, testkit.Chromium(t), home}
	if err := chromedp.Do(v.ctx); err != nil { // the browser lives as long as what first uses it
		t.Fatal(err)
	}
	return v
}

func (v *visitor) do(actions ...chromedp.Action[chromedp.Void]) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.ctx, 30*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		v.t.Fatalf("%v\n%s", err, v.text())
	}
}

func (v *visitor) text() string {
	text, _ := chromedp.Run(v.ctx, chromedp.Evaluate[string](`location.href + "\n" + document.body.innerText`))
	return text
}

func (v *visitor) open(path string) { v.t.Helper(); v.do(chromedp.Navigate(v.home + path)) }

// follow follows the link or presses the button that says so.
func (v *visitor) follow(says string) {
	v.t.Helper()
	v.do(chromedp.Click(fmt.Sprintf(`//a[contains(., %q)] | //button[contains(., %[1]q)]`, says)))
}

func (v *visitor) until(says string) {
	v.t.Helper()
	v.do(chromedp.WaitVisible(fmt.Sprintf(`//main//*[contains(text(), %q)]`, says)))
}

// password signs in at the realm's own page.
func (v *visitor) password(person string) {
	v.t.Helper()
	v.do(chromedp.WaitVisible("#kc-login"))
	// Who is asked again is not asked for all of it.
	if asked, _ := chromedp.Run(v.ctx, chromedp.Evaluate[bool](`!!document.querySelector("#password")`)); !asked {
		return
	}
	if named, _ := chromedp.Run(v.ctx, chromedp.Evaluate[bool](`!!document.querySelector("#username:not([type=hidden]):not([readonly])")`)); named {
		v.do(chromedp.SetValue("#username", person))
	}
	v.do(chromedp.SendKeys("#password", person), chromedp.Click("#kc-login"))
}

// code types a one-time password.
func (v *visitor) code(secret string) {
	v.t.Helper()
	code, err := totp.GenerateCode(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString([]byte(secret)), time.Now())
	if err != nil {
		v.t.Fatal(err)
	}
	v.do(chromedp.SendKeys("#otp", code), chromedp.Click("#kc-login"))
}

// TestPeopleOfKeycloakAtTheConsole: a real browser, a real provider, the command: groups
// are roles for as long as the provider says them, a proof counts where the provider says
// that two factors gave it, and who is logged out there is logged out here.
func TestPeopleOfKeycloakAtTheConsole(t *testing.T) {
	testkit.Need(t, testkit.Browser)
	realm := testkit.StartKeycloak(t)
	here := "localhost:" + portOf(t)
	public, issuer := "http://"+here, strings.Replace(realm.URL, "127.0.0.1", "localhost", 1)
	i := install(t, fmt.Sprintf(`data: ./data
policy: ./policy
listen: %s
public: %s
admin: 127.0.0.1:0
issuers:
  - issuer: "%s"
    audience: "%s"
    person: preferred_username
    algorithms: [RS256]
    roles_claim: groups
    roles: {hospital-doctors: physician, hospital-nurses: nurse}
    client: {id: modicum-console}
    strong: ["%s"]
fhir: {base: /fhir, upstream: http://127.0.0.1:9}
facts: {files: ["facts/*.ndjson"]}
ledger: {origin: modicum.hospital.example/main, key: data/ledger.key}
`, here, public, issuer, realm.Audience, testkit.TwoFactors))
	i.start(t)
	const secret, physician, nurse = "0123456789abcdefghij", "Physician and advanced practitioner", "Nurse"
	realm.AddConsole(t, testkit.RealmConsole{
		ID: "modicum-console", Redirect: public + "/sign-in/oidc", LogOut: public + "/oauth/back-channel-logout", SignedOut: public + "/sign-in/oidc/out",
	})
	realm.StepsUp(t, "alice", secret)
	alice := newVisitor(t, public)

	alice.open("/my")
	alice.follow("Sign in with localhost")
	alice.password("alice")
	alice.code(secret)
	alice.until("What your tasks show")
	if said := alice.text(); !strings.Contains(said, physician) || strings.Contains(said, nurse) {
		t.Errorf("a physician sees\n%s", said)
	}

	t.Run("step-up", func(t *testing.T) {
		alice.t = t
		before := acts(t, i, "proved-again")
		alice.open("/sign-in/prove?" + url.Values{"to": {"/my"}}.Encode())
		alice.follow("Prove it at localhost")
		alice.password("alice")
		alice.code(secret)
		alice.until("What your tasks show")
		if n := acts(t, i, "proved-again"); n != before+1 {
			t.Errorf("%d proofs on record, were %d", n, before)
		}
		realm.SaysNoLevels(t)
		alice.open("/sign-in/prove?" + url.Values{"to": {"/my"}}.Encode())
		alice.follow("Prove it at localhost")
		alice.password("alice")
		alice.code(secret)
		alice.do(chromedp.WaitVisible(`//h1[contains(., "not strong enough")]`))
		if n := acts(t, i, "proved-again"); n != before+1 {
			t.Errorf("what the provider does not call two factors is proof: %d on record", n)
		}
	})
	t.Run("log-out there", func(t *testing.T) {
		alice.t = t
		alice.open("/my")
		alice.until("What your tasks show")
		realm.LogOut(t, "alice")
		alice.open("/my") // the provider has told before it answered its administrator
		alice.do(chromedp.WaitVisible(`//h1[contains(., "Sign in")]`))
	})
	t.Run("groups", func(t *testing.T) {
		alice.t = t
		realm.Leave(t, "alice", "hospital-doctors")
		realm.Join(t, "alice", "hospital-nurses")
		alice.open("/my")
		alice.follow("Sign in with localhost")
		alice.password("alice")
		alice.code(secret)
		alice.until("What your tasks show")
		if said := alice.text(); strings.Contains(said, physician) || !strings.Contains(said, nurse) {
			t.Errorf("a nurse sees\n%s", said)
		}
		realm.Leave(t, "alice", "hospital-nurses")
		realm.LogOut(t, "alice")
		alice.open("/my")
		alice.follow("Sign in with localhost")
		alice.password("alice")
		alice.code(secret)
		alice.until("You hold no role with a task yet")
	})
}

// acts is how many acts of a name are on record.
func acts(t *testing.T, i *installation, name string) int {
	t.Helper()
	_, out := i.run(t, "ledger", "search", "--kind", "act", "--limit", "10000", "--json", "--config", i.config())
	return strings.Count(out, `"act":"`+name+`"`)
}
