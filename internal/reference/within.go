package reference

import (
	"slices"
	"strings"

	"modicum/policy/doc"
)

// atoms works out what View may look at (rule 7).
func (w *World) atoms(d *Decision, r *Record) *Atoms {
	a := &Atoms{Overlays: r.Overlays, Lasting: r.Lasting, Within: map[string]bool{}}
	for _, l := range d.lines {
		a.Within[l.id] = r.Lasting || l.Within == nil || w.recent(r, l.Within.Back) && w.placed(r, l.Within.Place.Text)
	}
	a.Names = w.names(d, r, w.Own)
	for _, id := range r.Patients {
		about := About{}
		if w.About != nil {
			about = w.About(id)
		}
		p := Patient{
			Facts: map[string]Truth{}, Glass: about.Glass, Asked: about.Asked, Lent: about.Lent,
			LentClasses: about.LentClasses, LentOverlays: about.LentOverlays,
			Names: w.names(d, r, append(slices.Clone(w.Own), about.Instances...)),
		}
		for name, truth := range about.Facts {
			p.Facts[name] = truth
		}
		p.Facts[author] = Truth{Holds: w.isAuthor(r)}
		a.Patients = append(a.Patients, p)
	}
	return a
}

func (w *World) isAuthor(r *Record) bool {
	return slices.ContainsFunc(r.Authors, func(a Ref) bool { return slices.Contains(w.Practitioners, w.spell(a)) })
}

func (w *World) spell(to Ref) string { return w.Catalog.TypeName(to.Type) + "/" + to.ID }

// names says what facts name of a record: of several instances, what any one of them
// names, each judged whole (rule 7).
func (w *World) names(d *Decision, r *Record, instances []Instance) map[Use]Classes {
	out := map[Use]Classes{}
	for i := range instances {
		in := &instances[i]
		for _, restricting := range []bool{false, true} {
			if !restricting && !in.Permits || !w.takesIn(d, in, r, restricting) {
				continue
			}
			use := Use{in.Fact, restricting}
			switch {
			case in.Classes == nil:
				out[use] = d.model.every
			case out[use] == nil:
				out[use] = in.Classes
			default:
				out[use] = union(out[use], in.Classes)
			}
		}
	}
	return out
}

// takesIn reports whether an instance takes a record in: its overlays, and, of a
// record that is not lasting, its object and its dates.
func (w *World) takesIn(d *Decision, in *Instance, r *Record, restricting bool) bool {
	if in.Marked != nil && !in.takesMarks(d, r, restricting) {
		return false
	}
	if r.Lasting {
		return true
	}
	if restricting {
		return (in.Object == "" || w.unsure(in.Object) || w.belongs(r, in.Object)) && (!in.Dated || in.mayTakeDate(r))
	}
	return (in.Object == "" || w.belongs(r, in.Object)) && (!in.Dated || in.takesDate(r))
}

// unsure: what the object belongs to nobody can tell, as it is not there. It then
// restricts every record, and permits none.
func (w *World) unsure(ref string) bool {
	typ, _, _ := strings.Cut(ref, "/")
	return typ != "Encounter" && typ != "Account" && w.lookUp(ref) == nil
}

// mayTakeDate: what restricts by dates takes in what reaches into them, and what says
// no date, as it may.
func (in *Instance) mayTakeDate(r *Record) bool {
	if r.From.IsZero() {
		return true
	}
	begins := in.Until.IsZero() || r.From.Before(in.Until)
	ends := in.From.IsZero() || r.Until.After(in.From)
	return begins && ends
}

// takesMarks: what permits must name every overlay that hides the record; what
// restricts hides it for any that it names.
func (in *Instance) takesMarks(d *Decision, r *Record, restricting bool) bool {
	hiding, named := 0, 0
	for o := range r.Overlays {
		if !d.model.watched(o) {
			hiding++
			if in.Marked[o] {
				named++
			}
		}
	}
	return named == hiding || restricting && named > 0
}

