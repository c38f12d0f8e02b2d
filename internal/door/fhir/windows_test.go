package fhir_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"modicum/internal/door/fhir"
	"modicum/internal/line"
	"modicum/ledger"
)

// big is a condition of so many bytes that show, and so many that do not.
func big(id, patient string, shows, hidden int, refs ...string) string {
	text := fmt.Sprintf(`"code":{"text":"%s",`, strings.Repeat("v", shows))
	note := ""
	if hidden > 0 {
		note = fmt.Sprintf(`"note":[{"text":"%s"}],`, strings.Repeat("h", hidden))
	}
	evidence := ""
	for _, r := range refs {
		evidence += fmt.Sprintf(`,{"reference":"%s"}`, r)
	}
	if evidence != "" {
		note += `"evidence":[{"detail":[` + evidence[1:] + `]}],`
	}
	return strings.NewReplacer(`"code":{"coding":[{"system":"http://hl7.org`, text+`"coding":[{"system":"http://hl7.org`, `"recordedDate"`, note+`"recordedDate"`).Replace(condition(id, patient, "J45.0"))
}

// long fills an upstream with so many conditions of p1 of about 60 kB that show.
func longWard(t testing.TB, records int) *sheet {
	up := newSheet(t)
	up.put(patient("p1", "Familyp1", "1940-05-06"))
	for i := range records {
		up.put(big(fmt.Sprintf("c%03d", i), "p1", 60_000, 500))
	}
	return up
}

// framed asks by hand and returns the answer as it came: its header lines and the sizes of
// its chunks beside its text.
func (c *clinic) framed(t testing.TB, who, method, path string) (header, framing []string, body string, err error) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(c.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "%s /fhir%s HTTP/1.1\r\nHost: gate.example\r\nAuthorization: Bearer %s\r\nConnection: close\r\n\r\n", method, path, who)
	in := bufio.NewReaderSize(conn, 1<<16)
	chunked := false
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return header, framing, body, err
		}
		line = strings.TrimSpace(line)
		if line == "" {
			break
		}
		if !strings.HasPrefix(line, "Date:") && !strings.HasPrefix(line, "Modicum-Decision:") {
			header = append(header, line)
		}
		chunked = chunked || line == "Transfer-Encoding: chunked"
	}
	if !chunked || method == http.MethodHead {
		b, err := io.ReadAll(in)
		return header, nil, string(b), err
	}
	var b strings.Builder
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return header, framing, b.String(), err
		}
		n, err := strconv.ParseInt(strings.TrimSpace(line), 16, 64)
		if err != nil {
			t.Fatalf("a chunk of %q", line)
		}
		framing = append(framing, strings.TrimSpace(line))
		if _, err := io.CopyN(&b, in, n+2); err != nil {
			return header, framing, b.String(), err
		}
		if n == 0 {
			return header, framing, b.String(), nil
		}
	}
}

// chunkless is a body of framed without the ends of chunks.
func chunkless(s string) string { return strings.ReplaceAll(s, "\r\n", "") }

// TestFC51_ALongPageLeavesInWindows: what does not fit into memory is the same page, with
// its links last, from an upstream page of any length.
func TestFC51_ALongPageLeavesInWindows(t *testing.T) {
	c := openClinic(t, longWard(t, 230), "", nil)
	want := c.all(t, "alice", "/Condition?patient=p1&_count=10")
	c.book.mu.Lock()
	c.book.entries = nil
	c.book.mu.Unlock()
	got := c.get(t, "alice", "/Condition?patient=p1&_count=200")
	b := got.bundle(t)
	if len(got.body) < 10<<20 || got.header.Get("Content-Length") != "" || got.header.Get("ETag") != "" {
		t.Fatalf("%d bytes, %v", len(got.body), got.header)
	}
	if !slices.Equal(b.ids(), flat(want)[:200]) {
		t.Errorf("%d entries", len(b.ids()))
	}
	next := c.get(t, "alice", b.link("next"))
	rest := next.bundle(t)
	if !slices.Equal(rest.ids(), flat(want)[200:]) || rest.link("next") != "" || rest.Total != nil {
		t.Errorf("behind it: %d entries, next %q", len(rest.ids()), rest.link("next"))
	}
	c.serving.Wait()
	c.gate.Wait()
	outcomes := 0
	for _, e := range c.book.entries {
		if o, is := e.(*ledger.Outcome); is && (o.ID == got.header.Get("Modicum-Decision") || o.ID == next.header.Get("Modicum-Decision")) {
			outcomes++
			if o.End != ledger.Completed || o.Counts.Shown != 0 && o.Counts.Shown != 200 && o.Counts.Shown != 30 {
				t.Errorf("outcome %+v", o)
			}
		}
	}
	if outcomes != 2 {
		t.Errorf("%d outcomes", outcomes)
	}
}

