package policy

import (
	"fmt"
	"slices"
	"strings"

	"modicum/catalog"
	"modicum/internal/defect"
	"modicum/policy/doc"
)

// roles compares what binds a whole role: never, and who holds it.
func (d *differ) roles() {
	for i := range d.new.roles {
		r := &d.new.roles[i]
		if j, ok := d.old.roleOf[r.name]; ok {
			d.role(&d.old.roles[j], r)
			continue
		}
		d.add(Change{Direction: Opens, Kind: "roles", Where: r.name, Roles: []string{r.name}, What: "role", Was: "not there", Now: r.doc.Title})
	}
	for i := range d.old.roles {
		if r := &d.old.roles[i]; !known(d.new.roleOf, r.name) {
			d.add(Change{Direction: Closes, Kind: "roles", Where: r.name, Roles: []string{r.name}, What: "role", Was: r.doc.Title, Now: "not there"})
		}
	}
}

func known[T any](m map[string]T, name string) bool { _, ok := m[name]; return ok }

func (d *differ) role(a, b *role) {
	d.never(a, b, Opens)
	d.never(b, a, Closes)
	roles := []string{b.name}
	held := func(r *role) string { return orElse(r.doc.HeldBy.Text, "people") }
	d.term(held(a) != held(b), Both, Change{Kind: "roles", Where: b.name, Roles: roles, What: "held-by", Was: held(a), Now: held(b)})
	d.span(Change{Kind: "roles", Where: b.name, Roles: roles, What: "review"}, a.doc.Review, b.doc.Review)
	d.term(a.doc.Owner.Text != b.doc.Owner.Text, Words, Change{Kind: "roles", Where: b.name, Roles: roles, What: "owner", Was: a.doc.Owner.Text, Now: b.doc.Owner.Text})
}

// never tells what one role no longer forbids. It opens even where no line shows it
// now: an exception may lend it.
func (d *differ) never(from, to *role, dir Direction) {
	classes := from.neverClasses.Minus(to.neverClasses)
	overlays := from.neverOverlays &^ to.neverOverlays
	if classes.Empty() && overlays == 0 {
		return
	}
	c := Change{Direction: dir, Kind: "never", Where: from.name, Roles: []string{from.name}, Marked: d.new.overlayNames(overlays), What: "never"}
	c.Was, c.Now = "never seen", "no longer forbidden"
	if dir == Closes {
		c.Was, c.Now = "not forbidden", "never seen"
	}
	if words := d.new.classWords(classes); len(words) > 0 {
		c.Classes = []ClassChange{{Classes: words, Was: c.Was, Now: c.Now}}
	}
	d.add(c)
}

// term adds a change if there is one.
func (d *differ) term(differs bool, dir Direction, c Change) {
	if differs {
		c.Direction = dir
		d.add(c)
	}
}

// tasks compares tasks of roles and disclosures by their ids.
func (d *differ) tasks() {
	old, now := d.old.taskByID(), d.new.taskByID()
	watched := d.new.watch &^ d.old.watch
	unwatched := d.old.watch &^ d.new.watch
	for i := range d.new.tasks {
		b := &d.new.tasks[i]
		a := old[b.id]
		d.access(a, b, d.old, d.new, Opens, watched)
		if a != nil {
			d.taskTerms(a, b)
		}
	}
	for i := range d.old.tasks {
		a := &d.old.tasks[i]
		d.access(now[a.id], a, d.new, d.old, Closes, unwatched)
	}
}

func (s *Set) taskByID() map[string]*task {
	out := map[string]*task{}
	for i := range s.tasks {
		out[s.tasks[i].id] = &s.tasks[i]
	}
	return out
}

