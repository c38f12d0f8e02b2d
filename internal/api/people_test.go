package api_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"modicum/internal/people"
)

// TestAFileOfPeopleComesWholeOrNotAtAll: what it would do, what is wrong with each line,
// and a file far beyond the size of other bodies.
func TestAFileOfPeopleComesWholeOrNotAtAll(t *testing.T) {
	k := newClinic(t)
	if status, v := k.call("olga", "POST", "/import/people", `{"text":"user_name,name,roles\nzed,Zed,nurse\n","check":true}`); status != http.StatusOK || v["added"] != 1.0 || k.people.Person("zed") != nil {
		t.Fatalf("only tried: %d %v", status, v)
	}
	if status, v := k.call("olga", "POST", "/import/people", `{"text":"{\"user_name\":\"zed\",\"name\":\"Zed\"}"}`); status != http.StatusOK || k.people.Person("zed") == nil {
		t.Fatalf("taken: %d %v", status, v)
	}
	status, v := k.call("olga", "POST", "/import/people", `{"text":"user_name,name,mail\na,,none\nrole:x,X,\n"}`)
	if text := fmt.Sprint(v["wrong"]); status != 422 || !strings.Contains(text, "line 2") || !strings.Contains(text, "line 3") {
		t.Errorf("what is wrong: %d %v", status, v)
	}
	var file strings.Builder
	file.WriteString(`{"check":true,"text":"user_name,name\n`)
	for i := range 5000 {
		fmt.Fprintf(&file, `p%04d,Person %04d\n`, i, i)
	}
	if status, v := k.call("olga", "POST", "/import/people", file.String()+`"}`); status != http.StatusOK || v["added"] != 5000.0 {
		t.Errorf("five thousand: %d", status)
	}
	if status, _ := k.call("nina", "POST", "/import/people", `{"text":"user_name,name\nq,Q\n"}`); status != http.StatusForbidden || k.people.Person("q") != nil {
		t.Errorf("by a nurse: %d", status)
	}
}

// TestG8_AProgramIsChangedByWhoMay: narrowed by its owner, widened by somebody else who
// runs people, handed over without keys; of others it is not there.
func TestG8_AProgramIsChangedByWhoMay(t *testing.T) {
	k := newClinic(t)
	_, err := k.people.AddProgram(t.Context(), people.Actor{ID: "olga"}, &people.Program{
		ID: "bot", Title: "Bot", Owner: "nina", Why: "claims", Role: "service-integration", Task: "send-claims",
		Scopes: []string{"system/Claim.rs", "system/Patient.rs"}, Until: k.now.Add(90 * 24 * time.Hour).UnixMicro(),
	})
	if err != nil {
		t.Fatal(err)
	}
	if status, v := k.call("nina", "POST", "/programs/bot/change", `{"scopes":["system/Claim.rs"]}`); status != http.StatusOK || fmt.Sprint(v["scopes"]) != "[system/Claim.rs]" || v["title"] != "Bot" {
		t.Errorf("narrowed: %d %v", status, v)
	}
	if status, _ := k.call("nina", "POST", "/programs/bot/change", `{"scopes":["system/Claim.rs","system/Patient.rs"]}`); status != http.StatusForbidden {
		t.Errorf("widened by its owner: %d", status)
	}
	if status, v := k.call("olga", "POST", "/programs/bot/change", `{"until":"2027-06-01T00:00:00Z","networks":["192.0.2.0/24"],"why":"claims of the night"}`); status != http.StatusOK || v["why"] != "claims of the night" {
		t.Errorf("widened by who runs people: %d %v", status, v)
	}
	if status, v := k.call("olga", "POST", "/programs/bot/change", `{"networks":["here"]}`); status != 422 {
		t.Errorf("no network: %d %v", status, v)
	}
	for path, body := range map[string]string{
		"GET ": "", "POST /change": `{"why":"x"}`, "POST /hand-over": `{"owner":"iris"}`, "POST /stop": "",
		"POST /keys": `{"days":30,"jwk":{"kty":"EC"}}`, "DELETE /keys/k": "",
	} {
		method, path, _ := strings.Cut(path, " ")
		status, v := k.call("iris", method, "/programs/bot"+path, body)
		none, w := k.call("iris", method, "/programs/zzz"+path, body)
		if status != http.StatusNotFound || none != status || fmt.Sprint(v) != fmt.Sprint(w) {
			t.Errorf("%s %s by somebody else: %d %v, none: %d", method, path, status, v, none)
		}
	}
	if status, _ := k.call("nina", "POST", "/programs/bot/hand-over", `{"owner":"cara"}`); status != http.StatusNoContent || k.people.Program("bot").Owner != "cara" {
		t.Errorf("handed over: %d", status)
	}
	_, v := k.call("olga", "GET", "/programs/bot", "")
	if out := fmt.Sprint(v["stands_out"]); !strings.Contains(out, "no-key") {
		t.Errorf("what stands out: %s", out)
	}
}

// TestAPersonSaysWhereWhatTheyHoldComesFrom.
func TestAPersonSaysWhereWhatTheyHoldComesFrom(t *testing.T) {
	k := newClinic(t)
	if status, _ := k.call("olga", "POST", "/people/iris/entrust", ""); status != http.StatusNoContent || k.people.Person("iris").From != people.SCIM {
		t.Fatalf("entrusted: %d", status)
	}
	_, err := k.people.AddGroup(t.Context(), people.Actor{ID: "scim:client"}, &people.Group{Name: "Ward nurses", Members: []string{"iris"}})
	if err != nil {
		t.Fatal(err)
	}
	k.call("olga", "POST", "/people/iris/link", `{"other":"cara"}`)
	_, v := k.call("olga", "GET", "/people/iris", "")
	if fmt.Sprint(v["groups"]) != "[Ward nurses]" || fmt.Sprint(v["same"]) != "[cara]" {
		t.Errorf("%v", v)
	}
	_, v = k.call("olga", "GET", "/people/nina", "")
	held, _ := v["holds"].([]any)
	if !slices.ContainsFunc(held, func(h any) bool { m := h.(map[string]any); return m["from"] == "local" && m["by"] == "olga" }) {
		t.Errorf("%v", held)
	}
}
