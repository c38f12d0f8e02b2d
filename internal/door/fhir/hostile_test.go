package fhir_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"modicum/internal/door/fhir"
)

// hostile is an upstream that writes bytes as it likes: what net/http would never send.
type hostile struct {
	net.Listener
	asked atomic.Int64
}

// newHostile answers every request on every connection by answer, which gets the
// request's first line and writes what it wants. A connection ends when answer says so.
func newHostile(t testing.TB, answer func(w io.Writer, line string) (goOn bool)) *hostile {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := &hostile{Listener: ln}
	t.Cleanup(func() { ln.Close() })
	go h.accept(answer)
	return h
}

func (h *hostile) accept(answer func(io.Writer, string) bool) {
	for {
		conn, err := h.Accept()
		if err != nil {
			return
		}
		go h.serve(conn, answer)
	}
}

func (h *hostile) serve(conn net.Conn, answer func(io.Writer, string) bool) {
	defer conn.Close()
	if tcp, is := conn.(*net.TCPConn); is {
		_ = tcp.SetWriteBuffer(64 << 10) // what is written is read, or soon stands still
	}
	r := bufio.NewReader(conn)
	for {
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, req.Body)
		h.asked.Add(1)
		if !answer(conn, req.Method+" "+req.RequestURI) {
			return
		}
	}
}

func (h *hostile) clinic(t testing.TB) *clinic { return h.clinicWithin(t, 0) }

// clinicWithin is a clinic whose door gives a request so much time: for a server that never
// comes to an end. Others are told by what they say, however busy the machine is.
func (h *hostile) clinicWithin(t testing.TB, most time.Duration) *clinic {
	return openClinicAt(t, "http://"+h.Addr().String()+"/fhir", loadPolicy(t, "testdata/policy"),
		map[string]string{"adt": assigned, "roster": shifts, "people": people}, func(_ *clinic, cfg *fhir.Config) {
			if most > 0 {
				cfg.Budget.Time = most
			}
		})
}

// soon is for servers of which some never come to an end.
const soon = 400 * time.Millisecond

const (
	fhirHead = "HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json\r\n"
	goodPat  = `{"resourceType":"Patient","id":"p1","name":[{"family":"Visible"}],"birthDate":"1970-01-01"}`
	secret   = "HOSTILESECRET"
)

// length writes a whole answer.
func length(head, body string) string {
	return fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", head, len(body), body)
}

func says(text string) func(io.Writer, string) bool {
	return func(w io.Writer, _ string) bool { _, err := io.WriteString(w, text); return err == nil }
}

// once says it and hangs up.
func once(text string) func(io.Writer, string) bool {
	return func(w io.Writer, _ string) bool { _, _ = io.WriteString(w, text); return false }
}

// forever writes the same without end, as long as anybody reads; some 64 KiB at a time, so
// that it costs whoever reads more than whoever writes.
func forever(first, again string) func(io.Writer, string) bool {
	again = strings.Repeat(again, 1+(64<<10)/len(again))
	return func(w io.Writer, _ string) bool {
		_, err := io.WriteString(w, first)
		for err == nil {
			_, err = io.WriteString(w, again)
		}
		return false
	}
}

func zipped(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, text)
	_ = z.Close()
	return b.String()
}