// TestFC51_ALongPageThatIsAll has its total, last.
func TestFC51_ALongPageThatIsAll(t *testing.T) {
	c := openClinic(t, longWard(t, 120), "", nil)
	b := c.get(t, "alice", "/Condition?patient=p1&_count=200").bundle(t)
	if b.Total == nil || *b.Total != 120 || len(b.Entry) != 120 || b.link("self") == "" || b.link("next") != "" {
		t.Errorf("%d entries, total %v", len(b.Entry), b.Total)
	}
	if b := c.get(t, "alice", "/Condition?patient=p1&_count=200&_total=none").bundle(t); b.Total != nil || len(b.Entry) != 120 {
		t.Errorf("with _total=none: %v", b.Total)
	}
	get, _, _, _ := c.framed(t, "alice", "GET", "/Condition?patient=p1&_count=200")
	head, _, body, err := c.framed(t, "alice", "HEAD", "/Condition?patient=p1&_count=200")
	if err != nil || body != "" || !slices.Equal(slices.DeleteFunc(get, isFraming), slices.DeleteFunc(head, isFraming)) {
		t.Errorf("HEAD: %v %q, GET: %v, %v", head, body, get, err)
	}
}

func isFraming(line string) bool { return strings.HasPrefix(line, "Transfer-Encoding:") }

// hidden says what hides in a world between and in the records that show.
type hiding struct {
	name    string
	between func(i int) int // hidden records before the i-th visible one
	weight  int             // bytes of each
	inside  int             // hidden bytes in each visible record
	targets bool            // hidden records to which visible ones refer
}

var hidings20 = []hiding{
	{"nothing", func(int) int { return 0 }, 0, 0, false},
	{"one before each", func(int) int { return 1 }, 300, 0, true},
	{"large ones before some", func(i int) int { return i % 7 / 6 }, 700_000, 0, false},
	{"much in each", func(int) int { return 0 }, 0, 40_000, true},
	{"many at the end", func(i int) int { return i / 139 * 300 }, 2000, 10, true},
	{"much, and more between", func(i int) int { return i % 2 }, 60_000, 9_000, true},
}

// hide makes a world of 140 visible records of sizes by seed around shows bytes.
func (h *hiding) world(t testing.TB, seed uint64, shows int) *sheet {
	up := newSheet(t)
	up.put(patient("p1", "Familyp1", "1940-05-06"), patient("p9", "Familyp9", "1940-05-06"))
	r := rand.New(rand.NewPCG(seed, 1))
	n := 0
	for i := range 140 {
		for range h.between(i) {
			code := []string{"B20", "J45.0"}[n%2]
			of := []string{"p1", "p9"}[n%2]
			up.put(strings.Replace(big(fmt.Sprintf("h%03d", n), of, h.weight, 0), "J45.0", code, 1))
			n++
		}
		refs := []string{fmt.Sprintf("Condition/c%03d", (i+1)%140), fmt.Sprintf("Condition/c%03d", max(i-1, 0)), fmt.Sprintf("Condition/c%03d", (i+70)%140), fmt.Sprintf("Condition/h%03d", i)}
		up.put(big(fmt.Sprintf("c%03d", i), "p1", 1+r.IntN(2*shows), h.inside, refs[:r.IntN(len(refs)+1)]...))
	}
	return up
}

// TestN1_WindowsFollowWhatShows: two upstreams that differ in what is hidden answer a
// long page alike, chunk by chunk: between windows, at their edges, inside of records,
// and where only the hidden makes the page long.
func TestN1_WindowsFollowWhatShows(t *testing.T) {
	for _, shows := range []int{300, 30_000, 60_000} { // the second comes to about 4 MiB
		for seed := range uint64(2) {
			t.Run(fmt.Sprintf("%d-%d", shows, seed), func(t *testing.T) {
				var first string
				for _, h := range hidings20 {
					c := openClinic(t, h.world(t, seed, shows), "", func(cfg *fhir.Config) { cfg.Diary = nil })
					var answer string
					for _, count := range []string{"200", "100", "139", "140"} {
						header, framing, body, err := c.framed(t, "alice", "GET", "/Condition?patient=p1,p9&_count="+count)
						if err != nil || !strings.Contains(header[0], "200") {
							t.Fatalf("%s: %v %v", h.name, header, err)
						}
						answer += strings.Join(header, "\n") + strings.Join(framing, " ") + cursorless(chunkless(body)) + "\n"
					}
					c.Close()
					if first == "" {
						first = answer
						lacks(t, first, "hhhh", "Condition/h")
						continue
					}
					if answer != first {
						at := 0
						for at < min(len(answer), len(first)) && answer[at] == first[at] {
							at++
						}
						t.Fatalf("%s: differs at byte %d: %.80q, not %.80q", h.name, at, answer[at:], first[at:])
					}
				}
			})
		}
	}
}

