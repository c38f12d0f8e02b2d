package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"modicum/catalog"
	"modicum/internal/gate"
	"modicum/internal/serve"
	"modicum/internal/store"
	"modicum/ledger"
	"modicum/ledger/verify"
)

type explainCommand struct {
	ID       string `arg:"" help:"Id of the decision (Modicum-Decision)."`
	Class    string `help:"Say line by line why this class showed as it did." placeholder:"CLASS"`
	Policies string `help:"Folder of archived policies; data/policies of the installation otherwise." type:"existingdir" placeholder:"DIR"`
	JSON     bool   `help:"Print one JSON object."`
	recorded
}

// Help teaches by example.
func (c *explainCommand) Help() string {
	return `Derives a recorded decision again from what is recorded with it and the archived policy,
and proves that its entries lie in the signed tree. The server may run beside.

Examples:
  modicum explain 01a20b3b-b8f1-75e7-8843-7fe0e435acc6
  modicum explain --class identifiers.ssn ID         why was it not there?
  modicum explain --json ID | jq .verdicts
  modicum explain --folder copy --key VKEY --policies policies ID

Exit status: 0 it agrees to the bit and is proved, 1 it does not.`
}

// Run exits 1 where the derivation disagrees, or an entry is not what was signed.
func (c *explainCommand) Run(t *terminal) error {
	o, err := c.open(t)
	if err != nil {
		return err
	}
	defer o.Close()
	records, err := o.found(t.ctx, c.ID)
	if err != nil {
		return err
	}
	proved := prove(t, o, records)
	entries, err := decode(records)
	if err != nil {
		return &exitError{exitNo, err}
	}
	d, ok := entries[0].(*ledger.Decision)
	if !ok {
		return &exitError{exitNo, errors.New("that is an act, not a decision; run: modicum ledger show " + c.ID)}
	}
	r, err := c.replay(o, d, entries)
	if err != nil {
		return unavailable("%w", err)
	}
	class, err := c.class()
	if err != nil {
		return err
	}
	return printReplay(t, c.JSON, r, class, proved)
}

// class is the one that is asked about, catalog.Unknown when none is.
func (c *explainCommand) class() (catalog.Class, error) {
	if c.Class == "" {
		return catalog.Unknown, nil
	}
	class, ok := catalog.R4().Class(c.Class)
	if !ok {
		return class, usage("no class is called %q%s", c.Class, meant(c.Class, catalogWords()))
	}
	return class, nil
}

func decode(records []store.Record) ([]ledger.Entry, error) {
	var out []ledger.Entry
	for i := range records {
		e, err := records[i].Entry()
		if err != nil {
			return nil, fmt.Errorf("entry %d of %s is not one that was written: %w", records[i].Index, records[i].Origin, err)
		}
		out = append(out, e)
	}
	return out, nil
}

// replay derives the decision again under the policy that decided it.
func (c *explainCommand) replay(o *opened, d *ledger.Decision, entries []ledger.Entry) (*gate.Replayed, error) {
	dir := c.Policies
	if dir == "" && o.cfg != nil {
		dir = filepath.Join(o.cfg.Data, "policies")
	}
	if dir == "" {
		return nil, errors.New("a folder of the record holds no policies: name a copy of data/policies with --policies")
	}
	set, err := serve.Archived(dir, d.Generation.Policy)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("the policy of that decision, %.16s…, is not among the archived ones in %s", d.Generation.Policy, dir)
	}
	if err != nil {
		return nil, err
	}
	return gate.Replay(set, entries)
}

// proved says of how many entries it is proved that they lie in the signed tree.
type proved struct {
	Entries int      `json:"entries"`
	Proved  int      `json:"proved"`
	Origin  string   `json:"origin,omitempty"`
	Size    int64    `json:"size,omitzero"`
	Wrong   []string `json:"wrong,omitempty"`   // entries that are not what was signed
	Earlier int      `json:"earlier,omitzero"`  // entries of an earlier log: proved from its folder
	Because string   `json:"because,omitempty"` // why nothing could be proved
}

// prove makes a proof of each entry and has the verifier check it, which shares
// no code with what wrote the record.
func prove(t *terminal, o *opened, records []store.Record) proved {
	out := proved{Entries: len(records)}
	if len(o.keys) == 0 {
		out.Because = "no verification key was named"
		return out
	}
	for i := range records {
		r := &records[i]
		p, err := o.Prove(t.ctx, r)
		if errors.Is(err, ledger.ErrNotFound) {
			out.Earlier++
			continue
		}
		if err != nil {
			out.Wrong = append(out.Wrong, fmt.Sprintf("entry %d of %s: %v", r.Index, r.Origin, err))
			continue
		}
		res, err := verify.Proof(p.Format(), o.keys...)
		switch {
		case err != nil:
			out.Wrong = append(out.Wrong, err.Error())
		case !res.OK:
			out.Wrong = append(out.Wrong, fmt.Sprintf("entry %d of %s: %s", r.Index, r.Origin, res.Problem))
		case res.Entry != string(r.Body):
			out.Wrong = append(out.Wrong, fmt.Sprintf("entry %d of %s is not the one that was signed", r.Index, r.Origin))
		default:
			out.Proved, out.Origin, out.Size = out.Proved+1, res.Origin, res.Size
		}
	}
	return out
}
