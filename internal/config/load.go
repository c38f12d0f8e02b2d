package config

import (
	"crypto/sha256"
	"net"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"modicum/internal/caller"
)

// Load reads the file and the environment (as os.Environ gives it). It returns
// the configuration when none of the Problems is an error; warnings may stand
// beside it. Files that hold secrets must exist and be closed to others.
func Load(file string, environ []string) (*Config, Problems) {
	info, err := os.Stat(file)
	switch {
	case err != nil:
		return nil, Problems{{At: At{File: file}, Text: "cannot be opened; `modicum init DIR` writes one with comments"}}
	case !info.Mode().IsRegular() || info.Size() > maxFile:
		return nil, Problems{{At: At{File: file}, Text: "is not a regular file of at most 1 MiB"}}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, Problems{{At: At{File: file}, Text: "cannot be read"}}
	}
	c, ps := Parse(file, text, environ)
	if c != nil {
		ps = append(ps, c.secrets()...).sorted()
	}
	if len(ps.Errors()) > 0 {
		return nil, ps
	}
	return c, ps
}

// Parse is Load of text that stood in file; it looks at no file.
func Parse(file string, text []byte, environ []string) (*Config, Problems) {
	root, ps := parseYAML(file, text)
	r := newReader(file, environ)
	r.problems = ps
	var c *Config
	if len(ps) == 0 {
		c = r.config(root)
		c.sum = sha256.Sum256(text)
		r.unused()
	}
	if len(r.problems.Errors()) > 0 {
		return nil, r.problems.sorted()
	}
	return c, r.problems.sorted()
}

