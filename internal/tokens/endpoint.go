package tokens

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"log/slog"
	"mime"
	"net/http"
	"net/url"
	"time"

	"modicum/internal/people"
)

// Bounds of the endpoints, a minute.
const (
	maxForm      = 32 << 10 // bytes
	mostFailures = 60       // of one address
	mostOfClient = 120      // tokens of one program
)

// oauthError is an answer of RFC 6749 section 5.2. Each is constant: what is wrong with a
// client, a key or a signature is told to our log and to nobody outside.
type oauthError struct {
	status     int
	code, text string
}

func (e *oauthError) Error() string { return e.code }

var (
	badClient   = &oauthError{401, "invalid_client", "The client assertion was not accepted."}
	badRequest  = &oauthError{400, "invalid_request", "The request could not be read: a form is expected, each parameter at most once."}
	badGrant    = &oauthError{400, "invalid_grant", "The code is over, was used, or belongs to another request."}
	badGrants   = &oauthError{400, "unsupported_grant_type", "Here are: client_credentials, authorization_code of this installation's command line, and device codes."}
	badScope    = &oauthError{400, "invalid_scope", "None of the scopes asked for is one that this program is registered for."}
	tooMany     = &oauthError{429, "slow_down", "Too many requests. Wait a minute."}
	unavailable = &oauthError{503, "temporarily_unavailable", "No token can be given out at this moment. Try again."}
)

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// Handler answers /oauth/token, /oauth/revoke, /oauth/device and the description of
// them at /.well-known/oauth-authorization-server.
func (s *Service) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /oauth/token", s.serve(s.token))
	mux.HandleFunc("POST /oauth/revoke", s.serve(s.revoke))
	mux.HandleFunc("POST /oauth/device", s.serve(s.device))
	mux.HandleFunc("GET /.well-known/oauth-authorization-server", s.describe)
	return mux
}

// serve reads the form, and writes what comes of it as JSON.
func (s *Service) serve(do func(r *http.Request, f url.Values) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		answer, err := s.answer(w, r, do)
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Cache-Control", "no-store") // RFC 6749 section 5.1
		h.Set("Pragma", "no-cache")
		h.Set("X-Content-Type-Options", "nosniff")
		if err == nil {
			_ = json.NewEncoder(w).Encode(answer) // an error is a client that went away
			return
		}
		e := s.oauth(r, err)
		if e.status == http.StatusUnauthorized {
			h.Set("WWW-Authenticate", "Bearer")
		}
		if e.status == http.StatusTooManyRequests {
			h.Set("Retry-After", "60")
		}
		w.WriteHeader(e.status)
		_ = json.NewEncoder(w).Encode(map[string]string{"error": e.code, "error_description": e.text})
	}
}

func (s *Service) answer(w http.ResponseWriter, r *http.Request, do func(*http.Request, url.Values) (any, error)) (any, error) {
	now, sure := s.cfg.Now()
	from := "address " + household(r)
	if !s.asked.left(now, from, mostFailures) {
		return nil, tooMany
	}
	if err := s.certain(r.Context()); err != nil || !sure {
		return nil, unavailable
	}
	f, err := form(w, r)
	if err == nil {
		var answer any
		if answer, err = do(r, f); err == nil {
			return answer, nil
		}
	}
	if !errors.Is(err, errPending) {
		s.asked.take(now, from, mostFailures)
	}
	return nil, err
}

// oauth is what the client learns of an error.
func (s *Service) oauth(r *http.Request, err error) *oauthError {
	var e *oauthError
	if errors.As(err, &e) {
		return e
	}
	s.cfg.Diary.LogAttrs(r.Context(), slog.LevelError, "a token could not be given out", slog.String("error", err.Error()))
	return unavailable
}

