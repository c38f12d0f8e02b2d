package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"modicum/internal/pocket"
)

// loginCommand gets a token for a person.
type loginCommand struct {
	Server    string        `env:"MODICUM_SERVER" help:"Address of the installation; the one you signed in at last otherwise." placeholder:"URL"`
	Task      string        `help:"Task that the token is for: TASK or ROLE/TASK. Without it the token opens no record." placeholder:"TASK"`
	For       time.Duration `default:"30m" help:"How long it lives, 1m to 8h." placeholder:"30m"`
	NoBrowser bool          `help:"Show a code to type into a browser on another machine."`
	Prove     bool          `help:"Have the browser ask who you are once more, for what needs a proof of the last five minutes: approve, refuse, revoke, people, keys."`
	CA        string        `type:"existingfile" help:"Certificates to trust, PEM; the system's otherwise." placeholder:"FILE"`
	Token     bool          `help:"Print the token that there is, for curl or psql, and ask for nothing."`
	JSON      bool          `help:"Print one JSON object."`
}

// Help teaches by example.
func (c *loginCommand) Help() string {
	return `Opens your browser at the installation, where you sign in as always, see what the token is
for, and say yes or no. The token is kept for the other commands, in a file that only you
can read. It acts as you, for one task, until its time is up, you sign out, or you leave.

Examples:
  modicum login --server https://modicum.hospital.example --task give-care --for 2h
  modicum login                                   for whatever needs no record
  modicum login --prove                           before you approve, or change rights
  modicum login --no-browser --task give-care     on a machine without a browser
  curl -H "Authorization: Bearer $(modicum login --token)" https://modicum.hospital.example/fhir/Patient/p1

Exit status: 0 signed in, 1 you said no or are not signed in, 2 wrong use, 3 the server
does not answer.`
}

// signedIn is the result for programs. Token is there where it was asked for.
type signedIn struct {
	Server string    `json:"server"`
	Who    string    `json:"who"`
	Task   string    `json:"task"`
	Until  time.Time `json:"until"`
	Token  string    `json:"token,omitempty"`
}

// Run signs in, or prints what there is.
func (c *loginCommand) Run(t *terminal) error {
	p := t.pocket()
	if c.Token {
		return c.print(t, p)
	}
	if c.For < time.Minute || c.For > 8*time.Hour {
		return usage("--for must be between 1m and 8h")
	}
	s, err := installation(t, p, c.Server, c.CA)
	if err != nil {
		return err
	}
	got, err := c.fetch(t, s)
	switch {
	case errors.Is(err, pocket.ErrNo):
		return &exitError{exitNo, err}
	case err != nil:
		return unavailable("%w", err)
	}
	if err := p.Put(got); err != nil {
		return unavailable("%w", err)
	}
	return c.say(t, got)
}

// print gives the token to whatever is typed around this command.
func (c *loginCommand) print(t *terminal, p *pocket.Pocket) error {
	got, err := p.Get(strings.TrimRight(c.Server, "/"), time.Now())
	if err != nil {
		return &exitError{exitNo, err}
	}
	if c.JSON {
		return printJSON(t, signedIn{got.Server, got.Who, got.Task, time.UnixMicro(got.Until).UTC(), got.Value})
	}
	_, err = fmt.Fprintln(t.out, got.Value)
	return err
}

func (c *loginCommand) fetch(t *terminal, s *pocket.Server) (pocket.Token, error) {
	ctx, cancel := context.WithTimeout(t.ctx, 10*time.Minute)
	defer cancel()
	machine, _ := os.Hostname()
	w := pocket.Want{Task: c.Task, For: c.For, Machine: machine, Prove: c.Prove}
	if c.NoBrowser || !t.hasBrowser() {
		return s.Device(ctx, w, func(code, at string) {
			t.note("On any machine, open %s\nand type the code: %s", at, t.paint(bold, code))
		}, pause)
	}
	return s.Browser(ctx, w, func(at string) {
		t.note("Opening your browser. If nothing happens, open this yourself:\n  %s", at)
		openBrowser(at)
	})
}

func (c *loginCommand) say(t *terminal, got pocket.Token) error {
	until := time.UnixMicro(got.Until)
	if c.JSON {
		return printJSON(t, signedIn{got.Server, got.Who, got.Task, until.UTC(), ""})
	}
	what := "for " + got.Task
	if got.Task == "none" {
		what = "for your requests, your inbox and what your duties allow; it opens no record (--task TASK does)"
	}
	_, err := fmt.Fprintf(t.out, "Signed in at %s as %s until %s, %s.\n", got.Server, got.Who, until.Format("15:04"), what)
	return err
}

