package caller

import (
	"context"
	"crypto/sha256"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"modicum/internal/jws"
)

// Config is what a Verifier is made of. Issuers and Now must be set.
type Config struct {
	Issuers []Issuer
	// FHIRBases are the addresses of FHIR servers at which an absolute fhirUser
	// names one of our people: the upstream's, and our own.
	FHIRBases []string
	// Now gives the time and whether it can be trusted. While it cannot, no token
	// is accepted that was not accepted before.
	Now func() (time.Time, bool)
	// CacheSize is how many verified tokens are kept; 0 means 16,384.
	CacheSize int
}

// Verifier accepts or refuses tokens. It may be shared by any number of goroutines.
type Verifier struct {
	cfg     Config
	issuers map[string]*trusted // by claim iss
	cache   *cache

	mu      sync.RWMutex
	revoked map[string]time.Time // person → tokens issued until then are refused
}

// trusted is an issuer with its keys.
type trusted struct {
	issuer *Issuer
	algs   []jose.SignatureAlgorithm
	ring   *keyring

	endpoints endpoints
}

// New checks cfg and returns a Verifier. It fetches nothing and starts no
// goroutine; call Run to keep keys fresh.
func New(cfg Config) (*Verifier, error) {
	if cfg.Now == nil {
		return nil, errors.New("no clock")
	}
	if ps := CheckIssuers(cfg.Issuers); len(ps) > 0 {
		return nil, errIssuers(ps)
	}
	if cfg.CacheSize <= 0 {
		cfg.CacheSize = 16384
	}
	v := &Verifier{cfg: cfg, issuers: map[string]*trusted{}, cache: newCache(cfg.CacheSize), revoked: map[string]time.Time{}}
	client := newClient()
	clock := func() time.Time { t, _ := cfg.Now(); return t }
	for i := range cfg.Issuers {
		is := &cfg.Issuers[i]
		v.issuers[is.Issuer] = &trusted{issuer: is, algs: algorithms(is.Algorithms), ring: &keyring{issuer: is, client: client, now: clock, removed: v.cache.clear}}
	}
	return v, nil
}

// Authenticate verifies the bearer token of a request (RFC 6750 section 2.1; never
// of its body or address). The Caller is of this request alone: whoever asked may complete
// it before others see it. The error is a *Refusal.
func (v *Verifier) Authenticate(r *http.Request) (*Caller, error) {
	values := r.Header.Values("Authorization")
	if len(values) == 0 {
		return nil, refuse(Absent)
	}
	scheme, token, ok := strings.Cut(values[0], " ")
	if len(values) > 1 || !ok || !strings.EqualFold(scheme, "Bearer") {
		return nil, refuse(NotBearer)
	}
	c, err := v.Verify(r.Context(), token)
	if err != nil {
		return nil, err
	}
	own := *c
	own.Network, _, _ = net.SplitHostPort(r.RemoteAddr)
	return &own, nil
}

// Verify accepts a token and says whose it is, or returns a *Refusal.
func (v *Verifier) Verify(ctx context.Context, token string) (*Caller, error) {
	now, sure := v.cfg.Now()
	if len(token) > maxToken {
		return nil, refuse(Huge)
	}
	sum := sumOf(token)
	c := v.cache.get(sum)
	if c == nil {
		var why Reason
		if !sure {
			return nil, refuse(ClockUnsure)
		}
		epoch := v.cache.epoch()
		if c, why = v.verify(ctx, token, now); why != NoReason {
			return nil, refuse(why)
		}
		v.cache.put(sum, c, epoch)
	}
	// Each use is judged again: time goes on, and rights are taken away (D9).
	if !now.Before(c.Expires.Add(leeway)) {
		return nil, refuse(BadTimes)
	}
	if v.isRevoked(c) {
		return nil, refuse(Revoked)
	}
	return c, nil
}

// sumOf hashes a token, of which most fit on the stack.
func sumOf(token string) [sha256.Size]byte {
	var room [2 << 10]byte
	return sha256.Sum256(append(room[:0], token...))
}

