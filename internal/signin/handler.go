package signin

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"log/slog"
	"mime"
	"net/http"
	"strconv"
	"time"

	"modicum/internal/people"
)

var (
	//go:embed passkey.js
	script []byte
	//go:embed signin.css
	style []byte
)

// maxBody is the most that is read of a request, in bytes.
const maxBody = 64 << 10

// fresh is how lately a person must have proved themselves to change how they sign in.
const fresh = 5 * time.Minute

// Handler answers /sign-in, what lies below it, and /settings/sign-in. It must lie
// within Wrap. Looking changes nothing: what changes something is a POST (C1).
func (s *Service) Handler() http.Handler {
	mux := http.NewServeMux()
	for pattern, h := range map[string]http.HandlerFunc{
		"GET /sign-in":                     s.signInPage,
		"GET /sign-in/{$}":                 s.signInPage,
		"GET /sign-in/passkey.js":          file("text/javascript", script),
		"GET /sign-in/style.css":           file("text/css", style),
		"POST /sign-in/passkey":            s.json(s.logInBegin),
		"POST /sign-in/passkey/done":       s.json(s.logInDone),
		"POST /sign-in/code":               s.codePost,
		"GET /sign-in/recover":             s.recoverPage,
		"POST /sign-in/recover":            s.recoverPost,
		"GET /sign-in/enrol":               s.linkPage,
		"POST /sign-in/enrol":              s.linkPost,
		"POST /sign-in/enrol/passkey":      s.json(s.enrolBegin),
		"POST /sign-in/enrol/passkey/done": s.json(s.enrolDone),
		"POST /sign-in/enrol/code":         s.enrolCodes,
		"POST /sign-in/enrol/code/done":    s.enrolCodesDone,
		"GET /sign-in/prove":               s.own(s.provePage),
		"POST /sign-in/prove/passkey":      s.json(s.proveBegin),
		"POST /sign-in/prove/passkey/done": s.json(s.proveDone),
		"POST /sign-in/prove/code":         s.own(s.proveCode),
		"POST /sign-in/out":                s.outPost,
		"GET /sign-in/registered":          s.own(s.donePage),

		"GET /settings/sign-in":                 s.own(s.settingsPage),
		"POST /settings/sign-in/passkey":        s.json(s.addBegin),
		"POST /settings/sign-in/passkey/done":   s.json(s.addDone),
		"POST /settings/sign-in/passkey/remove": s.proven(s.removePasskey),
		"POST /settings/sign-in/code":           s.proven(s.codesOffer),
		"POST /settings/sign-in/code/done":      s.proven(s.codesDone),
		"POST /settings/sign-in/code/remove":    s.proven(s.removeCodes),
		"POST /settings/sign-in/recovery":       s.proven(s.recoveryPost),
		"POST /settings/sign-in/session/end":    s.own(s.endPost),
		"POST /settings/sign-in/session/others": s.own(s.endOthers),
	} {
		mux.HandleFunc(pattern, h)
	}
	return secure(http.MaxBytesHandler(mux, maxBody))
}

// secure sets the headers of these pages: nothing runs but our one script, nothing is
// framed, kept or told to others.
func secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "publickey-credentials-get=(self), publickey-credentials-create=(self)")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

func file(kind string, text []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind+"; charset=utf-8")
		w.Write(text)
	}
}

// own lets in who is signed in.
func (s *Service) own(next http.HandlerFunc) http.HandlerFunc {
	return s.Require(next).ServeHTTP
}

// proven lets in who has lately proved who they are.
func (s *Service) proven(next http.HandlerFunc) http.HandlerFunc {
	return s.own(func(w http.ResponseWriter, r *http.Request) {
		if Proved(r.Context(), fresh) != nil {
			http.Redirect(w, r, "/sign-in/prove?to=/settings/sign-in", http.StatusSeeOther)
			return
		}
		next(w, r)
	})
}

// asked is what the script sends, and answered what it gets.
type asked struct {
	Ticket   string          `json:"ticket"`
	Answer   json.RawMessage `json:"answer"`
	Key      string          `json:"key"` // what the person calls the passkey
	Name     string          `json:"name"`
	UserName string          `json:"user_name"`
	To       string          `json:"to"`
}

