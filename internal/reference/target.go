package reference

import (
	"slices"
	"strings"
	"time"

	"modicum/catalog"
)

// target is what a Reference names.
type target struct {
	Ref                 // a record of this server; Type 0: none
	fragment string     // "#id": a contained resource
	inner    *contained // that it names
	reshaped bool       // absolute or versioned: written as Type/id
	patient  bool       // the element may name a patient
	subject  bool       // it is the record's own patient: parameter patient or subject
}

// reference notes whom and what a Reference names (FC13, FC23).
func (r *Record) reference(e *element, n *catalog.Node) {
	text, has := e.tree.Get("reference").Text()
	to := &target{patient: n.BearsPatient, subject: r.subject(e)}
	e.to = to
	hint := catalog.Type(0)
	switch {
	case strings.HasPrefix(text, "#"):
		to.fragment = text
		return
	case has:
		to.Ref, hint, to.reshaped = r.reader.resolve(text)
	}
	if to.patient {
		r.whom(e, to, hint)
	}
	if to.Type != 0 && e.around == nil {
		r.where(to.Ref, n)
	}
}

// whom: an element that may name a patient names one of ours, or what is no patient,
// or it cannot be told and the record is not there (D6).
func (r *Record) whom(e *element, to *target, hint catalog.Type) {
	switch {
	case r.isPatient(to.Type):
		r.addPatient(to.ID)
	case to.Type != 0:
	case hint != 0:
		r.UnknownPatient = r.UnknownPatient || r.isPatient(hint)
	case e.tree.Get("reference") != nil:
		r.UnknownPatient = true
	default:
		r.UnknownPatient = r.UnknownPatient || r.mayBePatient(e, to)
	}
}

// mayBePatient judges a Reference without address: by its type; by an identifier that
// could be anybody's; or because nobody but the record's subject stands there.
func (r *Record) mayBePatient(e *element, to *target) bool {
	if t, known := r.reader.Catalog.Type(e.tree.Get("type").text()); known {
		return r.isPatient(t)
	}
	return e.tree.Get("identifier") != nil || to.subject && e.tree.Get("display") != nil
}

// where notes what a reference says about visit, author and place.
func (r *Record) where(to Ref, n *catalog.Node) {
	cat := r.reader.Catalog
	name := cat.TypeName(to.Type)
	if n.VisitOf && (name == "Encounter" || name == "EpisodeOfCare") && !slices.Contains(r.Visits, to) {
		r.Visits = append(r.Visits, to)
	}
	if n.AuthorOf {
		r.Authors = append(r.Authors, to)
	}
	if n.Place != catalog.NoPlace {
		r.Places = append(r.Places, to)
	}
	if name == "Account" && n.Name == "account" {
		r.Accounts = append(r.Accounts, to.ID)
	}
}

// subject reports whether an element, or the array that it is an item of, stands
// directly in a resource and is read by its parameter patient or subject.
func (r *Record) subject(e *element) bool {
	holder := e.up
	if e.name == "" {
		holder = holder.up
	}
	cat := r.reader.Catalog
	if holder.node != cat.Root(e.typ) {
		return false
	}
	for _, name := range []string{"patient", "subject"} {
		if p, ok := cat.Param(e.typ, name); ok && slices.Contains(p.Nodes, e.node) {
			return true
		}
	}
	return false
}

// settleTargets finds what "#id" names, when all contained resources are known.
func (r *Record) settleTargets(e *element) {
	if to := e.to; to != nil && to.fragment != "" {
		for _, k := range r.inner {
			if to.inner == nil && "#"+k.id == to.fragment && k.id != "" {
				to.inner = k
			}
		}
		if to.inner == nil && to.patient && to.fragment != "#" {
			r.UnknownPatient = true
		}
	}
	for _, k := range e.below {
		r.settleTargets(k)
	}
}

// resolve reads a reference: Type/id, with or without our base before it and a
// version behind. hint is the type that one which does not resolve names.
func (rd *Reader) resolve(text string) (to Ref, hint catalog.Type, reshaped bool) {
	rest, below := strings.CutPrefix(text, strings.TrimRight(rd.Base, "/")+"/")
	if rd.Base == "" || !below {
		rest, below = text, false
	}
	name, id, _ := strings.Cut(rest, "/")
	plain, version, versioned := strings.Cut(id, "/_history/")
	if versioned && isID(version) {
		id = plain
	} else {
		versioned = false
	}
	if t, known := rd.Catalog.Type(name); known && isID(id) {
		return Ref{t, id}, t, below || versioned
	}
	return Ref{}, rd.hint(text), false
}

// hint is the last type among a path's segments that something follows.
func (rd *Reader) hint(text string) (hint catalog.Type) {
	path, _, conditional := strings.Cut(text, "?")
	parts := strings.Split(path, "/")
	for i, part := range parts {
		followed := i+1 < len(parts) && strings.Join(parts[i+1:], "/") != ""
		if t, known := rd.Catalog.Type(part); known && (followed || conditional) {
			hint = t
		}
	}
	return hint
}

// isID: [A-Za-z0-9\-\.]{1,64}, hl7.org/fhir/R4/datatypes.html#id.
func isID(s string) bool {
	return s != "" && len(s) <= 64 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.") == ""
}

// interval reads a date, dateTime or instant as the time that it names: a year, a
// month, a day or a second; the end is exclusive.
func interval(text string, zone *time.Location) (from, until time.Time, ok bool) {
	if zone == nil {
		zone = time.UTC
	}
	for _, f := range []struct {
		layout              string
		years, months, days int
	}{{"2006", 1, 0, 0}, {"2006-01", 0, 1, 0}, {"2006-01-02", 0, 0, 1}} {
		if from, err := time.ParseInLocation(f.layout, text, zone); err == nil {
			return from, from.AddDate(f.years, f.months, f.days), from.Year() > 0
		}
	}
	for _, layout := range []string{"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04Z07:00"} {
		if from, err := time.Parse(layout, text); err == nil {
			from = from.Truncate(time.Second).UTC()
			return from, from.Add(time.Second), from.Year() > 0
		}
	}
	return time.Time{}, time.Time{}, false
}
