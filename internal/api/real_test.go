package api_test

import (
	"testing"

	"modicum/internal/testkit"
)

// The public fuzzer reads our description, and asks for what it allows and what it does
// not: as who runs people, as a nurse, and as who writes the policy while a change waits.
func TestThePublicFuzzerFindsNothing(t *testing.T) {
	testkit.Need(t, testkit.OpenAPI)
	for _, who := range []string{"nina", "olga", "iris"} {
		t.Run(who, func(t *testing.T) {
			k := newClinic(t)
			k.duties()
			k.layMore()
			if said, ok := testkit.Schemathesis(t, k.web.URL+"/api/openapi.json", who, 25, "--exclude-operation-id", "deactivate"); !ok {
				t.Error(said)
			}
		})
	}
}
