package sandbox

import (
	"encoding/json"
	"strconv"
)

// PutJSON adds a resource as it is spelt, order of members and digits of numbers
// included. It panics on what is no resource: the data is our own.
func (s *Server) PutJSON(body []byte) {
	var tree map[string]any
	err := json.Unmarshal(body, &tree)
	typ, _ := tree["resourceType"].(string)
	id, _ := tree["id"].(string)
	if err != nil || typ == "" || id == "" {
		panic("sandbox: not a resource")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	version, tag := 1, "1"
	if meta, ok := tree["meta"].(map[string]any); ok {
		if said, ok := meta["versionId"].(string); ok && said != "" {
			tag = said
			version, _ = strconv.Atoi(said)
			version = max(version, 1)
		}
	}
	s.store(&record{typ: typ, id: id, version: version, tag: tag, tree: tree, body: body})
}
