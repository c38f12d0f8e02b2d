package fhir_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"modicum/internal/door/fhir"
)

// keepVersions lets the upstream keep versions: those given, newest first, the first
// being the record as it is now. "" stands for a deletion. It pages by offset, as
// HAPI does.
func keepVersions(s *sheet, typ, id string, versions ...string) {
	s.records[typ] = slices.DeleteFunc(s.records[typ], func(b string) bool { _, i := identify(b); return i == id })
	if versions[0] != "" {
		s.put(versions[0])
	}
	path := "/fhir/" + typ + "/" + id + "/_history"
	s.answer = func(w http.ResponseWriter, r *http.Request) {
		rest, under := strings.CutPrefix(r.URL.Path, path)
		w.Header().Set("Content-Type", "application/fhir+json;charset=UTF-8")
		switch {
		case !under && versions[0] == "" && r.URL.Path == "/fhir/"+typ+"/"+id:
			w.WriteHeader(http.StatusGone)
		case !under && strings.Count(r.URL.Path, "/") == 3:
			s.read(w, strings.Split(strings.TrimPrefix(r.URL.Path, "/fhir/"), "/"))
		case !under:
			s.search(w, strings.TrimPrefix(r.URL.Path, "/fhir/"), r.URL.Query())
		case rest == "":
			io.WriteString(w, s.past(typ, id, r.URL.Query(), versions))
		default:
			s.version(w, strings.TrimPrefix(rest, "/"), versions)
		}
	}
}

func (s *sheet) past(typ, id string, q url.Values, versions []string) string {
	offset, _ := strconv.Atoi(q.Get("_offset"))
	count, err := strconv.Atoi(q.Get("_count"))
	if err != nil {
		count = len(versions)
	}
	to := min(len(versions), offset+count)
	var entries []string
	for _, v := range versions[offset:to] {
		if v == "" {
			entries = append(entries, fmt.Sprintf(`{"fullUrl":"x/%s/%s","request":{"method":"DELETE","url":"%s/%s/_history/4"},"response":{"status":"200","etag":"W/\"4\""}}`, typ, id, typ, id))
			continue
		}
		entries = append(entries, fmt.Sprintf(`{"fullUrl":"%s/fhir/%s/%s","resource":%s,"request":{"method":"PUT","url":"%s/%s/_history/7"},"response":{"status":"200 OK","etag":"W/\"7\""}}`, s.URL, typ, id, v, typ, id))
	}
	link := ""
	if to < len(versions) {
		link = fmt.Sprintf(`{"relation":"next","url":"%s/fhir/%s/%s/_history?_offset=%d&_count=%d"}`, s.URL, typ, id, to, count)
	}
	return fmt.Sprintf(`{"resourceType":"Bundle","type":"history","total":%d,"link":[%s],"entry":[%s]}`, len(versions), link, strings.Join(entries, ","))
}

func (s *sheet) version(w http.ResponseWriter, version string, versions []string) {
	for _, v := range versions {
		if strings.Contains(v, `"versionId":"`+version+`"`) {
			io.WriteString(w, v)
			return
		}
	}
	w.WriteHeader(http.StatusNotFound)
}

// aged is a condition of a patient in one version.
func aged(version, patient, code string) string {
	return strings.NewReplacer(`"versionId":"5"`, `"versionId":"`+version+`","lastUpdated":"2026-11-0`+version+`T10:00:00.000Z"`).Replace(condition("h1", patient, code))
}

// told lists the versions that an answer shows.
func told(t *testing.T, r reply) []string {
	t.Helper()
	var b struct {
		ResourceType, Type string
		Total              *int
		Entry              []struct {
			FullURL  string
			Resource struct {
				ID   string
				Meta struct{ VersionID string }
			}
			Request  struct{ Method, URL string }
			Response struct{ Status, LastModified string }
		}
	}
	if err := json.Unmarshal([]byte(r.body), &b); err != nil || r.status != 200 || b.Type != "history" {
		t.Fatalf("no history: %d %v %s", r.status, err, r.body)
	}
	out := []string{}
	for _, e := range b.Entry {
		if e.Request.Method == "" || e.Request.URL == "" || e.Response.Status == "" || e.Response.LastModified == "" {
			t.Errorf("an entry without request or response (bdl-3, bdl-4): %+v", e)
		}
		out = append(out, e.Resource.Meta.VersionID)
	}
	if b.Total != nil && *b.Total != len(out) {
		t.Errorf("total %d of %d (F4)", *b.Total, len(out))
	}
	return out
}

