package twin

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"modicum/catalog"
	"modicum/internal/reference"
	"modicum/internal/sandbox"
	"modicum/internal/testkit"
	"modicum/policy"
)

// shadow is a world as one task may see it, record by record: plain servers that
// physically hold nothing else, one for each type and verb that is asked for. What is
// visible the reference model says. The task keeps and omits, and resolves references,
// so that what shows does not depend on what was shown before.
type shadow struct {
	judge   *judge
	w       *world
	task    string
	servers map[string]*sandbox.Server
	judged  map[string]*reference.Judgement
}

func newShadow(set *policy.Set, p *person, w *world, task string) *shadow {
	return &shadow{judge: newJudge(set, p), w: w, task: task, servers: map[string]*sandbox.Server{}, judged: map[string]*reference.Judgement{}}
}

// decision is what the task allows of a type; nil where it is refused.
func (s *shadow) decision(t catalog.Type, verb policy.Verb) *reference.Decision {
	shows := reference.Classes{}
	for c := range s.judge.cat.ShowsOf(t).All {
		shows[c] = true
	}
	d := s.judge.model.Admit(&reference.Request{
		Roles: s.judge.person.roles, Task: s.task, Verb: verb, Shows: shows, Caller: s.judge.own,
		Meets: []string{"record-session", "part2-notice", "no-reidentification"},
	})
	if d.Why != policy.Admitted {
		return nil
	}
	return d
}

// server holds what shows of the records of a type, but those that a criterion may not
// be matched on: a record whose own view does not keep all that is read matches nothing,
// whatever its value (F2).
func (s *shadow) server(typ string, verb policy.Verb, reads []*catalog.Param) *sandbox.Server {
	key := fmt.Sprint(typ, verb)
	for _, p := range reads {
		key += " " + p.Name
	}
	if srv := s.servers[key]; srv != nil {
		return srv
	}
	srv := sandbox.NewServer()
	s.servers[key] = srv
	t, _ := s.judge.cat.Type(typ)
	d := s.decision(t, verb)
	if d == nil {
		return srv
	}
	rw := s.judge.world(s.w)
	visible := func(to reference.Ref) bool { return s.shows(rw, d, to) }
	for _, e := range s.w.entries {
		if e.typ != typ {
			continue
		}
		j := rw.Judge(d, e.model())
		if slices.ContainsFunc(reads, func(p *catalog.Param) bool { return !j.Keeps(p) }) {
			continue
		}
		if out := rw.Project(j, visible); out != nil {
			srv.PutJSON([]byte(out.String()))
		}
	}
	return srv
}

// shows reports whether the target of a reference would show by itself under the lines
// of the request.
func (s *shadow) shows(rw *reference.World, d *reference.Decision, to reference.Ref) bool {
	e := s.w.find(s.judge.cat.TypeName(to.Type) + "/" + to.ID)
	if e == nil {
		return false
	}
	return rw.Project(rw.Judge(d, e.model()), func(reference.Ref) bool { return false }) != nil
}

// get asks a plain server and returns its answer.
func plainly(srv *sandbox.Server, path string) (int, string) {
	rec := httptest.NewRecorder()
	srv.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/fhir"+path, nil))
	return rec.Code, rec.Body.String()
}

// question is a search taken apart as far as this test needs it.
type question struct {
	typ    string
	verb   policy.Verb
	reads  []*catalog.Param
	plain  string // the search without what shapes the answer
	byWhom bool
}

