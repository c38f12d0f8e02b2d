package api_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"modicum/internal/caller"
	"modicum/internal/people"
	"modicum/ledger"
)

const seen = `{"task":"nurse/give-care","from":"made-up","sample":"p1","assume":["assigned-patient","during-shift","active-episode"]}`

// A look is on record first, each time; what is given is kept nowhere; a patient of ours is
// asked for as the looker's own request.
func TestL1_SeeingAsAnotherIsOnRecordFirst(t *testing.T) {
	k := newClinic(t)
	k.duty("iris", people.ReviewAccess)
	for range 2 {
		status, v := k.call("iris", "POST", "/see-as", seen, "Idempotency-Key", "again")
		if text := fmt.Sprint(v); status != http.StatusOK || !strings.Contains(text, "Synthetic") || !strings.Contains(text, "left_out") {
			t.Fatalf("%d %.500s", status, text)
		}
	}
	if got := k.readings(); len(got) != 2 || !strings.HasPrefix(got[0], "iris: seen-as nurse/give-care records:made-up") {
		t.Errorf("on record: %q", got)
	}
	k.log.Fail(errors.New("the disk is full"))
	if status, v := k.call("iris", "POST", "/see-as", seen); status != http.StatusServiceUnavailable {
		t.Errorf("without a record: %d %v", status, v)
	}
}

func TestSeeingAsAnotherSaysWhatStandsInTheWay(t *testing.T) {
	k := newClinic(t)
	k.duty("iris", people.ReviewAccess)
	for name, tt := range map[string]struct {
		body string
		want int
	}{
		"no such sample":         {`{"task":"nurse/give-care","from":"made-up","sample":"nobody","assume":[]}`, 422},
		"no such source":         {`{"task":"nurse/give-care","from":"x","assume":[]}`, 422},
		"no such task":           {`{"task":"nurse/none","from":"made-up","sample":"p1","assume":[]}`, 404},
		"no resource":            {`{"task":"nurse/give-care","from":"given","text":"Anna Berg","assume":[]}`, 422},
		"no such fact":           {`{"task":"nurse/give-care","from":"made-up","sample":"p1","assume":["Anna Berg"]}`, 422},
		"a task not of her own":  {`{"task":"nurse/give-care","from":"own-view","patient":"p7","own":"nurse/give-care","assume":[]}`, 422},
		"a patient by no id":     {`{"task":"nurse/give-care","from":"own-view","patient":"Anna Berg","own":"x","assume":[]}`, 422},
		"an empty one that goes": {`{"task":"nurse/give-care","from":"given","text":"{\"resourceType\":\"Patient\",\"id\":\"p1\"}","assume":[]}`, 200},
	} {
		status, v := k.call("iris", "POST", "/see-as", tt.body)
		if status != tt.want || strings.Contains(fmt.Sprint(v), "Berg") {
			t.Errorf("%s: %d, want %d: %v", name, status, tt.want, v)
		}
	}
	if len(k.own) > 0 {
		t.Errorf("asked upstream: %q", k.own)
	}
}

// TestFC47_ASeenNumberKeepsItsText: 60.50 is what would leave, not 60.5.
func TestFC47_ASeenNumberKeepsItsText(t *testing.T) {
	k := newClinic(t)
	k.duty("iris", people.ReviewAccess)
	text := `{"resourceType":"Patient","id":"p1"}
{"resourceType":"Observation","id":"o1","status":"final","code":{"text":"weight"},"valueQuantity":{"value":60.50,"unit":"kg"},"subject":{"reference":"Patient/p1"}}`
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, k.web.URL+"/api/see-as", strings.NewReader(fmt.Sprintf(`{"task":"nurse/give-care","from":"given","text":%q,"assume":["assigned-patient","during-shift","active-episode"]}`, text)))
	k.must(err)
	r.Header.Set("Authorization", "Bearer iris")
	r.Header.Set("Content-Type", "application/json")
	w, err := http.DefaultClient.Do(r)
	k.must(err)
	defer w.Body.Close()
	body, err := io.ReadAll(w.Body)
	k.must(err)
	if !strings.Contains(string(body), `"value":60.50`) {
		t.Errorf("%d %s", w.StatusCode, body)
	}
}

