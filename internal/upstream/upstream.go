// Package upstream is the one client of FHIR servers.
//
// Every request goes to one configured origin and path, in one of the forms
// [base]/Type/id, [base]/Type/id/_history/version, [base]/Type/id/_history?query,
// [base]/Type/_history?query, [base]/Type?query, [base]/Type/_search and
// [base]?query (a page that the server itself named), or writes one record at
// [base]/Type/id or [base]/Type, or several as one transaction at [base],
// and is built here: nothing of a client's bytes passes through (threat-model F1,
// D1). It follows no redirect, asks no proxy, and accepts nothing but FHIR JSON
// of a bounded size (O1, F9, FC46, FC51). What goes wrong becomes one of the
// errors of this package, without a word of what the server said (FC41).
package upstream

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"modicum/internal/share"
)

// Errors that callers act on. None carries text of the server.
var (
	// ErrNotFound: there is no such record, now or any more (404, 410).
	ErrNotFound = errors.New("upstream: no such record")
	// ErrPageGone: the server no longer knows the page; search again.
	ErrPageGone = errors.New("upstream: the page is gone")
	// ErrUpstream: the server is away, slow, or answers what FHIR does not allow.
	ErrUpstream = errors.New("upstream: no usable answer")
	// ErrTooLarge: the answer is larger than MaxBody, or MaxPage. It is an ErrUpstream.
	ErrTooLarge = fmt.Errorf("%w: too large", ErrUpstream)
	// ErrBusy: as much is asked of the server already as may be at once, or as may be in one name.
	ErrBusy = errors.New("upstream: too much is asked at once")
	// ErrConflict: the record is not, or no longer, what a write rested on. Nothing was changed.
	ErrConflict = errors.New("upstream: the record has changed")
	// ErrRefused: the server does not take what was to be written. Nothing was changed.
	ErrRefused = errors.New("upstream: the server does not take the record")
	// ErrUnknown: a write was sent and nobody knows whether it was done. It is an ErrUpstream.
	ErrUnknown = fmt.Errorf("%w: whether the write was done is not known", ErrUpstream)
	// ErrGrammar: what was asked for cannot be a FHIR type, id or parameter. Nothing was sent.
	ErrGrammar = errors.New("upstream: not a FHIR name")
)

// Config is what a Client is made of. Base must be set.
type Config struct {
	Base       *url.URL         // http or https, no query, no user, such as https://ehr.example/fhir
	BearerFile string           // a file with mode 0600 that holds a token; read again when it changes; "" sends none
	TLS        *tls.Config      // nil: the system's roots
	Conns      int              // most answers that are waited for at once; 0 means 64
	Streams    int              // most long answers under way besides, whose clients may read slowly; 0 means 256
	Header     time.Duration    // to the first byte of the answer; 0 means 15 s
	Whole      time.Duration    // for a whole answer; 0 means 30 s
	MaxBody    int64            // bytes of an answer that is held whole; 0 means 16 MiB
	MaxPage    int64            // bytes of a page that is read as it comes; 0 means 256 MiB
	PageSize   int              // records asked for at a time by Each; 0 means 200
	Now        func() time.Time // for State; nil means time.Now
}

// Client asks one FHIR server. It is safe for concurrent use.
type Client struct {
	base    string // scheme://host[:port]/path without a trailing slash
	origin  string // scheme://host:port, lower case, port always there
	path    string // path of base, "" or "/fhir"
	host    string
	bearer  *bearer
	wire    *wire // for reads from a server without TLS; nil for any other
	http    *http.Transport
	whole   time.Duration
	maxBody int64
	maxPage int64
	page    int
	seats   seats
	bodies  sync.Pool // of *[]byte
	now     func() time.Time
	lately  lately
}

// New checks cfg and returns a Client. It starts no goroutine and asks nothing.
func New(cfg Config) (*Client, error) {
	if cfg.Base == nil {
		return nil, errors.New("upstream: no base address")
	}
	u := *cfg.Base
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("upstream: the base address must start with http:// or https://")
	case u.Host == "" || u.Opaque != "":
		return nil, errors.New("upstream: the base address names no host")
	case u.User != nil:
		return nil, errors.New("upstream: the base address must not hold a user or password; use bearer_file")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, errors.New("upstream: the base address must not hold a query or fragment")
	case strings.ContainsAny(u.EscapedPath(), "%;\\") || strings.Contains(u.Path, "//") || strings.Contains(u.Path+"/", "/../") || strings.Contains(u.Path+"/", "/./"):
		return nil, errors.New("upstream: the path of the base address must be plain")
	}
	path := strings.TrimRight(u.Path, "/")
	c := &Client{
		base:    strings.ToLower(u.Scheme) + "://" + strings.ToLower(u.Host) + path,
		origin:  originOf(&u),
		path:    path,
		host:    u.Host,
		whole:   orDefault(cfg.Whole, 30*time.Second),
		maxBody: orDefault(cfg.MaxBody, 16<<20),
		maxPage: orDefault(cfg.MaxPage, 256<<20),
		page:    orDefault(cfg.PageSize, 200),
		now:     cfg.Now,
	}
	if c.now == nil {
		c.now = time.Now
	}
	if cfg.BearerFile != "" {
		c.bearer = &bearer{path: cfg.BearerFile}
		if _, err := c.bearer.token(); err != nil {
			return nil, err
		}
	}
	conns := orDefault(cfg.Conns, 64)
	c.seats = seats{share.New(conns), share.New(orDefault(cfg.Streams, 256))}
	c.http = &http.Transport{
		Proxy:                  nil, // the environment does not decide where patients' data goes (O1)
		DialContext:            (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:        cfg.TLS,
		TLSHandshakeTimeout:    5 * time.Second,
		MaxIdleConns:           conns,
		MaxIdleConnsPerHost:    conns,
		IdleConnTimeout:        90 * time.Second,
		ResponseHeaderTimeout:  orDefault(cfg.Header, 15*time.Second),
		MaxResponseHeaderBytes: 64 << 10,
		DisableCompression:     true, // the length of an answer is judged before it is read (FC51)
		ReadBufferSize:         32 << 10,
	}
	if u.Scheme == "http" && isTarget(u.Host) && !strings.Contains(u.Host, "%") {
		c.wire = &wire{address: strings.TrimPrefix(c.origin, "http://"), dialer: c.http.DialContext, header: c.http.ResponseHeaderTimeout, most: conns}
	}
	return c, nil
}

// Close lets idle connections go, and those of answers under way when they are read.
func (c *Client) Close() {
	c.http.CloseIdleConnections()
	if c.wire != nil {
		c.wire.close()
	}
}

func orDefault[T int | int64 | time.Duration](v, d T) T {
	if v == 0 {
		return d
	}
	return v
}

// originOf returns scheme, host and port in one spelling, so that two addresses
// of one origin compare equal (O1).
func originOf(u *url.URL) string {
	scheme, port := strings.ToLower(u.Scheme), u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[scheme]
	}
	return scheme + "://" + net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}
