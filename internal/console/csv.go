package console

import (
	"encoding/csv"

	"modicum/internal/sheet"
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
		line[i] = sheet.Cell(t.Columns[i].Title)
	}
	_ = out.Write(line) // an error here is a reader that went away
	for _, row := range rows {
		for i := range t.Columns {
			line[i] = sheet.Cell(t.Columns[i].Text(row))
		}
		_ = out.Write(line)
	}
	out.Flush()
}
