package signin

import (
	"context"
	"crypto/sha256"
	"log/slog"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"modicum/internal/defect"
	"modicum/internal/jws"
)

// Bounds of log-out tokens.
const (
	logoutLives = 5 * time.Minute // from iat, whatever exp says
	mostLogouts = 10_000          // remembered at once
)

// BackChannel answers a provider that says that somebody signed out there (OpenID
// Connect Back-Channel Logout 1.0). The sessions that it signed in end, and with them
// the tokens that were given out in them, before the answer. It stands outside Wrap:
// no browser calls it, and what it believes is a signature.
func (o *OIDC) BackChannel() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			http.Error(w, "POST a logout_token.", http.StatusMethodNotAllowed)
			return
		}
		why, status := o.logout(w, r)
		if why == "" {
			return
		}
		o.Service.cfg.Diary.LogAttrs(r.Context(), slog.LevelWarn, "a log-out token was refused", slog.String("why", why))
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(`{"error":"invalid_request"}`))
	})
}

func (o *OIDC) logout(w http.ResponseWriter, r *http.Request) (why string, status int) {
	typ, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	r.Body = http.MaxBytesReader(w, r.Body, jws.MaxToken+1024)
	if err != nil || typ != "application/x-www-form-urlencoded" || r.ParseForm() != nil || len(r.PostForm["logout_token"]) != 1 {
		return "form", http.StatusBadRequest
	}
	l, sid, subject, why := o.read(r.Context(), r.PostForm.Get("logout_token"))
	if why != "" {
		return why, http.StatusBadRequest
	}
	if defect.On(defect.LogoutUnread) {
		return "", 0
	}
	if _, err := o.EndBy(r.Context(), l.Issuer, sid, subject); err != nil {
		return "it could not be written down", http.StatusServiceUnavailable
	}
	return "", 0
}

// read verifies a log-out token (section 2.6). go-oidc asks for signature, iss, aud, exp,
// jti, events, sub or sid, and that there is no nonce, so that no ID token passes for one;
// what is here beside it is form, kind, age, and that each counts once.
func (o *OIDC) read(ctx context.Context, raw string) (l *Login, sid, subject, why string) {
	t, fault := jws.Parse(raw, "", "jwt", "logout+jwt")
	if fault != jws.NoFault {
		return nil, "", "", "form"
	}
	iss, ok := t.Claims.Text("iss")
	if l = o.login(iss); l == nil || !ok {
		return nil, "", "", "issuer"
	}
	now, sure := o.Service.cfg.Now()
	verifier := oidc.NewVerifier(iss, o.cfg.Issuers.Keys(iss), &oidc.Config{
		ClientID: l.Client, SupportedSigningAlgs: l.Algorithms, Now: func() time.Time { return now.Add(-skew) },
	})
	x, err := verifier.VerifyLogout(ctx, raw)
	switch {
	case err != nil:
		return nil, "", "", "signature, audience, time or event"
	case !isLogout(&t):
		return nil, "", "", "kind"
	}
	issued, ok := t.Claims.Instant("iat")
	if !ok || !sure || issued.After(now.Add(skew)) || issued.Before(now.Add(-logoutLives)) {
		return nil, "", "", "time"
	}
	if !o.logouts.use(iss+"\x00"+x.TokenID, issued.Add(logoutLives+skew), now) {
		return nil, "", "", "replayed"
	}
	return l, x.SessionID, x.Subject, ""
}

// isLogout asks what go-oidc leaves open: that the event is an object, as it is to be,
// and that Keycloak's claim of what a token is for, where it stands, says log-out.
func isLogout(t *jws.Token) bool {
	typ, ok := t.Claims.Text("typ")
	events, ok2 := t.Claims.Members("events")
	_, ok3 := events.Members("http://schemas.openid.net/event/backchannel-logout")
	return ok && ok2 && ok3 && (typ == "" || strings.EqualFold(typ, "logout"))
}

// use reports whether a token was not used before, and remembers it.
func (l *logouts) use(name string, until, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for sum, over := range l.until {
		if len(l.until) >= mostLogouts/2 && now.After(over) {
			delete(l.until, sum)
		}
	}
	sum := sha256.Sum256([]byte(name))
	if _, was := l.until[sum]; was && !defect.On(defect.LogoutReplayed) || len(l.until) >= mostLogouts {
		return false
	}
	if l.until == nil {
		l.until = map[[sha256.Size]byte]time.Time{}
	}
	l.until[sum] = until
	return true
}
