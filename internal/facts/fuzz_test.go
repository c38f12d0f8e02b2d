package facts_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"modicum/internal/facts"
)

// open lists the statuses in which a record of the upstream states anything.
var open = map[string][]string{
	"CareTeam":    {"active"},
	"Encounter":   {"arrived", "triaged", "in-progress", "onleave", "finished"},
	"Appointment": {"booked", "arrived", "fulfilled", "checked-in"},
	"Task":        {"requested", "received", "accepted", "ready", "in-progress", "on-hold"},
}

// FuzzFeed: whatever a record of the upstream holds, the poll is complete or
// states nothing; and what it states names a patient and a person whom the
// record names, and comes of a record that is open.
func FuzzFeed(f *testing.F) {
	for id, r := range hospital().records {
		typ, _, _ := strings.Cut(id, "/")
		f.Add(typ, []byte(r))
	}
	f.Fuzz(func(t *testing.T, typ string, body []byte) {
		if open[typ] == nil && typ != "Patient" {
			return
		}
		u := &upstream{records: map[string]string{typ + "/x": string(body)}}
		fd, s, _ := feed(t, u)
		err := fd.Poll(t.Context())
		var rec struct{ ResourceType, Status string }
		if json.Unmarshal(body, &rec) != nil && err == nil {
			t.Fatalf("read as a record: %q", body)
		}
		for st := range s.Index().All {
			if err != nil || rec.ResourceType != typ || !slices.Contains(open[typ], rec.Status) {
				t.Fatalf("%+v stated by %q (%v)", st, body, err)
			}
			names := texts(t, body)
			if !names("Patient/"+st.Patient) || st.Who.Kind == facts.Practitioner && !names(st.Who.Name) || st.Who.Kind == facts.Dept && !names("Location/"+st.Who.Name) {
				t.Errorf("%+v is not what %q says", st, body)
			}
			if st.Who.Kind == facts.Person || st.Who.Kind == facts.Role || st.RecordedBy != facts.FHIRSource {
				t.Errorf("the upstream cannot state %+v", st)
			}
		}
	})
}

// texts reads a record with the standard library; the function that it returns
// tells whether some string of it ends in a text, before any version.
func texts(t *testing.T, body []byte) func(string) bool {
	t.Helper()
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatal(err)
	}
	var all []string
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case string:
			s, _, _ := strings.Cut(v, "/_history/")
			all = append(all, s)
		case []any:
			for _, one := range v {
				walk(one)
			}
		case map[string]any:
			for _, one := range v {
				walk(one)
			}
		}
	}
	walk(v)
	return func(name string) bool {
		return slices.ContainsFunc(all, func(s string) bool { return strings.HasSuffix(s, name) })
	}
}
