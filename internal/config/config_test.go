package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"modicum/internal/caller"
	"modicum/internal/config"
)

// whole is every key of interfaces.md 2.
const whole = `data: ./data
policy: ./policy
listen: 127.0.0.1:8443
tls: {cert: tls.crt, key: tls.key}
issuers:
  - issuer: https://id.hospital.example/realms/staff
    audience: modicum
    person: sub
    jwks_file: idp.jwks.json
    algorithms: [ES256, RS256]
    roles_claim: groups
    roles: {hospital-billing: billing-specialist}
fhir:
  base: /fhir
  upstream: http://127.0.0.1:8090/fhir
  upstream_auth: {bearer_file: upstream.token}
  mode: enforce
clients:
  - {id: bedside-app, task: chart-review, scopes: required}
facts:
  fresh: {queue: 5 minutes}
  files: [facts/*.ndjson]
  fhir: {every: 15s}
ledger: {origin: modicum.hospital.example/main, key: ledger.key}
admin: 127.0.0.1:9090
`

func TestAllKeysAreRead(t *testing.T) {
	c, ps := config.Parse("/etc/modicum/modicum.yaml", []byte(whole), nil)
	if len(ps) > 0 {
		t.Fatal(ps)
	}
	is := c.Issuers[0]
	if c.Data != "/etc/modicum/data" || c.TLS.Key != "/etc/modicum/tls.key" || is.JWKSFile != "/etc/modicum/idp.jwks.json" ||
		is.Roles["hospital-billing"] != "billing-specialist" || len(is.Algorithms) != 2 || c.FHIR.Upstream.String() != "http://127.0.0.1:8090/fhir" ||
		c.FHIR.BearerFile != "/etc/modicum/upstream.token" || !c.Clients[0].ScopesRequired || c.Facts.Fresh["queue"] != 5*time.Minute ||
		c.Facts.Files[0] != "/etc/modicum/facts/*.ndjson" || c.Facts.Every != 15*time.Second || c.Ledger.Origin != "modicum.hospital.example/main" || c.Admin != "127.0.0.1:9090" {
		t.Errorf("got %+v", c)
	}
}

// TestAdminIsSecuredWhereOthersReachIt: health and metrics go in clear on this
// machine alone.
func TestAdminIsSecuredWhereOthersReachIt(t *testing.T) {
	for admin, want := range map[string]bool{"127.0.0.1:9090": false, "localhost:9090": false, "0.0.0.0:9090": true, "10.0.0.1:9090": true} {
		c, ps := config.Parse("f.yaml", []byte(strings.Replace(whole, "admin: 127.0.0.1:9090", "admin: "+admin, 1)), nil)
		if len(ps.Errors()) > 0 || c.AdminSecured() != want {
			t.Errorf("%s: %v, want %v; %v", admin, c.AdminSecured(), want, ps)
		}
	}
}

func TestTheExampleIsReadAndSaysAllKeys(t *testing.T) {
	if _, ps := config.Parse("modicum.yaml", config.Example(), nil); len(ps) > 0 {
		t.Fatal(ps)
	}
	text := string(config.Example())
	for _, key := range []string{"data:", "policy:", "listen:", "tls:", "issuers:", "issuer:", "audience:", "person:", "prefix:", "jwks_file:", "jwks_url:", "algorithms:", "roles_claim:", "roles:", "fhir:", "base:", "upstream:", "upstream_auth:", "mode:", "clients:", "fresh:", "files:", "every:", "ledger:", "admin:", "public:", "sign_in:", "client:", "strong:", "scim:", "mail:", "webhooks:", "spool:"} {
		if !strings.Contains(text, key) {
			t.Errorf("%s is not shown", key)
		}
	}
	// With every comment that holds a key taken away, it is read as well.
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		if bare := strings.Replace(l, "# ", "", 1); strings.HasPrefix(strings.TrimSpace(l), "# ") && (strings.Contains(bare, "{") || strings.Contains(bare, "prefix: ") || strings.Contains(bare, "jwks_file: ") || strings.HasPrefix(bare, "clients:") || strings.HasPrefix(bare, "webhooks:") || strings.HasPrefix(bare, "public:")) && !strings.Contains(bare, "→") {
			lines[i] = bare
		}
	}
	if _, ps := config.Parse("modicum.yaml", []byte(strings.Join(lines, "\n")), nil); len(ps.Errors()) > 0 {
		t.Errorf("uncommented: %v", ps)
	}
}

