package fhir_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"modicum/internal/door/fhir"
	"modicum/internal/testkit"
)

// BenchmarkDoor measures a search whose answer has 20 kB through the door, and
// the limit beside it in the same run: httputil.ReverseProxy with a buffer pool
// on the same upstream. The record is encoded and forgotten here: what a durable
// append costs, the store's own benchmark says. cpu-µs/op is of the whole process, load
// and upstream included, which are the same for both.
//
//	go test -run xxx -bench Door -benchtime 3s -cpu 2 ./internal/door/fhir
func BenchmarkDoor(b *testing.B) {
	up := newSheet(b)
	up.put(patient("p1", "Familyp1", "1940-05-06"))
	var records []string
	for i := range 42 {
		records = append(records, strings.Replace(condition(fmt.Sprintf("c%02d", i), "p1", "J45.0"), `"recordedDate"`, `"note":[{"text":"a remark that this task does not need"}],"onsetDateTime":"2020-01-02","verificationStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-ver-status","code":"confirmed"}]},"recordedDate"`, 1))
	}
	answer := []byte(up.bundle(42, "", records...))
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/fhir+json;charset=UTF-8")
		w.Header().Set("Content-Length", fmt.Sprint(len(answer)))
		w.Write(answer)
	}))
	b.Cleanup(upstream.Close)
	up.Server.URL = upstream.URL
	c := openClinic(b, up, "", func(cfg *fhir.Config) { cfg.Diary = nil })
	c.book.forget = true

	address, err := url.Parse(upstream.URL)
	if err != nil {
		b.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(address)
	proxy.BufferPool = pool{make(chan []byte, 64)}
	proxy.Transport = &http.Transport{MaxIdleConnsPerHost: 64}
	plain := httptest.NewServer(proxy)
	b.Cleanup(plain.Close)

	b.Run("limit", func(b *testing.B) { load(b, plain.URL+"/fhir/Condition?patient=p1", len(answer)) })
	b.Run("door", func(b *testing.B) { load(b, c.URL+"/fhir/Condition?patient=p1", len(answer)) })
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

// load asks over and over on 16 connections.
func load(b *testing.B, address string, size int) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	b.Cleanup(client.CloseIdleConnections)
	b.SetBytes(int64(size))
	b.ReportAllocs()
	b.SetParallelism(8)
	before, _ := testkit.Processor()
	b.ResetTimer()
	start := time.Now()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			req, _ := http.NewRequest(http.MethodGet, address, nil)
			req.Header.Set("Authorization", "Bearer alice")
			res, err := client.Do(req)
			if err != nil {
				b.Error(err)
				return
			}
			n, _ := io.Copy(io.Discard, res.Body)
			res.Body.Close()
			if res.StatusCode != 200 || n < 10<<10 {
				b.Errorf("%d, %d bytes", res.StatusCode, n)
				return
			}
		}
	})
	b.StopTimer()
	b.ReportMetric(float64(b.N)/time.Since(start).Seconds(), "req/s")
	if used, known := testkit.Processor(); known {
		b.ReportMetric(float64((used-before).Microseconds())/float64(b.N), "cpu-µs/op")
	}
}
