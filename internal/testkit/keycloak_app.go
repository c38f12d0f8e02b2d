package testkit

import (
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// SmartApp is a public client of the realm that signs people in by the code flow with PKCE.
type SmartApp struct {
	ID, Redirect string
	Scopes       []string          // client scopes that it may ask for; each is made
	Claims       map[string]string // constant claims of its tokens, patient also beside them, as SMART has it
}

// Register makes the realm know an application.
func (r *Realm) Register(tb testing.TB, a SmartApp) {
	tb.Helper()
	admin := r.admin(tb)
	mappers := []map[string]any{
		mapper("oidc-audience-mapper", map[string]string{"included.custom.audience": r.Audience, "access.token.claim": "true"}),
		mapper("oidc-group-membership-mapper", map[string]string{"claim.name": "groups", "full.path": "false", "access.token.claim": "true"}),
	}
	for name, value := range a.Claims {
		mappers = append(mappers, mapper("oidc-hardcoded-claim-mapper", map[string]string{
			"claim.name": name, "claim.value": value, "jsonType.label": "String",
			"access.token.claim": "true", "id.token.claim": "true", "access.tokenResponse.claim": "true",
		}))
	}
	client := admin.do(http.MethodPost, "/clients", map[string]any{
		"clientId": a.ID, "enabled": true, "publicClient": true, "standardFlowEnabled": true, "directAccessGrantsEnabled": false,
		"redirectUris": []string{a.Redirect}, "attributes": map[string]string{"pkce.code.challenge.method": "S256"}, "protocolMappers": mappers,
	}, nil)
	for _, name := range a.Scopes {
		scope := admin.do(http.MethodPost, "/client-scopes", map[string]any{"name": name, "protocol": "openid-connect", "attributes": map[string]string{"include.in.token.scope": "true"}}, nil)
		admin.do(http.MethodPut, "/clients/"+client+"/optional-client-scopes/"+scope, nil, nil)
	}
}

// mapper makes a claim of a client's tokens.
func mapper(kind string, config map[string]string) map[string]any {
	return map[string]any{"name": kind + config["claim.name"], "protocol": "openid-connect", "protocolMapper": kind, "config": config}
}

var formAction = regexp.MustCompile(`<form[^>]*action="([^"]+)"`)

// Launch is what a browser does with an application's launch address: it follows to the
// realm's page, signs the person in there, and follows back. It returns the last answer.
func (r *Realm) Launch(tb testing.TB, address, person string) (status int, body []byte) {
	tb.Helper()
	jar, _ := cookiejar.New(nil)
	browser := &http.Client{Jar: jar}
	read := func(res *http.Response, err error) (int, []byte) {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil {
			tb.Fatal(err)
		}
		return res.StatusCode, b
	}
	status, page := read(browser.Get(address))
	form := formAction.FindSubmatch(page)
	if form == nil || !strings.Contains(string(page), "password") {
		tb.Fatalf("no page to sign in: %d %s", status, page[:min(len(page), 2000)])
	}
	return read(browser.PostForm(html.UnescapeString(string(form[1])), url.Values{"username": {person}, "password": {person}}))
}
