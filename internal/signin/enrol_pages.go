package signin

import (
	"context"
	"html/template"
	"net/http"

	"modicum/internal/book"
)

// enrolData is what the pages of registering say.
type enrolData struct {
	Wrong  string
	Name   string // of the person
	Ticket string
	Owner  bool // the person says who they are
	Keys   bool
	Number string

	Phrase, Secret string // shown once
	QR             template.HTML
	Action         string
	UserName       string
}

// linkPage is where a link leads. The script takes the token from behind the #, which
// browsers send to nobody; without script it is pasted. Nothing is done by looking.
func (s *Service) linkPage(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusOK, "Register", linkText, enrolData{})
}

func (s *Service) linkPost(w http.ResponseWriter, r *http.Request) {
	sealed, t, err := s.admit(r.PostFormValue("token"))
	if err != nil {
		s.show(w, r, http.StatusForbidden, "Register", linkText, enrolData{
			Wrong: "The link is not good: it was used, withdrawn or replaced, is older than three days, or still waits for a second administrator. Ask for a new one.",
		})
		return
	}
	s.showEnrol(w, r, http.StatusOK, sealed, &t, "")
}

func (s *Service) showEnrol(w http.ResponseWriter, r *http.Request, status int, sealed string, t *ticket, wrong string) {
	d := enrolData{Ticket: sealed, Owner: t.Owner && t.Person == "", Keys: s.web != nil, Number: s.number(r), Wrong: wrong}
	if p := s.cfg.People.Person(t.Person); p != nil {
		d.Name = p.Name
	}
	s.show(w, r, status, "Register", enrolText, d)
}

func (s *Service) enrolBegin(_ context.Context, _ http.ResponseWriter, _ *http.Request, a *asked) (answered, error) {
	t, err := s.take(stepEnrol, a.Ticket)
	if err != nil {
		return answered{}, err
	}
	if err := t.named(a.Name, a.UserName); err != nil {
		return answered{}, err
	}
	u, err := s.newUser(t)
	if err != nil {
		return answered{}, err
	}
	options, sealed, err := s.beginCreation(stepNewKey, *t, u)
	return answered{Options: options, Ticket: sealed}, err
}

func (s *Service) enrolDone(ctx context.Context, w http.ResponseWriter, r *http.Request, a *asked) (answered, error) {
	t, err := s.take(stepNewKey, a.Ticket)
	if err != nil {
		return answered{}, err
	}
	k, err := s.creation(t, a.Answer, a.Key)
	if err != nil {
		return answered{}, err
	}
	err = s.enrol(ctx, w, r, t, byPasskey, func(c *book.Change, person string) error { return s.add(c, person, t.Handle, k) })
	return answered{To: "/sign-in/registered"}, err
}

// enrolCodes shows a passphrase and the secret of codes, for a device that cannot have
// a passkey.
func (s *Service) enrolCodes(w http.ResponseWriter, r *http.Request) {
	sealed := r.PostFormValue("ticket")
	t, err := s.take(stepEnrol, sealed)
	if err == nil {
		err = t.named(r.PostFormValue("name"), r.PostFormValue("user_name"))
	}
	if err != nil {
		status, a := s.words(r.Context(), err)
		if t == nil {
			t = &ticket{}
		}
		s.showEnrol(w, r, status, sealed, t, a.Error)
		return
	}
	u, err := s.newUser(t)
	if err != nil {
		s.failed(w, r, "enrol", err)
		return
	}
	t.Handle = u.handle
	s.showOffer(w, r, *t, u.name, "/sign-in/enrol/code/done")
}

// showOffer shows what a person is to keep and to scan: once.
func (s *Service) showOffer(w http.ResponseWriter, r *http.Request, t ticket, name, action string) {
	phrase, sealed, secret, err := s.offer(t)
	if err != nil {
		s.failed(w, r, "codes", err)
		return
	}
	picture, text, err := qrOf(name, s.cfg.Public.Host, secret)
	if err != nil {
		s.failed(w, r, "codes", err)
		return
	}
	s.show(w, r, http.StatusOK, "Passphrase and codes", offerText, enrolData{
		Ticket: sealed, Phrase: phrase, Secret: text, QR: picture, Action: action, UserName: name,
	})
}

func (s *Service) enrolCodesDone(w http.ResponseWriter, r *http.Request) {
	t, err := s.take(stepCodes, r.PostFormValue("ticket"))
	if err == nil && t.Session != "" {
		err = errTicket
	}
	if err != nil {
		s.offerAgain(w, r, err, "/sign-in/enrol/code/done", t)
		return
	}
	person := t.Person
	if t.Owner && person == "" {
		person = t.UserName // what First makes of it
	}
	codes, err := s.accept(r.Context(), person, t, r.PostFormValue("phrase"), r.PostFormValue("code"))
	if err == nil {
		err = s.enrol(r.Context(), w, r, t, byCodesHow, func(c *book.Change, id string) error {
			if id != person {
				return errTicket
			}
			s.setCodes(c, id, t.Handle, codes)
			return nil
		})
	}
	if err != nil {
		s.offerAgain(w, r, err, "/sign-in/enrol/code/done", t)
		return
	}
	http.Redirect(w, r, "/sign-in/registered", http.StatusSeeOther)
}

// offerAgain shows the same offer with what was wrong; where the ticket is of no use
// any more, how to begin again.
func (s *Service) offerAgain(w http.ResponseWriter, r *http.Request, err error, action string, t *ticket) {
	status, a := s.words(r.Context(), err)
	if t == nil || len(t.Secret) == 0 {
		s.refuse(w, r, status, trouble{"That took too long", "Begin again: open your link once more, or go to your settings."})
		return
	}
	name := t.UserName
	if p := s.cfg.People.Person(t.Person); p != nil {
		name = p.UserName
	}
	picture, text, err := qrOf(name, s.cfg.Public.Host, t.Secret)
	if err != nil {
		s.failed(w, r, "codes", err)
		return
	}
	s.show(w, r, status, "Passphrase and codes", offerText, enrolData{
		Ticket: r.PostFormValue("ticket"), Phrase: grouped(t.Phrase), Secret: text, QR: picture, Action: action, UserName: name, Wrong: a.Error,
	})
}

func (s *Service) recoverPage(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusOK, "Recovery", recoverText, signInData{})
}

func (s *Service) recoverPost(w http.ResponseWriter, r *http.Request) {
	name := r.PostFormValue("name")
	sealed, err := s.recover(r.Context(), s.guess(r, name), r.PostFormValue("code"))
	if err != nil {
		status, a := s.words(r.Context(), err)
		s.show(w, r, status, "Recovery", recoverText, signInData{Name: name, Wrong: a.Error})
		return
	}
	t, err := s.take(stepEnrol, sealed)
	if err != nil {
		s.failed(w, r, "recovery", err)
		return
	}
	s.showEnrol(w, r, http.StatusOK, sealed, t, "")
}
