package policy

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"modicum/catalog"
	"modicum/internal/defect"
	"modicum/policy/doc"
)

// facts compares what facts mean to a decision: who may state them, how long they
// hold, what they carry, what an expression computes. A fact that only permits opens
// by one source more; one that restricts, by one less.
func (d *differ) facts() {
	for i := range d.new.facts {
		b := &d.new.facts[i]
		id, ok := d.old.factByName[b.Name]
		if !ok || b.Builtin {
			continue
		}
		d.fact(&d.old.facts[id], b)
	}
	d.sources()
}

func (d *differ) fact(a, b *FactInfo) {
	use := d.useOf(b.Name)
	if !use.permits && !use.restricts {
		return
	}
	c := Change{Kind: "facts", Where: b.Name}
	use.in(&c)
	d.named(c, "about", aboutWords(a.About), aboutWords(b.About), a.About != b.About, Both)
	d.named(c, "carries", carriesWords(a.Carries), carriesWords(b.Carries), a.Carries != b.Carries, Both)
	d.named(c, "where", orElse(a.Where, "none"), orElse(b.Where, "none"), a.Where != b.Where, Both)
	base := func(s *Set, f *FactInfo) string { return s.facts[f.Base].Name }
	d.named(c, "fact", base(d.old, a), base(d.new, b), base(d.old, a) != base(d.new, b), Both)
	if b.Where != "" {
		d.named(c, "values", valueWords(a.Values), valueWords(b.Values), !maps.Equal(a.Values, b.Values), Both)
		return // its sources are those of the fact
	}
	d.listed(c, "from", a.Sources, b.Sources, use.more())
}

func aboutWords(a About) string { return [...]string{"caller", "patient", "record"}[a] }

func carriesWords(c Carries) string {
	var out []string
	for name, bit := range carries {
		if c&bit != 0 {
			out = append(out, name)
		}
	}
	return listWords(out)
}

func valueWords(m map[string]string) string {
	var out []string
	for name, kind := range m {
		out = append(out, name+" "+kind)
	}
	return listWords(out)
}

// use says what a fact is used for in either policy, and for whom.
type use struct {
	permits, restricts bool
	gainers
}

// more is which way it goes when the fact comes to hold more often.
func (u *use) more() Direction {
	switch {
	case u.permits && u.restricts:
		return Both
	case u.restricts:
		return Closes
	}
	return Opens
}

func (d *differ) useOf(name string) use {
	var u use
	for _, s := range []*Set{d.old, d.new} {
		for id := range s.facts {
			if s.facts[s.facts[id].Base].Name == name || s.facts[id].Name == name {
				s.uses(FactID(id), &u, d)
			}
		}
	}
	return u
}

func (s *Set) uses(f FactID, u *use, d *differ) {
	for i := range s.tasks {
		rests := s.taskRestsOn(i)
		if rests.Has(f) {
			u.permits = true
			u.add(s, &s.tasks[i])
		}
	}
	for i := range s.restrictions {
		r := &s.restrictions[i]
		has := func(list []conjOf) bool {
			return slices.ContainsFunc(list, func(k conjOf) bool { return k.facts.Has(f) })
		}
		lets := has(r.unless)
		bites := has(r.of) || slices.ContainsFunc(r.while, func(w FactSet) bool { return w.Has(f) })
		if lets || bites {
			u.permits, u.restricts = u.permits || lets, u.restricts || bites
			u.join(d.reached(r.mask, r.overlays))
		}
	}
}

// sources compares who may state facts, and for how long they are fresh. What has
// gone stale does not permit, and restricts all the same (rule 4).
func (d *differ) sources() {
	for i := range d.new.folder.Conditions.Sources {
		b := &d.new.folder.Conditions.Sources[i]
		for j := range d.old.folder.Conditions.Sources {
			if a := &d.old.folder.Conditions.Sources[j]; a.Name.Text == b.Name.Text {
				u := d.useOfSource(b.Name.Text)
				if !u.permits && !u.restricts {
					continue
				}
				c := Change{Kind: "facts", Where: "sources/" + b.Name.Text}
				u.in(&c)
				d.listed(c, "programs", textsOf(a.Programs), textsOf(b.Programs), u.more())
				if u.permits {
					d.spanOf(c, "fresh", a.Fresh, b.Fresh)
				}
			}
		}
	}
}

