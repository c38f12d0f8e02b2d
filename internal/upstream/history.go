package upstream

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// historyPage is how many changes one question about deletions may list.
const historyPage = "1000"

// Deleted lists the ids of the records of typ whose deletion the server's history of
// the type tells since then. told is false where that is not all there may be: the
// server keeps no such history (hl7.org/fhir/R4/http.html#history makes it optional),
// or it holds more changes than one page, or the answer is of no use. Then only a
// search for everything finds what is gone.
func (c *Client) Deleted(ctx context.Context, typ string, since time.Time) (ids []string, told bool) {
	if !IsType(typ) {
		return nil, false
	}
	q := url.Values{"_since": {since.UTC().Format(time.RFC3339)}, "_count": {historyPage}}
	body, err := c.do(ctx, http.MethodGet, "/"+typ+"/_history?"+q.Encode(), "")
	if err != nil {
		return nil, false
	}
	defer body.Release()
	ids, err = deletions(body.Bytes, typ)
	return ids, err == nil
}

// deletions reads a history Bundle that has no further page.
func deletions(b []byte, typ string) (ids []string, err error) {
	kind, form, next := "", "", ""
	err = object(b, func(name string, v jsontext.Value) error {
		switch name {
		case "resourceType":
			return text(v, &kind)
		case "type":
			return text(v, &form)
		case "link":
			return array(v, func(v jsontext.Value) error { return nextLink(v, &next) })
		case "entry":
			return array(v, func(v jsontext.Value) error { return deletion(v, typ, &ids) })
		}
		return nil
	})
	if err != nil || kind != "Bundle" || form != "history" || next != "" {
		return nil, ErrUpstream
	}
	return ids, nil
}

// deletion adds the id of an entry whose request was a DELETE of typ/id.
func deletion(v jsontext.Value, typ string, ids *[]string) error {
	method, address := "", ""
	err := object(v, func(name string, v jsontext.Value) error {
		if name != "request" {
			return nil
		}
		return object(v, func(name string, v jsontext.Value) error {
			switch name {
			case "method":
				return text(v, &method)
			case "url":
				return text(v, &address)
			}
			return nil
		})
	})
	if err != nil || method != http.MethodDelete {
		return err
	}
	address, _, _ = strings.Cut(address, "/_history/")
	at := strings.LastIndex("/"+address, "/"+typ+"/")
	if at < 0 || !IsID(address[at+len(typ)+1:]) {
		return ErrUpstream
	}
	*ids = append(*ids, address[at+len(typ)+1:])
	return nil
}