// takesDate: the main date, at the precision with which it is written, lies wholly in
// the time that the instance names; a record without date lies outside.
func (in *Instance) takesDate(r *Record) bool {
	return !r.From.IsZero() &&
		(in.From.IsZero() || !r.From.Before(in.From)) && (in.Until.IsZero() || !r.Until.After(in.Until))
}

// recent: `back` before now; a record without date lies outside.
func (w *World) recent(r *Record, back doc.Span) bool {
	if back.Zero() {
		return true
	}
	since := back.Before(w.Now.In(w.zone()))
	return !r.From.IsZero() && !r.From.Before(since)
}

// placed: the department and facility of a record are its location and service
// provider, or those of its visit.
func (w *World) placed(r *Record, place string) bool {
	var at string
	switch {
	case place == "":
		return true
	case place == "department" && w.Department != "":
		at = "Location/" + w.Department
	case place == "facility" && w.Facility != "":
		at = "Organization/" + w.Facility
	default:
		return false
	}
	places := r.Places
	if v := w.visit(r); v != nil {
		places = append(slices.Clone(places), v.Places...)
	}
	return slices.ContainsFunc(places, func(p Ref) bool { return w.spell(p) == at })
}

// visit returns the Encounter of a record: itself, or the one that it names, where it
// names exactly one and both are of the same patients.
func (w *World) visit(r *Record) *Record {
	if w.Catalog.TypeName(r.Type) == "Encounter" {
		return r
	}
	if len(r.Visits) != 1 || w.Catalog.TypeName(r.Visits[0].Type) != "Encounter" {
		return nil
	}
	v := w.lookUp(w.spell(r.Visits[0]))
	if v == nil || !slices.Equal(v.Patients, r.Patients) {
		return nil
	}
	return v
}

func (w *World) lookUp(ref string) *Record {
	if w.Holds == nil {
		return nil
	}
	t := w.Holds(ref)
	if t == nil {
		return nil
	}
	r := w.known(t)
	if w.spell(Ref{r.Type, r.ID}) != ref {
		return nil
	}
	return r
}

// belongs reports whether a record is an object, or belongs to its encounter or its
// account (rule 7). What an object belongs to counts for its own patients only.
func (w *World) belongs(r *Record, ref string) bool {
	if w.spell(Ref{r.Type, r.ID}) == ref || r.bearer != nil && w.spell(Ref{r.bearer.Type, r.bearer.ID}) == ref {
		return true
	}
	visits, accounts, ok := w.of(r, ref)
	if !ok {
		return false
	}
	v := w.visit(r)
	if v != nil && slices.Contains(visits, v.ID) {
		return true
	}
	own := slices.Clone(r.Accounts)
	if w.Catalog.TypeName(r.Type) == "Account" {
		own = append(own, r.ID)
	}
	if v != nil {
		own = append(own, v.Accounts...)
	}
	return slices.ContainsFunc(own, func(a string) bool { return slices.Contains(accounts, a) })
}

// of returns the encounters and accounts that an object is or names.
func (w *World) of(r *Record, ref string) (visits, accounts []string, ok bool) {
	typ, id, _ := strings.Cut(ref, "/")
	switch typ {
	case "Encounter":
		return []string{id}, nil, true
	case "Account":
		return nil, []string{id}, true
	}
	object := w.lookUp(ref)
	if object == nil || !slices.Equal(object.Patients, r.Patients) { // one that names nobody counts for nobody
		return nil, nil, false
	}
	return object.encounters(object.root), object.Accounts, true
}

// encounters lists every Encounter that a record refers to.
func (r *Record) encounters(e *element) (ids []string) {
	if e == nil {
		return nil
	}
	if e.to != nil && r.reader.Catalog.TypeName(e.to.Type) == "Encounter" {
		ids = append(ids, e.to.ID)
	}
	for _, k := range e.below {
		ids = append(ids, r.encounters(k)...)
	}
	return ids
}
