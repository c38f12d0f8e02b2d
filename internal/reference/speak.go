package reference

import (
	"slices"

	"modicum/policy"
	"modicum/policy/doc"
)

// code is the HL7 code that is recorded: ETREAT or BTG where stated, else the first
// that the organization lists (section 5).
func (d *Decision) code() string {
	if glassCode(d.request.Purpose) {
		return d.request.Purpose
	}
	p, _ := d.model.purpose(d.Purpose)
	if len(p.Codes) == 0 {
		return ""
	}
	return p.Codes[0].Text
}

// speak is rule 2: which tasks speak.
func (d *Decision) speak() policy.Why {
	m, r := d.model, d.request
	switch {
	case r.Disclosure != "":
		k := m.disclosure(r.Disclosure)
		if k == nil {
			return policy.UnknownTask
		}
		return d.speakOnly(k)
	case r.Program != "":
		return d.speakProgram()
	}
	return d.speakPerson()
}

// speakProgram: one program, one task (section 5). What is stated beside it must
// agree.
func (d *Decision) speakProgram() policy.Why {
	m, r := d.model, d.request
	for i := range m.folder.Organization.Programs {
		p := &m.folder.Organization.Programs[i]
		if p.Name.Text != r.Program {
			continue
		}
		for _, k := range m.tasksOf(m.role(p.Role.Text)) {
			if k.name != p.Task.Text {
				continue
			}
			if r.Task != "" && r.Task != k.name && r.Task != k.id {
				return policy.UnknownTask
			}
			d.program = p
			return d.speakOnly(k)
		}
	}
	return policy.NoRole
}

func (d *Decision) speakOnly(k *task) policy.Why {
	d.speaks = []*task{k}
	said := d.request.Purpose
	switch {
	case said == "":
		return policy.Admitted
	case glassCode(said) && k.glass:
		return policy.Admitted
	case !glassCode(said) && d.model.purposeName(said) == k.purpose:
		return policy.Admitted
	}
	return policy.UnknownPurpose
}

func (m *Model) role(name string) *doc.Role {
	for i := range m.folder.Roles {
		if m.folder.Roles[i].Name.Text == name {
			return &m.folder.Roles[i]
		}
	}
	return nil
}

func (d *Decision) speakPerson() policy.Why {
	held := d.model.held(d.request.Roles)
	if len(held) == 0 {
		return policy.NoRole
	}
	free, dropped := d.model.outOfConflict(held, d.request.Roles)
	tasks, why := d.pick(free)
	d.speaks = tasks
	if len(dropped) == 0 || why != policy.NoRole && why != policy.UnknownTask && why != policy.UnknownPurpose {
		return why
	}
	// Who holds two roles in conflict is told so where it is what stands in the way.
	if _, would := d.pick(dropped); len(free) == 0 || would == policy.Admitted || would == policy.PurposesDiffer {
		return policy.RolesInConflict
	}
	return why
}

// held returns the roles that the policy knows and that people hold, once each.
func (m *Model) held(names []string) []*doc.Role {
	var out []*doc.Role
	for i := range m.folder.Roles {
		r := &m.folder.Roles[i]
		if slices.Contains(names, r.Name.Text) && r.HeldBy.Text != "programs" {
			out = append(out, r)
		}
	}
	return out
}

// outOfConflict: who holds two roles in conflict holds neither (section 5,
// conflicts). A role of programs that a person claims is in conflict all the same.
func (m *Model) outOfConflict(held []*doc.Role, claimed []string) (free, dropped []*doc.Role) {
	for _, r := range held {
		if m.inConflict(r.Name.Text, claimed) {
			dropped = append(dropped, r)
		} else {
			free = append(free, r)
		}
	}
	return free, dropped
}

func (m *Model) inConflict(role string, claimed []string) bool {
	return slices.ContainsFunc(m.folder.Organization.Conflicts, func(c doc.Conflict) bool {
		return contains(c.Roles, role) && slices.ContainsFunc(c.Roles, func(w doc.Word) bool {
			return w.Text != role && slices.Contains(claimed, w.Text)
		})
	})
}

// pick is rule 2 for the roles of a person: the named task in each role, or all
// tasks of the stated purpose. Never a union over purposes.
func (d *Decision) pick(roles []*doc.Role) ([]*task, policy.Why) {
	said, named := d.request.Purpose, d.request.Task
	if said != "" && !glassCode(said) && d.model.purposeName(said) == "" {
		return nil, policy.UnknownPurpose
	}
	if len(roles) == 0 {
		return nil, policy.NoRole
	}
	tasks := d.candidates(roles)
	if named == "" {
		tasks = d.ofPurpose(tasks)
	}
	switch {
	case len(tasks) == 0 && named != "":
		return nil, policy.UnknownTask
	case len(tasks) == 0:
		return nil, policy.UnknownPurpose
	case !onePurpose(tasks) && named == "" && said == "":
		return nil, policy.PurposeUnstated
	case !onePurpose(tasks):
		return nil, policy.PurposesDiffer // say role/task
	}
	if tasks = d.ofPurpose(tasks); len(tasks) == 0 {
		return nil, policy.UnknownPurpose
	}
	return tasks, policy.Admitted
}

// candidates are the tasks of the roles that bear the name asked for, or all.
func (d *Decision) candidates(roles []*doc.Role) []*task {
	var out []*task
	for _, r := range roles {
		for _, k := range d.model.tasksOf(r) {
			if d.request.Task == "" || d.request.Task == k.name || d.request.Task == k.id {
				out = append(out, k)
			}
		}
	}
	return out
}

// ofPurpose keeps the tasks of the stated purpose. A code picks the one purpose
// that lists it; ETREAT and BTG the tasks that have break-glass.
func (d *Decision) ofPurpose(tasks []*task) []*task {
	var out []*task
	said := d.request.Purpose
	for _, k := range tasks {
		switch {
		case said == "", glassCode(said) && k.glass, !glassCode(said) && k.purpose == d.model.purposeName(said):
			out = append(out, k)
		}
	}
	return out
}

func onePurpose(tasks []*task) bool {
	return !slices.ContainsFunc(tasks, func(k *task) bool { return k.purpose != tasks[0].purpose })
}
