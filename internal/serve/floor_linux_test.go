package serve_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"

	"modicum/internal/serve"
)

func init() { children["floor"] = floorChild }

// floorChild is about the least that the door's job costs with net/http: the proxy of
// proxyChild, which reads each answer whole, looks at each of its bytes, and gives out two
// thirds of them once a line as long as a decision's entry is synced, with the lines of all
// who wait. A second, an outcome's, follows without anybody waiting. It reads no JSON,
// decides nothing, and its record has no tree and nothing is found in it. Two things it
// does at more cost than the door, so it proves no limit: it asks by net/http's client, and
// writes through the page cache, where the journal goes past it.
func floorChild() {
	c, in := childConfig()
	dir, err := os.MkdirTemp("", "floor")
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	defer os.RemoveAll(dir)
	log, err := newFlatLog(filepath.Join(dir, "log"))
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	var quotes atomic.Int64 // so that nobody leaves the loop out
	proxy := reverseProxy(c)
	proxy.ModifyResponse = func(res *http.Response) error {
		body, n := make([]byte, res.ContentLength), int64(0)
		if _, err := io.ReadFull(res.Body, body); err != nil {
			return err
		}
		for _, b := range body {
			if b == '"' {
				n++
			}
		}
		quotes.Add(n)
		log.waited()
		log.begun()
		body = body[:len(body)*2/3]
		res.Body.Close()
		res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		res.Header.Set("Content-Length", strconv.Itoa(len(body)))
		return nil
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go serve.KeepRoom(ctx)
	serveReady(&http.Server{Handler: proxy}, plain)
	io.Copy(io.Discard, in)
}

// flatLog writes lines of 500 bytes to a file of fixed size, over and over, as many at once
// as wait.
type flatLog struct {
	f  *os.File
	in chan chan error // of a line, for whoever waits for it; nil: nobody does
}

const (
	lineSize = 500
	flatSize = 64 << 20
)

func newFlatLog(path string) (*flatLog, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if _, err := io.Copy(f, io.LimitReader(zeros{}, flatSize)); err != nil {
		return nil, err
	}
	l := &flatLog{f: f, in: make(chan chan error, 256)}
	go l.run()
	return l, f.Sync()
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

func (l *flatLog) waited() {
	done := make(chan error, 1)
	l.in <- done
	if err := <-done; err != nil {
		panic(err)
	}
}

func (l *flatLog) begun() { l.in <- nil }

func (l *flatLog) run() {
	lines, at := bytes.Repeat([]byte("x"), 256*lineSize), int64(0)
	for first := range l.in {
		batch := []chan error{first}
		for more := true; more && len(batch) < 256; {
			select {
			case done := <-l.in:
				batch = append(batch, done)
			default:
				more = false
			}
		}
		n := int64(len(batch) * lineSize)
		if at+n > flatSize {
			at = 0
		}
		_, err := l.f.WriteAt(lines[:n], at)
		if err == nil {
			err = syscall.Fdatasync(int(l.f.Fd()))
		}
		at += n
		for _, done := range batch {
			if done != nil {
				done <- err
			}
		}
	}
}
