package fhirjson_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"modicum/catalog"
	"modicum/internal/fhirjson"
	"modicum/internal/testkit"
	"modicum/policy"
)

// leaf is a scalar of a record as the slow walker below classifies it.
type leaf struct {
	path    string // member names from the root
	raw     string
	class   catalog.Class // the record's resolved; Unknown where nobody may see it
	keep    bool          // the view keeps it, and nothing around it forbids it
	sure    bool          // and it must be in the projection
	hidden  bool          // no part of it shows in any form
	at      *tree
	struct_ bool // resourceType, ids, bound codes, addresses of extensions: may show though not kept
}

// walker classifies a record from the catalog alone, sharing nothing with the
// scanner: no tape, no runs, strings throughout.
type walker struct {
	cat    *catalog.Catalog
	view   *policy.View
	record catalog.Class
	whole  bool
	leaves []leaf
}

type place struct {
	path   string
	node   catalog.NodeID
	class  catalog.Class
	from   catalog.Class // the static class that class replaces, of identifiers and contacts
	keep   bool
	sure   bool
	inside bool // an extension
}

func (w *walker) resolve(c catalog.Class) catalog.Class {
	if c == catalog.OfRecord || w.whole && c != catalog.Unknown {
		return w.record
	}
	return c
}

func (w *walker) add(at place, t *tree) {
	class := w.resolve(at.class)
	n := w.cat.Node(at.node)
	keep := at.keep && at.node != 0 && w.view.Keep.Has(class)
	w.leaves = append(w.leaves, leaf{
		path: at.path, raw: t.raw, class: class, keep: keep, sure: keep && at.sure,
		struct_: n.Structure || n.Mandatory && n.Bound,
		hidden:  at.node == 0 || !at.keep || w.view.Of(class) <= policy.Mask,
		at:      t,
	})
}

func (w *walker) walk(at place, t *tree) {
	n := w.cat.Node(at.node)
	switch t.kind {
	case '[':
		for _, v := range t.items {
			w.walk(at, v)
		}
		return
	case '{':
	default:
		w.add(at, t)
		return
	}
	switch n.Kind {
	case catalog.Narrative:
		at.keep = false
	case catalog.Reference:
		at.sure = false // its target decides
	case catalog.Extension:
		at = w.extension(at, t)
	case catalog.Identifier:
		if n.ByValue {
			at.from, at.class = n.Class, w.identifier(n.Class, t)
		}
	case catalog.ContactPoint:
		if n.ByValue {
			at.from, at.class = n.Class, w.cat.ContactClass(n.Class, []byte(t.get("system").str()))
		}
	case catalog.Resource:
		w.contained(at, t)
		return
	}
	if len(n.AnyOf) > 0 && n.Kind != catalog.ResourceRoot {
		at.sure = false
	}
	for _, m := range t.members {
		w.member(at, n, m)
	}
}

func (w *walker) member(at place, n *catalog.Node, m member) {
	child, sib := w.cat.Child(at.node, []byte(m.name))
	next := place{path: at.path + "." + m.name, node: child, keep: at.keep, sure: at.sure && !sib, inside: at.inside}
	k := w.cat.Node(child)
	next.class = k.Class
	switch {
	case child == 0:
		next.keep = false
		if m.name == "resourceType" && n.Kind == catalog.ResourceRoot {
			w.leaves = append(w.leaves, leaf{path: next.path, raw: m.value.raw, struct_: true})
			return
		}
	case k.Class == catalog.OfExtension:
		next.class = at.class
	case at.from != catalog.Unknown && k.Class == at.from:
		next.class, next.from = at.class, at.from
	}
	if k.Array != (m.value.kind == '[') || !sib && k.Kind == catalog.Primitive && m.value.kind == '{' {
		next.keep = false
	}
	w.walk(next, m.value)
}

func (w *walker) extension(at place, t *tree) place {
	url := t.get("url").str()
	class, ok := w.cat.ExtensionClass([]byte(url))
	switch {
	case ok:
		at.class = class
	case w.cat.InheritExtension([]byte(url)):
	case at.inside && url != "" && !strings.Contains(url, ":"):
	default:
		at.keep, at.class = false, catalog.Unknown
	}
	at.sure = false
	at.inside = true
	if !w.view.Keep.Has(w.resolve(at.class)) {
		at.keep = false
	}
	return at
}

