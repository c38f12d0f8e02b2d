package line_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"modicum/internal/line"
)

// pattern is so many bytes of which no two stretches are alike.
func pattern(n int) []byte {
	out := make([]byte, 0, n+8)
	for i := 0; len(out) < n; i++ {
		out = strconv.AppendInt(out, int64(i), 36)
	}
	return out[:n]
}

// serve answers by h, and tells the connections that it accepts.
func serve(t *testing.T, h http.HandlerFunc) (address string, accepted <-chan *line.Conn) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	conns := make(chan *line.Conn, 16)
	srv := &http.Server{Handler: h}
	line.Know(srv)
	done := make(chan struct{})
	go func() { defer close(done); srv.Serve(noted{line.Listener(ln), conns}) }()
	t.Cleanup(func() { srv.Close(); <-done })
	return "http://" + ln.Addr().String(), conns
}

type noted struct {
	net.Listener
	conns chan *line.Conn
}

func (n noted) Accept() (net.Conn, error) {
	c, err := n.Listener.Accept()
	if l, is := c.(*line.Conn); is {
		n.conns <- l
	}
	return c, err
}

// TestTogetherChangesNothingOfTheAnswer: whatever its length and the parts in which it is
// written, one after the other on one connection.
func TestTogetherChangesNothingOfTheAnswer(t *testing.T) {
	address, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.URL.Query().Get("n"))
		parts, _ := strconv.Atoi(r.URL.Query().Get("parts"))
		all := pattern(n)
		err := line.Together(r, func() error {
			for i := range parts {
				if _, err := w.Write(all[i*n/parts : (i+1)*n/parts]); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		if r.URL.Query().Has("after") {
			io.WriteString(w, "and more")
		}
	})
	ask := oneByOne(t, address)
	for _, n := range []int{0, 1, 100, 2047, 2048, 2049, 3500, 4095, 4096, 4097, 5000, 8192, 14_000, 63_000, 300_000} {
		for _, parts := range []int{1, 2, 3, 17} {
			for _, after := range []string{"", "&after"} {
				res := ask("/?n=" + strconv.Itoa(n) + "&parts=" + strconv.Itoa(parts) + after)
				got, err := io.ReadAll(res.Body)
				res.Body.Close()
				want := pattern(n)
				if after != "" {
					want = append(want, "and more"...)
				}
				if err != nil || !bytes.Equal(got, want) {
					t.Errorf("%d bytes in %d parts%s: got %d, %v", n, parts, after, len(got), err)
				}
			}
		}
	}
}

// oneByOne asks on one connection, which a client of net/http leaves for another where its
// own writing is not through 50 ms after the answer.
func oneByOne(t *testing.T, address string) func(path string) *http.Response {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(address, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	answers := bufio.NewReader(conn)
	return func(path string) *http.Response {
		t.Helper()
		if _, err := io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: line\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		res, err := http.ReadResponse(answers, nil)
		if err != nil {
			t.Fatalf("%s: the connection does not last: %v", path, err)
		}
		return res
	}
}

// TestTogetherSendsWhatWasWrittenBeforeAFailure: nothing is kept for the answer after.
func TestTogetherSendsWhatWasWrittenBeforeAFailure(t *testing.T) {
	failed := errors.New("failed")
	address, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "9000")
		err := line.Together(r, func() error {
			if _, err := w.Write(pattern(5000)); err != nil {
				return err
			}
			return failed
		})
		if !errors.Is(err, failed) {
			t.Errorf("got %v", err)
		}
		panic(http.ErrAbortHandler)
	})
	res, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err == nil || !bytes.HasPrefix(pattern(5000), got) || len(got) == 0 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// TestABrokenConnectionTakesNothingMore: Break holds for what is held back as well.
func TestABrokenConnectionTakesNothingMore(t *testing.T) {
	told := make(chan error, 1)
	address, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		told <- line.Together(r, func() error {
			if !line.Break(r) {
				t.Error("the connection is not known")
			}
			_, err := w.Write(pattern(14_000))
			return err
		})
	})
	if res, err := http.Get(address); err == nil {
		res.Body.Close()
		t.Error("an answer came")
	}
	if err := <-told; err == nil {
		t.Error("a broken connection took an answer")
	}
}

// TestWhatAnotherWritesMeanwhileArrives: TLS answers a change of keys from the goroutine
// that reads, while an answer leaves. Nothing of either is lost, sent twice or changed.
func TestWhatAnotherWritesMeanwhileArrives(t *testing.T) {
	const times = 20_000
	var accepted <-chan *line.Conn
	address, conns := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		c := <-accepted
		var other sync.WaitGroup
		other.Go(func() {
			for range times {
				if _, err := io.WriteString(c, "b"); err != nil {
					t.Error(err)
				}
			}
		})
		for i := range times {
			if err := line.Together(r, func() error {
				_, err := fmt.Fprintf(c, "%06d", i)
				runtime.Gosched() // between it and what follows it is held
				return err
			}); err != nil {
				t.Error(err)
			}
		}
		other.Wait()
		panic(http.ErrAbortHandler)
	})
	accepted = conns
	conn, err := net.Dial("tcp", address[len("http://"):])
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(conn)
	var want []byte
	for i := range times {
		want = fmt.Appendf(want, "%06d", i)
	}
	if b := bytes.Count(got, []byte("b")); b != times || !bytes.Equal(bytes.ReplaceAll(got, []byte("b"), nil), want) {
		t.Errorf("%d bytes arrive, %d of the other's, %v: not what was written", len(got), b, err)
	}
}
