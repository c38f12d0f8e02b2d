package signin

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"modicum/internal/defect"
)

// visit is what Wrap puts into the context.
type visit struct {
	session *Session
	service *Service
}

type visitKey struct{}

// From is the session of a request that went through Wrap; nil: nobody is signed in.
func From(ctx context.Context) *Session {
	v, _ := ctx.Value(visitKey{}).(visit)
	return v.session
}

// Goes reports whether the session of a request goes on at this moment, and not only when the
// request came.
func Goes(ctx context.Context) bool {
	v, _ := ctx.Value(visitKey{}).(visit)
	return v.session != nil && (v.service.Live(v.session.ID) || defect.On(defect.EndedGoesOn))
}

// Proved returns nil where the person proved who they are within so long; ErrStepUp
// where they must do so again, ErrNoSession where nobody is signed in.
func Proved(ctx context.Context, within time.Duration) error {
	v, _ := ctx.Value(visitKey{}).(visit)
	switch {
	case v.session == nil:
		return ErrNoSession
	case defect.On(defect.ProofForEver):
		return nil
	}
	now, trusted := v.service.cfg.Now()
	if since := now.UnixMicro() - v.session.Proved; !trusted || since < 0 || since >= within.Microseconds() {
		return ErrStepUp
	}
	return nil
}

// Wrap gives each request its session, and refuses what another site made a browser
// send. It goes around everything that a browser's cookie opens.
func (s *Service) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := s.sameSite(r); err != nil {
			s.refuse(w, r, http.StatusForbidden, elsewhere)
			return
		}
		if !s.cfg.Desk.Certain() && s.cfg.Desk.Reload(r.Context()) != nil {
			s.refuse(w, r, http.StatusServiceUnavailable, uncertain)
			return
		}
		if x := s.of(r); x != nil {
			s.index.touch(x, s.now())
			r = r.WithContext(context.WithValue(r.Context(), visitKey{}, visit{s.fresh(x), s}))
		}
		next.ServeHTTP(w, r)
	})
}

// Require leads whoever is not signed in to the page for it, and back afterwards.
func (s *Service) Require(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if From(r.Context()) != nil {
			next.ServeHTTP(w, r)
			return
		}
		http.Redirect(w, r, "/sign-in"+back(r), http.StatusSeeOther)
	})
}

// Again leads to the page of the proof, and back afterwards.
func Again(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, "/sign-in/prove"+back(r), http.StatusSeeOther)
}

// back names the page to return to: its path alone, since what else stands in an
// address may say something. What was posted is not sent again.
func back(r *http.Request) string {
	if r.Method != http.MethodGet || r.URL.Path == "/" {
		return ""
	}
	return "?" + url.Values{"to": {r.URL.Path}}.Encode()
}

// Local is where to go afterwards: a path of ours, or the start.
func Local(to string) string {
	u, err := url.Parse(to)
	switch {
	case err != nil, u.Scheme != "", u.Host != "", u.User != nil, u.Opaque != "",
		!strings.HasPrefix(to, "/"), strings.HasPrefix(to, "//"), strings.ContainsAny(to, "\\\t\r\n"), strings.HasPrefix(u.Path, "//"):
		return "/"
	}
	return to
}

var errElsewhere = errors.New("another site sent this")

// sameSite refuses what would change something and does not come from a page of ours.
// http.CrossOriginProtection lets pass what names neither origin nor fetch site, since
// programs do; with our cookie, or to a page of signing in, that is refused as well.
// Method overrides are known nowhere.
func (s *Service) sameSite(r *http.Request) error {
	if defect.On(defect.AnySiteMayPost) || r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions {
		return nil
	}
	if err := s.same.Check(r); err != nil {
		return errElsewhere
	}
	site, origin := r.Header.Get("Sec-Fetch-Site"), r.Header.Get("Origin")
	cookies := len(r.CookiesNamed(s.cookie())) > 0 || r.URL.Path == "/sign-in" || strings.HasPrefix(r.URL.Path, "/sign-in/")
	switch {
	case site == "" && origin == "" && cookies:
		return errElsewhere
	case len(r.Header.Values("Origin")) > 1, len(r.Header.Values("Sec-Fetch-Site")) > 1:
		return errElsewhere
	case site != "same-origin" && origin == "null": // a page without an origin is none of ours
		return errElsewhere
	}
	return nil
}

// cookie is the name of the session's cookie. The prefix makes browsers keep it to
// this host, this scheme and every path; they take it over https only.
func (s *Service) cookie() string {
	if s.secure {
		return "__Host-modicum"
	}
	return "modicum"
}

// of is the session that a request's cookie opens. Two cookies of that name are none:
// somebody else put one there.
func (s *Service) of(r *http.Request) *Session {
	cookies := r.CookiesNamed(s.cookie())
	if len(cookies) != 1 {
		return nil
	}
	return s.by(cookies[0].Value)
}

func (s *Service) setCookie(w http.ResponseWriter, token string, longest time.Duration) {
	c := &http.Cookie{Name: s.cookie(), Value: token, Path: "/", HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode}
	if token == "" {
		c.MaxAge = -1
	} else {
		c.MaxAge = int(longest / time.Second)
	}
	http.SetCookie(w, c)
}

// failed writes an error of ours to the diary, and answers that it was ours.
func (s *Service) failed(w http.ResponseWriter, r *http.Request, step string, err error) {
	s.cfg.Diary.LogAttrs(r.Context(), slog.LevelError, "signing in failed", slog.String("step", step), slog.String("error", err.Error()))
	s.refuse(w, r, http.StatusServiceUnavailable, uncertain)
}
