package verify

import (
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"modicum/ledger"
)

var kinds = map[string]any{"act": ledger.Act{}, "decision": ledger.Decision{}, "opened": ledger.Opened{}, "outcome": ledger.Outcome{}}

func keysOf(t reflect.Type) []string {
	var out []string
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		out = append(out, name)
	}
	return out
}

// TestKnownKeysAreTheWriters: the verifier's list is its own; it must not fall
// behind. Fields of the writer's types stand in key order.
func TestKnownKeysAreTheWriters(t *testing.T) {
	for kind, v := range kinds {
		if got := keysOf(reflect.TypeOf(v)); !slices.Equal(got, known[kind]) {
			t.Errorf("%s: the writer has %v, the verifier %v", kind, got, known[kind])
		}
	}
}

// TestFormatIsDocumented: docs/ledger-format.md names every key there is.
func TestFormatIsDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../docs/ledger-format.md")
	if err != nil {
		t.Fatal(err)
	}
	var walk func(reflect.Type)
	walk = func(rt reflect.Type) {
		for rt.Kind() == reflect.Slice || rt.Kind() == reflect.Map {
			rt = rt.Elem()
		}
		if rt.Kind() != reflect.Struct {
			return
		}
		keys := keysOf(rt)
		if !slices.IsSorted(keys) {
			t.Errorf("%s: fields are not in key order: %v", rt, keys)
		}
		for i, k := range keys {
			if !strings.Contains(string(doc), "`"+k+"`") {
				t.Errorf("docs/ledger-format.md does not name `%s` of %s", k, rt)
			}
			walk(rt.Field(i).Type)
		}
	}
	for _, v := range kinds {
		walk(reflect.TypeOf(v))
	}
}
