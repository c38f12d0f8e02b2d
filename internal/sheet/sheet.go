// Package sheet keeps files that people open in a spreadsheet from running anything there
// (threat model C2; owasp.org/www-community/attacks/CSV_Injection).
package sheet

import (
	"strings"
	"unicode/utf8"

	"modicum/internal/defect"
)

// Cell is a text as a cell may hold it: with an apostrophe before what a spreadsheet would
// run, which is a text whose first character begins a formula, white space and the signs
// that some programs skip left aside. Line ends within it become spaces: some programs read
// each line anew.
func Cell(s string) string {
	s = strings.NewReplacer("\r\n", " ", "\r", " ", "\n", " ", "\t", " ", "\x00", "").Replace(strings.ToValidUTF8(s, "\uFFFD"))
	if defect.On(defect.CellRuns) {
		return s
	}
	first, _ := utf8.DecodeRuneInString(strings.TrimLeft(s, " \u00a0\u200b\ufeff\uFFFD\"'"))
	if strings.ContainsRune("=+-@|%\uff1d\uff0b\uff0d\uff20", first) && first != utf8.RuneError {
		return "'" + s
	}
	return s
}
