package config

import (
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"modicum/catalog"
	"modicum/internal/caller"
	"modicum/internal/notice"
)

// SignIn bounds the sessions of the console.
type SignIn struct {
	Idle    time.Duration // without a request, after which a session ends
	Longest time.Duration // after which it ends whatever happens
	Shift   time.Duration // how long one proof of presence is good for breaking the glass
}

// Login says that an issuer signs people in to the console.
type Login struct {
	Issuer     int      // index in Issuers
	Client     string   // client_id of the console there
	SecretFile string   // "" where the client is public: PKCE then stands alone
	Strong     []string // values of acr that prove presence; none: the issuer cannot
}

// SCIM says whose provisioning is listened to.
type SCIM struct {
	TokenFiles []string          // bearer tokens that it may show, one a file; several while they change
	Person     string            // what of a user is the person's name: userName or externalId
	Prefix     string            // before it, as issuers[].prefix
	Groups     map[string]string // name of a group → role of the policy; never a right over others
}

// Mail is the server that mail goes out by.
type Mail struct {
	Server       string // HOST:PORT
	TLS          string // starttls, implicit, or none on this machine alone
	From         string
	User         string
	PasswordFile string
}

// Webhook is an address that hears of events.
type Webhook struct {
	Name, URL   string
	SecretFiles []string // signs; the first is the newest, others are still accepted there
	Events      []string // kinds; none: all
}

// Spool is where broken glasses are recorded while the record cannot be written.
type Spool struct {
	Dir   string
	Bytes int64 // most that it takes
}

// people reads what says how people sign in, are provisioned and told.
func (r *reader) people(o object, c *Config) {
	r.public(o, c)
	r.signIn(o, c)
	r.scim(o, c)
	r.mail(o, c)
	r.webhooks(o, c)
	r.spool(o, c)
	r.drills(o, c)
}

// drills are patients by FHIR id. A real patient has no place here: everything about a
// drill is marked as one.
func (r *reader) drills(o object, c *Config) {
	c.Drills = o.texts("drills")
	for _, id := range c.Drills {
		if !catalog.IsID(id) {
			r.bad("drills", "must be ids of made-up patients, such as drill-1")
		}
	}
}

func (r *reader) public(o object, c *Config) {
	c.Public = o.text("public")
	if c.Public != "" && !webOrigin(c.Public) {
		r.bad("public", "must be the address that people type, such as https://modicum.hospital.example: lower case, no path, no slash at the end; plain http only on this machine")
	}
}

func (r *reader) signIn(o object, c *Config) {
	n, _ := o.find("sign_in")
	s := r.object("sign_in", n, "idle", "longest", "shift")
	c.SignIn = SignIn{
		Idle:    r.between(s, "idle", 30*time.Minute, time.Minute, 12*time.Hour),
		Longest: r.between(s, "longest", 12*time.Hour, 15*time.Minute, 24*time.Hour),
		Shift:   r.between(s, "shift", 12*time.Hour, 5*time.Minute, 24*time.Hour),
	}
}

// between reads a duration within bounds.
func (r *reader) between(o object, name string, otherwise, least, most time.Duration) time.Duration {
	text := o.text(name)
	if text == "" {
		return otherwise
	}
	d, ok := duration(text)
	if !ok || d < least || d > most {
		r.bad(o.child(name), "must be between "+spell(least)+" and "+spell(most))
	}
	return d
}

// login reads how an issuer signs people in to the console.
func (r *reader) login(is object, i int, c *Config) {
	n, written := is.find("client")
	cl := r.object(is.child("client"), n, "id", "secret_file")
	id, secret := cl.text("id"), r.path(cl.text("secret_file"))
	strong := is.texts("strong")
	if id == "" {
		if written || secret != "" {
			r.bad(cl.child("id"), "is missing: what the issuer calls this console (client_id)")
		}
		if strong != nil {
			r.bad(is.child("strong"), "needs client: only then does the issuer sign people in to the console")
		}
		return
	}
	c.Logins = append(c.Logins, Login{Issuer: i, Client: id, SecretFile: secret, Strong: strong})
}

func (r *reader) scim(o object, c *Config) {
	n, written := o.find("scim")
	s := r.object("scim", n, "token_files", "person", "prefix", "groups")
	files := s.texts("token_files")
	conf := SCIM{Person: or(s.text("person"), "userName"), Prefix: s.text("prefix"), Groups: s.words("groups", false)}
	for _, f := range files {
		conf.TokenFiles = append(conf.TokenFiles, r.path(f))
	}
	if conf.Person != "userName" && conf.Person != "externalId" {
		r.bad("scim.person", "must be userName or externalId, whichever is what issuers[].person names people by")
	}
	switch {
	case files != nil:
		c.SCIM = &conf
	case written || conf.Prefix != "" || conf.Person != "userName":
		r.bad("scim.token_files", "is missing: files of the bearer tokens that your provisioning shows")
	}
}

