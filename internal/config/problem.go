package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// At is where something stands: a line and column of a file from 1, or an
// environment variable.
type At struct {
	File      string
	Line, Col int
	Env       string
	source    string // the line, for the caret
}

// Problem is one thing that is wrong. Text never holds a value.
type Problem struct {
	At   At
	Key  string // dotted path, "" for the whole
	Text string
	// Warning: the configuration is read all the same.
	Warning bool
}

// Error is FILE:LINE:COL: KEY TEXT.
func (p Problem) Error() string {
	text := p.Text
	if p.Key != "" {
		text = p.Key + " " + text
	}
	switch {
	case p.At.Env != "":
		return "environment " + p.At.Env + ": " + text
	case p.At.Line > 0:
		return fmt.Sprintf("%s:%d:%d: %s", p.At.File, p.At.Line, p.At.Col, text)
	case p.At.File != "":
		return p.At.File + ": " + text
	}
	return text
}

// Caret shows the line and a caret under the place; "" when there is none.
func (p Problem) Caret() string {
	if p.At.source == "" || p.At.Col < 1 {
		return ""
	}
	return "  " + p.At.source + "\n  " + strings.Repeat(" ", min(p.At.Col-1, 200)) + "^"
}

// Problems are all that is wrong, in the order of the file.
type Problems []Problem

// Error gives each with its caret.
func (ps Problems) Error() string {
	var b strings.Builder
	for i, p := range ps {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(p.Error())
		if c := p.Caret(); c != "" {
			b.WriteString("\n" + c)
		}
	}
	return b.String()
}

// Errors leaves the warnings out.
func (ps Problems) Errors() Problems {
	return slices.DeleteFunc(slices.Clone(ps), func(p Problem) bool { return p.Warning })
}

func (ps Problems) sorted() Problems {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.At.File, b.At.File), cmp.Compare(a.At.Line, b.At.Line), cmp.Compare(a.At.Col, b.At.Col),
			strings.Compare(a.At.Env, b.At.Env), strings.Compare(a.Text, b.Text))
	})
	return ps
}
