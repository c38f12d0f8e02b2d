package policy

import (
	"slices"

	"modicum/catalog"
)

// Matrix is who sees what: a row for each class that somebody sees, a column for
// each task, and the lines behind every cell. It states what lines can show at
// their widest; restrictions, ceilings and facts only take away from it.
type Matrix struct {
	Title   string         `json:"title"`
	Policy  string         `json:"policy"` // Set.Hash
	Catalog string         `json:"catalog"`
	Columns []MatrixColumn `json:"columns"`
	Rows    []MatrixRow    `json:"rows"`
	Never   []MatrixNever  `json:"restrictions"`
}

// MatrixColumn is one task.
type MatrixColumn struct {
	Role    string `json:"role"`
	Task    string `json:"task"`
	ID      string `json:"id"`
	Title   string `json:"title"`
	Purpose string `json:"purpose"`
	Say     string `json:"say"`
}

// MatrixRow is one class with a cell for each column.
type MatrixRow struct {
	Class string       `json:"class"`
	Title string       `json:"title"`
	Cells []MatrixCell `json:"cells"`
}

// MatrixCell is how one task shows one class: the widest of its lines. An empty
// Treatment is omit. Conditional is set when no line shows it so on the task's
// own facts alone: it takes more facts, a grant, or a marked record.
type MatrixCell struct {
	Treatment   string `json:"treatment,omitempty"`
	Conditional bool   `json:"conditional,omitempty"`
	Lines       []Seer `json:"lines,omitempty"`
}

// MatrixNever is one restriction: it beats every cell.
type MatrixNever struct {
	Name  string   `json:"name"`
	Title string   `json:"title"`
	Cite  string   `json:"cite"`
	Hides []string `json:"hides"`
}

// Matrix returns role × task × class: the widest treatment and when.
func (s *Set) Matrix() Matrix {
	m := Matrix{Title: s.folder.Organization.Title, Policy: s.hash, Catalog: s.cat.Hash()}
	for i := range s.tasks {
		t := &s.tasks[i]
		col := MatrixColumn{Task: t.name, ID: t.id, Title: t.title, Purpose: s.purposes[t.purpose].name, Say: t.say}
		if t.role >= 0 {
			col.Role = s.roles[t.role].name
		}
		m.Columns = append(m.Columns, col)
	}
	for _, info := range s.cat.Classes() {
		if row, seen := s.matrixRow(&info); seen {
			m.Rows = append(m.Rows, row)
		}
	}
	for i := range s.restrictions {
		d := s.restrictions[i].doc
		n := MatrixNever{Name: d.Name.Text, Title: d.Title, Cite: d.Cite}
		for _, w := range d.Hide {
			n.Hides = append(n.Hides, w.Text)
		}
		m.Never = append(m.Never, n)
	}
	return m
}

func (s *Set) matrixRow(info *catalog.ClassInfo) (MatrixRow, bool) {
	row := MatrixRow{Class: info.Name, Title: info.Title, Cells: make([]MatrixCell, len(s.tasks))}
	seen := false
	for i := range s.tasks {
		row.Cells[i] = s.matrixCell(info, i)
		seen = seen || row.Cells[i].Treatment != ""
	}
	return row, seen
}

func (s *Set) matrixCell(info *catalog.ClassInfo, task int) MatrixCell {
	t := &s.tasks[task]
	var cell MatrixCell
	for i := t.first; i < t.end; i++ {
		l := &s.lines[i]
		how := l.treatment(info.Class)
		if info.IsOverlay {
			if how = ""; l.lifts.Has(info.Overlay) {
				how = l.widest()
			}
		}
		if how == "" {
			continue
		}
		cell.Lines = append(cell.Lines, s.seer(l, how))
		if wider(how, cell.Treatment) {
			cell.Treatment = how
		}
	}
	cell.Conditional = cell.Treatment != "" && !slices.ContainsFunc(cell.Lines, func(l Seer) bool {
		return l.Line == t.id && l.Treatment == cell.Treatment && l.Lent == ""
	})
	return cell
}
