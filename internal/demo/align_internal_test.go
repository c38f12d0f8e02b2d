package demo

import (
	"fmt"
	"strings"
	"testing"
)

// fates lays an answer beside a record and spells what became of each value.
func fates(t *testing.T, record, answer string) string {
	t.Helper()
	was, err := parse([]byte(record))
	if err != nil {
		t.Fatal(err)
	}
	var now *node
	if answer != "" {
		if now, err = parse([]byte(answer)); err != nil {
			t.Fatal(err)
		}
	}
	var out []string
	for _, p := range compare(was, now) {
		out = append(out, fmt.Sprintf("%s=%s", strings.TrimSuffix(p.top.name+"."+p.path, "."), p.fate))
	}
	return strings.Join(out, " ")
}

const absentMark = `{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"masked"}]}`

// TestCompare: what became of each value is read from record and answer alone.
func TestCompare(t *testing.T) {
	for _, tt := range []struct{ name, record, answer, want string }{
		{"nothing came", `{"id":"p","active":true,"gender":"male"}`, ``, "active=not shown gender=not shown"},
		{"kept and left out", `{"active":true,"gender":"male"}`, `{"gender":"male"}`, "active=not shown gender=kept"},
		{"a value that was changed was not kept", `{"gender":"male"}`, `{"gender":"other"}`, "gender=not shown"},
		{"coarser", `{"birthDate":"1943-02-02"}`, `{"birthDate":"1943"}`, "birthDate=coarser"},
		{"last four", `{"subscriberId":"MEMBER-10001"}`, `{"subscriberId":"****0001"}`, "subscriberId=last four"},
		{"last four of another", `{"subscriberId":"MEMBER-10001"}`, `{"subscriberId":"****9999"}`, "subscriberId=not shown"},
		{"a masked primitive", `{"birthDate":"1943-02-02"}`, `{"_birthDate":` + absentMark + `}`, "birthDate=masked"},
		{"a masked element", `{"code":{"text":"x","coding":[{"code":"y"}]}}`, `{"code":` + absentMark + `}`, "code.text=masked code.coding.code=masked"},
		{
			"items left out in the middle", `{"identifier":[{"value":"a"},{"value":"b"},{"value":"c"}]}`, `{"identifier":[{"value":"a"},{"value":"c"}]}`,
			"identifier.value=kept identifier.value=not shown identifier.value=kept",
		},
		{
			"one mark at the end for all that may be masked", `{"identifier":[{"value":"a"},{"value":"b"}]}`, `{"identifier":[{"value":"b"},` + absentMark + `]}`,
			"identifier.value=masked identifier.value=kept",
		},
		{
			"an item in part", `{"identifier":[{"system":"s","value":"ACCT-7001-2207"}]}`, `{"identifier":[{"value":"****2207"}]}`,
			"identifier.system=not shown identifier.value=last four",
		},
		{"an item of the answer that the record has not", `{"name":[{"family":"A"}]}`, `{"name":[{"family":"B"}]}`, "name.family=not shown"},
		{"deep", `{"item":[{"a":{"b":["x","y"]}}]}`, `{"item":[{"a":{"b":["x"]}}]}`, "item.a.b=kept item.a.b=not shown"},
		{"the server's own", `{"resourceType":"Patient","id":"p","meta":{"versionId":"1"}}`, ``, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := fates(t, tt.record, tt.answer); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// TestParseKnowsPlaces: a value is found again in the bytes of its record, whatever
// is written before it.
func TestParseKnowsPlaces(t *testing.T) {
	src := `{"a":["x\"\\",{"b":-1.50e2}],"c":null,"ä":"é","d":{},"e":[]}`
	root, err := parse([]byte(src))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"a": `["x\"\\",{"b":-1.50e2}]`, "c": "null", "ä": `"é"`, "d": "{}", "e": "[]"} {
		n := root.kid(path)
		if got := src[n.from:n.to]; got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
	if b := root.kid("a").kids[1].kid("b"); src[b.from:b.to] != "-1.50e2" {
		t.Errorf("a.b: %s", src[b.from:b.to])
	}
	if _, err := parse([]byte(`{"a":`)); err == nil {
		t.Error("half a record is read")
	}
}
