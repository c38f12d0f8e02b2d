package console

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Column is one column of a table of T.
type Column[T any] struct {
	Key   string // in the address: lower-case letters
	Title string
	// Text is the cell in words: what is searched, sorted unless By says otherwise, and
	// exported.
	Text func(T) string
	// Cell is the cell as shown; nil shows Text.
	Cell func(T) Cell
	By   func(a, b T) int // order; nil is that of Text, without regard to case
	// Fixed: not to be sorted by.
	Fixed bool
	Right bool // numbers
	// Pick offers the few values that the column has for choosing.
	Pick bool
	// Quiet columns are left out on a phone.
	Quiet bool
}

// Cell is what stands in a table.
type Cell struct {
	Text  string
	Href  string // of the page about it, "" when none
	Sub   string // a second, softer line
	Badge *Badge
	When  *When
	Code  bool
}

// Table is a list that sorts, filters, pages and leaves as CSV. All of it is in the
// address, so that a view can be sent to somebody.
type Table[T any] struct {
	Name    string // of the file that it is exported to: people
	Caption string
	Columns []Column[T]
	// Private: a row names patients. Then nothing is searched by words, since these
	// would stand in the address; the columns with Pick still filter.
	Private bool
	Sort    string // key at first, "-key" for downwards
	Empty   string // what it means that there is nothing yet, and what to do
	PerPage int    // 0 is 50
}

// Listing is a table as its template shows it.
type Listing struct {
	Caption, Empty string
	Path           string
	Heads          []head
	Rows           [][]Cell
	Total, All     int // rows that were kept, and before filtering
	From, To       int // of the rows on this page, counted from 1
	Page, Pages    int
	Prev, Next     string // addresses, "" when none
	CSV            string
	Clear          string // address without filters, "" when there are none
	Search         bool
	Query          string
	Picks          []pick
	Sorted         string // as the address has it
}

type head struct {
	Title, Href, Aria string // Aria: ascending, descending, none; "": not to be sorted by
	Right, Quiet      bool
}

type pick struct {
	Key, Title string
	Options    []Option
}

// List makes the listing that the address of a visit asks for. done is true when the
// table was answered as a file: nothing more must be written.
func (t *Table[T]) List(v *Visit, rows []T) (l *Listing, done bool) {
	q := v.R.URL.Query()
	picks := t.picks(q, rows)
	kept := t.filter(q, rows)
	t.sort(q, kept)
	if q.Get("as") == "csv" {
		t.export(v, kept)
		return nil, true
	}
	l = &Listing{Caption: t.Caption, Empty: t.Empty, Total: len(kept), All: len(rows), Path: v.R.URL.Path, Picks: picks, Search: !t.Private}
	t.page(q, kept, l)
	t.heads(q, l)
	l.CSV = address(v.R.URL.Path, with(q, "as", "csv", "page", ""))
	if !t.Private {
		l.Query = q.Get("q")
	}
	l.Sorted = q.Get("sort")
	if len(kept) < len(rows) || l.Query != "" {
		l.Clear = address(v.R.URL.Path, url.Values{"sort": q["sort"]})
	}
	return l, false
}

// filter returns the rows that hold all words of q and have the values picked.
func (t *Table[T]) filter(q url.Values, rows []T) []T {
	var words []string
	if !t.Private {
		words = strings.Fields(strings.ToLower(q.Get("q")))
	}
	out := make([]T, 0, len(rows))
	for _, row := range rows {
		if t.picked(q, row) && (len(words) == 0 || t.holds(words, row)) {
			out = append(out, row)
		}
	}
	return out
}

func (t *Table[T]) picked(q url.Values, row T) bool {
	for i := range t.Columns {
		c := &t.Columns[i]
		if want := q.Get(c.Key); c.Pick && want != "" && c.Text(row) != want {
			return false
		}
	}
	return true
}

func (t *Table[T]) holds(words []string, row T) bool {
	for _, w := range words {
		if !slices.ContainsFunc(t.Columns, func(c Column[T]) bool { return strings.Contains(strings.ToLower(c.Text(row)), w) }) {
			return false
		}
	}
	return true
}

