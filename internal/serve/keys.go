package serve

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"modicum/internal/durable"
)

// Keys are the secrets of an installation beside the ledger's signing key: each
// does one job and can be replaced alone (design 9).
type Keys struct {
	Refs   []byte // keyed references to patients in the record
	Cursor []byte // seals paging cursors
	ETag   []byte // hashes answers
	Token  []byte // pseudonyms
	Wrap   []byte // wraps what must be readable again, such as secrets of one-time codes
	Spool  []byte // chains what broken glasses leave in the spool
}

// RefsID names the key of patient references in the record.
const RefsID = "r1"

// keyFiles names the file of each key in the folder keys of the data folder.
func (k *Keys) files() map[string]*[]byte {
	return map[string]*[]byte{"refs.key": &k.Refs, "cursor.key": &k.Cursor, "etag.key": &k.ETag, "token.key": &k.Token, "wrap.key": &k.Wrap, "spool.key": &k.Spool}
}

// CreateKeys makes the keys that dir lacks: 32 random bytes each, in base64, mode
// 0600, in a folder of mode 0700.
func CreateKeys(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	var k Keys
	for name := range k.files() {
		var secret [32]byte
		if _, err := io.ReadFull(rand.Reader, secret[:]); err != nil {
			return err
		}
		text := base64.StdEncoding.EncodeToString(secret[:]) + "\n"
		err := durable.Create(filepath.Join(dir, name), []byte(text), 0o600)
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return nil
}

// ReadKeys reads the keys. A key that others may read, or that is no key, refuses.
func ReadKeys(dir string) (*Keys, error) {
	var k Keys
	var errs []error
	for name, into := range k.files() {
		secret, err := readKey(filepath.Join(dir, name))
		if slices.Contains(later, name) && errors.Is(err, errNoKey) {
			continue // an installation of before: it is made at the next start
		}
		*into = secret
		errs = append(errs, err)
	}
	return &k, errors.Join(errs...)
}

// later are the keys that installations of before lack.
var later = []string{"wrap.key", "spool.key"}

// errNoKey: there is no such key.
var errNoKey = errors.New("there is no such key")

func readKey(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w; `modicum init` makes keys for a new installation", path, errNoKey)
	}
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s: others may read it (mode %04o); run: chmod 600 %s", path, info.Mode().Perm(), path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	secret, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(secret) < 32 {
		return nil, fmt.Errorf("%s: is not a key: 32 bytes or more in base64 are expected", path)
	}
	return secret, nil
}
