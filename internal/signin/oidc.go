package signin

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"modicum/internal/caller"
	"modicum/internal/people"
)

// Login says that an identity provider signs people in.
type Login struct {
	Issuer     string // one of the verifier's
	Name       string // as people know it; "" is its host
	Client     string // client_id of this console there
	Audience   string // of tokens for our doors
	SecretFile string // read at each use; "" where the client is public
	Algorithms []string
	// Strong are the values of acr by which it says that two factors proved the person
	// present. Without any it proves nobody, and people step up by a passkey of ours.
	Strong []string
}

// Issuers verifies what identity providers sign, and knows where they are. It is
// *caller.Verifier.
type Issuers interface {
	EndpointsOf(ctx context.Context, issuer string) (*caller.Endpoints, error)
	Keys(issuer string) *caller.Keys
	Identify(issuer, token string) (*caller.Identity, error)
}

// OIDCConfig is what an OIDC is made of.
type OIDCConfig struct {
	Logins  []Login
	Issuers Issuers
	// Arrive takes an issuer's word for somebody, or refuses it: people.Directory's.
	Arrive func(context.Context, people.Arrival) (*people.Person, error)
	// Ours reports whether a name is that of a page that holds rights over others by our own
	// word, for which no provider speaks; nil: none is. It answers from memory.
	Ours func(id string) bool
	// Word says what an issuer's word is worth that its subject, the claim sub, is somebody
	// of ours; nil: the name alone tells. It answers from memory.
	Word func(id, issuer, subject string) people.Word
}

// OIDC signs people in at the organization's identity providers (OpenID Connect Core
// 1.0, code flow with PKCE), lets them prove themselves there again, and ends their
// sessions when the provider says so (Back-Channel Logout 1.0).
type OIDC struct {
	*Service
	cfg     OIDCConfig
	sealed  sealed
	client  *http.Client
	logouts logouts
	hints   hints
}

// The addresses at which identity providers send people back, and tell of log-outs. The
// second is no page: no browser of a person calls it.
const (
	oidcPath   = "/sign-in/oidc"
	startPath  = oidcPath + "/start"
	outPath    = oidcPath + "/out"
	LogoutPath = "/oauth/back-channel-logout"
)

const exchangeTime = 5 * time.Second

// NewOIDC checks cfg. It fetches nothing.
func NewOIDC(s *Service, cfg OIDCConfig) (*OIDC, error) {
	if cfg.Issuers == nil || cfg.Arrive == nil || len(cfg.Logins) == 0 {
		return nil, errors.New("sign-in: Logins, Issuers and Arrive must be set")
	}
	for _, l := range cfg.Logins {
		if cfg.Issuers.Keys(l.Issuer) == nil || l.Client == "" || len(l.Algorithms) == 0 {
			return nil, fmt.Errorf("sign-in: %s is no issuer that is listed, or has no client or no algorithms", l.Issuer)
		}
	}
	box, err := newSealed(s.cfg.Key)
	if err != nil {
		return nil, err
	}
	o := &OIDC{Service: s, cfg: cfg, sealed: box, client: &http.Client{
		Timeout:       exchangeTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			TLSHandshakeTimeout: exchangeTime, ResponseHeaderTimeout: exchangeTime,
			MaxResponseHeaderBytes: 64 << 10, MaxIdleConns: 2, IdleConnTimeout: 30 * time.Second,
		},
	}}
	s.leaves, s.speaks = o.leaves, o.goesOn
	s.OnEnd(o.hints.drop)
	return o, nil
}

// Handler answers the pages below /sign-in/oidc. It stands behind Wrap.
func (o *OIDC) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+startPath, o.start)
	mux.HandleFunc("GET "+oidcPath, o.back)
	mux.HandleFunc("GET "+outPath, func(w http.ResponseWriter, r *http.Request) { o.refuse(w, r, http.StatusOK, signedOut) })
	return mux
}

// Way is one provider on the page of signing in.
type Way struct{ Name, Href string }

// Ways lists the providers, each with the address that leads to it and on to a path of
// ours.
func (o *OIDC) Ways(to string) (out []Way) {
	for i := range o.cfg.Logins {
		l := &o.cfg.Logins[i]
		out = append(out, Way{l.name(), startPath + "?" + url.Values{"issuer": {l.Issuer}, "to": {Local(to)}}.Encode()})
	}
	return out
}

func (l *Login) name() string {
	if l.Name != "" {
		return l.Name
	}
	if u, err := url.Parse(l.Issuer); err == nil {
		return u.Host
	}
	return l.Issuer
}

// Proof is the address at which the person of a session proves who they are, where
// their provider can say that they did; "" where it cannot.
func (o *OIDC) Proof(x *Session, to string) string {
	l := o.login(x.Issuer)
	if l == nil || len(l.Strong) == 0 {
		return ""
	}
	return startPath + "?" + url.Values{"issuer": {l.Issuer}, "to": {Local(to)}, "prove": {"yes"}}.Encode()
}

// Out is the address at which a provider signs somebody out there as well (RP-Initiated
// Logout 1.0); "" where it has none, or does not answer.
func (o *OIDC) Out(ctx context.Context, issuer string) string {
	l := o.login(issuer)
	if l == nil {
		return ""
	}
	e, err := o.cfg.Issuers.EndpointsOf(ctx, issuer)
	if err != nil || e.EndSession == "" {
		return ""
	}
	return with(e.EndSession, url.Values{"client_id": {l.Client}, "post_logout_redirect_uri": {o.address(outPath)}})
}

func (o *OIDC) login(issuer string) *Login {
	for i := range o.cfg.Logins {
		if o.cfg.Logins[i].Issuer == issuer {
			return &o.cfg.Logins[i]
		}
	}
	return nil
}

