package policy

import (
	"slices"
	"strings"

	"modicum/catalog"
	"modicum/internal/defect"
	"modicum/policy/doc"
)

// restrictions tells what is no longer hidden, and what is hidden anew.
func (d *differ) restrictions() {
	for i := range d.old.restrictions {
		d.restriction(d.old, d.new, i, Opens)
	}
	for i := range d.new.restrictions {
		d.restriction(d.new, d.old, i, Closes)
	}
	d.notices()
}

// restriction tells what the i-th restriction of `from` hides that none of `to` hides
// by itself wherever it does.
func (d *differ) restriction(from, to *Set, i int, dir Direction) {
	r := &from.restrictions[i]
	left, over := r.mask, r.overlays
	for j := range to.restrictions {
		if c := (covering{from, to}); c.covers(i, j) {
			left = left.without(to.restrictions[j].mask)
			over &^= to.restrictions[j].overlays
			if to.restrictions[j].mask.all() {
				over = 0
			}
		}
	}
	if left.empty() && over == 0 || defect.On(defect.EffectWithoutRestrictions) {
		return
	}
	c := Change{Direction: dir, Kind: "restriction", Where: r.name, Marked: from.overlayNames(over)}
	d.reached(left, over).in(&c)
	hidden, free := "hidden", "not hidden by it"
	if dir == Closes {
		hidden, free = free, hidden
	}
	if words := from.classWords(left.set()); len(words) > 0 {
		c.Classes = []ClassChange{{Classes: words, Was: hidden, Now: free}}
	}
	d.restrictionKeys(r.name, &c, dir)
	d.add(c)
}

// restrictionKeys says which keys differ, or that the restriction is gone or new.
func (d *differ) restrictionKeys(name string, c *Change, dir Direction) {
	a, b := d.old.restrictionDoc(name), d.new.restrictionDoc(name)
	switch {
	case a == nil:
		c.What, c.Was, c.Now = "restriction", "not there", restrictionWords(b)
	case b == nil:
		c.What, c.Was, c.Now = "restriction", restrictionWords(a), "gone"
	default:
		c.What, c.Was, c.Now = "restriction", restrictionWords(a), restrictionWords(b)
	}
}

func (s *Set) restrictionDoc(name string) *doc.Restriction {
	for i := range s.restrictions {
		if s.restrictions[i].name == name {
			return s.restrictions[i].doc
		}
	}
	return nil
}

// restrictionWords writes a restriction in one line.
func restrictionWords(r *doc.Restriction) string {
	parts := []string{"hide " + listWords(textsOf(r.Hide))}
	for _, p := range []struct{ key, words string }{
		{"of", r.Of.Text}, {"while", strings.Join(holdWords(r.While), " and ")}, {"unless", strings.Join(holdWords(r.Unless), " and ")},
		{"to", strings.Join(textsOf(r.To), ", ")}, {"purposes", strings.Join(textsOf(r.Purposes), ", ")}, {"obligations", strings.Join(textsOf(r.Obligations), ", ")},
	} {
		if p.words != "" {
			parts = append(parts, p.key+" "+p.words)
		}
	}
	return strings.Join(parts, "; ")
}

// gainers are those who gain or lose by a change: holders of roles, and whoever receives
// what leaves by a disclosure.
type gainers struct{ roles, disclosures []string }

func (g *gainers) add(s *Set, t *task) {
	g.roles = append(g.roles, s.roleNames(t)...)
	if t.disclosure != nil && !defect.On(defect.RecipientsUnnamed) {
		g.disclosures = append(g.disclosures, t.name)
	}
}

func (g *gainers) join(o gainers) {
	g.roles, g.disclosures = append(g.roles, o.roles...), append(g.disclosures, o.disclosures...)
}

// in names them in a change.
func (g gainers) in(c *Change) {
	for _, list := range []*[]string{&g.roles, &g.disclosures} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	c.Roles, c.Disclosures = g.roles, g.disclosures
}

