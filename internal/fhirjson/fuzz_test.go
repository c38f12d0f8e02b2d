package fhirjson_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"modicum/catalog"
	"modicum/internal/fhirjson"
	"modicum/internal/testkit"
)

// quirks are texts on which JSON readers disagree, and what must happen.
var quirks = []struct {
	name, in string
	ok       bool
}{
	{"plain", `{"a":[1,-0.5e+10,"x\u00e9\ud83d\ude00",true,false,null,{}]}`, true},
	{"white space", " {\t\"a\" :\r\n[ 1 , 2 ] } \n", true},
	{"a number's spelling", `[1.0,1.00,100000000000000000000000000001,1E5]`, true},
	{"duplicate", `{"a":1,"b":2,"a":3}`, false},
	{"duplicate deep", `{"x":[{"a":1,"a":1}]}`, false},
	{"the same name elsewhere", `{"a":{"a":1},"b":{"a":1}}`, true},
	{"byte order mark", "\xef\xbb\xbf{}", false},
	{"trailing", `{} {}`, false},
	{"trailing comma", `{"a":1,}`, false},
	{"leading comma", `[,1]`, false},
	{"missing comma", `[1 2]`, false},
	{"wrong bracket", `[1}`, false},
	{"wrong brace", `{"a":1]`, false},
	{"unfinished", `{"a":[`, false},
	{"nothing", ``, false},
	{"space only", ` `, false},
	{"single quotes", `{'a':1}`, false},
	{"no quotes", `{a:1}`, false},
	{"number as name", `{1:1}`, false},
	{"NaN", `[NaN]`, false},
	{"leading zero", `[01]`, false},
	{"plus", `[+1]`, false},
	{"bare minus", `[-]`, false},
	{"bare point", `[1.]`, false},
	{"point first", `[.5]`, false},
	{"bare exponent", `[1e]`, false},
	{"TRUE", `[TRUE]`, false},
	{"tru", `[tru]`, false},
	{"truex", `[truex]`, false},
	{"comment", `[1/*x*/]`, false},
	{"control character", "[\"a\x01\"]", false},
	{"newline in a string", "[\"a\n\"]", false},
	{"delete is no control character", "[\"a\x7f\"]", true},
	{"NUL outside", "[1\x00]", false},
	{"form feed between", "[1,\f2]", false},
	{"unknown escape", `["\x41"]`, false},
	{"short unicode escape", `["\u00e"]`, false},
	{"half a pair", `["\ud83d"]`, false},
	{"half a pair and a letter", `["\ud83dx"]`, false},
	{"two high halves", `["\ud83d\ud83d"]`, false},
	{"low half first", `["\ude00\ud83d"]`, false},
	{"bad UTF-8", "[\"\xff\"]", false},
	{"overlong UTF-8", "[\"\xc0\xaf\"]", false},
	{"surrogate in UTF-8", "[\"\xed\xa0\x80\"]", false},
	{"cut UTF-8", "[\"\xe2\x82\"]", false},
	{"beyond Unicode", "[\"\xf4\x90\x80\x80\"]", false},
	{"bad UTF-8 in a name", "{\"\xff\":1}", false},
	{"UTF-8 beside a word's edge", "[\"1234567\xc3\xa9 1234567\"]", true},
	{"no-break space", "[1,\u00a02]", false},
	{"an escape in a name", `{"\u0061":1}`, false},
}

// FC47: quirks are refused, whatever a more generous reader makes of them.
func TestFC47_Quirks(t *testing.T) {
	s := fhirjson.New(catalog.R4(), fhirjson.Limits{})
	for _, tt := range quirks {
		t.Run(tt.name, func(t *testing.T) {
			_, err := s.Resource([]byte(tt.in))
			if (err == nil) != tt.ok {
				t.Errorf("got %v", err)
			}
			var syntax *fhirjson.SyntaxError
			if err != nil && (!errors.As(err, &syntax) || strings.Contains(err.Error(), "\x00") || syntax.Offset > len(tt.in)) {
				t.Errorf("error %v does not say where", err)
			}
			if _, oracle := parse([]byte(tt.in)); (oracle == nil) != tt.ok && tt.name != "an escape in a name" {
				t.Errorf("jsontext says %v", oracle)
			}
		})
	}
}

