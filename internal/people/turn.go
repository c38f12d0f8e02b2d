package people

import (
	"context"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/google/uuid"

	"modicum/internal/book"
	"modicum/internal/defect"
	"modicum/ledger"
)

// provisioner begins the id of an Actor that is a provisioning client. No person or
// program has such an id.
const provisioner = "scim:"

// turn is one change under way: copies of the pages that it writes, and its entry.
type turn struct {
	d       *Directory
	ctx     context.Context
	c       *book.Change
	e       *ledger.Act
	by      Actor
	now     int64
	trusted bool

	persons  map[string]*Person
	programs map[string]*Program
	groups   map[string]*Group
	dropped  map[string]bool // groups that end
	wrote    bool
}

// change runs f over copies, and keeps what differs with one entry. What f refuses is
// recorded as well, since somebody tried (L2).
func (d *Directory) change(ctx context.Context, by Actor, act, about string, f func(*turn) error) error {
	e, err := d.entry(by, act, about)
	if err != nil {
		return err
	}
	err = d.cfg.Desk.Change(ctx, func(c *book.Change) error {
		t := d.turn(ctx, c, by, e)
		if err := f(t); err != nil {
			return err
		}
		return t.write()
	})
	var no *Refusal
	if errors.As(err, &no) && !defect.On(defect.RefusalUnsaid) {
		return errors.Join(err, d.refused(ctx, by, act, about, no))
	}
	return err
}

func (d *Directory) turn(ctx context.Context, c *book.Change, by Actor, e *ledger.Act) *turn {
	t := &turn{
		d: d, ctx: ctx, c: c, e: e, by: by,
		persons: map[string]*Person{}, programs: map[string]*Program{}, groups: map[string]*Group{}, dropped: map[string]bool{},
	}
	t.now, t.trusted = d.now()
	e.At = t.now
	return t
}

func (d *Directory) entry(by Actor, act, about string) (*ledger.Act, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return nil, err
	}
	now, _ := d.now()
	return &ledger.Act{Act: act, At: now, ID: id.String(), Who: by.ID, Behalf: about}, nil
}

// refused records that a change was refused, and why in one word.
func (d *Directory) refused(ctx context.Context, by Actor, act, about string, no *Refusal) error {
	e, err := d.entry(by, act+"-refused", about)
	if err != nil {
		return err
	}
	e.Reason = no.Kind.Error()
	return d.cfg.Desk.Change(ctx, func(c *book.Change) error { c.Record(e); return nil })
}

// person returns a copy of somebody's page to write into; nil when there is nobody.
func (t *turn) person(id string) *Person {
	if p := t.persons[id]; p != nil {
		return p
	}
	p := t.d.persons.At(id)
	if p == nil {
		return nil
	}
	t.persons[id] = p.clone()
	return t.persons[id]
}

func (p *Person) clone() *Person {
	out := *p
	out.Same, out.Practitioners, out.Former = slices.Clone(p.Same), slices.Clone(p.Practitioners), slices.Clone(p.Former)
	out.Roles, out.Positions, out.Duties = slices.Clone(p.Roles), slices.Clone(p.Positions), slices.Clone(p.Duties)
	out.Identities = slices.Clone(p.Identities)
	if p.SCIM != nil {
		s := *p.SCIM
		s.Mails = slices.Clone(s.Mails)
		out.SCIM = &s
	}
	return &out
}

func (t *turn) program(id string) *Program {
	if p := t.programs[id]; p != nil {
		return p
	}
	p := t.d.programs.At(id)
	if p == nil {
		return nil
	}
	out := *p
	out.Scopes, out.Networks, out.Keys = slices.Clone(p.Scopes), slices.Clone(p.Networks), slices.Clone(p.Keys)
	t.programs[id] = &out
	return &out
}

