package pocket

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// client is how the server knows every command line.
const client = "modicum-cli"

var (
	// ErrNo: the person said no, or nobody answered in time.
	ErrNo = errors.New("no token was given")
	// ErrServer: the server cannot be reached, or does not answer as it should.
	ErrServer = errors.New("the server does not answer as it should")
)

// Server is an installation that tokens are fetched from.
type Server struct {
	Address string // without path
	Client  *http.Client
	Now     func() time.Time
}

// Want is what the person is asked for.
type Want struct {
	Task    string // TASK or ROLE/TASK; "": no record
	For     time.Duration
	Machine string // as the page names it
	Prove   bool   // the person proves that it is them, just now
}

func (w Want) values() url.Values {
	v := url.Values{"client_id": {client}, "for": {strconv.Itoa(int(w.For / time.Second))}, "machine": {w.Machine}}
	if w.Task != "" {
		v.Set("task", w.Task)
	}
	if w.Prove {
		v.Set("max_age", strconv.Itoa(int(newProof/time.Second)))
	}
	return v
}

// newProof is how old a proof of presence may be that is asked for: most of the five
// minutes for which it counts are left then.
const newProof = time.Minute

// CheckAddress accepts https, and http to this machine alone: a token that crosses a
// network in clear is anybody's.
func CheckAddress(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "" {
		return "", errors.New("name the server as https://HOST[:PORT], without a path")
	}
	ip := net.ParseIP(u.Hostname())
	if u.Scheme != "https" && (u.Scheme != "http" || u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback())) {
		return "", errors.New("the server must be https; plain http only on this machine")
	}
	return u.Scheme + "://" + u.Host, nil
}

// answer is what the token endpoint says.
type answer struct {
	Token string `json:"access_token"`
	For   int64  `json:"expires_in"`
	Task  string `json:"task"`
	Who   string `json:"who"`
	Error string `json:"error"`

	Device string `json:"device_code"`
	User   string `json:"user_code"`
	At     string `json:"verification_uri"`
	Every  int64  `json:"interval"`
}

// post sends a form and reads the answer, whatever its status.
func (s *Server) post(ctx context.Context, path string, f url.Values) (a answer, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.Address+path, strings.NewReader(f.Encode()))
	if err != nil {
		return a, ErrServer
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := s.Client.Do(req)
	if err != nil {
		return a, fmt.Errorf("%s cannot be reached: %w", s.Address, ErrServer)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if err != nil || json.Unmarshal(text, &a) != nil || res.StatusCode == http.StatusOK && a.Error != "" || res.StatusCode != http.StatusOK && a.Error == "" {
		return a, fmt.Errorf("%s, status %d: %w", s.Address, res.StatusCode, ErrServer)
	}
	return a, nil
}

// token makes of an answer what is kept.
func (s *Server) token(a answer, err error) (Token, error) {
	switch {
	case err != nil:
		return Token{}, err
	case a.Error == "invalid_scope":
		return Token{}, fmt.Errorf("%w: you have no such task, or two of your roles have it; the page in your browser names those that you have", ErrNo)
	case a.Error == "access_denied":
		return Token{}, fmt.Errorf("%w: in the browser somebody said no", ErrNo)
	case a.Error == "unmet_authentication_requirements":
		return Token{}, fmt.Errorf("%w: you have no way of proving who you are there; ask who runs people for a link and register a passkey. Without --prove there is a token for all that needs no proof", ErrNo)
	case a.Error == "expired_token":
		return Token{}, fmt.Errorf("%w: nobody typed the code within ten minutes", ErrNo)
	case a.Error != "" || a.Token == "":
		return Token{}, fmt.Errorf("%w (%s)", ErrNo, word(a.Error))
	}
	return Token{Server: s.Address, Value: a.Token, Who: a.Who, Task: a.Task, Until: s.Now().Add(time.Duration(a.For) * time.Second).UnixMicro()}, nil
}

// word keeps of an error's code what is one (RFC 6749 appendix A.7).
func word(s string) string {
	for _, c := range []byte(s) {
		if c != '_' && (c < 'a' || c > 'z') {
			return "not said why"
		}
	}
	return s
}

// Browser gets a token through a browser on this machine (RFC 8252): open is told the
// address to show. The code that comes back is worth nothing without the verifier, which
// never leaves this process.
func (s *Server) Browser(ctx context.Context, w Want, open func(address string)) (Token, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return Token{}, errors.New("no port of this machine can be listened on; use --no-browser")
	}
	verifier, state := rand.Text()+rand.Text(), rand.Text()
	sum := sha256.Sum256([]byte(verifier))
	redirect := "http://" + l.Addr().String() + "/callback"
	q := w.values()
	q.Set("response_type", "code")
	q.Set("redirect_uri", redirect)
	q.Set("state", state)
	q.Set("code_challenge", base64.RawURLEncoding.EncodeToString(sum[:]))
	q.Set("code_challenge_method", "S256")
	back := &callback{server: s.Address, state: state, codes: make(chan answered, 1)}
	web := &http.Server{Handler: back, ReadHeaderTimeout: 5 * time.Second, MaxHeaderBytes: 16 << 10}
	done := make(chan struct{})
	go func() { defer close(done); _ = web.Serve(l) }()
	defer func() { _ = web.Shutdown(context.WithoutCancel(ctx)); <-done }()
	open(s.Address + "/sign-in/authorize?" + q.Encode())
	select {
	case got := <-back.codes:
		if got.code == "" {
			return s.token(answer{Error: got.wrong}, nil)
		}
		return s.token(s.post(ctx, "/oauth/token", url.Values{
			"grant_type": {"authorization_code"}, "client_id": {client}, "code": {got.code}, "redirect_uri": {redirect}, "code_verifier": {verifier},
		}))
	case <-ctx.Done():
		return Token{}, fmt.Errorf("nobody answered: %w", ErrNo)
	}
}

