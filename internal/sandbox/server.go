// Package sandbox is a small synthetic hospital: a FHIR R4 server in memory,
// staff with tokens, patients, and the facts that feeds would bring. Nobody in it
// is real. The demo and fast tests stand on it.
package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"modicum/catalog"
)

// Server is a FHIR R4 server in memory: read, vread of the one version, search by
// GET and POST with the parameters of R4 that read elements, _id, _sort, _count,
// _summary=count, and paging by opaque tokens. It answers like a real server on
// the interactions that its contract test names, and decides nothing: it is what
// a gate stands before.
type Server struct {
	cat *catalog.Catalog

	mu      sync.RWMutex
	records map[string][]*record // by type, in order
	gone    map[string]bool      // Type/id of what was deleted
	pages   map[string]*result   // whole results by token
	tokens  int
}

type record struct {
	typ, id string
	tree    map[string]any
	body    []byte
}

// NewServer returns an empty Server.
func NewServer() *Server {
	return &Server{cat: catalog.R4(), records: map[string][]*record{}, gone: map[string]bool{}, pages: map[string]*result{}}
}

// Put adds a resource, as its first version. It panics on what is no resource:
// the data is our own.
func (s *Server) Put(resource map[string]any) {
	typ, _ := resource["resourceType"].(string)
	id, _ := resource["id"].(string)
	if typ == "" || id == "" {
		panic("sandbox: not a resource")
	}
	meta, _ := resource["meta"].(map[string]any)
	if meta == nil {
		meta = map[string]any{}
		resource["meta"] = meta
	}
	meta["versionId"], meta["lastUpdated"] = "1", time.Now().UTC().Format("2006-01-02T15:04:05.000Z")
	body, err := json.Marshal(resource)
	if err != nil {
		panic(err)
	}
	var tree map[string]any
	if err := json.Unmarshal(body, &tree); err != nil {
		panic(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records[typ] = append(s.records[typ], &record{typ: typ, id: id, tree: tree, body: body})
}

// Delete takes a resource away, so that its id answers 410.
func (s *Server) Delete(typ, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, r := range s.records[typ] {
		if r.id == id {
			s.records[typ] = append(s.records[typ][:i:i], s.records[typ][i+1:]...)
			s.gone[typ+"/"+id] = true
			return
		}
	}
}

// All calls yield with the name (Type/id) and text of each resource.
func (s *Server) All(yield func(name string, body []byte) bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, list := range s.records {
		for _, r := range list {
			if !yield(r.typ+"/"+r.id, r.body) {
				return
			}
		}
	}
}

// failure is an answer that is an OperationOutcome.
type failure struct {
	status int
	code   string
}

func (f failure) Error() string { return fmt.Sprintf("%d %s", f.status, f.code) }

var (
	notFound = failure{http.StatusNotFound, "not-found"}
	gone     = failure{http.StatusGone, "deleted"}
	invalid  = failure{http.StatusBadRequest, "invalid"}
)

// ServeHTTP answers below /fhir.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, tag, err := s.serve(r)
	var f failure
	if errors.As(err, &f) {
		body, _ = json.Marshal(m{"resourceType": "OperationOutcome", "issue": []m{{"severity": "error", "code": f.code}}})
	}
	if tag != "" {
		w.Header().Set("ETag", tag)
	}
	w.Header().Set("Content-Type", "application/fhir+json;charset=UTF-8")
	if f.status != 0 {
		w.WriteHeader(f.status)
	}
	w.Write(body)
}

func (s *Server) serve(r *http.Request) (body []byte, tag string, err error) {
	path := strings.Split(strings.Trim(strings.TrimPrefix(r.URL.Path, "/fhir"), "/"), "/")
	if err := r.ParseForm(); err != nil {
		return nil, "", invalid
	}
	base := "http://" + r.Host + "/fhir"
	search := len(path) == 2 && path[1] == "_search"
	switch {
	case r.Method == http.MethodPost && !search, r.Method != http.MethodPost && r.Method != http.MethodGet:
		return nil, "", failure{http.StatusMethodNotAllowed, "not-supported"}
	case path[0] == "metadata" && len(path) == 1:
		body, err = json.Marshal(m{"resourceType": "CapabilityStatement", "status": "active", "kind": "instance", "fhirVersion": "4.0.1", "format": []string{"json"}})
	case path[0] == "" && r.Form.Has("_getpages"):
		body, err = s.nextPage(base, r.Form)
	case len(path) == 1, search:
		body, err = s.search(base, path[0], r.Form)
	case len(path) == 2:
		return s.read(path[0], path[1], "1")
	case len(path) == 4 && path[2] == "_history":
		return s.read(path[0], path[1], path[3])
	default:
		err = notFound
	}
	return body, "", err
}

func (s *Server) read(typ, id, version string) ([]byte, string, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.gone[typ+"/"+id] {
		return nil, "", gone
	}
	for _, r := range s.records[typ] {
		if r.id == id && version == "1" {
			return r.body, `W/"1"`, nil
		}
	}
	return nil, "", notFound
}

// query is a form that was read.
type query struct {
	count     int // -1: none
	countOnly bool
	total     bool
	sorts     []sortKey
}

type sortKey struct {
	param *catalog.Param
	down  bool
}

func (s *Server) parse(t catalog.Type, form url.Values) (*query, error) {
	q := &query{count: -1, total: form.Get("_total") == "accurate"}
	if text := form.Get("_count"); text != "" {
		n, err := atoi(text)
		if err != nil {
			return nil, invalid
		}
		q.count, q.countOnly = n, n == 0
	}
	switch form.Get("_summary") {
	case "", "false":
	case "count":
		q.countOnly = true
	default:
		return nil, invalid // not built: no answer is better than a wrong one
	}
	if keys := form.Get("_sort"); keys != "" {
		for key := range strings.SplitSeq(keys, ",") {
			name, down := strings.CutPrefix(key, "-")
			p, ok := s.cat.Param(t, name)
			if !ok {
				return nil, invalid
			}
			q.sorts = append(q.sorts, sortKey{p, down})
		}
	}
	return q, nil
}
