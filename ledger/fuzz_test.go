package ledger_test

import (
	"bytes"
	"context"
	"testing"

	"modicum/ledger"
	"modicum/ledger/ledgertest"
)

// FuzzDecode: what is read as an entry is the one spelling of it.
func FuzzDecode(f *testing.F) {
	for _, e := range ledgertest.Mixed(10) {
		b, err := ledger.Encode(e)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := ledger.Decode(b)
		if err != nil {
			return
		}
		again, err := ledger.Encode(e)
		if err != nil || !bytes.Equal(again, b) {
			t.Errorf("two spellings: %q, %q (%v)", b, again, err)
		}
	})
}

// FuzzSplitBundle: what is read as a bundle is written the same.
func FuzzSplitBundle(f *testing.F) {
	f.Add([]byte{0, 1, 'x', 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		es, err := ledger.SplitBundle(b)
		if err != nil {
			return
		}
		var again []byte
		for _, e := range es {
			again = ledger.AppendBundle(again, e)
		}
		if !bytes.Equal(again, b) {
			t.Error("another bundle")
		}
	})
}

// FuzzOpenCheckpoint: only what the key signed opens.
func FuzzOpenCheckpoint(f *testing.F) {
	key := ledgertest.New(f, "modicum.test/main").Key()
	cp, err := key.Sign(ledger.Head{Origin: key.Origin(), Size: 7})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(cp)
	f.Fuzz(func(t *testing.T, b []byte) {
		h, _, err := ledger.OpenCheckpoint(b, key.Public())
		if err == nil && (h.Size != 7 || h.Origin != key.Origin()) {
			t.Errorf("opened what was never signed: %q", b)
		}
	})
}

// FuzzParseProof: a proof file has one spelling.
func FuzzParseProof(f *testing.F) {
	l := ledgertest.New(f, "modicum.test/main")
	for _, e := range ledgertest.Mixed(9) {
		if _, err := l.Append(context.Background(), e, nil); err != nil {
			f.Fatal(err)
		}
	}
	p, err := ledger.Prove(context.Background(), l, 4, l.Key().Public())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(p.Format())
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ledger.ParseProof(b)
		if err == nil && !bytes.Equal(p.Format(), b) {
			t.Errorf("two spellings: %q", b)
		}
	})
}
