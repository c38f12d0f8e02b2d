package signin

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"time"
)

// attempt is a sign-in at a provider that a browser began. Only that browser holds it.
type attempt struct {
	Issuer   string `json:"issuer"`
	State    string `json:"state"`
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"` // of PKCE: the code is worth nothing without
	To       string `json:"to"`
	Session  string `json:"session,omitempty"` // that is to be proved; "": a new one begins
	Began    int64  `json:"began"`             // microseconds

	token string // the ID token that came of it; never sealed
}

const attemptLives = 10 * time.Minute

// sealed closes attempts, so that a browser can neither read nor change them.
type sealed struct{ aead cipher.AEAD }

func newSealed(key []byte) (sealed, error) {
	own, err := hkdf.Key(sha256.New, key, nil, "modicum: a sign-in at an identity provider", 32)
	if err != nil {
		return sealed{}, err
	}
	block, err := aes.NewCipher(own)
	if err != nil {
		return sealed{}, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return sealed{aead}, err
}

// attemptCookie is the name of its cookie.
func (o *OIDC) attemptCookie() string { return o.cookie() + "-oidc" }

// remember fills in what is random and gives the attempt to the browser.
func (o *OIDC) remember(w http.ResponseWriter, a *attempt) error {
	var err error
	if a.State, _, err = o.secret(); err != nil {
		return err
	}
	if a.Nonce, _, err = o.secret(); err != nil {
		return err
	}
	a.Began = o.now().UnixMicro()
	text, err := json.Marshal(a)
	if err != nil {
		return err
	}
	o.setAttempt(w, base64.RawURLEncoding.EncodeToString(o.sealed.aead.Seal(nil, nil, text, nil)), int(attemptLives/time.Second))
	return nil
}

func (o *OIDC) setAttempt(w http.ResponseWriter, value string, age int) {
	http.SetCookie(w, &http.Cookie{
		Name: o.attemptCookie(), Value: value, Path: "/", HttpOnly: true, Secure: o.secure, SameSite: http.SameSiteLaxMode, MaxAge: age,
	})
}

// recall takes the attempt back from the browser; nil when it has none that is good.
func (o *OIDC) recall(w http.ResponseWriter, r *http.Request) *attempt {
	cookies := r.CookiesNamed(o.attemptCookie())
	if len(cookies) > 0 {
		o.setAttempt(w, "", -1) // it is used once
	}
	if len(cookies) != 1 || len(cookies[0].Value) > 8192 {
		return nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(cookies[0].Value)
	if err != nil {
		return nil
	}
	text, err := o.sealed.aead.Open(nil, nil, raw, nil)
	var a attempt
	if err != nil || json.Unmarshal(text, &a) != nil {
		return nil
	}
	if since := o.now().UnixMicro() - a.Began; since < 0 || since >= attemptLives.Microseconds() {
		return nil
	}
	return &a
}
