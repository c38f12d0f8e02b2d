package signin

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"modicum/internal/book"
)

// Other is a way of signing in that lies elsewhere: an issuer of the organization.
type Other struct {
	Name   string // as people know it
	Issuer string // as sessions name it
	Path   string // page of ours that leads there; gets ?to=
	Prove  string // likewise, for a new proof; "" where there is none
}

// signInData is what the page of signing in says.
type signInData struct {
	To      string
	Name    string
	Wrong   string
	Others  []Other
	Number  string // address to come to instead, where this one has no passkeys
	Proving bool
	Codes   bool
	Keys    bool
	Person  string
}

// number is the address under which passkeys work, where they do not here.
func (s *Service) number(r *http.Request) string {
	if s.web == nil || !numeric(r.Host) {
		return ""
	}
	return s.cfg.Public.Scheme + "://" + s.cfg.Public.Host + r.URL.Path
}

func (s *Service) signInPage(w http.ResponseWriter, r *http.Request) {
	s.showSignIn(w, r, http.StatusOK, signInData{To: Local(r.URL.Query().Get("to"))})
}

func (s *Service) showSignIn(w http.ResponseWriter, r *http.Request, status int, d signInData) {
	d.Others, d.Number, d.Keys, d.Codes = s.cfg.Others, s.number(r), s.web != nil, true
	s.show(w, r, status, "Sign in", signInText, d)
}

func (s *Service) logInBegin(_ context.Context, _ http.ResponseWriter, _ *http.Request, a *asked) (answered, error) {
	options, sealed, err := s.beginAssertion(stepLogIn, ticket{}, nil)
	return answered{Options: options, Ticket: sealed}, err
}

func (s *Service) logInDone(ctx context.Context, w http.ResponseWriter, r *http.Request, a *asked) (answered, error) {
	t, err := s.take(stepLogIn, a.Ticket)
	if err != nil {
		return answered{}, err
	}
	return answered{To: Local(a.To)}, s.passkey(ctx, w, r, t, a.Answer)
}

// codePost signs in by passphrase and code. It needs no script.
func (s *Service) codePost(w http.ResponseWriter, r *http.Request) {
	name, to := r.PostFormValue("name"), Local(r.PostFormValue("to"))
	err := s.byCodes(r.Context(), s.guess(r, name), r.PostFormValue("phrase"), r.PostFormValue("code"), func(person string, more func(*book.Change) error) error {
		return s.begin(r.Context(), w, r, person, Proof{How: byCodesHow}, "signed-in", more)
	})
	if err != nil {
		status, a := s.words(r.Context(), err)
		s.showSignIn(w, r, status, signInData{To: to, Name: name, Wrong: a.Error})
		return
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// outPost ends the session of this browser, and that at the provider which began it.
func (s *Service) outPost(w http.ResponseWriter, r *http.Request) {
	if x := From(r.Context()); x != nil {
		if err := s.leave(w, r, x); err != nil {
			s.failed(w, r, "sign out", err)
		}
		return
	}
	s.setCookie(w, "", 0)
	http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
}

// provePage asks the person of the session to prove who they are.
func (s *Service) provePage(w http.ResponseWriter, r *http.Request) {
	s.showProve(w, r, http.StatusOK, signInData{To: Local(r.URL.Query().Get("to"))})
}

func (s *Service) showProve(w http.ResponseWriter, r *http.Request, status int, d signInData) {
	x := From(r.Context())
	d.Proving, d.Number = true, s.number(r)
	s.proofs(x, &d)
	if p := s.cfg.People.Person(x.Person); p != nil {
		d.Name, d.Person = p.UserName, p.Name
	}
	s.show(w, r, status, "Prove who you are", signInText, d)
}

// proofs are the ways by which the person of a session proves who they are.
func (s *Service) proofs(x *Session, d *signInData) {
	ways := s.ways.Get(x.Person)
	d.Keys = s.web != nil && ways != nil && len(ways.Passkeys) > 0
	d.Codes = ways != nil && ways.Codes != nil
	for _, o := range s.cfg.Others {
		if o.Issuer == x.Issuer && o.Prove != "" {
			o.Path = o.Prove
			d.Others = append(d.Others, o)
		}
	}
}

// CanProve reports whether the person of a session has a way of proving who they are; what
// their provider will say of it nobody knows before.
func (s *Service) CanProve(x *Session) bool {
	var d signInData
	s.proofs(x, &d)
	return d.Keys || d.Codes || len(d.Others) > 0
}

func (s *Service) proveBegin(ctx context.Context, _ http.ResponseWriter, _ *http.Request, _ *asked) (answered, error) {
	x := From(ctx)
	if x == nil {
		return answered{}, ErrNoSession
	}
	u, err := s.known(x.Person)
	if err != nil || len(u.keys) == 0 {
		return answered{}, errPasskey
	}
	options, sealed, err := s.beginAssertion(stepProve, ticket{Person: x.Person, Session: x.ID}, u)
	return answered{Options: options, Ticket: sealed}, err
}

func (s *Service) proveDone(ctx context.Context, w http.ResponseWriter, r *http.Request, a *asked) (answered, error) {
	x := From(ctx)
	if x == nil {
		return answered{}, ErrNoSession
	}
	t, err := s.take(stepProve, a.Ticket)
	if err != nil {
		return answered{}, err
	}
	if t.Session != x.ID {
		return answered{}, errTicket
	}
	return answered{To: Local(a.To)}, s.passkey(ctx, w, r, t, a.Answer)
}

func (s *Service) proveCode(w http.ResponseWriter, r *http.Request) {
	x, to := From(r.Context()), Local(r.PostFormValue("to"))
	p := s.cfg.People.Person(x.Person)
	if p == nil {
		s.failed(w, r, "prove", ErrInactive)
		return
	}
	err := s.byCodes(r.Context(), s.guess(r, p.UserName), r.PostFormValue("phrase"), r.PostFormValue("code"), func(person string, more func(*book.Change) error) error {
		return s.prove(r.Context(), w, r, person, Proof{How: byCodesHow}, more)
	})
	if err != nil {
		status, a := s.words(r.Context(), err)
		s.showProve(w, r, status, signInData{To: to, Wrong: a.Error})
		return
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// with adds where to go afterwards to a path of another way.
func (d signInData) With(path string) string {
	if d.To == "/" {
		return path
	}
	sep := "?"
	if strings.Contains(path, "?") {
		sep = "&"
	}
	return path + sep + url.Values{"to": {d.To}}.Encode()
}
