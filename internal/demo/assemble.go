package demo

import (
	"context"
	"errors"
	"fmt"
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
func (d *demo) assemble(ctx context.Context) (err error) {
	data := filepath.Join(d.Dir, "data")
	if err := serve.CreateKeys(filepath.Join(data, "keys")); err != nil {
		return err
	}
	keyFile := filepath.Join(d.Dir, "ledger.key")
	if err := d.signingKey(keyFile); err != nil {
		return err
	}
	if d.issuer, err = sandbox.NewIssuer(d.Dir); err != nil {
		return err
	}
	for _, p := range d.everybody() {
		token, err := d.issuer.Token(p, d.place, time.Now())
		if err != nil {
			return err
		}
		d.people = append(d.people, staff{p, token})
	}
	now := time.Now()
	fresh, err := d.fresh(data)
	if err != nil {
		return err
	}
	if fresh {
		d.clock.set(now.Add(-founded))
	}
	if err := d.writeFacts(); err != nil {
		return err
	}
	if err := d.start(ctx, data, keyFile); err != nil {
		return err
	}
	if !fresh {
		return nil
	}
	return d.past(ctx, now)
}

// lived is the file that says that the past of a folder was lived to its end.
func (d *demo) lived() string { return filepath.Join(d.Dir, "lived") }

// fresh reports whether this hospital has its past still to live: before the first entry
// of its record. What was begun otherwise goes on as it is.
func (d *demo) fresh(data string) (bool, error) {
	if d.Upstream != "" {
		return false, nil
	}
	_, err := os.Stat(filepath.Join(data, "modicum.db"))
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if _, whole := os.Stat(d.lived()); errors.Is(whole, fs.ErrNotExist) {
		fmt.Fprintf(d.Err, "the week of the hospital in %s was not lived to its end: an earlier version made it, or a demo that was stopped; all of it is in another --dir\n", d.Dir)
	}
	return false, err
}

// past lives the hospital's past; from then on the feeds say what is true now.
func (d *demo) past(ctx context.Context, now time.Time) error {
	if err := d.live(ctx, now); err != nil {
		return errors.Join(err, d.server.Close(context.WithoutCancel(ctx)))
	}
	if err := d.writeFacts(); err != nil {
		return err
	}
	if ps := d.server.Facts().ReadFiles([]string{filepath.Join(d.Dir, "facts", "*.ndjson")}, true); len(ps) > 0 {
		return ps
	}
	return replace(d.lived(), []byte(now.UTC().Format(time.RFC3339)+"\n"))
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

// everybody has a token: the whole hospital, or before another server those of the story.
func (d *demo) everybody() []sandbox.Person {
	if d.Upstream != "" {
		return sandbox.Staff
	}
	return sandbox.Everybody()
}

// config is that of an installation which people reach at one address.
func (d *demo) config(data, keyFile string, base *url.URL) *config.Config {
	cfg := &config.Config{
		Data: data, Listen: d.Listen, Public: d.public, SignIn: config.SignIn{Idle: longVisit, Longest: longVisit, Shift: longVisit},
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
		cfg.Drills = []string{drill}
	}
	return cfg
}

// longVisit is how long a visitor may stay, and how long a proof of theirs opens a glass.
const longVisit = 12 * time.Hour

func (d *demo) start(ctx context.Context, data, keyFile string) error {
	base, err := url.Parse(d.upstream)
	if err != nil {
		return err
	}
	cfg := d.config(data, keyFile, base)
	d.staged = d.mayStage()
	d.server, err = serve.New(ctx, serve.Options{
		Config: cfg, Policy: modicum.SamplePolicy(), Docs: modicum.Docs(), Front: d.pages(), FrontFiles: []string{"/page.css"}, Version: d.Version,
		Stage: d.stage(), Now: d.clock.now,
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
	now, _ := d.clock.now()
	if d.Upstream != "" {
		return sandbox.WriteFactsFor(dir, now, d.subjects...)
	}
	return sandbox.WriteFacts(dir, now)
}
