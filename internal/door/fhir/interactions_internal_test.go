package fhir

import (
	"testing"
)

func TestEveryInteractionIsARow(t *testing.T) { // threat-model D4
	names := make(map[string]bool)
	for s, row := range rows(interactions) {
		if row.answer == nil || row.name == "" || s.at == outside || s.method == "" || s.method == "HEAD" {
			t.Errorf("%q, spelt %v, is no row", row.name, s)
		}
		if row.public != (row.verbs == 0) {
			t.Errorf("%q is public and asks with verbs, or neither", row.name)
		}
	}
	for _, row := range interactions {
		if names[row.name] || row.name == refusal {
			t.Errorf("two rows are called %q", row.name)
		}
		names[row.name] = true
	}
}
