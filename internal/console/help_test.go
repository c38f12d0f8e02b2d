package console_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"modicum/internal/console"
)

func read(t testing.TB, res *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// rebuild serves a world again with pages that know it.
func rebuild(t testing.TB, w *world, pages ...console.Page) *world {
	t.Helper()
	w.site.Add(pages...)
	w.web.Close()
	w.web = httptest.NewServer(w.site.Handler())
	t.Cleanup(w.web.Close)
	return w
}
