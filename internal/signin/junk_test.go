package signin_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// script sends JSON as the script of the page does.
func (b *browser) script(path, body string) (int, map[string]any) {
	b.s.t.Helper()
	req, err := http.NewRequestWithContext(b.s.t.Context(), "POST", b.s.web.URL+path, strings.NewReader(body))
	if err != nil {
		b.s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	res := b.send(req)
	var out map[string]any
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
		b.s.t.Fatal(err)
	}
	return res.StatusCode, out
}

// junk begins with a passkey and answers with what is none.
func (b *browser) junk() (status int, ticket string) {
	b.s.t.Helper()
	_, begun := b.script("/sign-in/passkey", `{}`)
	ticket = begun["ticket"].(string)
	status, _ = b.script("/sign-in/passkey/done", fmt.Sprintf(`{"ticket":%q,"answer":{"junk":true}}`, ticket))
	return status, ticket
}

func (s *site) refusals() (n int) {
	for _, act := range s.acts() {
		if act == "sign-in-refused" {
			n++
		}
	}
	return n
}

// mostRefusals is how many a network may write an hour.
const mostRefusals = 40

func TestWhatIsNoPasskeyFillsNoRecord(t *testing.T) {
	s := newSite(t)
	b := &browser{s: s}
	status, ticket := b.junk()
	if status != http.StatusForbidden || s.refusals() != 1 {
		t.Fatalf("%d, %d on record", status, s.refusals())
	}
	if status, _ := b.script("/sign-in/passkey/done", fmt.Sprintf(`{"ticket":%q,"answer":{"junk":true}}`, ticket)); status != http.StatusGone || s.refusals() != 1 {
		t.Errorf("the ticket is good again: %d, %d on record", status, s.refusals())
	}
	for range mostRefusals + 20 {
		if status, _ := b.junk(); status != http.StatusForbidden {
			t.Fatalf("answered otherwise: %d", status)
		}
	}
	if n := s.refusals(); n != mostRefusals {
		t.Errorf("%d on record", n)
	}
	if last := s.last(); last.What[len(last.What)-1] != "more-not-recorded" {
		t.Errorf("the last entry does not say that more are left out: %v", last.What)
	}
	s.pass(time.Hour)
	if b.junk(); s.refusals() != mostRefusals+1 {
		t.Errorf("an hour later there are %d on record", s.refusals())
	}
}
