package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"modicum/internal/people"
)

// A token and a session are ended by their own person, and by who runs people with a fresh
// proof; of others they are not there.
func TestG3_ATokenIsEndedByItsOwnPersonOrWithAProof(t *testing.T) {
	k := newClinic(t)
	mine, other, third := k.given("nina"), k.given("nina"), k.given("nina")
	if status, v := k.call("nina", "GET", "/tokens", ""); status != http.StatusOK || len(v["items"].([]any)) != 3 || strings.Contains(fmt.Sprint(v), "hash") {
		t.Errorf("hers: %d %v", status, v)
	}
	for _, who := range []string{"cara", "olga"} { // olga runs people: on nina's page she may, with a proof
		if status, v := k.call(who, "POST", "/tokens/"+mine+"/end", ""); status != http.StatusNotFound {
			t.Errorf("%s ends it as her own: %d %v", who, status, v)
		}
	}
	if status, _ := k.call("nina", "POST", "/tokens/"+mine+"/end", ""); status != http.StatusNoContent {
		t.Errorf("she does: %d", status)
	}
	if status, _ := k.call("olga", "POST", "/people/cara/tokens/"+other+"/end", ""); status != http.StatusNotFound {
		t.Errorf("as somebody else's: %d", status)
	}
	if status, _ := k.call("olga", "POST", "/people/nina/tokens/"+other+"/end", ""); status != http.StatusNoContent {
		t.Errorf("who runs people: %d", status)
	}
	k.proved = time.Hour
	if status, _ := k.call("olga", "POST", "/people/nina/tokens/"+third+"/end", ""); status != http.StatusUnauthorized {
		t.Errorf("without a fresh proof: %d", status)
	}
	if status, v := k.call("nina", "POST", "/tokens/end", ""); status != http.StatusOK || v["ended"] != 1.0 {
		t.Errorf("all that are left: %d %v", status, v)
	}
}

func TestG3_ASessionIsEndedByItsOwnPersonOrWithAProof(t *testing.T) {
	k := newClinic(t)
	id := k.session("nina")
	if status, v := k.call("nina", "GET", "/sessions", ""); status != http.StatusOK || len(v["items"].([]any)) != 1 || strings.Contains(fmt.Sprint(v), "token") {
		t.Errorf("hers: %d %v", status, v)
	}
	for _, who := range []string{"cara", "olga"} {
		if status, v := k.call(who, "POST", "/sessions/"+id+"/end", ""); status != http.StatusNotFound {
			t.Errorf("%s ends it as her own: %d %v", who, status, v)
		}
	}
	k.proved = time.Hour
	if status, _ := k.call("olga", "POST", "/people/nina/sessions/"+id+"/end", ""); status != http.StatusUnauthorized || len(k.signin.Sessions("nina")) != 1 {
		t.Errorf("without a fresh proof: %d", status)
	}
	k.proved = 0
	if status, v := k.call("olga", "POST", "/people/nina/sessions/"+id+"/end", ""); status != http.StatusNoContent || len(k.signin.Sessions("nina")) != 0 {
		t.Errorf("with one: %d %v", status, v)
	}
	id = k.session("nina")
	if status, _ := k.call("nina", "POST", "/sessions/"+id+"/end", ""); status != http.StatusNoContent || len(k.signin.Sessions("nina")) != 0 {
		t.Errorf("she does: %d", status)
	}
}

// What was changed since somebody read it is not written over.
func TestAPersonIsChangedAsTheyWereRead(t *testing.T) {
	k := newClinic(t)
	_, v := k.call("olga", "GET", "/people/nina", "")
	rev, _ := v["revision"].(string)
	if status, v := k.call("olga", "POST", "/people/nina/change", fmt.Sprintf(`{"revision":%q,"title":"Staff nurse","zone":"America/Chicago"}`, rev)); status != http.StatusOK || v["title"] != "Staff nurse" || v["name"] != "Nina" {
		t.Errorf("%d %v", status, v)
	}
	for _, old := range []string{rev, "x", "0"} {
		if status, v := k.call("olga", "POST", "/people/nina/change", fmt.Sprintf(`{"revision":%q,"title":"Other"}`, old)); status != http.StatusConflict {
			t.Errorf("revision %q: %d %v", old, status, v)
		}
	}
	_, v = k.call("olga", "GET", "/people/nina", "")
	rev, _ = v["revision"].(string)
	if status, _ := k.call("nina", "POST", "/people/nina/change", fmt.Sprintf(`{"revision":%q,"department":"icu"}`, rev)); status != http.StatusForbidden {
		t.Errorf("by herself: %d", status)
	}
	k.call("olga", "POST", "/people/nina/deactivate", `{}`)
	if status, _ := k.call("olga", "POST", "/people/nina/reactivate", ""); status != http.StatusNoContent || !k.people.Active("nina") || len(k.people.Roles("nina", k.now.UnixMicro())) > 0 {
		t.Errorf("back: %d", status)
	}
}

// A no says what is wrong: nobody is called gone who never was there, and a right that
// somebody does not hold was not changed by anybody.
func TestWhoIsNotThereAndWhatIsNotHeldAreSaid(t *testing.T) {
	k := newClinic(t)
	if status, v := k.call("olga", "POST", "/people/nobody/invite", ""); status != http.StatusNotFound {
		t.Errorf("an invitation for nobody: %d %v", status, v)
	}
	if status, v := k.call("olga", "POST", "/people/iris/take", `{"kind":"role","name":"nurs"}`); status != http.StatusConflict || !strings.Contains(fmt.Sprint(v["wrong"]), "do not hold this") {
		t.Errorf("what is not held: %d %v", status, v)
	}
}

