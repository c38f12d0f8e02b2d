package ledger_test

import (
	"testing"

	"modicum/ledger"
	"modicum/ledger/ledgertest"
)

// BenchmarkEncode spells a decision and its outcome, as a search of some records leaves them.
func BenchmarkEncode(b *testing.B) {
	d, o := ledgertest.Decision(1), ledgertest.Outcome(1)
	d.Request = ledger.Request{Meets: []string{"reduce", "no-store"}, Shows: []string{"billing.claim", "clinical.condition", "demographics.name"},
		Reads: []string{"demographics.name"}, Task: "work-denial", Verb: "read"}
	opened := ledgertest.Opened(1, 1)
	o.Patients, o.Views, o.Verdicts = opened.Patients, opened.Views, opened.Verdicts
	b.ReportAllocs()
	for b.Loop() {
		for _, e := range []ledger.Entry{d, o} {
			if _, err := ledger.Encode(e); err != nil {
				b.Fatal(err)
			}
		}
	}
}