// takeApart reads the address of a search; ok is false where it cannot be compared with
// a plain server: it is searched by identifiers, contacts or other records, of which
// the door may match less than shows, or asks for parts.
func (s *shadow) takeApart(path string) (q question, ok bool) {
	typ, query, _ := strings.Cut(strings.TrimPrefix(path, "/"), "?")
	t, known := s.judge.cat.Type(typ)
	form, err := url.ParseQuery(query)
	if !known || err != nil {
		return q, false
	}
	q = question{typ: typ, verb: policy.Read}
	keep := url.Values{}
	for name, values := range form {
		switch name {
		case "_count", "_total", "_format", "_pretty":
			continue
		case "_sort":
			for key := range strings.SplitSeq(values[0], ",") {
				if p, ok := s.judge.cat.Param(t, strings.TrimPrefix(key, "-")); ok && p.Name != "_id" {
					q.reads = append(q.reads, p)
				}
			}
			keep[name] = values
			continue
		}
		p, ok := s.judge.cat.Param(t, name)
		if !ok || p.ValueDependent || p.Kind == catalog.ReferenceParam && !p.NamesPatient || p.Kind == catalog.CompositeParam {
			return q, false
		}
		keep[name] = values
		switch {
		case name == "_id" && typ == "Patient", p.NamesPatient:
			q.byWhom = true
		case name == "_id":
		default:
			q.reads = append(q.reads, p)
		}
		if !p.Narrow && !p.NamesPatient && name != "_id" {
			q.verb = policy.Search
		}
	}
	if !q.byWhom {
		q.verb = policy.Search
	}
	keep.Set("_count", "1000")
	q.plain = "/" + typ + "?" + keep.Encode()
	return q, true
}

// TestN3_AnAnswerIsThatOfAServerWhichHoldsOnlyWhatShows: reads and searches of generated
// worlds through the door, all pages, and the same asked of a plain server that holds the
// projections of the reference model.
func TestN3_AnAnswerIsThatOfAServerWhichHoldsOnlyWhatShows(t *testing.T) {
	set := loadPolicy(t)
	n := &compared{}
	worlds := uint64(40)
	if testing.Short() {
		worlds = 8
	}
	for seed := uint64(1); seed <= worlds && !t.Failed(); seed++ {
		for cast, task := range map[uint64]string{0: "clinician/consult", 8: "therapist/counsel"} {
			shadowSession(t, set, seed, cast, task, n)
		}
	}
	t.Logf("%+v", *n)
	if !testing.Short() && !t.Failed() && (n.searches < 1000 || n.reads < 500 || n.records < 2000 || n.sorted < 40 || n.pages < 100) {
		t.Errorf("compared only %+v", *n)
	}
}

// compared counts what a run held against a plain server.
type compared struct{ reads, absent, searches, empty, sorted, records, pages int }

func shadowSession(t *testing.T, set *policy.Set, seed, cast uint64, task string, n *compared) {
	w := grow(rand.New(rand.NewPCG(seed, 1)))
	w.unlink()
	p := hire(rand.New(rand.NewPCG(seed, 2)), cast, w)
	p.scopes, p.caller.Scopes, p.caller.Patient = "", nil, ""
	s := newShadow(set, p, w, task)
	c := openClinic(t, w, p, set)
	defer c.close()
	r := &run{seed: seed, set: set, person: p, a: w, b: w, seen: [2]sight{{}, {}}}
	for _, e := range w.entries {
		r.seen[0][e.ref()] = s.holds(e)
	}
	q := newAsker(rand.New(rand.NewPCG(seed, 4)), r)
	for range 66 {
		a := pick(q.Rand, []func() ask{q.read, q.read, q.list, q.list, q.search, q.fit, q.sorted, q.wide})()
		a.method, a.headers = http.MethodGet, []string{"Modicum-Task", task}
		path, query, searched := strings.Cut(a.path, "?")
		diff := ""
		if strings.Count(path, "/") == 2 {
			if !searched {
				diff = s.compareRead(t, c, &a, n)
			}
		} else {
			diff = s.compareSearch(t, c, &a, query, n)
		}
		if diff != "" {
			t.Errorf("seed %d, %s: GET %s: %s", seed, task, a.path, diff)
			return
		}
	}
}

func (s *shadow) holds(e *entry) bool {
	code, _ := plainly(s.server(e.typ, policy.Read, nil), "/"+e.ref())
	return code == http.StatusOK
}

