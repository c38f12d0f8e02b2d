package client

import (
	"strings"
	"unicode"
)

// Plain is what somebody wrote, as a terminal may show it: on one line, without the
// signs that move its cursor, colour it, or turn the direction of reading. Otherwise
// who asks could rewrite what the approver is shown.
func Plain(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return unicode.ReplacementChar
		}
		return r
	}, s)
}
