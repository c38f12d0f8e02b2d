package main

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"modicum/internal/sandbox"
)

// newcomer is somebody who follows the README before a FHIR server of their own,
// with tokens of an identity provider of their own.
type newcomer struct {
	t        *testing.T
	dir      string
	upstream string
	issuer   *sandbox.Issuer
}

func arrive(t *testing.T) *newcomer {
	t.Helper()
	server := sandbox.NewServer()
	sandbox.Fill(server, time.Now())
	web := httptest.NewServer(server)
	t.Cleanup(web.Close)
	n := &newcomer{t: t, dir: filepath.Join(t.TempDir(), "hospital"), upstream: web.URL + "/fhir"}
	n.must("init", n.dir)
	var err error
	if n.issuer, err = sandbox.NewIssuer(n.dir); err != nil {
		t.Fatal(err)
	}
	n.edit("modicum.yaml", "issuer: https://id.hospital.example/realms/staff", "issuer: "+sandbox.IssuerName)
	n.edit("modicum.yaml", "# jwks_file: idp.jwks.json", "jwks_file: jwks.json")
	n.edit("modicum.yaml", "roles_claim: groups", "roles_claim: roles")
	n.edit("modicum.yaml", "upstream: http://127.0.0.1:8090/fhir", "upstream: "+n.upstream)
	n.edit("modicum.yaml", "listen: 127.0.0.1:8443", "listen: 127.0.0.1:0")
	n.edit("modicum.yaml", "admin: 127.0.0.1:9090", "admin: 127.0.0.1:0")
	return n
}

func (n *newcomer) file(name string) string { return filepath.Join(n.dir, filepath.FromSlash(name)) }

func (n *newcomer) config() string { return n.file("modicum.yaml") }

func (n *newcomer) edit(name, old, with string) {
	n.t.Helper()
	b, err := os.ReadFile(n.file(name))
	if err != nil || !strings.Contains(string(b), old) {
		n.t.Fatalf("%s does not say %q: %v", name, old, err)
	}
	spoil(n.t, n.file(name), old, with)
}

// must runs a command that is to succeed.
func (n *newcomer) must(args ...string) string {
	n.t.Helper()
	status, out, errs := command(n.t, args...)
	if status != exitYes {
		n.t.Fatalf("modicum %s: %d\n%s%s", strings.Join(args, " "), status, out, errs)
	}
	return out
}

// serve starts the server and returns its addresses and what it logs.
func (n *newcomer) serve() (fhir, ready string, logged func() string) {
	n.t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	outR, outW := io.Pipe()
	logs := &lockedBuffer{}
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, []string{"serve", "--config", n.config()}, nil, strings.NewReader(""), outW, logs)
		outW.Close()
	}()
	n.t.Cleanup(func() {
		stop()
		if status := <-done; status != exitYes {
			n.t.Errorf("serve ended with %d\n%s", status, logs)
		}
	})
	lines := bufio.NewScanner(outR)
	addresses := regexp.MustCompile(`http://127\.0\.0\.1:\d+/\w+`)
	for _, into := range []*string{&fhir, &ready} {
		if !lines.Scan() {
			n.t.Fatalf("serve said nothing\n%s", logs)
		}
		*into = addresses.FindString(lines.Text())
	}
	go io.Copy(io.Discard, outR)
	return fhir, ready, logs.String
}

// ask reads through the gate as a member of the sandbox's staff.
func (n *newcomer) ask(address, person, task string) (status int, body, decision string) {
	n.t.Helper()
	req, err := http.NewRequestWithContext(n.t.Context(), http.MethodGet, address, nil)
	if err != nil {
		n.t.Fatal(err)
	}
	for _, p := range sandbox.Staff {
		if p.ID == person {
			token, err := n.issuer.Token(p, sandbox.Ward, time.Now())
			if err != nil {
				n.t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+token)
		}
	}
	req.Header.Set("Modicum-Task", task)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		n.t.Fatal(err)
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(b), res.Header.Get("Modicum-Decision")
}

