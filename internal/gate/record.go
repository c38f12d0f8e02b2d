package gate

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"modicum/catalog"
	"modicum/internal/caller"
	"modicum/ledger"
	"modicum/policy"
)

// seen is one judged record on its way into the record of the request.
type seen struct {
	verdict ledger.Verdict // View and Patients are set when it is packed
	view    policy.View
	there   bool
	refs    []string
}

// decision is the entry of what Admit said.
func (s *Session) decision(req *policy.Request, effect ledger.Effect, reasons []string) *ledger.Decision {
	c := s.ask.Caller
	e := &ledger.Decision{
		ID: s.id, At: s.now.UnixMicro(), TimeTrusted: s.trusted,
		Who: c.ID, Behalf: onBehalf(c), Roles: slices.Sorted(slices.Values(c.Roles)), Client: c.Client, Network: c.Network,
		Door: s.route.interaction.Door, Interaction: s.route.interaction.Name,
		Effect: effect, Reasons: reasons, Generation: generationOf(s.gen),
		Asked:    append([]string{s.cat.TypeName(s.ask.Type)}, s.ask.Params...),
		Facts:    s.factNames(&req.Caller),
		Request:  s.recorded(req),
		Patients: s.refsOf(s.ask.Patients),
	}
	if effect != ledger.Admit {
		return e
	}
	for _, p := range s.ask.Patients {
		s.named[p] = true
	}
	e.Purpose, e.PurposeCode = s.plan.Purpose()
	e.View = viewOf(s.cat, s.plan.Widest())
	e.Scope = s.scopeText()
	e.Exemption = strings.Join(s.plan.Exempt(), " ")
	e.Obligations = s.plan.Obligations().Names()
	e.Flow = s.flow()
	tasks, roles := make([]string, 0, 2), make([]string, 0, 2)
	for t := range s.plan.Tasks {
		roles, tasks = append(roles, t.Role), append(tasks, t.Task)
	}
	e.Role = strings.Join(slices.Compact(roles), " ")
	e.Task = strings.Join(slices.Compact(tasks), " ")
	return e
}

// flow follows from the caller's affiliation, never from a header: 45 CFR
// 160.103 calls sharing inside the entity a use, outside of it a disclosure.
func (s *Session) flow() string {
	outside := s.ask.Caller.Program && s.set.PartnerOf(s.program()) != "" || len(s.ask.Caller.PatientOf) > 0
	for t := range s.plan.Tasks {
		outside = outside || t.To != 0
	}
	if outside {
		return "disclosure"
	}
	return "use"
}

// onBehalf names the person for whom another acts. The token's subject is the
// person, its actor is who acts (RFC 8693): the record names both.
func onBehalf(c *caller.Caller) string {
	if c.Actor == nil {
		return ""
	}
	return c.Actor.ID + " for " + c.ID
}

// planTasks names the tasks of a plan, for what is counted and proven by task.
func planTasks(p *policy.Plan) string {
	var ids []string
	for t := range p.Tasks {
		ids = append(ids, t.ID)
	}
	slices.Sort(ids)
	return strings.Join(ids, " ")
}

func (s *Session) scopeText() string {
	switch {
	case s.ask.ID != "":
		return "record"
	case len(s.finding) > 0:
		return "find"
	case len(s.ask.Patients) > 0:
		return "named patients"
	case s.scope.Everyone:
		return "open"
	}
	return fmt.Sprintf("%d patients of the caller", len(s.scope.Patients))
}

func (s *Session) factNames(t *policy.Truth) ledger.Facts {
	name := func(set *policy.FactSet) []string {
		var out []string
		for _, f := range s.set.Facts() {
			if set.Has(f.ID) {
				out = append(out, f.Name)
			}
		}
		slices.Sort(out)
		return out
	}
	return ledger.Facts{Holds: name(&t.Holds), Bites: name(&t.Bites), Unknown: name(&t.Unknown)}
}

// recorded is the request as Admit saw it, so that it can be admitted again.
func (s *Session) recorded(req *policy.Request) ledger.Request {
	return ledger.Request{
		Task: req.Task, Purpose: req.Purpose, Program: req.Program, Partner: req.Partner,
		Verb:  req.Verb.String(),
		Shows: classNames(s.cat, req.Shows), Reads: classNames(s.cat, req.Reads), Sorts: classNames(s.cat, req.Sorts),
		Meets: req.Meets.Names(), To: req.To.Names(), Glass: req.Glass,
		Find: len(s.finding) > 0,
	}
}