// TestC1_OwnRecordsAreReadWithATokenThatOpensThem: one of the task for which they are read,
// or of no one; never with one that opens no record, as whoever gave it out was told.
func TestC1_OwnRecordsAreReadWithATokenThatOpensThem(t *testing.T) {
	k := newClinic(t)
	k.duty("iris", people.ReviewAccess)
	for n, tt := range []struct {
		token, own, from string
		want             int
	}{
		{caller.NoTask, "nurse/give-care", "own-view", 403},
		{"nurse/cover", "nurse/give-care", "own-view", 403},
		{"nurse/give-care", "nurse/give-care", "made-up", 403},
		{"nurse/give-care", "nurse/give-care", "own-view", 200},
		{"", "nurse/give-care", "own-view", 200},
		{caller.NoTask, "", "made-up", 200},
	} {
		k.tried, k.own = nil, nil
		k.token = func(c *caller.Caller) { c.Task = tt.token }
		if status, v := k.call("iris", "GET", "/see-as", ""); status != http.StatusOK {
			t.Errorf("%d: what there is to choose from: %d %v", n, status, v)
		}
		k.token = func(c *caller.Caller) {
			c.Roles, c.Task, c.Tokens, c.PurposeOfUse = []string{"nurse"}, tt.token, []string{"t7"}, []string{"TREAT"}
			c.Expires = time.Date(2026, 11, 23, 12, 0, 7, 0, time.UTC)
		}
		before := len(k.log.Entries())
		status, v := k.call("iris", "POST", "/see-as", fmt.Sprintf(`{"task":"nurse/give-care","from":%q,"sample":"p1","patient":"p7","own":%q,"assume":[]}`, tt.from, tt.own))
		if status != tt.want {
			t.Errorf("%d: %d %v", n, status, v)
		}
		switch {
		case tt.want == 403 && (len(k.own) > 0 || len(k.log.Entries()) > before || !slices.Equal(k.tried, []string{"iris seeAs not-for-task"})):
			t.Errorf("%d: asked %q, on record %d more, tried %q", n, k.own, len(k.log.Entries())-before, k.tried)
		case tt.want == 200 && tt.from == "own-view" && !slices.Equal(k.own, []string{"iris nurse/give-care p7 [TREAT] [t7] 12:00:07"}):
			t.Errorf("%d: asked as %q", n, k.own)
		}
	}
}

// TestN4_ALookAtAPatientTellsNothingOfWhoIsThere: out of reach and not there are one answer,
// each look is on record, and a token of one task looks for that alone.
func TestN4_ALookAtAPatientTellsNothingOfWhoIsThere(t *testing.T) {
	k := newClinic(t)
	k.token = func(c *caller.Caller) { c.Roles = []string{"nurse"} }
	status, there := k.call("nina", "POST", "/look", `{"patient":"p1","task":"give-care"}`)
	_, gone := k.call("nina", "POST", "/look", `{"patient":"nobody-7","task":"give-care"}`)
	if status != http.StatusOK || fmt.Sprint(there) != fmt.Sprint(gone) || there["reached"] != false || len(there["needs"].([]any)) == 0 {
		t.Errorf("%d %v\n%v", status, there, gone)
	}
	if got := k.readings(); len(got) != 2 || !slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, "reach-looked-up") }) {
		t.Errorf("on record: %q", got)
	}
	if a := k.log.Entries()[0].(*ledger.Act); !slices.Equal(a.Patients, []string{k.record.Refs.Ref("Patient/p1")}) {
		t.Errorf("a search of the record for the patient does not find it: %q", a.Patients)
	}
	for body, want := range map[string]int{`{"patient":"p1","task":"none"}`: 422, `{"patient":"p 1","task":"give-care"}`: 422, `{"patient":"p1","role":"physician","task":"give-care"}`: 422} {
		if status, v := k.call("nina", "POST", "/look", body); status != want {
			t.Errorf("%s: %d %v", body, status, v)
		}
	}
	k.token = func(c *caller.Caller) { c.Roles, c.Task = []string{"nurse"}, "nurse/cover" }
	if status, v := k.call("nina", "POST", "/look", `{"patient":"p1","task":"give-care"}`); status != http.StatusForbidden {
		t.Errorf("with a token of another task: %d %v", status, v)
	}
}

// TestALookNamesTheSourcesThatHideEverybody: whoever runs the system reads which to state.
func TestALookNamesTheSourcesThatHideEverybody(t *testing.T) {
	k := newClinic(t)
	k.token = func(c *caller.Caller) { c.Roles = []string{"nurse"} }
	_, v := k.call("nina", "POST", "/look", `{"patient":"p1","task":"give-care"}`)
	want := []any{
		map[string]any{"source": "people", "title": "Personnel file and patient portal", "hides": []any{"Own chart", "Family's chart"}},
		map[string]any{"source": "office", "title": "Records, privacy and research offices", "hides": []any{"Restriction we agreed to"}},
	}
	if got := v["unsaid"]; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}
