package config

import (
	"fmt"
	"strings"
)

// Key describes one key of modicum.yaml, for docs/configuration.md. A test holds
// the list against the reader: no key is missing, none is made up, every default
// and example is what it says.
type Key struct {
	Path     string // dotted; [] stands for an item of a list, NAME for a name of one's own
	Default  string // as it would be written; "" when there is none
	Required bool
	Example  string // as it would be written
	Text     string
}

// Env is the variable that overrides the key; "" where there is none.
func (k Key) Env() string {
	if k.Path == "issuers[].roles" || k.Path == "scim.groups" {
		return "" // what an issuer calls its roles need not be a name of a variable
	}
	env := variable(strings.ReplaceAll(k.Path, "[]", ".0"))
	if strings.HasSuffix(k.Path, ".NAME") {
		env = strings.TrimSuffix(env, "NAME") + "<NAME>"
	}
	return env
}

// Keys lists every key, in the order of the file that init writes.
func Keys() []Key {
	return []Key{
		{Path: "data", Default: "./data", Example: "/var/lib/modicum", Text: "Folder of store, record and keys; mode 0700. Back it up as one."},
		{Path: "policy", Default: "./policy", Example: "../policy", Text: "Folder of the policy. What changes in it is read while the server runs, and comes in force as `policy_changes` says; a policy with errors does not."},
		{Path: "policy_changes", Default: "two-persons", Example: "folder", Text: "`two-persons`: what changes in the folder waits until one person has proposed it and another has said yes (`policy-changes.md`). `folder`: it comes in force by lying there, so that one person who can write the folder decides; every page says so."},
		{Path: "listen", Default: "127.0.0.1:8443", Example: "127.0.0.1:9443", Text: "HOST:PORT of console, API and FHIR."},
		{Path: "tls.cert", Example: "tls.crt", Text: "Certificate chain, PEM. Required, with `tls.key`, unless every listener is reached from this machine alone."},
		{Path: "tls.key", Example: "tls.key", Text: "Its key, PEM; a file that others cannot read."},
		{Path: "issuers[].issuer", Required: true, Example: "https://id.hospital.example/realms/staff", Text: "Identity provider: exactly what the claim `iss` says. Tokens of any other are refused."},
		{Path: "issuers[].audience", Required: true, Example: "modicum", Text: "Must stand in the claim `aud`: a token made for another service is refused."},
		{Path: "issuers[].person", Default: "sub", Example: "preferred_username", Text: "Claim that names the person; facts use this name."},
		{Path: "issuers[].prefix", Example: "hosp/", Text: "Before every name of this issuer. Required where several issuers are listed, so that two people never share a name."},
		{Path: "issuers[].jwks_file", Example: "idp.jwks.json", Text: "File with the issuer's public keys, read again when it changes."},
		{Path: "issuers[].jwks_url", Example: "https://id.hospital.example/realms/staff/protocol/openid-connect/certs", Text: "Address of the issuer's public keys, instead of a file. Neither: the issuer is asked (OpenID Connect discovery)."},
		{Path: "issuers[].algorithms", Required: true, Example: "[ES256, RS256]", Text: "What the issuer may sign with: RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA. Never none, never a shared secret."},
		{Path: "issuers[].roles_claim", Default: "roles", Example: "/realm_access/roles", Text: "Claim that lists roles; a name, or a JSON pointer."},
		{Path: "issuers[].roles", Example: "{hospital-billing: billing-specialist}", Text: "What the issuer says → role of the policy. Where this is written, nothing else counts as a role."},
		{Path: "issuers[].authorization_endpoint", Example: "https://id.hospital.example/realms/staff/protocol/openid-connect/auth", Text: "Where SMART applications send people to sign in. Written with `token_endpoint`, or not at all: then the issuer is asked. Of several issuers SMART applications learn the first."},
		{Path: "issuers[].token_endpoint", Example: "https://id.hospital.example/realms/staff/protocol/openid-connect/token", Text: "Where SMART applications fetch tokens."},
		{Path: "issuers[].client.id", Example: "modicum-console", Text: "What the issuer calls this console: with it, people sign in to the console there. Its redirect address is `public` + `/sign-in/oidc`."},
		{Path: "issuers[].client.secret_file", Example: "console.secret", Text: "File with the console's secret there, mode 0600. Without it the client is public, and PKCE stands alone."},
		{Path: "issuers[].strong", Example: "[phr, phrh]", Text: "Values of `acr` by which the issuer says that the person was proved present just now, by two factors: what step-up asks for. Without it the issuer's people step up with a passkey of this console."},
		{Path: "fhir.base", Default: "/fhir", Example: "/r4", Text: "Path of the FHIR door under `listen`."},
		{Path: "fhir.upstream", Required: true, Example: "https://ehr.hospital.example/fhir", Text: "The FHIR R4 server behind. Nobody else should be able to reach it."},
		{Path: "fhir.upstream_auth.bearer_file", Example: "upstream.token", Text: "File with the token for the upstream, mode 0600, read again at each use."},
		{Path: "fhir.mode", Default: "enforce", Example: "enforce", Text: "`enforce`: what the policy does not grant does not leave. `observe`: it leaves and is recorded; `modicum observe report` says what enforcing would have withheld."},
		{Path: "fhir.enforce", Example: "[billing-specialist]", Text: "With `mode: observe`: roles that are enforced already. Whoever holds one of them, beside whatever others, gets what the policy gives."},
		{Path: "fhir.connections", Default: "64", Example: "128", Text: "Most answers of the upstream that are waited for at once, of one caller all but a ninth; who asks beyond waits, and is served before those who hold more."},
		{Path: "fhir.streams", Default: "256", Example: "128", Text: "Most long answers (above 4 MiB) under way at once, of one caller all but a ninth, whose clients may read slowly; one more is answered 503. Each takes some 13 MB of memory (`docs/benchmarks.md`)."},
		{Path: "clients[].id", Example: "bedside-app", Text: "`client_id` of an application that cannot name a task itself; required in each item."},
		{Path: "clients[].task", Example: "give-care", Text: "Task that it asks for: TASK or ROLE/TASK."},
		{Path: "clients[].scopes", Example: "required", Text: "`required`: a token without SMART scopes does nothing."},
		{Path: "clients[].origins", Example: "[https://app.hospital.example]", Text: "Origins of its web pages: in a browser they, and no others, may read what the door answers (CORS)."},
		{Path: "facts.fresh.NAME", Example: "5 minutes", Text: "Smaller bound on age of a source than conditions.yaml sets."},
		{Path: "facts.files", Example: "[facts/*.ndjson]", Text: "Patterns of files of facts, each taken whole or not at all, and read again when it changes. Write a new one beside it and rename it, as `modicum facts import` does."},
		{Path: "facts.fhir.every", Example: "15s", Text: "How often the upstream is asked for care teams, encounters, appointments and tasks: 1s to 15 minutes; 15s where `facts.fhir` is written without it. Without `facts.fhir` it is no source."},
		{Path: "ledger.origin", Required: true, Example: "modicum.hospital.example/main", Text: "Name of the log; it must be that of its key."},
		{Path: "ledger.key", Required: true, Example: "data/ledger.key", Text: "File with the key that signs the log, mode 0600."},
		{Path: "admin", Example: "127.0.0.1:9090", Text: "HOST:PORT of /healthz, /readyz and /metrics, which hold no data of patients. Without it there are none. Served with TLS where other machines reach it."},
		{Path: "public", Example: "https://modicum.hospital.example", Text: "The address that people type. Links in mail lead there, passkeys belong to its host, and the identity provider sends people back to it."},
		{Path: "sign_in.idle", Default: "30 minutes", Example: "15 minutes", Text: "A session of the console ends after so long without a request: 1 minute to 12 hours."},
		{Path: "sign_in.longest", Default: "12 hours", Example: "8 hours", Text: "A session ends after so long, whatever happens: 15 minutes to 1 day."},
		{Path: "sign_in.shift", Default: "12 hours", Example: "8 hours", Text: "One proof of presence is good for breaking the glass for so long: 5 minutes to 1 day. Changing rights asks again after 5 minutes."},
		{Path: "scim.token_files", Example: "[scim.token]", Text: "Files with the bearer tokens that your provisioning shows, mode 0600; two while they change. Without them nobody provisions."},
		{Path: "scim.person", Default: "userName", Example: "externalId", Text: "What of a provisioned user is the person's name: `userName` or `externalId`. It must be what `issuers[].person` reads from tokens (with `sub`, have your provisioning send that as `externalId`): otherwise whoever leaves there goes on with their tokens here."},
		{Path: "scim.prefix", Example: "hosp/", Text: "Before every user name that is provisioned, so that it is the name that the issuer's tokens give (`issuers[].prefix`)."},
		{Path: "scim.groups", Example: "{Ward Nurses: nurse}", Text: "Group of your directory → role of the policy. A group gives no right over others: that needs two of your people here."},
		{Path: "mail.server", Example: "mail.hospital.example:587", Text: "HOST:PORT of the server that mail goes out by. Without it nobody is told by mail."},
		{Path: "mail.tls", Default: "starttls", Example: "implicit", Text: "`starttls`, `implicit`, or `none` for a server on this machine."},
		{Path: "mail.from", Example: "modicum@hospital.example", Text: "Address that mail comes from."},
		{Path: "mail.user", Example: "modicum", Text: "Name at the mail server, with `password_file`, or neither."},
		{Path: "mail.password_file", Example: "mail.password", Text: "File with its password, mode 0600, read again at each use."},
		{Path: "webhooks[].name", Example: "pager", Text: "What the pages call it."},
		{Path: "webhooks[].url", Example: "https://pager.hospital.example/modicum", Text: "Where events are sent, without protected data, signed and repeated until they are taken."},
		{Path: "webhooks[].secret_files", Example: "[pager.secret]", Text: "Files of the secrets that sign, mode 0600; the newest first."},
		{Path: "webhooks[].events", Example: "[glass-broken, review-overdue]", Text: "Kinds of events; without it, all."},
		{Path: "spool.dir", Default: "./data/spool", Example: "/var/spool/modicum", Text: "Where broken glasses are recorded while the record cannot be written; another disk than `data` helps more."},
		{Path: "spool.megabytes", Default: "16", Example: "64", Text: "Most that the spool takes, 1 to 1024; set aside at the start. Full, it refuses."},
		{Path: "drills", Example: "[drill-1]", Text: "Made-up patients for practice: whoever breaks the glass for one of them goes the whole way, and all of it is marked as a drill. Never real ones."},
	}
}

// Markdown is the table of all keys, for docs/configuration.md.
func Markdown() string {
	var b strings.Builder
	b.WriteString("| Key | Default | Example | Variable | Means |\n|---|---|---|---|---|\n")
	code := func(s string) string {
		if s == "" {
			return ""
		}
		return "`" + s + "`"
	}
	for _, k := range Keys() {
		def := code(k.Default)
		if k.Required {
			def = "*required*"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", code(k.Path), def, code(k.Example), code(k.Env()), k.Text)
	}
	return b.String()
}
