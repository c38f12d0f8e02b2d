package merge_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"modicum/internal/merge"
)

// RFC 6902 appendix A, and what its text demands besides.
func TestJSONPatch(t *testing.T) {
	for _, tt := range []struct {
		name, doc, patch, want string
		fault                  merge.Fault
	}{
		{"A.1 add a member", `{"foo":"bar"}`, `[{"op":"add","path":"/baz","value":"qux"}]`, `{"foo":"bar","baz":"qux"}`, 0},
		{"A.2 add an item", `{"foo":["bar","baz"]}`, `[{"op":"add","path":"/foo/1","value":"qux"}]`, `{"foo":["bar","qux","baz"]}`, 0},
		{"A.3 remove a member", `{"baz":"qux","foo":"bar"}`, `[{"op":"remove","path":"/baz"}]`, `{"foo":"bar"}`, 0},
		{"A.4 remove an item", `{"foo":["bar","qux","baz"]}`, `[{"op":"remove","path":"/foo/1"}]`, `{"foo":["bar","baz"]}`, 0},
		{"A.5 replace", `{"baz":"qux"}`, `[{"op":"replace","path":"/baz","value":"boo"}]`, `{"baz":"boo"}`, 0},
		{"A.6 move a value", `{"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}}`, `[{"op":"move","from":"/foo/waldo","path":"/qux/thud"}]`, `{"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}}`, 0},
		{"A.7 move an item", `{"foo":["all","grass","cows","eat"]}`, `[{"op":"move","from":"/foo/1","path":"/foo/3"}]`, `{"foo":["all","cows","eat","grass"]}`, 0},
		{"A.8 test", `{"baz":"qux","foo":["a",2,"c"]}`, `[{"op":"test","path":"/baz","value":"qux"},{"op":"test","path":"/foo/1","value":2}]`, `{"baz":"qux","foo":["a",2,"c"]}`, 0},
		{"A.9 test fails", `{"baz":"qux"}`, `[{"op":"test","path":"/baz","value":"bar"}]`, "", merge.Unequal},
		{"A.10 add into a new object", `{"foo":"bar"}`, `[{"op":"add","path":"/child","value":{"grandchild":{"x":1}}}]`, `{"foo":"bar","child":{"grandchild":{"x":1}}}`, 0},
		{"A.11 unknown members are ignored", `{"foo":"bar"}`, `[{"op":"add","path":"/baz","value":"qux","xyz":123}]`, `{"foo":"bar","baz":"qux"}`, 0},
		{"A.12 add to what is not there", `{"foo":"bar"}`, `[{"op":"add","path":"/baz/bat","value":"qux"}]`, "", merge.NothingHere},
		{"A.13 a name twice", `{"foo":"bar"}`, `[{"op":"add","path":"/baz","value":"qux","op":"remove"}]`, "", merge.NotAPatch},
		{"A.14 escapes", `{"/":9,"~1":10}`, `[{"op":"test","path":"/~01","value":10}]`, `{"/":9,"~1":10}`, 0},
		{"A.15 strings are no numbers", `{"/":9,"~1":10}`, `[{"op":"test","path":"/~01","value":"10"}]`, "", merge.Unequal},
		{"A.16 add a list", `{"foo":["bar"]}`, `[{"op":"add","path":"/foo/-","value":["abc","def"]}]`, `{"foo":["bar",["abc","def"]]}`, 0},
		{"copy", `{"a":{"b":1}}`, `[{"op":"copy","from":"/a","path":"/c"},{"op":"replace","path":"/c/b","value":2}]`, `{"a":{"b":1},"c":{"b":2}}`, 0},
		{"equal numbers", `{"a":1.0}`, `[{"op":"test","path":"/a","value":10e-1}]`, `{"a":1.0}`, 0},
		{"a number keeps its spelling", `{"a":1.00,"b":2}`, `[{"op":"remove","path":"/b"}]`, `{"a":1.00}`, 0},
		{"what is left empty goes", `{"a":[{"b":1}],"c":2}`, `[{"op":"remove","path":"/a/0/b"}]`, `{"c":2}`, 0},
		{"the whole document", `{"a":1}`, `[{"op":"replace","path":"","value":{"b":2}}]`, `{"b":2}`, 0},
		{"remove all", `{"a":1}`, `[{"op":"remove","path":""}]`, "", merge.BadPath},
		{"into itself", `{"a":{"b":1}}`, `[{"op":"move","from":"/a","path":"/a/b"}]`, "", merge.BadPath},
		{"leading zero", `{"a":[1,2]}`, `[{"op":"add","path":"/a/01","value":3}]`, "", merge.BadPath},
		{"beyond the end", `{"a":[1,2]}`, `[{"op":"add","path":"/a/3","value":3}]`, "", merge.OutOfRange},
		{"replace beyond", `{"a":[1,2]}`, `[{"op":"replace","path":"/a/2","value":3}]`, "", merge.NothingHere},
		{"replace the item after the last", `{"a":[1,2]}`, `[{"op":"replace","path":"/a/-","value":3}]`, "", merge.NothingHere},
		{"remove nothing", `{"a":1}`, `[{"op":"remove","path":"/b"}]`, "", merge.NothingHere},
		{"no slash", `{"a":1}`, `[{"op":"remove","path":"a"}]`, "", merge.BadPath},
		{"bad escape", `{"a":1}`, `[{"op":"remove","path":"/~2"}]`, "", merge.BadPath},
		{"no path", `{"a":1}`, `[{"op":"remove"}]`, "", merge.Incomplete},
		{"no value", `{"a":1}`, `[{"op":"add","path":"/b"}]`, "", merge.Incomplete},
		{"another operation", `{"a":1}`, `[{"op":"spam","path":"/b"}]`, "", merge.NoSuchOp},
		{"no list", `{"a":1}`, `{"op":"remove","path":"/a"}`, "", merge.NotAPatch},
		{"something behind", `{"a":1}`, `[] []`, "", merge.NotAPatch},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := merge.JSONPatch([]byte(tt.doc), []byte(tt.patch))
			var bad *merge.PatchError
			if errors.As(err, &bad) && bad.Fault != tt.fault || (err != nil) != (tt.fault != 0) {
				t.Fatalf("got %v, want fault %v", err, tt.fault)
			}
			if string(got) != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// FC51: copying doubles; it ends before the memory does.
func TestFC51_APatchThatDoublesEnds(t *testing.T) {
	ops := make([]string, 60)
	for i := range ops {
		ops[i] = `{"op":"copy","from":"/a","path":"/a/-"}`
	}
	_, err := merge.JSONPatch([]byte(`{"a":["`+strings.Repeat("x", 1000)+`"]}`), []byte("["+strings.Join(ops, ",")+"]"))
	var bad *merge.PatchError
	if !errors.As(err, &bad) || bad.Fault != merge.TooMuch {
		t.Errorf("got %v", err)
	}
	many := "[" + strings.Repeat(`{"op":"test","path":"","value":1},`, 1000) + `{"op":"test","path":"","value":1}]`
	if _, err := merge.JSONPatch([]byte(`{}`), []byte(many)); !errors.As(err, &bad) || bad.Fault != merge.NotAPatch {
		t.Errorf("1,001 operations: %v", err)
	}
}

// FC51: of an object the members are looked up in turn, which two of a hundred thousand
// would take minutes for. No record has an object of so many.
func TestFC51_APatchHasObjectsAsRecordsHave(t *testing.T) {
	patch := func(members int) []byte {
		object := "{"
		for i := range members {
			object += fmt.Sprintf(`"m%d":1,`, i)
		}
		object = strings.TrimSuffix(object, ",") + "}"
		return []byte(`[{"op":"add","path":"/x","value":` + object + `},{"op":"test","path":"/x","value":` + object + `}]`)
	}
	if _, err := merge.JSONPatch([]byte(`{"a":1}`), patch(256)); err != nil {
		t.Errorf("256 members: %v", err)
	}
	var bad *merge.PatchError
	if _, err := merge.JSONPatch([]byte(`{"a":1}`), patch(257)); !errors.As(err, &bad) || bad.Fault != merge.NotAPatch {
		t.Errorf("257 members: %v", err)
	}
}

// FuzzJSONPatch: what a patch gives is JSON; a patch of tests alone changes nothing;
// and the error names an operation of the patch.
func FuzzJSONPatch(f *testing.F) {
	doc := []byte(`{"resourceType":"Patient","id":"p1","name":[{"family":"A","given":["B","C"]}],"active":true}`)
	for _, p := range []string{
		`[{"op":"add","path":"/name/0/given/-","value":"D"}]`, `[{"op":"copy","from":"/name","path":"/name/0/given/0"}]`,
		`[{"op":"move","from":"/name/0","path":"/name/1"}]`, `[{"op":"test","path":"/active","value":true}]`, `[{"op":"remove","path":"/name/0/given"}]`,
	} {
		f.Add([]byte(p))
	}
	f.Fuzz(func(t *testing.T, patch []byte) {
		out, err := merge.JSONPatch(doc, patch)
		if err != nil {
			var bad *merge.PatchError
			if !errors.As(err, &bad) || bad.Fault == 0 || bad.Operation < 0 || len(out) > 0 {
				t.Fatalf("error %v with %d bytes", err, len(out))
			}
			return
		}
		if !json.Valid(out) {
			t.Fatalf("not JSON: %s", out)
		}
		var ops []struct{ Op string }
		if json.Unmarshal(patch, &ops) == nil && onlyTests(ops) && string(out) != string(doc) {
			t.Fatalf("tests changed it: %s", out)
		}
	})
}

func onlyTests(ops []struct{ Op string }) bool {
	for _, o := range ops {
		if o.Op != "test" {
			return false
		}
	}
	return true
}