// refsOf names patients by keyed references, at most as many as an entry holds;
// what is opened beyond has entries of its own.
func (s *Session) refsOf(ids []string) []string {
	out := make([]string, 0, min(len(ids), ledger.MaxPatients))
	for _, id := range ids[:min(len(ids), ledger.MaxPatients)] {
		out = append(out, s.gate.cfg.Refs.Ref("Patient/"+id))
	}
	return out
}

func generationOf(g *Generation) ledger.Generation {
	return ledger.Generation{Policy: g.Set.Hash(), Catalog: g.Set.Catalog().Hash(), Semantics: policy.Semantics}
}

func classNames(cat *catalog.Catalog, s catalog.ClassSet) []string {
	var out []string
	for c := range s.All {
		out = append(out, cat.Name(c))
	}
	slices.Sort(out)
	return out
}

// viewOf spells a view with the words of the policy.
func viewOf(cat *catalog.Catalog, v policy.View) ledger.View {
	out := make(ledger.View)
	for name, set := range map[string]catalog.ClassSet{
		"keep": v.Keep, "last4": v.Last4, "coarse": v.Coarse, "token": v.Token, "mask": v.Mask,
	} {
		if !set.Empty() {
			out[name] = classNames(cat, set)
		}
	}
	return out
}

// atomsOf spells what a verdict was computed from.
func atomsOf(cat *catalog.Catalog, a *policy.Atoms) ledger.Atoms {
	out := ledger.Atoms{Within: hexWord(a.Within), Lasting: a.Lasting, Of: hexMasks(a.Of)}
	for o := range a.Overlays.All {
		out.Overlays = append(out.Overlays, overlayName(cat, o))
	}
	for i := range a.Patients {
		out.Patients = append(out.Patients, patientAtoms(&a.Patients[i]))
	}
	return out
}

func patientAtoms(p *policy.PatientAtoms) ledger.PatientAtoms {
	out := ledger.PatientAtoms{
		Holds: hexFacts(&p.Holds), Bites: hexFacts(&p.Bites), Unknown: hexFacts(&p.Unknown),
		Asked: hexClasses(p.Asked), Lent: hexWord(p.Lent),
		LentClasses: hexClasses(p.LentClasses), LentOverlays: hexWord(uint64(p.LentOverlays)), Glass: p.Glass,
		Of: hexMasks(p.Of),
	}
	return out
}

func hexMasks(masks []catalog.ClassSet) []string {
	var out []string
	for _, m := range masks {
		out = append(out, hexClasses(m))
	}
	return out
}

func overlayName(cat *catalog.Catalog, o catalog.Overlay) string {
	if c := cat.OverlayClass(o); c != catalog.Unknown {
		return cat.Name(c)
	}
	return "overlay-" + strconv.Itoa(int(o)) // a label that the catalog does not know
}

// Bit sets are spelt in lower-case hex, most significant digit first, without
// leading zeros; the empty set is the empty string.

func hexWord(w uint64) string { return hexWords(w) }

func hexClasses(s catalog.ClassSet) string { return hexWords(s[0], s[1]) }

func hexFacts(s *policy.FactSet) string { return hexWords(s[:]...) }

func hexWords(words ...uint64) string {
	var b []byte
	for _, w := range slices.Backward(words) {
		for shift := 56; shift >= 0; shift -= 8 {
			b = append(b, byte(w>>shift))
		}
	}
	return strings.TrimLeft(hex.EncodeToString(b), "0")
}

// parseWords is the inverse of hexWords.
func parseWords(s string, words []uint64) error {
	if len(s) > 16*len(words) {
		return fmt.Errorf("a set of %d digits, at most %d", len(s), 16*len(words))
	}
	s = strings.Repeat("0", 16*len(words)-len(s)) + s
	b, err := hex.DecodeString(s)
	if err != nil {
		return fmt.Errorf("not hex: %w", err)
	}
	for i := range words {
		words[len(words)-1-i] = 0
		for _, c := range b[8*i : 8*i+8] {
			words[len(words)-1-i] = words[len(words)-1-i]<<8 | uint64(c)
		}
	}
	return nil
}

