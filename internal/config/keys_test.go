package config

import (
	"flag"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the table of docs/configuration.md")

// least is the smallest configuration: what has no default.
const least = `issuers:
  - {issuer: "https://id.hospital.example/realms/staff", audience: modicum, algorithms: [ES256]}
fhir: {upstream: "http://127.0.0.1:8090/fhir"}
ledger: {origin: modicum.hospital.example/main, key: data/ledger.key}
`

// read returns the configuration without its places.
func read(t *testing.T, text string, env ...string) (*Config, Problems) {
	t.Helper()
	c, ps := Parse("/etc/modicum/modicum.yaml", []byte(text), env)
	if c != nil {
		c.places, c.values, c.sum = nil, nil, [32]byte{}
	}
	return c, ps.Errors()
}

// TestKeysAreThoseOfTheReader: the list that the documentation is made of names
// every key that is read, and no other.
func TestKeysAreThoseOfTheReader(t *testing.T) {
	root, ps := parseYAML("f.yaml", []byte(least+"clients: [{id: x}]\nwebhooks: [{name: x}]\ntls: {cert: a, key: b}\nfacts: {fhir: {every: 15s}}\n"))
	if len(ps) > 0 {
		t.Fatal(ps)
	}
	r := newReader("f.yaml", nil)
	r.config(root)
	item := regexp.MustCompile(`\.\d+\.`)
	var leaves []string
	for _, k := range r.known {
		container := slices.ContainsFunc(r.known, func(o string) bool { return strings.HasPrefix(o, k+".") })
		if !container {
			leaves = append(leaves, item.ReplaceAllString(k, "[]."))
		}
	}
	var listed []string
	for _, k := range Keys() {
		listed = append(listed, strings.TrimSuffix(k.Path, ".NAME"))
	}
	slices.Sort(leaves)
	slices.Sort(listed)
	if !slices.Equal(slices.Compact(leaves), listed) {
		t.Errorf("the reader asks for\n%v\nlisted are\n%v", leaves, listed)
	}
}

// with returns the smallest configuration with one key set, in block style.
func with(k Key, value string) string {
	tree := map[string]any{
		"issuers[].issuer": `"https://id.hospital.example/realms/staff"`, "issuers[].audience": "modicum", "issuers[].algorithms": "[ES256]",
		"fhir.upstream": `"http://127.0.0.1:8090/fhir"`, "ledger.origin": "modicum.hospital.example/main", "ledger.key": "data/ledger.key",
	}
	if strings.HasPrefix(k.Path, "webhooks[]") || strings.HasPrefix(k.Path, "mail.") {
		tree["public"] = `"https://m.example"`
	}
	switch {
	case strings.HasPrefix(k.Path, "clients[]"):
		tree["clients[].id"] = "bedside-app"
	case strings.HasPrefix(k.Path, "webhooks[]"):
		tree["webhooks[].name"], tree["webhooks[].url"], tree["webhooks[].secret_files"] = "hook", `"https://hook.example/"`, "[hook.secret]"
	case strings.HasPrefix(k.Path, "mail."):
		tree["mail.server"], tree["mail.from"] = `"mail.example:25"`, `"m@hospital.example"`
		if k.Path == "mail.user" || k.Path == "mail.password_file" {
			tree["mail.user"], tree["mail.password_file"] = "somebody", "p"
		}
	case k.Path == "scim.prefix" || k.Path == "scim.groups" || k.Path == "scim.person":
		tree["scim.token_files"] = "[t]"
	case k.Path == "issuers[].client.secret_file" || k.Path == "issuers[].strong":
		tree["issuers[].client.id"] = "console"
	case k.Path == "issuers[].authorization_endpoint":
		tree["issuers[].token_endpoint"] = `"https://id.hospital.example/token"`
	case strings.HasPrefix(k.Path, "tls."):
		tree["tls.cert"], tree["tls.key"] = "other.crt", "other.key"
	}
	if value != "" {
		tree[strings.ReplaceAll(k.Path, "NAME", "queue")] = quoted(value)
	}
	return written(tree, "")
}

// quoted writes a scalar so that YAML reads it as text.
func quoted(v string) string {
	if strings.HasPrefix(v, "[") || strings.HasPrefix(v, "{") {
		return v
	}
	return `"` + v + `"`
}

// written writes dotted paths as YAML in flow style.
func written(tree map[string]any, indent string) string {
	groups := map[string]map[string]any{}
	var b strings.Builder
	for _, path := range slices.Sorted(maps.Keys(tree)) {
		head, rest, deep := strings.Cut(path, ".")
		if !deep {
			b.WriteString(indent + head + ": " + tree[path].(string) + "\n")
			continue
		}
		if groups[head] == nil {
			groups[head] = map[string]any{}
		}
		groups[head][rest] = tree[path]
	}
	for _, head := range slices.Sorted(maps.Keys(groups)) {
		name, list := strings.CutSuffix(head, "[]")
		inner := written(groups[head], indent+"    ")
		if list {
			inner = indent + "  - " + strings.TrimPrefix(inner, indent+"    ")
		}
		b.WriteString(indent + name + ":\n" + inner)
	}
	return b.String()
}

// TestDefaultsAreWhatTheySay: writing the default changes nothing.
func TestDefaultsAreWhatTheySay(t *testing.T) {
	for _, k := range Keys() {
		if k.Default == "" {
			continue
		}
		without, ps := read(t, with(k, ""))
		if len(ps) > 0 {
			t.Fatal(ps)
		}
		written, ps := read(t, with(k, k.Default))
		if len(ps) > 0 {
			t.Errorf("%s: %v", k.Path, ps)
			continue
		}
		// The claims that name person and roles are defaulted where they are used.
		for i := range without.Issuers {
			without.Issuers[i].Person, without.Issuers[i].RolesClaim = or(without.Issuers[i].Person, "sub"), or(without.Issuers[i].RolesClaim, "roles")
			written.Issuers[i].Person, written.Issuers[i].RolesClaim = or(written.Issuers[i].Person, "sub"), or(written.Issuers[i].RolesClaim, "roles")
		}
		if !reflect.DeepEqual(without, written) {
			t.Errorf("%s: %s is not what holds without it\n%+v\n%+v", k.Path, k.Default, without, written)
		}
	}
}

// TestExamplesAreRead: every example is accepted, and changes what is read unless
// it is the default.
func TestExamplesAreRead(t *testing.T) {
	for _, k := range Keys() {
		without, _ := read(t, with(k, ""))
		got, ps := read(t, with(k, k.Example))
		if len(ps) > 0 {
			t.Errorf("%s: %v\n%s", k.Path, ps, with(k, k.Example))
			continue
		}
		if same := reflect.DeepEqual(without, got); same && k.Example != k.Default && !k.Required && k.Path != "clients[].id" {
			t.Errorf("%s: %s changes nothing", k.Path, k.Example)
		}
	}
}

// TestVariablesSayTheSame: a variable is read as the file is.
func TestVariablesSayTheSame(t *testing.T) {
	for _, k := range Keys() {
		if k.Env() == "" {
			continue
		}
		name := strings.ReplaceAll(k.Env(), "<NAME>", "QUEUE")
		got, ps := read(t, with(k, ""), name+"="+strings.Trim(k.Example, "[]"))
		if len(ps) > 0 {
			t.Errorf("%s: %v", name, ps)
			continue
		}
		if want, _ := read(t, with(k, k.Example)); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v\nby file: %+v", name, got, want)
		}
	}
	// What has no variable has none.
	if _, ps := read(t, least, "MODICUM_ISSUERS_0_ROLES_BILLING=billing-specialist"); len(ps) == 0 {
		t.Error("issuers[].roles was taken from a variable; docs/configuration.md says that it is not")
	}
}

