package client_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"modicum/internal/api"
	"modicum/internal/caller"
	"modicum/internal/client"
)

// described is /api/openapi.json, as a client of somebody else's would read it.
type described struct {
	Paths map[string]map[string]struct {
		ID         string `json:"operationId"`
		Parameters []struct{ Name, In string }
		Body       *struct{ Content content } `json:"requestBody"`
		Responses  map[string]struct{ Content content }
	}
	Components struct{ Schemas map[string]json.RawMessage }
}

type content map[string]struct {
	Schema struct {
		Ref string `json:"$ref"`
	}
}

func describe(t *testing.T) *described {
	t.Helper()
	h := api.Handler(api.Config{Authenticate: func(*http.Request) (*caller.Caller, error) { return nil, io.EOF }})
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/openapi.json", nil))
	d := &described{}
	if err := json.Unmarshal(w.Body.Bytes(), d); err != nil {
		t.Fatal(err)
	}
	return d
}

// schema is what a content refers to.
func (d *described) schema(t *testing.T, c content) *jsonschema.Schema {
	t.Helper()
	_, name, _ := strings.Cut(c["application/json"].Schema.Ref, "#/components/schemas/")
	s := &jsonschema.Schema{}
	if err := json.Unmarshal(d.Components.Schemas[name], s); err != nil {
		t.Fatalf("the schema %q: %v", name, err)
	}
	return s
}

// fullest is an answer that has everything that a schema knows.
func fullest(s *jsonschema.Schema) any {
	kind := s.Type
	if i := slices.IndexFunc(s.Types, func(k string) bool { return k != "null" }); kind == "" && i >= 0 {
		kind = s.Types[i]
	}
	switch kind {
	case "object":
		out := map[string]any{}
		if len(s.Properties) == 0 { // of any shape
			out["x"] = "x"
		}
		for name, p := range s.Properties {
			out[name] = fullest(p)
		}
		delete(out, "next") // of a list: there is no more of it
		return out
	case "array":
		return []any{fullest(s.Items)}
	case "integer", "number":
		return 1
	case "boolean":
		return true
	}
	if s.Format == "date-time" {
		return "2026-11-23T12:00:00Z"
	}
	return "x"
}

// office answers as the description says, and holds every request against it.
type office struct {
	*described
	t    *testing.T
	sent []byte
	op   string
}

func (o *office) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.op = ""
	for path, ops := range o.Paths {
		op, known := ops[strings.ToLower(r.Method)]
		if !known || !fits(path, r.URL.EscapedPath()) {
			continue
		}
		o.op = op.ID
		for name := range r.URL.Query() {
			if !slices.ContainsFunc(op.Parameters, func(p struct{ Name, In string }) bool { return p.Name == name && p.In == "query" }) {
				o.t.Errorf("%s: the description has no parameter %s", op.ID, name)
			}
		}
		body, _ := io.ReadAll(r.Body)
		o.check(op.ID, op.Body, body)
		o.answer(w, op.Responses)
		return
	}
	o.t.Errorf("%s %s is not described", r.Method, r.URL.Path)
	w.WriteHeader(http.StatusNotFound)
}

// fits reports whether an address is of a path of the description.
func fits(path, address string) bool {
	want, got := strings.Split(path, "/"), strings.Split(address, "/")
	for i := range want {
		if len(want) != len(got) || want[i] != got[i] && !strings.HasPrefix(want[i], "{") {
			return false
		}
	}
	return true
}

// check holds a body against the description: nothing in it is unknown there, and
// nothing is missing.
func (o *office) check(op string, b *struct{ Content content }, body []byte) {
	switch {
	case b == nil && len(body) == 0:
		return
	case b == nil, len(body) == 0:
		o.t.Errorf("%s: sends %q, described: %v", op, body, b != nil)
		return
	}
	var sent any
	rules, err := o.schema(o.t, b.Content).Resolve(nil)
	if err == nil {
		if err = json.Unmarshal(body, &sent); err == nil {
			err = rules.Validate(sent)
		}
	}
	if err != nil {
		o.t.Errorf("%s: what is sent does not fit: %v %s", op, err, body)
	}
}

func (o *office) answer(w http.ResponseWriter, all map[string]struct{ Content content }) {
	for status, res := range map[string]int{"200": 200, "201": 201, "204": 204} {
		r, has := all[status]
		switch {
		case !has:
		case r.Content == nil:
			o.sent = nil
			w.WriteHeader(res)
		default:
			v := fullest(o.schema(o.t, r.Content))
			if m := v.(map[string]any); m["request"] != nil && m["again"] != nil {
				delete(m, "grant") // one of the two comes of asking
			}
			o.sent, _ = json.Marshal(v)
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(res)
			w.Write(o.sent)
		}
	}
}