func TestFC36_HistoryOfARecord(t *testing.T) {
	up := ward(t)
	keepVersions(up, "Condition", "h1", aged("5", "p1", "J45.0"), aged("4", "p1", "B20"), "", aged("3", "p9", "J45.0"), aged("2", "p1", "J20.0"), aged("1", "p1", "J10.0"))
	c := openClinic(t, up, "", nil)
	r := c.get(t, "vera", "/Condition/h1/_history")
	if got := told(t, r); !slices.Equal(got, []string{"5", "2", "1"}) { // 4 is marked, 3 is of a patient whom vera does not look after
		t.Errorf("versions %v", got)
	}
	lacks(t, r.body, "DELETE", "B20", "p9", up.URL, "etag", "W/")
	contains(t, r.body, `"total":3`)
	if got := told(t, c.get(t, "vera", "/Condition/h1/_history?_since=2026-11-02T10:00:00Z")); !slices.Equal(got, []string{"5", "2"}) {
		t.Errorf("since: %v", got)
	}
	get, head := c.get(t, "vera", "/Condition/h1/_history"), c.ask(t, "vera", http.MethodHead, "/Condition/h1/_history")
	get.body = ""
	same(t, get, head)
	for _, v := range []string{"5", "2", "1"} {
		if r := c.get(t, "vera", "/Condition/h1/_history/"+v); r.status != 200 {
			t.Errorf("version %s: %d", v, r.status)
		}
	}
	absent := c.get(t, "vera", "/Condition/nowhere")
	for _, path := range []string{"/Condition/h1/_history/4", "/Condition/h1/_history/3", "/Condition/h1/_history/9", "/Condition/nowhere/_history", "/Condition/e0/_history", "/Condition/c02/_history"} {
		same(t, c.get(t, "vera", path), absent)
	}
}

// TestFC36_TheStrictestOfVersionAndCurrentState: what was labelled since is not had from
// the past, nor what was labelled then from what is said of it now.
func TestFC36_TheStrictestOfVersionAndCurrentState(t *testing.T) {
	for name, versions := range map[string][]string{
		"marked since":                {aged("3", "p1", "B20"), aged("2", "p1", "J20.0"), aged("1", "p1", "J10.0")},
		"moved since":                 {aged("3", "p9", "J45.0"), aged("2", "p1", "J20.0")},
		"deleted since":               {"", aged("2", "p1", "J20.0"), aged("1", "p1", "J10.0")},
		"moved to her own record":     {aged("3", "p4", "J45.0"), aged("2", "p1", "J20.0")},
		"of somebody unknown by now":  {strings.Replace(aged("3", "p1", "J45.0"), "Patient/p1", "Patient?x=1", 1), aged("2", "p1", "J20.0")},
		"without metadata for anyone": {aged("3", "p1", "B20"), aged("2", "p1", "B20")},
	} {
		t.Run(name, func(t *testing.T) {
			up := ward(t)
			keepVersions(up, "Condition", "h1", versions...)
			c := openClinic(t, up, "", nil)
			absent := c.get(t, "vera", "/Condition/nowhere")
			same(t, c.get(t, "vera", "/Condition/h1/_history"), absent)
			same(t, c.get(t, "vera", "/Condition/h1/_history/2"), absent)
		})
	}
	up := ward(t)
	keepVersions(up, "Condition", "h1", aged("3", "p1", "J45.0"), aged("2", "p1", "B20"), aged("1", "p9", "J10.0"))
	c := openClinic(t, up, "", nil)
	if got := told(t, c.get(t, "vera", "/Condition/h1/_history")); !slices.Equal(got, []string{"3"}) {
		t.Errorf("versions %v", got)
	}
	for _, v := range []string{"1", "2"} {
		same(t, c.get(t, "vera", "/Condition/h1/_history/"+v), c.get(t, "vera", "/Condition/nowhere"))
	}
}

func TestFC36_HistoryOnlyWhereMetadataShows(t *testing.T) {
	up := ward(t)
	keepVersions(up, "Condition", "h1", aged("2", "p1", "J20.0"), aged("1", "p1", "J10.0"))
	c := openClinic(t, up, "", nil)
	same(t, c.get(t, "alice", "/Condition/h1/_history"), c.get(t, "alice", "/Condition/nowhere"))
	same(t, c.get(t, "alice", "/Condition/h1/_history/1"), c.get(t, "alice", "/Condition/nowhere"))
	for _, path := range []string{"?_at=2026-11-02", "?_sort=_lastUpdated", "?code=B20", "?_since=yesterday", "?_count=0", "?_since=2026-11-02T10:00:00Z&_since=2026-11-02T10:00:00Z", "?_cursor=AAAA&_count=1"} {
		if r := c.get(t, "vera", "/Condition/h1/_history"+path); r.status != 400 {
			t.Errorf("%s: %d", path, r.status)
		}
	}
}

