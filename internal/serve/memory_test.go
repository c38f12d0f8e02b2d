package serve_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"testing"
	"time"

	"modicum/internal/line"
	"modicum/internal/serve"
	"modicum/internal/testkit"
)

// TestMain lets this binary be the server whose memory is measured, so that
// neither upstream nor load count.
func TestMain(m *testing.M) {
	if run := children[os.Getenv("SERVE_TEST_CHILD")]; run != nil {
		run()
		return
	}
	testkit.Main(m)
}

// children is what else this binary can be, by SERVE_TEST_CHILD.
var children = map[string]func(){"door": child, "proxy": proxyChild, "readers": readersChild}

// child serves the configuration that it reads, until its input ends.
func child() {
	c, in := childConfig()
	policy := &folder{}
	policy.put(strings.ReplaceAll(files, "    limits: {requests: 5 per day}\n", ""))
	s, err := serve.New(context.Background(), serve.Options{Config: c, Policy: policy, Version: "test"})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	defer profiled()()
	if os.Getenv("GOGC") == "" { // as the command does
		ctx, stop := context.WithCancel(context.Background())
		defer stop()
		go serve.KeepRoom(ctx)
	}
	serveReady(doorServer(s.Handler()), line.Listener)
	io.Copy(io.Discard, in)
	s.Close(context.Background())
}

// profiled writes where the door's process spends its time, and what it allocates, into
// the folder BENCH_PROFILE.
func profiled() (stop func()) {
	dir := os.Getenv("BENCH_PROFILE")
	if dir == "" {
		return func() {}
	}
	cpu, err := os.Create(filepath.Join(dir, "cpu.pprof"))
	if err == nil {
		err = pprof.StartCPUProfile(cpu)
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	return func() {
		pprof.StopCPUProfile()
		cpu.Close()
		if heap, err := os.Create(filepath.Join(dir, "allocs.pprof")); err == nil {
			pprof.Lookup("allocs").WriteTo(heap, 0)
			heap.Close()
		}
	}
}

// BenchmarkServer measures the server alone, in a process of its own, with its
// record on disk: memory idle and at its peak under 16 connections, and requests
// a second (upstream and load run beside it on the same processors).
//
//	go test -run '^$' -bench Server -benchtime 5000x ./internal/serve
func BenchmarkServer(b *testing.B) {
	if runtime.GOOS != "linux" {
		b.Skip("SKIPPED: memory of another process is read from /proc")
	}
	s := newSite(b)
	if status, body := s.post(assignment("alice", true, time.Minute)); status != http.StatusOK {
		b.Fatal(body)
	}
	s.stop() // the child takes the data folder over, facts included
	cmd := s.child(b, "door", s.config.FHIR.Upstream)
	token := s.token(b)
	ask := func() error { return askOnce(http.DefaultClient, cmd.address+"/Condition?patient=p1", token) }
	if err := ask(); err != nil {
		b.Fatal(err)
	}
	http.DefaultTransport.(*http.Transport).MaxIdleConnsPerHost = connections
	idle := memory(b, cmd.pid, "VmRSS")
	b.ResetTimer()
	load(b, b.N, ask)
	b.StopTimer()
	b.ReportMetric(idle, "idle-MB")
	b.ReportMetric(memory(b, cmd.pid, "VmHWM"), "peak-MB")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
}

// memory reads a figure of /proc/PID/status, in MB.
func memory(b *testing.B, pid int, name string) float64 {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), name+":")
	kb, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
	if err != nil {
		b.Fatal(err)
	}
	return kb / 1024
}
