package doc

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Severity says whether a problem stops a policy.
type Severity uint8

const (
	// Error stops a policy: it does not come into force. The zero value, so
	// that a problem whose severity was forgotten stops it too.
	Error Severity = iota
	// Warning is for a person to judge.
	Warning
)

// String returns error or warning.
func (s Severity) String() string {
	if s == Warning {
		return "warning"
	}
	return "error"
}

// Problem is one thing wrong with a policy, and where. It quotes policy text
// only: policies hold no data of patients.
type Problem struct {
	At
	Severity Severity
	Code     string // stable, for tools: unknown-key, rule-8, ...
	Message  string // what is wrong
	Hint     string // what to do, "" when the message says it
}

// String returns file:line:col: message, with the severity if it is a warning.
func (p Problem) String() string {
	kind := ""
	if p.Severity == Warning {
		kind = "warning: "
	}
	if p.Line == 0 {
		return fmt.Sprintf("%s: %s%s", p.File, kind, p.Message)
	}
	return fmt.Sprintf("%s:%d:%d: %s%s", p.File, p.Line, p.Col, kind, p.Message)
}

// caretRoom is how many characters of a long line stand on each side of a caret.
const caretRoom = 60

// Render returns the problem as a compiler shows it: place and message, the
// line of source, a caret under the column, and the hint.
func (p Problem) Render(source []byte) string {
	var b strings.Builder
	b.WriteString(p.String())
	if line, col, ok := p.excerpt(source); ok {
		fmt.Fprintf(&b, "\n    %s\n    %s^", line, strings.Repeat(" ", col))
	}
	if p.Hint != "" {
		fmt.Fprintf(&b, "\n  hint: %s", p.Hint)
	}
	return b.String()
}

// excerpt returns the part of the source line around the column, and how many
// characters stand before the column in it.
func (p Problem) excerpt(source []byte) (line string, col int, ok bool) {
	if p.Line < 1 || p.Col < 1 {
		return "", 0, false
	}
	for n := 1; n < p.Line; n++ {
		i := bytes.IndexByte(source, '\n')
		if i < 0 {
			return "", 0, false
		}
		source = source[i+1:]
	}
	if i := bytes.IndexByte(source, '\n'); i >= 0 {
		source = source[:i]
	}
	// A line may hold what would mislead a terminal: only what prints is shown.
	runes := []rune(strings.Map(printable, strings.ToValidUTF8(string(source), "?")))
	at := min(p.Col-1, len(runes))
	from, to := max(0, at-caretRoom), min(len(runes), at+caretRoom)
	text, lead := string(runes[from:to]), ""
	if from > 0 {
		lead = "..."
	}
	if to < len(runes) {
		text += "..."
	}
	return strings.TrimRight(lead+text, " "), utf8.RuneCountInString(lead) + at - from, true
}

// printable replaces what does not print by a question mark, one for one, so
// that columns stay.
func printable(r rune) rune {
	if invisible(r) || r < ' ' {
		return '?'
	}
	return r
}

// Problems are sorted by file, line and column.
type Problems []Problem

// Sort sorts by place, then by message, and drops what is said twice.
func (ps Problems) Sort() Problems {
	slices.SortFunc(ps, func(a, b Problem) int {
		return cmp.Or(
			cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col),
			cmp.Compare(a.Severity, b.Severity), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Message, b.Message))
	})
	return slices.Compact(ps)
}

// Errors returns the problems that stop the policy.
func (ps Problems) Errors() Problems { return ps.of(Error) }

// Warnings returns those for a person to judge.
func (ps Problems) Warnings() Problems { return ps.of(Warning) }

func (ps Problems) of(s Severity) (out Problems) {
	for _, p := range ps {
		if p.Severity == s {
			out = append(out, p)
		}
	}
	return out
}

// Err returns nil when nothing stops the policy, else the errors as one error.
func (ps Problems) Err() error {
	if e := ps.Errors(); len(e) > 0 {
		return problemError{e}
	}
	return nil
}

// problemError keeps Problems from being an error by itself: an empty list
// would be a non-nil error.
type problemError struct{ Problems }

func (e problemError) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Render returns all problems, each as Problem.Render does; sources are those of a Folder.
func (ps Problems) Render(sources map[string][]byte) string {
	var b strings.Builder
	for _, p := range ps {
		b.WriteString(p.Render(sources[p.File]))
		b.WriteByte('\n')
	}
	return b.String()
}

// Unreadable reports whether a file could not be read at all, so that what it
// would have held is missing from the Folder. Checking further would blame
// other files for it.
func (ps Problems) Unreadable() bool {
	return slices.ContainsFunc(ps, func(p Problem) bool { return p.Severity == Error && unreadable[p.Code] })
}

// unreadable are the codes of problems after which nothing of a file is known.
var unreadable = map[string]bool{
	codeSyntax: true, codeEncoding: true, codeTooLarge: true, codeDepth: true, codeReading: true, codeDocuments: true,
	codeAnchor: true, codeTag: true, codeMerge: true,
}

// The codes of problems found while reading. Those of Check stand beside its rules.
const (
	codeSyntax     = "syntax"
	codeEncoding   = "encoding"
	codeTooLarge   = "too-large"
	codeDepth      = "too-deep"
	codeReading    = "unreadable"
	codeDocuments  = "documents"
	codeAnchor     = "anchor"
	codeTag        = "tag"
	codeMerge      = "merge-key"
	codeUnknownKey = "unknown-key"
	codeDuplicate  = "duplicate-key"
	codeMissing    = "missing-key"
	codeEmpty      = "empty"
	codeShape      = "wrong-shape"
	codeValue      = "wrong-value"
	codeFileName   = "file-name"
	codeFile       = "unknown-file"
)

// list collects problems.
type list struct{ all Problems }

func (l *list) add(at At, code, message, hint string) {
	l.all = append(l.all, Problem{At: at, Code: code, Message: message, Hint: hint})
}

func (l *list) warn(at At, code, message, hint string) {
	l.all = append(l.all, Problem{At: at, Severity: Warning, Code: code, Message: message, Hint: hint})
}
