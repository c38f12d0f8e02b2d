package merge_test

import (
	"compress/gzip"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"modicum/catalog"
	"modicum/internal/merge"
)

// element is XML as the official tests write resources.
type element struct {
	XMLName  xml.Name
	Name     string    `xml:"name,attr"`
	Value    string    `xml:"value,attr"`
	ID       string    `xml:"id,attr"`
	URL      string    `xml:"url,attr"`
	Children []element `xml:",any"`
	Inner    string    `xml:",innerxml"`
}

// tree is the element as FHIR JSON; the catalog says what repeats.
func (e *element) tree(cat *catalog.Catalog, n catalog.NodeID) *tree {
	if len(e.Children) == 0 || cat.Node(n).Name == "div" {
		kind, raw := byte('"'), ""
		switch cat.Node(n).Datatype {
		case catalog.DTBoolean, catalog.DTInteger, catalog.DTDecimal:
			kind, raw = '0', e.Value
		default:
			text := e.Value
			if text == "" {
				text = "<div xmlns=\"http://www.w3.org/1999/xhtml\">" + strings.NewReplacer("\r", "", "&quot;", `"`).Replace(e.Inner) + "</div>"
			}
			quoted, _ := json.Marshal(text)
			raw = string(quoted)
		}
		return &tree{kind: kind, raw: raw}
	}
	out := &tree{kind: '{'}
	for i := range e.Children {
		c := &e.Children[i]
		id, _ := cat.Child(n, []byte(c.XMLName.Local))
		v := c.tree(cat, id)
		if !cat.Node(id).Array {
			out.members = append(out.members, member{c.XMLName.Local, v})
			continue
		}
		if list := out.get(c.XMLName.Local); list != nil {
			list.items = append(list.items, v)
		} else {
			out.members = append(out.members, member{c.XMLName.Local, &tree{kind: '[', items: []*tree{v}}})
		}
	}
	return out
}

func (e *element) resource(cat *catalog.Catalog) string {
	if len(e.Children) == 0 {
		return ""
	}
	r := &e.Children[0]
	t, _ := cat.Type(r.XMLName.Local)
	out := r.tree(cat, cat.Root(t))
	if out.kind != '{' {
		out = &tree{kind: '{'}
	}
	out.members = append([]member{{"resourceType", &tree{kind: '"', raw: `"` + r.XMLName.Local + `"`}}}, out.members...)
	return out.String()
}

func (e *element) child(name string) *element {
	for i := range e.Children {
		if e.Children[i].XMLName.Local == name {
			return &e.Children[i]
		}
	}
	return nil
}

// The official tests of FHIRPath Patch (FHIR/fhir-test-cases, r4/patch).
func TestFHIRPathPatchPassesTheOfficialTests(t *testing.T) {
	f, err := os.Open("testdata/fhir-patch-tests.xml.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	var all element
	if err := xml.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	cat := catalog.R4()
	ran := 0
	for i := range all.Children {
		c := &all.Children[i]
		t.Run(c.Name, func(t *testing.T) {
			in, diff := c.child("input").resource(cat), c.child("diff").resource(cat)
			got, err := merge.FHIRPathPatch(cat, []byte(in), []byte(diff))
			want := c.child("output")
			if want == nil {
				if err == nil {
					t.Errorf("got %s, want an error", got)
				}
				return
			}
			if err != nil {
				t.Fatalf("%v\n%s\n%s", err, in, diff)
			}
			if a, b := parse(t, got).sorted().String(), parse(t, []byte(want.resource(cat))).sorted().String(); a != b {
				t.Errorf("got  %s\nwant %s\ndiff %s", a, b, diff)
			}
		})
		ran++
	}
	if ran < 30 {
		t.Errorf("%d tests ran", ran)
	}
}

// op writes an operation of a FHIRPath Patch.
func op(parts ...string) string {
	return `{"name":"operation","part":[` + strings.Join(parts, ",") + `]}`
}

func part(name, value string) string { return `{"name":"` + name + `",` + value + `}` }

func typed(kind, path string, more ...string) string {
	return op(append([]string{part("type", `"valueCode":"`+kind+`"`), part("path", `"valueString":"`+path+`"`)}, more...)...)
}

func params(ops ...string) []byte {
	return []byte(`{"resourceType":"Parameters","parameter":[` + strings.Join(ops, ",") + `]}`)
}

const shownPatient = `{"resourceType":"Patient","id":"p1","name":[{"use":"official","family":"A","given":["B","C"],"_given":[null,{"id":"c"}]},{"use":"old","family":"Z"}],"birthDate":"1970-01-01","active":true}`

func TestFHIRPathPatch(t *testing.T) {
	text := `"valueString":"x"`
	for _, tt := range []struct {
		name, op, want string
		fault          merge.Fault
	}{
		{"where", typed("replace", "Patient.name.where(use = 'old').family", part("value", text)), `"family":"x"}],"birthDate"`, 0},
		{"where of two", typed("delete", "Patient.name.where(use = 'official' and family = 'A').given[0]"), `"given":["C"],"_given":[{"id":"c"}]`, 0},
		{"last", typed("delete", "Patient.name.last()"), `{"id":"c"}]}],"birthDate"`, 0},
		{"insert keeps both lists", typed("insert", "Patient.name[0].given", part("index", `"valueInteger":1`), part("value", text)), `"given":["B","x","C"],"_given":[null,null,{"id":"c"}]`, 0},
		{"move keeps both lists", typed("move", "Patient.name[0].given", part("source", `"valueInteger":1`), part("destination", `"valueInteger":0`)), `"given":["C","B"],"_given":[{"id":"c"},null]`, 0},
		{"add of a choice", typed("add", "Patient", part("name", `"valueString":"deceased"`), part("value", `"valueBoolean":true`)), `"deceasedBoolean":true`, 0},
		{"nothing to delete", typed("delete", "Patient.maritalStatus"), `"active":true}`, 0},
		{"two at the path", typed("delete", "Patient.name"), "", merge.NotOne},
		{"nothing at the path", typed("replace", "Patient.maritalStatus", part("value", text)), "", merge.NothingHere},
		{"there already", typed("add", "Patient", part("name", `"valueString":"birthDate"`), part("value", `"valueDate":"1980-01-01"`)), "", merge.Occupied},
		{"unknown element", typed("delete", "Patient.shoeSize"), "", merge.BadPath},
		{"function", typed("delete", "Patient.name.skip(1)"), "", merge.BadPath},
		{"operator", typed("delete", "Patient.name | Patient.telecom"), "", merge.BadPath},
		{"condition on several", typed("delete", "Patient.name.where(given = 'B')"), `"active":true}`, 0},
		{"another operation", typed("spam", "Patient.name"), "", merge.NoSuchOp},
		{"beyond the list", typed("insert", "Patient.name", part("index", `"valueInteger":3`), part("value", `"valueHumanName":{"family":"x"}`)), "", merge.OutOfRange},
		{"a wrong type of a choice", typed("add", "Patient", part("name", `"valueString":"deceased"`), part("value", `"valueQuantity":{"value":1}`)), "", merge.Incomplete},
		{"no value", typed("replace", "Patient.birthDate"), "", merge.Incomplete},
		{"the record itself", typed("delete", "Patient"), "", merge.BadPath},
		{"part twice", op(part("type", `"valueCode":"delete"`), part("type", `"valueCode":"delete"`)), "", merge.Incomplete},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := merge.FHIRPathPatch(catalog.R4(), []byte(shownPatient), params(tt.op))
			var bad *merge.PatchError
			if errors.As(err, &bad) && bad.Fault != tt.fault || (err != nil) != (tt.fault != 0) {
				t.Fatalf("got %v, want fault %v", err, tt.fault)
			}
			if !strings.Contains(string(got), tt.want) {
				t.Errorf("got %s, want %s in it", got, tt.want)
			}
		})
	}
}