// callback takes the answer that the browser brings, once, and only the one that this
// process asked for (state) of the server that it asked (RFC 9207).
type callback struct {
	server, state string
	codes         chan answered
}

// answered is what the browser brings: a code, or why there is none.
type answered struct{ code, wrong string }

func (c *callback) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	w.Header().Set("Content-Security-Policy", "default-src 'none'")
	w.Header().Set("Cache-Control", "no-store")
	if r.URL.Path != "/callback" || r.Method != http.MethodGet || subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(c.state)) != 1 || q.Get("iss") != c.server {
		http.Error(w, "This is not what the command line waits for.", http.StatusBadRequest)
		return
	}
	text := "The command line has its answer. You can close this page."
	select {
	case c.codes <- answered{q.Get("code"), q.Get("error")}:
	default:
		text = "The command line had its answer already."
	}
	_, _ = io.WriteString(w, text+"\n")
}

// Device gets a token by a code that the person types into a browser elsewhere (RFC
// 8628): show is told the code and where. wait waits between two questions.
func (s *Server) Device(ctx context.Context, w Want, show func(code, address string), wait func(context.Context, time.Duration) error) (Token, error) {
	a, err := s.post(ctx, "/oauth/device", w.values())
	if err != nil {
		return Token{}, err
	}
	if a.Device == "" || !strings.HasPrefix(a.At, s.Address+"/") {
		return s.token(a, nil)
	}
	show(a.User, a.At)
	every := time.Duration(max(a.Every, 1)) * time.Second
	for {
		if err := wait(ctx, every); err != nil {
			return Token{}, fmt.Errorf("nobody answered: %w", ErrNo)
		}
		got, err := s.post(ctx, "/oauth/token", url.Values{
			"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "client_id": {client}, "device_code": {a.Device},
		})
		switch {
		case err == nil && got.Error == "slow_down":
			every += 5 * time.Second // RFC 8628 section 3.5
		case err == nil && got.Error == "authorization_pending":
		default:
			return s.token(got, err)
		}
	}
}

// Revoke gives a token back: the server takes it no more.
func (s *Server) Revoke(ctx context.Context, t Token) error {
	a, err := s.post(ctx, "/oauth/revoke", url.Values{"token": {t.Value}})
	if err == nil && a.Error != "" {
		return fmt.Errorf("%s: %w", word(a.Error), ErrServer)
	}
	return err
}