func TestEveryProblemAtOnceWithItsPlace(t *testing.T) {
	for _, tt := range []struct{ name, old, new, want string }{
		{"unknown key", "listen:", "listne:", `f.yaml:3:1: "listne" is not a key; the nearest one is listen`},
		{"unknown key within", "upstream: ", "upsteam: ", `"upsteam" is not a key; the nearest one is upstream of fhir`},
		{"twice", "admin:", "data: x\nadmin:", "f.yaml:25:1: is there twice"},
		{"anchor", "data: ./data", "data: &a ./data", "anchors"},
		{"alias", "admin: 127.0.0.1:9090", "admin: *b", "anchors"},
		{"two documents", "admin:", "---\nadmin:", "several documents"},
		{"not YAML", "listen: 127.0.0.1:8443", "listen: [", "is not YAML"},
		{"a list where a word belongs", "listen: 127.0.0.1:8443", "listen: [a]", "listen must be one word"},
		{"no port", "127.0.0.1:8443", "127.0.0.1", "must be HOST:PORT"},
		{"open without tls", "listen: 127.0.0.1:8443\ntls: {cert: tls.crt, key: tls.key}", "listen: 0.0.0.0:8443", "so tls must name cert and key"},
		{"half of tls", "cert: tls.crt, ", "", "needs both"},
		{"no issuer", "issuer: https://id.hospital.example/realms/staff\n    audience", "audience", "issuers.0.issuer is missing"},
		{"HS256", "[ES256, RS256]", "[HS256]", "f.yaml:10:"},
		{"a client twice", "  - {id: bedside-app, task", "  - {id: bedside-app}\n  - {id: bedside-app, task", "is listed twice"},
		{"scopes", "scopes: required", "scopes: optional", "may only be `required`"},
		{"no origins", "scopes: required", "origins: []", "clients.0.origins is an empty list: name what it holds, such as [one, two], or leave origins out"},
		{"an origin with a port, unquoted", "scopes: required", "origins: [https://app.hospital.example:8443]", `put each in quotes, such as ["https://app.hospital.example:8443"]`},
		{"an origin that is no list", "scopes: required", "origins: https://app.hospital.example", "clients.0.origins must be a list: put it in brackets"},
		{"duration", "5 minutes", "5 furlongs", "f.yaml:21:"},
		{"upstream with a user", "http://127.0.0.1:8090/fhir", "http://u:p@127.0.0.1/fhir", "no user, query"},
		{"upstream with a query", "8090/fhir", "8090/fhir?x=1", "no user, query"},
		{"upstream that is a file", "http://127.0.0.1:8090/fhir", "file:///etc", "must be http or https"},
		{"token in clear", "http://127.0.0.1:8090/fhir", "http://ehr:8090/fhir", "in clear"},
		{"base of another part", "base: /fhir", "base: /api", "is taken by another part"},
		{"no ledger", "ledger: {origin: modicum.hospital.example/main, key: ledger.key}", "ledger: {}", "ledger.origin is missing"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.Replace(whole, tt.old, tt.new, 1)
			if text == whole {
				t.Fatal("the case changes nothing")
			}
			c, ps := config.Parse("f.yaml", []byte(text), nil)
			if c != nil || !strings.Contains(ps.Error(), tt.want) {
				t.Errorf("got %v\nwant %q", ps, tt.want)
			}
		})
	}
	_, ps := config.Parse("f.yaml", []byte("listne: x\nfhir: {mode: x}\nissuers: []\n"), nil)
	if len(ps) < 6 {
		t.Errorf("not all at once: %v", ps)
	}
	if !strings.Contains(ps.Error(), "  listne: x\n  ^") {
		t.Errorf("no caret: %v", ps)
	}
}

