package gate

import (
	"slices"
	"strings"

	"modicum/catalog"
	"modicum/internal/defect"
	"modicum/internal/fhirjson"
)

// A Binary says of itself neither whose it is nor what it is. It shows as the part of a
// record that names it in an attachment, to whom that attachment shows (FC27): the
// record is remembered when it is shown, and read and judged anew when its Binary is
// asked for.

// handles notes the contents that a shown record names by addresses which its view keeps.
func (s *Session) handles(r *fhirjson.Record, j *Judgement) {
	binary := s.words.types.binary
	if binary == 0 || !s.words.attached.types.Has(r.Type) {
		return
	}
	by := &bearer{record: s.cat.TypeName(r.Type) + "/" + string(r.ID)}
	r.Handles(func(id []byte, class catalog.Class) {
		if j.Verdict.View.Keep.Has(class) || defect.On(defect.HandlesUnchecked) {
			j.implies = append(j.implies, implied{proofKey{s.sight, binary, string(id)}, by})
		}
	})
}

// Handle is the record that was shown to the caller a short while ago under the tasks of
// the session and names the Binary; false where there is none.
func (s *Session) Handle(binary string) (typ, id string, ok bool) {
	b, known := s.gate.borne.get(proofKey{s.sight, s.words.types.binary, binary}, s.now)
	if !known {
		return "", "", false
	}
	return strings.Cut(b.record, "/")
}

// JudgeContent decides a Binary as a part of the record that names it in an attachment
// of the class: of the same patients, visit and date, under the overlays of both. It is
// there where its view keeps that class. One that says itself that it belongs to
// somebody or something else is not.
func (s *Session) JudgeContent(r, by *fhirjson.Record, class catalog.Class) Judgement {
	b := s.newBearer(by)
	as := b.lend(r)
	as.Class, as.Lasting, as.Overlays = class, by.Lasting, r.Overlays|by.Overlays
	for _, c := range s.causes(by) {
		as.Overlays |= c.overlays // by was judged before: what it refers to was looked up
	}
	j := Judgement{Type: r.Type, ID: string(r.ID), class: class, Patients: s.namedBy(as)}
	s.fillAtoms(as, b, &j.atoms)
	s.view(&j.atoms, &j.Verdict)
	switch {
	case s.elsewhere(r, by) && !defect.On(defect.ContentOfAnybody):
		j.Because = "record"
	case !j.Verdict.View.Keep.Has(class) && !defect.On(defect.HandlesUnchecked):
		j.Because = "content"
	case !s.Covered(as, &j.Verdict.View):
		j.Because = "scope"
	default:
		j.There = true
	}
	return j
}

// elsewhere reports whether a Binary names by securityContext, which says whose rights
// it follows, anything but the record that names it and what shows to the caller anyway.
func (s *Session) elsewhere(r, by *fhirjson.Record) bool {
	patient := s.words.types.patient
	return r.UnknownPatient || slices.ContainsFunc(r.References, func(ref fhirjson.Reference) bool {
		switch {
		case ref.Is(by.Type, by.ID):
			return false
		case ref.Type == patient:
			return !slices.ContainsFunc(by.Patients, func(p fhirjson.Ref) bool { return p.Is(ref.Type, ref.ID) })
		}
		return ref.Type == 0 || !s.proven(ref.Type, string(ref.ID))
	})
}

// attached is what of a catalog may have attachments, and the classes that they have.
type attached struct {
	types   catalog.TypeSet
	classes catalog.ClassSet
}

func attachedIn(cat *catalog.Catalog) attached {
	var out attached
	for _, t := range cat.Types() {
		if cat.DenyByDefault(t) {
			continue
		}
		before := out.classes
		if attaches(cat, t, cat.Root(t), make(map[catalog.NodeID]bool), &out.classes) {
			out.types = out.types.With(t)
		} else {
			out.classes = before
		}
	}
	return out
}

// Attachments are the classes that an attachment may have.
func Attachments(cat *catalog.Catalog) catalog.ClassSet { return attachedIn(cat).classes }

// attaches walks the elements of a type, adds the classes of its attachments, and
// reports whether there are any.
func attaches(cat *catalog.Catalog, t catalog.Type, n catalog.NodeID, seen map[catalog.NodeID]bool, classes *catalog.ClassSet) bool {
	if seen[n] {
		return false
	}
	seen[n] = true
	node := cat.Node(n)
	switch node.Kind {
	case catalog.Extension, catalog.Resource:
		return false
	case catalog.Attachment:
		if node.Class == catalog.OfRecord {
			*classes = classes.Union(cat.OwnClasses(t))
		} else {
			*classes = classes.With(node.Class)
		}
		return true
	}
	any := false
	for _, c := range cat.Children(n) {
		any = attaches(cat, t, c, seen, classes) || any
	}
	return any
}
