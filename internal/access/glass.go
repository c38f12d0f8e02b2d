package access

import (
	"context"
	"errors"
	"slices"
	"time"

	"modicum/internal/book"
	"modicum/internal/defect"
	"modicum/internal/facts"
	"modicum/internal/notice"
	"modicum/internal/people"
	"modicum/ledger"
	"modicum/policy"
	"modicum/policy/doc"
)

// reviewHours is when a review is due where the policy does not say.
const reviewHours = 72 * time.Hour

// GlassWant is what somebody says who breaks the glass: one step, one reason.
type GlassWant struct {
	Patient string
	Role    string // may be left out where one task of theirs has break-glass
	Task    string
	Purpose string // ETREAT or BTG; "" means ETREAT
	Reason  Reason
	How     []string // how it was proved who they are: amr of their session or token
}

// BreakGlass opens the chart of one patient for a while, as the policy says for
// emergencies. It is on record, and privacy officers are told, before it opens. Where
// the book cannot be kept, the entry goes to the spool and the glass is broken all the
// same: a life may hang on it.
func (b *Book) BreakGlass(ctx context.Context, by people.Actor, w GlassWant) (*Grant, error) {
	b.breaking.Lock() // until it is broken, loose or not: the next is counted with it
	defer b.breaking.Unlock()
	var g *Grant
	var entry *ledger.Act
	err := b.change(ctx, by, OnBreak, "glass", func(c *book.Change) error {
		var err error
		if g, entry, err = b.broken(ctx, by, w); err != nil || entry == nil {
			return err
		}
		c.Record(entry)
		b.grants.Put(c, g.ID, g)
		return b.tell(ctx, c, b.glassNotices(g)...)
	})
	var refused *Refusal
	switch {
	case err == nil:
		return g, nil
	case errors.As(err, &refused), g == nil || entry == nil:
		return nil, err
	}
	return b.breakLoose(ctx, g, entry, err)
}

// broken checks and makes the grant; a nil entry with a grant says that this glass is
// broken already.
func (b *Book) broken(ctx context.Context, by people.Actor, w GlassWant) (*Grant, *ledger.Act, error) {
	now, err := b.now()
	if err != nil {
		return nil, nil, err
	}
	person, roles, err := b.asker(by, Glass, now)
	if err != nil {
		return nil, nil, err
	}
	set := b.cfg.Policy()
	t, err := glassTask(set, roles, &w)
	if err != nil {
		return nil, nil, err
	}
	want := Want{Kind: Glass, Role: t.Role, Task: t.Task, Reason: w.Reason, Patients: []string{w.Patient}}
	if g := b.brokenFor(by.ID, &want, now); g != nil {
		return g, nil, nil
	}
	bound := b.bind(person, roles, &want, time.UnixMicro(now)) // proves the reason; the glass does not end with it
	before := b.countGlasses(ctx, by.ID, unitStart(set, set.Folder().Organization.BreakGlass.Patients.Unit, now))
	if err := b.mayBreak(set, &t, by.ID, &w, bound, before, now); err != nil {
		return nil, nil, err
	}
	g, err := b.newGlass(set, &t, by, want, &w, now)
	if err != nil {
		return nil, nil, err
	}
	g.Glass.OverCap = before.over(set, w.Patient, now)
	g.Glass.Drill = slices.Contains(b.cfg.Drills, w.Patient)
	s, err := step(None, OnBreak)
	if err != nil {
		return nil, nil, err
	}
	a, err := b.act(s.Act, by, by.ID, &g.Want, g.ID)
	if err != nil {
		return nil, nil, err
	}
	a.What = append(a.What, g.Glass.Purpose)
	if g.Glass.Drill {
		a.What = append(a.What, "drill")
	}
	if g.Glass.OverCap {
		a.What = append(a.What, "over-cap")
	}
	return g, a, nil
}

