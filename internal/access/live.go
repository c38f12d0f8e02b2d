package access

import (
	"time"

	"modicum/internal/defect"
	"modicum/internal/gate"
	"modicum/internal/people"
)

// Of is what is lent to a person at a moment: computed at each use, so that nothing is
// lent for longer because nobody swept (D9, G3, G4). It is nil where nothing is, which
// costs one look into a map.
func (b *Book) Of(person string, now time.Time, trusted bool) []gate.Loan {
	b.mu.RLock()
	held, loose := b.held[person], len(b.loose) > 0
	b.mu.RUnlock()
	if len(held) == 0 && !loose {
		return nil
	}
	var out []gate.Loan
	for _, g := range held {
		if loose && b.looseOf(g.ID) != nil {
			continue // kept, and nobody knew: what was done to it since stands below
		}
		if b.live(g, now, trusted) {
			out = append(out, b.loan(g))
		}
	}
	if loose {
		for _, g := range b.looseFor(person) {
			if b.live(g, now, trusted) {
				out = append(out, b.loan(g))
			}
		}
	}
	return out
}

// live reports whether a grant lends at a moment. Where the time is uncertain, or it is
// not known what was kept, nothing lends but a glass that was broken before, which runs
// on the monotonic clock alone (threat model 9).
func (b *Book) live(g *Grant, now time.Time, trusted bool) bool {
	latest, sure := b.clock.judge(now.UnixMicro(), trusted)
	_, cut := b.isCut(g.ID)
	switch {
	case (g.State != Live || cut) && !defect.On(defect.RevokedLends):
		return false
	case latest >= g.Until && !defect.On(defect.EndIgnored):
		return false
	case !sure || !b.cfg.Desk.Certain():
		return g.Want.Kind == Glass && b.begunSurely(g)
	case now.UnixMicro() < g.From && !defect.On(defect.StartIgnored):
		return false
	}
	return b.rests(g, now)
}

// begunSurely reports whether it was known, in trusted time and in this process, that
// the grant had begun.
func (b *Book) begunSurely(g *Grant) bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.noted[g.ID]
}

// rests reports whether the fact on which a grant's reason rests permits now; true where
// it rests on none. The facts of its lines the gate asks itself.
func (b *Book) rests(g *Grant, now time.Time) bool {
	if g.Bound == nil || b.cfg.Facts == nil || defect.On(defect.BoundIgnored) {
		return true
	}
	in, ok := b.instance(b.whois(g.Person), b.rolesOf(g, now.UnixMicro()), g.Bound, now)
	return ok && in.Permits
}

// lost reports whether that fact is there no more, which is more than that its source
// is silent for a while.
func (b *Book) lost(g *Grant) bool {
	now, err := b.now()
	if err != nil || g.Bound == nil || b.cfg.Facts == nil {
		return false
	}
	_, ok := b.instance(b.whois(g.Person), b.rolesOf(g, now), g.Bound, time.UnixMicro(now))
	return !ok
}

// rolesOf are the roles of a grant's holder: those of the directory, and what their token
// said when they asked.
func (b *Book) rolesOf(g *Grant, now int64) []string {
	return append(b.cfg.People.Roles(g.Person, now), g.Roles...)
}

func (b *Book) whois(id string) *people.Person {
	if p := b.cfg.People.Person(id); p != nil {
		return p
	}
	return &people.Person{ID: id}
}

// loan is a grant in the gate's words.
func (b *Book) loan(g *Grant) gate.Loan {
	w := &g.Want
	l := gate.Loan{
		Grant: g.ID, Kind: kinds[w.Kind], Task: w.task(), Patients: w.Patients, Record: w.Record, Until: time.UnixMicro(g.Until),
	}
	if g.Glass != nil {
		l.Purpose = g.Glass.Purpose
	}
	cat := b.cfg.Policy().Catalog()
	for _, name := range w.Classes {
		if c, ok := cat.Class(name); ok {
			l.Classes = l.Classes.With(c)
		}
	}
	for _, name := range w.Overlays {
		if c, ok := cat.Class(name); ok {
			if o, is := cat.OverlayOf(c); is {
				l.Overlays = l.Overlays.With(o)
			}
		}
	}
	return l
}

var kinds = map[Kind]gate.LoanKind{Lend: gate.LentLine, Exception: gate.LentException, Asked: gate.LentValue, Glass: gate.LentGlass}

var _ gate.Lent = (*Book)(nil)
