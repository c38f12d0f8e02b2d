package facts

import "modicum/policy"

// stated says by which types of record the built-in source fhir states a fact.
var stated = map[string][]string{
	"assigned-patient": {"CareTeam", "Encounter"},
	"episode":          {"Encounter"},
	"appointment":      {"Appointment"},
	"work-item":        {"Task"},
}

// deciding are the elements of such a record that the source reads; those below them
// count as well. TestDecidingElements compares them with what it really reads.
var deciding = map[string][]string{
	"CareTeam":    {"status", "subject", "participant", "period"},
	"Encounter":   {"status", "subject", "participant", "period"},
	"Appointment": {"status", "start", "end", "participant"},
	"Task":        {"status", "for", "owner", "focus", "code", "restriction"},
}

// Deciding lists, by type of record, the elements from which the built-in source fhir
// makes any of the facts given: who writes them decides whose access they open
// (threat-model F10, D13). Facts that do not come from it have none.
func Deciding(set *policy.Set, of policy.FactSet) map[string][]string {
	out := make(map[string][]string)
	for _, f := range set.Facts() {
		if !of.Has(f.ID) {
			continue
		}
		for _, source := range f.Sources {
			if source != FHIRSource {
				continue
			}
			for _, typ := range stated[f.Name] {
				out[typ] = deciding[typ]
			}
		}
	}
	return out
}