func (t *turn) group(id string) *Group {
	if g := t.groups[id]; g != nil {
		return g
	}
	g := t.d.groups.At(id)
	if g == nil {
		return nil
	}
	out := *g
	out.Members = slices.Clone(g.Members)
	t.groups[id] = &out
	return &out
}

// write puts every page that differs, and sets the entry where one does.
func (t *turn) write() error {
	t.keepAlike()
	for id, p := range t.persons {
		old := t.d.persons.At(id)
		if old != nil && reflect.DeepEqual(old, p) {
			continue
		}
		p.Changed, t.wrote = t.now, true
		if err := p.check(); err != nil {
			return err
		}
		t.d.persons.Put(t.c, id, p)
	}
	for id, p := range t.programs {
		if old := t.d.programs.At(id); old == nil || !reflect.DeepEqual(old, p) {
			p.Changed, t.wrote = t.now, true
			t.d.programs.Put(t.c, id, p)
		}
	}
	t.writeGroups()
	if t.wrote {
		t.c.Record(t.e)
	}
	return nil
}

// keepAlike links those who were one human being by a mail address that changes, or counts
// no more since one of them leaves: what only another person may undo is not undone by a
// change of one's own address (G1).
func (t *turn) keepAlike() {
	for _, id := range slices.Collect(maps.Keys(t.persons)) {
		old, p := t.d.persons.At(id), t.persons[id]
		if old == nil || !old.Active || old.Mail == "" || defect.On(defect.LinksIgnored) {
			continue
		}
		if stays := strings.EqualFold(old.Mail, p.Mail); stays && (p.Active || defect.On(defect.LeaverUnlinked)) {
			continue
		}
		for _, other := range t.d.index.mails[strings.ToLower(old.Mail)].sorted() {
			if q := t.person(other); other != id && q != nil {
				p.Same, q.Same = with(p.Same, other), with(q.Same, id)
				t.what("linked:" + other)
			}
		}
	}
}

// with adds an id to a sorted list that has each once.
func with(list []string, id string) []string {
	if i, has := slices.BinarySearch(list, id); !has {
		return slices.Insert(slices.Clone(list), i, id)
	}
	return list
}

func (t *turn) writeGroups() {
	for id, g := range t.groups {
		old := t.d.groups.At(id)
		switch {
		case t.dropped[id]:
			t.d.groups.Close(t.c, id, "", g)
		case old != nil && reflect.DeepEqual(old, g):
			continue
		default:
			g.Changed = t.now
			t.d.groups.Put(t.c, id, g)
		}
		t.wrote = true
	}
}

// what adds names to the entry, each once.
func (t *turn) what(names ...string) {
	for _, n := range names {
		if n != "" && !slices.Contains(t.e.What, n) && len(t.e.What) < 256 {
			t.e.What = append(t.e.What, n)
		}
	}
}

// isProvisioner reports whether it is a provisioning client that changes something.
func (a Actor) isProvisioner() bool { return strings.HasPrefix(a.ID, provisioner) }

// mayRun refuses whoever does not run people now.
func (t *turn) mayRun() error {
	if defect.On(defect.ProgramWidens) {
		return nil
	}
	if t.d.programs.At(t.by.ID) != nil {
		return refuse(ErrForbidden, "a program changes no people, programs or rights; a person does")
	}
	if !t.d.holds(t.by.ID, DutyKind, string(RunPeople), t.now, t.trusted) {
		return refuse(ErrForbidden, "only who holds the duty %s changes people and what they hold; ask one of them", RunPeople)
	}
	return nil
}

// mayGive is mayRun, for what takes effect: it waits for certain time.
func (t *turn) mayGive() error {
	if !t.trusted {
		return refuse(ErrTime, "try again when the clock is set; taking away works meanwhile")
	}
	return t.mayRun()
}

// someone returns a page to write into, and refuses where there is nobody.
func (t *turn) someone(id string) (*Person, error) {
	if p := t.person(id); p != nil {
		return p, nil
	}
	return nil, refuse(ErrNobody, "look for them by name on the page of people")
}
