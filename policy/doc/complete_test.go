package doc

import (
	"io/fs"
	"os"
	"reflect"
	"strings"
	"testing"
)

// placeless returns a document without the places where words stand.
func placeless(f *Folder) *Folder {
	f.Sources = nil
	unplace(reflect.ValueOf(f).Elem())
	return f
}

func unplace(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[At]() {
			v.SetZero()
			return
		}
		for i := range v.NumField() {
			unplace(v.Field(i))
		}
	case reflect.Slice:
		for i := range v.Len() {
			unplace(v.Index(i))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			unplace(v.Elem())
		}
	}
}

func everything(t testing.TB) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	fsys := os.DirFS("testdata/everything")
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files[name], err = fs.ReadFile(fsys, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestNothingReadIsDropped: whatever the shapes allow reaches the document.
// Taking any key, item or letter away from a file changes what it is read as;
// and the files hold every key of every shape. A key that is accepted and then
// forgotten would be a rule that somebody wrote and nobody keeps.
func TestNothingReadIsDropped(t *testing.T) {
	used := map[*key]bool{}
	for name, src := range everything(t) {
		k := kindFor(name)
		var l list
		root, _ := parseTree(name, src, &l)
		k.shape.check(root, k.what, &l)
		if len(l.all) > 0 {
			t.Fatalf("%s: %s", name, l.all.Render(map[string][]byte{name: src}))
		}
		bound := func() *Folder {
			f := &Folder{}
			k.bind(f, root)
			return placeless(f)
		}
		whole := bound()
		changes(root, k.shape, used, func(what string) {
			if reflect.DeepEqual(whole, bound()) {
				t.Errorf("%s: without %s it is read as the same", name, what)
			}
		})
	}
	for _, k := range folders {
		mention(k.shape, used, t)
	}
	for _, k := range fixed {
		mention(k.shape, used, t)
	}
}

// changes takes away or changes one part of a tree after the other.
func changes(n *node, s *shape, used map[*key]bool, try func(what string)) {
	switch n.form {
	case scalar:
		was := n.text
		n.text = other(was, s.scalar)
		try(was)
		n.text = was
	case sequence:
		for i, item := range n.items {
			was := n.items
			n.items = append(append([]*node{}, was[:i]...), was[i+1:]...)
			try("an item: " + item.text)
			n.items = was
			changes(item, s.item, used, try)
		}
	case mapping:
		for i, e := range n.entries {
			if k := s.key(e.key.Text); k != nil {
				used[k] = true
			}
			was := n.entries
			n.entries = append(append([]entry{}, was[:i]...), was[i+1:]...)
			try("the key " + e.key.Text)
			n.entries = was
			changes(e.value, s.of(e.key.Text), used, try)
		}
	}
}

// other is another text that the grammar allows, or the same with a letter more.
func other(text string, g *grammar) string {
	for _, w := range g.words {
		if w != text && !(text == "yes" && w == "true") {
			return w
		}
	}
	switch g {
	case gSpan:
		return "7 minutes"
	case gRate:
		return "7 per " + strings.TrimPrefix(text[strings.Index(text, "per "):], "per ")
	case gCount:
		return "7"
	}
	return text + "x"
}

func mention(s *shape, used map[*key]bool, t *testing.T) {
	if s == nil {
		return
	}
	for i := range s.keys {
		if !used[&s.keys[i]] && !sharedKey(&s.keys[i], used) {
			t.Errorf("testdata/everything has no %s (%s)", s.keys[i].name, s.keys[i].means)
		}
		mention(s.keys[i].shape, used, t)
	}
	mention(s.item, used, t)
	mention(s.entry, used, t)
}

// sharedKey: a see is bound by the same code wherever it stands.
func sharedKey(k *key, used map[*key]bool) bool {
	for u := range used {
		if u.name == k.name && u.means == k.means {
			return true
		}
	}
	return false
}
