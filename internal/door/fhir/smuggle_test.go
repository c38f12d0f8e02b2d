package fhir_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// statuses sends bytes on one connection and lists the statuses of all answers that come
// back before it ends. That it ends is demanded: of an answer that is only late nobody could
// say that it does not come.
func (c *clinic) statuses(t *testing.T, text string) (out []int) {
	t.Helper()
	conn, err := net.Dial("tcp", c.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Minute)) // none of them is a request that is not whole yet
	if _, err := io.WriteString(conn, text); err != nil {
		return out
	}
	r := bufio.NewReader(conn)
	for {
		res, err := http.ReadResponse(r, nil)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("%q: after %v the connection does not end", text, out)
		}
		if err != nil {
			return out
		}
		_, _ = io.Copy(io.Discard, res.Body)
		res.Body.Close()
		out = append(out, res.StatusCode)
	}
}

const (
	asAlice   = "Host: x\r\nAuthorization: Bearer alice\r\n"
	smuggled  = "GET /fhir/Patient/p1 HTTP/1.1\r\n" + asAlice + "Connection: close\r\n\r\n"
	plain     = "GET /fhir/Patient/p1 HTTP/1.1\r\n" + asAlice + "\r\n"
	formField = "Content-Type: application/x-www-form-urlencoded\r\n"
)

// TestFC49_NoRequestHidesInAnother: where two who read the same bytes may part them
// otherwise, the request is refused or the connection ends: what follows is never
// answered as a request of its own.
func TestFC49_NoRequestHidesInAnother(t *testing.T) {
	c := openClinic(t, ward(t), "", nil)
	if got := c.statuses(t, plain+smuggled); len(got) != 2 || got[0] != 200 || got[1] != 200 {
		t.Fatalf("two plain requests: %v; nothing could hide", got)
	}
	post := "POST /fhir/Patient/_search HTTP/1.1\r\n" + asAlice + formField
	for name, text := range map[string]string{
		"a length beside chunks":         post + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"chunks beside a length":         post + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
		"chunked twice":                  post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"chunked and identity":           post + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
		"chunked, misspelt":              post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
		"chunked after a tab":            post + "Transfer-Encoding:\tchunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
		"chunked after a vertical tab":   post + "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
		"a name with a blank":            post + "Transfer-Encoding : chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
		"a folded encoding":              post + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
		"two lengths":                    post + "Content-Length: 0\r\nContent-Length: 5\r\n\r\nhello",
		"two lengths in one":             post + "Content-Length: 0, 5\r\n\r\nhello",
		"a length with a sign":           post + "Content-Length: +5\r\n\r\nhello",
		"a length in hex":                post + "Content-Length: 0x5\r\n\r\nhello",
		"a length below zero":            post + "Content-Length: -5\r\n\r\nhello",
		"a GET with a body":              "GET /fhir/Patient/p1 HTTP/1.1\r\n" + asAlice + "Content-Length: 5\r\n\r\nhello",
		"a chunk with a bare line feed":  post + "Transfer-Encoding: chunked\r\n\r\n1\nx\n0\n\n",
		"a chunk of a size with a sign":  post + "Transfer-Encoding: chunked\r\n\r\n+0\r\n\r\n",
		"a chunk extension with a break": post + "Transfer-Encoding: chunked\r\n\r\n0;a=\r\n\r\n",
		"a zero in a header":             "GET /fhir/Patient/p1 HTTP/1.1\r\n" + asAlice + "X: \x00\r\n\r\n",
		"a return in a header":           "GET /fhir/Patient/p1 HTTP/1.1\r\n" + asAlice + "X: a\rb\r\n\r\n",
		"an upgrade":                     "GET /fhir/Patient/p1 HTTP/1.1\r\n" + asAlice + "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n",
		"HTTP/1.0 with chunks":           strings.Replace(post, "HTTP/1.1", "HTTP/1.0", 1) + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"another version":                "GET /fhir/Patient/p1 HTTP/3.1\r\n" + asAlice + "\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			got := c.statuses(t, text+smuggled)
			switch {
			case len(got) > 0 && got[0] == 200 && len(got) > 1:
				t.Errorf("answered, and then what followed: %v", got)
			case len(got) > 1 && got[1] == 200 && name != "a GET with a body" && name != "an upgrade":
				t.Errorf("refused, and then what followed was answered: %v", got)
			}
		})
	}
}