func TestFC36_HistoryInPages(t *testing.T) {
	up := ward(t)
	var versions []string
	for i := range 9 {
		v := strconv.Itoa(9 - i)
		code := "J45.0"
		if i%3 == 1 {
			code = "B20"
		}
		versions = append(versions, aged(v, "p1", code))
	}
	keepVersions(up, "Condition", "h1", versions...)
	c := openClinic(t, up, "", nil)
	for _, size := range []int{1, 2, 3, 5, 6, 7} {
		var all []string
		path := fmt.Sprintf("/Condition/h1/_history?_count=%d", size)
		for path != "" {
			r := c.get(t, "vera", path)
			got := told(t, r)
			if len(got) == 0 || len(got) > size {
				t.Fatalf("a page of %d: %v (F5)", size, got)
			}
			all, path = append(all, got...), nextOf(t, r)
		}
		if !slices.Equal(all, []string{"9", "7", "6", "4", "3", "1"}) {
			t.Errorf("pages of %d: %v", size, all)
		}
	}
	next := nextOf(t, c.get(t, "vera", "/Condition/h1/_history?_count=2"))
	again := c.get(t, "vera", strings.Replace(next, "/h1/", "/c00/", 1))
	if again.status != 410 {
		t.Errorf("a cursor for another record: %d", again.status)
	}
	if r := c.get(t, "alice", next); r.status != 410 {
		t.Errorf("a cursor of somebody else: %d", r.status)
	}
	if r := c.get(t, "vera", strings.Replace(next, "/h1/_history", "", 1)); r.status != 410 {
		t.Errorf("a cursor of a history for a search: %d", r.status)
	}
	c.now = func() time.Time { return noon.Add(time.Hour) }
	if r := c.get(t, "vera", next); r.status != 410 {
		t.Errorf("an old cursor: %d", r.status)
	}
}

func nextOf(t *testing.T, r reply) string {
	t.Helper()
	var b bundleOf
	if err := json.Unmarshal([]byte(r.body), &b); err != nil {
		t.Fatal(err)
	}
	return b.link("next")
}

// TestN1_HistoriesOfTwins: what is hidden in the past, or how much of it there is, does
// not change a byte.
func TestN1_HistoriesOfTwins(t *testing.T) {
	answers := func(versions ...string) []reply {
		up := ward(t)
		keepVersions(up, "Condition", "h1", versions...)
		public, _ := url.Parse("https://gate.example/fhir")
		c := openClinic(t, up, "", func(cfg *fhir.Config) { cfg.Public = public })
		var out []reply
		for _, path := range []string{"/Condition/h1/_history", "/Condition/h1/_history?_count=1", "/Condition/h1/_history?_since=2026-11-02T00:00:00Z", "/Condition/h1/_history/3", "/Condition/h1/_history/2", "/Condition/h1/_history/1"} {
			out = append(out, c.get(t, "vera", path))
		}
		return out
	}
	a := answers(aged("5", "p1", "J45.0"), aged("2", "p1", "J20.0"), aged("1", "p1", "J10.0"))
	b := answers(aged("5", "p1", "J45.0"), "", aged("4", "p9", "J45.0"), aged("3", "p1", "B20"), aged("2", "p1", "J20.0"), "", aged("1", "p1", "J10.0"))
	for i := range a {
		same(t, a[i], b[i])
	}
}

func TestF9_AHistoryOfAnotherRecordIsAnErrorOfTheUpstream(t *testing.T) {
	for name, answer := range map[string]string{
		"another id":      `{"resourceType":"Bundle","type":"history","entry":[{"resource":` + condition("c01", "p1", "J11.0") + `}]}`,
		"another type":    `{"resourceType":"Bundle","type":"history","entry":[{"resource":` + patient("h1", "X", "1950-01-01") + `}]}`,
		"a searchset":     `{"resourceType":"Bundle","type":"searchset","entry":[]}`,
		"a foreign link":  `{"resourceType":"Bundle","type":"history","link":[{"relation":"next","url":"http://evil.example/x?y=1"}]}`,
		"a member twice":  `{"resourceType":"Bundle","type":"history","type":"history"}`,
		"not even a JSON": `<html>`,
	} {
		up := ward(t)
		keepVersions(up, "Condition", "h1", aged("2", "p1", "J20.0"))
		keep := up.answer
		up.answer = func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/_history") {
				w.Header().Set("Content-Type", "application/fhir+json")
				io.WriteString(w, answer)
				return
			}
			keep(w, r)
		}
		r := openClinic(t, up, "", nil).get(t, "vera", "/Condition/h1/_history")
		if r.status != 502 {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
		lacks(t, r.body, "evil", "J11.0", "html")
	}
}
