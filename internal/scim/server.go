// Package scim lets the organization's provisioning add people, change them, put them
// into groups and end them (RFC 7643, RFC 7644).
//
// It reaches ordinary roles only: a group gives the role that the configuration maps it
// to, and where that is a right over others it is a proposal that waits for somebody
// here (threat model G9). Setting active to false, or deleting, ends everything of a
// person before the answer is sent (G6). Each request that changes something is one
// change of the directory with one entry of the record.
//
// What clients write in their own way is understood (Entra, Okta); what is hostile is
// bounded and refused with an error of RFC 7644 that holds no text of the request (T8).
package scim

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"

	"modicum/internal/people"
)

// PersonBy says what of a user becomes the person's id after the prefix: what facts and
// tokens call them.
type PersonBy string

// The choices. What it is cannot be changed by the client afterwards.
const (
	ByUserName   PersonBy = "userName"
	ByExternalID PersonBy = "externalId"
	ByID         PersonBy = "id" // the opaque id that the client is told
)

// Config is what a Server is made of. All but Prefix must be set.
type Config struct {
	People *people.Directory
	Tokens *Tokens
	Base   string   // the server's address as clients know it, "https://gate.example/scim/v2"
	Name   string   // of the client, for the record: "scim:NAME"
	Person PersonBy // "" is ByUserName
	Prefix string   // of a person's id, as that of the issuer who signs them in
}

// Server answers provisioning requests below Base. It is safe for concurrent use.
type Server struct {
	cfg           Config
	by            people.Actor
	users, groups *resource
}

// New checks cfg and returns a Server.
func New(cfg Config) (*Server, error) {
	if cfg.Person == "" {
		cfg.Person = ByUserName
	}
	base, err := url.Parse(cfg.Base)
	switch {
	case cfg.People == nil || cfg.Tokens == nil || cfg.Name == "":
		return nil, errors.New("scim: People, Tokens and Name must be set")
	case err != nil || base.Host == "" || base.RawQuery != "":
		return nil, errors.New("scim: Base must be an address such as https://gate.example/scim/v2")
	case cfg.Person != ByUserName && cfg.Person != ByExternalID && cfg.Person != ByID:
		return nil, errors.New("scim: Person must be userName, externalId or id")
	}
	cfg.Base = strings.TrimSuffix(cfg.Base, "/")
	s := &Server{cfg: cfg, by: people.Actor{ID: "scim:" + cfg.Name}, groups: groups()}
	s.users = users(&s.cfg)
	return s, nil
}

func (s *Server) location(r *resource, id string) string {
	return s.cfg.Base + "/" + r.path + "/" + url.PathEscape(id)
}

// Handler serves the paths below Base: mount it with http.StripPrefix.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	s.discovery(mux)
	s.collection(mux, s.users, store{get: s.getUser, all: s.allUsers, add: s.addUser, put: s.putUser, patch: s.patchUser, remove: s.removeUser})
	s.collection(mux, s.groups, store{get: s.getGroup, all: s.allGroups, add: s.addGroup, put: s.putGroup, patch: s.patchGroup, remove: s.removeGroup})
	mux.Handle("POST /.search", s.serve(s.searchAll))
	s.otherMethods(mux, "/.search", "POST")
	for _, path := range []string{"/Bulk", "/Me"} {
		mux.Handle(path, s.serve(func(*http.Request) (*answer, error) {
			return nil, &problem{http.StatusNotImplemented, "", "This is not offered, as ServiceProviderConfig says."}
		}))
	}
	mux.Handle("/", s.serve(func(*http.Request) (*answer, error) { return nil, errNotFound }))
	return s.authenticated(mux)
}

// authenticated asks for one of the tokens before anything else.
func (s *Server) authenticated(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if !strings.EqualFold(scheme, "Bearer") || len(r.Header.Values("Authorization")) != 1 || !s.cfg.Tokens.Accepts(strings.TrimSpace(token)) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="scim"`)
			writeProblem(w, &problem{http.StatusUnauthorized, "", "A bearer token of the provisioning client is needed."})
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, mostBody)
		next.ServeHTTP(w, r)
	})
}

// answer is what a handler says.
type answer struct {
	status   int
	body     any
	location string
	tag      string
}

// serve is the one place where an error becomes a response.
func (s *Server) serve(f func(*http.Request) (*answer, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, err := f(r)
		if err != nil {
			writeProblem(w, problemOf(err))
			return
		}
		if a.location != "" {
			w.Header().Set("Location", a.location)
		}
		if a.tag != "" {
			w.Header().Set("ETag", a.tag)
		}
		write(w, a.status, a.body)
	})
}

func writeProblem(w http.ResponseWriter, p *problem) {
	body := object{"schemas": []any{errorURN}, "status": strconv.Itoa(p.status), "detail": p.detail}
	if p.kind != "" {
		body["scimType"] = p.kind
	}
	write(w, p.status, body)
}

func write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if body == nil {
		w.WriteHeader(status)
		return
	}
	text, err := json.Marshal(body, json.Deterministic(true))
	if err != nil {
		status, text = http.StatusInternalServerError, nil
	}
	w.Header().Set("Content-Type", "application/scim+json; charset=utf-8")
	w.WriteHeader(status)
	w.Write(text) //nolint:errcheck // the client is gone, and there is nobody to tell
}

// body reads the object that a request carries.
func body(r *http.Request) (object, error) {
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	kind = strings.ToLower(strings.TrimSpace(kind))
	if kind != "application/scim+json" && kind != "application/json" {
		return nil, &problem{http.StatusUnsupportedMediaType, "", "The body must be application/scim+json."}
	}
	text, err := io.ReadAll(r.Body)
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return nil, &problem{http.StatusRequestEntityTooLarge, tooMany, "The body is larger than 1 MiB."}
	}
	if err != nil {
		return nil, bad(invalidSyntax, "The body ended early.")
	}
	return decode(text)
}

// version is the weak tag of a revision (RFC 7644 section 3.14).
func version(revision int64) string { return `W/"` + strconv.FormatInt(revision, 10) + `"` }

// expected is the revision that If-Match names, 0 for any. It is compared again within
// the change, so that of two who rest on the same revision one is told.
func expected(r *http.Request, now int64) (int64, error) {
	said := r.Header.Values("If-Match")
	if len(said) == 0 {
		return 0, nil
	}
	for _, tag := range strings.Split(strings.Join(said, ","), ",") {
		tag = strings.TrimSpace(tag)
		if tag == "*" {
			return 0, nil
		}
		if strings.TrimPrefix(tag, "W/") == strings.TrimPrefix(version(now), "W/") {
			return now, nil
		}
	}
	return 0, errChanged
}

// unchanged reports whether If-None-Match names the revision that is.
func unchanged(r *http.Request, now int64) bool {
	for _, tag := range strings.Split(strings.Join(r.Header.Values("If-None-Match"), ","), ",") {
		if tag = strings.TrimSpace(tag); tag == "*" || tag != "" && strings.TrimPrefix(tag, "W/") == strings.TrimPrefix(version(now), "W/") {
			return true
		}
	}
	return false
}

// store is what a collection is kept in.
type store struct {
	get    func(id string) (object, int64, error)
	all    func(*expr) []object
	add    func(context.Context, object) (string, error)
	put    func(ctx context.Context, id string, rev int64, o object) error
	patch  func(ctx context.Context, id string, rev int64, ops []operation) error
	remove func(ctx context.Context, id string, rev int64) error
}
