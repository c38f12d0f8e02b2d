package gate_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"modicum/internal/gate"
	"modicum/ledger"
)

// pointing is a condition of p1 that refers to visits and to another condition.
func pointing(visit string) string {
	return strings.Replace(condition("c1", "p1", visit), `"recordedDate"`, `"evidence":[{"detail":[{"reference":"Condition/c7"},{"reference":"Condition/c8"},{"reference":"Condition/c9"}]}],"recordedDate"`, 1)
}

func resolved(t *testing.T, h *house, who, visit string) (visible []string, s *gate.Session, err error) {
	t.Helper()
	s = must(h.read(who, "Condition/c1"))(t)
	recs := h.scan(pointing(visit))
	js, err := s.Judge(t.Context(), recs, nil)
	if err != nil || !js[0].There {
		t.Fatalf("the record itself: %v", err)
	}
	if s.Resolves() {
		err = s.Resolve(t.Context(), recs, js)
	}
	sh := s.Shape(&js[0], nil)
	for _, ref := range []string{"Encounter/" + visit, "Condition/c7", "Condition/c8", "Condition/c9"} {
		typ, id, _ := strings.Cut(ref, "/")
		if sh.Visible(h.typ(typ), []byte(id)) {
			visible = append(visible, ref)
		}
	}
	s.Close(t.Context(), gate.Outcome{Status: 200, Completed: true})
	h.gate.Wait()
	return visible, s, err
}

func TestDesign6_ReferencesAreResolvedWhereTheTaskSaysSo(t *testing.T) {
	h := newHouse(t)
	h.shelf.bodies["Condition/c7"] = condition("c7", "p1", "")
	h.shelf.bodies["Condition/c8"] = condition("c8", "p9", "") // nobody's
	got, s, err := resolved(t, h, "rob", "e1")
	if err != nil || !slices.Equal(got, []string{"Encounter/e1", "Condition/c7"}) {
		t.Errorf("visible %v, %v", got, err)
	}
	if want := []string{"Condition/c7", "Condition/c8", "Condition/c9", "Encounter/e1"}; !slices.Equal(slices.Sorted(slices.Values(h.shelf.asked)), want) {
		t.Errorf("asked for %v", h.shelf.asked)
	}
	judged := 0
	for _, e := range h.book.of(s.ID()) {
		if o, ok := e.(*ledger.Outcome); ok {
			for _, v := range o.Verdicts {
				if v.Because == "reference" {
					judged += int(v.Count)
				}
			}
		}
	}
	if judged != 3 {
		t.Errorf("%d judged targets on record, want 3", judged)
	}
	if r := h.replay(s.ID()); len(r.Differences) > 0 {
		t.Errorf("derived again: %v", r.Differences)
	}
	h.shelf.asked = nil
	if got, _, _ := resolved(t, h, "rob", "e1"); !slices.Contains(got, "Encounter/e1") || slices.Contains(h.shelf.asked, "Encounter/e1") {
		t.Errorf("a proven target: visible %v, asked %v", got, h.shelf.asked)
	}
}

func TestDesign6_WithoutResolveNothingIsLookedUp(t *testing.T) {
	h := newHouse(t)
	h.shelf.bodies["Condition/c7"] = condition("c7", "p1", "")
	if got, _, err := resolved(t, h, "alice", "e1"); err != nil || len(got) > 0 || len(h.shelf.asked) > 0 {
		t.Errorf("visible %v, asked %v, %v", got, h.shelf.asked, err)
	}
}

// What hides, what is absent and what cannot be read are one thing (N1).
func TestN1_AReferenceToWhatIsHiddenAbsentOrMalformedIsTheSame(t *testing.T) {
	for name, body := range map[string]string{
		"hidden": condition("c7", "p9", ""), "absent": "", "another type": encounter("c7", "p1"), "another id": condition("c99", "p1", ""),
		"malformed": `{"resourceType":"Condition","id":"c7","id":"c7"}`,
	} {
		h := newHouse(t)
		if body != "" {
			h.shelf.bodies["Condition/c7"] = body
		}
		if got, _, err := resolved(t, h, "rob", "e1"); err != nil || !slices.Equal(got, []string{"Encounter/e1"}) {
			t.Errorf("%s: visible %v, %v", name, got, err)
		}
	}
}

