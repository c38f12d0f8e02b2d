package console

import (
	"context"
	"net/http"
	"sync"
	"time"

	"modicum/internal/defect"
	"modicum/internal/people"
	"modicum/internal/signin"
)

// Rolls is what the directory says of somebody who is signed in. It answers from
// memory.
type Rolls interface {
	Person(id string) *people.Person
	Active(id string) bool
	Roles(id string, now int64) []string
	Holds(id string, d people.Duty, now int64) bool
}

// Signed makes Config.Who of the session that a request carries and of what the
// directory says at this moment: roles and duties are never remembered by a session
// (D9). Who is no longer active is nobody, whatever their session says; nor is anybody whose
// session ended since the request came.
func Signed(of Rolls, now func() (time.Time, bool)) func(*http.Request) *Viewer {
	var zones sync.Map // by name; the directory takes no name that is none
	return func(r *http.Request) *Viewer {
		s := signin.From(r.Context())
		if s == nil || !signin.Goes(r.Context()) || gone(of, s.Person) {
			return nil
		}
		p := of.Person(s.Person)
		if p == nil {
			return nil
		}
		at, _ := now()
		v := &Viewer{Person: p, Roles: of.Roles(p.ID, at.UnixMicro()), Session: s.ID, Until: time.UnixMicro(s.Until), How: s.How, Network: s.Network, Zone: zoneOf(&zones, p.Zone)}
		for _, d := range people.Duties() {
			if of.Holds(p.ID, d, at.UnixMicro()) {
				v.Duties = append(v.Duties, d)
			}
		}
		return v
	}
}

// gone reports whether somebody has left.
func gone(of Rolls, id string) bool {
	if defect.On(defect.SessionOutlives) {
		return false
	}
	return !of.Active(id)
}

// zoneOf is nil where a zone is not known here: the installation's is taken then.
func zoneOf(zones *sync.Map, name string) *time.Location {
	if name == "" {
		return nil
	}
	if zone, ok := zones.Load(name); ok {
		return zone.(*time.Location)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil
	}
	zones.Store(name, zone)
	return zone
}

// Proved is Config.Proved by the session of a request.
func Proved(ctx context.Context, within time.Duration) bool { return signin.Proved(ctx, within) == nil }

// Render answers a page of signing in within the frame, for signin.Config.Render.
func (s *Site) Render(w http.ResponseWriter, r *http.Request, p signin.Page) {
	s.Framed(w, r, p.Status, p.Title, p.Body)
}
