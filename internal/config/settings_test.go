package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const full = `issuers:
  - {issuer: "https://id.hospital.example/a", audience: modicum, algorithms: [ES256], prefix: a/, roles: {billing: biller, wards: nurse}, client: {id: console, secret_file: console.secret}}
  - {issuer: "https://id.hospital.example/b", audience: modicum, algorithms: [ES256, RS256], prefix: b/}
fhir: {upstream: "http://127.0.0.1:8090/fhir", upstream_auth: {bearer_file: upstream.token}}
facts: {fresh: {queue: 5 minutes}}
ledger: {origin: modicum.hospital.example/main, key: ledger.key}
public: "https://modicum.hospital.example"
webhooks:
  - {name: pager, url: "https://pager.hospital.example/services/SECRET?token=SECRET", secret_files: [pager.secret, old.secret]}
mail: {server: "mail.example:25", from: "m@hospital.example", user: somebody, password_file: mail.password}
scim: {token_files: [scim.token]}
`

// settled writes the file and its secrets, and reads it.
func settled(t *testing.T) *Config {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "modicum.yaml")
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "policy"), 0o700); err != nil {
		t.Fatal(err)
	}
	write("modicum.yaml", full)
	for _, name := range []string{"console.secret", "upstream.token", "ledger.key", "pager.secret", "old.secret", "mail.password", "scim.token"} {
		write(name, "SECRET")
	}
	c, ps := Load(file, []string{"MODICUM_LISTEN=127.0.0.1:9443", "MODICUM_ISSUERS_1_AUDIENCE=other"})
	if c == nil {
		t.Fatal(ps)
	}
	return c
}

func find(t *testing.T, c *Config, path string) Setting {
	t.Helper()
	all := c.Settings()
	at := slices.IndexFunc(all, func(s Setting) bool { return s.Path == path })
	if at < 0 {
		t.Fatalf("%s is not there", path)
	}
	return all[at]
}

func TestSettingsAreWhatIsInForceAndWhereItWasWritten(t *testing.T) {
	c := settled(t)
	for path, want := range map[string][2]string{
		"issuers[0].issuer":     {"https://id.hospital.example/a", "modicum.yaml:2"},
		"issuers[1].audience":   {"other", "MODICUM_ISSUERS_1_AUDIENCE"},
		"issuers[1].algorithms": {"ES256, RS256", "modicum.yaml:3"},
		"issuers[0].roles":      {"billing: biller, wards: nurse", "modicum.yaml:2"},
		"issuers[1].person":     {"sub", ""},
		"listen":                {"127.0.0.1:9443", "MODICUM_LISTEN"},
		"data":                  {"./data", ""},
		"facts.fresh.NAME":      {"queue: 5 minutes", "modicum.yaml:5"},
		"clients[0].id":         {"", ""},
		"fhir.mode":             {"enforce", ""},
	} {
		s := find(t, c, path)
		if s.Value != want[0] || want[1] == "" && s.From != "" || !strings.HasSuffix(s.From, want[1]) || s.Text == "" {
			t.Errorf("%s: %+v, want %q", path, s, want)
		}
	}
	if c.Changed() {
		t.Error("the file is said to have changed")
	}
	if err := os.WriteFile(c.File, []byte(full+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if !c.Changed() {
		t.Error("the file has changed, and is not said to have")
	}
}

// TestD14_NoSecretIsAmongTheSettings: of each there is the file and who may open it.
func TestD14_NoSecretIsAmongTheSettings(t *testing.T) {
	c := settled(t)
	for _, s := range c.Settings() {
		if strings.Contains(s.Value+s.Text+s.From, "SECRET") {
			t.Errorf("%s shows a secret: %q", s.Path, s.Value)
		}
	}
	for path, want := range map[string]string{
		"webhooks[0].url":                "https://pager.hospital.example/…",
		"webhooks[0].secret_files":       "from file pager.secret, mode 0600; from file old.secret, mode 0600",
		"mail.password_file":             "from file mail.password, mode 0600",
		"issuers[0].client.secret_file":  "from file console.secret, mode 0600",
		"fhir.upstream_auth.bearer_file": "from file upstream.token, mode 0600",
		"ledger.key":                     "from file ledger.key, mode 0600",
		"scim.token_files":               "from file scim.token, mode 0600",
	} {
		if s := find(t, c, path); s.Value != want {
			t.Errorf("%s: %q, want %q", path, s.Value, want)
		}
	}
	// A key of a secret that comes later is one of these, or does not end like one.
	for _, k := range Keys() {
		if (strings.HasSuffix(k.Path, "_file") || strings.HasSuffix(k.Path, "_files")) && k.Path != "issuers[].jwks_file" && !secretKey(k.Path) {
			t.Errorf("%s is not known to name a secret", k.Path)
		}
	}
}
