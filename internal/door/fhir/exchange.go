package fhir

import (
	"cmp"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"modicum/catalog"
	"modicum/internal/caller"
	"modicum/internal/defect"
	"modicum/internal/gate"
	"modicum/internal/line"
	"modicum/internal/problem"
	"modicum/internal/upstream"
	"modicum/policy"
)

// exchange is one request and its answer. It belongs to one goroutine.
type exchange struct {
	door       *Door
	w          http.ResponseWriter
	r          *http.Request
	pattern    string // for the log: never the URL
	caller     *caller.Caller
	task       string
	purpose    string
	lending    lending // what the headers ask to be lent, until it is
	base       string  // of the links in the answer
	set        *policy.Set
	route      *gate.Route // of the interaction
	session    *gate.Session
	partOf     string          // id of the answer's first decision, when this is a part of an answer
	further    []*gate.Session // decisions on which the answer rests besides, see also
	entry      bool            // this is an entry of a batch: who asks is known
	placed     bool            // it has a place among its caller's requests
	parts      []*part         // the entries of this batch, in order
	berth      *berth          // of an entry of a transaction that writes
	refusal    problem.Problem // with which the answer failed
	pretty     bool            // _pretty
	guard      *guard          // of an answer that takes long to leave; nil for others
	allowed    *allowance      // for what is searched
	wrote      gate.Wrote      // what became of a write; "" while none was sent
	status     int
	bytes      int64
	sent       bool // something left: an error can no longer be written
	unrecorded bool // its decision is not in the record: nothing but that is told
	why        []slog.Attr
}

// maxForm is the largest body of POST _search.
const maxForm = maxQuery

// ServeHTTP answers one request.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if defect.On(defect.DoorOpen) {
		d.open(w, r)
		return
	}
	x := &exchange{door: d, w: w, r: r, pattern: "?"}
	x.sayMode()
	closeAfterChunks(w, r)
	if x.crossOrigin() {
		w.WriteHeader(http.StatusNoContent) // a preflight asks for no data, and is no decision
		return
	}
	select {
	case d.slots <- struct{}{}:
		defer func() { <-d.slots }()
	default:
		d.note(Shed)
		problem.Write(w, problem.FHIR, problem.Busy) // costs little, records nothing: nothing was asked of us yet
		return
	}
	defer x.leave()
	defer x.recover()
	x.finish(x.serve())
}

// recover turns a panic into a refusal: constant, recorded, counted as a defect.
// After the first byte it can only break the connection (threat-model 9).
func (x *exchange) recover() {
	p := recover()
	if p == nil {
		return
	}
	if p == http.ErrAbortHandler {
		panic(p)
	}
	x.panicked()
	x.finish(problem.Internal)
}

// panicked tells the operator of a panic.
func (x *exchange) panicked() {
	x.door.note(Panicked)
	// The value of a panic may quote a record; its place does not.
	x.door.cfg.Diary.LogAttrs(x.r.Context(), slog.LevelError, "panic in enforcement",
		slog.String("route", x.pattern), slog.String("decision", x.id()), slog.String("stack", functionsOf(debug.Stack())))
}

// functionsOf keeps the functions of a stack and drops their arguments.
func functionsOf(stack []byte) string {
	var out []string
	for line := range strings.SplitSeq(string(stack), "\n") {
		if !strings.HasPrefix(line, "\t") && strings.Contains(line, "modicum/") {
			out = append(out, line[:max(strings.LastIndexByte(line, '('), 0)])
		}
	}
	return strings.Join(out, " < ")
}

// finish is the one place where an error becomes an answer, and where the outcome
// is recorded.
func (x *exchange) finish(err error) {
	if gone := x.unwatch(); gone != nil {
		err = gone
	}
	if errors.Is(err, errShare) {
		x.door.note(Shed)
		problem.Write(x.w, problem.FHIR, problem.Busy) // as without a slot: what was asked was not looked at
		return
	}
	if err != nil && !x.sent {
		x.fail(err)
		err = nil
	}
	switch {
	case errors.Is(err, gate.ErrEnded):
		x.why = append(x.why, slog.String("cut", "the right to it ended"))
		x.cut()
	case err != nil:
		x.why = append(x.why, x.late(err)...)
	}
	x.end(err == nil)
	if err != nil {
		panic(http.ErrAbortHandler) // never close the JSON neatly
	}
}

