package console_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"modicum"
	"modicum/internal/console"
	"modicum/internal/testkit"
)

func TestMain(m *testing.M) { os.Exit(testkit.Main(m)) }

func start(t *testing.T, o console.Options) *httptest.Server {
	t.Helper()
	web := httptest.NewServer(console.Start(o))
	t.Cleanup(web.Close)
	return web
}

func get(t *testing.T, url string) (*http.Response, string) {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

// TestStartPageSaysHow: what this is, where to ask, how to verify, what to read.
func TestStartPageSaysHow(t *testing.T) {
	web := start(t, console.Options{Version: "9.9.9", Base: "/fhir", Docs: modicum.Docs()})
	res, html := get(t, web.URL+"/")
	if res.StatusCode != http.StatusOK {
		t.Fatal(res.Status)
	}
	for _, s := range []string{"/fhir/metadata", "Bearer TOKEN", "Modicum-Task: TASK", "modicum ledger verify", "/docs/interfaces.md", "9.9.9", "Modicum-Decision"} {
		if !strings.Contains(html, s) {
			t.Errorf("the page does not say %q", s)
		}
	}
}

// TestStartPageIsTheSameForEverybody: nothing that a caller sends changes it, and
// it asks nothing of anybody.
func TestStartPageIsTheSameForEverybody(t *testing.T) {
	web := start(t, console.Options{Base: "/fhir"})
	_, plain := get(t, web.URL+"/")
	req, err := http.NewRequest(http.MethodGet, web.URL+"/?q=mallory", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer mallory")
	req.Host = "mallory.example"
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if string(body) != plain {
		t.Error("the page depends on who asks")
	}
	csp := res.Header.Get("Content-Security-Policy")
	if !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") || res.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("headers %v", res.Header)
	}
	for _, bad := range []string{"<script", " style=", "<style", "<form"} {
		if strings.Contains(plain, bad) {
			t.Errorf("the page holds %s", bad)
		}
	}
}

// TestStartPageServesItsDocumentsOnly: each linked document is there, and nothing
// but documents.
func TestStartPageServesItsDocumentsOnly(t *testing.T) {
	web := start(t, console.Options{Base: "/fhir", Docs: modicum.Docs()})
	_, html := get(t, web.URL+"/")
	links := 0
	for _, part := range strings.Split(html, `href="/docs/`)[1:] {
		name, _, _ := strings.Cut(part, `"`)
		links++
		res, body := get(t, web.URL+"/docs/"+name)
		if res.StatusCode != http.StatusOK || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/plain") || !strings.HasPrefix(body, "# ") {
			t.Errorf("%s: %s", name, res.Status)
		}
	}
	if links < 5 {
		t.Errorf("%d documents", links)
	}
	for _, path := range []string{"/docs/", "/docs/none.md", "/docs/..%2fgo.mod", "/docs/..%2fREADME.md", "/page", "/docs"} {
		if res, _ := get(t, web.URL+path); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", path, res.Status)
		}
	}
	res, err := http.Post(web.URL+"/", "text/plain", nil)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: %s", res.Status)
	}
}

// TestStartPageLooksRight: light, dark, on a phone, printed.
func TestStartPageLooksRight(t *testing.T) {
	ctx := testkit.Chromium(t)
	web := start(t, console.Options{Version: "development", Base: "/fhir", Docs: modicum.Docs()})
	testkit.Look(t, ctx, web.URL+"/")
}
