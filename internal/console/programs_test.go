package console_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"modicum/internal/people"
)

// newKey is a key of a program, public or whole.
func newKey(t testing.TB, whole bool) string {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	jwk := jose.JSONWebKey{Key: &k.PublicKey}
	if whole {
		jwk.Key = k
	}
	text, err := jwk.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// addsProgram adds a program of cleo's by its form, as ann.
func (b *bureau) addsProgram(t testing.TB, id, owner string) {
	t.Helper()
	status, to := b.as("ann").post(t, "/programs/new", "id", id, "title", "Feed of the laboratory", "owner", owner, "why", "results for the wards", "task", programTask(t, b), "until", "2027-03-01T12:00")
	if status != 303 || !strings.HasPrefix(to, "/programs/"+id) {
		t.Fatalf("adding a program: %d %.3000s", status, to)
	}
}

// programTask is the first task that the form offers.
func programTask(t testing.TB, b *bureau) string {
	t.Helper()
	_, page := b.get(t, "/programs/new")
	_, rest, _ := strings.Cut(page, `<optgroup`)
	_, rest, found := strings.Cut(rest, `<option value="`)
	if !found {
		t.Fatal("no task is offered")
	}
	task, _, _ := strings.Cut(rest, `"`)
	return task
}

// TestAProgramHasAnOwnerAKeyAndAnEnd: added by who runs people, given its key by its
// owner, handed over without it, stopped.
func TestAProgramHasAnOwnerAKeyAndAnEnd(t *testing.T) {
	b := newBureau(t)
	b.addsProgram(t, "lab", "cleo")
	if _, page := b.get(t, "/programs/lab"); !strings.Contains(page, "no key that counts") || strings.Contains(page, `name="jwk"`) {
		t.Error("what stands out is not told, or somebody else may register a key")
	}
	key := newKey(t, false)
	if status, _ := b.post(t, "/programs/lab", "do", "key", "jwk", key, "until", "2027-01-01T12:00"); status != 422 || len(b.dir.Program("lab").Keys) != 0 {
		t.Errorf("a key by somebody else: %d", status)
	}
	b.as("cleo")
	whole := newKey(t, true)
	status, page := b.post(t, "/programs/lab", "do", "key", "jwk", whole, "until", "2027-01-01T12:00")
	if status != 422 || !strings.Contains(page, "throw it away") || strings.Contains(page, "&#34;d&#34;") {
		t.Errorf("a private key: %d, or it comes back", status)
	}
	if status, page := b.post(t, "/programs/lab", "do", "key", "jwk", key, "until", "2027-01-01T12:00"); status != 303 || len(b.dir.Program("lab").Keys) != 1 {
		t.Fatalf("a key by its owner: %d %s", status, page)
	}
	if status, to := b.post(t, "/programs/lab", "do", "hand", "owner", "dan"); status != 303 || to[:1] != "/" || strings.HasPrefix(to, "/programs") {
		t.Errorf("handing over: %d %s", status, to)
	}
	if p := b.dir.Program("lab"); p.Owner != "dan" || len(p.Keys) != 0 {
		t.Errorf("after that: owner %s, %d keys", p.Owner, len(p.Keys))
	}
	if status, _ := b.as("dan").post(t, "/programs/lab", "do", "stop"); status != 303 || b.dir.Program("lab").Active {
		t.Errorf("stopping: %d", status)
	}
	b.addsProgram(t, "bare", "cleo")
	if status, page := b.post(t, "/programs/new", "id", "x", "title", "X", "owner", "nobody", "why", "y", "task", programTask(t, b), "scopes", "everything", "networks", "here", "until", "2037-03-01T12:00"); status != 422 || !strings.Contains(page, "4 things need another look") {
		t.Errorf("what is wrong: %d", status)
	}
}

// TestC1_AProgramOfOthersIsNotThere: for the owner of another it looks like one that is
// not there, to the byte; and no post of theirs changes it.
func TestC1_AProgramOfOthersIsNotThere(t *testing.T) {
	b := newBureau(t)
	b.addsProgram(t, "lab", "cleo")
	b.addsProgram(t, "rad", "dan")
	status, page := b.as("dan").get(t, "/programs/lab")
	_, none := b.get(t, "/programs/zzqx")
	if status != 404 || page != strings.ReplaceAll(none, "zzqx", "lab") {
		t.Errorf("a program of somebody else: %d", status)
	}
	if status, _ := b.post(t, "/programs/lab", "do", "stop"); status != 404 || !b.dir.Program("lab").Active {
		t.Errorf("stopping it: %d", status)
	}
	if _, page := b.get(t, "/programs"); strings.Contains(page, "/programs/lab") || !strings.Contains(page, "/programs/rad") {
		t.Error("the list is not one's own")
	}
	if status, _ := b.as("ben").get(t, "/programs"); status != 200 || !b.dir.Holds("ben", people.RunPeople, b.now.Load()) {
		t.Errorf("who runs people: %d", status)
	}
}
