package demo_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"modicum/internal/demo"
)

// TestAVisitorProvesAgain: where a page asks for a new proof, the demo offers its own way,
// which gives the session a new token and leads back, and nowhere else.
func TestAVisitorProvesAgain(t *testing.T) {
	d := stayUp(t, demo.Options{Dir: lived(t)})
	v := visit(t, d)
	if status, _ := v.send(http.MethodPost, v.base+"/as/ines"); status != http.StatusOK {
		t.Fatalf("coming in: %d", status)
	}
	at, err := url.Parse(v.base)
	if err != nil {
		t.Fatal(err)
	}
	before := v.Jar.Cookies(at)
	if _, body := v.send(http.MethodGet, v.base+"/sign-in/prove?to=/inbox"); !strings.Contains(body, `href="/as/me?to=%2Finbox"`) {
		t.Fatalf("no way to prove it:\n%s", plain(body))
	}
	if _, body := v.send(http.MethodGet, v.base+"/as/me?to=/inbox"); !strings.Contains(body, "Is it you, Ines Ortega, RN?") || !strings.Contains(body, `name="to" value="/inbox"`) {
		t.Errorf("the page of the proof:\n%s", plain(body))
	}
	if _, body := v.send(http.MethodGet, v.base+"/as/me?to=//elsewhere.example/"); !strings.Contains(body, `name="to" value="/"`) {
		t.Error("it leads elsewhere afterwards")
	}
	if status, body := v.send(http.MethodPost, v.base+"/as/me"); status != http.StatusOK || !strings.Contains(body, "Ines Ortega") {
		t.Errorf("proving: %d", status)
	}
	if after := v.Jar.Cookies(at); len(before) != 1 || len(after) != 1 || before[0].Value == after[0].Value {
		t.Error("the new proof leaves the session its token")
	}
	stranger := visit(t, d)
	if status, _ := stranger.send(http.MethodPost, stranger.base+"/as/me"); status != http.StatusNotFound {
		t.Errorf("nobody proves to be nobody: %d", status)
	}
}
