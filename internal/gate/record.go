package gate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"modicum/internal/caller"
	"modicum/internal/defect"
	"modicum/ledger"
	"modicum/policy"
)

// decision is the entry of what Admit said.
func (s *Session) decision(req *policy.Request, effect ledger.Effect, reasons []string) *ledger.Decision {
	c := s.ask.Caller
	e := &ledger.Decision{
		ID: s.id, At: s.now.UnixMicro(), TimeTrusted: s.trusted,
		Who: c.ID, Behalf: onBehalf(c), Roles: sorted(c.Roles), Client: c.Client, Network: c.Network,
		Door: s.route.interaction.Door, Interaction: s.route.interaction.Name, PartOf: s.ask.PartOf,
		Effect: effect, Mode: s.mode, Reasons: reasons, Generation: generationOf(s.gen),
		Asked:    append([]string{s.cat.TypeName(s.ask.Type)}, s.ask.Params...),
		Facts:    s.factNames(&req.Caller),
		Request:  s.recorded(req),
		Patients: s.refsOf(s.ask.Patients), Scopes: scopeNames(c.Scopes),
	}
	if effect != ledger.Admit {
		return e
	}
	for _, p := range s.ask.Patients {
		s.named[p] = true
	}
	if s.refused() {
		e.Would, e.Reasons = ledger.Refuse, []string{s.would}
	}
	if s.plan.Why() != policy.Admitted {
		e.Scope = s.scopeText()
		return e
	}
	e.Purpose, e.PurposeCode = s.plan.Purpose()
	e.Grant = strings.Join(s.grants(), " ")
	widest := s.plan.Widest()
	e.View = s.words.view(&widest)
	e.Scope = s.scopeText()
	e.Exemption = strings.Join(s.plan.Exempt(), " ")
	e.Obligations = s.words.obligations(s.plan.Obligations())
	e.Flow = s.flow()
	e.Role = joined(s.infos, func(t *policy.TaskInfo) string { return t.Role })
	e.Task = joined(s.infos, func(t *policy.TaskInfo) string { return t.Task })
	return e
}

// sorted is a list in order: the list itself where it cannot be in another.
func sorted(list []string) []string {
	if len(list) < 2 {
		return list
	}
	return slices.Sorted(slices.Values(list))
}

// joined lists a name of each task, each once, in order.
func joined(infos []policy.TaskInfo, name func(*policy.TaskInfo) string) string {
	if len(infos) == 1 {
		return name(&infos[0])
	}
	names := make([]string, len(infos))
	for i := range infos {
		names[i] = name(&infos[i])
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), " ")
}

