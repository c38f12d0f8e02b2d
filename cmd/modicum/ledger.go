package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"modicum/catalog"
	"modicum/internal/config"
	"modicum/internal/gate"
	"modicum/internal/serve"
	"modicum/internal/store"
	"modicum/ledger"
	"modicum/ledger/verify"
	"modicum/policy"
)

type ledgerCommands struct {
	Verify   ledgerVerify   `cmd:"" help:"Verify a record: every entry, hash and signature. Needs no server."`
	Show     ledgerShow     `cmd:"" help:"Show the entries of a decision or act."`
	Prove    ledgerProve    `cmd:"" help:"Write a file that proves one entry (C2SP tlog-proof)."`
	Key      ledgerKey      `cmd:"" help:"Make a signing key for a log's name."`
	Continue ledgerContinue `cmd:"" help:"Go on under a new name after a restore from a backup."`
}

type ledgerVerify struct {
	Where string   `arg:"" help:"Folder or URL of the record."`
	Key   []string `required:"" help:"Verification key (name+id+key); several after a rotation."`
	Since string   `help:"File with an earlier signed checkpoint." type:"existingfile"`
	JSON  bool     `help:"Print one JSON object."`
}

// Help teaches by example.
func (c *ledgerVerify) Help() string {
	return `Examples:
  modicum ledger verify data/ledger --key modicum.hospital.example/main+1a2b3c4d+AQ...
  modicum ledger verify copy --key VKEY --since checkpoint.last-week`
}

// Run exits 1 and names the first entry that is wrong.
func (c *ledgerVerify) Run(t *terminal) error {
	o := verify.Options{Keys: c.Key}
	if c.Since != "" {
		since, err := os.ReadFile(c.Since)
		if err != nil {
			return usage("%w", err)
		}
		o.Since = since
	}
	source := verify.Folder(c.Where)
	if strings.HasPrefix(c.Where, "http://") || strings.HasPrefix(c.Where, "https://") {
		remote, err := verify.URL(c.Where, nil, nil)
		if err != nil {
			return usage("%w", err)
		}
		source = remote
	}
	r, err := verify.Log(t.ctx, source, o)
	if err != nil {
		return unavailable("%w", err)
	}
	if c.JSON {
		if err := printJSON(t, r); err != nil {
			return err
		}
	} else if r.OK {
		fmt.Fprintf(t.out, "%s: %d entries, all in order, signed by %s\n", r.Origin, r.Size, r.Key)
	} else {
		fmt.Fprintf(t.out, "not in order: %s\n", r.Problem)
	}
	if !r.OK {
		return &exitError{exitNo, nil}
	}
	return nil
}

// installed opens the store of an installation for reading. The server must not run.
type installed struct {
	Config string `default:"modicum.yaml" type:"path" help:"Configuration file."`
}

func (c *installed) open(t *terminal) (*config.Config, *store.Store, error) {
	cfg, problems := config.Load(c.Config, t.environ)
	if cfg == nil {
		return nil, nil, usage("%s", problems.Error())
	}
	key, err := ledger.ReadKey(cfg.Ledger.Key)
	if err != nil {
		return nil, nil, usage("%w", err)
	}
	s, err := store.Open(t.ctx, store.Options{Dir: cfg.Data, Key: key})
	if errors.Is(err, store.ErrLocked) {
		return nil, nil, unavailable("the record is in use: stop the server first, or work on a copy of the data folder")
	}
	if err != nil {
		return nil, nil, unavailable("%w", err)
	}
	return cfg, s, nil
}

type ledgerShow struct {
	ID string `arg:"" help:"Id of the decision or act (Modicum-Decision)."`
	installed
}

// Run prints the entries, one JSON object a line, as they were hashed.
func (c *ledgerShow) Run(t *terminal) error {
	_, s, err := c.open(t)
	if err != nil {
		return err
	}
	defer s.Close()
	records, err := s.ByID(t.ctx, c.ID)
	if err != nil || len(records) == 0 {
		return &exitError{exitNo, errors.New("the record holds no such decision or act")}
	}
	for _, r := range records {
		fmt.Fprintf(t.out, "%s\n", r.Body)
	}
	return nil
}

type ledgerProve struct {
	ID string `arg:"" help:"Id of the decision or act."`
	installed
}

// Run prints the proof.
func (c *ledgerProve) Run(t *terminal) error {
	_, s, err := c.open(t)
	if err != nil {
		return err
	}
	defer s.Close()
	p, err := s.Prove(t.ctx, c.ID)
	if err != nil {
		return &exitError{exitNo, err}
	}
	_, err = t.out.Write(p.Format())
	return err
}

