package fhir_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// sheet is an in-memory FHIR server, synthetic data only. It pages like HAPI, by
// an opaque token on the base, and remembers everything that it was asked.
type sheet struct {
	*httptest.Server
	mu      sync.Mutex
	records map[string][]string // bodies by type, in order
	asked   []string            // method, path and decoded query
	bodies  []string
	headers []http.Header
	pages   map[string][]string // rest of a search by token
	sizes   map[string]int
	answer  http.HandlerFunc // answers instead, when set
}

func newSheet(t testing.TB) *sheet {
	t.Helper()
	s := &sheet{records: map[string][]string{}, pages: map[string][]string{}, sizes: map[string]int{}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

// put adds records; each must begin with {"resourceType":"T","id":"x".
func (s *sheet) put(bodies ...string) {
	for _, b := range bodies {
		typ, _ := identify(b)
		s.records[typ] = append(s.records[typ], b)
	}
}

func identify(b string) (typ, id string) {
	var h struct{ ResourceType, ID string }
	if err := json.Unmarshal([]byte(b), &h); err != nil || h.ID == "" {
		panic("test data: " + b)
	}
	return h.ResourceType, h.ID
}

func (s *sheet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	s.asked = append(s.asked, r.Method+" "+r.RequestURI)
	s.bodies = append(s.bodies, string(body))
	s.headers = append(s.headers, r.Header.Clone())
	if s.answer != nil {
		s.answer(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/fhir+json;charset=UTF-8")
	path := strings.Split(strings.Trim(strings.TrimPrefix(r.URL.Path, "/fhir"), "/"), "/")
	q := r.URL.Query()
	if r.Method == http.MethodPost {
		q, _ = url.ParseQuery(string(body))
		path = path[:1]
	}
	switch {
	case path[0] == "":
		s.page(w, q.Get("_getpages"))
	case len(path) == 1:
		s.search(w, path[0], q)
	default:
		s.read(w, path)
	}
}

func (s *sheet) read(w http.ResponseWriter, path []string) {
	for _, b := range s.records[path[0]] {
		if _, id := identify(b); id == path[1] {
			w.Header().Set("ETag", `W/"7"`)
			w.Header().Set("X-Powered-By", "test")
			io.WriteString(w, b)
			return
		}
	}
	w.WriteHeader(http.StatusNotFound)
	io.WriteString(w, `{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"processing","diagnostics":"HAPI-2001: Resource is not known"}]}`)
}

// search knows _id, patient, subject and code, which suffices here.
func (s *sheet) search(w http.ResponseWriter, typ string, q url.Values) {
	var hits []string
	for _, b := range s.records[typ] {
		if found(b, q) {
			hits = append(hits, b)
		}
	}
	size := len(hits) + 1
	if n, err := strconv.Atoi(q.Get("_count")); err == nil {
		size = n
	}
	token := strconv.Itoa(len(s.pages) + 1)
	s.pages[token], s.sizes[token] = hits, size
	s.page(w, token+"-0")
}

func (s *sheet) page(w http.ResponseWriter, token string) {
	id, offset, _ := strings.Cut(token, "-")
	hits, known := s.pages[id]
	if !known {
		w.WriteHeader(http.StatusGone)
		return
	}
	from, _ := strconv.Atoi(offset)
	to := min(len(hits), from+s.sizes[id])
	link := ""
	if to < len(hits) {
		link = fmt.Sprintf(`{"relation":"next","url":"%s/fhir?_getpages=%s-%d"}`, s.URL, id, to)
	}
	io.WriteString(w, s.bundle(len(hits), link, hits[from:to]...))
}

func (s *sheet) bundle(total int, links string, records ...string) string {
	var entries []string
	for _, b := range records {
		typ, id := identify(b)
		entries = append(entries, fmt.Sprintf(`{"fullUrl":"%s/fhir/%s/%s","resource":%s,"search":{"mode":"match"}}`, s.URL, typ, id, b))
	}
	return fmt.Sprintf(`{"resourceType":"Bundle","type":"searchset","total":%d,"link":[%s],"entry":[%s]}`, total, links, strings.Join(entries, ","))
}

func found(b string, q url.Values) bool {
	_, id := identify(b)
	for name, values := range q {
		for _, v := range values {
			ok := false
			for alt := range strings.SplitSeq(v, ",") {
				switch name {
				case "_id":
					ok = ok || alt == id
				case "patient":
					for _, member := range []string{"subject", "patient", "beneficiary"} {
						ok = ok || strings.Contains(b, `"`+member+`":{"reference":"`+alt+`"`)
					}
				case "subject", "encounter", "asserter", "subscriber", "policy-holder", "payor", "performer":
					ok = ok || strings.Contains(b, `"`+name+`":{"reference":"`+alt+`"`)
				case "_count", "_sort":
					ok = true
				default:
					_, code, _ := strings.Cut("|"+alt, "|")
					code = code[strings.LastIndexByte(code, '|')+1:]
					ok = ok || strings.Contains(strings.ToLower(b), `"`+strings.ToLower(code))
				}
			}
			if !ok {
				return false
			}
		}
	}
	return true
}

// sent returns what the upstream was asked since the last call.
func (s *sheet) sent() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.asked
	s.asked = nil
	return out
}

// Synthetic records.

func patient(id, family, birth string) string {
	return fmt.Sprintf(`{"resourceType":"Patient","id":"%s","meta":{"versionId":"3","lastUpdated":"2026-01-02T03:04:05Z"},"identifier":[{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"MR"}]},"system":"urn:mrn","value":"mrn-%s"},{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"SS"}]},"system":"http://hl7.org/fhir/sid/us-ssn","value":"999-00-%s"}],"name":[{"family":"%s","given":["Test"]}],"telecom":[{"system":"phone","value":"555-%s"}],"gender":"female","birthDate":"%s","address":[{"line":["1 Main St"],"city":"Springfield","postalCode":"62701"}]}`, id, id, id, family, id, birth)
}

func condition(id, patient, code string) string {
	return fmt.Sprintf(`{"resourceType":"Condition","id":"%s","meta":{"versionId":"5"},"clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]},"code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"%s"}]},"subject":{"reference":"Patient/%s"},"recordedDate":"2026-11-01"}`, id, code, patient)
}

// ward fills the upstream: p1 with twelve conditions of which every third is
// marked HIV by its code, p2 with three, p9, whom nobody looks after, with two.
func ward(t testing.TB) *sheet {
	s := newSheet(t)
	for i, id := range []string{"p1", "p2", "p3", "p4", "p9"} {
		s.put(patient(id, "Family"+id, fmt.Sprintf("19%d0-05-06", i+4)))
	}
	for i := range 12 {
		code := fmt.Sprintf("J%02d.0", i+10)
		if i%3 == 2 {
			code = "B20"
		}
		s.put(condition(fmt.Sprintf("c%02d", i), "p1", code))
	}
	for i := range 3 {
		s.put(condition(fmt.Sprintf("d%d", i), "p2", "J45.0"))
	}
	s.put(condition("e0", "p9", "J45.0"), condition("e1", "p9", "B20"))
	return s
}
