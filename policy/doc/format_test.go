package doc

import (
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"
)

// samples are policy files that load: the draft of the sample policy, and one
// file of each kind with every key.
func samples(t testing.TB) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	for _, dir := range []string{"testdata/draft", "testdata/everything", "testdata/base"} {
		fsys := os.DirFS(dir)
		err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			out[dir+"/"+name], err = fs.ReadFile(fsys, name)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// inFolder is the name of a sample within its folder.
func inFolder(name string) string { return strings.SplitN(name, "/", 3)[2] }

// TestFormat: formatting loses no comment, changes no meaning, and is stable.
func TestFormat(t *testing.T) {
	for name, src := range samples(t) {
		t.Run(name, func(t *testing.T) { holdsFormat(t, inFolder(name), src) })
	}
}

type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// holdsFormat checks the three promises of Format.
func holdsFormat(t failer, name string, src []byte) {
	t.Helper()
	out, err := Format(name, src)
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, src)
	}
	again, err := Format(name, out)
	if err != nil || string(again) != string(out) {
		t.Fatalf("%s is not stable (%v)\n-- source --\n%s\n-- once --\n%s\n-- twice --\n%s", name, err, src, out, again)
	}
	if was, is := comments(name, src), comments(name, out); !slices.Equal(was, is) {
		t.Fatalf("%s: comments were %q, are %q\n%s\n-- formatted --\n%s", name, was, is, src, out)
	}
	before, _ := Parse(name, src)
	after, _ := Parse(name, out)
	if before, after := placeless(before), placeless(after); !reflect.DeepEqual(before, after) {
		t.Fatalf("%s says something else\n-- source --\n%s\n-- formatted --\n%s", name, src, out)
	}
}

// comments are the comments of a file, sorted: their order may follow keys.
func comments(name string, src []byte) (out []string) {
	var l list
	_, remarks := parseTree(name, src, &l)
	for _, r := range remarks {
		out = append(out, r.text)
	}
	slices.Sort(out)
	return out
}

// TestFormatKeepsCommentsAnywhere: comments and blank lines at any place of any
// sample.
func TestFormatKeepsCommentsAnywhere(t *testing.T) {
	all := samples(t)
	names := sorted(all)
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(names).Draw(t, "file")
		lines := strings.Split(shuffled(t, inFolder(name), all[name]), "\n")
		for i := range rapid.IntRange(1, 6).Draw(t, "remarks") {
			at := rapid.IntRange(0, len(lines)-1).Draw(t, "line")
			indent := strings.Repeat(" ", rapid.IntRange(0, 12).Draw(t, "indent"))
			switch rapid.IntRange(0, 2).Draw(t, "kind") {
			case 0:
				lines = slices.Insert(lines, at, fmt.Sprintf("%s# note %d", indent, i))
			case 1:
				lines = slices.Insert(lines, at, "")
			case 2:
				lines[at] += fmt.Sprintf("  # behind %d", i)
			}
		}
		src := []byte(strings.Join(lines, "\n"))
		if f, ps := Parse(inFolder(name), src); f == nil || len(ps.Errors()) > 0 {
			t.Fatalf("a comment broke %s: %v", name, ps.Err())
		}
		holdsFormat(t, inFolder(name), src)
	})
}

// shuffled is a file with its fixed keys in another order.
func shuffled(t *rapid.T, name string, src []byte) string {
	k := kindFor(name)
	root, remarks, err := k.forFormat(name, src)
	if err != nil {
		t.Fatalf("%v", err)
	}
	header := attach(root, remarks, src)
	var shuffle func(n *node, s *shape)
	shuffle = func(n *node, s *shape) {
		if n.form == mapping && s.keys != nil && s.entry == nil {
			n.entries = rapid.Permutation(n.entries).Draw(t, "keys")
		}
		for _, e := range n.entries {
			shuffle(e.value, s.of(e.key.Text))
		}
		for _, item := range n.items {
			shuffle(item, s.item)
		}
	}
	shuffle(root, k.shape)
	var p printer
	p.lines(0, header)
	p.mapping(root, k.shape, 0, len(header) == 0)
	return p.out.String()
}

// TestFormatOrdersKeys: the order in which keys were written is not kept, that of
// tasks and items is.
func TestFormatOrdersKeys(t *testing.T) {
	src := "say: x\ntasks:\n  b: {do: [read], purpose: TREAT, title: B}\n\n  # about a\n  a: {title: A, purpose: treatment, do: [read]}\nreview: 1 month\nowner: o\ntitle: T\nrole: nurse # the role\n"
	want := `role: nurse  # the role
title: T
owner: o
review: 1 month
tasks:
  b:
    title: B
    purpose: treatment
    do: [read]

  # about a
  a:
    title: A
    purpose: treatment
    do: [read]
say: x
`
	o := &Organization{Purposes: []Purpose{{Name: Word{Text: "treatment"}, Codes: Words{{Text: "TREAT"}}}}}
	got, err := Format("roles/nurse.yaml", []byte(src), o)
	if err != nil || string(got) != want {
		t.Errorf("got (%v)\n%s", err, got)
	}
}

