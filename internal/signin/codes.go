package signin

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"errors"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"
	"golang.org/x/crypto/argon2"

	"modicum/internal/book"
	"modicum/internal/caller"
	"modicum/internal/defect"
	"modicum/internal/people"
	"modicum/internal/share"
)

// stepSize is how long a one-time code holds, in seconds (RFC 6238).
const stepSize = 30

var totpOptions = totp.ValidateOpts{Period: stepSize, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}

// hashed is a passphrase as it is kept: argon2id with 19 MiB and two passes.
type hashed struct {
	Salt []byte `json:"salt"`
	Hash []byte `json:"hash"`
}

// Words of what goes wrong with guesses.
var (
	errGuess = errors.New("name, passphrase or code do not fit")
	errBusy  = errors.New("too many are signing in at once")
	errCrowd = errors.New("name, passphrase or code do not fit, and many try in this name")
)

// letters of what people type: no digit or letter that looks like another.
var letters = base32.NewEncoding("abcdefghjkmnpqrstuvwxyz123456789").WithPadding(base32.NoPadding)

// typed is what somebody typed, without the hyphens and blanks between groups, and
// with the one letter for those that look like it.
func typed(s string) string {
	return strings.ToLower(strings.Map(func(r rune) rune {
		switch r {
		case '-', ' ', '\t':
			return -1
		case 'i', 'I', 'l', 'L':
			return '1'
		}
		return r
	}, s))
}

// hashWait is the longest that one waits for the hash of a passphrase.
const hashWait = 5 * time.Second

// slowly hashes passphrases; each takes 19 MiB, so that few are made at once.
type slowly struct {
	hash     func(phrase, salt []byte) []byte
	known    *share.Places // of browsers that know who is signing in
	stranger *share.Places // of all others, by their address
}

func newSlowly(hash func(phrase, salt []byte) []byte) slowly {
	if hash == nil {
		hash = func(phrase, salt []byte) []byte { return argon2.IDKey(phrase, salt, 2, 19<<10, 1, 32) }
	}
	return slowly{hash, share.New(1), share.New(2)}
}

// digest makes the hash of a passphrase. A flood of guesses from some addresses takes no
// turn of others, and from everywhere none of a browser that is known; who waits too long
// is sent away.
func (s *Service) digest(ctx context.Context, g guess, phrase string, salt []byte) ([]byte, error) {
	places, who := s.slowly.stranger, caller.Household(g.network)
	switch {
	case defect.On(defect.OneLineForAll):
		who = "everybody"
	case g.device != "" && !defect.On(defect.KnownInLine):
		places, who = s.slowly.known, g.device
	}
	if places.Take(ctx, who, hashWait) != nil {
		return nil, errBusy
	}
	defer places.Give(who)
	return s.slowly.hash([]byte(typed(phrase)), salt), nil
}

// byCodes signs somebody in, or proves them once more, by passphrase and code. Whoever
// is not there, has no codes, or typed one of the three wrong learns the same after
// the same work.
func (s *Service) byCodes(ctx context.Context, g guess, phrase, code string, do func(person string, more func(*book.Change) error) error) error {
	t := s.guesses.try(g, s.now())
	if t.wait > 0 {
		return tooSoon(t.wait)
	}
	person, w := s.named(g.name)
	codes, known := s.decoy, false
	if w != nil && w.Codes != nil {
		codes, known = *w.Codes, true
	}
	sum, err := s.digest(ctx, g, phrase, codes.Phrase.Salt)
	if err != nil { // nothing was judged
		if !defect.On(defect.UnjudgedCounts) {
			s.guesses.untry(g, t, s.now())
		}
		return err
	}
	step := s.step(person, &codes, known, code)
	fits := subtle.ConstantTimeCompare(sum, codes.Phrase.Hash) == 1 || defect.On(defect.CodeAlone)
	switch {
	case !known || !fits:
	case step == 0 && g.device == "":
		t.many = s.guesses.knows(g, s.now()) || t.many
	case step == 0:
	case g.device != "" || !s.guesses.shut(g, s.now()):
		err = do(person, func(c *book.Change) error { return s.spendCode(c, g, person, step) })
		if !errors.Is(err, errGuess) && !errors.Is(err, ErrInactive) {
			return err
		}
	}
	return s.refuseGuess(ctx, g, person, t, "codes")
}

// byCodesHow is what a passphrase and a code prove.
var byCodesHow = []string{"pwd", "otp"}

// named is the person of a user name; "" where there is none.
func (s *Service) named(name string) (person string, w *Ways) {
	p := s.cfg.People.ByUserName(name)
	if p == nil {
		return "", nil
	}
	return p.ID, s.ways.Get(p.ID)
}

