package change

import (
	"maps"
	"slices"
	"strings"

	"modicum/policy"
)

// File is how the text of one file of a policy differs.
type File struct {
	Name  string
	Lines []Line
}

// Line is a line of two texts: Op is '-' gone, '+' new, ' ' in both, '…' some that are
// left out.
type Line struct {
	Op   byte
	Text string
}

// Mark is the sign of a line, as people know it.
func (l Line) Mark() string {
	if l.Op == skipped {
		return "…"
	}
	return string(l.Op)
}

const (
	skipped   = 0
	around    = 3       // lines of both that are shown around a change
	mostCells = 4 << 20 // of the table by which lines are matched; beyond, all is gone and new
)

// Files are the texts that differ, by name.
func Files(a, b *policy.Set) []File {
	old, now := a.Folder().Sources, b.Folder().Sources
	names := maps.Clone(old)
	maps.Copy(names, now)
	var out []File
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if string(old[name]) != string(now[name]) {
			out = append(out, File{name, brief(compare(split(old[name]), split(now[name])))})
		}
	}
	return out
}

func split(text []byte) []string {
	if len(text) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

// compare matches the most lines that two texts have in common, in order.
func compare(a, b []string) []Line {
	var out []Line
	first := 0
	for first < len(a) && first < len(b) && a[first] == b[first] {
		out = append(out, Line{' ', a[first]})
		first++
	}
	a, b = a[first:], b[first:]
	last := 0
	for last < len(a) && last < len(b) && a[len(a)-1-last] == b[len(b)-1-last] {
		last++
	}
	out = append(out, middle(a[:len(a)-last], b[:len(b)-last])...)
	for _, l := range a[len(a)-last:] {
		out = append(out, Line{' ', l})
	}
	return out
}

func middle(a, b []string) (out []Line) {
	width := len(b) + 1
	common := make([]int32, 0)
	if (len(a)+1)*width <= mostCells {
		common = make([]int32, (len(a)+1)*width)
		for i := len(a) - 1; i >= 0; i-- {
			for j := len(b) - 1; j >= 0; j-- {
				if a[i] == b[j] {
					common[i*width+j] = common[(i+1)*width+j+1] + 1
				} else {
					common[i*width+j] = max(common[(i+1)*width+j], common[i*width+j+1])
				}
			}
		}
	}
	i, j := 0, 0
	for len(common) > 0 && i < len(a) && j < len(b) {
		switch {
		case a[i] == b[j]:
			out, i, j = append(out, Line{' ', a[i]}), i+1, j+1
		case common[(i+1)*width+j] >= common[i*width+j+1]:
			out, i = append(out, Line{'-', a[i]}), i+1
		default:
			out, j = append(out, Line{'+', b[j]}), j+1
		}
	}
	for ; i < len(a); i++ {
		out = append(out, Line{'-', a[i]})
	}
	for ; j < len(b); j++ {
		out = append(out, Line{'+', b[j]})
	}
	return out
}

// brief leaves out what lies far from every change.
func brief(lines []Line) (out []Line) {
	near := make([]bool, len(lines))
	for i, l := range lines {
		if l.Op == ' ' {
			continue
		}
		for k := max(0, i-around); k <= min(len(lines)-1, i+around); k++ {
			near[k] = true
		}
	}
	for i, l := range lines {
		switch {
		case near[i]:
			out = append(out, l)
		case len(out) == 0 || out[len(out)-1].Op != skipped:
			out = append(out, Line{Op: skipped})
		}
	}
	return out
}