// flow follows from the caller's affiliation, never from a header: 45 CFR
// 160.103 calls sharing inside the entity a use, outside of it a disclosure.
func (s *Session) flow() string {
	outside := s.ask.Caller.Program && s.set.PartnerOf(s.program()) != "" || len(s.ask.Caller.PatientOf) > 0
	for i := range s.infos {
		outside = outside || s.infos[i].To != 0
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
	return ledger.Facts{Holds: s.words.factNames(&t.Holds), Bites: s.words.factNames(&t.Bites), Unknown: s.words.factNames(&t.Unknown)}
}

// recorded is the request as Admit saw it, so that it can be admitted again.
func (s *Session) recorded(req *policy.Request) ledger.Request {
	return ledger.Request{
		Task: req.Task, Purpose: req.Purpose, Program: req.Program, Partner: req.Partner,
		Verb:  req.Verb.String(),
		Shows: s.words.classNames(req.Shows), Reads: s.words.classNames(req.Reads), Sorts: s.words.classNames(req.Sorts),
		Meets: s.words.obligations(req.Meets), To: req.To.Names(), Glass: req.Glass,
		Exception: req.Exception, Lent: s.words.classNames(req.Lent),
		Find: findNames(s.finding), Found: s.found,
	}
}

// findNames are the ids of the tasks whose look-ups a request is.
func findNames(finds []policy.FindInfo) []string {
	var out []string
	for i := range finds {
		out = append(out, finds[i].Role+"/"+finds[i].Task)
	}
	return out
}

func generationOf(g *Generation) ledger.Generation {
	return ledger.Generation{Policy: g.Set.Hash(), Catalog: g.Set.Catalog().Hash(), Semantics: policy.Semantics}
}

// Commit returns once everything that the shown records disclose is durable:
// the decision, and an `opened` entry where they name patients whom the decision
// does not. An error means that nothing of them may leave (L1).
func (s *Session) Commit(ctx context.Context, shown []Judgement) error {
	each := make([]*Judgement, len(shown))
	for i := range shown {
		each[i] = &shown[i]
	}
	return s.CommitEach(ctx, each)
}

// CommitEach is Commit of judgements that lie where they are.
func (s *Session) CommitEach(ctx context.Context, shown []*Judgement) error {
	if err := s.countPatients(shown); err != nil {
		return err
	}
	if err := s.wait(ctx); err != nil {
		return err
	}
	var opens tally
	for _, j := range shown {
		if s.names(j) {
			s.judged.add(j)
		} else {
			opens.add(j)
		}
	}
	if len(opens.kinds) > 0 && !defect.On(defect.OpenedLeftOut) {
		if err := s.open(ctx, &opens); err != nil {
			return fmt.Errorf("record what is opened: %w", err)
		}
	}
	if len(s.finding) > 0 {
		s.noteListed(shown)
	}
	s.remember(shown)
	s.noteLeaving(shown)
	for _, j := range shown {
		if !defect.On(defect.ObligationsUntold) {
			s.owed |= j.Verdict.Obligations
		}
	}
	return nil
}

// open records what discloses more than the decision names: in one entry where
// it fits, else in parts.
func (s *Session) open(ctx context.Context, opens *tally) error {
	c := s.spell(opens)
	whole := &ledger.Opened{ID: s.id, At: s.now.UnixMicro(), Seq: s.opened + 1, Verdicts: c.verdicts, Views: c.views, Patients: c.patients}
	err := s.append(ctx, whole)
	if !errors.Is(err, ledger.ErrTooLarge) {
		return err
	}
	parts, err := ledger.SplitOpened(whole)
	for i := 0; err == nil && i < len(parts); i++ {
		err = s.append(ctx, parts[i])
	}
	return err
}

func (s *Session) append(ctx context.Context, o *ledger.Opened) error {
	wait, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.gate.cfg.LogWait)
	defer cancel()
	_, err := s.gate.cfg.Log.Append(wait, o, nil)
	if err == nil {
		s.opened = o.Seq
	}
	return err
}

// names reports whether the decision's entry already names all patients of j:
// its widest view covers what is shown of them.
func (s *Session) names(j *Judgement) bool {
	if len(j.Patients) == 0 {
		return s.ask.ID != "" || s.cat.PatientFree(j.Type)
	}
	return !slices.ContainsFunc(j.Patients, func(p string) bool { return !s.named[p] })
}

// Withhold keeps the judgement of a record that is not shown, for the outcome.
func (s *Session) Withhold(j *Judgement) {
	if j.There {
		j.There, j.Because = false, "page" // beyond the page, or nothing of it to show
	}
	j.instead = nil
	s.withheld++
	s.judged.add(j)
}

// Close records how the answer ended. It is called once.
func (s *Session) Close(ctx context.Context, o Outcome) {
	if s.closed {
		return
	}
	s.closed = true
	if !s.waited {
		ctx = context.WithoutCancel(ctx)
	}
	if s.wait(ctx) != nil {
		return // nothing left, and there is no decision that an outcome could end
	}
	now, _ := s.gate.cfg.Now()
	e := &ledger.Outcome{
		ID: s.id, At: now.UnixMicro(), Bytes: o.Bytes, Status: int64(o.Status), End: ledger.Aborted,
		Counts: ledger.Counts{Shown: s.shown, Withheld: s.withheld}, Written: o.Wrote,
	}
	if o.Completed {
		e.End = ledger.Completed
	}
	c := s.spell(&s.judged)
	e.Verdicts, e.Views, e.Patients = c.verdicts, c.views, c.patients
	s.gate.finish(s, e)
}
