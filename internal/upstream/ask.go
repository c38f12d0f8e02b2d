package upstream

import (
	"bufio"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// Param is one search parameter: its name with modifier, and its value as FHIR
// spells it (alternatives joined by commas, literal ones escaped), not yet
// escaped for a URL.
type Param struct{ Name, Value string }

// Body is an answer of the server. Release gives its memory back and lets go of the
// connection; nothing that points into Bytes may be used after.
type Body struct {
	Bytes   []byte
	More    *More  // what follows Bytes, where a long answer is read as it comes; else nil
	Version string // of the record, by the header ETag; "" where the server does not say
	client  *Client
	buf     *[]byte       // whose memory Bytes is; nil once it went back
	in      *bufio.Reader // the same, where the answer lies as it came
}

// Release gives the memory of b back. A second call does nothing.
func (b *Body) Release() {
	if b == nil {
		return
	}
	b.More.close()
	b.Spent()
}

// Spent gives back the memory of Bytes, while what follows them is still to be read.
func (b *Body) Spent() {
	switch {
	case b.buf != nil:
		*b.buf = b.Bytes[:0]
		b.client.keep(b.buf)
	case b.in != nil:
		b.client.wire.unused(b.in)
	}
	b.buf, b.in, b.Bytes = nil, nil, nil
}

// Fetch reads [base]/typ/id, or that version of it. The content is not looked
// at. The error is ErrNotFound, ErrGrammar, ErrUpstream or the context's.
func (c *Client) Fetch(ctx context.Context, typ, id, version string) (*Body, error) {
	if !IsType(typ) || !IsID(id) || version != "" && !IsID(version) {
		return nil, ErrGrammar
	}
	path := "/" + typ + "/" + id
	if version != "" {
		path += "/_history/" + version
	}
	b, err := c.do(ctx, http.MethodGet, path, "")
	if errors.Is(err, errGone) {
		return nil, ErrNotFound
	}
	return b, err
}

// Search asks for the first page of [base]/typ?query. The query goes in the body
// of a POST when post is set or when it is too long for a URL: what was kept out
// of the client's URL stays out of the server's access log as well (D14).
func (c *Client) Search(ctx context.Context, typ string, query []Param, post bool) (*Body, error) {
	return c.search(ctx, typ, query, post, c.do)
}

func (c *Client) search(ctx context.Context, typ string, query []Param, post bool, do asker) (*Body, error) {
	if !IsType(typ) {
		return nil, ErrGrammar
	}
	var q strings.Builder
	q.Grow(64 * len(query)) // as much as most take
	for i, p := range query {
		if !isParam(p.Name) {
			return nil, ErrGrammar
		}
		if i > 0 {
			q.WriteByte('&')
		}
		q.WriteString(url.QueryEscape(p.Name))
		q.WriteByte('=')
		q.WriteString(url.QueryEscape(p.Value))
	}
	var b *Body
	var err error
	switch {
	case post || q.Len() > 3000:
		b, err = do(ctx, http.MethodPost, "/"+typ+"/_search", q.String())
	case q.Len() == 0:
		b, err = do(ctx, http.MethodGet, "/"+typ, "")
	default:
		b, err = do(ctx, http.MethodGet, "/"+typ+"?"+q.String(), "")
	}
	if errors.Is(err, errGone) {
		// A search has no 404: the base is wrong or the server hostile.
		return nil, fault("a search there is not found: is fhir.upstream its FHIR base?")
	}
	return b, err
}

// Page asks for the page that Ref made of a link of the server.
func (c *Client) Page(ctx context.Context, ref string) (*Body, error) {
	return c.pageAt(ctx, ref, c.do)
}

func (c *Client) pageAt(ctx context.Context, ref string, do asker) (*Body, error) {
	if _, err := c.Ref(c.base + ref); err != nil {
		return nil, ErrGrammar
	}
	b, err := do(ctx, http.MethodGet, ref, "")
	if errors.Is(err, errGone) {
		return nil, ErrPageGone
	}
	return b, err
}

// Ref turns a link to a further page, as the server wrote it, into what Page
// takes: path and query below the base. A link to any other origin or path is
// ErrUpstream: it would carry our token there (O1). The result is a bearer
// secret for the whole search and never leaves unsealed.
func (c *Client) Ref(link string) (string, error) {
	u, err := url.Parse(link)
	if err != nil || u.Opaque != "" || u.User != nil || u.Fragment != "" || u.RawQuery == "" {
		return "", ErrUpstream
	}
	if (u.Scheme != "" || u.Host != "") && originOf(u) != c.origin {
		return "", ErrUpstream
	}
	path, under := strings.CutPrefix(u.EscapedPath(), c.path)
	if !under || path != "" && path != "/" && (path[0] != '/' || !isPaged(path[1:])) {
		return "", ErrUpstream
	}
	for _, r := range []byte(u.RawQuery) {
		if r <= ' ' || r >= 0x7f || r == '"' || r == '<' || r == '>' || r == '\\' || r == '#' {
			return "", ErrUpstream
		}
	}
	return strings.TrimSuffix(path, "/") + "?" + u.RawQuery, nil
}

// errGone is a 404 or 410, before it is told what that means here.
var errGone = errors.New("gone")

// do sends one request and reads the whole answer.
func (c *Client) do(ctx context.Context, method, path, form string) (*Body, error) {
	a, err := c.ask(ctx, method, path, form)
	if err != nil {
		return nil, err
	}
	defer a.body.Close()
	if err := a.success(); err != nil {
		return nil, err
	}
	return c.body(ctx, a)
}

// asker sends a request for records and reads the answer, whole or in part.
type asker func(ctx context.Context, method, path, form string) (*Body, error)

// ask sends one request and returns as soon as the answer begins. Only a GET is sent
// again, and only where an idle connection broke before a byte came.
func (c *Client) ask(ctx context.Context, method, path, form string) (*answer, error) {
	if c.wire != nil && method == http.MethodGet {
		return c.get(ctx, path)
	}
	var body io.Reader
	if method == http.MethodPost {
		body = strings.NewReader(form)
	}
	req, err := c.request(ctx, method, path, body)
	if err != nil {
		return nil, err
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
		req.GetBody = nil // never sent twice
	}
	return c.roundTrip(req)
}

// get is ask for a server without TLS.
func (c *Client) get(ctx context.Context, path string) (*answer, error) {
	token, err := c.token()
	if err != nil {
		return nil, err
	}
	if !isTarget(path) {
		return nil, ErrGrammar
	}
	return c.send(ctx, func() (*answer, error) {
		a, err := c.wire.get(ctx, c.whole, func(b []byte) []byte { return c.requestLine(b, path, token) })
		if err != nil {
			return nil, c.failure(ctx, err)
		}
		return a, nil
	})
}

// token is that of the bearer file as it is now; "" where none is sent.
func (c *Client) token() (string, error) {
	if c.bearer == nil {
		return "", nil
	}
	token, err := c.bearer.token()
	if err != nil {
		return "", errors.Join(ErrUpstream, err)
	}
	return token, nil
}

// request is a request with the headers that we send and no others.
func (c *Client) request(ctx context.Context, method, path string, body io.Reader) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return nil, ErrGrammar
	}
	req.Header = http.Header{
		"Accept":          {"application/fhir+json"},
		"Accept-Encoding": {"identity"},
		"User-Agent":      {"modicum"},
	}
	token, err := c.token()
	if err != nil {
		return nil, err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return req, nil
}

