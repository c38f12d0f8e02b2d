package selftest

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// request is a probe with its variables filled in.
type request struct {
	method, path string // below the base; "" is the base itself
	raw          string
	typ, body    string
	headers      map[string]string
	nobody       bool // sends no token
	open         bool // raw: does not ask for the connection to end
}

// answer is what came back; status 0 where the connection was closed on the request.
type answer struct {
	status int
	header http.Header
	body   string
	closed bool // the connection ends with it
}

func (r *run) send(ctx context.Context, q *request) (*answer, error) {
	if q.raw != "" {
		return r.sendRaw(ctx, q)
	}
	address := strings.TrimRight(r.Base, "/")
	if q.path != "" && q.path[0] != '?' {
		address += "/"
	}
	var body io.Reader
	if q.body != "" {
		body = strings.NewReader(q.body)
	}
	req, err := http.NewRequestWithContext(ctx, q.method, address+q.path, body)
	if err != nil {
		return nil, fmt.Errorf("%w: the probe cannot be sent: %w", ErrUse, err)
	}
	for name, v := range q.headers {
		req.Header.Set(name, v)
	}
	if q.typ != "" {
		req.Header.Set("Content-Type", q.typ)
	}
	if !q.nobody {
		req.Header.Set("Authorization", "Bearer "+r.Token)
		req.Header.Set("Modicum-Task", r.Role+"/"+r.Task)
	}
	res, err := r.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%w: the gate gave no answer", ErrUnavailable)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, 32<<20))
	if err != nil {
		return nil, fmt.Errorf("%w: the gate broke off its answer", ErrUnavailable)
	}
	return &answer{res.StatusCode, res.Header, string(b), res.Close}, nil
}

// sendRaw sends bytes as they stand, over a connection of their own.
func (r *run) sendRaw(ctx context.Context, q *request) (*answer, error) {
	conn, err := r.dial(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: the gate takes no connection", ErrUnavailable)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	head := q.raw + "\r\nHost: " + r.door.Host + "\r\nAuthorization: Bearer " + r.Token + "\r\nModicum-Task: " + r.Role + "/" + r.Task + "\r\n"
	if !q.open {
		head += "Connection: close\r\n"
	}
	head += "\r\n"
	if _, err := io.WriteString(conn, head+q.body); err != nil {
		return &answer{header: http.Header{}}, nil // it hung up on what it read so far
	}
	method, _, _ := strings.Cut(q.raw, " ")
	res, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		return &answer{header: http.Header{}}, nil
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	return &answer{res.StatusCode, res.Header, string(b), res.Close}, nil
}

func (r *run) dial(ctx context.Context) (net.Conn, error) {
	host := r.door.Host
	if r.door.Port() == "" {
		host = net.JoinHostPort(r.door.Hostname(), map[string]string{"http": "80", "https": "443"}[r.door.Scheme])
	}
	d := net.Dialer{Timeout: 10 * time.Second}
	if r.door.Scheme == "https" {
		return (&tls.Dialer{NetDialer: &d, Config: r.TLS}).DialContext(ctx, "tcp", host)
	}
	return d.DialContext(ctx, "tcp", host)
}

var (
	cursors  = regexp.MustCompile(`\?_cursor=[^"&]*`)
	versions = regexp.MustCompile(`"(versionId|lastUpdated|etag|lastModified)":"(?:[^"\\]|\\.)*"`)
)

// plain is an answer without what may differ between two runs (interfaces 3), the id
// of the planted and what the probe itself said.
func (a *answer) plain(id string, said []string) string {
	h := a.header.Clone()
	for _, name := range []string{"Date", "Modicum-Decision", "Content-Length", "Last-Modified"} {
		h.Del(name)
	}
	if h.Get("ETag") != "" {
		h.Set("ETag", "present") // it is a hash of id and content
	}
	var b strings.Builder
	fmt.Fprintln(&b, a.status)
	for name, lines := range h {
		for i := range lines {
			h[name][i] = strings.ReplaceAll(lines[i], id, "ID")
		}
	}
	_ = h.Write(&b)
	body := strings.ReplaceAll(a.body, id, "ID")
	for _, v := range said {
		body = strings.ReplaceAll(body, v, "SAID")
	}
	return b.String() + versions.ReplaceAllString(cursors.ReplaceAllString(body, "?_cursor=x"), `"$1":"x"`)
}
