package tokens

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"modicum/internal/caller"
	"modicum/internal/defect"
)

// Two ways lead a command line to a token. Where it opens a browser on the same machine,
// the browser brings a code to a port of this machine (RFC 8252), worth nothing without
// the verifier that the command line keeps (RFC 7636). Where there is no browser, it
// shows a short code that its person types in on another machine (RFC 8628).

const (
	deviceGrant   = "urn:ietf:params:oauth:grant-type:device_code"
	authorizePath = "/sign-in/authorize"
	devicePath    = "/sign-in/device"
	provePath     = "/sign-in/prove"
	codeLives     = time.Minute      // from the person's yes to the command line
	deviceLives   = 10 * time.Minute // from the command line's question to the person's yes
	pollEvery     = 5 * time.Second
	mostWaiting   = 1000 // command lines that wait at once
)

// letters of a code that people type: none that makes words or looks like another
// (RFC 8628 section 6.1).
const letters = "BCDFGHJKLMNPQRSTVWXZ"

var (
	errPending = &oauthError{400, "authorization_pending", "The person has not answered yet."}
	errDenied  = &oauthError{400, "access_denied", "The person said no."}
	errTask    = &oauthError{400, "invalid_scope", "The person has no such task."}
	// OpenID Connect Core Error Code unmet_authentication_requirements 1.0.
	errProof   = &oauthError{400, "unmet_authentication_requirements", "The person has no way of proving who they are."}
	errExpired = &oauthError{400, "expired_token", "Nobody answered in time. Begin again."}
	errSlow    = &oauthError{400, "slow_down", "Ask less often."}
)

// plea is what a command line asks for.
type plea struct {
	Task    string
	For     time.Duration
	MaxAge  time.Duration // how old the proof of presence may be (RFC 9470); 0: any
	Machine string        // as it calls itself
	Network string        // where it asks from
}

// waiting is a command line that waits for its person, or for its token.
type waiting struct {
	plea
	device    bool
	user      string // the short code
	challenge string // of a code that a browser brings
	redirect  string
	until     time.Time
	asked     time.Time   // last poll
	no        *oauthError // why there is no token
	want      *Want       // once the person said yes
}

// codes are held by the hash of what redeems them, in memory: a restart ends them.
type codes struct {
	mu      sync.Mutex
	waiting map[[sha256.Size]byte]*waiting
}

// add keeps a code; false when too many wait.
func (c *codes) add(code string, w *waiting, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiting == nil {
		c.waiting = map[[sha256.Size]byte]*waiting{}
	}
	if len(c.waiting) >= mostWaiting {
		for sum, old := range c.waiting {
			if !now.Before(old.until) {
				delete(c.waiting, sum)
			}
		}
	}
	if len(c.waiting) >= mostWaiting {
		return false
	}
	c.waiting[sha256.Sum256([]byte(code))] = w
	return true
}

// take gives what a code redeems, once: whoever comes second finds nothing.
func (c *codes) take(code string) *waiting {
	c.mu.Lock()
	defer c.mu.Unlock()
	sum := sha256.Sum256([]byte(code))
	w := c.waiting[sum]
	if !defect.On(defect.CodeTwice) {
		delete(c.waiting, sum)
	}
	return w
}

// typed finds the device whose short code somebody typed; nil: none that still waits.
func (c *codes) typed(user string, now time.Time) *waiting {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.find(user, now)
}

func (c *codes) find(user string, now time.Time) *waiting {
	for _, w := range c.waiting {
		if w.device && w.user == user && w.want == nil && w.no == nil && now.Before(w.until) {
			return w
		}
	}
	return nil
}

// answer notes what the person said to a device, or why they could not; false: it waits
// no longer.
func (c *codes) answer(user string, want *Want, no *oauthError, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := c.find(user, now)
	if w == nil {
		return false
	}
	w.want, w.no = want, no
	return true
}

// spelled is a short code as it is kept, however it was typed.
func spelled(s string) string {
	s = strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(s))
	if len(s) != 8 || strings.Trim(s, letters) != "" {
		return ""
	}
	return s[:4] + "-" + s[4:]
}

func (s *Service) shortCode() (string, error) {
	var b strings.Builder
	for b.Len() < 8 {
		text, err := s.random(1)
		if err != nil {
			return "", err
		}
		raw, _ := base64.RawURLEncoding.DecodeString(text)
		if n := int(raw[0]); n < 240 { // 12 times 20: each letter is as likely
			b.WriteByte(letters[n%len(letters)])
		}
	}
	return spelled(b.String()), nil
}

// pleaOf reads what is asked for. The person reads it before saying yes.
func pleaOf(f url.Values, network string) (plea, bool) {
	seconds, err := strconv.Atoi(f.Get("for"))
	lives := time.Duration(seconds) * time.Second
	task := f.Get("task")
	age, aged := maxAge(f.Get("max_age"))
	ok := err == nil && lives >= time.Minute && lives <= longestOfCLI && (task == "" || taskName(task)) && aged
	return plea{Task: task, For: lives, MaxAge: age, Machine: bounded(f.Get("machine")), Network: network}, ok
}

