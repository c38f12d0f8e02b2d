package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"modicum"
	"modicum/internal/config"
	"modicum/internal/line"
	"modicum/internal/serve"
	"modicum/internal/store"
)

type serveCommand struct {
	Config string `default:"modicum.yaml" env:"MODICUM_CONFIG" help:"Configuration file."`
	Check  bool   `help:"Check configuration, policy, keys and files of facts, and end."`
	JSON   bool   `help:"With --check: print one JSON object."`
}

// Help teaches by example.
func (c *serveCommand) Help() string {
	return `Logs go to standard error, one JSON object a line; they hold no data of patients. Changed
files of facts are taken up while it runs; a changed policy waits in the console until one
person has proposed it and another has said yes (policy_changes).

Examples:
  modicum serve --check                          is everything in order? says all that is not
  modicum serve                                  run with ./modicum.yaml
  modicum serve --config /etc/modicum/modicum.yaml
  MODICUM_LISTEN=127.0.0.1:9443 modicum serve    an environment variable overrides a key

Exit status: 2 wrong configuration, policy or keys, nothing was started; 3 an address or
the record is in use, or the record is older than what was published.`
}

// Run serves until the context ends.
func (c *serveCommand) Run(t *terminal) error {
	if c.Check {
		return c.check(t)
	}
	if c.JSON {
		return usage("--json goes with --check; logs are JSON anyway")
	}
	cfg, problems := config.Load(c.Config, t.environ)
	if len(problems) > 0 {
		fmt.Fprintln(t.err, problems.Error())
	}
	if cfg == nil {
		return usage("%s has problems; nothing was started", c.Config)
	}
	return c.serve(t, cfg)
}

func (c *serveCommand) serve(t *terminal, cfg *config.Config) error {
	diary := slog.New(slog.NewJSONHandler(t.err, nil))
	version := buildInfo().Version
	s, err := serve.New(t.ctx, serve.Options{
		Config: cfg, Policy: os.DirFS(cfg.Policy), Version: version, Diary: diary,
		Docs: modicum.Docs(),
	})
	if err != nil {
		return c.refused(cfg, err)
	}
	run, stop := context.WithCancel(t.ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		s.Run(run)
	}()
	roomy := make(chan struct{})
	go func() {
		defer close(roomy)
		if t.getenv("GOGC") == "" {
			serve.KeepRoom(run)
		}
	}()
	err = listen(run, t, cfg, s, diary)
	stop()
	<-watched
	<-roomy
	end, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), 20*time.Second)
	defer cancel()
	return errors.Join(err, s.Close(end))
}

// sayOwnerLink tells a person at the terminal how the first owner comes in. It goes to
// the terminal alone, never to a log: whoever opens it owns the installation.
func sayOwnerLink(t *terminal, s *serve.Server) error {
	link, ok, err := s.OwnerLink()
	if err != nil || !ok {
		return err
	}
	_, err = fmt.Fprintf(t.out, "Nobody runs people here yet. The first owner comes in by this link, which is good once,\nuntil this program ends:\n  %s\n", link)
	return err
}

// refused says what a person can do about a start that was refused.
func (c *serveCommand) refused(cfg *config.Config, err error) error {
	if errors.Is(err, store.ErrLocked) {
		return unavailable("the record in %s is in use: another server runs with it", short(cfg.Data))
	}
	if errors.Is(err, store.ErrBehind) {
		return unavailable("%w\nThe record here is older than what was published, as after a restore from a backup.\nTo go on under a new name, which keeps the gap visible for ever:\n  modicum ledger key NEW-NAME --out new.key\n  modicum ledger continue --config %s --key new.key --who YOU --reason TEXT", err, c.Config)
	}
	return usage("nothing was started: %w\nrun: modicum serve --check --config %s", err, c.Config)
}

// listen serves until ctx ends, then lets requests under way finish for 15 s.
func listen(ctx context.Context, t *terminal, cfg *config.Config, s *serve.Server, diary *slog.Logger) error {
	servers := []*http.Server{server(cfg.Listen, s.Handler())}
	if cfg.Admin != "" {
		servers = append(servers, server(cfg.Admin, s.Admin()))
	}
	listeners, err := open(servers, cfg.File)
	if err != nil {
		return err
	}
	sayAddresses(t, cfg, listeners)
	if err := sayOwnerLink(t, s); err != nil {
		return err
	}
	failed := make(chan error, len(servers))
	for i, srv := range servers {
		diary.LogAttrs(ctx, slog.LevelInfo, "listening", slog.String("address", listeners[i].Addr().String()))
		go func() {
			if i == 0 && cfg.TLS != nil || i > 0 && cfg.AdminSecured() {
				failed <- srv.ServeTLS(listeners[i], cfg.TLS.Cert, cfg.TLS.Key)
				return
			}
			failed <- srv.Serve(listeners[i])
		}()
	}
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
	defer cancel()
	for _, srv := range servers {
		err = errors.Join(err, srv.Shutdown(end))
	}
	return err
}

// open listens on all addresses, or on none.
func open(servers []*http.Server, file string) ([]net.Listener, error) {
	var out []net.Listener
	for _, srv := range servers {
		ln, err := net.Listen("tcp", srv.Addr)
		if err != nil {
			for _, l := range out {
				l.Close()
			}
			return nil, unavailable("cannot listen on %s: %w; name another address under listen or admin in %s, or set MODICUM_LISTEN or MODICUM_ADMIN", srv.Addr, cause(err), file)
		}
		out = append(out, line.Listener(ln))
	}
	return out, nil
}

// cause is the innermost error: what the system said.
func cause(err error) error {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return err
}

// sayAddresses tells a person where to ask.
func sayAddresses(t *terminal, cfg *config.Config, listeners []net.Listener) {
	scheme := map[bool]string{false: "http", true: "https"}
	fmt.Fprintf(t.out, "FHIR at %s://%s%s, before %s\n", scheme[cfg.TLS != nil], listeners[0].Addr(), cfg.FHIR.Base, cfg.FHIR.Upstream.Redacted())
	if len(listeners) > 1 {
		fmt.Fprintf(t.out, "Which source or issuer is missing: %s://%s/readyz\n", scheme[cfg.AdminSecured()], listeners[1].Addr())
	}
}

func server(addr string, h http.Handler) *http.Server {
	srv := &http.Server{
		Addr: addr, Handler: h,
		ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 60 * time.Second,
		WriteTimeout: 120 * time.Second, IdleTimeout: 120 * time.Second, MaxHeaderBytes: 64 << 10,
		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS12},
		ErrorLog:  slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), // net/http's lines may quote what a client sent
	}
	line.Know(srv)
	return srv
}