// TestRequiredKeysAreRequired: without each, nothing is read.
func TestRequiredKeysAreRequired(t *testing.T) {
	for _, k := range Keys() {
		head, leaf, _ := strings.Cut(strings.ReplaceAll(k.Path, "[]", ""), ".")
		text := regexp.MustCompile(`(^|[{ ,])`+regexp.QuoteMeta(leaf)+`: ("[^"]*"|\[[^\]]*\]|[^,}\n]*),? ?`).ReplaceAllString(least, "$1")
		if text == least || !strings.Contains(least, head+":") {
			if k.Required {
				t.Errorf("%s is called required and the smallest configuration lacks it", k.Path)
			}
			continue
		}
		if _, ps := read(t, text); len(ps) == 0 != !k.Required {
			t.Errorf("%s: required %v, and without it: %v\n%s", k.Path, k.Required, ps, text)
		}
	}
}

// TestConfigurationIsDocumented: the table of docs/configuration.md is made of
// this list, and every fenced yaml there is read.
func TestConfigurationIsDocumented(t *testing.T) {
	const file = "../../docs/configuration.md"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), "<!-- keys -->\n")
	_, after, ok2 := strings.Cut(rest, "<!-- end of keys -->")
	if !ok || !ok2 {
		t.Fatal("the marks of the table are gone")
	}
	want := before + "<!-- keys -->\n" + Markdown() + "<!-- end of keys -->" + after
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if want != string(text) {
		t.Error("the table is stale; run: go test ./internal/config -run Documented -update")
	}
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if len(blocks) == 0 {
		t.Error("no example is read")
	}
	for _, b := range blocks {
		if _, ps := read(t, b[1]); len(ps) > 0 {
			t.Errorf("an example is not read: %v\n%s", ps, b[1])
		}
	}
}

// TestTheExampleShowsEveryKey: what init writes names each, written or commented.
func TestTheExampleShowsEveryKey(t *testing.T) {
	for _, k := range Keys() {
		leaf := strings.TrimSuffix(k.Path, ".NAME")
		leaf = leaf[strings.LastIndexByte(leaf, '.')+1:]
		if !regexp.MustCompile(`(?m)^[ #]*(- \{?|\w+: \{.*)?` + leaf + `: |[{, ]` + leaf + `: `).Match(example) {
			t.Errorf("%s is not in the example", k.Path)
		}
	}
}
