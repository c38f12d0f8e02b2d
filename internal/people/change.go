package people

import (
	"context"
	"slices"

	"modicum/internal/defect"
)

// Change edits what is said of a person: f changes a copy. What they hold, whether they
// are active and their ids are not f's to change: there are other verbs for it. rev is
// the revision that the change was made from; 0 is any.
//
// A provisioning client may change whom it provides, and says by Active whether they
// are there: false ends everything of theirs within this change (G6); true brings back
// whom it took away, with what its groups give now and nothing else.
func (d *Directory) Change(ctx context.Context, by Actor, id string, rev int64, f func(*Person) error) (*Person, error) {
	return d.edit(ctx, by, "person-changed", id, rev, f)
}

func (d *Directory) edit(ctx context.Context, by Actor, act, id string, rev int64, f func(*Person) error) (*Person, error) {
	err := d.change(ctx, by, act, about(id), func(t *turn) error {
		p, err := t.editable(id, rev)
		if err != nil {
			return err
		}
		next := p.clone()
		if err := f(next); err != nil {
			return err
		}
		return t.edited(p, next)
	})
	if err != nil {
		return nil, err
	}
	return d.Person(id), nil
}

// editable returns the page that the one who changes it may change.
func (t *turn) editable(id string, rev int64) (*Person, error) {
	p, err := t.someone(id)
	if err != nil {
		return nil, err
	}
	if rev != 0 && t.d.persons.Revision(id) != rev && !defect.On(defect.VersionOfAnybody) {
		return nil, refuse(ErrChanged, "look at it again and repeat what is still needed")
	}
	if !t.by.isProvisioner() {
		return p, t.mayRun()
	}
	if (p.From != SCIM || p.SCIM == nil || p.SCIM.Removed) && !defect.On(defect.ClientSeesAll) {
		return nil, refuse(ErrForbidden, "this person is not provided by provisioning; an administrator entrusts them to it")
	}
	return p, nil
}

// edited takes over what may be edited, and does what follows from it.
func (t *turn) edited(p, next *Person) error {
	active := next.Active
	keep := p.clone()
	*p = *next
	p.ID, p.From, p.Active, p.Created = keep.ID, keep.From, keep.Active, keep.Created
	p.Ended, p.EndedFrom, p.Same = keep.Ended, keep.EndedFrom, keep.Same
	p.Roles, p.Positions, p.Duties, p.Identities = keep.Roles, keep.Positions, keep.Duties, keep.Identities
	if keep.SCIM != nil && p.SCIM != nil {
		p.SCIM.Handle, p.SCIM.Removed = keep.SCIM.Handle, keep.SCIM.Removed
		p.SCIM.Entrusted, p.SCIM.Before = keep.SCIM.Entrusted, keep.SCIM.Before
	} else {
		p.SCIM = keep.SCIM
	}
	p.Former = keep.Former
	if err := t.renamed(keep, p); err != nil {
		return err
	}
	if err := t.manages(p); err != nil {
		return err
	}
	if t.by.isProvisioner() {
		p.Practitioners, p.Partner = keep.Practitioners, keep.Partner
	} else if err := t.placesOneself(keep, p); err != nil && !defect.On(defect.PlacesOneself) {
		return err
	}
	if t.by.isProvisioner() && active != keep.Active {
		return t.arriveOrLeave(p, active)
	}
	t.movedFrom(keep, p)
	return nil
}

// renamed keeps what somebody was called before: it becomes nobody else's.
func (t *turn) renamed(old, p *Person) error {
	if p.External != old.External {
		if err := t.outside(p); err != nil {
			return err
		}
	}
	if key(p.UserName) == key(old.UserName) {
		return nil
	}
	if err := t.free(aUserName, p.UserName, p.ID); err != nil {
		return err
	}
	p.Former = slices.DeleteFunc(p.Former, func(s string) bool { return key(s) == key(p.UserName) })
	if len(p.Former) >= mostFormer {
		return refuse(ErrTaken, "they have had %d user names, all of which stay theirs; choose one of those", mostFormer)
	}
	if !defect.On(defect.NameGivenUp) {
		p.Former = append(p.Former, old.UserName)
	}
	return nil
}

// mostFormer is how many user names somebody may have had before.
const mostFormer = 32

// outside refuses what provisioning calls somebody else, also one who is gone: a client
// that looks for a leaver by it must not find another.
func (t *turn) outside(p *Person) error {
	for id := range t.d.index.external[p.External] {
		if id != p.ID && !defect.On(defect.ExternalOfTwo) {
			return refuse(ErrTaken, "this external id is somebody else's, or was when they left")
		}
	}
	return nil
}

// placesOneself refuses to change what decides what one sees oneself: where one works,
// for whom, and which records upstream are one's own.
func (t *turn) placesOneself(old, now *Person) error {
	if !elsewhere(old, now) && slices.Equal(old.Practitioners, now.Practitioners) || !t.d.same(t.by.ID, old.ID) || len(t.others(t.by.ID)) == 0 {
		return nil
	}
	return refuse(ErrSelf, "somebody else who runs people changes where you work, for whom, and which records are yours")
}

func (t *turn) arriveOrLeave(p *Person, active bool) error {
	if !active {
		t.e.Act = "person-deactivated"
		t.end(p, SCIM, "")
		return nil
	}
	if p.EndedFrom != SCIM && !defect.On(defect.BroughtBack) {
		return refuse(ErrGone, "an administrator took them away, and only an administrator brings them back")
	}
	t.e.Act = "person-reactivated"
	return t.comeBack(p)
}

// movedFrom takes away what the old place gave.
func (t *turn) movedFrom(old, p *Person) {
	if defect.On(defect.MoverKeeps) || !p.Active || old.Department == p.Department || old.Department == "" {
		return
	}
	left := func(h Held) bool {
		if h.Dept != old.Department {
			return false
		}
		t.what(h.Name)
		return true
	}
	p.Roles, p.Positions, p.Duties = drop(p.Roles, left), drop(p.Positions, left), drop(p.Duties, left)
	t.e.Act = "person-moved"
}

// drop is what is left of a list, nil where nothing is.
func drop(list []Held, gone func(Held) bool) []Held {
	list = slices.DeleteFunc(list, gone)
	if len(list) == 0 {
		return nil
	}
	return list
}

// elsewhere reports whether a change takes somebody from where they were.
func elsewhere(old, now *Person) bool {
	return old.Department != now.Department || old.Facility != now.Facility || old.Manager != now.Manager || old.Partner != now.Partner
}
