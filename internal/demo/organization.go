package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"modicum/internal/people"
	"modicum/internal/sandbox"
)

// day is a day of the demo's calendar, which knows no change of the clocks.
const day = 24 * time.Hour

// Who runs the people of the hospital.
const (
	systemOwner = "olga"
	peopleOwner = "samuel"
	integrator  = "mei"
)

func as(id string) people.Actor { return people.Actor{ID: id, Network: "127.0.0.1"} }

// found makes the organization: its administrators, everybody else from a list as the
// personnel office has it, what they hold, and their programs.
func (d *demo) found(ctx context.Context) error {
	steps := []func(context.Context) error{d.administrators, d.importStaff, d.rights, d.programs}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// administrators are three until each has agreed to what another got, then two.
func (d *demo) administrators(ctx context.Context) error {
	dir := d.server.People()
	runs := func(id string) people.Gift {
		return people.Gift{Person: id, Kind: people.DutyKind, Name: string(people.RunPeople), Why: "looks after people and what they hold"}
	}
	agree := func(by, id string, duty people.Duty) error {
		return dir.Agree(ctx, as(by), people.Which{Person: id, Kind: people.DutyKind, Name: string(duty)})
	}
	if _, err := dir.First(ctx, pageOf(systemOwner)); err != nil {
		return err
	}
	return inOrder(
		func() error { _, err := dir.Add(ctx, as(systemOwner), pageOf(peopleOwner)); return err },
		func() error { return dir.Give(ctx, as(systemOwner), runs(peopleOwner)) },
		func() error { _, err := dir.Add(ctx, as(peopleOwner), pageOf(integrator)); return err },
		func() error { return dir.Give(ctx, as(peopleOwner), runs(integrator)) },
		func() error { return agree(systemOwner, integrator, people.RunPeople) },
		func() error { return agree(integrator, peopleOwner, people.RunPeople) },
		func() error { return agree(peopleOwner, systemOwner, people.RunPeople) },
		func() error { return agree(peopleOwner, systemOwner, people.RunSystem) },
		func() error {
			return dir.Take(ctx, as(integrator), people.Which{Person: integrator, Kind: people.DutyKind, Name: string(people.RunPeople)})
		},
	)
}

// inOrder does one thing after the other, up to the first that fails.
func inOrder(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// pageOf is somebody's page of the directory, without manager, who may not be there yet.
func pageOf(id string) *people.Person {
	for _, m := range sandbox.Members() {
		if m.ID == id {
			return &people.Person{ID: m.ID, UserName: m.ID, Name: m.Name, Mail: m.ID + "@hospital.example", Title: m.Title, Department: m.Dept, Facility: sandbox.Facility, Practitioners: nonEmpty(m.Practitioner)}
		}
	}
	return nil
}

func nonEmpty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

// later came during the week, or was somebody else before it.
var later = map[string]bool{joiner: true}

// importStaff adds everybody who was there from the beginning, in one change.
func (d *demo) importStaff(ctx context.Context) error {
	var list bytes.Buffer
	enc := json.NewEncoder(&list)
	for _, m := range append(sandbox.Members(), sandbox.Leaver) {
		if later[m.ID] || d.server.People().Person(m.ID) != nil {
			continue
		}
		row := people.Row{UserName: m.ID, Name: m.Name, Mail: m.ID + "@hospital.example", Title: m.Title, Department: m.Dept, Facility: sandbox.Facility, Manager: m.Manager}
		if !m.Apart {
			row.Roles = []string{m.Role}
		}
		if m.ID == mover { // she worked at the front desk
			row.Roles, row.Title, row.Department = []string{"registration"}, "Front desk", "front-desk"
		}
		if err := enc.Encode(row); err != nil {
			return err
		}
	}
	_, err := d.server.People().Import(ctx, as(peopleOwner), &list, "ndjson", false)
	return err
}

// rights gives positions, duties and the roles that an administrator could not be given
// by the list, and has the other administrator agree to what needs a second person.
func (d *demo) rights(ctx context.Context) error {
	for _, m := range sandbox.Members() {
		if later[m.ID] {
			continue
		}
		for _, g := range giftsFor(m) {
			if err := d.give(ctx, g); err != nil {
				return err
			}
		}
	}
	for _, s := range d.server.People().Proposals(d.micros()) {
		if err := d.server.People().Agree(ctx, as(systemOwner), people.Which{Person: s.Person, Kind: s.Kind, Name: s.Name, Dept: s.Dept}); err != nil {
			return err
		}
	}
	return nil
}

func giftsFor(m sandbox.Member) (out []people.Gift) {
	gift := func(k people.Kind, name, dept string) {
		out = append(out, people.Gift{Person: m.ID, Kind: k, Name: name, Dept: dept, Why: m.Title})
	}
	if m.ID == peopleOwner || m.ID == integrator {
		gift(people.Role, m.Role, "")
	}
	for _, p := range m.Positions {
		gift(people.Position, p.Name, p.Dept)
	}
	for _, duty := range m.Duties {
		if duty != string(people.RunPeople) && duty != string(people.RunSystem) {
			gift(people.DutyKind, duty, "")
		}
	}
	return out
}

// give gives by the people's administrator; what he gets himself, by the other.
func (d *demo) give(ctx context.Context, g people.Gift) error {
	by := peopleOwner
	if g.Person == peopleOwner {
		by = systemOwner
	}
	return d.server.People().Give(ctx, as(by), g)
}

func (d *demo) micros() int64 {
	now, _ := d.clock.now()
	return now.UnixMicro()
}
