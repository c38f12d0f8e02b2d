// Package demo runs a synthetic hospital with the gate before it, tells its story
// on the terminal by really asking, and stays up for more questions.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/go-jose/go-jose/v4"

	"modicum/internal/fhirjson"
	"modicum/internal/line"
	"modicum/internal/sandbox"
	"modicum/internal/serve"
	"modicum/internal/store"
	"modicum/ledger"
)

// Options say how the demo runs.
type Options struct {
	Dir      string // kept between runs
	Listen   string // HOST:PORT
	Upstream string // a FHIR R4 server to stand before; "" means the sandbox's own
	Once     bool   // end after the story
	Out      io.Writer
	Err      io.Writer
	Color    bool
	Version  string
}

// ErrUsage: what was asked for cannot be. Nothing was started.
var ErrUsage = errors.New("wrong use")

// origin names the demo's log when it is first made.
const origin = "modicum.demo/main"

// demo is a running demo.
type demo struct {
	Options
	server   *serve.Server
	issuer   *sandbox.Issuer
	clock    clock
	signers  map[string]jose.Signer // of programs, while the week is lived
	staged   bool                   // there are people of a directory, and links that sign in
	client   *http.Client
	public   string // http://HOST:PORT
	upstream string
	scans    *fhirjson.Pool
	key      *ledger.Key
	people   []staff
	patient  string            // of the story
	subjects []sandbox.Subject // patients of another server, about whom facts are made
	place    sandbox.Place
}

// staff is a person with a token.
type staff struct {
	sandbox.Person
	Token string
}

// Run starts everything, tells the story and, unless Once, serves until ctx ends.
func Run(ctx context.Context, o Options) (err error) {
	d := &demo{Options: o, patient: "p1", place: sandbox.Ward, client: &http.Client{Timeout: 30 * time.Second}}
	defer d.client.CloseIdleConnections()
	if err := d.folder(); err != nil {
		return err
	}
	main, err := d.listen()
	if err != nil {
		return err
	}
	defer main.Close()
	stopSandbox, err := d.startUpstream(ctx)
	if err != nil {
		return err
	}
	defer stopSandbox()
	if err := d.assemble(ctx); err != nil {
		return d.refused(err)
	}
	return d.serve(ctx, main)
}

// folder makes the demo's folder, which holds tokens and keys in files of its
// owner: nobody else may put files there.
func (d *demo) folder() (err error) {
	if d.Dir, err = filepath.Abs(d.Dir); err != nil {
		return fmt.Errorf("%w: %w", ErrUsage, err)
	}
	for _, sub := range []string{"facts", "as"} {
		if err := os.MkdirAll(filepath.Join(d.Dir, sub), 0o700); err != nil {
			return fmt.Errorf("%w: the demo keeps its files in %s, which cannot be made: %w; name another folder with --dir", ErrUsage, d.Dir, err)
		}
	}
	info, err := os.Stat(d.Dir)
	if err == nil && info.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("%w: others may write to %s, which will hold keys; chmod 700 it, or name another folder with --dir", ErrUsage, d.Dir)
	}
	return err
}

func (d *demo) listen() (net.Listener, error) {
	ln, err := net.Listen("tcp", d.Listen)
	switch {
	case err == nil:
		d.public = "http://" + reached(ln.Addr())
		return ln, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s is in use by another program (perhaps another demo): stop that one, or listen elsewhere: --listen 127.0.0.1:0 takes any free port", d.Listen)
	}
	return nil, fmt.Errorf("%w: cannot listen on %q; an address looks like 127.0.0.1:8080 (%w)", ErrUsage, d.Listen, err)
}

// reached is the address under which a program here reaches a listener, which may
// listen on every address.
func reached(addr net.Addr) string {
	if tcp, ok := addr.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		return fmt.Sprintf("127.0.0.1:%d", tcp.Port)
	}
	return addr.String()
}

// refused says what a person can do when the record does not open.
func (d *demo) refused(err error) error {
	switch {
	case errors.Is(err, store.ErrLocked):
		return fmt.Errorf("another demo keeps its record in %s: stop that one, or name another folder with --dir", d.Dir)
	case errors.Is(err, store.ErrBehind), errors.Is(err, store.ErrDamaged):
		return fmt.Errorf("the record in %s is not what it was when the last demo stopped: %w; look at it with modicum ledger verify, or begin afresh: another --dir, or this folder removed", d.Dir, err)
	}
	return err
}

// serve tells the story while everything runs.
func (d *demo) serve(ctx context.Context, main net.Listener) error {
	run, stop := context.WithCancel(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		d.server.Run(run)
	}()
	fed := make(chan struct{})
	go func() {
		defer close(fed)
		d.feed(run)
	}()
	web := &http.Server{Handler: d.server.Handler(), ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	line.Know(web)
	go web.Serve(line.Listener(main))
	err := errors.Join(d.writeJSON(), d.writeHeaders())
	if err == nil {
		err = d.tell(ctx)
	}
	if err == nil && !d.Once {
		<-ctx.Done()
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err = errors.Join(err, web.Shutdown(end))
	stop()
	<-watched
	<-fed
	return errors.Join(err, d.server.Close(end))
}

// feed does what the hospital's feeds would: says every five minutes what is true.
func (d *demo) feed(ctx context.Context) {
	tick := time.NewTicker(5 * time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := d.writeFacts(); err != nil {
				fmt.Fprintln(d.Err, "facts not written:", err)
			}
		}
	}
}
