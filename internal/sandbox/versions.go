package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
)

// versions lists those of a resource, the latest first. The caller holds mu.
func (s *Server) versions(typ, id string) []*record {
	all := slices.Clone(s.past[typ+"/"+id])
	if r := s.current(typ, id); r != nil {
		all = append(all, r)
	}
	slices.Reverse(all)
	return all
}

func (s *Server) vread(typ, id, version string) (answer, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, r := range s.versions(typ, id) {
		switch {
		case r.tag != version:
		case r.body == nil:
			return answer{}, gone
		default:
			return answer{body: r.body, version: r.tag}, nil
		}
	}
	return answer{}, notFound
}

// history is a Bundle of every version of a resource, deletions among them without a
// resource.
func (s *Server) history(base, typ, id string) ([]byte, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	all := s.versions(typ, id)
	if len(all) == 0 {
		return nil, notFound
	}
	entries := make([]m, len(all))
	for i, r := range all {
		method, status := http.MethodPut, "200"
		if i == len(all)-1 {
			method, status = http.MethodPost, "201"
		}
		e := m{"fullUrl": fmt.Sprintf("%s/%s/%s", base, typ, id), "resource": json.RawMessage(r.body)}
		if r.body == nil {
			method, status = http.MethodDelete, "204"
			delete(e, "resource")
		}
		e["request"] = m{"method": method, "url": fmt.Sprintf("%s/%s/_history/%s", typ, id, r.tag)}
		e["response"] = m{"status": status, "etag": `W/"` + r.tag + `"`}
		entries[i] = e
	}
	return json.Marshal(m{"resourceType": "Bundle", "type": "history", "total": len(all), "entry": entries})
}
