package access_test

import (
	"slices"
	"testing"

	"modicum/internal/access"
)

func TestAPreviewSaysWhoMustSayYesAndWhatIsAdded(t *testing.T) {
	h := newHouse(t)
	p, err := h.book.Preview(t.Context(), who("sam"), support())
	if err != nil || len(p.Problems) > 0 {
		t.Fatalf("%+v, %v", p, err)
	}
	if len(p.Needs) != 2 || p.Needs[0].As != "charge-nurse" || !slices.Equal(p.Needs[1].People, []string{"pia"}) {
		t.Errorf("needs %+v", p.Needs)
	}
	if !slices.Equal(p.Adds, []string{"clinical.problem", "demographics.name"}) {
		t.Errorf("adds %v", p.Adds)
	}
	if p, err = h.book.Preview(t.Context(), who("nina"), cover("p1")); err != nil || len(p.Adds) > 0 {
		t.Errorf("a nurse sees the same of her own patients today: adds %v, %v", p.Adds, err)
	}
	w := cover("p1")
	w.Reason.Kind = "curiosity"
	if p, err = h.book.Preview(t.Context(), who("nina"), w); err != nil || len(p.Problems) != 1 || p.Problems[0].Field != "reason.kind" || len(p.Needs) != 1 {
		t.Errorf("%+v, %v", p, err)
	}
	if n := len(h.shelf.Entries()); n > 0 || len(h.book.Requests("nina")) > 0 {
		t.Errorf("a preview leaves %d entries", n)
	}
	if p, err = h.book.Preview(t.Context(), who("robot"), access.Want{Kind: access.Lend, Task: "cover"}); err != nil || len(p.Problems) != 1 {
		t.Errorf("a program: %+v, %v", p, err)
	}
}