// FC51: bombs cost a bound and a refusal.
func TestFC51_Bombs(t *testing.T) {
	s := fhirjson.New(catalog.R4(), fhirjson.Limits{MaxBytes: 1000, MaxDepth: 8, MaxValues: 50, MaxMembers: 10, MaxEntries: 2})
	many := strings.Builder{}
	for i := range 11 {
		many.WriteString(`,"m` + strings.Repeat("x", i) + `":1`)
	}
	for name, in := range map[string]string{
		"depth":       strings.Repeat("[", 9) + strings.Repeat("]", 9),
		"bytes":       `["` + strings.Repeat("x", 1000) + `"]`,
		"values":      "[" + strings.Repeat("1,", 50) + "1]",
		"members":     "{" + many.String()[1:] + "}",
		"long number": "[" + strings.Repeat("1", 256) + "]",
		"long name":   `{"` + strings.Repeat("x", 256) + `":1}`,
	} {
		if _, err := s.Resource([]byte(in)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	for name, in := range map[string]string{
		"depth":       strings.Repeat("[", 8) + strings.Repeat("]", 8),
		"values":      "[" + strings.Repeat("1,", 48) + "1]",
		"long number": "[" + strings.Repeat("1", 255) + "]",
	} {
		if _, err := s.Resource([]byte(in)); err != nil {
			t.Errorf("%s at the bound: %v", name, err)
		}
	}
	entries := `{"resourceType":"Bundle","type":"searchset","entry":[{},{},{}]}`
	if _, err := s.Bundle([]byte(entries), nil); !errors.Is(err, fhirjson.ErrTooManyEntries) {
		t.Errorf("entries: %v", err)
	}
}

var scanners = fhirjson.NewPool(catalog.R4(), fhirjson.Limits{})

// FuzzScan: what is accepted, jsontext accepts; what it accepts is accepted, but for
// escapes in names and the bounds. Both refuse duplicate names.
func FuzzScan(f *testing.F) {
	for _, tt := range quirks {
		f.Add([]byte(tt.in))
	}
	f.Add(searchset()[:4000])
	f.Fuzz(func(t *testing.T, in []byte) {
		s := scanners.Get()
		defer scanners.Put(s)
		_, err := s.Resource(in)
		_, oracle := parse(in)
		if err == nil && oracle != nil {
			t.Fatalf("accepted, but jsontext: %v", oracle)
		}
		var syntax *fhirjson.SyntaxError
		if err != nil && oracle == nil && (!errors.As(err, &syntax) || !stricter(syntax.Why)) {
			t.Fatalf("refused, but jsontext accepts: %v", err)
		}
	})
}

// FuzzBundle: a page of the upstream is taken whole or not at all; what is taken is
// JSON, and hands over just the resources of its entries, in order, with the one
// link next.
func FuzzBundle(f *testing.F) {
	f.Add([]byte(`{"resourceType":"Bundle","type":"searchset","link":[{"relation":"self","url":"u"},{"relation":"next","url":"n\u0065xt"}],"entry":[{"resource":{"resourceType":"Patient","id":"p1"},"search":{"mode":"match"}},{},{"resource":{"resourceType":"OperationOutcome"},"search":{"mode":"outcome"}},{"resource":7}]}`))
	f.Add([]byte(`{"type":"searchset","resourceType":"Bundle","entry":[{"fullUrl":"urn:x","resource":{"id":"a","resourceType":"Bundle","entry":[]}}]}`))
	f.Add(searchset()[:4000])
	f.Fuzz(func(t *testing.T, in []byte) {
		s := scanners.Get()
		defer scanners.Put(s)
		var got []string
		next, err := s.Bundle(in, func(e fhirjson.Entry) error {
			got = append(got, e.Record.TypeName()+"/"+string(e.Record.ID))
			return nil
		})
		page, oracle := parse(in)
		if err != nil {
			if len(got) > 0 {
				t.Fatalf("%d records of a page that is refused: %v", len(got), err)
			}
			return
		}
		if oracle != nil {
			t.Fatalf("accepted, but jsontext: %v", oracle)
		}
		if page.get("resourceType").str() != "Bundle" || page.get("type").str() != "searchset" {
			t.Fatalf("no searchset: %s", in)
		}
		var links []string
		for _, l := range items(page.get("link")) {
			if l.get("relation").str() == "next" {
				links = append(links, l.get("url").str())
			}
		}
		if len(links) > 1 || len(links) == 1 && links[0] != string(next) || len(links) == 0 && next != nil {
			t.Fatalf("next is %q, the page says %q", next, links)
		}
		var want []string
		for _, e := range items(page.get("entry")) {
			if r := e.get("resource"); r != nil {
				want = append(want, nameOf(r))
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("handed over %q, the page holds %q", got, want)
		}
	})
}

func items(t *tree) []*tree {
	if t == nil {
		return nil
	}
	return t.items
}

// nameOf is Type/id of a type that the catalog knows.
func nameOf(r *tree) string {
	typ := r.get("resourceType").str()
	if _, ok := catalog.R4().Type(typ); !ok {
		return "/"
	}
	return typ + "/" + r.get("id").str()
}

// stricter reports whether a reason is one in which we are stricter than jsontext.
func stricter(why string) bool {
	switch why {
	case "an escape in a member name", "nested too deep", "too many members in one object", "a member name is too long", "a number is too long":
		return true
	}
	return false
}

// FuzzProject: whatever the record, its projection is JSON without empties, the same
// each time, and holds nothing of what is hidden; projected again it stays.
func FuzzProject(f *testing.F) {
	for i, in := range testkit.Examples(f) {
		if i%25 == 0 && len(in) < 6000 {
			f.Add(in, uint8(i))
		}
	}
	f.Add([]byte(patient(benchPatient)), uint8(7))
	all := views(30)
	s, two := fhirjson.New(catalog.R4(), fhirjson.Limits{}), fhirjson.New(catalog.R4(), fhirjson.Limits{})
	f.Fuzz(func(t *testing.T, in []byte, view uint8) {
		v := int(view) % len(all)
		s.Reset()
		r, err := s.Resource(in)
		if err != nil {
			return
		}
		sh := shape(all[v])
		out, o, err := s.Project(nil, r, sh)
		if err != nil || !o.There {
			return
		}
		if twice, _, _ := s.Project(nil, r, sh); !bytes.Equal(out, twice) {
			t.Fatalf("two projections differ:\n%s\n%s", out, twice)
		}
		orig, err := parse(in)
		if err != nil {
			t.Fatal(err)
		}
		got, err := parse(out)
		if err != nil {
			t.Fatalf("not JSON: %v\n%s", err, out)
		}
		noEmpties(t, "fuzz", v, got)
		hiddenStays(t, orig, got, out, &all[v])
		again(t, two, "fuzz", v, out, sh, r.Class)
	})
}
