package whole_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// signer signs the tokens of the canary's hospital.
var signer = sync.OnceValue(func() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
})

func keySet(t *testing.T) []byte {
	t.Helper()
	b, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: signer().Public(), KeyID: "k1", Algorithm: "ES256", Use: "sig"}}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// token is one of somebody in a role; changes alter its claims.
func (s *scene) token(sub, role string, changes ...func(map[string]any)) string {
	now := time.Now()
	claims := map[string]any{
		"iss": "https://id.hospital.example/staff", "aud": "modicum", "sub": sub, "groups": []string{role}, "client_id": "app",
		"iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(), "jti": cClaim, "email": cClaim + "@x.example",
	}
	for _, change := range changes {
		change(claims)
	}
	made, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: signer(), KeyID: "k1"}}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		panic(err)
	}
	token, err := jwt.Signed(made).Claims(claims).Serialize()
	if err != nil {
		panic(err)
	}
	s.tokens = append(s.tokens, token)
	return token
}

// send asks, and keeps what an answer of 400 and more holds, and the headers of all.
func (s *scene) send(t *testing.T, name, method, path, token, kind, body string, headers ...string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.door+path, strings.NewReader(body))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	req.Header.Set("User-Agent", cAgent)
	req.Header.Set("X-Forwarded-For", cHeader)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		s.errors[name] = nil // the connection was broken, as it should be after a late failure
		return answer{}
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	kept := fmt.Appendf(nil, "%d %v\n", res.StatusCode, res.Header)
	if res.StatusCode >= 400 {
		kept = append(kept, b...)
	}
	s.errors[name] = kept
	return answer{res.StatusCode, res.Header, string(b), res.Header.Get("Modicum-Decision")}
}

// drive asks for everything, rightly and wrongly.
func drive(t *testing.T, s *scene) {
	t.Helper()
	alice := s.token("alice", "physician")
	treat := []string{"Modicum-Task", "treat"}
	eventually(t, "the facts are read and alice sees the canary", func() bool {
		a := s.send(t, "a read", http.MethodGet, "/fhir/Patient/"+cPatient, alice, "", "", treat...)
		return a.status == http.StatusOK && strings.Contains(a.body, cName)
	})
	if a := s.send(t, "a search", http.MethodGet, "/fhir/Condition?patient="+cPatient, alice, "", "", treat...); !strings.Contains(a.body, cCode) {
		t.Fatalf("the canary's condition does not show: %d %s", a.status, a.body)
	}
	if a := s.send(t, "a search by form", http.MethodPost, "/fhir/Condition/_search", alice, "application/x-www-form-urlencoded", "patient="+cPatient+"&code="+cForm, treat...); a.status != http.StatusOK {
		t.Errorf("a search by form: %d", a.status)
	}
	s.alice = alice
	requests(t, s, alice)
	tokens(t, s)
	posts(t, s)
	raw(t, s)
	for _, mode := range []string{"status", "malformed", "twice", "other record", "another type", "redirect", "elsewhere", "cut"} {
		s.up.mode.Store(mode)
		for _, path := range []string{"/fhir/Patient/" + cPatient, "/fhir/Condition?patient=" + cPatient + "&code=" + cQuery, "/fhir/Condition?code=" + cQuery} {
			if a := s.send(t, mode+" "+strings.TrimPrefix(path, "/fhir")[:8], http.MethodGet, path, alice, "", "", treat...); a.status == http.StatusOK && strings.HasPrefix(path, "/fhir/Patient") {
				t.Errorf("%s: answered with 200: %s", mode, a.body)
			}
		}
	}
	s.up.mode.Store("good")
}

