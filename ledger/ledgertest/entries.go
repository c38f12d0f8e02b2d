package ledgertest

import (
	"fmt"

	"modicum/ledger"
)

// start is 2026-11-23T07:00:00Z in microseconds.
const start = 1795417200000000

// ID is the nth of a fixed sequence of UUIDv7s.
func ID(n int) string {
	ms := uint64(start/1000) + uint64(n)
	return fmt.Sprintf("%08x-%04x-7%03x-8%03x-%012x", ms>>16, ms&0xffff, n>>12&0xfff, n&0xfff, n)
}

// Patient is a keyed reference as Refs makes them; synthetic.
func Patient(n int) string { return fmt.Sprintf("r1:%024d", n) }

// Decision is the nth admitted decision: about 700 bytes, as a read makes them.
func Decision(n int) *ledger.Decision {
	return &ledger.Decision{
		At: start + int64(n), ID: ID(n), Who: fmt.Sprintf("hosp/staff-%d", n%50), TimeTrusted: true,
		Roles: []string{"billing-specialist"}, Role: "billing-specialist", Task: "work-denial",
		Purpose: "payment", PurposeCode: "HPAYMT", Flow: "use", Door: "fhir", Interaction: "read",
		Asked: []string{"Patient", "_elements"}, Scope: "the patients of the caller's work items",
		Patients: []string{Patient(n % 97)},
		View:     ledger.View{"keep": {"demographics.name", "billing.claim"}, "last4": {"identifiers.ssn"}},
		Facts:    ledger.Facts{Holds: []string{"employed", "during-shift"}},
		Reasons:  []string{"billing-specialist/work-denial/1"}, Effect: ledger.Admit, Status: 200,
		Generation: ledger.Generation{Policy: "7c1f0a9be2d34455", Catalog: "0099aabbccddeeff", Semantics: 1},
		Client:     "denials-app", Network: "10.1.0.0/16",
	}
}

// Opened is the seqth opening of decision n.
func Opened(n int, seq int64) *ledger.Opened {
	return &ledger.Opened{
		At: start + int64(n), ID: ID(n), Seq: seq, Patients: []string{Patient(n % 97)},
		Views: []ledger.View{{"keep": {"billing.claim"}}},
		Verdicts: []ledger.Verdict{{Type: "Claim", Count: 3, Patients: []int{0},
			Atoms: ledger.Atoms{Within: "1", Overlays: []string{"sensitive.hiv"}, Patients: []ledger.PatientAtoms{{Holds: "c", Unknown: "3", Of: []string{"3"}}}}}},
	}
}

// Outcome ends decision n.
func Outcome(n int) *ledger.Outcome {
	return &ledger.Outcome{At: start + int64(n), ID: ID(n), Bytes: 20480, Counts: ledger.Counts{Shown: 3, Withheld: 1}, End: ledger.Completed, Status: 200}
}

// Act is a short governed act, with the nth id.
func Act(n int) *ledger.Act {
	return &ledger.Act{Act: ledger.ActFactsLoaded, At: start + int64(n), ID: ID(n), Who: "queue", What: []string{"facts/work.ndjson"}, Hashes: map[string]string{"facts": "ab12"}}
}

// Part is the nth decision, of an answer whose first is the one before.
func Part(n int) *ledger.Decision {
	d := Decision(n)
	d.PartOf = ID(n - 1)
	return d
}

// Watched is the nth decision, of a door that observes and would have refused.
func Watched(n int) *ledger.Decision {
	d := Decision(n)
	d.Mode, d.Would, d.Reasons = ledger.Observe, ledger.Refuse, []string{"no-verb"}
	return d
}

// Mixed returns n entries of all kinds in an order that a log may have.
func Mixed(n int) []ledger.Entry {
	var out []ledger.Entry
	for i := 0; len(out) < n; i++ {
		if i%5 == 4 {
			out = append(out, Act(i))
			continue
		}
		d := Decision(i)
		if i%5 == 3 {
			d = Part(i)
		}
		o, end := Opened(i, 1), Outcome(i)
		switch i % 7 {
		case 4:
			end.Written = ledger.WriteUnknown
		case 5:
			d = Watched(i)
			o.Verdicts[0].Observed, o.Verdicts[0].Lost = true, []string{"billing.claim"}
		}
		out = append(out, d, o, end)
	}
	return out[:n]
}

// Small returns n short entries.
func Small(n int) []ledger.Entry {
	out := make([]ledger.Entry, n)
	for i := range out {
		a := Act(i)
		a.What, a.Hashes = nil, nil
		out[i] = a
	}
	return out
}
