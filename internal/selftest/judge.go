package selftest

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
)

// Grade is what became of a probe.
type Grade string

// The grades.
const (
	Pass    Grade = "pass"
	Fail    Grade = "fail"
	Skipped Grade = "skipped"
)

// Result is a graded probe. Why holds no value of a record.
type Result struct {
	Row    string `json:"row"`
	Title  string `json:"title"`
	Grade  Grade  `json:"grade"`
	Status []int  `json:"status,omitempty"` // of the answers, in order
	Why    string `json:"why,omitempty"`
	// Decisions are the ids under which the installation recorded the answers.
	Decisions []string `json:"decisions,omitempty"`
}

// side is for whom a probe is asked: a planted patient, or nobody, and whose values
// are guessed.
type side struct {
	ids
	guess values
}

// sides are those whose answers must not differ.
func (r *run) sides(p *Probe) []side {
	a := side{r.idA, r.a}
	if !p.aims() {
		if len(p.guesses()) == 0 {
			return []side{a}
		}
		return []side{a, {r.idA, r.none}}
	}
	out := []side{a, {r.idB, r.a}}
	if r.sight.nobody {
		out = append(out, side{r.idN, r.a}) // hidden is as absent
	}
	return out
}

// applies reports whether a probe can tell anything here: one that guesses without
// naming a patient needs values that the task never sees, since it would find others.
func (r *run) applies(p *Probe) string {
	if p.aims() || p.Expect == "refuse" {
		return ""
	}
	for _, name := range p.guesses() {
		if !r.hid[name] {
			return "the task may see what it guesses: " + name
		}
	}
	return ""
}

// fill puts values in the place of a probe's variables.
func (r *run) fill(p *Probe, s side) *request {
	var pairs []string
	for _, l := range letters[1:] {
		pairs = append(pairs, "{p}-"+string(l), s.record(string(l)))
	}
	pairs = append(pairs, "{p}", s.patient(), "{base}", strings.TrimRight(r.door.Path, "/"),
		"{long}", strings.Repeat("x", 20_000), "{deep}", strings.Repeat(`{"a":`, 5000), "{many}", strings.Repeat("Patient/x,", 20_000))
	for name, v := range s.guess {
		pairs = append(pairs, "{"+name+"}", v)
	}
	in := strings.NewReplacer(pairs...)
	q := &request{open: p.Expect == "closed", raw: in.Replace(p.Raw), typ: p.Type, body: in.Replace(p.Body), headers: map[string]string{}}
	q.method, q.path, _ = strings.Cut(in.Replace(p.Ask), " ")
	q.path = strings.NewReplacer("|", "%7C", `"`, "%22", "{", "%7B", "}", "%7D").Replace(q.path)
	for k, v := range p.Headers {
		q.headers[k] = in.Replace(v)
	}
	return q
}

// probe asks and grades.
func (r *run) probe(ctx context.Context, p *Probe) (Result, error) {
	out := Result{Row: p.Row, Title: p.Title, Grade: Pass}
	if why := r.applies(p); why != "" {
		out.Grade, out.Why = Skipped, why
		return out, nil
	}
	var first string
	var answers []*answer
	for i, s := range r.sides(p) {
		q := r.fill(p, s)
		a, err := r.send(ctx, q)
		if err != nil {
			return out, fmt.Errorf("%s, %s: %w", p.Row, p.Title, err)
		}
		answers = append(answers, a)
		r.note(ctx, &out, a)
		if out.Grade == Skipped {
			return out, nil
		}
		if out.fail(r.leak(a, q)); out.Grade == Fail {
			return out, nil
		}
		plain := a.plain(s.root, slices.Collect(maps.Values(s.guess)))
		if i == 0 {
			first = plain
		}
		if plain != first && !made(answers) {
			out.fail("the answer tells one planted patient from another, or from nobody: " + differ(first, plain))
		}
	}
	why, err := r.expected(ctx, p, answers)
	out.fail(why)
	return out, err
}

// note keeps what is told of an answer, and removes what a probe made.
func (r *run) note(ctx context.Context, out *Result, a *answer) {
	out.Status = append(out.Status, a.status)
	if id := a.header.Get("Modicum-Decision"); id != "" {
		out.Decisions = append(out.Decisions, id)
	}
	switch {
	case a.status == http.StatusTooManyRequests:
		out.Grade, out.Why = Skipped, "a limit of the task, or of the gate, is used up"
	case a.status == http.StatusCreated:
		if path := strings.TrimPrefix(a.header.Get("Location"), strings.TrimRight(r.Base, "/")); strings.Count(path, "/") >= 2 {
			parts := strings.Split(path, "/")
			r.made = append(r.made, "/"+parts[1]+"/"+parts[2])
		}
	}
}

