package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"modicum/catalog"
)

// write does POST [base]/Type and PUT [base]/Type/id.
func (s *Server) write(base string, path []string, r *http.Request) (answer, error) {
	typ := path[0]
	if _, known := s.cat.Type(typ); !known {
		return answer{}, failure{http.StatusNotFound, "not-supported"}
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return answer{}, invalid
	}
	var head struct{ ResourceType, ID string }
	if err := json.Unmarshal(body, &head); err != nil || head.ResourceType != typ {
		return answer{}, invalid
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(path) == 2 {
		if head.ID != path[1] || !catalog.IsID(path[1]) {
			return answer{}, invalid
		}
		return s.replace(typ, path[1], body, r.Header)
	}
	s.made++
	id := strconv.Itoa(1_000_000 + s.made)
	a, err := s.replace(typ, id, body, r.Header)
	a.location = fmt.Sprintf("%s/%s/%s/_history/%s", base, typ, id, a.version)
	return a, err
}

// replace makes the next version of a resource where the conditions hold. The caller
// holds mu.
func (s *Server) replace(typ, id string, body []byte, h http.Header) (answer, error) {
	old, version := s.current(typ, id), 1
	switch match := strings.Trim(strings.TrimPrefix(h.Get("If-Match"), "W/"), `"`); {
	case match != "" && old != nil && match != old.tag,
		match != "" && old == nil && len(s.past[typ+"/"+id]) > 0: // of what never was, HAPI asks nothing
		return answer{}, conflict
	case old != nil:
		version = old.version + 1
	default:
		version += len(s.past[typ+"/"+id])
	}
	next, err := s.versioned(typ, id, version, body)
	if err != nil {
		return answer{}, invalid
	}
	a := answer{status: http.StatusOK, version: next.tag}
	switch {
	case old == nil:
		a.status = http.StatusCreated
	case bytes.Equal(plain(old.body), plain(next.body)):
		next, a.version = old, old.tag // nothing changed: no new version
	}
	if next != old {
		s.store(next)
	}
	if h.Get("Prefer") != "return=minimal" {
		a.body = next.body
	}
	return a, nil
}

// versioned is a body as the server keeps it: as it is spelt, order of members and
// digits of numbers included, but for the id and the version, which are the server's.
func (s *Server) versioned(typ, id string, version int, body []byte) (*record, error) {
	list, err := members(body)
	if err != nil {
		return nil, err
	}
	meta, err := members(list.get("meta", `{}`))
	if err != nil {
		return nil, err
	}
	meta.set("versionId", strconv.Quote(strconv.Itoa(version)), 0)
	meta.set("lastUpdated", strconv.Quote(s.Now().UTC().Format("2006-01-02T15:04:05.000Z")), 1)
	list.set("id", strconv.Quote(id), 1)
	list.set("meta", string(meta.text()), 2)
	r := &record{typ: typ, id: id, version: version, tag: strconv.Itoa(version), body: list.text()}
	return r, json.Unmarshal(r.body, &r.tree)
}

// plain is a body without what changes with every version.
func plain(body []byte) []byte {
	list, err := members(body)
	if err != nil {
		return body
	}
	meta, err := members(list.get("meta", `{}`))
	if err != nil {
		return body
	}
	meta.set("versionId", `""`, 0)
	meta.set("lastUpdated", `""`, 1)
	list.set("meta", string(meta.text()), 2)
	return list.text()
}

// member is one member of an object, its value as it is spelt.
type member struct {
	name  string
	value []byte
}

type object []member

// members takes an object apart.
func members(text []byte) (object, error) {
	dec := jsontext.NewDecoder(bytes.NewReader(text))
	if t, err := dec.ReadToken(); err != nil || t.Kind() != '{' {
		return nil, fmt.Errorf("not an object: %w", err)
	}
	var out object
	for dec.PeekKind() == '"' {
		name, err := dec.ReadToken()
		if err != nil {
			return nil, err
		}
		key := name.String()
		value, err := dec.ReadValue()
		if err != nil {
			return nil, err
		}
		out = append(out, member{key, bytes.Clone(value)})
	}
	_, err := dec.ReadToken()
	return out, err
}

func (o object) get(name, otherwise string) []byte {
	for _, m := range o {
		if m.name == name {
			return m.value
		}
	}
	return []byte(otherwise)
}

// set replaces a member, or puts it at a place.
func (o *object) set(name, value string, at int) {
	for i := range *o {
		if (*o)[i].name == name {
			(*o)[i].value = []byte(value)
			return
		}
	}
	at = min(at, len(*o))
	*o = append((*o)[:at], append(object{{name, []byte(value)}}, (*o)[at:]...)...)
}

func (o object) text() []byte {
	out := []byte{'{'}
	for i, m := range o {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(strconv.AppendQuote(out, m.name), ':')
		out = append(out, m.value...)
	}
	return append(out, '}')
}