// end records how the answer ended, and with it its parts.
func (x *exchange) end(completed bool) {
	if s := x.session; s != nil {
		s.Close(x.r.Context(), gate.Outcome{Status: x.status, Bytes: x.bytes, Completed: completed, Wrote: x.wrote})
		x.session = nil
		s.Done()
	}
	for len(x.further) > 0 { // the bytes stand with the first
		s := x.further[0]
		s.Close(x.r.Context(), gate.Outcome{Status: x.status, Completed: completed})
		x.further = x.further[1:]
		s.Done()
	}
	for _, p := range x.parts {
		p.end(completed && !p.broken)
	}
	attrs := []slog.Attr{
		slog.String("route", x.pattern), slog.Int("status", x.status), slog.Int64("bytes", x.bytes),
		slog.Bool("completed", completed), slog.String("decision", x.id()),
	}
	x.door.cfg.Diary.LogAttrs(x.r.Context(), slog.LevelInfo, "answered", append(attrs, x.why...)...)
}

// fail writes a refusal or failure, after it is recorded: by the session, which
// was opened or refused, or else by the route of what is not understood (L2).
func (x *exchange) fail(err error) {
	p := problem.From(err)
	x.why = whyOf(err, p)
	if !x.recorded() {
		x.unrecorded = true
		p = problem.Unavailable // who looks for what is not theirs is on record, or is not answered (L2)
	}
	if x.id() == "" {
		id, err := x.door.routes[refusal].RefusePart(x.r.Context(), x.partOf, x.caller, p.Slug(), p.Status())
		if err != nil {
			x.unrecorded = true
			p = problem.Unavailable
		}
		x.w.Header().Set("Modicum-Decision", id)
	}
	x.status, x.sent, x.refusal = p.Status(), true, p
	body, _ := p.Body(problem.FHIR)
	x.bytes = int64(len(body))
	problem.Write(x.w, problem.FHIR, p)
}

// recorded reports whether every decision of the answer is durable.
func (x *exchange) recorded() bool {
	if x.session != nil && x.session.Recorded(x.r.Context()) != nil {
		return false
	}
	return !slices.ContainsFunc(x.further, func(s *gate.Session) bool { return s.Recorded(x.r.Context()) != nil })
}

// whyOf says in our log why a request was refused, in words of closed lists. What
// was wrong with a token the client is never told (K2).
func whyOf(err error, p problem.Problem) []slog.Attr {
	why := []slog.Attr{slog.String("problem", p.Slug())}
	var token *caller.Refusal
	if errors.As(err, &token) {
		why = append(why, slog.String("token", token.Reason.String()))
	}
	if of := upstream.Why(err); of != "" {
		why = append(why, slog.String("upstream", of))
	}
	return why
}

// late says why an answer that had begun did not come to its end: the client cannot be told
// any more, and the log is where somebody looks.
func (x *exchange) late(err error) []slog.Attr {
	var network *net.OpError
	if x.r.Context().Err() != nil || upstream.Why(err) == "" && errors.As(err, &network) {
		return []slog.Attr{slog.String("cut", "the client did not take it")}
	}
	return whyOf(err, problem.From(err))
}

func (x *exchange) id() string { return x.w.Header().Get("Modicum-Decision") }

// serve takes the request apart and hands it on.
func (x *exchange) serve() error {
	at, known := x.place()
	x.pattern = patterns[at.shape]
	x.set = x.door.cfg.Policy()
	row, missing := x.asked(at)
	if missing == nil && row.public {
		return row.answer(x, at)
	}
	if !x.entry {
		if err := x.authenticate(); err != nil {
			return err
		}
	}
	switch {
	case !known:
		return problem.Malformed
	case missing != nil:
		return missing
	case !x.accepts() && !(at.shape == instance && at.typ == "Binary"): // which has formats of its own
		return problem.Format
	}
	var err error
	if x.base, err = x.address(); err != nil {
		return err
	}
	x.route = x.door.routes[row.name]
	return row.answer(x, at)
}

// patterns name the routes in logs and metrics.
var patterns = map[shape]string{
	outside: "outside", system: "/", metadata: "/metadata", wellKnown: "/.well-known/{name}", typeLevel: "/{type}",
	searchPath: "/{type}/_search", instance: "/{type}/{id}", version: "/{type}/{id}/_history/{version}",
	instanceHistory: "/{type}/{id}/_history", historyPath: "/_history", operation: "/${operation}", compartment: "/{type}/{id}/{type}",
	compartmentForm: "/{type}/{id}/{type}/_search", wholeChart: "/{type}/{id}/$everything", lastOnes: "/Observation/$lastn", systemSearch: "/_search",
}

// place reads the path as it came: the one that a router would have cleaned is
// another (FC48).
func (x *exchange) place() (place, bool) {
	rest, under := strings.CutPrefix(x.r.URL.EscapedPath(), x.door.base)
	if !under || rest != "" && rest[0] != '/' {
		return place{}, false
	}
	at := parsePath(rest)
	return at, at.shape != outside
}

