package people

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Bounds of what a person is called, in bytes.
const (
	mostName = 256
	mostText = 500
)

// key makes names that look alike one: by compatibility form and case (Unicode 15,
// NFKC, full case folding). Letters of several scripts are refused by plainName.
func key(s string) string {
	if isASCII(s) { // as nearly all are, and asked for with every request
		return strings.ToLower(s)
	}
	return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(s)))
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// Fold is a name as the directory finds people by it: whoever counts what is done in a
// name counts that, or each spelling of it would be another one.
func Fold(name string) string { return key(name) }

// scripts whose letters look like each other's.
var scripts = []*unicode.RangeTable{unicode.Latin, unicode.Cyrillic, unicode.Greek, unicode.Armenian, unicode.Cherokee}

// nameProblem says what is wrong with an id or user name; "" when nothing is.
func nameProblem(s string) string {
	switch {
	case s == "":
		return "must be given"
	case len(s) > mostName:
		return "is longer than 256 bytes"
	case !plain(s) || strings.TrimSpace(s) != s:
		return "holds control characters, or blanks at its ends"
	case reserved(s):
		return `is a form that facts and the record use: "*", or beginning with "dept:", "role:" or "scim:"`
	case mixed(s):
		return "mixes letters of several scripts, which look like each other"
	case key(s) == "":
		return "is nothing that can be read"
	}
	return ""
}

// reserved are names with another meaning, however they are written.
func reserved(s string) bool {
	k := key(s)
	for _, prefix := range []string{"dept:", "role:", "scim:", "program:"} {
		if strings.HasPrefix(k, prefix) {
			return true
		}
	}
	return k == "*" || k == "installation"
}

// plain reports whether s is text of one line that shows: no control characters, no
// invisible ones, none that turn the direction of writing.
func plain(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if !unicode.IsGraphic(r) || r == utf8.RuneError || unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) || unicode.Is(unicode.Variation_Selector, r) {
			return false
		}
	}
	return true
}

func mixed(s string) bool {
	seen := 0
	for _, script := range scripts {
		if strings.ContainsFunc(norm.NFKC.String(s), func(r rune) bool { return unicode.Is(script, r) }) {
			seen++
		}
	}
	return seen > 1
}

// mailProblem says what is wrong with a mail address; "" when nothing is.
func mailProblem(s string) string {
	local, host, at := strings.Cut(s, "@")
	switch {
	case s == "":
		return ""
	case len(s) > 254 || !plain(s) || strings.ContainsAny(s, " <>,;\"\\()[]"):
		return "is no plain mail address"
	case !at || local == "" || host == "" || strings.Contains(host, "@"):
		return "is no mail address: it has no name before or host after one @"
	}
	return ""
}