// glassTask finds the task whose glass is meant.
func glassTask(set *policy.Set, roles []string, w *GlassWant) (policy.TaskInfo, error) {
	var found []policy.TaskInfo
	var others []string
	for _, t := range set.TasksOf(roles) {
		switch {
		case t.BreakGlass == nil:
		case (w.Task == "" || t.Task == w.Task) && (w.Role == "" || t.Role == w.Role):
			found = append(found, t)
		default:
			others = append(others, t.ID)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		if len(others) > 0 { // in an emergency nobody guesses
			return policy.TaskInfo{}, no("no-glass", "This task has no emergency way. One of yours that has: "+joinOr(others)+". Name it, and where you signed in for another task, sign in for it.")
		}
		return policy.TaskInfo{}, no("no-glass", "No task of yours has an emergency way. Call somebody who treats the patient.")
	}
	var names []string
	for _, t := range found {
		names = append(names, t.ID)
	}
	return policy.TaskInfo{}, no("task-ambiguous", "Say for which of your tasks: "+joinOr(names)+".")
}

// mayBreak says everything that stands in the way.
func (b *Book) mayBreak(set *policy.Set, t *policy.TaskInfo, person string, w *GlassWant, bound *Bound, before counted, now int64) error {
	ceiling := &set.Folder().Organization.BreakGlass
	var p problems
	if !fhirID(w.Patient) {
		p.add("patient", "patients", "Name the patient by their id, such as p1.")
	}
	if w.Purpose != "" && w.Purpose != "ETREAT" && w.Purpose != "BTG" {
		p.add("purpose", "purpose", "The purpose of a broken glass is ETREAT or BTG.")
	}
	b.glassReason(&p, &w.Reason, t.BreakGlass.Reasons, bound)
	if ceiling.Over.Text == "refuse" && before.over(set, w.Patient, now) {
		p.add("", "over-cap", "You have broken the glass for as many patients today as the policy allows. Call a colleague, or the privacy officer.")
	}
	if (ceiling.Holds(t.Role) || defect.On(defect.HeldWhoeverItIs) && ceiling.Overdue.Text == "hold") && b.overdue(person, now) {
		p.add("", "overdue", "A review of an earlier glass of yours is overdue, and the policy holds back the next until it is closed. Call the privacy officer; say what it was for if you have not.")
	}
	return refusal(p)
}

// glassReason asks less than for other lending: a kind of the policy's, a reference, or
// one word that says something. The user attests afterwards.
func (b *Book) glassReason(p *problems, r *Reason, kinds doc.Words, bound *Bound) {
	listed := len(kinds) > 0
	switch {
	case len([]rune(r.Text)) > mostText:
		p.add("reason.text", "reason-long", "The reason is longer than 500 letters. Say it shorter.")
	case listed && !slices.Contains(texts(kinds), r.Kind):
		p.add("reason.kind", "reason-kind", "Choose one of: "+joinOr(texts(kinds))+".")
	case !listed && r.Kind != "":
		p.add("reason.kind", "reason-kind", "The policy lists no reasons here: leave the kind out and write a word.")
	case !listed && bound == nil && !mutters(r.Text):
		p.add("reason.text", "reason-empty", "Say in a word or two why, such as: cardiac arrest. You can say more afterwards.")
	}
}

// newGlass is the grant of a broken glass: for as long as the task says, and never
// longer than the organization allows.
func (b *Book) newGlass(set *policy.Set, t *policy.TaskInfo, by people.Actor, want Want, w *GlassWant, now int64) (*Grant, error) {
	id, err := b.newID(now)
	if err != nil {
		return nil, err
	}
	s, err := step(None, OnBreak)
	if err != nil {
		return nil, err
	}
	ceiling := &set.Folder().Organization.BreakGlass
	length := shortest(set, now, t.BreakGlass.For, ceiling.For)
	if length == 0 {
		return nil, no("no-glass", "The policy does not say for how long. Tell the privacy officer.")
	}
	want.For = length
	purpose := w.Purpose
	if purpose == "" {
		purpose = "ETREAT"
	}
	return &Grant{
		ID: id, Person: by.ID, Roles: by.Roles, Want: want, State: s.To, Made: now, From: now, Until: now + length,
		Glass: &Broken{Purpose: purpose, How: w.How}, Review: &Review{By: now + reviewIn(set, now, t.BreakGlass.Review, ceiling.Review)},
	}, nil
}

// shortest is the shorter of two durations, of which one may not be written.
func shortest(set *policy.Set, now int64, spans ...doc.Span) int64 {
	var out int64
	for _, s := range spans {
		if n := span(set, s, now); n > 0 && (out == 0 || n < out) {
			out = n
		}
	}
	return out
}

// reviewIn is how long a review may wait: the shortest that the policy says.
func reviewIn(set *policy.Set, from int64, spans ...doc.Span) int64 {
	if n := shortest(set, from, spans...); n > 0 {
		return n
	}
	return reviewHours.Microseconds()
}

// brokenFor finds a glass that is broken already: once more is no second one.
func (b *Book) brokenFor(person string, w *Want, now int64) *Grant {
	for _, g := range b.Grants(person) {
		if _, cut := b.isCut(g.ID); g.Want.Kind == Glass && g.Want.same(w) && !g.over(now) && !cut {
			return g
		}
	}
	return nil
}

// glassNotices: the privacy officer and the care team at once, and the user, who owes a
// word afterwards.
func (b *Book) glassNotices(g *Grant) []notice.Notice {
	hear := append(b.privacy(g, g.Made), b.careTeam(g)...)
	slices.Sort(hear)
	var out []notice.Notice
	for _, id := range slices.Compact(hear) {
		if id != g.Person && !defect.On(defect.GlassUntold) {
			out = append(out, notice.Notice{Kind: notice.GlassBroken, To: id, About: notice.About{Thing: notice.Review, ID: g.ID}, At: g.Made, By: g.Person, Urgent: true})
		}
	}
	return append(out, notice.Notice{Kind: notice.AttestWaits, To: g.Person, About: notice.About{Thing: notice.Grant, ID: g.ID}, At: g.Made})
}

// careTeam are the people whom the fact assigned-patient names with the patient, where
// the policy has them told.
func (b *Book) careTeam(g *Grant) []string {
	tell := texts(b.cfg.Policy().Folder().Organization.BreakGlass.Tell)
	fact, known := b.cfg.Policy().Fact("assigned-patient")
	now, err := b.now()
	if !slices.Contains(tell, doc.CareTeam) || !known || err != nil || b.cfg.Facts == nil {
		return nil
	}
	assigned := func(person string) bool {
		sub := facts.Subject{Person: person}
		return slices.ContainsFunc(instances(b.cfg.Facts(), &sub, g.Want.Patients[0], time.UnixMicro(now)), func(in facts.Instance) bool {
			return in.Fact == fact && in.Permits
		})
	}
	if assigned("") {
		return nil // it is said of everybody, and so of nobody
	}
	var out []string
	for p := range b.cfg.People.People() {
		if p.Active && assigned(p.ID) {
			out = append(out, p.ID)
		}
	}
	return out
}

// counted are the patients for whom somebody broke the glass lately, with the moment.
type counted map[string][]int64

// countGlasses reads whom a person broke the glass for since a moment. Where history
// cannot be read, what is in memory counts: too few is better than a wall in an emergency.
func (b *Book) countGlasses(ctx context.Context, person string, since int64) counted {
	out := counted{}
	for g, err := range b.allGrants(ctx, person, since) {
		if err != nil {
			break
		}
		if g.Want.Kind == Glass {
			out[g.Want.Patients[0]] = append(out[g.Want.Patients[0]], g.Made)
		}
	}
	for _, g := range b.looseFor(person) {
		out[g.Want.Patients[0]] = append(out[g.Want.Patients[0]], g.Made)
	}
	return out
}

// over reports whether one more patient passes the cap of the calendar unit; a patient
// who was counted in it costs nothing.
func (c counted) over(set *policy.Set, patient string, now int64) bool {
	rate := set.Folder().Organization.BreakGlass.Patients
	if rate.Count == 0 || defect.On(defect.GlassUncapped) {
		return false
	}
	start := unitStart(set, rate.Unit, now)
	n := 0
	for p, times := range c {
		if p != patient && slices.ContainsFunc(times, func(at int64) bool { return at >= start }) {
			n++
		}
	}
	return n >= rate.Count
}

// unitStart is when the calendar unit that holds a moment began.
func unitStart(set *policy.Set, unit string, now int64) int64 {
	at := time.UnixMicro(now).In(set.Zone())
	y, m, d := at.Date()
	switch unit {
	case "minute":
		return time.Date(y, m, d, at.Hour(), at.Minute(), 0, 0, set.Zone()).UnixMicro()
	case "hour":
		return time.Date(y, m, d, at.Hour(), 0, 0, 0, set.Zone()).UnixMicro()
	}
	return time.Date(y, m, d, 0, 0, 0, 0, set.Zone()).UnixMicro()
}

// overdue reports whether a review of an earlier glass of somebody's is overdue.
func (b *Book) overdue(person string, now int64) bool {
	for _, g := range b.grants.All() {
		if g.Person == person && g.Glass != nil && g.owed() && now >= g.Review.By && !defect.On(defect.OverdueUnheld) {
			return true
		}
	}
	return false
}
