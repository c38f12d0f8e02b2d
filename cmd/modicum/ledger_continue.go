package main

import (
	"errors"
	"fmt"
	"os"

	"modicum/internal/config"
	"modicum/internal/store"
	"modicum/ledger"
)

type ledgerContinue struct {
	Config string   `default:"modicum.yaml" env:"MODICUM_CONFIG" help:"Configuration file."`
	Key    string   `required:"" help:"Signing key of the new name (modicum ledger key)." type:"existingfile"`
	Known  string   `help:"File with the last known checkpoint of the old log." type:"existingfile"`
	Old    []string `help:"Verification keys of the old log, or files of them; the configured key is known." placeholder:"VKEY"`
	Who    string   `required:"" help:"Who decides this."`
	Reason string   `required:"" help:"Why."`
	JSON   bool     `help:"Print one JSON object."`
}

// Help teaches by example.
func (c *ledgerContinue) Help() string {
	return `After a restore from a backup the store is older than what it has signed, and the server
refuses to start: going on silently would fork the log. This goes on under a new name;
the gap stays visible for ever. Stop the server first.

Examples:
  modicum ledger key modicum.hospital.example/main-2 --out data/main-2.key
  modicum ledger continue --key data/main-2.key --old ledger.vkey --who alice --reason "restored the backup of 2 May"`
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
	old, err := keysOf(c.Old)
	if err != nil {
		return err
	}
	if own, err := ledger.ReadKey(cfg.Ledger.Key); err == nil {
		old = append(old, own.Public())
	}
	err = store.Continue(t.ctx, store.Options{Dir: cfg.Data, Key: key, Keys: old}, store.Continuation{Known: known, Who: c.Who, Reason: c.Reason})
	if errors.Is(err, store.ErrLocked) {
		return unavailable("the record is in use: stop the server first")
	}
	if err != nil {
		return unavailable("%w", err)
	}
	if c.JSON {
		return printJSON(t, map[string]string{"origin": key.Origin(), "verification_key": key.Public()})
	}
	fmt.Fprintf(t.out, "the record goes on as %s; set ledger.origin and ledger.key in %s accordingly\n", key.Origin(), c.Config)
	return nil
}
