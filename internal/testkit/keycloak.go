package testkit

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// Keycloak is the identity provider that many hospitals run, with the realm of tools/real/keycloak/realm.json: alice and
// nemo, whose password is their name, and the clients app, whose tokens are for Audience, and other-app.
const Keycloak Part = "keycloak"

// Realm is a running Keycloak. URL is the issuer; discovery and keys lie where OpenID says.
type Realm struct {
	URL      string
	Audience string
	server   string
}

// Tokens are those that one log-in gives.
type Tokens struct {
	Access  string `json:"access_token"`
	ID      string `json:"id_token"`
	Refresh string `json:"refresh_token"`
}

// StartKeycloak starts a Keycloak that ends with the test. It costs 20 s and half a GiB.
func StartKeycloak(tb testing.TB) *Realm {
	tb.Helper()
	Need(tb, Keycloak)
	found, err := filepath.Glob(filepath.Join(cacheDir(), string(Keycloak), "dist", "keycloak-*", "bin", "kc.sh"))
	if err != nil || len(found) != 1 {
		tb.Fatalf("keycloak: %d distributions, %v", len(found), err)
	}
	port := FreePort(tb) // Keycloak does not say which port it took
	address := "127.0.0.1:" + port
	cmd := exec.Command(found[0], "start", "--optimized", "--http-enabled=true", "--http-host=127.0.0.1", "--http-port="+port,
		"--hostname-strict=false", "--cache=local", "--import-realm")
	cmd.Env = append(os.Environ(), "KC_BOOTSTRAP_ADMIN_USERNAME=admin", "KC_BOOTSTRAP_ADMIN_PASSWORD=admin",
		"JAVA_OPTS_KC_HEAP=-Xms64m -Xmx400m", "JAVA_OPTS_APPEND=-XX:TieredStopAtLevel=1")
	p, err := launch("Keycloak", cmd)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { p.stop(0) })
	r := &Realm{URL: "http://" + address + "/realms/staff", Audience: "https://modicum.test", server: "http://" + address}
	r.wait(tb, p)
	return r
}

func (r *Realm) wait(tb testing.TB, p *process) {
	tb.Helper()
	end, tick := time.After(5*time.Minute), time.NewTicker(500*time.Millisecond)
	defer tick.Stop()
	for {
		if res, err := http.Get(r.URL + "/.well-known/openid-configuration"); err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case <-tick.C:
		case <-p.done:
			tb.Fatalf("Keycloak ended: %v\n%s", p.err, p.log)
		case <-end:
			tb.Fatalf("Keycloak does not answer\n%s", p.log)
		}
	}
}

// LogIn gives the tokens of a person at a client.
func (r *Realm) LogIn(tb testing.TB, client, person string) Tokens {
	tb.Helper()
	return r.tokens(tb, r.URL, client, person)
}

func (r *Realm) tokens(tb testing.TB, realm, client, person string) (t Tokens) {
	tb.Helper()
	res, err := http.PostForm(realm+"/protocol/openid-connect/token", url.Values{
		"grant_type": {"password"}, "client_id": {client}, "username": {person}, "password": {person}, "scope": {"openid"},
	})
	if err != nil {
		tb.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&t); err != nil || t.Access == "" {
		tb.Fatalf("log %s in: %s: %v", person, res.Status, err)
	}
	return t
}

// Rotate makes the realm sign with a new key; the old one stays published.
func (r *Realm) Rotate(tb testing.TB) {
	tb.Helper()
	r.admin(tb).do(http.MethodPost, "/components", map[string]any{
		"name": "rotated", "providerId": "rsa-generated", "providerType": "org.keycloak.keys.KeyProvider", "config": map[string][]string{"priority": {"200"}},
	}, nil)
}
