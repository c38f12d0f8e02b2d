package notice

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"modicum/internal/book"
	"modicum/internal/defect"
)

// Hook is a program of the organization that hears of events. What it gets names
// neither patients nor who else was told.
type Hook struct {
	Name string   // what pages and the record call it
	URL  *url.URL // https; http to this machine alone
	// SecretFiles hold what its calls are signed with, mode 0600, each whsec_ and 24 to 64
	// bytes of base64. With several, calls carry a signature of each, so that the receiver
	// can change over.
	SecretFiles []string
	Kinds       []Kind         // that it hears of; none: all
	Roots       *x509.CertPool // nil means the system's

	dial func(ctx context.Context, network, address string) (net.Conn, error) // tests put a pipe here
}

func (h *Hook) hears(k Kind) bool { return len(h.Kinds) == 0 || slices.Contains(h.Kinds, k) }

// digest stands for its address.
func (h *Hook) digest() string {
	d := sha256.Sum256([]byte(h.URL.String()))
	return hex.EncodeToString(d[:])
}

func (t *Teller) hook(name string) *Hook {
	for i := range t.cfg.Hooks {
		if t.cfg.Hooks[i].Name == name {
			return &t.cfg.Hooks[i]
		}
	}
	return nil
}

// disabled reports whether the receiver said that it wants nothing more. Another
// address is asked anew.
func (t *Teller) disabled(h *Hook) bool {
	p := t.hooks.Get(h.Name)
	return p != nil && p.At > 0 && p.URL == h.digest()
}

// ErrNoHook: no webhook has this name.
var ErrNoHook = errors.New("no webhook has this name")

// EnableHook lets a webhook that was disabled be called again; who is the person who
// says so. What waits for it leaves at once.
func (t *Teller) EnableHook(ctx context.Context, name, who string) error {
	h := t.hook(name)
	if h == nil {
		return ErrNoHook
	}
	defer t.poke(hookOutlet + name)
	return t.change(ctx, "webhook-enabled", who, func(c *book.Change) ([]string, error) {
		if !t.disabled(h) {
			return nil, nil
		}
		t.hooks.Put(c, name, &hookPage{URL: h.digest()})
		return []string{hookOutlet + name}, nil
	})
}

// caller calls one webhook.
type caller struct {
	hook Hook
	http *http.Client
}

func newCaller(h Hook) (*caller, error) {
	switch {
	case !plain(h.Name) || h.Name == "" || len(h.SecretFiles) == 0 || len(h.SecretFiles) > mostSecrets:
		return nil, errors.New("notice: a webhook needs a name and one to four secrets")
	case h.URL == nil || h.URL.Hostname() == "" || h.URL.User != nil || h.URL.Fragment != "":
		return nil, errors.New("notice: the address of a webhook must be a URL without user or fragment")
	case h.URL.Scheme != "https" && (h.URL.Scheme != "http" || !near(h.URL.Hostname())):
		return nil, errors.New("notice: the address of a webhook must be https; http only to this machine")
	}
	for _, k := range h.Kinds {
		if _, ok := words[k]; !ok {
			return nil, errors.New("notice: a webhook hears of kinds that there are")
		}
	}
	port := h.URL.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[h.URL.Scheme]
	}
	dial := h.dial
	if dial == nil {
		dial = dialer{net.JoinHostPort(h.URL.Hostname(), port), h.URL.Scheme == "http"}.dial
	}
	return &caller{h, &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy: nil, DialContext: dial, TLSClientConfig: &tls.Config{RootCAs: h.Roots, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout: 10 * time.Second, MaxResponseHeaderBytes: 64 << 10, MaxIdleConns: 1, IdleConnTimeout: 30 * time.Second,
		},
	}}, nil
}

// body is what a webhook gets.
type body struct {
	Type      Kind      `json:"type"`
	Timestamp time.Time `json:"timestamp"` // when it happened
	Data      bodyData  `json:"data"`
}

type bodyData struct {
	ID    string `json:"id"` // webhook-id too: a copy has the same
	About About  `json:"about"`
	By    string `json:"by,omitempty"`
	Link  string `json:"link"`
}

// ring calls the webhook with the event of that id.
func (t *Teller) ring(ctx context.Context, out *caller, id string) verdict {
	k := t.calls.Get(id)
	if k == nil {
		return verdict{is: nobody}
	}
	text, err := json.Marshal(body{k.Kind, at(k.At), bodyData{id, k.About, k.By, t.link(k.About.Path())}}, json.Deterministic(true))
	if err != nil {
		return verdict{is: refused, why: "the event cannot be written"}
	}
	return out.post(ctx, id, t.cfg.Now(), text)
}

// post sends one call and judges the answer by its status alone.
func (c *caller) post(ctx context.Context, id string, now time.Time, text []byte) verdict {
	stamp := strconv.FormatInt(now.Unix(), 10)
	signature, err := sign(c.hook.SecretFiles, id, stamp, text)
	if err != nil {
		return verdict{is: away, why: err.Error()}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.hook.URL.String(), bytes.NewReader(text))
	if err != nil {
		return verdict{is: away, why: "its address cannot be called"}
	}
	req.Header = http.Header{
		"Content-Type": {"application/json"}, "User-Agent": {"modicum"},
		"Webhook-Id": {id}, "Webhook-Timestamp": {stamp}, "Webhook-Signature": {signature},
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return verdict{is: away, why: "it cannot be reached, or its certificate does not fit"}
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection can be used again
	resp.Body.Close()
	return judgeStatus(resp.StatusCode)
}

// judgeStatus: what is 2xx is received, 410 wants nothing more, and everything else
// may be mended there within a day, a redirect to elsewhere included.
func judgeStatus(code int) verdict {
	switch {
	case code >= 200 && code < 300:
		return verdict{is: sent}
	case code == http.StatusGone:
		return verdict{is: closed, why: "it answers 410 and wants nothing more"}
	}
	return verdict{is: later, why: fmt.Sprintf("it answers %d", code)}
}

// mostSecrets bounds the signatures of one call.
const mostSecrets = 4

// sign makes webhook-signature as standardwebhooks.com has it: one v1 for each secret,
// over id, timestamp and body.
func sign(files []string, id, stamp string, text []byte) (string, error) {
	var out []string
	for _, file := range files {
		line, err := secret(file)
		if err != nil {
			return "", err
		}
		key, err := hookKey(line)
		if err != nil {
			return "", err
		}
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + stamp + "."))
		if !defect.On(defect.CallUnsigned) {
			mac.Write(text)
		}
		out = append(out, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	return strings.Join(out, " "), nil
}

var errHookSecret = errors.New("its secret must be whsec_ and 24 to 64 bytes of base64, as standardwebhooks.com has it")

func hookKey(line string) ([]byte, error) {
	text, ok := strings.CutPrefix(strings.TrimSpace(line), "whsec_")
	key, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil || len(key) < 24 || len(key) > 64 {
		return nil, errHookSecret
	}
	return key, nil
}