// maxAge reads how old a proof of presence may be, seconds. None is any age.
func maxAge(s string) (time.Duration, bool) {
	if s == "" {
		return 0, true
	}
	n, err := strconv.Atoi(s)
	return time.Duration(n) * time.Second, err == nil && n >= 1 && n <= 3600
}

// taskName accepts TASK and ROLE/TASK.
func taskName(s string) bool {
	for _, c := range []byte(s) {
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '/') {
			return false
		}
	}
	return len(s) <= 128 && strings.Count(s, "/") <= 1
}

// device begins the way without a browser (RFC 8628 section 3.1).
func (s *Service) device(r *http.Request, f url.Values) (any, error) {
	now, _ := s.cfg.Now()
	p, ok := pleaOf(f, address(r))
	if f.Get("client_id") != CLI || !ok {
		return nil, badRequest
	}
	if !s.asked.take(now, "device "+household(r), mostFailures) {
		return nil, tooMany
	}
	code, err := s.random(32)
	if err != nil {
		return nil, err
	}
	user, err := s.shortCode()
	if err != nil {
		return nil, err
	}
	if !s.codes.add(code, &waiting{plea: p, device: true, user: user, until: now.Add(deviceLives)}, now) {
		return nil, tooMany
	}
	at := s.issuer + devicePath
	return map[string]any{
		"device_code": code, "user_code": user, "verification_uri": at,
		"expires_in": int(deviceLives / time.Second), "interval": int(pollEvery / time.Second),
	}, nil
}

// poll answers a device that asks whether its person has answered (section 3.4).
func (s *Service) poll(r *http.Request, f url.Values) (any, error) {
	now, _ := s.cfg.Now()
	if f.Get("client_id") != CLI {
		return nil, badRequest
	}
	w, err := s.codes.poll(f.Get("device_code"), now)
	if err != nil {
		return nil, err
	}
	return s.fulfil(r.Context(), w)
}

// poll looks at a device code, and takes it where the person answered.
func (c *codes) poll(code string, now time.Time) (*waiting, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	sum := sha256.Sum256([]byte(code))
	w := c.waiting[sum]
	if w == nil || !w.device {
		return nil, badGrant
	}
	soon := now.Before(w.asked.Add(pollEvery - time.Second))
	w.asked = now
	switch {
	case !now.Before(w.until):
		delete(c.waiting, sum)
		return nil, errExpired
	case w.no != nil:
		delete(c.waiting, sum)
		return nil, w.no
	case w.want == nil && soon:
		return nil, errSlow
	case w.want == nil:
		return nil, errPending
	}
	delete(c.waiting, sum)
	return w, nil
}

// redeem gives a token for the code that a browser brought (RFC 6749 section 4.1.3).
func (s *Service) redeem(r *http.Request, f url.Values) (any, error) {
	now, _ := s.cfg.Now()
	if f.Get("client_id") != CLI {
		return nil, badRequest
	}
	w := s.codes.take(f.Get("code"))
	if w == nil || w.device || !now.Before(w.until) || w.redirect != f.Get("redirect_uri") || !fits(f.Get("code_verifier"), w.challenge) {
		return nil, badGrant
	}
	return s.fulfil(r.Context(), w)
}

// fits reports whether a verifier is that of a challenge (RFC 7636 section 4.6).
func fits(verifier, challenge string) bool {
	sum := sha256.Sum256([]byte(verifier))
	is := base64.RawURLEncoding.EncodeToString(sum[:])
	return len(verifier) >= 43 && subtle.ConstantTimeCompare([]byte(is), []byte(challenge)) == 1 || defect.On(defect.ChallengeIgnored)
}

// fulfil gives out the token that the person said yes to, if they still may.
func (s *Service) fulfil(ctx context.Context, w *waiting) (any, error) {
	token, t, err := s.Issue(ctx, *w.want)
	switch {
	case errors.Is(err, ErrGone), errors.Is(err, ErrTask), errors.Is(err, ErrMany):
		return nil, badGrant
	case err != nil:
		return nil, err
	}
	return &given{Token: token, Type: "bearer", For: (t.Until - t.Issued) / 1e6, Task: nameOr(t.Task, caller.NoTask), Who: t.Person}, nil
}

// loopback accepts an address at which a command line listens on the browser's own
// machine (RFC 8252 section 7.3), and nothing else.
func loopback(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" || u.Path != "/callback" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return false
	}
	port, err := strconv.Atoi(u.Port())
	return err == nil && port >= 1024 && port <= 65535 && slices.Contains([]string{"127.0.0.1", "::1"}, u.Hostname())
}
