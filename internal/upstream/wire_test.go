package upstream_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"modicum/internal/upstream"
)

// raw is a server that writes bytes as they stand here: to the nth request over all
// connections its nth script, the last one again and again.
type raw struct {
	client  *upstream.Client
	scripts []string

	mu    sync.Mutex
	conns int      // guarded by mu
	asked int      // guarded by mu
	last  net.Conn // guarded by mu

	written atomic.Int64 // bytes that somebody read, over pipes
}

// A script may end with these: what the server does after what it wrote.
const (
	hangUp = "<hang up>"
	wait   = "<wait>"
)

func newRaw(t *testing.T, change func(*upstream.Config), scripts ...string) *raw {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &raw{scripts: scripts}
	var served sync.WaitGroup
	ctx, stop := context.WithCancel(context.Background())
	served.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			served.Go(func() { r.serve(ctx, c) })
		}
	})
	cfg := upstream.Config{Base: &url.URL{Scheme: "http", Host: ln.Addr().String(), Path: "/fhir"}, Whole: 5 * time.Second}
	if change != nil {
		change(&cfg)
	}
	if r.client, err = upstream.New(cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(); r.client.Close(); ln.Close(); served.Wait() })
	return r
}

// piped is newRaw over pipes in memory: a fuzzer soon has no port left. A script that it
// gets ends by hanging up, so that no time has to pass.
func piped(t *testing.T, scripts ...string) *raw {
	t.Helper()
	r := &raw{scripts: scripts}
	var err error
	r.client, err = upstream.New(upstream.Config{Base: &url.URL{Scheme: "http", Host: "fhir.example", Path: "/fhir"}, Header: time.Minute, Whole: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	var served sync.WaitGroup
	r.client.DialBy(func() net.Conn {
		ours, its := net.Pipe()
		served.Go(func() { r.serve(t.Context(), its) })
		return ours
	})
	t.Cleanup(func() { r.client.Close(); served.Wait() })
	return r
}

func (r *raw) serve(ctx context.Context, c net.Conn) {
	r.mu.Lock()
	r.conns++
	r.last = c
	r.mu.Unlock()
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	in := bufio.NewReader(c)
	for {
		var head strings.Builder
		for !strings.HasSuffix(head.String(), "\r\n\r\n") {
			line, err := in.ReadString('\n')
			if err != nil {
				return
			}
			head.WriteString(line)
		}
		r.mu.Lock()
		script := r.scripts[min(r.asked, len(r.scripts)-1)]
		r.asked++
		r.mu.Unlock()
		text, ends := strings.CutSuffix(script, hangUp)
		text, waits := strings.CutSuffix(text, wait)
		n, err := c.Write([]byte(text))
		r.written.Add(int64(n))
		if err != nil || ends {
			return
		}
		if waits {
			<-ctx.Done()
			return
		}
	}
}

// speak writes what nobody asked for, and returns when it has come.
func (r *raw) speak(t *testing.T, text string) {
	t.Helper()
	r.mu.Lock()
	_, err := r.last.Write([]byte(text))
	r.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	for r.client.Quiet() {
		runtime.Gosched()
	}
}

func (r *raw) counts() (conns, asked int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.conns, r.asked
}

func (r *raw) read(t *testing.T) (string, error) {
	t.Helper()
	b, err := r.client.Fetch(t.Context(), "Patient", "p1", "")
	if err != nil {
		return "", err
	}
	defer b.Release()
	return string(b.Bytes), nil
}

const kind = "Content-Type: application/fhir+json\r\n"

func answered(header, body string) string {
	return "HTTP/1.1 200 OK\r\n" + kind + header + "\r\n" + body
}

func sized(body string) string {
	return answered(fmt.Sprintf("Content-Length: %d\r\n", len(body)), body)
}

// TestFC49_AnAnswerIsFramedInOneWay: where an answer ends is said once, in the way that
// RFC 9112 allows, or there is no answer.
func TestFC49_AnAnswerIsFramedInOneWay(t *testing.T) {
	for name, tt := range map[string]struct {
		script string
		want   string // the body; "" where there is no answer
	}{
		"a length":                     {sized("{}"), "{}"},
		"chunks":                       {answered("Transfer-Encoding: chunked\r\n", "1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"), "{}"},
		"chunks, in other letters":     {answered("transfer-encoding: Chunked\r\n", "2\r\n{}\r\n0\r\n\r\n"), "{}"},
		"the end of the connection":    {answered("", "{}") + hangUp, "{}"},
		"HTTP/1.0":                     {"HTTP/1.0 200 OK\r\n" + kind + "\r\n{}" + hangUp, "{}"},
		"no reason":                    {"HTTP/1.1 200\r\n" + kind + "Content-Length: 2\r\n\r\n{}", "{}"},
		"trailers are dropped":         {answered("Transfer-Encoding: chunked\r\n", "2\r\n{}\r\n0\r\nETag: \"x\"\r\n\r\n"), "{}"},
		"interim answers are dropped":  {"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + sized("{}"), "{}"},
		"two lengths":                  {answered("Content-Length: 2\r\nContent-Length: 3\r\n", "{} "), ""},
		"the same length twice":        {answered("Content-Length: 2\r\nContent-Length: 2\r\n", "{}"), ""},
		"a list of lengths":            {answered("Content-Length: 2, 2\r\n", "{}"), ""},
		"a signed length":              {answered("Content-Length: +2\r\n", "{}"), ""},
		"a length in hex":              {answered("Content-Length: 0x2\r\n", "{}"), ""},
		"a length beyond all":          {answered("Content-Length: 99999999999999999999\r\n", "{}"), ""},
		"a length and chunks":          {answered("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", "2\r\n{}\r\n0\r\n\r\n"), ""},
		"another coding":               {answered("Transfer-Encoding: gzip, chunked\r\n", "2\r\n{}\r\n0\r\n\r\n"), ""},
		"chunks of the older protocol": {strings.Replace(answered("Transfer-Encoding: chunked\r\n", "2\r\n{}\r\n0\r\n\r\n"), "HTTP/1.1", "HTTP/1.0", 1), ""},
		"chunked twice":                {answered("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "2\r\n{}\r\n0\r\n\r\n"), ""},
		"a chunk of no size":           {answered("Transfer-Encoding: chunked\r\n", "x\r\n{}\r\n0\r\n\r\n"), ""},
		"cut off in the body":          {answered("Content-Length: 3\r\n", "{}") + hangUp, ""},
		"cut off in the chunks":        {answered("Transfer-Encoding: chunked\r\n", "2\r\n{}\r\n") + hangUp, ""},
		"cut off in the trailers":      {answered("Transfer-Encoding: chunked\r\n", "2\r\n{}\r\n0\r\n") + hangUp, ""},
		"cut off in the header":        {"HTTP/1.1 200 OK\r\n" + kind + hangUp, ""},
		"trailers without end":         {answered("Transfer-Encoding: chunked\r\n", "2\r\n{}\r\n0\r\n"+strings.Repeat("x: y\r\n", 2000)), ""},
		"a folded line":                {answered("X: y\r\n Content-Length: 2\r\n", "{}"), ""},
		"a blank before the colon":     {answered("Content-Length : 2\r\n", "{}"), ""},
		"a line without a colon":       {answered("Content-Length\r\n", "{}"), ""},
		"a name that is none":          {answered("Content\x00Length: 2\r\n", "{}"), ""},
		"a zero in a value":            {answered("Content-Length: 2\r\nX: a\x00b\r\n", "{}"), ""},
		"lines that end otherwise":     {"HTTP/1.1 200 OK\nContent-Type: application/fhir+json\nContent-Length: 2\n\n{}", ""},
		"another protocol":             {"HTTP/2.0 200 OK\r\n" + kind + "Content-Length: 2\r\n\r\n{}", ""},
		"no protocol":                  {"ICY 200 OK\r\n\r\n{}" + hangUp, ""},
		"a status of no three digits":  {"HTTP/1.1 20 OK\r\n" + kind + "Content-Length: 2\r\n\r\n{}", ""},
		"another protocol from here":   {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n{}", ""},
		"an interim answer with bytes": {"HTTP/1.1 100 Continue\r\nContent-Length: 2\r\n\r\n{}" + sized("{}"), ""},
		"interim answers without end":  {strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 100) + sized("{}"), ""},
		"a header without end":         {"HTTP/1.1 200 OK\r\n" + strings.Repeat("X: "+strings.Repeat("y", 1000)+"\r\n", 100) + kind + "Content-Length: 2\r\n\r\n{}", ""},
		"a line without end":           {"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("y", 40<<10) + "\r\n" + kind + "Content-Length: 2\r\n\r\n{}", ""},
		"two media types":              {answered("Content-Type: application/fhir+json\r\nContent-Length: 2\r\n", "{}"), ""},
		"compressed":                   {answered("Content-Encoding: gzip\r\nContent-Length: 2\r\n", "{}"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := newRaw(t, nil, tt.script).read(t)
			if got != tt.want || (err == nil) != (tt.want != "") || err != nil && !errors.Is(err, upstream.ErrUpstream) {
				t.Errorf("got %q, %v; want %q", got, err, tt.want)
			}
		})
	}
}

// TestFC49_NoAnswerIsTakenForAnother: what a server says unasked, or beyond an answer, is
// not taken for the answer to what is asked next.
func TestFC49_NoAnswerIsTakenForAnother(t *testing.T) {
	for name, first := range map[string]string{
		"another answer behind":           sized(`{"n":1}`) + sized(`{"n":"forged"}`),
		"another behind chunks":           answered("Transfer-Encoding: chunked\r\n", "7\r\n{\"n\":1}\r\n0\r\n\r\n") + sized(`{"n":"forged"}`),
		"a body where there is none":      strings.Replace(sized(`{"n":"forged"}`), "200 OK", "304 Not Modified", 1),
		"a body that may come later":      "HTTP/1.1 304 Not Modified\r\n" + kind + "Content-Length: 9\r\n\r\n",
		"chunks that may come later":      "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n",
		"an error longer than is read":    strings.Replace(sized(strings.Repeat("x", 8<<10)+sized(`{"n":"forged"}`)), "200 OK", "500 Broken", 1),
		"the end, not said before":        sized(`{"n":1}`) + hangUp,
		"an answer that says it is last":  answered("Connection: close\r\nContent-Length: 7\r\n", `{"n":1}`),
		"an answer of the older protocol": strings.Replace(sized(`{"n":1}`), "HTTP/1.1", "HTTP/1.0", 1),
	} {
		t.Run(name, func(t *testing.T) {
			r := newRaw(t, nil, first, sized(`{"n":2}`))
			_, _ = r.read(t)
			got, err := r.read(t)
			if conns, asked := r.counts(); got != `{"n":2}` || err != nil || conns != 2 || asked != 2 {
				t.Errorf("got %q, %v, by connection %d, request %d", got, err, conns, asked)
			}
		})
	}
}

// TestFC49_NoAnswerIsTakenForAnotherLater is the same for what comes after an answer was read.
func TestFC49_NoAnswerIsTakenForAnotherLater(t *testing.T) {
	r := newRaw(t, nil, sized(`{"n":1}`), sized(`{"n":2}`))
	if _, err := r.read(t); err != nil {
		t.Fatal(err)
	}
	r.speak(t, sized(`{"n":"forged"}`))
	if got, err := r.read(t); got != `{"n":2}` || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestAConnectionIsKept(t *testing.T) {
	r := newRaw(t, nil, sized("{}"), answered("Transfer-Encoding: chunked\r\n", "2\r\n{}\r\n0\r\n\r\n"), strings.Replace(sized("{}"), "200 OK", "404 Not Found", 1), sized("{}"))
	for range 4 {
		if _, err := r.read(t); err != nil && !errors.Is(err, upstream.ErrNotFound) {
			t.Fatal(err)
		}
	}
	if conns, asked := r.counts(); conns != 1 || asked != 4 {
		t.Errorf("%d requests over %d connections", asked, conns)
	}
}

// TestAReadIsSentAgainOnceWhereAKeptConnectionBroke: a server may close what it keeps at
// the moment at which it is used. A new connection that breaks is a server that is away.
func TestAReadIsSentAgainOnceWhereAKeptConnectionBroke(t *testing.T) {
	r := newRaw(t, nil, sized(`{"n":1}`), hangUp, sized(`{"n":3}`), sized(`{"n":4}`), hangUp, hangUp)
	for _, want := range []string{`{"n":1}`, `{"n":3}`, `{"n":4}`} {
		if got, err := r.read(t); got != want || err != nil {
			t.Errorf("got %q, %v; want %q", got, err, want)
		}
	}
	if got, err := r.read(t); !errors.Is(err, upstream.ErrUpstream) {
		t.Errorf("got %q, %v", got, err)
	}
	if _, asked := r.counts(); asked != 6 {
		t.Errorf("%d requests", asked)
	}
}

// TestAReadThatBeganIsNotSentAgain: what broke off in the answer's header may be work that
// the server does for every request that we send.
func TestAReadThatBeganIsNotSentAgain(t *testing.T) {
	r := newRaw(t, nil, sized("{}"), "HTTP/1.1 200 OK\r\n"+hangUp, sized("{}"))
	if _, err := r.read(t); err != nil {
		t.Fatal(err)
	}
	if got, err := r.read(t); !errors.Is(err, upstream.ErrUpstream) {
		t.Errorf("got %q, %v", got, err)
	}
	if _, asked := r.counts(); asked != 2 {
		t.Errorf("%d requests", asked)
	}
}

// TestAReadEndsWithItsContext: wherever it is, and leaves no connection behind that
// somebody else would get.
func TestAReadEndsWithItsContext(t *testing.T) {
	cause := errors.New("gone")
	for name, script := range map[string]string{
		"before the header": wait, "in the header": "HTTP/1.1 200 OK\r\n" + wait,
		"in the body": answered("Content-Length: 3\r\n", "{}") + wait, "in the chunks": answered("Transfer-Encoding: chunked\r\n", "2\r\n{}\r\n") + wait,
	} {
		t.Run(name, func(t *testing.T) {
			r := newRaw(t, nil, script, sized("{}"))
			ctx, cancel := context.WithCancelCause(t.Context())
			done := make(chan error)
			go func() {
				_, err := r.client.Fetch(ctx, "Patient", "p1", "")
				done <- err
			}()
			for asked := 0; asked == 0; _, asked = r.counts() {
				runtime.Gosched()
			}
			cancel(cause)
			if err := <-done; !errors.Is(err, upstream.ErrUpstream) || !errors.Is(err, cause) {
				t.Errorf("got %v", err)
			}
			if got, err := r.read(t); got != "{}" || err != nil {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

// TestAServerThatDoesNotBeginIsNotWaitedFor: the time to the first byte is Header's, and
// the first byte alone is not the header.
func TestAServerThatDoesNotBeginIsNotWaitedFor(t *testing.T) {
	for _, script := range []string{wait, "H" + wait, "HTTP/1.1 103 Early Hints\r\n\r\n" + wait} {
		r := newRaw(t, func(cfg *upstream.Config) { cfg.Header = 50 * time.Millisecond }, script)
		if got, err := r.read(t); !errors.Is(err, upstream.ErrUpstream) || upstream.Why(err) != "it did not answer in time" {
			t.Errorf("%q: got %q, %v, %q", script, got, err, upstream.Why(err))
		}
	}
}

// TestNothingIsKeptAfterTheEnd: an answer that was on its way when the client was closed
// is read, and its connection goes with it.
func TestNothingIsKeptAfterTheEnd(t *testing.T) {
	release, arrived := make(chan struct{}), make(chan struct{})
	s := &server{Server: httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-release
		fhir("{}")(w, r)
	}))}
	t.Cleanup(s.Close)
	c := client(t, s, nil)
	var reader sync.WaitGroup
	reader.Go(func() {
		b, err := c.Fetch(t.Context(), "Patient", "p1", "")
		if err != nil {
			t.Error(err)
		}
		b.Release()
	})
	<-arrived
	c.Close()
	close(release)
	reader.Wait()
	if n := c.Kept(); n != 0 {
		t.Errorf("%d connections are kept", n)
	}
}

// TestNoMoreConnectionsThanAllowed: further reads wait, and go on when one is over.
func TestNoMoreConnectionsThanAllowed(t *testing.T) {
	release, arrived := make(chan struct{}), make(chan struct{}, 10)
	s := &server{Server: httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-release
		fhir("{}")(w, r)
	}))}
	t.Cleanup(s.Close)
	c := client(t, s, func(cfg *upstream.Config) { cfg.Conns = 2 })
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			b, err := c.Fetch(t.Context(), "Patient", "p1", "")
			if err != nil {
				t.Error(err)
			}
			b.Release()
		})
	}
	<-arrived
	<-arrived
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Fetch(ctx, "Patient", "p1", ""); !errors.Is(err, context.Canceled) {
		t.Errorf("who waits does not end with its context: %v", err)
	}
	if len(arrived) != 0 {
		t.Error("three at once")
	}
	close(release)
	readers.Wait()
}

// TestFC51_ChunksBringMoreThanTheirFraming: a server that sends a body byte by byte makes us
// work for each of them, and is not listened to for long; small chunks are no fault.
func TestFC51_ChunksBringMoreThanTheirFraming(t *testing.T) {
	const most = 8 << 20 // bytes that it writes, where nobody stops it
	endless := strings.Repeat("1\r\nx\r\n", most/6)
	head := "HTTP/1.1 200 OK\r\n" + kind + "Transfer-Encoding: chunked\r\n\r\n"
	r := piped(t, head+endless+hangUp)
	if _, err := r.read(t); !errors.Is(err, upstream.ErrUpstream) {
		t.Errorf("error %v", err)
	}
	if n := r.written.Load(); n > 256<<10 {
		t.Errorf("%d bytes were read of it", n)
	}
	small := strings.Repeat("8\r\nabcdefgh\r\n", 100_000)
	if got, err := piped(t, head+small+"0\r\n\r\n"+hangUp).read(t); err != nil || len(got) != 800_000 {
		t.Errorf("small chunks: %d bytes, %v", len(got), err)
	}
}

// asNetHTTP is the body that net/http reads out of a script.
func asNetHTTP(script string) (string, error) {
	in := bufio.NewReader(strings.NewReader(script))
	for {
		res, err := http.ReadResponse(in, &http.Request{Method: http.MethodGet})
		if err != nil {
			return "", err
		}
		if res.StatusCode >= 200 {
			b, err := io.ReadAll(res.Body)
			return string(b), err
		}
	}
}

// FuzzAnswer: whatever a server sends, a read ends, and an answer that is taken is one of
// JSON's media type, which net/http would take as well, with the same body.
func FuzzAnswer(f *testing.F) {
	f.Add(sized("{}"))
	f.Add(answered("Transfer-Encoding: chunked\r\n", "1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"))
	f.Add(answered("Transfer-Encoding: chunked\r\n", "a;x=\"y\" \r\n{\"a\":true\r\nA\r\n         }\r\n000\r\nX: 1\r\n\r\n"))
	f.Add("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + sized("{}"))
	f.Fuzz(func(t *testing.T, script string) {
		if strings.HasSuffix(script, wait) {
			return
		}
		r := piped(t, script+hangUp)
		got, err := r.read(t)
		if err == nil && !strings.Contains(strings.ToLower(script), "json") {
			t.Errorf("took %q", got)
		}
		if same, not := asNetHTTP(script); err == nil && (not != nil || same != got) {
			t.Errorf("took %q, net/http %q, %v", got, same, not)
		}
		if err != nil && !errors.Is(err, upstream.ErrUpstream) && !errors.Is(err, upstream.ErrNotFound) {
			t.Errorf("error %v", err)
		}
	})
}
