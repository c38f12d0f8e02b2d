package client

import (
	"context"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"
)

// Reason is why somebody asks.
type Reason struct {
	Kind string `json:"kind,omitempty"`
	Ref  string `json:"ref,omitempty"`
	Text string `json:"text,omitempty"`
}

// Want is what is asked for.
type Want struct {
	Kind     string     `json:"kind"` // lend, exception or ask
	Role     string     `json:"role,omitempty"`
	Task     string     `json:"task"`
	Patients []string   `json:"patients"`
	Record   string     `json:"record,omitempty"`
	Classes  []string   `json:"classes,omitempty"`
	Overlays []string   `json:"overlays,omitempty"`
	Reason   Reason     `json:"reason"`
	From     *time.Time `json:"from,omitempty"`
	Minutes  int        `json:"minutes,omitzero"`
}

// Request is a request. State is waiting until somebody decides it.
type Request struct {
	ID       string     `json:"id"`
	Asker    string     `json:"asker"`
	State    string     `json:"state"`
	Want     Want       `json:"want"`
	Made     time.Time  `json:"made"`
	Digest   string     `json:"digest"`
	Needs    []string   `json:"needs"`
	Answered []string   `json:"answered"`
	InARow   int        `json:"in_a_row"`
	Ended    *time.Time `json:"ended,omitempty"`
	Word     string     `json:"word,omitempty"`
	Grant    string     `json:"grant,omitempty"`
}

// Grant is what is lent.
type Grant struct {
	ID      string     `json:"id"`
	Person  string     `json:"person"`
	Request string     `json:"request,omitempty"`
	State   string     `json:"state"`
	Want    Want       `json:"want"`
	From    time.Time  `json:"from"`
	Until   time.Time  `json:"until"`
	Ended   *time.Time `json:"ended,omitempty"`
	By      []string   `json:"approvers"`
	Glass   *Glass     `json:"glass,omitempty"`
	Review  *Review    `json:"review,omitempty"`
}

// Glass is of a grant that is a broken glass.
type Glass struct {
	Purpose  string     `json:"purpose"`
	Drill    bool       `json:"drill"`
	OverCap  bool       `json:"over_cap"`
	Attested *time.Time `json:"attested,omitempty"`
}

// Review is of a grant that somebody looks at afterwards.
type Review struct {
	Due     time.Time  `json:"due"`
	Who     string     `json:"who,omitempty"`
	At      *time.Time `json:"at,omitempty"`
	Verdict string     `json:"verdict,omitempty"`
}

// Asked is what came of asking: a request, or a grant where nobody else decides.
type Asked struct {
	Request *Request `json:"request,omitempty"`
	Grant   *Grant   `json:"grant,omitempty"`
	Again   bool     `json:"again"` // it was there already
}

// Notice is something that its person was told.
type Notice struct {
	ID    string     `json:"id"`
	Kind  string     `json:"kind"`
	At    time.Time  `json:"at"`
	Title string     `json:"title"`
	Text  string     `json:"text"`
	Path  string     `json:"path"`
	Seen  *time.Time `json:"seen,omitempty"`
}

// GlassWant is what somebody says who breaks the glass.
type GlassWant struct {
	Patient string `json:"patient"`
	Role    string `json:"role,omitempty"`
	Task    string `json:"task,omitempty"`
	Purpose string `json:"purpose,omitempty"`
	Reason  Reason `json:"reason"`
}

// Ask asks for more, for a while.
func (c *Client) Ask(ctx context.Context, w Want) (a Asked, err error) {
	err = c.ask(ctx, http.MethodPost, "/requests", w, &a)
	if err == nil && (a.Request == nil) == (a.Grant == nil) {
		err = ErrServer
	}
	return a, err
}

// Request is one request. A member that is not known here is an error: what is said
// yes to must have been shown whole (G2).
func (c *Client) Request(ctx context.Context, id string) (r Request, err error) {
	part, err := segment(id)
	if err != nil {
		return r, err
	}
	err = c.ask(ctx, http.MethodGet, "/requests/"+part, nil, &r, json.RejectUnknownMembers(true))
	if err == nil && (r.ID != id || r.Digest == "") {
		err = ErrServer
	}
	return r, err
}

// Requests are those of the person which are not decided.
func (c *Client) Requests(ctx context.Context) ([]Request, error) {
	return list[Request](ctx, c, "/requests")
}

// Inbox are the requests that wait for the person's answer.
func (c *Client) Inbox(ctx context.Context) ([]Request, error) {
	return list[Request](ctx, c, "/inbox")
}

// Grants are those of the person which have not ended.
func (c *Client) Grants(ctx context.Context) ([]Grant, error) { return list[Grant](ctx, c, "/grants") }

// list reads a list that comes whole.
func list[T any](ctx context.Context, c *Client, path string) ([]T, error) {
	var p page[T]
	err := c.ask(ctx, http.MethodGet, path, nil, &p)
	if p.Items == nil {
		p.Items = []T{}
	}
	return p.Items, err
}

// Notices are the newest that the person was told.
func (c *Client) Notices(ctx context.Context) ([]Notice, error) {
	return list[Notice](ctx, c, "/notices")
}

// decision is an answer to exactly what was read.
type decision struct {
	Digest string `json:"digest"`
	Word   string `json:"word,omitempty"`
}

// Approve says yes. The grant is nil while others must say yes too.
func (c *Client) Approve(ctx context.Context, id, digest, word string) (*Grant, error) {
	var out struct {
		Grant *Grant `json:"grant"`
	}
	err := c.on(ctx, "/requests/", id, "/approve", decision{digest, word}, &out)
	return out.Grant, err
}

// Refuse says no.
func (c *Client) Refuse(ctx context.Context, id, digest, word string) error {
	return c.on(ctx, "/requests/", id, "/refuse", decision{digest, word}, nil)
}

// Withdraw takes a request of the person's own back.
func (c *Client) Withdraw(ctx context.Context, id string) error {
	return c.on(ctx, "/requests/", id, "/withdraw", nil, nil)
}

// GiveBack ends a grant of the person's own.
func (c *Client) GiveBack(ctx context.Context, id string) error {
	return c.on(ctx, "/grants/", id, "/give-back", nil, nil)
}

// Revoke takes a grant away from somebody.
func (c *Client) Revoke(ctx context.Context, id, word string) error {
	return c.on(ctx, "/grants/", id, "/revoke", map[string]string{"word": word}, nil)
}

// BreakGlass breaks the glass for one patient.
func (c *Client) BreakGlass(ctx context.Context, w GlassWant) (g Grant, err error) {
	err = c.ask(ctx, http.MethodPost, "/break-glass", w, &g)
	return g, err
}
