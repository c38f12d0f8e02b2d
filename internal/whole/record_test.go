package whole_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"modicum/internal/config"
	"modicum/internal/serve"
)

// TestTheRecordIsForThoseWhoSeeTheAuditTrail: interfaces 5. A task that shows something
// of an AuditEvent is not enough, and neither is the task without its facts.
func TestTheRecordIsForThoseWhoSeeTheAuditTrail(t *testing.T) {
	dir := t.TempDir()
	up := newHostile(t)
	makeInstallation(t, dir, canaryConfig(up.URL))
	writeCanaryFacts(t, dir)
	writeFile(t, filepath.Join(dir, "facts", "device.ndjson"), whole("device")+`{"fact":"managed-device","who":"sam","source":"device","recorded_by":"mdm"}`+"\n")
	c, ps := config.Load(filepath.Join(dir, "modicum.yaml"), nil)
	if c == nil {
		t.Fatal(ps)
	}
	c.Clients = append(c.Clients, config.Client{ID: "strict", ScopesRequired: true})
	server, err := serve.New(t.Context(), serve.Options{Config: c, Policy: os.DirFS(c.Policy)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := server.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	server.Facts().ReadFiles(c.Facts.Files, true)
	door := httptest.NewServer(server.Handler())
	defer door.Close()
	s := &scene{door: door.URL, errors: places{}}
	token := func(scope, client string) func(map[string]any) {
		return func(claims map[string]any) {
			claims["client_id"] = client
			if scope != "" {
				claims["scope"] = scope
			}
		}
	}
	for _, tt := range []struct {
		name, who, role, task string
		want                  int
		with                  func(map[string]any)
	}{
		{"who watches, on a managed device", "sam", "security-analyst", "watch-systems", http.StatusOK, nil},
		{"the same, by an application for other things", "sam", "security-analyst", "watch-systems", http.StatusForbidden, token("user/Patient.rs", "other")},
		{"by one for this", "sam", "security-analyst", "watch-systems", http.StatusOK, token("user/AuditEvent.r", "other")},
		{"by one that needs scopes and has none", "sam", "security-analyst", "watch-systems", http.StatusForbidden, token("", "strict")},
		{"who watches, on another device", "tom", "security-analyst", "watch-systems", http.StatusForbidden, nil},
		{"a physician", "alice", "physician", "treat", http.StatusForbidden, nil},
		{"who has no such task", "sam", "security-analyst", "treat", http.StatusForbidden, nil},
		{"no role", "sam", "", "", http.StatusForbidden, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var headers []string
			var changes []func(map[string]any)
			if tt.with != nil {
				changes = append(changes, tt.with)
			}
			if tt.task != "" {
				headers = []string{"Modicum-Task", tt.task}
			}
			a := s.send(t, tt.name, http.MethodGet, "/ledger/checkpoint", s.token(tt.who, tt.role, changes...), "", "", headers...)
			if a.status != tt.want || a.decision == "" {
				t.Errorf("got %d, decision %q, want %d", a.status, a.decision, tt.want)
			}
			if strings.HasPrefix(a.body, "modicum.hospital.example/main\n") != (tt.want == http.StatusOK) {
				t.Errorf("body %.60q", a.body)
			}
		})
	}
}
