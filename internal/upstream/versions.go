package upstream

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
)

// History asks for the first page of the versions of a record, so many of them:
// [base]/typ/id/_history. The content is not looked at. ErrNotFound is also what a
// server says that keeps no history.
func (c *Client) History(ctx context.Context, typ, id string, count int) (*Body, error) {
	if !IsType(typ) || !IsID(id) {
		return nil, ErrGrammar
	}
	b, err := c.do(ctx, http.MethodGet, "/"+typ+"/"+id+"/_history?_count="+strconv.Itoa(count), "")
	if errors.Is(err, errGone) {
		return nil, ErrNotFound
	}
	return b, err
}

// isPaged reports whether a path below the base is one that the server may page: a
// type, or the history of a record.
func isPaged(path string) bool {
	typ, rest, record := strings.Cut(path, "/")
	if !record {
		return IsType(typ)
	}
	id, history := strings.CutSuffix(rest, "/_history")
	return history && IsType(typ) && IsID(id)
}