type ledgerKey struct {
	Name string `arg:"" help:"Name of the log, such as modicum.hospital.example/main-2."`
	Out  string `required:"" help:"File to write the key to; it must not be there." type:"path"`
}

// Run writes the key (mode 0600) and prints the verification key.
func (c *ledgerKey) Run(t *terminal) error {
	secret, public, err := ledger.NewKey(c.Name)
	if err != nil {
		return usage("%w", err)
	}
	if err := ledger.WriteKey(c.Out, secret); err != nil {
		return usage("%w", err)
	}
	fmt.Fprintln(t.out, public)
	return nil
}

type ledgerContinue struct {
	installed
	Key    string   `required:"" help:"Signing key of the new name (modicum ledger key)." type:"existingfile"`
	Known  string   `help:"File with the last known checkpoint of the old log." type:"existingfile"`
	Old    []string `help:"Verification keys of the old log."`
	Who    string   `required:"" help:"Who decides this."`
	Reason string   `required:"" help:"Why."`
}

// Run goes on under the new name; the gap stays visible for ever.
func (c *ledgerContinue) Run(t *terminal) error {
	cfg, problems := config.Load(c.Config, t.environ)
	if cfg == nil {
		return usage("%s", problems.Error())
	}
	key, err := ledger.ReadKey(c.Key)
	if err != nil {
		return usage("%w", err)
	}
	var known []byte
	if c.Known != "" {
		if known, err = os.ReadFile(c.Known); err != nil {
			return usage("%w", err)
		}
	}
	err = store.Continue(t.ctx, store.Options{Dir: cfg.Data, Key: key, Keys: c.Old}, store.Continuation{Known: known, Who: c.Who, Reason: c.Reason})
	if err != nil {
		return unavailable("%w", err)
	}
	fmt.Fprintf(t.out, "the record goes on as %s; set ledger.origin and ledger.key in %s accordingly\n", key.Origin(), c.Config)
	return nil
}

type explainCommand struct {
	ID string `arg:"" help:"Id of the decision (Modicum-Decision)."`
	installed
}

// Help teaches by example.
func (c *explainCommand) Help() string {
	return `Examples:
  modicum explain 01a20b3b-b8f1-75e7-8843-7fe0e435acc6`
}

// Run derives a recorded decision again from what is recorded with it; it exits
// 1 where the derivation disagrees.
func (c *explainCommand) Run(t *terminal) error {
	cfg, s, err := c.open(t)
	if err != nil {
		return err
	}
	defer s.Close()
	records, err := s.ByID(t.ctx, c.ID)
	if err != nil || len(records) == 0 {
		return &exitError{exitNo, errors.New("the record holds no such decision")}
	}
	var entries []ledger.Entry
	for _, r := range records {
		e, err := r.Entry()
		if err != nil {
			return &exitError{exitNo, err}
		}
		entries = append(entries, e)
	}
	d, ok := entries[0].(*ledger.Decision)
	if !ok {
		return &exitError{exitNo, errors.New("that is an act, not a decision")}
	}
	files, err := serve.Archived(cfg.Data+"/policies", d.Generation.Policy)
	if err != nil {
		return unavailable("%w", err)
	}
	set, probs := policy.Load(files, catalog.R4())
	if set == nil {
		return unavailable("the archived policy does not compile: %w", probs.Errors().Err())
	}
	r, err := gate.Replay(set, entries)
	if err != nil {
		return unavailable("%w", err)
	}
	return printReplay(t, r)
}

func printReplay(t *terminal, r *gate.Replayed) error {
	d := r.Decision
	fmt.Fprintf(t.out, "%s  %s by %s, task %s, purpose %s\n", d.ID, d.Effect, d.Who, d.Task, d.Purpose)
	if d.Effect == ledger.Refuse {
		fmt.Fprintf(t.out, "  because %s\n", strings.Join(d.Reasons, ", "))
	}
	for _, v := range r.Verdicts {
		state := "shown"
		if !v.There {
			state = "withheld (" + v.Recorded.Because + ")"
		}
		fmt.Fprintf(t.out, "  %d × %s %s; lines: %s", v.Recorded.Count, v.Recorded.Type, state, strings.Join(v.Lines, ", "))
		if len(v.Bites) > 0 {
			fmt.Fprintf(t.out, "; restricted by %s", strings.Join(v.Bites, ", "))
		}
		fmt.Fprintln(t.out)
	}
	if len(r.Differences) > 0 {
		fmt.Fprintf(t.out, "derived again: DISAGREES\n  %s\n", strings.Join(r.Differences, "\n  "))
		return &exitError{exitNo, nil}
	}
	fmt.Fprintln(t.out, "derived again: agrees to the bit")
	return nil
}
