package access_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"modicum/internal/access"
)

// What counts against a limit is everything since its unit began, however much that is.
func TestRule17_ALimitAboveAPageOfHistoryIsHeld(t *testing.T) {
	const most = 210
	h := newHouse(t)
	h.set = compile(t, strings.Replace(hospital, "asks: 3 per hour", fmt.Sprintf("asks: %d per day", most), 1))
	ask := func(i int) error {
		_, err := h.book.Ask(t.Context(), who("nina"), access.Want{
			Kind: access.Asked, Task: "care", Record: fmt.Sprintf("Patient/p%d", i), Classes: []string{"identifiers.ssn"},
			Reason: access.Reason{Text: fmt.Sprintf("insurance calls about letter %d", i)},
		})
		return err
	}
	for i := range most {
		if err := ask(i); err != nil {
			t.Fatalf("the %d. of %d: %v", i+1, most, err)
		}
	}
	h.pass(16 * time.Minute)
	if err := h.book.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.refused(ask(most), "limit-asks")
}
