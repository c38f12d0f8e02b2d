package signin

import (
	"bytes"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"modicum/internal/book"
	"modicum/internal/defect"
	"modicum/internal/people"
)

// Here reports whether somebody signs in here: they have a way in, or an invitation to one.
func (s *Service) Here(person string) bool {
	if w := s.ways.Get(person); w != nil && (len(w.Passkeys) > 0 || w.Codes != nil || len(w.Recovery) > 0) {
		return true
	}
	for _, v := range s.invites.All() {
		if v.Person == person && s.lasts(v) {
			return true
		}
	}
	return false
}

// Ways are how a person signs in here. It is a page under the person's id, shared
// between readers and never changed after it was made. Nothing in it opens anything:
// public keys, hashes, and a secret that is wrapped under the installation's key.
type Ways struct {
	Handle   []byte    `json:"handle"` // what authenticators call the person; random, says nothing
	Passkeys []Passkey `json:"passkeys,omitempty"`
	Codes    *Codes    `json:"codes,omitempty"`
	Recovery []Spare   `json:"recovery,omitempty"`
	Printed  int64     `json:"printed,omitempty"` // when the recovery codes were made
}

// Passkey is a key that an authenticator keeps for the person.
type Passkey struct {
	ID         []byte   `json:"id"`
	Key        []byte   `json:"key"` // public, COSE
	Name       string   `json:"name"`
	Count      uint32   `json:"count,omitempty"`  // of signatures; always 0 where the authenticator counts none
	Synced     bool     `json:"synced,omitempty"` // may be on several devices of the person
	BackedUp   bool     `json:"backed_up,omitempty"`
	Transports []string `json:"transports,omitempty"`
	Model      []byte   `json:"model,omitempty"` // AAGUID
	Since      int64    `json:"since"`
	Used       int64    `json:"used,omitempty"`
}

// Codes are the second way: a passphrase that was made for the person, and one-time
// codes of an application on their telephone. Neither is a way in alone.
type Codes struct {
	Phrase  hashed `json:"phrase"`
	Wrapped []byte `json:"wrapped"` // the secret of the one-time codes
	Step    int64  `json:"step"`    // of the last code that was taken: none is taken twice
	Since   int64  `json:"since"`
	Used    int64  `json:"used,omitempty"`
}

// Spare is a recovery code.
type Spare struct {
	Hash string `json:"hash"`
	Used int64  `json:"used,omitempty"`
}

var (
	// ErrLastWay: a person's only way in is not taken away.
	ErrLastWay = errors.New("it is the only way in")
	// ErrNoWay: the person has no such way in.
	ErrNoWay = errors.New("there is no such way in")
)

// Ways are those of a person; nil where there are none.
func (s *Service) Ways(person string) *Ways { return s.ways.Get(person) }

// can reports whether the person can sign in by them.
func (w *Ways) can() bool { return w != nil && (len(w.Passkeys) > 0 || w.Codes != nil) }

// Left is how many recovery codes were not used.
func (w *Ways) Left() (n int) {
	for _, c := range w.Recovery {
		if c.Used == 0 {
			n++
		}
	}
	return n
}

func (w *Ways) find(id []byte) int {
	return slices.IndexFunc(w.Passkeys, func(p Passkey) bool { return bytes.Equal(p.ID, id) })
}

// copy is one to change.
func (w *Ways) copy() *Ways {
	c := *w
	c.Passkeys, c.Recovery = slices.Clone(w.Passkeys), slices.Clone(w.Recovery)
	if w.Codes != nil {
		codes := *w.Codes
		c.Codes = &codes
	}
	return &c
}

// waysTurned keeps who is meant by a handle.
func (i *index) waysTurned(id string, old, now *Ways) {
	if old != nil {
		delete(i.handles, string(old.Handle))
	}
	if now != nil {
		i.handles[string(now.Handle)] = id
	}
}

// byHandle finds a person by what their authenticator calls them.
func (s *Service) byHandle(handle []byte) (person string, w *Ways) {
	s.cfg.Desk.View(func() {
		if person = s.index.handles[string(handle)]; person != "" {
			w = s.ways.At(person)
		}
	})
	return person, w
}

// user is a person as the library of passkeys knows one.
type user struct {
	handle        []byte
	name, display string
	keys          []webauthn.Credential
}

func (u *user) WebAuthnID() []byte                         { return u.handle }
func (u *user) WebAuthnName() string                       { return u.name }
func (u *user) WebAuthnDisplayName() string                { return u.display }
func (u *user) WebAuthnCredentials() []webauthn.Credential { return u.keys }

// userOf is a person with the passkeys that they have.
func userOf(p *people.Person, w *Ways) *user {
	u := &user{handle: w.Handle, name: p.UserName, display: p.Name}
	for _, k := range w.Passkeys {
		c := webauthn.Credential{ID: k.ID, PublicKey: k.Key}
		c.Flags.BackupEligible, c.Flags.BackupState = k.Synced, k.BackedUp
		c.Authenticator.SignCount, c.Authenticator.AAGUID = k.Count, k.Model
		for _, t := range k.Transports {
			c.Transport = append(c.Transport, protocol.AuthenticatorTransport(t))
		}
		u.keys = append(u.keys, c)
	}
	return u
}

// passkeyOf is what is kept of a new one.
func passkeyOf(c *webauthn.Credential, name string, now int64) Passkey {
	k := Passkey{
		ID: c.ID, Key: c.PublicKey, Name: name, Count: c.Authenticator.SignCount, Model: c.Authenticator.AAGUID,
		Synced: c.Flags.BackupEligible, BackedUp: c.Flags.BackupState, Since: now,
	}
	for _, t := range c.Transport {
		if len(k.Transports) < 8 && len(t) <= 20 {
			k.Transports = append(k.Transports, string(t))
		}
	}
	return k
}

// suffice reports whether what is left lets the person in.
func (w *Ways) suffice() bool {
	if defect.On(defect.LastWayRemoved) {
		return true
	}
	return w.can()
}

// Gone is what the directory runs within the change that makes a person inactive:
// sessions, ways in and invitations end with it. Should the person come back, an
// administrator invites them anew.
func (s *Service) Gone(c *book.Change, person string) {
	if n := len(s.all(person)); n > 0 {
		c.Note("sessions-ended:" + strconv.Itoa(n))
	}
	s.EndAll(c, person, Deactivated)
	if w := s.ways.Get(person); w != nil {
		s.ways.Put(c, person, &Ways{Handle: w.Handle})
	}
	for id, v := range s.invites.All() {
		if v.Person == person || v.By == person {
			s.closeInvite(c, id, v, "gone")
		}
	}
}

// clean is a name that a person gives a passkey, as it may stand on one line.
func clean(name, otherwise string) string {
	name = strings.Join(strings.FieldsFunc(name, func(r rune) bool { return r < 0x20 || r == 0x7f || r == '\u2028' || r == '\u2029' }), " ")
	if name = strings.TrimSpace(strings.ToValidUTF8(name, "")); name == "" {
		return otherwise
	}
	if r := []rune(name); len(r) > 60 {
		name = string(r[:60])
	}
	return name
}
