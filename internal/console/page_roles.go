package console

import (
	_ "embed"
	"strings"
	"sync"

	"modicum/catalog"
	"modicum/policy"
)

//go:embed page_roles.html
var rolesText string

var rolesView = View("roles", rolesText)

// roleLine is one role in the list of all.
type roleLine struct {
	Name, Title, Say string
	Tasks            int
}

// shownClass is a class of data with what each role shows of it, in the order of the
// roles.
type shownClass struct {
	title, group string
	by           []widest
}

// widest is the most that any task of a role shows of a class.
type widest struct {
	how  string
	more bool // it takes more facts, a grant or a marked record
}

// rolesCache keeps the matrix of one policy: it is the same for everybody.
type rolesCache struct {
	mu    sync.Mutex
	set   *policy.Set
	lines []roleLine
	rows  []shownClass
	table *Table[shownClass]
	never []policy.MatrixNever
}

// of returns the matrix of a set, made once.
func (c *rolesCache) of(set *policy.Set) ([]roleLine, []shownClass, *Table[shownClass], []policy.MatrixNever) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.set != set {
		m := set.Matrix()
		c.set, c.lines, c.rows, c.never = set, linesOf(set), classesOf(set, &m), m.Never
		c.table = matrixTable(c.lines)
	}
	return c.lines, append([]shownClass(nil), c.rows...), c.table, c.never // a table sorts in place
}

func linesOf(set *policy.Set) (out []roleLine) {
	for _, name := range set.Roles() {
		r, _ := set.RoleOf(name)
		out = append(out, roleLine{Name: name, Title: r.Title, Say: r.Say, Tasks: len(r.Tasks)})
	}
	return out
}

// classesOf joins the tasks of each role: the widest stands.
func classesOf(set *policy.Set, m *policy.Matrix) (out []shownClass) {
	at := map[string]int{}
	for i, name := range set.Roles() {
		at[name] = i
	}
	groups := groupNames(set.Catalog())
	for _, row := range m.Rows {
		c := shownClass{title: row.Title, group: groups[row.Class], by: make([]widest, len(at))}
		for i, cell := range row.Cells {
			if role, ok := at[m.Columns[i].Role]; ok {
				c.by[role].join(widest{cell.Treatment, cell.Conditional})
			}
		}
		out = append(out, c)
	}
	return out
}

// openness orders what a matrix says, the most open last: what is masked until asked
// for may become whole.
var openness = map[string]int{"": 0, "mask": 1, "token": 2, "coarse": 3, "last4": 4, "ask": 5, "keep": 6}

func (w *widest) join(other widest) {
	switch a, b := openness[w.how], openness[other.how]; {
	case b > a:
		*w = other
	case b == a:
		w.more = w.more && other.more // one that needs no more is enough
	}
}

func groupNames(cat *catalog.Catalog) map[string]string {
	out := map[string]string{}
	for _, info := range cat.Classes() {
		out[info.Name] = "Marked records"
	}
	for _, g := range groupsOf(cat) {
		for _, info := range g.classes {
			out[info.Name] = upperFirst(g.title)
		}
	}
	return out
}

// matrixTable has a column for each role.
func matrixTable(roles []roleLine) *Table[shownClass] {
	t := &Table[shownClass]{Name: "roles", Caption: "What each role shows of each kind of data", PerPage: 500, Empty: "The policy in force has no role.",
		Columns: []Column[shownClass]{
			{Key: "data", Title: "Kind of data", Text: func(c shownClass) string { return c.title }},
			{Key: "group", Title: "Group", Text: func(c shownClass) string { return c.group }, Pick: true, Quiet: true},
		}}
	for i, role := range roles {
		t.Columns = append(t.Columns, Column[shownClass]{Key: "as-" + role.Name, Title: role.Title,
			Text: func(c shownClass) string { return c.by[i].badge().Word },
			Cell: func(c shownClass) Cell { return c.by[i].cell() },
			By:   func(a, b shownClass) int { return openness[b.by[i].how] - openness[a.by[i].how] },
		})
	}
	return t
}

func (w widest) cell() Cell {
	if w.how == "" {
		return Cell{Text: "–"}
	}
	b := w.badge()
	return Cell{Badge: &b}
}

// badge spells a cell of the matrix. What takes more than the task's own facts says "if".
func (w widest) badge() Badge {
	b := howBadge(w.how)
	if w.more {
		b.Word += ", if"
		b.Title += "; it takes more facts, a grant, or a marked record"
	}
	return b
}

func howBadge(how string) Badge {
	if how == "ask" {
		return Badge{"on asking", "mask", "masked until somebody asks for the one value"}
	}
	t, _ := policy.ParseTreatment(how) // one that is not known is left out, and looks so
	return TreatmentBadge(t)
}

type rolesShown struct {
	Roles []roleLine
	List  *Listing
	Never []neverShown
	Hash  string
}

type neverShown struct{ Title, Cite, Hides string }

// rolesPage is the whole policy in force at one look, for everybody whom it governs.
func (o *Overseer) rolesPage() Page {
	return Page{Path: "/roles", Menu: "Roles", Group: Oversight, Icon: "grid", Get: func(v *Visit) error {
		set := o.Policy()
		lines, rows, table, never := o.table.of(set)
		list, done := table.List(v, rows)
		if done {
			return nil
		}
		return v.Show(rolesView, rolesShown{lines, list, nevers(set, never), set.Hash()})
	}}
}

func nevers(set *policy.Set, list []policy.MatrixNever) (out []neverShown) {
	for _, n := range list {
		out = append(out, neverShown{n.Title, n.Cite, strings.Join(titlesOf(set.Catalog(), n.Hides), ", ")})
	}
	return out
}

// titlesOf are names of classes as people say them; a family stands for its classes.
func titlesOf(cat *catalog.Catalog, names []string) (out []string) {
	for _, name := range names {
		if c, ok := cat.Class(name); ok {
			out = append(out, lowerFirst(cat.Info(c).Title))
		} else if title := groupTitles[name]; title != "" {
			out = append(out, "all "+title)
		} else {
			out = append(out, strings.ReplaceAll(name, "-", " "))
		}
	}
	return out
}