func TestTheEnvironmentWins(t *testing.T) {
	c, ps := config.Parse("/x/f.yaml", []byte(whole), []string{
		"PATH=/bin", "MODICUM_CONFIG=/x/f.yaml", "MODICUM_PORT_8443_TCP=tcp://10.0.0.1:8443", "MODICUM_SERVICE_HOST=10.0.0.1",
		"MODICUM_FHIR_UPSTREAM=https://ehr.example/r4", "MODICUM_ISSUERS_0_AUDIENCE=other", "MODICUM_FACTS_FILES=a.ndjson, /b.ndjson",
		"MODICUM_FACTS_FRESH_ADT=1 minute", "MODICUM_CLIENTS_1_ID=second", "MODICUM_ISSUERS_0_ALGORITHMS=ES384",
	})
	if len(ps) > 0 {
		t.Fatal(ps)
	}
	if c.FHIR.Upstream.Host != "ehr.example" || c.Issuers[0].Audience != "other" || c.Facts.Files[1] != "/b.ndjson" || c.Facts.Files[0] != "/x/a.ndjson" ||
		c.Facts.Fresh["adt"] != time.Minute || len(c.Clients) != 2 || c.Clients[1].ID != "second" || c.Issuers[0].Algorithms[0] != "ES384" {
		t.Errorf("got %+v", c)
	}
	_, ps = config.Parse("f.yaml", []byte(whole), []string{"MODICUM_FIHR_UPSTREAM=x", "MODICUM_LISTEN=nowhere"})
	if !strings.Contains(ps.Error(), "environment MODICUM_FIHR_UPSTREAM: is no key") || !strings.Contains(ps.Error(), "environment MODICUM_LISTEN: listen must be HOST:PORT") {
		t.Errorf("got %v", ps)
	}
}

type policy struct{}

func (policy) Role(n string) bool { return n == "nurse" }
func (policy) Task(n string) bool { return n == "give-care" }
func (policy) Source(n string) (time.Duration, bool) {
	return time.Minute, n == "queue"
}

func TestWhatDoesNotFitThePolicy(t *testing.T) {
	c, _ := config.Parse("f.yaml", []byte(whole), nil)
	ps := c.Check(policy{})
	if len(ps) != 2 || !strings.Contains(ps.Error(), "f.yaml:19:29: clients.0.task names a task that no role") || !strings.Contains(ps.Error(), "longer than conditions.yaml allows (1 minute)") {
		t.Errorf("got %v", ps)
	}
}

func TestK1_SecretsAreClosedToOthers(t *testing.T) {
	dir := t.TempDir()
	for name, mode := range map[string]os.FileMode{"tls.crt": 0o644, "tls.key": 0o600, "idp.jwks.json": 0o644, "upstream.token": 0o644, "ledger.key": 0o640, "modicum.yaml": 0o644} {
		text := "x"
		if name == "modicum.yaml" {
			text = whole
		}
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "policy"), 0o755); err != nil {
		t.Fatal(err)
	}
	_, ps := config.Load(filepath.Join(dir, "modicum.yaml"), nil)
	if len(ps) != 1 || !strings.Contains(ps.Error(), "modicum.yaml:16:") || !strings.Contains(ps.Error(), "chmod 600") {
		t.Errorf("got %v", ps)
	}
	if err := os.Chmod(filepath.Join(dir, "upstream.token"), 0o600); err != nil {
		t.Fatal(err)
	}
	if c, ps := config.Load(filepath.Join(dir, "modicum.yaml"), nil); c == nil || len(ps) > 0 {
		t.Errorf("got %v", ps)
	}
}

func FuzzConfig(f *testing.F) {
	f.Add([]byte(whole))
	f.Add(config.Example())
	f.Add([]byte("issuers: [{}, {}]\nfhir: {upstream: x}"))
	f.Add([]byte("a: &a [*a]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, ps := config.Parse("f.yaml", text, nil)
		if (c == nil) != (len(ps.Errors()) > 0) {
			t.Fatalf("config %v with problems %v", c != nil, ps)
		}
		if c != nil && (c.FHIR.Upstream == nil || slices.ContainsFunc(c.Issuers, func(is caller.Issuer) bool { return is.Audience == "" || len(is.Algorithms) == 0 })) {
			t.Errorf("accepted without what it needs: %+v", c)
		}
		_ = ps.Error()
	})
}

