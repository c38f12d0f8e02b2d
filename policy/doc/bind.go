package doc

import (
	"strconv"
)

// Binding turns a tree into a document. It never reports: what its shape does
// not allow was reported by shape.check and is left out here.

// of returns the value of a key if it is written in form f, or nil.
func (n *node) of(key string, f form) *node {
	if v := n.find(key); v != nil && v.form == f {
		return v
	}
	return nil
}

func (n *node) word(key string) Word {
	if v := n.of(key, scalar); v != nil {
		return Word{v.text, v.at}
	}
	return Word{}
}

// wordOr returns the word of a key, or the default at the place of n.
func (n *node) wordOr(key, otherwise string) Word {
	if w := n.word(key); w.Text != "" {
		return w
	}
	return Word{otherwise, n.place()}
}

func (n *node) place() At {
	if n == nil {
		return At{}
	}
	return n.at
}

func (n *node) str(key string) string { return n.word(key).Text }

func (n *node) words(key string) Words { return n.of(key, sequence).list() }

// oneOrMore returns a list that may be written as one word.
func (n *node) oneOrMore(key string) Words {
	if w := n.word(key); w.Text != "" {
		return Words{w}
	}
	return n.words(key)
}

// list returns the scalars of a sequence; never nil for one that was written.
func (n *node) list() Words {
	if n == nil {
		return nil
	}
	out := make(Words, 0, len(n.items))
	for _, item := range n.items {
		if item.form == scalar {
			out = append(out, Word{item.text, item.at})
		}
	}
	return out
}

func (n *node) span(key string) Span { return spanOf(n.word(key)) }

func spanOf(w Word) Span {
	s, _ := ParseSpan(w.Text)
	s.At = w.At
	return s
}

func (n *node) rate(key string) *Rate {
	w := n.word(key)
	r, ok := ParseRate(w.Text)
	if !ok {
		return nil
	}
	r.At = w.At
	return &r
}

func (n *node) count(key string, otherwise int) int {
	w := n.word(key)
	if !gCount.pattern.MatchString(w.Text) {
		return otherwise
	}
	i, err := strconv.Atoi(w.Text)
	if err != nil {
		return otherwise
	}
	return i
}

func (n *node) yes(key string) bool { return yes(n.word(key)) }

func yes(w Word) bool { return w.Text == "yes" || w.Text == "true" }

// yesNo returns yes or no as one word each, or an empty Word.
func (n *node) yesNo(key string) Word {
	w := n.word(key)
	switch w.Text {
	case "true":
		w.Text = "yes"
	case "false":
		w.Text = "no"
	}
	return w
}

// each calls f for every key of the mapping under key, in order.
func (n *node) each(key string, f func(name Word, v *node)) {
	v := n.of(key, mapping)
	if v == nil {
		return
	}
	for i := range v.entries {
		f(v.entries[i].key, v.entries[i].value)
	}
}

// pairs returns the keys and scalars of the mapping under key.
func (n *node) pairs(key string) (out []Pair) {
	n.each(key, func(name Word, v *node) {
		if v.form == scalar {
			out = append(out, Pair{name, Word{v.text, v.at}})
		}
	})
	return out
}

// hold reads a while or unless.
func (n *node) hold(key string) Hold {
	if v := n.of(key, sequence); v != nil {
		out := Hold{}
		for _, item := range v.items {
			out = append(out, termOf(item))
		}
		return out
	}
	if v := n.of(key, mapping); v != nil {
		return Hold{termOf(v)}
	}
	return nil
}

func termOf(n *node) Term {
	if n.form == scalar {
		return Term{Name: Word{n.text, n.at}}
	}
	var t Term
	if alternatives := n.of("any", sequence); alternatives != nil {
		for _, item := range alternatives.items {
			if item.form == scalar {
				t.Any = append(t.Any, Term{Name: Word{item.text, item.at}})
			} else {
				t.Any = append(t.Any, Term{All: item.words("all")})
			}
		}
	}
	return t
}

// see reads a see: treatments, or the name of a view.
func (n *node) see(key string) *See {
	v := n.find(key)
	switch {
	case v == nil:
		return nil
	case v.form == scalar:
		return &See{At: v.at, View: Word{v.text, v.at}}
	}
	s := seeOf(v)
	return &s
}

func seeOf(v *node) See {
	return See{
		At: v.at, Keep: v.words("keep"), Last4: v.words("last4"), Coarse: v.words("coarse"),
		Token: v.words("token"), Mask: v.words("mask"), Ask: v.words("ask"), Omit: v.words("omit"),
	}
}

func (n *node) within(key string) *Within {
	v := n.find(key)
	switch {
	case v == nil:
		return nil
	case v.form == scalar:
		return &Within{At: v.at, WholeRecord: v.text == "whole-record"}
	}
	return &Within{At: v.at, Of: v.oneOrMore("of"), Back: v.span("back"), Place: v.word("place")}
}

func (n *node) lend(key string) *Lend {
	v := n.of(key, mapping)
	if v == nil {
		return nil
	}
	return &Lend{At: v.at, For: v.span("for"), Approve: v.words("approve"), Reasons: v.words("reasons"), Patients: v.count("patients", 1)}
}

func lineOf(n *node) Line {
	return Line{
		At: n.at, While: n.hold("while"), Do: n.words("do"), See: n.see("see"),
		Marked: n.words("marked"), Within: n.within("within"), Lend: n.lend("lend"),
	}
}

func (n *node) also() (out []Line) {
	if v := n.of("also", sequence); v != nil {
		for _, item := range v.items {
			out = append(out, lineOf(item))
		}
	}
	return out
}