func (r *reader) mail(o object, c *Config) {
	n, written := o.find("mail")
	m := r.object("mail", n, "server", "tls", "from", "user", "password_file")
	conf := Mail{
		Server: m.text("server"), TLS: or(m.text("tls"), "starttls"), From: m.text("from"),
		User: m.text("user"), PasswordFile: r.path(m.text("password_file")),
	}
	if !written && conf == (Mail{TLS: "starttls"}) {
		return
	}
	if conf.Server == "" {
		r.bad("mail.server", "is missing: HOST:PORT of the mail server")
	} else {
		r.listener("mail.server", conf.Server)
	}
	if _, err := mail.ParseAddress(conf.From); err != nil {
		r.bad("mail.from", "must be the address that mail comes from, such as modicum@hospital.example")
	}
	switch conf.TLS {
	case "starttls", "implicit":
	case "none":
		if host, _, _ := net.SplitHostPort(conf.Server); !caller.Loopback(host) {
			r.bad("mail.tls", "may be none only for a server on this machine: who waits for what would be read on the way")
		}
	default:
		r.bad("mail.tls", "must be starttls, implicit, or none")
	}
	if (conf.User == "") != (conf.PasswordFile == "") {
		r.bad("mail.user", "and password_file belong together")
	}
	if c.Public == "" {
		r.bad("mail", "leads to pages, so public must say under which address people reach them")
	}
	c.Mail = &conf
}

func (r *reader) webhooks(o object, c *Config) {
	seen := map[string]bool{}
	for i, n := range o.items("webhooks") {
		path := key("webhooks", i)
		w := r.object(path, n, "name", "url", "secret_files", "events")
		one := Webhook{Name: w.required("name", "what the pages call it"), URL: w.required("url", "where events are sent"), Events: w.texts("events")}
		if one.Name != "" && seen[one.Name] {
			r.bad(key(path, "name"), "is listed twice")
		}
		seen[one.Name] = true
		if u, err := url.Parse(one.URL); one.URL != "" && (err != nil || caller.CheckURL(one.URL) != nil || u.User != nil || u.Fragment != "") {
			r.bad(key(path, "url"), "must be https, or http to this machine, without a name or password in it")
		}
		for _, f := range w.texts("secret_files") {
			one.SecretFiles = append(one.SecretFiles, r.path(f))
		}
		if one.SecretFiles == nil {
			r.bad(key(path, "secret_files"), "is missing: files of the secrets that sign what is sent")
		}
		for _, e := range one.Events {
			if !slices.Contains(events(), e) {
				r.bad(key(path, "events"), "names what is no event; there are "+strings.Join(events(), ", "))
				break
			}
		}
		c.Webhooks = append(c.Webhooks, one)
	}
	if len(c.Webhooks) > 0 && c.Public == "" {
		r.bad("webhooks", "lead to pages, so public must say under which address people reach them")
	}
}

// events are the kinds of notices, as words.
func events() (out []string) {
	for _, k := range notice.Kinds() {
		out = append(out, string(k))
	}
	return out
}

// Bounds of the spool.
const (
	leastSpool = 1 << 20
	mostSpool  = 1 << 30
)

func (r *reader) spool(o object, c *Config) {
	n, _ := o.find("spool")
	s := r.object("spool", n, "dir", "megabytes")
	c.Spool = Spool{Dir: r.path(s.text("dir")), Bytes: int64(r.count(s, "megabytes", 16, leastSpool>>20, mostSpool>>20)) << 20}
	if c.Spool.Dir == "" {
		c.Spool.Dir = filepath.Join(c.Data, "spool")
	}
}

// count reads a whole number within bounds.
func (r *reader) count(o object, name string, otherwise, least, most int) int {
	text := o.text(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		r.bad(o.child(name), fmt.Sprintf("must be a number from %d to %d", least, most))
	}
	return n
}

// secretFiles are the files of secrets of what is read here, by their keys.
func (c *Config) secretFiles() map[string]string {
	out := map[string]string{}
	for _, l := range c.Logins {
		out[key("issuers", l.Issuer, "client.secret_file")] = l.SecretFile
	}
	if c.SCIM != nil {
		for _, f := range c.SCIM.TokenFiles {
			out["scim.token_files"] = worse(out["scim.token_files"], f)
		}
	}
	if c.Mail != nil {
		out["mail.password_file"] = c.Mail.PasswordFile
	}
	for i, w := range c.Webhooks {
		k := key("webhooks", i, "secret_files")
		for _, f := range w.SecretFiles {
			out[k] = worse(out[k], f)
		}
	}
	return out
}

// worse keeps the file of which there is something to say.
func worse(a, b string) string {
	if a != "" && CheckSecret(a) != nil {
		return a
	}
	return b
}
