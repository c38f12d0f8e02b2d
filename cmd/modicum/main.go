// Command modicum lets every person and program see the least patient data that
// the task in front of them needs, and proves it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// Exit statuses, docs/interfaces.md 1.
const (
	exitYes         = 0 // yes, or done
	exitNo          = 1 // the answer is no
	exitUsage       = 2 // wrong use or configuration: nothing was done
	exitUnavailable = 3 // something needed is unavailable
)

func main() {
	// net/http has lines of its own for the standard logger, and one of them quotes what
	// a server sent beyond its answer: records (D14). Ours go through slog.
	log.SetOutput(io.Discard)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Environ(), os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// terminal is what a command talks to.
type terminal struct {
	ctx      context.Context
	environ  []string
	in       io.Reader
	out      io.Writer // results
	err      io.Writer // progress and warnings
	color    bool
	asks     bool                    // somebody sits there who can be asked
	again    func(args []string) int // runs another command line
	commands []string                // names of all commands
}

// exitError ends a command with a status; its text, when there is one, goes to
// standard error.
type exitError struct {
	status int
	err    error
}

func (e *exitError) Error() string { return e.err.Error() }

func (e *exitError) Unwrap() error { return e.err }

func usage(format string, args ...any) error {
	return &exitError{exitUsage, fmt.Errorf(format, args...)}
}

func unavailable(format string, args ...any) error {
	return &exitError{exitUnavailable, fmt.Errorf(format, args...)}
}

// run parses args and runs the command. It returns the exit status.
func run(ctx context.Context, args, environ []string, in io.Reader, out, errs io.Writer) int {
	t := &terminal{ctx: ctx, environ: environ, in: in, out: out, err: errs, color: colored(out, environ), asks: someoneAt(in)}
	t.again = func(args []string) int { return run(ctx, args, environ, in, out, errs) }
	done := false
	parser, err := newParser(t, func() { done = true })
	if err != nil {
		fmt.Fprintln(errs, "modicum:", err)
		return exitUsage
	}
	for _, n := range parser.Model.Leaves(true) {
		t.commands = append(t.commands, strings.TrimPrefix(n.Path(), "modicum "))
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	if done {
		return exitYes // --help was asked for and given
	}
	if err != nil {
		fmt.Fprintf(errs, "modicum: %v\nTry: %s --help\n", err, partOf(parser.Model.Node, args))
		return exitUsage
	}
	return statusOf(parsed.Run(t, parser), errs)
}

// newParser makes the command line; helped is called where help was asked for
// and given.
func newParser(t *terminal, helped func()) (*kong.Kong, error) {
	return kong.New(&commands{},
		kong.Name("modicum"), kong.Description(about()),
		kong.Writers(t.out, t.err), kong.Exit(func(int) { helped() }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.Bind(t),
	)
}

func about() string {
	return "The least patient data for the task in front of you, at every door, with a record that proves it.\n\n" +
		"Start with: modicum demo\n\nTopics, each with an example (modicum help TOPIC): " + strings.Join(topicOrder, ", ") + "."
}

// partOf is the command that args got to, whose help says how to go on.
func partOf(n *kong.Node, args []string) string {
	path := "modicum"
	for _, a := range args {
		child := childOf(n, a)
		if child == nil {
			break
		}
		n, path = child, path+" "+a
	}
	return path
}

func statusOf(err error, errs io.Writer) int {
	var exit *exitError
	switch {
	case err == nil:
		return exitYes
	case errors.As(err, &exit):
		if exit.err != nil {
			fmt.Fprintln(errs, "modicum:", exit.err)
		}
		return exit.status
	}
	fmt.Fprintln(errs, "modicum:", err)
	return exitUnavailable
}

// colored reports whether out is a terminal and nobody asked for plain text.
func colored(out io.Writer, environ []string) bool {
	for _, e := range environ {
		if len(e) > len("NO_COLOR=") && e[:len("NO_COLOR=")] == "NO_COLOR=" || e == "TERM=dumb" {
			return false
		}
	}
	f, ok := out.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
