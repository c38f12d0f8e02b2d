package fhir

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"sync"
	"time"

	"modicum/internal/problem"
)

// sameFor is how long the same create counts as sent again.
const sameFor = 10 * time.Minute

// mostAttempts bounds what is remembered. Past it new creates are not known again
// when they are repeated, unless they carry a key.
const mostAttempts = 100_000

// attempts remembers creates, so that one that is sent again after a lost answer is
// not done twice: the same caller, application and task, and the same bytes or the
// same Idempotency-Key, make the same record.
type attempts struct {
	mu    sync.Mutex
	m     map[[32]byte]*attempt
	swept time.Time // when what had ended was dropped
}

// attempt is one create, from its first request on.
type attempt struct {
	id    string // that the gate gave the record
	body  [32]byte
	until time.Time
	now   progress
}

// progress says how far an attempt has come.
type progress uint8

const (
	running   progress = iota + 1
	made               // the record is there
	lost               // it was sent, and nobody knows
	elsewhere          // it was sent to a server that gives ids itself, and nobody knows
)

// begin returns the attempt that a request is, and how far an earlier request of it
// had come: 0 for the first. The id is what a new record would have.
func (a *attempts) begin(key, body [32]byte, id string, now time.Time) (*attempt, progress, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.m == nil {
		a.m = make(map[[32]byte]*attempt)
	}
	old := a.m[key]
	switch {
	case old != nil && old.now == running:
		return nil, 0, problem.InProgress
	case old != nil && now.Before(old.until):
		if old.body != body {
			return nil, 0, problem.KeyReused
		}
		was := old.now
		old.now = running
		return old, was, nil
	}
	a.forget(now)
	at := &attempt{id: id, body: body, until: now.Add(sameFor), now: running}
	if len(a.m) < mostAttempts {
		a.m[key] = at
	}
	return at, 0, nil
}

// forget drops what has ended, once there is much of it, and not for every create. The
// caller holds mu.
func (a *attempts) forget(now time.Time) {
	if len(a.m) < mostAttempts/2 || now.Sub(a.swept) < time.Minute && !now.Before(a.swept) {
		return
	}
	a.swept = now
	for k, at := range a.m {
		if at.now != running && !now.Before(at.until) {
			delete(a.m, k)
		}
	}
}

// end notes how far an attempt came: 0 where nothing was sent or taken, so that the
// next request of it is the first.
func (a *attempts) end(key [32]byte, at *attempt, now progress) {
	a.mu.Lock()
	defer a.mu.Unlock()
	at.now = now
	if now == 0 && a.m[key] == at {
		delete(a.m, key)
	}
}

// attemptKey names a create: by the client's own key where it gave one.
func (x *exchange) attemptKey(typ, key string, body []byte) [32]byte {
	parts := []string{"create", x.caller.ID, x.caller.Client, x.task, x.purpose, typ, "bytes", string(body)}
	if key != "" {
		parts = []string{"create", x.caller.ID, x.caller.Client, x.task, x.purpose, typ, "key", key}
	}
	return [32]byte(x.door.sum(parts...))
}

// sum is a keyed hash of texts, each with its end.
func (d *Door) sum(parts ...string) []byte {
	mac := hmac.New(sha256.New, d.cfg.ETagKey)
	mac.Write([]byte("writes 1\x00"))
	for _, p := range parts {
		size := uint64(len(p))
		mac.Write([]byte{byte(size >> 24), byte(size >> 16), byte(size >> 8), byte(size)})
		mac.Write([]byte(p))
	}
	return mac.Sum(nil)
}

// newID spells 16 bytes as an id that tells nothing: of a UUID's form, so that servers
// which count, and would take digits for their own, take it.
func newID(b []byte) string {
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	s := hex.EncodeToString(b[:16])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:32]
}
