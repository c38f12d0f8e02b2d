package fhir_test

import (
	"net/http"
	"strings"
	"testing"
)

// Scopes bound writes record by record and verb by verb: what is made or becomes must
// fit one scope whole, as must what was there before.
func TestRule11_ScopesBoundWrites(t *testing.T) {
	a := newArchive(t)
	chart(a)
	vitals := "?category=" + observationCategory + "|vital-signs"
	for _, tt := range []struct {
		name, scope, patient string
		of                   string // the patient written about
		change               func(string) string
		status               int
	}{
		{"create", "user/Observation.c", "", "p1", nil, 201},
		{"create by version 1", "user/Observation.write", "", "p1", nil, 201},
		{"reading makes nothing", "user/Observation.rs", "", "p1", nil, 403},
		{"nor does updating", "user/Observation.u", "", "p1", nil, 403},
		{"another type", "user/Condition.cruds", "", "p1", nil, 403},
		{"of the launch patient", "patient/Observation.c", "p1", "p1", nil, 201},
		{"of another", "patient/Observation.c", "p1", "p2", nil, 403},
		{"without a launch patient", "patient/Observation.c", "", "p1", nil, 403},
		{"what fits the query", "patient/Observation.c" + vitals, "p1", "p1", nil, 201},
		{"what does not", "patient/Observation.c?category=laboratory", "p1", "p1", nil, 403},
		{"a union", "patient/Observation.c?category=laboratory patient/Observation.c" + vitals, "p1", "p1", nil, 201},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := writing(t, a, nil)
			a.writes()
			r := c.send(t, c.app(t, "nina", tt.scope, tt.patient), http.MethodPost, "/Observation", vital(tt.of, ""), "Content-Type", "application/fhir+json")
			if r.status != tt.status {
				t.Errorf("%d, want %d: %s", r.status, tt.status, r.body)
			}
			if w := a.writes(); len(w) > 0 != (tt.status == 201) {
				t.Errorf("sent %v", w)
			}
		})
	}
}

func TestRule11_ScopesBoundUpdates(t *testing.T) {
	a := newArchive(t)
	chart(a)
	c := writing(t, a, nil)
	swapName := func(s string) string { return strings.Replace(s, "Familyp1", "Renamed", 1) }
	for scope, status := range map[string]int{
		"user/Patient.rs": 403, "user/Patient.cr": 403, "patient/Patient.ru": 404, "user/Patient.ru?gender=male user/Patient.r": 404, "user/Patient.ru?family=x user/Patient.r": 404,
	} {
		who := c.app(t, "nina", scope, "p2")
		read := c.get(t, "nina", "/Patient/p1")
		a.writes()
		r := c.put(t, who, "Patient/p1", swapName(read.body), "If-Match", read.header.Get("ETag"))
		if r.status != status || len(a.writes()) > 0 {
			t.Errorf("%s: %d %s, want %d and nothing sent", scope, r.status, r.body, status)
		}
	}
	if _, put := c.edit(t, c.app(t, "nina", "patient/Patient.ru", "p1"), "Patient/p1", swapName); put.status != http.StatusOK {
		t.Errorf("within the scopes: %d %s", put.status, put.body)
	}
}
