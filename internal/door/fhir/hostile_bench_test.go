package fhir_test

import (
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"modicum/internal/door/fhir"
)

// BenchmarkOthersBesideHostile measures what others notice of a hostile upstream and of
// hostile clients: reads on 4 connections, first while eight other connections ask for
// what is in order, as fast as they can; then while the upstream answers these eight
// without end, drop by drop, nested and huge, and eight clients more hold half a request
// each. p99-ratio is the second p99 by the first. HOSTILE names one kind of answer alone.
//
//	make bench-hostile
func BenchmarkOthersBesideHostile(b *testing.B) {
	good := says(length(fhirHead, goodPat))
	turns := []string{os.Getenv("HOSTILE")}
	if turns[0] == "" {
		turns = []string{"FC51 a body without end", "T7 drop by drop", "FC51 lists without end", "FC51 headers without end", "FC51 hints without end", "FC51 chunks without end", "FC51 nested without end", "FC47 UTF-16"}
	}
	h := newHostile(b, func(w io.Writer, line string) bool {
		if n := strings.Index(line, "/Patient/p2"); n < 0 {
			return good(w, line)
		}
		return bad[turns[int(time.Now().UnixNano()/1000)%len(turns)]](w, line)
	})
	c := openClinicAt(b, "http://"+h.Addr().String()+"/fhir", loadPolicy(b, "testdata/policy"),
		map[string]string{"adt": assigned, "roster": shifts, "people": people}, func(_ *clinic, cfg *fhir.Config) {
			cfg.Budget.Time, cfg.Diary = 2*time.Second, nil
		})
	c.book.forget = true
	for b.Loop() {
		ordinary := beside(b, c, func(stop chan struct{}) { besiege(c, "/fhir/Patient/p1", stop) })
		hostile := beside(b, c, func(stop chan struct{}) { besiege(c, "/fhir/Patient/p2", stop) }, func(stop chan struct{}) { halfRequests(c, stop) })
		b.ReportMetric(float64(ordinary.Microseconds()), "ordinary-p99-µs")
		b.ReportMetric(float64(hostile.Microseconds()), "hostile-p99-µs")
		b.ReportMetric(float64(hostile)/float64(ordinary), "p99-ratio")
	}
}

// beside measures while eight of each do what they do.
func beside(b *testing.B, c *clinic, others ...func(stop chan struct{})) time.Duration {
	stop := make(chan struct{})
	var wait sync.WaitGroup
	for range 8 {
		for _, other := range others {
			wait.Go(func() { other(stop) })
		}
	}
	defer wait.Wait()
	defer close(stop)
	return p99(b, c, 3000)
}

func besiege(c *clinic, path string, stop chan struct{}) {
	client := &http.Client{}
	defer client.CloseIdleConnections()
	for {
		select {
		case <-stop:
			return
		default:
		}
		req, _ := http.NewRequest(http.MethodGet, c.URL+path, nil)
		req.Header.Set("Authorization", "Bearer alice")
		if res, err := client.Do(req); err == nil {
			_, _ = io.Copy(io.Discard, res.Body)
			res.Body.Close()
		}
	}
}

// halfRequests opens a connection and never ends its request.
func halfRequests(c *clinic, stop chan struct{}) {
	conn, err := net.Dial("tcp", c.Listener.Addr().String())
	if err != nil {
		return
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "POST /fhir/Patient/_search HTTP/1.1\r\n"+asAlice+formField+"Content-Length: 1000\r\n\r\n_id=")
	<-stop
}

// p99 reads n times on 4 connections and returns the 99th percentile.
func p99(b *testing.B, c *clinic, n int) time.Duration {
	b.Helper()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 4}}
	defer client.CloseIdleConnections()
	took := make([]time.Duration, n)
	var wait sync.WaitGroup
	for g := range 4 {
		wait.Go(func() {
			for i := g; i < n; i += 4 {
				start := time.Now()
				req, _ := http.NewRequest(http.MethodGet, c.URL+"/fhir/Patient/p1", nil)
				req.Header.Set("Authorization", "Bearer alice")
				res, err := client.Do(req)
				if err != nil {
					b.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, res.Body)
				res.Body.Close()
				if took[i] = time.Since(start); res.StatusCode != http.StatusOK {
					b.Errorf("a good request got %d", res.StatusCode)
				}
			}
		})
	}
	wait.Wait()
	slices.Sort(took)
	return took[n*99/100]
}
