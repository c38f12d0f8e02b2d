package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Limits of the file.
const (
	maxFile  = 1 << 20
	maxDepth = 16
)

// node is one YAML value with its place; the zero node is absent. Every scalar is
// read as text and then by the type of its key, so that no version of YAML
// changes a meaning (policy-language, "A policy is a folder").
type node struct {
	at     At
	kind   kind
	text   string // of a scalar
	fields []field
	items  []node
}

type kind uint8

const (
	absent kind = iota
	scalar
	mapping
	list
)

type field struct {
	name string
	at   At
	of   node
}

// source is the file as lines.
type source struct {
	file  string
	lines []string
}

func (s *source) at(line, col int) At {
	a := At{File: s.file, Line: line, Col: col}
	if line >= 1 && line <= len(s.lines) {
		a.source = strings.TrimRight(s.lines[line-1], "\r")
	}
	return a
}

// parseYAML returns the tree, or the problems of its form.
func parseYAML(file string, text []byte) (node, Problems) {
	src := &source{file, strings.Split(string(text), "\n")}
	if len(text) > maxFile {
		return node{}, Problems{{At: At{File: file}, Text: fmt.Sprintf("is larger than %d bytes", maxFile)}}
	}
	if deep(text) {
		return node{}, Problems{{At: At{File: file}, Text: "is nested too deeply"}}
	}
	f, err := parser.ParseBytes(text, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return node{}, Problems{yamlProblem(src, err)}
	}
	var docs []ast.Node
	for _, d := range f.Docs {
		if d.Body != nil {
			docs = append(docs, d.Body)
		}
	}
	if len(f.Docs) > 1 {
		return node{}, Problems{{At: src.at(1, 1), Text: "holds several documents: write one"}}
	}
	if len(docs) == 0 {
		return node{at: src.at(1, 1)}, nil
	}
	t := tree{src: src}
	root := t.node(docs[0], 0)
	return root, t.problems
}

// deep bounds brackets and indentation before a parser recurses.
func deep(text []byte) bool {
	depth := 0
	for _, c := range text {
		switch c {
		case '{', '[':
			if depth++; depth > 64 {
				return true
			}
		case '}', ']':
			depth = max(0, depth-1)
		case '\n':
			depth = max(0, depth)
		}
	}
	for line := range strings.SplitSeq(string(text), "\n") {
		if dashes := strings.Count(line[:len(line)-len(strings.TrimLeft(line, " -?:"))], "-"); dashes > 64 || len(line) > 64<<10 {
			return true
		}
	}
	return false
}

// yamlProblem keeps place and message of the parser's error. Its message names
// syntax; the text of the file is shown by our own caret.
func yamlProblem(src *source, err error) Problem {
	p := Problem{At: At{File: src.file}, Text: "is not YAML"}
	var line, col int
	var rest string
	first, _, _ := strings.Cut(err.Error(), "\n")
	if n, _ := fmt.Sscanf(first, "[%d:%d]", &line, &col); n == 2 {
		p.At = src.at(line, col)
		if _, rest, _ = strings.Cut(first, "] "); rest != "" {
			p.Text = "is not YAML: " + rest
		}
	}
	return p
}

// tree converts the parser's tree.
type tree struct {
	src      *source
	problems Problems
}

func (t *tree) at(n ast.Node) At {
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return t.src.at(1, 1)
	}
	pos := n.GetToken().Position
	return t.src.at(pos.Line, pos.Column)
}

func (t *tree) bad(n ast.Node, text string) node {
	t.problems = append(t.problems, Problem{At: t.at(n), Text: text})
	return node{at: t.at(n)}
}

func (t *tree) node(n ast.Node, depth int) node {
	if depth > maxDepth {
		return t.bad(n, "is nested too deeply")
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		out := node{at: t.at(n), kind: mapping}
		if len(n.Values) > 0 {
			out.at = t.at(n.Values[0].Key)
		}
		for _, v := range n.Values {
			t.field(&out, v, depth)
		}
		return out
	case *ast.MappingValueNode:
		out := node{at: t.at(n.Key), kind: mapping}
		t.field(&out, n, depth)
		return out
	case *ast.SequenceNode:
		out := node{at: t.at(n), kind: list}
		for _, v := range n.Values {
			out.items = append(out.items, t.node(v, depth+1))
		}
		return out
	case *ast.StringNode:
		return node{at: t.at(n), kind: scalar, text: n.Value}
	case *ast.LiteralNode:
		return node{at: t.at(n), kind: scalar, text: n.Value.Value}
	case *ast.NullNode:
		return node{at: t.at(n)}
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return node{at: t.at(n), kind: scalar, text: n.GetToken().Value}
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode:
		return t.bad(n, "anchors, aliases, tags and merge keys are not read here: write it out")
	}
	return t.bad(n, "is not understood")
}

func (t *tree) field(out *node, v *ast.MappingValueNode, depth int) {
	name, ok := v.Key.(*ast.StringNode)
	text := ""
	switch {
	case ok:
		text = name.Value
	case v.Key.Type() == ast.MergeKeyType:
		t.bad(v.Key, "anchors, aliases, tags and merge keys are not read here: write it out")
		return
	case v.Key.GetToken() != nil:
		text = v.Key.GetToken().Value // a word that YAML would take for a number or yes
	}
	if slices.ContainsFunc(out.fields, func(f field) bool { return f.name == text }) {
		t.bad(v.Key, "is there twice")
		return
	}
	out.fields = append(out.fields, field{text, t.at(v.Key), t.node(v.Value, depth+1)})
}
