package demo

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"modicum"
	"modicum/catalog"
	"modicum/internal/caller"
	"modicum/internal/config"
	"modicum/internal/fhirjson"
	"modicum/internal/sandbox"
	"modicum/internal/serve"
	"modicum/ledger"
)

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
	d.stand("http://" + ln.Addr().String() + "/fhir")
	return func() { web.Close() }, nil
}

// stand says before which server the gate stands.
func (d *demo) stand(base string) {
	d.upstream = base
	d.scans = fhirjson.NewPool(catalog.R4(), fhirjson.Limits{Base: base})
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
		Ledger: config.Ledger{Origin: d.key.Origin(), Key: keyFile},
	}
	if d.Upstream == "" {
		cfg.Facts.Every = 15 * time.Second // care teams and work lists of the sandbox's own server
	}
	d.server, err = serve.New(ctx, serve.Options{
		Config: cfg, Policy: modicum.SamplePolicy(), Docs: modicum.Docs(), Front: d.pages(), FrontFiles: []string{"/page.css"}, Version: d.Version,
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
		return sandbox.WriteFactsFor(dir, time.Now(), d.subjects...)
	}
	return sandbox.WriteFacts(dir, time.Now())
}
