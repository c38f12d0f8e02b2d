//go:build !race

package fhir_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"modicum/internal/door/fhir"
	"modicum/internal/testkit"
	"modicum/ledger"
)

// searchAllocations is the most that a whole search through the door may allocate: 86, as it
// did when this was written, and a sixth more.
const searchAllocations = 100

// TestASearchAllocatesLittle holds what was won: each thing that a request allocates costs
// it twice, when it is made and when it is collected. It counts, and times nothing. The race
// detector has pools forget on purpose, so that there is nothing to count.
func TestASearchAllocatesLittle(t *testing.T) {
	ask := searches(t)
	for range 50 { // what is lent is made, what is looked up is known
		ask()
	}
	if n := testing.AllocsPerRun(200, ask); n > searchAllocations {
		t.Errorf("a search allocates %.0f times, at most %d", n, searchAllocations)
	}
}

// BenchmarkSearch is the door by itself: a search of 20 kB from a request that was read to
// an answer that is ready to be written, its entries encoded and forgotten.
//
//	go test -run '^$' -bench 'Search$' -benchmem ./internal/door/fhir
func BenchmarkSearch(b *testing.B) {
	ask := searches(b)
	for range 50 {
		ask()
	}
	b.ReportAllocs()
	before, _ := testkit.Processor()
	b.ResetTimer()
	for range b.N {
		ask()
	}
	b.StopTimer()
	if used, known := testkit.Processor(); known {
		b.ReportMetric(float64((used-before).Microseconds())/float64(b.N), "cpu-µs/op")
	}
}

// searches returns what asks a door for 42 conditions of one patient, before an upstream
// that only sends what it was given, so that it adds nothing to what is counted.
func searches(t testing.TB) func() {
	t.Helper()
	up := newSheet(t)
	var records []string
	for i := range 42 {
		records = append(records, strings.Replace(condition(fmt.Sprintf("c%02d", i), "p1", "J45.0"), `"recordedDate"`,
			`"note":[{"text":"a remark that this task does not need"}],"onsetDateTime":"2020-01-02","verificationStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-ver-status","code":"confirmed"}]},"recordedDate"`, 1))
	}
	address := parrot(t, up.bundle(42, "", records...))
	var door http.Handler
	clinic := openClinicOver(t, ready{}, "http://"+address+"/fhir", loadPolicy(t, "testdata/policy"),
		map[string]string{"adt": assigned, "roster": shifts, "people": people}, func(c *clinic, cfg *fhir.Config) { cfg.Diary = nil })
	door = clinic.Config.Handler
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	r := httptest.NewRequest(http.MethodGet, "http://door.example/fhir/Condition?patient=p1", nil).WithContext(ctx)
	r.Header.Set("Authorization", "Bearer alice")
	w := &sink{header: http.Header{}}
	return func() {
		clear(w.header)
		w.status, w.bytes = 0, 0
		door.ServeHTTP(w, r)
		if w.status != http.StatusOK || w.bytes < 10<<10 {
			t.Fatalf("status %d, %d bytes", w.status, w.bytes)
		}
	}
}

// ready is a record in which everything is durable at once.
type ready struct{}

func (ready) Append(_ context.Context, e ledger.Entry, _ func(ledger.Tx) error) (ledger.Receipt, error) {
	_, err := ledger.Encode(e)
	return ledger.Receipt{}, err
}

func (l ready) Start(e ledger.Entry) (ledger.Started, bool, error) {
	_, err := ledger.Encode(e)
	return l, err == nil, err
}

func (ready) Wait(context.Context, time.Duration) (ledger.Receipt, error) {
	return ledger.Receipt{}, nil
}

// sink counts an answer.
type sink struct {
	header        http.Header
	status, bytes int
}

func (s *sink) Header() http.Header { return s.header }
func (s *sink) WriteHeader(n int)   { s.status = n }
func (s *sink) Write(b []byte) (int, error) {
	s.bytes += len(b)
	return len(b), nil
}

// parrot is a server that answers whatever it is asked with the same body, and allocates
// nothing for it.
func parrot(t testing.TB, body string) (address string) {
	t.Helper()
	answer := fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json;charset=UTF-8\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				for in := bufio.NewReader(conn); ; {
					line, err := in.ReadSlice('\n')
					if err != nil {
						return
					}
					if bytes.Equal(line, []byte("\r\n")) {
						if _, err := conn.Write(answer); err != nil {
							return
						}
					}
				}
			}()
		}
	}()
	return ln.Addr().String()
}
