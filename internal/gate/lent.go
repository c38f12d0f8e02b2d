package gate

import (
	"slices"
	"strings"
	"time"

	"modicum/catalog"
	"modicum/internal/defect"
	"modicum/policy"
)

// Lent says what is lent to people. It is asked once for each request (D9), must be
// quick where nothing is lent, and safe for concurrent use.
type Lent interface {
	// Of is what is lent to a person at a moment and counts then; nobody changes it.
	// Where the time is not trusted nothing is lent, but for a glass that was broken
	// before.
	Of(person string, now time.Time, trusted bool) []Loan
}

// LoanKind is what kind of lending it is (policy-language rule 14).
type LoanKind uint8

// The kinds of loan. The zero kind lends nothing.
const (
	LentNothing   LoanKind = iota
	LentLine               // the lines of a task that say `lend`
	LentException          // one more class or overlay
	LentValue              // a masked class of one record
	LentGlass              // a broken glass
)

// Loan is one thing that is lent.
type Loan struct {
	Grant    string // its id, for the record
	Kind     LoanKind
	Task     string   // role/task
	Patients []string // for whom
	Record   string   // Type/id, of a value
	Classes  catalog.ClassSet
	Overlays catalog.OverlaySet
	Purpose  string    // of a glass: ETREAT or BTG
	Until    time.Time // it lends no more from then on
}

// borrow asks what is lent to the caller and enters it into the request. A program is
// lent nothing (G8).
func (s *Session) borrow(req *policy.Request) {
	s.loans, s.glass = nil, false
	if s.gate.cfg.Lent == nil || s.ask.Caller.Program {
		return
	}
	s.loans = s.gate.cfg.Lent.Of(s.sub.Person, s.now, s.trusted)
	for i := range s.loans {
		if l := &s.loans[i]; l.Kind == LentException {
			req.Exception = true
			req.Lent = req.Lent.Union(l.Classes)
		}
	}
	s.emergency(req)
}

// emergency reports in the request that a glass is broken for the patient whom it names,
// or who may be that of the one record which it names. A request that states no purpose
// takes that of the glass, so that the request that met a 404 is the one that shows.
func (s *Session) emergency(req *policy.Request) {
	for i := range s.loans {
		l := &s.loans[i]
		if l.Kind != LentGlass || !s.mayConcern(l) || !isTask(req.Task, l.Task) {
			continue
		}
		switch req.Purpose {
		case "":
			if len(s.ask.Patients) == 1 || req.Task != "" {
				req.Purpose = l.Purpose // else other tasks that show the record would speak no more
			}
		case "ETREAT", "BTG":
		default:
			continue // it says that it is something else
		}
		s.glass, req.Glass = true, true
		return
	}
}

// mayConcern reports whether a request may be about a patient of the loan: it names one
// patient, who is, or one record.
func (s *Session) mayConcern(l *Loan) bool {
	if len(s.ask.Patients) == 0 {
		return s.ask.ID != ""
	}
	return len(s.ask.Patients) == 1 && l.isFor(s.ask.Patients[0])
}

// isTask reports whether a task as stated, TASK or ROLE/TASK, may be this one.
func isTask(stated, id string) bool {
	return stated == "" || stated == id || strings.HasSuffix(id, "/"+stated)
}

func (l *Loan) isFor(patient string) bool {
	return slices.Contains(l.Patients, patient) || defect.On(defect.LoanOfAnybody)
}

// lend fills in what is lent for one patient.
func (s *Session) lend(patient string, pa *policy.PatientAtoms) {
	if len(s.loans) == 0 {
		return
	}
	for i := range s.loans {
		if l := &s.loans[i]; l.Kind == LentLine && s.counts(l, patient) {
			pa.Lent |= s.lines(l)
		}
	}
	s.lendException(patient, pa)
	pa.Glass = s.glass && s.brokenFor(patient)
}

// lines are the lines of the plan that a loan lends: a task lends at most once.
func (s *Session) lines(l *Loan) uint64 {
	var bits uint64
	for i := range s.plan.Lines() {
		lent, _ := s.plan.LineLent(i)
		if lent && s.plan.LineException(i) == (l.Kind == LentException) && s.infos[s.plan.LineTask(i)].ID == l.Task {
			bits |= 1 << i
		}
	}
	return bits
}