// logoutCommand gives the token back.
type logoutCommand struct {
	Server string `env:"MODICUM_SERVER" help:"Address of the installation; the one you signed in at last otherwise." placeholder:"URL"`
	CA     string `type:"existingfile" help:"Certificates to trust, PEM; the system's otherwise." placeholder:"FILE"`
	JSON   bool   `help:"Print one JSON object."`
}

// Help teaches by example.
func (c *logoutCommand) Help() string {
	return `The installation takes the token no more, and it is removed here. Your session in the
browser stays.

Examples:
  modicum logout
  modicum logout --server https://modicum.hospital.example

Exit status: 0 done, or there was none; 3 the server does not answer, so that the token
is removed here and lives there until its time is up.`
}

// Run signs out.
func (c *logoutCommand) Run(t *terminal) error {
	p := t.pocket()
	had, err := p.Get(strings.TrimRight(c.Server, "/"), time.Now())
	if err == nil {
		err = c.revoke(t, p, had)
	} else if errors.Is(err, pocket.ErrNone) || errors.Is(err, pocket.ErrOver) {
		err = nil
	}
	if drop := p.Drop(had.Server); drop != nil {
		return unavailable("%w", drop)
	}
	switch {
	case err != nil:
		return unavailable("%w; the token is removed here", err)
	case c.JSON:
		return printJSON(t, map[string]any{"server": had.Server, "signed_out": had.Value != ""})
	case had.Value == "":
		_, err = fmt.Fprintln(t.out, "You were not signed in.")
	default:
		_, err = fmt.Fprintf(t.out, "Signed out at %s.\n", had.Server)
	}
	return err
}

func (c *logoutCommand) revoke(t *terminal, p *pocket.Pocket, had pocket.Token) error {
	s, err := installation(t, p, had.Server, c.CA)
	if err != nil {
		return err
	}
	return s.Revoke(t.ctx, had)
}

// installation is what a command talks to.
func installation(t *terminal, p *pocket.Pocket, address, ca string) (*pocket.Server, error) {
	if address == "" {
		last, err := p.Get("", time.Now())
		switch {
		case errors.Is(err, pocket.ErrNowhere):
			return nil, usage("name the installation: --server https://HOST")
		case last.Server == "":
			return nil, usage("name the installation: --server https://HOST (%w)", err)
		}
		address = last.Server
	}
	address, err := pocket.CheckAddress(address)
	if err != nil {
		return nil, usage("--server: %w", err)
	}
	client := &http.Client{Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if ca != "" {
		trust, err := trusting(ca)
		if err != nil {
			return nil, err
		}
		client.Transport = &http.Transport{TLSClientConfig: trust, Proxy: http.ProxyFromEnvironment}
	}
	return &pocket.Server{Address: address, Client: client, Now: time.Now}, nil
}

// pocket is where this person's tokens are, by the environment.
func (t *terminal) pocket() *pocket.Pocket {
	if dir := t.getenv("XDG_CONFIG_HOME"); dir != "" && runtime.GOOS == "linux" {
		return pocket.In(dir)
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		dir = filepath.Join(".", ".config")
	}
	return pocket.In(dir)
}

func (t *terminal) getenv(name string) string {
	value := ""
	for _, e := range t.environ { // the last one counts, as for a shell
		if v, ok := strings.CutPrefix(e, name+"="); ok {
			value = v
		}
	}
	return value
}

// hasBrowser reports whether a browser can be shown where the person sits.
func (t *terminal) hasBrowser() bool {
	if runtime.GOOS != "linux" {
		return t.getenv("SSH_CONNECTION") == ""
	}
	return t.getenv("DISPLAY") != "" || t.getenv("WAYLAND_DISPLAY") != ""
}

// openBrowser shows an address; where that fails the person opens it themselves.
func openBrowser(address string) {
	name, args := "xdg-open", []string{address}
	switch runtime.GOOS {
	case "darwin":
		name = "open"
	case "windows":
		name, args = "rundll32", []string{"url.dll,FileProtocolHandler", address}
	}
	cmd := exec.Command(name, args...)
	if cmd.Start() == nil {
		_ = cmd.Process.Release() // it goes its own way
	}
}

// pause waits, unless ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