func (s *shadow) compareRead(t *testing.T, c *clinic, a *ask, n *compared) string {
	got := c.send(t, a)
	code, body := plainly(s.server(a.typ, policy.Read, nil), a.path)
	if got.status != http.StatusOK && got.status != http.StatusNotFound {
		return "" // not accepted
	}
	n.reads++
	if code != http.StatusOK {
		code = http.StatusNotFound
		n.absent++
	}
	if got.status != code {
		return fmt.Sprintf("answered %d, the plain server %d:\n%s\n%s", got.status, code, got.body, body)
	}
	if code == http.StatusOK && !sameJSON(got.body, body) {
		return fmt.Sprintf("got\n%s\nwant\n%s", got.body, body)
	}
	return ""
}

func (s *shadow) compareSearch(t *testing.T, c *clinic, a *ask, query string, n *compared) string {
	question, ok := s.takeApart(a.path)
	if !ok || query == "" {
		return ""
	}
	var got []string
	total := -1
	next := *a
	for {
		r := c.send(t, &next)
		if r.status != http.StatusOK {
			return "" // not accepted
		}
		var page struct {
			Total *int
			Entry []struct{ Resource json.RawMessage }
		}
		if err := json.Unmarshal([]byte(r.body), &page); err != nil {
			return err.Error()
		}
		for _, e := range page.Entry {
			got = append(got, string(e.Resource))
		}
		if page.Total != nil {
			total = *page.Total
		}
		if r.next == "" {
			break
		}
		n.pages++
		next = ask{method: http.MethodGet, path: r.next, headers: a.headers}
	}
	_, body := plainly(s.server(question.typ, question.verb, question.reads), question.plain)
	var want struct {
		Entry []struct{ Resource json.RawMessage }
	}
	if err := json.Unmarshal([]byte(body), &want); err != nil {
		return err.Error()
	}
	n.searches++
	n.records += len(got)
	if len(got) == 0 {
		n.empty++
	}
	if strings.Contains(query, "_sort=") {
		n.sorted++
	}
	if total >= 0 && total != len(want.Entry) {
		return fmt.Sprintf("a total of %d, the plain server has %d", total, len(want.Entry))
	}
	if len(got) != len(want.Entry) {
		return fmt.Sprintf("%d records, the plain server %d", len(got), len(want.Entry))
	}
	for i := range got {
		if !sameJSON(got[i], string(want.Entry[i].Resource)) {
			return fmt.Sprintf("record %d is\n%s\nwant\n%s", i, got[i], want.Entry[i].Resource)
		}
	}
	return ""
}

// sameJSON compares values, members in any order.
func sameJSON(a, b string) bool {
	var x, y any
	read := func(s string, v *any) error {
		d := json.NewDecoder(strings.NewReader(s))
		d.UseNumber()
		if err := d.Decode(v); err != nil {
			return err
		}
		if _, err := d.Token(); err != io.EOF {
			return fmt.Errorf("more follows")
		}
		return nil
	}
	return read(a, &x) == nil && read(b, &y) == nil && reflect.DeepEqual(x, y)
}

// TestN3_ARealServerThatHoldsOnlyWhatShowsAnswersAlike: the door is asked before a real
// server that holds a whole world; then the server holds the projections and nothing
// else, and is asked itself.
func TestN3_ARealServerThatHoldsOnlyWhatShowsAnswersAlike(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: no server is started")
	}
	set := loadPolicy(t)
	up := testkit.NewHAPI(t, testkit.HAPIOptions{})
	searches, records, had := 0, 0, make(map[string]bool)
	for seed := uint64(1); seed <= 6 && !t.Failed(); seed++ {
		n, of := onARealServer(t, set, up.Base, seed, had)
		searches, records = searches+n, records+of
	}
	t.Logf("%d searches, %d records", searches, records)
	if searches < 100 || records < 60 {
		t.Errorf("only %d searches with %d records", searches, records)
	}
}