// address is where the links of the answer lead: to us, whatever the upstream
// calls itself.
func (x *exchange) address() (string, error) {
	if x.door.public != "" {
		return x.door.public, nil
	}
	if !hostname(x.r.Host) {
		return "", problem.Malformed
	}
	scheme := "http://"
	if x.r.TLS != nil {
		scheme = "https://"
	}
	return scheme + x.r.Host + x.door.base, nil
}

func hostname(s string) bool {
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case c == '.', c == '-', c == ':', c == '[', c == ']':
		default:
			return false
		}
	}
	return s != "" && len(s) <= 255
}

// query are the parameters of the URL.
func (x *exchange) query() ([]pair, error) {
	if x.r.URL.ForceQuery {
		return nil, problem.Malformed
	}
	pairs, ok := parseQuery(x.r.URL.RawQuery, nil)
	if !ok {
		return nil, problem.Malformed
	}
	return pairs, nil
}

// spelling reads an address that asks for nothing: its parameters say how the answer is
// spelt. Any other is refused as otherwise says, or left aside where that is nil. With
// criteria in its address a write would be a conditional one (FC12).
func (x *exchange) spelling(otherwise error) error {
	pairs, err := x.query()
	if err != nil {
		return err
	}
	for _, p := range pairs {
		switch {
		case p.name == "_pretty":
			x.pretty = p.value == "true"
		case p.name == "_format" && !formatIsJSON(p.value):
			return problem.Format
		case p.name != "_format" && otherwise != nil:
			return otherwise
		}
	}
	return nil
}

// pairs are the parameters of the URL and of a form, judged as one (FC11).
func (x *exchange) pairs() ([]pair, error) {
	pairs, err := x.query()
	if err != nil {
		return nil, err
	}
	if x.r.Method != http.MethodPost {
		if x.r.ContentLength != 0 || len(x.r.TransferEncoding) > 0 {
			return nil, problem.Malformed // a GET with a body is two requests to some servers
		}
		return pairs, nil
	}
	form, err := x.form()
	if err != nil {
		return nil, err
	}
	pairs, ok := parseQuery(form, pairs)
	if !ok {
		return nil, problem.Malformed
	}
	return pairs, nil
}

// form reads the body of POST _search: a form in UTF-8, uncompressed, bounded.
func (x *exchange) form() (string, error) {
	types := x.r.Header.Values("Content-Type")
	if len(types) > 1 || x.r.Header.Get("Content-Encoding") != "" {
		return "", problem.MediaType
	}
	if len(types) == 0 {
		if x.r.ContentLength == 0 {
			return "", nil
		}
		return "", problem.MediaType
	}
	t, params, err := mime.ParseMediaType(types[0])
	charset, named := params["charset"]
	if err != nil || t != "application/x-www-form-urlencoded" || named && !strings.EqualFold(charset, "utf-8") || len(params) > 1 || len(params) == 1 && !named {
		return "", problem.MediaType
	}
	if x.r.ContentLength > maxForm {
		return "", problem.TooLarge
	}
	b, err := io.ReadAll(http.MaxBytesReader(x.w, x.r.Body, maxForm))
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return "", problem.TooLarge
	}
	if err != nil {
		return "", problem.Malformed
	}
	return string(b), nil
}

// authenticate learns who asks and for which task.
func (x *exchange) authenticate() error {
	c, err := x.door.cfg.Callers.Authenticate(x.r)
	if err != nil {
		return err
	}
	x.caller = x.door.registered(c)
	x.sayMode()
	if err := x.enter(); err != nil {
		return err
	}
	said, err := caller.ReadHeaders(x.r.Header)
	if err != nil {
		return err
	}
	if err := x.readLending(&said); err != nil {
		return err
	}
	x.task, x.purpose = said.Task, said.Purpose
	// What the token says of its purpose binds the request; a header may choose
	// among several and cannot contradict (interfaces 3).
	if of := c.PurposeOfUse; len(of) > 0 {
		switch {
		case x.purpose != "":
			if !slices.Contains(of, x.purpose) {
				return problem.Header
			}
		case len(of) == 1:
			x.purpose = of[0]
		case x.task == "":
			return problem.TaskUnstated
		}
	}
	if x.task == "" && x.purpose == "" {
		x.task = x.door.cfg.Clients[c.Client].Task
	}
	return nil
}

// catalog is the vocabulary by which the request is read.
func (x *exchange) catalog() *catalog.Catalog { return x.set.Catalog() }

// open admits the request. From here on the session's id is the answer's.
func (x *exchange) open(ask *gate.Ask) error {
	ask.PartOf = x.partOf
	s, err := x.admit(x.route, ask)
	if s == nil {
		var refusal *gate.Refusal
		if errors.As(err, &refusal) {
			x.w.Header().Set("Modicum-Decision", refusal.ID)
		}
		return err
	}
	x.session = s
	if err != nil {
		return err
	}
	x.w.Header().Set("Modicum-Decision", s.ID())
	if names := s.Obligations().Names(); len(names) > 0 {
		x.w.Header().Set("Modicum-Obligation", strings.Join(names, ", "))
	}
	return nil
}

