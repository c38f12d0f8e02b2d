package sandbox

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// result is a whole search, kept for its further pages.
type result struct {
	hits  []*record
	total bool // the bundle says how many
}

// control parameters are not criteria.
var control = []string{"_count", "_sort", "_format", "_summary", "_total", "_elements"}

func (s *Server) search(base, typ string, form url.Values) ([]byte, error) {
	t, ok := s.cat.Type(typ)
	if !ok {
		return nil, failure{404, "not-supported"}
	}
	q, err := s.parse(t, form)
	if err != nil {
		return nil, err
	}
	s.mu.RLock()
	hits := slices.Clone(s.records[typ])
	s.mu.RUnlock()
	for name, values := range form {
		if slices.Contains(control, name) {
			continue
		}
		c, err := s.criterion(t, name)
		if err != nil {
			return nil, err
		}
		for _, v := range values {
			want, err := c.alternatives(v)
			if err != nil {
				return nil, err
			}
			hits = slices.DeleteFunc(hits, func(r *record) bool { return !c.matches(want, r) })
		}
	}
	if q.countOnly {
		return json.Marshal(m{"resourceType": "Bundle", "type": "searchset", "total": len(hits)})
	}
	s.sort(hits, q.sorts)
	res := &result{hits, q.total}
	return s.page(base, s.keep(res), res, 0, q.count)
}

// keep puts a result aside for its further pages and names it.
func (s *Server) keep(res *result) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.pages) > 1000 {
		clear(s.pages)
	}
	s.tokens++
	token := strconv.Itoa(s.tokens)
	s.pages[token] = res
	return token
}

// sort orders hits by the keys, records without a value last.
func (s *Server) sort(hits []*record, keys []sortKey) {
	slices.SortStableFunc(hits, func(a, b *record) int {
		for _, k := range keys {
			x, y := s.sortValue(k, a), s.sortValue(k, b)
			switch {
			case x == y:
			case x == "":
				return 1
			case y == "":
				return -1
			case (x < y) != k.down:
				return -1
			default:
				return 1
			}
		}
		return 0
	})
}

func (s *Server) sortValue(k sortKey, r *record) string {
	for _, v := range read(s.cat, k.param, r.tree) {
		switch v := v.(type) {
		case map[string]any:
			return firstText(v, "start", "family", "text", "code", "value")
		default:
			return strings.ToLower(fmt.Sprint(v))
		}
	}
	return ""
}

// firstText is the first of the members that is a text, of a first coding too.
func firstText(v map[string]any, names ...string) string {
	for _, name := range names {
		if s, ok := v[name].(string); ok {
			return strings.ToLower(s)
		}
	}
	if list, ok := v["coding"].([]any); ok && len(list) > 0 {
		first, _ := list[0].(map[string]any)
		return firstText(first, "code")
	}
	return ""
}

func (s *Server) nextPage(base string, form url.Values) ([]byte, error) {
	offset, err := atoi(form.Get("_getpagesoffset"))
	if err != nil {
		return nil, invalid
	}
	count, err := atoi(form.Get("_count"))
	if err != nil {
		return nil, invalid
	}
	token := form.Get("_getpages")
	s.mu.RLock()
	res, known := s.pages[token]
	s.mu.RUnlock()
	if !known {
		return nil, gone
	}
	return s.page(base, token, res, offset, count)
}

func (s *Server) page(base, token string, res *result, offset, count int) ([]byte, error) {
	if count <= 0 {
		count = 20
	}
	count = min(count, 1000)
	offset = min(offset, len(res.hits))
	end := min(offset+count, len(res.hits))
	links := []m{{"relation": "self", "url": base}}
	if end < len(res.hits) {
		next := fmt.Sprintf("%s?_getpages=%s&_getpagesoffset=%d&_count=%d&_bundletype=searchset", base, token, end, count)
		links = append(links, m{"relation": "next", "url": next})
	}
	bundle := m{"resourceType": "Bundle", "id": "page-" + token, "type": "searchset", "link": links}
	if res.total {
		bundle["total"] = len(res.hits)
	}
	entries := make([]m, 0, end-offset)
	for _, r := range res.hits[offset:end] {
		entries = append(entries, m{"fullUrl": base + "/" + r.typ + "/" + r.id, "resource": json.RawMessage(r.body), "search": m{"mode": "match"}})
	}
	if len(entries) > 0 {
		bundle["entry"] = entries
	}
	return json.Marshal(bundle)
}

// atoi reads a count.
func atoi(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err == nil && n < 0 {
		err = strconv.ErrRange
	}
	return n, err
}
