// Package pocket is where a command line keeps the tokens with which it acts for its
// person, and how it gets and gives them back: one token a server, in a file that nobody
// else can read.
package pocket

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/go-json-experiment/json"

	"modicum/internal/durable"
)

var (
	// ErrNone: nobody signed in at that server from here.
	ErrNone = errors.New("you are not signed in there: modicum login")
	// ErrNowhere: nobody signed in anywhere from here.
	ErrNowhere = fmt.Errorf("%w --server https://HOST", ErrNone)
	// ErrOver: the token's time is up.
	ErrOver = errors.New("your sign-in is over: modicum login")
	// ErrOpen: others could read the file.
	ErrOpen = errors.New("others can read it: chmod 600, then sign in again, since somebody may have")
)

// Token is a token with what the server said of it.
type Token struct {
	Server string `json:"server"` // address without path
	Value  string `json:"token"`
	Who    string `json:"who"`
	Task   string `json:"task"` // ROLE/TASK; "none" opens no record
	Until  int64  `json:"until"`
}

// Pocket is the file, which may not be there yet.
type Pocket struct {
	path string
}

// held is the file. The last server is that of commands which name none.
type held struct {
	Last   string           `json:"last"`
	Tokens map[string]Token `json:"tokens"`
}

// most bounds the file that is read, in bytes.
const most = 1 << 20

// In returns the pocket below a folder of configuration.
func In(folder string) *Pocket { return &Pocket{filepath.Join(folder, "modicum", "tokens.json")} }

// Path is where the file lies.
func (p *Pocket) Path() string { return p.path }

// Get returns the token for a server, or for the last one where server is "". ErrNone
// and ErrOver say why there is none.
func (p *Pocket) Get(server string, now time.Time) (Token, error) {
	h, err := p.read()
	if err != nil {
		return Token{}, err
	}
	if server == "" {
		server = h.Last
	}
	t, ok := h.Tokens[server]
	switch {
	case !ok && server == "":
		return Token{}, ErrNowhere
	case !ok:
		return Token{Server: server}, ErrNone
	case now.UnixMicro() >= t.Until:
		return Token{Server: server}, ErrOver
	}
	return t, nil
}

// Put keeps a token in place of the server's former one.
func (p *Pocket) Put(t Token) error {
	h, err := p.read()
	if err != nil && !errors.Is(err, ErrOpen) {
		return err
	}
	h.Last, h.Tokens[t.Server] = t.Server, t
	return p.write(h)
}

// Drop forgets a server's token.
func (p *Pocket) Drop(server string) error {
	h, err := p.read()
	if err != nil {
		return err
	}
	delete(h.Tokens, server)
	return p.write(h)
}

func (p *Pocket) read() (held, error) {
	h := held{Tokens: map[string]Token{}}
	info, err := os.Lstat(p.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return h, nil
	case err != nil:
		return h, errors.New("the file of your tokens cannot be looked at")
	case !info.Mode().IsRegular() || info.Size() > most:
		return h, fmt.Errorf("%s is no file of tokens: remove it", p.path)
	case info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows":
		return h, fmt.Errorf("%s: %w", p.path, ErrOpen)
	}
	text, err := os.ReadFile(p.path)
	if err == nil {
		err = json.Unmarshal(text, &h)
	}
	if err != nil || h.Tokens == nil {
		return held{Tokens: map[string]Token{}}, fmt.Errorf("%s cannot be read: remove it, then sign in again", p.path)
	}
	return h, nil
}

// write replaces the file in one step; at no moment can others read it.
func (p *Pocket) write(h held) error {
	text, err := json.Marshal(h, json.Deterministic(true))
	if err != nil {
		return err
	}
	dir := filepath.Dir(p.path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make %s: %w", dir, err)
	}
	return durable.Replace(p.path, append(text, '\n'), 0o600)
}
