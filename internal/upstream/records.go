package upstream

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Read returns the record typ/id, or found false when there is none. A body that
// is not JSON or not that record is ErrUpstream (F9).
func (c *Client) Read(ctx context.Context, typ, id string) (body []byte, found bool, err error) {
	b, err := c.Fetch(ctx, typ, id, "")
	if errors.Is(err, ErrNotFound) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	defer b.Release()
	if t, i, err := identify(b.Bytes); err != nil || t != typ || i != id {
		return nil, false, ErrUpstream
	}
	return bytes.Clone(b.Bytes), true, nil
}

// Many calls each with every record of typ that has one of the ids, in no
// particular order; what is not there is left out. It asks for 100 at a time.
// The bytes are valid only during the call.
func (c *Client) Many(ctx context.Context, typ string, ids []string, each func([]byte) error) error {
	for chunk := range slices.Chunk(ids, 100) {
		for _, id := range chunk {
			if !IsID(id) {
				return ErrGrammar
			}
		}
		query := []Param{{"_id", strings.Join(chunk, ",")}}
		err := c.each(ctx, typ, query, func(b []byte, id string) error {
			if !slices.Contains(chunk, id) {
				return ErrUpstream // F9: not one of those asked for
			}
			return each(b)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Each calls each with every record of typ that the query finds, all pages, in
// the server's order. A page that does not come leaves the search incomplete,
// and that is an error. The bytes are valid only during the call.
func (c *Client) Each(ctx context.Context, typ string, query []Param, each func([]byte) error) error {
	return c.each(ctx, typ, query, func(b []byte, _ string) error { return each(b) })
}

// EachOf is Each for parameters as net/url holds them, in order of their names.
func (c *Client) EachOf(ctx context.Context, typ string, query url.Values, each func([]byte) error) error {
	var params []Param
	for _, name := range slices.Sorted(func(yield func(string) bool) {
		for k := range query {
			if !yield(k) {
				return
			}
		}
	}) {
		for _, v := range query[name] {
			params = append(params, Param{name, v})
		}
	}
	return c.Each(ctx, typ, params, each)
}

// maxPages bounds a search that never ends.
const maxPages = 10_000

func (c *Client) each(ctx context.Context, typ string, query []Param, each func([]byte, string) error) error {
	size := c.page
	for {
		again, err := c.eachOfSize(ctx, typ, query, size, each)
		if err != nil || !again {
			return err
		}
		// A full page without a link to the next: either all there is, or a
		// server that does not page. Ask for more at once, never lose the rest.
		if size *= 10; size > 100_000 {
			return ErrUpstream
		}
	}
}

// eachOfSize reads all pages of the given size. It reports again, before it has
// called each, when the first page is full and names no next one.
func (c *Client) eachOfSize(ctx context.Context, typ string, query []Param, size int, each func([]byte, string) error) (again bool, err error) {
	body, err := c.Search(ctx, typ, append(slices.Clip(query), Param{"_count", strconv.Itoa(size)}), false)
	for pages := 0; err == nil; pages++ {
		var page bundle
		if page, err = split(body.Bytes); err != nil || pages >= maxPages {
			body.Release()
			return false, ErrUpstream
		}
		if pages == 0 && page.next == "" && len(page.records) >= size {
			body.Release()
			return true, nil
		}
		for _, r := range page.records {
			if r.typ == "OperationOutcome" {
				continue
			}
			if r.typ != typ {
				err = ErrUpstream
			} else {
				err = each(r.body, r.id)
			}
			if err != nil {
				body.Release()
				return false, err
			}
		}
		body.Release()
		if page.next == "" {
			return false, nil
		}
		ref, err := c.Ref(page.next)
		if err != nil {
			return false, err
		}
		if body, err = c.Page(ctx, ref); err != nil {
			return false, err
		}
	}
	return false, err
}

// record is one entry of a bundle; body points into the page.
type record struct {
	typ, id string
	body    []byte
}

type bundle struct {
	records []record
	next    string
}

// split takes a searchset apart. It is strict: valid UTF-8, no member twice, one
// value, every entry a resource with type and id.
func split(b []byte) (bundle, error) {
	var out bundle
	kind, form := "", ""
	err := object(b, func(name string, v jsontext.Value) error {
		switch name {
		case "resourceType":
			return text(v, &kind)
		case "type":
			return text(v, &form)
		case "link":
			return array(v, func(v jsontext.Value) error { return nextLink(v, &out.next) })
		case "entry":
			return array(v, func(v jsontext.Value) error { return entry(v, &out) })
		}
		return nil
	})
	if err != nil || kind != "Bundle" || form != "searchset" {
		return bundle{}, ErrUpstream
	}
	return out, nil
}

func nextLink(v jsontext.Value, next *string) error {
	relation, url := "", ""
	err := object(v, func(name string, v jsontext.Value) error {
		switch name {
		case "relation":
			return text(v, &relation)
		case "url":
			return text(v, &url)
		}
		return nil
	})
	if err == nil && relation == "next" {
		if *next != "" || url == "" {
			return ErrUpstream
		}
		*next = url
	}
	return err
}

func entry(v jsontext.Value, out *bundle) error {
	return object(v, func(name string, v jsontext.Value) error {
		if name != "resource" {
			return nil
		}
		typ, id, err := identify(v)
		if err != nil || id == "" && typ != "OperationOutcome" {
			return ErrUpstream
		}
		out.records = append(out.records, record{typ, id, v})
		return nil
	})
}

// identify returns type and id of a resource.
func identify(b []byte) (typ, id string, err error) {
	err = object(b, func(name string, v jsontext.Value) error {
		switch name {
		case "resourceType":
			return text(v, &typ)
		case "id":
			return text(v, &id)
		}
		return nil
	})
	return typ, id, err
}

// object calls each for every member of the one object that b must be. The value
// points into b.
func object(b []byte, each func(name string, v jsontext.Value) error) error {
	d := jsontext.NewDecoder(bytes.NewBuffer(b))
	if d.PeekKind() != '{' {
		return ErrUpstream
	}
	if _, err := d.ReadToken(); err != nil {
		return ErrUpstream
	}
	for d.PeekKind() != '}' {
		t, err := d.ReadToken()
		if err != nil {
			return ErrUpstream
		}
		name := t.String()
		v, err := d.ReadValue()
		if err != nil {
			return ErrUpstream
		}
		if err := each(name, v); err != nil {
			return err
		}
	}
	if _, err := d.ReadToken(); err != nil {
		return ErrUpstream
	}
	if _, err := d.ReadToken(); err != io.EOF {
		return ErrUpstream // something follows
	}
	return nil
}

func array(b []byte, each func(v jsontext.Value) error) error {
	d := jsontext.NewDecoder(bytes.NewBuffer(b))
	if d.PeekKind() != '[' {
		return ErrUpstream
	}
	if _, err := d.ReadToken(); err != nil {
		return ErrUpstream
	}
	for d.PeekKind() != ']' {
		v, err := d.ReadValue()
		if err != nil {
			return ErrUpstream
		}
		if err := each(v); err != nil {
			return err
		}
	}
	return nil
}

func text(v jsontext.Value, dst *string) error {
	if v.Kind() != '"' {
		return ErrUpstream
	}
	b, err := jsontext.AppendUnquote(nil, v)
	if err != nil {
		return ErrUpstream
	}
	*dst = string(b)
	return nil
}