func (v *Verifier) verify(ctx context.Context, token string, now time.Time) (*Caller, Reason) {
	t, why := parse(token)
	if why != NoReason {
		return nil, why
	}
	iss, ok := t.Claims.Text("iss")
	from := v.issuers[iss]
	if !ok || from == nil {
		return nil, BadIssuer
	}
	// What costs nothing comes before what costs a signature or a fetch.
	if !from.allows(t.Alg) {
		return nil, BadAlgorithm
	}
	if !t.Claims.Audience(from.issuer.Audience) {
		return nil, BadAudience
	}
	issued, expires, ok := t.Claims.Times(now, leeway)
	if !ok {
		return nil, BadTimes
	}
	if why := from.signed(ctx, token, &t); why != NoReason {
		return nil, why
	}
	r := reading{issuer: from.issuer, bases: v.cfg.FHIRBases, claims: t.Claims}
	c, why := r.caller()
	if why != NoReason {
		return nil, why
	}
	c.Issued, c.Expires = issued, expires
	return c, NoReason
}

func (t *trusted) allows(alg string) bool {
	for _, a := range t.algs {
		if string(a) == alg {
			return true
		}
	}
	return false
}

// signed verifies the signature by a key of the issuer's own list.
func (t *trusted) signed(ctx context.Context, token string, parsed *jws.Token) Reason {
	k := t.ring.keyFor(ctx, parsed.Kid, parsed.Alg)
	if k == nil {
		return NoKey
	}
	sig, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(parsed.Alg)})
	if err != nil {
		return Garbled
	}
	if _, err := sig.Verify(k.pub); err != nil {
		return BadSignature
	}
	return NoReason
}

// Revoke refuses every token of a person or program that was issued until at, from
// now on: cached ones, too.
func (v *Verifier) Revoke(id string, at time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if at.After(v.revoked[id]) {
		v.revoked[id] = at
	}
}

func (v *Verifier) isRevoked(c *Caller) bool {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if len(v.revoked) == 0 {
		return false
	}
	at, is := v.revoked[c.ID]
	if is && !c.Issued.After(at) {
		return true
	}
	if c.Actor == nil {
		return false
	}
	at, is = v.revoked[c.Actor.ID]
	return is && !c.Issued.After(at)
}

// Forget drops all verified tokens: each is verified anew at its next use.
func (v *Verifier) Forget() { v.cache.clear() }

// IssuerState says how the keys of one issuer are doing.
type IssuerState struct {
	Issuer string    `json:"issuer"`
	Keys   int       `json:"keys"`
	Loaded time.Time `json:"loaded,omitzero"`
	Error  string    `json:"error,omitempty"` // of the last try; holds no token, no address
}

// Refresh loads the keys of every issuer. A key that was taken away ends what was
// verified by it. The error names each issuer whose keys could not be loaded.
func (v *Verifier) Refresh(ctx context.Context) error {
	var errs []error
	for i := range v.cfg.Issuers {
		t := v.issuers[v.cfg.Issuers[i].Issuer]
		if err := t.ring.refresh(ctx); err != nil {
			errs = append(errs, errors.New(t.issuer.Issuer+": "+err.Error()))
		}
	}
	return errors.Join(errs...)
}

// States says how the issuers are doing, in the order of the configuration.
func (v *Verifier) States() []IssuerState {
	var out []IssuerState
	for i := range v.cfg.Issuers {
		r := v.issuers[v.cfg.Issuers[i].Issuer].ring
		st := IssuerState{Issuer: r.issuer.Issuer}
		if ks := r.set.Load(); ks != nil {
			st.Keys, st.Loaded = len(ks.keys), ks.loaded
		}
		r.mu.Lock()
		if r.err != nil {
			st.Error = r.err.Error()
		}
		r.mu.Unlock()
		out = append(out, st)
	}
	return out
}

// Intervals of Run.
const (
	reloadKeys = 10 * time.Minute // from an address
	lookAtKeys = time.Second      // whether a file has changed
)

// Run keeps the keys fresh until ctx ends: files within a second of a change, the
// rest every ten minutes, sooner while an issuer cannot be reached.
func (v *Verifier) Run(ctx context.Context) {
	tick := time.NewTicker(lookAtKeys)
	defer tick.Stop()
	for {
		for _, t := range v.issuers {
			if t.ring.due() {
				_ = t.ring.refresh(ctx) // States tells of the error
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// due reports whether keys should be loaded again.
func (r *keyring) due() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now, ks := r.now(), r.set.Load()
	if r.issuer.JWKSFile != "" {
		stamp := fileStamp(r.issuer.JWKSFile)
		changed := stamp != r.stamp
		r.stamp = stamp
		return changed || ks == nil && now.Sub(r.tried) >= refetch
	}
	if ks == nil || r.err != nil {
		return now.Sub(r.tried) >= refetch
	}
	return now.Sub(ks.loaded) >= reloadKeys
}
