package scim_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"modicum/catalog"
	"modicum/internal/book"
	"modicum/internal/book/booktest"
	"modicum/internal/people"
	"modicum/internal/scim"
	"modicum/ledger"
	"modicum/policy"
)

const token = "0123456789abcdef0123456789abcdef"

var policySet = func() *policy.Set {
	set, problems := policy.Load(os.DirFS("../../policy-sample"), catalog.R4())
	if set == nil {
		panic(problems)
	}
	return set
}()

// site is a provisioning server over a directory with one administrator, ann.
type site struct {
	t      testing.TB
	shelf  *booktest.Shelf
	desk   *book.Desk
	people *people.Directory
	web    *httptest.Server
	file   string
	mux    *http.ServeMux
}

func newSite(t testing.TB, by scim.PersonBy) *site {
	t.Helper()
	s := &site{t: t, shelf: &booktest.Shelf{}, file: filepath.Join(t.TempDir(), "scim.token")}
	s.must(os.WriteFile(s.file, []byte(token+"\n"), 0o600))
	s.must(os.WriteFile(s.file+".next", []byte("fedcba9876543210fedcba9876543210"), 0o600))
	s.desk = book.NewDesk(s.shelf)
	var err error
	s.people, err = people.Open(t.Context(), people.Config{
		Desk: s.desk, Policy: func() *policy.Set { return policySet }, Now: func() (time.Time, bool) { return time.Now(), true },
		Groups: map[string]string{"nurses": "nurse", "officers": "privacy-officer"},
	})
	s.must(err)
	_, err = s.people.First(t.Context(), &people.Person{UserName: "ann", Name: "Ann"})
	s.must(err)
	tokens, err := scim.ReadTokens(s.file, s.file+".next")
	s.must(err)
	mux := http.NewServeMux()
	s.mux = mux
	s.web = httptest.NewServer(mux)
	t.Cleanup(s.web.Close)
	server, err := scim.New(scim.Config{People: s.people, Tokens: tokens, Base: s.web.URL + "/scim/v2", Name: "hr", Person: by})
	s.must(err)
	mux.Handle("/scim/v2/", http.StripPrefix("/scim/v2", server.Handler()))
	return s
}

func (s *site) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// reply is what the server said.
type reply struct {
	status int
	header http.Header
	body   map[string]any
	text   string
}

func (s *site) ask(method, path, body string, headers ...string) reply {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.web.URL+"/scim/v2"+path, strings.NewReader(body))
	s.must(err)
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/scim+json")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	s.must(err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	s.must(err)
	out := reply{status: resp.StatusCode, header: resp.Header, text: string(text)}
	if len(text) > 0 {
		s.must(json.Unmarshal(text, &out.body))
	}
	return out
}

// direct is ask without a network.
func (s *site) direct(method, path, body string) reply {
	s.t.Helper()
	r := httptest.NewRequestWithContext(s.t.Context(), method, "/scim/v2"+path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/scim+json")
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, r)
	out := reply{status: w.Code, header: w.Header(), text: w.Body.String()}
	if w.Body.Len() > 0 {
		s.must(json.Unmarshal(w.Body.Bytes(), &out.body))
	}
	return out
}

// made creates and returns the id.
func (s *site) made(path, body string) string {
	s.t.Helper()
	r := s.ask("POST", path, body)
	if r.status != http.StatusCreated {
		s.t.Fatalf("POST %s: %d %s", path, r.status, r.text)
	}
	return r.body["id"].(string)
}

func (s *site) user(name string) string { return s.made("/Users", `{"userName":"`+name+`"}`) }

func (s *site) is(r reply, status int, kind string) {
	s.t.Helper()
	got, _ := r.body["scimType"].(string)
	if r.status != status || got != kind {
		s.t.Errorf("got %d %q, want %d %q: %s", r.status, got, status, kind, r.text)
	}
}

// found lists the user names, or names of groups, that a query gives.
func (s *site) found(path string) (out []string) {
	s.t.Helper()
	r := s.ask("GET", path, "")
	if r.status != 200 {
		s.t.Fatalf("%s: %d %s", path, r.status, r.text)
	}
	for _, v := range r.body["Resources"].([]any) {
		o := v.(map[string]any)
		name, _ := o["userName"].(string)
		if name == "" {
			name, _ = o["displayName"].(string)
		}
		out = append(out, name)
	}
	return out
}

func (s *site) acts() (out []string) {
	for _, e := range s.shelf.Entries() {
		a := e.(*ledger.Act)
		out = append(out, a.Who+" "+a.Act)
	}
	return out
}