// flowing serves one long page from the hand of a test.
func flowing(t testing.TB, write func(w io.Writer, r *http.Request)) *sheet {
	up := newSheet(t)
	up.put(patient("p1", "Familyp1", "1940-05-06"))
	up.answer = func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/fhir+json")
		io.WriteString(w, `{"resourceType":"Bundle","type":"searchset","entry":[`)
		write(w, r)
	}
	return up
}

// entries writes so many entries and reports whether all were taken.
func entries(w io.Writer, from, n int) bool {
	for i := from; i < from+n; i++ {
		comma := ","
		if i == 0 {
			comma = ""
		}
		if _, err := io.WriteString(w, comma+`{"resource":`+big(fmt.Sprintf("c%03d", i), "p1", 60_000, 500)+`}`); err != nil {
			return false
		}
	}
	return true
}

// TestFC51_WhatFailsLaterBreaksTheConnection: a page that began and cannot be ended is
// never closed neatly, and is on record as aborted with what left.
func TestFC51_WhatFailsLaterBreaksTheConnection(t *testing.T) {
	for name, rest := range map[string]func(io.Writer){
		"a malformed record": func(w io.Writer) { io.WriteString(w, `,{"resource":{"resourceType":"Condition","id":"x","id":"y"}}]}`) },
		"another type":       func(w io.Writer) { io.WriteString(w, `,{"resource":`+patient("p1", "F", "1940-05-06")+`}]}`) },
		"a record without end": func(w io.Writer) {
			io.WriteString(w, `,{"resource":{"resourceType":"Condition","id":"`)
			io.Copy(w, io.LimitReader(zeros{}, 17<<20))
		},
		"no end of the Bundle": func(w io.Writer) { io.WriteString(w, `]`) },
		"two lists":            func(w io.Writer) { io.WriteString(w, `],"entry":[]}`) },
		"no searchset":         func(w io.Writer) { io.WriteString(w, `],"type":"history"}`) },
		"a link to somebody else": func(w io.Writer) {
			io.WriteString(w, `],"link":[{"relation":"next","url":"https://evil.example/fhir?p=2"}]}`)
		},
		"the upstream dies": func(io.Writer) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			c := openClinic(t, flowing(t, func(w io.Writer, _ *http.Request) {
				entries(w, 0, 170)
				rest(w)
			}), "", nil)
			r := c.get(t, "alice", "/Condition?patient=p1&_count=200")
			if r.status != 200 || r.err == nil || len(r.body) < 8<<20 || json.Valid([]byte(r.body)) {
				t.Fatalf("got %d, %d bytes, %v", r.status, len(r.body), r.err)
			}
			c.aborted(t, r.header.Get("Modicum-Decision"))
			if said := c.logs.String(); !strings.Contains(said, "completed=false") || !strings.Contains(said, "problem=upstream") {
				t.Errorf("the log does not say why: %s", said)
			}
		})
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '0'
	}
	return len(p), nil
}

// aborted checks that a decision ended so.
func (c *clinic) aborted(t testing.TB, id string) {
	t.Helper()
	c.serving.Wait()
	c.gate.Wait()
	c.book.mu.Lock()
	defer c.book.mu.Unlock()
	for _, e := range c.book.entries {
		if o, is := e.(*ledger.Outcome); is && o.ID == id {
			if o.End != ledger.Aborted || o.Bytes == 0 {
				t.Errorf("outcome %+v", o)
			}
			return
		}
	}
	t.Error("no outcome")
}

// TestFC51_WhatFailsEarlyIsRefused: up to the bound the whole page is looked at first.
func TestFC51_WhatFailsEarlyIsRefused(t *testing.T) {
	c := openClinic(t, flowing(t, func(w io.Writer, _ *http.Request) {
		entries(w, 0, 20)
		for i := range 60 {
			fmt.Fprintf(w, `,{"resource":%s}`, strings.Replace(big(fmt.Sprintf("h%d", i), "p1", 100_000, 0), "J45.0", "B20", 1))
		}
		io.WriteString(w, `,7]}`)
	}), "", nil)
	if r := c.get(t, "alice", "/Condition?patient=p1&_count=200"); r.status != 502 {
		t.Errorf("got %d, %d bytes, %v", r.status, len(r.body), r.err)
	}
}

