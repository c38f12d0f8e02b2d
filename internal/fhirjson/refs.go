package fhirjson

import (
	"bytes"

	"modicum/catalog"
)

// target is what the text of a reference says.
type target struct {
	Ref               // a record of this server; Type 0: none
	hint catalog.Type // the type that the text names, of this server or not; 0: cannot be told
	ours bool         // the text is Type/id and nothing else
}

// resolve reads a reference. Only Type/id of this server resolves, with or without
// the base before it and a version behind; a conditional reference, another server,
// urn: and whatever is malformed do not (threat-model FC13, FC23).
func (s *Scanner) resolve(v []byte) target {
	rest, plain := v, true
	if base := s.limits.Base; base != "" && len(v) > len(base) && string(v[:len(base)]) == base && v[len(base)] == '/' {
		rest, plain = v[len(base)+1:], false
	}
	if i := bytes.IndexByte(rest, '/'); i > 0 {
		id := rest[i+1:]
		ok := catalog.IsID(id)
		if !ok {
			if k := bytes.Index(id, []byte("/_history/")); k >= 0 && catalog.IsID(id[k+len("/_history/"):]) {
				id, plain, ok = id[:k], false, catalog.IsID(id[:k])
			}
		}
		if ok {
			if t, known := s.know.typeAt(rest, 0, i); known {
				return target{Ref: Ref{t, id}, hint: t, ours: plain}
			}
		}
	}
	return target{hint: s.hint(v)}
}

// hint returns the resource type that a reference names which does not resolve: the
// last type among its path's segments that something follows.
func (s *Scanner) hint(v []byte) (hint catalog.Type) {
	path, _, conditional := bytes.Cut(v, []byte("?"))
	for len(path) > 0 {
		name, rest, more := bytes.Cut(path, []byte("/"))
		if t, ok := s.cat.TypeBytes(name); ok && (more && len(rest) > 0 || conditional) {
			hint = t
		}
		path = rest
	}
	return hint
}

// reference notes a Reference element: what it names, and whom. Records of a page name
// the same patient, visit and practitioner: a text that is just that of another of its
// element is not read again.
func (b *binder) reference(i uint32, c *cell, n *catalog.Node) {
	s := b.s
	whole := b.src[c.start:c.end]
	k := &s.named[place(c.node, whole)%uint32(len(s.named))]
	if k.ref.Node != c.node || string(k.text) != string(whole) {
		k.text = whole
		b.read(k, i, c.node, n)
	}
	s.refs = append(s.refs, k.ref)
	r := &s.refs[len(s.refs)-1]
	r.cell, r.in = i, b.in
	c.aux = uint32(len(s.refs) - b.refs)
	if r.inside < 0 {
		b.named(i, r, k.hint, n)
	}
	if r.Type != 0 {
		b.noted(r.Ref, n)
	}
}

// named is a Reference and what its text said.
type named struct {
	text []byte // of the whole object
	ref  Reference
	hint catalog.Type
}

// read reads the Reference at cell i into k.
func (b *binder) read(k *named, i uint32, id catalog.NodeID, n *catalog.Node) {
	s := b.s
	k.hint = 0
	r := &k.ref
	*r = Reference{Node: id, inside: -1, patient: n.BearsPatient}
	text := s.text(b.src, i, "reference")
	r.points = len(text) > 0 || n.Carries && s.find(b.src, i, "identifier") != 0
	switch {
	case len(text) > 0 && text[0] == '#':
		r.inside = 0 // resolved when all contained resources are known
		r.ID = text[1:]
	case text != nil:
		t := s.resolve(text)
		r.Ref, r.reshaped, k.hint = t.Ref, t.Type != 0 && !t.ours, t.hint
	}
}