// requests are refused ones, each with a canary somewhere.
func requests(t *testing.T, s *scene, token string) {
	t.Helper()
	stranger := s.token("nobody", "physician")
	for name, r := range map[string][]string{ // method, path, content type, body, headers
		"a stranger's read":       {"GET", "/fhir/Patient/" + cPatient, "", "", "Modicum-Task", "treat", "as", stranger},
		"unknown parameter":       {"GET", "/fhir/Condition?" + cParam + "=" + cQuery, "", ""},
		"unknown modifier":        {"GET", "/fhir/Condition?code:" + cParam + "=" + cQuery, "", ""},
		"hidden criterion":        {"GET", "/fhir/Patient?family=" + cQuery, "", ""},
		"two values":              {"GET", "/fhir/Patient?_id=" + cQuery + "&_id=" + cPatient, "", ""},
		"chain":                   {"GET", "/fhir/Condition?subject:Patient.name=" + cQuery, "", ""},
		"a date that is none":     {"GET", "/fhir/Condition?recorded-date=" + cQuery, "", ""},
		"sort":                    {"GET", "/fhir/Condition?_sort=" + cParam, "", ""},
		"count":                   {"GET", "/fhir/Condition?_count=" + cQuery, "", ""},
		"elements":                {"GET", "/fhir/Condition?_elements=" + cParam, "", ""},
		"cursor":                  {"GET", "/fhir/Condition?_cursor=" + cQuery, "", ""},
		"unknown type":            {"GET", "/fhir/Zq" + cPath + "/1", "", ""},
		"an id that is none":      {"GET", "/fhir/Patient/" + cPath + "_", "", ""},
		"a version":               {"GET", "/fhir/Patient/" + cPatient + "/_history/" + cPath, "", ""},
		"an operation":            {"GET", "/fhir/Patient/" + cPatient + "/$" + cPath, "", ""},
		"a compartment":           {"GET", "/fhir/Patient/" + cPatient + "/" + cPath, "", ""},
		"create":                  {"POST", "/fhir/Patient", "application/fhir+json", strings.Replace(canaryPatient, cText, cBody, 1)},
		"update":                  {"PUT", "/fhir/Patient/" + cPatient, "application/fhir+json", canaryPatient},
		"patch":                   {"PATCH", "/fhir/Patient/" + cPatient, "application/json-patch+json", `[{"op":"test","path":"/birthDate","value":"` + cBody + `"}]`},
		"delete":                  {"DELETE", "/fhir/Patient/" + cPatient, "", ""},
		"batch":                   {"POST", "/fhir", "application/fhir+json", `{"resourceType":"Bundle","entry":[{"request":{"url":"Patient/` + cPatient + `"}}]}`},
		"a form that is none":     {"POST", "/fhir/Condition/_search", "text/plain", "patient=" + cForm},
		"a form with bad escapes": {"POST", "/fhir/Condition/_search", "application/x-www-form-urlencoded", "patient=%zz" + cForm},
		"a form too large":        {"POST", "/fhir/Condition/_search", "application/x-www-form-urlencoded", "code=" + strings.Repeat(cForm+",", 20_000)},
		"an unknown task":         {"GET", "/fhir/Patient/" + cPatient, "", "", "Modicum-Task", cTask},
		"a task that is no name":  {"GET", "/fhir/Patient/" + cPatient, "", "", "Modicum-Task", "?" + cTask},
		"an unknown purpose":      {"GET", "/fhir/Patient/" + cPatient, "", "", "Modicum-Purpose", strings.ToUpper(cTask)},
		"a reason":                {"GET", "/fhir/Patient/" + cPatient, "", "", "Modicum-Task", "treat", "Modicum-Reason", cReason, "Modicum-Purpose", "ETREAT"},
		"a misspelt header":       {"GET", "/fhir/Patient/" + cPatient, "", "", "Modicum-" + cHeader, cHeader},
		"a format":                {"GET", "/fhir/Patient/" + cPatient + "?_format=" + cQuery, "", "", "Modicum-Task", "treat"},
		"an Accept":               {"GET", "/fhir/Patient/" + cPatient, "", "", "Modicum-Task", "treat", "Accept", cHeader + "/" + cHeader},
		"a condition":             {"GET", "/fhir/Patient/" + cPatient, "", "", "Modicum-Task", "treat", "If-None-Match", `W/"` + cHeader + `"`},
		"the record":              {"GET", "/ledger/checkpoint?" + cQuery, "", "", "Modicum-Task", "treat"},
		"a tile that is none":     {"GET", "/ledger/tile/" + cPath, "", ""},
		"nothing of ours":         {"GET", "/" + cPath + "?x=" + cQuery, "", ""},
		"an encoded path":         {"GET", "/fhir/Patient/%2e%2e/" + cPath, "", ""},
		"another method":          {cMethod, "/fhir/Patient/" + cPatient, "", ""},
	} {
		who, headers := token, r[4:]
		if n := len(headers); n > 1 && headers[n-2] == "as" {
			who, headers = headers[n-1], headers[:n-2]
		}
		a := s.send(t, name, r[0], r[1], who, r[2], r[3], headers...)
		if a.status == 200 && name != "a condition" && name != "a reason" {
			t.Errorf("%s: answered with 200", name)
		}
	}
}