// lendException fills in the one exception that counts for a patient: the newest, with
// others of its task where all of them lend classes alone. Nothing is put together from
// two grants that neither lends: a class of one under a marking of the other (rule 3).
func (s *Session) lendException(patient string, pa *policy.PatientAtoms) {
	var newest *Loan
	for i := range s.loans {
		if l := &s.loans[i]; l.Kind == LentException && s.counts(l, patient) && s.lines(l) != 0 && (newest == nil || l.Grant > newest.Grant) {
			newest = l
		}
	}
	if newest == nil {
		return
	}
	pa.Lent |= s.lines(newest)
	pa.LentClasses, pa.LentOverlays = newest.Classes, newest.Overlays
	for i := range s.loans {
		l := &s.loans[i]
		if l.Kind != LentException || !s.counts(l, patient) || l.Task != newest.Task {
			continue
		}
		if newest.Overlays|l.Overlays == 0 || defect.On(defect.LoansJoined) {
			pa.LentClasses, pa.LentOverlays = pa.LentClasses.Union(l.Classes), pa.LentOverlays|l.Overlays
		}
	}
}

// brokenFor reports whether a glass is broken for a patient under every task of the plan
// that has one: a glass is of its task.
func (s *Session) brokenFor(patient string) bool {
	any := false
	for i := range s.infos {
		if s.infos[i].BreakGlass == nil {
			continue
		}
		any = true
		if !slices.ContainsFunc(s.loans, func(l Loan) bool {
			return l.Kind == LentGlass && l.Task == s.infos[i].ID && (s.counts(&l, patient) || defect.On(defect.GlassForAll))
		}) {
			return false
		}
	}
	return any
}

// valuesOf are the masked classes of a record that were asked for: those that no line of
// another task has masked still.
func (s *Session) valuesOf(typ catalog.Type, id []byte) catalog.ClassSet {
	var asked catalog.ClassSet
	of := make(map[string]catalog.ClassSet)
	for i := range s.loans {
		l := &s.loans[i]
		if l.Kind == LentValue && l.Record == s.cat.TypeName(typ)+"/"+string(id) {
			of[l.Task] = of[l.Task].Union(l.Classes)
		}
	}
	for i := range s.infos {
		asked = asked.Union(of[s.infos[i].ID])
	}
	for i := 0; i < s.plan.Lines() && len(of) > 0; i++ {
		_, masked := s.plan.LineView(i)
		asked = asked.Minus(masked.Minus(of[s.infos[s.plan.LineTask(i)].ID]))
	}
	return asked
}

// lendsValues reports whether a masked value is lent at all.
func (s *Session) lendsValues() bool {
	return slices.ContainsFunc(s.loans, func(l Loan) bool { return l.Kind == LentValue })
}

// grants are the ids of what is lent and may count for the decision, sorted: what it
// records, and by what it ends.
func (s *Session) grants() []string {
	var out []string
	for i := range s.loans {
		if l := &s.loans[i]; s.mayCount(l) {
			out = append(out, l.Grant)
		}
	}
	slices.Sort(out)
	return out
}

// counts reports whether a loan is for a patient. What may not count is not recorded, and
// so nothing shows by it.
func (s *Session) counts(l *Loan, patient string) bool {
	return l.isFor(patient) && (s.mayCount(l) || defect.On(defect.LoanUnrecorded))
}

func (s *Session) mayCount(l *Loan) bool {
	if !slices.ContainsFunc(s.infos, func(t policy.TaskInfo) bool { return t.ID == l.Task }) || l.Kind == LentGlass && !s.glass {
		return false
	}
	if len(s.ask.Patients) == 0 || len(l.Patients) == 0 {
		return true
	}
	return slices.ContainsFunc(s.ask.Patients, l.isFor)
}

// lentPatients are the patients for whom a lent line of the plan may count.
func (s *Session) lentPatients(line int) []string {
	var out []string
	for i := range s.loans {
		if l := &s.loans[i]; (l.Kind == LentLine || l.Kind == LentException) && s.lines(l)&(1<<line) != 0 {
			out = append(out, l.Patients...)
		}
	}
	return out
}

// stillLent drops what was lent after the decision, and reports whether everything on
// which the decision rests is lent still.
func (s *Session) stillLent(recorded []string) bool {
	s.loans = slices.DeleteFunc(slices.Clone(s.loans), func(l Loan) bool { return !slices.Contains(recorded, l.Grant) })
	return len(s.loans) == len(recorded)
}

// grantSight tells apart what was proven under other grants: it proves nothing once they
// have ended.
func (s *Session) grantSight() string {
	if defect.On(defect.ProofOutlivesGrant) {
		return ""
	}
	return strings.Join(s.grants(), " ")
}
