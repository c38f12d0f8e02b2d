package signin

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"sync"
	"time"

	"modicum/internal/defect"
)

// seal closes what is handed out and must come back unchanged and unread, or lies on
// the shelf and must not be readable there: AES-256-GCM with a random nonce each time.
// what says what a sealed thing is, so that none is taken for another.
type seal struct{ aead cipher.AEAD }

func newSeal(key []byte) (seal, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return seal{}, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return seal{aead}, err
}

func (s seal) close(what string, plain []byte) []byte {
	return s.aead.Seal(nil, nil, plain, []byte(what))
}

func (s seal) open(what string, sealed []byte) ([]byte, error) {
	return s.aead.Open(nil, nil, sealed, []byte(what))
}

// errTicket: what came back is not what was handed out, or it is too late.
var errTicket = errors.New("not what was handed out, or too late")

// ticket is what a browser holds between two steps, sealed under a key that lives as
// long as the process: nothing is kept for it, so nobody can fill a memory with
// beginnings. It may be used once; what was used is remembered until it is too old.
type ticket struct {
	Once  string `json:"once"`
	Until int64  `json:"until"`
	// Last is when the first of a chain of tickets is too old: those that follow from it
	// share its Once, so that all of them together are used once.
	Last int64 `json:"last"`

	Person  string `json:"person,omitempty"`
	Session string `json:"session,omitempty"` // in which it was begun
	Invite  string `json:"invite,omitempty"`  // id of the invitation that it rests on
	Owner   bool   `json:"owner,omitempty"`   // it rests on the link of the first owner
	Code    bool   `json:"code,omitempty"`    // it rests on a recovery code, which is used

	Ceremony json.RawMessage `json:"ceremony,omitempty"` // of a passkey
	Handle   []byte          `json:"handle,omitempty"`   // of a new person
	Name     string          `json:"name,omitempty"`     // of the owner
	UserName string          `json:"user_name,omitempty"`
	Secret   []byte          `json:"secret,omitempty"` // of codes that are being set up
	Phrase   string          `json:"phrase,omitempty"`
}

// hand seals a ticket for a step.
func (s *Service) hand(step string, t ticket, last time.Duration) (string, error) {
	t.Until = s.now().Add(last).UnixMicro()
	if t.Once == "" {
		once, _, err := s.secret()
		if err != nil {
			return "", err
		}
		t.Once, t.Last = once, t.Until
	}
	t.Until = min(t.Until, t.Last)
	plain, err := json.Marshal(t)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(s.handed.close(step, plain)), nil
}

// take opens a ticket of a step.
func (s *Service) take(step, sealed string) (*ticket, error) {
	raw, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil {
		return nil, errTicket
	}
	plain, err := s.handed.open(step, raw)
	if err != nil {
		return nil, errTicket
	}
	var t ticket
	if err := json.Unmarshal(plain, &t); err != nil || s.now().UnixMicro() >= t.Until || s.used.has(t.Once) && !defect.On(defect.TicketTwice) {
		return nil, errTicket
	}
	return &t, nil
}

// once remembers what was used, until it would be too old in any case.
type once struct {
	mu   sync.Mutex
	used map[string]int64
}

func (o *once) has(x string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, ok := o.used[x]
	return ok
}

// spend marks a ticket as used; false where it was.
func (o *once) spend(t *ticket, now time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for x, until := range o.used {
		if until < now.UnixMicro() {
			delete(o.used, x)
		}
	}
	if _, ok := o.used[t.Once]; ok {
		return false
	}
	if o.used == nil {
		o.used = map[string]int64{}
	}
	o.used[t.Once] = t.Last
	return true
}

// giveBack makes a ticket good again where what it was for could not be kept.
func (o *once) giveBack(t *ticket) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.used, t.Once)
}

// bytes are random.
func (s *Service) bytes(n int) ([]byte, error) {
	b := make([]byte, n)
	_, err := io.ReadFull(s.cfg.Random, b)
	return b, err
}