// TestL1_AWindowLeavesAfterItsRecord: a window that cannot be recorded does not leave,
// though others did.
func TestL1_AWindowLeavesAfterItsRecord(t *testing.T) {
	goOn := make(chan struct{})
	c := openClinic(t, flowing(t, func(w io.Writer, _ *http.Request) {
		entries(w, 0, 110) // above 4 MiB: the first window leaves
		w.(http.Flusher).Flush()
		<-goOn
		for i := range 60 { // of a patient whom the decision does not name
			fmt.Fprintf(w, `,{"resource":%s}`, big(fmt.Sprintf("d%03d", i), "p2", 60_000, 0))
		}
		io.WriteString(w, `]}`)
	}), "", nil)
	c.up.put(patient("p2", "Familyp2", "1940-05-06"))
	res := c.start(t, "alice", "/Condition?_count=200")
	defer res.Body.Close()
	if _, err := io.CopyN(io.Discard, res.Body, 4<<20); err != nil {
		t.Fatal(err)
	}
	c.book.mu.Lock()
	c.book.fail = errDisk
	c.book.mu.Unlock()
	close(goOn)
	rest, err := io.ReadAll(res.Body)
	if err == nil || strings.Contains(string(rest), "Condition/d0") {
		t.Errorf("%v, %d bytes more, of p2: %v", err, len(rest), strings.Contains(string(rest), "Condition/d0"))
	}
}

// start asks and returns as soon as the answer begins.
func (c *clinic) start(t testing.TB, who, path string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.URL+"/fhir"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+who)
	res, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil || res.StatusCode != 200 {
		t.Fatal(res, err)
	}
	return res
}

// TestFC51_AClientThatIsGoneLetsGoOfTheUpstream: nothing is read for nobody.
func TestFC51_AClientThatIsGoneLetsGoOfTheUpstream(t *testing.T) {
	gone := make(chan struct{})
	c := openClinic(t, flowing(t, func(w io.Writer, r *http.Request) {
		defer close(gone)
		for i := 0; i < 9000 && entries(w, i, 1); i++ {
			if r.Context().Err() != nil {
				return
			}
		}
	}), "", nil)
	res := c.start(t, "alice", "/Condition?patient=p1&_count=200")
	io.CopyN(io.Discard, res.Body, 1<<20)
	res.Body.Close()
	<-gone
	c.aborted(t, res.Header.Get("Modicum-Decision"))
	if !strings.Contains(c.logs.String(), `cut="the client did not take it"`) {
		t.Errorf("the log does not say why: %s", c.logs)
	}
}

// TestG3_AStreamIsCutOffWhenTheRightEnds: whatever it rests on, of a client that reads
// and of one that does not; and nothing that was on its way arrives later.
func TestG3_AStreamIsCutOffWhenTheRightEnds(t *testing.T) {
	for name, end := range map[string]func(*clinic){
		"the person is gone": func(c *clinic) { c.ends.Person("alice") },
		"another policy":     func(c *clinic) { c.set.Store(loadPolicy(t, "testdata/policy")); c.ends.Policy() },
		"the token is over":  nil,
	} {
		for _, reads := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, reads %v", name, reads), func(t *testing.T) {
				served := make(chan struct{})
				c := openClinic(t, flowing(t, func(w io.Writer, r *http.Request) {
					defer close(served)
					if end == nil { // the door waits for more when it comes to its end
						entries(w, 0, 120)
						w.(http.Flusher).Flush()
						<-r.Context().Done()
					}
					for i := 0; i < 9000 && r.Context().Err() == nil && entries(w, i, 1); i++ {
					}
				}), "", func(cfg *fhir.Config) { cfg.MaxPage = 9000 })
				if end == nil {
					c.staff["alice"].Expires = noon.Add(700 * time.Millisecond)
				}
				res := c.start(t, "alice", "/Condition?patient=p1&_count=9000")
				defer res.Body.Close()
				if _, err := io.CopyN(io.Discard, res.Body, 4<<20); err != nil && end != nil {
					t.Fatal(err)
				}
				if end != nil {
					end(c)
				}
				if !reads {
					<-served // the door let go of it, though nobody reads
				}
				n, err := io.Copy(io.Discard, res.Body)
				if err == nil {
					t.Errorf("%d bytes more, and a neat end", n)
				}
				<-served
				c.aborted(t, res.Header.Get("Modicum-Decision"))
				if !strings.Contains(c.logs.String(), "the right to it ended") {
					t.Errorf("the log does not say why: %s", c.logs)
				}
			})
		}
	}
}

