package scim_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"modicum/internal/people"
	"modicum/internal/scim"
)

// BenchmarkLargeGroup: what a client asks for most, with 10,000 people in one group.
func BenchmarkLargeGroup(b *testing.B) {
	s := newSite(b, scim.ByUserName)
	var members []string
	for n := range people.MostMembers {
		r := s.direct("POST", "/Users", fmt.Sprintf(`{"userName":"u%d"}`, n))
		members = append(members, `{"value":"`+r.body["id"].(string)+`"}`)
	}
	id := s.made("/Groups", `{"displayName":"nurses"}`)
	all := `{"displayName":"nurses","members":[` + strings.Join(members, ",") + `]}`
	var ops []string
	for n := range 1000 {
		ops = append(ops, strings.Replace(strings.Replace(members[n*9], `{"value":"`, `{"op":"remove","path":"members[value eq \"`, 1), `"}`, `\"]"}`, 1))
	}
	for _, bb := range []struct{ name, method, path, body string }{
		{"put all", "PUT", "/Groups/" + id, all},
		{"put none", "PUT", "/Groups/" + id, `{"displayName":"nurses"}`},
		{"put all again", "PUT", "/Groups/" + id, all},
		{"add one", "PATCH", "/Groups/" + id, `{"Operations":[{"op":"add","path":"members","value":[` + members[7] + `]}]}`},
		{"remove a thousand by brackets", "PATCH", "/Groups/" + id, `{"Operations":[` + strings.Join(ops, ",") + `]}`},
		{"find one by name", "GET", "/Users?filter=" + url.QueryEscape(`userName eq "u4711"`), ""},
		{"find by another attribute", "GET", "/Users?count=1&filter=" + url.QueryEscape(`title eq "Chief"`), ""},
	} {
		b.Run(bb.name, func(b *testing.B) {
			for b.Loop() {
				if r := s.direct(bb.method, bb.path, bb.body); r.status != 200 {
					b.Fatalf("%d %.300s", r.status, r.text)
				}
			}
		})
	}
}
