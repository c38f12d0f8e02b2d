package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"modicum/ledger"
	"modicum/ledger/ledgertest"
)

// odd strings that RFC 8785 section 3.2.2.2 has rules for.
var odd = []string{"<script>&\u2028\u2029", "\x00\x01\b\t\n\f\r\x1f\x7f", `"\/`, "é😀€", ""}

func TestL5_EncodingIsCanonicalAndStable(t *testing.T) {
	d := ledgertest.Decision(1)
	d.Behalf, d.Asked = odd[0], odd
	d.View = ledger.View{"omit": odd, "keep": odd, "coarse": {"b", "a"}}
	entries := append(ledgertest.Mixed(10), d)
	for _, e := range entries {
		b, err := ledger.Encode(e)
		if err != nil {
			t.Fatal(err)
		}
		v := jsontext.Value(append([]byte(nil), b...))
		if err := v.Canonicalize(); err != nil || string(v) != string(b) {
			t.Errorf("%s: not canonical (%v):\n%s\n%s", e.Header().Kind, err, b, v)
		}
		again, err := ledger.Decode(b)
		if err != nil || !reflect.DeepEqual(again, e) {
			t.Errorf("%s: decoded to something else: %v", e.Header().Kind, err)
		}
	}
}

func TestL5_OnlyTheCanonicalFormIsRead(t *testing.T) {
	b, err := ledger.Encode(ledgertest.Decision(1))
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]string{
		"a blank":             strings.Replace(string(b), ":", ": ", 1),
		"a line end":          string(b) + "\n",
		"an unknown key":      strings.Replace(string(b), `{"asked"`, `{"a":1,"asked"`, 1),
		"a key twice":         strings.Replace(string(b), `"door":"fhir"`, `"door":"fhir","door":"fhir"`, 1),
		"a float":             strings.Replace(string(b), `"status":200`, `"status":200.0`, 1),
		"an exponent":         strings.Replace(string(b), `"status":200`, `"status":2e2`, 1),
		"an escape":           strings.Replace(string(b), `"door":"fhir"`, `"door":"\u0066hir"`, 1),
		"null":                strings.Replace(string(b), `"status":200`, `"status":null`, 1),
		"an empty list":       strings.Replace(string(b), `{"asked"`, `{"alerts":[],"asked"`, 1),
		"another schema":      strings.Replace(string(b), `"schema":1`, `"schema":2`, 1),
		"another kind":        strings.Replace(string(b), `"kind":"decision"`, `"kind":"guess"`, 1),
		"the wrong kind":      strings.Replace(string(b), `"kind":"decision"`, `"kind":"act"`, 1),
		"a key of wrong case": strings.Replace(string(b), `"door"`, `"Door"`, 1),
		"not UTF-8":           strings.Replace(string(b), `"door":"fhir"`, "\"door\":\"\xff\"", 1),
		"too long":            `{"x":"` + strings.Repeat("x", ledger.MaxEntry) + `"}`,
	} {
		if s == string(b) {
			t.Errorf("%s: the case changes nothing", name)
		}
		if _, err := ledger.Decode([]byte(s)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestL4_WhatIsNoKeyedReferenceStaysOut(t *testing.T) {
	for _, ref := range []string{"Patient/p1", "p1", "", "r1:short", "r1:" + strings.Repeat("x", 65), "r1:123-45-6789 and more text"} {
		d := ledgertest.Decision(1)
		d.Patients = []string{ref}
		if _, err := ledger.Encode(d); err == nil {
			t.Errorf("%q was taken for a keyed reference", ref)
		}
	}
	refs, err := ledger.NewRefs("r1", make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	d := ledgertest.Decision(1)
	d.Patients = []string{refs.Ref("Patient/p1")}
	if b, err := ledger.Encode(d); err != nil || strings.Contains(string(b), "Patient/p1") {
		t.Errorf("%v, %s", err, b)
	}
	if again := refs.Ref("Patient/p1"); again != refs.Ref("Patient/p1") || refs.Ref("Patient/p1") == refs.Ref("Patient/p2") {
		t.Error("references must tell patients apart, and only that")
	}
}

func TestL2_EntriesLackingWhatTheyMustSayAreRefused(t *testing.T) {
	for name, change := range map[string]func(*ledger.Decision){
		"no effect":        func(d *ledger.Decision) { d.Effect = "" },
		"no one":           func(d *ledger.Decision) { d.Who = "" },
		"no door":          func(d *ledger.Decision) { d.Door = "" },
		"no time":          func(d *ledger.Decision) { d.At = 0 },
		"no id":            func(d *ledger.Decision) { d.ID = "" },
		"a random id":      func(d *ledger.Decision) { d.ID = "7f9c24e8-3b2a-4c1d-9e0f-001122334455" },
		"a huge number":    func(d *ledger.Decision) { d.Status = 1 << 53 },
		"not UTF-8":        func(d *ledger.Decision) { d.Client = "\xff" },
		"an empty class":   func(d *ledger.Decision) { d.View = ledger.View{"keep": nil} },
		"too many to name": func(d *ledger.Decision) { d.Patients = patients(257) },
	} {
		d := ledgertest.Decision(1)
		change(d)
		if _, err := ledger.Encode(d); err == nil {
			t.Errorf("%s: encoded", name)
		}
	}
}

func patients(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = ledgertest.Patient(i)
	}
	return out
}

func TestSplitKeepsEverythingAndFits(t *testing.T) {
	o := ledgertest.Opened(1, 3)
	o.Patients, o.Verdicts, o.Views = patients(1000), nil, nil
	for i := range 1500 {
		v := ledger.ViewIndex(&o.Views, ledger.View{"keep": {fmt.Sprint("class.", i%40)}})
		o.Verdicts = append(o.Verdicts, ledger.Verdict{Type: fmt.Sprint("Type", i), View: v, Patients: []int{i % 900, (i * 7) % 900},
			Atoms: ledger.Atoms{Overlays: []string{strings.Repeat("x", i%200)}}})
	}
	parts, err := ledger.SplitOpened(o)
	if err != nil {
		t.Fatal(err)
	}
	verdicts, named := 0, map[string]bool{}
	for i, p := range parts {
		b, err := ledger.Encode(p)
		if err != nil || len(b) > ledger.MaxEntry || p.Seq != int64(3+i) {
			t.Fatalf("part %d: %d bytes, seq %d: %v", i, len(b), p.Seq, err)
		}
		for _, ref := range p.Patients {
			named[ref] = true
		}
		for _, v := range p.Verdicts {
			var n int
			fmt.Sscanf(v.Type, "Type%d", &n)
			want := o.Verdicts[n]
			if p.Patients[v.Patients[0]] != o.Patients[want.Patients[0]] || !reflect.DeepEqual(p.Views[v.View], o.Views[want.View]) {
				t.Fatalf("verdict %d now names another patient or view", n)
			}
			verdicts++
		}
	}
	if verdicts != 1500 || len(named) != 1000 || len(parts) < 4 {
		t.Errorf("%d verdicts, %d patients in %d parts", verdicts, len(named), len(parts))
	}
	end := ledgertest.Outcome(1)
	end.Patients, end.Verdicts, end.Views = o.Patients, o.Verdicts, o.Views
	ends, err := ledger.SplitOutcome(end)
	if err != nil || len(ends) != len(parts) || !ends[0].More || ends[len(ends)-1].More {
		t.Errorf("outcome in %d parts, %v", len(ends), err)
	}
	huge := ledgertest.Opened(1, 1)
	for range 40 {
		huge.Verdicts[0].Atoms.Overlays = append(huge.Verdicts[0].Atoms.Overlays, strings.Repeat("x", 4000))
	}
	if _, err := ledger.SplitOpened(huge); !errors.Is(err, ledger.ErrTooLarge) {
		t.Errorf("one huge verdict: got %v", err)
	}
}

func TestK1_KeysAreReadOnlyFromPrivateFilesAndNeverShown(t *testing.T) {
	secret, public, err := ledger.NewKey("modicum.test/main")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "ledger.key")
	if err := ledger.WriteKey(path, secret); err != nil {
		t.Fatal(err)
	}
	k, err := ledger.ReadKey(path)
	if err != nil || k.Public() != public || k.Origin() != "modicum.test/main" {
		t.Fatalf("%v, %v", k, err)
	}
	seed := strings.SplitN(secret, "+", 5)[4] // PRIVATE+KEY+origin+hash+base64, which may itself hold a "+"
	for _, shown := range []string{fmt.Sprintf("%v %+v %#v %s", k, k, k, k)} {
		if strings.Contains(shown, seed) {
			t.Error("a key printed its secret")
		}
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.ReadKey(path); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("got %v, want what to do", err)
	}
	if _, err := ledger.ParseKey(secret[:len(secret)-4]); err == nil || strings.Contains(err.Error(), seed[:8]) {
		t.Errorf("got %v", err)
	}
	for _, origin := range []string{"", "a b", "a+b"} {
		if _, _, err := ledger.NewKey(origin); err == nil {
			t.Errorf("origin %q was accepted", origin)
		}
	}
}

func TestPublisherFollowsAtMostOnceAnInterval(t *testing.T) {
	l := ledgertest.New(t, "modicum.test/main")
	dir := t.TempDir()
	p, err := ledger.NewPublisher(context.Background(), ledger.PublisherConfig{Folder: dir, Source: l, Keys: []string{l.Key().Public()}, Interval: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range ledgertest.Small(10) {
		if _, err := l.Append(context.Background(), e, nil); err != nil {
			t.Fatal(err)
		}
		p.Wake()
	}
	if err := p.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if h, _, err := ledger.OpenCheckpoint(p.Published(), l.Key().Public()); err != nil || h.Size != 10 {
		t.Errorf("after closing: %+v, %v", h, err)
	}
}

func TestL3_AFolderThatIsAheadOrForeignIsLeftAlone(t *testing.T) {
	l := ledgertest.New(t, "modicum.test/main")
	dir := t.TempDir()
	publish := func(l *ledgertest.Log) error {
		p, err := ledger.NewPublisher(context.Background(), ledger.PublisherConfig{Folder: dir, Source: l, Keys: []string{l.Key().Public()}})
		if err != nil {
			return err
		}
		return p.Close(context.Background())
	}
	for _, e := range ledgertest.Small(10) {
		l.Append(context.Background(), e, nil)
	}
	if err := publish(l); err != nil {
		t.Fatal(err)
	}
	behind, forked := ledgertest.WithKey(l.Key()), ledgertest.WithKey(l.Key())
	for i, b := range l.Raw() {
		if i < 5 {
			behind.AddRaw(b)
		}
		forked.AddRaw(append(b, ' '))
	}
	if err := publish(behind); !errors.Is(err, ledger.ErrBehind) {
		t.Errorf("got %v, want behind", err)
	}
	if err := publish(forked); !errors.Is(err, ledger.ErrForked) {
		t.Errorf("got %v, want forked", err)
	}
	if err := publish(ledgertest.New(t, "modicum.test/main")); !errors.Is(err, ledger.ErrBadCheckpoint) {
		t.Errorf("got %v, want a foreign checkpoint", err)
	}
}