// bad is what an upstream may answer to a read of Patient/p1, which no door may pass on.
var bad = map[string]func(io.Writer, string) bool{
	"FC47 a member twice":           says(length(fhirHead, strings.Replace(goodPat, `"id":"p1"`, `"id":"p1","id":"p1"`, 1))),
	"FC47 a member twice, escaped":  says(length(fhirHead, strings.Replace(goodPat, `"id":"p1"`, `"id":"p1","\u0069d":"p1"`, 1))),
	"FC47 UTF-8 that is none":       says(length(fhirHead, strings.Replace(goodPat, "Visible", "\xc0\xaf"+secret, 1))),
	"FC47 half a surrogate":         says(length(fhirHead, strings.Replace(goodPat, "Visible", `\ud800`+secret, 1))),
	"FC47 a byte order mark":        says(length(fhirHead, "\ufeff"+goodPat)),
	"FC47 UTF-16":                   says(length(fhirHead, "\xff\xfe{\x00}\x00")),
	"FC47 something behind":         says(length(fhirHead, goodPat+goodPat)),
	"FC47 a comment":                says(length(fhirHead, "/*"+secret+"*/"+goodPat)),
	"FC47 not a number":             says(length(fhirHead, strings.Replace(goodPat, `"1970-01-01"`, `NaN`, 1))),
	"FC51 nested without end":       says(length(fhirHead, strings.Repeat(`{"a":`, 200_000))),
	"FC51 lists without end":        says(length(fhirHead, strings.Repeat(`[`, 1_000_000))),
	"FC51 a million members":        says(length(fhirHead, `{"resourceType":"Patient","id":"p1"`+strings.Repeat(`,"x":1`, 400_000)+`}`)),
	"FC51 very many values":         says(length(fhirHead, `{"resourceType":"Patient","id":"p1","name":[`+strings.Repeat(`1,`, 4_000_000)+`1]}`)),
	"FC51 a body without end":       forever(fhirHead+"\r\n", strings.Repeat("x", 64<<10)),
	"FC51 chunks without end":       forever(fhirHead+"Transfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n"),
	"FC51 headers without end":      forever("HTTP/1.1 200 OK\r\n", "X-A: "+strings.Repeat("x", 1000)+"\r\n"),
	"FC51 a header without end":     forever("HTTP/1.1 200 OK\r\nX-A: ", strings.Repeat("x", 1000)),
	"FC51 an extension of a chunk":  forever(fhirHead+"Transfer-Encoding: chunked\r\n\r\n1;", strings.Repeat("x", 1000)),
	"FC51 hints without end":        forever("", "HTTP/1.1 103 Early Hints\r\nLink: <"+secret+">\r\n\r\n"),
	"FC51 a length of 2^63":         once(fhirHead + "Content-Length: 9223372036854775807\r\n\r\n{"),
	"FC51 gzip, though not asked":   says(length(fhirHead+"Content-Encoding: gzip\r\n", zipped(strings.Repeat(" ", 50_000_000)))),
	"FC51 gzip that is not called":  says(length(fhirHead, zipped(goodPat))),
	"FC49 two lengths":              once(fhirHead + "Content-Length: 10\r\nContent-Length: 20\r\n\r\n" + goodPat),
	"FC49 a length below zero":      once(fhirHead + "Content-Length: -1\r\n\r\n" + goodPat),
	"FC49 a length in hex":          once(fhirHead + "Content-Length: 0x10\r\n\r\n" + goodPat),
	"FC49 a body cut short":         once(fhirHead + "Content-Length: 5000\r\n\r\n" + goodPat),
	"FC49 chunks cut short":         once(fhirHead + "Transfer-Encoding: chunked\r\n\r\nff\r\n" + goodPat),
	"FC49 a chunk of no size":       once(fhirHead + "Transfer-Encoding: chunked\r\n\r\nzz\r\n" + goodPat + "\r\n0\r\n\r\n"),
	"FC49 an encoding nobody knows": once(fhirHead + "Transfer-Encoding: " + secret + "\r\n\r\n" + goodPat),
	"FC49 not HTTP":                 once("+OK " + secret + "\r\n\r\n" + goodPat),
	"FC49 HTTP/2":                   once("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
	"FC49 a status of no class":     once("HTTP/1.1 999 " + secret + "\r\nContent-Type: application/fhir+json\r\n\r\n" + goodPat),
	"FC49 switching protocols":      once("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n" + goodPat),
	"FC49 hung up":                  once(""),
	"FC46 HTML":                     says(length("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n", "<html>"+secret)),
	"FC46 two types":                says(length(fhirHead+"Content-Type: text/html\r\n", goodPat)),
	"FC46 no type":                  says(length("HTTP/1.1 200 OK\r\n", goodPat)),
	"FC46 UTF-7":                    says(length("HTTP/1.1 200 OK\r\nContent-Type: application/fhir+json; charset=utf-7\r\n", goodPat)),
	"O1 a redirect":                 says(length("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/"+secret+"\r\n", "")),
	"F9 another patient":            says(length(fhirHead, strings.Replace(goodPat, `"p1"`, `"p2"`, 1))),
	"F9 another type":               says(length(fhirHead, `{"resourceType":"Group","id":"p1"}`)),
	"F9 a bundle of itself":         says(length(fhirHead, `{"resourceType":"Bundle","id":"p1","type":"collection","entry":[{"resource":`+strings.Repeat(`{"resourceType":"Bundle","entry":[{"resource":`, 20)+goodPat+strings.Repeat(`}]}`, 20)+`}]}`)),
	"F9 partial content":            says(length("HTTP/1.1 206 Partial Content\r\nContent-Type: application/fhir+json\r\nContent-Range: bytes 0-9/99\r\n", goodPat)),
	"T7 drop by drop": func(w io.Writer, _ string) bool {
		_, err := io.WriteString(w, fhirHead+"\r\n{")
		for tick := time.NewTicker(5 * time.Millisecond); err == nil; <-tick.C {
			_, err = io.WriteString(w, " ")
		}
		return false
	},
}

// TestT7_AHostileUpstreamLetsNothingOut: whatever bytes the upstream sends, the answer
// is one of the door's own, soon, in bounded memory, and nothing stays behind.
func TestT7_AHostileUpstreamLetsNothingOut(t *testing.T) {
	for name, answer := range bad {
		t.Run(name, func(t *testing.T) {
			h := newHostile(t, answer)
			c := h.clinicWithin(t, soon)
			for _, path := range []string{"/Patient/p1", "/Patient?_id=p1"} {
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				r := c.get(t, "alice", path)
				runtime.ReadMemStats(&after)
				if r.status != http.StatusBadGateway && r.status != http.StatusNotFound && r.status != http.StatusServiceUnavailable {
					t.Errorf("%s: %d %.200s", path, r.status, r.body)
				}
				if strings.Contains(r.plain(), secret) || strings.Contains(r.body, "Visible") || strings.Contains(c.logs.String(), secret) {
					t.Errorf("%s: something of the upstream left: %.300s", path, r.plain())
				}
				if used := after.TotalAlloc - before.TotalAlloc; used > 600<<20 {
					t.Errorf("%s: %d MB were used for one request", path, used>>20)
				}
			}
			if h.asked.Load() == 0 {
				t.Error("the upstream was not asked: nothing was tried")
			}
		})
	}
}

// TestFC42_TrailersAndHintsOfTheUpstreamGoNoFurther: a good record among them arrives
// and they do not.
func TestFC42_TrailersAndHintsOfTheUpstreamGoNoFurther(t *testing.T) {
	h := newHostile(t, says("HTTP/1.1 103 Early Hints\r\nLink: <"+secret+">\r\n\r\n"+fhirHead+"Trailer: X-"+secret+"\r\nX-Other: "+secret+"\r\nSet-Cookie: "+secret+
		"\r\nTransfer-Encoding: chunked\r\n\r\n"+fmt.Sprintf("%x;%s\r\n%s\r\n0\r\nX-%s: 1\r\n\r\n", len(goodPat), secret, goodPat, secret)))
	r := h.clinic(t).get(t, "alice", "/Patient/p1")
	if r.status != http.StatusOK || !strings.Contains(r.body, "Visible") || strings.Contains(r.plain(), secret) {
		t.Errorf("got %s", r.plain())
	}
}

// TestFC49_WhatFollowsAnAnswerOfTheUpstreamIsNoAnswer: bytes that an upstream sends
// beyond its answer are not taken for the answer to somebody's next request.
func TestFC49_WhatFollowsAnAnswerOfTheUpstreamIsNoAnswer(t *testing.T) {
	log.SetOutput(io.Discard) // as the command does: net/http quotes what follows
	t.Cleanup(func() { log.SetOutput(os.Stderr) })
	forged := length(fhirHead, strings.Replace(goodPat, "Visible", secret, 1))
	h := newHostile(t, says(length(fhirHead, goodPat)+forged+forged))
	c := h.clinic(t)
	for i := range 20 {
		if r := c.get(t, "alice", "/Patient/p1"); strings.Contains(r.body, secret) {
			t.Fatalf("request %d was answered with what followed another's answer", i)
		}
	}
}

// TestFC25_NestedBundlesInAPage: a page within a page is no match.
func TestFC25_NestedBundlesInAPage(t *testing.T) {
	inner := `{"resourceType":"Bundle","id":"b","type":"searchset","entry":[{"resource":` + strings.Replace(goodPat, "Visible", secret, 1) + `}]}`
	h := newHostile(t, says(length(fhirHead, `{"resourceType":"Bundle","type":"searchset","entry":[{"resource":`+inner+`,"search":{"mode":"match"}}]}`)))
	if r := h.clinic(t).get(t, "alice", "/Patient?_id=p1"); r.status != http.StatusBadGateway || strings.Contains(r.body, secret) {
		t.Errorf("got %d %s", r.status, r.body)
	}
}

// TestT7_NothingStaysBehindOfAHostileUpstream: its connections and their goroutines end.
func TestT7_NothingStaysBehindOfAHostileUpstream(t *testing.T) {
	h := newHostile(t, bad["FC51 a body without end"])
	c := h.clinicWithin(t, soon)
	c.get(t, "alice", "/Patient/p1")
	base := runtime.NumGoroutine()
	for range 50 {
		c.get(t, "alice", "/Patient/p1")
	}
	for end := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > base+10; runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), base)
		}
	}
}

// TestFC51_WhatCannotBeReadIsRefusedCheaply: a server that answers nonsense makes the door
// do no more than one that answers a record, so that others do not wait for it.
func TestFC51_WhatCannotBeReadIsRefusedCheaply(t *testing.T) {
	h := newHostile(t, bad["FC47 UTF-16"])
	c := h.clinic(t)
	c.get(t, "alice", "/Patient/p1")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	const times = 50
	for range times {
		c.get(t, "alice", "/Patient/p1")
	}
	runtime.ReadMemStats(&after)
	if each := (after.TotalAlloc - before.TotalAlloc) / times; each > 200<<10 {
		t.Errorf("%d bytes were allocated for each", each)
	}
}
