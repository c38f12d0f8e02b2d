package reference

import (
	"strings"

	"modicum/catalog"
)

func (r *Record) scalar(e *element) {
	n := r.reader.Catalog.Node(e.node)
	if e.sibling || e.tree.Kind != '"' {
		return
	}
	r.date(e, n, e.tree)
	if n.Kind == catalog.Primitive && (n.Label || n.Ruled) {
		r.code(e, []byte(n.Implied), []byte(e.tree.text()))
	}
}

// code: sensitive codes mark the record wherever they stand, labels mark it, and
// codes give a record its class.
func (r *Record) code(e *element, system, code []byte) {
	cat := r.reader.Catalog
	r.codes |= cat.CodeOverlays(system, code)
	if cat.Node(e.node).Label {
		r.labels |= cat.LabelOverlays(system, code)
	}
	rule := &r.rule
	if e.around != nil {
		rule = &e.around.rule
	}
	if found := cat.RuleFor(e.typ, e.node, system, code); found != 0 && (*rule == 0 || found < *rule) {
		*rule = found
	}
}

// date: of the elements that may hold the main date the first in rank that has one;
// of a period its start (rule 7).
func (r *Record) date(e *element, n *catalog.Node, t *Tree) {
	if n.MainDate == 0 || e.around != nil || r.rank != 0 && r.rank <= n.MainDate {
		return
	}
	text, ok := t.Text()
	if !ok {
		return
	}
	if from, until, ok := interval(text, r.reader.Zone); ok {
		r.From, r.Until, r.rank = from, until, n.MainDate
	}
}

// contains begins a contained resource. One inside another has no meaning in R4.
func (r *Record) contains(e *element) bool {
	cat := r.reader.Catalog
	typ, known := cat.Type(e.tree.Get("resourceType").text())
	if !known || e.around != nil || e.up.up != r.root {
		return false
	}
	k := &contained{
		at: e, typ: typ, id: e.tree.Get("id").text(), class: cat.DefaultClass(typ),
		denied: cat.DenyByDefault(typ) || r.isPatient(typ),
	}
	r.UnknownPatient = r.UnknownPatient || r.isPatient(typ) // a person whom no id of this server names
	r.codes |= cat.TypeOverlays(typ)
	r.inner = append(r.inner, k)
	e.inner, e.around, e.typ = k, k, typ
	e.node, e.class = cat.Root(typ), catalog.OfRecord
	return true
}

// extension: by its address (FC20). One of a relative address inside another is part
// of that; one that marks the record never shows.
func (r *Record) extension(e *element) {
	cat := r.reader.Catalog
	url := e.tree.Get("url").text()
	class, listed := cat.ExtensionClass([]byte(url))
	o, marks := cat.OverlayOf(class)
	inside := e.up.up != nil && e.up.up.node != 0 && cat.Node(e.up.up.node).Kind == catalog.Extension
	switch {
	case listed && marks:
		r.codes = r.codes.With(o)
		e.class = catalog.Unknown
	case listed:
		e.class = class
	case cat.InheritExtension([]byte(url)):
	case inside && url != "" && !hasScheme(url):
	default:
		e.class = catalog.Unknown
	}
}

func hasScheme(url string) bool {
	i := strings.IndexAny(url, ":/?#")
	return i >= 0 && url[i] == ':'
}

// identifierClass joins what the system and every type coding of an identifier say.
func (r *Record) identifierClass(def catalog.Class, t *Tree) catalog.Class {
	cat := r.reader.Catalog
	var said []catalog.Class
	if c, known := cat.IdentifierSystemClass([]byte(t.Get("system").text())); known {
		said = append(said, c)
	}
	if codings := t.Get("type").Get("coding"); codings != nil {
		for _, k := range codings.Items {
			if c, known := cat.IdentifierTypeClass([]byte(k.Get("system").text()), []byte(k.Get("code").text())); known {
				said = append(said, c)
			}
		}
	}
	if len(said) == 0 {
		return def
	}
	class := said[0]
	for _, c := range said[1:] {
		class = cat.JoinIdentifier(class, c)
	}
	return class
}
