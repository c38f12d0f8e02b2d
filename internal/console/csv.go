package console

import (
	"encoding/csv"
	"strings"
	"unicode/utf8"

	"modicum/internal/defect"
)

// export answers rows as a file. Opened in a spreadsheet, no cell runs (C2).
func (t *Table[T]) export(v *Visit, rows []T) {
	h := v.W.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="`+t.Name+`.csv"`)
	out := csv.NewWriter(v.W)
	out.UseCRLF = true // RFC 4180
	line := make([]string, len(t.Columns))
	for i := range t.Columns {
		line[i] = harmless(t.Columns[i].Title)
	}
	_ = out.Write(line) // an error here is a reader that went away
	for _, row := range rows {
		for i := range t.Columns {
			line[i] = harmless(t.Columns[i].Text(row))
		}
		_ = out.Write(line)
	}
	out.Flush()
}

// harmless puts an apostrophe before what a spreadsheet would run: a text whose first
// character, white space and the signs that some programs skip left aside, begins a
// formula. Line ends within a cell become spaces: some programs read each line anew.
func harmless(s string) string {
	s = strings.NewReplacer("\r\n", " ", "\r", " ", "\n", " ", "\t", " ", "\x00", "").Replace(strings.ToValidUTF8(s, "\uFFFD"))
	if defect.On(defect.CellRuns) {
		return s
	}
	first, _ := utf8.DecodeRuneInString(strings.TrimLeft(s, " \u00a0\u200b\ufeff\"'"))
	if strings.ContainsRune("=+-@|%\uff1d\uff0b\uff0d\uff20", first) && first != utf8.RuneError {
		return "'" + s
	}
	return s
}