func (w *walker) identifier(def catalog.Class, t *tree) catalog.Class {
	codings := t.get("type").get("coding")
	if codings == nil || len(codings.items) == 0 {
		return w.cat.IdentifierClass(def, nil, nil, []byte(t.get("system").str()))
	}
	class := catalog.Unknown
	for i, c := range codings.items {
		k := w.cat.IdentifierClass(def, []byte(c.get("system").str()), []byte(c.get("code").str()), []byte(t.get("system").str()))
		if i == 0 {
			class = k
		} else if k != def {
			class = w.cat.JoinIdentifier(class, k)
		}
	}
	return class
}

func (w *walker) contained(at place, t *tree) {
	typ, ok := w.cat.Type(t.get("resourceType").str())
	if !ok {
		at.keep = false
		w.walk(at, &tree{kind: '[', items: []*tree{{kind: '"', raw: `"?"`}}})
		return
	}
	record, whole := w.record, w.whole
	w.record, w.whole = recordClass(w.cat, typ, t)
	for _, m := range t.members {
		w.member(place{path: at.path, node: w.cat.Root(typ), class: catalog.OfRecord, keep: at.keep, sure: false}, w.cat.Node(w.cat.Root(typ)), m)
	}
	w.record, w.whole = record, whole
}

// recordClass applies the conditional rules the obvious way.
func recordClass(cat *catalog.Catalog, typ catalog.Type, t *tree) (catalog.Class, bool) {
	var codes []catalog.CodeAt
	var collect func(n catalog.NodeID, t *tree)
	collect = func(n catalog.NodeID, t *tree) {
		if t.kind == '[' {
			for _, v := range t.items {
				collect(n, v)
			}
			return
		}
		node := cat.Node(n)
		if node.Kind == catalog.Coding {
			codes = append(codes, catalog.CodeAt{Node: n, System: []byte(t.get("system").str()), Code: []byte(t.get("code").str())})
		} else if t.kind == '"' && node.Ruled {
			codes = append(codes, catalog.CodeAt{Node: n, Code: []byte(t.str())})
		}
		for _, m := range t.members {
			if k, _ := cat.Child(n, []byte(m.name)); k != 0 && cat.Node(k).Kind != catalog.Resource {
				collect(k, m.value)
			}
		}
	}
	collect(cat.Root(typ), t)
	var first catalog.RuleID
	for _, c := range codes {
		if r := cat.RuleFor(typ, c.Node, c.System, c.Code); r != 0 && (first == 0 || r < first) {
			first = r
		}
	}
	if first != 0 {
		return cat.RuleClass(first)
	}
	return cat.DefaultClass(typ), false
}

func leaves(t *tree) (out []leaf) {
	var walk func(path string, t *tree)
	walk = func(path string, t *tree) {
		switch t.kind {
		case '{':
			for _, m := range t.members {
				walk(path+"."+m.name, m.value)
			}
		case '[':
			for _, v := range t.items {
				walk(path, v)
			}
		default:
			out = append(out, leaf{path: path, raw: t.raw})
		}
	}
	walk("", t)
	return out
}

// Every official example under 30 views: the output parses, nothing hidden is left,
// everything visible is text-identical and in order, the same input gives the same
// output, and projecting the projection changes nothing (N1, N7, F3, F7).
func TestExamplesUnderThirtyViews(t *testing.T) {
	cat := catalog.R4()
	all := views(30)
	s := fhirjson.New(cat, fhirjson.Limits{})
	second := fhirjson.New(cat, fhirjson.Limits{})
	outputs, there, same := 0, 0, 0
	for _, in := range testkit.Examples(t) {
		if t.Failed() {
			break // one record's failures tell enough
		}
		orig, err := parse(in)
		if err != nil {
			t.Fatal(err)
		}
		for v := range all {
			s.Reset()
			r, err := s.Resource(in)
			if err != nil {
				t.Fatalf("an official example is refused: %v", err)
			}
			sh := shape(all[v])
			out, o, err := s.Project(nil, r, sh)
			if err != nil {
				t.Fatal(err)
			}
			outputs++
			name := orig.get("resourceType").str() + "/" + orig.get("id").str()
			if !o.There {
				if len(out) > 0 {
					t.Errorf("%s view %d: bytes of a record that is not there", name, v)
				}
				continue
			}
			there++
			judge(t, cat, name, v, orig, out, &all[v])
			if r.Class == again(t, second, name, v, out, sh, r.Class) {
				same++
			}
		}
	}
	t.Logf("%d projections, %d there, %d of those projected again", outputs, there, same)
	if there < outputs/3 {
		t.Errorf("only %d of %d projections show anything: the views test nothing", there, outputs)
	}
}

