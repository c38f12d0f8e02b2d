package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"modicum/internal/book"
	"modicum/internal/book/booktest"
	"modicum/internal/people"
	"modicum/internal/store"
	"modicum/internal/testkit"
	"modicum/ledger"
)

// opened is the real store in a folder, with the key of its log beside it.
func opened(t *testing.T, dir string) *store.Store {
	t.Helper()
	file := filepath.Join(dir, "ledger.key")
	if _, err := os.Stat(file); err != nil {
		secret, _, err := ledger.NewKey("api.example/main")
		if err != nil {
			t.Fatal(err)
		}
		if err := ledger.WriteKey(file, secret); err != nil {
			t.Fatal(err)
		}
	}
	key, err := ledger.ReadKey(file)
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), store.Options{Dir: filepath.Join(dir, "data"), Key: key, CommitTimeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// mortal is a shelf whose process dies before or after it keeps the page of bob.
type mortal struct {
	book.Shelf
	after bool
}

func (m *mortal) Keep(ctx context.Context, e ledger.Entry, pages []book.Page) error {
	bob := false
	for _, p := range pages {
		bob = bob || p.Kind == "person" && p.ID == "bob"
	}
	if bob && !m.after {
		testkit.Die()
	}
	err := m.Shelf.Keep(ctx, e, pages)
	if bob {
		testkit.Die()
	}
	return err
}

const (
	dying  = "MODICUM_TEST_DYING" // "before FOLDER" or "after FOLDER": this is the process that dies
	addBob = `{"user_name":"bob","name":"Bob Biller"}`
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// TestD11_AnActUnderAKeyIsDoneOnceThoughTheProcessDies: killed before it is kept or between
// keeping it and answering, and sent again to the process that starts after it.
func TestD11_AnActUnderAKeyIsDoneOnceThoughTheProcessDies(t *testing.T) {
	var when, dir string
	if _, err := fmt.Sscan(os.Getenv(dying), &when, &dir); err == nil {
		k := openClinic(t, &mortal{opened(t, dir).Shelf(nil), when == "after"}, noon)
		status, v := k.call("olga", "POST", "/people", addBob, "Idempotency-Key", "k1")
		t.Fatalf("it lives: %d %v", status, v)
	}
	for _, when := range []string{"before", "after"} {
		t.Run(when, func(t *testing.T) {
			dir := t.TempDir()
			cmd := exec.Command(os.Args[0], "-test.run=^TestD11_AnActUnderAKeyIsDoneOnceThoughTheProcessDies$")
			cmd.Env = append(os.Environ(), dying+"="+when+" "+dir)
			out, err := cmd.CombinedOutput()
			if state, is := cmd.ProcessState.Sys().(syscall.WaitStatus); err == nil || !is || state.Signal() != syscall.SIGKILL {
				t.Fatalf("it was not killed: %v\n%s", err, out)
			}
			k := openClinic(t, opened(t, dir).Shelf(nil), noon)
			if kept := k.people.Person("bob") != nil; kept != (when == "after") {
				t.Fatalf("bob is there: %v", kept)
			}
			for range 2 {
				if status, v := k.call("olga", "POST", "/people", addBob, "Idempotency-Key", "k1"); status != http.StatusCreated || v["id"] != "bob" {
					t.Errorf("sent again: %d %v", status, v)
				}
			}
			if status, v := k.call("olga", "POST", "/people", `{"user_name":"bea","name":"Bea"}`, "Idempotency-Key", "k1"); status != http.StatusUnprocessableEntity || v["type"] != "urn:modicum:problem:key-reused" || k.people.Person("bea") != nil {
				t.Errorf("another request under the key: %d %v", status, v)
			}
			if status, v := k.call("rita", "POST", "/people", addBob, "Idempotency-Key", "k1"); status == http.StatusCreated {
				t.Errorf("somebody else's key of that name: %d %v", status, v)
			}
		})
	}
}

// said is a request under a key, and what was answered.
type said struct {
	as, path, body, key string
	status              int
	answer              map[string]any
}

// TestD11_AfterARestartEachActAnswersAsItDid, and is not done again.
func TestD11_AfterARestartEachActAnswersAsItDid(t *testing.T) {
	k := newClinic(t)
	k.duties()
	var all []*said
	does := func(as, path, body string) map[string]any {
		t.Helper()
		s := &said{as: as, path: path, body: body, key: fmt.Sprint("key-", len(all))}
		if s.status, s.answer = k.call(as, "POST", path, body, "Idempotency-Key", s.key); s.status >= 300 {
			t.Fatalf("%s: %d %v", path, s.status, s.answer)
		}
		all = append(all, s)
		return s.answer
	}
	request := does("nina", "/requests", cover)["request"].(map[string]any)
	does("cara", "/requests/"+request["id"].(string)+"/approve", fmt.Sprintf(`{"digest":%q}`, request["digest"]))
	does("nina", "/break-glass", `{"patient":"p9","task":"give-care","reason":{"text":"found unconscious in the corridor"}}`)
	does("olga", "/people", addBob)
	does("olga", "/people/bob/give", `{"kind":"role","name":"billing-specialist","why":"claims"}`)
	does("olga", "/import/people", `{"text":"user_name,name,roles\nzed,Zed,nurse\nnina,Nina,\n"}`)
	does("rita", "/programs/robot/keys", `{"days":30,"jwk":{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}}`)
	does("rita", "/programs/robot/change", `{"title":"Robot of claims"}`)
	id := k.layMore()
	does("iris", "/policy-changes/"+id+"/propose", fmt.Sprintf(`{"digest":%q,"reason":"short of staff"}`, k.effect("iris", id)["digest"]))
	does("cara", "/policy-changes/"+id+"/approve", fmt.Sprintf(`{"digest":%q}`, k.effect("cara", id)["digest"]))
	past := k.does("iris", 200, "GET", "/policy-changes?state=decided", "")["items"].([]any)
	does("iris", "/policy-changes/"+past[1].(map[string]any)["id"].(string)+"/again", `{"reason":"it was too much"}`)

	k.must(k.people.Deactivate(t.Context(), people.Actor{ID: "olga"}, "zed", "")) // what came later changes no answer
	before := len(k.shelf.Entries())
	after := openClinic(t, k.shelf, k.now)
	for _, s := range all {
		status, answer := after.call(s.as, "POST", s.path, s.body, "Idempotency-Key", s.key)
		if status != s.status || !reflect.DeepEqual(answer, s.answer) {
			t.Errorf("%s: %d, then %d\n%s\n%s", s.path, s.status, status, text(s.answer), text(answer))
		}
	}
	if n := len(k.shelf.Entries()); n != before {
		t.Errorf("%d entries more", n-before)
	}
}

func text(v any) string { b, _ := json.Marshal(v); return string(b) }

// TestD11_TheAnswerUnderAKeyIsOfWhoWasChanged: where a mail address that two had is taken
// from one, the page of the other is written as well.
func TestD11_TheAnswerUnderAKeyIsOfWhoWasChanged(t *testing.T) {
	k := newClinic(t)
	for i := range 12 {
		one, mail := fmt.Sprint("one", i), fmt.Sprintf("two%d@hospital.example", i)
		for _, id := range []string{one, fmt.Sprint("other", i)} {
			k.does("olga", http.StatusCreated, "POST", "/people", fmt.Sprintf(`{"user_name":%q,"name":"N","mail":%q}`, id, mail))
		}
		now := k.does("olga", http.StatusOK, "GET", "/people/"+one, "")
		status, v := k.call("olga", "POST", "/people/"+one+"/change", fmt.Sprintf(`{"revision":%q,"mail":""}`, now["revision"]), "Idempotency-Key", one)
		if status != http.StatusOK || v["id"] != one || v["mail"] != nil {
			t.Errorf("%s was changed, and the answer is %d %v", one, status, v)
		}
	}
}

// TestD11_WhatWasKeptUnseenIsAnswered: nobody knew whether it was kept, and it was.
func TestD11_WhatWasKeptUnseenIsAnswered(t *testing.T) {
	k := newClinic(t)
	fault := booktest.KeptBlind
	k.shelf.Next = func() booktest.Fault { defer func() { fault = booktest.None }(); return fault }
	if status, v := k.call("olga", "POST", "/people", addBob, "Idempotency-Key", "k1"); status < 500 {
		t.Fatalf("nobody knows: %d %v", status, v)
	}
	k.must(k.desk.Reload(t.Context())) // until then nobody is let in
	if status, v := k.call("olga", "POST", "/people", addBob, "Idempotency-Key", "k1"); status != http.StatusCreated || v["id"] != "bob" {
		t.Errorf("sent again: %d %v", status, v)
	}
}

// TestD11_AKeyWhosePageCannotBeKeptDoesNothing: neither the act nor the key.
func TestD11_AKeyWhosePageCannotBeKeptDoesNothing(t *testing.T) {
	k := newClinic(t)
	fault := booktest.Refuses
	k.shelf.Next = func() booktest.Fault { defer func() { fault = booktest.None }(); return fault }
	if status, v := k.call("olga", "POST", "/people", addBob, "Idempotency-Key", "k1"); status < 500 || k.people.Person("bob") != nil {
		t.Fatalf("with a full disk: %d %v", status, v)
	}
	if status, v := k.call("olga", "POST", "/people", addBob, "Idempotency-Key", "k1"); status != http.StatusCreated {
		t.Errorf("sent again: %d %v", status, v)
	}
}

// TestD11_AKeyThatIsTakenAgainOutlivesARestartAsItIs: what it stood for days ago lies in
// another slot still.
func TestD11_AKeyThatIsTakenAgainOutlivesARestartAsItIs(t *testing.T) {
	k := newClinic(t)
	add := func(name, key string) (int, map[string]any) {
		return k.call("olga", "POST", "/people", fmt.Sprintf(`{"user_name":%q,"name":"N"}`, name), "Idempotency-Key", key)
	}
	for _, key := range []string{"k1", "k2", "k3"} {
		add("first-"+key, key)
	}
	k.now = k.now.Add(25 * time.Hour)
	if status, v := add("second", "k3"); status != http.StatusCreated {
		t.Fatalf("%d %v", status, v)
	}
	for range 20 {
		k.must(k.desk.Reload(t.Context()))
		if status, v := add("second", "k3"); status != http.StatusCreated || v["id"] != "second" {
			t.Fatalf("sent again: %d %v", status, v)
		}
	}
}

// TestG3_EndingAllTokensThatWasCutShortIsDoneToItsEnd: a key whose first change alone was
// kept does not say that the rest was done.
func TestG3_EndingAllTokensThatWasCutShortIsDoneToItsEnd(t *testing.T) {
	k := newClinic(t)
	for range 3 {
		k.given("nina")
	}
	kept := 0
	k.shelf.Next = func() booktest.Fault {
		if kept++; kept > 1 {
			return booktest.Refuses
		}
		return booktest.None
	}
	if status, v := k.call("nina", "POST", "/tokens/end", "", "Idempotency-Key", "k1"); status < 500 {
		t.Fatalf("with a full disk: %d %v", status, v)
	}
	k.shelf.Next = nil
	if status, v := k.call("nina", "POST", "/tokens/end", "", "Idempotency-Key", "k1"); status != http.StatusOK || v["ended"] != 2.0 {
		t.Errorf("sent again: %d %v", status, v)
	}
	for range k.tokens.Tokens("nina") {
		t.Error("a token goes on")
	}
}

// TestKeysTakeNoMoreRoomThanADayNeeds: pages whose day is over take the next keys.
func TestKeysTakeNoMoreRoomThanADayNeeds(t *testing.T) {
	k := newClinic(t)
	day := func(n int) int {
		for i := range 5 {
			body := fmt.Sprintf(`{"user_name":"day%d-%d","name":"N"}`, n, i)
			if status, v := k.call("olga", "POST", "/people", body, "Idempotency-Key", fmt.Sprint(n, ".", i)); status != http.StatusCreated {
				t.Fatalf("%d %v", status, v)
			}
		}
		pages, err := k.shelf.Pages(t.Context(), "api-answer")
		k.must(err)
		return len(pages)
	}
	first := day(0)
	for n := 1; n < 4; n++ {
		k.now = k.now.Add(25 * time.Hour)
		if n == 2 { // also after a restart
			shelf := k.shelf
			k = openClinic(t, shelf, k.now)
			k.shelf = shelf
		}
		if got := day(n); got != first {
			t.Errorf("day %d: %d pages, of %d on the first", n, got, first)
		}
	}
	if status, v := k.call("olga", "POST", "/people", `{"user_name":"late","name":"N"}`, "Idempotency-Key", "0.0"); status != http.StatusCreated {
		t.Errorf("a key of long ago: %d %v", status, v)
	}
}

// TestD11_AFileUnderAKeyAnswersWhatItDid: those who send files of the same people at once
// are told together of each person once. They are long enough that one waits for another.
func TestD11_AFileUnderAKeyAnswersWhatItDid(t *testing.T) {
	k := newClinic(t)
	const people, at = 2000, 4
	var file strings.Builder
	for n := range people {
		fmt.Fprintf(&file, `new%d,New\n`, n)
	}
	body := func(i int) string {
		return fmt.Sprintf(`{"text":"user_name,name\nown%d,Own\n`, i) + file.String() + `"}`
	}
	answers := make([]map[string]any, at)
	var wait sync.WaitGroup
	for i := range at {
		wait.Go(func() {
			_, answers[i] = k.call("olga", "POST", "/import/people", body(i), "Idempotency-Key", fmt.Sprint("key-", i))
		})
	}
	wait.Wait()
	added := 0.0
	for i, v := range answers {
		n, _ := v["added"].(float64)
		there, _ := v["there"].([]any)
		if int(n)+len(there) != people+1 {
			t.Errorf("%d: %v added, %d there", i, n, len(there))
		}
		if _, again := k.call("olga", "POST", "/import/people", body(i), "Idempotency-Key", fmt.Sprint("key-", i)); !reflect.DeepEqual(again, v) {
			t.Errorf("%d: another answer when it is sent again", i)
		}
		added += n
	}
	if added != people+at {
		t.Errorf("%d people were added %v times", people+at, added)
	}
}