// tokens are bad ones.
func tokens(t *testing.T, s *scene) {
	t.Helper()
	good := s.token("alice", "physician")
	head, rest, _ := strings.Cut(good, ".")
	for name, token := range map[string]string{
		"words":            cForged,
		"three words":      cForged + "." + cForged + "." + cForged,
		"another audience": s.token("alice", "physician", func(c map[string]any) { c["aud"] = cClaim }),
		"another issuer":   s.token("alice", "physician", func(c map[string]any) { c["iss"] = "https://" + cClaim + ".example" }),
		"expired":          s.token("alice", "physician", func(c map[string]any) { c["exp"] = 1000; c["iat"] = 900 }),
		"a wrong claim":    s.token("alice", "physician", func(c map[string]any) { c["dept"] = cClaim + "/" + cClaim }),
		"bound":            s.token("alice", "physician", func(c map[string]any) { c["cnf"] = map[string]any{"jkt": cClaim} }),
		"a changed head":   strings.ToUpper(head) + "." + rest,
		"huge":             strings.Repeat(cForged, 2000),
	} {
		for _, path := range []string{"/fhir/Patient/" + cPatient + "?" + cQuery, "/ledger/checkpoint"} {
			if a := s.send(t, "token "+name+path[:7], http.MethodGet, path, token, "", ""); a.status != http.StatusUnauthorized {
				t.Errorf("token %s: %d", name, a.status)
			}
		}
	}
	s.send(t, "no token", http.MethodGet, "/fhir/Patient/"+cPatient, "", "", "")
	s.send(t, "basic", http.MethodGet, "/fhir/Patient/"+cPatient, "", "", "", "Authorization", "Basic "+cForged)
	s.send(t, "facts without a token", http.MethodPost, "/api/facts", cForged, "application/x-ndjson", cFact)
}

// posts are facts, one body right and the others wrong.
func posts(t *testing.T, s *scene) {
	t.Helper()
	program := s.token("roster-feed", "", func(c map[string]any) { c["client_id"] = "roster-feed" })
	line := `{"fact":"assigned-patient","who":"alice","patient":"Patient/%s","source":"%s","recorded_by":"ward","from":"%s"}` + "\n"
	if a := s.send(t, "facts", http.MethodPost, "/api/facts", program, "application/x-ndjson", fmt.Sprintf(line, cPosted, "roster", "2026-01-01T00:00:00Z")); a.status != http.StatusOK {
		t.Fatalf("facts: %d %s", a.status, a.body)
	}
	for name, body := range map[string]string{
		"a wrong date":        fmt.Sprintf(line, cPatient, "roster", cFact),
		"a wrong patient":     fmt.Sprintf(line, cFact+"/x/y", "roster", "2026-01-01T00:00:00Z"),
		"another's source":    fmt.Sprintf(line, cPatient, "adt", "2026-01-01T00:00:00Z"),
		"an unknown source":   fmt.Sprintf(line, cPatient, cFact, "2026-01-01T00:00:00Z"),
		"no JSON":             cFact + "\n",
		"a member twice":      `{"fact":"` + cFact + `","fact":"` + cFact + `"}` + "\n",
		"an unknown fact":     `{"fact":"` + cFact + `","who":"` + cFact + `","source":"roster","recorded_by":"x"}` + "\n",
		"a value of no type":  strings.Replace(fmt.Sprintf(line, cPatient, "roster", "2026-01-01T00:00:00Z"), `"who":"alice"`, `"who":["`+cFact+`"]`, 1),
		"a wrong whole":       `{"source":"roster","whole":"` + cFact + `"}` + "\n",
		"a person's own fact": fmt.Sprintf(line, cPatient, "roster", "2026-01-01T00:00:00Z"),
	} {
		token := program
		if name == "a person's own fact" {
			token = s.token("alice", "physician")
		}
		if a := s.send(t, "facts: "+name, http.MethodPost, "/api/facts", token, "application/x-ndjson", body); a.status < 400 {
			t.Errorf("facts: %s: %d", name, a.status)
		}
	}
}

// raw are requests that no client library sends: net/http refuses them with lines of
// its own in its log.
func raw(t *testing.T, s *scene) {
	t.Helper()
	for name, text := range map[string]string{
		"no HTTP":           cPath + "\r\n\r\n",
		"a bad escape":      "GET /fhir/Patient/%zz" + cPath + " HTTP/1.1\r\nHost: x\r\n\r\n",
		"a bad header":      "GET /fhir HTTP/1.1\r\nHost: x\r\n" + cHeader + "\x01: " + cHeader + "\r\n\r\n",
		"two lengths":       "POST /fhir/Patient HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n" + cBody,
		"a header too long": "GET /fhir HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat(cHeader, 20_000) + "\r\n\r\n",
		"a body cut short":  "POST /fhir/Condition/_search HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 500\r\n\r\ncode=" + cForm,
	} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.door, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
		_, _ = io.WriteString(conn, text)
		_ = conn.(*net.TCPConn).CloseWrite()
		b, _ := io.ReadAll(conn)
		s.errors["raw: "+name] = b
		conn.Close()
	}
}
