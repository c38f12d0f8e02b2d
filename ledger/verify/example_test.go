package verify_test

import (
	"context"
	"fmt"

	"modicum/ledger"
	"modicum/ledger/ledgertest"
	"modicum/ledger/verify"
	"testing/fstest"
)

// What was done to a copy is named.
func ExampleLog() {
	ctx := context.Background()
	secret, public, _ := ledger.NewKey("modicum.hospital.example/main")
	key, _ := ledger.ParseKey(secret)
	log := ledgertest.WithKey(key)
	for _, e := range ledgertest.Mixed(3) {
		log.Append(ctx, e, nil)
	}
	checkpoint, _ := log.Checkpoint(ctx)
	leaves, _ := log.Tile(ctx, 0, 0, 3)
	entries, _ := log.Bundle(ctx, 0, 3)
	entries[40] ^= 1

	r, err := verify.Log(ctx, verify.FS(fstest.MapFS{
		"checkpoint":           {Data: checkpoint},
		"tile/0/000.p/3":       {Data: leaves},
		"tile/entries/000.p/3": {Data: entries},
	}), verify.Options{Keys: []string{public}})
	fmt.Println(r.OK, err)
	fmt.Println(r.Problem)
	// Output:
	// false <nil>
	// entry 0 (tile/entries/000.p/3) changed: its bytes are not those that were logged
}