func (d *differ) useOfSource(name string) use {
	var all use
	for _, s := range []*Set{d.old, d.new} {
		for i := range s.facts {
			if f := &s.facts[i]; f.Where == "" && slices.Contains(f.Sources, name) {
				u := d.useOf(f.Name)
				all.permits, all.restricts = all.permits || u.permits, all.restricts || u.restricts
				all.join(u.gainers)
			}
		}
	}
	return all
}

// organization compares what binds everybody.
func (d *differ) organization() {
	a, b := &d.old.folder.Organization, &d.new.folder.Organization
	c := Change{Kind: "organization", Where: "organization", Roles: d.new.Roles()}
	watched := d.new.overlayNames(d.new.watch)
	d.listed(d.only(c, d.everyLine), "watch", d.old.overlayNames(d.old.watch), watched, Opens)
	d.spanOf(d.only(c, hasAsk), "ask for", a.Ask, b.Ask)
	d.spanOf(d.only(c, func(s *Set, t *task) bool { return t.find != nil }), "find for", a.Find, b.Find)
	d.ceiling(d.only(c, func(s *Set, t *task) bool { return t.glass }), &a.BreakGlass, &b.BreakGlass)
	d.exceptions(c, a.Exceptions, b.Exceptions)
	d.smallCells(d.only(c, d.seesAggregates), a.SmallCells, b.SmallCells)
	d.named(d.only(c, func(*Set, *task) bool { return true }), "time-zone", a.TimeZone.Text, b.TimeZone.Text, a.TimeZone.Text != b.TimeZone.Text, Both)
	d.approvals(d.only(c, (*Set).waitsForAYes), &a.Approvals, &b.Approvals)
	d.conflicts()
	d.codes(c)
}

// only narrows a change to those with a task, in either policy, to which it matters.
func (d *differ) only(c Change, matters func(*Set, *task) bool) Change {
	var g gainers
	for _, s := range []*Set{d.old, d.new} {
		for i := range s.tasks {
			if t := &s.tasks[i]; matters(s, t) {
				g.add(s, t)
			}
		}
	}
	g.in(&c)
	return c
}

func (d *differ) everyLine(s *Set, t *task) bool { return s.patientData(s.shownBy(t)) }

func (s *Set) shownBy(t *task) (all catalog.ClassSet) {
	for i := t.first; i < t.end; i++ {
		all = all.Union(s.lines[i].shown)
	}
	return all
}

func hasAsk(s *Set, t *task) bool {
	for i := t.first; i < t.end; i++ {
		if !s.lines[i].ask.Empty() {
			return true
		}
	}
	return false
}

// waitsForAYes reports whether something of a task is there only when others agree: what
// is lent, or what leaves at the desk.
func (s *Set) waitsForAYes(t *task) bool {
	if t.disclosure != nil {
		return len(t.disclosure.Approve) > 0
	}
	return s.lendOf(t) != nil || s.exceptions != nil
}

func (d *differ) seesAggregates(s *Set, t *task) bool {
	c, ok := s.cat.Class("dataset.aggregate")
	shown := s.shownBy(t)
	return ok && shown.Has(c)
}

// ceiling compares the bounds of broken glasses.
func (d *differ) ceiling(c Change, a, b *doc.GlassCeiling) {
	d.spanOf(c, "break-glass for", a.For, b.For)
	d.spanOf(c, "break-glass review", a.Review, b.Review)
	rate := func(r doc.Rate) string { return fmt.Sprintf("%d per %s", r.Count, r.Unit) }
	dir := direction(b.Patients.Count > a.Patients.Count)
	if a.Patients.Unit != b.Patients.Unit {
		dir = Both
	}
	d.named(c, "break-glass patients", rate(a.Patients), rate(b.Patients), rate(a.Patients) != rate(b.Patients), dir)
	over := func(g *doc.GlassCeiling) string { return orElse(g.Over.Text, "alarm") }
	d.named(c, "break-glass over", over(a), over(b), over(a) != over(b), direction(over(b) == "alarm"))
	d.overdue(c, a, b)
	d.listed(c, "break-glass tell", textsOf(a.Tell), textsOf(b.Tell), Closes)
}