// TestFC48_TheTargetIsAPathOfOurs: no other form of a request's target reaches data, nor
// does a host that is not one.
func TestFC48_TheTargetIsAPathOfOurs(t *testing.T) {
	c := openClinic(t, ward(t), "", nil)
	for _, line := range []string{
		"GET http://elsewhere.example/fhir/Patient/p1 HTTP/1.1\r\nHost: x y\r\n",
		"GET http://user:pass@x/fhir/Patient/../Patient/p1 HTTP/1.1\r\nHost: x\r\n",
		"GET //fhir/Patient/p1 HTTP/1.1\r\nHost: x\r\n",
		"GET fhir/Patient/p1 HTTP/1.1\r\nHost: x\r\n",
		"GET /fhir/Patient/p1?a HTTP/1.1\r\nHost: x\r\n",
		"GET /fhir/Patient/p1\t HTTP/1.1\r\nHost: x\r\n",
		"GET /fhir/Patient/p1 x HTTP/1.1\r\nHost: x\r\n",
		"GET /fhir/Patient/\x00p1 HTTP/1.1\r\nHost: x\r\n",
		"get /fhir/Patient/p1 HTTP/1.1\r\nHost: x\r\n",
		"GET /fhir/Patient/p1 HTTP/1.1\r\nHost: x\r\nHost: y\r\n",
		"GET /fhir/Patient/p1 HTTP/1.1\r\nHost: x/y\r\n",
		"GET /fhir/Patient/p1 HTTP/1.1\r\nHost: x\"><script>\r\n",
	} {
		if got := c.statuses(t, line+"Authorization: Bearer alice\r\nConnection: close\r\n\r\n"); len(got) > 0 && got[0] < 400 {
			t.Errorf("%q: %v", line, got)
		}
	}
}

// TestFC50_HopByHopHeadersTakeNothingAway: a client that lists our headers as hop-by-hop,
// or names somebody else, is still who its token says, for the task that it states.
func TestFC50_HopByHopHeadersTakeNothingAway(t *testing.T) {
	c := openClinic(t, ward(t), "", nil)
	ask := func(more string) string {
		return fmt.Sprintf("GET /fhir/Patient/p1 HTTP/1.1\r\n%s%sConnection: close\r\n\r\n", asAlice, more)
	}
	for more, want := range map[string]int{
		"Connection: Authorization\r\n":                                                      200,
		"Connection: Modicum-Task\r\nModicum-Task: no-such-task\r\n":                         403,
		"Proxy-Authorization: Bearer bob\r\nX-Forwarded-User: bob\r\nForwarded: for=bob\r\n": 200,
		"Authorization: Bearer nemo\r\n":                                                     200, // the double of this harness reads the first; the verifier refuses two
		"Modicum-Task: chart-review\r\nMODICUM-TASK: bill\r\n":                               400,
		"Modicum-Task:\r\n": 400,
		"X-HTTP-Method: DELETE\r\nX-Method-Override: DELETE\r\n": 200,
	} {
		if got := c.statuses(t, ask(more)); len(got) != 1 || got[0] != want {
			t.Errorf("%q: %v, want %d", more, got, want)
		}
	}
	for _, h := range c.up.headers {
		for name := range h {
			switch name {
			case "Accept", "Accept-Encoding", "User-Agent":
			default:
				t.Errorf("the upstream got the header %s", name)
			}
		}
	}
}

// TestFC51_HeadersOfAClientAreBounded: many or long ones cost a refusal.
func TestFC51_HeadersOfAClientAreBounded(t *testing.T) {
	c := openClinic(t, ward(t), "", nil)
	for name, more := range map[string]string{
		"long": "X-A: " + strings.Repeat("x", 2<<20) + "\r\n",
		"many": strings.Repeat("X-A: x\r\n", 300_000),
	} {
		if got := c.statuses(t, "GET /fhir/Patient/p1 HTTP/1.1\r\n"+asAlice+more+"\r\n"); len(got) > 0 && got[0] < 400 {
			t.Errorf("%s headers: %v", name, got)
		}
	}
}
