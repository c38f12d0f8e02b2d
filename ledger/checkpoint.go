package ledger

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Hash is SHA-256 of a leaf or node, RFC 6962 section 2.1.
type Hash = tlog.Hash

// Head is a tree: the first Size entries of Origin hash to Root.
type Head struct {
	Origin string
	Size   int64
	Root   Hash
}

// ErrBadCheckpoint: the checkpoint is malformed, or no known key signed it.
var ErrBadCheckpoint = errors.New("not a checkpoint that a known key signed")

// Sign returns the checkpoint of h: its three lines and k's signature (C2SP
// tlog-checkpoint). It refuses a head of another origin than the key's.
func (k *Key) Sign(h Head) ([]byte, error) {
	if h.Origin != k.Origin() {
		return nil, fmt.Errorf("key of %s cannot sign for %s", k.Origin(), h.Origin)
	}
	text := fmt.Sprintf("%s\n%d\n%s\n", h.Origin, h.Size, base64.StdEncoding.EncodeToString(h.Root[:]))
	b, err := note.Sign(&note.Note{Text: text}, k.signer)
	if err != nil {
		return nil, fmt.Errorf("sign checkpoint: %w", err)
	}
	return b, nil
}

// OpenCheckpoint reads a checkpoint that at least one of the verification keys
// signed, and returns that key as well.
func OpenCheckpoint(b []byte, keys ...string) (Head, string, error) {
	byName := map[string]string{}
	var list []note.Verifier
	for _, k := range keys {
		v, err := note.NewVerifier(k)
		if err != nil {
			return Head{}, "", errors.New("verification key: not one (name+id+key, one line)")
		}
		id := keyID(v.Name(), v.KeyHash())
		if byName[id] == "" {
			list = append(list, v)
		}
		byName[id] = k
	}
	n, err := note.Open(b, note.VerifierList(list...))
	if err != nil {
		return Head{}, "", ErrBadCheckpoint
	}
	h, err := parseHead(n.Text)
	if err != nil {
		return Head{}, "", err
	}
	for _, s := range n.Sigs {
		// The signer's name must be the origin: a key of one log does not speak
		// for another one.
		if s.Name == h.Origin {
			return h, byName[keyID(s.Name, s.Hash)], nil
		}
	}
	return Head{}, "", ErrBadCheckpoint
}

func keyID(name string, hash uint32) string { return fmt.Sprintf("%s+%08x", name, hash) }

// parseHead reads the text of a checkpoint, strictly; extension lines, which
// we do not write, are refused.
func parseHead(text string) (Head, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[0] == "" || lines[3] != "" {
		return Head{}, ErrBadCheckpoint
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return Head{}, ErrBadCheckpoint
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return Head{}, ErrBadCheckpoint
	}
	return Head{Origin: lines[0], Size: size, Root: Hash(root)}, nil
}

// publicKeyOf derives the public half from a secret's seed.
func publicKeyOf(secret string) (ed25519.PublicKey, error) {
	parts := strings.SplitN(secret, "+", 5)
	if len(parts) != 5 {
		return nil, errors.New("log key: malformed")
	}
	raw, err := base64.StdEncoding.DecodeString(parts[4])
	if err != nil || len(raw) != 1+ed25519.SeedSize || raw[0] != 1 {
		return nil, errors.New("log key: not an Ed25519 key")
	}
	return ed25519.NewKeyFromSeed(raw[1:]).Public().(ed25519.PublicKey), nil
}