func judge(t *testing.T, cat *catalog.Catalog, name string, v int, orig *tree, out []byte, view *policy.View) {
	t.Helper()
	got, err := parse(out)
	if err != nil {
		t.Errorf("%s view %d: not JSON: %v\n%s", name, v, err, out)
		return
	}
	noEmpties(t, name, v, got)
	typ, _ := cat.Type(orig.get("resourceType").str())
	w := walker{cat: cat, view: view}
	w.record, w.whole = recordClass(cat, typ, orig)
	for _, m := range orig.members {
		w.member(place{node: cat.Root(typ), class: catalog.OfRecord, keep: true, sure: true}, cat.Node(cat.Root(typ)), m)
	}
	shown := leaves(got)
	has := map[string]int{}
	for _, l := range shown {
		has[l.path+" "+l.raw]++
	}
	hiddenStays(t, orig, got, out, view)
	next := 0 // N7: what is kept comes in the order of the original
	for _, l := range w.leaves {
		if !l.sure {
			continue
		}
		key := l.path + " " + l.raw
		if has[key] == 0 {
			t.Errorf("%s view %d: visible %s (%s) is missing in\n%s", name, v, key, cat.Name(l.class), out)
			return
		}
		has[key]--
		i := slices.IndexFunc(shown[next:], func(k leaf) bool { return k.path == l.path && k.raw == l.raw })
		if i < 0 {
			t.Errorf("%s view %d: %s is out of order in\n%s", name, v, key, out)
			return
		}
		next += i + 1
	}
}

// constants are what the projection writes by itself, a group's system among it.
const constants = tag + darExt + `"http://hl7.org/fhir/sid/icd-10-cm"`

// hiddenStays reports every value of orig that is hidden and stands in got.
func hiddenStays(t *testing.T, orig, got *tree, out []byte, view *policy.View) {
	t.Helper()
	values, mayShow := map[string]bool{}, map[string]bool{}
	for _, l := range leaves(got) {
		values[l.raw] = true
	}
	all := hiddenOf(catalog.R4(), orig, view)
	for _, l := range all {
		if l.keep || l.struct_ || namesClass(l.path) || isReference(l.path) { // the same text may show there
			mayShow[l.raw] = true
		}
	}
	for _, l := range all {
		if !l.keep && !l.struct_ && len(l.raw) > 8 && !mayShow[l.raw] && !isReference(l.path) && values[l.raw] && !namesClass(l.path) && !strings.Contains(constants, l.raw) {
			t.Errorf("hidden %s %s is in\n%s", l.path, l.raw, out)
		}
	}
}

// isReference: a patient in scope shows whatever the class of the element.
func isReference(path string) bool {
	return strings.HasSuffix(path, ".reference") || strings.HasSuffix(path, ".type")
}

// namesClass: of a number that shows by its last four or as a token, what gave it its
// class shows too.
func namesClass(path string) bool {
	return path == ".telecom.system" || path == ".identifier.system" || strings.HasPrefix(path, ".identifier.type.coding.")
}

func noEmpties(t *testing.T, name string, v int, tr *tree) {
	t.Helper()
	switch tr.kind {
	case '{':
		if len(tr.members) == 0 {
			t.Errorf("%s view %d: an empty object", name, v)
		}
		for _, m := range tr.members {
			noEmpties(t, name, v, m.value)
		}
	case '[':
		if len(tr.items) == 0 || !slices.ContainsFunc(tr.items, func(k *tree) bool { return k.kind != 'n' }) {
			t.Errorf("%s view %d: an empty array", name, v)
		}
		for _, k := range tr.items {
			if k.kind != 'n' {
				noEmpties(t, name, v, k)
			}
		}
	case 'n':
		t.Errorf("%s view %d: null outside an array", name, v)
	case '"':
		if tr.raw == `""` {
			t.Errorf("%s view %d: an empty string", name, v)
		}
	}
}

// again projects a projection: nothing changes, unless the codes that gave the record
// its class are hidden. It returns the class as the projection tells it.
func again(t *testing.T, s *fhirjson.Scanner, name string, v int, out []byte, sh *fhirjson.Shape, class catalog.Class) catalog.Class {
	t.Helper()
	s.Reset()
	r, err := s.Resource(out)
	if err != nil {
		t.Errorf("%s view %d: own output refused: %v", name, v, err)
		return catalog.Unknown
	}
	if r.Class != class {
		return r.Class
	}
	twice, _, err := s.Project(nil, r, sh)
	if err != nil || !bytes.Equal(out, twice) {
		t.Errorf("%s view %d: projecting the projection changes it (%v)\n%s\n%s", name, v, err, out, twice)
	}
	return r.Class
}