// form reads a form whose parameters come once each, and only in the body.
func form(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	typ, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || typ != "application/x-www-form-urlencoded" || r.URL.RawQuery != "" {
		return nil, badRequest
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if r.ParseForm() != nil {
		return nil, badRequest
	}
	for _, values := range r.PostForm {
		if len(values) != 1 {
			return nil, badRequest
		}
	}
	return r.PostForm, nil
}

// token is the token endpoint, RFC 6749 section 3.2.
func (s *Service) token(r *http.Request, f url.Values) (any, error) {
	switch f.Get("grant_type") {
	case "client_credentials":
		return s.credentials(r, f)
	case "authorization_code":
		return s.redeem(r, f)
	case deviceGrant:
		return s.poll(r, f)
	case "":
		return nil, badRequest
	}
	return nil, badGrants
}

// given is RFC 6749 section 5.1.
type given struct {
	Token string `json:"access_token"`
	Type  string `json:"token_type"`
	For   int64  `json:"expires_in"` // seconds
	Scope string `json:"scope,omitempty"`
	Task  string `json:"task,omitempty"` // ROLE/TASK, of a person's
	Who   string `json:"who,omitempty"`
}

// client authenticates a program by its assertion.
func (s *Service) client(r *http.Request, f url.Values, now time.Time) (*claim, *people.Program, *people.Key, error) {
	refuse := func(why string) (*claim, *people.Program, *people.Key, error) {
		s.cfg.Diary.LogAttrs(r.Context(), slog.LevelInfo, "a program was refused", slog.String("assertion", why))
		return nil, nil, nil, badClient
	}
	if f.Get("client_assertion_type") != assertionType || len(r.Header.Values("Authorization")) > 0 || f.Has("client_secret") {
		return refuse("method")
	}
	c, fault := parseAssertion(f.Get("client_assertion"), s.endpoint(), now)
	if fault != "" {
		return refuse(fault)
	}
	if id := f.Get("client_id"); id != "" && id != c.program {
		return refuse("another client")
	}
	p := s.cfg.People.Program(c.program)
	if p == nil {
		return refuse("unknown program")
	}
	k := c.signer(p, now)
	if k == nil {
		return refuse("key or signature")
	}
	return s.entitled(r, &c, p, k, now)
}

// entitled asks what else must be true of a program that showed its key. From here on
// it is known who asks, so that a refusal is recorded (L2).
func (s *Service) entitled(r *http.Request, c *claim, p *people.Program, k *people.Key, now time.Time) (*claim, *people.Program, *people.Key, error) {
	why := ""
	switch {
	case !s.runs(p, now):
		why = "gone"
	case !within(p.Networks, address(r)):
		why = "network"
	case !s.replay.use(c.used(), c.expires.Add(leeway), now):
		why = "replayed"
	default:
		return c, p, k, nil
	}
	s.cfg.Diary.LogAttrs(r.Context(), slog.LevelWarn, "a program was refused", slog.String("assertion", why))
	if err := s.refusedProgram(r.Context(), p, why); err != nil {
		return nil, nil, nil, err
	}
	return nil, nil, nil, badClient
}

// credentials is the grant of SMART Backend Services.
func (s *Service) credentials(r *http.Request, f url.Values) (any, error) {
	now, _ := s.cfg.Now()
	c, p, k, err := s.client(r, f, now)
	if err != nil {
		return nil, err
	}
	if !s.ofKnown().take(now, "client "+p.ID, mostOfClient) {
		return nil, tooMany
	}
	scopes, ok := grantedScopes(p.Scopes, f.Get("scope"))
	if !ok {
		if err := s.refusedProgram(r.Context(), p, "scope"); err != nil {
			return nil, err
		}
		return nil, badScope
	}
	token, lives, err := s.issueToProgram(r.Context(), c, p, k, scopes, now)
	if err != nil {
		return nil, err
	}
	return &given{Token: token, Type: "bearer", For: int64(lives / time.Second), Scope: joined(scopes)}, nil
}

// revoke is RFC 7009. Whoever holds a token of a person may end it; a program ends its
// own and says who it is. What is not there is revoked, too (section 2.2).
func (s *Service) revoke(r *http.Request, f url.Values) (any, error) {
	now, _ := s.cfg.Now()
	sum := sha256.Sum256([]byte(f.Get("token")))
	if f.Get("token") == "" {
		return nil, badRequest
	}
	if f.Has("client_assertion") {
		_, p, _, err := s.client(r, f, now)
		if err != nil {
			return nil, err
		}
		if s.revokeOfProgram(sum, p.ID) {
			return map[string]any{}, s.keep(r.Context(), "token-revoked", p.ID, p.Owner, "program")
		}
		return map[string]any{}, nil
	}
	if t := s.byToken(sum); t != nil {
		if err := s.Revoke(r.Context(), t.Person, t.ID); err != nil && !errors.Is(err, ErrNone) {
			return nil, err
		}
	}
	return map[string]any{}, nil
}

// refusedProgram records that a program which showed its key was refused.
func (s *Service) refusedProgram(ctx context.Context, p *people.Program, why string) error {
	return s.keep(ctx, "token-refused", p.ID, p.Owner, "program", why)
}
