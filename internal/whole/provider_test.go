package whole_test

import (
	"encoding/base32"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/pquerna/otp/totp"

	"modicum/internal/testkit"
)

// visitor is somebody who signs in at the realm's own pages.
type visitor struct{ *testkit.Visitor }

// password signs in at the realm's own page.
func (v visitor) password(person string) {
	v.TB.Helper()
	v.Do(chromedp.WaitVisible("#kc-login"))
	// Who is asked again is not asked for all of it.
	if asked, _ := chromedp.Run(v.Ctx, chromedp.Evaluate[bool](`!!document.querySelector("#password")`)); !asked {
		return
	}
	if named, _ := chromedp.Run(v.Ctx, chromedp.Evaluate[bool](`!!document.querySelector("#username:not([type=hidden]):not([readonly])")`)); named {
		v.Do(chromedp.SetValue("#username", person))
	}
	v.Do(chromedp.SendKeys("#password", person), chromedp.Click("#kc-login"))
}

// code types a one-time password.
func (v visitor) code(secret string) {
	v.TB.Helper()
	code, err := totp.GenerateCode(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString([]byte(secret)), time.Now())
	if err != nil {
		v.TB.Fatal(err)
	}
	v.Do(chromedp.SendKeys("#otp", code), chromedp.Click("#kc-login"))
}

// TestPeopleOfKeycloakAtTheConsole: a real browser, a real provider, the command: groups
// are roles for as long as the provider says them, a proof counts where the provider says
// that two factors gave it, and who is logged out there is logged out here.
func TestPeopleOfKeycloakAtTheConsole(t *testing.T) {
	testkit.Need(t, testkit.Browser)
	realm := testkit.StartKeycloak(t)
	here := "localhost:" + testkit.FreePort(t)
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
	alice := visitor{testkit.NewVisitor(t, public)}

	alice.Open("/my")
	alice.Follow("Sign in with localhost")
	alice.password("alice")
	alice.code(secret)
	alice.Sees("What your tasks show")
	if said := alice.Text(); !strings.Contains(said, physician) || strings.Contains(said, nurse) {
		t.Errorf("a physician sees\n%s", said)
	}

	t.Run("step-up", func(t *testing.T) {
		alice.TB = t
		before := acts(t, i, "proved-again")
		alice.Open("/sign-in/prove?" + url.Values{"to": {"/my"}}.Encode())
		alice.Follow("Prove it at localhost")
		alice.password("alice")
		alice.code(secret)
		alice.Sees("What your tasks show")
		if n := acts(t, i, "proved-again"); n != before+1 {
			t.Errorf("%d proofs on record, were %d", n, before)
		}
		realm.SaysNoLevels(t)
		alice.Open("/sign-in/prove?" + url.Values{"to": {"/my"}}.Encode())
		alice.Follow("Prove it at localhost")
		alice.password("alice")
		alice.code(secret)
		alice.Until("not strong enough")
		if n := acts(t, i, "proved-again"); n != before+1 {
			t.Errorf("what the provider does not call two factors is proof: %d on record", n)
		}
	})
	t.Run("log-out there", func(t *testing.T) {
		alice.TB = t
		alice.Open("/my")
		alice.Sees("What your tasks show")
		realm.LogOut(t, "alice")
		alice.Open("/my") // the provider has told before it answered its administrator
		alice.Until("Sign in")
	})
	t.Run("groups", func(t *testing.T) {
		alice.TB = t
		realm.Leave(t, "alice", "hospital-doctors")
		realm.Join(t, "alice", "hospital-nurses")
		alice.Open("/my")
		alice.Follow("Sign in with localhost")
		alice.password("alice")
		alice.code(secret)
		alice.Sees("What your tasks show")
		if said := alice.Text(); strings.Contains(said, physician) || !strings.Contains(said, nurse) {
			t.Errorf("a nurse sees\n%s", said)
		}
		realm.Leave(t, "alice", "hospital-nurses")
		realm.LogOut(t, "alice")
		alice.Open("/my")
		alice.Follow("Sign in with localhost")
		alice.password("alice")
		alice.code(secret)
		alice.Sees("You hold no role with a task yet")
	})
}

// acts is how many acts of a name are on record.
func acts(t *testing.T, i *installation, name string) int {
	t.Helper()
	_, out := i.run(t, "ledger", "search", "--kind", "act", "--limit", "10000", "--json", "--config", i.config())
	return strings.Count(out, `"act":"`+name+`"`)
}