// picks lists the values of the columns with Pick, as the rows have them.
func (t *Table[T]) picks(q url.Values, rows []T) (out []pick) {
	for i := range t.Columns {
		c := &t.Columns[i]
		if !c.Pick {
			continue
		}
		seen := map[string]bool{}
		for _, row := range rows {
			seen[c.Text(row)] = true
		}
		if len(seen) < 2 {
			continue // nothing to choose
		}
		p := pick{Key: c.Key, Title: c.Title, Options: []Option{{Value: "", Label: "All"}}}
		for value := range seen {
			if value == "" {
				continue // the address has no way to ask for it
			}
			p.Options = append(p.Options, Option{Value: value, Label: value, Chosen: value == q.Get(c.Key)})
		}
		slices.SortFunc(p.Options[1:], func(a, b Option) int { return cmp.Compare(a.Label, b.Label) })
		out = append(out, p)
	}
	return out
}

// order is the column and direction that an address asks for.
func (t *Table[T]) order(q url.Values) (c *Column[T], down bool) {
	key := cmp.Or(q.Get("sort"), t.Sort)
	key, down = strings.CutPrefix(key, "-")
	for i := range t.Columns {
		if c := &t.Columns[i]; c.Key == key && !c.Fixed {
			return c, down
		}
	}
	return nil, false
}

// sort sorts rows in place, equal ones as they came. Texts are made once a row.
func (t *Table[T]) sort(q url.Values, rows []T) {
	c, down := t.order(q)
	if c == nil {
		return
	}
	if c.By != nil {
		slices.SortStableFunc(rows, func(a, b T) int { return turn(c.By(a, b), down) })
		return
	}
	type keyed struct {
		key string
		row T
	}
	list := make([]keyed, len(rows))
	for i, row := range rows {
		list[i] = keyed{strings.ToLower(c.Text(row)), row}
	}
	slices.SortStableFunc(list, func(a, b keyed) int { return turn(strings.Compare(a.key, b.key), down) })
	for i := range list {
		rows[i] = list[i].row
	}
}

func turn(n int, down bool) int {
	if down {
		return -n
	}
	return n
}

// page cuts the page out that is asked for.
func (t *Table[T]) page(q url.Values, rows []T, l *Listing) {
	per := cmp.Or(t.PerPage, 50)
	l.Pages = max(1, (len(rows)+per-1)/per)
	n, _ := strconv.Atoi(q.Get("page"))
	l.Page = min(max(n, 1), l.Pages)
	from := (l.Page - 1) * per
	to := min(from+per, len(rows))
	for _, row := range rows[from:to] {
		l.Rows = append(l.Rows, t.row(row))
	}
	l.From, l.To = from+1, to
	if l.Page > 1 {
		l.Prev = address(l.Path, with(q, "page", strconv.Itoa(l.Page-1)))
	}
	if l.Page < l.Pages {
		l.Next = address(l.Path, with(q, "page", strconv.Itoa(l.Page+1)))
	}
}

func (t *Table[T]) row(row T) []Cell {
	cells := make([]Cell, len(t.Columns))
	for i := range t.Columns {
		if c := &t.Columns[i]; c.Cell != nil {
			cells[i] = c.Cell(row)
		} else {
			cells[i] = Cell{Text: c.Text(row)}
		}
	}
	return cells
}

// heads makes the head of the table: each title leads to the table sorted by it.
func (t *Table[T]) heads(q url.Values, l *Listing) {
	by, down := t.order(q)
	for i := range t.Columns {
		c := &t.Columns[i]
		h := head{Title: c.Title, Right: c.Right, Quiet: c.Quiet}
		if !c.Fixed {
			key := c.Key
			h.Aria = "none"
			if by == c {
				h.Aria = "ascending"
				if down {
					h.Aria = "descending"
				} else {
					key = "-" + key
				}
			}
			h.Href = address(l.Path, with(q, "sort", key, "page", ""))
		}
		l.Heads = append(l.Heads, h)
	}
}

// with returns q with some values changed; "" takes one away.
func with(q url.Values, pairs ...string) url.Values {
	out := url.Values{}
	for k, v := range q {
		out[k] = v
	}
	out.Del("as")
	for i := 0; i < len(pairs); i += 2 {
		out.Del(pairs[i])
		if pairs[i+1] != "" {
			out.Set(pairs[i], pairs[i+1])
		}
	}
	return out
}

func address(path string, q url.Values) string {
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}
