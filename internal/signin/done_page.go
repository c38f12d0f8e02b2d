package signin

import (
	"net/http"

	"modicum/internal/defect"
)

// doneData is what somebody reads who has just registered a way in.
type doneData struct {
	Name     string
	Address  string // where they sign in from now on
	Keys     bool   // passkeys can be had here
	Passkeys int
	Spares   int  // recovery codes that are left
	Fresh    bool // their last proof is new enough to add something
	Alone    bool // nobody else could let them in again
}

// donePage says that it is done, offers what spares them the way to an administrator
// later, and leads on. It shows what there is, so that it may be opened again; whoever
// has no way in here, but from elsewhere, is told of none.
func (s *Service) donePage(w http.ResponseWriter, r *http.Request) {
	x := From(r.Context())
	ways := s.ways.Get(x.Person)
	if !ways.can() && !defect.On(defect.RegisteredUnseen) {
		http.Redirect(w, r, "/settings/sign-in", http.StatusSeeOther)
		return
	}
	d := doneData{Address: s.cfg.Public.Scheme + "://" + s.cfg.Public.Host, Keys: s.web != nil, Fresh: Proved(r.Context(), fresh) == nil, Alone: s.runs(x.Person) && len(s.others(x.Person)) == 0}
	if p := s.cfg.People.Person(x.Person); p != nil {
		d.Name = p.Name
	}
	if ways != nil {
		d.Passkeys, d.Spares = len(ways.Passkeys), ways.Left()
	}
	s.show(w, r, http.StatusOK, "You are in", doneText, d)
}