// FuzzFHIRPathPatch: whatever the path, the result is JSON of the same record, which a
// deletion makes no longer and a move leaves as long.
func FuzzFHIRPathPatch(f *testing.F) {
	for _, p := range []string{"Patient.name[0].given", "Patient.name.where(use = 'old')", "Patient.birthDate", "Patient.name.first().given.last()", "Patient.x", "name[", "Patient.name.where(a.b = 'c' and d = true)"} {
		f.Add(p, "delete")
		f.Add(p, "move")
	}
	was := len(shownPatient)
	f.Fuzz(func(t *testing.T, path, kind string) {
		p, err := json.Marshal(path)
		k, err2 := json.Marshal(kind)
		if err != nil || err2 != nil {
			return
		}
		patch := params(op(part("type", `"valueCode":`+string(k)), part("path", `"valueString":`+string(p)),
			part("source", `"valueInteger":0`), part("destination", `"valueInteger":1`), part("index", `"valueInteger":0`)))
		out, err := merge.FHIRPathPatch(catalog.R4(), []byte(shownPatient), patch)
		if err != nil {
			return
		}
		var r struct{ ResourceType, ID string }
		if json.Unmarshal(out, &r) != nil || r.ResourceType != "Patient" {
			t.Fatalf("not the record: %s", out)
		}
		if kind == "delete" && len(out) > was || kind == "move" && len(out) != was {
			t.Fatalf("%s %q: %s", kind, path, out)
		}
	})
}

// FC51: a path may look at each item of a list, and a patch has many: there is a bound to
// what all of them look at, and conditions count.
func TestFC51_PathsLookAtSoMuch(t *testing.T) {
	patch := func(times, conditions int) []byte {
		where := strings.TrimSuffix(strings.Repeat("text = 'x' and ", conditions), " and ")
		one := `{"name":"operation","part":[{"name":"type","valueCode":"delete"},{"name":"path","valueString":"Observation.note.where(` + where + ` and text = 'y')"}]}`
		return []byte(`{"resourceType":"Parameters","parameter":[` + strings.Repeat(one+",", times-1) + one + `]}`)
	}
	shown := []byte(`{"resourceType":"Observation","id":"o","note":[` + strings.Repeat(`{"text":"x"},`, 1999) + `{"text":"x"}]}`)
	if _, err := merge.FHIRPathPatch(catalog.R4(), shown, patch(10, 1)); err != nil {
		t.Errorf("10 operations: %v", err)
	}
	for _, p := range [][]byte{patch(1000, 1), patch(1, 2000)} {
		var bad *merge.PatchError
		if _, err := merge.FHIRPathPatch(catalog.R4(), shown, p); !errors.As(err, &bad) || bad.Fault != merge.TooBroad {
			t.Errorf("%d bytes: %v", len(p), err)
		}
	}
}
