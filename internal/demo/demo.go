// Package demo runs a synthetic hospital with the gate before it, tells its story
// on the terminal by really asking, and stays up for more questions.
package demo

import (
	"context"
	"encoding/json"
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
	"time"

	"modicum"
	"modicum/internal/caller"
	"modicum/internal/config"
	"modicum/internal/sandbox"
	"modicum/internal/serve"
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

// origin names the demo's log.
const origin = "modicum.demo/main"

// demo is a running demo.
type demo struct {
	Options
	server   *serve.Server
	public   string // http://HOST:PORT
	upstream string
	key      *ledger.Key
	people   []staff
	patient  string // of the story
	console  *console
}

// staff is a person with a token.
type staff struct {
	sandbox.Person
	Token string
}

// Run starts everything, tells the story and, unless Once, serves until ctx ends.
func Run(ctx context.Context, o Options) (err error) {
	d := &demo{Options: o, patient: "p1"}
	if d.Dir, err = filepath.Abs(o.Dir); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(d.Dir, "facts"), 0o700); err != nil {
		return err
	}
	main, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return err
	}
	d.public = "http://" + main.Addr().String()
	stopSandbox, err := d.startUpstream()
	if err != nil {
		return errors.Join(err, main.Close())
	}
	defer stopSandbox()
	if err := d.assemble(ctx); err != nil {
		return errors.Join(err, main.Close())
	}
	run, stop := context.WithCancel(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		d.server.Run(run)
	}()
	go d.feed(run)
	web := &http.Server{Handler: d.server.Handler(), ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	go web.Serve(main)
	err = d.tell(ctx)
	if err == nil && !o.Once {
		<-ctx.Done()
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err = errors.Join(err, web.Shutdown(end))
	stop()
	<-watched
	return errors.Join(err, d.server.Close(end))
}

// startUpstream starts the sandbox's FHIR server, or takes the one that was named.
func (d *demo) startUpstream() (stop func(), err error) {
	if d.Upstream != "" {
		d.upstream = d.Upstream
		return func() {}, d.choosePatient()
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

// choosePatient takes the first patient of another server.
func (d *demo) choosePatient() error {
	res, err := http.Get(d.upstream + "/Patient?_count=1")
	if err != nil {
		return fmt.Errorf("the upstream does not answer: is %s a FHIR R4 base address?", d.upstream)
	}
	defer res.Body.Close()
	var bundle struct {
		Entry []struct{ Resource struct{ ID string } }
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, 4<<20)).Decode(&bundle); err != nil || len(bundle.Entry) == 0 {
		return errors.New("the upstream shows no patient at /Patient?_count=1")
	}
	d.patient = bundle.Entry[0].Resource.ID
	return nil
}

// assemble makes keys where there are none, and puts the parts together.
func (d *demo) assemble(ctx context.Context) error {
	data := filepath.Join(d.Dir, "data")
	if err := serve.CreateKeys(filepath.Join(data, "keys")); err != nil {
		return err
	}
	keyFile := filepath.Join(d.Dir, "ledger.key")
	if _, err := os.Stat(keyFile); errors.Is(err, fs.ErrNotExist) {
		secret, _, err := ledger.NewKey(origin)
		if err != nil {
			return err
		}
		if err := ledger.WriteKey(keyFile, secret); err != nil {
			return err
		}
	}
	var err error
	if d.key, err = ledger.ReadKey(keyFile); err != nil {
		return err
	}
	issuer, err := sandbox.NewIssuer(d.Dir)
	if err != nil {
		return err
	}
	for _, p := range sandbox.Staff {
		token, err := issuer.Token(p, time.Now())
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
	d.console = &console{demo: d}
	d.server, err = serve.New(ctx, serve.Options{
		Config: cfg, Policy: modicum.SamplePolicy(), Console: d.console.handler(), Version: d.Version,
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
		return sandbox.WriteFactsFor(dir, time.Now(), sandbox.Subject{Patient: d.patient, Visit: "Encounter/none", Claim: "Claim/none"})
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

// writeJSON writes DIR/demo.json (docs/interfaces.md 6).
func (d *demo) writeJSON() error {
	type person struct {
		ID    string   `json:"id"`
		Name  string   `json:"name"`
		Role  string   `json:"role"`
		Tasks []string `json:"tasks"`
		Token string   `json:"token"`
	}
	type patient struct {
		ID   string `json:"id"`
		Note string `json:"note"`
	}
	out := struct {
		FHIR     string            `json:"fhir"`
		Console  string            `json:"console"`
		Upstream string            `json:"upstream"`
		Ledger   map[string]string `json:"ledger"`
		People   []person          `json:"people"`
		Patients []patient         `json:"patients"`
	}{
		FHIR: d.public + "/fhir", Console: d.public + "/", Upstream: d.upstream,
		Ledger: map[string]string{"folder": d.server.Store().Folder(), "key": d.key.Public()},
	}
	for _, p := range d.people {
		out.People = append(out.People, person{p.ID, p.Name, p.Role, p.Tasks, p.Token})
	}
	for _, p := range d.patients() {
		out.Patients = append(out.Patients, patient{p.ID, p.Note})
	}
	text, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(d.Dir, "demo.json")
	if err := os.WriteFile(path+".new", append(text, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

func (d *demo) patients() []sandbox.Patient {
	if d.Upstream != "" {
		return []sandbox.Patient{{ID: d.patient, Name: d.patient, Note: "found at the upstream"}}
	}
	return sandbox.Patients()
}
