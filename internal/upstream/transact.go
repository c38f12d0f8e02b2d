package upstream

import (
	"bytes"
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Change is one record that a transaction writes.
type Change struct {
	Type, ID string
	Version  string // that it must still have; "" where there must be none
	Record   []byte // whole, with that type and id
}

// Transact writes all of the records or none of them (hl7.org/fhir/R4/http.html#transaction),
// each where its version is still the one given. The errors are those of Replace, of the
// whole; what was written has no Body. It is never sent twice.
func (c *Client) Transact(ctx context.Context, changes []Change) ([]*Written, error) {
	body, err := transaction(changes)
	if err != nil {
		return nil, err
	}
	req, err := c.request(ctx, http.MethodPost, "", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/fhir+json; charset=utf-8")
	req.Header.Set("Prefer", "return=minimal")
	a, err := c.sendOnce(req)
	if err != nil {
		return nil, err
	}
	defer a.body.Close()
	w, err := c.written(ctx, a, "", "")
	if err != nil {
		return nil, err
	}
	defer w.Release()
	return transacted(changes, w.Body)
}

// transaction spells the Bundle. Types, ids and versions hold nothing that JSON escapes.
func transaction(changes []Change) ([]byte, error) {
	b := []byte(`{"resourceType":"Bundle","type":"transaction","entry":[`)
	for i, ch := range changes {
		if !IsType(ch.Type) || !IsID(ch.ID) || ch.Version != "" && !isTag(ch.Version) {
			return nil, ErrGrammar
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(b, `{"resource":`...), ch.Record...)
		b = append(b, `,"request":{"method":"PUT","url":"`+ch.Type+"/"+ch.ID+`",`...)
		if ch.Version == "" {
			b = append(b, `"ifNoneMatch":"*"}}`...)
		} else {
			b = append(b, `"ifMatch":`+strconv.Quote(`W/"`+ch.Version+`"`)+`}}`...)
		}
	}
	return append(b, "]}"...), nil
}

// transacted reads what the server says of each change. That all were done, its status
// has said: a version that cannot be read is left out, and can be read at the record. One
// that says of a change that it was not done has broken its word, and nobody knows.
func transacted(changes []Change, body *Body) ([]*Written, error) {
	out := make([]*Written, len(changes))
	for i := range changes {
		out[i] = &Written{ID: changes[i].ID, New: changes[i].Version == ""}
	}
	if body == nil {
		return out, nil
	}
	var said []response
	err := object(body.Bytes, func(name string, v jsontext.Value) error {
		if name != "entry" {
			return nil
		}
		return array(v, func(v jsontext.Value) error {
			r, err := responseOf(v)
			said = append(said, r)
			return err
		})
	})
	for i, r := range said {
		switch {
		case !strings.HasPrefix(r.status, "2"):
			return nil, unknown(fault("it did a part of a transaction"))
		case err == nil && len(said) == len(out):
			out[i].Version = r.version
		}
	}
	return out, nil
}

// response is what the server says of one entry.
type response struct{ status, version string }

// responseOf reads it. HAPI writes the tag 1 for W/"1" there.
func responseOf(entry jsontext.Value) (r response, err error) {
	err = object(entry, func(name string, v jsontext.Value) error {
		if name != "response" {
			return nil
		}
		return object(v, func(name string, v jsontext.Value) error {
			switch name {
			case "status":
				return text(v, &r.status)
			case "etag":
				return text(v, &r.version)
			}
			return nil
		})
	})
	if r.version = strings.Trim(strings.TrimPrefix(r.version, "W/"), `"`); !isTag(r.version) {
		r.version = ""
	}
	return r, err
}
