package scim_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"modicum/internal/scim"
)

// FuzzPatch: whatever a PATCH says, it gives no right and no other name, is answered by a
// status of RFC 7644, and leaves a user whom a PUT of itself does not change.
func FuzzPatch(f *testing.F) {
	for _, s := range []string{
		`{"Operations":[{"op":"Replace","path":"active","value":"False"}]}`,
		`{"Operations":[{"op":"add","path":"emails[type eq \"work\"].value","value":"a@x.test"}]}`,
		`{"Operations":[{"op":"remove","path":"emails","value":[{"value":"a@x.test"}]}]}`,
		`{"Operations":[{"op":"replace","value":{"name":{"givenName":"E"},"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"manager":"x"}}}]}`,
		`{"Operations":[{"op":"add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department","value":"ward-3"}]}`,
		`{"Operations":[{"op":"add","value":{"roles":[{"value":"nurse"}],"duties":["run-people"],"Active":true}}]}`,
		`{"Operations":[{"op":"replace","path":"userName","value":"EVE"},{"op":"remove","path":"name.givenName"}]}`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		s := newSite(t, scim.ByUserName)
		s.user("boss")
		id := s.user("eve")
		r := s.direct("PATCH", "/Users/"+id, body)
		if !slices.Contains([]int{200, 400, 403, 409, 413, 415}, r.status) {
			t.Fatalf("answered by %d: %s", r.status, r.text)
		}
		p := s.people.Person("eve")
		if len(p.Roles)+len(p.Positions)+len(p.Duties)+len(p.Same) > 0 || s.people.ByUserName("eve") != p {
			t.Fatalf("it made %+v", p)
		}
		was := s.direct("GET", "/Users/"+id, "")
		text, err := json.Marshal(was.body)
		s.must(err)
		if r := s.direct("PUT", "/Users/"+id, string(text)); r.status != 200 || !cmp.Equal(was.body, r.body) {
			t.Fatalf("a PUT of itself: %d %s", r.status, cmp.Diff(was.body, r.body))
		}
	})
}

// FuzzFilter: a filter is refused, or it and its negation divide the users.
func FuzzFilter(f *testing.F) {
	for _, s := range []string{
		`userName eq "ada"`, `emails[type eq "work" and not (value sw "a")]`, `active eq "True" or title pr and displayName co "x"`,
		`meta.created gt "2020-01-01T00:00:00Z"`, `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value ne null`,
		`not ((userName pr))`, `id le "z" and externalId gt 5`, `schemas co "core"`, `addresses.locality eq "x"`,
	} {
		f.Add(s)
	}
	s := newSite(f, scim.ByUserName)
	s.made("/Users", `{"userName":"ada","title":"Chief","displayName":"Ada X","emails":[{"value":"a@x.test","type":"work"}]}`)
	s.made("/Users", `{"userName":"bea","active":false,"externalId":"x5"}`)
	s.made("/Users", `{"userName":"cal","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"manager":{"value":"ada"}}}`)
	total := func(t *testing.T, filter string) (int, bool) {
		s.t = t
		r := s.direct("GET", "/Users?filter="+url.QueryEscape(filter), "")
		if r.status == 400 && r.body["scimType"] == "invalidFilter" {
			return 0, false
		}
		if r.status != 200 {
			t.Fatalf("answered by %d: %s", r.status, r.text)
		}
		return int(r.body["totalResults"].(float64)), true
	}
	f.Fuzz(func(t *testing.T, filter string) {
		yes, ok := total(t, filter)
		if !ok || strings.TrimSpace(filter) == "" {
			return
		}
		no, ok := total(t, "not ("+filter+")")
		if ok && yes+no != 3 {
			t.Errorf("%d fit, and %d fit its negation, of 3", yes, no)
		}
	})
}
