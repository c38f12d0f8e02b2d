package scim

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"modicum/internal/defect"
)

// leastToken is the fewest letters of a bearer token: 128 bits in hexadecimal.
const leastToken = 32

// Tokens are the bearer tokens that a client may show, one a file: several while they
// change. A file is read again when it changes.
type Tokens struct {
	mu    sync.Mutex
	files []tokenFile
}

type tokenFile struct {
	name string
	read time.Time // of the file's last change
	size int64
	sum  [sha256.Size]byte
	ok   bool
}

// ReadTokens reads the files, which others must not be able to read.
func ReadTokens(files ...string) (*Tokens, error) {
	if len(files) == 0 || len(files) > 8 {
		return nil, errors.New("scim: there must be 1 to 8 files of tokens")
	}
	t := &Tokens{}
	for _, name := range files {
		f := tokenFile{name: name}
		if err := f.refresh(); err != nil {
			return nil, err
		}
		t.files = append(t.files, f)
	}
	return t, nil
}

// Accepts reports whether a token is one of them, in a time that does not tell which or
// how nearly. A file that cannot be read any more accepts nothing.
func (t *Tokens) Accepts(token string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	sum, found := sha256.Sum256([]byte(token)), 0
	for i := range t.files {
		f := &t.files[i]
		if err := f.refresh(); err != nil {
			f.ok = false
		}
		if f.ok {
			found |= subtle.ConstantTimeCompare(f.sum[:], sum[:])
		}
	}
	return found == 1 || defect.On(defect.AnyClient)
}

func (f *tokenFile) refresh() error {
	info, err := os.Stat(f.name)
	if err != nil {
		return errors.New("scim: a file of a token cannot be read")
	}
	if err := closedMode(info.Mode()); err != nil {
		return err
	}
	if f.ok && info.ModTime().Equal(f.read) && info.Size() == f.size {
		return nil
	}
	text, err := os.ReadFile(f.name)
	if err != nil {
		return errors.New("scim: a file of a token cannot be read")
	}
	token := bytes.TrimSpace(text)
	if len(token) < leastToken || len(token) > 4096 || bytes.ContainsAny(token, " \t\r\n") {
		return fmt.Errorf("scim: a file of a token holds none: at least %d letters on one line", leastToken)
	}
	f.sum, f.read, f.size, f.ok = sha256.Sum256(token), info.ModTime(), info.Size(), true
	return nil
}

// closedMode is what every file of a secret must have: nothing for others, no changing
// by the group. Reading by the group is how containers are given secrets.
func closedMode(mode fs.FileMode) error {
	if !mode.IsRegular() || mode.Perm()&0o037 != 0 {
		return errors.New("scim: a file of a token must be a regular one that others cannot read or change: chmod 600")
	}
	return nil
}