// overdue tells which roles an overdue review holds back no more, and which it holds back
// now; c names those that break glasses.
func (d *differ) overdue(c Change, a, b *doc.GlassCeiling) {
	free, held := c, c
	free.Roles = slices.DeleteFunc(slices.Clone(c.Roles), func(r string) bool { return !a.Holds(r) || b.Holds(r) })
	held.Roles = slices.DeleteFunc(slices.Clone(c.Roles), func(r string) bool { return a.Holds(r) || !b.Holds(r) })
	if defect.On(defect.EffectWithoutHolds) {
		free.Roles = nil
	}
	d.named(free, "break-glass overdue", overdueWords(a), overdueWords(b), len(free.Roles) > 0, Opens)
	d.named(held, "break-glass overdue", overdueWords(a), overdueWords(b), len(held.Roles) > 0, Closes)
}

func overdueWords(g *doc.GlassCeiling) string {
	due := orElse(g.Overdue.Text, "report")
	if len(g.Hold) > 0 {
		due += " " + listWords(textsOf(g.Hold))
	}
	return due
}

func (d *differ) exceptions(c Change, a, b *doc.Exceptions) {
	if a == nil || b == nil {
		d.named(c, "exceptions", yesNo(a != nil), yesNo(b != nil), (a == nil) != (b == nil), direction(b != nil))
		return
	}
	d.spanOf(c, "exceptions for", a.For, b.For)
	c.What, c.Was, c.Now = "exceptions patients", fmt.Sprint(max(1, a.Patients)), fmt.Sprint(max(1, b.Patients))
	d.term(max(1, a.Patients) != max(1, b.Patients), direction(b.Patients > a.Patients), c)
	d.listed(c, "exceptions approve", textsOf(a.Approve), textsOf(b.Approve), Closes)
}

func (d *differ) smallCells(c Change, a, b int) {
	c.What, c.Was, c.Now = "small-cells", fmt.Sprint(a), fmt.Sprint(b)
	d.term(a != b, direction(b < a), c)
}

// approvals: another deputy is another person who may say yes.
func (d *differ) approvals(c Change, a, b *doc.Approvals) {
	pairs := func(list []doc.Pair) []string {
		var out []string
		for _, p := range list {
			out = append(out, p.Key.Text+" by "+p.Value.Text)
		}
		return out
	}
	d.listed(c, "approvals substitutes", pairs(a.Substitutes), pairs(b.Substitutes), Opens)
	was, now := orElse(a.EscalateTo.Text, "none"), orElse(b.EscalateTo.Text, "none")
	d.named(c, "approvals escalate-to", was, now, was != now, Both)
	d.spanOf(c, "approvals answer", a.Answer, b.Answer)
}

// conflicts compares pairs of roles that exclude each other.
func (d *differ) conflicts() {
	old, now := d.old.pairs(), d.new.pairs()
	for _, side := range []struct {
		has, other map[[2]string]bool
		dir        Direction
	}{{old, now, Opens}, {now, old, Closes}} {
		for _, p := range slices.SortedFunc(maps.Keys(side.has), func(a, b [2]string) int { return strings.Compare(a[0]+" "+a[1], b[0]+" "+b[1]) }) {
			if !side.other[p] {
				c := Change{Direction: side.dir, Kind: "organization", Where: "conflicts", Roles: p[:], What: "conflict", Was: "nobody holds both", Now: "one person may hold both"}
				if side.dir == Closes {
					c.Was, c.Now = c.Now, c.Was
				}
				d.add(c)
			}
		}
	}
}

func (s *Set) pairs() map[[2]string]bool {
	out := map[[2]string]bool{}
	for _, c := range s.folder.Organization.Conflicts {
		for i, a := range c.Roles {
			for _, b := range c.Roles[i+1:] {
				p := [2]string{min(a.Text, b.Text), max(a.Text, b.Text)}
				out[p] = true
			}
		}
	}
	return out
}

// codes: a code is another word for a purpose, and the first is recorded.
func (d *differ) codes(c Change) {
	for _, p := range d.new.purposes {
		if n, ok := d.old.purposeOf[p.name]; ok {
			was, now := strings.Join(d.old.purposes[n].codes, ", "), strings.Join(p.codes, ", ")
			d.named(c, "purposes "+p.name, was, now, was != now, Words)
		}
	}
}

// partners compares ceilings and contracts.
func (d *differ) partners() {
	for i := range d.new.partners {
		b := &d.new.partners[i]
		c := Change{Kind: "partners", Where: b.name, Roles: textsOf(b.doc.Roles)}
		if n, ok := d.old.partnerOf[b.name]; ok {
			d.partner(c, &d.old.partners[n], b)
			continue
		}
		d.named(c, "partner", "not there", b.doc.Title, true, Opens)
	}
	for i := range d.old.partners {
		if a := &d.old.partners[i]; !known(d.new.partnerOf, a.name) {
			d.named(Change{Kind: "partners", Where: a.name, Roles: textsOf(a.doc.Roles)}, "partner", a.doc.Title, "not there", true, Closes)
		}
	}
}

