package verify

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"testing"
	"testing/fstest"

	"modicum/ledger"
	"modicum/ledger/ledgertest"
)

// FuzzParseEntry: the verifier takes whatever the writer takes, and what it
// takes parses the same.
func FuzzParseEntry(f *testing.F) {
	for _, e := range ledgertest.Mixed(10) {
		b, err := ledger.Encode(e)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := parseEntry(b)
		w, werr := ledger.Decode(b)
		if werr == nil && err != nil {
			t.Fatalf("the writer takes it, the verifier does not: %v: %q", err, b)
		}
		if werr == nil && (e.kind != string(w.Header().Kind) || e.seq != w.Header().Seq || e.at != w.Header().At || e.more != w.Header().More) {
			t.Fatalf("read differently: %+v, %+v", e, w.Header())
		}
	})
}

// FuzzOpenCheckpoint: without the key, nothing opens but what was signed.
func FuzzOpenCheckpoint(f *testing.F) {
	pub, priv, err := ed25519.GenerateKey(nil)
	if err != nil {
		f.Fatal(err)
	}
	raw := append([]byte{algEd25519}, pub...)
	k := key{"modicum.test/main", keyID("modicum.test/main", raw), pub}
	text := fmt.Sprintf("%s\n7\n%s\n", k.name, base64.StdEncoding.EncodeToString(make([]byte, 32)))
	sig := append(binary.BigEndian.AppendUint32(nil, k.id), ed25519.Sign(priv, []byte(text))...)
	f.Add([]byte(text + "\n— " + k.name + " " + base64.StdEncoding.EncodeToString(sig) + "\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		cp, p := openCheckpoint(b, []key{k}, "checkpoint")
		if p == nil && (cp.size != 7 || cp.origin != k.name) {
			t.Errorf("opened what was never signed: %q", b)
		}
	})
}

// FuzzLog: whatever the files of a log of three entries hold, the verifier ends,
// and says yes only to the right ones.
func FuzzLog(f *testing.F) {
	l := ledgertest.New(f, "modicum.test/main")
	for _, e := range ledgertest.Mixed(3) {
		if _, err := l.Append(context.Background(), e, nil); err != nil {
			f.Fatal(err)
		}
	}
	ctx := context.Background()
	cp, _ := l.Checkpoint(ctx)
	tile, _ := l.Tile(ctx, 0, 0, 3)
	bundle, _ := l.Bundle(ctx, 0, 3)
	f.Add(tile, bundle)
	f.Fuzz(func(t *testing.T, a, b []byte) {
		src := FS(fstest.MapFS{"checkpoint": {Data: cp}, "tile/0/000.p/3": {Data: a}, "tile/entries/000.p/3": {Data: b}})
		r, err := Log(ctx, src, Options{Keys: []string{l.Key().Public()}, Workers: 1})
		if err != nil {
			t.Fatal(err)
		}
		if right := string(a) == string(tile) && string(b) == string(bundle); r.OK != right {
			t.Errorf("says %v, is %v", r.OK, right)
		}
	})
}

// FuzzProof: what is taken for a proof shows an entry of the log.
func FuzzProof(f *testing.F) {
	l := ledgertest.New(f, "modicum.test/main")
	entries := map[string]bool{}
	for _, e := range ledgertest.Mixed(9) {
		b, _ := ledger.Encode(e)
		entries[string(b)] = true
		l.AddRaw(b)
	}
	p, err := ledger.Prove(context.Background(), l, 4, l.Key().Public())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(p.Format())
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := Proof(b, l.Key().Public())
		if err == nil && r.OK && !entries[r.Entry] {
			t.Errorf("proved what is not in the log: %q", r.Entry)
		}
	})
}
