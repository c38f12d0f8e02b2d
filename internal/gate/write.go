package gate

import (
	"context"
	"slices"

	"modicum/catalog"
	"modicum/internal/defect"
	"modicum/internal/facts"
	"modicum/internal/fhirjson"
	"modicum/ledger"
	"modicum/policy"
)

// Wrote says what became of a write.
type Wrote = ledger.Written

// What became of a write.
const (
	WriteDone    = ledger.WriteDone
	WriteRefused = ledger.WriteRefused
	WriteUnknown = ledger.WriteUnknown
)

// writes reports whether the session is one of create or update.
func (s *Session) writes() bool {
	return s.route.interaction.Verbs&(policy.Create|policy.Update) != 0
}

// CommitWrite returns once the decision to write the judged record is durable, with
// whom it is about: before the upstream sees any of it. An error means that nothing
// may be written. Unlike Commit it proves nothing: what may be written need not show.
func (s *Session) CommitWrite(ctx context.Context, j *Judgement) error {
	count := *j
	one := []*Judgement{&count}
	if err := s.countPatients(one); err != nil {
		return err
	}
	if !defect.On(defect.WriteNotAwaited) {
		if err := s.wait(ctx); err != nil {
			return err
		}
	}
	if s.names(j) {
		s.judged.add(j)
		return nil
	}
	var opens tally
	opens.add(j)
	return s.open(ctx, &opens)
}

// Sees reports whether a record is proven visible under this session, so that a
// reference to it tells its writer nothing.
func (s *Session) Sees(t catalog.Type, id []byte) bool {
	s.shape.page = nil
	return s.visible(t, id)
}

// newPatient reports whether a record that is being made is a patient, of whom no
// fact can be known (policy-language rule 9).
func (s *Session) newPatient(r *fhirjson.Record) bool {
	patient := s.words.types.patient
	return s.plan.Verb() == policy.Create && r.Type == patient
}

// MayMake reports whether the caller may make a record of the type asked for: not of
// one from which the gate learns facts on which the caller's own access rests (F10).
func (s *Session) MayMake() bool {
	return len(s.deciding()) == 0 || defect.On(defect.DecidersWritten)
}

// deciding are the elements of the type by which the caller's access is decided.
func (s *Session) deciding() []string {
	rests := s.set.RestsOn(s.ask.Caller.Roles, s.program())
	return facts.Deciding(s.set, rests)[s.cat.TypeName(s.ask.Type)]
}

// Frozen are the elements of the type asked for that the caller does not change,
// whatever a line says (F10): security labels, links between patients, and what the
// gate reads facts from on which the caller's own access rests.
func (s *Session) Frozen() map[catalog.NodeID]bool {
	out := make(map[catalog.NodeID]bool)
	if defect.On(defect.DecidersWritten) {
		return out
	}
	name := s.cat.TypeName(s.ask.Type)
	for _, element := range append(s.deciding(), "link") {
		if element == "link" && name != "Patient" {
			continue
		}
		for _, n := range s.cat.Find(name + "." + element) {
			out[n] = true
		}
	}
	s.freezeLabels(s.cat.Root(s.ask.Type), out, make(map[catalog.NodeID]bool))
	return out
}

func (s *Session) freezeLabels(n catalog.NodeID, out, seen map[catalog.NodeID]bool) {
	for _, c := range s.cat.Children(n) {
		if s.cat.Node(c).Label {
			out[c] = true
		}
		if !seen[c] {
			seen[c] = true
			s.freezeLabels(c, out, seen)
		}
	}
}

// Redirects reports whether a record as sent is about other patients, or belongs to
// another visit or account, than as it was shown: by these is decided who may see it
// (F10). Both are what the caller sees, so that the answer tells nothing hidden.
func Redirects(shown, sent *fhirjson.Record) bool {
	return shown.Type != sent.Type || !sameRefs(shown.Patients, sent.Patients) || sent.UnknownPatient ||
		!shown.Visit.Is(sent.Visit.Type, sent.Visit.ID) || !sameRefs(shown.Accounts, sent.Accounts)
}

// Declassifies reports whether a record as sent may lack a mark that it had as shown
// (F10): a code that marks was taken away or changed, or a reference by which the record
// that it names could mark this one; whether it does nobody is told. Marks of what is
// hidden stay, as that stays.
func (s *Session) Declassifies(shown, sent *fhirjson.Record) bool {
	if defect.On(defect.DecidersWritten) {
		return false
	}
	return shown.Overlays&^sent.Overlays != 0 ||
		slices.ContainsFunc(shown.References, func(r fhirjson.Reference) bool {
			return r.Type != 0 && s.cat.Node(r.Node).Carries && !s.carries(sent, r.Ref)
		})
}

// carries reports whether a record refers to another by what lets it be marked.
func (s *Session) carries(r *fhirjson.Record, to fhirjson.Ref) bool {
	return slices.ContainsFunc(r.References, func(ref fhirjson.Reference) bool {
		return ref.Is(to.Type, to.ID) && s.cat.Node(ref.Node).Carries
	})
}

// Widens reports whether a record as it would become shows its writer more than it
// does now: by a date that moves it into reach, by naming the writer as its author,
// by another kind of record (F10). Both were judged by this session.
func (s *Session) Widens(now, then *Judgement) bool {
	if !then.There || defect.On(defect.DecidersWritten) {
		return false
	}
	was, is := &now.Verdict.View, &then.Verdict.View
	for c := range is.Shown().All {
		if is.Of(c) > was.Of(c) {
			return true
		}
	}
	return is.Of(then.class) > was.Of(now.class)
}

func sameRefs(a, b []fhirjson.Ref) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(r fhirjson.Ref) bool {
		return !slices.ContainsFunc(b, func(o fhirjson.Ref) bool { return r.Is(o.Type, o.ID) })
	})
}