// TestFormatRefuses: what cannot be read is not formatted.
func TestFormatRefuses(t *testing.T) {
	for _, tt := range []struct{ name, src, want string }{
		{"roles/nurse.yaml", "role: [", "no YAML"},
		{"roles/nurse.yaml", "role: nurse\nrole: nurse\n", "written twice"},
		{"roles/nurse.yaml", "rule: nurse\n", `no key "rule"`},
		{"notes.txt", "x", "only files named .yaml"},
		{"elsewhere/nurse.yaml", "x", "wrong folder"},
	} {
		if _, err := Format(tt.name, []byte(tt.src)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s %q: got %v, want %s", tt.name, tt.src, err, tt.want)
		}
	}
}

// TestAnotherParserReadsTheSame: a second implementation of YAML finds the same
// keys, items and texts in every sample, and in what Format makes of it. What
// one parser hid from the other could hide from a person too.
func TestAnotherParserReadsTheSame(t *testing.T) {
	for name, src := range samples(t) {
		out, err := Format(inFolder(name), src)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range [][]byte{src, out} {
			var l list
			root, _ := parseTree(name, text, &l)
			if why := differs(root, text); why != "" {
				t.Errorf("%s: %s", name, why)
			}
		}
	}
}

// differs compares a tree with what the other parser reads.
func differs(root *node, src []byte) string {
	var document yaml.Node
	if err := yaml.Unmarshal(src, &document); err != nil {
		return "the other parser refuses: " + err.Error()
	}
	return unlike(root, document.Content[0], "")
}

func unlike(n *node, y *yaml.Node, path string) string {
	switch {
	case n.form == mapping && y.Kind == yaml.MappingNode:
		if len(n.entries)*2 != len(y.Content) {
			return fmt.Sprintf("%s: %d keys, the other parser finds %d", path, len(n.entries), len(y.Content)/2)
		}
		for i, e := range n.entries {
			if e.key.Text != y.Content[2*i].Value {
				return fmt.Sprintf("%s: key %q, the other parser reads %q", path, e.key.Text, y.Content[2*i].Value)
			}
			if why := unlike(e.value, y.Content[2*i+1], path+"/"+e.key.Text); why != "" {
				return why
			}
		}
		return ""
	case n.form == sequence && y.Kind == yaml.SequenceNode && len(n.items) == len(y.Content):
		for i, item := range n.items {
			if why := unlike(item, y.Content[i], fmt.Sprintf("%s/%d", path, i)); why != "" {
				return why
			}
		}
		return ""
	case (n.form == scalar || n.form == nothing) && y.Kind == yaml.ScalarNode:
		if was := strings.Join(strings.Fields(y.Value), " "); was != strings.Join(strings.Fields(n.text), " ") {
			return fmt.Sprintf("%s: %q, the other parser reads %q", path, n.text, y.Value)
		}
		if y.Line != n.at.Line && n.form == scalar {
			return fmt.Sprintf("%s: line %d, the other parser says %d", path, n.at.Line, y.Line)
		}
		return ""
	}
	return fmt.Sprintf("%s: %s, the other parser reads another form", path, n.form)
}

// TestFormatAnyText: whatever a text holds, in brackets or not, Format writes it
// so that both parsers read it back.
func TestFormatAnyText(t *testing.T) {
	letters := []rune(`ab1 .,:;#'"\[]{}&*!|>%@-?~=<é/()` + "`")
	text := rapid.StringOfN(rapid.SampledFrom(letters), 1, 14, -1).Filter(func(s string) bool { return strings.TrimSpace(s) == s && s != "" })
	rapid.Check(t, func(t *rapid.T) {
		one, two, key := text.Draw(t, "one"), text.Draw(t, "two"), rapid.StringMatching(`x:[!-~]{1,8}`).Draw(t, "key")
		quote := func(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
		src := fmt.Sprintf("role: r\ntitle: %s\nowner: o\nreview: 1 month\nsay: x\ntasks:\n  t:\n    title: T\n    purpose: p\n    do: [read]\n    lend: {for: 1 day, approve: [o], reasons: [%s, %s]}\n",
			quote(one), quote(two), quote(two+one))
		own := fmt.Sprintf("extensions:\n  %s: contact.phone\n", quote(key))
		for name, src := range map[string]string{"roles/r.yaml": src, "catalog/own.yaml": own} {
			holdsFormat(t, name, []byte(src))
			out, err := Format(name, []byte(src))
			if err != nil {
				t.Fatal(err)
			}
			var l list
			root, _ := parseTree(name, out, &l)
			if why := differs(root, out); why != "" {
				t.Fatalf("%s\n%s", why, out)
			}
		}
	})
}
