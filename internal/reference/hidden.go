package reference

import (
	"fmt"

	"modicum/policy"
)

// Part is a scalar of a record.
type Part struct {
	Path   string // such as name[0].family; of a vendor's own field likewise
	Hidden bool   // no part of it shows, in any form
	value  *Tree
}

// Parts lists the scalars of a record, and whether each shows in what was projected of
// it; out is nil for a record that is not there.
func (r *Record) Parts(out *Tree) []Part {
	shown := map[*Tree]bool{}
	gather(out, shown)
	var parts []Part
	if r.root != nil {
		list(r.root.tree, "", shown, &parts)
	}
	return parts
}

// Hidden lists the paths of what a projection hides of a record.
func (r *Record) Hidden(out *Tree) []string {
	var paths []string
	for _, p := range r.Parts(out) {
		if p.Hidden {
			paths = append(paths, p.Path)
		}
	}
	return paths
}

// gather notes the values that a projection was made of.
func gather(t *Tree, shown map[*Tree]bool) {
	if t == nil {
		return
	}
	if t.from != nil {
		shown[t.from.tree] = true
	}
	for _, m := range t.Members {
		gather(m.Value, shown)
	}
	for _, v := range t.Items {
		gather(v, shown)
	}
}

func list(t *Tree, path string, shown map[*Tree]bool, parts *[]Part) {
	for _, m := range t.Members {
		at := m.Name
		if path != "" {
			at = path + "." + m.Name
		}
		list(m.Value, at, shown, parts)
	}
	for i, v := range t.Items {
		list(v, fmt.Sprintf("%s[%d]", path, i), shown, parts)
	}
	if t.Kind != '{' && t.Kind != '[' {
		*parts = append(*parts, Part{path, !shown[t], t})
	}
}

// Alike reports whether a caller gets the same of two records under every decision:
// both are there and show the same under the same obligations, or neither is. This is
// what "differ only in what is hidden" means (N1).
func (w *World) Alike(decisions []*Decision, a, b *Tree, visible func(to Ref) bool) bool {
	for _, d := range decisions {
		ja, jb := w.Judge(d, a), w.Judge(d, b)
		pa, pb := w.Project(ja, visible), w.Project(jb, visible)
		if (pa == nil) != (pb == nil) {
			return false
		}
		if pa != nil && (pa.String() != pb.String() || !sameSet(ja.Verdict.Obligations, jb.Verdict.Obligations)) {
			return false
		}
	}
	return true
}

func sameSet(a, b map[string]bool) bool {
	for k := range a {
		if a[k] != b[k] {
			return false
		}
	}
	return len(a) == len(b)
}

// ViewOf returns a verdict's view as package policy writes it.
func (v *Verdict) ViewOf() (out policy.View) {
	for c, t := range v.View {
		out.Put(c, t)
	}
	return out
}