// Who can sign in already is not invited by one person alone (G9).
func TestG9_AnInvitationWaitsForASecondPerson(t *testing.T) {
	k := newClinic(t)
	k.duty("cara", people.RunPeople)
	status, v := k.call("olga", "POST", "/people/iris/invite", "")
	if status != http.StatusCreated || !strings.Contains(v["link"].(string), "#") {
		t.Fatalf("%d %v", status, v)
	}
	status, v = k.call("olga", "POST", "/people/cara/invite", "")
	if status != http.StatusCreated || v["waits"] != true {
		t.Fatalf("over others: %d %v", status, v)
	}
	id := v["id"].(string)
	if status, v := k.call("rita", "GET", "/proposals", ""); status != http.StatusOK || len(v["invitations"].([]any)) != 1 || strings.Contains(fmt.Sprint(v), "#") {
		t.Errorf("what waits: %d %v", status, v)
	}
	for _, who := range []string{"olga", "nina"} {
		if status, _ := k.call(who, "POST", "/invitations/"+id+"/agree", ""); status != http.StatusForbidden {
			t.Errorf("%s agrees: %d", who, status)
		}
	}
	if status, v := k.call("rita", "POST", "/invitations/"+id+"/agree", ""); status != http.StatusNoContent {
		t.Errorf("rita agrees: %d %v", status, v)
	}
	if status, _ := k.call("rita", "POST", "/invitations/"+id+"/withdraw", ""); status != http.StatusNoContent {
		t.Errorf("taken back: %d", status)
	}
	if status, _ := k.call("rita", "POST", "/invitations/"+id+"/withdraw", ""); status != http.StatusNotFound {
		t.Errorf("twice: %d", status)
	}
	if err := k.people.Give(t.Context(), people.Actor{ID: "olga"}, people.Gift{Person: "nina", Kind: people.Position, Name: "charge-nurse", Why: "x"}); err != nil {
		t.Fatal(err)
	}
	if _, v := k.call("rita", "GET", "/proposals", ""); len(v["rights"].([]any)) != 1 {
		t.Errorf("rights that wait: %v", v)
	}
}

// staffIssuer is the identity provider of the clinic.
const staffIssuer = "https://id.hospital.example/realms/staff"

// TestT8_TheSecondTakingOfAnIdentityIsListed: with who took it away first.
func TestT8_TheSecondTakingOfAnIdentityIsListed(t *testing.T) {
	k := newClinic(t)
	account := people.Identity(staffIssuer, "f81d")
	body := fmt.Sprintf(`{"kind":"identity","name":%q,"why":"asked her"}`, account)
	for _, step := range [][2]string{{"olga", "give"}, {"rita", "agree"}, {"olga", "take"}} {
		if status, v := k.call(step[0], "POST", "/people/nina/"+step[1], body); status >= 300 {
			t.Fatalf("%v: %d %v", step, status, v)
		}
	}
	_, v := k.call("rita", "GET", "/proposals", "")
	list := v["rights"].([]any)
	if len(list) != 1 {
		t.Fatalf("%v", v)
	}
	if p := list[0].(map[string]any); p["name"] != account || p["taken_by"] != "olga" || !strings.Contains(fmt.Sprint(p["because"]), "a second who runs people takes it away as well") {
		t.Errorf("%v", p)
	}
	if status, v := k.call("rita", "POST", "/people/nina/take", body); status != http.StatusNoContent || k.people.Word("nina", staffIssuer, "0000") != people.Unsaid {
		t.Errorf("the second taking: %d %v", status, v)
	}
}

func TestAProgramIsAddedAndHowOneIsToldIsSaid(t *testing.T) {
	k := newClinic(t)
	body := `{"id":"bot","title":"Bot","owner":"nina","why":"claims","role":"service-integration","task":"send-claims","until":"2027-02-01T00:00:00Z"}`
	if status, v := k.call("nina", "POST", "/programs", body); status != http.StatusForbidden {
		t.Errorf("by a nurse: %d %v", status, v)
	}
	if status, v := k.call("olga", "POST", "/programs", body); status != http.StatusCreated || k.people.Program("bot") == nil {
		t.Errorf("%d %v", status, v)
	}
	if status, v := k.call("nina", "POST", "/notices/wishes", `{"pace":"daily","quiet_from":"22:00","quiet_until":"07:00"}`); status != http.StatusNoContent {
		t.Errorf("%d %v", status, v)
	}
	if _, v := k.call("nina", "GET", "/notices/wishes", ""); v["pace"] != "daily" || v["quiet_from"] != "22:00" {
		t.Errorf("%v", v)
	}
	if status, v := k.call("nina", "POST", "/notices/wishes", `{"pace":"often","daily":"25:00","zone":"Here"}`); status != 422 || len(v["wrong"].([]any)) != 3 {
		t.Errorf("%d %v", status, v)
	}
	if status, v := k.call("nina", "GET", "/notices?state=old", ""); status != http.StatusOK || len(v["items"].([]any)) != 0 {
		t.Errorf("old notices: %d %v", status, v)
	}
}
