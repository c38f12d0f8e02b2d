package people

import (
	"cmp"
	"slices"
	"strings"

	"modicum/internal/caller"
)

// Standing is one thing that somebody holds, as the pages list it.
type Standing struct {
	Person string
	Kind   Kind
	Held
	Counts  bool   // now
	Waits   bool   // for a second person
	OfTwo   bool   // an identity that is somebody else's, too, so that nobody comes in by it
	LastUse int64  // of a role, to the hour; 0: never, or not known
	Because string // why it does not count, "" when it does
}

// Standings lists what one person holds, why, since when, and when it was last used.
func (d *Directory) Standings(id string, now int64) (out []Standing) {
	_, trusted := d.now()
	d.view(func() {
		if p := d.persons.At(id); p != nil {
			out = d.standings(p, now, trusted)
		}
	})
	return out
}

func (d *Directory) standings(p *Person, now int64, trusted bool) (out []Standing) {
	p.each(func(k Kind, h *Held) { out = append(out, d.standing(p, k, h, now, trusted)) })
	return out
}

func (d *Directory) standing(p *Person, k Kind, h *Held, now int64, trusted bool) Standing {
	s := Standing{Person: p.ID, Kind: k, Held: *h, Counts: d.counts(p, k, h, now, trusted), Waits: d.waits(p, k, h)}
	switch k {
	case Role:
		s.LastUse = d.lastUse(p.ID, h.Name)
	case IdentityKind:
		s.OfTwo = d.ofTwo(p, h)
		s.Counts = s.Counts && !s.OfTwo
	}
	s.Because = d.because(p, &s, now, trusted)
	return s
}

func (d *Directory) because(p *Person, s *Standing, now int64, trusted bool) string {
	switch {
	case s.Counts && s.Kind == Role && d.inConflict(p, s.Name, now, trusted):
		return "in conflict with another role of theirs"
	case s.Counts:
		return ""
	case s.Waits:
		return "waits for a second person"
	case s.Taken != "":
		return "was taken away by one person; a second who runs people takes it away as well, and until then nobody comes in by that name"
	case s.OfTwo:
		return "is said of somebody else as well, so that nobody comes in by it; take it away from whom it is not"
	case !p.Active:
		return "they have left; what is kept is given to nobody else"
	case s.Until != 0 && !trusted:
		return "has an end, and the time is not certain"
	case s.Since > now:
		return "begins later"
	case s.Until != 0 && now >= s.Until:
		return "is over"
	case s.Kind == DutyKind && d.apart(p, Duty(s.Name), now, trusted):
		return "does not count beside a duty that it watches"
	}
	return "its group does not give it any more"
}

// Proposals lists what waits for a second person, oldest first: what was given, which
// whoever gave it or gets it cannot answer; identities that one person took away; and those
// of two, of which any who is neither says whose they are.
func (d *Directory) Proposals(now int64) (out []Standing) {
	_, trusted := d.now()
	d.view(func() {
		for _, id := range d.index.ids {
			p := d.persons.At(id)
			if p == nil {
				continue
			}
			p.each(func(k Kind, h *Held) {
				if p.Active && d.waits(p, k, h) || h.Taken != "" || k == IdentityKind && d.ofTwo(p, h) {
					out = append(out, d.standing(p, k, h, now, trusted))
				}
			})
		}
	})
	slices.SortFunc(out, func(a, b Standing) int {
		return cmp.Or(cmp.Compare(a.Since, b.Since), strings.Compare(a.Person, b.Person), cmp.Compare(a.Kind, b.Kind), strings.Compare(a.Name, b.Name),
			strings.Compare(a.Dept, b.Dept), strings.Compare(a.Group, b.Group))
	})
	return out
}

// Finding is something about a program that its owner should look at.
type Finding struct {
	Program string
	What    string // unused, unlisted, wide, key-ends, no-key, owner-gone, ends
	Say     string
	Key     string // of key-ends
	Until   int64  // of key-ends and ends
}

const (
	day       = 24 * 3600 * 1_000_000
	unusedFor = 90 * day
	endsSoon  = 14 * day
)

// Findings lists what stands out about the programs that run.
func (d *Directory) Findings(now int64) (out []Finding) {
	for _, p := range d.Programs() {
		out = append(out, d.FindingsOf(p, now)...)
	}
	return out
}

// FindingsOf is Findings of one program, as it is given.
func (d *Directory) FindingsOf(p *Program, now int64) (out []Finding) {
	if !p.Active {
		return nil
	}
	add := func(what, say string) { out = append(out, Finding{Program: p.ID, What: what, Say: say}) }
	if owner := d.Person(p.Owner); owner == nil || !owner.Active {
		add("owner-gone", "Its owner is gone, so it is refused; somebody else takes it over.")
	}
	if max(p.LastUse, p.Created) < now-unusedFor {
		add("unused", "It was not used for 90 days; stop it, or say why it stays.")
	}
	if !d.listed(p) {
		add("unlisted", "The policy lists no program of this id with this task, so no door answers it: add it under programs in organization.yaml.")
	}
	if d.wide(p) {
		add("wide", "Its scopes are wider than its task can use; narrow them.")
	}
	return append(out, ends(p, now)...)
}

func ends(p *Program, now int64) (out []Finding) {
	if p.Until < now+endsSoon {
		out = append(out, Finding{Program: p.ID, What: "ends", Say: "It ends within 14 days, or has ended.", Until: p.Until})
	}
	live := 0
	for _, k := range p.Keys {
		if now < k.Until {
			live++
		}
		if k.Until < now+endsSoon {
			out = append(out, Finding{Program: p.ID, What: "key-ends", Say: "A key ends within 14 days, or has ended; register the next one.", Key: k.ID, Until: k.Until})
		}
	}
	if live == 0 {
		out = append(out, Finding{Program: p.ID, What: "no-key", Say: "It has no key that counts, so it cannot sign in."})
	}
	return out
}

// listed reports whether the policy in force knows the program: what it does not name
// holds no role at a door.
func (d *Directory) listed(p *Program) bool {
	q := d.cfg.Policy().Program(p.ID)
	return q != nil && q.Role.Text == p.Role && q.Task.Text == p.Task
}

// wide reports whether a scope names interactions that its task does not have, or none
// are named, which takes nothing away.
func (d *Directory) wide(p *Program) bool {
	info, ok := d.cfg.Policy().Task(p.Role + "/" + p.Task)
	if !ok || len(p.Scopes) == 0 {
		return true
	}
	has := interactions(info.Verbs)
	for _, s := range p.Scopes {
		some, _ := caller.ParseScopes(s)
		for _, scope := range some {
			if scope.Verbs&^has != 0 || scope.Type == "*" {
				return true
			}
		}
	}
	return false
}

// Unknown lists what people hold that the policy in force does not know, as "kind name".
func (d *Directory) Unknown() []string {
	set := d.cfg.Policy()
	known := map[string]bool{holding(Position, Manager): true}
	for _, r := range set.Roles() {
		known[holding(Role, r)] = true
	}
	for _, w := range set.Folder().Organization.Positions {
		known[holding(Position, w.Text)] = true
	}
	for _, duty := range Duties() {
		known[holding(DutyKind, string(duty))] = true
	}
	var out []string
	d.view(func() {
		for name := range d.index.holders {
			if !known[name] && !strings.HasPrefix(name, holding(IdentityKind, "")) {
				out = append(out, name)
			}
		}
	})
	slices.Sort(out)
	return out
}