// named judges whether a Reference that may name a patient does, and whom.
func (b *binder) named(i uint32, r *Reference, hint catalog.Type, n *catalog.Node) {
	s := b.s
	switch {
	case !r.patient:
	case r.Type == s.know.patient:
		b.addPatient(r.Ref)
	case r.Type != 0:
	case hint != 0:
		b.r.UnknownPatient = b.r.UnknownPatient || hint == s.know.patient
	case s.find(b.src, i, "reference") != 0:
		b.r.UnknownPatient = true // it names something that cannot be told
	default:
		b.r.UnknownPatient = b.r.UnknownPatient || b.unnamed(i, n)
	}
}

// unnamed reports whether a Reference without address must be taken for a patient
// who cannot be told: by its type; by an identifier that could be anybody's; or
// because nobody but the record's subject stands there. A mere display in the place
// of a performer or author is a member of staff whom the upstream did not link.
func (b *binder) unnamed(i uint32, n *catalog.Node) bool {
	s := b.s
	if t, ok := s.cat.TypeBytes(s.text(b.src, i, "type")); ok {
		return t == s.know.patient
	}
	if s.find(b.src, i, "identifier") != 0 {
		return true
	}
	return b.info[b.tape[i].node].subject && s.find(b.src, i, "display") != 0
}

// few are looked through in turn. Of a Group of a hundred thousand patients, and of as many
// contained resources, that would cost billions of looks (FC51).
const few = 16

// addPatient notes a patient whom the record names, once.
func (b *binder) addPatient(p Ref) {
	if !b.isNamed(p.ID) {
		b.s.patients = append(b.s.patients, p)
	}
}

// isNamed reports whether a patient of the id was named before. Where many were, it notes
// the id.
func (b *binder) isNamed(id []byte) bool {
	named := b.s.patients[b.patients:]
	if len(named) < few {
		for i := range named {
			if string(named[i].ID) == string(id) {
				return true
			}
		}
		return false
	}
	if b.people == nil {
		b.people = make(map[string]struct{}, 4*len(named))
		for _, p := range named {
			b.people[string(p.ID)] = struct{}{}
		}
	}
	_, known := b.people[string(id)]
	if !known {
		b.people[string(id)] = struct{}{}
	}
	return known
}

// noted keeps what a resolved reference says about when, where and by whom.
func (b *binder) noted(to Ref, n *catalog.Node) {
	s := b.s
	if n.VisitOf && b.in < 0 && (to.Type == s.know.visit[0] || to.Type == s.know.visit[1]) {
		switch {
		case b.visit.Type == 0:
			b.visit = to
		case !b.visit.Is(to.Type, to.ID):
			b.visits = true
		}
	}
	if b.in >= 0 {
		return
	}
	if n.AuthorOf {
		s.authors = append(s.authors, to)
	}
	if n.Place != catalog.NoPlace {
		s.places = append(s.places, to)
	}
	if to.Type == s.know.account && n.Name == "account" {
		s.accounts = append(s.accounts, to)
	}
}

// resolveInner finds what "#id" names, and denies contained resources that name a
// patient who cannot be told.
func (b *binder) resolveInner() {
	s := b.s
	refs := s.refs[b.refs:]
	inner := innerIDs{list: s.inner[b.inner:]}
	for i := range refs {
		r := &refs[i]
		if r.inside < 0 {
			continue
		}
		id := r.ID
		r.ID, r.inside = nil, -1
		if len(id) == 0 {
			continue
		}
		if r.inside = inner.find(id); r.inside < 0 && r.patient {
			b.r.UnknownPatient = true
		}
	}
}

// innerIDs are contained resources, to be found by their ids.
type innerIDs struct {
	list   []contained
	places map[string]int32 // nil until they are asked for, and where they are few
}

// find returns the place of the first that has an id; -1: none.
func (n *innerIDs) find(id []byte) int32 {
	if len(n.list) <= few {
		for k := range n.list {
			if string(n.list[k].id) == string(id) {
				return int32(k)
			}
		}
		return -1
	}
	if n.places == nil {
		n.places = make(map[string]int32, len(n.list))
		for k := len(n.list) - 1; k >= 0; k-- {
			n.places[string(n.list[k].id)] = int32(k)
		}
	}
	if k, known := n.places[string(id)]; known {
		return k
	}
	return -1
}
