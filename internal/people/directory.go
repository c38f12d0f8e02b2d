package people

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"modicum/internal/book"
	"modicum/internal/defect"
	"modicum/policy"
)

// Config is what a Directory is made of. All but Groups must be set.
type Config struct {
	Desk   *book.Desk
	Policy func() *policy.Set
	// Now is the time and whether it can be trusted. Giving waits for trusted time;
	// taking away does not.
	Now func() (time.Time, bool)
	// Groups goes from a group of provisioning, by its name, external id or id, to the
	// role that its members hold. A role that is a right over others is proposed only.
	Groups map[string]string
	// Issuers are the identity providers whose tokens are accepted.
	Issuers []string
	// Ends hears who is no longer active, and who is again, before whoever changed it
	// hears that it is done: what is under way for them ends (G6). nil: nobody hears.
	Ends Ends
}

// Ends cuts off what is under way. It must be quick and must not call the directory.
type Ends interface {
	Person(id string)  // a person or program may ask nothing any more
	Returns(id string) // and may again
	Cut(id string)     // what is under way for them ends: they hold less than before
}

// Directory is the people, programs and groups of one organization. It is safe for
// concurrent use. What it says is what was kept: while the desk is uncertain nobody is
// active and nobody holds anything.
type Directory struct {
	cfg      Config
	persons  *book.Book[Person]
	programs *book.Book[Program]
	groups   *book.Book[Group]
	uses     *book.Book[Use]
	index    index // under the desk's lock: At and index are read within View or a change
	sorted   atomic.Pointer[[]*Person]
	rights   atomic.Pointer[rights]
	lacked   atomic.Pointer[lacking]
	turns    atomic.Int64 // pages turned since it was opened
	used     uses

	mu    sync.Mutex
	gone  map[string]chan struct{} // of ids that somebody waits for
	ended []func(context.Context, *book.Change, string)
}

// Open reads the directory from its desk.
func Open(ctx context.Context, cfg Config) (*Directory, error) {
	if cfg.Desk == nil || cfg.Policy == nil || cfg.Now == nil {
		return nil, errors.New("people: Desk, Policy and Now must be set")
	}
	d := &Directory{cfg: cfg, index: newIndex(), gone: map[string]chan struct{}{}}
	var err error
	if d.persons, err = book.Open(ctx, cfg.Desk, "person", d.turnedPerson); err != nil {
		return nil, err
	}
	if d.programs, err = book.Open(ctx, cfg.Desk, "program", d.turnedProgram); err != nil {
		return nil, err
	}
	if d.uses, err = book.Open[Use](ctx, cfg.Desk, "use", nil); err != nil {
		return nil, err
	}
	if d.groups, err = book.Open(ctx, cfg.Desk, "group", d.turnedGroup); err != nil {
		return nil, err
	}
	return d, d.settleGroups(ctx)
}

// view runs f over one moment of the directory; where that moment is uncertain it runs
// nothing and the zero value of what f would say stands.
func (d *Directory) view(f func()) {
	if d.cfg.Desk.Certain() || defect.On(defect.UncertainBelieve) {
		d.cfg.Desk.View(f)
	}
}

// now is the time in microseconds.
func (d *Directory) now() (int64, bool) {
	t, trusted := d.cfg.Now()
	return t.UnixMicro(), trusted
}

// Person returns a person, also one who is gone; nil when there is none. The result is
// shared and must not be changed.
func (d *Directory) Person(id string) *Person { return d.persons.Get(id) }

// Like is the id that is somebody's or a program's however a name is written, whatever
// its case or form of Unicode; "" where it is nobody's.
func (d *Directory) Like(id string) (own string) {
	d.view(func() { own = d.index.ids[key(id)] })
	return own
}

// Program returns a program, also one that was stopped; nil when there is none.
func (d *Directory) Program(id string) *Program { return d.programs.Get(id) }

// Group returns a group; nil when there is none.
func (d *Directory) Group(id string) *Group { return d.groups.Get(id) }

// Revision is how often a person's page was written: what a page that is sent back
// was made from.
func (d *Directory) Revision(id string) (rev int64) {
	d.view(func() { rev = d.persons.Revision(id) })
	return rev
}

// GroupRevision is Revision of a group.
func (d *Directory) GroupRevision(id string) (rev int64) {
	d.view(func() { rev = d.groups.Revision(id) })
	return rev
}

// ByUserName finds a person by what they type, whatever its case or form of Unicode.
func (d *Directory) ByUserName(name string) (p *Person) {
	d.view(func() { p = d.persons.At(d.index.names[key(name)]) })
	return p
}

// ByHandle finds a person by the id that provisioning was told.
func (d *Directory) ByHandle(handle string) (p *Person) {
	d.view(func() { p = d.persons.At(d.index.handles[handle]) })
	return p
}

// ByExternal lists the people whom provisioning calls so, sorted by id.
func (d *Directory) ByExternal(external string) (out []*Person) {
	d.view(func() {
		for _, id := range d.index.external[external].sorted() {
			out = append(out, d.persons.At(id))
		}
	})
	return out
}

// GroupsOf lists the groups that somebody is in, by id.
func (d *Directory) GroupsOf(person string) (out []*Group) {
	d.view(func() {
		for _, id := range d.index.member[person].sorted() {
			out = append(out, d.groups.At(id))
		}
	})
	return out
}

// People yields everybody, by name; also who is gone.
func (d *Directory) People() iter.Seq[*Person] {
	return func(yield func(*Person) bool) {
		for _, p := range d.list() {
			if !yield(p) {
				return
			}
		}
	}
}