func (r *reader) config(root node) *Config {
	o := r.object("", root, "data", "policy", "policy_changes", "listen", "tls", "issuers", "fhir", "clients", "facts", "ledger", "admin",
		"public", "sign_in", "scim", "mail", "webhooks", "spool", "drills")
	c := &Config{File: r.file, places: r.places, values: r.values}
	c.Data = r.path(or(o.text("data"), "./data"))
	c.Policy = r.path(or(o.text("policy"), "./policy"))
	if c.PolicyChanges = or(o.text("policy_changes"), TwoPersons); c.PolicyChanges != TwoPersons && c.PolicyChanges != ByFolder {
		r.bad("policy_changes", "is two-persons, or folder: then whoever can write the folder changes the policy alone")
	}
	c.Listen = r.listener("listen", or(o.text("listen"), "127.0.0.1:8443"))
	if admin := o.text("admin"); admin != "" {
		c.Admin = r.listener("admin", admin)
	}
	r.tls(o, c)
	r.issuers(o, c)
	r.fhir(o, c)
	r.clients(o, c)
	r.facts(o, c)
	r.people(o, c)
	n, _ := o.find("ledger")
	l := r.object("ledger", n, "origin", "key")
	c.Ledger.Origin = l.required("origin", "the log's name, such as modicum.hospital.example/main")
	if bad := strings.ContainsAny(c.Ledger.Origin, " +\t"); bad {
		r.bad("ledger.origin", "must hold neither blank nor plus (C2SP signed-note)")
	}
	c.Ledger.Key = r.path(l.required("key", "the file of the key that signs the log; `modicum init` makes one"))
	return c
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// path is absolute, or relative to the folder of the file.
func (r *reader) path(s string) string {
	if s == "" || filepath.IsAbs(s) {
		return s
	}
	return filepath.Join(filepath.Dir(r.file), s)
}

func (r *reader) listener(key, s string) string {
	host, port, err := net.SplitHostPort(s)
	n, errPort := strconv.Atoi(port)
	if err != nil || errPort != nil || n < 0 || n > 65535 || strings.ContainsAny(host, "/ ") {
		r.bad(key, "must be HOST:PORT, such as 127.0.0.1:8443")
	}
	return s
}

func loopback(listener string) bool {
	host, _, err := net.SplitHostPort(listener)
	return err == nil && caller.Loopback(host)
}

func (r *reader) tls(o object, c *Config) {
	n, written := o.find("tls")
	t := r.object("tls", n, "cert", "key")
	cert, certKey := t.text("cert"), t.text("key")
	if cert == "" && certKey == "" {
		if written && n.kind == absent {
			r.bad("tls", "is empty: name cert and key, or leave it out")
		}
		for key, listener := range map[string]string{"listen": c.Listen, "admin": c.Admin} {
			if listener != "" && !loopback(listener) {
				r.bad(key, "is open to other machines, so tls must name cert and key; or listen on 127.0.0.1")
			}
		}
		return
	}
	if cert == "" || certKey == "" {
		r.bad("tls", "needs both cert and key")
	}
	c.TLS = &TLS{r.path(cert), r.path(certKey)}
}

func (r *reader) issuers(o object, c *Config) {
	items := o.items("issuers")
	for i, n := range items {
		is := r.object(key("issuers", i), n, "issuer", "audience", "person", "prefix", "jwks_file", "jwks_url", "algorithms", "roles_claim", "roles", "authorization_endpoint", "token_endpoint", "client", "strong")
		r.login(is, i, c)
		c.Issuers = append(c.Issuers, caller.Issuer{
			Issuer: is.text("issuer"), Audience: is.text("audience"), Person: is.text("person"), Prefix: is.text("prefix"),
			JWKSFile: r.path(is.text("jwks_file")), JWKSURL: is.text("jwks_url"), Algorithms: is.texts("algorithms"),
			RolesClaim: is.text("roles_claim"), Roles: is.words("roles", false),
			AuthorizationEndpoint: is.text("authorization_endpoint"), TokenEndpoint: is.text("token_endpoint"),
		})
	}
	if _, written := o.find("issuers"); written && len(items) == 0 {
		r.bad("issuers", "is empty: list one, or leave it out")
	}
	for _, p := range caller.CheckIssuers(c.Issuers) {
		r.bad(key("issuers", p.Index, p.Key), p.Text)
	}
}

func (r *reader) fhir(o object, c *Config) {
	n, _ := o.find("fhir")
	f := r.object("fhir", n, "base", "upstream", "upstream_auth", "mode", "enforce", "connections", "streams")
	c.FHIR.Base = or(f.text("base"), "/fhir")
	first, _, _ := strings.Cut(strings.TrimPrefix(c.FHIR.Base, "/"), "/")
	if !strings.HasPrefix(c.FHIR.Base, "/") || c.FHIR.Base == "/" || path.Clean(c.FHIR.Base) != c.FHIR.Base || strings.ContainsAny(c.FHIR.Base, "?#%{} ") {
		r.bad("fhir.base", "must be a path such as /fhir, without a slash at its end")
	} else if first == "api" || first == "ledger" || first == "access" || first == ".well-known" {
		r.bad("fhir.base", "is taken by another part: /api, /ledger, /access, /.well-known")
	}
	auth, _ := f.find("upstream_auth")
	a := r.object("fhir.upstream_auth", auth, "bearer_file")
	c.FHIR.BearerFile = r.path(a.text("bearer_file"))
	r.upstream(f, c)
	c.FHIR.Mode = or(f.text("mode"), "enforce")
	c.FHIR.Enforce = f.texts("enforce")
	c.FHIR.Connections = r.count(f, "connections", 64, 4, 1024)
	c.FHIR.Streams = r.count(f, "streams", 256, 4, 1024)
	switch c.FHIR.Mode {
	case "enforce":
	case "observe":
		r.warn("fhir.mode", "observe: nothing is withheld from anybody but holders of the roles in fhir.enforce; the record says what would be (modicum observe report)")
	default:
		r.bad("fhir.mode", "must be enforce or observe")
	}
}

// upstream must be a plain address: what the gate asks it builds by itself (F1).
func (r *reader) upstream(f object, c *Config) {
	text := f.required("upstream", "the FHIR server behind, such as http://127.0.0.1:8090/fhir")
	if text == "" {
		return
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.RawPath != "" {
		r.bad("fhir.upstream", "must be http or https, host and path, such as https://ehr.hospital.example/fhir: no user, query, fragment or escapes")
		return
	}
	if u.Path = strings.TrimSuffix(u.Path, "/"); u.Path != "" && path.Clean(u.Path) != u.Path {
		r.bad("fhir.upstream", "must have a path without . and .. and doubled slashes")
	}
	c.FHIR.Upstream = u
	if u.Scheme == "https" || caller.Loopback(u.Hostname()) {
		return
	}
	if c.FHIR.BearerFile != "" {
		r.bad("fhir.upstream", "would carry the token of bearer_file in clear to another machine: write https")
		return
	}
	r.warn("fhir.upstream", "carries patient data in clear to another machine: write https, or be sure that the network between is encrypted")
}

func (r *reader) clients(o object, c *Config) {
	seen := map[string]bool{}
	for i, n := range o.items("clients") {
		path := key("clients", i)
		cl := r.object(path, n, "id", "task", "scopes", "origins")
		one := Client{ID: cl.required("id", "the client_id of its tokens"), Task: cl.text("task")}
		if seen[one.ID] && one.ID != "" {
			r.bad(key(path, "id"), "is listed twice")
		}
		seen[one.ID] = true
		switch scopes := cl.text("scopes"); scopes {
		case "required":
			one.ScopesRequired = true
		case "":
		default:
			r.bad(key(path, "scopes"), "may only be `required`: a token without SMART scopes then does nothing")
		}
		for _, o := range cl.texts("origins") {
			if !webOrigin(o) {
				r.bad(key(path, "origins"), "must be origins of web pages such as https://app.hospital.example: lower case, no path, no slash at the end; plain http only on this machine")
				break
			}
			one.Origins = append(one.Origins, o)
		}
		if one.Task != "" && !taskName(one.Task) {
			r.bad(key(path, "task"), "must be TASK or ROLE/TASK")
		}
		c.Clients = append(c.Clients, one)
	}
}

// webOrigin reports whether s is the origin of a page as browsers write it.
func webOrigin(s string) bool {
	u, err := url.Parse(s)
	return err == nil && caller.CheckURL(s) == nil && s == u.Scheme+"://"+u.Host && s == strings.ToLower(s)
}

func taskName(s string) bool {
	for _, c := range []byte(s) {
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '/') {
			return false
		}
	}
	return strings.Count(s, "/") <= 1 && !strings.HasPrefix(s, "/") && !strings.HasSuffix(s, "/")
}

func (r *reader) facts(o object, c *Config) {
	n, _ := o.find("facts")
	f := r.object("facts", n, "fresh", "files", "fhir")
	for name, text := range f.words("fresh", true) {
		d, ok := duration(text)
		if !ok {
			r.bad(key("facts.fresh", name), "must be a duration such as 5 minutes")
			continue
		}
		if c.Facts.Fresh == nil {
			c.Facts.Fresh = map[string]time.Duration{}
		}
		c.Facts.Fresh[name] = d
	}
	for _, g := range f.texts("files") {
		g = r.path(g)
		if _, err := filepath.Match(g, "x"); err != nil {
			r.bad("facts.files", "holds what is not a pattern of file names")
		}
		c.Facts.Files = append(c.Facts.Files, g)
	}
	every, _ := f.find("fhir")
	e := r.object("facts.fhir", every, "every")
	if text := e.text("every"); text != "" {
		d, ok := duration(text)
		if !ok || d < time.Second || d > 15*time.Minute {
			r.bad("facts.fhir.every", "must be between 1s and 15 minutes")
		}
		c.Facts.Every = d
	} else if every.kind != absent {
		c.Facts.Every = 15 * time.Second
	}
}