func onARealServer(t *testing.T, set *policy.Set, base string, seed uint64, had map[string]bool) (searches, records int) {
	const task = "therapist/counsel" // who sees the same reading and searching
	w := grow(rand.New(rand.NewPCG(seed, 1)))
	w.unlink()
	// An id that another world had is left out: the server finds a record that was
	// deleted and comes again by what it was before.
	w.remove(func(e *entry) bool { return had[e.ref()] })
	for _, e := range w.entries {
		had[e.ref()] = rankOf[e.typ] > -3 || e.typ == "Patient" // directories are the same in all
	}
	p := hire(rand.New(rand.NewPCG(seed, 2)), 8, w)
	p.scopes, p.caller.Scopes, p.caller.Patient = "", nil, ""
	s := newShadow(set, p, w, task)
	hold(t, base, w.entries, func(e *entry) string { return e.text })
	c := openClinicOf(t, w, p, set, parts{base: base})
	defer c.close()
	asked := make(map[string][]string)
	for _, typ := range w.types() {
		for _, patient := range w.patients {
			path := "/" + typ + "?" + orElse(listable[typ], "patient") + "=" + patient
			if records, ok := c.pages(t, path+"&_count=3", task); ok {
				asked[path] = records
			}
		}
	}
	hold(t, base, w.entries, s.text)
	for path, got := range asked {
		want := plainRecords(t, base+path+"&_count=1000")
		records += len(want)
		slices.SortFunc(got, strings.Compare)
		slices.SortFunc(want, strings.Compare)
		if !slices.EqualFunc(got, want, sameJSON) {
			t.Errorf("seed %d: GET %s: through the door\n%s\nthe server that holds only what shows\n%s", seed, path, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	return len(asked), records
}

// text is what shows of a record, "" for nothing.
func (s *shadow) text(e *entry) string {
	code, body := plainly(s.server(e.typ, policy.Read, nil), "/"+e.ref())
	if code != http.StatusOK {
		return ""
	}
	return body
}

// rankOf orders types by what they refer to.
var rankOf = map[string]int{"Patient": -3, "Practitioner": -3, "Organization": -3, "Location": -3, "Account": -2, "Encounter": -1}

// hold makes a real server hold records as they are to be, "" for not at all. What
// refers to others comes after them: the server finds by what it knew when it was told.
func hold(t *testing.T, base string, entries []*entry, text func(*entry) string) {
	t.Helper()
	send := func(method, ref, body string) {
		req, err := http.NewRequestWithContext(t.Context(), method, base+"/"+ref, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/fhir+json")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if b, _ := io.ReadAll(res.Body); res.StatusCode >= 300 {
			t.Fatalf("%s %s: %d %s", method, ref, res.StatusCode, b)
		}
	}
	entries = slices.Clone(entries)
	slices.SortStableFunc(entries, func(a, b *entry) int { return rankOf[a.typ] - rankOf[b.typ] })
	for _, e := range entries {
		if body := text(e); body == "" {
			send(http.MethodDelete, e.ref(), "")
		} else {
			send(http.MethodPut, e.ref(), body)
		}
	}
}

// pages asks the door for every page of a search; ok is false where it is refused.
func (c *clinic) pages(t *testing.T, path, task string) (records []string, ok bool) {
	t.Helper()
	for next := (ask{method: http.MethodGet, path: path, headers: []string{"Modicum-Task", task}}); ; {
		r := c.send(t, &next)
		if r.status != http.StatusOK {
			return nil, false
		}
		records = append(records, recordsOf(t, r.body)...)
		if r.next == "" {
			return records, true
		}
		next.path = r.next
	}
}

func plainRecords(t *testing.T, address string) []string {
	t.Helper()
	res, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %s %v", address, res.StatusCode, b, err)
	}
	return recordsOf(t, string(b))
}

// recordsOf are the records of a page, without their metadata, which every server
// writes for itself.
func recordsOf(t *testing.T, page string) (records []string) {
	t.Helper()
	var b struct {
		Entry []struct{ Resource map[string]json.RawMessage }
	}
	if err := json.Unmarshal([]byte(page), &b); err != nil {
		t.Fatal(err)
	}
	for _, e := range b.Entry {
		delete(e.Resource, "meta")
		text, err := json.Marshal(e.Resource)
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, string(text))
	}
	return records
}