// access tells what task b of one Set shows beyond task a of the other, nil where
// there is none. A look-up and an exception rest on the first line.
func (d *differ) access(a, b *task, sa, sb *Set, dir Direction, watched catalog.OverlaySet) {
	var had []way
	if a != nil {
		had = sa.ways(a, sa)
	}
	has := sb.ways(b, sa)
	list := gains(sa, had, has, watched)
	changes := sb.changesOf(b, list, dir)
	for _, c := range changes {
		d.add(c)
	}
	if a == nil && len(changes) == 0 {
		d.add(Change{Direction: dir, Kind: "access", Where: b.id, Roles: sb.roleNames(b), Purpose: sb.purposes[b.purpose].name, Flow: flowOf(b), What: "task"})
	}
	if a != nil && len(changes) == 0 && b.role >= 0 && sb.exceptions != nil {
		d.exception(a, b, had, has, sb, sa, dir)
	}
}

// exception compares the first lines: an exception shows under their facts what is
// lent, and lifts marks of what they show.
func (d *differ) exception(a, b *task, had, has []way, sb, sa *Set, dir Direction) {
	first := func(s *Set, t *task, ways []way) []way {
		var out []way
		for _, w := range ways {
			if w.line == &s.lines[t.first] {
				free := *w.line
				free.lend, free.lifts, free.hides, free.verbs = nil, 0, 0, Read
				w.line, w.admits = &free, ^catalog.OverlaySet(0)
				out = append(out, w)
			}
		}
		return out
	}
	had, has = first(sa, a, had), first(sb, b, has)
	opens := len(gains(sa, had, has, 0)) > 0
	for i := range has {
		opens = opens || !slices.ContainsFunc(had, func(h way) bool { return h.holdsFor(&has[i]) })
	}
	if opens {
		d.add(Change{Direction: dir, Kind: "terms", Where: b.id, Roles: sb.roleNames(b), What: "what an exception can add to this task", While: sb.whileWords(&sb.lines[b.first])})
	}
}

// taskTerms compares all of a task but its lines.
func (d *differ) taskTerms(a, b *task) {
	c := Change{Kind: "terms", Where: b.id, Roles: d.new.roleNames(b), Purpose: d.new.purposes[b.purpose].name, Flow: flowOf(b)}
	was, now := d.old.purposes[a.purpose].name, d.new.purposes[b.purpose].name
	d.named(c, "purpose", was, now, was != now, Both)
	d.recipients(c, a, b)
	d.named(c, "exempt", orElse(a.exempt, "none"), orElse(b.exempt, "none"), a.exempt != b.exempt && b.exempt != "", Opens)
	d.named(c, "exempt", orElse(a.exempt, "none"), orElse(b.exempt, "none"), a.exempt != b.exempt && b.exempt == "", Closes)
	d.listed(c, "obligations", a.obligations.Names(), b.obligations.Names(), Closes)
	d.named(c, "references", shownOr(a.resolve), shownOr(b.resolve), a.resolve != b.resolve, direction(b.resolve))
	d.find(c, a.find, b.find)
	d.limits(c, &a.limits, &b.limits)
	d.lend(c, d.old.lendOf(a), d.new.lendOf(b))
	if a.doc != nil && b.doc != nil {
		d.glass(c, a.doc.BreakGlass, b.doc.BreakGlass)
	}
	if a.disclosure != nil && b.disclosure != nil {
		d.desk(c, a.disclosure, b.disclosure)
	}
}

func shownOr(resolve bool) string {
	if resolve {
		return "resolve"
	}
	return "shown"
}

// direction is Opens where something is so now.
func direction(opens bool) Direction {
	if opens {
		return Opens
	}
	return Closes
}

func (d *differ) named(c Change, what, was, now string, differs bool, dir Direction) {
	c.What, c.Was, c.Now = what, was, now
	d.term(differs, dir, c)
}

// listed compares two lists without order. adding says which way one more goes.
func (d *differ) listed(c Change, what string, was, now []string, adding Direction) {
	more, less := missing(now, was), missing(was, now)
	c.What, c.Was, c.Now = what, listWords(was), listWords(now)
	switch {
	case len(more) > 0 && len(less) > 0:
		d.term(true, Both, c)
	case len(more) > 0:
		d.term(true, adding, c)
	case len(less) > 0:
		d.term(true, opposite(adding), c)
	}
}

func opposite(dir Direction) Direction {
	switch dir {
	case Opens:
		return Closes
	case Closes:
		return Opens
	}
	return dir
}