// TestTheClientIsWhatIsDescribed: each request of the client is one of the description,
// with a body that fits, and everything that is answered by it reaches whoever asked.
func TestTheClientIsWhatIsDescribed(t *testing.T) {
	o := &office{described: describe(t), t: t}
	web := httptest.NewServer(o)
	defer web.Close()
	c := &client.Client{Address: web.URL, Token: "mdc_x", HTTP: web.Client()}
	gift := client.Gift{Kind: "role", Name: "nurse", Dept: "d", Why: "w", Minutes: 5}
	want := client.Want{Kind: "ask", Role: "r", Task: "t", Patients: []string{"p1"}, Record: "Patient/p1", Classes: []string{"c"}, Overlays: []string{"o"}, Minutes: 5}
	word, days := "w", time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	calls := map[string]func(context.Context) (any, error){
		"Ask":      func(ctx context.Context) (any, error) { return c.Ask(ctx, want) },
		"Request":  func(ctx context.Context) (any, error) { return c.Request(ctx, "x") },
		"Requests": func(ctx context.Context) (any, error) { return c.Requests(ctx) },
		"Inbox":    func(ctx context.Context) (any, error) { return c.Inbox(ctx) },
		"Grants":   func(ctx context.Context) (any, error) { return c.Grants(ctx) },
		"Grant":    func(ctx context.Context) (any, error) { return c.Grant(ctx, "x") },
		"Opened":   func(ctx context.Context) (any, error) { return c.Opened(ctx, "x") },
		"Notices":  func(ctx context.Context) (any, error) { return c.Notices(ctx) },
		"Approve":  func(ctx context.Context) (any, error) { return c.Approve(ctx, "x", "d", "w") },
		"Refuse":   func(ctx context.Context) (any, error) { return nil, c.Refuse(ctx, "x", "d", "w") },
		"Withdraw": func(ctx context.Context) (any, error) { return nil, c.Withdraw(ctx, "x") },
		"GiveBack": func(ctx context.Context) (any, error) { return nil, c.GiveBack(ctx, "x") },
		"Revoke":   func(ctx context.Context) (any, error) { return nil, c.Revoke(ctx, "x", "w") },
		"BreakGlass": func(ctx context.Context) (any, error) {
			return c.BreakGlass(ctx, client.GlassWant{Patient: "p1", Purpose: "ETREAT"})
		},
		"People": func(ctx context.Context) (any, error) { return c.People(ctx, "a") },
		"Person": func(ctx context.Context) (any, error) { return c.Person(ctx, "x") },
		"AddPerson": func(ctx context.Context) (any, error) {
			return c.AddPerson(ctx, client.NewPerson{UserName: "u", Name: "n"})
		},
		"Give":               func(ctx context.Context) (any, error) { return nil, c.Give(ctx, "x", gift) },
		"Agree":              func(ctx context.Context) (any, error) { return nil, c.Agree(ctx, "x", gift) },
		"Take":               func(ctx context.Context) (any, error) { return nil, c.Take(ctx, "x", gift) },
		"Deactivate":         func(ctx context.Context) (any, error) { return nil, c.Deactivate(ctx, "x", "y") },
		"Import":             func(ctx context.Context) (any, error) { return c.Import(ctx, "user_name,name\n", true) },
		"Link":               func(ctx context.Context) (any, error) { return nil, c.Link(ctx, "x", "y") },
		"Unlink":             func(ctx context.Context) (any, error) { return nil, c.Unlink(ctx, "x", "y") },
		"Entrust":            func(ctx context.Context) (any, error) { return nil, c.Entrust(ctx, "x") },
		"Programs":           func(ctx context.Context) (any, error) { return c.Programs(ctx) },
		"HandOver":           func(ctx context.Context) (any, error) { return nil, c.HandOver(ctx, "x", "y") },
		"Keys":               func(ctx context.Context) (any, error) { return c.Keys(ctx, "x") },
		"AddKey":             func(ctx context.Context) (any, error) { return c.AddKey(ctx, "x", []byte(`{"kty":"EC"}`), 30) },
		"PolicyChanges":      func(ctx context.Context) (any, error) { return c.PolicyChanges(ctx, true) },
		"PolicyChange":       func(ctx context.Context) (any, error) { return c.PolicyChange(ctx, "x") },
		"ProposePolicy":      func(ctx context.Context) (any, error) { return nil, c.ProposePolicy(ctx, "x", "d", "r") },
		"ProposePolicyAgain": func(ctx context.Context) (any, error) { return c.ProposePolicyAgain(ctx, "x", "r") },
		"ApprovePolicy":      func(ctx context.Context) (any, error) { return c.ApprovePolicy(ctx, "x", "d", "w") },
		"RefusePolicy":       func(ctx context.Context) (any, error) { return nil, c.RefusePolicy(ctx, "x", "w") },
		"WithdrawPolicy":     func(ctx context.Context) (any, error) { return nil, c.WithdrawPolicy(ctx, "x") },
		"SearchRecord": func(ctx context.Context) (any, error) {
			return c.SearchRecord(ctx, client.RecordSearch{Who: "a", Patient: "p1", Kind: "shown", Effect: "admit", Role: "r", Task: "t", Purpose: "p", Door: "fhir", Grant: "g", From: &days, Until: &days, Before: "7", Limit: 3})
		},
		"RecordEntry":  func(ctx context.Context) (any, error) { return c.RecordEntry(ctx, "x") },
		"ProveRecord":  func(ctx context.Context) (any, error) { return c.ProveRecord(ctx, "x") },
		"SeeAsChoices": func(ctx context.Context) (any, error) { return c.SeeAsChoices(ctx) },
		"SeeAs": func(ctx context.Context) (any, error) {
			return c.SeeAs(ctx, client.SeeAs{Task: "r/t", From: "own-view", Patient: "p1", Own: "r/o", Text: "x", Sample: "s"})
		},
		"Look":          func(ctx context.Context) (any, error) { return c.Look(ctx, "r", "t", "p1") },
		"Health":        func(ctx context.Context) (any, error) { return c.Health(ctx) },
		"Installation":  func(ctx context.Context) (any, error) { return c.Installation(ctx) },
		"EnableWebhook": func(ctx context.Context) (any, error) { return nil, c.EnableWebhook(ctx, "x") },
		"Tokens":        func(ctx context.Context) (any, error) { return c.Tokens(ctx, "x") },
		"EndToken":      func(ctx context.Context) (any, error) { return nil, c.EndToken(ctx, "", "x") },
		"EndTokens":     func(ctx context.Context) (any, error) { return c.EndTokens(ctx) },
		"Sessions":      func(ctx context.Context) (any, error) { return c.Sessions(ctx, "") },
		"EndSession":    func(ctx context.Context) (any, error) { return nil, c.EndSession(ctx, "x", "y") },
		"ChangePerson": func(ctx context.Context) (any, error) {
			return c.ChangePerson(ctx, "x", client.PersonChange{Revision: "7", Name: &word, Practitioners: &[]string{"Practitioner/1"}})
		},
		"Reactivate":         func(ctx context.Context) (any, error) { return nil, c.Reactivate(ctx, "x") },
		"Invite":             func(ctx context.Context) (any, error) { return c.Invite(ctx, "x") },
		"AgreeInvitation":    func(ctx context.Context) (any, error) { return nil, c.AgreeInvitation(ctx, "x") },
		"WithdrawInvitation": func(ctx context.Context) (any, error) { return nil, c.WithdrawInvitation(ctx, "x") },
		"Proposals":          func(ctx context.Context) (any, error) { return c.Proposals(ctx) },
		"AddProgram": func(ctx context.Context) (any, error) {
			return c.AddProgram(ctx, client.NewProgram{ID: "b", Title: "t", Owner: "o", Why: "w", Role: "r", Task: "t", Scopes: []string{"s"}, Networks: []string{"n"}, Until: days})
		},
		"ChangeProgram": func(ctx context.Context) (any, error) {
			return c.ChangeProgram(ctx, "x", client.ProgramChange{Why: &word, Scopes: &[]string{"s"}, Until: &days})
		},
		"StopProgram": func(ctx context.Context) (any, error) { return nil, c.StopProgram(ctx, "x") },
		"Wishes":      func(ctx context.Context) (any, error) { return c.Wishes(ctx) },
		"Wish": func(ctx context.Context) (any, error) {
			return nil, c.Wish(ctx, client.Wishes{Pace: "daily", Daily: "08:00", From: "22:00", Until: "07:00", Zone: "UTC"})
		},
		"OldNotices": func(ctx context.Context) (any, error) { return c.OldNotices(ctx) },
		"Seen":       func(ctx context.Context) (any, error) { return nil, c.Seen(ctx, "x") },
		"Attest":     func(ctx context.Context) (any, error) { return nil, c.Attest(ctx, "x", "w") },
		"Reviews":    func(ctx context.Context) (any, error) { return c.Reviews(ctx) },
		"Review":     func(ctx context.Context) (any, error) { return nil, c.Review(ctx, "x", "justified", "w") },
		"TakeKey":    func(ctx context.Context) (any, error) { return nil, c.TakeKey(ctx, "x", "y") },
	}
	reaches := map[string]string{"Keys": "keys", "Approve": "grant", "ApprovePolicy": "in_force"} // what the call gives of the answer
	for i := range reflect.TypeFor[*client.Client]().NumMethod() {
		name := reflect.TypeFor[*client.Client]().Method(i).Name
		call := calls[name]
		if call == nil {
			t.Errorf("%s is not tried", name)
			continue
		}
		got, err := call(t.Context())
		if err != nil || o.op == "" {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if o.sent != nil {
			sameAs(t, name, got, o.sent, reaches[name])
		}
	}
}

// sameAs demands that what a call gives is all that was answered.
func sameAs(t *testing.T, name string, got any, sent []byte, part string) {
	t.Helper()
	var want any
	if err := json.Unmarshal(sent, &want); err != nil {
		t.Fatal(err)
	}
	m, _ := want.(map[string]any)
	if items, is := m["items"]; is && name != "SearchRecord" { // of which the rest tells where to go on
		want = items
	}
	if part != "" {
		want = m[part]
	}
	again, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	var had any
	if err := json.Unmarshal(again, &had); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(had, want) {
		t.Errorf("%s: answered %s, given %s", name, sent, again)
	}
}
