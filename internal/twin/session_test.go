package twin

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// reply is an answer, read whole.
type reply struct {
	status   int
	plain    string // all of it but what may differ between two runs (interfaces 3)
	body     string
	tag      string
	decision string
	next     string // the next link below the base, "" when none
	given    []string
}

// send asks one clinic.
func (c *clinic) send(t testing.TB, a *ask) reply {
	t.Helper()
	var body io.Reader
	if a.body != "" {
		body = strings.NewReader(a.body)
	}
	req, err := http.NewRequestWithContext(t.Context(), a.method, c.URL, body)
	if err != nil {
		t.Fatal(err)
	}
	// The path goes out as it stands: what a library would clean is part of the test.
	raw, query, asked := strings.Cut("/fhir"+a.path, "?")
	req.URL = &url.URL{Scheme: "http", Host: strings.TrimPrefix(c.URL, "http://"), Opaque: raw, RawQuery: query, ForceQuery: asked && query == ""}
	req.Header.Set("Authorization", "Bearer "+me)
	for i := 0; i+1 < len(a.headers); i += 2 {
		if a.headers[i] == "Authorization" {
			req.Header.Set(a.headers[i], a.headers[i+1])
			continue
		}
		req.Header.Add(a.headers[i], a.headers[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return reply{plain: "no answer"}
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	r := reply{status: res.StatusCode, body: string(b), tag: res.Header.Get("ETag"), decision: res.Header.Get("Modicum-Decision"), given: c.up.taken()}
	r.next = nextOf(r.body)
	r.plain = plainOf(res, r.body, err)
	return r
}

// plainOf spells an answer without its date, its decision's id and the sealed
// bytes of cursors, whose length counts.
func plainOf(res *http.Response, body string, err error) string {
	h := res.Header.Clone()
	h.Del("Date")
	h.Del("Modicum-Decision")
	var b strings.Builder
	fmt.Fprintln(&b, res.Proto, res.Status, res.ContentLength, res.TransferEncoding, err)
	h.Write(&b)
	res.Trailer.Write(&b)
	parts := strings.Split(body, "?_cursor=")
	for i := 1; i < len(parts); i++ {
		n := strings.IndexByte(parts[i], '"')
		parts[i] = strings.Repeat("x", n) + parts[i][n:]
	}
	return b.String() + strings.Join(parts, "?_cursor=")
}

func nextOf(body string) string {
	const before = `{"relation":"next","url":"` + public
	_, rest, ok := strings.Cut(body, before)
	if !ok {
		return ""
	}
	link, _, _ := strings.Cut(rest, `"`)
	return link
}

// data reports whether an answer holds at least one record.
func (r *reply) data() bool {
	return r.status == 200 && r.body != "" && !strings.Contains(r.body, `"CapabilityStatement"`) &&
		(!strings.HasPrefix(r.body, `{"resourceType":"Bundle"`) || strings.Contains(r.body, `"entry":[`)) &&
		(!strings.Contains(r.body, `-response","entry":[`) || strings.Contains(r.body, `"subject":{`) || strings.Contains(r.body, `"id":"`))
}

// sight is which records of a world show to the caller, under any task.
type sight map[string]bool

// straddles reports whether a hidden record lay in the way of an answer: the server
// gave one out.
func straddles(given []string, seen sight) bool {
	return slices.ContainsFunc(given, func(ref string) bool { return !seen[ref] })
}

// tally counts what a run went through.
type tally struct {
	worlds, pairs, data, straddling, pages int
	kinds, types                           map[string]int
	changes, tried, inner                  int
}

func newTally() *tally {
	return &tally{kinds: map[string]int{}, types: map[string]int{}}
}

// pair is two clinics and their session.
type pair struct {
	a, b  *clinic
	seen  [2]sight
	asks  *asker
	count *tally
}

// step sends one request to both and follows its pages to the end. It returns
// where they differ, "" where they do not.
func (p *pair) step(t testing.TB, q ask) string {
	t.Helper()
	qa, qb := q, q
	for page := 0; page < 60; page++ {
		ra, rb := p.a.send(t, &qa), p.b.send(t, &qb)
		p.note(&q, &ra, &rb, page)
		if ra.plain != rb.plain {
			return fmt.Sprintf("page %d of %s %s %s %v\n--- one world:\n%s\n--- its twin:\n%s", page, q.method, q.path, q.body, q.headers, excerpt(ra.plain, rb.plain), excerpt(rb.plain, ra.plain))
		}
		if ra.tag != "" {
			p.asks.tags[q.path] = ra.tag
		}
		if ra.next == "" || p.asks.IntN(12) == 0 {
			return ""
		}
		qa = ask{method: "GET", path: ra.next, headers: q.headers}
		qb = ask{method: "GET", path: rb.next, headers: q.headers}
	}
	return ""
}

// excerpt shows a text around the place where it begins to differ.
func excerpt(s, other string) string {
	i := 0
	for i < len(s) && i < len(other) && s[i] == other[i] {
		i++
	}
	return fmt.Sprintf("%d bytes, from %d: …%s", len(s), i, s[max(0, i-200):min(len(s), i+300)])
}

func (p *pair) note(q *ask, a, b *reply, page int) {
	n := p.count
	n.pairs++
	if a.data() {
		n.data++
		if q.typ != "" {
			n.types[q.typ]++
		}
	}
	if page > 0 {
		n.pages++
	} else {
		n.kinds[q.kind]++
	}
	if straddles(a.given, p.seen[0]) || straddles(b.given, p.seen[1]) {
		n.straddling++
	}
}
