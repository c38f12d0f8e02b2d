package policy

import (
	"fmt"
	"slices"
	"strings"

	"modicum/catalog"
	"modicum/internal/defect"
	"modicum/policy/doc"
)

// way is one way for a line to hold, told in the facts of the Set that it is compared
// with: a conjunction, and the facts that narrow what it reaches.
type way struct {
	line      *line
	need, ofs FactSet
	admits    catalog.OverlaySet // overlays that do not stop it
	words     string             // of its facts, in its own Set
}

// ways returns every way in which a task's lines hold, in the facts of `to`: what is
// given there, or, in its own Set, what is asked for.
func (s *Set) ways(t *task, to *Set) []way {
	tr := translation{s, to}
	var out []way
	for i := t.first; i < t.end; i++ {
		l := &s.lines[i]
		for _, k := range l.conjs {
			var ofs FactSet
			for _, of := range k.ofs {
				ofs.Add(s.slots[of.slot].Fact)
			}
			need := k.caller.Union(k.patient)
			out = append(out, way{line: l, need: tr.facts(need), ofs: tr.facts(ofs), admits: l.admits(), words: s.factWords(need)})
		}
	}
	return out
}

// admits are the overlays whose records the line reaches.
func (l *line) admits() catalog.OverlaySet { return l.lifts | ^l.hides }

func (s *Set) factWords(f FactSet) string {
	var names []string
	for id := range f.All {
		names = append(names, s.facts[id].Name)
	}
	return strings.Join(names, " and ")
}

// holdsFor reports whether w holds and reaches the record wherever v does, overlays
// and classes aside. Conjunctions hold no *not*, so the least situation in which v
// holds decides for all: there, exactly the facts of v hold.
func (w *way) holdsFor(v *way) bool {
	if defect.On(defect.EffectWithoutFacts) {
		return w.line.reachesAsFar(v.line)
	}
	return w.need.in(&v.need) && w.ofs.in(&v.ofs) && w.line.reachesAsFar(v.line)
}

// reachesAsFar compares `back` and `place`, and whether a grant is needed.
func (l *line) reachesAsFar(m *line) bool {
	switch {
	case l.lend != nil && m.lend == nil:
		return false
	case l.place != Anywhere && l.place != m.place:
		return false
	case l.back.Zero():
		return true
	}
	return !m.back.Zero() && surelyWithin(m.back, l.back)
}

// surelyWithin reports whether a is at most b on whatever day they are counted from:
// a month has 28 to 31 days.
func surelyWithin(a, b doc.Span) bool {
	if a.Months <= b.Months && a.Days <= b.Days && a.Clock <= b.Clock {
		return true
	}
	const day = 24 * 60 * 60 * 1e9
	most := float64(31*a.Months+a.Days)*day + float64(a.Clock)
	least := float64(28*b.Months+b.Days)*day + float64(b.Clock)
	return most+60*60*1e9 <= least // a day may have 23 or 25 hours
}

// shown is what some lines together show: of a class that several show, the most
// open counts.
type shown struct {
	View
	ask catalog.ClassSet
}

func (s *shown) join(l *line) {
	add(&s.View, &l.see)
	s.ask = s.ask.Union(l.ask)
}

// showing is how one class shows: so, and as it is once asked for.
type showing struct {
	as  Treatment
	ask bool
}

// String is the word of a policy, ask where it is masked until asked for.
func (h showing) String() string {
	switch {
	case h.ask && h.as == Mask:
		return "ask"
	case h.ask:
		return h.as.String() + " or ask"
	}
	return h.as.String()
}

// atLeast reports whether h is as open as w, asked for or not.
func (h showing) atLeast(w showing) bool {
	return h.as >= w.as && (h.as == Keep || h.ask || !w.ask)
}

// of returns how a class shows to a verb: writing asks for keep or ask alone.
func (s *shown) of(c catalog.Class, writes bool) showing {
	as, ask := s.View.Of(c), s.ask.Has(c)
	switch {
	case as == Keep || writes && ask:
		return showing{as: Keep}
	case writes:
		return showing{}
	case ask:
		return showing{as: max(as, Mask), ask: true}
	}
	return showing{as: as}
}

// gain is what a way shows beyond what the other Set shows in its place.
type gain struct {
	verbs  Verb
	line   *line
	plain  map[catalog.Class][2]showing // class → how it showed, how it shows
	marked map[catalog.Class][2]showing // the same, true of marked records only
	over   catalog.OverlaySet           // of which marks
	joined bool                         // only because more can be asked by
	ways   []string
}

// gains compares a task with what the other Set, `a`, shows for it. Overlays that are
// newly watched are left out: they are told once, not for each line.
func gains(a *Set, had []way, has []way, watched catalog.OverlaySet) []gain {
	var out []gain
	for i := range has {
		w := &has[i]
		for v := Read; v <= Export; v <<= 1 {
			if w.line.verbs&v == 0 {
				continue
			}
			if g, any := gained(a, had, w, v, watched); any {
				out = merge(out, g)
			}
		}
	}
	return out
}

