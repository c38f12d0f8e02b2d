package demo

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"modicum/internal/people"
	"modicum/internal/sandbox"
)

// programs are three: claims, whose owner will leave; one that asks for more than its
// task can use; one that nobody uses.
func (d *demo) programs(ctx context.Context) error {
	now, _ := d.clock.now()
	for _, p := range []people.Program{
		{ID: "claims-out", Title: "Claims to the clearinghouse", Owner: sandbox.Leaver.ID, Why: "sends each night what billing has released", Task: "send-claims", Scopes: []string{"system/Claim.r", "system/Coverage.r", "system/Patient.r"}, Networks: []string{"10.20.0.0/16"}},
		{ID: "lab-orders", Title: "Orders to the reference laboratory", Owner: integrator, Why: "takes orders out and results back", Task: "exchange-lab", Scopes: []string{"system/*.cruds"}, Networks: []string{"10.20.0.0/16"}},
		{ID: "registry-feed", Title: "Results for the trauma registry", Owner: sandbox.Leaver.ID, Why: "a pilot of last summer", Task: "exchange-lab", Scopes: []string{"system/Observation.r"}, Networks: []string{"10.20.7.0/24"}},
	} {
		p.Role, p.Until = "service-integration", now.Add(390*day).UnixMicro()
		if _, err := d.server.People().AddProgram(ctx, as(peopleOwner), &p); err != nil {
			return err
		}
		if err := d.addKey(ctx, p.Owner, p.ID, now.Add(180*day)); err != nil {
			return err
		}
	}
	return nil
}

// addKey registers a key. Its private half lies in memory alone, for as long as the week
// is lived: nobody signs in with it afterwards.
func (d *demo) addKey(ctx context.Context, owner, program string, until time.Time) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	jwk, err := json.Marshal(jose.JSONWebKey{Key: key.Public(), Algorithm: "ES256", Use: "sig"})
	if err != nil {
		return err
	}
	made, err := d.server.People().AddKey(ctx, as(owner), program, jwk, until.UnixMicro())
	if err != nil {
		return err
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, (&jose.SignerOptions{}).WithType("JWT").WithHeader("kid", made.ID))
	if d.signers == nil {
		d.signers = map[string]jose.Signer{}
	}
	d.signers[program] = signer
	return err
}

// runs is what a program does: signs in by its key, from its own network, and asks.
func (w *week) runs(program string, paths ...string) func(context.Context) error {
	return func(ctx context.Context) error {
		token, err := w.signIn(ctx, program)
		if err != nil {
			return err
		}
		for _, path := range paths {
			r := httptest.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1/fhir/"+path, nil)
			r.Header.Set("Authorization", "Bearer "+token)
			if status, body := w.fromNetwork(r); status == http.StatusUnauthorized || status >= http.StatusInternalServerError {
				return fmt.Errorf("%s asks for %s: %d %s", program, path, status, body)
			}
		}
		return nil
	}
}

// signIn gets a program's token (SMART Backend Services).
func (w *week) signIn(ctx context.Context, program string) (string, error) {
	now, _ := w.clock.now()
	assertion, err := jwt.Signed(w.signers[program]).Claims(map[string]any{
		"iss": program, "sub": program, "aud": w.public + "/oauth/token", "jti": rand.Text(), "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(),
	}).Serialize()
	if err != nil {
		return "", err
	}
	form := url.Values{
		"grant_type": {"client_credentials"}, "client_assertion": {assertion}, "client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
		"scope": {strings.Join(w.server.People().Program(program).Scopes, " ")},
	}
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "http://127.0.0.1/oauth/token", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	status, body := w.fromNetwork(r)
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || answer.Token == "" {
		return "", fmt.Errorf("%s signs in: %d %s", program, status, body)
	}
	return answer.Token, nil
}

func (w *week) fromNetwork(r *http.Request) (int, string) {
	r.RemoteAddr = "10.20.3.4:4000"
	answer := httptest.NewRecorder()
	w.door.ServeHTTP(answer, r)
	return answer.Code, answer.Body.String()
}
