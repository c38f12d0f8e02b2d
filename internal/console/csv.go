package console

import (
	"encoding/csv"
	"errors"
	"net/http"

	"modicum/internal/sheet"
)

// sheetFile is a table that leaves as CSV, row by row. Opened in a spreadsheet, no cell runs (C2).
type sheetFile[T any] struct {
	t    *Table[T]
	v    *Visit
	out  *csv.Writer
	line []string
}

// begin answers the heads of a file. Its rows follow.
func (t *Table[T]) begin(v *Visit) *sheetFile[T] {
	h := v.W.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="`+t.Name+`.csv"`)
	f := &sheetFile[T]{t: t, v: v, out: csv.NewWriter(v.W), line: make([]string, len(t.Columns))}
	f.out.UseCRLF = true // RFC 4180
	for i := range t.Columns {
		f.line[i] = sheet.Cell(t.Columns[i].Title)
	}
	_ = f.out.Write(f.line) // what goes wrong is told by flush
	return f
}

func (f *sheetFile[T]) add(row T) {
	for i := range f.t.Columns {
		f.line[i] = sheet.Cell(f.t.Columns[i].Text(row))
	}
	_ = f.out.Write(f.line) // what goes wrong is told by flush
}

// flush lets all rows so far go to the reader. An error is a reader that went away.
func (f *sheetFile[T]) flush() error {
	f.out.Flush()
	if err := f.out.Error(); err != nil {
		return err
	}
	if err := http.NewResponseController(f.v.W).Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}

// export answers rows that are at hand as a file.
func (t *Table[T]) export(v *Visit, rows []T) {
	f := t.begin(v)
	for _, row := range rows {
		f.add(row)
	}
	_ = f.flush()
}
