package serve_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"modicum/internal/console"
	"modicum/internal/serve"
)

// stage is what the demo would open.
func stage() *serve.Stage {
	return &serve.Stage{Path: "/as/", Again: "/as/me", Pages: []console.Page{{Path: "/as/{id}", Anybody: true, Get: func(*console.Visit) error { return nil }}}}
}

// TestTheDemosWayInIsForThisMachine: a server with it does not start where others reach
// its listener, or before the records of another machine.
func TestTheDemosWayInIsForThisMachine(t *testing.T) {
	s := newSite(t)
	s.stop()
	for name, spoil := range map[string]func(){
		"any address": func() { s.config.Listen = "0.0.0.0:8080" },
		"no address":  func() { s.config.Listen = ":8080" },
		"a name":      func() { s.config.Listen = "hospital.example:8080" },
		"records elsewhere": func() {
			far := *s.config.FHIR.Upstream
			far.Host = "fhir.hospital.example"
			s.config.FHIR.Upstream = &far
		},
	} {
		config := *s.config
		spoil()
		server, err := serve.New(t.Context(), serve.Options{Config: s.config, Policy: s.policy, Now: s.now, Stage: stage()})
		if !errors.Is(err, serve.ErrStage) {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil {
			server.Close(t.Context())
		}
		*s.config = config
	}
}

// TestAnInstallationHasNoWayInWithoutAProof: a server without the demo's option knows no
// page of it, whoever asks.
func TestAnInstallationHasNoWayInWithoutAProof(t *testing.T) {
	s := newSite(t)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, path := range []string{"/as", "/as/", "/as/alice", "/as/me"} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			req, err := http.NewRequest(method, s.main.URL+path, strings.NewReader(""))
			if err != nil {
				t.Fatal(err)
			}
			res, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if res.StatusCode != http.StatusNotFound && res.StatusCode != http.StatusMethodNotAllowed || len(res.Cookies()) > 0 {
				t.Errorf("%s %s: %d, %d cookies", method, path, res.StatusCode, len(res.Cookies()))
			}
		}
	}
}
