package serve_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"testing"
)

// TestFC48_TheWholeServerMendsNoPath: a path outside the door's grammar is refused, and
// not redirected to what somebody made of it.
func TestFC48_TheWholeServerMendsNoPath(t *testing.T) {
	s := newSite(t)
	for _, path := range []string{"/fhir//Patient/p1", "/fhir/Patient/../Patient/p1", "/fhir/./Patient/p1", "/fhir/Patient/p1/", "/fhir/Patient//p1"} {
		conn, err := net.Dial("tcp", s.main.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path)
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		conn.Close()
		if res.StatusCode < 400 || res.Header.Get("Location") != "" {
			t.Errorf("%s: %d, Location %q", path, res.StatusCode, res.Header.Get("Location"))
		}
	}
}