func TestAUserIsAddedReadChangedAndGone(t *testing.T) {
	s := newSite(t, scim.ByUserName)
	r := s.ask("POST", "/Users", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"eve","externalId":"x1","name":{"givenName":"Eve","familyName":"Ash"},
		"emails":[{"value":"eve@clinic.test","type":"work","primary":true}],"title":"Nurse","nickName":"E","active":true,
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"ward-3","manager":{"value":"ann"}}}`)
	if r.status != 201 || r.header.Get("Location") == "" || r.header.Get("ETag") == "" {
		t.Fatalf("%d %s", r.status, r.text)
	}
	id := r.body["id"].(string)
	p := s.people.Person("eve")
	if p == nil || p.Name != "Eve Ash" || p.Mail != "eve@clinic.test" || p.Department != "ward-3" || p.Manager != "ann" || p.From != people.SCIM {
		t.Errorf("the directory has %+v", p)
	}
	s.is(s.ask("POST", "/Users", `{"userName":"EVE"}`), 409, "uniqueness")
	r = s.ask("PUT", "/Users/"+id, `{"userName":"eve","displayName":"Dr. Ash"}`)
	if p := s.people.Person("eve"); r.status != 200 || p.Name != "Dr. Ash" || p.Mail != "" || p.Department != "" || !p.Active {
		t.Errorf("after PUT: %d %+v", r.status, p)
	}
	s.is(s.ask("PUT", "/Users/"+id, `{"userName":"eva"}`), 400, "mutability")
	s.is(s.ask("PUT", "/Users/"+id, `{"displayName":"Eve"}`), 400, "invalidValue")
	if r := s.ask("DELETE", "/Users/"+id, ""); r.status != 204 {
		t.Errorf("DELETE: %d", r.status)
	}
	s.is(s.ask("GET", "/Users/"+id, ""), 404, "")
	s.is(s.ask("POST", "/Users", `{"userName":"eve"}`), 409, "uniqueness")
	want := []string{"scim:hr person-added", "scim:hr person-added-refused", "scim:hr person-moved", "scim:hr person-deactivated", "scim:hr person-added-refused"}
	if got := s.acts()[1:]; !slices.Equal(got, want) {
		t.Errorf("the record says %v", got)
	}
}

func TestWhoHasNoTokenLearnsNothing(t *testing.T) {
	s := newSite(t, scim.ByUserName)
	for _, h := range []string{"", "Bearer", "Bearer x", "Basic " + token, "Bearer " + token + "0", "Bearer " + token[:31]} {
		for _, path := range []string{"/Users", "/ServiceProviderConfig", "/nothing"} {
			s.is(s.ask("GET", path, "", "Authorization", h), 401, "")
		}
	}
	if r := s.ask("GET", "/Users", "", "Authorization", "bearer fedcba9876543210fedcba9876543210"); r.status != 200 {
		t.Errorf("the second token while they rotate: %d", r.status)
	}
	s.must(os.Remove(s.file))
	s.is(s.ask("GET", "/Users", ""), 401, "")
	s.must(os.WriteFile(s.file, []byte("00112233445566778899aabbccddeeff\n"), 0o600))
	if r := s.ask("GET", "/Users", "", "Authorization", "Bearer 00112233445566778899aabbccddeeff"); r.status != 200 {
		t.Errorf("a new token in the file: %d", r.status)
	}
	s.must(os.Chmod(s.file, 0o644))
	s.is(s.ask("GET", "/Users", "", "Authorization", "Bearer 00112233445566778899aabbccddeeff"), 401, "")
	if _, err := scim.ReadTokens(s.file); err == nil {
		t.Error("a file that others may read is taken")
	}
	s.must(os.Chmod(s.file, 0o600))
	s.must(os.WriteFile(s.file, []byte("short"), 0o600))
	if _, err := scim.ReadTokens(s.file); err == nil {
		t.Error("a short token is taken")
	}
}

func TestG6_ALeaverIsOutBeforeTheAnswerIsSent(t *testing.T) {
	for name, patch := range map[string]string{
		"RFC":   `{"Operations":[{"op":"replace","path":"active","value":false}]}`,
		"Entra": `{"Operations":[{"op":"Replace","path":"active","value":"False"}]}`,
		"Okta":  `{"Operations":[{"op":"replace","value":{"active":false}}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, scim.ByUserName)
			id := s.user("eve")
			s.made("/Groups", `{"displayName":"nurses","members":[{"value":"`+id+`"}]}`)
			now := time.Now().UnixMicro()
			if !slices.Equal(s.people.Roles("eve", now), []string{"nurse"}) {
				t.Fatal("the group gave nothing")
			}
			gone := s.people.Gone("eve")
			if r := s.ask("PATCH", "/Users/"+id, patch); r.status != 200 || r.body["active"] != false {
				t.Fatalf("%d %s", r.status, r.text)
			}
			select {
			case <-gone:
			default:
				t.Error("nobody was told")
			}
			if s.people.Active("eve") || len(s.people.Roles("eve", now)) != 0 {
				t.Error("she is active, or holds something")
			}
			back := strings.NewReplacer("false", "true", "False", "True").Replace(patch)
			if r := s.ask("PATCH", "/Users/"+id, back); r.status != 200 || !slices.Equal(s.people.Roles("eve", time.Now().UnixMicro()), []string{"nurse"}) {
				t.Errorf("back: %d, %v", r.status, s.people.Roles("eve", time.Now().UnixMicro()))
			}
		})
	}
}