// also admits a further decision on which the answer rests: of another type, of
// another verb. It names the first, and ends when the answer does. Its refusal is
// recorded; what that means for the answer is the caller's to say.
func (x *exchange) also(route string, ask *gate.Ask) (*gate.Session, error) {
	ask.PartOf = cmp.Or(x.partOf, x.id())
	s, err := x.admit(x.door.routes[route], ask)
	if s != nil {
		x.further = append(x.further, s)
	}
	return s, err
}

// admit opens a session. Where the policy was swapped between reading the request
// and admitting it, there is a session to end and an error.
func (x *exchange) admit(route *gate.Route, ask *gate.Ask) (*gate.Session, error) {
	if err := x.lend(ask); err != nil {
		return nil, err
	}
	s, err := route.Open(x.r.Context(), ask)
	if err != nil {
		return nil, err
	}
	if s.Catalog() != x.catalog() {
		return s, problem.Unavailable
	}
	return s, nil
}

// What stands in the header of every answer with data. Whoever changes a header has a list
// of their own.
var (
	isJSON     = []string{"application/fhir+json; charset=utf-8"}
	notStored  = []string{"no-store"}
	notSniffed = []string{"nosniff"}
)

// headers are all that an answer with data carries besides Date (FC42).
func (x *exchange) headers(tag string, length int) {
	h := x.w.Header()
	h["Content-Type"], h["Cache-Control"], h["X-Content-Type-Options"] = isJSON, notStored, notSniffed
	if tag != "" {
		h.Set("ETag", tag)
	}
	if length >= 0 {
		h.Set("Content-Length", strconv.Itoa(length))
	}
}

// write sends a whole answer, in parts that follow each other. HEAD has the headers of GET
// and no body (FC49).
func (x *exchange) write(status int, tag string, body ...[]byte) error {
	if x.pretty {
		body = [][]byte{spaced(slices.Concat(body...))}
	}
	length := 0
	for _, part := range body {
		length += len(part)
	}
	if status == http.StatusNotModified {
		x.headers(tag, -1)
		x.w.Header().Del("Content-Type")
	} else {
		x.headers(tag, length)
	}
	if length < guarded || x.entry {
		x.status, x.sent = status, true
		x.w.WriteHeader(status)
		return line.Together(x.r, func() error { return x.send(body...) })
	}
	if err := x.watch(); err != nil {
		return errors.Join(problem.Unavailable, err)
	}
	x.status, x.sent = status, true
	x.w.WriteHeader(status)
	if err := x.send(body...); err != nil {
		return err
	}
	return x.broken(http.NewResponseController(x.w).Flush())
}

func (x *exchange) send(body ...[]byte) error {
	if x.r.Method == http.MethodHead {
		return nil
	}
	for _, b := range body {
		for part := range slices.Chunk(b, guarded) { // between two of them the right to it is looked at
			if err := x.ended(); err != nil {
				return err
			}
			n, err := x.w.Write(part)
			x.bytes += int64(n)
			if err != nil {
				return x.broken(err)
			}
		}
	}
	return nil
}

// stream sends a page: at once what was assembled, then record by record what
// lies beyond the bound. A failure on the way ends the connection.
func (x *exchange) stream(head []byte, p *projection, res *results) error {
	var tail []byte
	if len(res.shown) > 0 || res.stopped {
		head = append(head, `,"entry":[`...)
	}
	if res.stopped {
		if len(res.shown) > 0 {
			tail = append(tail, ',')
		}
		tail = append(tail, limited...)
	}
	if len(res.shown) > 0 || res.stopped {
		tail = append(tail, ']')
	}
	tail = append(tail, '}')
	late := slices.IndexFunc(res.shown, func(c *candidate) bool { return c.late })
	if late < 0 {
		*p.buf = append(*p.buf, tail...)
		return x.write(http.StatusOK, "", head, *p.buf)
	}
	if err := x.watch(); err != nil {
		return errors.Join(problem.Unavailable, err)
	}
	x.begin()
	if err := x.flow(slices.Concat(head, *p.buf)); err != nil {
		return err
	}
	out := x.door.buffer()
	defer x.door.keep(out)
	for i, c := range res.shown[late:] {
		if !c.late {
			continue
		}
		b, err := p.entry((*out)[:0], c, late+i == 0)
		if err != nil || len(b) == 0 {
			return errors.Join(errLate, err)
		}
		*out = b
		if err := x.flow(b); err != nil {
			return err
		}
	}
	return x.flow(tail)
}

// errLate: a record that was projected once could not be projected again.
var errLate = errors.New("fhir: the page broke off")
