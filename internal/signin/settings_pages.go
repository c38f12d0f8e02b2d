package signin

import (
	"context"
	"encoding/base64"
	"net/http"
	"time"

	"modicum/internal/book"
	"modicum/internal/people"
)

// settingsData is what the page of one's own ways of signing in says.
type settingsData struct {
	Wrong    string
	Name     string
	Issuer   string // who signed this session in
	Passkeys []keyRow
	Codes    *Codes
	CodesAt  moment
	Left     int
	Spent    bool // recovery codes were made, and none is left
	Printed  moment
	Sessions []sessionRow
	Fresh    bool // the last proof is new enough to change something
	Keys     bool
	Number   string
	Last     bool // there is one way in
	None     bool // there is none here
}

type keyRow struct {
	ID, Name    string
	Since, Used moment
	Synced      bool
}

type sessionRow struct {
	ID, Agent, Network, How string
	Began, Seen, Until      moment
	Here                    bool
}

// moment is a time as pages show it: readable, with the exact value.
type moment struct{ Text, Exact string }

// momentOf writes a time in the zone of its reader.
func momentOf(micros int64, zone *time.Location) moment {
	if micros == 0 {
		return moment{}
	}
	t := time.UnixMicro(micros).In(zone)
	return moment{Text: t.Format("Jan 2, 2006, 15:04"), Exact: t.Format(time.RFC3339)}
}

// zone is in which a person reads times.
func (s *Service) zone(person string) *time.Location {
	if p := s.cfg.People.Person(person); p != nil && p.Zone != "" {
		if z, err := time.LoadLocation(p.Zone); err == nil {
			return z
		}
	}
	if s.cfg.Zone != nil {
		return s.cfg.Zone
	}
	return time.UTC
}

func (s *Service) settingsPage(w http.ResponseWriter, r *http.Request) {
	s.showSettings(w, r, http.StatusOK, "")
}

func (s *Service) showSettings(w http.ResponseWriter, r *http.Request, status int, wrong string) {
	x := From(r.Context())
	z := s.zone(x.Person)
	d := settingsData{Wrong: wrong, Issuer: x.Issuer, Fresh: Proved(r.Context(), fresh) == nil, Keys: s.web != nil, Number: s.number(r)}
	if p := s.cfg.People.Person(x.Person); p != nil {
		d.Name = p.Name
	}
	ways := s.ways.Get(x.Person)
	if d.None = !ways.can(); ways != nil {
		for _, k := range ways.Passkeys {
			d.Passkeys = append(d.Passkeys, keyRow{base64.RawURLEncoding.EncodeToString(k.ID), k.Name, momentOf(k.Since, z), momentOf(k.Used, z), k.Synced})
		}
		if d.Codes = ways.Codes; d.Codes != nil {
			d.CodesAt = momentOf(d.Codes.Since, z)
		}
		d.Left, d.Printed = ways.Left(), momentOf(ways.Printed, z)
		d.Spent = ways.Printed != 0 && d.Left == 0
		d.Last = len(ways.Passkeys) < 2 && ways.Codes == nil || len(ways.Passkeys) == 0
	}
	for _, o := range s.Sessions(x.Person) {
		d.Sessions = append(d.Sessions, sessionRow{
			ID: o.ID, Agent: o.Agent, Network: o.Network, How: howWords(o.How, o.Issuer),
			Began: momentOf(o.Began, z), Seen: momentOf(o.Seen, z), Until: momentOf(o.Until, z), Here: o.ID == x.ID,
		})
	}
	s.show(w, r, status, "Signing in", settingsText, d)
}

// howWords says how somebody signed in.
func howWords(how []string, issuer string) string {
	switch {
	case issuer != "":
		return "your organization"
	case len(how) > 0 && how[0] == "hwk":
		return "passkey"
	case len(how) > 0 && how[0] == "pwd":
		return "passphrase and code"
	}
	return "another way"
}

func (s *Service) again(w http.ResponseWriter, r *http.Request, err error) {
	if err == nil {
		http.Redirect(w, r, "/settings/sign-in", http.StatusSeeOther)
		return
	}
	status, a := s.words(r.Context(), err)
	s.showSettings(w, r, status, a.Error)
}

// signedIn is the session of a request that changes how its person signs in: it must
// have proved them lately.
func signedIn(ctx context.Context) (*Session, error) {
	x := From(ctx)
	if x == nil {
		return nil, ErrNoSession
	}
	return x, Proved(ctx, fresh)
}

