package signin

import (
	"cmp"
	"context"
	"crypto/subtle"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"modicum/internal/book"
	"modicum/internal/caller"
	"modicum/internal/defect"
	"modicum/internal/jws"
	"modicum/internal/people"
)

// skew is how far the provider's clock may be from ours.
const skew = 10 * time.Second

// errAnswer is an answer of a provider that is not accepted: a word for our log, and what
// the person reads.
type errAnswer struct {
	why    string
	status int
	say    trouble
}

func (e *errAnswer) Error() string { return e.why }

func unaccepted(why string) error { return &errAnswer{why, http.StatusBadRequest, notAccepted} }

// back takes what a provider sends a browser back with. It is a GET that begins a
// session, as the standard has it; what makes it a deliberate act of this browser is the
// state, which only the cookie of the attempt repeats.
func (o *OIDC) back(w http.ResponseWriter, r *http.Request) {
	a := o.recall(w, r)
	to, err := o.accept(w, r, a)
	var no *errAnswer
	switch {
	case errors.As(err, &no):
		o.Service.cfg.Diary.LogAttrs(r.Context(), slog.LevelWarn, "a sign-in at an identity provider was refused", slog.String("why", no.why))
		o.refuse(w, r, no.status, no.say)
	case err != nil:
		o.failed(w, r, "the identity provider", err)
	default:
		http.Redirect(w, r, to, http.StatusSeeOther)
	}
}

func (o *OIDC) accept(w http.ResponseWriter, r *http.Request, a *attempt) (to string, err error) {
	q := r.URL.Query()
	if a == nil {
		return "", &errAnswer{"no attempt", http.StatusBadRequest, notAsked}
	}
	if err := o.belongs(r.Context(), a, q); err != nil {
		return "", err
	}
	id, sid, err := o.redeem(r.Context(), a, q.Get("code"))
	if err != nil {
		return "", err
	}
	if a.Session != "" {
		return a.To, o.proves(w, r, a, id)
	}
	return a.To, o.begins(w, r, a, id, sid)
}

// belongs reports whether an answer is that to the attempt: by its state, and by who
// says it is answering (RFC 9207), since one provider's answer must not pass for another's.
func (o *OIDC) belongs(ctx context.Context, a *attempt, q url.Values) error {
	for _, values := range q {
		if len(values) != 1 {
			return unaccepted("a parameter twice")
		}
	}
	if subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(a.State)) != 1 && !defect.On(defect.StateIgnored) {
		return &errAnswer{"state", http.StatusBadRequest, notAsked}
	}
	e, err := o.cfg.Issuers.EndpointsOf(ctx, a.Issuer)
	if err != nil {
		return &errAnswer{errDown.Error(), http.StatusServiceUnavailable, providerDown}
	}
	if (e.Says || q.Has("iss")) && q.Get("iss") != a.Issuer {
		return unaccepted("another provider answers")
	}
	if q.Has("error") || q.Get("code") == "" {
		return &errAnswer{"the provider said no", http.StatusForbidden, providerNo}
	}
	return nil
}

// redeem fetches the ID token for a code and verifies it.
func (o *OIDC) redeem(ctx context.Context, a *attempt, code string) (*caller.Identity, string, error) {
	l := o.login(a.Issuer)
	if l == nil {
		return nil, "", unaccepted("a provider that is no longer listed")
	}
	c, _, err := o.oauth(ctx, l)
	if err != nil {
		return nil, "", err
	}
	// Whoever waits may close the page; the code is used up all the same.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), exchangeTime)
	defer cancel()
	answer, err := c.Exchange(context.WithValue(ctx, oauth2.HTTPClient, o.client), code, oauth2.VerifierOption(a.Verifier))
	var refused *oauth2.RetrieveError
	switch {
	case errors.As(err, &refused) && refused.Response != nil && refused.Response.StatusCode < 500:
		return nil, "", unaccepted("the provider does not take the code, or not our secret")
	case err != nil: // its text may hold what the provider sent
		return nil, "", &errAnswer{"the provider gives no token", http.StatusServiceUnavailable, providerDown}
	}
	raw, _ := answer.Extra("id_token").(string)
	id, sid, err := o.identity(ctx, l, a, raw, answer.AccessToken)
	if err == nil {
		a.token = raw
	}
	return id, sid, err
}