func (d *Directory) list() []*Person {
	if at := d.sorted.Load(); at != nil {
		return *at
	}
	var out []*Person
	d.cfg.Desk.View(func() {
		for _, id := range d.index.ids {
			if p := d.persons.At(id); p != nil {
				out = append(out, p)
			}
		}
		slices.SortFunc(out, func(a, b *Person) int {
			return cmp.Or(strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), strings.Compare(a.ID, b.ID))
		})
		d.sorted.Store(&out) // within View: no page turns before it is there
	})
	return out
}

// Programs returns all programs by id, also those that were stopped.
func (d *Directory) Programs() []*Program {
	var out []*Program
	for _, p := range d.programs.All() {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b *Program) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// Groups returns all groups by id.
func (d *Directory) Groups() []*Group {
	var out []*Group
	for _, g := range d.groups.All() {
		out = append(out, g)
	}
	slices.SortFunc(out, func(a, b *Group) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// Active reports whether a person or program may do anything at all now. A program is
// active while its owner is.
func (d *Directory) Active(id string) (yes bool) {
	now, trusted := d.now()
	d.view(func() { yes = d.active(id, now, trusted) })
	return yes
}

func (d *Directory) active(id string, now int64, trusted bool) bool {
	if p := d.persons.At(id); p != nil {
		return p.Active
	}
	p := d.programs.At(id)
	return p != nil && p.Active && trusted && now < p.Until && d.alive(p.Owner)
}

// alive reports whether there is such a person who is not gone.
func (d *Directory) alive(person string) bool {
	p := d.persons.At(person)
	return p != nil && p.Active
}

// OnGone adds what runs inside the change that ends a person or program: whoever keeps
// something of theirs on the same desk closes it in the same change.
func (d *Directory) OnGone(f func(ctx context.Context, c *book.Change, id string)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ended = append(d.ended, f)
}

// Gone returns a channel that is closed once it was kept that a person or program is
// no longer active. It is closed at once for whoever is not.
func (d *Directory) Gone(id string) <-chan struct{} {
	var ch chan struct{}
	d.cfg.Desk.View(func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if ch = d.gone[id]; ch != nil {
			return
		}
		ch = make(chan struct{})
		if p, q := d.persons.At(id), d.programs.At(id); p != nil && p.Active || q != nil && q.Active {
			d.gone[id] = ch
			return
		}
		close(ch)
	})
	return ch
}

// lessOf reports whether something that was held is held no more.
func lessOf(old, now []Held) bool {
	return slices.ContainsFunc(old, func(o Held) bool {
		return !slices.ContainsFunc(now, func(n Held) bool { return n.Name == o.Name && n.Dept == o.Dept })
	})
}

// lessOfPerson reports whether somebody who stays may do less than before: of what a role
// gives, of what a place does, or of what records of their own do.
func lessOfPerson(old, now *Person) bool {
	return lessOf(old.Roles, now.Roles) || !slices.Equal(old.Identities, now.Identities) || old.Department != now.Department || old.Facility != now.Facility ||
		lost(old.Practitioners, now.Practitioners) && !defect.On(defect.OwnNotTold)
}

// lost reports whether something that was there is no more.
func lost(old, now []string) bool {
	return slices.ContainsFunc(old, func(s string) bool { return !slices.Contains(now, s) })
}

// lessOfProgram reports whether a program that goes on may do less than before: by a key
// that is no more, for less time, from fewer places, or something else.
func lessOfProgram(old, now *Program) bool {
	keyGone := slices.ContainsFunc(old.Keys, func(k Key) bool {
		return !slices.ContainsFunc(now.Keys, func(n Key) bool { return n.ID == k.ID && n.Until >= k.Until })
	})
	return keyGone && !defect.On(defect.KeyNotTold) || old.Role != now.Role || old.Task != now.Task || old.Owner != now.Owner ||
		now.Until < old.Until || lost(old.Scopes, now.Scopes) || !slices.Equal(old.Networks, now.Networks)
}

// tell tells who waits for it that somebody went, or came back.
func (d *Directory) tell(id string, was, is bool) {
	if !is {
		d.tellGone(id)
	}
	if d.cfg.Ends == nil {
		return
	}
	switch {
	case is && !was:
		d.cfg.Ends.Returns(id)
	case !is: // also where it was read so: what is watched for them later ends at once
		d.cfg.Ends.Person(id)
	}
}

// tellGone closes what Gone returned.
func (d *Directory) tellGone(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if ch := d.gone[id]; ch != nil {
		close(ch)
		delete(d.gone, id)
	}
}

func (d *Directory) turnedPerson(id string, old, now *Person) {
	d.sorted.Store(nil)
	d.turns.Add(1)
	d.index.person(id, old, now)
	if d.cfg.Ends != nil && old != nil && now != nil && now.Active && lessOfPerson(old, now) {
		d.cfg.Ends.Cut(id)
	}
	d.tell(id, old != nil && old.Active, now != nil && now.Active)
}

func (d *Directory) turnedProgram(id string, old, now *Program) {
	d.turns.Add(1)
	d.index.program(id, old, now)
	if d.cfg.Ends != nil && old != nil && now != nil && now.Active && lessOfProgram(old, now) {
		d.cfg.Ends.Cut(id)
	}
	d.tell(id, old != nil && old.Active, now != nil && now.Active)
}

func (d *Directory) turnedGroup(id string, old, now *Group) {
	d.turns.Add(1)
	d.index.group(id, old, now)
}