// tapped notes what is written to the connections of a server.
type tapped struct {
	net.Listener
	written atomic.Int64
	broken  atomic.Bool // no write may begin
}

func (t *tapped) Accept() (net.Conn, error) {
	c, err := t.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &tap{c.(*line.Conn), t}, nil
}

type tap struct {
	*line.Conn
	of *tapped
}

func (t *tap) Write(b []byte) (int, error) {
	n, err := t.Conn.Write(b)
	t.of.written.Add(int64(n))
	return n, err
}

func (t *tap) SetWriteDeadline(at time.Time) error {
	t.of.broken.Store(!at.IsZero() && at.Before(noon.Add(-365*24*time.Hour)))
	return t.Conn.SetWriteDeadline(at)
}

// ReadFrom would pass Write by.
func (t *tap) ReadFrom(r io.Reader) (int64, error) { return io.Copy(struct{ io.Writer }{t}, r) }

// TestG3_NothingIsWrittenOnceAnEndIsAcknowledged: whoever takes a right away and hears
// that it is done knows that the server gives nothing more to the connection, though the
// client goes on reading; and that the connection is broken off.
func TestG3_NothingIsWrittenOnceAnEndIsAcknowledged(t *testing.T) {
	for name, short := range map[string]bool{"a stream": false, "an answer of one piece": true} {
		t.Run(name, func(t *testing.T) {
			c := openClinic(t, flowing(t, func(w io.Writer, r *http.Request) {
				if short {
					entries(w, 0, 40)
					io.WriteString(w, `]}`)
					return
				}
				for i := 0; i < 9000 && r.Context().Err() == nil && entries(w, i, 1); i++ {
				}
			}), "", func(cfg *fhir.Config) { cfg.MaxPage = 9000 })
			to := tapped{}
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			to.Listener = line.Listener(ln)
			web := &http.Server{Handler: c.Config.Handler, ErrorLog: c.Config.ErrorLog}
			line.Know(web)
			go web.Serve(&to)
			defer web.Close()
			c.URL = "http://" + ln.Addr().String()
			res := c.start(t, "alice", "/Condition?patient=p1&_count=9000")
			defer res.Body.Close()
			if _, err := io.CopyN(io.Discard, res.Body, 100<<10); err != nil {
				t.Fatal(err)
			}
			c.ends.Person("alice")
			if !to.broken.Load() {
				t.Error("the end is acknowledged, and writing goes on")
			}
			at := to.written.Load()
			n, err := io.Copy(io.Discard, res.Body)
			if err == nil {
				t.Errorf("%d bytes more, and a neat end", n)
			}
			c.serving.Wait()
			// A write that was under way may end after it: what fitted in before.
			if more := to.written.Load() - at; more > 64<<10 {
				t.Errorf("%d bytes were written after the end was acknowledged", more)
			}
			c.aborted(t, res.Header.Get("Modicum-Decision"))
		})
	}
}

// TestD9_WindowsAreJudgedByTheFactsOfNow: what is no longer true of a patient shows
// nothing of them, though the page began.
func TestD9_WindowsAreJudgedByTheFactsOfNow(t *testing.T) {
	goOn := make(chan struct{})
	more := `{"fact":"assigned-patient","who":"alice","patient":"Patient/p9","until":"2026-11-23T12:05:00Z","source":"adt","recorded_by":"ward"}` + "\n"
	c := openClinic(t, flowing(t, func(w io.Writer, _ *http.Request) {
		entries(w, 0, 90)
		w.(http.Flusher).Flush()
		<-goOn
		for i := range 40 {
			fmt.Fprintf(w, `,{"resource":%s}`, big(fmt.Sprintf("e%03d", i), "p9", 60_000, 0))
		}
		io.WriteString(w, `]}`)
	}), more, nil)
	now := make(chan time.Time, 1)
	now <- noon
	c.now = func() time.Time { n := <-now; now <- n; return n }
	res := c.start(t, "alice", "/Condition?_count=200")
	defer res.Body.Close()
	if _, err := io.CopyN(io.Discard, res.Body, 4<<20); err != nil {
		t.Fatal(err)
	}
	<-now
	now <- noon.Add(6 * time.Minute)
	close(goOn)
	rest, err := io.ReadAll(res.Body)
	if err != nil || strings.Contains(string(rest), "Condition/e0") {
		t.Errorf("%v; of p9: %v", err, strings.Contains(string(rest), "Condition/e0"))
	}
}
