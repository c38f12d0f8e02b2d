package doc

import (
	"slices"
	"strings"
)

// notes are the comments and blank lines that belong to an entry or an item.
type notes struct {
	head []string // lines above it; "" is a blank line
	line []string // behind it
	foot []string // below it, before something less indented begins
}

// none reports whether no comment is among them; blank lines alone do not count.
func (n *notes) none() bool {
	return len(n.line)+len(n.foot) == 0 && !slices.ContainsFunc(n.head, func(s string) bool { return s != "" })
}

// slot is a place that comments can belong to.
type slot struct {
	line, col int
	notes     *notes
	block     bool // not inside brackets
}

// slots lists the entries and items of a tree in the order of the file.
func slots(n *node) (out []slot) {
	for i := range n.entries {
		e := &n.entries[i]
		out = append(out, slot{e.key.At.Line, e.key.At.Col, &e.notes, n.block})
		out = append(out, slots(e.value)...)
	}
	for _, item := range n.items {
		out = append(out, slot{item.line, item.col, &item.notes, n.block})
		out = append(out, slots(item)...)
	}
	return out
}

// attach gives every comment to the entry or item it is about: one behind a value
// to what begins on its line, one on lines of its own to what comes next, unless
// it is indented deeper than that: then it closes what came before. It returns
// the comments above the first key, which stay on top of the file.
func attach(root *node, remarks []remark, src []byte) (header []string) {
	a := attacher{slots: slots(root), lines: strings.Split(string(src), "\n"), own: map[int]remark{}}
	for _, r := range remarks {
		if r.own {
			a.own[r.line] = r
		} else {
			a.behind(r)
		}
	}
	for i := range a.slots {
		if i > 0 && a.slots[i].line == a.slots[i-1].line {
			continue // only what begins first on a line has lines above it
		}
		gap := a.gapAbove(a.slots[i].line)
		if i == 0 {
			header = texts(gap)
			continue
		}
		foot, head := split(gap, a.slots[i].col)
		if a.opens(i) {
			foot, head = nil, gap // nothing has ended that it could close
		}
		a.close(i, foot)
		a.slots[i].notes.head = append(a.slots[i].notes.head, texts(head)...)
	}
	a.close(len(a.slots), a.gapAbove(len(a.lines)+1))
	a.leftover()
	return trimBlank(header, true, false)
}

type attacher struct {
	slots []slot
	lines []string
	own   map[int]remark // by line, those not yet given away
}

// behind gives away a comment that follows something on its line.
func (a *attacher) behind(r remark) {
	best := -1
	for i, s := range a.slots {
		if s.line > r.line {
			break
		}
		if best < 0 || s.line > a.slots[best].line || s.block || !a.slots[best].block {
			best = i
		}
	}
	if best < 0 {
		best = 0
	}
	n := a.slots[best].notes
	n.line = append(n.line, r.text)
}

// opens reports whether the i-th slot is inside the one before it.
func (a *attacher) opens(i int) bool {
	for j := i - 1; j >= 0; j-- {
		if a.slots[j].block {
			return a.slots[j].col < a.slots[i].col
		}
	}
	return true
}

// gapLine is a comment, or a blank line.
type gapLine struct {
	text string
	col  int
}

// gapAbove takes the comments and blank lines right above a line.
func (a *attacher) gapAbove(line int) (gap []gapLine) {
	for n := line - 1; n >= 1; n-- {
		if r, ok := a.own[n]; ok {
			delete(a.own, n)
			gap = append(gap, gapLine{r.text, r.col})
			continue
		}
		if strings.TrimSpace(a.lines[n-1]) != "" {
			break
		}
		gap = append(gap, gapLine{})
	}
	slices.Reverse(gap)
	return gap
}

// split parts a gap into what closes what came before, up to the last comment
// indented deeper than what comes next, and the rest.
func split(gap []gapLine, col int) (foot, head []gapLine) {
	for i := len(gap) - 1; i >= 0; i-- {
		if gap[i].col > col {
			return gap[:i+1], gap[i+1:]
		}
	}
	return nil, gap
}

// close gives each comment of a gap to the innermost entry or item before the
// i-th slot that is not indented deeper than it, nor than the comment above.
func (a *attacher) close(i int, gap []gapLine) {
	at := i // the slot that got the last comment
	var blank []string
	for _, g := range gap {
		if g.text == "" {
			blank = []string{""}
			continue
		}
		at = a.innermost(at, i, g.col)
		n := a.slots[at].notes
		n.foot = append(append(n.foot, blank...), g.text)
		blank = nil
	}
}

// innermost walks outwards from a slot, that before the i-th at first, to one
// that is not indented deeper than col.
func (a *attacher) innermost(from, i, col int) int {
	if from < i && a.slots[from].col <= col {
		return from
	}
	best, edge := -1, int(^uint(0)>>1)
	if from < i {
		best, edge = from, a.slots[from].col
	}
	for j := min(from, i) - 1; j >= 0; j-- {
		s := a.slots[j]
		if !s.block || s.col >= edge || i < len(a.slots) && s.col < a.slots[i].col {
			continue
		}
		best, edge = j, s.col
		if s.col <= col {
			break
		}
	}
	return max(best, 0)
}

// leftover gives what stands before a closing bracket to what comes next, or to
// the last slot.
func (a *attacher) leftover() {
	rest := make([]int, 0, len(a.own))
	for line := range a.own {
		rest = append(rest, line)
	}
	slices.Sort(rest)
	for _, line := range rest {
		i := slices.IndexFunc(a.slots, func(s slot) bool { return s.line > line })
		if i < 0 {
			n := a.slots[len(a.slots)-1].notes
			n.foot = append(n.foot, a.own[line].text)
			continue
		}
		n := a.slots[i].notes
		n.head = append(n.head, a.own[line].text)
	}
}

// texts drops the columns, and all but one of several blank lines.
func texts(gap []gapLine) (out []string) {
	for _, g := range gap {
		if g.text == "" && len(out) > 0 && out[len(out)-1] == "" {
			continue
		}
		out = append(out, g.text)
	}
	return out
}

// trimBlank drops blank lines at the beginning, the end, or both.
func trimBlank(lines []string, front, back bool) []string {
	for front && len(lines) > 0 && lines[0] == "" {
		lines = lines[1:]
	}
	for back && len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}
