package api_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"modicum/internal/people"
	"modicum/ledger/ledgertest"
)

// full has several of all that is listed, and says what ids each path with one may name.
func (k *clinic) full() map[string][]string {
	k.t.Helper()
	k.duties()
	k.duty("cara", people.ReadRecord)
	k.duty("cara", people.ReviewAccess)
	ids := map[string][]string{"/record/": {ledgertest.ID(1), ledgertest.ID(2)}, "/people/": {"nina", "olga", "rita"}, "/programs/": {"robot"}}
	for i, ask := range []string{"p1", "p2", "p3", "p4", "p5", "p6"} {
		r := k.does("nina", http.StatusCreated, "POST", "/requests", strings.NewReplacer("p1", ask, "bed four", fmt.Sprint("bed ", i+1)).Replace(cover))["request"].(map[string]any)
		ids["/requests/"] = append(ids["/requests/"], r["id"].(string))
		if i < 3 {
			k.does("cara", http.StatusOK, "POST", "/requests/"+r["id"].(string)+"/approve", fmt.Sprintf(`{"digest":%q}`, r["digest"]))
		}
	}
	for _, patient := range []string{"p7", "p8", "p9"} {
		k.does("nina", http.StatusCreated, "POST", "/break-glass", fmt.Sprintf(`{"patient":%q,"task":"give-care","reason":{"text":"found unconscious in the room of %s"}}`, patient, patient))
	}
	for _, g := range k.lent.Grants("nina") {
		ids["/grants/"] = append(ids["/grants/"], g.ID)
	}
	for range 3 {
		k.given("nina")
		k.session("nina")
		k.given("cara")
	}
	for _, role := range []string{"physician", "billing-specialist", "privacy-officer"} {
		k.must(k.people.Give(k.t.Context(), people.Actor{ID: "olga"}, people.Gift{Person: "iris", Kind: people.Role, Name: role, Why: "help"}))
	}
	ids["/policy-changes/"] = []string{k.layMore()}
	return ids
}

// looks are the addresses of all operations that only look, with each id that there is.
func (k *clinic) looks(ids map[string][]string) (out []string) {
	k.t.Helper()
	var doc struct {
		Paths map[string]map[string]struct {
			Parameters []struct {
				Name, In string
				Schema   struct{ Enum []string }
			}
		}
	}
	if err := json.Unmarshal([]byte(k.text("olga", "/openapi.json")), &doc); err != nil {
		k.t.Fatal(err)
	}
	for path, does := range doc.Paths {
		look, is := does["get"]
		if !is {
			continue
		}
		at := strings.TrimPrefix(path, "/api")
		before, after, named := strings.Cut(at, "{id}")
		paths := []string{at}
		if named {
			paths = nil
			for _, id := range ids[before] {
				paths = append(paths, before+id+after)
			}
		}
		if len(paths) == 0 {
			k.t.Errorf("%s: there is none to look at here", path)
		}
		for _, p := range look.Parameters {
			for _, v := range p.Schema.Enum {
				paths = append(paths, at+"?"+p.Name+"="+v)
			}
		}
		out = append(out, paths...)
	}
	return append(out, "/openapi.json")
}

// text is the whole answer to a look.
func (k *clinic) text(as, path string) string {
	k.t.Helper()
	r, err := http.NewRequestWithContext(k.t.Context(), http.MethodGet, k.web.URL+"/api"+path, nil)
	if err != nil {
		k.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+as)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		k.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		k.t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		return res.Status
	}
	return string(b)
}

// TestAnAnswerIsTheSameUntilSomethingHappens: every operation that only looks, as everybody
// here. What depends on the order of a map would have a list repeat or miss something from
// one page to the next.
func TestAnAnswerIsTheSameUntilSomethingHappens(t *testing.T) {
	k := newClinic(t)
	ids := k.full()
	for _, later := range []time.Duration{0, 9 * time.Hour} { // when what was lent is over, and reviews are due
		k.now = k.now.Add(later)
		for _, path := range k.looks(ids) {
			answered := false
			for _, as := range []string{"olga", "rita", "nina", "cara", "iris"} {
				first := k.text(as, path)
				answered = answered || strings.HasPrefix(first, "{")
				for range 4 {
					if next := k.text(as, path); next != first {
						t.Errorf("%s: %s is not the same: %s, and then %s", as, path, first, next)
						break
					}
				}
			}
			if !answered && !strings.HasSuffix(path, "/proof") { // whose answer is no JSON
				t.Errorf("%s answers nobody here", path)
			}
		}
	}
	if !slices.Contains(k.looks(ids), "/grants?state=ended") {
		t.Error("not all that is listed was looked at")
	}
}