func missing(of, from []string) []string {
	var out []string
	for _, w := range of {
		if !slices.Contains(from, w) {
			out = append(out, w)
		}
	}
	return out
}

func listWords(words []string) string {
	if len(words) == 0 {
		return "none"
	}
	return strings.Join(slices.Sorted(slices.Values(words)), ", ")
}

func textsOf(words doc.Words) []string {
	var out []string
	for _, w := range words {
		out = append(out, w.Text)
	}
	return out
}

// recipients: a restriction looks at where data ends, so that a recipient less may
// open as well as one more.
func (d *differ) recipients(c Change, a, b *task) {
	words := func(s *Set, t *task) []string {
		out := t.toKinds.Names()
		for _, p := range t.toPartners {
			out = append(out, s.partners[p].name)
		}
		return out
	}
	d.listed(c, "to", words(d.old, a), words(d.new, b), Both)
}

// span compares two lengths of time of which the longer is the more open.
func (d *differ) span(c Change, was, now doc.Span) {
	c.Was, c.Now = orElse(spanWords(was), "none"), orElse(spanWords(now), "none")
	longer, shorter := !surelyWithin(now, was), !surelyWithin(was, now)
	switch {
	case was.Months == now.Months && was.Days == now.Days && was.Clock == now.Clock:
	case longer && shorter:
		d.term(true, Both, c)
	default:
		d.term(longer || shorter, direction(longer), c)
	}
}

// count compares two bounds of which 0 is none: the larger is the more open.
func (d *differ) count(c Change, was, now int) {
	words := func(n int) string {
		if n == 0 {
			return "no limit"
		}
		return fmt.Sprint(n)
	}
	c.Was, c.Now = words(was), words(now)
	d.term(was != now, direction(now == 0 || was != 0 && now > was), c)
}

func (d *differ) limits(c Change, a, b *Limits) {
	c.Kind = "limits"
	for _, l := range []struct {
		what     string
		was, now int
	}{
		{"results", a.Results, b.Results}, {"rows", a.Rows, b.Rows},
		{"patients per minute", a.Patients.Minute, b.Patients.Minute}, {"patients per hour", a.Patients.Hour, b.Patients.Hour}, {"patients per day", a.Patients.Day, b.Patients.Day},
		{"asks per minute", a.Asks.Minute, b.Asks.Minute}, {"asks per hour", a.Asks.Hour, b.Asks.Hour}, {"asks per day", a.Asks.Day, b.Asks.Day},
		{"requests per minute", a.Requests.Minute, b.Requests.Minute}, {"requests per hour", a.Requests.Hour, b.Requests.Hour}, {"requests per day", a.Requests.Day, b.Requests.Day},
	} {
		c.What = l.what
		d.count(c, l.was, l.now)
	}
	d.named(c, "export", a.Export, b.Export, a.Export != b.Export, exportDirection(a.Export, b.Export))
}

func exportDirection(was, now string) Direction {
	switch {
	case was == "none":
		return Opens
	case now == "none":
		return Closes
	}
	return Both
}

// find compares how a task looks for patients: fewer values, or one more that may be
// given, find more.
func (d *differ) find(c Change, a, b *find) {
	if a == nil || b == nil {
		d.named(c, "find", yesNo(a != nil), yesNo(b != nil), (a == nil) != (b == nil), direction(b != nil))
		return
	}
	d.listed(c, "find by", d.old.names(a.by), d.new.names(b.by), Opens)
	c.What, c.Was, c.Now = "find at-least", fmt.Sprint(a.atLeast), fmt.Sprint(b.atLeast)
	d.term(a.atLeast != b.atLeast, direction(b.atLeast < a.atLeast), c)
	more, less := map[catalog.Class][2]showing{}, map[catalog.Class][2]showing{}
	for class := range a.show.Shown().Union(b.show.Shown()).All {
		was, now := a.show.Of(class), b.show.Of(class)
		if now > was {
			more[class] = [2]showing{{as: was}, {as: now}}
		}
		if was > now {
			less[class] = [2]showing{{as: now}, {as: was}}
		}
	}
	c.What, c.Was, c.Now = "find show", "", ""
	c.Classes = d.new.classChanges(more, Opens)
	d.term(len(more) > 0, Opens, c)
	c.Classes = d.new.classChanges(less, Closes)
	d.term(len(less) > 0, Closes, c)
}

