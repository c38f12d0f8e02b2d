// Package sheet keeps files that people open in a spreadsheet from running anything there
// (threat model C2; owasp.org/www-community/attacks/CSV_Injection).
package sheet

import (
	"strings"
	"unicode/utf8"

	"modicum/internal/defect"
)

const (
	starts  = "=+-@|%\uff1d\uff0b\uff0d\uff20" // what a formula begins with, also in full width
	skipped = " \u00a0\u200b\ufeff\uFFFD\"'"   // what some programs do not look at before it
)

// oneLine makes a line of a text: some programs read each of several anew.
var oneLine = strings.NewReplacer("\r\n", " ", "\r", " ", "\n", " ", "\t", " ", "\x00", "")

// Cell is a text as a cell may hold it: one line of UTF-8, with an apostrophe before what a
// spreadsheet would run.
func Cell(s string) string {
	s = oneLine.Replace(strings.ToValidUTF8(s, "\uFFFD"))
	if defect.On(defect.CellRuns) {
		return s
	}
	if first, _ := utf8.DecodeRuneInString(strings.TrimLeft(s, skipped)); strings.ContainsRune(starts, first) {
		return "'" + s
	}
	return s
}
