// Package demo runs a synthetic hospital with the gate before it, tells its story
// on the terminal by really asking, and stays up for more questions.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"modicum"
	"modicum/internal/caller"
	"modicum/internal/config"
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

// origin names the demo's log.
const origin = "modicum.demo/main"

// demo is a running demo.
type demo struct {
	Options
	server   *serve.Server
	client   *http.Client
	public   string // http://HOST:PORT
	upstream string
	key      *ledger.Key
	people   []staff
	patient  string          // of the story
	subject  sandbox.Subject // the same patient, with the records of the work lists
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
		d.public = "http://" + ln.Addr().String()
		return ln, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s is in use by another program (perhaps another demo): stop that one, or listen elsewhere: --listen 127.0.0.1:0 takes any free port", d.Listen)
	}
	return nil, fmt.Errorf("%w: cannot listen on %q; an address looks like 127.0.0.1:8080 (%w)", ErrUsage, d.Listen, err)
}

// refused says what a person can do when the record does not open.
func (d *demo) refused(err error) error {
	switch {
	case errors.Is(err, store.ErrLocked):
		return fmt.Errorf("another demo keeps its record in %s: stop that one, or name another folder with --dir", d.Dir)
	case errors.Is(err, store.ErrBehind), errors.Is(err, store.ErrDamaged):
		return fmt.Errorf("the record in %s is not what it was when the last demo stopped: %w; look at it with modicum ledger verify, or begin afresh with another --dir", d.Dir, err)
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
	go web.Serve(main)
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

// startUpstream starts the sandbox's FHIR server, or takes the one that was named.
func (d *demo) startUpstream(ctx context.Context) (stop func(), err error) {
	if d.Upstream != "" {
		return func() {}, d.takeUpstream(ctx)
	}
	server := sandbox.NewServer()
	sandbox.Fill(server, time.Now())
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	web := &http.Server{Handler: server, ReadHeaderTimeout: 10 * time.Second}
	go web.Serve(ln)
	d.upstream = "http://" + ln.Addr().String() + "/fhir"
	return func() { web.Close() }, nil
}

// assemble makes keys where there are none, and puts the parts together.
func (d *demo) assemble(ctx context.Context) error {
	data := filepath.Join(d.Dir, "data")
	if err := serve.CreateKeys(filepath.Join(data, "keys")); err != nil {
		return err
	}
	keyFile := filepath.Join(d.Dir, "ledger.key")
	if err := d.signingKey(keyFile); err != nil {
		return err
	}
	issuer, err := sandbox.NewIssuer(d.Dir)
	if err != nil {
		return err
	}
	for _, p := range sandbox.Staff {
		token, err := issuer.Token(p, d.place, time.Now())
		if err != nil {
			return err
		}
		d.people = append(d.people, staff{p, token})
	}
	if err := d.writeFacts(); err != nil {
		return err
	}
	return d.start(ctx, data, keyFile)
}

// signingKey reads the key of the record, made at the first run.
func (d *demo) signingKey(path string) (err error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		secret, _, err := ledger.NewKey(origin)
		if err != nil {
			return err
		}
		if err := ledger.WriteKey(path, secret); err != nil {
			return err
		}
	}
	d.key, err = ledger.ReadKey(path)
	return err
}

func (d *demo) start(ctx context.Context, data, keyFile string) error {
	base, err := url.Parse(d.upstream)
	if err != nil {
		return err
	}
	cfg := &config.Config{
		Data: data, Listen: d.Listen,
		Issuers: []caller.Issuer{{
			Issuer: sandbox.IssuerName, Audience: sandbox.Audience, Person: "sub",
			JWKSFile: filepath.Join(d.Dir, "jwks.json"), Algorithms: []string{"ES256"}, RolesClaim: "roles",
		}},
		FHIR:   config.FHIR{Base: "/fhir", Upstream: base, Mode: "enforce"},
		Facts:  config.Facts{Files: []string{filepath.Join(d.Dir, "facts", "*.ndjson")}},
		Ledger: config.Ledger{Origin: origin, Key: keyFile},
	}
	if d.Upstream == "" {
		cfg.Facts.Every = 15 * time.Second // care teams and work lists of the sandbox's own server
	}
	d.server, err = serve.New(ctx, serve.Options{
		Config: cfg, Policy: modicum.SamplePolicy(), Console: d.pages(), Version: d.Version,
		Diary: slog.New(slog.NewTextHandler(d.Err, &slog.HandlerOptions{Level: slog.LevelError})),
	})
	if err != nil {
		return err
	}
	if ps := d.server.Facts().ReadFiles(cfg.Facts.Files, true); len(ps) > 0 {
		return ps
	}
	return d.server.Verifier().Refresh(ctx)
}

func (d *demo) writeFacts() error {
	dir := filepath.Join(d.Dir, "facts")
	if d.Upstream != "" {
		return sandbox.WriteFactsFor(dir, time.Now(), d.subject)
	}
	return sandbox.WriteFacts(dir, time.Now())
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
