package main

import (
	"fmt"

	"modicum/ledger"
)

type ledgerKey struct {
	Name string `arg:"" help:"Name of the log, such as modicum.hospital.example/main-2."`
	Out  string `required:"" help:"File to write the key to; it must not be there." type:"path"`
	JSON bool   `help:"Print one JSON object."`
}

// Help teaches by example.
func (c *ledgerKey) Help() string {
	return `Writes the signing key to a file of mode 0600 and prints the verification key, which is
what auditors are given.

Examples:
  modicum ledger key modicum.hospital.example/main-2 --out main-2.key`
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
	if c.JSON {
		return printJSON(t, map[string]string{"origin": c.Name, "key": c.Out, "verification_key": public})
	}
	fmt.Fprintln(t.out, public)
	return nil
}
