package gate

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"modicum/catalog"
	"modicum/internal/problem"
	"modicum/ledger"
	"modicum/policy"
)

// ErrOtherGeneration: the policy, catalog or reading rules at hand are not those
// of the decision, so nothing can be derived again.
var ErrOtherGeneration = errors.New("the decision was made under another policy, catalog or version of the reading rules")

// Replayed is a recorded decision derived again.
type Replayed struct {
	Decision *ledger.Decision
	Why      policy.Why
	Plan     *policy.Plan
	Verdicts []ReplayedVerdict
	// Differences say where the derivation disagrees with the record; empty when
	// it agrees to the bit.
	Differences []string
}

// ReplayedVerdict is one recorded verdict derived again.
type ReplayedVerdict struct {
	Recorded ledger.Verdict
	There    bool // the record was shown; of one that was observed: would have been
	Atoms    policy.Atoms
	Verdict  policy.Verdict
	View     ledger.View
	Lines    []string // ids of the lines that cover
	Bites    []string // names of the restrictions that bit
}

// Replay derives a recorded decision again from what is recorded with it: its
// decision entry first, then its opened and outcome entries. The set must be the
// policy of the decision. It reads nothing else.
func Replay(set *policy.Set, entries []ledger.Entry) (*Replayed, error) {
	if len(entries) == 0 {
		return nil, ledger.ErrNotFound
	}
	d, ok := entries[0].(*ledger.Decision)
	if !ok {
		return nil, errors.New("the first entry of a decision must be the decision")
	}
	g := ledger.Generation{Policy: set.Hash(), Catalog: set.Catalog().Hash(), Semantics: policy.Semantics}
	if d.Generation != g {
		return nil, ErrOtherGeneration
	}
	r := &Replayed{Decision: d, Plan: new(policy.Plan)}
	if d.Request.Verb == "" {
		return r, nil // refused before there was a request to decide
	}
	req, err := r.request(set)
	if err != nil {
		return nil, err
	}
	r.Why = set.Admit(&req, r.Plan)
	r.compareDecision(set)
	for _, e := range entries[1:] {
		if err := r.entry(set, e); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (r *Replayed) differ(format string, args ...any) {
	r.Differences = append(r.Differences, fmt.Sprintf(format, args...))
}

func (r *Replayed) request(set *policy.Set) (policy.Request, error) {
	d, q := r.Decision, &r.Decision.Request
	req := policy.Request{
		Roles: d.Roles, Task: q.Task, Purpose: q.Purpose, Program: q.Program, Partner: q.Partner, Glass: q.Glass, Exception: q.Exception,
	}
	cat := set.Catalog()
	var err error
	sets := func(names []string) (out catalog.ClassSet) {
		for _, n := range names {
			c, ok := cat.Class(n)
			if !ok {
				err = fmt.Errorf("the record names a class that the catalog does not know")
			}
			out = out.With(c)
		}
		return out
	}
	req.Shows, req.Reads, req.Sorts, req.Lent = sets(q.Shows), sets(q.Reads), sets(q.Sorts), sets(q.Lent)
	facts := func(names []string) (out policy.FactSet) {
		for _, n := range names {
			f, ok := set.Fact(n)
			if !ok {
				err = fmt.Errorf("the record names a fact that the policy does not know")
			}
			out.Add(f)
		}
		return out
	}
	req.Caller = policy.Truth{Holds: facts(d.Facts.Holds), Bites: facts(d.Facts.Bites), Unknown: facts(d.Facts.Unknown)}
	var known bool
	if req.Verb, known = policy.ParseVerb(q.Verb); !known {
		err = errors.New("the record names an unknown verb")
	}
	if req.Meets, known = policy.ParseObligations(q.Meets); !known {
		err = errors.New("the record names an unknown obligation")
	}
	if req.To, known = set.Recipients(q.To...); !known {
		err = errors.New("the record names an unknown recipient")
	}
	return req, err
}

// compareDecision compares what Admit says again with what was recorded.
func (r *Replayed) compareDecision(set *policy.Set) {
	d := r.Decision
	admitted := d.Effect == ledger.Admit && d.Would == ""
	if (r.Why == policy.Admitted) != admitted {
		if admitted || !slices.Contains(lateRefusals, first0(d.Reasons)) {
			r.differ("effect: recorded %s, derived %s", d.Effect, r.Why)
		}
		return
	}
	if r.Why != policy.Admitted {
		if code := codes[r.Why]; !slices.Contains(d.Reasons, code) {
			r.differ("reason: recorded %v, derived %s", d.Reasons, code)
		}
		return
	}
	if purpose, code := r.Plan.Purpose(); purpose != d.Purpose || code != d.PurposeCode {
		r.differ("purpose: recorded %s (%s), derived %s (%s)", d.Purpose, d.PurposeCode, purpose, code)
	}
	widest := r.Plan.Widest()
	if view := viewOf(set.Catalog(), &widest); !sameView(view, d.View) {
		r.differ("widest view: recorded and derived differ")
	}
}

// lateRefusals are refusals of a request that Admit lets in: a limit, scopes, a
// criterion on elements whose class only the record tells, a scope that is too wide.
var lateRefusals = []string{"limit-requests", "scope", codes[policy.NeverKept], problem.NameAPatient.Slug()}

func first0(s []string) string {
	if len(s) == 0 {
		return ""
	}
	return s[0]
}

// entry derives the verdicts of one entry again.
func (r *Replayed) entry(set *policy.Set, e ledger.Entry) error {
	var verdicts []ledger.Verdict
	var views []ledger.View
	switch e := e.(type) {
	case *ledger.Opened:
		verdicts, views = e.Verdicts, e.Views
	case *ledger.Outcome:
		verdicts, views = e.Verdicts, e.Views
	default:
		return fmt.Errorf("an entry of kind %s does not belong to a decision", e.Header().Kind)
	}
	for i := range verdicts {
		if err := r.verdict(set, &verdicts[i], views); err != nil {
			return err
		}
	}
	return nil
}

func (r *Replayed) verdict(set *policy.Set, v *ledger.Verdict, views []ledger.View) error {
	atoms, err := parseAtoms(set, &v.Atoms)
	if err != nil {
		return err
	}
	find, err := r.find()
	if err != nil {
		return err
	}
	atoms.Finding = find != nil
	atoms.NewPatient = r.Plan.Verb() == policy.Create && v.Type == "Patient"
	out := ReplayedVerdict{Recorded: *v, There: v.View != ledger.Withheld, Atoms: atoms}
	r.Plan.View(&atoms, &out.Verdict)
	if find != nil {
		out.Verdict.View = narrower(&out.Verdict.View, &find.Show)
	}
	out.View = viewOf(set.Catalog(), &out.Verdict.View)
	for i := range r.Plan.Lines() {
		if out.Verdict.Lines&(1<<i) != 0 {
			out.Lines = append(out.Lines, r.Plan.LineID(i))
		}
	}
	for i := range set.Restrictions() {
		if out.Verdict.Restrictions&(1<<i) != 0 {
			out.Bites = append(out.Bites, set.RestrictionName(i))
		}
	}
	if out.There && !sameView(out.View, views[v.View]) {
		r.differ("view of %s: recorded and derived differ", v.Type)
	}
	if err := r.compareThere(set, &out); err != nil {
		return err
	}
	r.Verdicts = append(r.Verdicts, out)
	return nil
}

// find is the look-up that the decision was, nil when it was none.
func (r *Replayed) find() (*policy.FindInfo, error) {
	names := r.Decision.Request.Find
	if len(names) == 0 {
		return nil, nil
	}
	for _, f := range r.Plan.Find() {
		if f.Role+"/"+f.Task == names[0] {
			return &f, nil
		}
	}
	return nil, errors.New("the record names a look-up that the policy does not know")
}

// compareThere compares whether the view shows the record at all. What was
// withheld for another reason (criteria, the page) is not decided by the view.
func (r *Replayed) compareThere(set *policy.Set, v *ReplayedVerdict) error {
	if !v.There && v.Recorded.Because != "view" {
		return nil
	}
	cat := set.Catalog()
	t, known := cat.Type(v.Recorded.Type)
	class, named := cat.Class(v.Recorded.Class)
	if !known || !named {
		return errors.New("the record names a type or class that the catalog does not know")
	}
	shows := v.Verdict.View.Shown().Meets(cat.OwnClasses(t).With(class))
	switch {
	case v.There && !shows:
		r.differ("%s: recorded as shown, derived as withheld by its view", v.Recorded.Type)
	case v.Recorded.Because == "view" && shows:
		r.differ("%s: recorded as withheld by its view, derived as shown", v.Recorded.Type)
	}
	return nil
}

func sameView(a, b ledger.View) bool {
	return maps.EqualFunc(a, b, func(x, y []string) bool {
		return slices.Equal(slices.Sorted(slices.Values(x)), slices.Sorted(slices.Values(y)))
	})
}

// parseAtoms is the inverse of atomsOf.
func parseAtoms(set *policy.Set, a *ledger.Atoms) (policy.Atoms, error) {
	var word [1]uint64
	out := policy.Atoms{Lasting: a.Lasting}
	err := parseWords(a.Within, word[:])
	out.Within = word[0]
	for _, name := range a.Overlays {
		o, known := overlayNamed(set.Catalog(), name)
		if !known {
			err = errors.Join(err, errors.New("the record names an overlay that the catalog does not know"))
		}
		out.Overlays = out.Overlays.With(o)
	}
	var masksErr error
	out.Of, masksErr = parseMasks(a.Of)
	err = errors.Join(err, masksErr)
	for i := range a.Patients {
		p, perr := parsePatient(&a.Patients[i])
		out.Patients = append(out.Patients, p)
		err = errors.Join(err, perr)
	}
	return out, err
}

func overlayNamed(cat *catalog.Catalog, name string) (catalog.Overlay, bool) {
	for o := range catalog.Overlay(16) {
		if overlayName(cat, o) == name {
			return o, true
		}
	}
	return 0, false
}

func parsePatient(p *ledger.PatientAtoms) (policy.PatientAtoms, error) {
	out := policy.PatientAtoms{Glass: p.Glass}
	var lent, overlays [1]uint64
	var masksErr error
	out.Of, masksErr = parseMasks(p.Of)
	err := errors.Join(masksErr,
		parseWords(p.Holds, out.Holds[:]), parseWords(p.Bites, out.Bites[:]), parseWords(p.Unknown, out.Unknown[:]),
		parseWords(p.Asked, out.Asked[:]), parseWords(p.LentClasses, out.LentClasses[:]),
		parseWords(p.Lent, lent[:]), parseWords(p.LentOverlays, overlays[:]))
	out.Lent, out.LentOverlays = lent[0], catalog.OverlaySet(overlays[0])
	return out, err
}

func parseMasks(masks []string) ([]catalog.ClassSet, error) {
	var out []catalog.ClassSet
	var err error
	for _, m := range masks {
		var c catalog.ClassSet
		err = errors.Join(err, parseWords(m, c[:]))
		out = append(out, c)
	}
	return out, err
}