// identity verifies an ID token (OpenID Connect Core 1.0 section 3.1.3.7): by go-oidc,
// over keys and algorithms of the configuration, and strictly in what it leaves open.
func (o *OIDC) identity(ctx context.Context, l *Login, a *attempt, raw, access string) (*caller.Identity, string, error) {
	now, sure := o.Service.cfg.Now()
	if !sure {
		return nil, "", ErrTime
	}
	verifier := oidc.NewVerifier(l.Issuer, o.cfg.Issuers.Keys(l.Issuer), &oidc.Config{
		ClientID: l.Client, SupportedSigningAlgs: l.Algorithms, Now: func() time.Time { return now.Add(-skew) },
	})
	t, err := verifier.Verify(ctx, raw)
	if err != nil {
		return nil, "", unaccepted("signature, issuer, audience or time of the ID token")
	}
	if t.Nonce != a.Nonce && !defect.On(defect.NonceIgnored) {
		return nil, "", unaccepted("nonce of the ID token")
	}
	if t.AccessTokenHash != "" && t.VerifyAccessToken(access) != nil {
		return nil, "", unaccepted("at_hash of the ID token")
	}
	parsed, fault := jws.Parse(raw, "", "jwt")
	if fault != jws.NoFault {
		return nil, "", unaccepted("form of the ID token")
	}
	if _, _, ok := parsed.Claims.Times(now, skew); !ok {
		return nil, "", unaccepted("times of the ID token")
	}
	azp, ok := parsed.Claims.Text("azp")
	if !ok || azp != "" && azp != l.Client || azp == "" && len(t.Audience) > 1 {
		return nil, "", unaccepted("authorized party of the ID token")
	}
	sid, ok := parsed.Claims.Text("sid")
	if !ok {
		return nil, "", unaccepted("sid of the ID token")
	}
	id, err := o.cfg.Issuers.Identify(l.Issuer, raw)
	if err != nil {
		return nil, "", unaccepted("claims of the ID token")
	}
	return id, sid, nil
}

// begins lets somebody in, whom the directory does not know to have left.
func (o *OIDC) begins(w http.ResponseWriter, r *http.Request, a *attempt, id *caller.Identity, sid string) error {
	if !o.speaks(id.ID, a.Issuer, id.Sub) {
		return o.refuseName(r.Context(), a, id.ID)
	}
	p, err := o.cfg.Arrive(r.Context(), people.Arrival{
		ID: id.ID, Name: id.Name, Mail: id.Mail, Department: id.Dept, Facility: id.Facility, Practitioners: id.Practitioners,
		Roles: id.Roles, Until: o.now().Add(o.Service.cfg.Longest).UnixMicro(),
	})
	var refused *people.Refusal
	var wrong people.Problems
	switch {
	case errors.As(err, &refused), errors.As(err, &wrong):
		return &errAnswer{"the directory refuses: " + err.Error(), http.StatusForbidden, hasLeft}
	case err != nil:
		return err
	}
	proof := o.proof(a, id)
	proof.Sid = sid
	err = o.Begin(r.Context(), w, r, p.ID, proof)
	if errors.Is(err, ErrInactive) {
		return &errAnswer{"not active", http.StatusForbidden, hasLeft}
	}
	if err == nil {
		o.remembers(o.login(a.Issuer), sid, id.Sub, a.token)
	}
	return err
}

// speaks reports whether a provider's subject is the person of its name: two of this
// installation said so; or nobody did, the page holds no rights by our word, and nobody
// signs in here as it.
func (o *OIDC) speaks(person, issuer, subject string) bool {
	word := o.word(person, issuer, subject)
	return word == people.Theirs || word == people.Unsaid && (!o.ours(person) && !o.here(person) || defect.On(defect.LocalNameTaken))
}

