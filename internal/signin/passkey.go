package signin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"modicum/internal/book"
	"modicum/internal/defect"
)

// ceremonyTime is how long a person has for the dialogue of their browser.
const ceremonyTime = 5 * time.Minute

// Steps for which tickets are handed out.
const (
	stepLogIn  = "log-in"
	stepProve  = "prove"
	stepAdd    = "add a passkey"
	stepEnrol  = "enrol"          // a person may register a first passkey
	stepNewKey = "enrol: passkey" // and is about to
	stepCodes  = "codes"          // codes are being set up
)

// errPasskey: the passkey was not accepted; why is for the diary alone.
var errPasskey = errors.New("the passkey was not accepted")

// errCopied: the count of signatures went back, so there may be two of the key.
var errCopied = fmt.Errorf("%w: its count of signatures went back", errPasskey)

// newWeb is the relying party. Passkeys belong to a name: where the address is a
// number there are none, and pages say under which name to come.
func newWeb(public *url.URL) (*webauthn.WebAuthn, error) {
	host := public.Hostname()
	if _, err := netip.ParseAddr(host); err == nil {
		return nil, nil
	}
	return webauthn.New(&webauthn.Config{
		RPID: host, RPDisplayName: "Modicum", RPOrigins: []string{public.Scheme + "://" + public.Host},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: protocol.ResidentKeyRequired(),
			UserVerification: protocol.VerificationRequired,
		},
		ExtensionsUnsolicitedOutputPolicy: protocol.UnsolicitedOutputPolicyIgnore, // password managers add theirs
	})
}

// verification is what is asked of an authenticator: that it made sure who it is, by a
// finger, a face or a PIN. A key that is only there is one factor, and could be found.
func verification() protocol.UserVerificationRequirement {
	if defect.On(defect.UserUnverified) {
		return protocol.VerificationPreferred
	}
	return protocol.VerificationRequired
}

// beginAssertion asks for a signature: of anybody's passkey, or of one's own.
func (s *Service) beginAssertion(step string, t ticket, u *user) (options any, sealed string, err error) {
	var data *webauthn.SessionData
	if u == nil {
		options, data, err = s.web.BeginDiscoverableLogin(webauthn.WithUserVerification(verification()))
	} else {
		options, data, err = s.web.BeginLogin(u, webauthn.WithUserVerification(verification()))
	}
	if err != nil {
		return nil, "", err
	}
	if t.Ceremony, err = json.Marshal(data); err != nil {
		return nil, "", err
	}
	sealed, err = s.hand(step, t, ceremonyTime)
	return options, sealed, err
}

// signed is a passkey that has signed.
type signed struct {
	person string
	id     []byte
	count  uint32
	backed bool
}

// assertion checks a signature, and says whose it is. Whether the passkey is still
// there and its count went on is asked within the change that rests on it.
func (s *Service) assertion(t *ticket, answer []byte) (*signed, error) {
	var data webauthn.SessionData
	if err := json.Unmarshal(t.Ceremony, &data); err != nil {
		return nil, errTicket
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return nil, errPasskey
	}
	person := t.Person
	find := func(_, handle []byte) (webauthn.User, error) {
		id, w := s.byHandle(handle)
		p := s.cfg.People.Person(id)
		if w == nil || p == nil {
			return nil, errPasskey
		}
		person = id
		return userOf(p, w), nil
	}
	if person == "" {
		_, _, err = s.web.ValidatePasskeyLogin(find, data, parsed)
	} else {
		var u webauthn.User
		if u, err = s.known(person); err == nil {
			_, err = s.web.ValidateLogin(u, data, parsed)
		}
	}
	auth := parsed.Response.AuthenticatorData
	if err != nil || !auth.Flags.HasUserVerified() && !defect.On(defect.UserUnverified) {
		return nil, errPasskey
	}
	return &signed{person: person, id: parsed.RawID, count: auth.Counter, backed: auth.Flags.HasBackupState()}, nil
}

func (s *Service) known(person string) (*user, error) {
	p, w := s.cfg.People.Person(person), s.ways.Get(person)
	if p == nil || w == nil {
		return nil, errPasskey
	}
	return userOf(p, w), nil
}

// count writes within a change that a passkey was used. A passkey that was removed
// meanwhile is none; where its count did not go on, nothing is done (threat of copies).
func (s *Service) count(c *book.Change, x *signed) error {
	w := s.ways.Get(x.person)
	if w == nil {
		return errPasskey
	}
	i := w.find(x.id)
	if i < 0 {
		return errPasskey
	}
	if k := w.Passkeys[i]; (x.count > 0 || k.Count > 0) && x.count <= k.Count && !defect.On(defect.CountIgnored) {
		return errCopied
	}
	w = w.copy()
	w.Passkeys[i].Count, w.Passkeys[i].Used, w.Passkeys[i].BackedUp = x.count, s.now().UnixMicro(), x.backed
	s.ways.Put(c, x.person, w)
	return nil
}

// byPasskey is how somebody proves themselves who holds a passkey and unlocked it.
var byPasskey = []string{"hwk", "user"}

