package testkit

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"path"
	"testing"
)

// realmAdmin is the realm's administration, over HTTP.
type realmAdmin struct {
	tb    testing.TB
	at    string
	token string
}

func (r *Realm) admin(tb testing.TB) *realmAdmin {
	tb.Helper()
	return &realmAdmin{tb, r.server + "/admin/realms/staff", r.tokens(tb, r.server+"/realms/master", "admin-cli", "admin").Access}
}

// do sends one request and reads its answer into into, where it is not nil. id is the last
// part of the address of what was made.
func (a *realmAdmin) do(method, at string, body, into any) (id string) {
	a.tb.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		a.tb.Fatal(err)
	}
	req, err := http.NewRequestWithContext(a.tb.Context(), method, a.at+at, bytes.NewReader(text))
	if err != nil {
		a.tb.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+a.token)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		a.tb.Fatal(err)
	}
	defer res.Body.Close()
	said, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode >= 300 {
		a.tb.Fatalf("Keycloak: %s %s: %s %s", method, at, res.Status, said)
	}
	if into != nil {
		if err := json.Unmarshal(said, into); err != nil {
			a.tb.Fatalf("Keycloak: %s %s: %v", method, at, err)
		}
	}
	return path.Base(res.Header.Get("Location"))
}

// named is what the administration lists.
type named struct{ ID, Name, Username string }

// user is the id of the person of a name.
func (a *realmAdmin) user(name string) string {
	a.tb.Helper()
	var found []named
	a.do(http.MethodGet, "/users?"+url.Values{"username": {name}, "exact": {"true"}}.Encode(), nil, &found)
	if len(found) != 1 {
		a.tb.Fatalf("Keycloak: %d people are %s", len(found), name)
	}
	return found[0].ID
}

// group is the id of the group of a name.
func (a *realmAdmin) group(name string) string {
	a.tb.Helper()
	var found []named
	a.do(http.MethodGet, "/groups?"+url.Values{"search": {name}, "exact": {"true"}}.Encode(), nil, &found)
	if len(found) != 1 {
		a.tb.Fatalf("Keycloak: %d groups are %s", len(found), name)
	}
	return found[0].ID
}

// Join puts a person into a group.
func (r *Realm) Join(tb testing.TB, person, group string) {
	tb.Helper()
	a := r.admin(tb)
	a.do(http.MethodPut, "/users/"+a.user(person)+"/groups/"+a.group(group), nil, nil)
}

// Leave takes a person out of a group.
func (r *Realm) Leave(tb testing.TB, person, group string) {
	tb.Helper()
	a := r.admin(tb)
	a.do(http.MethodDelete, "/users/"+a.user(person)+"/groups/"+a.group(group), nil, nil)
}

// LogOut ends every session that a person has at the realm, as an administrator does: it
// tells each client of it that has an address for that (Back-Channel Logout 1.0).
func (r *Realm) LogOut(tb testing.TB, person string) {
	tb.Helper()
	a := r.admin(tb)
	a.do(http.MethodPost, "/users/"+a.user(person)+"/logout", nil, nil)
}