func TestProblemsOfSigningInAndTelling(t *testing.T) {
	const rest = `
issuers:
  - {issuer: "https://id.hospital.example", audience: modicum, algorithms: [ES256]%s}
fhir: {upstream: "http://127.0.0.1:8090/fhir"}
ledger: {origin: modicum.hospital.example/main, key: data/ledger.key}
`
	for _, tt := range []struct{ text, issuer, want string }{
		{"public: https://modicum.hospital.example/console", "", "no path"},
		{"public: http://modicum.hospital.example", "", "plain http only on this machine"},
		{"sign_in: {idle: 3 days}", "", "sign_in.idle must be between 1 minute and 12 hours"},
		{"sign_in: {idel: 1 hour}", "", "nearest one is idle"},
		{"", ", client: {secret_file: s}", "issuers.0.client.id is missing"},
		{"", ", strong: [phr]", "issuers.0.strong needs client"},
		{"scim: {token_files: [t], person: sub}", "", "scim.person must be userName or externalId"},
		{"scim: {prefix: hosp/}", "", "scim.token_files is missing"},
		{"public: https://m.example\nmail: {from: m@hospital.example}", "", "mail.server is missing"},
		{"public: https://m.example\nmail: {server: mail.example, from: m@hospital.example}", "", "mail.server must be HOST:PORT"},
		{"public: https://m.example\nmail: {server: \"mail.example:25\", from: nobody}", "", "mail.from must be the address"},
		{"public: https://m.example\nmail: {server: \"mail.example:25\", from: m@hospital.example, tls: none}", "", "only for a server on this machine"},
		{"public: https://m.example\nmail: {server: \"mail.example:25\", from: m@hospital.example, tls: yes}", "", "mail.tls must be starttls, implicit, or none"},
		{"public: https://m.example\nmail: {server: \"mail.example:25\", from: m@hospital.example, user: m}", "", "belong together"},
		{"public: https://m.example\nwebhooks: [{name: a, url: \"http://other.example/\", secret_files: [s]}]", "", "must be https"},
		{"public: https://m.example\nwebhooks: [{name: a, url: \"https://u:p@other.example/\", secret_files: [s]}]", "", "without a name or password"},
		{"public: https://m.example\nwebhooks: [{name: a, url: \"https://other.example/\"}]", "", "secret_files is missing"},
		{"public: https://m.example\nwebhooks: [{name: a, url: \"https://o.example/\", secret_files: [s]}, {name: a, url: \"https://o.example/\", secret_files: [s]}]", "", "is listed twice"},
		{"public: https://m.example\nwebhooks: [{name: a, url: \"https://o.example/\", secret_files: [s], events: [glass-brokn]}]", "", "there are attest-waits, "},
		{"mail: {server: \"mail.example:25\", from: m@hospital.example}", "", "public must say"},
		{"webhooks: [{name: a, url: \"https://o.example/\", secret_files: [s]}]", "", "public must say"},
		{"drills: [Patient/p1]", "", "drills must be ids of made-up patients, such as drill-1"},
		{"spool: {megabytes: 0}", "", "spool.megabytes must be a number from 1 to 1024"},
	} {
		_, ps := config.Parse("f.yaml", []byte(tt.text+strings.Replace(rest, "%s", tt.issuer, 1)), nil)
		if len(ps) != 1 || !strings.Contains(ps.Error(), tt.want) {
			t.Errorf("%s%s: %v\nwant %s", tt.text, tt.issuer, ps, tt.want)
		}
	}
}

func TestSecretsOfTellingAreLookedAt(t *testing.T) {
	dir := t.TempDir()
	open := filepath.Join(dir, "open")
	if err := os.WriteFile(open, []byte("s"), 0o644); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf(`
issuers: [{issuer: "https://id.hospital.example", audience: modicum, algorithms: [ES256], client: {id: c, secret_file: %[1]q}}]
fhir: {upstream: "http://127.0.0.1:8090/fhir"}
ledger: {origin: modicum.hospital.example/main, key: data/ledger.key}
public: https://m.example
scim: {token_files: [%[1]q]}
mail: {server: "m.example:25", from: m@hospital.example, user: m, password_file: %[1]q}
webhooks: [{name: a, url: "https://a.example/", secret_files: [%[1]q]}]
`, open)
	file := filepath.Join(dir, "modicum.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, ps := config.Load(file, nil)
	for _, key := range []string{"issuers.0.client.secret_file", "scim.token_files", "mail.password_file", "webhooks.0.secret_files"} {
		if !slices.ContainsFunc(ps, func(p config.Problem) bool { return p.Key == key && strings.Contains(p.Text, "chmod 600") }) {
			t.Errorf("%s: nothing is said of a file that others may read\n%v", key, ps)
		}
	}
}
