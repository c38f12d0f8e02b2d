package doc

import (
	"bytes"
	"slices"
)

// beforeGiven is what stands before the value that ParseGiven reads.
const beforeGiven = "cases:\n  - name: a request\n    given: "

// ParseGiven reads what a case of policy tests is given (policy-language 7), written
// on one line in flow style or as JSON; at is where it stands. Problems have their
// places there.
func ParseGiven(at At, src []byte) (*Given, Problems) {
	if bytes.ContainsAny(src, "\r\n") {
		return nil, Problems{{At: at, Code: codeShape, Message: "a request stands on one line"}}
	}
	text := append([]byte(beforeGiven), src...)
	f, probs := Parse("tests/request.yaml", append(text, "\n    expect: nothing\n"...))
	const line, col = 3, len("    given: ")
	move := func(a At) At {
		if a.Line != line {
			return at // of the whole
		}
		return At{File: at.File, Line: at.Line, Col: at.Col + max(0, a.Col-col-1)}
	}
	out := slices.Clone(probs)
	for i := range out {
		out[i].At = move(out[i].At)
	}
	if len(out.Errors()) > 0 || len(f.Tests) != 1 || len(f.Tests[0].Cases) != 1 {
		return nil, out
	}
	return &f.Tests[0].Cases[0].Given, out
}
