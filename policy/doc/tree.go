package doc

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// form is how a value is written.
type form uint8

const (
	nothing form = iota // a key with no value
	scalar
	sequence
	mapping
)

// String names the form for a message.
func (f form) String() string { return [...]string{"nothing", "one word or text", "a list", "keys"}[f] }

// node is a value of a policy file: what YAML says, without types. A scalar is
// its text, so that no version of YAML gives it a meaning of its own.
type node struct {
	form    form
	at      At
	text    string // of a scalar, spaces around it and line breaks in it taken away
	items   []*node
	entries []entry
	notes   notes // of an item of a sequence
	line    int   // where an item starts: that of its dash
	col     int
	block   bool // written over lines, not in brackets
}

// entry is a key and its value.
type entry struct {
	key   Word
	value *node
	notes notes
}

// find returns the value of a key, or nil.
func (n *node) find(key string) *node {
	if n == nil {
		return nil
	}
	for i := range n.entries {
		if n.entries[i].key.Text == key {
			return n.entries[i].value
		}
	}
	return nil
}

// remark is one comment.
type remark struct {
	line, col int
	text      string // with its #
	own       bool   // alone on its line
}

// parseTree reads a file. It returns nil, with problems, when nothing of it can
// be used.
func parseTree(file string, src []byte, l *list) (root *node, remarks []remark) {
	src, ok := cleanSource(file, src, l)
	if !ok {
		return nil, nil
	}
	// The parser is other people's code and this text comes from outside: a
	// fault in it refuses the file and stops nothing else.
	defer func() {
		if r := recover(); r != nil {
			l.add(At{File: file, Line: 1, Col: 1}, codeSyntax, "the YAML parser gave up on this file", "write it more simply")
			root, remarks = nil, nil
		}
	}()
	tokens := lexer.Tokenize(string(src))
	if !checkTokens(file, tokens, l) {
		return nil, nil
	}
	parsed, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		l.add(errorAt(file, err), codeSyntax, errorText(err), "")
		return nil, nil
	}
	b := builder{file: file, list: l}
	return b.document(parsed), commentsOf(tokens)
}

// errorAt is the place of a parser's error.
func errorAt(file string, err error) At {
	var e yaml.Error
	if errors.As(err, &e) {
		if t := e.GetToken(); t != nil && t.Position != nil {
			return At{File: file, Line: max(1, t.Position.Line), Col: max(1, t.Position.Column)}
		}
	}
	return At{File: file, Line: 1, Col: 1}
}

// errorText is a parser's error without its picture of the source.
func errorText(err error) string {
	var e yaml.Error
	if errors.As(err, &e) {
		return "this is no YAML: " + e.GetMessage()
	}
	return "this is no YAML"
}

// checkTokens refuses the parts of YAML that the language does without, all of
// them at once, and nesting that would be parsed at the price of the stack.
func checkTokens(file string, tokens token.Tokens, l *list) bool {
	ok, flow, headers, directive := true, 0, 0, false
	for i, t := range tokens {
		at := At{File: file, Line: max(1, t.Position.Line), Col: max(1, t.Position.Column)}
		switch t.Type {
		case token.AnchorType:
			l.add(at, codeAnchor, "an anchor (&)", "write the value out where it is used, or make it a view")
			ok = false
		case token.AliasType:
			l.add(at, codeAnchor, "an alias (*)", "write the value out, or put the text in quotes")
			ok = false
		case token.TagType:
			l.add(at, codeTag, "a tag (!)", "leave it out: every key knows its own type; put text in quotes")
			ok = false
		case token.MergeKeyType:
			l.add(at, codeMerge, "a merge key (<<)", "write the keys out")
			ok = false
		case token.DirectiveType:
			l.add(at, codeTag, "a YAML directive (%)", "leave it out")
			ok, directive = false, true
		case token.DocumentHeaderType:
			if headers++; headers > 1 || !directive && firstContent(tokens[:i]) {
				l.add(at, codeDocuments, "a second document in one file", "one file holds one document")
				ok = false
			}
		case token.SequenceStartType, token.MappingStartType:
			if flow++; flow == maxFlow+1 {
				l.add(at, codeDepth, fmt.Sprintf("brackets nested deeper than %d", maxFlow), "")
				return false
			}
		case token.SequenceEndType, token.MappingEndType:
			flow--
		case token.SequenceEntryType, token.MappingKeyType, token.MappingValueType:
			if flow > 0 && t.Type == token.MappingValueType && adjoins(t) {
				// One parser reads {task:read} as a key and its value, another as one word.
				l.add(at, codeSyntax, "a colon without a space after it, in brackets", "write key: value")
				ok = false
			}
			if flow <= 0 && indent(t) > maxColumn {
				l.add(at, codeDepth, fmt.Sprintf("nested deeper than column %d", maxColumn), "")
				return false
			}
		}
	}
	return ok
}

// adjoins reports whether something follows a colon without a space between. After a
// quoted key that is JSON, and read alike by all.
func adjoins(t *token.Token) bool {
	if p := t.Prev; p != nil && (p.Type == token.DoubleQuoteType || p.Type == token.SingleQuoteType) {
		return false
	}
	n := t.Next
	return n != nil && n.Position.Line == t.Position.Line && n.Position.Column == t.Position.Column+1
}

// indent is the column where the key or item of a token starts.
func indent(t *token.Token) int {
	if t.Type == token.MappingValueType && t.Prev != nil && t.Prev.Position.Line == t.Position.Line {
		return t.Prev.Position.Column
	}
	return t.Position.Column
}

