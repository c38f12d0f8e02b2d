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
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"modicum/catalog"
)

// Server is a FHIR R4 server in memory: read, vread and history of a record, search by
// GET and POST with the parameters of R4 that read elements, _id, _sort, _count,
// _summary=count, and paging by opaque tokens, create and update with If-Match. It
// answers like a real server on the interactions that its contract test names, and
// decides nothing: it is what a gate stands before.
type Server struct {
	// Now dates what is written; NewServer sets the clock of the machine.
	Now func() time.Time
	cat *catalog.Catalog

	mu      sync.RWMutex
	records map[string][]*record // by type, in order; a record never changes, it is replaced
	past    map[string][]*record // by Type/id: every version but the current one, deletions included
	pages   map[string]*result   // whole results by token
	tokens  int
	made    int // records whose id the server gave
}

// record is one version of a resource.
type record struct {
	typ, id string
	version int
	tag     string // the version as it is spelt: that of data put in may be anything
	tree    map[string]any
	body    []byte // nil: the resource was deleted
}

// NewServer returns an empty Server.
func NewServer() *Server {
	return &Server{Now: time.Now, cat: catalog.R4(), records: map[string][]*record{}, past: map[string][]*record{}, pages: map[string]*result{}}
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
	meta["versionId"], meta["lastUpdated"] = "1", s.Now().UTC().Format("2006-01-02T15:04:05.000Z")
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
	s.store(&record{typ: typ, id: id, version: 1, tag: "1", tree: tree, body: body})
}

// store makes a version of a resource the current one. The caller holds mu.
func (s *Server) store(r *record) {
	for i, old := range s.records[r.typ] {
		if old.id == r.id {
			s.past[r.typ+"/"+r.id] = append(s.past[r.typ+"/"+r.id], old)
			list := slices.Clone(s.records[r.typ]) // searches hold the old one
			list[i] = r
			s.records[r.typ] = list
			return
		}
	}
	s.records[r.typ] = append(s.records[r.typ], r)
}

// current is the version in force, nil where there is none. The caller holds mu.
func (s *Server) current(typ, id string) *record {
	for _, r := range s.records[typ] {
		if r.id == id {
			return r
		}
	}
	return nil
}

// Delete takes a resource away, so that its id answers 410.
func (s *Server) Delete(typ, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, r := range s.records[typ] {
		if r.id == id {
			s.records[typ] = append(s.records[typ][:i:i], s.records[typ][i+1:]...)
			s.past[typ+"/"+id] = append(s.past[typ+"/"+id], r, &record{typ: typ, id: id, version: r.version + 1, tag: strconv.Itoa(r.version + 1)})
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
	conflict = failure{http.StatusConflict, "conflict"} // HAPI's word for a stale If-Match; others say 412
)

// answer is what the server says of one request.
type answer struct {
	status   int // 0 means 200
	body     []byte
	version  string // of the resource; "": none is told
	location string // of what was made
}

// ServeHTTP answers below /fhir.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a, err := s.serve(r)
	var f failure
	if errors.As(err, &f) {
		a.status = f.status
		a.body, _ = json.Marshal(m{"resourceType": "OperationOutcome", "issue": []m{{"severity": "error", "code": f.code}}})
	}
	if a.version != "" {
		w.Header().Set("ETag", `W/"`+a.version+`"`)
	}
	if a.location != "" {
		w.Header().Set("Location", a.location)
	}
	w.Header().Set("Content-Type", "application/fhir+json;charset=UTF-8")
	if a.status != 0 {
		w.WriteHeader(a.status)
	}
	w.Write(a.body)
}

func (s *Server) serve(r *http.Request) (a answer, err error) {
	path := strings.Split(strings.Trim(strings.TrimPrefix(r.URL.Path, "/fhir"), "/"), "/")
	base := "http://" + r.Host + "/fhir"
	search := len(path) == 2 && path[1] == "_search"
	if writes := r.Method == http.MethodPut && len(path) == 2 || r.Method == http.MethodPost && len(path) == 1 && path[0] != ""; writes {
		return s.write(base, path, r)
	}
	if r.Method == http.MethodDelete && len(path) == 2 {
		s.Delete(path[0], path[1])
		return answer{status: http.StatusNoContent}, nil
	}
	if r.Method == http.MethodPost && len(path) == 1 && path[0] == "" {
		return s.transaction(r)
	}
	if err := r.ParseForm(); err != nil {
		return a, invalid
	}
	switch {
	case r.Method == http.MethodPost && !search, r.Method != http.MethodPost && r.Method != http.MethodGet:
		return a, failure{http.StatusMethodNotAllowed, "not-supported"}
	case path[0] == "metadata" && len(path) == 1:
		a.body, err = json.Marshal(m{"resourceType": "CapabilityStatement", "status": "active", "kind": "instance", "fhirVersion": "4.0.1", "format": []string{"json"}})
	case path[0] == "" && r.Form.Has("_getpages"):
		a.body, err = s.nextPage(base, r.Form)
	case len(path) == 1, search:
		a.body, err = s.search(base, path[0], r.Form)
	case len(path) == 2:
		return s.read(path[0], path[1])
	case len(path) == 3 && path[2] == "_history":
		a.body, err = s.history(base, path[0], path[1])
	case len(path) == 4 && path[2] == "_history":
		return s.vread(path[0], path[1], path[3])
	default:
		err = notFound
	}
	return a, err
}

func (s *Server) read(typ, id string) (answer, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if r := s.current(typ, id); r != nil {
		return answer{body: r.body, version: r.tag}, nil
	}
	if len(s.past[typ+"/"+id]) > 0 {
		return answer{}, gone
	}
	return answer{}, notFound
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