func TestG9_AGroupNeverGivesARightOverOthers(t *testing.T) {
	s := newSite(t, scim.ByUserName)
	id := s.user("eve")
	s.made("/Groups", `{"displayName":"officers","members":[{"value":"`+id+`"}]}`)
	now := time.Now().UnixMicro()
	if got := s.people.Roles("eve", now); len(got) != 0 {
		t.Errorf("a group gave %v", got)
	}
	if p := s.people.Proposals(now); len(p) != 1 || p[0].Name != "privacy-officer" {
		t.Errorf("waiting: %+v", p)
	}
	for _, patch := range []string{
		`{"Operations":[{"op":"add","path":"duties","value":["run-people"]}]}`,
		`{"Operations":[{"op":"add","value":{"duties":[{"name":"run-people","alone":true}]}}]}`,
	} {
		s.is(s.ask("PATCH", "/Users/"+id, patch), 400, "invalidPath")
	}
	// The people of the house are not there for it.
	if got := s.found("/Users"); !slices.Equal(got, []string{"eve"}) {
		t.Errorf("provisioning sees %v", got)
	}
	if got := s.found(`/Users?filter=userName%20eq%20%22ann%22`); len(got) != 0 {
		t.Errorf("provisioning finds %v", got)
	}
}

func TestOfTwoWhoRestOnOneVersionOneIsTold(t *testing.T) {
	s := newSite(t, scim.ByUserName)
	id := s.user("eve")
	tag := s.ask("GET", "/Users/"+id, "").header.Get("ETag")
	if r := s.ask("GET", "/Users/"+id, "", "If-None-Match", tag); r.status != 304 {
		t.Errorf("unchanged: %d", r.status)
	}
	done := make(chan int)
	for range 8 {
		go func() {
			done <- s.ask("PATCH", "/Users/"+id, `{"Operations":[{"op":"add","path":"title","value":"`+time.Now().String()+`"}]}`, "If-Match", tag).status
		}()
	}
	count := map[int]int{}
	for range 8 {
		count[<-done]++
	}
	if count[200] != 1 || count[412] != 7 {
		t.Errorf("answers: %v", count)
	}
	s.is(s.ask("DELETE", "/Users/"+id, "", "If-Match", tag), 412, "")
	s.is(s.ask("DELETE", "/Users/"+id, "", "If-Match", "*"), 204, "")
}

// Whom provisioning deleted, and an administrator brought back, is of the house; so is
// everybody who never was provided.
func TestT8_ProvisioningReachesNobodyOfTheHouse(t *testing.T) {
	s := newSite(t, scim.ByUserName)
	id := s.user("eve")
	s.is(s.ask("DELETE", "/Users/"+id, ""), 204, "")
	group := s.made("/Groups", `{"displayName":"nurses"}`)
	for _, method := range []string{"GET", "PUT", "PATCH", "DELETE"} {
		s.is(s.ask(method, "/Users/"+id, `{"userName":"eve","Operations":[{"op":"add","path":"active","value":true}]}`), 404, "")
	}
	s.is(s.ask("PATCH", "/Groups/"+group, `{"Operations":[{"op":"add","path":"members","value":[{"value":"`+id+`"}]}]}`), 400, "invalidValue")
	if got := s.found("/Users"); len(got) > 0 || s.people.Active("eve") {
		t.Errorf("it sees %v", got)
	}
	s.must(s.people.Reactivate(t.Context(), people.Actor{ID: "ann"}, "eve"))
	s.is(s.ask("GET", "/Users/"+id, ""), 404, "")
	// An administrator entrusts somebody of the house to it, and it finds them by name.
	s.must(s.people.Entrust(t.Context(), people.Actor{ID: "ann"}, "eve"))
	if got := s.found("/Users?filter=userName%20eq%20%22eve%22"); !slices.Equal(got, []string{"eve"}) {
		t.Errorf("entrusted, it finds %v", got)
	}
}