// goesOn reports whether a session that began so is still its person's. That they can sign
// in here meanwhile, too, ends it not; that nobody signs in at the issuer any more does.
func (o *OIDC) goesOn(person, issuer, subject string) bool {
	if !slices.ContainsFunc(o.cfg.Logins, func(l Login) bool { return l.Issuer == issuer }) && !defect.On(defect.IdentityAskedOnce) {
		return false
	}
	word := o.word(person, issuer, subject)
	return word == people.Theirs || word == people.Unsaid && !o.ours(person)
}

func (o *OIDC) word(person, issuer, subject string) people.Word {
	if o.cfg.Word == nil {
		return people.Unsaid
	}
	return o.cfg.Word(person, issuer, subject)
}

func (o *OIDC) ours(person string) bool { return o.cfg.Ours != nil && o.cfg.Ours(person) }

// here reports whether a page that was written here is of somebody who signs in here.
func (o *OIDC) here(person string) bool {
	p := o.Service.cfg.People.Person(person)
	return p != nil && p.From == people.Local && o.Here(person)
}

// refuseName records that a provider called somebody like a page of ours: whoever chooses
// names there does not choose who they are here (T8).
func (o *OIDC) refuseName(ctx context.Context, a *attempt, person string) error {
	err := o.Service.cfg.Desk.Change(ctx, func(c *book.Change) error {
		return o.record(c, "sign-in-refused", nobody, person, "provider", a.Issuer, "name-of-a-local-person")
	})
	if err != nil {
		return err
	}
	return &errAnswer{"its name is that of a person who is kept here", http.StatusForbidden, hasLeft}
}

// proof is what the provider says of how the person signed in. Where it does not say
// that two factors proved them present, and when, nothing is proved by it.
func (o *OIDC) proof(a *attempt, id *caller.Identity) Proof {
	p := Proof{How: id.AMR, ACR: id.ACR, At: 1, Issuer: a.Issuer, Subject: id.Sub}
	if len(p.How) == 0 {
		p.How = []string{"fed"} // at the organization's provider, which does not say how
	}
	if o.login(a.Issuer).strong(id.ACR) && !id.AuthTime.IsZero() {
		p.At = id.AuthTime.UnixMicro()
	}
	return p
}

// proves takes a new proof of a session's person: what was done, never what was asked for.
func (o *OIDC) proves(w http.ResponseWriter, r *http.Request, a *attempt, id *caller.Identity) error {
	x := From(r.Context())
	if x == nil || x.ID != a.Session {
		return &errAnswer{"no session to prove", http.StatusBadRequest, notAsked}
	}
	// The subject, too: names are chosen anew at a provider.
	same := id.ID == x.Person && id.Sub == cmp.Or(x.Subject, id.Sub) && o.goesOn(x.Person, a.Issuer, id.Sub)
	if !same && !defect.On(defect.OtherStepsUp) || x.Issuer != a.Issuer {
		return &errAnswer{"another person", http.StatusForbidden, otherPerson}
	}
	strong, began := o.login(a.Issuer).strong(id.ACR), time.UnixMicro(a.Began)
	fresh := !id.AuthTime.IsZero() && !id.AuthTime.Before(began.Add(-skew))
	p := o.proof(a, id)
	if defect.On(defect.WeakStepsUp) {
		strong, fresh, p.At = true, true, 0
	}
	switch {
	case strong && fresh:
	case id.ACR == "" || strong && id.AuthTime.IsZero():
		return &errAnswer{"acr or auth_time is not said: " + weak(strong), http.StatusForbidden, saysNot}
	default:
		return &errAnswer{"acr or auth_time does not suffice: " + weak(strong), http.StatusForbidden, tooWeak}
	}
	return o.Prove(r.Context(), w, r, x.Person, p)
}

func weak(strong bool) string {
	if strong {
		return "auth_time"
	}
	return "acr"
}