func gained(a *Set, had []way, w *way, v Verb, watched catalog.OverlaySet) (gain, bool) {
	g := gain{verbs: v, line: w.line, plain: map[catalog.Class][2]showing{}, marked: map[catalog.Class][2]showing{}, ways: []string{w.words}}
	admits := w.admits &^ watched & (a.cat.Overlays() | 1<<catalog.Unrecognized | 1<<catalog.Restricted)
	if v == Create || defect.On(defect.EffectWithoutMarks) {
		admits = 0 // it shows nothing, so overlays do not stop it
	}
	free := a.against(had, w, v, 0, false)
	all := a.against(had, w, v, admits, false)
	full := a.against(had, w, v, admits, true)
	own := shown{View: w.line.see, ask: w.line.ask}
	writes := v&(Create|Update) != 0
	narrow := false
	for c := range w.line.shown.All {
		now := own.of(c, writes)
		switch {
		case !free.of(c, writes).atLeast(now):
			g.plain[c] = [2]showing{free.of(c, writes), now}
		case !all.of(c, writes).atLeast(now):
			g.marked[c] = [2]showing{all.of(c, writes), now}
		case !full.of(c, writes).atLeast(now):
			narrow = true
		}
	}
	if len(g.marked) > 0 {
		g.over = a.newlyMarked(had, w, v, admits, g.marked)
	}
	if len(g.plain)+len(g.marked) > 0 {
		return g, true
	}
	g.joined = narrow
	return g, narrow
}

// against joins what the lines show that hold wherever w does, of records with the
// overlays. asked: only lines that keep all that w keeps, since a line counts only
// where it keeps every class that the criteria read.
func (a *Set) against(had []way, w *way, v Verb, over catalog.OverlaySet, asked bool) shown {
	var s shown
	for i := range had {
		h := &had[i]
		if h.line.verbs&v == 0 || over&^h.admits != 0 || !h.holdsFor(w) {
			continue
		}
		if asked && !h.line.see.Keep.Covers(w.line.see.Keep) {
			continue
		}
		s.join(h.line)
	}
	s.View = disjoint(s.View)
	return s
}

// newlyMarked returns the overlays that make the difference, one by one; all of them
// where only several together do.
func (a *Set) newlyMarked(had []way, w *way, v Verb, admits catalog.OverlaySet, classes map[catalog.Class][2]showing) catalog.OverlaySet {
	var out catalog.OverlaySet
	for o := range admits.All {
		s := a.against(had, w, v, catalog.OverlaySet(0).With(o), false)
		for c, how := range classes {
			if !s.of(c, v&(Create|Update) != 0).atLeast(how[1]) {
				out = out.With(o)
				break
			}
		}
	}
	if out == 0 {
		return admits
	}
	return out
}

// merge joins gains that differ only in verb or in the way they hold.
func merge(list []gain, g gain) []gain {
	for i := range list {
		o := &list[i]
		if o.line != g.line || o.joined != g.joined || o.over != g.over || !same(o.plain, g.plain) || !same(o.marked, g.marked) {
			continue
		}
		if o.verbs == g.verbs {
			o.ways = append(o.ways, g.ways...)
			return list
		}
		if slices.Equal(o.ways, g.ways) {
			o.verbs |= g.verbs
			return list
		}
	}
	return append(list, g)
}

func same(a, b map[catalog.Class][2]showing) bool {
	if len(a) != len(b) {
		return false
	}
	for c, how := range a {
		if b[c] != how {
			return false
		}
	}
	return true
}

// changesOf tells gains in words. s is the Set that shows more.
func (s *Set) changesOf(t *task, list []gain, dir Direction) []Change {
	var out []Change
	for _, g := range settle(list) {
		c := Change{
			Direction: dir, Kind: "access", Where: t.id, Purpose: s.purposes[t.purpose].name, Verbs: g.verbs.String(),
			While: s.waysWords(&g), Within: withinWords(g.line, s.withinOf(g.line)), Lent: lendWords(g.line.lend), Glass: g.line.glass,
			Flow: flowOf(t), Roles: s.roleNames(t),
		}
		if g.joined {
			c.What = "criteria over classes that stood in different lines"
			c.Classes = []ClassChange{{Classes: s.classWords(g.line.see.Keep), Was: "keep", Now: "keep"}}
			out = append(out, c)
			continue
		}
		if len(g.plain) > 0 {
			p := c
			p.Classes, p.Marked = s.classChanges(g.plain, dir), s.overlayNames(g.line.lifts&^s.watch)
			out = append(out, p)
		}
		if len(g.marked) > 0 {
			c.Classes, c.Marked, c.MarkedOnly = s.classChanges(g.marked, dir), s.overlayNames(g.over), true
			out = append(out, c)
		}
	}
	return out
}

// settle merges once more: verbs that came to the same ways late.
func settle(list []gain) []gain {
	var out []gain
	for _, g := range list {
		out = merge(out, g)
	}
	return out
}

// classChanges groups classes by how they showed and show; closing is told the other
// way round.
func (s *Set) classChanges(m map[catalog.Class][2]showing, dir Direction) []ClassChange {
	groups := map[[2]showing]catalog.ClassSet{}
	for c, how := range m {
		groups[how] = groups[how].With(c)
	}
	var out []ClassChange
	for how, set := range groups {
		was, now := how[0].String(), how[1].String()
		if dir == Closes {
			was, now = now, was
		}
		out = append(out, ClassChange{Classes: s.classWords(set), Was: was, Now: now})
	}
	slices.SortFunc(out, func(a, b ClassChange) int {
		return strings.Compare(fmt.Sprint(a.Now, a.Was, a.Classes), fmt.Sprint(b.Now, b.Was, b.Classes))
	})
	return out
}

// waysWords says when a gain is true: as it was written, where it is true whenever
// the line holds.
func (s *Set) waysWords(g *gain) string {
	if len(g.ways) == len(g.line.conjs) {
		return s.whileWords(g.line)
	}
	return strings.Join(slices.Compact(slices.Sorted(slices.Values(g.ways))), ", or ")
}

func (s *Set) roleNames(t *task) []string {
	if t.role < 0 {
		return nil
	}
	return []string{s.roles[t.role].name}
}

func flowOf(t *task) string {
	switch {
	case t.disclosure == nil:
		return ""
	case t.disclosure.Flow.Text == "":
		return "disclosure"
	}
	return t.disclosure.Flow.Text
}