func TestF9_AnUpstreamThatCannotSayResolvesNothing(t *testing.T) {
	h := newHouse(t)
	h.shelf.err = errors.New("upstream")
	if got, _, err := resolved(t, h, "rob", "e1"); err == nil || len(got) > 0 {
		t.Errorf("visible %v, %v", got, err)
	}
}

func TestResolveIsBounded(t *testing.T) {
	h := newHouse(t)
	var details []string
	for i := range 700 {
		details = append(details, fmt.Sprintf(`{"reference":"Condition/d%d"}`, i))
	}
	body := strings.Replace(condition("c1", "p1", ""), `"recordedDate"`, `"evidence":[{"detail":[`+strings.Join(details, ",")+`]}],"recordedDate"`, 1)
	s := must(h.read("rob", "Condition/c1"))(t)
	recs := h.scan(body)
	js, err := s.Judge(t.Context(), recs, nil)
	if err == nil {
		err = s.Resolve(t.Context(), recs, js)
	}
	if err != nil || len(h.shelf.asked) != 500 {
		t.Errorf("asked for %d, %v", len(h.shelf.asked), err)
	}
	s.Close(t.Context(), gate.Outcome{Status: 200})
}

// A record of which nothing but structure would show is not there (rule 18), so that a
// reference to it goes as well: else the reference tells that it exists (FC23, N1).
func TestFC23_ATargetOfWhichNothingShowsIsNotThere(t *testing.T) {
	h := newHouse(t)
	coverage := func(id, more string) string {
		return `{"resourceType":"Coverage","id":"` + id + `","status":"active"` + more + `,"beneficiary":{"reference":"Patient/p1"},"payor":[{"display":"Plan"}]}`
	}
	h.shelf.bodies["Coverage/v1"] = coverage("v1", `,"subscriberId":"12345678"`)
	h.shelf.bodies["Coverage/v2"] = coverage("v2", "") // of the class that shows it has nothing
	recs := h.scan(strings.Replace(pointing("e1"), "Condition/c7", "Coverage/v1", 1), strings.Replace(pointing("e1"), "Condition/c7", "Coverage/v2", 1))
	s := must(h.read("rob", "Condition/c1"))(t)
	js, err := s.Judge(t.Context(), recs, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Resolve(t.Context(), recs, js); err != nil {
		t.Fatal(err)
	}
	sh := s.Shape(&js[0], nil)
	for id, want := range map[string]bool{"v1": true, "v2": false} {
		if got := sh.Visible(h.typ("Coverage"), []byte(id)); got != want {
			t.Errorf("%s: visible %v, want %v", id, got, want)
		}
	}
}

// A reference that would be kept may be searched by, whether or not its target was
// shown before; one whose target is hidden or absent matches nothing.
func TestF2_WhereReferencesResolveACriterionsTargetIsLookedUp(t *testing.T) {
	for who, want := range map[string]map[string]bool{
		"rob":   {"e1": true, "e2": false, "e9": false}, // e2 is of a patient whom rob does not look after
		"alice": {"e1": false},                          // whose references do not resolve
	} {
		for visit, there := range want {
			h := newHouse(t)
			h.shelf.bodies["Encounter/e2"] = encounter("e2", "p9")
			ask := &gate.Ask{Caller: h.staff[who], Type: h.typ("Condition"), Patients: []string{"p1"}, Criteria: []gate.Criterion{
				{Param: h.param("Condition", "patient"), Refs: []gate.Ref{{Type: h.typ("Patient"), ID: "p1"}}},
				{Param: h.param("Condition", "encounter"), Refs: []gate.Ref{{Type: h.typ("Encounter"), ID: visit}}},
			}}
			s := must(h.searches.Open(t.Context(), ask))(t)
			js, err := s.Judge(t.Context(), h.scan(condition("c1", "p1", visit)), nil)
			if err != nil || js[0].There != there {
				t.Errorf("%s by %s: there %v, want %v (%v)", who, visit, js[0].There, there, err)
			}
			s.Close(t.Context(), gate.Outcome{Status: 200, Completed: true})
			h.gate.Wait()
			if r := h.replay(s.ID()); len(r.Differences) > 0 {
				t.Errorf("derived again: %v", r.Differences)
			}
		}
	}
}