// passkey signs a person in, or proves them once more, by a signature.
func (s *Service) passkey(ctx context.Context, w http.ResponseWriter, r *http.Request, t *ticket, answer []byte) error {
	x, err := s.assertion(t, answer)
	if err != nil {
		return s.refuseJunk(ctx, t, network(r), err)
	}
	if !s.used.spend(t, s.now()) {
		return errTicket
	}
	more := func(c *book.Change) error { return s.count(c, x) }
	if t.Session == "" {
		err = s.begin(ctx, w, r, x.person, Proof{How: byPasskey}, "signed-in", more)
	} else {
		err = s.prove(ctx, w, r, x.person, Proof{How: byPasskey}, more)
	}
	if errors.Is(err, errPasskey) || errors.Is(err, ErrInactive) {
		return s.refusePasskey(ctx, x.person, x, err)
	}
	return err
}

// mostJunk is how many answers that no passkey signed are recorded of a network an hour.
const mostJunk = 40

// refuseJunk refuses an answer that no passkey signed. Anybody can send any number of
// them, so a network's are recorded up to a bound, and the last entry says that more are
// left out. Up to there the ticket is spent, too; beyond, nothing at all is kept.
func (s *Service) refuseJunk(ctx context.Context, t *ticket, network string, err error) error {
	n := s.junk.failed(network, s.now())
	if n > mostJunk && !defect.On(defect.JunkRecorded) {
		return err
	}
	if !s.used.spend(t, s.now()) {
		return errTicket
	}
	if n == mostJunk {
		return s.refusePasskey(ctx, t.Person, nil, err, "more-not-recorded")
	}
	return s.refusePasskey(ctx, t.Person, nil, err)
}

// refusePasskey records a refusal; of a passkey that may be copied people are told.
func (s *Service) refusePasskey(ctx context.Context, person string, x *signed, err error, also ...string) error {
	what := append([]string{"passkey"}, also...)
	if errors.Is(err, errCopied) {
		what = append(what, "count-went-back", keyName(x.id))
	}
	keep := s.cfg.Desk.Change(ctx, func(c *book.Change) error {
		if errors.Is(err, errCopied) {
			if err := s.notify(ctx, c, PasskeyCopied, person); err != nil {
				return err
			}
		}
		return s.record(c, "sign-in-refused", nobody, person, what...)
	})
	return errors.Join(err, keep)
}

// beginCreation asks for a new passkey.
func (s *Service) beginCreation(step string, t ticket, u *user) (options any, sealed string, err error) {
	var exclude []protocol.CredentialDescriptor
	for _, k := range u.keys {
		exclude = append(exclude, k.Descriptor())
	}
	options, data, err := s.web.BeginRegistration(u, webauthn.WithExclusions(exclude))
	if err != nil {
		return nil, "", err
	}
	if t.Ceremony, err = json.Marshal(data); err != nil {
		return nil, "", err
	}
	t.Handle = u.handle
	sealed, err = s.hand(step, t, ceremonyTime)
	return options, sealed, err
}

// creation checks a new passkey.
func (s *Service) creation(t *ticket, answer []byte, name string) (*Passkey, error) {
	var data webauthn.SessionData
	if err := json.Unmarshal(t.Ceremony, &data); err != nil {
		return nil, errTicket
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return nil, errPasskey
	}
	c, err := s.web.CreateCredential(&user{handle: t.Handle}, data, parsed)
	if err != nil || !c.Flags.UserVerified && !defect.On(defect.UserUnverified) {
		return nil, errPasskey
	}
	k := passkeyOf(c, clean(name, "Passkey"), s.now().UnixMicro())
	return &k, nil
}

// add puts a new passkey onto a person's page within a change.
func (s *Service) add(c *book.Change, person string, handle []byte, k *Passkey) error {
	if s.holds(k.ID) {
		return errPasskey // of somebody else, or the same again
	}
	w := s.ways.Get(person)
	if w == nil {
		w = &Ways{Handle: handle}
	}
	if !bytes.Equal(w.Handle, handle) || len(w.Passkeys) >= maxPasskeys {
		return errPasskey
	}
	w = w.copy()
	w.Passkeys = append(w.Passkeys, *k)
	s.ways.Put(c, person, w)
	return nil
}

// maxPasskeys is how many a person may have.
const maxPasskeys = 20

// holds reports whether anybody has the passkey.
func (s *Service) holds(id []byte) bool {
	for _, w := range s.ways.All() {
		if w.find(id) >= 0 {
			return true
		}
	}
	return false
}

// RemovePasskey takes one away from its person, unless it is the only way in.
func (s *Service) RemovePasskey(ctx context.Context, person string, id []byte) error {
	return s.cfg.Desk.Change(ctx, func(c *book.Change) error {
		w := s.ways.Get(person)
		if w == nil || w.find(id) < 0 {
			return ErrNoWay
		}
		w = w.copy()
		i := w.find(id)
		w.Passkeys = slices.Delete(w.Passkeys, i, i+1)
		if !w.suffice() {
			return ErrLastWay
		}
		s.ways.Put(c, person, w)
		return s.record(c, "passkey-removed", person, "", keyName(id))
	})
}

// keyName is how the record calls a passkey: the beginning of its id's hash.
func keyName(id []byte) string { return hashOf(string(id))[:16] }

// numeric reports whether the host of an address is a number.
func numeric(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	_, err := netip.ParseAddr(host)
	return err == nil
}