// success is nil for an answer, and what it means that there is none.
func (a *answer) success() error {
	switch a.status {
	case http.StatusOK:
		return nil
	case http.StatusNotFound, http.StatusGone:
		a.rest()
		return errGone
	}
	a.rest()
	return answered(a.status)
}

// rest reads what an error says, unseen, so that the connection can be used again.
func (a *answer) rest() { _, _ = io.CopyN(io.Discard, a.body, 4<<10) }

// body reads an answer that must be FHIR JSON, whole.
func (c *Client) body(ctx context.Context, a *answer) (*Body, error) {
	if err := a.acceptable(c.maxBody); err != nil {
		return nil, err
	}
	if b := c.asItCame(a); b != nil {
		return b, nil
	}
	buf := c.buffer()
	b, err := readAll((*buf)[:0], a.body, a.length, c.maxBody)
	body := &Body{Bytes: b, Version: versionOf(a.tag), client: c, buf: buf}
	switch {
	case err == nil:
		return body, nil
	case errors.Is(err, ErrTooLarge):
		body.Release()
		return nil, ErrTooLarge
	default:
		body.Release()
		return nil, c.failure(ctx, err)
	}
}

// asItCame is an answer that has come to its end already: it stays where it lies. Nil for
// any other.
func (c *Client) asItCame(a *answer) *Body {
	s, _ := a.body.(*seated)
	if s == nil {
		return nil
	}
	r, ours := s.body.(*reply)
	if !ours {
		return nil
	}
	in, b := r.take()
	if in == nil {
		return nil
	}
	return &Body{Bytes: b, Version: versionOf(a.tag), client: c, in: in}
}

// acceptable refuses an answer that is not FHIR JSON of at most so many bytes, as far as
// its header tells.
func (a *answer) acceptable(most int64) error {
	if !isFHIRJSON(a.kind) || a.coded {
		return fault("its answer is not FHIR JSON: is fhir.upstream its FHIR base?")
	}
	if a.length > most {
		return ErrTooLarge
	}
	return nil
}

// buffer lends memory for an answer.
func (c *Client) buffer() *[]byte {
	if buf, _ := c.bodies.Get().(*[]byte); buf != nil {
		return buf
	}
	return new([]byte)
}

// keep puts a buffer back unless it is so large that keeping it would cost more
// than making it again.
func (c *Client) keep(b *[]byte) {
	switch {
	case cap(*b) <= wholeRoom:
		c.bodies.Put(b)
	case cap(*b) == joinedRoom:
		beginnings.Put(b)
	}
}

// isFHIRJSON reports whether a Content-Type is FHIR JSON in UTF-8. Servers that answer
// application/json mean the same.
func isFHIRJSON(kind string) bool {
	switch kind {
	case "application/fhir+json;charset=UTF-8", "application/fhir+json;charset=utf-8", "application/fhir+json; charset=utf-8", "application/fhir+json":
		return true // as nearly all servers spell it
	}
	t, params, err := mime.ParseMediaType(kind)
	if err != nil || t != "application/fhir+json" && t != "application/json" {
		return false
	}
	charset := params["charset"]
	return charset == "" || strings.EqualFold(charset, "utf-8")
}