// firstContent reports whether anything but comments stands in tokens.
func firstContent(tokens token.Tokens) bool {
	for _, t := range tokens {
		if t.Type != token.CommentType {
			return true
		}
	}
	return false
}

// commentsOf returns the comments in order.
func commentsOf(tokens token.Tokens) (out []remark) {
	last := 0 // line on which the token before ended
	for _, t := range tokens {
		if t.Type != token.CommentType {
			last = t.Position.Line + strings.Count(strings.Trim(t.Origin, " \n"), "\n")
			continue
		}
		text := "#" + strings.TrimRight(t.Value, " ")
		out = append(out, remark{line: t.Position.Line, col: t.Position.Column, text: text, own: t.Position.Line != last})
	}
	return out
}

// builder turns the parser's tree into ours.
type builder struct {
	file string
	list *list
}

func (b *builder) document(f *ast.File) *node {
	top := At{File: b.file, Line: 1, Col: 1}
	var body ast.Node
	for _, d := range f.Docs {
		if d.Body == nil {
			continue
		}
		if body != nil {
			b.list.add(b.at(d.Body), codeDocuments, "a second document in one file", "one file holds one document")
			return nil
		}
		body = d.Body
	}
	if body == nil {
		b.list.add(top, codeEmpty, "the file is empty", "")
		return nil
	}
	n := b.node(body)
	if n.form != mapping {
		b.list.add(n.at, codeShape, fmt.Sprintf("a policy file holds keys, this is %s", n.form), "")
		return nil
	}
	return n
}

func (b *builder) at(n ast.Node) At {
	p := n.GetToken().Position
	return At{File: b.file, Line: max(1, p.Line), Col: max(1, p.Column)}
}

func (b *builder) node(n ast.Node) *node {
	switch v := n.(type) {
	case *ast.MappingNode:
		return b.mapping(v, v.Values, !v.IsFlowStyle)
	case *ast.MappingValueNode:
		return b.mapping(v, []*ast.MappingValueNode{v}, true)
	case *ast.SequenceNode:
		return b.sequence(v)
	case *ast.AnchorNode:
		return b.node(v.Value)
	case *ast.TagNode:
		return b.node(v.Value)
	case *ast.LiteralNode:
		return b.scalar(v, v.Value.Value)
	case *ast.NullNode:
		if v.Token.Type == token.ImplicitNullType {
			return &node{form: nothing, at: b.at(n)}
		}
		return b.scalar(v, v.Token.Value)
	case *ast.StringNode:
		return b.scalar(v, v.Value)
	}
	return b.scalar(n, n.GetToken().Value)
}

// scalar reads text. Line breaks in it are spaces: how a long sentence is laid
// out has no meaning.
func (b *builder) scalar(n ast.Node, text string) *node {
	if strings.Contains(text, "\n") {
		lines := strings.Split(text, "\n")
		kept := lines[:0]
		for _, s := range lines {
			if s = strings.Trim(s, " "); s != "" {
				kept = append(kept, s)
			}
		}
		text = strings.Join(kept, " ")
	}
	out := &node{form: scalar, at: b.at(n), text: strings.TrimSpace(text)}
	if out.text == "" {
		out.form = nothing
	}
	for _, r := range out.text {
		if r == '\t' || invisible(r) || r == 0xfffd {
			b.list.add(out.at, codeEncoding, fmt.Sprintf("the text holds U+%04X, which nobody can see", r), "delete it")
			break
		}
	}
	return out
}

func (b *builder) mapping(n ast.Node, values []*ast.MappingValueNode, block bool) *node {
	out := &node{form: mapping, at: b.at(n), block: block}
	seen := map[string]At{}
	for i, v := range values {
		key := b.key(v.Key)
		if i == 0 && block {
			out.at = key.At
		}
		if first, twice := seen[key.Text]; twice {
			b.list.add(key.At, codeDuplicate, fmt.Sprintf("%s is written twice, first in line %d", quoted(key.Text), first.Line), "keep one of them")
			continue
		}
		seen[key.Text] = key.At
		value := b.node(v.Value)
		if value.form == nothing {
			value.at = key.At
		}
		out.entries = append(out.entries, entry{key: key, value: value})
	}
	return out
}

func (b *builder) key(k ast.MapKeyNode) Word {
	if m, ok := k.(*ast.MappingKeyNode); ok {
		b.list.add(b.at(m), codeSyntax, "a key written with ?", "write key: value")
		return Word{At: b.at(m)}
	}
	n := b.node(k)
	return Word{Text: n.text, At: n.at}
}

func (b *builder) sequence(s *ast.SequenceNode) *node {
	out := &node{form: sequence, at: b.at(s), block: !s.IsFlowStyle}
	for i, v := range s.Values {
		item := b.node(v)
		item.line, item.col = item.at.Line, item.at.Col
		if out.block && i < len(s.Entries) && s.Entries[i].Start != nil {
			p := s.Entries[i].Start.Position
			item.line, item.col = p.Line, p.Column
		}
		out.items = append(out.items, item)
	}
	return out
}

// quoted puts a word a person wrote in quotes, cut where it is too long to read.
func quoted(word string) string {
	const most = 60
	if r := []rune(word); len(r) > most {
		word = string(r[:most]) + "..."
	}
	return "\"" + word + "\""
}
