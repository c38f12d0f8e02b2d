package fhir_test

import (
	"context"
	"slices"
	"testing"

	"modicum/internal/caller"
	"modicum/internal/door/fhir"
)

// lends remembers what it was asked to lend.
type lends struct{ asked []string }

func (l *lends) Take(_ context.Context, _ *caller.Caller, _, record, class, _ string) error {
	l.asked = append(l.asked, "take "+class+" of "+record)
	return nil
}

func (l *lends) Break(_ context.Context, _ *caller.Caller, _, purpose, patient, _ string) error {
	l.asked = append(l.asked, "break "+purpose+" for "+patient)
	return nil
}

// A glass is broken for who says so in this request: what a token says of its purpose is
// said of every request that it makes.
func TestG5_ATokensPurposeBreaksNoGlass(t *testing.T) {
	lender := &lends{}
	c := openClinic(t, ward(t), "", func(cfg *fhir.Config) { cfg.Lender = lender })
	c.staff["ed"] = &caller.Caller{ID: "alice", Roles: []string{"clinician"}, PurposeOfUse: []string{"ETREAT"}}
	for name, tt := range map[string]struct {
		headers []string
		asked   []string
		refused bool // for its headers
	}{
		"a value alone":        {[]string{"Modicum-Ask", "identifiers.ssn", "Modicum-Reason", "misread"}, []string{"take identifiers.ssn of Patient/p1"}, false},
		"a reason for nothing": {[]string{"Modicum-Reason", "arrest"}, nil, true},
		"an emergency":         {[]string{"Modicum-Purpose", "ETREAT", "Modicum-Reason", "arrest"}, []string{"break ETREAT for p1"}, false},
		"both": {[]string{"Modicum-Purpose", "ETREAT", "Modicum-Ask", "identifiers.ssn", "Modicum-Reason", "arrest"},
			[]string{"take identifiers.ssn of Patient/p1", "break ETREAT for p1"}, false},
	} {
		lender.asked = nil
		r := c.get(t, "ed", "/Patient/p1", tt.headers...)
		if !slices.Equal(lender.asked, tt.asked) || (r.status == 400) != tt.refused {
			t.Errorf("%s: lent %q, want %q; %d %s", name, lender.asked, tt.asked, r.status, r.body)
		}
	}
}
