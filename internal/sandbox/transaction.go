package sandbox

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"

	"modicum/catalog"
)

// transaction does POST [base] with a Bundle of PUTs: all of them, or none.
func (s *Server) transaction(r *http.Request) (answer, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return answer{}, invalid
	}
	var b struct {
		ResourceType, Type string
		Entry              []struct {
			Resource json.RawMessage
			Request  struct{ Method, URL, IfMatch string }
		}
	}
	if err := json.Unmarshal(body, &b); err != nil || b.ResourceType != "Bundle" || b.Type != "transaction" {
		return answer{}, invalid
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	records, past := maps.Clone(s.records), maps.Clone(s.past)
	entries := []m{}
	for _, e := range b.Entry {
		a, err := s.putOne(e.Request.Method, e.Request.URL, e.Request.IfMatch, e.Resource)
		if err != nil {
			s.records, s.past = records, past
			return answer{}, err
		}
		entries = append(entries, m{"response": m{
			"status": fmt.Sprintf("%d %s", a.status, http.StatusText(a.status)), "etag": fmt.Sprint(a.version), // as HAPI spells it
			"location": fmt.Sprintf("%s/_history/%s", e.Request.URL, a.version),
		}})
	}
	out, err := json.Marshal(m{"resourceType": "Bundle", "type": "transaction-response", "entry": entries})
	return answer{body: out}, err
}

// putOne does one entry. The caller holds mu.
func (s *Server) putOne(method, url, match string, resource []byte) (answer, error) {
	typ, id, ok := strings.Cut(url, "/")
	var head struct{ ResourceType, ID string }
	if _, known := s.cat.Type(typ); !known || !ok || method != http.MethodPut || !catalog.IsID(id) ||
		json.Unmarshal(resource, &head) != nil || head.ResourceType != typ || head.ID != id {
		return answer{}, invalid
	}
	h := http.Header{}
	if match != "" {
		h.Set("If-Match", match)
	}
	return s.replace(typ, id, resource, h)
}
