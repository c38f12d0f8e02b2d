package serve_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"net/url"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"modicum/internal/testkit"
)

// BenchmarkCutOff is make bench-cutoff: two hundred streams are open at once, of clients
// that read slowly; a right is taken away of each, by each way there is, and it is measured
// from the acknowledgement (or the moment at which the right ends by itself) to the last
// byte that the server gives to the connection and to the last that the client reads.
// Upstream and clients are a process of their own.
func BenchmarkCutOff(b *testing.B) {
	fmt.Printf("\n%d processors, %d streams, milliseconds from the acknowledgement\n", runtime.NumCPU(), most)
	fmt.Printf("%-32s %28s %10s %28s %20s\n", "", "last byte written p50 p99 max", "bytes max", "last byte read p50 p99 max", "bytes read p50 max")
	soon = 45 * time.Second
	for _, t := range takings {
		b.Run(t.name, func(b *testing.B) {
			for range b.N {
				cutOff(b, t)
			}
		})
	}
}

func cutOff(b *testing.B, t taking) {
	load := startReaders(b)
	r := newRig(b, load.upstream)
	if t.before != nil {
		t.before(r, most)
	}
	asked := make([]string, most)
	for i := range asked {
		asked[i] = t.open(r, i)
	}
	acked := make([]int64, most)
	if t.due != nil {
		at := t.due(r, time.Now())
		for i := range asked {
			if acked[i] = at.UnixNano(); t.name == "a token is over" {
				asked[i] = r.issued(i, "clinician", at.Add(-12*time.Hour))
				acked[i] = at.Truncate(time.Second).UnixNano() // a token says whole seconds
			} else if g := r.server.Lent().Of(holder(i), r.wall(), true); len(g) == 1 {
				acked[i] = time.Now().Add(g[0].Until.Sub(r.wall())).UnixNano()
			}
		}
	}
	before := memory(b, os.Getpid(), "VmRSS")
	addresses := load.open(b, r.tap.Addr().String(), asked)
	b.ReportMetric((memory(b, os.Getpid(), "VmRSS")-before)/most, "MB-a-stream")
	switch {
	case t.due != nil && time.Now().UnixNano() > slices.Min(acked):
		b.Fatalf("it took longer than %s to open the streams", soon)
	case t.all && t.take != nil:
		t.take(r, 0)
		for i := range acked {
			acked[i] = time.Now().UnixNano()
		}
	case t.take != nil:
		for i := range acked {
			t.take(r, i)
			acked[i] = time.Now().UnixNano()
		}
	}
	report(b, t.name, r, addresses, acked, load.ends(b))
}

// wall is what the installation's clock says.
func (r *rig) wall() time.Time { now, _ := r.now(); return now }

func report(b *testing.B, name string, r *rig, addresses []string, acked []int64, reads [][]amount) {
	b.Helper()
	var wrote, read []float64
	var wroteBytes, readBytes []int
	for i, at := range acked {
		last, n := r.tap.after(addresses[i], at)
		wrote, wroteBytes = append(wrote, since(last, at)), append(wroteBytes, n)
		last, n = after(reads[i], at)
		read, readBytes = append(read, since(last, at)), append(readBytes, n)
	}
	slices.Sort(wrote)
	slices.Sort(read)
	slices.Sort(wroteBytes)
	slices.Sort(readBytes)
	n := len(acked)
	fmt.Printf("%-32s %8.1f %8.1f %8.1f %12d %8.1f %8.1f %8.1f %12d %8d\n", name,
		wrote[n/2], wrote[n*99/100], wrote[n-1], wroteBytes[n-1], read[n/2], read[n*99/100], read[n-1], readBytes[n/2], readBytes[n-1])
	b.ReportMetric(wrote[n*99/100], "ms-written-p99")
	b.ReportMetric(read[n*99/100], "ms-read-p99")
}

// since is milliseconds, 0 where nothing came after.
func since(last, at int64) float64 { return float64(max(0, last-at)) / 1e6 }

// readers are the upstream and the clients, in a process of their own.
type readers struct {
	upstream *url.URL
	in       io.WriteCloser
	out      *json.Decoder
}

func startReaders(b *testing.B) *readers {
	b.Helper()
	child := testkit.StartChild(b, "SERVE_TEST_CHILD=readers")
	r := &readers{in: child.In, out: json.NewDecoder(child.Out)}
	var at string
	var err error
	if err := r.out.Decode(&at); err != nil {
		b.Fatal(err)
	}
	if r.upstream, err = url.Parse(at + "/fhir"); err != nil {
		b.Fatal(err)
	}
	return r
}

// open returns when every stream has begun: the addresses of the clients.
func (r *readers) open(b *testing.B, address string, asked []string) (out []string) {
	b.Helper()
	if err := json.NewEncoder(r.in).Encode(append([]string{address}, asked...)); err != nil {
		b.Fatal(err)
	}
	if err := r.out.Decode(&out); err != nil || len(out) != len(asked) {
		b.Fatalf("%d streams of %d: %v", len(out), len(asked), err)
	}
	return out
}

// ends returns what each client read of late, when all streams have ended.
func (r *readers) ends(b *testing.B) (out [][]amount) {
	b.Helper()
	if err := r.out.Decode(&out); err != nil {
		b.Fatal(err)
	}
	return out
}

// readersChild answers as the upstream, and reads slowly what it is told to ask for:
// 8 KiB every 50 ms.
func readersChild() {
	up := httptest.NewServer(endless())
	say, heard := json.NewEncoder(os.Stdout), json.NewDecoder(bufio.NewReader(os.Stdin))
	_ = say.Encode(up.URL)
	var asked []string
	if heard.Decode(&asked) != nil {
		return
	}
	address, asked := asked[0], asked[1:]
	conns, reads := make([]net.Conn, len(asked)), make([][]amount, len(asked))
	var begun, ended sync.WaitGroup
	begun.Add(len(asked))
	turns := make(chan struct{}, 16) // how many begin at once
	for i := range asked {
		ended.Go(func() {
			turns <- struct{}{}
			var err error
			conns[i], err = slowly(address, asked[i])
			<-turns
			if begun.Done(); err != nil {
				fmt.Fprintln(os.Stderr, err)
				conns[i] = nil
				return
			}
			reads[i] = readOn(conns[i])
		})
	}
	begun.Wait()
	var addresses []string
	for _, c := range conns {
		if c != nil {
			addresses = append(addresses, c.LocalAddr().String())
		}
	}
	_ = say.Encode(addresses)
	ended.Wait()
	_ = say.Encode(reads)
	_, _ = io.Copy(io.Discard, os.Stdin)
}

func slowly(address, token string) (net.Conn, error) {
	c, err := small.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(c, "GET /fhir/Condition?patient=p1&_count=100 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", token)
	head := make([]byte, 64<<10)
	n, err := io.ReadFull(c, head)
	if err != nil || string(head[:15]) != "HTTP/1.1 200 OK" {
		return nil, fmt.Errorf("%.300s, %v", head[:n], err)
	}
	return c, nil
}

func readOn(c net.Conn) (all []amount) {
	b := make([]byte, 8<<10)
	for {
		n, err := c.Read(b)
		if n > 0 {
			all = append(all, amount{time.Now().UnixNano(), n})
			all = all[max(0, len(all)-256):]
		}
		if err != nil {
			return all
		}
		time.Sleep(50 * time.Millisecond)
	}
}