func (d *differ) partner(c Change, a, b *partner) {
	d.named(c, "kind", a.doc.Kind.Text, b.doc.Kind.Text, a.kind != b.kind, Both)
	d.listed(c, "purposes", d.old.partnerPurposes(a), d.new.partnerPurposes(b), Opens)
	d.ceilingClasses(c, a.classes, b.classes)
	admits := func(s *Set, p *partner) catalog.OverlaySet { return (p.lifts | ^p.hides) & s.cat.Overlays() }
	d.listed(c, "marked", d.old.overlayNames(admits(d.old, a)), d.new.overlayNames(admits(d.new, b)), Opens)
	d.named(c, "contract until", a.doc.Contract.Until.Text, b.doc.Contract.Until.Text, a.doc.Contract.Until.Text != b.doc.Contract.Until.Text, direction(b.doc.Contract.Until.Text > a.doc.Contract.Until.Text))
	d.named(c, "contract from", a.doc.Contract.From.Text, b.doc.Contract.From.Text, a.doc.Contract.From.Text != b.doc.Contract.From.Text, direction(b.doc.Contract.From.Text < a.doc.Contract.From.Text))
	d.named(c, "contract id", a.doc.Contract.ID.Text, b.doc.Contract.ID.Text, a.doc.Contract.ID.Text != b.doc.Contract.ID.Text, Words)
	d.spanOf(c, "contract review", a.doc.Contract.Review, b.doc.Contract.Review)
	d.listed(c, "roles", textsOf(a.doc.Roles), textsOf(b.doc.Roles), Opens)
	d.listed(c, "programs", textsOf(a.doc.Programs), textsOf(b.doc.Programs), Opens)
	d.listed(c, "subcontractors", textsOf(a.doc.Subcontractors), textsOf(b.doc.Subcontractors), Opens)
	d.spanOf(c, "at-end close-access", a.doc.CloseAccess, b.doc.CloseAccess)
	d.spanOf(c, "at-end return-or-destroy", a.doc.ReturnDestroy, b.doc.ReturnDestroy)
	d.named(c, "owner", a.doc.Owner.Text, b.doc.Owner.Text, a.doc.Owner.Text != b.doc.Owner.Text, Words)
}

func (s *Set) partnerPurposes(p *partner) []string {
	var out []string
	for i, yes := range p.purposes {
		if yes {
			out = append(out, s.purposes[i].name)
		}
	}
	return out
}

func (d *differ) ceilingClasses(c Change, a, b catalog.ClassSet) {
	c.What = "may-see"
	for _, side := range []struct {
		set      catalog.ClassSet
		was, now string
		dir      Direction
	}{{b.Minus(a), "above the ceiling", "below it", Opens}, {a.Minus(b), "below the ceiling", "above it", Closes}} {
		if !side.set.Empty() {
			c.Classes = []ClassChange{{Classes: d.new.classWords(side.set), Was: side.was, Now: side.now}}
			d.term(true, side.dir, c)
		}
	}
}

// programs compares programs by their names.
func (d *differ) programs() {
	for _, name := range slices.Sorted(maps.Keys(d.new.programs)) {
		b := d.new.programs[name]
		c := Change{Kind: "programs", Where: name}
		a, ok := d.old.programs[name]
		if !ok {
			d.named(c, "program", "not there", d.new.tasks[b.task].id, true, Opens)
			continue
		}
		was, now := d.old.tasks[a.task].id, d.new.tasks[b.task].id
		d.named(c, "task", was, now, was != now, Both)
		pa, pb := a.doc.Partner.Text, b.doc.Partner.Text
		dir := Both
		if pa == "" {
			dir = Closes // under a ceiling that was not there
		}
		d.named(c, "partner", orElse(pa, "none"), orElse(pb, "none"), pa != pb, dir)
		d.named(c, "key", a.doc.Key.Text, b.doc.Key.Text, a.doc.Key.Text != b.doc.Key.Text, Both)
		d.spanOf(c, "rotate", a.doc.Rotate, b.doc.Rotate)
		d.named(c, "owner", a.doc.Owner.Text, b.doc.Owner.Text, a.doc.Owner.Text != b.doc.Owner.Text, Words)
	}
	for _, name := range slices.Sorted(maps.Keys(d.old.programs)) {
		if !known(d.new.programs, name) {
			d.named(Change{Kind: "programs", Where: name}, "program", d.old.tasks[d.old.programs[name].task].id, "not there", true, Closes)
		}
	}
}

