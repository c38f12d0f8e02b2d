package fhir

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"testing"

	"modicum/catalog"
	"modicum/internal/fhirjson"
	"modicum/internal/upstream"
)

// FuzzSearchURL: no address makes the parsers panic; what they accept, written
// again, is read as the same; and what would be sent upstream holds nothing but
// parameters of the catalog (FC48, F1).
func FuzzSearchURL(f *testing.F) {
	for _, s := range []string{
		"/Patient?family=x", "/Condition?patient=p1&code=http://x|1,2\\,3&_sort=-code&_count=5", "/Condition?subject:Patient=1", "/Observation?code-value-quantity=1$gt5|http://u|kg",
		"/Patient/_search?_id=a,b", "//Patient", "/Patient/p1/_history/2", "/Patient/%24x", "/Observation?date=ge2020-01-01T00:00:00%2B01:00&_elements=value,code", "/Patient?family%3Aexact=%C3%BC",
		"/Patient?_cursor=AAAA", "/Encounter?_total=none&_summary=text&class=AMB|x", "/Condition?patient=Patient/1&_format=json",
	} {
		f.Add(s)
	}
	cat := catalog.R4()
	f.Fuzz(func(t *testing.T, address string) {
		path, raw, _ := strings.Cut(address, "?")
		at := parsePath(path)
		if at.shape == outside || at.typ == "" {
			return
		}
		if (at.shape == instance || at.shape == version) && (!upstream.IsID(at.id) || strings.ContainsAny(at.id, "/%?#")) {
			t.Fatalf("%q: id %q", address, at.id)
		}
		typ, ok := cat.Type(at.typ)
		if !ok {
			return
		}
		pairs, ok := parseQuery(raw, nil)
		if !ok {
			return
		}
		q, err := parseSearch(cat, typ, pairs)
		if err != nil {
			return
		}
		again := reparse(t, cat, typ, q.asked)
		if !slices.Equal(q.asked, again.asked) || !slices.Equal(q.patients, again.patients) || !slices.Equal(q.upstream(false), again.upstream(false)) {
			t.Fatalf("%q: read again as %+v, not %+v", address, again, q)
		}
		for _, p := range q.upstream(false) {
			name, _, _ := strings.Cut(p.Name, ":")
			if _, known := cat.Param(typ, name); !known && name != "_sort" {
				t.Fatalf("%q would send %s", address, p.Name)
			}
		}
		// What is sent is itself a search that reads as what was meant. All must hold, in
		// whatever order: an escape may sort elsewhere than what it stands for.
		var sent []pair
		for _, p := range q.upstream(false) {
			sent = append(sent, pair{p.Name, p.Value})
		}
		if got := reparse(t, cat, typ, sent); !slices.Equal(ordered(q.upstream(false)), ordered(got.upstream(false))) && len(got.patients) == 0 {
			t.Fatalf("%q: sent %v, which reads as %v", address, q.upstream(false), got.upstream(false))
		}
	})
}

func ordered(ps []upstream.Param) []upstream.Param {
	slices.SortFunc(ps, func(a, b upstream.Param) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Value, b.Value))
	})
	return ps
}

func reparse(t *testing.T, cat *catalog.Catalog, typ catalog.Type, pairs []pair) *query {
	var b strings.Builder
	for i, p := range pairs {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(p.name) + "=" + url.QueryEscape(p.value))
	}
	read, ok := parseQuery(b.String(), nil)
	if !ok {
		t.Fatalf("%q is not read again", b.String())
	}
	q, err := parseSearch(cat, typ, read)
	if err != nil {
		t.Fatalf("%q is refused: %v", b.String(), err)
	}
	return q
}

// FuzzDocument: what the scanner reads comes apart and together again as it was, and
// under another id it is the same but for that: so a record that is made is the one that
// was judged (D1, F8).
func FuzzDocument(f *testing.F) {
	for _, s := range []string{
		`{"resourceType":"Patient","id":"a","meta":{"versionId":"1"},"name":[{"family":"x"}]}`, `{ "resourceType" : "Observation" , "id":"a","valueQuantity":{"value":1.50e2}}`,
		`{"resourceType":"Patient","id":"a","\u0069d":"b"}`, `{"resourceType":"Patient","id":"a","x\u007fy":1,"ü":"\ud83d\ude00"}`, `[]`, `{}`, `{"id":"a"}`,
	} {
		f.Add([]byte(s))
	}
	cat := catalog.R4()
	f.Fuzz(func(t *testing.T, text []byte) {
		sc := fhirjson.New(cat, fhirjson.Limits{})
		rec, err := sc.Resource(text)
		if err != nil {
			return
		}
		doc, err := takeApart(text)
		if err != nil {
			return // not an object
		}
		if got := doc.text(); string(got) != string(rec.Text()) {
			t.Fatalf("put together again\n%s\nis not\n%s", got, rec.Text())
		}
		if rec.Withheld {
			return
		}
		moved := doc.without("id", "resourceType").put(field{"resourceType", quoted(rec.TypeName())}, field{"id", quoted("other")})
		again, err := sc.Resource(moved.text())
		if err != nil || again.Type != rec.Type || string(again.ID) != "other" || again.Overlays != rec.Overlays && again.TypeName() != "Patient" {
			t.Fatalf("under another id it is another: %v\n%s", err, moved.text())
		}
	})
}
