package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"

	"modicum/catalog"
	"modicum/internal/config"
	"modicum/internal/selftest"
	"modicum/policy"
)

type selfTestCommand struct {
	Config  string `default:"modicum.yaml" env:"MODICUM_CONFIG" help:"Configuration file of the installation."`
	As      string `required:"" help:"Role that the token gives." placeholder:"ROLE"`
	Task    string `required:"" help:"Task to ask for." placeholder:"TASK"`
	Token   string `required:"" type:"existingfile" help:"File with a token of a caller with that role." placeholder:"FILE"`
	Address string `help:"FHIR door as clients reach it; from the configuration otherwise." placeholder:"URL"`
	CA      string `type:"existingfile" help:"Certificates to trust, PEM; the system's otherwise." placeholder:"FILE"`
	Writer  string `type:"existingfile" help:"File with a token that may write to the server behind; fhir.upstream_auth otherwise." placeholder:"FILE"`
	Keep    bool   `help:"Leave what was planted."`
	All     bool   `help:"List every probe, not only those that failed."`
	JSON    bool   `help:"Print one JSON object."`
}

// Help teaches by example.
func (c *selfTestCommand) Help() string {
	return `Plants two synthetic patients in the server behind the running gate, Patient/modicum-self-test-a
and -b, who differ in nothing but what the task must not see; attacks both through the gate
by every channel of the threat model (FC01 to FC52); grades the answers; removes what it
planted, all of which is tagged HTEST. Where the caller has no facts about the two, it
probes that they exist at all; state the same facts for both, and it probes hidden
elements and records of a visible patient. docs/self-test.md says more.

Examples:
  modicum self-test --as nurse --task give-care --token nurse.token
  modicum self-test --as nurse --task give-care --token nurse.token --all
  modicum self-test --as biller --task work-denial --token t --json | jq '.probes[]|select(.grade=="fail")'

Exit status: 0 every probe passed, 1 one failed, 2 wrong use, 3 the gate or the server
behind did not answer.`
}

// Run tests and grades.
func (c *selfTestCommand) Run(t *terminal) error {
	o, err := c.options(t)
	if err != nil {
		return err
	}
	r, err := selftest.Run(t.ctx, o)
	switch {
	case errors.Is(err, selftest.ErrUse):
		return usage("%w", err)
	case err != nil:
		return unavailable("%w", err)
	}
	if c.JSON {
		err = printJSON(t, r)
	} else {
		err = c.say(t, r)
	}
	if err == nil && !r.OK() {
		return &exitError{exitNo, nil}
	}
	return err
}

func (c *selfTestCommand) options(t *terminal) (selftest.Options, error) {
	var o selftest.Options
	cfg, problems := config.Load(c.Config, t.environ)
	if cfg == nil {
		return o, usage("%s", problems.Error())
	}
	set, probs := policy.Load(os.DirFS(cfg.Policy), catalog.R4())
	if set == nil {
		return o, usage("the policy has errors: %w; run: modicum policy check", probs.Errors().Err())
	}
	err := known(set, []string{c.As}, c.Task)
	if err != nil {
		return o, err
	}
	o = selftest.Options{Base: c.address(cfg), Role: c.As, Task: c.Task, Policy: set, Keep: c.Keep}
	o.Upstream.Base = cfg.FHIR.Upstream.String()
	if o.Token, err = tokenIn(c.Token); err != nil {
		return o, err
	}
	writer := c.Writer
	if writer == "" {
		writer = cfg.FHIR.BearerFile
	}
	if writer != "" {
		if o.Upstream.Token, err = tokenIn(writer); err != nil {
			return o, err
		}
	}
	if c.CA != "" {
		o.TLS, err = trusting(c.CA)
	}
	return o, err
}

func (c *selfTestCommand) address(cfg *config.Config) string {
	if c.Address != "" {
		return strings.TrimRight(c.Address, "/")
	}
	scheme := "http://"
	if cfg.TLS != nil {
		scheme = "https://"
	}
	return scheme + cfg.Listen + cfg.FHIR.Base
}

// tokenIn reads a token from a file that others cannot read.
func tokenIn(path string) (string, error) {
	if err := config.CheckSecret(path); err != nil {
		return "", usage("%s %w", path, err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return "", usage("%w", err)
	}
	return strings.TrimSpace(string(b)), nil
}

func trusting(path string) (*tls.Config, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, usage("%w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(b) {
		return nil, usage("%s holds no certificate in PEM", path)
	}
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, nil
}

func (c *selfTestCommand) say(t *terminal, r *selftest.Report) error {
	depth := "that hidden patients exist: the caller sees neither planted patient"
	if r.Elements {
		depth = "hidden elements and records of a patient whom the caller sees"
	}
	fmt.Fprintf(t.out, "%s as %s/%s; probed was %s\n", r.Base, r.Role, r.Task, depth)
	if r.Mode == "observe" {
		fmt.Fprintln(t.out, t.paint(red, "this door only observes this caller: nothing is withheld"))
	}
	var line []string
	for _, row := range r.Rows {
		how := green
		if row.Grade == selftest.Fail {
			how = red
		}
		line = append(line, t.paint(how, row.Row+" "+string(row.Grade)))
		if len(line) == 6 {
			fmt.Fprintf(t.out, "  %s\n", strings.Join(line, "   "))
			line = nil
		}
	}
	if len(line) > 0 {
		fmt.Fprintf(t.out, "  %s\n", strings.Join(line, "   "))
	}
	var rows [][]string
	for _, p := range r.Results {
		if c.All || p.Grade == selftest.Fail {
			rows = append(rows, []string{"  " + p.Row, string(p.Grade), p.Title, strings.Trim(fmt.Sprint(p.Status), "[]"), p.Why, such(p.Decisions)})
		}
	}
	if err := table(t.out, rows); err != nil {
		return err
	}
	fmt.Fprintf(t.out, "%d probes passed, %d failed, %d left out\n", r.Passed, r.Failed, r.Skipped)
	return nil
}