func (s *Set) names(classes []catalog.Class) []string {
	var out []string
	for _, c := range classes {
		out = append(out, s.cat.Name(c))
	}
	return out
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "none"
}

// lendOf is the task's one lend.
func (s *Set) lendOf(t *task) *doc.Lend {
	for i := t.first; i < t.end; i++ {
		if s.lines[i].lend != nil {
			return s.lines[i].lend
		}
	}
	return nil
}

// lend compares the terms of a grant. That one is needed at all, or no longer, is a
// matter of access.
func (d *differ) lend(c Change, a, b *doc.Lend) {
	if a == nil || b == nil || defect.On(defect.EffectWithoutTerms) {
		return
	}
	d.spanOf(c, "lend for", a.For, b.For)
	d.listed(c, "lend approve", textsOf(a.Approve), textsOf(b.Approve), Closes)
	d.reasons(c, "lend reasons", a.Reasons, b.Reasons)
	c.What, c.Was, c.Now = "lend patients", fmt.Sprint(max(1, a.Patients)), fmt.Sprint(max(1, b.Patients))
	d.term(max(1, a.Patients) != max(1, b.Patients), direction(b.Patients > a.Patients), c)
}

func (d *differ) spanOf(c Change, what string, was, now doc.Span) {
	c.What = what
	d.span(c, was, now)
}

// reasons: no list is any text.
func (d *differ) reasons(c Change, what string, a, b doc.Words) {
	if (len(a) == 0) != (len(b) == 0) {
		words := func(w doc.Words) string {
			if len(w) == 0 {
				return "any text"
			}
			return listWords(textsOf(w))
		}
		d.named(c, what, words(a), words(b), true, direction(len(b) == 0))
		return
	}
	d.listed(c, what, textsOf(a), textsOf(b), Opens)
}

func (d *differ) glass(c Change, a, b *doc.Glass) {
	if a == nil || b == nil {
		d.named(c, "break-glass", yesNo(a != nil), yesNo(b != nil), (a == nil) != (b == nil), direction(b != nil))
		return
	}
	d.spanOf(c, "break-glass for", a.For, b.For)
	d.spanOf(c, "break-glass review", a.Review, b.Review)
	d.reasons(c, "break-glass reasons", a.Reasons, b.Reasons)
}

// desk compares the steps of the disclosure desk.
func (d *differ) desk(c Change, a, b *doc.Disclosure) {
	c.Kind = "disclosures"
	d.listed(c, "approve", textsOf(a.Approve), textsOf(b.Approve), Closes)
	d.listed(c, "verify", textsOf(a.Verify), textsOf(b.Verify), Closes)
	d.listed(c, "refuse", textsOf(a.Refuse), textsOf(b.Refuse), Closes)
	d.listed(c, "pause", textsOf(a.Pause), textsOf(b.Pause), Closes)
	d.listed(c, "deliver", textsOf(a.Deliver), textsOf(b.Deliver), Opens)
	d.named(c, "accounting", a.Accounting.Text, b.Accounting.Text, a.Accounting.Text != b.Accounting.Text, direction(b.Accounting.Text == "no"))
	d.named(c, "flow", orElse(a.Flow.Text, "disclosure"), orElse(b.Flow.Text, "disclosure"), orElse(a.Flow.Text, "disclosure") != orElse(b.Flow.Text, "disclosure"), Both)
	d.named(c, "reliance", orElse(a.Reliance.Text, "none"), orElse(b.Reliance.Text, "none"), a.Reliance.Text != b.Reliance.Text, Both)
	d.named(c, "escalate-to", orElse(a.EscalateTo.Text, "none"), orElse(b.EscalateTo.Text, "none"), a.EscalateTo.Text != b.EscalateTo.Text, Both)
	d.named(c, "owner", a.Owner.Text, b.Owner.Text, a.Owner.Text != b.Owner.Text, Words)
	d.spanOf(c, "review", a.Review, b.Review)
}
