package people

import (
	"context"
	"net/netip"
	"slices"
	"strings"

	"modicum/internal/caller"
	"modicum/internal/defect"
	"modicum/policy"
)

// longest is how long a program may run before somebody looks at it again, in
// microseconds: 398 days.
const longest = 398 * 24 * 3600 * 1_000_000

// AddProgram adds a program without keys: its owner adds those. Nobody makes one for
// themselves, unless nobody else runs people.
func (d *Directory) AddProgram(ctx context.Context, by Actor, given *Program) (*Program, error) {
	p := *given
	err := d.change(ctx, by, "program-added", about(p.ID), func(t *turn) error {
		if err := t.mayGive(); err != nil {
			return err
		}
		p.Active, p.Created, p.Keys, p.LastUse = true, t.now, nil, 0
		if err := t.checkProgram(&p); err != nil {
			return err
		}
		if err := t.free(anID, p.ID, ofNoPerson); err != nil {
			return err
		}
		if err := t.notOwn(&p); err != nil {
			return err
		}
		t.programs[p.ID] = &p
		t.what(p.Role, p.Role+"/"+p.Task)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return d.Program(p.ID), nil
}

// notOwn refuses to widen what acts for oneself where somebody else could.
func (t *turn) notOwn(p *Program) error {
	if t.d.same(t.by.ID, p.Owner) && len(t.others(t.by.ID)) > 0 && !defect.On(defect.WidensOwn) {
		return refuse(ErrSelf, "it would act for you; somebody else who runs people does this")
	}
	return nil
}

func (t *turn) checkProgram(p *Program) error {
	var out Problems
	out.add("id", nameProblem(p.ID))
	for _, f := range []struct{ field, value string }{{"title", p.Title}, {"why", p.Why}} {
		if f.value == "" || len(f.value) > mostText || !plain(f.value) {
			out.add(f.field, "must be given, in at most 500 bytes without control characters")
		}
	}
	if !t.d.alive(p.Owner) {
		out.add("owner", "must be somebody of the directory who is active")
	}
	t.checkTask(&out, p)
	if p.Until <= t.now || p.Until > t.now+longest {
		out.add("until", "must lie ahead, within 398 days")
	}
	for _, s := range p.Scopes {
		if some, ok := caller.ParseScopes(s); !ok || strings.ContainsAny(s, " ") || len(some) == 1 && some[0].Closed || len(some) == 0 {
			out.add("scopes", "hold one that is no SMART v2 scope, such as system/Observation.rs")
			break
		}
	}
	for _, n := range p.Networks {
		if _, err := netip.ParsePrefix(n); err != nil {
			out.add("networks", "hold one that is no range of addresses, such as 192.0.2.0/24")
			break
		}
	}
	if len(p.Scopes) > 64 || len(p.Networks) > 64 {
		out.add("scopes", "or networks are more than 64")
	}
	return out.err()
}

// checkTask: one role that programs hold and that decides for nobody (G8), and one task
// of it, for its purpose.
func (t *turn) checkTask(out *Problems, p *Program) {
	set := t.d.cfg.Policy()
	role, ok := set.RoleOf(p.Role)
	switch {
	case !ok:
		out.add("role", "is no role that the policy in force knows"+instead(p.Role, roleNames(set, true)))
		return
	case role.HeldBy.Text != "programs":
		out.add("role", "is held by people; a program needs a role of `held-by: programs`")
		return
	case t.d.OverOthers(Role, p.Role):
		out.add("role", "approves for others, which no program does")
		return
	}
	info, ok := set.Task(p.Role + "/" + p.Task)
	switch {
	case !ok:
		out.add("task", "is no task of that role")
	case p.Purpose == "":
		p.Purpose = info.Purpose
	case p.Purpose != info.Purpose:
		out.add("purpose", "is another than that of its task")
	}
}

// ChangeProgram changes a program: f changes a copy. Its owner may narrow it, who runs
// people may widen it as well, and a program may do neither (G8). Keys, owner, id, role
// and task are not f's to change.
func (d *Directory) ChangeProgram(ctx context.Context, by Actor, id string, f func(*Program) error) (*Program, error) {
	err := d.change(ctx, by, "program-changed", about(id), func(t *turn) error {
		p, err := t.ownProgram(id)
		if err != nil {
			return err
		}
		old := *p
		next := old
		next.Scopes, next.Networks = slices.Clone(old.Scopes), slices.Clone(old.Networks)
		if err := f(&next); err != nil {
			return err
		}
		next.ID, next.Owner, next.Role, next.Task, next.Purpose = old.ID, old.Owner, old.Role, old.Task, old.Purpose
		next.Keys, next.Active, next.Created, next.LastUse = old.Keys, old.Active, old.Created, old.LastUse
		if wider(&old, &next) {
			if err := t.mayGive(); err != nil {
				return err
			}
			if err := t.notOwn(&next); err != nil {
				return err
			}
		}
		*p = next
		return t.checkProgram(p)
	})
	if err != nil {
		return nil, err
	}
	return d.Program(id), nil
}

// wider reports whether a change could let a program do more: anything but a shorter
// time, fewer scopes out of those that it had, fewer networks out of those that it had.
func wider(old, now *Program) bool {
	return now.Until > old.Until || moreOf(old.Scopes, now.Scopes) || moreOf(old.Networks, now.Networks)
}

// moreOf: none means any.
func moreOf(old, now []string) bool {
	if len(old) == 0 {
		return false
	}
	return len(now) == 0 || slices.ContainsFunc(now, func(s string) bool { return !slices.Contains(old, s) })
}

// ownProgram returns a program that runs, for its owner or who runs people.
func (t *turn) ownProgram(id string) (*Program, error) {
	p := t.program(id)
	if p == nil {
		return nil, refuse(ErrNobody, "look for the program on the page of programs")
	}
	if t.by.ID != p.Owner || !t.d.alive(p.Owner) {
		if err := t.mayRun(); err != nil {
			return nil, err
		}
	}
	if !p.Active {
		return nil, refuse(ErrGone, "it was stopped, with its keys; make another one")
	}
	return p, nil
}

// StopProgram stops a program for ever.
func (d *Directory) StopProgram(ctx context.Context, by Actor, id string) error {
	return d.change(ctx, by, "program-stopped", about(id), func(t *turn) error {
		p, err := t.ownProgram(id)
		if err != nil {
			return err
		}
		t.stop(p)
		return nil
	})
}

// HandOver gives a program to a new owner, by the old one or by who runs people, whom it
// does not come to. Its keys end: the new owner registers theirs.
func (d *Directory) HandOver(ctx context.Context, by Actor, id, owner string) error {
	return d.change(ctx, by, "program-handed-over", about(id), func(t *turn) error {
		p, err := t.ownProgram(id)
		if err != nil {
			return err
		}
		if !t.trusted {
			return refuse(ErrTime, "try again when the clock is set")
		}
		if !t.d.alive(owner) {
			return Problems{{"owner", "must be somebody of the directory who is active"}}
		}
		if owner == p.Owner {
			return nil
		}
		p.Owner, p.Keys = owner, nil
		if err := t.notOwn(p); err != nil {
			return err
		}
		t.what(owner)
		return nil
	})
}

// interactions are those of a policy's verbs in the letters of SMART v2 scopes.
func interactions(v policy.Verb) (out caller.ScopeVerb) {
	for verb, scope := range map[policy.Verb]caller.ScopeVerb{
		policy.Read: caller.ScopeRead, policy.Search: caller.ScopeSearch,
		policy.Create: caller.ScopeCreate, policy.Update: caller.ScopeUpdate,
	} {
		if v&verb != 0 {
			out |= scope
		}
	}
	return out
}
