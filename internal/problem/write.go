package problem

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
)

// Dialect is how an error is written.
type Dialect uint8

// The dialects of HTTP doors.
const (
	// JSON is application/problem+json, RFC 9457.
	JSON Dialect = iota
	// FHIR is an OperationOutcome, hl7.org/fhir/R4/operationoutcome.html.
	FHIR
)

// Write sends err as its Problem. The answer is not cached, and its length and
// headers are a function of the Problem and its hint alone.
func Write(w http.ResponseWriter, d Dialect, err error) {
	p := From(err)
	body, media := p.Body(d)
	h := w.Header()
	h.Set("Content-Type", media)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if p.Status() == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", challenge(p))
	}
	if k := p.known(); k == Unavailable.known() || k == Busy.known() {
		h.Set("Retry-After", "5") // seconds, whatever the reason
	}
	w.WriteHeader(p.Status())
	_, _ = w.Write(body) // the client went away: there is nobody to tell
}

// challenge is one value whatever is wrong with a token (RFC 6750 section 3, K2), and
// another where it is good and the proof of presence too old (RFC 9470 section 3).
func challenge(p Problem) string {
	if p.known() == ProveAgain.known() {
		return `Bearer realm="modicum", error="insufficient_user_authentication", max_age="300"`
	}
	return `Bearer realm="modicum", error="invalid_token"`
}

// Body returns the bytes and the media type of p in dialect d.
func (p Problem) Body(d Dialect) ([]byte, string) {
	if d == FHIR {
		return must(json.Marshal(p.outcome())), "application/fhir+json; charset=utf-8"
	}
	return must(json.Marshal(p.details())), "application/problem+json"
}

// must is for values built of strings in this file: they always marshal. Bad
// UTF-8 in a policy's sentence is refused when the policy is read.
func must(b []byte, err error) []byte {
	if err != nil {
		return []byte(`{}`)
	}
	return b
}

type outcome struct {
	ResourceType string  `json:"resourceType"`
	Issue        []issue `json:"issue"`
}

type issue struct {
	Severity    string   `json:"severity"`
	Code        string   `json:"code"`
	Details     *concept `json:"details,omitempty"`
	Diagnostics string   `json:"diagnostics,omitempty"`
	Expression  []string `json:"expression,omitempty"`
}

type concept struct {
	Coding []coding `json:"coding,omitempty"`
	Text   string   `json:"text"`
}

type coding struct {
	System string `json:"system"`
	Code   string `json:"code"`
}

// System is the code system of the slugs in OperationOutcome.issue.details.
const System = "urn:modicum:problem"

func (p Problem) outcome() outcome {
	k := p.known()
	o := outcome{ResourceType: "OperationOutcome", Issue: []issue{{
		Severity: "error", Code: k.issue,
		Details: &concept{Coding: []coding{{System, k.slug}}, Text: k.text},
	}}}
	if p.hint != nil {
		for _, e := range p.hint.Elements {
			if !slices.Contains(o.Issue[0].Expression, e.Path) {
				o.Issue[0].Expression = append(o.Issue[0].Expression, e.Path)
			}
			if e.Why != "" {
				o.Issue = append(o.Issue, issue{Severity: "information", Code: "informational", Diagnostics: e.Why, Expression: []string{e.Path}})
			}
		}
	}
	for _, s := range p.hint.sentences() {
		o.Issue = append(o.Issue, issue{Severity: "information", Code: "informational", Diagnostics: s})
	}
	return o
}

type details struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Say    string `json:"say,omitempty"`
	Tasks  []Task `json:"tasks,omitempty"`
	Would  []Task `json:"would,omitempty"`
	Ask    string `json:"ask,omitempty"`

	Elements []Element `json:"elements,omitempty"`
	Wrong    []Wrong   `json:"wrong,omitempty"`
}

func (p Problem) details() details {
	k := p.known()
	d := details{Type: System + ":" + k.slug, Title: http.StatusText(k.status), Status: k.status, Detail: k.text}
	if p.hint == nil {
		return d
	}
	d.Say, d.Tasks, d.Would, d.Elements, d.Wrong = p.hint.Say, p.hint.Tasks, p.hint.Would, p.hint.Elements, p.hint.Wrong
	if p.hint.Ask {
		d.Ask = "/api/ask"
	}
	return d
}

// sentences says a hint to a person, one thing each.
func (h *Hint) sentences() []string {
	if h == nil {
		return nil
	}
	var out []string
	if h.Say != "" {
		out = append(out, h.Say)
	}
	if len(h.Would) > 0 {
		out = append(out, "These tasks of yours would do: "+names(h.Would)+".")
	}
	if len(h.Tasks) > 0 {
		out = append(out, "Your tasks are: "+names(h.Tasks)+".")
	}
	if h.Ask {
		out = append(out, "It can be asked for at /api/ask.")
	}
	return out
}

func names(tasks []Task) string {
	var b strings.Builder
	for i, t := range tasks {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(t.Name)
		if t.Title != "" {
			b.WriteString(" (" + t.Title + ")")
		}
	}
	return b.String()
}
