package main

import (
	"errors"

	"modicum/ledger"
)

type ledgerProve struct {
	ID string `arg:"" help:"Id of the decision or act."`
	recorded
}

// Help teaches by example.
func (c *ledgerProve) Help() string {
	return `Prints one file that proves the decision's first entry, or the act, to whoever has the
verification key. The server may run beside.

Examples:
  modicum ledger prove ID > proof
  modicum ledger verify proof --key VKEY`
}

// Run prints the proof.
func (c *ledgerProve) Run(t *terminal) error {
	o, err := c.open(t)
	if err != nil {
		return err
	}
	defer o.Close()
	records, err := o.found(t.ctx, c.ID)
	if err != nil {
		return err
	}
	if len(o.keys) == 0 {
		return usage("name the verification key of the log: --key VKEY")
	}
	p, err := o.Prove(t.ctx, &records[0])
	if errors.Is(err, ledger.ErrNotFound) {
		return &exitError{exitNo, errors.New(err.Error() + "; prove it from the folder that was kept: --folder data/ledger.1")}
	}
	if err != nil {
		return &exitError{exitNo, err}
	}
	_, err = t.out.Write(p.Format())
	return err
}
