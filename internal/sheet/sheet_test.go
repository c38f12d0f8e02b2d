package sheet_test

import (
	"testing"

	"modicum/internal/sheet"
)

// C2: a cell that a spreadsheet would run begins with an apostrophe, whatever it skips before
// the sign; what is none stays as it was written, on one line.
func TestC2_ACellIsAText(t *testing.T) {
	for in, want := range map[string]string{
		"=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@SUM(A1)": "'@SUM(A1)", "|x": "'|x", "%0a": "'%0a",
		"\uff1d1": "'\uff1d1", "\uff0b1": "'\uff0b1", "\uff0d1": "'\uff0d1", "\uff201": "'\uff201",
		" =1": "' =1", "\u00a0=1": "'\u00a0=1", "\u200b=1": "'\u200b=1", "\ufeff=1": "'\ufeff=1",
		"\t=1": "' =1", "\r\n=1": "' =1", "\x00=1": "'=1", "\xff=1": "'\uFFFD=1", "'=1": "''=1", "\"'=1": "'\"'=1",

		"": "", " ": " ", "\xff": "\uFFFD", "Ann-Marie": "Ann-Marie", "O'Neil = x": "O'Neil = x",
		"a\n=1": "a =1", "a\r\n=1": "a =1", "a\tb": "a b", "a\x00b": "ab",
	} {
		if got := sheet.Cell(in); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}
