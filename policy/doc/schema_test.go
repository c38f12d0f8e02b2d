package doc

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
	"go.yaml.in/yaml/v3"
)

func resolvedSchema(t testing.TB) *jsonschema.Resolved {
	t.Helper()
	var s jsonschema.Schema
	if err := json.Unmarshal(Schema(), &s); err != nil {
		t.Fatal(err)
	}
	r, err := s.Resolve(&jsonschema.ResolveOptions{ValidateDefaults: true})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// asEditors reads YAML as an editor does: types are those of YAML, days are text.
func asEditors(t testing.TB, src []byte) any {
	t.Helper()
	var document yaml.Node
	if err := yaml.Unmarshal(src, &document); err != nil {
		t.Fatal(err)
	}
	return editorValue(document.Content[0])
}

func editorValue(n *yaml.Node) any {
	switch n.Kind {
	case yaml.MappingNode:
		out := map[string]any{}
		for i := 0; i < len(n.Content); i += 2 {
			out[n.Content[i].Value] = editorValue(n.Content[i+1])
		}
		return out
	case yaml.SequenceNode:
		out := []any{}
		for _, c := range n.Content {
			out = append(out, editorValue(c))
		}
		return out
	}
	if n.Tag == "!!timestamp" {
		return n.Value
	}
	var v any
	if err := n.Decode(&v); err != nil {
		return n.Value
	}
	if i, ok := v.(int); ok {
		return float64(i)
	}
	return v
}

// TestSchemaAcceptsSamples: what loads validates.
func TestSchemaAcceptsSamples(t *testing.T) {
	r := resolvedSchema(t)
	for name, src := range samples(t) {
		if err := r.Validate(asEditors(t, src)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSchemaAgreesWithReader: every sample, broken in every place in every way
// that a schema can see, is refused by both or by neither.
func TestSchemaAgreesWithReader(t *testing.T) {
	r := resolvedSchema(t)
	tried, refused := 0, 0
	for name, src := range everything(t) {
		k := kindFor(name)
		var l list
		root, _ := parseTree(name, src, &l)
		broken(root, k.shape, func(how string) {
			var found list
			k.shape.check(root, k.what, &found)
			byReader := len(found.all) > 0
			bySchema := r.Validate(plainValue(root)) != nil
			tried++
			if byReader {
				refused++
			}
			if byReader != bySchema {
				t.Errorf("%s, %s: refused by the reader %v, by the schema %v\n%v", name, how, byReader, bySchema, found.all)
			}
		})
	}
	if tried < 500 || refused*2 < tried {
		t.Errorf("tried %d variants, %d refused: too few to show anything", tried, refused)
	}
}

// plainValue is a tree as JSON, counts as numbers.
func plainValue(n *node) any {
	switch n.form {
	case mapping:
		out := map[string]any{}
		for _, e := range n.entries {
			out[e.key.Text] = plainValue(e.value)
		}
		return out
	case sequence:
		out := []any{}
		for _, item := range n.items {
			out = append(out, plainValue(item))
		}
		return out
	case scalar:
		if gCount.pattern.MatchString(n.text) {
			var f float64
			fmt.Sscan(n.text, &f)
			return f
		}
		return n.text
	}
	return nil
}

// broken breaks one thing after the other. Taking away the key by which a kind
// of file is told would make it another kind, so that the first key stays.
func broken(root *node, s *shape, try func(how string)) {
	var walk func(n *node, s *shape, top bool)
	replaced := func(n *node, with node, how string) {
		was := *n
		*n = with
		try(how)
		*n = was
	}
	walk = func(n *node, s *shape, top bool) {
		if !top {
			replaced(n, node{form: nothing}, "nothing for "+n.text)
			replaced(n, node{form: sequence}, "an empty list for "+n.text)
			replaced(n, node{form: mapping}, "empty keys for "+n.text)
			replaced(n, node{form: scalar, text: "Ünknown, word"}, "an odd word for "+n.text)
			replaced(n, node{form: sequence, items: []*node{{form: scalar, text: "word"}, {form: scalar, text: "word"}}}, "a word twice for "+n.text)
			replaced(n, node{form: scalar, text: strings.Repeat("a", 2100)}, "a long word for "+n.text)
		}
		switch n.form {
		case mapping:
			was := n.entries
			n.entries = append(append([]entry{}, was...), entry{key: Word{Text: "sees"}, value: &node{form: scalar, text: "keep"}})
			if s.entry == nil {
				try("an unknown key")
			}
			n.entries = was
			for i, e := range was {
				if !top || i > 0 {
					n.entries = append(append([]entry{}, was[:i]...), was[i+1:]...)
					try("without " + e.key.Text)
					n.entries = was
				}
				walk(e.value, s.of(e.key.Text), false)
			}
		case sequence:
			for _, item := range n.items {
				walk(item, s.item, false)
			}
		}
	}
	walk(root, s, true)
}
