package upstream_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestDeletionsAreToldByTheHistoryOfATypeOrNotAtAll(t *testing.T) {
	const gone = `{"fullUrl":"http://x/fhir/CareTeam/c1","request":{"method":"DELETE","url":"CareTeam/c1/_history/2"}}`
	const changed = `{"resource":{"resourceType":"CareTeam","id":"c2"},"request":{"method":"PUT","url":"CareTeam/c2/_history/3"}}`
	bundle := func(link string, entries ...string) http.HandlerFunc {
		return fhir(`{"resourceType":"Bundle","type":"history","link":[` + link + `],"entry":[` + strings.Join(entries, ",") + `]}`)
	}
	for _, tt := range []struct {
		name   string
		answer http.HandlerFunc
		want   []string
		told   bool
	}{
		{"one is gone, one changed", bundle("", gone, changed), []string{"c1"}, true},
		{"an absolute address", bundle("", strings.Replace(gone, `"CareTeam/c1/_history/2"`, `"http://x/fhir/CareTeam/c1"`, 1)), []string{"c1"}, true},
		{"nothing happened", bundle(""), nil, true},
		{"more than a page", bundle(`{"relation":"next","url":"http://x/fhir/CareTeam/_history?_offset=1000"}`, gone), nil, false},
		{"of another type", bundle("", strings.Replace(gone, `"CareTeam/c1`, `"MyCareTeam/c1`, 1)), nil, false},
		{"no id", bundle("", strings.Replace(gone, `CareTeam/c1/_history/2`, `CareTeam/`, 1)), nil, false},
		{"a searchset, as a server answers that ignores what it does not know", fhir(`{"resourceType":"Bundle","type":"searchset"}`), nil, false},
		{"refused", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotImplemented) }, nil, false},
		{"not JSON", fhir(`{"resourceType":"Bundle","type":"history",`), nil, false},
		{"a member twice", bundle("", strings.Replace(gone, `"method"`, `"method":"PUT","method"`, 1)), nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t, tt.answer)
			ids, told := client(t, s, nil).Deleted(t.Context(), "CareTeam", time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
			if !slices.Equal(ids, tt.want) || told != tt.told {
				t.Errorf("got %v, %v", ids, told)
			}
			if want := "GET /fhir/CareTeam/_history?_count=1000&_since=2026-11-23T12%3A00%3A00Z"; len(s.asked) != 1 || s.asked[0] != want {
				t.Errorf("asked %v", s.asked)
			}
		})
	}
}