// refuseGuess records a guess that failed and returns what is answered: that it did, or
// that this could not be kept. Of many the person and those who run people are told, and
// whoever mistypes in a crowd learns that it is one. It does the same work whether or not
// the person is there.
func (s *Service) refuseGuess(ctx context.Context, g guess, person string, t tried, by string) error {
	tell := t.many && s.guesses.tell(g, s.now())
	err := s.cfg.Desk.Change(ctx, func(c *book.Change) error {
		s.keepTries(c, g)
		what := []string{by}
		if tell {
			what = append(what, "locked")
			if err := s.notify(ctx, c, Locked, person); err != nil {
				return err
			}
		}
		return s.record(c, "sign-in-refused", nobody, person, what...)
	})
	if err != nil {
		if tell && !defect.On(defect.TellLost) {
			s.guesses.untold(g, s.now())
		}
		return err
	}
	if t.soft > 0 && !defect.On(defect.CrowdUnsaid) {
		return errCrowd
	}
	return errGuess
}

// step finds which step a code is of, around now; 0 where it is of none.
func (s *Service) step(person string, codes *Codes, known bool, code string) int64 {
	secret, err := s.wrap.open(codesOf(person), codes.Wrapped)
	if !known {
		secret, err = make([]byte, 20), nil
	}
	code = typed(code)
	if err != nil || len(code) != 6 {
		return 0
	}
	return stepOf(secret, code, s.now())
}

func stepOf(secret []byte, code string, now time.Time) (step int64) {
	text := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
	for n := int64(-1); n <= 1; n++ {
		at := now.Unix()/stepSize + n
		want, err := totp.GenerateCodeCustom(text, time.Unix(at*stepSize, 0), totpOptions)
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			step = at
		}
	}
	return step
}

// codesOf binds a wrapped secret to its person.
func codesOf(person string) string { return "totp " + person }

// spendCode marks a code as used within a change: each is taken once, also by two at
// the same moment.
func (s *Service) spendCode(c *book.Change, g guess, person string, step int64) error {
	w := s.ways.Get(person)
	if w == nil || w.Codes == nil || step <= w.Codes.Step && !defect.On(defect.OTPTwice) {
		return errGuess
	}
	w = w.copy()
	w.Codes.Step, w.Codes.Used = step, s.now().UnixMicro()
	s.ways.Put(c, person, w)
	s.forgetTries(c, g)
	return nil
}

// offer makes a passphrase and a secret for a person who is about to set up codes.
func (s *Service) offer(t ticket) (phrase, sealed string, secret []byte, err error) {
	raw, err := s.bytes(8 + 20)
	if err != nil {
		return "", "", nil, err
	}
	phrase, secret = letters.EncodeToString(raw[:8])[:12], raw[8:]
	t.Phrase, t.Secret = phrase, secret
	sealed, err = s.hand(stepCodes, t, 15*time.Minute)
	return grouped(phrase), sealed, secret, err
}

// grouped writes letters in groups of four.
func grouped(s string) string {
	var parts []string
	for ; len(s) > 4; s = s[4:] {
		parts = append(parts, s[:4])
	}
	return strings.Join(append(parts, s), "-")
}

// accept checks that a person can use what was offered, and makes what is kept of it.
func (s *Service) accept(ctx context.Context, person string, t *ticket, phrase, code string) (*Codes, error) {
	step := stepOf(t.Secret, typed(code), s.now())
	if subtle.ConstantTimeCompare([]byte(typed(phrase)), []byte(t.Phrase)) != 1 || step == 0 {
		return nil, errGuess
	}
	salt, err := s.bytes(16)
	if err != nil {
		return nil, err
	}
	sum, err := s.digest(ctx, guess{device: "registering " + person}, t.Phrase, salt)
	if err != nil {
		return nil, err
	}
	return &Codes{
		Phrase: hashed{salt, sum}, Wrapped: s.wrap.close(codesOf(person), t.Secret), Step: step, Since: s.now().UnixMicro(),
	}, nil
}

// setCodes puts codes onto a person's page within a change.
func (s *Service) setCodes(c *book.Change, person string, handle []byte, codes *Codes) {
	w := s.ways.Get(person)
	if w == nil {
		w = &Ways{Handle: handle}
	}
	w = w.copy()
	w.Codes = codes
	s.ways.Put(c, person, w)
}

// RemoveCodes takes passphrase and codes away, unless they are the only way in.
func (s *Service) RemoveCodes(ctx context.Context, by people.Actor) error {
	return s.cfg.Desk.Change(ctx, func(c *book.Change) error {
		w := s.ways.Get(by.ID)
		if w == nil || w.Codes == nil {
			return ErrNoWay
		}
		w = w.copy()
		if w.Codes = nil; !w.suffice() {
			return ErrLastWay
		}
		s.ways.Put(c, by.ID, w)
		return s.record(c, "codes-removed", by.ID, "")
	})
}

// newDecoy is what guesses at nobody are compared with.
func (s *Service) newDecoy() (Codes, error) {
	raw, err := s.bytes(48)
	if err != nil {
		return Codes{}, err
	}
	sum := sha256.Sum256(raw)
	return Codes{Phrase: hashed{Salt: raw[:16], Hash: sum[:]}, Wrapped: s.wrap.close(codesOf(""), raw[16:36])}, nil
}

// tooSoon is how long to wait before the next try.
type tooSoon time.Duration

func (t tooSoon) Error() string { return "too soon" }
