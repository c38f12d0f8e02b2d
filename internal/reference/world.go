package reference

import (
	"slices"
	"time"

	"modicum/catalog"
	"modicum/policy"
)

// World is what is true beside the policy, for one caller at one moment.
type World struct {
	Reader
	Now                  time.Time
	Department, Facility string   // of the caller: ids of a Location, an Organization
	Practitioners        []string // the caller as a record names them: "Practitioner/7"
	// Scopes are the SMART scopes of the token, as it says them, and Launch the id of
	// the patient in launch context.
	Scopes, Launch string
	// Known are records that were read before, by trees that do not change since; nil:
	// each is read anew whenever it is asked for.
	Known map[*Tree]*Record
	// Own are the instances of facts about the caller alone; their truth stands in
	// Request.Caller.
	Own []Instance
	// About returns what is true about the caller and a patient.
	About func(patient string) About
	// Holds returns a record of the upstream, such as "Encounter/1", nil where it has
	// none: the visits of records, the objects of facts.
	Holds func(ref string) *Tree
	// Proven reports whether a record was shown to this caller a short while ago; nil:
	// none was.
	Proven func(to Ref) bool
	// Bearer returns the record, shown to this caller a short while ago, that refers to
	// a Medication or Substance by an element that it keeps; nil where there is none.
	Bearer func(of Ref) *Tree
}

// About is what is true about the caller and one patient, whatever the record.
type About struct {
	Facts     map[string]Truth
	Instances []Instance
	Glass     bool
	// What was asked for and lent, as Patient says it.
	Asked        Classes
	Lent         map[string]bool
	LentClasses  Classes
	LentOverlays Overlays
}

// Instance is one statement of a fact, with what it carries (section 3).
type Instance struct {
	Fact        string
	Permits     bool     // fresh and within its time; otherwise the last value known
	Object      string   // "Claim/7"; "": it carries none
	Classes     Classes  // nil: it carries none
	Marked      Overlays // nil: it carries none
	Dated       bool     // it carries dates
	From, Until time.Time
}

// Judgement is what becomes of one record.
type Judgement struct {
	*Record
	Atoms   *Atoms
	Verdict *Verdict
	There   bool // for this caller the record is there
}

// Judge reads a record, works out its atoms and decides (design 5, step 5).
func (w *World) Judge(d *Decision, t *Tree) *Judgement {
	own := *w.borne(w.known(t))
	j := &Judgement{Record: &own}
	w.carry(j.Record)
	j.Atoms = w.atoms(d, j.Record)
	j.Verdict = d.View(j.Atoms)
	j.There = w.admissible(j) && w.makes(j)
	return j
}

// known is what a tree tells, which is not to be changed.
func (w *World) known(t *Tree) *Record {
	if w.Known == nil {
		return w.Read(t)
	}
	r := w.Known[t]
	if r == nil {
		r = w.Read(t)
		w.Known[t] = r
	}
	return r
}

// borne is a record that shows only by proof (Medication, Substance) as of the visible
// record that refers to it: of its patients, visit, place and date.
func (w *World) borne(r *Record) *Record {
	if !w.Catalog.ByProof(r.Type) || len(r.Patients) > 0 || w.Bearer == nil {
		return r
	}
	t := w.Bearer(Ref{r.Type, r.ID})
	if t == nil {
		return r
	}
	as, by := *r, w.Read(t)
	as.Patients, as.Visits, as.Accounts, as.Authors = by.Patients, by.Visits, by.Accounts, by.Authors
	as.Places, as.From, as.Until = by.Places, by.From, by.Until
	as.bearer = by
	return &as
}

// admissible: a record of a patient who cannot be told, or that means something else
// than it says, is not there; one that names nobody is there only if its type is of no
// patient, or a visible record points to it (Medication, Substance).
func (w *World) admissible(j *Judgement) bool {
	switch cat := w.Catalog; {
	case j.Withheld || j.UnknownPatient:
		return false
	case len(j.Patients) > 0 || cat.PatientFree(j.Type):
		return true
	}
	return j.bearer != nil
}

// makes reports whether something shows that makes the record what it is: comments,
// metadata and the like alone do not bring it forth (rule 18). An AuditEvent or a
// Provenance is there for a line that shows its own class, and for no other (FC30).
func (w *World) makes(j *Judgement) bool {
	if w.Catalog.DenyUnlessNamed(j.Type) {
		return j.Verdict.View[w.Catalog.DefaultClass(j.Type)] > policy.Omit
	}
	own := w.Catalog.OwnClasses(j.Type).With(j.Class)
	for c, t := range j.Verdict.View {
		if t > policy.Omit && own.Has(c) {
			return true
		}
	}
	return false
}

// Keeps reports whether the record may match a criterion that reads a parameter: its
// own view keeps every element that is read (rule 12, F2). In a record whose class
// replaces that of every element, that class is what is read.
func (j *Judgement) Keeps(p *catalog.Param) bool {
	if p.ReadsUnknown() || p.ValueDependent {
		return false // only the values can tell, and they are not looked at here
	}
	for c := range p.Classes(j.Class).All {
		if j.whole {
			c = j.Class
		}
		if j.Verdict.View[c] != policy.Keep {
			return false
		}
	}
	return true
}

// Shape says how the record shows. visible reports whether another record is proven
// visible to the caller, beside those of Proven; it may be nil.
func (w *World) Shape(j *Judgement, visible func(to Ref) bool) *Shape {
	proven := func(t catalog.Type, id string) bool {
		to := Ref{t, id}
		return visible != nil && visible(to) || w.Proven != nil && w.Proven(to)
	}
	patient, _ := w.Catalog.Type("Patient")
	return &Shape{
		View: j.Verdict.View, Year: w.Now.In(w.zone()).Year(), Visible: proven,
		InScope: func(id string) bool { return slices.Contains(j.Patients, id) || proven(patient, id) },
	}
}

// Project returns what the caller gets of a record, nil where it is not there.
func (w *World) Project(j *Judgement, visible func(to Ref) bool) *Tree {
	if !j.There {
		return nil
	}
	return j.Record.Project(w.Shape(j, visible))
}

func (w *World) zone() *time.Location {
	if w.Zone == nil {
		return time.UTC
	}
	return w.Zone
}
