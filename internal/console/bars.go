package console

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"modicum/catalog"
	"modicum/internal/access"
)

// bars is a small table of numbers of which each row has a bar beside it. The numbers
// stand there in words, so the bars are for the eye alone.
type bars struct {
	Caption string
	Heads   [2]string
	Key     []Badge // what the colours say
	Rows    []barRow
}

type barRow struct {
	Name, Text string
	Parts      []barPart
}

// barPart is one colour of a bar, in percent of its width.
type barPart struct {
	Look string
	X, W float64
}

// keyed leaves in the key what there is on the bars.
func (b *bars) keyed() *bars {
	b.Key = slices.DeleteFunc(b.Key, func(k Badge) bool {
		return !slices.ContainsFunc(b.Rows, func(r barRow) bool {
			return slices.ContainsFunc(r.Parts, func(p barPart) bool { return p.Look == k.Look })
		})
	})
	return b
}

// row lays numbers end to end on a bar that is of wide.
func row(name, text string, of int, looks []string, numbers []int) barRow {
	r := barRow{Name: name, Text: text}
	x := 0.0
	for i, n := range numbers {
		if n == 0 {
			continue
		}
		w := 100 * float64(n) / float64(max(of, 1))
		r.Parts = append(r.Parts, barPart{looks[i], x, w})
		x += w
	}
	return r
}

// weeksBack is how many weeks the bars of broken glasses go back, this one among them.
const weeksBack = 8

// glassWeek counts the glasses that were broken in one week, drills left out.
type glassWeek struct{ closed, open, late int }

func (w glassWeek) all() int { return w.closed + w.open + w.late }

func (w glassWeek) text() string {
	var by []string
	for _, p := range []struct {
		n    int
		word string
	}{{w.closed, "reviewed"}, {w.open, "open"}, {w.late, "overdue"}} {
		if p.n > 0 {
			by = append(by, fmt.Sprintf("%d %s", p.n, p.word))
		}
	}
	switch len(by) {
	case 0:
		return "none"
	case 1:
		return by[0]
	}
	return fmt.Sprintf("%d: %s", w.all(), strings.Join(by, ", "))
}

// glassesByWeek tells how often the glass was broken, and whether the reviews keep up.
// Weeks that began before since are not told: not all of theirs is known.
func glassesByWeek(v *Visit, grants []*access.Grant, since int64) *bars {
	starts := sundays(v.Now.In(v.zone()))
	var weeks [weeksBack]glassWeek
	some := false
	for _, g := range grants {
		i := weekOf(starts, g.Made)
		if i < 0 || g.Glass == nil || g.Glass.Drill {
			continue
		}
		some = true
		weeks[i].count(g, v.Now.UnixMicro())
	}
	if !some {
		return nil
	}
	b := &bars{Caption: "Broken glasses by week", Heads: [2]string{"Week", "Glasses"}, Key: []Badge{{"reviewed", "keep", ""}, {"review open", "wait", ""}, {"review overdue", "stop", ""}}}
	most := 1
	for _, w := range weeks {
		most = max(most, w.all())
	}
	for i, w := range weeks {
		if starts[i].UnixMicro() < since {
			break
		}
		b.Rows = append(b.Rows, row(weekName(starts[i], i), w.text(), most, []string{"keep", "wait", "stop"}, []int{w.closed, w.open, w.late}))
	}
	for len(b.Rows) > 4 && len(b.Rows[len(b.Rows)-1].Parts) == 0 {
		b.Rows = b.Rows[:len(b.Rows)-1]
	}
	return b.keyed()
}

func (w *glassWeek) count(g *access.Grant, now int64) {
	switch {
	case g.Review != nil && g.Review.At != 0:
		w.closed++
	case g.Review != nil && g.Review.By < now:
		w.late++
	default:
		w.open++
	}
}

// sundays are the beginnings of this week and those before it, the newest first.
func sundays(now time.Time) (out [weeksBack]time.Time) {
	y, m, d := now.Date()
	for i := range out {
		out[i] = time.Date(y, m, d-int(now.Weekday())-7*i, 0, 0, 0, 0, now.Location())
	}
	return out
}

// weekOf is the week of a moment, -1 where it is older than all of them.
func weekOf(starts [weeksBack]time.Time, at int64) int {
	for i, s := range starts {
		if at >= s.UnixMicro() {
			return i
		}
	}
	return -1
}

func weekName(start time.Time, back int) string {
	switch back {
	case 0:
		return "This week"
	case 1:
		return "Last week"
	}
	return "From " + start.Format("Jan 2")
}

// reachOf tells how much of each family of data a role's lines reach at their widest.
func reachOf(cat *catalog.Catalog, lines []seenLine) *bars {
	var kept, part, lent catalog.ClassSet
	for i := range lines {
		for how, classes := range lines[i].by {
			switch {
			case lines[i].Lent != "":
				lent = lent.Union(classes)
			case how == "keep":
				kept = kept.Union(classes)
			default:
				part = part.Union(classes)
			}
		}
	}
	part = part.Minus(kept)
	lent = lent.Minus(kept).Minus(part)
	b := &bars{Caption: "How much of each kind of data it reaches", Heads: [2]string{"Data", "Kinds"}, Key: []Badge{{"shown", "keep", ""}, {"in part, or on asking", "mask", ""}, {"only on loan", "part", ""}}}
	for _, g := range groupsOf(cat) {
		if r, some := reachRow(g, kept, part, lent); some {
			b.Rows = append(b.Rows, r)
		}
	}
	if len(b.Rows) == 0 {
		return nil
	}
	return b.keyed()
}

func reachRow(g groupOf, kept, part, lent catalog.ClassSet) (barRow, bool) {
	var n [3]int
	for _, c := range g.classes {
		switch {
		case kept.Has(c.Class):
			n[0]++
		case part.Has(c.Class):
			n[1]++
		case lent.Has(c.Class):
			n[2]++
		}
	}
	if n[0]+n[1]+n[2] == 0 {
		return barRow{}, false
	}
	text := fmt.Sprintf("%d of %d", n[0]+n[1]+n[2], len(g.classes))
	for i, word := range []string{"", "in part", "on loan"} {
		if i > 0 && n[i] > 0 {
			text += fmt.Sprintf(", %d %s", n[i], word)
		}
	}
	return row(upperFirst(g.title), text, len(g.classes), []string{"keep", "mask", "part"}, n[:]), true
}