// until asks again until the answer holds text: what a server takes up by itself
// is taken up within two seconds.
func (n *newcomer) until(text string, ask func() string) string {
	n.t.Helper()
	for end := time.Now().Add(20 * time.Second); ; {
		got := ask()
		if strings.Contains(got, text) {
			return got
		}
		if time.Now().After(end) {
			n.t.Fatalf("never said %q, last:\n%s", text, got)
		}
		select {
		case <-n.t.Context().Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (n *newcomer) get(address string) string {
	res, err := http.Get(address)
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	return string(b)
}

// TestANewUserFromTheReadme: init, edit, facts, serve before one's own FHIR
// server with one's own tokens; then the answer, why, and the record of it, while
// the server runs.
func TestANewUserFromTheReadme(t *testing.T) {
	n := arrive(t)
	feeds := t.TempDir()
	if err := sandbox.WriteFacts(feeds, time.Now()); err != nil {
		t.Fatal(err)
	}
	found, _ := filepath.Glob(filepath.Join(feeds, "*.ndjson"))
	for _, f := range found {
		n.must("facts", "import", f, "--config", n.config())
	}
	if out := n.must("facts", "list", "--config", n.config(), "--who", "nina"); !strings.Contains(out, "during-shift") {
		t.Errorf("facts list:\n%s", out)
	}
	if out := n.must("facts", "list", "--config", n.config(), "--upstream", "--source", "fhir"); !strings.Contains(out, "Patient/") || !strings.Contains(out, "yes") {
		t.Errorf("facts list --upstream:\n%s", out)
	}
	if out := n.must("serve", "--check", "--config", n.config()); !strings.Contains(out, "in order") {
		t.Errorf("serve --check: %s", out)
	}
	fhir, ready, logged := n.serve()
	n.until(`"keys of an issuer are known"`, logged)
	n.until(`"keys":1`, func() string { return n.get(ready) })
	body := n.until(`"resourceType":"Patient"`, func() string { _, b, _ := n.ask(fhir+"/Patient/p1", "nina", "give-care"); return b })
	if strings.Contains(body, "900-55-1001") || !strings.Contains(body, `"birthDate"`) {
		t.Errorf("a nurse gets no SSN, and the birth date:\n%s", body)
	}
	_, _, id := n.ask(fhir+"/Patient/p1", "nina", "give-care")
	if out := n.must("explain", "--config", n.config(), id); !strings.Contains(out, "agrees to the bit") || !strings.Contains(out, "proved") {
		t.Errorf("explain while the server runs:\n%s", out)
	}
	if out := n.must("ledger", "search", "--config", n.config(), "--who", "nina", "--kind", "decision"); !strings.Contains(out, id) {
		t.Errorf("search while the server runs:\n%s", out)
	}
	n.until("all in order", func() string {
		_, out, _ := command(t, "ledger", "verify", n.file("data/ledger"), "--key", n.file("ledger.vkey"))
		return out
	})
	// A refusal says which task would do.
	status, body, _ := n.ask(fhir+"/Claim?patient=p1", "nina", "give-care")
	if status != http.StatusForbidden || !strings.Contains(body, "does not do this") {
		t.Errorf("a claim for a nurse: %d %s", status, body)
	}
	if status, body, _ = n.ask(fhir+"/Patient/p1", "nina", "no-such-task"); status != http.StatusForbidden || !strings.Contains(body, "give-care") {
		t.Errorf("an unknown task: %d %s", status, body)
	}
	// What the FHIR server itself states is read as well.
	n.until(`"source":"fhir"`, func() string { return n.get(ready) })
	if text := n.get(ready); strings.Contains(text, "source fhir is broken") {
		t.Errorf("the feed before the own server: %s", text)
	}
}

// TestMistakesWhileItRuns: a mistake in a policy or in a file of facts changes
// nothing that is in force, is said with its place, and can be mended.
func TestMistakesWhileItRuns(t *testing.T) {
	n := arrive(t)
	_, ready, logged := n.serve()
	n.edit("policy/roles/nurse.yaml", "purpose: treatment", "purpose: treatmint")
	n.until("the changed policy has errors; run: modicum policy check", func() string { return n.get(ready) })
	n.until("roles/nurse.yaml:10:14", logged)
	n.edit("policy/roles/nurse.yaml", "purpose: treatmint", "purpose: treatment")
	n.until(`"sources"`, func() string {
		if text := n.get(ready); !strings.Contains(text, "the changed policy has errors") {
			return text
		}
		return ""
	})
	wrong := `{"fact":"during-shft","who":"nina","source":"roster","recorded_by":"roster"}` + "\n"
	if err := os.WriteFile(n.file("facts/roster.ndjson"), []byte(wrong), 0o600); err != nil {
		t.Fatal(err)
	}
	n.until("roster.ndjson:1: fact: is not a fact of conditions.yaml; the nearest one is during-shift", logged)
}

// TestMistakesBeforeItRuns: every mistake in configuration, policy and keys is
// said at once, with its place and what to do, and nothing is started.
func TestMistakesBeforeItRuns(t *testing.T) {
	for _, tt := range []struct {
		name  string
		spoil func(n *newcomer)
		want  []string
	}{
		{"configuration", func(n *newcomer) {
			n.edit("modicum.yaml", "\nlisten:", "\nlissen:")
			n.edit("modicum.yaml", "mode: enforce", "mode: enforced")
		}, []string{`modicum.yaml:18:1: "lissen" is not a key; the nearest one is listen`, "fhir.mode must be enforce or observe"}},
		{"policy", func(n *newcomer) {
			n.edit("policy/roles/nurse.yaml", "purpose: treatment", "purpose: treatmint")
			n.edit("policy/conditions.yaml", "fresh: 15 minutes", "fresh: 15 minuts")
		}, []string{"nurse.yaml:10:14: ", "did you mean treatment?", "conditions.yaml:"}},
		{"policy and configuration", func(n *newcomer) {
			n.edit("modicum.yaml", "\nlisten:", "\nlissen:")
			n.edit("policy/roles/nurse.yaml", "purpose: treatment", "purpose: treatmint")
		}, []string{"lissen", "nurse.yaml:10:14: "}},
		{"a key that others may read", func(n *newcomer) {
			if err := os.Chmod(n.file("data/ledger.key"), 0o644); err != nil {
				n.t.Fatal(err)
			}
		}, []string{"ledger.key", "chmod 600"}},
		{"a key that is gone", func(n *newcomer) {
			if err := os.Remove(n.file("data/keys/refs.key")); err != nil {
				n.t.Fatal(err)
			}
		}, []string{"refs.key: there is no such key"}},
		{"a log of another name", func(n *newcomer) {
			n.edit("modicum.yaml", "origin: modicum.hospital.example/main", "origin: modicum.elsewhere.example/main")
		}, []string{"is the key of modicum.hospital.example/main", "write the key's name there"}},
		{"a source that the policy lacks", func(n *newcomer) {
			n.edit("modicum.yaml", "# fresh: {queue: 5 minutes}", "fresh: {quueue: 5 minutes}")
		}, []string{"facts.fresh.quueue is not a source of conditions.yaml"}},
		{"a folder that is not there", func(n *newcomer) {
			n.edit("modicum.yaml", "policy: ./policy", "policy: ./polcy")
		}, []string{"policy names no folder"}},
		{"open to other machines without TLS", func(n *newcomer) {
			n.edit("modicum.yaml", "listen: 127.0.0.1:0", "listen: 0.0.0.0:8443")
		}, []string{"listen is open to other machines, so tls must name cert and key"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := arrive(t)
			tt.spoil(n)
			status, out, errs := command(t, "serve", "--check", "--config", n.config())
			for _, want := range tt.want {
				if !strings.Contains(errs, want) {
					t.Errorf("--check does not say %q:\n%s%s", want, out, errs)
				}
			}
			if status != exitUsage || strings.Contains(out, "in order") {
				t.Errorf("--check: %d %s", status, out)
			}
			if status, _, _ := command(t, "serve", "--config", n.config()); status != exitUsage {
				t.Errorf("serve: %d, want %d: nothing starts", status, exitUsage)
			}
			if _, err := os.Stat(n.file("data/modicum.db")); err == nil {
				t.Error("the record was begun")
			}
		})
	}
}

// TestAFileOfFactsThatWouldBeRefusedIsAWarning: the server starts without it.
func TestAFileOfFactsThatWouldBeRefusedIsAWarning(t *testing.T) {
	n := arrive(t)
	if err := os.WriteFile(n.file("facts/x.ndjson"), []byte("{\"fact\":\"during-shft\"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	status, out, errs := command(t, "serve", "--check", "--config", n.config(), "--json")
	if status != exitYes || !strings.Contains(out, "x.ndjson:1: fact: is not a fact") || !strings.Contains(out, `"ok":true`) {
		t.Errorf("%d\n%s%s", status, out, errs)
	}
}

// TestAnAddressInUseSaysSo: and what to do; the record is let go.
func TestAnAddressInUseSaysSo(t *testing.T) {
	n := arrive(t)
	n.edit("modicum.yaml", "listen: 127.0.0.1:0", "listen: "+strings.TrimSuffix(strings.TrimPrefix(n.upstream, "http://"), "/fhir"))
	status, _, errs := command(t, "serve", "--config", n.config())
	if status != exitUnavailable || !strings.Contains(errs, "address already in use; name another address under listen") {
		t.Errorf("%d\n%s", status, errs)
	}
	n.must("ledger", "search", "--config", n.config(), "--kind", "act")
}

// TestAWrongUpstreamIsSaidInTheLog: the client learns that the server behind gave
// no proper answer, the operator learns why, from the feed and from a request.
func TestAWrongUpstreamIsSaidInTheLog(t *testing.T) {
	n := arrive(t)
	n.edit("modicum.yaml", "upstream: "+n.upstream, "upstream: "+strings.TrimSuffix(n.upstream, "/fhir")+"/elsewhere")
	feeds := t.TempDir()
	if err := sandbox.WriteFacts(feeds, time.Now()); err != nil {
		t.Fatal(err)
	}
	found, _ := filepath.Glob(filepath.Join(feeds, "*.ndjson"))
	for _, f := range found {
		n.must("facts", "import", f, "--config", n.config())
	}
	fhir, ready, logged := n.serve()
	n.until("facts of the upstream not read", logged)
	n.until("is fhir.upstream its FHIR base?", logged)
	n.until("source fhir", func() string { return n.get(ready) })
	body := n.until("no proper answer", func() string {
		_, b, _ := n.ask(fhir+"/Observation?patient=p1", "nina", "give-care")
		return b
	})
	if strings.Contains(body, "fhir.upstream") {
		t.Errorf("the client learns about the configuration: %s", body)
	}
	n.until(`"problem":"upstream","upstream":"`, logged)
}

// TestATokenThatIsNotAcceptedIsSaidInTheLog: one message to the client, the reason
// to the operator.
func TestATokenThatIsNotAcceptedIsSaidInTheLog(t *testing.T) {
	n := arrive(t)
	n.edit("modicum.yaml", "audience: modicum", "audience: another-service")
	fhir, _, logged := n.serve()
	n.until(`"keys of an issuer are known"`, logged)
	status, body, _ := n.ask(fhir+"/Patient/p1", "nina", "give-care")
	if status != http.StatusUnauthorized || strings.Contains(body, "audience") {
		t.Errorf("%d %s", status, body)
	}
	n.until(`"problem":"token","token":"audience"`, logged)
	if status, _, _ := n.ask(fhir+"/Patient/p1", "nobody", "give-care"); status != http.StatusUnauthorized {
		t.Errorf("without a token: %d", status)
	}
	n.until(`"token":"absent"`, logged)
}

// TestACertificateThatCannotServe: is said before anything starts.
func TestACertificateThatCannotServe(t *testing.T) {
	for _, tt := range []struct {
		name  string
		ends  time.Time
		other bool // the key is of another certificate
		want  string
	}{
		{"in order", time.Now().Add(24 * time.Hour), false, ""},
		{"of another key", time.Now().Add(24 * time.Hour), true, "tls.cert and tls.key: tls: private key does not match public key"},
		{"ended", time.Now().Add(-24 * time.Hour), false, "tls.cert: the certificate ended at "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := arrive(t)
			cert, key := certificate(t, tt.ends)
			if tt.other {
				_, key = certificate(t, tt.ends)
			}
			for name, b := range map[string][]byte{"tls.crt": cert, "tls.key": key} {
				if err := os.WriteFile(n.file(name), b, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			n.edit("modicum.yaml", "# tls: {", "tls: {")
			status, _, errs := command(t, "serve", "--check", "--config", n.config())
			if want := tt.want == ""; (status == exitYes) != want || !strings.Contains(errs, tt.want) {
				t.Errorf("%d\n%s", status, errs)
			}
		})
	}
}

// certificate makes a certificate for this machine and its key, both PEM.
func certificate(t *testing.T, ends time.Time) (cert, key []byte) {
	t.Helper()
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	of := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: ends.Add(-48 * time.Hour), NotAfter: ends, DNSNames: []string{"localhost"}}
	der, err := x509.CreateCertificate(rand.Reader, of, of, secret.Public(), secret)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
}

// TestASecondServerIsTold: one record has one writer.
func TestASecondServerIsTold(t *testing.T) {
	n := arrive(t)
	n.serve()
	status, _, errs := command(t, "serve", "--config", n.config())
	if status != exitUnavailable || !strings.Contains(errs, "is in use: another server runs with it") {
		t.Errorf("%d\n%s", status, errs)
	}
	n.must("ledger", "key", "modicum.hospital.example/main-2", "--out", n.file("two.key"))
	status, _, errs = command(t, "ledger", "continue", "--config", n.config(), "--key", n.file("two.key"), "--who", "alice", "--reason", "none")
	if status != exitUnavailable || !strings.Contains(errs, "stop the server first") {
		t.Errorf("%d\n%s", status, errs)
	}
}