type answered struct {
	Options any    `json:"options,omitempty"`
	Ticket  string `json:"ticket,omitempty"`
	To      string `json:"to,omitempty"`
	Error   string `json:"error,omitempty"`
}

// json answers the script. A body of another type is none of the script's.
func (s *Service) json(f func(context.Context, http.ResponseWriter, *http.Request, *asked) (answered, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var a asked
		kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if kind != "application/json" || json.NewDecoder(r.Body).Decode(&a) != nil {
			s.answer(w, http.StatusBadRequest, answered{Error: "The request could not be read. Reload the page and try again."})
			return
		}
		if s.web == nil {
			s.answer(w, http.StatusConflict, answered{Error: "Passkeys do not work under an address that is a number."})
			return
		}
		out, err := f(r.Context(), w, r, &a)
		status := http.StatusOK
		if err != nil {
			status, out = s.words(r.Context(), err)
		}
		s.answer(w, status, out)
	}
}

func (s *Service) answer(w http.ResponseWriter, status int, a answered) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(a)
}

// words is what a person learns of an error: the same for every reason why somebody
// is not let in. What is ours to mend goes into the diary.
func (s *Service) words(ctx context.Context, err error) (int, answered) {
	var soon tooSoon
	say := func(status int, text string) (int, answered) { return status, answered{Error: text} }
	switch {
	case errors.Is(err, errPasskey), errors.Is(err, ErrInactive), errors.Is(err, errOther):
		return say(http.StatusForbidden, "The passkey was not accepted. Try another one, or another way of signing in.")
	case errors.Is(err, errGuess):
		return say(http.StatusForbidden, "What you typed does not fit. Look at each part and try again; a code is good for half a minute and for one time. If everything is right and it goes on, somebody may be guessing your codes: use a passkey, a recovery code, or a browser in which you have signed in before.")
	case errors.Is(err, errTicket):
		return say(http.StatusGone, "That took too long, or it was used before. Begin again.")
	case errors.Is(err, ErrNoSession):
		return say(http.StatusUnauthorized, "Your session is over. Sign in again.")
	case errors.Is(err, ErrStepUp):
		return say(http.StatusForbidden, "Prove first who you are.")
	case errors.Is(err, errNames):
		return say(http.StatusUnprocessableEntity, "Fill in your name, and a user name without blanks.")
	case errors.Is(err, people.ErrTaken):
		return say(http.StatusConflict, "This user name belongs to somebody, or did. Open your link once more and choose another.")
	case errors.Is(err, ErrLastWay):
		return say(http.StatusConflict, "It is your only way in. Add another one first.")
	case errors.Is(err, ErrNoWay):
		return say(http.StatusNotFound, "It is not there any more.")
	case errors.Is(err, errBusy):
		return say(http.StatusServiceUnavailable, "Many people are signing in. Try again in a moment. A passkey and a recovery code work at once.")
	case errors.Is(err, ErrTime):
		return say(http.StatusServiceUnavailable, "This installation is not sure of the time, so nobody can sign in. Tell whoever runs it.")
	case errors.Is(err, errCrowd):
		return say(http.StatusTooManyRequests, "What you typed does not fit, and many are trying in this name. Look at each part and try again: what is right is taken at once, unless somebody is guessing your codes. A passkey, a recovery code and an administrator's link work as well.")
	case errors.As(err, &soon):
		return say(http.StatusTooManyRequests, "Too many tries. Wait "+spell(time.Duration(soon))+" and try again. A passkey, a recovery code and an administrator's link work at once, and a browser in which you have signed in before waits for nobody else.")
	}
	s.cfg.Diary.LogAttrs(ctx, slog.LevelError, "signing in failed", slog.String("error", err.Error()))
	return say(http.StatusServiceUnavailable, uncertain.Text)
}

// spell writes a duration for people, rounded up.
func spell(d time.Duration) string {
	if d <= 90*time.Second {
		n := int((d + time.Second - 1) / time.Second)
		if n == 1 {
			return "a second"
		}
		return strconv.Itoa(n) + " seconds"
	}
	return strconv.Itoa(int((d+time.Minute-1)/time.Minute)) + " minutes"
}
