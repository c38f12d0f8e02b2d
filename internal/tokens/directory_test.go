package tokens_test

import (
	"strings"

	"modicum/internal/people"
	"modicum/internal/tokens"
)

// directory is a small one that tests change as they like.
type directory struct {
	persons  map[string]*people.Person
	programs map[string]*people.Program
	used     []string
	asked    func() // runs when a person is asked for
}

// The real directory is one.
var _ tokens.Directory = (*people.Directory)(nil)

func (d *directory) Used(id, role, key string, _ int64) {
	d.used = append(d.used, strings.TrimSpace(id+" "+role+" "+key))
}

func (d *directory) Person(id string) *people.Person {
	if d.asked != nil {
		d.asked()
	}
	return d.persons[id]
}

func (d *directory) Like(id string) string {
	for own := range d.persons {
		if strings.EqualFold(own, id) {
			return own
		}
	}
	return ""
}

func (d *directory) Program(id string) *people.Program { return d.programs[id] }

func (d *directory) RolesUntil(id string, _ int64) (first int64) {
	if p := d.persons[id]; p != nil {
		for _, h := range p.Roles {
			if h.Until != 0 && (first == 0 || h.Until < first) {
				first = h.Until
			}
		}
	}
	return first
}

func (d *directory) Roles(id string, now int64) (out []string) {
	for _, h := range d.persons[id].Roles {
		if h.Until == 0 || now < h.Until {
			out = append(out, h.Name)
		}
	}
	return out
}
