package caller

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"modicum/internal/jws"
)

// Bounds on keys.
const (
	maxDocument = 512 << 10        // bytes of a discovery document or key set
	maxKeys     = 64               // of one issuer
	fetchTime   = 5 * time.Second  // for one document
	refetch     = 10 * time.Second // between two fetches that unknown key ids ask for
	KeysLast    = 24 * time.Hour   // an issuer that cannot be reached is believed for so long
)

// key is one public key of an issuer.
type key struct {
	id  string
	alg string // "" when the issuer does not say
	pub any    // *rsa.PublicKey, *ecdsa.PublicKey, ed25519.PublicKey
}

// fits reports whether the key may verify alg.
func (k *key) fits(alg string) bool {
	return (k.alg == "" || k.alg == alg) && jws.Fits(k.pub, alg)
}

// keySet is immutable.
type keySet struct {
	keys   []key
	loaded time.Time
}

// pick returns the key for a token: the one that it names, or, when it names
// none, the only one that fits.
func (ks *keySet) pick(kid, alg string) *key {
	var found *key
	for i := range ks.keys {
		k := &ks.keys[i]
		if kid != "" && k.id != kid || !k.fits(alg) {
			continue
		}
		if found != nil {
			return nil // Two keys of one id: the issuer must say which.
		}
		found = k
	}
	return found
}

// keyring loads the keys of one issuer. What a token says never decides where
// keys come from.
type keyring struct {
	issuer *Issuer
	client *http.Client
	now    func() time.Time
	// removed is told when a key was taken away: what it signed is worth nothing.
	removed func()
	set     atomic.Pointer[keySet] // nil before the first success

	mu    sync.Mutex // held while loading
	tried time.Time  // when keys were last asked for
	stamp string     // size and time of JWKSFile as read
	err   error      // of the last try
}

// keyFor returns a key that fits, asking the issuer again when it knows none:
// at most once in ten seconds, however many tokens name unknown keys.
func (r *keyring) keyFor(ctx context.Context, kid, alg string) *key {
	now := r.now()
	ks := r.set.Load()
	if ks != nil && now.Sub(ks.loaded) <= KeysLast {
		if k := ks.pick(kid, alg); k != nil {
			return k
		}
	}
	if !r.mu.TryLock() {
		// Somebody is asking already: wait for them, then look once more.
		r.mu.Lock()
	} else if now.Sub(r.tried) >= refetch || now.Before(r.tried) {
		_ = r.load(ctx, now)
	}
	r.mu.Unlock()
	ks = r.set.Load()
	if ks == nil || now.Sub(ks.loaded) > KeysLast {
		return nil
	}
	return ks.pick(kid, alg)
}

// refresh loads the keys anew.
func (r *keyring) refresh(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.load(ctx, r.now())
}

func lost(before, after *keySet) bool {
	for i := range before.keys {
		if k := after.find(&before.keys[i]); k == nil {
			return true
		}
	}
	return false
}

func (ks *keySet) find(k *key) *key {
	for i := range ks.keys {
		if ks.keys[i].id == k.id && ks.keys[i].alg == k.alg && equalKeys(ks.keys[i].pub, k.pub) {
			return &ks.keys[i]
		}
	}
	return nil
}

func equalKeys(a, b any) bool {
	switch a := a.(type) {
	case *rsa.PublicKey:
		b, ok := b.(*rsa.PublicKey)
		return ok && a.Equal(b)
	case *ecdsa.PublicKey:
		b, ok := b.(*ecdsa.PublicKey)
		return ok && a.Equal(b)
	case ed25519.PublicKey:
		b, ok := b.(ed25519.PublicKey)
		return ok && a.Equal(b)
	}
	return false
}