// address is a path of ours as the provider knows it.
func (o *OIDC) address(path string) string {
	return strings.TrimSuffix(o.Service.cfg.Public.String(), "/") + path
}

// with adds parameters to an address that may have some.
func with(address string, more url.Values) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	q := u.Query()
	for name, values := range more {
		q[name] = values
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// oauth is the client of a provider.
func (o *OIDC) oauth(ctx context.Context, l *Login) (*oauth2.Config, *caller.Endpoints, error) {
	e, err := o.cfg.Issuers.EndpointsOf(ctx, l.Issuer)
	if err != nil || e.Authorization == "" {
		return nil, nil, errDown
	}
	c := &oauth2.Config{
		ClientID: l.Client, RedirectURL: o.address(oidcPath), Scopes: []string{oidc.ScopeOpenID, "profile", "email"},
		Endpoint: oauth2.Endpoint{AuthURL: e.Authorization, TokenURL: e.Token, AuthStyle: oauth2.AuthStyleInParams},
	}
	if l.SecretFile == "" {
		return c, e, nil
	}
	text, err := os.ReadFile(l.SecretFile)
	if err != nil || len(text) > 4096 {
		return nil, nil, errors.New("the secret of the console at its identity provider cannot be read")
	}
	c.ClientSecret, c.Endpoint.AuthStyle = strings.TrimSpace(string(text)), oauth2.AuthStyleInHeader
	return c, e, nil
}

// start leads a browser to the provider. What it will bring back is bound to this
// browser by a sealed cookie; nothing is kept here for it.
func (o *OIDC) start(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	l := o.login(q.Get("issuer"))
	if l == nil {
		o.refuse(w, r, http.StatusNotFound, noProvider)
		return
	}
	c, _, err := o.oauth(r.Context(), l)
	if err != nil {
		o.down(w, r, err)
		return
	}
	a := attempt{Issuer: l.Issuer, To: Local(q.Get("to")), Verifier: oauth2.GenerateVerifier()}
	options := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(a.Verifier)}
	if q.Get("prove") == "yes" {
		x := From(r.Context())
		if x == nil || x.Issuer != l.Issuer || len(l.Strong) == 0 {
			o.refuse(w, r, http.StatusBadRequest, cannotProve)
			return
		}
		a.Session = x.ID
		options = append(options, oauth2.SetAuthURLParam("prompt", "login"), oauth2.SetAuthURLParam("max_age", "0"))
	}
	if len(l.Strong) > 0 { // a wish: what comes back is compared
		options = append(options, oauth2.SetAuthURLParam("acr_values", strings.Join(l.Strong, " ")))
	}
	if err := o.remember(w, &a); err != nil {
		o.failed(w, r, "the identity provider", err)
		return
	}
	http.Redirect(w, r, c.AuthCodeURL(a.State, append(options, oidc.Nonce(a.Nonce))...), http.StatusSeeOther)
}

// down says that nobody can sign in just now, and why in our log.
func (o *OIDC) down(w http.ResponseWriter, r *http.Request, err error) {
	o.Service.cfg.Diary.LogAttrs(r.Context(), slog.LevelError, "an identity provider cannot be used", slog.String("error", err.Error()))
	o.refuse(w, r, http.StatusServiceUnavailable, providerDown)
}

var errDown = errors.New("it does not answer, or does not say where people sign in")

// logouts remembers which log-out tokens were used.
type logouts struct {
	mu    sync.Mutex
	until map[[sha256.Size]byte]time.Time
}

// strong reports whether an acr is one by which the provider proves presence.
func (l *Login) strong(acr string) bool { return acr != "" && slices.Contains(l.Strong, acr) }

// What people read when something is in the way.
var (
	signedOut    = trouble{"You are signed out", "Your session here and at your identity provider is over. Close this page."}
	noProvider   = trouble{"Not known here", "This installation knows no identity provider of this address. Begin again from the page of signing in."}
	providerDown = trouble{"Your identity provider does not answer", "Nobody can sign in with it just now. Whoever is signed in goes on until their session ends. Try again in a minute; if it stays so, tell whoever runs it."}
	cannotProve  = trouble{"That cannot be proved there", "Your identity provider cannot say how you proved who you are, or you did not sign in with it. Use a passkey of this console instead."}
	notAsked     = trouble{"This browser did not ask for that", "What your identity provider sent back belongs to no sign-in that this browser began in the last ten minutes. Begin again from the page of signing in."}
	notAccepted  = trouble{"Your identity provider's answer was not accepted", "What it sent is not what it should be, and nobody was signed in. Try again; if it stays so, tell whoever runs this installation: the reason stands in its log."}
	providerNo   = trouble{"You are not signed in", "Your identity provider did not let you in, or you went back. Begin again when you like."}
	hasLeft      = trouble{"You have no access here", "In this installation's directory you are not active, or your name belongs to somebody else. Ask whoever runs people here."}
	tooWeak      = trouble{"That was not strong enough", "Your identity provider says that you signed in, but not by two factors just now. Set up a second factor there, or use a passkey of this console, and try again: who runs people here gives you a link to register one. What you were about to do was not done; a command line that waits is ended by Ctrl-C."}
	saysNot      = trouble{"Your identity provider does not say how you proved it", "It says who you are, and not by which factors, or not when: that is no proof, however you signed in there. Use a passkey of this console, and try again: who runs people here gives you a link to register one. What you were about to do was not done; a command line that waits is ended by Ctrl-C. Whoever runs this installation finds in its log what is missing."}
	otherPerson  = trouble{"That was somebody else", "Whoever signed in at the identity provider is not the person of this session. Sign out here first, then in as the other."}
)