// Commit returns once everything that the shown records disclose is durable:
// the decision, and an `opened` entry where they name patients whom the decision
// does not. An error means that nothing of them may leave (L1).
func (s *Session) Commit(ctx context.Context, shown []Judgement) error {
	if err := s.takePatients(shown); err != nil {
		return err
	}
	if err := s.wait(ctx); err != nil {
		return err
	}
	if len(s.finding) > 0 {
		s.noteListed(shown)
	}
	entry := &ledger.Opened{ID: s.id, At: s.now.UnixMicro(), Seq: s.opened + 1}
	for i := range shown {
		s.remember(&shown[i])
		if s.names(&shown[i]) {
			s.later(&shown[i])
			continue
		}
		v, refs := s.packed(&shown[i])
		add(&entry.Verdicts, &entry.Views, &entry.Patients, v, viewOf(s.cat, shown[i].Verdict.View), refs)
	}
	if len(entry.Verdicts) == 0 {
		return nil
	}
	parts, err := ledger.SplitOpened(entry)
	if err != nil {
		return fmt.Errorf("record what is opened: %w", err)
	}
	for _, p := range parts {
		wait, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.gate.cfg.LogWait)
		_, err := s.gate.cfg.Log.Append(wait, p, nil)
		cancel()
		if err != nil {
			return fmt.Errorf("record what is opened: %w", err)
		}
		s.opened = p.Seq
	}
	return nil
}

// names reports whether the decision's entry already names all patients of j:
// its widest view covers what is shown of them.
func (s *Session) names(j *Judgement) bool {
	if len(j.Patients) == 0 {
		return s.ask.ID != "" || s.cat.PatientFree(j.Type)
	}
	return !slices.ContainsFunc(j.Patients, func(p string) bool { return !s.named[p] })
}

// packed spells a judgement for an entry.
func (s *Session) packed(j *Judgement) (ledger.Verdict, []string) {
	refs := make([]string, len(j.Patients))
	for i, p := range j.Patients {
		refs[i] = s.gate.cfg.Refs.Ref("Patient/" + p)
	}
	return ledger.Verdict{Type: s.cat.TypeName(j.Type), Because: j.Because, Count: 1, Atoms: atomsOf(s.cat, &j.atoms)}, refs
}

// later keeps a judgement for the outcome's entry.
func (s *Session) later(j *Judgement) {
	v, refs := s.packed(j)
	s.judged = append(s.judged, seen{verdict: v, view: j.Verdict.View, there: j.There, refs: refs})
}

// Withhold keeps the judgement of a record that is not shown, for the outcome.
func (s *Session) Withhold(j *Judgement) {
	if j.There {
		j.There, j.Because = false, "page" // beyond the page, or nothing of it to show
	}
	s.withheld++
	s.later(j)
}

// add appends a verdict, its view and its patients, each once, and joins
// verdicts that are alike.
func add(verdicts *[]ledger.Verdict, views *[]ledger.View, patients *[]string, v ledger.Verdict, view ledger.View, refs []string) {
	if len(view) == 0 {
		v.View = ledger.Withheld
	} else {
		v.View = ledger.ViewIndex(views, view)
	}
	for _, r := range refs {
		i := slices.Index(*patients, r)
		if i < 0 {
			i = len(*patients)
			*patients = append(*patients, r)
		}
		v.Patients = append(v.Patients, i)
	}
	for i := range *verdicts {
		if alike(&(*verdicts)[i], &v) {
			(*verdicts)[i].Count += v.Count
			return
		}
	}
	*verdicts = append(*verdicts, v)
}

// alike reports whether two verdicts differ in their count only.
func alike(a, b *ledger.Verdict) bool {
	return a.Type == b.Type && a.View == b.View && a.Because == b.Because && slices.Equal(a.Patients, b.Patients) && a.Atoms.Equal(&b.Atoms)
}

// Close records how the answer ended. It is called once.
func (s *Session) Close(ctx context.Context, o Outcome) {
	if s.closed {
		return
	}
	s.closed = true
	if s.wait(context.WithoutCancel(ctx)) != nil {
		return // nothing left, and there is no decision that an outcome could end
	}
	now, _ := s.gate.cfg.Now()
	e := &ledger.Outcome{
		ID: s.id, At: now.UnixMicro(), Bytes: o.Bytes, Status: int64(o.Status), End: ledger.Aborted,
		Counts: ledger.Counts{Shown: s.shown, Withheld: s.withheld},
	}
	if o.Completed {
		e.End = ledger.Completed
	}
	for i := range s.judged {
		j := &s.judged[i]
		view := ledger.View(nil)
		if j.there {
			view = viewOf(s.cat, j.view)
		}
		add(&e.Verdicts, &e.Views, &e.Patients, j.verdict, view, j.refs)
	}
	s.gate.finish(s, e)
}
