package upstream

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"
)

// bearer holds the token of a file and reads it again when the file changes.
type bearer struct {
	path string

	mu    sync.Mutex
	value string    // guarded by mu
	mod   time.Time // guarded by mu: of the file that value came from
	size  int64     // guarded by mu
}

// token returns the token of the file as it is now. A file that cannot be read,
// that others may read, or that holds no token is an error that names the path
// and never the content (K1).
func (b *bearer) token() (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	info, err := os.Stat(b.path)
	if err != nil {
		return "", fmt.Errorf("upstream: bearer file %s: %w", b.path, errors.Unwrap(err))
	}
	if b.value != "" && info.ModTime().Equal(b.mod) && info.Size() == b.size {
		return b.value, nil
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("upstream: bearer file %s: others may read it; chmod 600 it", b.path)
	}
	if info.Size() > 16<<10 {
		return "", fmt.Errorf("upstream: bearer file %s: larger than a token can be", b.path)
	}
	raw, err := os.ReadFile(b.path)
	if err != nil {
		return "", fmt.Errorf("upstream: bearer file %s: %w", b.path, errors.Unwrap(err))
	}
	v := strings.TrimSpace(string(raw))
	if v == "" || strings.IndexFunc(v, func(r rune) bool { return r <= ' ' || r > '~' }) >= 0 {
		return "", fmt.Errorf("upstream: bearer file %s: holds no token on one line", b.path)
	}
	b.value, b.mod, b.size = v, info.ModTime(), info.Size()
	return v, nil
}
