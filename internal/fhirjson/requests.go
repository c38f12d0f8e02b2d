package fhirjson

import "errors"

// ErrNotRequests: the text is JSON, but no Bundle whose entries are requests.
var ErrNotRequests = errors.New("not a Bundle of requests")

// Request is one entry of a batch or transaction as it was sent.
type Request struct {
	FullURL    string // "" where it has none
	Method     string
	URL        string
	Conditions map[string]string // HTTP headers that the entry stands for, by their names
	Resource   []byte            // nil: none; valid until Reset

	src  []byte
	cell uint32 // of the resource
}

// conditions are the members of Bundle.entry.request that stand for a header.
var conditions = map[string]string{
	"ifNoneMatch": "If-None-Match", "ifModifiedSince": "If-Modified-Since", "ifMatch": "If-Match", "ifNoneExist": "If-None-Exist",
}

// Requests reads a Bundle of requests: all of b, which must not change until Reset.
// kind is its type, which nobody has looked at. A member of a request that nobody
// knows is an error: what was misspelt was meant, and a condition that is passed over
// changes what is done.
func (s *Scanner) Requests(b []byte) (kind string, list []Request, err error) {
	src, root, err := s.load(b, false)
	if err != nil {
		return "", nil, err
	}
	if string(s.text(src, root, "resourceType")) != "Bundle" {
		return "", nil, ErrNotRequests
	}
	kind = string(s.text(src, root, "type"))
	entries, err := s.entries(src, root)
	if err != nil || entries == 0 {
		return kind, nil, err
	}
	for i := entries + 1; i < s.tape[entries].next; i = s.tape[i].next {
		r, ok := s.request(src, i)
		if !ok {
			return kind, nil, ErrNotRequests
		}
		list = append(list, r)
	}
	return kind, list, nil
}

// request reads one entry.
func (s *Scanner) request(src []byte, entry uint32) (Request, bool) {
	var r Request
	asked := uint32(0)
	for i := entry + 1; i < s.tape[entry].next; i = s.tape[i].next {
		c := &s.tape[i]
		switch s.name(src, c) {
		case "fullUrl":
			if r.FullURL, _ = s.string(src, c); r.FullURL == "" {
				return r, false
			}
		case "resource":
			if c.shape != object {
				return r, false
			}
			r.Resource, r.src, r.cell = src[c.start:c.end], src, i
		case "request":
			asked = i
		case "id", "extension", "link": // nothing that a request means
		default:
			return r, false
		}
	}
	return r, asked != 0 && s.tape[asked].shape == object && s.askedFor(src, asked, &r)
}

// askedFor reads the member request.
func (s *Scanner) askedFor(src []byte, request uint32, r *Request) bool {
	for i := request + 1; i < s.tape[request].next; i = s.tape[i].next {
		c := &s.tape[i]
		name := s.name(src, c)
		if name == "id" || name == "extension" {
			continue
		}
		v, ok := s.string(src, c)
		header, condition := conditions[name]
		switch {
		case !ok:
			return false
		case name == "method":
			r.Method = v
		case name == "url":
			r.URL = v
		case condition:
			if r.Conditions == nil {
				r.Conditions = make(map[string]string)
			}
			r.Conditions[header] = v
		default:
			return false
		}
	}
	return r.Method != "" && r.URL != ""
}

func (s *Scanner) name(src []byte, c *cell) string {
	return string(src[c.name : c.name+uint32(c.nameLen)])
}

func (s *Scanner) string(src []byte, c *cell) (string, bool) {
	if c.shape != text {
		return "", false
	}
	return string(s.decoded(src, c)), true
}
