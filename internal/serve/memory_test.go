package serve_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"modicum/internal/config"
	"modicum/internal/sandbox"
	"modicum/internal/serve"
)

// TestMain lets this binary be the server whose memory is measured, so that
// neither upstream nor load count.
func TestMain(m *testing.M) {
	if os.Getenv("SERVE_TEST_CHILD") != "" {
		child()
		return
	}
	os.Exit(m.Run())
}

// child serves the configuration that it reads, until its input ends.
func child() {
	var c config.Config
	in := bufio.NewReader(os.Stdin)
	line, err := in.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &c)
	}
	policy := &folder{}
	policy.put(strings.ReplaceAll(files, "    limits: {requests: 5 per day}\n", ""))
	var s *serve.Server
	if err == nil {
		s, err = serve.New(context.Background(), serve.Options{Config: &c, Policy: policy, Version: "test"})
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	go http.ListenAndServe(c.Listen, s.Handler())
	fmt.Println("ready")
	io.Copy(io.Discard, in)
	s.Close(context.Background())
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
	c := *s.config
	c.Listen = "127.0.0.1:" + strconv.Itoa(30000+os.Getpid()%20000)
	text, err := json.Marshal(&c)
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "SERVE_TEST_CHILD=1")
	input, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	defer func() { input.Close(); cmd.Wait() }()
	fmt.Fprintf(input, "%s\n", text)
	if said, _ := bufio.NewReader(output).ReadString('\n'); said != "ready\n" {
		b.Fatal(said)
	}
	token, err := s.issuer.Token(sandbox.Person{ID: "alice", Role: "clinician"}, sandbox.Ward, time.Now())
	if err != nil {
		b.Fatal(err)
	}
	ask := func() error {
		req, _ := http.NewRequest(http.MethodGet, "http://"+c.Listen+"/fhir/Condition?patient=p1", nil)
		req.Header.Set("Authorization", "Bearer "+token)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != http.StatusOK {
			return fmt.Errorf("%d %v", res.StatusCode, err)
		}
		return nil
	}
	for i := 0; ask() != nil; i++ { // it says ready just before it listens
		if i > 100 {
			b.Fatal(ask())
		}
	}
	http.DefaultTransport.(*http.Transport).MaxIdleConnsPerHost = 16
	idle := memory(b, cmd.Process.Pid, "VmRSS")
	b.ResetTimer()
	var left atomic.Int64
	left.Store(int64(b.N))
	var load sync.WaitGroup
	for range 16 {
		load.Go(func() {
			for left.Add(-1) >= 0 {
				if err := ask(); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	load.Wait()
	b.StopTimer()
	b.ReportMetric(idle, "idle-MB")
	b.ReportMetric(memory(b, cmd.Process.Pid, "VmHWM"), "peak-MB")
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
