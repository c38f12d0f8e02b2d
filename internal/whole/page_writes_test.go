package whole_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/chromedp/chromedp"

	"modicum/internal/sandbox"
	"modicum/internal/testkit"
)

// pages are the two client libraries that run in a browser too.
var pages = []library{{name: "page-fhir-kit-client"}, {name: "page-fhirclient-js"}}

// writingPage is a page of an application: another origin than the door's, with the
// libraries as they lie in the registry.
const writingPage = `<!doctype html><title>Writes</title>
<script type="importmap">{"imports": {"fhir-kit-client": "/lib/fhir-kit-client/dist/index.js", "agentkeepalive": "/common/agentkeepalive/browser.js",
  "debug": "/common/debug/src/browser.js", "json-stringify-safe": "/common/json-stringify-safe/stringify.js"}}</script>
<script src="/lib/fhirclient/build/fhir-client.js"></script>`

func newPage(t *testing.T) (origin string) {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, writingPage)
	})
	mux.HandleFunc("GET /common/{path...}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		fmt.Fprintf(w, "import { load } from \"/own/commonjs.mjs\";\nexport default await load(%q);\n", r.PathValue("path"))
	})
	serve := func(folder string) http.Handler {
		files := http.FileServerFS(os.DirFS(folder))
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/javascript") // .mjs is no type that every system knows
			files.ServeHTTP(w, r)
		})
	}
	mux.Handle("GET /own/", http.StripPrefix("/own/", serve("testdata/writes")))
	mux.Handle("GET /lib/", http.StripPrefix("/lib/", serve(testkit.NodeLibraries())))
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL
}

// TestPagesWriteThroughTheDoor: the libraries of JavaScript write from a page of another
// origin in a real browser, which lets them send and read what the door says of origins
// that an operator listed; from a page of no such origin nothing arrives.
func TestPagesWriteThroughTheDoor(t *testing.T) {
	testkit.Need(t, testkit.Browser)
	testkit.Need(t, testkit.Node)
	server := sandbox.NewServer()
	up := httptest.NewServer(server)
	t.Cleanup(up.Close)
	listed, other := newPage(t), newPage(t)
	p := openPractice(t, up.URL+"/fhir", listed)
	p.put(t, "Patient/"+stranger, hiddenPatient(stranger))
	browser := testkit.Chromium(t)
	for _, l := range pages {
		t.Run(l.name, func(t *testing.T) {
			patient := "w-" + l.name
			p.put(t, "Patient/"+patient, hiddenPatient(patient))
			p.shows(t, patient)
			out, err := p.page(browser, other, l.name, patient)
			if err == nil || len(p.of(t, "Observation", patient)) > 0 {
				t.Errorf("a page that nobody listed: %s", out)
			}
			if out, err = p.page(browser, listed, l.name, patient); err != nil {
				t.Fatal(err)
			}
			p.judge(t, l, patient, out)
		})
	}
}

// page opens a page and runs its writes.
func (p *practice) page(browser context.Context, origin, name, patient string) (string, error) {
	script := fmt.Sprintf(`import("/own/page.mjs").then((m) => m.run(%q, %q, %q, %q, %q))`, name, p.door+"/fhir", p.token, patient, stranger)
	if _, err := chromedp.Run(browser, chromedp.Navigate(origin+"/")); err != nil {
		return "", err
	}
	return chromedp.Run(browser, chromedp.Evaluate[string](script, chromedp.EvalAwaitPromise))
}
