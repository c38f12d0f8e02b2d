package people

import (
	"context"
	"slices"
	"strings"

	"modicum/internal/defect"
	"modicum/internal/nearest"
	"modicum/policy"
)

// Gift is a role, position, duty or identity for somebody.
type Gift struct {
	Person string
	Kind   Kind
	Name   string
	Dept   string // narrows a position, or a role to those who stay there
	Why    string
	Until  int64 // 0: until taken away
}

// Give gives somebody something. A right over others, and whatever somebody gives to
// themselves, waits for a second person who runs people; where there is none it counts
// at once and Lacks says so.
func (d *Directory) Give(ctx context.Context, by Actor, g Gift) error {
	return d.change(ctx, by, string(g.Kind)+"-given", about(g.Person), func(t *turn) error {
		if err := t.mayGive(); err != nil {
			return err
		}
		p, err := t.receives(g)
		if err != nil {
			return err
		}
		h := Held{Name: g.Name, Dept: g.Dept, From: Local, Why: g.Why, By: by.ID, Since: t.now, Until: g.Until}
		t.what(g.Name)
		if t.d.needsSecond(p, g.Kind, &h) {
			h.Alone = len(t.others(t.unasked(g)...)) == 0
			if !h.Alone {
				t.e.Act = string(g.Kind) + "-proposed"
			}
		}
		t.hold(p, g.Kind, h)
		return nil
	})
}

// receives returns the page of whoever a gift is for, after looking at both.
func (t *turn) receives(g Gift) (*Person, error) {
	p, err := t.someone(g.Person)
	if err != nil {
		return nil, err
	}
	if !p.Active {
		return nil, refuse(ErrGone, "bring them back first")
	}
	if err := t.checkGift(g); err != nil {
		return nil, err
	}
	if g.Kind == DutyKind {
		return p, t.apart(p, Duty(g.Name))
	}
	if g.Kind == Role {
		return p, t.conflict(p, g.Name)
	}
	if g.Kind == IdentityKind {
		return p, t.unsaid(p, g.Name)
	}
	return p, nil
}

// unasked are who cannot be the second person of a gift: who gives and who gets it. Whose
// identity it is can say it themselves, so that somebody else agrees.
func (t *turn) unasked(g Gift) []string {
	if g.Kind == IdentityKind {
		return []string{t.by.ID}
	}
	return []string{t.by.ID, g.Person}
}

func (t *turn) checkGift(g Gift) error {
	var out Problems
	set := t.d.cfg.Policy()
	var words []string // that a name may be
	switch g.Kind {
	case Role:
		if role, ok := set.RoleOf(g.Name); ok && role.HeldBy.Text == "programs" {
			out.add("name", "is a role that only programs hold")
		}
		words = roleNames(set, false)
	case Position:
		words = []string{Manager}
		for _, w := range set.Folder().Organization.Positions {
			words = append(words, w.Text)
		}
	case DutyKind:
		for _, d := range Duties() {
			words = append(words, string(d))
		}
	case IdentityKind:
		out.add("name", t.d.identityProblem(g.Name))
	default:
		out.add("kind", "is none of role, position, duty, identity")
	}
	if _, known := set.RoleOf(g.Name); words != nil && !slices.Contains(words, g.Name) && !(g.Kind == Role && known) {
		out.add("name", "is no "+string(g.Kind)+" that the policy in force knows"+instead(g.Name, words))
	}
	if g.Dept != "" && (g.Kind == DutyKind || g.Kind == IdentityKind) {
		out.add("dept", "narrows no "+string(g.Kind))
	}
	if len(g.Why) > mostText || !plain(g.Why) {
		out.add("why", "is longer than 500 bytes, or holds control characters")
	}
	if len(g.Dept) > mostName || !plain(g.Dept) {
		out.add("dept", "is longer than 256 bytes, or holds control characters")
	}
	if g.Until != 0 && g.Until <= t.now {
		out.add("until", "is over already")
	}
	return out.err()
}

// apart refuses a duty beside one that it watches, or that watches it.
func (t *turn) apart(p *Person, duty Duty) error {
	if t.d.index.people < few || defect.On(defect.DutiesTogether) {
		return nil
	}
	for _, id := range t.d.identities(p.ID) {
		for _, other := range Duties() {
			if (watched(duty, other) || watched(other, duty)) && t.hasDuty(id, other) {
				return refuse(ErrApart, "they hold the duty %s; who does that does not hold %s as well", other, duty)
			}
		}
	}
	return nil
}

// hasDuty reports whether a duty is theirs, counting or waiting.
func (t *turn) hasDuty(id string, duty Duty) bool {
	p := t.d.persons.At(id)
	return p != nil && p.Active && slices.ContainsFunc(p.Duties, func(h Held) bool {
		return h.Name == string(duty) && (h.Until == 0 || t.now < h.Until)
	})
}

// conflict refuses a role that the policy holds apart from one of theirs.
func (t *turn) conflict(p *Person, role string) error {
	with := append(t.d.names(p, Role, t.now, t.trusted), role)
	for _, c := range t.d.cfg.Policy().Conflicts(with) {
		if slices.ContainsFunc(c.Roles, func(w word) bool { return w.Text == role }) {
			return refuse(ErrApart, "%s Take the other role away first", c.Say)
		}
	}
	return nil
}

