package testkit

import (
	"encoding/json"
	"net/http"
	"testing"
)

// RealmConsole is a public client, held to PKCE, that signs people in to web pages.
type RealmConsole struct {
	ID, Redirect string
	LogOut       string // address for log-out tokens
	SignedOut    string // address to which a browser comes back after it signed out there
}

// AddConsole makes the realm know a console. Its ID tokens say people's groups.
func (r *Realm) AddConsole(tb testing.TB, c RealmConsole) {
	tb.Helper()
	r.admin(tb).do(http.MethodPost, "/clients", map[string]any{
		"clientId": c.ID, "enabled": true, "publicClient": true, "standardFlowEnabled": true, "directAccessGrantsEnabled": false,
		"redirectUris": []string{c.Redirect},
		"attributes": map[string]string{
			"pkce.code.challenge.method": "S256", "backchannel.logout.url": c.LogOut, "backchannel.logout.session.required": "true",
			"post.logout.redirect.uris": c.SignedOut, "acr.loa.map": `{"` + OneFactor + `":1,"` + TwoFactors + `":2}`,
		},
		"protocolMappers": []map[string]any{mapper("oidc-group-membership-mapper", map[string]string{
			"claim.name": "groups", "full.path": "false", "access.token.claim": "true", "id.token.claim": "true",
		})},
	}, nil)
}

// What the realm says in acr once it StepsUp.
const (
	OneFactor  = "urn:one-factor"
	TwoFactors = "urn:two-factors"
)

// StepsUp gives a person a one-time password (RFC 6238) of this secret, and makes the
// realm ask for it wherever an application asks for TwoFactors. A code may be used again.
func (r *Realm) StepsUp(tb testing.TB, person, secret string) {
	tb.Helper()
	a := r.admin(tb)
	const flow, forms = "step-up", "step-up-forms"
	a.do(http.MethodPost, "/authentication/flows", map[string]any{"alias": flow, "providerId": "basic-flow", "topLevel": true, "builtIn": false}, nil)
	a.sub(flow, forms, "ALTERNATIVE")
	a.level(forms, "1", "auth-username-password-form")
	a.level(forms, "2", "auth-otp-form")
	a.do(http.MethodPut, "", map[string]any{
		"browserFlow": flow, "otpPolicyType": "totp", "otpPolicyAlgorithm": "HmacSHA1", "otpPolicyDigits": 6, "otpPolicyPeriod": 30,
		"otpPolicyLookAheadWindow": 1, "otpPolicyCodeReusable": true,
	}, nil)
	a.oneTime(person, secret)
}

// sub puts a flow into a flow.
func (a *realmAdmin) sub(in, name, requirement string) {
	a.tb.Helper()
	a.do(http.MethodPost, "/authentication/flows/"+in+"/executions/flow", map[string]string{"alias": name, "type": "basic-flow", "provider": "registration-page-form", "description": ""}, nil)
	a.require(in, name, "", requirement)
}

// level is a step of a flow that is taken where its level is asked for. A level proves
// nothing beyond the log-in that reached it.
func (a *realmAdmin) level(in, level, step string) {
	a.tb.Helper()
	name := in + level
	a.sub(in, name, "CONDITIONAL")
	for _, provider := range []string{"conditional-level-of-authentication", step} {
		a.do(http.MethodPost, "/authentication/flows/"+name+"/executions/execution", map[string]string{"provider": provider}, nil)
		a.require(name, "", provider, "REQUIRED")
	}
	for _, e := range a.steps(name) {
		if e["providerId"] == "conditional-level-of-authentication" {
			a.do(http.MethodPost, "/authentication/executions/"+e["id"].(string)+"/config", map[string]any{
				"alias": name, "config": map[string]string{"loa-condition-level": level, "loa-max-age": "0"},
			}, nil)
		}
	}
}

func (a *realmAdmin) steps(flow string) (out []map[string]any) {
	a.tb.Helper()
	a.do(http.MethodGet, "/authentication/flows/"+flow+"/executions", nil, &out)
	return out
}

// require says of a step or a flow within a flow whether it must be gone through.
func (a *realmAdmin) require(in, name, provider, requirement string) {
	a.tb.Helper()
	for _, e := range a.steps(in) {
		if name != "" && e["displayName"] == name || provider != "" && e["providerId"] == provider {
			e["requirement"] = requirement
			a.do(http.MethodPut, "/authentication/flows/"+in+"/executions", e, nil)
			return
		}
	}
	a.tb.Fatalf("Keycloak: the flow %s has no %s%s", in, name, provider)
}

// oneTime makes a person anew, with the password of their name and a one-time password.
func (a *realmAdmin) oneTime(person, secret string) {
	a.tb.Helper()
	var was map[string]any
	id := a.user(person)
	a.do(http.MethodGet, "/users/"+id, nil, &was)
	var groups []named
	a.do(http.MethodGet, "/users/"+id+"/groups", nil, &groups)
	a.do(http.MethodDelete, "/users/"+id, nil, nil)
	kept, err := json.Marshal(map[string]string{"value": secret})
	if err != nil {
		a.tb.Fatal(err)
	}
	was["credentials"] = []map[string]any{
		{"type": "password", "value": person, "temporary": false},
		{"type": "otp", "secretData": string(kept), "credentialData": `{"subType":"totp","digits":6,"period":30,"algorithm":"HmacSHA1"}`},
	}
	delete(was, "id")
	id = a.do(http.MethodPost, "/users", was, nil)
	for _, g := range groups {
		a.do(http.MethodPut, "/users/"+id+"/groups/"+g.ID, nil, nil)
	}
}

// SaysNoLevels makes the realm ask for both factors and never say so, as one does whose
// flow of signing in knows no levels.
func (r *Realm) SaysNoLevels(tb testing.TB) {
	tb.Helper()
	r.admin(tb).do(http.MethodPut, "", map[string]any{"browserFlow": "browser"}, nil)
}
