package verify

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// algEd25519 marks an Ed25519 key in the note format.
const algEd25519 = 1

// maxCheckpoint bounds a checkpoint with cosignatures, in bytes.
const maxCheckpoint = 64 << 10

var b64 = base64.StdEncoding.Strict()

// key is one verification key.
type key struct {
	name string
	id   uint32
	pub  ed25519.PublicKey
}

func (k key) String() string { return fmt.Sprintf("%s+%08x", k.name, k.id) }

// parseKey reads "name+id+base64(0x01 || public key)".
func parseKey(s string) (key, error) {
	bad := fmt.Errorf("verify: %q is not a verification key (name+id+key, one line)", clip(s))
	name, rest, ok1 := strings.Cut(strings.TrimSpace(s), "+")
	id, enc, ok2 := strings.Cut(rest, "+")
	raw, err := b64.DecodeString(enc)
	if !ok1 || !ok2 || err != nil || !validName(name) || len(raw) != 1+ed25519.PublicKeySize || raw[0] != algEd25519 {
		return key{}, bad
	}
	n, err := strconv.ParseUint(id, 16, 32)
	if err != nil || len(id) != 8 || uint32(n) != keyID(name, raw) {
		return key{}, bad
	}
	return key{name, uint32(n), raw[1:]}, nil
}

func keyID(name string, raw []byte) uint32 {
	h := sha256.New()
	h.Write([]byte(name + "\n"))
	h.Write(raw)
	return binary.BigEndian.Uint32(h.Sum(nil))
}

func validName(s string) bool {
	return s != "" && utf8.ValidString(s) && !strings.Contains(s, "+") && strings.IndexFunc(s, unicode.IsSpace) < 0
}

// CheckKeys says what is wrong with verification keys, before anything is read.
func CheckKeys(keys ...string) error {
	_, err := parseKeys(keys)
	return err
}

func parseKeys(list []string) ([]key, error) {
	if len(list) == 0 {
		return nil, errNoKey
	}
	keys := make([]key, len(list))
	for i, s := range list {
		k, err := parseKey(s)
		if err != nil {
			return nil, err
		}
		keys[i] = k
	}
	return keys, nil
}

// checkpoint is a signed tree.
type checkpoint struct {
	origin string
	size   int64
	root   hash
	signer key
}

// openCheckpoint reads a signed note that holds a checkpoint, and checks the
// signature of one of keys. Lines of signers that we do not know are skipped, as
// the format asks; a wrong signature under a known key is not.
func openCheckpoint(b []byte, keys []key, path string) (*checkpoint, *Problem) {
	bad := func(detail string) (*checkpoint, *Problem) {
		return nil, problem(BadPoint, -1, path, "%s", detail)
	}
	if len(b) > maxCheckpoint || !utf8.Valid(b) || strings.ContainsFunc(string(b), func(r rune) bool { return r < ' ' && r != '\n' }) {
		return bad("not a text of at most 64 KiB")
	}
	at := strings.LastIndex(string(b), "\n\n")
	if at < 0 || b[len(b)-1] != '\n' {
		return bad("no blank line before the signatures, or no end of line")
	}
	text, sigs := string(b[:at+1]), string(b[at+2:])
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[0] == "" {
		return bad("not three lines: origin, size, root")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return bad("second line is not a size")
	}
	root, err := b64.DecodeString(lines[2])
	if err != nil || len(root) != len(hash{}) {
		return bad("third line is not a base64 root")
	}
	signer, p := checkSignatures(text, sigs, keys, path)
	if p != nil {
		return nil, p
	}
	if signer.name != lines[0] {
		return nil, problem(WrongOrigin, -1, path, "it is for %q, the key is for %q", clip(lines[0]), signer.name)
	}
	return &checkpoint{lines[0], size, hash(root), *signer}, nil
}

// checkSignatures returns the first known key that signed.
func checkSignatures(text, sigs string, keys []key, path string) (*key, *Problem) {
	var found *key
	if !strings.HasSuffix(sigs, "\n") {
		return nil, problem(BadPoint, -1, path, "no signature")
	}
	for n, line := range strings.Split(strings.TrimSuffix(sigs, "\n"), "\n") {
		rest, ok := strings.CutPrefix(line, "— ")
		name, enc, ok2 := strings.Cut(rest, " ")
		sig, err := b64.DecodeString(enc)
		if !ok || !ok2 || err != nil || !validName(name) || len(sig) < 5 || n >= 100 {
			return nil, problem(BadPoint, -1, path, "signature line %d is malformed", n+1)
		}
		for i, k := range keys {
			if k.name != name || k.id != binary.BigEndian.Uint32(sig) {
				continue
			}
			if len(sig) != 4+ed25519.SignatureSize || !ed25519.Verify(k.pub, []byte(text), sig[4:]) {
				return nil, problem(BadSignature, -1, path, "the signature of %s does not match", k)
			}
			if found == nil {
				found = &keys[i]
			}
		}
	}
	if found == nil {
		return nil, problem(BadSignature, -1, path, "none of the given keys signed it")
	}
	return found, nil
}

// clip bounds text from outside before it is shown.
func clip(s string) string {
	if len(s) > 80 {
		return s[:80] + "..."
	}
	return s
}