// hold writes what somebody holds, in place of the same from the same source.
func (t *turn) hold(p *Person, k Kind, h Held) {
	list := p.held(k)
	at := slices.IndexFunc(*list, func(o Held) bool { return o.Name == h.Name && o.Dept == h.Dept && o.Group == h.Group })
	if at < 0 {
		*list = append(*list, h)
		return
	}
	(*list)[at] = h
}

// Which names one thing that somebody holds.
type Which struct {
	Person string
	Kind   Kind
	Name   string
	Dept   string
	Group  string
}

// Agree is the second person's yes to what waits for it: somebody who runs people, who
// neither gave it nor gets it, under any identity (G1, G9).
func (d *Directory) Agree(ctx context.Context, by Actor, w Which) error {
	return d.change(ctx, by, string(w.Kind)+"-agreed", about(w.Person), func(t *turn) error {
		if err := t.mayGive(); err != nil {
			return err
		}
		p, h, err := t.one(w)
		if err != nil {
			return err
		}
		if !p.Active {
			return refuse(ErrGone, "bring them back first")
		}
		if h.Agreed != "" || h.Taken != "" || !t.d.needsSecond(p, w.Kind, h) {
			return refuse(ErrChanged, "nothing waits for an answer here")
		}
		if w.Kind == IdentityKind {
			if err := t.ofOne(p, w.Name); err != nil {
				return err
			}
		}
		second := !t.d.same(by.ID, p.ID) && !t.d.same(by.ID, h.By)
		if !second && !defect.On(defect.SecondIsFirst) {
			return refuse(ErrSelf, "somebody else who runs people agrees to this; it was given by you or to you")
		}
		h.Agreed, h.Alone = by.ID, false
		t.what(w.Name)
		return nil
	})
}

// one returns the page and what is meant on it.
func (t *turn) one(w Which) (*Person, *Held, error) {
	p, err := t.someone(w.Person)
	if err != nil {
		return nil, nil, err
	}
	list := p.held(w.Kind)
	if list == nil {
		return nil, nil, Problems{{"kind", "is none of role, position, duty, identity"}}
	}
	at := slices.IndexFunc(*list, w.is)
	if at < 0 {
		return nil, nil, refuse(ErrChanged, "they do not hold this, or no more")
	}
	return p, &(*list)[at], nil
}

func (w Which) is(h Held) bool { return h.Name == w.Name && h.Dept == w.Dept && h.Group == w.Group }

// Take takes something away, at once. Everybody may give up what is theirs. What a group
// of provisioning gives comes back while the group does.
func (d *Directory) Take(ctx context.Context, by Actor, w Which) error {
	return d.change(ctx, by, string(w.Kind)+"-taken", about(w.Person), func(t *turn) error {
		p, h, err := t.one(w)
		if err != nil {
			return err
		}
		if w.Kind == IdentityKind {
			if wait, err := t.part(p, h); wait || err != nil {
				t.what(w.Name)
				return err
			}
		}
		if by.ID != p.ID {
			if err := t.mayRun(); err != nil {
				return err
			}
		}
		if w.Kind == DutyKind && w.Name == string(RunPeople) {
			if err := t.leavesSomebody(p.ID); err != nil {
				return err
			}
		}
		if w.Group != "" {
			return refuse(ErrForbidden, "a group of provisioning gives it; take them out of the group there, or deactivate them")
		}
		list := p.held(w.Kind)
		*list = drop(*list, w.is)
		t.what(w.Name)
		return nil
	})
}

// Link says that ids are one human being: nobody approves for themselves under another
// of them. Undoing it needs Unlink.
func (d *Directory) Link(ctx context.Context, by Actor, a, b string) error {
	return d.change(ctx, by, "identities-linked", about(a), func(t *turn) error {
		if err := t.mayRun(); err != nil {
			return err
		}
		if a == b {
			return Problems{{"same", "must be somebody else"}}
		}
		return t.both(a, b, with)
	})
}

// Unlink takes back a link, which opens what it closed: not for oneself.
func (d *Directory) Unlink(ctx context.Context, by Actor, a, b string) error {
	return d.change(ctx, by, "identities-unlinked", about(a), func(t *turn) error {
		if err := t.mayGive(); err != nil {
			return err
		}
		if t.d.same(by.ID, a) {
			return refuse(ErrSelf, "somebody else who runs people takes this link back")
		}
		err := t.both(a, b, func(list []string, id string) []string {
			list = slices.DeleteFunc(list, func(s string) bool { return s == id })
			return list[:len(list):len(list)]
		})
		if err != nil {
			return err
		}
		return t.parted(a, b)
	})
}

func (t *turn) both(a, b string, f func([]string, string) []string) error {
	for _, pair := range [][2]string{{a, b}, {b, a}} {
		p, err := t.someone(pair[0])
		if err != nil {
			return err
		}
		if p.Same = f(p.Same, pair[1]); len(p.Same) == 0 {
			p.Same = nil
		}
	}
	t.what(b)
	return nil
}

// roleNames are the roles of a policy that people hold, or programs.
func roleNames(set *policy.Set, programs bool) (out []string) {
	for _, r := range set.Folder().Roles {
		if (r.HeldBy.Text == "programs") == programs {
			out = append(out, r.Name.Text)
		}
	}
	return out
}

// instead says what to write for a name that nobody knows: the nearest word, or all.
func instead(name string, words []string) string {
	if near := nearest.Word(name, words); near != "" {
		return "; the nearest is " + near
	}
	return "; it knows " + strings.Join(words, ", ")
}
