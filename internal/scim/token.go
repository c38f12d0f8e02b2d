package scim

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"
)

// leastToken is the fewest letters of a bearer token: 128 bits in hexadecimal.
const leastToken = 32

// Tokens are the bearer tokens of a file, one a line: several while they rotate. The
// file is read again when it changes.
type Tokens struct {
	file string
	mu   sync.Mutex
	read time.Time // of the file's last change
	size int64
	sums [][sha256.Size]byte
}

// ReadTokens reads a file of tokens, which nobody but its owner may read.
func ReadTokens(file string) (*Tokens, error) {
	t := &Tokens{file: file}
	return t, t.refresh()
}

// Accepts reports whether a token is one of the file, in a time that does not tell which
// or how nearly. When the file cannot be read any more nothing is accepted.
func (t *Tokens) Accepts(token string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.refresh() != nil {
		return false
	}
	sum, ok := sha256.Sum256([]byte(token)), 0
	for _, s := range t.sums {
		ok |= subtle.ConstantTimeCompare(s[:], sum[:])
	}
	return ok == 1 && len(token) >= leastToken
}

func (t *Tokens) refresh() error {
	info, err := os.Stat(t.file)
	if err != nil {
		return errors.New("scim: the file of tokens cannot be read")
	}
	if info.ModTime().Equal(t.read) && info.Size() == t.size && t.sums != nil {
		return nil
	}
	t.sums = nil
	if err := closedMode(info.Mode()); err != nil {
		return err
	}
	text, err := os.ReadFile(t.file)
	if err != nil {
		return errors.New("scim: the file of tokens cannot be read")
	}
	sums, err := tokensOf(text)
	if err != nil {
		return err
	}
	t.sums, t.read, t.size = sums, info.ModTime(), info.Size()
	return nil
}

func closedMode(mode fs.FileMode) error {
	if !mode.IsRegular() || mode.Perm()&0o077 != 0 {
		return fmt.Errorf("scim: the file of tokens must be a file that only its owner may read (mode 600, not %o)", mode.Perm())
	}
	return nil
}

func tokensOf(text []byte) (sums [][sha256.Size]byte, err error) {
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		if len(line) < leastToken || bytes.ContainsAny(line, " \t") {
			return nil, fmt.Errorf("scim: line %d of the file of tokens is no token: at least %d letters without blanks", n, leastToken)
		}
		sums = append(sums, sha256.Sum256(line))
	}
	if lines.Err() != nil || len(sums) == 0 || len(sums) > 8 {
		return nil, errors.New("scim: the file of tokens holds none, or more than 8")
	}
	return sums, nil
}
