package ledger_test

import (
	"context"
	"fmt"
	"os"

	"modicum/ledger"
	"modicum/ledger/ledgertest"
	"modicum/ledger/verify"
)

// Append, publish, and verify the folder with nothing but a key.
func Example() {
	ctx := context.Background()
	secret, public, err := ledger.NewKey("modicum.hospital.example/main")
	if err != nil {
		fmt.Println(err)
		return
	}
	key, err := ledger.ParseKey(secret)
	if err != nil {
		fmt.Println(err)
		return
	}
	log := ledgertest.WithKey(key) // in service: internal/store

	receipt, err := log.Append(ctx, &ledger.Decision{
		ID: "019ab0c2-5e00-7000-8000-000000000001", At: 1795417200000000, TimeTrusted: true,
		Who: "hosp/bob", Role: "billing-specialist", Task: "work-denial",
		Door: "fhir", Interaction: "read", Asked: []string{"Claim"}, Effect: ledger.Admit,
	}, nil)
	fmt.Println("entry", receipt.Index, "of", receipt.Size, err)

	dir, err := os.MkdirTemp("", "ledger")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	p, err := ledger.NewPublisher(ctx, ledger.PublisherConfig{Folder: dir, Source: log, Keys: []string{public}})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := p.Close(ctx); err != nil {
		fmt.Println(err)
		return
	}

	r, err := verify.Log(ctx, verify.Folder(dir), verify.Options{Keys: []string{public}})
	fmt.Println(r.OK, r.Origin, r.Entries, err)
	// Output:
	// entry 0 of 1 <nil>
	// true modicum.hospital.example/main 1 <nil>
}

// One file proves one entry.
func ExampleProve() {
	ctx := context.Background()
	secret, public, _ := ledger.NewKey("modicum.hospital.example/main")
	key, _ := ledger.ParseKey(secret)
	log := ledgertest.WithKey(key)
	for _, e := range ledgertest.Mixed(20) {
		if _, err := log.Append(ctx, e, nil); err != nil {
			fmt.Println(err)
			return
		}
	}
	proof, err := ledger.Prove(ctx, log, 12, public)
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := verify.Proof(proof.Format(), public)
	fmt.Println(r.OK, r.Index, r.Size, err)
	// Output: true 12 20 <nil>
}
