package serve_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"

	"modicum/internal/sandbox"
)

// upstream is the sandbox's server. While flow is set, a search for conditions of p1 is a
// page that begins and goes on for as long as somebody waits for it.
type upstream struct {
	*sandbox.Server
	flow atomic.Bool
}

func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !u.flow.Load() || !strings.HasSuffix(r.URL.Path, "/Condition") {
		u.Server.ServeHTTP(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/fhir+json")
	io.WriteString(w, `{"resourceType":"Bundle","type":"searchset","entry":[`)
	for i := range 120 {
		if i > 0 {
			io.WriteString(w, ",")
		}
		fmt.Fprintf(w, `{"resource":{"resourceType":"Condition","id":"flow%d","subject":{"reference":"Patient/p1"},"code":{"text":"%s"}}}`, i, strings.Repeat("v", 60_000))
	}
	w.(http.Flusher).Flush()
	<-r.Context().Done()
}
