package upstream

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
)

// Written is what the server made of a write.
type Written struct {
	ID      string // of the record
	Version string // that the write made; "" where the server does not say
	New     bool   // there was no such record before
	// Body is the record as the server keeps it, nil where it answered without one.
	// Whether it is that record, the caller looks.
	Body *Body
}

// Release gives the memory of w back.
func (w *Written) Release() {
	if w != nil {
		w.Body.Release()
	}
}

// Replace writes [base]/typ/id where its version is still the one given; otherwise
// the error is ErrConflict and nothing was changed. The other errors are ErrNotFound
// (it is there no more), ErrRefused, ErrUnknown, ErrUpstream (nothing was sent, or
// the server does not do it) and ErrGrammar. It is never sent twice (threat-model 9).
func (c *Client) Replace(ctx context.Context, typ, id, version string, record []byte) (*Written, error) {
	if !IsType(typ) || !IsID(id) || !isTag(version) {
		return nil, ErrGrammar
	}
	return c.write(ctx, http.MethodPut, typ, id, record, "If-Match", `W/"`+version+`"`)
}

// Put makes [base]/typ/id where there is none: ErrConflict where there is one. Servers
// that do not look at If-None-Match replace the record instead, so that the id must be
// one that nobody has. A server that gives ids itself answers ErrNotFound or
// ErrRefused: ask it to Post.
func (c *Client) Put(ctx context.Context, typ, id string, record []byte) (*Written, error) {
	if !IsType(typ) || !IsID(id) {
		return nil, ErrGrammar
	}
	return c.write(ctx, http.MethodPut, typ, id, record, "If-None-Match", "*")
}

// Post makes a record of a type; the server gives the id.
func (c *Client) Post(ctx context.Context, typ string, record []byte) (*Written, error) {
	if !IsType(typ) {
		return nil, ErrGrammar
	}
	w, err := c.write(ctx, http.MethodPost, typ, "", record, "", "")
	if err == nil && w.ID == "" {
		w.Release()
		return nil, unknown(fault("it does not say where the record is that it made"))
	}
	return w, err
}

func (c *Client) write(ctx context.Context, method, typ, id string, record []byte, condition, value string) (*Written, error) {
	path := "/" + typ
	if id != "" {
		path += "/" + id
	}
	req, err := c.request(ctx, method, path, bytes.NewReader(record))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/fhir+json; charset=utf-8")
	req.Header.Set("Prefer", "return=representation")
	if condition != "" {
		req.Header.Set(condition, value)
	}
	a, err := c.sendOnce(req)
	if err != nil {
		return nil, err
	}
	defer a.body.Close()
	return c.written(ctx, a, typ, id)
}

// sendOnce sends a write; ErrUnknown says that the server may have read it. net/http sends
// a body again only where the connection broke before a byte of the first attempt went out.
func (c *Client) sendOnce(req *http.Request) (*answer, error) {
	var sent atomic.Bool // from here on the server may have read it
	ctx := httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }})
	a, err := c.roundTrip(req.WithContext(ctx))
	if err != nil && sent.Load() {
		return nil, unknown(err)
	}
	return a, err
}

// unknown says of a failure that the write may have been done.
func unknown(err error) error { return fmt.Errorf("%w: %w", ErrUnknown, err) }

// written reads what the server says. A status below 500 that is no success says that
// nothing was changed; of any other nobody knows.
func (c *Client) written(ctx context.Context, a *answer, typ, id string) (*Written, error) {
	switch status := a.status; status {
	case http.StatusOK, http.StatusCreated, http.StatusNoContent:
	case http.StatusNotFound, http.StatusGone:
		a.rest()
		return nil, ErrNotFound
	case http.StatusConflict, http.StatusPreconditionFailed:
		a.rest()
		return nil, ErrConflict
	case http.StatusBadRequest, http.StatusMethodNotAllowed, http.StatusUnprocessableEntity, http.StatusRequestEntityTooLarge:
		a.rest()
		return nil, ErrRefused
	default:
		a.rest()
		if status >= 400 && status < 500 {
			return nil, answered(status)
		}
		return nil, unknown(answered(status))
	}
	w := &Written{ID: id, Version: versionOf(a.tag), New: a.status == http.StatusCreated}
	if at, version := c.located(a.location, typ); w.ID == "" {
		w.ID = at
		if w.Version == "" {
			w.Version = version
		}
	}
	// What is not FHIR JSON, or breaks off, is no record: that the write was done the
	// status has said, and what became of it can be read.
	if body, err := c.body(ctx, a); err == nil && len(body.Bytes) > 0 {
		w.Body = body
	} else if err == nil {
		body.Release()
	}
	return w, nil
}

// located reads the id and the version out of Location. It must be a record of the
// type below our base, or a path alone: nothing of it but the id is used.
func (c *Client) located(location, typ string) (id, version string) {
	u, err := url.Parse(location)
	if err != nil {
		return "", ""
	}
	path := strings.TrimPrefix(u.EscapedPath(), c.path)
	part := strings.Split(strings.TrimPrefix(path, "/"), "/")
	if len(part) < 2 || part[0] != typ || !IsID(part[1]) {
		return "", ""
	}
	if len(part) == 4 && part[2] == "_history" && IsID(part[3]) {
		version = part[3]
	}
	return part[1], version
}

// versionOf reads the version out of an ETag, which FHIR servers make of it
// (hl7.org/fhir/R4/http.html#versionaware).
func versionOf(tag string) string {
	tag = strings.TrimPrefix(tag, "W/")
	if len(tag) < 3 || tag[0] != '"' || tag[len(tag)-1] != '"' || !isTag(tag[1:len(tag)-1]) {
		return ""
	}
	return tag[1 : len(tag)-1]
}

// isTag reports whether a version can stand in an ETag (RFC 9110 section 8.8.3). FHIR
// makes it an id, and not every server does.
func isTag(v string) bool {
	for i := range len(v) {
		if c := v[i]; c <= ' ' || c == '"' || c >= 0x7f {
			return false
		}
	}
	return v != "" && len(v) <= 128
}
