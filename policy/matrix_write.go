package policy

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"strings"

	"modicum/internal/sheet"
)

// WriteJSON writes the matrix as one JSON object.
func (m *Matrix) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	return enc.Encode(m)
}

// letters of the text table. A lower-case letter needs more than the task's own
// facts: further facts, a grant, or a marked record.
var letters = map[string]string{"keep": "K", "ask": "A", "last4": "L", "coarse": "C", "token": "T", "mask": "M"}

// WriteText writes the matrix as a table for a terminal: classes down, tasks
// across by number, with the legend before it.
func (m *Matrix) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: who sees what\n\n", m.Title)
	for i, c := range m.Columns {
		fmt.Fprintf(&b, "%3d  %-40s %-20s %s\n", i+1, c.ID, c.Purpose, c.Title)
	}
	b.WriteString("\nK keep  A ask  L last4  C coarse  T token  M mask  . not there\nlower case: only with more facts, by a grant, or where the record is so marked\n\n")
	m.textHead(&b)
	for _, r := range m.Rows {
		fmt.Fprintf(&b, "%-34s", r.Class)
		for _, c := range r.Cells {
			l := letters[c.Treatment]
			if l == "" {
				l = "."
			}
			if c.Conditional {
				l = strings.ToLower(l)
			}
			b.WriteString("  " + l)
		}
		b.WriteByte('\n')
	}
	if len(m.Never) > 0 {
		b.WriteString("\nRestrictions beat every letter above:\n")
	}
	for _, n := range m.Never {
		fmt.Fprintf(&b, "  %-28s hides %s (%s)\n", n.Name, strings.Join(n.Hides, ", "), n.Cite)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (m *Matrix) textHead(b *strings.Builder) {
	fmt.Fprintf(b, "%-34s", "")
	for i := range m.Columns {
		fmt.Fprintf(b, "%3d", i+1)
	}
	b.WriteByte('\n')
}

// WriteCSV writes one record for each task, class and line (RFC 4180). A value
// that a spreadsheet would run as a formula is written with an apostrophe before
// it (threat-model C2).
func (m *Matrix) WriteCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	head := []string{"role", "task", "purpose", "class", "treatment", "line", "verbs", "while", "within", "marked", "lent"}
	if err := out.Write(head); err != nil {
		return err
	}
	for i, c := range m.Columns {
		for _, r := range m.Rows {
			for _, l := range r.Cells[i].Lines {
				rec := []string{c.Role, c.Task, c.Purpose, r.Class, l.Treatment, l.Line, l.Verbs, l.While, l.Within, strings.Join(l.Marked, " "), l.Lent}
				for k := range rec {
					rec[k] = sheet.Cell(rec[k])
				}
				if err := out.Write(rec); err != nil {
					return err
				}
			}
		}
	}
	out.Flush()
	return out.Error()
}

// WriteHTML writes the matrix as one page that needs nothing else: no script, no
// font, no style from elsewhere. It reads in light and dark, on paper, and with
// a screen reader: each cell has a word, not only a colour.
func (m *Matrix) WriteHTML(w io.Writer) error { return matrixPage.Execute(w, m) }

// When says in one text when a cell shows, for its title.
func (c MatrixCell) When() string {
	var parts []string
	for _, l := range c.Lines {
		parts = append(parts, l.Words())
	}
	return strings.Join(parts, " / ")
}

// Words says what one line shows and when.
func (l Seer) Words() string {
	s := l.Treatment + " to " + l.Verbs
	for _, p := range []struct{ before, text string }{
		{" while ", l.While}, {", ", l.Within}, {", also where marked ", strings.Join(l.Marked, ", ")}, {", by a grant ", l.Lent},
	} {
		if p.text != "" {
			s += p.before + p.text
		}
	}
	return s
}

var matrixPage = template.Must(template.New("matrix").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Who sees what: {{.Title}}</title>
<style>
:root{color-scheme:light dark;--bg:#fff;--fg:#1b1f24;--line:#c9ced6;--head:#f0f2f5;--keep:#0b6b3a;--part:#7a4b00}
@media (prefers-color-scheme:dark){:root{--bg:#14171b;--fg:#e6e9ee;--line:#3b424d;--head:#20252c;--keep:#7ddba6;--part:#f0c27a}}
body{background:var(--bg);color:var(--fg);font:15px/1.45 system-ui,sans-serif;margin:1.5rem}
.scroll{overflow:auto;max-height:85vh;border:1px solid var(--line)}
table{border-collapse:collapse;font-size:13px}
caption{text-align:left;padding:.5rem;font-weight:600}
th,td{border:1px solid var(--line);padding:.2rem .4rem;text-align:left;white-space:nowrap}
thead th{position:sticky;top:0;background:var(--head);vertical-align:bottom;z-index:2}
tbody th{position:sticky;left:0;background:var(--head);font-weight:500;z-index:1}
thead th:first-child{left:0;z-index:3}
.keep{color:var(--keep);font-weight:600}.part{color:var(--part)}
.none{opacity:.45}
dt{font-weight:600;margin-top:.6rem}
@media print{body{margin:0;font-size:9px}.scroll{overflow:visible;max-height:none;border:0}table{font-size:7px}thead th,tbody th{position:static}thead{display:table-header-group}tr{break-inside:avoid}}
</style></head><body>
<h1>Who sees what: {{.Title}}</h1>
<p>Each cell is the most that a task can show of a class. A star means that it takes more than the task's own facts: further facts, a grant, or a record so marked. Restrictions, listed below, beat every cell.</p>
<div class="scroll" role="region" aria-label="Matrix of tasks and data classes" tabindex="0"><table>
<caption>Treatment of each data class by task</caption>
<thead><tr><th scope="col">Data class</th>{{range .Columns}}<th scope="col" title="{{.Title}}">{{if .Role}}{{.Role}}<br>{{else}}disclosure<br>{{end}}{{.Task}}<br><small>{{.Purpose}}</small></th>{{end}}</tr></thead>
<tbody>{{range .Rows}}<tr><th scope="row" title="{{.Title}}">{{.Class}}</th>{{range .Cells}}{{if .Treatment}}<td class="{{if eq .Treatment "keep"}}keep{{else}}part{{end}}" title="{{.When}}">{{.Treatment}}{{if .Conditional}} *{{end}}</td>{{else}}<td class="none"><span aria-label="not there">·</span></td>{{end}}{{end}}</tr>
{{end}}</tbody></table></div>
<h2>Restrictions</h2>
<dl>{{range .Never}}<dt>{{.Title}}</dt><dd>Hides {{range $i, $h := .Hides}}{{if $i}}, {{end}}{{$h}}{{end}}. {{.Cite}}</dd>{{end}}</dl>
<h2>Tasks</h2>
<dl>{{range .Columns}}<dt>{{.ID}}: {{.Title}} ({{.Purpose}})</dt><dd>{{.Say}}</dd>{{end}}</dl>
<p><small>Policy {{.Policy}}, catalog {{.Catalog}}</small></p>
</body></html>
`))