// catalog compares what the policy itself classifies: extensions, databases.
func (d *differ) catalog() {
	was, now := d.old.classified(), d.new.classified()
	for _, what := range slices.Sorted(maps.Keys(merged(was, now))) {
		a, b := was[what], now[what]
		c := Change{Kind: "catalog", Where: what, What: "class", Was: orElse(a, "not there"), Now: orElse(b, "not there")}
		d.seeing(a, b).in(&c)
		switch {
		case a == b:
		case a == "":
			d.term(true, Opens, c)
		case b == "":
			d.term(true, Closes, c)
		default:
			d.term(true, Both, c)
		}
	}
}

// seeing are those who have a line that shows one of the classes; all, where a word is no
// class.
func (d *differ) seeing(words ...string) (g gainers) {
	var set catalog.ClassSet
	for _, w := range words {
		class, ok := d.new.cat.Class(w)
		if !ok && w != "" {
			for i := range d.new.tasks {
				g.add(d.new, &d.new.tasks[i])
			}
			return g
		}
		if ok {
			set = set.With(class)
		}
	}
	return d.reached(maskOf(&set), 0)
}

func merged(a, b map[string]string) map[string]string {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}

// classified lists what a policy adds to the catalog, each with all that is said of it.
func (s *Set) classified() map[string]string {
	out := map[string]string{}
	for _, e := range s.folder.Extensions {
		out["extension "+e.URL.Text] = e.Class.Text
	}
	for _, db := range s.folder.Databases {
		for _, t := range db.Tables {
			name := db.Name.Text + "." + t.Name.Text
			out["table "+name] = strings.Join([]string{
				"patient " + t.Patient.Text, "encounter " + t.Encounter.Text, "date " + t.Date.Text, "department " + t.Department.Text,
				"overlays " + t.Overlays.Text, "lasting " + t.Lasting.Text,
			}, "; ")
			for _, col := range t.Columns {
				out["column "+name+"."+col.Key.Text] = col.Value.Text
			}
		}
	}
	return out
}

// words tells which files changed though nothing is told of what they hold: titles,
// sentences, tests. What only moved is no change.
func (d *differ) words() {
	told := map[string]bool{}
	for i := range d.out {
		told[d.out[i].file()] = true
	}
	files := map[string]bool{}
	for name := range d.old.folder.Sources {
		files[name] = true
	}
	for name := range d.new.folder.Sources {
		files[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		a, b := d.old.folder.Sources[name], d.new.folder.Sources[name]
		if told[name] || bytes.Equal(a, b) || sameWords(a, b) {
			continue
		}
		kind := "words"
		if strings.HasPrefix(name, "tests/") {
			kind = "tests"
		}
		d.add(Change{Direction: Words, Kind: kind, Where: name, What: fileWords(a, b)})
	}
}

func fileWords(a, b []byte) string {
	switch {
	case a == nil:
		return "a new file"
	case b == nil:
		return "the file is gone"
	}
	return "texts"
}

// file is the file in which a change was written, "" where it may be one of several.
func (c *Change) file() string {
	role, _, _ := strings.Cut(c.Where, "/")
	switch c.Kind {
	case "restriction":
		return "restrictions.yaml"
	case "facts":
		return "conditions.yaml"
	case "organization", "programs":
		return "organization.yaml"
	case "partners":
		return "partners/" + c.Where + ".yaml"
	case "catalog", "tests", "words":
		return ""
	}
	if role == "disclosures" {
		return c.Where + ".yaml"
	}
	return "roles/" + role + ".yaml"
}

// sameWords compares files without comments, blanks and order of lines.
func sameWords(a, b []byte) bool {
	if (a == nil) != (b == nil) {
		return false
	}
	words := func(text []byte) []string {
		var out []string
		for line := range strings.Lines(string(text)) {
			if line, _, _ = strings.Cut(line, " #"); !strings.HasPrefix(strings.TrimSpace(line), "#") {
				out = append(out, strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" \t\n,[]{}", r) })...)
			}
		}
		slices.Sort(out)
		return out
	}
	return slices.Equal(words(a), words(b))
}
