package signin

import (
	"context"
	"html/template"
	"net/http"
	"net/url"
	"sync"

	"modicum/internal/book"
	"modicum/internal/defect"
)

// mostHints bounds the ID tokens that are remembered; a provider that gets none asks the
// person instead.
const mostHints = 10_000

// hints are the ID tokens by which sessions began, for id_token_hint of RP-Initiated Logout
// 1.0. They live in memory and go with their session: what they say of people is kept
// nowhere.
type hints struct {
	mu sync.Mutex
	of map[string]string // guarded by mu; by what the provider calls the session
}

func hintName(issuer, sid, subject string) string { return issuer + "\x00" + sid + "\x00" + subject }

func (h *hints) keep(name, token string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.of == nil {
		h.of = map[string]string{}
	}
	if _, known := h.of[name]; known || len(h.of) < mostHints {
		h.of[name] = token
	}
}

func (h *hints) get(name string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.of[name]
}

func (h *hints) drop(_ *book.Change, x *Session) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.of, hintName(x.Issuer, x.Sid, x.Subject))
}

// remembers keeps the ID token of a session that begins. One that our own doors would take
// as a token never stands in an address.
func (o *OIDC) remembers(l *Login, sid, subject, token string) {
	if l.Audience != l.Client {
		o.hints.keep(hintName(l.Issuer, sid, subject), token)
	}
}

// leaves gives what finds the address at which a session ends at its provider as well. What
// it needs of the session is taken now; the provider is asked when the session is over.
func (o *OIDC) leaves(x *Session) func(context.Context) string {
	hint := o.hints.get(hintName(x.Issuer, x.Sid, x.Subject))
	return func(ctx context.Context) string {
		to := o.Out(ctx, x.Issuer)
		if to == "" || hint == "" {
			return to
		}
		return with(to, url.Values{"id_token_hint": {hint}})
	}
}

var leaveText = template.Must(template.New("leave").Parse(`<div class="column"><h1>You are signed out here</h1>
<p>Your browser is being led to your identity provider, where your session ends as well. <a href="{{.}}" rel="noreferrer">Go there now</a> if it is not.</p></div>`))

// leave ends the session of this browser here, and leads on to the provider that signed
// the person in. A form may send nobody elsewhere (form-action), so a page of ours does.
func (s *Service) leave(w http.ResponseWriter, r *http.Request, x *Session) error {
	var to func(context.Context) string
	if s.leaves != nil && x.Issuer != "" && !defect.On(defect.ProviderStays) {
		to = s.leaves(x)
	}
	if err := s.End(r.Context(), actor(x), x.ID); err != nil {
		return err
	}
	s.setCookie(w, "", 0)
	if to != nil {
		if address := to(r.Context()); address != "" {
			w.Header().Set("Refresh", "0; url="+address)
			s.show(w, r, http.StatusOK, "Signed out", leaveText, address)
			return nil
		}
	}
	http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
	return nil
}
