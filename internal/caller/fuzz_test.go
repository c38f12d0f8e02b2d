package caller_test

import (
	"bytes"
	"encoding/json"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// FuzzClaims: of what our issuer really signed, only a token for us, within its
// time, said once, is accepted; and the caller is whom it names. The header and
// the claims are mutated, and then signed, so that this looks behind the signature.
func FuzzClaims(f *testing.F) {
	v := verifier(f)
	f.Add(es256, string(payload(nil)))
	f.Add(es256, string(payload(map[string]any{"aud": []string{"other", "modicum"}, "scope": "user/*.rs", "fhirUser": "Practitioner/dr1", "acr": "urn:mfa", "amr": []string{"otp"}})))
	f.Add(es256, string(payload(map[string]any{"act": map[string]any{"sub": "bot", "groups": []string{"nurse"}}, "dept": "w3", "nbf": noon.Unix()})))
	f.Add(`{"alg":"ES256","kid":"e1","typ":"at+jwt","x":[1]}`, string(payload(map[string]any{"exp": 1.7e18, "cnf": map[string]any{}})))
	f.Add(`{"alg":"RS256","kid":"e1","typ":"JWT"}`, `{"iss":"https://id.example/staff","iss":"https://id.example/staff"}`)
	f.Fuzz(func(t *testing.T, header, claims string) {
		c, err := v.Verify(t.Context(), sign(header, []byte(claims), idp.es))
		if err != nil {
			return
		}
		head, body := object(t, header), object(t, claims)
		if head["alg"] != "ES256" || head["jwk"] != nil || head["jku"] != nil || head["crit"] != nil || head["b64"] != nil {
			t.Errorf("accepted under the header %q", header)
		}
		if body["iss"] != "https://id.example/staff" || !slices.Contains(list(body["aud"]), "modicum") || body["cnf"] != nil || body["events"] != nil {
			t.Errorf("accepted, though not ours to take: %q", claims)
		}
		if !after(body["exp"], noon.Unix()-11) || after(body["iat"], noon.Unix()+11) || body["nbf"] != nil && after(body["nbf"], noon.Unix()+11) {
			t.Errorf("accepted out of its time: %q", claims)
		}
		if body["sub"] != c.ID {
			t.Errorf("%q became %q", claims, c.ID)
		}
		for _, r := range c.Roles {
			if !slices.Contains(list(body["groups"]), r) {
				t.Errorf("role %q is not in %q", r, claims)
			}
		}
	})
}

// object reads with the standard library, after jsontext found no name twice.
func object(t *testing.T, text string) map[string]any {
	t.Helper()
	if d := jsontext.NewDecoder(strings.NewReader(text)); d.SkipValue() != nil {
		t.Fatalf("accepted what is not strict JSON: %q", text)
	}
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	var m map[string]any
	if err := d.Decode(&m); err != nil {
		t.Fatalf("accepted %q: %v", text, err)
	}
	return m
}

func list(v any) (out []string) {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		for _, one := range v {
			s, _ := one.(string)
			out = append(out, s)
		}
	}
	return out
}

// after reports whether a NumericDate lies after a second; no number does not.
func after(v any, second int64) bool {
	n, ok := v.(json.Number)
	if !ok {
		return false
	}
	f, _, err := big.ParseFloat(n.String(), 10, 100, big.ToNearestEven)
	return err == nil && f.Cmp(big.NewFloat(float64(second))) > 0
}
