package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"modicum/internal/client"
)

// online is what every command has that asks a running installation as its person.
type online struct {
	Server string `env:"MODICUM_SERVER" help:"Address of the installation; the one you signed in at last otherwise." placeholder:"URL"`
	CA     string `type:"existingfile" help:"Certificates to trust, PEM; the system's otherwise." placeholder:"FILE"`
	JSON   bool   `help:"Print one JSON object."`
}

// open is the installation, with the token that modicum login left.
func (o *online) open(t *terminal) (*client.Client, error) {
	p := t.pocket()
	had, err := p.Get(strings.TrimRight(o.Server, "/"), time.Now())
	if err != nil {
		return nil, &exitError{exitNo, err}
	}
	s, err := installation(t, p, had.Server, o.CA)
	if err != nil {
		return nil, err
	}
	return &client.Client{Address: s.Address, Token: had.Value, HTTP: s.Client}, nil
}

// over ends a command with the status of what the installation said.
func over(err error) error {
	var no *client.Refusal
	switch {
	case err == nil:
		return nil
	case errors.As(err, &no), errors.Is(err, client.ErrProve), errors.Is(err, client.ErrSignIn), errors.Is(err, client.ErrTask):
		return &exitError{exitNo, err}
	case errors.Is(err, client.ErrID):
		return &exitError{exitUsage, err}
	}
	return unavailable("%w", err)
}

// say prints a sentence, or for programs what it is about.
func (o *online) say(t *terminal, v any, format string, args ...any) error {
	if o.JSON {
		return printJSON(t, v)
	}
	_, err := fmt.Fprintf(t.out, format+"\n", args...)
	return err
}

// shows is where what a person is about to be asked about is shown: on standard output, or
// beside the question where that is for a program.
func (o *online) shows(t *terminal) *terminal {
	if !o.JSON {
		return t
	}
	beside := *t
	beside.out, beside.color = t.err, false
	return &beside
}

// confirm has the person at the terminal say yes to what was shown. Where nobody sits,
// nobody is asked, and --yes must have been typed.
func (t *terminal) confirm(yes bool, question string) error {
	switch {
	case yes:
		return nil
	case !t.asks:
		return usage("nobody is there to say yes; --yes says it")
	}
	fmt.Fprintf(t.err, "%s [y/N] ", question)
	line, err := bufio.NewReader(io.LimitReader(t.in, 100)).ReadString('\n')
	answer := strings.ToLower(strings.TrimSpace(line))
	if err != nil || answer != "y" && answer != "yes" {
		return &exitError{exitNo, errors.New("nothing was done")}
	}
	return nil
}

// someoneAt reports whether in is a terminal.
func someoneAt(in io.Reader) bool {
	f, ok := in.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	nobody, err := os.Stat(os.DevNull) // also where it is called /dev/stdin
	return err != nil || !os.SameFile(info, nobody)
}

// patient is an id as it was typed, or the line of standard input for "-", which keeps
// it out of the shell's history.
func (t *terminal) patient(typed string) (string, error) {
	if typed == "-" {
		line, _ := bufio.NewReader(io.LimitReader(t.in, 1000)).ReadString('\n')
		typed = strings.TrimSpace(line)
	}
	typed = strings.TrimPrefix(typed, "Patient/")
	if typed == "" {
		return "", usage("name the patient by id")
	}
	return typed, nil
}

// split takes ROLE/TASK apart; TASK alone has no role.
func splitTask(typed string) (role, task string) {
	role, task, both := strings.Cut(typed, "/")
	if !both {
		return "", typed
	}
	return role, task
}

// left is a moment to come, as people think of it.
func left(until, now time.Time) string {
	d := until.Sub(now).Round(time.Minute)
	switch {
	case d <= 0:
		return "under a minute"
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
	}
	return plural(int(d.Hours())/24, "day")
}

// shown are words of others, each fit for a terminal.
func shown(words []string) string {
	var out []string
	for _, w := range words {
		out = append(out, client.Plain(w))
	}
	return strings.Join(out, ", ")
}