// made reports that each answer says that a record was made: each has an id of its own.
func made(answers []*answer) bool {
	return !slices.ContainsFunc(answers, func(a *answer) bool { return a.status != http.StatusCreated })
}

func (r *Result) fail(why string) {
	if why != "" && r.Grade == Pass {
		r.Grade, r.Why = Fail, why
	}
}

// differ says where two answers part, without a value of either.
func differ(a, b string) string {
	sa, _, _ := strings.Cut(a, "\n")
	sb, _, _ := strings.Cut(b, "\n")
	if sa != sb {
		return "status " + sa + " and " + sb
	}
	ha, _, _ := strings.Cut(a, "\r\n{")
	hb, _, _ := strings.Cut(b, "\r\n{")
	if ha != hb {
		return "headers"
	}
	return fmt.Sprintf("bodies of %d and %d bytes", len(a), len(b))
}

// headersOf an answer of a FHIR door; others are a channel (FC42).
var headersOf = []string{
	"Allow", "Cache-Control", "Connection", "Content-Length", "Content-Type", "Date", "Etag", "Last-Modified", "Location", "Modicum-Decision",
	"Modicum-Mode", "Modicum-Obligation", "Retry-After", "Strict-Transport-Security", "Vary", "Www-Authenticate", "X-Content-Type-Options",
}

// words of servers behind that no answer holds (FC41).
var words = []string{"HAPI-", "ca.uhn", "org.hl7.fhir", "java.", "Exception", "NullPointer", "stack trace", "Hibernate", "SQLState"}

// leak looks at one answer by itself.
func (r *run) leak(a *answer, q *request) string {
	var head strings.Builder
	_ = a.header.Write(&head)
	sent := q.path + q.raw + q.body
	for _, canary := range r.known {
		if strings.Contains(a.body+head.String(), canary) && !strings.Contains(sent, canary) {
			return "the answer holds a value that is hidden from the task"
		}
	}
	for _, w := range words {
		if strings.Contains(a.body, w) {
			return "the answer holds text of the server behind: " + w
		}
	}
	if r.Upstream.Base != "" && strings.Contains(a.body+head.String(), r.Upstream.Base) {
		return "the answer holds the address of the server behind"
	}
	if a.header.Get("Content-Encoding") != "" {
		return "the answer is compressed: its length tells what is in it"
	}
	for name := range a.header {
		if name = textproto.CanonicalMIMEHeaderKey(name); !slices.Contains(headersOf, name) && !strings.HasPrefix(name, "Access-Control-") {
			return "the answer has the header " + name
		}
	}
	return ""
}

// expected looks at what a probe says of its answers.
func (r *run) expected(ctx context.Context, p *Probe, answers []*answer) (string, error) {
	switch p.Expect {
	case "refuse":
		for _, a := range answers {
			if a.status == 0 && p.Raw != "" {
				continue // the connection was closed on it
			}
			if a.status < 400 || a.status > 505 || a.status == 500 || len(p.Status) > 0 && !slices.Contains(p.Status, a.status) {
				return fmt.Sprintf("it was not refused but answered with %d", a.status), nil
			}
		}
		return "", nil
	case "closed":
		for _, a := range answers {
			if a.status != 0 && !a.closed {
				return "the connection stays open: what follows may be another's request", nil
			}
		}
	case "anybody":
		return r.compare(ctx, p, answers[0], func(q *request) { q.nobody = true }, "the answer is another without a token")
	case "plain":
		return r.compare(ctx, p, answers[0], func(q *request) { q.headers = nil }, "the headers of the client changed the answer")
	case "head":
		q := r.fill(p, side{r.idA, r.a})
		q.method = http.MethodHead
		a, err := r.send(ctx, q)
		if err != nil {
			return "", err
		}
		if a.body != "" || a.status != answers[0].status || a.header.Get("ETag") != answers[0].header.Get("ETag") || a.header.Get("Content-Length") != answers[0].header.Get("Content-Length") {
			return "HEAD answers otherwise than GET", nil
		}
	}
	return "", nil
}

// compare asks again, changed, and must get the same.
func (r *run) compare(ctx context.Context, p *Probe, was *answer, change func(*request), why string) (string, error) {
	q := r.fill(p, side{r.idA, r.a})
	change(q)
	a, err := r.send(ctx, q)
	if err != nil || a.plain(r.idA.root, nil) == was.plain(r.idA.root, nil) {
		return "", err
	}
	return why, nil
}
