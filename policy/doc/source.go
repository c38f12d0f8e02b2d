package doc

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

const (
	// maxFile bounds one policy file, in bytes. A policy is read by people; a
	// file this large is not.
	maxFile = 1 << 20
	// maxFlow and maxColumn bound how deep a file nests. The parser calls itself
	// once a level, and nothing in the language nests deeper than nine.
	maxFlow, maxColumn = 16, 100
)

// cleanSource returns src with line ends as \n, or reports why it is no policy
// text. Whatever does not print is refused: a policy is read by people, and a
// character that turns the reading direction shows them another policy than the
// one in force.
func cleanSource(file string, src []byte, l *list) ([]byte, bool) {
	top := At{File: file, Line: 1, Col: 1}
	if len(src) > maxFile {
		l.add(top, codeTooLarge, fmt.Sprintf("the file has %d bytes, at most %d are read", len(src), maxFile), "split it")
		return nil, false
	}
	src = bytes.ReplaceAll(src, []byte("\r\n"), []byte("\n"))
	ok, line, col := true, 1, 1
	for i := 0; i < len(src); {
		r, n := utf8.DecodeRune(src[i:])
		at := At{File: file, Line: line, Col: col}
		switch {
		case r == utf8.RuneError && n == 1:
			l.add(at, codeEncoding, "the file is not UTF-8 from here on", "save it as UTF-8")
			return nil, false
		case r == '\t':
			l.add(at, codeEncoding, "a tab", "write spaces instead")
			ok = false
		case r == '\n':
			line, col = line+1, 0
		case invisible(r):
			l.add(at, codeEncoding, fmt.Sprintf("the character U+%04X, which nobody can see", r), "delete it")
			ok = false
		}
		i, col = i+n, col+1
	}
	return src, ok
}

// invisible reports whether r does not print or changes how text around it reads.
func invisible(r rune) bool {
	switch {
	case r == '\n' || r == '\t':
		return false
	case r < 0x20, r >= 0x7f && r < 0xa0: // controls
		return true
	case r == 0xad, r == 0x61c, r == 0x180e, r == 0xfeff: // soft hyphen, marks, byte order mark
		return true
	case r >= 0x200b && r <= 0x200f, r >= 0x2028 && r <= 0x202e, r >= 0x2060 && r <= 0x206f:
		return true // zero width, line and paragraph separators, directions
	case r >= 0xfff9 && r <= 0xffff, r >= 0xe0000 && r <= 0xe0fff: // specials, tags
		return true
	}
	return false
}
