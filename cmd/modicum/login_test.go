package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"modicum/internal/pocket"
)

// typed types a command of a person whose folder of configuration is dir.
func typed(t *testing.T, dir string, args ...string) (status int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	status = run(t.Context(), args, []string{"XDG_CONFIG_HOME=" + dir}, strings.NewReader(""), &o, &e)
	return status, o.String(), e.String()
}

func TestLoginSaysWhatIsWrongBeforeItAsksAnybody(t *testing.T) {
	for _, tt := range []struct {
		args   []string
		status int
		says   string
	}{
		{[]string{"login", "--token"}, exitNo, "you are not signed in"},
		{[]string{"login"}, exitUsage, "--server https://HOST"},
		{[]string{"login", "--server", "http://modicum.example"}, exitUsage, "must be https"},
		{[]string{"login", "--server", "https://modicum.example/fhir"}, exitUsage, "without a path"},
		{[]string{"login", "--for", "9h", "--server", "https://modicum.example"}, exitUsage, "between 1m and 8h"},
		{[]string{"login", "--server", "http://127.0.0.1:1"}, exitUnavailable, "cannot be reached"},
		{[]string{"logout"}, exitYes, ""},
	} {
		status, _, errs := typed(t, t.TempDir(), tt.args...)
		if status != tt.status || !strings.Contains(errs, tt.says) {
			t.Errorf("modicum %v: %d %q", tt.args, status, errs)
		}
	}
}

func TestLoginPrintsTheTokenForOtherPrograms(t *testing.T) {
	dir := t.TempDir()
	err := pocket.In(dir).Put(pocket.Token{Server: "http://127.0.0.1:1", Value: "mdc_x", Who: "alice", Task: "nurse/give-care", Until: time.Now().Add(time.Hour).UnixMicro()})
	if err != nil {
		t.Fatal(err)
	}
	if status, out, errs := typed(t, dir, "login", "--token"); status != exitYes || out != "mdc_x\n" || errs != "" {
		t.Errorf("%d %q %q", status, out, errs)
	}
	if _, out, _ := typed(t, dir, "login", "--token", "--json"); !strings.Contains(out, `"task":"nurse/give-care"`) {
		t.Errorf("%q", out)
	}
	status, _, errs := typed(t, dir, "logout")
	if status != exitUnavailable || !strings.Contains(errs, "removed here") || strings.Contains(errs, "mdc_x") {
		t.Errorf("a server that does not answer: %d %q", status, errs)
	}
	if status, _, _ := typed(t, dir, "login", "--token"); status != exitNo {
		t.Errorf("it is still there: %d", status)
	}
}

func TestLogoutRevokes(t *testing.T) {
	dir, got := t.TempDir(), ""
	web := httptest.NewServer(answering(&got))
	defer web.Close()
	if err := pocket.In(dir).Put(pocket.Token{Server: web.URL, Value: "mdc_x", Until: time.Now().Add(time.Hour).UnixMicro()}); err != nil {
		t.Fatal(err)
	}
	if status, out, errs := typed(t, dir, "logout"); status != exitYes || !strings.Contains(out, "Signed out at "+web.URL) || got != "/oauth/revoke mdc_x" {
		t.Errorf("%d %q %q, the server got %q", status, out, errs, got)
	}
}

// answering notes which token is to be revoked.
func answering(got *string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		*got = r.URL.Path + " " + r.PostFormValue("token")
		_, _ = w.Write([]byte("{}"))
	}
}