// load replaces the set when it can; the caller holds mu.
func (r *keyring) load(ctx context.Context, now time.Time) error {
	r.tried = now
	text, err := r.text(ctx)
	if err == nil {
		var keys []key
		if keys, err = parseKeys(text); err == nil {
			before, after := r.set.Load(), &keySet{keys, now}
			r.set.Store(after)
			if before != nil && lost(before, after) {
				r.removed()
			}
		}
	}
	r.err = err
	return err
}

// text is the key set's document.
func (r *keyring) text(ctx context.Context) ([]byte, error) {
	if r.issuer.JWKSFile != "" {
		return readKeyFile(r.issuer.JWKSFile)
	}
	// Whoever waits may give up; the keys are for everybody.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTime)
	defer cancel()
	address := r.issuer.JWKSURL
	if address == "" {
		var err error
		if address, err = r.discover(ctx); err != nil {
			return nil, err
		}
	}
	return r.get(ctx, address)
}

// fileStamp changes when the file does.
func fileStamp(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return "gone"
	}
	return fmt.Sprint(info.Size(), info.ModTime().UnixNano())
}

func readKeyFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, errors.New("jwks_file cannot be opened")
	}
	defer f.Close()
	return readAll(f)
}

// discover asks the issuer where its keys are, OpenID Connect Discovery 1.0
// section 4. They must be of its own origin (O1); elsewhere jwks_url names them.
func (r *keyring) discover(ctx context.Context) (string, error) {
	text, err := r.get(ctx, r.discovery())
	if err != nil {
		return "", err
	}
	var doc struct {
		Issuer string `json:"issuer"`
		JWKS   string `json:"jwks_uri"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		return "", errors.New("the discovery document is not what it should be")
	}
	if doc.Issuer != r.issuer.Issuer {
		return "", errors.New("the discovery document is of another issuer")
	}
	if CheckURL(doc.JWKS) != nil || !sameOrigin(doc.JWKS, r.issuer.Issuer) {
		return "", errors.New("the keys are not at the issuer's own address: name them by jwks_url")
	}
	return doc.JWKS, nil
}

func (r *keyring) get(ctx context.Context, address string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, errors.New("not an address")
	}
	req.Header.Set("Accept", "application/json")
	resp, err := r.client.Do(req)
	if err != nil {
		return nil, errors.New("the issuer cannot be reached")
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the issuer answered with status %d", resp.StatusCode)
	}
	return readAll(resp.Body)
}

func readAll(r io.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxDocument+1))
	if err != nil {
		return nil, errors.New("the document broke off")
	}
	if len(text) > maxDocument {
		return nil, fmt.Errorf("the document is larger than %d bytes", maxDocument)
	}
	return text, nil
}

// newClient follows no redirect, uses no proxy and keeps no cookie (O1).
func newClient() *http.Client {
	return &http.Client{
		Timeout: fetchTime,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
		Transport: &http.Transport{
			TLSHandshakeTimeout: fetchTime, ResponseHeaderTimeout: fetchTime,
			MaxResponseHeaderBytes: 64 << 10, MaxIdleConns: 2, IdleConnTimeout: 30 * time.Second,
			ForceAttemptHTTP2: true,
		},
	}
}

// parseKeys reads a JWK set (RFC 7517). What is not a public signature key that
// we can use is left out; a set without any is an error.
func parseKeys(text []byte) ([]key, error) {
	var doc struct {
		Keys []jsontext.Value `json:"keys"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, errors.New("the key set is not a JWK set")
	}
	if len(doc.Keys) > maxKeys {
		return nil, fmt.Errorf("the key set holds more than %d keys", maxKeys)
	}
	var out []key
	for _, v := range doc.Keys {
		jwk, ok := jws.PublicKey(v)
		if !ok {
			continue
		}
		if jwk.Algorithm != "" && !knownAlgorithm(jwk.Algorithm) {
			continue
		}
		out = append(out, key{jwk.KeyID, jwk.Algorithm, jwk.Key})
	}
	if len(out) == 0 {
		return nil, errors.New("the key set holds no public signature key")
	}
	return out, nil
}
