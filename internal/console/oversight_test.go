package console_test

import (
	"encoding/csv"
	"strings"
	"testing"

	"modicum/internal/console"
	"modicum/policy"
)

// overseen is a hospital with the pages of oversight.
func overseen(t testing.TB) *hospital {
	t.Helper()
	h := newHospital(t)
	o := &console.Overseer{Policy: func() *policy.Set { return h.set }}
	rebuild(t, h.world, o.Pages()...)
	return h
}

// TestRolesAreWhatThePolicySays: each cell of the file is the widest of the role's tasks,
// derived another way, and each role has a page that everybody may read.
func TestRolesAreWhatThePolicySays(t *testing.T) {
	h := overseen(t).as("bob")
	status, file := h.get(t, "/roles?as=csv")
	lines, err := csv.NewReader(strings.NewReader(file)).ReadAll()
	if status != 200 || err != nil {
		t.Fatal(status, err)
	}
	rank := map[string]int{"": 0, "mask": 1, "token": 2, "coarse": 3, "last4": 4, "ask": 5, "keep": 6}
	word := map[string]string{"": "not shown", "mask": "masked", "token": "stand-in", "coarse": "less exact", "last4": "last four", "ask": "on asking", "keep": "shown"}
	row := map[string][]string{}
	for _, l := range lines[1:] {
		row[l[0]] = l
	}
	cells := 0
	for _, info := range h.set.Catalog().Classes() {
		best := map[string]string{}
		for _, l := range h.set.Sees(info.Class) {
			if rank[l.Treatment] > rank[best[l.Role]] {
				best[l.Role] = l.Treatment
			}
		}
		if len(best) == 0 || len(best) == 1 && best[""] != "" {
			continue
		}
		for i, role := range h.set.Roles() {
			got := row[info.Title]
			if got == nil {
				t.Fatalf("%s has no row", info.Name)
			}
			if cells++; strings.TrimSuffix(got[2+i], ", if") != word[best[role]] {
				t.Errorf("%s of %s: %q, want %q", info.Name, role, got[2+i], word[best[role]])
			}
		}
	}
	if cells < 500 {
		t.Errorf("only %d cells were looked at", cells)
	}
	for _, role := range h.set.Roles() {
		d, _ := h.set.RoleOf(role)
		status, page := h.get(t, "/roles/"+role)
		if status != 200 {
			t.Fatalf("%s: %d", role, status)
		}
		for _, task := range d.Tasks {
			if !strings.Contains(page, `id="t-`+task.Name.Text+`"`) {
				t.Errorf("%s does not tell of %s", role, task.Name.Text)
			}
		}
	}
	_, page := h.get(t, "/roles/nurse")
	for _, want := range []string{"While this holds: care relationship, during shift, active episode", "The glass may be broken for 4 hours", "Lent for", "by charge nurse", "all clinical data but"} {
		if !strings.Contains(page, want) {
			t.Errorf("the nurse's page does not say %q", want)
		}
	}
	if strings.Contains(page, "No line of it shows anything") {
		t.Error("a task of the nurse's shows nothing on its page")
	}
	if status, _ := h.get(t, "/roles/emperor"); status != 404 {
		t.Errorf("a role that is not there: %d", status)
	}
}
