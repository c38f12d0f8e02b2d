// Package client is what a command line asks of a running installation: the operations
// of /api/ that it uses, as its person, with the token that they signed in for.
//
// It knows the server by its answers alone and shares no code with it. Ids of patients
// travel in bodies, never in an address. Nothing of an answer is an error's text but
// what the server's problem says to people, and [Plain] makes of what others wrote
// something that a terminal may show.
package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json"
)

var (
	// ErrServer: the server cannot be reached, or does not answer as it should.
	ErrServer = errors.New("the server does not answer as it should")
	// ErrSignIn: the token is not accepted.
	ErrSignIn = errors.New("your sign-in is not accepted any more; sign in: modicum login")
	// ErrProve: the act needs a fresh proof of presence (RFC 9470).
	ErrProve = errors.New("this needs a new proof that it is you: modicum login --prove (with --task TASK where records are read afterwards), then repeat it within five minutes")
	// ErrTask: the token was given out for another task than the act's, or for none.
	ErrTask = errors.New("your sign-in is not for this; sign in for the task that does it: modicum login --task TASK; for all that opens no record: modicum login")
	// ErrID: an id that cannot be one.
	ErrID = errors.New("that is no id: give it as it was printed")
)

// most bounds an answer, in bytes.
const most = 4 << 20

// Client asks one installation as one person. HTTP must not follow redirects: the token
// is for Address alone.
type Client struct {
	Address string // https://HOST[:PORT], or http of this machine; without a path
	Token   string
	HTTP    *http.Client
}

// Wrong is one thing that stands in the way.
type Wrong struct {
	Field string `json:"field"`
	Code  string `json:"code"`
	Say   string `json:"say"`
}

// Refusal is the server's no: what stands in the way, all of it.
type Refusal struct {
	Status int
	Kind   string // last part of the problem's type, such as not-yours
	Detail string
	Wrong  []Wrong
}

func (r *Refusal) Error() string {
	if len(r.Wrong) == 0 {
		return Plain(r.Detail)
	}
	lines := []string{"it was not done:"}
	for _, w := range r.Wrong {
		where, say := "", Plain(w.Say)
		if w.Field != "" && !strings.HasPrefix(w.Say, w.Field+" ") {
			where = Plain(w.Field) + ": "
		}
		lines = append(lines, "  "+where+sentence(say))
	}
	return strings.Join(lines, "\n")
}

// sentence ends what is said, where it ends with a word.
func sentence(say string) string {
	if say == "" || strings.ContainsAny(say[len(say)-1:], ".?!:)") {
		return say
	}
	return say + "."
}

// problem is an answer of the type application/problem+json (RFC 9457). Members that
// this operation has no use for may stand beside.
type problem struct {
	Type   string  `json:"type"`
	Status int     `json:"status"`
	Detail string  `json:"detail"`
	Wrong  []Wrong `json:"wrong"`
}

// kindOf are the problems of an installation.
const kindOf = "urn:modicum:problem:"

// ask sends one request and reads its answer into out, which is nil where none is
// expected. What is in is sent as JSON; nil sends no body.
func (c *Client) ask(ctx context.Context, method, path string, in, out any, how ...json.Options) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in, json.Deterministic(true)); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, c.Address+"/api"+path, bytes.NewReader(body))
	if err != nil {
		return ErrServer
	}
	req.Header.Set("Authorization", "Bearer "+c.Token)
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := c.HTTP.Do(req)
	if err != nil { // its text names the address and what it holds
		return fmt.Errorf("%s cannot be reached: %w", c.Address, ErrServer)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, most+1))
	if err != nil || len(text) > most {
		return fmt.Errorf("%s, status %d: %w", c.Address, res.StatusCode, ErrServer)
	}
	return c.read(res, text, out, how)
}

// read takes an answer for what it says it is, and nothing else.
func (c *Client) read(res *http.Response, text []byte, out any, how []json.Options) error {
	media, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	odd := fmt.Errorf("%s, status %d: %w", c.Address, res.StatusCode, ErrServer)
	switch {
	case res.StatusCode >= 400 && media == "application/problem+json":
		return refusal(res.StatusCode, text, odd)
	case out == nil && res.StatusCode == http.StatusNoContent && len(text) == 0:
		return nil
	case out == nil, media != "application/json", res.StatusCode != http.StatusOK && res.StatusCode != http.StatusCreated:
		return odd
	}
	if json.Unmarshal(text, out, how...) != nil {
		return fmt.Errorf("%w: it may be of another version than this command", odd)
	}
	return nil
}

// refusal is the error of a problem.
func refusal(status int, text []byte, odd error) error {
	var p problem
	kind, ours := "", false
	if json.Unmarshal(text, &p) == nil {
		kind, ours = strings.CutPrefix(p.Type, kindOf)
	}
	switch {
	case !ours || p.Status != status || p.Detail == "":
		return odd
	case kind == "prove-again":
		return ErrProve
	case kind == "not-for-task":
		return ErrTask
	case status == http.StatusUnauthorized:
		return ErrSignIn
	case status >= 500:
		return fmt.Errorf("%s (%w)", Plain(p.Detail), ErrServer)
	}
	return &Refusal{status, kind, p.Detail, p.Wrong}
}

// segment is an id as a part of a path. What a path could climb by is none.
func segment(id string) (string, error) {
	if id == "" || id == "." || id == ".." || len(id) > 200 {
		return "", ErrID
	}
	return url.PathEscape(id), nil
}

// get reads the thing of an id: BEFORE/id/AFTER.
func (c *Client) get(ctx context.Context, before, id, after string, out any, how ...json.Options) error {
	part, err := segment(id)
	if err != nil {
		return err
	}
	return c.ask(ctx, http.MethodGet, before+part+after, nil, out, how...)
}

// on does something to the thing of an id: in is sent to BEFORE/id/AFTER.
func (c *Client) on(ctx context.Context, before, id, after string, in, out any) error {
	part, err := segment(id)
	if err != nil {
		return err
	}
	return c.ask(ctx, http.MethodPost, before+part+after, in, out)
}

// page is a part of a list.
type page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next"`
}

// all reads a list to its end.
func all[T any](ctx context.Context, c *Client, path string, q url.Values) ([]T, error) {
	out := []T{}
	q.Set("limit", "200")
	for {
		var p page[T]
		if err := c.ask(ctx, http.MethodGet, path+"?"+q.Encode(), nil, &p); err != nil {
			return nil, err
		}
		out = append(out, p.Items...)
		if p.Next == "" {
			return out, nil
		}
		if p.Next == q.Get("before") || len(p.Items) == 0 { // it would never end
			return nil, ErrServer
		}
		q.Set("before", p.Next)
	}
}
