package people

import (
	"fmt"
	"slices"

	"modicum/policy"
)

// Lack is something that an installation lacks for being governed as it should. Every
// page shows them: a small hospital may start with two people, and knows what it misses.
type Lack struct {
	What string // one word for programs: "second-administrator"
	Say  string // what is missing, and what follows from it
	Do   string // what to do about it
}

// lacking is what was lacked at a state of the directory, for a minute: every page asks.
type lacking struct {
	turns   int64
	minute  int64
	trusted bool
	of      *policy.Set
	list    []Lack
}

// Lacks lists what the installation lacks now, the most important first. The result is
// shared and must not be changed.
func (d *Directory) Lacks(now int64) []Lack {
	_, trusted := d.now()
	if !d.cfg.Desk.Certain() {
		return []Lack{{"certain-directory", "It is not known whether the last change was kept, so nobody is active.", "Look at the health page."}}
	}
	l := lacking{turns: d.turns.Load(), minute: now / 60_000_000, trusted: trusted, of: d.cfg.Policy()}
	if was := d.lacked.Load(); was != nil && was.turns == l.turns && was.minute == l.minute && was.trusted == trusted && was.of == l.of {
		return was.list
	}
	d.view(func() {
		l.list = append(l.list, d.lacksPeople(now, trusted)...)
		l.list = append(l.list, d.lacksSplit(now, trusted)...)
		l.list = append(l.list, d.lacksApprovers(now, trusted)...)
		d.lacked.Store(&l) // no page turns before it is there
	})
	return l.list
}

// lacksPeople: duties that nobody, or only one human being, holds.
func (d *Directory) lacksPeople(now int64, trusted bool) (out []Lack) {
	switch n := d.humans(DutyKind, string(RunPeople), now, trusted); n {
	case 0:
		out = append(out, Lack{"administrator", "Nobody runs people: nobody can be added, and nothing given.", "Start the installation with a link for a first person."})
	case 1:
		out = append(out, Lack{"second-administrator", "One person alone runs people: nobody agrees to the rights that they give.", "Give a second person the duty " + string(RunPeople) + "."})
	}
	for duty, say := range map[Duty]string{
		AgreePolicy:  "Nobody puts policy in force: it cannot change.",
		ReviewAccess: "Nobody reviews broken glasses and lent access.",
		ReadRecord:   "Nobody reads the record.",
	} {
		if d.humans(DutyKind, string(duty), now, trusted) == 0 {
			out = append(out, Lack{"no-" + string(duty), say, "Give somebody the duty " + string(duty) + "."})
		}
	}
	slices.SortStableFunc(out, func(a, b Lack) int { return order(a.What) - order(b.What) })
	return out
}

func order(what string) int {
	return slices.Index([]string{"administrator", "second-administrator", "no-agree-policy", "no-review-access", "no-read-record"}, what)
}

// humans counts the human beings who hold something now.
func (d *Directory) humans(k Kind, name string, now int64, trusted bool) int {
	var seen []string
	for id := range d.index.holders[holding(k, name)] {
		if d.holds(id, k, name, now, trusted) && !slices.ContainsFunc(seen, func(s string) bool { return d.same(s, id) }) {
			seen = append(seen, id)
		}
	}
	return len(seen)
}

// lacksSplit: duties that belong apart and are not, or do not count for it, and rights
// that nobody agreed to.
func (d *Directory) lacksSplit(now int64, trusted bool) (out []Lack) {
	both, alone, waiting, sees := 0, 0, 0, 0
	for _, id := range d.index.ids {
		p := d.persons.At(id)
		if p == nil || !p.Active {
			continue
		}
		if d.both(p, now) {
			both++
		}
		if d.holds(id, DutyKind, string(RunSystem), now, trusted) && len(d.names(p, Role, now, trusted)) > 0 {
			sees++
		}
		p.each(func(k Kind, h *Held) {
			if h.Alone && h.Agreed == "" && h.Taken == "" {
				alone++
			}
			if d.waits(p, k, h) {
				waiting++
			}
		})
	}
	add := func(n int, what, one, more, do string) {
		switch {
		case n == 1:
			out = append(out, Lack{what, one, do})
		case n > 1:
			out = append(out, Lack{what, fmt.Sprintf(more, n), do})
		}
	}
	if d.index.people < few {
		add(both, "duties-together", "One of fewer than four people holds a duty together with the one that watches it.", "%d of fewer than four people hold a duty together with the one that watches it.", "Divide them as soon as there are four people: then the one that watches does not count beside the other.")
	} else {
		add(both, "duties-do-not-count", "One person holds a duty together with the one that watches it, which therefore does not count for them.", "%d people hold a duty together with the one that watches it, which therefore does not count for them.", "Give one of the two to somebody else.")
	}
	add(sees, "system-sees-charts", "One person runs the system and holds roles that may open charts.", "%d people run the system and hold roles that may open charts.", "Give one of the two to somebody else.")
	add(alone, "given-alone", "One right was given while there was nobody to agree.", "%d rights were given while there was nobody to agree.", "A second person who runs people agrees to them, or takes them away.")
	add(d.countOfTwo(), "identity-of-two", "One account at the identity provider is said to be two people, so nobody comes in by it.", "%d accounts at identity providers are said to be two people each, so nobody comes in by them.", "Who runs people takes it away from whom it is not.")
	add(waiting, "waits-for-agreement", "One right waits for a second person, and does not count until then.", "%d rights wait for a second person, and do not count until then.", "Somebody else who runs people agrees to them, or takes them away.")
	return out
}

// both reports whether duties that belong apart stand together on one human being.
func (d *Directory) both(p *Person, now int64) bool {
	if len(p.Duties) == 0 {
		return false // what other identities hold is counted with them
	}
	has := map[Duty]bool{}
	for _, id := range d.identities(p.ID) {
		q := d.persons.At(id)
		if q == nil || !q.Active {
			continue
		}
		for _, h := range q.Duties {
			if h.Until == 0 || now < h.Until {
				has[Duty(h.Name)] = true
			}
		}
	}
	for duty, others := range guarded {
		if has[duty] && slices.ContainsFunc(others, func(o Duty) bool { return has[o] }) {
			return true
		}
	}
	return false
}

// lacksApprovers: who may say yes for others under the policy in force, and is nobody.
func (d *Directory) lacksApprovers(now int64, trusted bool) (out []Lack) {
	var none []string
	for name := range d.rightsNow().names {
		if name != "" && d.humans(Role, name, now, trusted)+d.humans(Position, name, now, trusted) == 0 {
			none = append(none, name)
		}
	}
	slices.Sort(none)
	for _, name := range none {
		out = append(out, Lack{"no-approver:" + name, "Nobody holds " + name + ", whom the policy names to approve: what needs their yes cannot be lent.", "Give it to somebody."})
	}
	return out
}