func (s *Service) addBegin(ctx context.Context, _ http.ResponseWriter, _ *http.Request, _ *asked) (answered, error) {
	x, err := signedIn(ctx)
	if err != nil {
		return answered{}, err
	}
	u, err := s.newUser(&ticket{Person: x.Person})
	if err != nil {
		return answered{}, err
	}
	options, sealed, err := s.beginCreation(stepAdd, ticket{Person: x.Person, Session: x.ID}, u)
	return answered{Options: options, Ticket: sealed}, err
}

func (s *Service) addDone(ctx context.Context, _ http.ResponseWriter, _ *http.Request, a *asked) (answered, error) {
	x, err := signedIn(ctx)
	if err != nil {
		return answered{}, err
	}
	t, err := s.take(stepAdd, a.Ticket)
	if err != nil {
		return answered{}, err
	}
	if t.Session != x.ID || !s.used.spend(t, s.now()) {
		return answered{}, errTicket
	}
	k, err := s.creation(t, a.Answer, a.Key)
	if err != nil {
		return answered{}, err
	}
	err = s.cfg.Desk.Change(ctx, func(c *book.Change) error {
		if err := s.add(c, x.Person, t.Handle, k); err != nil {
			return err
		}
		if err := s.notify(ctx, c, WayAdded, x.Person); err != nil {
			return err
		}
		return s.record(c, "passkey-added", x.Person, "", keyName(k.ID))
	})
	to := "/settings/sign-in"
	if a.To != "" {
		to = Local(a.To) // the page that offered it, and leads on
	}
	return answered{To: to}, err
}

func (s *Service) removePasskey(w http.ResponseWriter, r *http.Request) {
	id, err := base64.RawURLEncoding.DecodeString(r.PostFormValue("id"))
	if err != nil {
		err = ErrNoWay
	} else {
		err = s.RemovePasskey(r.Context(), From(r.Context()).Person, id)
	}
	s.again(w, r, err)
}

func (s *Service) codesOffer(w http.ResponseWriter, r *http.Request) {
	x := From(r.Context())
	u, err := s.newUser(&ticket{Person: x.Person})
	if err != nil {
		s.again(w, r, err)
		return
	}
	s.showOffer(w, r, ticket{Person: x.Person, Session: x.ID, Handle: u.handle}, u.name, "/settings/sign-in/code/done")
}

func (s *Service) codesDone(w http.ResponseWriter, r *http.Request) {
	x := From(r.Context())
	t, err := s.take(stepCodes, r.PostFormValue("ticket"))
	if err == nil && t.Session != x.ID {
		err = errTicket
	}
	if err != nil {
		s.offerAgain(w, r, err, "/settings/sign-in/code/done", nil)
		return
	}
	codes, err := s.accept(r.Context(), x.Person, t, r.PostFormValue("phrase"), r.PostFormValue("code"))
	if err == nil && !s.used.spend(t, s.now()) {
		err = errTicket
	}
	if err == nil {
		err = s.cfg.Desk.Change(r.Context(), func(c *book.Change) error {
			s.setCodes(c, x.Person, t.Handle, codes)
			if err := s.notify(r.Context(), c, WayAdded, x.Person); err != nil {
				return err
			}
			return s.record(c, "codes-added", x.Person, "")
		})
	}
	if err != nil {
		s.offerAgain(w, r, err, "/settings/sign-in/code/done", t)
		return
	}
	s.again(w, r, nil)
}

func (s *Service) removeCodes(w http.ResponseWriter, r *http.Request) {
	s.again(w, r, s.RemoveCodes(r.Context(), actor(From(r.Context()))))
}

// sparesData are recovery codes, and where somebody goes who has kept them.
type sparesData struct {
	Codes []string
	To    string
}

// recoveryPost makes recovery codes and shows them: in the answer itself, once.
func (s *Service) recoveryPost(w http.ResponseWriter, r *http.Request) {
	codes, err := s.MakeRecovery(r.Context(), From(r.Context()).Person)
	if err != nil {
		s.again(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, "Recovery codes", sparesText, sparesData{codes, Local(r.PostFormValue("to"))})
}

func (s *Service) endPost(w http.ResponseWriter, r *http.Request) {
	err := s.End(r.Context(), actor(From(r.Context())), r.PostFormValue("id"))
	if err != nil {
		err = ErrNoWay
	}
	s.again(w, r, err)
}

func (s *Service) endOthers(w http.ResponseWriter, r *http.Request) {
	x := From(r.Context())
	err := s.cfg.Desk.Change(r.Context(), func(c *book.Change) error {
		for _, o := range s.all(x.Person) {
			if o.ID != x.ID {
				s.close(c, o, TakenAway)
			}
		}
		return s.record(c, "sessions-ended", x.Person, x.Person)
	})
	s.again(w, r, err)
}

// actor is the person of a session as one who changes something.
func actor(x *Session) people.Actor {
	return people.Actor{ID: x.Person, Session: x.ID, Network: x.Network}
}
