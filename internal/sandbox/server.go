// Package sandbox is a small synthetic hospital: a FHIR R4 server in memory,
// staff with tokens, patients, and the facts that feeds would bring. Nobody in it
// is real. The demo and fast tests stand on it.
package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"modicum/catalog"
)

// Server is a FHIR R4 server in memory: read, vread of the one version, search by
// GET and POST with the parameters of R4 that read elements, _id, _sort, _count,
// and paging by opaque tokens. It decides nothing: it is what a gate stands before.
type Server struct {
	cat *catalog.Catalog

	mu      sync.RWMutex
	records map[string][]*record // by type, in order
	pages   map[string][]*record // whole results by token
	tokens  int
}

type record struct {
	typ, id string
	tree    map[string]any
	body    []byte
}

// NewServer returns an empty Server.
func NewServer() *Server {
	return &Server{cat: catalog.R4(), records: map[string][]*record{}, pages: map[string][]*record{}}
}

// Put adds a resource. It panics on what is no resource: the data is our own.
func (s *Server) Put(resource map[string]any) {
	typ, _ := resource["resourceType"].(string)
	id, _ := resource["id"].(string)
	body, err := json.Marshal(resource)
	if err != nil || typ == "" || id == "" {
		panic("sandbox: not a resource")
	}
	var tree map[string]any
	if err := json.Unmarshal(body, &tree); err != nil {
		panic(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records[typ] = append(s.records[typ], &record{typ: typ, id: id, tree: tree, body: body})
}

// ServeHTTP answers below /fhir.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.Split(strings.Trim(strings.TrimPrefix(r.URL.Path, "/fhir"), "/"), "/")
	query := r.URL.Query()
	if r.Method == http.MethodPost && len(path) == 2 && path[1] == "_search" {
		if err := r.ParseForm(); err != nil {
			fail(w, http.StatusBadRequest, "invalid")
			return
		}
		path, query = path[:1], r.Form
	} else if r.Method != http.MethodGet {
		fail(w, http.StatusMethodNotAllowed, "not-supported")
		return
	}
	base := "http://" + r.Host + "/fhir"
	switch {
	case path[0] == "" && query.Has("_getpages"):
		s.page(w, base, query.Get("_getpages"), atoi(query.Get("_getpagesoffset"), 0), atoi(query.Get("_count"), 20))
	case len(path) == 1:
		s.search(w, base, path[0], query)
	case len(path) == 2, len(path) == 4 && path[2] == "_history" && path[3] == "1":
		s.read(w, path[0], path[1])
	default:
		fail(w, http.StatusNotFound, "not-found")
	}
}

func (s *Server) read(w http.ResponseWriter, typ, id string) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, r := range s.records[typ] {
		if r.id == id {
			w.Header().Set("ETag", `W/"1"`)
			answer(w, http.StatusOK, r.body)
			return
		}
	}
	fail(w, http.StatusNotFound, "not-found")
}

func (s *Server) search(w http.ResponseWriter, base, typ string, query url.Values) {
	t, ok := s.cat.Type(typ)
	if !ok {
		fail(w, http.StatusNotFound, "not-supported")
		return
	}
	s.mu.Lock()
	hits := slices.Clone(s.records[typ])
	s.mu.Unlock()
	for name, values := range query {
		if name == "_count" || name == "_sort" || name == "_format" {
			continue
		}
		bare, modifier, _ := strings.Cut(name, ":")
		p, known := s.cat.Param(t, bare)
		if !known {
			fail(w, http.StatusBadRequest, "invalid")
			return
		}
		for _, v := range values {
			hits = slices.DeleteFunc(hits, func(r *record) bool { return !matches(s.cat, p, modifier, v, r) })
		}
	}
	if key := query.Get("_sort"); key != "" {
		s.sort(t, hits, key)
	}
	s.mu.Lock()
	s.tokens++
	token := strconv.Itoa(s.tokens)
	if len(s.pages) > 1000 {
		clear(s.pages)
	}
	s.pages[token] = hits
	s.mu.Unlock()
	s.page(w, base, token, 0, atoi(query.Get("_count"), 20))
}

// sort orders hits by the first value of a parameter, descending after "-".
func (s *Server) sort(t catalog.Type, hits []*record, key string) {
	name, down := strings.CutPrefix(key, "-")
	p, ok := s.cat.Param(t, name)
	if !ok {
		return
	}
	value := func(r *record) string {
		for _, v := range read(s.cat, p, r.tree) {
			return fmt.Sprint(flat(v))
		}
		return ""
	}
	slices.SortStableFunc(hits, func(a, b *record) int {
		c := strings.Compare(value(a), value(b))
		if down {
			return -c
		}
		return c
	})
}

func (s *Server) page(w http.ResponseWriter, base, token string, offset, count int) {
	s.mu.RLock()
	hits, known := s.pages[token]
	s.mu.RUnlock()
	if !known || offset < 0 {
		fail(w, http.StatusGone, "not-found")
		return
	}
	count = max(1, min(count, 1000))
	offset = min(offset, len(hits))
	end := min(offset+count, len(hits))
	links := []map[string]string{{"relation": "self", "url": base}}
	if end < len(hits) {
		links = append(links, map[string]string{"relation": "next", "url": fmt.Sprintf("%s?_getpages=%s&_getpagesoffset=%d&_count=%d&_bundletype=searchset", base, token, end, count)})
	}
	entries := []map[string]any{}
	for _, r := range hits[offset:end] {
		entries = append(entries, map[string]any{
			"fullUrl": base + "/" + r.typ + "/" + r.id, "resource": json.RawMessage(r.body), "search": map[string]string{"mode": "match"},
		})
	}
	bundle := map[string]any{"resourceType": "Bundle", "id": "page-" + token, "type": "searchset", "link": links}
	if len(entries) > 0 {
		bundle["entry"] = entries
	}
	body, err := json.Marshal(bundle)
	if err != nil {
		panic(err)
	}
	answer(w, http.StatusOK, body)
}

func answer(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/fhir+json;charset=UTF-8")
	w.WriteHeader(status)
	w.Write(body)
}

func fail(w http.ResponseWriter, status int, code string) {
	body, _ := json.Marshal(map[string]any{"resourceType": "OperationOutcome", "issue": []map[string]string{{"severity": "error", "code": code}}})
	answer(w, status, body)
}

func atoi(s string, def int) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return def
	}
	return n
}
