package catalog_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"modicum/catalog"
	"modicum/internal/testkit"
)

func TestMain(m *testing.M) { os.Exit(testkit.Main(m)) }

// Records of which nothing but the structure shows, and those of which everything is
// masked, are valid FHIR by a validator that we did not write (design 6).
func TestRecordsOfConstantsAreValid(t *testing.T) {
	if _, err := os.Stat(examples); err != nil {
		t.Skip("SKIPPED: no ../shared/data/hl7-r4-examples to take the required codes from")
	}
	if testing.Short() {
		t.Skip("SKIPPED: the validator takes half a minute")
	}
	var names []string
	var records [][]byte
	done := map[string]bool{}
	for _, example := range readLines(t, examples) {
		name := typeOf(t, example)
		typ := resource(t, name)
		if done[name] || cat.PatientFree(typ) || cat.DenyByDefault(typ) || !sampled(len(done), name) {
			done[name] = true
			continue
		}
		done[name] = true
		for _, masked := range []bool{false, true} {
			if record, ok := constantsOnly(t, example, typ, masked); ok {
				records = append(records, record)
				names = append(names, fmt.Sprintf("%s masked %t", name, masked))
			}
		}
	}
	for i, issues := range testkit.Validator(t).Check(t, records...) {
		for _, issue := range issues {
			t.Errorf("%s: %s: %s\n%s", names[i], issue.At, issue.Text, records[i])
		}
	}
	if len(records) < 30 {
		t.Errorf("only %d records were checked", len(records))
	}
}

// sampled takes every sixth type, and those whose invariants need care.
func sampled(i int, name string) bool {
	if os.Getenv("MODICUM_ALL_TYPES") != "" {
		return true
	}
	return i%6 == 0 || strings.Contains(" AllergyIntolerance Condition Consent DocumentReference FamilyMemberHistory ImmunizationRecommendation MedicationDispense MolecularSequence Observation Patient Task ", " "+name+" ")
}

// constantsOnly writes a record of the example's type with its required codes and
// constants for all else; false when the type has no valid one and is withheld.
func constantsOnly(t *testing.T, example []byte, typ catalog.Type, masked bool) ([]byte, bool) {
	var have map[string]json.RawMessage
	if err := json.Unmarshal(example, &have); err != nil {
		t.Fatal(err)
	}
	members := []string{fmt.Sprintf(`"resourceType":%q`, cat.TypeName(typ)), `"id":"constants"`}
	shown := map[catalog.NodeID]bool{}
	for _, id := range cat.Children(cat.Root(typ)) {
		n := cat.Node(id)
		if n.ChoiceOf != 0 && n.ChoiceOf != id || n.Name == "id" {
			continue
		}
		text := ""
		switch {
		case n.Structure:
			text = fmt.Sprintf("%q:%s", n.Name, have[n.Name])
		case masked && n.Class != catalog.Unknown && n.Masked != "":
			text = n.Masked
		case n.Mandatory && n.Absent == "":
			return nil, false
		case n.Mandatory:
			text = n.Absent
		}
		if text != "" {
			members = append(members, text)
			shown[id] = true
		}
	}
	if group := cat.Node(cat.Root(typ)).AnyOf; len(group) > 0 {
		found := false
		for _, id := range group {
			found = found || shown[id]
		}
		if !found {
			members = append(members, cat.Node(group[0]).Absent)
		}
	}
	return []byte("{" + strings.Join(members, ",") + "}"), true
}
