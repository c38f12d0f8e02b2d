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
	"modicum/catalog"
	"modicum/internal/config"
	"modicum/internal/console"
	"modicum/internal/serve"
	"modicum/internal/store"
	"modicum/policy"
)

type serveCommand struct {
	Config string `default:"modicum.yaml" help:"Configuration file."`
	Check  bool   `help:"Check configuration, policy and keys, and end."`
}

// Help teaches by example.
func (c *serveCommand) Help() string {
	return `Examples:
  modicum serve --check                          is everything in order?
  modicum serve                                  run with ./modicum.yaml
  MODICUM_LISTEN=0.0.0.0:8443 modicum serve      an environment variable overrides a key`
}

// Run serves until the context ends.
func (c *serveCommand) Run(t *terminal) error {
	cfg, problems := config.Load(c.Config, t.environ)
	if len(problems) > 0 {
		fmt.Fprintln(t.err, problems.Error())
	}
	if cfg == nil {
		return usage("%s has problems; nothing was started", c.Config)
	}
	if c.Check {
		return c.check(t, cfg)
	}
	return c.serve(t, cfg)
}

// check opens nothing for writing.
func (c *serveCommand) check(t *terminal, cfg *config.Config) error {
	set, probs := policy.Load(os.DirFS(cfg.Policy), catalog.R4())
	if set == nil {
		fmt.Fprintln(t.err, probs.Errors().Err())
		return usage("the policy has errors; run: modicum policy check %s", cfg.Policy)
	}
	if err := serve.Check(cfg, set); err != nil {
		return usage("%w", err)
	}
	fmt.Fprintf(t.out, "configuration, policy and keys are in order: %d roles, listening on %s, before %s\n", len(set.Roles()), cfg.Listen, cfg.FHIR.Upstream.Redacted())
	return nil
}

func (c *serveCommand) serve(t *terminal, cfg *config.Config) error {
	diary := slog.New(slog.NewJSONHandler(t.err, nil))
	version := buildInfo().Version
	s, err := serve.New(t.ctx, serve.Options{
		Config: cfg, Policy: os.DirFS(cfg.Policy), Version: version, Diary: diary,
		Console: console.Start(console.Options{Version: version, Base: cfg.FHIR.Base, Docs: modicum.Docs()}),
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
	err = listen(run, cfg, s, diary)
	stop()
	<-watched
	end, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), 20*time.Second)
	defer cancel()
	return errors.Join(err, s.Close(end))
}

// refused says what a person can do about a start that was refused.
func (c *serveCommand) refused(cfg *config.Config, err error) error {
	if errors.Is(err, store.ErrBehind) {
		return unavailable("%w\nThe record here is older than what was published, as after a restore from a backup.\nTo go on under a new name, which keeps the gap visible for ever:\n  modicum ledger key NEW-NAME --out new.key\n  modicum ledger continue --config %s --key new.key --who YOU --reason TEXT", err, c.Config)
	}
	return usage("nothing was started: %w", err)
}

// listen serves until ctx ends, then lets requests under way finish for 15 s.
func listen(ctx context.Context, cfg *config.Config, s *serve.Server, diary *slog.Logger) error {
	main := server(cfg.Listen, s.Handler())
	servers := []*http.Server{main}
	if cfg.Admin != "" {
		servers = append(servers, server(cfg.Admin, s.Admin()))
	}
	failed := make(chan error, len(servers))
	for _, srv := range servers {
		ln, err := net.Listen("tcp", srv.Addr)
		if err != nil {
			return unavailable("%w", err)
		}
		diary.LogAttrs(ctx, slog.LevelInfo, "listening", slog.String("address", ln.Addr().String()))
		go func() {
			if srv == main && cfg.TLS != nil {
				failed <- srv.ServeTLS(ln, cfg.TLS.Cert, cfg.TLS.Key)
				return
			}
			failed <- srv.Serve(ln)
		}()
	}
	var err error
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

func server(addr string, h http.Handler) *http.Server {
	return &http.Server{
		Addr: addr, Handler: h,
		ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 60 * time.Second,
		WriteTimeout: 120 * time.Second, IdleTimeout: 120 * time.Second, MaxHeaderBytes: 64 << 10,
		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS12},
		ErrorLog:  slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), // net/http's lines may quote what a client sent
	}
}
