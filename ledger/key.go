package ledger

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// NewKey makes an Ed25519 key for the log that origin names, such as
// "modicum.hospital.example/main" (no blanks, no plus). secret signs checkpoints
// and belongs in a file that only the server reads; public is the verification
// key that auditors are given, in note format: name, key id, key.
func NewKey(origin string) (secret, public string, err error) {
	secret, public, err = note.GenerateKey(rand.Reader, origin)
	if err != nil {
		return "", "", fmt.Errorf("make a key for the log: %w", err)
	}
	// GenerateKey takes any name; a name that notes cannot hold fails here.
	if _, err := note.NewVerifier(public); err != nil {
		return "", "", errors.New("make a key for the log: an origin is a name without blanks and without +, such as modicum.hospital.example/main")
	}
	return secret, public, nil
}

// Key signs checkpoints of one origin. It never prints its secret.
type Key struct {
	signer note.Signer
	public string
}

// ParseKey reads a secret as NewKey returns it. Errors do not repeat it.
func ParseKey(secret string) (*Key, error) {
	secret = strings.TrimSpace(secret)
	s, err := note.NewSigner(secret)
	if err != nil {
		return nil, errors.New("log key: not a signing key as modicum makes them (PRIVATE+KEY+name+id+key, one line)")
	}
	public, err := publicOf(secret, s)
	if err != nil {
		return nil, err
	}
	return &Key{signer: s, public: public}, nil
}

// ReadKey reads a secret from a file that nobody but its owner may read.
func ReadKey(path string) (*Key, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("log key: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("log key %s: mode is %04o, so others can read it; run: chmod 600 %s", path, info.Mode().Perm(), path)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("log key: %w", err)
	}
	return ParseKey(string(b))
}

// WriteKey writes a secret to a new file of mode 0600, durably. It replaces
// nothing.
func WriteKey(path, secret string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("log key: %w", err)
	}
	_, err = f.WriteString(secret + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("log key: write %s: %w", path, err)
	}
	return syncDir(filepath.Dir(path))
}

// Origin is the name of the log that the key signs for.
func (k *Key) Origin() string { return k.signer.Name() }

// Public is the verification key.
func (k *Key) Public() string { return k.public }

// String is the verification key, so that a Key may be printed.
func (k *Key) String() string { return k.public }

// GoString keeps the secret out of %#v.
func (k *Key) GoString() string { return k.public }

// publicOf derives the verification key from a secret.
func publicOf(secret string, s note.Signer) (string, error) {
	// PRIVATE+KEY+<name>+<id>+<base64 of 0x01 and the seed>
	pub, err := publicKeyOf(secret)
	if err != nil {
		return "", err
	}
	return note.NewEd25519VerifierKey(s.Name(), pub)
}
