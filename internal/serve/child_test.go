package serve_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"modicum/internal/config"
	"modicum/internal/line"
	"modicum/internal/sandbox"
	"modicum/internal/testkit"
)

// process is this binary, run again as what is measured, so that neither upstream
// nor load count.
type process struct {
	pid     int
	address string // of its FHIR base
}

// child starts the site's own configuration as a door, or a plain reverse proxy, before
// an upstream.
func (s *site) child(b *testing.B, mode string, upstream *url.URL) *process {
	b.Helper()
	c := *s.config
	c.FHIR.Upstream = upstream
	text, err := json.Marshal(&c)
	if err != nil {
		b.Fatal(err)
	}
	again := testkit.StartChild(b, "SERVE_TEST_CHILD="+mode)
	fmt.Fprintf(again.In, "%s\n", text)
	said, _ := again.Out.ReadString('\n')
	address, ready := strings.CutPrefix(strings.TrimSpace(said), "ready at ")
	if !ready {
		b.Fatal(said)
	}
	return &process{again.PID, "http://" + address + "/fhir"}
}

// cpu is the processor time that the process has used, in ticks of 10 ms.
func (p *process) cpu(b *testing.B) time.Duration {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.pid))
	if err != nil {
		b.Fatal(err)
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')'):]))
	var ticks int64
	for _, at := range []int{12, 13} { // utime, stime: proc(5)
		n, err := strconv.ParseInt(fields[at], 10, 64)
		if err != nil {
			b.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// forget makes the peak of the process's memory what it uses now.
func (p *process) forget(b *testing.B) {
	b.Helper()
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", p.pid), []byte("5"), 0); err != nil {
		b.Fatal(err)
	}
}

// childConfig is what a child is told to serve, and the input whose end is its own.
func childConfig() (*config.Config, io.Reader) {
	var c config.Config
	in := bufio.NewReader(os.Stdin)
	text, err := in.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	return &c, in
}

// proxyChild is httputil.ReverseProxy: the least that a gateway costs.
func proxyChild() {
	c, in := childConfig()
	serveReady(&http.Server{Handler: reverseProxy(c)}, plain)
	io.Copy(io.Discard, in)
}

// reverseProxy has a buffer pool, and a connection for each that is loaded.
func reverseProxy(c *config.Config) *httputil.ReverseProxy {
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: c.FHIR.Upstream.Scheme, Host: c.FHIR.Upstream.Host})
	proxy.BufferPool = pool{make(chan []byte, 64)}
	proxy.Transport = &http.Transport{MaxIdleConnsPerHost: 64}
	return proxy
}

func plain(ln net.Listener) net.Listener { return ln }

// doorServer serves as the command does.
func doorServer(h http.Handler) *http.Server {
	srv := &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 60 * time.Second,
		WriteTimeout: 120 * time.Second, IdleTimeout: 120 * time.Second, MaxHeaderBytes: 64 << 10,
	}
	line.Know(srv)
	return srv
}

// serveReady serves at an address of its own, and says which: whoever reads it is let in.
func serveReady(srv *http.Server, on func(net.Listener) net.Listener) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	go srv.Serve(on(ln))
	fmt.Println("ready at", ln.Addr())
}

type pool struct{ free chan []byte }

func (p pool) Get() []byte {
	select {
	case b := <-p.free:
		return b
	default:
		return make([]byte, 32<<10)
	}
}

func (p pool) Put(b []byte) {
	select {
	case p.free <- b:
	default:
	}
}

// token is one of the clinician who looks after p1.
func (s *site) token(b *testing.B) string {
	b.Helper()
	token, err := s.issuer.Token(sandbox.Person{ID: "alice", Role: "clinician"}, sandbox.Ward, time.Now())
	if err != nil {
		b.Fatal(err)
	}
	return token
}

func askOnce(client *http.Client, address, token string) error {
	req, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != http.StatusOK {
		return fmt.Errorf("%d %v", res.StatusCode, err)
	}
	return nil
}
