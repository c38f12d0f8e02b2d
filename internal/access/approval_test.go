package access_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"modicum/internal/access"
	"modicum/internal/people"
)

func TestG1_NobodyApprovesWhatBenefitsThemselves(t *testing.T) {
	h := newHouse(t)
	r := h.ask("nina", cover("p1"))
	_, err := h.approve("nina", r)
	h.refused(err, "self")
	_, err = h.approve("nina2", r) // the same human being under another issuer
	h.refused(err, "self")
	_, err = h.approve("robot", r) // a program, whoever owns it
	h.refused(err, "program")
	_, err = h.book.Approve(t.Context(), people.Actor{ID: "cara", For: "nina"}, r.ID, h.book.Digest(r), "")
	h.refused(err, "acting-for")
	_, err = h.approve("nils", r) // a colleague whom the policy does not name
	h.refused(err, "not-yours")
	own := h.ask("cara", cover("p2"))
	_, err = h.approve("cara", own) // a charge nurse for herself
	h.refused(err, "self")
	if h.live("nina") || h.live("cara") {
		t.Error("lent all the same")
	}
}

// support asks for what needs two people.
func support() access.Want {
	return access.Want{Kind: access.Lend, Task: "fix", Patients: []string{"p1", "p2"}, Reason: access.Reason{Text: "the merge of two charts failed last night"}}
}

func TestG1_ApproversOfOneGrantAreDifferentPeople(t *testing.T) {
	h := newHouse(t)
	h.staff.holders["privacy"] = []string{"pia", "cara"} // cara could meet either need
	r := h.ask("sam", support())
	if g, err := h.approve("cara", r); err != nil || g != nil {
		t.Fatalf("one of two: %v, %v", g, err)
	}
	if h.live("sam") {
		t.Fatal("one yes of two lends")
	}
	_, err := h.approve("cara", r)
	h.refused(err, "answered")
	if g, err := h.approve("pia", r); err != nil || g == nil {
		t.Errorf("the second: %v, %v", g, err)
	}
}

func TestG2_AnApprovalIsOfExactlyWhatWasAskedAndCountsOnce(t *testing.T) {
	h := newHouse(t)
	r := h.ask("nina", cover("p1"))
	seen := h.book.Digest(r)
	other := h.ask("nina", cover("p2"))
	_, err := h.book.Approve(t.Context(), who("cara"), other.ID, seen, "")
	h.refused(err, "changed")
	h.set = compile(t, hospital, "-- roles/nurse.yaml --\n"+strings.Replace(part(hospital, "roles/nurse.yaml"), "Nurse\n", "A nurse\n", 1))
	if !h.book.Changed(r) {
		t.Error("a changed policy is not told")
	}
	_, err = h.book.Approve(t.Context(), who("cara"), r.ID, seen, "")
	h.refused(err, "changed")
	h.set = compile(t, hospital)
	if _, err := h.book.Approve(t.Context(), who("cara"), r.ID, seen, ""); err != nil {
		t.Fatal(err)
	}
	_, err = h.book.Approve(t.Context(), who("cara"), r.ID, seen, "")
	h.refused(err, "decided")
	if n := len(h.book.Grants("nina")); n != 1 {
		t.Errorf("%d grants of one approval", n)
	}
}

// part is one file of a txtar text.
func part(text, name string) string {
	_, rest, _ := strings.Cut(text, "\n-- "+name+" --\n")
	body, _, _ := strings.Cut(rest, "\n-- ")
	return body
}

func TestG2_AYesCountsOnlyWhileItsRightLasts(t *testing.T) {
	h := newHouse(t)
	r := h.ask("sam", support())
	if _, err := h.approve("cara", r); err != nil {
		t.Fatal(err)
	}
	h.staff.holders["charge-nurse"] = []string{"boss"} // cara is no charge nurse any more
	if g, err := h.approve("pia", r); err != nil || g != nil {
		t.Fatalf("pia's yes alone: %v, %v", g, err)
	}
	if g, err := h.approve("boss", r); err != nil || g == nil {
		t.Errorf("the new one's: %v, %v", g, err)
	}
	again := support()
	again.Patients, again.Reason.Text = []string{"p3"}, "another chart was merged wrongly"
	r = h.ask("sam", again)
	if _, err := h.approve("boss", r); err != nil {
		t.Fatal(err)
	}
	h.set = compile(t, hospital, "-- roles/nurse.yaml --\n"+strings.Replace(part(hospital, "roles/nurse.yaml"), "Nurse\n", "A nurse\n", 1))
	if g, err := h.approve("pia", r); err != nil || g != nil {
		t.Fatalf("boss said yes under another policy: %v, %v", g, err)
	}
}

func TestNobodyAnswersItGoesUpAndLapses(t *testing.T) {
	h := newHouse(t)
	r := h.ask("nina", cover("p1"))
	for _, at := range []struct {
		after time.Duration
		who   []string
	}{{0, []string{"cara"}}, {2 * time.Hour, []string{"boss", "cara"}}, {2 * time.Hour, []string{"boss", "cara", "cole"}}, {2 * time.Hour, nil}} {
		h.pass(at.after)
		if err := h.book.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, id := range []string{"boss", "cara", "cole", "pia", "nina", "nina2", "robot"} {
			if len(h.book.Waiting(id)) > 0 {
				got = append(got, id)
			}
		}
		if !slices.Equal(got, at.who) {
			t.Errorf("after %s more: waits for %v, want %v", at.after, got, at.who)
		}
	}
	if got, _ := h.book.Get(t.Context(), r.ID); got.State != access.Lapsed {
		t.Errorf("it is %s", got.State)
	}
	_, err := h.approve("cara", r)
	h.refused(err, "decided")
}

func TestWhereAPositionIsEmptyItsSubstituteAnswersAtOnce(t *testing.T) {
	h := newHouse(t)
	h.staff.holders["charge-nurse"] = nil
	r := h.ask("nina", cover("p1"))
	if g, err := h.approve("boss", r); err != nil || g == nil {
		t.Errorf("the substitute: %v", err)
	}
	h.staff.holders = map[string][]string{"charge-nurse": {"nina"}}
	_, err := h.book.Ask(t.Context(), who("nina"), cover("p2"))
	h.refused(err, "nobody")
}