// reached are those, under either policy, who have a line to which a restriction of these
// classes and overlays matters.
func (d *differ) reached(classes mask, over catalog.OverlaySet) (g gainers) {
	for _, s := range []*Set{d.old, d.new} {
		for i := range s.lines {
			if l := &s.lines[i]; l.all.meets(classes) || l.admits()&over != 0 {
				g.add(s, &s.tasks[l.task])
			}
		}
	}
	return g
}

// covering compares restrictions of two Sets.
type covering struct{ from, to *Set }

// covers reports whether the j-th restriction of `to` bites, and lets nothing go,
// wherever the i-th of `from` does. What it hides is compared apart.
func (c covering) covers(i, j int) bool {
	r, q := &c.from.restrictions[i], &c.to.restrictions[j]
	return c.purposes(i, j) && c.recipients(r, q) && c.bites(r, q) && c.names(r, q) && c.letsNoMore(r, q) && q.obligations&r.obligations == r.obligations
}

func (c covering) purposes(i, j int) bool {
	for p := range c.from.purposes {
		n, ok := c.to.purposeOf[c.from.purposes[p].name]
		if c.from.bites[p]&(1<<i) != 0 && ok && c.to.bites[n]&(1<<j) == 0 {
			return false
		}
	}
	return true
}

func (c covering) recipients(r, q *restriction) bool {
	if q.anyTo {
		return true
	}
	if r.anyTo || r.to&^q.to != 0 {
		return false
	}
	for _, p := range r.toPartners {
		from := &c.from.partners[p]
		if q.to&from.kind == 0 && !slices.ContainsFunc(q.toPartners, func(n int) bool { return c.to.partners[n].name == from.name }) {
			return false
		}
	}
	return true
}

// bites: in each case in which r bites, q does.
func (c covering) bites(r, q *restriction) bool {
	if q.while == nil {
		return true
	}
	tr := translation(c)
	whiles := r.while
	if whiles == nil {
		whiles = []FactSet{{}}
	}
	for _, w := range whiles {
		given := tr.facts(w)
		if !slices.ContainsFunc(q.while, func(f FactSet) bool { return f.in(&given) }) {
			return false
		}
	}
	return true
}

// names: q reaches all that the `of` of r names.
func (c covering) names(r, q *restriction) bool {
	if q.of == nil {
		return true
	}
	if r.of == nil {
		return false
	}
	for i := range r.of {
		given := c.told(c.from, c.to, &r.of[i])
		if !slices.ContainsFunc(q.of, func(k conjOf) bool { asked := c.told(c.to, c.to, &k); return asked.in(&given) }) {
			return false
		}
	}
	return true
}

// letsNoMore: where q lets go, r did.
func (c covering) letsNoMore(r, q *restriction) bool {
	for i := range q.unless {
		given := c.told(c.to, c.from, &q.unless[i])
		if !slices.ContainsFunc(r.unless, func(k conjOf) bool { asked := c.told(c.from, c.from, &k); return asked.in(&given) }) {
			return false
		}
	}
	return true
}

// toldConj is a conjunction in the facts of some Set: what holds, and what narrows.
type toldConj struct{ facts, narrow FactSet }

func (t *toldConj) in(o *toldConj) bool { return t.facts.in(&o.facts) && t.narrow.in(&o.narrow) }

func (c covering) told(from, to *Set, k *conjOf) toldConj {
	tr := translation{from, to}
	var narrow FactSet
	for _, f := range k.names {
		narrow.Add(f)
	}
	return toldConj{facts: tr.facts(k.facts), narrow: tr.facts(narrow)}
}

// notices tells obligations of restrictions that are no longer owed.
func (d *differ) notices() {
	for i := range d.old.restrictions {
		a := &d.old.restrictions[i]
		for j := range d.new.restrictions {
			if b := &d.new.restrictions[j]; a.name == b.name {
				c := Change{Kind: "restriction", Where: a.name}
				d.reached(a.mask.or(b.mask), a.overlays|b.overlays).in(&c)
				d.listed(c, "obligations", a.obligations.Names(), b.obligations.Names(), Closes)
			}
		}
	}
}
