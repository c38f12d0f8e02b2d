package demo_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"modicum/internal/demo"
	"modicum/internal/store"
	"modicum/ledger"
)

func get(t *testing.T, url string) (int, http.Header, string) {
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
	return res.StatusCode, res.Header, string(body)
}

var tags = regexp.MustCompile(`<[^>]*>`)

// plain is the text of a page, one space between words.
func plain(html string) string {
	html = strings.NewReplacer("&#39;", "'", "&amp;", "&", "&#34;", `"`, "&#43;", "+").Replace(tags.ReplaceAllString(html, " "))
	return strings.Join(strings.Fields(html), " ")
}

// TestPageShowsBothViews: what each received, and of the rest class and reason.
func TestPageShowsBothViews(t *testing.T) {
	d := stayUp(t, demo.Options{Dir: lived(t)})
	for _, tt := range []struct {
		query string
		says  []string
		never []string
	}{
		{"", []string{
			"What each received of Ada Synthetic", "Dr. Alice Example", "Bob Ledgerman", "MRN-10001", "Social Security number never for this role",
			"values shown", "records there", "The newest signed checkpoint of modicum.demo/main", "modicum ledger verify " + d.Ledger.Folder, d.Ledger.Key,
		}, []string{"900-55-1001"}},
		{"?a=fay&b=quincy&patient=p1", []string{
			"****2207 Account number reduced by the task", "masked Social Security number masked until asked for", "masked Patient name masked for this task",
			"Whole record refused no record of this kind belongs to the task",
		}, []string{"900-55-1001", "ACCT-7001-2207"}},
		{"?a=nina&b=alice&patient=p3", []string{"restriction “Own chart”: Your own record is in the portal or at the records desk.", "0 of 9 records there", "9 of 9 records there"}, nil},
		{"?a=ravi&b=alice&patient=p2", []string{"restriction “Substance use program records”", "Substance use: Part 2 record", "Buprenorphine"}, nil},
		{"?a=dan&b=alice&patient=p1", []string{"nothing ties this person to this patient now: none of assigned patient, appointment, service order, on unit"}, nil},
		{"?a=rosa&b=alice&patient=p1", []string{"marked HIV, which the task does not open", "outside what the approved protocol names", "restriction “Psychotherapy notes”"}, nil},
		{"?a=alice&b=bob&patient=p1&diff=on", []string{"rows in which both see the same are left out"}, nil},
	} {
		status, header, html := get(t, d.Console+tt.query)
		text := plain(html)
		if status != http.StatusOK || !strings.HasPrefix(header.Get("Content-Type"), "text/html") {
			t.Errorf("%s: %d %s", tt.query, status, header.Get("Content-Type"))
		}
		for _, s := range tt.says {
			if !strings.Contains(text, s) {
				t.Errorf("%s: the page does not say %q", tt.query, s)
			}
		}
		for _, s := range tt.never {
			if strings.Contains(text, s) {
				t.Errorf("%s: the page says %q, which neither received", tt.query, s)
			}
		}
	}
}

// TestPageGrowsTheRecord: looking is asking, and asking is recorded.
func TestPageGrowsTheRecord(t *testing.T) {
	d := stayUp(t, demo.Options{Dir: lived(t)})
	entries := regexp.MustCompile(`([0-9]+) entries; each was durable`)
	count := func() string {
		_, _, html := get(t, d.Console)
		m := entries.FindStringSubmatch(plain(html))
		if m == nil {
			t.Fatal("the page does not count entries")
		}
		return m[1]
	}
	if a, b := count(), count(); a == b {
		t.Errorf("%s entries before and after", a)
	}
}

// TestPageAfterAContinuation: the record goes on under a new name, and the page
// shows the end of it, although positions in the store and in the log differ.
func TestPageAfterAContinuation(t *testing.T) {
	dir := t.TempDir()
	tellOnce(t, demo.Options{Dir: dir})
	file := filepath.Join(dir, "ledger.key")
	old, err := ledger.ReadKey(file)
	if err != nil {
		t.Fatal(err)
	}
	secret, _, err := ledger.NewKey("modicum.demo/two")
	if err != nil {
		t.Fatal(err)
	}
	key, err := ledger.ParseKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	err = store.Continue(t.Context(), store.Options{Dir: filepath.Join(dir, "data"), Key: key, Keys: []string{old.Public()}}, store.Continuation{Who: "petra", Reason: "a test"})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := ledger.WriteKey(file, secret); err != nil {
		t.Fatal(err)
	}
	d := stayUp(t, demo.Options{Dir: dir})
	_, _, html := get(t, d.Console)
	text := plain(html)
	if !strings.Contains(text, "checkpoint of modicum.demo/two covers") || strings.Count(html, "<tr><td>") != 14 {
		t.Errorf("the page after a continuation:\n%s", text[strings.Index(text, "The record"):])
	}
}

// TestPageRunsNothing: no script, no style of its own, and headers that forbid both.
func TestPageRunsNothing(t *testing.T) {
	d := stayUp(t, demo.Options{Dir: lived(t)})
	status, header, html := get(t, d.Console)
	if status != http.StatusOK {
		t.Fatal(status)
	}
	csp := header.Get("Content-Security-Policy")
	if !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") || strings.Contains(csp, "script-src") {
		t.Errorf("policy %q", csp)
	}
	for _, bad := range []string{"<script", " style=", "<style", "javascript:", " onclick", "http-equiv"} {
		if strings.Contains(html, bad) {
			t.Errorf("the page holds %s", bad)
		}
	}
	for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"} {
		if got := header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// TestPageKnowsWhatItShows: what is not there is said, and nothing a reader typed
// comes back.
func TestPageKnowsWhatItShows(t *testing.T) {
	d := stayUp(t, demo.Options{Dir: lived(t)})
	status, _, html := get(t, d.Console+"?a=%3Cb%3Emallory&b=bob&patient=p1")
	if status != http.StatusNotFound || !strings.Contains(html, `role="alert"`) || strings.Contains(html, "mallory") {
		t.Errorf("an unknown person: %d", status)
	}
	for path, want := range map[string]int{"style.css": 200, "page.css": 200, "nothing": 404, "fhir/metadata": 200, "fhir/Patient/p1": 401} {
		if status, _, _ := get(t, d.Console+path); status != want {
			t.Errorf("%s: %d, want %d", path, status, want)
		}
	}
	res, err := http.Post(d.Console, "text/plain", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", res.StatusCode)
	}
}
